/** Rules as reports and messages show them: names, no values, which may be secrets. Pure. */

const hiding = new Set(['--rewrite-header', '--rewrite-cookie']);

/** A rule of one of these options without its value; a value that names where it comes from stays. */
export function shownRule(option: string, text: string): string {
  if (!hiding.has(option)) return text;
  const at = text.indexOf(option === '--rewrite-header' ? ':' : '=');
  if (at < 0) return '…';
  const value = text.slice(at + 1).trim();
  const isOpen = /^host$/i.test(text.slice(0, at).trim()) && !/[@?]/.test(value);
  return isOpen || /^([A-Za-z]+ )?\{(env:\w+|port)\}$/.test(value) ? text : `${text.slice(0, at + 1)} …`;
}

/** A command line with such rules. */
export function shownArguments(words: readonly string[]): string[] {
  return words.map((word, at) => {
    const option = word.slice(0, word.indexOf('='));
    if (hiding.has(option)) return `${option}=${shownRule(option, word.slice(option.length + 1))}`;
    return shownRule(words[at - 1] ?? '', word);
  });
}
