/** Feeds one chunk of a capture after another to its reader. A read ends with a chunk: near the frames asked for. */
import assert from 'node:assert';
import { AnyCaptureReader } from '../pcap/capture-reader.ts';
import { FilterSink, type FrameFilter } from './filter-sink.ts';
import { type CaptureInterface, type CaptureStats, chunkBytes, type FrameSink } from './frame-source.ts';

export class ChunkFeed {
  readonly #reader: AnyCaptureReader;
  readonly #filter: FilterSink | null;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;

  /** @param what names the input in errors. */
  constructor(what: string, filter: FrameFilter | null) {
    this.#reader = new AnyCaptureReader(what);
    this.#filter = filter === null ? null : new FilterSink(filter, this.#reader);
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#reader.interfaces;
  }

  /** Whether the chunk is used up and the next may come. */
  get isEmpty(): boolean {
    return this.#at === this.#end;
  }

  /**
   * Takes the next chunk, `bytes[start, end)`, which must stay as it is until `isEmpty`. It holds some 300 full-sized frames
   * to 6,500 of the smallest: `FrameSource.read` overshoots by no more.
   */
  offer(bytes: Uint8Array, start: number, end: number): void {
    assert(this.isEmpty && end - start <= chunkBytes);
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Delivers the chunk, if there is one; returns how many frames were in it. */
  deliver(sink: FrameSink): number {
    if (this.isEmpty) return 0;
    const target = this.#filter ?? sink;
    if (this.#filter !== null) this.#filter.target = sink;
    const before = this.#reader.framesRead;
    const start = this.#at;
    this.#at = this.#end;
    this.#reader.push(this.#bytes, start, this.#end, target);
    return this.#reader.framesRead - before;
  }

  /** @throws FloodgateError as `CaptureReader.finish`. */
  finish(): void {
    this.#reader.finish();
  }

  /** Frames the filter refused count as not received, as they do in the kernel. */
  stats(): CaptureStats[] {
    return this.interfaces.map(({ name }, index) => ({
      name,
      framesReceived: this.#reader.framesOf(index) - (this.#filter?.refusedOf(index) ?? 0),
      framesDropped: this.#reader.droppedOf(index),
    }));
  }
}
