/** Plants every kind in every place that takes it, and finds what of them can be read in an output. */
import { exchangeBytes, identity } from './exchange.ts';
import { type Kind, kinds } from './kinds.ts';
import { type Place, places } from './places.ts';
import { drawFrom } from './random-text.ts';

export interface Cell {
  readonly id: string;
  readonly place: Place;
  readonly kind: Kind;
  readonly text: string;
  /** Any of these in what belongs to this exchange is a leak. */
  readonly traces: RegExp;
  /** Only chance puts these into other text. */
  readonly rare: readonly string[];
}

/** What client (0) and server (1) of one connection say. */
export interface Dialogue {
  readonly says: readonly (readonly [side: 0 | 1, what: Uint8Array])[];
}

export interface Planted {
  readonly cells: readonly Cell[];
  readonly conversations: readonly Dialogue[];
}

/** Letters and digits of one trace. */
const traceLength = 8;
const exchangesPerConnection = 40;
const between = '(?:%(?:25)*[0-9A-Fa-f]{2}|[^A-Za-z0-9]{1,6})?';

function tracesOf(secret: string): { traces: RegExp; rare: string[] } {
  const runs = secret.match(/[A-Za-z0-9]+/g)!;
  const longest = runs.reduce((a, b) => (b.length > a.length ? b : a));
  if (longest.length < traceLength) {
    return { traces: new RegExp(`(?<![A-Za-z0-9])${runs.join(between)}(?![A-Za-z0-9])`), rare: [] };
  }
  const ends = [longest.slice(0, traceLength), longest.slice(-traceLength)];
  const encoded = [0, 1, 2].map((shift) =>
    Buffer.from('x'.repeat(shift) + secret)
      .toString('base64')
      .slice(4, -4),
  );
  const coded = encoded.filter((text) => text.length >= traceLength).map((text) => text.replace(/[+/]/g, '\\$&'));
  return { traces: new RegExp([...ends, ...coded].join('|')), rare: ends.filter((end) => /[A-Za-z]/.test(end)) };
}

/** @param share one of so many kinds in each place, other ones in each */
export function plantAll(seed: number, share: number): Planted {
  const draw = drawFrom(seed);
  const cells: Cell[] = [];
  const conversations: Dialogue[] = [];
  let says: [0 | 1, Uint8Array][] = [];
  const close = () => {
    if (says.length > 0) conversations.push({ says });
    says = [];
  };
  for (const [column, place] of places.entries()) {
    for (const [row, kind] of kinds.entries()) {
      if ((row + column) % share !== 0 || (place.isBare && !kind.isShaped)) continue;
      const { text, secret } = kind.make(draw);
      if (place.takes?.(kind.name, text) === false) continue;
      const shape = place.plant(kind.name, text);
      const [request, response] = exchangeBytes(cells.length, shape);
      cells.push({ id: identity(cells.length), place, kind, text, ...tracesOf(secret) });
      says.push([0, request], [1, response]);
      if (shape.isLast || says.length >= 2 * exchangesPerConnection) close();
    }
  }
  close();
  return { cells, conversations };
}

const identities = /cell-\d{6}/;

/** What of each exchange can be read in records that say which they belong to. @returns cells; those never found */
export function readInRecords(cells: readonly Cell[], records: Iterable<string>) {
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  const missing = new Set(cells);
  const read = new Set<Cell>();
  for (const record of records) {
    const cell = byId.get(identities.exec(record)?.[0] ?? '');
    if (cell === undefined) continue;
    missing.delete(cell);
    if (cell.traces.test(record)) read.add(cell);
  }
  return { read: [...read], missing: [...missing] };
}

/** What can be read anywhere in a text. */
export function readAnywhere(cells: readonly Cell[], text: string): Cell[] {
  const byTrace = new Map(cells.flatMap((cell) => cell.rare.map((trace) => [trace, cell] as const)));
  const read = new Set<Cell>();
  for (const [run] of text.matchAll(/[A-Za-z0-9]{8,}/g)) {
    for (let at = 0; at + traceLength <= run.length; at += 1) {
      const cell = byTrace.get(run.slice(at, at + traceLength));
      if (cell !== undefined) read.add(cell);
    }
  }
  return [...read];
}

/** Leaks by place, the kinds beside each. */
export function leaksByPlace(leaks: readonly Cell[]): string[] {
  const byPlace = Map.groupBy(leaks, ({ place }) => place.label);
  return [...byPlace].map(
    ([place, found]) =>
      `${place} (${found.length}): ${found
        .slice(0, 12)
        .map(({ kind }) => kind.label)
        .join(', ')}`,
  );
}
