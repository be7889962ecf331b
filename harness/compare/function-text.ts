/** A function as it stands in its file, and how alike two of them are: by that a function is found again under another name. Pure. */

/** Longer ones are recognised by their beginning. */
const linesMax = 120;
/** From the costliest line of a function back to the line that names it. */
const linesUpMax = 400;
/** Of a longer line, as minifiers write it, it is unknown which part the function is. */
const lineCharactersMax = 2_000;
/** Fewer are alike by chance: `return [];`. */
const partsMin = 10;

/** The parts of a text with how often each is there: two words, or signs, that follow each other. */
export type TextParts = ReadonlyMap<string, number>;

/**
 * The parts of a function, its own name left out.
 * @param line that a profile says: where it begins, or one within it
 * @returns undefined where it is too short to be recognised, or is not there
 */
export function functionParts(lines: readonly string[], line: number, functionName: string): TextParts | undefined {
  const range = functionRange(lines, line, functionName, linesMax);
  if (!range) return undefined;
  const named = ownNameExpression(functionName);
  const taken = lines.slice(range.first, range.end);
  if (taken.some((text) => text.length > lineCharactersMax)) return undefined;
  const text = taken.join('\n');
  return enough(partsOf(named ? text.replaceAll(named, '·') : text));
}

/** Where it stands, from 0 on, `end` excluded; undefined where the line is not in the file. @param most lines that are looked at */
export function functionRange(
  lines: readonly string[],
  line: number,
  functionName: string,
  most: number,
): { readonly first: number; readonly end: number } | undefined {
  const first = firstLine(lines, line, ownNameExpression(functionName));
  return first < 0 ? undefined : { first, end: endOf(lines, first, most) };
}

/** Where its own name stands in a text; undefined of one without a name. */
export function ownNameExpression(functionName: string): RegExp | undefined {
  const name = ownName(functionName);
  return name === '' ? undefined : new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g');
}

/** The parts of a whole file. */
export function fileParts(lines: readonly string[]): TextParts | undefined {
  return enough(partsOf(lines.join('\n')));
}

/** 1: the same; 0: nothing in common (Dice, of parts with their counts). */
export function likeness(a: TextParts, b: TextParts): number {
  const [sumA, sumB] = [sumOf(a), sumOf(b)];
  return (2 * shared(a, b)) / (sumA + sumB);
}

/** Share of `inner` that is in `outer`. */
export function containment(inner: TextParts, outer: TextParts): number {
  return shared(inner, outer) / sumOf(inner);
}

/** `Cart.parse`, `(*Cart).Parse`: the last part; empty where there is none. */
function ownName(functionName: string): string {
  return /([\w$]+)$/.exec(functionName)?.[1] ?? '';
}

/** Where it begins, from 0 on; −1 where the line is not in the file. */
function firstLine(lines: readonly string[], line: number, named: RegExp | undefined): number {
  const at = line - 1;
  if (at < 0 || at >= lines.length) return -1;
  if (named === undefined) return at;
  for (let up = at; up >= Math.max(0, at - linesUpMax); up -= 1) if (lines[up]!.search(named) >= 0) return up;
  return at;
}

/** By indentation, whatever the language: up to the first line that is no deeper, with the brackets that close it. */
function endOf(lines: readonly string[], first: number, most: number): number {
  const depth = indentOf(lines[first]!);
  const last = Math.min(lines.length, first + most);
  for (let at = first + 1; at < last; at += 1) {
    const text = lines[at]!;
    if (text.trim() === '' || indentOf(text) > depth) continue;
    // A signature over several lines closes its brackets and opens the body.
    if (/^\s*[)\]}].*[{(:[]\s*$/.test(text)) continue;
    return /^\s*[)\]}]|^\s*end\b/.test(text) ? at + 1 : at;
  }
  return last;
}

const indentOf = (text: string) => /^\s*/.exec(text)![0].length;

function partsOf(text: string): Map<string, number> {
  const parts = new Map<string, number>();
  let before = '';
  for (const [word] of text.matchAll(/[\p{L}\p{N}_$·]+|[^\s]/gu)) {
    const part = `${before} ${word}`;
    parts.set(part, (parts.get(part) ?? 0) + 1);
    before = word;
  }
  return parts;
}

const enough = (parts: TextParts) => (sumOf(parts) < partsMin ? undefined : parts);

function sumOf(parts: TextParts): number {
  let sum = 0;
  for (const count of parts.values()) sum += count;
  return sum;
}

function shared(a: TextParts, b: TextParts): number {
  let sum = 0;
  for (const [part, count] of a) sum += Math.min(count, b.get(part) ?? 0);
  return sum;
}
