/**
 * Batches as `collect` receives them, from their coding to witnesses: one at a time, in memory of a fixed size, a bounded number
 * of others waiting. Whoever has gone is neither waited for nor worked for.
 */
import { witnessDigest } from '../digest/digest.ts';
import { decodeWitness } from '../encode/witness-decoder.ts';
import { outlineWitness } from '../encode/witness-outline.ts';
import { witnessWeight } from '../encode/witness-weight.ts';
import { collectGarbage } from '../governor/process-memory.ts';
import { collectLimits } from '../limits.ts';
import type { Witness } from '../witness/ir.ts';
import type { BatchCoding } from './batch-compressor.ts';
import { bodyDecoder } from './batch-expander.ts';
import type { BatchedWitness, StoredWitness } from './witness-store.ts';

/** Something is wrong with a request: its status, and words for its author. */
export class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const tooLarge = (bytesMax: number) => new Refusal(413, `a batch has ${bytesMax >> 20} MiB at most`);

/** An agent chooses one exchange in a million where one endpoint is nearly all there is, of connections chosen 1 in 64. */
const weightMax = 2 ** 32;
/** Other connections have their turn after so many bytes. */
const turnBytes = 256 << 10;
/** Decoded in 10 ms. */
const shortBytesMax = 64 << 10;
/** Of batches that begin with a longer witness, so many have it decoded. */
const longShare = 1 / 16;
/** A longer witness is not decoded if its keys are digests: its values may weigh hundreds of megabytes as objects. */
const weighedBytesMax = 1 << 20;
/** A full collection takes some ms: not after each small batch. */
const leftWeightMax = 32e6;
const { decodedBytesMax, queueMax, witnessesMax, batchWeightMax } = collectLimits;

export class BatchDecoder {
  /** Whatever is inflated lies here, one batch after the other. */
  #memory: Buffer | null = null;
  #isBusy = false;
  /** What batches left behind as garbage. */
  readonly #left = { weight: 0 };
  readonly #waiting: (() => void)[] = [];

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether a batch is being decoded, or waits for that. */
  get isBusy(): boolean {
    return this.#isBusy || this.#waiting.length > 0;
  }

  /**
   * Decodes a batch when it is its turn and has `store` take it, whose witnesses are valid during that call only.
   * @param signal aborted when the answer is no longer awaited
   * @throws Refusal of the request; `signal`'s reason
   */
  async decode<T>(
    body: Buffer,
    coding: BatchCoding,
    signal: AbortSignal,
    store: (witnesses: BatchedWitness[]) => T,
  ): Promise<T> {
    await this.#turn(signal);
    try {
      this.#memory ??= Buffer.allocUnsafeSlow(decodedBytesMax);
      const length = await expand(body, coding, this.#memory, signal);
      return store(await readWitnesses(this.#memory.subarray(0, length), signal, this.#left));
    } finally {
      // Otherwise V8 lets what several batches left behind pile up.
      if (this.#left.weight > leftWeightMax) {
        collectGarbage();
        this.#left.weight = 0;
      }
      this.#isBusy = false;
      this.#waiting.shift()?.();
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isBusy) {
      if (this.#waiting.length >= queueMax) throw new Refusal(503, 'too many batches wait to be decoded');
      await new Promise<void>((resolve, reject) => {
        const isNext = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          this.#waiting.splice(this.#waiting.indexOf(isNext), 1);
          reject(signal.reason);
        };
        this.#waiting.push(isNext);
        signal.addEventListener('abort', leave, { once: true });
      });
    }
    this.#isBusy = true;
  }
}

/** @returns how many bytes of `memory` it took */
function expand(body: Buffer, coding: BatchCoding, memory: Buffer, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const decoder = bodyDecoder(coding);
    let length = 0;
    const stop = () => end(signal.reason);
    const end = (error: unknown) => {
      signal.removeEventListener('abort', stop);
      decoder.destroy();
      if (error === null) resolve(length);
      else reject(error);
    };
    signal.addEventListener('abort', stop, { once: true });
    decoder.on('data', (chunk: Buffer) => {
      if (length + chunk.length > memory.length) {
        end(tooLarge(decodedBytesMax));
        return;
      }
      memory.set(chunk, length);
      length += chunk.length;
    });
    decoder.on('end', () => end(null));
    decoder.on('error', () => end(new Refusal(400, `the body is no ${coding}`)));
    decoder.end(body);
  });
}

/**
 * Values are not decoded where an agent has keyed them by their digests: the first witness of a batch is decoded all the
 * same (a long one of one batch in sixteen), and where its keys are others, all of the batch are.
 *
 * @throws Refusal where the bytes are no witnesses, each with its length before it.
 */
async function readWitnesses(bytes: Buffer, signal: AbortSignal, left: { weight: number }): Promise<BatchedWitness[]> {
  const witnesses: BatchedWitness[] = [];
  let at = 0;
  let weight = 0;
  let turnAt = turnBytes;
  /** Null: it is to be found out. What is not decoded is not weighed either: it becomes no objects. */
  let isKeyed: boolean | null = null;
  while (at < bytes.length) {
    let length = 0;
    let scale = 1;
    let byte = 0x80;
    for (let digits = 0; byte >= 0x80 && digits < 5 && at < bytes.length; digits += 1, scale *= 128) {
      byte = bytes[at++]!;
      length += (byte & 0x7f) * scale;
    }
    if (byte >= 0x80 || at + length > bytes.length) throw new Refusal(400, 'a witness is cut');
    if (witnesses.length === witnessesMax) throw new Refusal(413, `a batch has ${witnessesMax} witnesses at most`);
    const witness = bytes.subarray(at, at + length);
    const outline: StoredWitness | undefined = isKeyed === false ? undefined : outlined(witness);
    if (witnesses.length === 0 && length > shortBytesMax && Math.random() >= longShare) isKeyed = true;
    if (outline !== undefined && (isKeyed === true || length > weighedBytesMax))
      witnesses.push({ ...outline, place: at });
    else {
      const its = witnessWeight(witness, batchWeightMax);
      weight += its;
      if (!(weight <= batchWeightMax))
        throw new Refusal(400, 'no witnesses, or more values than an agent sends at once');
      left.weight += its;
      const read: StoredWitness = readWitness(witness);
      isKeyed ??= outline !== undefined && outline.digest === read.digest;
      witnesses.push({ ...read, place: at });
    }
    at += length;
    if (at < turnAt) continue;
    turnAt = at + turnBytes;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
  return witnesses;
}

function readWitness(bytes: Buffer): StoredWitness {
  const stored = tryTo(() => storedOf(bytes, decodeWitness(bytes)));
  if (stored === undefined) throw new Refusal(400, 'bytes that are no witness');
  return stored;
}

/** Undefined where its keys do not say enough. */
function outlined(bytes: Buffer): StoredWitness | undefined {
  return tryTo(() => {
    const outline = outlineWitness(bytes);
    return outline && storedOf(bytes, outline);
  });
}

function tryTo<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function storedOf(bytes: Buffer, witness: Witness): StoredWitness {
  const { method = '', host = '', pathTemplate: path = '', weight = 0 } = witness.method?.meta ?? {};
  if (!(weight === 0 || (weight >= 1 && weight <= weightMax)))
    throw new Error('a weight below 1, or beyond all reason');
  return { digest: witnessDigest(witness), method, host, path, weight: weight || 1, bytes };
}
