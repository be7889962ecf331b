/**
 * Fields of a head that say where its message ends and what comes behind: Content-Length and Transfer-Encoding (RFC 9112, 6), Upgrade
 * (RFC 9110, 7.8). Read over bytes, without a string.
 */
import { isBlank } from './byte-classes.ts';
import { MessageFlag } from './message-flag.ts';

/** Content-Length results that are no length. */
export const LENGTH_ABSENT = -1;
export const LENGTH_UNKNOWABLE = -2;

export const UpgradeTo = { none: 0, websocket: 1, http2: 2, other: 3 } as const;
export type UpgradeTo = (typeof UpgradeTo)[keyof typeof UpgradeTo];

/** What these fields say, as `HeadParser` has it: set to nothing before the first of a head. */
export interface FramingResults {
  /** MessageFlag bits found in the head. */
  flags: number;
  /** Content-Length, or LENGTH_ABSENT, or LENGTH_UNKNOWABLE (invalid or conflicting). */
  contentLength: number;
  hasEncoding: boolean;
  /** The last transfer coding is chunked. */
  chunked: boolean;
  upgrade: UpgradeTo;
}

const COMMA = 44;

const lower = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const CONTENT_LENGTH = lower('content-length');
const TRANSFER_ENCODING = lower('transfer-encoding');
const UPGRADE = lower('upgrade');
const WEBSOCKET = lower('websocket');
const H2C = lower('h2c');
const IDENTITY = lower('identity');
const CHUNKED = lower('chunked');

/** Whether a field with a name of so many bytes may be one of these. */
export function mayFrame(nameLength: number): boolean {
  return nameLength === 14 || nameLength === 17 || nameLength === 7;
}

/** Takes a field, if it is one of these. */
export function readFraming(
  head: FramingResults,
  bytes: Uint8Array,
  name: number,
  nameLength: number,
  valueStart: number,
  valueEnd: number,
): void {
  if (nameLength === 14) {
    if (equalsIgnoreCase(bytes, name, CONTENT_LENGTH)) readContentLength(head, bytes, valueStart, valueEnd);
  } else if (nameLength === 17) {
    if (equalsIgnoreCase(bytes, name, TRANSFER_ENCODING)) readTransferEncoding(head, bytes, valueStart, valueEnd);
  } else if (equalsIgnoreCase(bytes, name, UPGRADE)) {
    if (valueEnd - valueStart === 9 && equalsIgnoreCase(bytes, valueStart, WEBSOCKET)) {
      head.upgrade = UpgradeTo.websocket;
    } else if (valueEnd - valueStart >= 3 && equalsIgnoreCase(bytes, valueStart, H2C)) {
      head.upgrade = UpgradeTo.http2;
    } else head.upgrade = UpgradeTo.other;
  }
}

/** RFC 9112, 6.3: a list of equal lengths is one length; anything else cannot be trusted. */
function readContentLength(head: FramingResults, bytes: Uint8Array, from: number, end: number): void {
  let at = from;
  for (;;) {
    while (at < end && isBlank(bytes[at]!)) at++;
    const digits = at;
    let length = 0;
    while (at < end && bytes[at]! >= 48 && bytes[at]! <= 57) length = length * 10 + bytes[at++]! - 48;
    const empty = at === digits;
    while (at < end && isBlank(bytes[at]!)) at++;
    if (empty || (at < end && bytes[at] !== COMMA) || length > Number.MAX_SAFE_INTEGER) {
      head.flags |= MessageFlag.invalidLength;
      head.contentLength = LENGTH_UNKNOWABLE;
      return;
    }
    if (head.contentLength === LENGTH_ABSENT) head.contentLength = length;
    else if (head.contentLength === length) head.flags |= MessageFlag.duplicateLength;
    else {
      head.flags |= MessageFlag.conflictingLength;
      head.contentLength = LENGTH_UNKNOWABLE;
      return;
    }
    if (at >= end) return;
    at++;
  }
}

/** RFC 9112, 6.1: several lines are one list, only its last coding frames. `identity` (RFC 2616) means none. */
function readTransferEncoding(head: FramingResults, bytes: Uint8Array, from: number, end: number): void {
  let at = from;
  while (at < end) {
    while (at < end && (isBlank(bytes[at]!) || bytes[at] === COMMA)) at++;
    const token = at;
    while (at < end && bytes[at] !== COMMA) at++;
    let tokenEnd = at;
    while (tokenEnd > token && isBlank(bytes[tokenEnd - 1]!)) tokenEnd--;
    if (tokenEnd === token) continue;
    const length = tokenEnd - token;
    if (length === 8 && equalsIgnoreCase(bytes, token, IDENTITY)) {
      head.flags |= MessageFlag.unusualEncoding;
      continue;
    }
    head.hasEncoding = true;
    if (head.chunked) head.flags |= MessageFlag.unusualEncoding;
    head.chunked = length === 7 && equalsIgnoreCase(bytes, token, CHUNKED);
  }
}

/** Compares with an all-lower-case name whose letters are the only bytes that fold. */
function equalsIgnoreCase(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const expected = name[i]!;
    const c = bytes[start + i]!;
    if (c !== expected && (expected < 97 || expected > 122 || (c | 32) !== expected)) return false;
  }
  return true;
}
