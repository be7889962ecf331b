/** Words of a command line in the quotes of a shell, as floodgate writes them, and without. Pure. */

const wordRule = /(?:[^\s'\\]|\\.|'[^']*')+/gs;

/** Without its quotes. */
export const plainWord = (word: string): string => word.replaceAll(/\\(.)|'([^']*)'/gs, '$1$2');

/** Words of a line as a shell takes them, in their quotes. */
export const shellWords = (command: string): readonly string[] => command.match(wordRule) ?? [];

/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
