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

/** Without its quotes. */
export const plainWord = (word: string): string => word.replaceAll(/\\(.)|'([^']*)'/gs, '$1$2');

/** Words of a line as a shell takes them, in their quotes. */
export const shellWords = (command: string): readonly string[] => command.match(wordRule) ?? [];

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
