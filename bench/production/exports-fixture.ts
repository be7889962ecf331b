/** Exports of a shop as a capture: fifty secrets, each in a place and a coding of its own, and small answers that decode to a lot, which hold all of them. */
import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { type Conversation, conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import { createRandom } from '../../agent/seeded-random.ts';

export const secretCount = 50;
const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** Letters and digits that nothing else says, 16 to 24 of them. */
export function makeSecrets(seed: number): string[] {
  const random = createRandom(seed, 'secrets');
  return Array.from({ length: secretCount }, () =>
    Array.from({ length: 16 + random.below(9) }, () => letters[random.below(letters.length)]!).join(''),
  );
}

const hex = (text: string) => Buffer.from(text).toString('hex');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const percent = (text: string) => hex(text).replaceAll(/../g, '%$&');
const escaped = (text: string) => hex(text).replaceAll(/../g, '\\u00$&');
const json = (secret: string) => JSON.stringify({ owner: secret, list: [1, 2.5, true, null], note: `of ${secret}` });

const request = (target: string, fields = '', body: Uint8Array | string = '') =>
  Buffer.concat([
    Buffer.from(`${body.length > 0 ? 'POST' : 'GET'} ${target} HTTP/1.1\r\nHost: shop.test\r\n${fields}`),
    Buffer.from(body.length > 0 ? `Content-Length: ${body.length}\r\n\r\n` : '\r\n'),
    Buffer.from(body),
  ]);
const response = (body: Uint8Array | string, fields = 'Content-Type: application/json\r\n') =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n`), Buffer.from(body)]);
const coded = (coding: string, body: Uint8Array) =>
  response(body, `Content-Type: application/json\r\nContent-Encoding: ${coding}\r\n`);
const chunked = (body: Uint8Array, fields: string, trailers = '') => {
  const cut = body.length >> 1;
  const piece = (part: Uint8Array) => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')];
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`),
    ...piece(body.subarray(0, cut)),
    ...piece(body.subarray(cut)),
    Buffer.from(`0\r\n${trailers}\r\n`),
  ]);
};
const ok = response('{}');
const form = 'Content-Type: application/x-www-form-urlencoded\r\n';
const parts = 'Content-Type: multipart/form-data; boundary=XxBoundaryxX\r\n';
const multipart = (name: string, text: string) =>
  `--XxBoundaryxX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n--XxBoundaryxX--\r\n`;

