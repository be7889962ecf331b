/** Copies of frames that wait for their place: as many as were chosen within the longest delay, never more. */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';

interface HeldFrame {
  readonly place: number;
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly interfaceIndex: number;
}

export class HeldFrames {
  readonly #frames: HeldFrame[] = [];
  #lastTsUs = 0;

  /** Keeps a copy of `bytes[start, end)` until `place` has gone by. */
  hold(place: number, bytes: Uint8Array, start: number, end: number, wireLength: number, interfaceIndex: number): void {
    this.#frames.push({ place, bytes: bytes.slice(start, end), wireLength, interfaceIndex });
  }

  /** Passes on the frames whose place has come, at the time `tsUs`, those held longest first. */
  release(place: number, tsUs: number, next: FrameSink): void {
    this.#lastTsUs = tsUs;
    if (this.#frames.length === 0) return;
    let kept = 0;
    for (const frame of this.#frames) {
      if (frame.place > place) this.#frames[kept++] = frame;
      else next.frame(frame.bytes, 0, frame.bytes.length, frame.wireLength, tsUs, frame.interfaceIndex);
    }
    this.#frames.length = kept;
  }

  releaseAll(next: FrameSink): void {
    this.#frames.sort((a, b) => a.place - b.place);
    this.release(Number.POSITIVE_INFINITY, this.#lastTsUs, next);
  }
}
