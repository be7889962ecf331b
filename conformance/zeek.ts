/**
 * Compares our exchanges with rows of Zeek's http.log: literally, and with Zeek's conventions of reporting mapped. A convention
 * is a rule that holds for every row it applies to, not a tolerance:
 * - a row without method, target, status and bytes describes no message: it follows a connection's last exchange;
 * - what answers an HTTP/0.9 request is its body from the first byte, a head that the server sent all the same included;
 * - bytes that no packet has count as part of the body's length;
 * - multipart bodies, and bodies that end with the stream, are counted by lines, two bytes for each line end, also for the
 *   last line that has none.
 */
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { CapturedMessage } from './capture.ts';

/** A row of http.log as the oracle file has it: text fields, some logs have only some of them. */
export type ZeekRow = Readonly<Record<string, string>>;

/** One exchange as http.log would report it. */
export interface Exchange {
  client: string;
  server: string;
  method: string;
  host: string;
  uri: string;
  status: string;
  requestBytes: string;
  responseBytes: string;
}

/** The fields compared, by Zeek's names. */
export const ZEEK_FIELDS: readonly (readonly [string, keyof Exchange])[] = [
  ['method', 'method'],
  ['host', 'host'],
  ['uri', 'uri'],
  ['status_code', 'status'],
  ['request_body_len', 'requestBytes'],
  ['response_body_len', 'responseBytes'],
];

/**
 * Pairs messages by stream and exchange; interim responses are left out, as Zeek logs them with their final one.
 * @param conventions whether lengths and status follow Zeek's conventions
 */
export function exchangesOf(messages: readonly CapturedMessage[], conventions: boolean): Exchange[] {
  const simple = new Set<string>();
  const byKey = new Map<string, Exchange>();
  const unpaired: Exchange[] = [];
  for (const message of messages) {
    if (message.kind === 'response' && message.status >= 100 && message.status < 200 && message.status !== 101)
      continue;
    const key = `${message.streamId} ${message.exchange}`;
    let exchange = message.exchange < 0 ? undefined : byKey.get(key);
    if (exchange === undefined) {
      const { client, server } = message;
      exchange = { client, server, method: '', host: '', uri: '', status: '', requestBytes: '0', responseBytes: '0' };
      if (message.exchange < 0) unpaired.push(exchange);
      else byKey.set(key, exchange);
    }
    if (message.kind === 'request') {
      exchange.method = message.method;
      exchange.host = message.host;
      exchange.uri = message.uri;
      exchange.requestBytes = String(conventions ? zeekLength(message) : decodedLength(message));
      if (message.minorVersion < 0) simple.add(key);
    } else {
      const isHeadless = conventions && simple.has(key);
      const length = conventions ? zeekLength(message) : decodedLength(message);
      exchange.status = message.status === 0 || isHeadless ? '' : String(message.status);
      exchange.responseBytes = String(isHeadless ? message.headersBytes + length : length);
    }
  }
  return [...byKey.values(), ...unpaired];
}

function zeekLength(message: CapturedMessage): number {
  const { body, flags } = message;
  const byLines = flags.includes('untilClose') || message.contentType.toLowerCase().startsWith('multipart/');
  const lineEnd = byLines && message.contentEncoding === '' && body.length > 0 && body.at(-1) !== 10 ? 2 : 0;
  return decodedLength(message) + message.missingBytes + lineEnd;
}

/** Whether a row describes a message. */
export function isEmptyRow(row: ZeekRow): boolean {
  const { method, uri, status_code, request_body_len, response_body_len } = row;
  const isFull = row['id.orig_p'] !== undefined;
  return isFull && !method && !uri && !status_code && request_body_len === '0' && response_body_len === '0';
}

/** Zeek counts a gzip or deflate body decoded, as far as it decodes. */
function decodedLength(message: CapturedMessage): number {
  const coding = message.contentEncoding.toLowerCase();
  if (message.body.length === 0 || message.missingBytes > 0) return message.bodyBytes;
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  const decoders: Record<string, ((body: Buffer) => Buffer)[]> = {
    gzip: [(body) => gunzipSync(body, options)],
    'x-gzip': [(body) => gunzipSync(body, options)],
    deflate: [(body) => inflateSync(body, options), (body) => inflateRawSync(body, options)],
    br: [(body) => brotliDecompressSync(body)],
  };
  for (const decode of decoders[coding] ?? []) {
    try {
      return decode(message.body).length;
    } catch {
      // Not so encoded: the next decoder, or the bytes as they are.
    }
  }
  return message.bodyBytes;
}

/** What a row and an exchange disagree about, e.g. `uri`; empty where they are equal. */
export function differingFields(row: ZeekRow, exchange: Exchange): string[] {
  const fields: string[] = [];
  for (const [zeek, ours] of ZEEK_FIELDS) {
    // Fields a log does not have at all are `undefined`; unset ones of a full log too: then ours must be empty.
    if (row[zeek] === undefined && row['id.orig_p'] === undefined) continue;
    const expected = zeek === 'status_code' && row[zeek] === '0' ? '' : (row[zeek] ?? '');
    const actual = ours === 'uri' ? zeekUri(exchange.uri) : exchange[ours];
    if (expected !== actual && !(zeek.endsWith('_len') && row[zeek] === undefined)) fields.push(ours);
  }
  return fields;
}

export interface ZeekComparison {
  rows: number;
  equal: number;
  /** Rows with no equal exchange: the row, and the closest exchange of its connection. */
  differences: { row: ZeekRow; closest: Exchange | null; fields: string[] }[];
}

/** Matches each row with an exchange of its connection that no other row has; exact matches first. */
export function compareWithZeek(rows: readonly ZeekRow[], exchanges: readonly Exchange[]): ZeekComparison {
  const left = new Set(exchanges);
  const open: ZeekRow[] = [];
  for (const row of rows) {
    const same = [...left].find(
      (exchange) => sameConnection(row, exchange) && differingFields(row, exchange).length === 0,
    );
    if (same === undefined) open.push(row);
    else left.delete(same);
  }
  const differences = open.map((row) => {
    let closest: Exchange | null = null;
    let fields: string[] = ['missing'];
    for (const exchange of left) {
      if (!sameConnection(row, exchange)) continue;
      const differing = differingFields(row, exchange);
      if (closest !== null && differing.length >= fields.length) continue;
      closest = exchange;
      fields = differing;
    }
    if (closest !== null) left.delete(closest);
    return { row, closest, fields };
  });
  return { rows: rows.length, equal: rows.length - open.length, differences };
}

function sameConnection(row: ZeekRow, exchange: Exchange): boolean {
  if (row['id.orig_p'] === undefined) return true;
  // By ports: the script behind one of the logs anonymises addresses.
  const client = portOf(exchange.client);
  const server = portOf(exchange.server);
  const [from, to] = [row['id.orig_p'], row['id.resp_p']];
  return (client === from && server === to) || (client === to && server === from);
}

function portOf(endpoint: string): string {
  return endpoint.slice(endpoint.lastIndexOf(':') + 1);
}

/** Zeek decodes percent-escapes and writes bytes beyond ASCII as `\xNN`. */
function zeekUri(uri: string): string {
  return uri
    .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/[^\x20-\x7e]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