/** One exchange for each place and coding that a secret may have. */
const places: readonly ((secret: string) => readonly [Uint8Array, Uint8Array])[] = [
  (s) => [request(`/orders/${s}`), ok],
  (s) => [request(`/find?q=${s}`), ok],
  (s) => [request(`/find?q=${percent(s)}`), ok],
  (s) => [request(`/find?q=${percent(percent(s))}`), ok],
  (s) => [request('/', `Authorization: Bearer ${s}\r\n`), ok],
  (s) => [request('/', `Authorization: Basic ${base64(`user:${s}`)}\r\n`), ok],
  (s) => [request('/', `Cookie: a=1; session=${s}; b=2\r\n`), ok],
  (s) => [request('/', `X-${s}: 1\r\n`), ok],
  (s) => [request('/', `User-Agent: ${s}/1.0\r\n`), ok],
  (s) => [request('/', `Referer: https://shop.test/${s}?x=1\r\n`), ok],
  (s) => [request('/'), response('{}', `Set-Cookie: id=${s}; Path=/\r\n`)],
  (s) => [request('/'), response('{}', `Location: /to/${s}\r\n`)],
  (s) => [request('/'), response('{}', `ETag: "${s}"\r\n`)],
  (s) => [request('/'), response('{}', `Content-Type: application/json; profile="${s}"\r\n`)],
  (s) => [request('/', form, `name=${s}&x=1`), ok],
  (s) => [request('/', form, `name=${percent(s)}&x=1`), ok],
  (s) => [request('/', form, `${s}=1`), ok],
  (s) => [request('/', parts, multipart('note', s)), ok],
  (s) => [request('/', parts, multipart(s, 'note')), ok],
  (s) => [request('/'), response(json(s))],
  (s) => [request('/'), response(`{"owner":"${escaped(s)}"}`)],
  (s) => [request('/'), response(`{"${s}":1}`)],
  (s) => [request('/'), response(`{"blob":"${base64(s)}"}`)],
  (s) => [request('/'), response(`{"blob":"${base64(`xy${s}`)}"}`)],
  (s) => [request('/'), response(`{"blob":"${hex(s)}"}`)],
  (s) => [request('/'), response(`{"blob":"${hex(s).toUpperCase()}"}`)],
  (s) => [request('/'), response(`{"url":"https://shop.test/?t=${percent(s)}"}`)],
  (s) => [request('/'), response(`{"json":${JSON.stringify(json(s))}}`)],
  (s) => [request('/'), coded('gzip', gzipSync(json(s).repeat(3)))],
  (s) => [request('/'), coded('deflate', deflateSync(json(s).repeat(3)))],
  (s) => [request('/'), coded('deflate', deflateRawSync(json(s).repeat(3)))],
  (s) => [request('/'), coded('br', brotliCompressSync(Buffer.from(json(s).repeat(3))))],
  (s) => [request('/'), coded('zstd', zstdCompressSync(Buffer.from(json(s).repeat(3))))],
  (s) => [request('/'), coded('gzip, br', brotliCompressSync(gzipSync(json(s).repeat(9))))],
  (s) => [request('/'), coded('gzip, gzip', gzipSync(gzipSync(json(s).repeat(9))))],
  (s) => [request('/'), response(`{"zip":"${gzipSync(json(s)).toString('base64')}"}`)],
  (s) => [request('/'), chunked(Buffer.from(json(s)), 'Content-Type: application/json\r\n')],
  (s) => [request('/'), chunked(gzipSync(json(s)), 'Content-Encoding: gzip\r\nContent-Type: application/json\r\n')],
  (s) => [request('/'), chunked(Buffer.from('{"a": 1}'), 'Trailer: X-Sum\r\n', `X-Sum: ${s}\r\n`)],
  (s) => [request('/', 'Content-Encoding: gzip\r\n', gzipSync(json(s).repeat(2))), ok],
  (s) => [
    request('/'),
    response(Buffer.from(json(s), 'utf16le'), 'Content-Type: application/json; charset=utf-16le\r\n'),
  ],
  (s) => [
    request('/'),
    response(Buffer.from(json(s), 'utf16le').swap16(), 'Content-Type: text/plain; charset=utf-16be\r\n'),
  ],
  (s) => [request('/'), response(Buffer.from(`\ufeff${s}`, 'utf16le'), 'Content-Type: text/plain\r\n')],
  (s) => [request('/'), response(`<owner id="${s}">x</owner>`, 'Content-Type: application/xml\r\n')],
  (s) => [request('/'), response(`<a href="/x?${percent(s)}">y</a>`, 'Content-Type: text/html\r\n')],
  (s) => [request('/'), response(`owner: ${s}\nlist: [1]\n`, 'Content-Type: application/yaml\r\n')],
  (s) => [request('/'), response(`1;2;${s}\r\n`, 'Content-Type: text/csv\r\n')],
  (s) => [
    request('/'),
    response(Buffer.from([8, 150, 1, 18, s.length, ...Buffer.from(s)]), 'Content-Type: application/x-protobuf\r\n'),
  ],
  (s) => [
    request('/'),
    response(Buffer.from(`\x89PNG\r\n\x1a\n\0\0tEXt${s}\0`, 'latin1'), 'Content-Type: image/png\r\n'),
  ],
  (s) => [request(`http://${s.toLowerCase()}.shop.test/${s}`), ok],
];

export interface ExportsOrder {
  readonly exports: number;
  /** Of each, before it is coded. */
  readonly exportBytes: number;
  readonly coding: 'gzip' | 'br';
}

/** @param exports so many answers of `exportBytes` before they are coded @returns a pcap file */
export function exportsCapture(secrets: readonly string[], { exports, exportBytes, coding }: ExportsOrder): Buffer {
  if (places.length !== secretCount) throw new Error(`${places.length} places for ${secretCount} secrets`);
  const conversations: Conversation[] = [];
  for (let at = 0; at < places.length; at += 10) {
    const says = places.slice(at, at + 10).flatMap((place, index): Conversation['says'] => {
      const [asked, answered] = place(secrets[at + index]!);
      return [
        [0, asked],
        [1, answered],
      ];
    });
    conversations.push({ port: 8080, says });
  }
  const rows = secrets.map((owner, index) => JSON.stringify({ row: index, owner, state: 'open', note: 'as before' }));
  const table = Buffer.from(`${rows.join(',')},`);
  const tables = Array<Buffer>(Math.ceil(exportBytes / table.length)).fill(table);
  const plain = Buffer.concat([Buffer.from('['), ...tables, Buffer.from('0]')]);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
  const body = coding === 'gzip' ? gzipSync(plain) : brotliCompressSync(plain, { params });
  for (let done = 0; done < exports; done += 1) {
    conversations.push({
      port: 8080,
      says: [
        [0, request(`/export/${done}`)],
        [1, coded(coding, body)],
      ],
    });
  }
  return conversationsCapture(conversations);
}
