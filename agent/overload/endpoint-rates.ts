/**
 * How often each endpoint comes, in a table of fixed size, and how likely an exchange of it is to be chosen. Hot path under
 * overload: typed arrays, no object an exchange. Time is the packets'.
 *
 * Of a share s of all exchanges, an endpoint with c of them a second gets s·C·√c / Σ√c, where C is all of them: a flood of one
 * endpoint leaves room for the others, and is still chosen more often than they are.
 *
 * The first few of an endpoint in each minute are certain, within so many a second over all of them: whoever makes up
 * endpoints by the thousand gets no more than that. Where only numbers distinguish paths, the first of each path is certain
 * too, in the same way and from an allowance of its own.
 */
import { Allowance } from './allowance.ts';
import type { ShapeHash } from './path-shape.ts';
import { endpointsMax, pathBits, endpointWords as words } from './sampler-memory.ts';

/** Of an endpoint in a minute. */
const certainEach = 5;
/** A second, with as many at once; a witness of a small exchange takes some 80 µs, so that all three are a twelfth of a core. */
const allowances = { first: 500, next: 250, path: 250 } as const;

/** Endpoints are looked for among so many places. */
const ways = 4;
const Word = { high: 0, low: 1, second: 2, count: 3, before: 4, minute: 5, inMinute: 6 } as const;

export class EndpointRates {
  /** Of the exchange that was noted last: whether it is certain. */
  isCertain = false;
  /** Of the exchange that was noted last: how many of its endpoint there were in a second, this one or the one before. */
  count = 1;
  /** Endpoints that made room for others. */
  evicted = 0;
  readonly #table = new Int32Array(endpointsMax * words);
  readonly #paths = new Int32Array(pathBits / 32);
  readonly #first = new Allowance(allowances.first);
  readonly #next = new Allowance(allowances.next);
  readonly #path = new Allowance(allowances.path);
  #second = 0;
  #minute = 0;
  #total = 0;
  #roots = 0;
  /** C / Σ√c of the second before. */
  #ratioBefore = 0;

  /** Takes note of an exchange that began at `tsUs`. */
  note({ high, low, path }: ShapeHash, tsUs: number): void {
    const second = Math.floor(tsUs / 1e6) | 0;
    if (second !== this.#second) this.#turn(second, tsUs);
    const table = this.#table;
    const at = this.#place(high, low, second);
    if (table[at + Word.second] !== second) {
      table[at + Word.before] = table[at + Word.second] === second - 1 ? table[at + Word.count]! : 0;
      table[at + Word.count] = 0;
      table[at + Word.second] = second;
    }
    const count = table[at + Word.count]! + 1;
    table[at + Word.count] = count;
    this.#total += 1;
    this.#roots += Math.sqrt(count) - Math.sqrt(count - 1);
    this.count = Math.max(count, table[at + Word.before]!);
    this.isCertain = this.#isAllowed(at, path, tsUs);
  }

  /** How likely the exchange that was noted last is to be chosen, where `share` of all are to be. */
  inclusion(share: number): number {
    if (this.isCertain) return 1;
    const ratio = Math.max(this.#ratioBefore, this.#total / this.#roots);
    return Math.min(1, (share * ratio) / Math.sqrt(this.count));
  }

  #turn(second: number, tsUs: number): void {
    this.#ratioBefore = this.#total > 0 ? this.#total / this.#roots : 0;
    this.#total = 0;
    this.#roots = 0;
    this.#second = second;
    const minute = Math.floor(tsUs / 60e6) | 0;
    if (minute === this.#minute) return;
    this.#minute = minute;
    this.#paths.fill(0);
  }

  /** Of the endpoint, which replaces the one not seen for the longest time where it is new. */
  #place(high: number, low: number, second: number): number {
    const table = this.#table;
    const first = ((low >>> 0) % (endpointsMax / ways)) * ways * words;
    let oldest = first;
    for (let at = first; at < first + ways * words; at += words) {
      if (table[at + Word.high] === high && table[at + Word.low] === low) return at;
      if (table[at + Word.second]! < table[oldest + Word.second]!) oldest = at;
    }
    if (table[oldest + Word.second] !== 0) this.evicted += 1;
    table.fill(0, oldest, oldest + words);
    table[oldest + Word.high] = high;
    table[oldest + Word.low] = low;
    table[oldest + Word.second] = second;
    return oldest;
  }

  #isAllowed(at: number, path: number, tsUs: number): boolean {
    const table = this.#table;
    if (table[at + Word.minute] !== this.#minute) {
      table[at + Word.minute] = this.#minute;
      table[at + Word.inMinute] = 0;
    }
    const before = table[at + Word.inMinute]!;
    const word = (path >>> 5) % (pathBits / 32);
    const bit = path === 0 ? 0 : 1 << (path & 31);
    if (before < certainEach && (before === 0 ? this.#first : this.#next).take(tsUs)) {
      table[at + Word.inMinute] = before + 1;
    } else if (bit === 0 || (this.#paths[word]! & bit) !== 0 || !this.#path.take(tsUs)) return false;
    this.#paths[word]! |= bit;
    return true;
  }
}
