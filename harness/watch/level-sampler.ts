/**
 * Resident memory read once a millisecond, for percentiles: a p99.9 needs ten thousand readings. A thread of its own reads,
 * since a timer between other work comes late; it takes 2 % of a core, most of it for waking up.
 */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { levelCells, newLevelMemory } from './level-memory.ts';

export interface Levels {
  /** Milliseconds since the epoch, ascending. */
  readonly tMs: readonly number[];
  readonly bytes: readonly number[];
  /** Of `bytes`, what lies in no file. */
  readonly ownBytes: readonly number[];
}

const intervalMsDefault = 1;
/** A thread that does not end in this time (the machine is starved) is left to itself. */
const endTimeoutMs = 1_000;

export class LevelSampler {
  readonly #shared = newLevelMemory().shared;
  readonly #worker: Worker;
  #levels: Levels | undefined;

  /** @param intervalMs between two readings @default 1 */
  constructor(pid: number, intervalMs = intervalMsDefault) {
    const module = new URL(`./level-thread${path.extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(module, { workerData: { pid, intervalMs, shared: this.#shared } });
    // It must not keep the harness alive, and readings that are missing are missed by who counts them.
    this.#worker.unref();
    this.#worker.on('error', () => {});
  }

  /** Ends the thread. @returns every reading it took; safe to call twice */
  stop(): Levels {
    if (this.#levels) return this.#levels;
    const { control, tMs, bytes, ownBytes } = levelCells(this.#shared);
    Atomics.store(control, 1, 1);
    Atomics.notify(control, 1);
    if (Atomics.load(control, 3) === 1) Atomics.wait(control, 2, 0, endTimeoutMs);
    void this.#worker.terminate();
    const count = Atomics.load(control, 0);
    this.#levels = {
      tMs: Array.from(tMs.subarray(0, count)),
      bytes: Array.from(bytes.subarray(0, count)),
      ownBytes: Array.from(ownBytes.subarray(0, count)),
    };
    return this.#levels;
  }
}
