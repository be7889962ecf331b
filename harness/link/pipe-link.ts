/** The exact lane: frames with their recorded boundaries and times, as pcapng, into whatever reads the pipe. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { holdBlock } from '../../agent/pcap/hold-block.ts';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import type { LinkCounters, LinkDevice } from './link.ts';

/** Written at once: what a pipe holds by default. */
const chunkBytes = 65_536;

export class PipeLink implements LinkDevice {
  readonly name: string;
  readonly lane = 'exact';
  readonly #stream: Writable;
  readonly #writer: PcapngWriter;
  /** Handed to the writer since the last chunk went out. */
  #framesGathered = 0;
  #bytesGathered = 0;
  #framesTaken = 0;
  #bytesTaken = 0;
  #bytesWritten = 0;
  #chunksUnderWay = 0;
  #wantsDrain = false;
  #isAbandoned = false;
  framesRefused = 0;

  /** @param stream stays the caller's: `close` does not end it. */
  constructor(stream: Writable, name: string) {
    this.name = name;
    this.#stream = stream;
    this.#writer = new PcapngWriter((bytes, start, end) => this.#out(bytes, start, end), { bufferBytes: chunkBytes });
    this.#writer.addInterface({ name: 'floodgate', linkType: 1, snapLength: 262_144 });
  }

  /** Whether the reader is behind: `ready` resolves when it has caught up. */
  get isFull(): boolean {
    return this.#wantsDrain;
  }

  /** Whether the reader is gone, or is not waited for. */
  get isBroken(): boolean {
    return this.#isAbandoned || this.#stream.destroyed || this.#stream.writableEnded;
  }

  /** Waits for the reader no longer: it may hang. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#wake?.();
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number): void {
    if (this.isBroken) {
      this.framesRefused += 1;
      return;
    }
    this.#writer.frame(bytes, start, end, wireLength, tsUs, 0);
    this.#framesGathered += 1;
    this.#bytesGathered += end - start;
  }

  /** Chunks go out when they are full, and with `drain`. */
  flush(): void {}

  /** Frames whose bytes the pipe has taken; a frame cut by the end of a chunk counts with the next. */
  counters(): LinkCounters {
    return { frames: this.#framesTaken, bytes: this.#bytesTaken, dropped: 0 };
  }

  /** Resolves when the reader has caught up, or is gone. */
  async ready(): Promise<void> {
    while (this.#wantsDrain && !this.isBroken) await this.#change();
  }

  /** Also asks the reader to look up from its pipe, where it reads in step with us. */
  async drain(): Promise<void> {
    this.#writer.flush();
    const hold = holdBlock(this.#bytesWritten);
    this.#out(hold, 0, hold.length);
    while (this.#chunksUnderWay > 0 && !this.isBroken) await this.#change();
  }

  close(): void {}

  #out(bytes: Uint8Array, start: number, end: number): void {
    const frames = this.#framesGathered;
    const length = this.#bytesGathered;
    this.#framesGathered = this.#bytesGathered = 0;
    if (this.isBroken) {
      this.framesRefused += frames;
      return;
    }
    this.#chunksUnderWay += 1;
    this.#bytesWritten += end - start;
    this.#wantsDrain = !this.#stream.write(bytes.slice(start, end), (error) => {
      this.#chunksUnderWay -= 1;
      if (error) this.framesRefused += frames;
      else {
        this.#framesTaken += frames;
        this.#bytesTaken += length;
      }
      this.#wantsDrain = this.#stream.writableNeedDrain;
      this.#wake?.();
    });
  }

  #wake: (() => void) | undefined;

  /** The next chunk taken, or the end of the stream. */
  async #change(): Promise<void> {
    const ended = new AbortController();
    const taken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([taken, once(this.#stream, 'close', { signal: ended.signal }).catch(() => {})]);
    ended.abort();
  }
}
