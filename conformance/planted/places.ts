/** Every place of an exchange in which a secret is planted. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { type BodyPlace, bodyPlaces } from './body-places.ts';
import type { Exchange } from './exchange.ts';
import { headPlaces, type Place } from './head-places.ts';
import { markupPlaces } from './text-places.ts';

export type { Place } from './head-places.ts';

const typed = (type: string) => (type === '' ? [] : [`Content-Type: ${type}`]);
const json = (n: string, v: string) => Buffer.from(JSON.stringify({ id: 1, [n]: v }));
const jsonField = 'Content-Type: application/json';

const asked = ([label, type, render]: BodyPlace): Place => ({
  label: `${label}, asked`,
  plant: (n, v) => ({ fields: typed(type), body: render(n, v), answer: 'ok' }),
});
const answered = ([label, type, render]: BodyPlace): Place => ({
  label: `${label}, answered`,
  plant: (n, v) => ({ answerFields: typed(type), answer: render(n, v) }),
});

/** How a body travels. */
const carriers: readonly (readonly [string, (n: string, v: string) => Exchange])[] = [
  ['gzip', (n, v) => coded('gzip', gzipSync(json(n, v)))],
  ['x-gzip', (n, v) => coded('x-gzip', gzipSync(json(n, v)))],
  ['deflate', (n, v) => coded('deflate', deflateSync(json(n, v)))],
  ['raw deflate', (n, v) => coded('deflate', deflateRawSync(json(n, v)))],
  ['brotli', (n, v) => coded('br', brotliCompressSync(json(n, v)))],
  ['gzip twice', (n, v) => coded('gzip, gzip', gzipSync(gzipSync(json(n, v))))],
  ['gzip cut short', (n, v) => coded('gzip', gzipSync(json(n, v)).subarray(0, -8))],
  ['gzip that is none', (n, v) => coded('gzip', json(n, v))],
  ['unknown coding', (n, v) => coded('x-own', json(n, v))],
  ['identity', (n, v) => coded('identity', json(n, v))],
  ['six codings', (n, v) => coded('a, b, c, d, e, f', json(n, v))],
  ['gzip, not announced', (n, v) => ({ fields: [jsonField], body: gzipSync(json(n, v)) })],
  ['chunked', (n, v) => ({ ...both(json(n, v)), chunkBytes: 9 })],
  ['chunked by single bytes', (n, v) => ({ ...both(json(n, v)), chunkBytes: 1 })],
  ['gzip, chunked', (n, v) => ({ ...coded('gzip', gzipSync(json(n, v))), chunkBytes: 11 })],
  ['behind 3,000 bytes', (n, v) => both(Buffer.from(JSON.stringify({ pad: 'x '.repeat(1500), [n]: v })))],
  ['PUT', (n, v) => ({ ...both(json(n, v)), method: 'PUT' })],
  ['DELETE with a body', (n, v) => ({ ...both(json(n, v)), method: 'DELETE' })],
  ['GET with a body', (n, v) => ({ ...both(json(n, v)), method: 'GET' })],
  ['REPORT', (n, v) => ({ ...both(json(n, v)), method: 'REPORT' })],
  ['QUERY', (n, v) => ({ ...both(json(n, v)), method: 'QUERY' })],
  ['HTTP/1.0', (n, v) => ({ ...both(json(n, v)), version: 'HTTP/1.0', fields: [jsonField, 'Connection: keep-alive'] })],
  ['an error’s body', (n, v) => ({ ...both(json(n, v)), status: '500 Internal Server Error' })],
];

const both = (body: Buffer): Exchange => ({ fields: [jsonField], body, answerFields: [jsonField], answer: body });
function coded(coding: string, body: Buffer): Exchange {
  const fields = [jsonField, `Content-Encoding: ${coding}`];
  return { fields, body, answerFields: fields, answer: body };
}

