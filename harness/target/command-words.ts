/** Command lines as people write them. Pure. */

/** Words of a command line; single and double quotes hold words together, a backslash takes the next character as it is. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/(?:[^\s"'\\]+|"(?:[^"\\]|\\.)*"|'[^']*'|\\.)+/gs)) {
    words.push(
      match[0].replaceAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs, (_all, double, single, escaped) =>
        double === undefined ? (single ?? escaped) : double.replaceAll(/\\(.)/gs, '$1'),
      ),
    );
  }
  return words;
}

/** `{name}` replaced by its value wherever there is one; anything else in braces stays as it is. */
export function fillIn(text: string, values: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
}

/** The variables that stand before a command, as in a shell, and the command: `NODE_ENV=production node server.js`, also behind `env`. */
export function withoutAssignments(words: readonly string[]): { assigned: Record<string, string>; words: string[] } {
  const assignment = /^([A-Za-z_]\w*)=([\s\S]*)$/;
  const from = words[0] === 'env' && assignment.test(words[1] ?? '') ? 1 : 0;
  const assigned: Record<string, string> = {};
  let at = from;
  for (; at < words.length; at += 1) {
    const [, name, value] = assignment.exec(words[at]!) ?? [];
    if (name === undefined) break;
    assigned[name] = value!;
  }
  return { assigned, words: words.slice(at) };
}
