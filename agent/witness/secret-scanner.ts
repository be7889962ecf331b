/**
 * Finds secrets in text of any kind (hot path: every string that leaves the agent and may hold one). The text is looked at as it
 * stands, then with what is hidden in it taken out, level by level (`secret-layers.ts`); words in Base64 that are text are looked
 * at as that. One pass a level, each piece looked at a bounded number of times: linear whatever the text.
 *
 * What it cannot find: a secret without a name or shape of its own, as a bare password in running text.
 */
import { findAssigned, findListed } from './secret-assignments.ts';
import { decodeLayer, hidesText, type Layer } from './secret-layers.ts';
import { findElement } from './secret-markup.ts';
import {
  BACKSLASH,
  COMMA,
  classOf,
  found,
  is,
  LESS,
  MARK,
  note,
  QUOTE,
  REDACTED,
  SLASH,
  takeSpans,
  WORD,
} from './secret-text.ts';
import { beginsAsText, decodedAt, ENCODED_MAX, findInWord, findSegment } from './secret-words.ts';

export { REDACTED } from './secret-text.ts';
export { isCardNumber, isCardValue } from './secret-words.ts';

/** JSON in JSON in JSON, in a form, in a URL. */
const LEVELS_MAX = 6;
/** Base64 within Base64. */
const DECODED_MAX = 3;
/** Base64 that its beginning distinguishes from a word. */
export const ENCODED_WORD_MIN = 12;
/** A line of Base64 that another one follows (RFC 2045). */
const ENCODED_LINE_MIN = 56;

interface Span {
  readonly start: number;
  readonly end: number;
  readonly quote: string;
}

/** How many texts in Base64 the scan at work is inside of. */
let decoding = 0;

/** The text with every secret replaced; the very same string where there is none. */
export function redactText(input: string): string {
  if (input === '') return input;
  // Most texts hide and hold nothing: nothing is allocated for them.
  const kept = takeSpans();
  let spans: Span[] | null = null;
  let layer: Layer | null = null;
  let text = input;
  for (let depth = 1; ; depth += 1) {
    scan(text);
    const level = takeSpans();
    if (level !== null) addSpans(level, text, layer?.places ?? null, input, (spans ??= []));
    if (depth === LEVELS_MAX || !hidesText(text)) break;
    layer = decodeLayer(text, layer?.places ?? null);
    text = layer.text;
  }
  found.spans = kept;
  return spans === null ? input : replaceSpans(input, spans);
}

function scan(text: string): void {
  const { length } = text;
  found.covered = 0;
  found.decoded = 0;
  let at = 0;
  while (at < length) {
    const code = text.charCodeAt(at);
    const kind = classOf(code);
    if ((kind & (WORD | MARK)) === 0) {
      at += 1;
      continue;
    }
    found.start = -1;
    found.end = 0;
    let next = at + 1;
    if ((kind & WORD) !== 0) {
      while (next < length && is(text.charCodeAt(next), WORD)) next += 1;
      findInWord(text, at, next);
      if (found.start < 0 && next - at >= ENCODED_WORD_MIN) findEncoded(text, at, next);
    } else if (code === LESS) findElement(text, at);
    else if (code === COMMA) findListed(text, at);
    else if (code === SLASH) findSegment(text, at);
    else findAssigned(text, at);
    at = Math.max(found.end, next);
  }
}

/** A word in Base64 whose text holds a secret goes as a whole, over all its lines. */
function findEncoded(text: string, from: number, to: number): void {
  // Lines of a text that was looked at as a whole are not looked at by themselves.
  if (decoding >= DECODED_MAX || from < found.decoded || !beginsAsText(text, from)) return;
  const end = endOfEncoded(text, from, to);
  found.decoded = end;
  const decoded = decodedAt(text, from, end);
  if (decoded === '') return;
  const { covered } = found;
  decoding += 1;
  const isClean = redactText(decoded) === decoded;
  decoding -= 1;
  found.start = -1;
  found.end = 0;
  found.covered = covered;
  found.decoded = end;
  if (!isClean) note(from, end);
}

function endOfEncoded(text: string, from: number, to: number): number {
  let end = to;
  for (let lineAt = from; end - from < ENCODED_MAX; ) {
    while (end < text.length && end - from < ENCODED_MAX && isEncoded(text.charCodeAt(end))) end += 1;
    const feed = /^\r?\n/.exec(text.slice(end, end + 2));
    if (feed === null || end - lineAt < ENCODED_LINE_MIN || text.charCodeAt(end - 1) === 0x3d) break;
    if (!isEncoded(text.charCodeAt(end + feed[0].length))) break;
    end += feed[0].length;
    lineAt = end;
  }
  return end;
}

/** Letters, digits, + / - _ and the equals sign at its end. */
function isEncoded(code: number): boolean {
  return is(code, WORD) || code === 0x2b || code === 0x2f || code === 0x3d;
}

/** Places in a level's text to places in the input. The third number of a span becomes the quotes that its substitute needs. */
function addSpans(level: readonly number[], text: string, places: Int32Array | null, input: string, out: Span[]): void {
  for (let i = 0; i < level.length; i += 3) {
    const [start, end] = [level[i]!, level[i + 1]!];
    const quote = level[i + 2] === 0 ? '' : quoteBefore(text, places, start, input);
    out.push(places === null ? { start, end, quote } : { start: places[start]!, end: places[end]!, quote });
  }
}

/** The quote of the name before a value, as it is written in the texts around it: with its backslashes, or encoded. */
function quoteBefore(text: string, places: Int32Array | null, start: number, input: string): string {
  let at = start - 1;
  while (at >= 0 && at > start - QUOTE_DISTANCE_MAX && text.charCodeAt(at) !== QUOTE) at -= 1;
  if (text.charCodeAt(at) !== QUOTE) return '';
  let from = at;
  while (from > 0 && at - from < BACKSLASHES_MAX && text.charCodeAt(from - 1) === BACKSLASH) from -= 1;
  return places === null ? text.slice(from, at + 1) : input.slice(places[from]!, places[at + 1]!);
}
const BACKSLASHES_MAX = 16;
/** From a member's value back to the quote of its name. */
const QUOTE_DISTANCE_MAX = 80;

function replaceSpans(input: string, spans: Span[]): string {
  spans.sort((a, b) => a.start - b.start || b.end - a.end);
  let result = '';
  let copied = 0;
  for (let i = 0; i < spans.length; ) {
    const { start, quote } = spans[i]!;
    let { end } = spans[i]!;
    // What overlaps goes in one.
    for (i += 1; i < spans.length && spans[i]!.start < end; i += 1) end = Math.max(end, spans[i]!.end);
    result += input.slice(copied, start) + quote + REDACTED + quote;
    copied = end;
  }
  return result + input.slice(copied);
}
