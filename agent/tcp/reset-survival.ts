/**
 * What comes for a stream after an RST (`resets.ts`). What the RST's sender sends behind it waits, until both sides show that the
 * connection goes on: then it is the stream's, and otherwise nobody's (RFC 5961: not each RST ends its connection).
 */
import { type Packet, TcpFlag } from '../wire/packet.ts';
import type { TcpCounters } from './counters.ts';
import { HalfState, type HalfStreams } from './half-streams.ts';
import type { Resets } from './resets.ts';
import type { SuccessorQueue } from './successor-queue.ts';
import { SuccessorKind, type Successors } from './successors.ts';

export interface ResetSurvivalOptions {
  readonly halves: HalfStreams;
  readonly counters: TcpCounters;
  readonly resets: Resets;
  readonly successors: Successors;
  readonly queue: SuccessorQueue;
  /** Takes a segment of a slot's stream, its SYN and RST aside. */
  readonly take: (slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number) => void;
}

export class ResetSurvival {
  readonly #options: ResetSurvivalOptions;
  readonly #halves: HalfStreams;
  readonly #resets: Resets;
  readonly #successors: Successors;
  readonly #queue: SuccessorQueue;

  constructor(options: ResetSurvivalOptions) {
    this.#options = options;
    this.#halves = options.halves;
    this.#resets = options.resets;
    this.#successors = options.successors;
    this.#queue = options.queue;
  }

  /** Looks at a segment of a stream that was reset, which may go on. */
  look(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const resets = this.#resets;
    if (resets.isSurvived(slot, half, packet)) {
      this.#survive(slot);
      return;
    }
    if (resets.isSender(slot, half)) resets.prolong(slot, tsUs);
    const state = this.#halves.state[half]!;
    if ((state & (HalfState.last | HalfState.fin)) !== HalfState.last) return;
    const isBeyond = ((packet.sequence + packet.payloadWireBytes - this.#halves.last[half]!) | 0) > 0;
    if (isBeyond || (packet.flags & TcpFlag.fin) !== 0) this.#hold(slot, half, packet, bytes, tsUs);
  }

  #hold(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const entry = this.#successors.of(slot);
    if (entry < 0) this.#queue.begin(slot, SuccessorKind.survival, packet, bytes, tsUs);
    else if (this.#successors.kind[entry] === SuccessorKind.survival) {
      this.#queue.hold(entry, half, packet, packet.sequence, bytes, tsUs);
    }
  }

  #survive(slot: number): void {
    const { take, counters } = this.#options;
    const state = this.#halves.state;
    this.#resets.forget(slot);
    for (let half = slot * 2; half <= slot * 2 + 1; half += 1) {
      if ((state[half]! & HalfState.fin) === 0) state[half]! &= ~HalfState.last;
    }
    counters.resetsSurvived += 1;
    const entry = this.#successors.of(slot);
    if (entry < 0 || this.#successors.kind[entry] !== SuccessorKind.survival) return;
    this.#successors.detach(entry);
    this.#successors.release(entry, (side, piece, bytes, pieceUs) =>
      take(slot, slot * 2 + side, piece, bytes, pieceUs),
    );
  }
}
