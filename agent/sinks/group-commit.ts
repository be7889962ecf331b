/**
 * Batches of several connections in one transaction: a disk is waited for once, and each batch is acknowledged only when it is
 * on it. A batch that nobody else waits behind is committed at once.
 */
import { collectLimits } from '../limits.ts';
import { Refusal } from './batch-decoder.ts';
import type { StoredBatch, WitnessStore } from './witness-store.ts';

/** However many wait: an agent waits for its answer, and holds its batch meanwhile. */
const batchesMax = 32;
const waitMsMax = 100;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions {
  readonly store: WitnessStore;
  /** Whether more batches are about to come. */
  readonly areMoreComing: () => boolean;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #waiting: Waiting[] = [];
  /** By identity, until it is durable. */
  readonly #pending = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #witnesses = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Whether a batch is stored already; resolves once that is durable. @throws what kept it from becoming so */
  async has(identity: string): Promise<boolean> {
    const pending = this.#pending.get(identity);
    if (pending === undefined) return this.#options.store.has(identity);
    await pending;
    return true;
  }

  /**
   * Stores a batch. The witnesses are needed during the call only.
   * @returns resolves when it is durable. @throws Refusal where there is no room, at once or then
   */
  add(batch: StoredBatch): Promise<void> {
    if (!this.#options.store.put(batch)) throw noRoom();
    const durable = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
    this.#pending.set(batch.identity, durable);
    this.#witnesses += batch.witnesses.length;
    // Whoever asked may have gone.
    durable.catch(() => {});
    // After the turn: whoever waits to be decoded has had its chance to say so.
    this.#timer ??= setTimeout(() => this.commit(), waitMsMax);
    setImmediate(() => {
      const isFull = this.#waiting.length >= batchesMax || this.#witnesses >= collectLimits.groupWitnessesMax;
      if (isFull || !this.#options.areMoreComing()) this.commit();
    });
    return durable;
  }

  /** Makes durable what is stored so far. */
  commit(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting.splice(0);
    this.#pending.clear();
    this.#witnesses = 0;
    try {
      if (!this.#options.store.commit()) throw noRoom();
    } catch (error) {
      for (const { reject } of waiting) reject(error);
      return;
    }
    for (const { resolve } of waiting) resolve();
  }
}

function noRoom(): Refusal {
  return new Refusal(507, 'the store is full');
}
