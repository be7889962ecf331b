/** The host that is recorded: a shop's JSON API on a plain Node.js HTTP server, in memory, its content made from a seed. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { createRandom, type Random } from '../../agent/seeded-random.ts';
import { hexText, pick } from '../../harness/traffic/synthesis/json-body.ts';

interface Product {
  readonly id: number;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly price: { readonly amount: number; readonly currency: string };
  readonly stock: number;
  readonly tags: readonly string[];
}

const productsCount = 400;
const pageLength = 20;
const ordersKept = 1_000;
const words = 'sturdy folding quiet waterproof compact warm bright spare double slim vintage modular'.split(' ');
const things = ['lamp', 'chair', 'kettle', 'notebook', 'backpack', 'headphones', 'pump', 'desk', 'umbrella', 'mug'];

function makeProduct(random: Random, id: number): Product {
  const sentence = () => `${pick(random, words)} and ${pick(random, words)}, ${pick(random, things)} included`;
  return {
    id,
    sku: hexText(random, 12),
    name: `${pick(random, words)} ${pick(random, things)}`,
    description: Array.from({ length: random.integer(1, 6) }, sentence).join('; '),
    price: { amount: random.integer(199, 99_900) / 100, currency: 'EUR' },
    stock: random.integer(0, 500),
    tags: [pick(random, words), pick(random, words)],
  };
}

const random = createRandom(Number(process.env.SEED ?? 1), 'shop');
const products = Array.from({ length: productsCount }, (_, index) => makeProduct(random, index + 1));
const orders = new Map<number, unknown>();
let lastOrder = 0;

/** A body in one piece with its length, compressed where the client takes it and it is worth it, or in chunks. */
function answer(request: IncomingMessage, response: ServerResponse, status: number, content: unknown): void {
  const text = JSON.stringify(content);
  const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('x-request-id', hexText(random, 16));
  if (takesGzip && text.length > 1_000) {
    const packed = gzipSync(text, { level: 1 });
    response.setHeader('content-encoding', 'gzip');
    response.setHeader('content-length', packed.length);
    response.end(packed);
  } else if (request.url?.startsWith('/search')) {
    for (let at = 0; at < text.length; at += 4_000) response.write(text.slice(at, at + 4_000));
    response.end();
  } else {
    response.setHeader('content-length', Buffer.byteLength(text));
    response.end(text);
  }
}

function page(number: number): object {
  const start = ((number - 1) * pageLength) % productsCount;
  return { items: products.slice(start, start + pageLength), page: number, total: productsCount };
}

function search(query: string): object {
  const items = products.filter(({ name, tags }) => name.includes(query) || tags.includes(query));
  return { query, items: items.slice(0, 40), total: items.length };
}

function readJson(request: IncomingMessage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', reject);
    request.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
  });
}

async function placeOrder(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const wanted = (await readJson(request)) as { lines?: unknown };
  lastOrder += 1;
  const order = { id: lastOrder, status: 'created', lines: wanted.lines, reference: hexText(random, 32) };
  orders.set(lastOrder, order);
  orders.delete(lastOrder - ordersKept);
  answer(request, response, 201, order);
}

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://shop.example');
  const [, room, id] = url.pathname.split('/');
  if (room === 'products' && id === undefined) {
    answer(request, response, 200, page(Number(url.searchParams.get('page') ?? 1)));
  } else if (room === 'products') {
    const product = products[Number(id) - 1];
    answer(request, response, product ? 200 : 404, product ?? { error: 'no such product' });
  } else if (room === 'search') answer(request, response, 200, search(url.searchParams.get('q') ?? ''));
  else if (room === 'orders' && request.method === 'POST') {
    placeOrder(request, response).catch(() => answer(request, response, 400, { error: 'not JSON' }));
  } else if (room === 'orders') {
    const order = orders.get(Number(id));
    answer(request, response, order ? 200 : 404, order ?? { error: 'no such order' });
  } else answer(request, response, 404, { error: 'no such resource' });
});

server.keepAliveTimeout = 30_000;
server.listen(Number(process.argv[2] ?? 8080), process.argv[3] ?? '0.0.0.0', () => process.stdout.write('listening\n'));
process.on('SIGTERM', () => process.exit(0));
// The recorder's end of this pipe closes with it, however it ends.
process.stdin.on('end', () => process.exit(0)).resume();
