/**
 * How far `allocated.perRequest` of `floodgate run --requests --one-at-a-time` ranges over repeats, on three services (node:http, Express,
 * Fastify), under V8's arguments and without them:
 *
 *     node harness/requests/allocation-range.bench.ts [--runs 20] [--requests 20000] [--service NAME] [--folder DIR] [--table]
 *
 * Runs go round by round over all cells, so that what was measured when it ends is of all of them. Each is a line of
 * DIR/runs.jsonl: the same command goes on after a kill, and `--table` prints what is there. npm puts the services' packages into DIR.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import type { RunReport } from '../../reports/model.ts';
import { keepLine, keptLines } from '../compare/kept-lines.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    requests: { type: 'string', default: '20000' },
    service: { type: 'string' },
    folder: { type: 'string', default: 'runs/allocation-range' },
    table: { type: 'boolean', default: false },
  },
});
const [runs, requests] = [Number(values.runs), Number(values.requests)];
const cli = path.join(import.meta.dirname, '..', 'cli.ts');
const folder = path.resolve(values.folder);
const log = path.join(folder, 'runs.jsonl');
const modes = {
  'V8’s arguments': { words: [], limit: 0.2 },
  'V8 by itself': { words: ['--no-repeatable'], limit: 1 },
} as const;
type Mode = keyof typeof modes;

/** A line of the log. What was asked otherwise, or with another Node.js, counts for nothing here. */
interface Measured {
  readonly service: string;
  readonly mode: Mode;
  readonly requests: number;
  readonly node: string;
  readonly bytes: number;
  readonly seconds: number;
}

const work = `const list = (n, text) => Array.from({ length: n }, (_, id) => ({ id, price: id * 1.5, text: text + id }));
const total = (cart) => cart.rows.reduce((sum, { price }) => sum + price, 0);
`;
const services = {
  'node:http': `import { createServer } from 'node:http';
${work}createServer((request, response) => {
  const url = new URL(request.url, 'http://x');
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    response.setHeader('content-type', 'application/json');
    if (request.method === 'POST') response.end(JSON.stringify({ total: total(JSON.parse(Buffer.concat(chunks))) }));
    else if (url.pathname === '/search') response.end(JSON.stringify(list(40, url.searchParams.get('q'))));
    else response.end(JSON.stringify(list(1, url.pathname)[0]));
  });
}).listen(process.env.PORT, '127.0.0.1');
`,
  express: `import express from 'express';
${work}const app = express();
app.use(express.json());
app.get('/items/:id', (request, response) => response.json(list(1, request.params.id)[0]));
app.get('/search', (request, response) => response.json(list(40, request.query.q)));
app.post('/cart', (request, response) => response.json({ total: total(request.body) }));
app.listen(process.env.PORT, '127.0.0.1');
`,
  fastify: `import Fastify from 'fastify';
${work}const app = Fastify();
app.get('/items/:id', async (request) => list(1, request.params.id)[0]);
app.get('/search', async (request) => list(40, request.query.q));
app.post('/cart', async (request) => ({ total: total(request.body) }));
await app.listen({ port: process.env.PORT, host: '127.0.0.1' });
`,
};

/** Four connections with requests of three kinds. */
function recording(requests: number): Buffer {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  const request = (at: number) => {
    if (at % 3 === 0) return `GET /items/${at} HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n`;
    if (at % 3 === 1) return `GET /search?q=tea${at} HTTP/1.1\r\nHost: shop\r\n\r\n`;
    const body = JSON.stringify({ rows: Array.from({ length: 20 }, (_, id) => ({ id, price: at })) });
    return `POST /cart HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const says = Array.from({ length: Math.ceil(requests / 4) }, (_, at) => [
    [0, request(at)] as const,
    [1, ok] as const,
  ]).flat();
  return conversationsCapture([{ says }, { says }, { says }, { says }]);
}

function measured(): Measured[] {
  return (keptLines(log) as Measured[]).filter((each) => each.requests === requests && each.node === process.version);
}

function fileOf(service: string): string {
  return `${service.replace(':', '-')}.mjs`;
}

function allocatedOf(service: string, mode: Mode): number {
  const out = path.join(folder, 'out');
  rmSync(out, { recursive: true, force: true });
  const words = [
    'run',
    'prod.pcap',
    '--target',
    // The version that each line names: V8 of another one allocates, and repeats, otherwise.
    `${process.execPath} ${fileOf(service)}`,
    '--requests',
    '--one-at-a-time',
    ...modes[mode].words,
  ];
  const limits = ['--idle', '100ms', '--recover', '100ms', '--no-explain', '--out', out];
  const { stderr } = spawnSync(process.execPath, [cli, ...words, ...limits], { cwd: folder, encoding: 'utf8' });
  const report: RunReport = JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8'));
  const value = (of: string) => report.figures.find((each) => each.name === of)?.value;
  if (value('requests.failed') !== 0) throw new Error(`requests failed: ${stderr}`);
  rmSync(out, { recursive: true });
  return value('allocated.perRequest')!;
}

function prepare(): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'prod.pcap'), recording(requests));
  for (const [service, source] of Object.entries(services)) writeFileSync(path.join(folder, fileOf(service)), source);
  if (existsSync(path.join(folder, 'node_modules/fastify')) && existsSync(path.join(folder, 'node_modules/express')))
    return;
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  execFileSync('npm', ['i', '--silent', '--ignore-scripts', 'express@5', 'fastify@5'], {
    cwd: folder,
    stdio: 'inherit',
  });
}

function printTable(): void {
  const all = measured();
  console.log(
    '| service | V8 | runs | bytes a request | range | without the highest and lowest fifth | wanted | seconds a run |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  for (const service of Object.keys(services)) {
    for (const mode of Object.keys(modes) as Mode[]) {
      const own = all.filter((each) => each.service === service && each.mode === mode);
      const sorted = own.map(({ bytes }) => bytes).sort((a, b) => a - b);
      if (sorted.length === 0) continue;
      const middle = sorted[sorted.length >> 1]!;
      const range = (cut: number) => ((sorted[sorted.length - 1 - cut]! - sorted[cut]!) / middle) * 100;
      const seconds = own.reduce((sum, each) => sum + each.seconds, 0) / own.length;
      const verdict = `${range(0) <= modes[mode].limit ? '✓' : '✗'} ≤ ${modes[mode].limit} %`;
      console.log(
        `| ${service} | ${mode} | ${sorted.length} | ${middle.toFixed(0)} | ${range(0).toFixed(3)} % | ` +
          `${range(Math.floor(sorted.length / 5)).toFixed(3)} % | ${verdict} | ${seconds.toFixed(1)} |`,
      );
    }
  }
}

if (!values.table) {
  prepare();
  const cells = Object.keys(services)
    .filter((service) => (values.service ?? service) === service)
    .flatMap((service) => (Object.keys(modes) as Mode[]).map((mode) => ({ service, mode })));
  for (let round = 0; round < runs; round += 1) {
    for (const { service, mode } of cells) {
      const done = measured().filter((each) => each.service === service && each.mode === mode).length;
      if (done > round) continue;
      const startedMs = performance.now();
      const bytes = allocatedOf(service, mode);
      const seconds = (performance.now() - startedMs) / 1_000;
      const line: Measured = { service, mode, requests, node: process.version, bytes, seconds };
      keepLine(log, line);
      console.error(
        `${round + 1}/${runs} ${service}, ${mode}: ${bytes.toFixed(1)} B a request, ${seconds.toFixed(1)} s`,
      );
    }
  }
}
printTable();
