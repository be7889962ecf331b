/**
 * HTTP messages as parts of a HAR entry (HTTP Archive 1.2). Every string that came with a message goes through the obfuscator: method,
 * URL, reason phrase, media type, names and values of fields, cookies and parameters, bodies, comments. Addresses stay: they say
 * which host spoke. Pure.
 */
import { declaredCharset } from '../body/charset.ts';
import { bodyKindOf, parseContentType } from '../body/content-type.ts';
import { messageFlagNames } from '../http/message-flag.ts';
import type { HeaderFields, HttpMessage } from '../http/message-handler.ts';
import type { Obfuscator } from '../witness/obfuscation.ts';

/** What was kept of a body, its content coding removed. */
export interface HarBody {
  /** The beginning, or all. */
  readonly bytes: Uint8Array;
  /** Decoded bytes in all. */
  readonly decodedBytes: number;
  /** Why `bytes` is not all: '' where it is. */
  readonly note: string;
}

/** One direction of an exchange, ready to be written. */
export interface HarPart {
  readonly json: string;
  readonly firstUs: number;
  readonly lastUs: number;
}

interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** Header fields of one message at most: the parser has a limit of its own. */
const pairsMax = 500;

export function harRequest(message: HttpMessage, body: HarBody, server: string, obfuscator: Obfuscator): HarPart {
  const { headers } = message;
  const contentType = headers.get('content-type') ?? '';
  const mimeType = obfuscator.pair('header', 'content-type', contentType);
  const url = absoluteUrl(message, server, obfuscator);
  const request = {
    method: obfuscator.name(message.method),
    url,
    httpVersion: versionOf(message),
    cookies: cookiesOf(headers, 'cookie', obfuscator),
    headers: fieldsOf(headers, obfuscator),
    queryString: queryOf(url),
    headersSize: message.headersBytes,
    bodySize: message.bodyBytes,
    ...(message.bodyBytes > 0 ? { postData: { mimeType, ...textOf(body, contentType, obfuscator) } } : {}),
    ...commentOf(message, body, obfuscator),
  };
  return { json: JSON.stringify(request), firstUs: message.tsUs, lastUs: message.lastTsUs };
}

export function harResponse(message: HttpMessage, body: HarBody, obfuscator: Obfuscator): HarPart {
  const { headers } = message;
  const contentType = headers.get('content-type') ?? '';
  const response = {
    status: message.status,
    statusText: obfuscator.text(message.reason),
    httpVersion: versionOf(message),
    cookies: cookiesOf(headers, 'set-cookie', obfuscator),
    headers: fieldsOf(headers, obfuscator),
    content: {
      size: body.decodedBytes,
      compression: body.decodedBytes - message.bodyBytes,
      mimeType: obfuscator.pair('header', 'content-type', contentType),
      ...(body.decodedBytes > 0 ? textOf(body, contentType, obfuscator) : {}),
    },
    redirectURL: obfuscator.url(headers.get('location') ?? ''),
    headersSize: message.headersBytes,
    bodySize: message.bodyBytes,
    ...commentOf(message, body, obfuscator),
  };
  return { json: JSON.stringify(response), firstUs: message.tsUs, lastUs: message.lastTsUs };
}

/** What stands for a response that was never seen, as browsers write it. */
const noResponse = JSON.stringify({
  status: 0,
  statusText: '',
  httpVersion: '',
  cookies: [],
  headers: [],
  content: { size: 0, mimeType: '' },
  redirectURL: '',
  headersSize: -1,
  bodySize: -1,
  comment: 'no response was seen',
});

/** A whole entry, as JSON. */
export function harEntry(request: HarPart, response: HarPart | null, server: string, connection: number): string {
  const milliseconds = (fromUs: number, toUs: number) => Math.max(0, Math.round(toUs - fromUs)) / 1000;
  const send = milliseconds(request.firstUs, request.lastUs);
  const wait = response === null ? 0 : milliseconds(request.lastUs, response.firstUs);
  const receive = response === null ? 0 : milliseconds(response.firstUs, response.lastUs);
  const head = JSON.stringify({
    startedDateTime: dateTime(request.firstUs),
    time: Math.round((send + wait + receive) * 1000) / 1000,
    timings: { send, wait, receive },
    cache: {},
    serverIPAddress: server,
    connection: String(connection),
  });
  return `${head.slice(0, -1)},"request":${request.json},"response":${response?.json ?? noResponse}}`;
}

/** ISO 8601 has years of four digits; a capture file may claim any time at all, and is told by the nearest one. */
function dateTime(tsUs: number): string {
  return new Date(Math.min(Math.max(tsUs / 1000, yearZeroMs), year9999Ms)).toISOString();
}

const yearZeroMs = Date.parse('0000-01-01T00:00:00.000Z');
const year9999Ms = Date.parse('9999-12-31T23:59:59.999Z');

