/** Answers whether a candidate still does it: from the log where it was tried, else by trials, repeated where they are near the limit. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Lane } from '../scenario/scenario.ts';
import { amountOf, type Condition, holds, type Observation, type Shifts, scoreOf } from './condition.ts';
import type { Verdict } from './reduce.ts';
import type { CaptureSize } from './rewrite-capture.ts';
import type { TrialLog } from './trial-log.ts';

export interface Candidate {
  /** Names it among all candidates of this minimization. */
  readonly key: string;
  /** Writes it; undefined: it lies in `file`. */
  readonly write?: (file: string) => CaptureSize;
  readonly file?: string;
}

export interface OracleOptions {
  readonly condition: Condition;
  readonly log: TrialLog;
  readonly run: (file: string, lane: Lane, folder: string) => Promise<Observation>;
  readonly nowMs: () => number;
  readonly onTrial: (seen: Observation) => void;
}

/**
 * A verdict so near the limit is not believed at once: resident memory of one capture differs by some per cent between runs, more
 * where the kernel decides what is read when.
 */
const noise: Readonly<Record<Lane, number>> = { exact: 0.02, tap: 0.05, load: 0.05 };
const repeatsMax = 3;
/** What is kept is to be beyond the limit by this share of it, so that it is so again on a machine that does other things too. */
export const marginOf = (lane: Lane): number => noise[lane];
/** So many times the noise from the limit, one trial of a confirmation is enough. */
const clearNoise = 2;

export class Oracle {
  lane: Lane;
  /** Added to limits in the lane of the search, so that what holds there holds in the lane of the last word. */
  shifts: Shifts = {};
  /** What is looked for: the condition as it was typed, or with a margin. */
  condition: Condition;
  readonly #options: OracleOptions;
  #number = 0;
  #sinceMs: number;

  constructor(options: OracleOptions, lane: Lane) {
    this.#options = options;
    this.lane = lane;
    this.condition = options.condition;
    this.#sinceMs = options.nowMs();
  }

  /** In the lane of the search. */
  async test(candidate: Candidate): Promise<Verdict> {
    const { condition, shifts } = this;
    const seen = await this.#decided(candidate, this.lane, shifts);
    return { holds: holds(condition, seen, shifts), score: amountOf(condition, seen, shifts) };
  }

  /**
   * In the other lane, without what limits of the search are moved by: two of three must hold. What is clear at once is not repeated.
   * @param isLast it is the last word, and holds twice in any case; an amount in two of two
   */
  async confirm(candidate: Candidate, lane: Lane, isLast = false): Promise<{ holds: boolean; seen: Observation }> {
    const { condition } = this;
    const isPlain = condition.clauses.every(({ kind }) => kind !== 'metric');
    const failedMax = isLast && !isPlain && condition !== this.#options.condition ? 1 : 2;
    let held = 0;
    let failed = 0;
    let last: Observation | undefined;
    for (let again = 0; held < 2 && failed < failedMax; again += 1) {
      const seen = await this.#once(candidate, lane, again);
      const isHeld = holds(condition, seen);
      if (isHeld) held += 1;
      else failed += 1;
      if (isHeld || !last) last = seen;
      const isClear = !isPlain && Math.abs(scoreOf(condition, seen) - 1) >= clearNoise * noise[lane];
      if (again === 0 && isClear && seen.failure === '' && !(isLast && isHeld)) break;
    }
    return { holds: held > failed && failed < failedMax, seen: last! };
  }

  /** Looks twice more at what held in the lane of the search alone: the middle one of three is what is known of it from here. */
  async reconsider(candidate: Candidate): Promise<Observation> {
    const { condition, lane, shifts } = this;
    const all: Observation[] = [];
    for (let again = 0; again < repeatsMax; again += 1) all.push(await this.#once(candidate, lane, again));
    const score = (seen: Observation) => scoreOf(condition, seen, shifts);
    const middle = all.sort((a, b) => score(a) - score(b))[repeatsMax >> 1]!;
    for (let again = 0; again < repeatsMax; again += 1) this.#options.log.add(keyOf(candidate, lane, again), middle, 0);
    return middle;
  }

  observe(candidate: Candidate, lane: Lane): Promise<Observation> {
    return this.#once(candidate, lane, 0);
  }

  /** The middle one of as many trials as it takes. */
  async #decided(candidate: Candidate, lane: Lane, shifts: Shifts): Promise<Observation> {
    const { condition } = this;
    const score = (seen: Observation) => scoreOf(condition, seen, shifts);
    const first = await this.#once(candidate, lane, 0);
    const isNear = Math.abs(score(first) - 1) < noise[lane];
    const isPlain = condition.clauses.every(({ kind }) => kind !== 'metric');
    // What is no quantity is repeated where it holds: what was luck is not kept.
    if (isPlain ? score(first) < 1 || lane === 'exact' : !isNear) return first;
    const all = [first];
    while (all.length < repeatsMax) {
      all.push(await this.#once(candidate, lane, all.length));
      const held = all.filter((seen) => score(seen) >= 1).length;
      if (held >= 2 || all.length - held >= 2) break;
    }
    return all.sort((a, b) => score(a) - score(b))[all.length >> 1]!;
  }

  /** What memory grew with is of use for what is searched further: for a whole file, and for a part that holds. */
  #kept(candidate: Candidate, seen: Observation): Observation {
    const { condition } = this;
    const isKept = candidate.write === undefined || holds(condition, seen, this.shifts);
    if (isKept || !seen.growth) return seen;
    const { growth: _, ...rest } = seen;
    return rest;
  }

  async #once(candidate: Candidate, lane: Lane, again: number): Promise<Observation> {
    const { log, run, nowMs, onTrial } = this.#options;
    const key = keyOf(candidate, lane, again);
    const known = log.get(key);
    if (known) return known;
    this.#number += 1;
    const folder = path.join(log.folder, `trial-${this.#number}`);
    const file = candidate.file ?? path.join(log.folder, `candidate-${this.#number}.pcap`);
    try {
      candidate.write?.(file);
      const seen = this.#kept(candidate, await run(file, lane, folder));
      // Of trials side by side each counts only what came after the one that ended before it.
      const now = nowMs();
      log.add(key, seen, now - this.#sinceMs);
      this.#sinceMs = now;
      onTrial(seen);
      return seen;
    } finally {
      if (candidate.write) rmSync(file, { force: true });
    }
  }
}

const keyOf = ({ key }: Candidate, lane: Lane, again: number) => `${lane} ${key} ${again}`;
