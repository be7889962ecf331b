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

/** What was kept of a body, its codings removed. */
export interface HarBody {
  /** The beginning, or all. */
  readonly bytes: Uint8Array;
  /** Decoded bytes in all; of a body that is kept as it came, its own. */
  readonly decodedBytes: number;
  /** Why `bytes` is not all, or not decoded: '' where it is. */
  readonly note: string;
  /** Its codings were not undone. */
  readonly isAsItCame: boolean;
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
  const { note, ...text } = message.bodyBytes > 0 ? textOf(body, contentType, obfuscator) : noText;
  const request = {
    method: obfuscator.name(message.method),
    url,
    httpVersion: versionOf(message),
    cookies: cookiesOf(headers, 'cookie', obfuscator),
    headers: fieldsOf(headers, obfuscator),
    queryString: queryOf(url),
    headersSize: message.headersBytes,
    bodySize: message.bodyBytes,
    ...(message.bodyBytes > 0 ? { postData: { mimeType, ...text, ...commentOf([body.note, note], obfuscator) } } : {}),
    ...messageComment(
      message,
      [message.uri === '*' ? 'of the server as a whole (*)' : '', body.note, note],
      obfuscator,
    ),
  };
  return { json: JSON.stringify(request), firstUs: message.tsUs, lastUs: message.lastTsUs };
}