function versionOf(message: HttpMessage): string {
  return message.minorVersion < 0 ? 'HTTP/0.9' : `HTTP/1.${message.minorVersion}`;
}

function fieldsOf(headers: HeaderFields, obfuscator: Obfuscator): NamedValue[] {
  const fields: NamedValue[] = [];
  for (let i = 0; i < headers.count && i < pairsMax; i += 1) {
    const name = headers.name(i);
    fields.push({ name: obfuscator.name(name), value: obfuscator.pair('header', name, headers.value(i)) });
  }
  return fields;
}

function cookiesOf(headers: HeaderFields, field: 'cookie' | 'set-cookie', obfuscator: Obfuscator): NamedValue[] {
  const cookies: NamedValue[] = [];
  for (let i = 0; i < headers.count; i += 1) {
    if (headers.name(i).toLowerCase() !== field) continue;
    const pairs = headers.value(i).split(';', field === 'cookie' ? pairsMax : 1);
    for (const pair of pairs) {
      const equals = pair.indexOf('=');
      if (equals <= 0 || cookies.length >= pairsMax) continue;
      const name = pair.slice(0, equals).trim();
      const value = pair.slice(equals + 1).trim();
      cookies.push({ name: obfuscator.name(name), value: obfuscator.pair('cookie', name, value) });
    }
  }
  return cookies;
}

/** The request's target as the URL that a browser would show (RFC 9112, section 3.3), already obfuscated. */
function absoluteUrl(message: HttpMessage, server: string, obfuscator: Obfuscator): string {
  const { uri } = message;
  const host = message.headers.get('host') || (server.includes(':') ? `[${server}]` : server);
  let url = uri;
  if (message.method === 'CONNECT') url = `http://${uri}`;
  else if (uri === '*') url = `http://${host}/`;
  else if (!/^https?:\/\//i.test(uri)) url = `http://${host}${uri.startsWith('/') ? '' : '/'}${uri}`;
  const told = obfuscator.url(url);
  // What nobody could request is still told, in a form that readers of HAR accept.
  return /[^\x21-\x7e]|["<>\\^`{|}]/.test(told) || !URL.canParse(told) ? escapedUrl(told) : told;
}

function escapedUrl(url: string): string {
  const escaped = url.replace(/[^\x21-\x7e]|["<>\\^`{|}]/g, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `%${code.toString(16).toUpperCase().padStart(2, '0')}` : encodeURIComponent(character);
  });
  return URL.canParse(escaped) ? escaped : `http://unknown.invalid/${encodeURIComponent(escaped)}`;
}

/** From the URL as told, so that nothing can come through here that was taken out there. */
function queryOf(url: string): NamedValue[] {
  const question = url.indexOf('?');
  if (question < 0) return [];
  const query = url.slice(question + 1).split('#', 1)[0]!;
  const pairs: NamedValue[] = [];
  for (const [name, value] of new URLSearchParams(query)) {
    if (pairs.length >= pairsMax) break;
    pairs.push({ name, value });
  }
  return pairs;
}

/** Texts as text, anything else in Base64; where only hashes or nothing may be told, no bytes at all. */
function textOf(body: HarBody, contentType: string, obfuscator: Obfuscator): { text: string; encoding?: 'base64' } {
  const { bytes } = body;
  const { mediaType, charset } = parseContentType(contentType);
  const label = charset || declaredCharset(bytes, bodyKindOf(mediaType));
  const text = decodeText(bytes, label, body.note !== '');
  if (text !== null) return { text: obfuscator.text(text, mediaType) };
  if (obfuscator.mode === 'off') return { text: base64(bytes), encoding: 'base64' };
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  // A secret within other bytes: its length would give the rest away, so nothing is told.
  if (obfuscator.mode !== 'redact' || obfuscator.text(latin1) !== latin1) return { text: '' };
  return { text: base64(bytes), encoding: 'base64' };
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** @returns null where the bytes are no text. */
function decodeText(bytes: Uint8Array, charset: string | undefined, isCut: boolean): string | null {
  if (bytes.subarray(0, 1024).includes(0) && !/^utf-?16/i.test(charset ?? '')) return null;
  try {
    // A cut may split a character: then its beginning is left out.
    return new TextDecoder(charset || 'utf-8', { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}

/** Parts of it may have come with the message, as the name of a coding. */
function commentOf(message: HttpMessage, body: HarBody, obfuscator: Obfuscator): { comment?: string } {
  const notes: string[] = [];
  if (!message.complete) notes.push('incomplete');
  if (message.missingBytes > 0) notes.push(`${message.missingBytes} bytes missing`);
  if (body.note !== '') notes.push(body.note);
  if (message.flags !== 0) notes.push(messageFlagNames(message.flags).join(' '));
  return notes.length === 0 ? {} : { comment: obfuscator.name(notes.join('; ')) };
}
