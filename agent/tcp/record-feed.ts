/** Frames as the records of a pcap file in a layer's own memory, as a file source reads them. For this layer's tests only. */
import assert from 'node:assert';
import { chunkBytes } from '../capture/frame-source.ts';
import { PcapReader } from '../pcap/pcap-reader.ts';
import { PcapWriter } from '../pcap/pcap-writer.ts';
import type { TcpLayer } from './tcp.ts';

/** Records of frames are collected until a chunk of this size is full, or `flush`. */
export class RecordFeed {
  readonly #layer: TcpLayer;
  readonly #reader = new PcapReader();
  readonly #writer: PcapWriter;
  readonly #chunkBytesMax: number;
  #chunk: Uint8Array[] = [];
  #bytes = 0;

  /** @param chunkBytesMax 0: every frame is a chunk */
  constructor(layer: TcpLayer, chunkBytesMax = 0) {
    assert(chunkBytesMax < chunkBytes - 80_000);
    this.#layer = layer;
    this.#chunkBytesMax = chunkBytesMax;
    this.#writer = new PcapWriter((bytes, start, end) => {
      this.#chunk.push(bytes.slice(start, end));
      this.#bytes += end - start;
    });
  }

  /** @param tsUs whole microseconds, from 1970 on */
  feed(frame: Uint8Array, captured: number, wireLength: number, tsUs: number): void {
    this.#writer.frame(frame, 0, captured, wireLength, tsUs);
    this.#writer.flush();
    if (this.#bytes >= this.#chunkBytesMax) this.flush();
  }

  flush(): void {
    const { records } = this.#layer;
    const memory = records?.bytes ?? new Uint8Array(chunkBytes);
    const start = records?.inputStart ?? 0;
    memory.set(Buffer.concat(this.#chunk), start);
    this.#chunk = [];
    const end = start + this.#bytes;
    this.#bytes = 0;
    this.#reader.push(memory, start, end, this.#layer);
  }
}
