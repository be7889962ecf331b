/** Bodies of requests that come in at one time, in a bounded number of bytes: when it is spent the slowest makes room. */
import type { IncomingMessage } from 'node:http';
import { collectLimits } from '../limits.ts';
import { Refusal, tooLarge } from './batch-decoder.ts';

const { bodyBytesMax, heldBytesMax } = collectLimits;
/** A batch of the usual size fits at once or the second time. */
const firstBytes = 64 << 10;
/** No body counts as slow before. */
const slowMsMin = 5_000;

interface Reception {
  readonly request: IncomingMessage;
  readonly startedMs: number;
  bytes: number;
}

export interface HeldBody {
  readonly bytes: Buffer;
  release(): void;
}

export class BodyBudget {
  /** Requests broken off because they were the slowest. */
  evicted = 0;
  readonly #nowMs: () => number;
  readonly #receptions = new Set<Reception>();
  #heldBytes = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The whole body, held until it is released. Room is paid for, not bytes: pieces are copied as they come. @throws Refusal */
  async receive(request: IncomingMessage): Promise<HeldBody> {
    const reception: Reception = { request, startedMs: this.#nowMs(), bytes: 0 };
    this.#receptions.add(reception);
    let room: Buffer = Buffer.alloc(0);
    const release = () => {
      this.#heldBytes -= room.length;
      room = Buffer.alloc(0);
    };
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        const { bytes } = reception;
        if (bytes + chunk.length > bodyBytesMax) throw tooLarge(bodyBytesMax);
        if (bytes + chunk.length > room.length) room = this.#grow(room, bytes, bytes + chunk.length, reception);
        chunk.copy(room, bytes);
        reception.bytes += chunk.length;
      }
      return { bytes: room.subarray(0, reception.bytes), release };
    } catch (error) {
      release();
      if (error instanceof Refusal) throw error;
      throw new Refusal(408, 'the request ended early');
    } finally {
      this.#receptions.delete(reception);
    }
  }

  #grow(room: Buffer, usedBytes: number, wantedBytes: number, asking: Reception): Buffer {
    let bytes = Math.max(firstBytes, room.length * 2);
    while (bytes < wantedBytes) bytes *= 2;
    bytes = Math.min(bytes, bodyBytesMax);
    const more = bytes - room.length;
    if (this.#heldBytes + more > heldBytesMax) {
      this.#evictSlowest(asking);
      throw new Refusal(503, 'too many bytes at one time');
    }
    this.#heldBytes += more;
    const grown = Buffer.allocUnsafeSlow(bytes);
    room.copy(grown, 0, 0, usedBytes);
    return grown;
  }

  /** Whoever asked comes again, and finds its room then. */
  #evictSlowest(asking: Reception): void {
    const now = this.#nowMs();
    const rateOf = ({ bytes, startedMs }: Reception) => bytes / Math.max(1, now - startedMs);
    let slowest: Reception | null = null;
    for (const each of this.#receptions) {
      if (each === asking || now - each.startedMs < slowMsMin) continue;
      if (slowest === null || rateOf(each) < rateOf(slowest)) slowest = each;
    }
    if (slowest === null) return;
    this.evicted += 1;
    slowest.request.destroy();
  }
}
