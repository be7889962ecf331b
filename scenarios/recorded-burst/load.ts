/** The other host: autocannon through a quiet phase, a tenfold burst and a quiet phase. Prints a line as each begins. */
import { createRequire } from 'node:module';
import { createRandom } from '../../agent/seeded-random.ts';
import { pick } from '../../harness/traffic/synthesis/json-body.ts';

interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** As much of autocannon as is used here; it comes without types. */
type Autocannon = (options: {
  readonly url: string;
  readonly connections: number;
  /** Seconds. */
  readonly duration: number;
  /** Requests a second over all connections. */
  readonly overallRate: number;
  readonly requests: readonly LoadRequest[];
}) => Promise<{ readonly errors: number; readonly timeouts: number }>;

const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;

interface LoadPhase {
  readonly name: string;
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly connections: number;
}

const loadPhases: readonly LoadPhase[] = [
  { name: 'quiet', seconds: 4, requestsPerSecond: 100, connections: 10 },
  { name: 'burst', seconds: 6, requestsPerSecond: 1_000, connections: 100 },
  { name: 'quiet again', seconds: 4, requestsPerSecond: 100, connections: 10 },
];

const requestsCount = 200;

function makeRequests(seed: number): LoadRequest[] {
  const random = createRandom(seed, 'load');
  const json = { 'content-type': 'application/json' };
  const gzip = { 'accept-encoding': 'gzip' };
  return Array.from({ length: requestsCount }, (): LoadRequest => {
    const choice = random.fraction();
    if (choice < 0.35) return { method: 'GET', path: `/products/${random.integer(1, 410)}` };
    if (choice < 0.55) return { method: 'GET', path: `/products?page=${random.integer(1, 20)}`, headers: gzip };
    if (choice < 0.65) return { method: 'GET', path: `/products?page=${random.integer(1, 20)}` };
    if (choice < 0.8) return { method: 'GET', path: `/search?q=${pick(random, ['lamp', 'warm', 'desk', 'slim'])}` };
    if (choice < 0.95) {
      const line = () => ({ product: random.integer(1, 400), quantity: random.integer(1, 5) });
      const lines = Array.from({ length: random.integer(1, 8) }, line);
      const body = JSON.stringify({ customer: random.integer(1, 5_000), lines });
      return { method: 'POST', path: '/orders', headers: json, body };
    }
    return { method: 'GET', path: `/orders/${random.integer(1, 500)}` };
  });
}

const [url, seed] = process.argv.slice(2);
const requests = makeRequests(Number(seed));
for (const { name, seconds, requestsPerSecond, connections } of loadPhases) {
  process.stdout.write(`${name}\n`);
  const load = { url: url!, connections, duration: seconds, overallRate: requestsPerSecond, requests };
  const { errors, timeouts } = await autocannon(load);
  if (errors + timeouts > 0) throw new Error(`${name}: ${errors} errors, ${timeouts} timeouts`);
}
