/**
 * Where the value behind a secret's name begins and ends: in quotes, escaped or not, in brackets, in YAML's blocks, or plain.
 */
import { APOSTROPHE, BACKSLASH, COLON, is, LINE_FEED, note, QUOTE, SPACE } from './secret-text.ts';

export const BACKSLASHES_MAX = 16;

export const isQuote = (code: number): boolean => code === QUOTE || code === APOSTROPHE || code === 0x60;

/** @param nameAt where the name begins: what is indented more than it belongs to it */
export function findValue(text: string, from: number, mark: number, jsonLike: boolean, nameAt: number): void {
  let at = from;
  while (at < text.length && at - from < 64) {
    const code = text.charCodeAt(at);
    // `=>` and `:=`
    const isMark = at === from && (code === 0x3e || code === 0x3d);
    if (!isMark && !(is(code, SPACE) && (jsonLike || code !== LINE_FEED))) break;
    at += 1;
  }
  if (at >= text.length) return;
  if (mark === COLON) at = behindProperties(text, at);
  const first = text.charCodeAt(at);
  if (isQuote(first)) {
    const triple = text[at]!.repeat(3);
    if (!text.startsWith(triple, at)) {
      note(at + 1, endOfQuoted(text, at));
      return;
    }
    const close = text.indexOf(triple, at + 3);
    note(at + 3, close < 0 ? text.length : close);
    return;
  }
  if (first === BACKSLASH && findEscapedValue(text, at)) return;
  if (first === 0x7b || first === 0x5b) {
    if (jsonLike || mark === COLON) {
      note(at, endOfContainer(text, at), jsonLike);
      return;
    }
  }
  if (!jsonLike && mark === COLON && findIndented(text, at, nameAt)) return;
  const end = endOfPlain(text, at, mark, jsonLike);
  // Says nothing, and stays what it is.
  if (jsonLike && /^(?:true|false|null)$/.test(text.slice(at, Math.min(end, at + 6)))) return;
  note(at, end, jsonLike);
}

/** YAML's anchor and tag before a value that is quoted or a block: `&a !!str "…"`. Before a plain one they may be part of it. */
function behindProperties(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first !== 0x26 && first !== 0x21) return at;
  return at + (/^(?:[&!][\w!.:/-]{0,64}[ \t]{1,8}){1,2}(?=["'|>])/.exec(text.slice(at, at + 160))?.[0].length ?? 0);
}

/** `\"…\"`, and deeper. */
function findEscapedValue(text: string, at: number): boolean {
  let quote = at;
  while (text.charCodeAt(quote) === BACKSLASH && quote - at < BACKSLASHES_MAX) quote += 1;
  if (!isQuote(text.charCodeAt(quote))) return false;
  const close = text.indexOf(text.slice(at, quote + 1), quote + 1);
  note(quote + 1, close < 0 ? text.length : close);
  return true;
}

/** YAML's blocks: behind `|` or `>`, or where nothing stands beside the name, the lines that are indented more. */
function findIndented(text: string, at: number, nameAt: number): boolean {
  const head = /^(?:[|>][-+0-9]{0,3})?[ \t]{0,16}(?:#[^\r\n]{0,200})?\r?\n/.exec(text.slice(at, at + 240));
  if (head === null) return false;
  const lineAt = text.lastIndexOf('\n', nameAt - 1) + 1;
  const indentation = nameAt - lineAt;
  // Only a name at its line's beginning, or behind a list's dash, has lines of its own.
  if (indentation > 200 || !/^[ \t\-?"']*$/.test(text.slice(lineAt, nameAt))) return false;
  const isBlock = head[0].startsWith('|') || head[0].startsWith('>');
  const start = at + head[0].length;
  let end = start;
  for (let line = start; line < text.length; ) {
    const close = text.indexOf('\n', line);
    const next = close < 0 ? text.length : close + 1;
    let content = line;
    while (content < next && (text.charCodeAt(content) === 0x20 || text.charCodeAt(content) === 9)) content += 1;
    const isEmpty = content >= next - 1 && close >= 0;
    const isItem = !isBlock && content - line === indentation && text.charCodeAt(content) === 0x2d;
    if (!isEmpty && content - line <= indentation && !isItem) break;
    if (!isEmpty) end = close < 0 ? text.length : close;
    line = next;
  }
  if (end <= start) return false;
  let first = start;
  while (first < end && is(text.charCodeAt(first), SPACE)) first += 1;
  note(first, text.charCodeAt(end - 1) === 0x0d ? end - 1 : end);
  return true;
}

export function endOfQuoted(text: string, open: number): number {
  const quote = text.charCodeAt(open);
  for (let at = open + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at += 1;
    else if (code === quote) return at;
  }
  return text.length;
}

function endOfContainer(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfQuoted(text, at);
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

/** Behind a colon to the line's end, behind an equals sign to what separates parameters. */
function endOfPlain(text: string, from: number, mark: number, jsonLike: boolean): number {
  const stops = jsonLike ? ',}] \t\r\n"\'' : mark === COLON ? '\r\n"<' : '&;, \t\r\n"\'<>)}]';
  let at = from;
  for (; at < text.length; at += 1) {
    if (stops.includes(text[at]!)) break;
    // A quote, or a line's end, that a string around it has escaped.
    if (text.charCodeAt(at) === BACKSLASH && '"nr'.includes(text[at + 1] ?? '"') && at > from) break;
  }
  return at;
}
