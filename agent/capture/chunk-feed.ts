/** Feeds one chunk of a capture after another to its reader, in slices, so that a read ends near the frames asked for. */
import assert from 'node:assert';
import { AnyCaptureReader } from '../pcap/capture-reader.ts';
import { FilterSink, type FrameFilter } from './filter-sink.ts';
import { type CaptureInterface, type CaptureStats, chunkBytes, type FrameSink } from './frame-source.ts';

/** A slice holds some 300 full-sized frames to 6,500 of the smallest: `framesMax` is overshot by no more. */
const sliceBytes = chunkBytes;

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

  /** Takes the next chunk, `bytes[start, end)`, which must stay as it is until `isEmpty`. */
  offer(bytes: Uint8Array, start: number, end: number): void {
    assert(this.isEmpty);
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Delivers from the chunk until it is used up or about `framesMax` frames were; returns how many. */
  deliver(sink: FrameSink, framesMax: number): number {
    const target = this.#filter ?? sink;
    if (this.#filter !== null) this.#filter.target = sink;
    const before = this.#reader.framesRead;
    while (this.#at < this.#end && this.#reader.framesRead - before < framesMax) {
      const start = this.#at;
      this.#at = Math.min(start + sliceBytes, this.#end);
      this.#reader.push(this.#bytes, start, this.#at, target);
    }
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
