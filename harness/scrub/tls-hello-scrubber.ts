/** The first record of a TLS side: a hello whose lengths, versions and suites stay, and whose names and numbers do not (RFC 8446, section 4.1). */
import { word } from '../traffic/frame-words.ts';
import { TextMode, type TextScrubber } from './text-scrubber.ts';

const serverNameExtension = 0;
const versionsExtension = 43;
const recordHeaderBytes = 5;
const randomBytes = 32;

/** @param bytes a whole record; what is no hello is blanked behind its header */
export function scrubHello(bytes: Uint8Array, text: TextScrubber): void {
  const end = bytes.length;
  const type = bytes[recordHeaderBytes];
  const isClient = type === 1;
  if (bytes[0] !== 22 || (!isClient && type !== 2) || end < 44) {
    bytes.fill(0, recordHeaderBytes);
    return;
  }
  let at = recordHeaderBytes + 4 + 2;
  bytes.fill(0, at, at + randomBytes);
  at += randomBytes;
  const session = bytes[at]!;
  bytes.fill(0, at + 1, Math.min(end, at + 1 + session));
  at += 1 + session;
  // Suites and methods of compression: lists of numbers that everyone knows; others are blank.
  if (isClient) {
    const suitesEnd = Math.min(end, at + 2 + word(bytes, at));
    scrubSuites(bytes, at + 2, suitesEnd);
    bytes.fill(0, suitesEnd + 1, Math.min(end, suitesEnd + 1 + (bytes[suitesEnd] ?? 0)));
    at = suitesEnd + 1 + (bytes[suitesEnd] ?? 0);
  } else {
    scrubSuites(bytes, at, Math.min(end, at + 2));
    at += 3;
  }
  if (at + 2 > end) return;
  extensions(bytes, at + 2, Math.min(end, at + 2 + word(bytes, at)), text);
}

function scrubSuites(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at += 2)
    if (at + 2 > end || !isSuite(bytes[at]!, bytes[at + 1]!)) bytes.fill(0, at, at + 2);
}

/** Of IANA's registry by its blocks, the value that asks for no fallback (RFC 7507), and GREASE (RFC 8701): letters and digits are none, but for two that are alike. */
function isSuite(high: number, low: number): boolean {
  const isBlock = high === 0 || high === 0x13 || high === 0xc0 || high === 0xcc || high === 0xd0 || high === 0xff;
  return isBlock || (high === 0x56 && low === 0) || (high === low && (low & 0x0f) === 0x0a);
}

function extensions(bytes: Uint8Array, start: number, end: number, text: TextScrubber): void {
  let at = start;
  while (at + 4 <= end) {
    const type = word(bytes, at);
    const to = Math.min(end, at + 4 + word(bytes, at + 2));
    // A list, a type, a length, a name (RFC 6066, section 3).
    if (type === serverNameExtension && to - at > 9) text.scrub(bytes, at + 9, to, TextMode.plain);
    else if (type !== versionsExtension) bytes.fill(0, at + 4, to);
    at = to;
  }
  bytes.fill(0, at);
}
