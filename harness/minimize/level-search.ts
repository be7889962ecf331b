/** One level searched: what its units can do without, on files that get smaller as the search goes on. */
import { createHash } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Level, LevelUnits } from './levels.ts';
import type { Candidate, Oracle } from './oracle.ts';
import { reduce, type Verdict, weightOf } from './reduce.ts';
import { type CaptureSize, rewriteCapture } from './rewrite-capture.ts';

/** A capture that holds, and the way to it, which names what is tried from it. */
export interface Base {
  readonly id: string;
  readonly file: string;
}

/** What a level found. */
export interface Found {
  readonly key: string;
  readonly write: (file: string) => CaptureSize;
  readonly words: string;
}

export interface LevelSearchOptions {
  readonly oracle: Oracle;
  /** For files in between. */
  readonly folder: string;
  /** Connections that are likely to matter. */
  readonly guess: ReadonlySet<string>;
  /** At a time, in the exact lane. */
  readonly jobs: number;
  readonly isOver: () => boolean;
  /** Of what is known to hold now. */
  readonly onBytes: (bytes: number) => void;
}

/** Below it single frames are worth a trial. */
const smallBytes = 1_000_000;
/** Above it a search goes on with a smaller file as soon as half is left out: each trial reads the file that it is a part of. */
const restartBytes = 4_000_000;

export class LevelSearch {
  readonly #options: LevelSearchOptions;
  readonly #level: Level;
  readonly #idleScore: number;
  #between: string[] = [];
  /** What held in the lane of the search before what was found, twice as large at least; until `close`. */
  earlier: Found | undefined;

  /** @param idleScore of no traffic at all */
  constructor(options: LevelSearchOptions, level: Level, idleScore: number) {
    this.#options = options;
    this.#level = level;
    this.#idleScore = idleScore;
  }

  /** @returns undefined where nothing can be left out */
  async search(from: Base): Promise<Found | undefined> {
    const { folder, isOver } = this.#options;
    let base = from;
    let found: Round | undefined;
    let whole: number | undefined;
    this.earlier = undefined;
    for (let number = 1; ; number += 1) {
      const round = await this.#round(base);
      whole ??= round?.whole;
      if (!round || round.count === round.whole) break;
      if (found) this.earlier = { ...found, words: `${whole} → ${found.count}` };
      found = round;
      if (!round.isHalf || isOver()) break;
      const file = path.join(folder, `base-${number}.pcap`);
      round.write(file);
      this.#between.push(file);
      base = { id: round.key, file };
    }
    return found && { key: found.key, write: found.write, words: `${whole} → ${found.count}` };
  }

  /** What was found can be written no longer. */
  close(): void {
    for (const file of this.#between) rmSync(file, { force: true });
    this.#between = [];
  }

  /** As far as it goes on this file. */
  async #round(base: Base): Promise<Round | undefined> {
    const { oracle, guess, jobs, isOver, onBytes } = this.#options;
    const candidate: Candidate = { key: base.id, file: base.file };
    const whole = await oracle.test(candidate);
    const { growth } = await oracle.observe(candidate, oracle.lane);
    const units = this.#level.open(base.file, guess, growth);
    if (!units) return undefined;
    const bytes = statSync(base.file).size;
    const others = bytes - weightOf(units.weights, units.order);
    const restarts = bytes > restartBytes;
    let best: readonly number[] = units.order;
    await reduce({
      weights: units.weights,
      order: units.order,
      promises: units.promises,
      test: (kept) => (isOver() ? over : oracle.test(this.#candidateOf(base, units, kept))),
      scores: { whole: whole.score, idle: this.#idleScore },
      jobs: oracle.lane === 'exact' ? jobs : 1,
      isOver,
      grainBytes: Math.max(1, Math.min(units.grainShare, 1) * (bytes < smallBytes ? bytes / 20 : bytes)),
      stopsAtHalf: restarts,
      onKept: (kept) => {
        best = kept;
        onBytes(others + weightOf(units.weights, kept));
      },
    });
    const isHalf = restarts && weightOf(units.weights, best) * 2 <= weightOf(units.weights, units.order);
    return { ...this.#candidateOf(base, units, best), whole: units.order.length, count: best.length, isHalf };
  }

  #candidateOf(base: Base, units: LevelUnits, kept: readonly number[]): Pick<Found, 'key' | 'write'> {
    return {
      key: `${this.#level.name} ${digest(base.id)} ${digestOf(kept, units.weights.length)}`,
      write: (file) => rewriteCapture(base.file, file, (out) => units.filter(kept, out)),
    };
  }
}

interface Round extends Pick<Found, 'key' | 'write'> {
  /** Units of the file, and of what is left. */
  readonly whole: number;
  readonly count: number;
  /** It stopped since half is gone. */
  readonly isHalf: boolean;
}

const over: Promise<Verdict> = Promise.resolve({ holds: false, score: 0 });

/** Names are short, however long the way. */
export const digest = (what: string | Uint8Array) => createHash('sha256').update(what).digest('hex').slice(0, 16);

function digestOf(kept: readonly number[], length: number): string {
  const bits = new Uint8Array((length >> 3) + 1);
  for (const unit of kept) bits[unit >> 3]! |= 1 << (unit & 7);
  return digest(bits);
}