export function harResponse(message: HttpMessage, body: HarBody, obfuscator: Obfuscator): HarPart {
  const { headers } = message;
  const contentType = headers.get('content-type') ?? '';
  const { note, ...text } = body.decodedBytes > 0 ? textOf(body, contentType, obfuscator) : noText;
  const saved = body.decodedBytes - message.bodyBytes;
  // Left out where the information is not available: a body that is longer coded than not saves nothing.
  const isKnown = body.note === '' && message.complete && saved >= 0;
  const response = {
    status: message.status,
    statusText: obfuscator.text(message.reason),
    httpVersion: versionOf(message),
    cookies: cookiesOf(headers, 'set-cookie', obfuscator),
    headers: fieldsOf(headers, obfuscator),
    content: {
      size: body.decodedBytes,
      ...(isKnown ? { compression: saved } : {}),
      mimeType: obfuscator.pair('header', 'content-type', contentType),
      ...text,
      ...commentOf([body.note, note], obfuscator),
    },
    redirectURL: obfuscator.url(headers.get('location') ?? ''),
    headersSize: message.headersBytes,
    bodySize: message.bodyBytes,
    ...messageComment(message, [body.note, note], obfuscator),
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

/** What stands for a request that was never seen, or cannot be named: the format wants a target. */
const noRequest = JSON.stringify({
  method: '',
  url: 'http://unknown.invalid/',
  httpVersion: '',
  cookies: [],
  headers: [],
  queryString: [],
  headersSize: -1,
  bodySize: -1,
  comment: 'no request was seen',
});

/** Of an exchange: who served it, on which connection, and how sure it is that its two parts belong together. */
export interface HarExchange {
  readonly server: string;
  readonly connection: number;
  readonly request: HarPart | null;
  readonly response: HarPart | null;
  readonly pairing: 'certain' | 'probable' | 'absent';
}

/** A whole entry, as JSON; one part at least is there. `_pairing` is ours, as the format lets applications add fields. */
export function harEntry({ server, connection, request, response, pairing }: HarExchange): string {
  const milliseconds = (fromUs: number, toUs: number) => Math.max(0, Math.round(toUs - fromUs)) / 1000;
  const send = request === null ? 0 : milliseconds(request.firstUs, request.lastUs);
  const wait = request === null || response === null ? 0 : milliseconds(request.lastUs, response.firstUs);
  const receive = response === null ? 0 : milliseconds(response.firstUs, response.lastUs);
  const head = JSON.stringify({
    startedDateTime: dateTime((request ?? response!).firstUs),
    time: Math.round((send + wait + receive) * 1000) / 1000,
    timings: { send, wait, receive },
    cache: {},
    serverIPAddress: server,
    connection: String(connection),
    _pairing: pairing,
    ...(pairing === 'probable' ? { comment: 'probable pair: bytes are missing near it' } : {}),
  });
  return `${head.slice(0, -1)},"request":${request?.json ?? noRequest},"response":${response?.json ?? noResponse}}`;
}

/** ISO 8601 has years of four digits; a capture file may claim any time at all, and is written as the nearest one. */
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
      if (pair.trim() === '' || cookies.length >= pairsMax) continue;
      // Without `=` it is a value without a name (RFC 6265bis, section 5.7).
      const equals = pair.indexOf('=');
      const name = pair.slice(0, Math.max(0, equals)).trim();
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
  // RFC 9112, section 3.3: path and query are empty, where those of `/` are not.
  else if (uri === '*') url = `http://${host}`;
  else if (!/^https?:\/\//i.test(uri)) url = `http://${host}${uri.startsWith('/') ? '' : '/'}${uri}`;
  const shown = obfuscator.url(url);
  // A target that no client could request is still written, in a form that readers of HAR accept.
  return /[^\x21-\x7e]|["<>\\^`{|}]/.test(shown) || !URL.canParse(shown) ? escapedUrl(shown) : shown;
}

function escapedUrl(url: string): string {
  const escaped = url.replace(/[^\x21-\x7e]|["<>\\^`{|}]/g, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `%${code.toString(16).toUpperCase().padStart(2, '0')}` : encodeURIComponent(character);
  });
  return URL.canParse(escaped) ? escaped : `http://unknown.invalid/${encodeURIComponent(escaped)}`;
}

/** From the URL as written, so that nothing can come through here that was taken out there. */
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

interface HarText {
  readonly text: string;
  readonly encoding?: 'base64';
  /** What is to be said of it, or ''. */
  readonly note: string;
}

/** Texts as text, anything else in Base64; where only hashes or nothing may be shown, no bytes at all. */
function textOf(body: HarBody, contentType: string, obfuscator: Obfuscator): HarText {
  const { bytes } = body;
  const { mediaType, charset } = parseContentType(contentType);
  const label = charset || declaredCharset(bytes, bodyKindOf(mediaType));
  const known = isKnownCharset(label) ? label : undefined;
  const note = known === label ? '' : 'its charset is not known: read as UTF-8 where it is that';
  const text = decodeText(bytes, known, body.note !== '');
  if (text !== null) return { text: obfuscator.text(text, mediaType), note };
  if (obfuscator.mode === 'off') return { text: base64(bytes), encoding: 'base64', note };
  // Whoever reads the file may undo a coding that was not undone here: secrets would come to light.
  if (body.isAsItCame) return { text: '', note: 'coded bytes are kept with --obfuscate off alone' };
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  // A secret within other bytes: its length would give the rest away, so nothing is written.
  if (obfuscator.mode !== 'redact' || obfuscator.text(latin1) !== latin1) return { text: '', note };
  return { text: base64(bytes), encoding: 'base64', note };
}

const noText: Partial<HarText> & { readonly note: string } = { note: '' };

function isKnownCharset(label: string | undefined): boolean {
  if (label === undefined || label === 'utf-8') return true;
  try {
    return new TextDecoder(label) !== null;
  } catch {
    return false;
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

/** @returns null where the bytes are no text. */
function decodeText(bytes: Uint8Array, charset: string | undefined, isCut: boolean): string | null {
  if (bytes.subarray(0, 1024).includes(0) && !/^utf-?16/i.test(charset ?? '')) return null;
  try {
    // A cut may split a character: then its beginning is left out. A byte order mark is the sender's, and stays.
    return new TextDecoder(charset || 'utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
  } catch {
    return null;
  }
}

function messageComment(message: HttpMessage, more: readonly string[], obfuscator: Obfuscator): { comment?: string } {
  const notes: string[] = [];
  if (!message.complete) notes.push('incomplete');
  if (message.missingBytes > 0) notes.push(`${message.missingBytes} bytes missing`);
  notes.push(...more);
  if (message.flags !== 0) notes.push(messageFlagNames(message.flags).join(' '));
  return commentOf(notes, obfuscator);
}

/** Parts of it may have come with the message, as the name of a coding. */
function commentOf(notes: readonly string[], obfuscator: Obfuscator): { comment?: string } {
  const comment = notes.filter((note) => note !== '').join('; ');
  return comment === '' ? {} : { comment: obfuscator.name(comment) };
}
