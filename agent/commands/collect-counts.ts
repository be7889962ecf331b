/** `floodgate-agent collect --counts`: how many exchanges of each endpoint there were, by the weights of their witnesses. */
import { type Estimate, estimateCount, type WeightSums } from '../overload/estimate.ts';
import { OverloadLevel } from '../overload/ladder.ts';
import { pathShape } from '../overload/path-shape.ts';
import { readable } from '../sinks/exchange-lines.ts';
import type { StoredPath, WitnessStore } from '../sinks/witness-store.ts';

/** More are counted together: a store may hold invented paths. */
const endpointsMax = 65_536;
const others = 'all others';

interface Endpoint {
  readonly method: string;
  readonly host: string;
  readonly shape: string;
  witnesses: number;
  certain: number;
  weight: number;
  weightSquares: number;
  weightMax: number;
}

/** @param write takes a line, in JSON or for people; it returns false once nobody reads any more */
export function listCounts(store: WitnessStore, asJson: boolean, write: (line: string) => boolean): void {
  const { share, level } = store.leastShare();
  const endpoints = gather(store.paths());
  const sorted = [...endpoints.values()].sort((a, b) => b.weight - a.weight);
  if (!asJson && !write(`${'ESTIMATE'.padStart(12)}  ${'99 % INTERVAL'.padEnd(25)}  WITNESSES  ENDPOINT\n`)) return;
  for (const endpoint of sorted) {
    const estimate = estimateCount(endpoint, 1 / share);
    if (!write(asJson ? jsonLine(endpoint, estimate) : textLine(endpoint, estimate))) return;
  }
  if (!asJson) write(summary(sorted, share, level));
}

function gather(paths: Iterable<StoredPath>): Map<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  for (const { method, host, path, ...sums } of paths) {
    const name = { method, host: host.toLowerCase(), shape: pathShape(path) };
    const key = JSON.stringify(name);
    const isRoom = endpoints.has(key) || endpoints.size < endpointsMax;
    add(endpoints, isRoom ? key : others, isRoom ? name : { method: '', host: '', shape: others }, sums);
  }
  return endpoints;
}

function add(
  endpoints: Map<string, Endpoint>,
  key: string,
  name: Pick<Endpoint, 'method' | 'host' | 'shape'>,
  sums: WeightSums & { readonly witnesses: number },
): void {
  const known = endpoints.get(key);
  if (known === undefined) {
    endpoints.set(key, { ...name, ...sums });
    return;
  }
  known.witnesses += sums.witnesses;
  known.certain += sums.certain;
  known.weight += sums.weight;
  known.weightSquares += sums.weightSquares;
  known.weightMax = Math.max(known.weightMax, sums.weightMax);
}

const whole = (count: number) => Math.round(count).toLocaleString('en');

/** Whatever an agent sent, it cannot drive the terminal. */
function textLine({ method, host, shape, witnesses }: Endpoint, { count, least, most }: Estimate): string {
  const interval = least === most ? 'exact' : `${whole(least)} – ${whole(most)}`;
  const name = `${readable(method, 20).padEnd(4)} ${readable(host, 80)}${readable(shape, 200)}`;
  return `${whole(count).padStart(12)}  ${interval.padEnd(25)}  ${whole(witnesses).padStart(9)}  ${name}\n`;
}

function jsonLine({ method, host, shape, witnesses }: Endpoint, estimate: Estimate): string {
  return `${JSON.stringify({ method, host, path: shape, witnesses, ...estimate })}\n`;
}

function summary(endpoints: readonly Endpoint[], share: number, level: number): string {
  const sum = (of: 'witnesses' | 'weight') => endpoints.reduce((total, each) => total + each[of], 0);
  const left =
    level === OverloadLevel.none
      ? 'nothing was left out'
      : `at the least 1 in ${Math.round(1 / share)} exchanges had a witness`;
  const flows =
    level === OverloadLevel.flows
      ? 'Whole connections were left out: where few connections brought many exchanges, intervals are too narrow.\n'
      : '';
  return `${whole(sum('witnesses'))} witnesses stand for ${whole(sum('weight'))} exchanges of ${whole(endpoints.length)} endpoints; ${left}\n${flows}`;
}
