/** Lines of a function that are not those of before: a profile names the function where it is declared, and not the line that grew. Pure. */

import { functionRange, ownNameExpression } from './function-text.ts';
import { commonLines } from './longest-common-lines.ts';

/** A function as a profile names it, in the lines of its file. */
export interface FunctionInFile {
  readonly lines: readonly string[];
  readonly line: number;
  readonly functionName: string;
}

/** Longer ones are no function that a person reads. */
const functionLinesMax = 2_000;
/** As many as are marked. */
const changedMax = 20;
const isSaidToPeople = (text: string) => /^(?:$|\/\/|\/\*|\*(?=[\s/]|$)|#(?=[\s!]|$))/.test(text);

/**
 * Lines of the head that are new or changed, 1-based, ascending; where something was only taken out, the line that follows it. Empty where
 * nothing changed but comments and names; undefined where most of it did: then it is another function.
 */
export function changedLines(base: FunctionInFile, head: FunctionInFile): number[] | undefined {
  const before = codeOf(base);
  const after = codeOf(head);
  if (!before || !after) return undefined;
  const kept = commonLines(
    before.map(({ text }) => text),
    after.map(({ text }) => text),
  );
  if (kept.length < Math.min(before.length, after.length) / 2) return undefined;
  const changed: number[] = [];
  let [from, to] = [0, 0];
  for (const [inBase, inHead] of [...kept, [before.length, after.length] as const]) {
    if (inHead > to) changed.push(...after.slice(to, inHead).map(({ line }) => line));
    else if (inBase > from) changed.push((after[inHead] ?? after.at(-1)!).line);
    [from, to] = [inBase + 1, inHead + 1];
  }
  return changed.slice(0, changedMax);
}

/** Without indentation, comments and its own name: a function that was only renamed or moved in is the same. */
function codeOf({ lines, line, functionName }: FunctionInFile): { text: string; line: number }[] | undefined {
  const range = functionRange(lines, line, functionName, functionLinesMax);
  if (!range) return undefined;
  const name = ownNameExpression(functionName);
  return lines.slice(range.first, range.end).flatMap((written, at) => {
    const text = written.trim();
    return isSaidToPeople(text) ? [] : [{ text: name ? text.replaceAll(name, '·') : text, line: range.first + at + 1 }];
  });
}
