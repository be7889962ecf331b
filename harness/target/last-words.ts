/** What a program that ended wrote last, for an error or a report: bounded, and without secrets. */
import { ownRedactor } from './plain-output.ts';

/** The end of a stack, or of a usage text; what comes before is in the program's own log. */
const charactersMax = 2_500;
const lineCharactersMax = 400;

/** The last of these lines that an error has room for. */
export function boundedLines(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let characters = 0;
  for (const line of lines.toReversed()) {
    const short = line.length > lineCharactersMax ? `${line.slice(0, lineCharactersMax)} …` : line;
    characters += short.length + 1;
    if (characters > charactersMax) break;
    kept.unshift(short);
  }
  return kept;
}

/** Without what a rule, the environment or this command calls a secret. */
export async function plainLines(lines: readonly string[]): Promise<string[]> {
  const redactor = await ownRedactor();
  // Before they are cut: half a secret is not recognised.
  return boundedLines(lines.map((line) => redactor.text(line)));
}

/** What a program wrote last, for a hint. @param otherwise what is said besides where it wrote nothing */
export async function lastWords(lines: readonly string[], otherwise = ''): Promise<string> {
  if (lines.length === 0) return `${otherwise} It wrote nothing.`.trimStart();
  return wordsOf(await plainLines(lines));
}

/** @param lines that are bounded and plain already */
export const wordsOf = (lines: readonly string[]): string => `Its last lines:\n  ${lines.join('\n  ')}`;
