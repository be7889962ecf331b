/**
 * How far `allocated.perRequest` of `floodgate run --requests --one-at-a-time` ranges over repeats, on three services: node:http, Express and
 * Fastify, which npm puts into a temporary folder. `node harness/requests/allocation-range.bench.ts [RUNS [SERVICE]]`
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import type { RunReport } from '../../reports/model.ts';

const runs = Number(process.argv[2] ?? 20);
const only = process.argv[3];
const cli = path.join(import.meta.dirname, '..', 'cli.ts');
const folder = mkdtempSync(path.join(os.tmpdir(), 'floodgate-range-'));

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

/** Four connections with 500 requests each, of three kinds. */
function recording(): Buffer {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  const request = (at: number) => {
    if (at % 3 === 0) return `GET /items/${at} HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n`;
    if (at % 3 === 1) return `GET /search?q=tea${at} HTTP/1.1\r\nHost: shop\r\n\r\n`;
    const body = JSON.stringify({ rows: Array.from({ length: 20 }, (_, id) => ({ id, price: at })) });
    return `POST /cart HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const says = Array.from({ length: 500 }, (_, at) => [[0, request(at)] as const, [1, ok] as const]).flat();
  return conversationsCapture([{ says }, { says }, { says }, { says }]);
}

function allocatedOf(name: string, more: readonly string[]): number {
  const out = path.join(folder, 'out');
  const words = ['run', 'prod.pcap', '--target', `node ${name}.mjs`, '--requests', '--one-at-a-time', ...more];
  const limits = ['--idle', '100ms', '--recover', '100ms', '--no-explain', '--out', out];
  const { stderr } = spawnSync(process.execPath, [cli, ...words, ...limits], { cwd: folder, encoding: 'utf8' });
  const report: RunReport = JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8'));
  const value = (of: string) => report.figures.find((each) => each.name === of)?.value;
  if (value('requests.failed') !== 0) throw new Error(`requests failed: ${stderr}`);
  rmSync(out, { recursive: true });
  return value('allocated.perRequest')!;
}

try {
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  writeFileSync(path.join(folder, 'prod.pcap'), recording());
  execFileSync('npm', ['i', '--silent', '--ignore-scripts', 'express@5', 'fastify@5'], {
    cwd: folder,
    stdio: 'inherit',
  });
  for (const [name, source] of Object.entries(services)) {
    if (only !== undefined && only !== name) continue;
    const file = name.replace(':', '-');
    writeFileSync(path.join(folder, `${file}.mjs`), source);
    for (const [mode, more] of [
      ['V8’s arguments', []],
      ['V8 by itself', ['--no-repeatable']],
    ] as const) {
      const values = Array.from({ length: runs }, () => allocatedOf(file, more)).sort((a, b) => a - b);
      const middle = values[values.length >> 1]!;
      const share = (value: number) => ((value / middle - 1) * 100).toFixed(3);
      const fifth = Math.floor(values.length / 5);
      const [low, high] = [values[fifth]!, values[values.length - 1 - fifth]!];
      console.log(
        `${name} under ${mode}: ${middle.toFixed(0)} B a request, ${share(values[0]!)} to ${share(values.at(-1)!)} % in ${runs} runs, ` +
          `${share(low)} to ${share(high)} % without the highest and the lowest fifth`,
      );
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