const oneLine = (_n: string, v: string) => !v.includes('\n');
const noBlank = (_n: string, v: string) => !/[\s;,"]/.test(v);
const pct = encodeURIComponent;

/** No name stands beside the value. */
const unnamed: readonly Omit<Place, 'isBare'>[] = [
  { label: 'path segment', takes: oneLine, plant: (_n, v) => ({ target: `/${pct(v)}` }) },
  { label: 'path segment and more', takes: oneLine, plant: (_n, v) => ({ target: `/${pct(v)}/x` }) },
  { label: 'path segment with ending', takes: oneLine, plant: (_n, v) => ({ target: `/${pct(v)}.json` }) },
  { label: 'whole query', takes: oneLine, plant: (_n, v) => ({ target: `?${pct(v)}` }) },
  { label: 'name in a query', takes: oneLine, plant: (_n, v) => ({ target: `?${pct(v)}=1` }) },
  { label: 'whole fragment', takes: oneLine, plant: (_n, v) => ({ target: `#${pct(v)}` }) },
  {
    label: 'path of a URL in a query',
    takes: oneLine,
    plant: (_n, v) => ({ target: `?next=${pct(`https://a.example/x/${pct(v)}`)}` }),
  },
  {
    label: 'path of Referer',
    takes: oneLine,
    plant: (_n, v) => ({ fields: [`Referer: https://a.example/x/${pct(v)}`] }),
  },
  {
    label: 'path of Location',
    takes: oneLine,
    plant: (_n, v) => ({ status: '302 Found', answerFields: [`Location: /x/${pct(v)}`] }),
  },
  { label: 'field value', takes: oneLine, plant: (_n, v) => ({ fields: [`X-Note: about ${v} here`] }) },
  { label: 'status text, bare', takes: oneLine, plant: (_n, v) => ({ status: `400 Bad ${v}` }) },
  { label: 'subprotocol, bare', takes: noBlank, plant: (_n, v) => ({ fields: [`Sec-WebSocket-Protocol: v1, ${v}`] }) },
  { label: 'JSON string', plant: (_n, v) => both(Buffer.from(JSON.stringify([v]))) },
  { label: 'whole JSON', plant: (_n, v) => both(Buffer.from(JSON.stringify(v))) },
  {
    label: 'sentence in JSON',
    plant: (_n, v) => both(Buffer.from(JSON.stringify({ message: `cannot use ${v} here` }))),
  },
  { label: 'JSON key', plant: (_n, v) => both(Buffer.from(JSON.stringify({ [v]: 1 }))) },
  { label: 'whole text', plant: (_n, v) => ({ answerFields: typed('text/plain'), answer: v }) },
  {
    label: 'sentence',
    plant: (_n, v) => ({ answerFields: typed('text/plain'), answer: `Your key is ${v}. Keep it.\n` }),
  },
  { label: 'in brackets', plant: (_n, v) => ({ answerFields: typed('text/plain'), answer: `x (${v}) <${v}>\n` }) },
  {
    label: 'HTML text',
    plant: (_n, v) => ({ answerFields: typed('text/html'), answer: `<p>Key: <code>${v}</code></p>` }),
  },
  {
    label: 'form, other name',
    plant: (n, v) => ({ fields: typed('application/x-www-form-urlencoded'), body: `${n}=${pct(v)}` }),
  },
  {
    label: 'CSV cell',
    takes: oneLine,
    plant: (_n, v) => ({ answerFields: typed('text/csv'), answer: `id,x\n7,${v}\n` }),
  },
  { label: 'text without type', plant: (_n, v) => ({ answer: `a\n${v}\n` }) },
  {
    label: 'among bytes',
    plant: (_n, v) => ({
      answerFields: typed('application/octet-stream'),
      answer: Buffer.concat([Buffer.from([0, 255, 10, 18, 200]), Buffer.from(v), Buffer.from([0, 26, 255])]),
    }),
  },
  {
    label: 'file name',
    takes: noBlank,
    plant: (_n, v) => ({ answerFields: [`Content-Disposition: attachment; filename="${v}.txt"`], answer: 'x' }),
  },
  { label: 'entity tag', takes: noBlank, plant: (_n, v) => ({ answerFields: [`ETag: "${v}"`] }) },
];

const bare: readonly Place[] = unnamed.map((place) => ({ ...place, isBare: true }));

export const places: readonly Place[] = [
  ...headPlaces,
  ...[...bodyPlaces, ...markupPlaces].flatMap((place) => [asked(place), answered(place)]),
  ...carriers.map(([label, plant]) => ({ label, plant })),
  ...bare,
];
