/**
 * One internal profile, after pprof's model: stacks of call sites with values. Kept as a tree of call paths in columns,
 * so that a stack is one number and a hundred thousand samples are a few typed arrays.
 */
import assert from 'node:assert/strict';

/** What a value means, in pprof's words: `alloc_space`/`bytes`, `inuse_objects`/`count`, `cpu`/`nanoseconds` … */
export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

/** Columns of call sites: a site is a line of a function of a file. */
export interface CallSites {
  readonly functionName: readonly string[];
  readonly file: readonly string[];
  /** 1-based line that was running or allocating; 0 where unknown. */
  readonly line: readonly number[];
  /** 1-based; 0 where unknown. */
  readonly column: readonly number[];
}

export interface Profile {
  readonly sampleTypes: readonly ValueType[];
  /** Bytes (or nanoseconds) between samples, of `periodType`; 0 for an exact ledger. */
  readonly period: number;
  readonly periodType: ValueType;
  /** Unix time of its start in milliseconds; 0 where unknown. */
  readonly timeMs: number;
  readonly durationMs: number;
  readonly sites: CallSites;
  /** Parent node of each node; node 0 is the root (−1). A parent always comes before its children. */
  readonly parent: Int32Array;
  /** Call site of each node; −1 for the root. */
  readonly site: Int32Array;
  /** One column per sample type: the node's own values, without its callees. */
  readonly self: readonly Float64Array[];
}

/** A profile of a minute at 8 KiB has some 50 thousand paths; forty times that is an accident or an attack. */
export const NODES_MAX = 2_000_000;
/** V8 itself cuts stacks at far less; deeper ones come from a broken or hostile file and are cut at the outer end. */
export const DEPTH_MAX = 1_024;

/** A file that is not what it should be; the message says what and, where known, where. */
export class ProfileError extends Error {
  constructor(message: string, options?: { cause: unknown }) {
    super(message, options);
    this.name = 'ProfileError';
  }
}

export interface ProfileHead {
  readonly sampleTypes: readonly ValueType[];
  readonly period?: number;
  readonly periodType?: ValueType;
  readonly timeMs?: number;
  readonly durationMs?: number;
}

/** Every importer ends here: sites and paths are merged as they arrive. */
export class ProfileBuilder {
  readonly #head: ProfileHead;
  readonly #siteOf = new Map<string, number>();
  readonly #childOf = new Map<number, number>();
  readonly #functionName: string[] = [];
  readonly #file: string[] = [];
  readonly #line: number[] = [];
  readonly #column: number[] = [];
  readonly #parent: number[] = [-1];
  readonly #site: number[] = [-1];
  readonly #depth: number[] = [0];
  readonly #self: number[][];

  constructor(head: ProfileHead) {
    assert(head.sampleTypes.length > 0, 'a profile needs a sample type');
    this.#head = head;
    this.#self = head.sampleTypes.map(() => [0]);
  }

  /** Index of a call site, made on first use. */
  site(functionName: string, file: string, line: number, column = 0): number {
    const key = `${functionName}\0${file}\0${line}\0${column}`;
    const known = this.#siteOf.get(key);
    if (known !== undefined) return known;
    const index = this.#file.length;
    this.#siteOf.set(key, index);
    this.#functionName.push(functionName);
    this.#file.push(file);
    this.#line.push(line);
    this.#column.push(column);
    return index;
  }

  /** Index of the path that calls `site` from `parent`, made on first use. @throws ProfileError beyond NODES_MAX. */
  child(parent: number, site: number): number {
    assert(parent >= 0 && parent < this.#parent.length && site >= 0 && site < this.#file.length);
    if (this.#depth[parent]! >= DEPTH_MAX) return parent;
    // Both factors stay below 2²⁶, their product below 2⁵³.
    const key = parent * 2 ** 26 + site;
    const known = this.#childOf.get(key);
    if (known !== undefined) return known;
    const index = this.#parent.length;
    if (index >= NODES_MAX) throw new ProfileError(`the profile has more than ${NODES_MAX} call paths`);
    this.#childOf.set(key, index);
    this.#parent.push(parent);
    this.#site.push(site);
    this.#depth.push(this.#depth[parent]! + 1);
    for (const column of this.#self) column.push(0);
    return index;
  }

  /** Adds to a path's own value of one sample type. */
  add(node: number, type: number, value: number): void {
    const column = this.#self[type];
    assert(column && node < column.length);
    column[node]! += value;
  }

  finish(): Profile {
    const { sampleTypes, period = 0, periodType, timeMs = 0, durationMs = 0 } = this.#head;
    return {
      sampleTypes,
      period,
      periodType: periodType ?? { type: 'space', unit: 'bytes' },
      timeMs,
      durationMs,
      sites: { functionName: this.#functionName, file: this.#file, line: this.#line, column: this.#column },
      parent: Int32Array.from(this.#parent),
      site: Int32Array.from(this.#site),
      self: this.#self.map((column) => Float64Array.from(column)),
    };
  }
}

/** Index of a sample type by name; the first bytes-like one (or the first) where no name is given. @throws ProfileError */
export function sampleTypeIndex(profile: Profile, type?: string): number {
  const { sampleTypes } = profile;
  const index =
    type === undefined
      ? Math.max(
          0,
          sampleTypes.findIndex((each) => each.unit === 'bytes' || each.unit === 'nanoseconds'),
        )
      : sampleTypes.findIndex((each) => each.type === type);
  if (index >= 0) return index;
  throw new ProfileError(`the profile has no ${type}; it has ${sampleTypes.map((each) => each.type).join(', ')}`);
}

/** Own value plus that of everything called, per node. One pass backwards, since parents come first. */
export function totals(profile: Profile, type: number): Float64Array {
  const total = Float64Array.from(profile.self[type]!);
  for (let node = total.length - 1; node > 0; node -= 1) total[profile.parent[node]!]! += total[node]!;
  return total;
}

/** Call sites of a node from the outermost to itself. */
export function stackOf(profile: Profile, node: number): number[] {
  const stack: number[] = [];
  for (let at = node; at > 0; at = profile.parent[at]!) stack.push(profile.site[at]!);
  return stack.reverse();
}

/** Sum of one sample type over the whole profile. */
export function sumOf(profile: Profile, type: number): number {
  let sum = 0;
  for (const value of profile.self[type]!) sum += value;
  return sum;
}
