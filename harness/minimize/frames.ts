/** The frames of a capture as units that can be left out, and what is known of each: a few bytes a frame. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { ConnectionTable, recordBytes } from './connections.ts';

/** Kinds that are tried as wholes before single frames: acknowledgements are a third of a capture, and rarely matter. */
export const FrameKind = { data: 0, ack: 1, handshake: 2, end: 3, other: 4 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];
export const frameKindNames = ['data', 'acknowledgements', 'handshakes', 'ends of connections', 'other protocols'];

/** Four million frames take 20 MB; of longer captures several neighbours are one unit. */
export const frameUnitsMax = 4_000_000;

/** One pass; frames beyond `frameUnitsMax` belong to the last unit. */
export class FrameIndex implements FrameSink {
  readonly #table = new ConnectionTable();
  #kinds = new Uint8Array(4_096);
  #bytes = new Uint32Array(4_096);
  frames = 0;

  get units(): number {
    return Math.min(this.frames, frameUnitsMax);
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number): void {
    const at = Math.min(this.frames, frameUnitsMax - 1);
    this.frames += 1;
    if (at === this.#kinds.length) this.#grow();
    const number = this.#table.connectionOf(bytes, start, end, wireLength);
    const { flags, payloadStart, payloadEnd } = this.#table.packet;
    const length = number === 0 ? 0 : payloadEnd - payloadStart;
    const isFragment = number !== 0 && this.#table.packet.sourcePort === 0;
    this.#kinds[at] = number === 0 ? FrameKind.other : length > 0 || isFragment ? FrameKind.data : kindOf(flags);
    this.#bytes[at]! += end - start + recordBytes;
  }

  kindOf(unit: number): FrameKind {
    return this.#kinds[unit]! as FrameKind;
  }

  bytesOf(unit: number): number {
    return this.#bytes[unit]!;
  }

  #grow(): void {
    const length = Math.min(frameUnitsMax, this.#kinds.length * 2);
    const grown = <T extends Uint8Array | Uint32Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#kinds = grown(this.#kinds, new Uint8Array(length));
    this.#bytes = grown(this.#bytes, new Uint32Array(length));
  }
}

function kindOf(flags: number): FrameKind {
  if ((flags & 2) !== 0) return FrameKind.handshake;
  return (flags & 5) !== 0 ? FrameKind.end : FrameKind.ack;
}

/** Frames of the units that are kept. @param kept a byte a unit, not 0 where it is kept */
export function frameFilter(kept: Uint8Array, out: FrameSink): FrameSink {
  let frame = 0;
  return {
    frame(bytes, start, end, wireLength, tsUs, interfaceIndex) {
      const unit = Math.min(frame, frameUnitsMax - 1);
      frame += 1;
      if (kept[unit]) out.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    },
  };
}

/** Pauses between frames are cut to so many microseconds. */
export function pauseFilter(mostUs: number, out: FrameSink): FrameSink {
  let before: number | undefined;
  let now = 0;
  return {
    frame(bytes, start, end, wireLength, tsUs, interfaceIndex) {
      now = before === undefined ? tsUs : now + Math.min(mostUs, Math.max(0, tsUs - before));
      before = tsUs;
      out.frame(bytes, start, end, wireLength, now, interfaceIndex);
    },
  };
}
