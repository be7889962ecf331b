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
  // Suites and methods of compression: lists of numbers that everyone knows.
  if (isClient) {
    at += 2 + word(bytes, at);
    at += 1 + (bytes[at] ?? 0);
  } else at += 3;
  if (at + 2 > end) return;
  extensions(bytes, at + 2, Math.min(end, at + 2 + word(bytes, at)), text);
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
