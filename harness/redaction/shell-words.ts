/** Words of a command line in the quotes of a shell, as floodgate writes them, and without. Pure. */

const wordRule = /(?:[^\s'\\]|\\.|'[^']*')+/gs;

/** A text in single quotes, in double quotes, or a word without. */
const partRule = /'[^'\n]*'|"(?:[^"\\\n]|\\[^\n])*"|(?:[^\s'"\\;&|()<>=]|\\[^\n])+/g;
/** What stands beside a whole word. */
const beforeRule = /[\s=;&|(]/;
const behindRule = /[\s;&|)]/;

/** A command whose words with blanks in single quotes, or escaped, are changed, each by itself and in its own spelling. */
export function withSpacedWords(command: string, change: (word: string) => string): string {
  return command.replaceAll(partRule, (part, at: number) => {
    const isSpaced = part.startsWith("'") ? /\s/.test(part) : !part.startsWith('"') && /\\[ \t]/.test(part);
    const [before, behind] = [command[at - 1], command[at + part.length]];
    if (!isSpaced || !beforeRule.test(before ?? ' ') || !behindRule.test(behind ?? ' ')) return part;
    const plain = plainWord(part);
    const changed = change(plain);
    if (changed === plain) return part;
    return part.startsWith("'") ? `'${changed}'` : changed.replaceAll(/[\s'"\\;&|()<>$`]/g, String.raw`\$&`);
  });
}

/** A variable, or an option and what is behind it: one word, of parts in quotes and without. */
const gluedRule =
  /(?<![\w'"\\.-])(--?[A-Za-z][\w-]*(?:=|[ \t]+)|[A-Za-z_]\w*=)((?:\$?'[^'\n]*'|"(?:[^"\\\n]|\\[^\n])*"|\\[^\n]|[^\s'"\\;&|()<>])+)/g;
/** In quotes from end to end, behind an equals sign: what any text has, and no shell alone. */
const plainlyQuoted = /^(?:'[^'\n]*'|"(?:[^"\\\n]|\\[^\n])*")$/;

/** A command whose words that a name stands before, and that have quotes or escapes within, are changed: to a shell `a'b'\ c` is one word. */
export function withGluedWords(command: string, change: (name: string, word: string) => string): string {
  if (!/['"\\]/.test(command)) return command;
  return command.replaceAll(gluedRule, (whole, name: string, word: string) => {
    if (!/['"\\]/.test(word) || (name.endsWith('=') && plainlyQuoted.test(word))) return whole;
    return `${name}${change(name.replace(/^--?/, '').replace(/[=\s]+$/, ''), word)}`;
  });
}

/** Without its quotes. */
export const plainWord = (word: string): string => word.replaceAll(/\\(.)|'([^']*)'/gs, '$1$2');

/** Words of a line as a shell takes them, in their quotes. */
export const shellWords = (command: string): readonly string[] => command.match(wordRule) ?? [];

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
