/** A traffic that ends after so many frames, so many bytes or so much of its own time, whatever else its source holds. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import type { TrafficEnd } from './rate-profile.ts';
import type { ImpairmentRecord, Phase, Traffic } from './traffic.ts';

export class CutTraffic implements Traffic, FrameSink {
  readonly linkType: number;
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
  readonly #source: Traffic;
  readonly #frames: number;
  readonly #bytes: number;
  readonly #trafficUs: number;
  #target: FrameSink | undefined;
  #sent = 0;
  #sentBytes = 0;
  #firstTsUs = -1;
  #isOver = false;

  constructor(source: Traffic, end: TrafficEnd) {
    this.#source = source;
    this.linkType = source.linkType;
    this.framesExpected = end.frames;
    this.bytesExpected = end.bytes;
    this.durationUs = end.trafficUs;
    this.phases = source.phases;
    this.#frames = end.frames ?? Number.POSITIVE_INFINITY;
    this.#bytes = end.bytes ?? Number.POSITIVE_INFINITY;
    this.#trafficUs = end.trafficUs ?? Number.POSITIVE_INFINITY;
  }

  get impairments(): readonly ImpairmentRecord[] {
    return this.#source.impairments;
  }

  read(sink: FrameSink, framesMax: number): number {
    if (this.#isOver) return -1;
    this.#target = sink;
    const before = this.#sent;
    if (this.#source.read(this, framesMax) < 0) this.#isOver = true;
    return this.#isOver && this.#sent === before ? -1 : this.#sent - before;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (this.#firstTsUs < 0) this.#firstTsUs = tsUs;
    if (this.#sent >= this.#frames || this.#sentBytes >= this.#bytes || tsUs - this.#firstTsUs >= this.#trafficUs) {
      this.#isOver = true;
      return;
    }
    this.#sent += 1;
    this.#sentBytes += end - start;
    this.#target!.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
  }

  /** What was known of the whole is not true of a part. */
  truth(): undefined {
    return undefined;
  }

  close(): void {
    this.#source.close();
  }
}
