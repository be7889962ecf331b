/** Keeps a copy of every frame: for tests and for slices small enough to hold. */
import type { FrameSink } from '../capture/frame-source.ts';

export interface Frame {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly tsUs: number;
  readonly interfaceIndex: number;
}

export class FrameList implements FrameSink {
  readonly frames: Frame[] = [];

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.frames.push({ bytes: bytes.slice(start, end), wireLength, tsUs, interfaceIndex });
  }
}
