/** Finds the next message head in bytes whose place in the conversation is unknown. Native searches only: it runs over bodies. */
import { HEAD_INCOMPLETE, HEAD_INVALID, type HeadParser } from './head-parser.ts';
import { isMethodPrefix, METHOD_BYTES_MAX, methodIndex, methodStartBefore } from './methods.ts';

const VERSION = Buffer.from('HTTP/1.', 'latin1');
const SP = 32;

/**
 * Looks for a start line with a plausible first field after it; it may stand anywhere, since bodies end without a line end.
 * Requests count only with a known method. The decision depends on the bytes alone, never on how they were cut.
 * @returns where a head starts, or may start in what is still to come; `end` where neither.
 */
export function findStart(
  parser: HeadParser,
  bytes: Uint8Array,
  from: number,
  end: number,
  lineBytesMax: number,
): number {
  const view = bytes.subarray(from, end);
  let at = 0;
  while (at < view.length) {
    const hit: number = Buffer.prototype.indexOf.call(view, VERSION, at);
    if (hit < 0) break;
    at = hit + 1;
    const version = from + hit;
    const start = requestStart(bytes, from, version, lineBytesMax);
    if (start >= 0 && parser.parse(bytes, start, end, true) !== HEAD_INVALID) return start;
    if (parser.parse(bytes, version, end, true) !== HEAD_INVALID) return version;
  }
  return partialStart(parser, bytes, from, end, lineBytesMax);
}

/** Whether a message with a known method, or a response, may begin so: `ET /` does not. */
export function mayBegin(bytes: Uint8Array, start: number, end: number): boolean {
  const last = Math.min(end, start + METHOD_BYTES_MAX + 1);
  let at = start;
  while (at < last && bytes[at] !== SP) at++;
  if (bytes[start] === VERSION[0]) return true;
  if (at === end) return isMethodPrefix(bytes, start, at);
  return bytes[at] === SP && methodIndex(bytes, start, at) >= 0;
}

/** Start of the request line whose version is at `version`, or −1. */
function requestStart(bytes: Uint8Array, from: number, version: number, lineBytesMax: number): number {
  let at = version - 1;
  if (at < from || bytes[at] !== SP) return -1;
  const last = Math.max(from, at - lineBytesMax - 1);
  at--;
  while (at >= last && bytes[at]! > SP && bytes[at] !== 127) at--;
  if (at < last || bytes[at] !== SP) return -1;
  return methodStartBefore(bytes, from, at);
}

/** A start line that the end of the bytes cuts. */
function partialStart(parser: HeadParser, bytes: Uint8Array, from: number, end: number, lineBytesMax: number): number {
  const last = Math.max(from, end - lineBytesMax - METHOD_BYTES_MAX - 16);
  // At most two spaces lie between a method and the end of an unfinished line.
  let space = end;
  for (let spaces = 0; spaces < 2; spaces++) {
    space = lastSpace(bytes, last, space);
    if (space < 0) break;
    const start = methodStartBefore(bytes, from, space);
    if (start >= 0 && parser.startLine(bytes, start, end, true) === HEAD_INCOMPLETE) return start;
  }
  // "HTTP/1.1 20": at most 12 bytes; a method: at most METHOD_BYTES_MAX.
  for (let at = Math.max(from, end - METHOD_BYTES_MAX); at < end; at++) {
    const c = bytes[at]!;
    if (c < 65 || c > 90) continue;
    if (isMethodPrefix(bytes, at, end)) return at;
    if (c === 72 && parser.startLine(bytes, at, end, true) === HEAD_INCOMPLETE) return at;
  }
  return end;
}

function lastSpace(bytes: Uint8Array, from: number, before: number): number {
  const hit = bytes.subarray(from, before).lastIndexOf(SP);
  return hit < 0 ? -1 : from + hit;
}
