/**
 * A small HTTP service whose eight functions allocate as services do, and in which one of them can be made to allocate, or to keep,
 * more: what the power of a comparison is measured on.
 */

export const servicePlaces = ['parse', 'template', 'json', 'cache', 'buffer', 'concat', 'closure', 'regex'] as const;
export type ServicePlace = (typeof servicePlaces)[number];

export interface ServicePlant {
  readonly place: ServicePlace;
  /** Units of work a request on top of its own. */
  readonly work: number;
  /** Results of ten units kept from the start on. */
  readonly kept: number;
}

/** Units of work that each function does anyway. */
const usual = 40;

/** The service as a module for Node.js; it listens on `PORT`. */
export function plantedService(plant?: ServicePlant): string {
  const extra = (place: ServicePlace) => (plant?.place === place ? plant.work : 0);
  const units = (place: ServicePlace) => usual + extra(place);
  return `import { createServer } from 'node:http';

function parse(text, units = ${units('parse')}) {
  const rows = [];
  for (let i = 0; i < units; i += 1) rows.push({ id: i, price: i * 1.5, text });
  return rows;
}

function template(name, units = ${units('template')}) {
  const parts = [];
  for (let i = 0; i < units; i += 1) parts.push(\`<li class="\${i}">\${name}</li>\`);
  return parts;
}

function json(name, units = ${units('json')}) {
  return JSON.parse(JSON.stringify(Array.from({ length: units }, (_, i) => ({ i, name }))));
}

const entries = new Map();
function cache(key, units = ${units('cache')}) {
  let last;
  for (let i = 0; i < units; i += 1) {
    last = { key: key + i, hits: [i, i + 1] };
    entries.delete(i);
    entries.set(i, last);
  }
  return [...entries.values()].slice(-units);
}

function buffer(text, units = ${units('buffer')}) {
  const pieces = [];
  for (let i = 0; i < units; i += 1) pieces.push(Buffer.from(text).subarray(1));
  return pieces;
}

function concat(text, units = ${units('concat')}) {
  const lines = [];
  for (let i = 0; i < units; i += 1) lines.push(text + ' line ' + i + ' of ' + units);
  return lines;
}

function closure(name, units = ${units('closure')}) {
  const steps = [];
  for (let i = 0; i < units; i += 1) steps.push((x) => x + i + name.length);
  return steps;
}

function regex(text, units = ${units('regex')}) {
  const found = [];
  for (let i = 0; i < units; i += 1) found.push(/\\/(\\w)(\\w+)/.exec(text));
  return found;
}

const all = { parse, template, json, cache, buffer, concat, closure, regex };
export const kept = [];
for (let i = 0; i < ${plant?.kept ?? 0}; i += 1) kept.push(all[${JSON.stringify(plant?.place ?? 'parse')}]('/kept' + i, 10));

createServer((request, response) => {
  const { url } = request;
  let sum = 0;
  for (const { price } of parse(url)) sum += price;
  sum += json(url).length + cache(url).length + regex(url).length;
  for (const piece of buffer(url)) sum += piece.length;
  for (const line of concat(url)) sum += line.length;
  for (const step of closure(url)) sum = step(sum) % 1_000_003;
  response.end(template(url).join('') + sum);
}).listen(process.env.PORT, '127.0.0.1');
`;
}

/** One connection, one request at a time. Arguments of the module: the port. */
export const serviceLoad = (requests: number): string => `import http from 'node:http';
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
for (let i = 0; i < ${requests}; i += 1) {
  await new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: process.argv[2], path: '/cart', agent };
    http.get(options, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}
`;
