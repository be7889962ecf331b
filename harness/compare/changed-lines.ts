/** Lines of a function that are not those of before: a profile names the function where it is declared, and not the line that grew. Pure. */
import { functionRange, ownNameExpression } from './function-text.ts';

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

/** Pairs of places of the longest common subsequence; what is alike at both ends is taken first. */
function commonLines(a: readonly string[], b: readonly string[]): (readonly [number, number])[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const [rows, columns] = [a.length - start - end, b.length - start - end];
  const width = columns + 1;
  const lengths = new Uint16Array((rows + 1) * width);
  for (let row = rows - 1; row >= 0; row -= 1)
    for (let column = columns - 1; column >= 0; column -= 1)
      lengths[row * width + column] =
        a[start + row] === b[start + column]
          ? lengths[(row + 1) * width + column + 1]! + 1
          : Math.max(lengths[(row + 1) * width + column]!, lengths[row * width + column + 1]!);
  const pairs: (readonly [number, number])[] = Array.from({ length: start }, (_, at) => [at, at] as const);
  for (let row = 0, column = 0; row < rows && column < columns; ) {
    if (a[start + row] === b[start + column]) pairs.push([start + row++, start + column++]);
    else if (lengths[(row + 1) * width + column]! >= lengths[row * width + column + 1]!) row += 1;
    else column += 1;
  }
  for (let at = end; at > 0; at -= 1) pairs.push([a.length - at, b.length - at]);
  return pairs;
}
