/**
 * The state of every direction of every stream, in typed arrays: half-stream `2 × stream + side` is what `side` sends.
 * Sequence numbers are signed 32-bit and compared by the sign of their difference (RFC 9293, 3.4), which is right as long
 * as they are less than 2 GiB apart.
 */

import { type Arrays, ownArrays } from '../bounded/arrays.ts';

/** Bits of `HalfStreams.state`. Of a closed stream those that say that its end is known stay as long as its key. */
export const HalfState = {
  /** `next` and `first` hold: the SYN, an acknowledgement or a segment showed where this direction is. */
  known: 1,
  /** The SYN was seen. */
  syn: 2,
  /** `last` holds: a FIN or RST shows where this direction ends. */
  last: 4,
  /** A FIN was seen, `last` is its sequence number. */
  fin: 8,
  /** The FIN was reached in order. */
  ended: 16,
  /** `acked` holds. */
  acked: 32,
  /** This side advertised a window of zero. */
  zeroWindow: 64,
  /**
   * Every segment of this direction needs a closer look (a reset that may be survived, a conversation that may follow,
   * urgent data ahead, network tags): the kernel for segments leaves it.
   */
  watched: 128,
} as const;

export class HalfStreams {
  /** Bits of `HalfState`. */
  readonly state: Uint8Array;
  /** Next sequence number to be delivered. */
  readonly next: Int32Array;
  /** Sequence number of the first payload byte. */
  readonly first: Int32Array;
  /** Sequence number behind the last payload byte. */
  readonly last: Int32Array;
  /** Highest acknowledgement by the other side; while `known` is not set, the lowest. */
  readonly acked: Int32Array;
  /** Segments in a row outside the window. */
  readonly strays: Uint8Array;
  /** Network of the sender's packets (`Packet.tag`): of the latest that came. */
  readonly tag: Int32Array;
  /** Pages that wait for a hole before them to be filled: while 0, the next bytes are delivered as they come. */
  readonly waiting: Int32Array;

  constructor(streams: number, arrays: Arrays = ownArrays) {
    const halves = streams * 2;
    this.state = arrays.uint8(halves);
    this.next = arrays.int32(halves);
    this.first = arrays.int32(halves);
    this.last = arrays.int32(halves);
    this.acked = arrays.int32(halves);
    this.strays = arrays.uint8(halves);
    this.tag = arrays.int32(halves);
    this.waiting = arrays.int32(halves);
  }

  /** Bytes for so many streams, for the sum of bounds. */
  static bytesFor(streams: number): number {
    return streams * 2 * (1 + 6 * 4 + 1);
  }

  reset(half: number): void {
    this.state[half] = 0;
    this.strays[half] = 0;
  }

  /** Says where a direction starts. @param bits further ones of `HalfState` that hold from there */
  place(half: number, first: number, bits: number): void {
    this.first[half] = first;
    this.next[half] = first;
    this.acked[half] = first;
    this.strays[half] = 0;
    this.state[half]! |= HalfState.known | HalfState.acked | bits;
  }

  /** Has every segment of a stream, given by either of its half-streams, looked at (`HalfState.watched`). */
  watch(half: number): void {
    this.state[half]! |= HalfState.watched;
    this.state[half ^ 1]! |= HalfState.watched;
  }

  unwatch(half: number): void {
    this.state[half]! &= ~HalfState.watched;
    this.state[half ^ 1]! &= ~HalfState.watched;
  }
}
