/** Reads server name and version from TLS hellos (RFC 8446, 4.1; RFC 6066, 3), bounded, without decrypting anything. */
import { latin1 } from './message.ts';

export const TlsVersion = { ssl3: 0x300, tls10: 0x301, tls11: 0x302, tls12: 0x303, tls13: 0x304 } as const;

export interface TlsHello {
  /** `record`: TLS, but no hello, met in the middle; `incomplete`: more bytes may help; `invalid`: no TLS. */
  status: 'client' | 'server' | 'record' | 'incomplete' | 'invalid';
  /** Highest version offered, or the one chosen; GREASE values left out. */
  version: number;
  serverName: string;
}

const CONTENT_HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const EXTENSION_SERVER_NAME = 0;
const EXTENSION_SUPPORTED_VERSIONS = 43;
const RECORD_TYPE_FIRST = 20;
const RECORD_TYPE_LAST = 24;
const PLAIN_RECORD_BYTES_MAX = 16_384;
/** Of an encrypted record (RFC 5246, 6.2.3). */
export const RECORD_BYTES_MAX = PLAIN_RECORD_BYTES_MAX + 2048;

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

/** Whether bytes may start a TLS record: a type from 20 to 24, version 3.x. One byte is enough to hope. */
export function mayBeTls(bytes: Uint8Array, start: number, end: number): boolean {
  if (start >= end || bytes[start]! < RECORD_TYPE_FIRST || bytes[start]! > RECORD_TYPE_LAST) return false;
  if (end - start > 1 && bytes[start + 1] !== 3) return false;
  return end - start <= 2 || bytes[start + 2]! <= 4;
}

/** Parses `bytes[start, end)`, the beginning of one direction of a stream. Fragmented hellos are read as far as the first record goes. */
export function parseTlsHello(bytes: Uint8Array, start: number, end: number): TlsHello {
  const hello: TlsHello = { status: 'invalid', version: 0, serverName: '' };
  if (!mayBeTls(bytes, start, end)) return hello;
  hello.status = 'incomplete';
  if (end - start < 5) return hello;
  const recordLength = u16(bytes, start + 3);
  if (recordLength === 0 || recordLength > RECORD_BYTES_MAX) {
    hello.status = 'invalid';
    return hello;
  }
  if (bytes[start] !== CONTENT_HANDSHAKE || recordLength < 4 || recordLength > PLAIN_RECORD_BYTES_MAX) {
    hello.status = 'record';
    return hello;
  }
  if (end - start < 9) return hello;
  const type = bytes[start + 5]!;
  if (type !== CLIENT_HELLO && type !== SERVER_HELLO) {
    hello.status = 'record';
    return hello;
  }
  if (end < start + 5 + recordLength) return hello;
  const length = (bytes[start + 6]! << 16) | u16(bytes, start + 7);
  const bodyEnd = Math.min(start + 9 + length, start + 5 + recordLength);
  readHello(hello, bytes, start + 9, bodyEnd, type === CLIENT_HELLO);
  return hello;
}

function readHello(hello: TlsHello, bytes: Uint8Array, start: number, end: number, client: boolean): void {
  hello.status = 'invalid';
  let at = start + 34;
  if (at >= end) return;
  hello.version = u16(bytes, start);
  if (hello.version >> 8 !== 3) return;
  hello.status = client ? 'client' : 'server';
  at += 1 + bytes[at]!;
  if (client) {
    if (at + 2 > end) return;
    at += 2 + u16(bytes, at);
    if (at + 1 > end) return;
    at += 1 + bytes[at]!;
  } else at += 3;
  if (at + 2 > end) return;
  const extensionsEnd = Math.min(end, at + 2 + u16(bytes, at));
  at += 2;
  while (at + 4 <= extensionsEnd) {
    const type = u16(bytes, at);
    const next = at + 4 + u16(bytes, at + 2);
    if (next > extensionsEnd) return;
    if (type === EXTENSION_SUPPORTED_VERSIONS) readVersions(hello, bytes, at + 4, next, client);
    else if (type === EXTENSION_SERVER_NAME && client) readServerName(hello, bytes, at + 4, next);
    at = next;
  }
}

function readVersions(hello: TlsHello, bytes: Uint8Array, start: number, end: number, client: boolean): void {
  for (let at = client ? start + 1 : start; at + 2 <= end; at += 2) {
    const version = u16(bytes, at);
    if (version >> 8 === 3 && version > hello.version) hello.version = version;
  }
}

/** RFC 6066, 3: a list of names, of which only type 0 (a DNS name) exists. What no name may hold is written as an escape. */
function readServerName(hello: TlsHello, bytes: Uint8Array, start: number, end: number): void {
  if (start + 5 > end || bytes[start + 2] !== 0) return;
  const length = u16(bytes, start + 3);
  if (length === 0 || length > 255 || start + 5 + length > end) return;
  const name = latin1(bytes, start + 5, start + 5 + length).toLowerCase();
  hello.serverName = /^[a-z0-9_.:-]+$/.test(name) ? name : escaped(name);
}

/** Names come from anyone, and go to terminals. */
function escaped(name: string): string {
  const hex = (character: string) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return name.replace(/[^\x21-\x5b\x5d-\x7e]/g, hex).slice(0, 255);
}
