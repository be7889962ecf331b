/** Streams that begin to speak HTTP/1, and those that go over to something else: HTTP/2, WebSocket, a tunnel, or what is not known. */
import type { Side } from '../tcp/stream-handler.ts';
import type { BodyFraming } from './body-framing.ts';
import type { DoubtfulBodies } from './doubtful-bodies.ts';
import { UpgradeTo } from './framing-fields.ts';
import type { HeadBuffers } from './head-buffers.ts';
import type { HttpCounters } from './http-counters.ts';
import { type HttpStreams, Protocol } from './http-streams.ts';
import { MessageFlag } from './message-flag.ts';
import { type SideRecord, SideState } from './side.ts';
import { distance } from './turn-taking.ts';

export interface ProtocolChangesOptions {
  readonly counters: HttpCounters;
  readonly streams: HttpStreams;
  readonly framing: BodyFraming;
  readonly heads: HeadBuffers;
  readonly doubtful: DoubtfulBodies;
}

export class ProtocolChanges {
  readonly #counters: HttpCounters;
  readonly #streams: HttpStreams;
  readonly #framing: BodyFraming;
  readonly #heads: HeadBuffers;
  readonly #doubtful: DoubtfulBodies;

  constructor(options: ProtocolChangesOptions) {
    this.#counters = options.counters;
    this.#streams = options.streams;
    this.#framing = options.framing;
    this.#heads = options.heads;
    this.#doubtful = options.doubtful;
  }

  /** The first head of a stream was found. */
  becomeHttp(side: SideRecord): void {
    this.#counters.httpStreams++;
    this.#streams.protocols[side.stream] = Protocol.http;
    const other = this.#streams.other(side);
    // The other side's first bytes were no head; now that this is HTTP, they were the rest of one.
    if (other != null && other.state === SideState.ignored) other.state = SideState.search;
  }

  /**
   * 101 was sent: what answers speaks something else from here on, and what asks does so behind the request that it answers
   * (RFC 9110, 7.8), which may come later in the capture, and others before it.
   * @param ack what had been read of the requests when it was sent; undefined where that is not known
   */
  upgraded(side: SideRecord, to: UpgradeTo, ack: number | undefined): void {
    const { stream } = side;
    this.#counters.upgradedStreams++;
    if (to === UpgradeTo.websocket) this.#counters.websocketStreams++;
    else if (to === UpgradeTo.http2) this.#counters.http2Upgrades++;
    const other = this.#streams.other(side);
    if (!this.#isAwaited(side, other, ack)) {
      this.leave(stream, to === UpgradeTo.http2 ? Protocol.http2 : Protocol.left);
      return;
    }
    const spared = other ?? this.#streams.enter(stream, (1 - side.side) as Side);
    spared.leavesPlaced = ack !== undefined;
    spared.leavesAt = ack ?? 0;
    if (to === UpgradeTo.http2) this.#counters.http2Streams++;
    this.leave(stream, Protocol.leaving, spared);
  }

  /** Whether the request that 101 answers is still to come, or to end. */
  #isAwaited({ message }: SideRecord, other: SideRecord | null, ack: number | undefined): boolean {
    if (other !== null && (other.state === SideState.ignored || other.sends === 'response')) return false;
    const isKnown = message.method !== '';
    if (isKnown && other?.active && other.message.exchange === message.exchange) return true;
    if (isKnown && message.pairing === 'certain') return false;
    // Unplaced, order alone says so.
    if (ack === undefined) return !isKnown && message.exchange >= 0 && !other?.active;
    return !other?.placed || distance(other.reached, ack) > 0;
  }

  /** The stream speaks something else from here on. */
  leave(stream: number, protocol: number, spared: SideRecord | null = null): void {
    if (protocol === Protocol.http2) this.#counters.http2Streams++;
    this.#streams.protocols[stream] = protocol;
    for (let index = stream * 2; index < stream * 2 + 2; index++) {
      const side = this.#streams.sides[index];
      if (side == null || side === spared) continue;
      this.#abort(side);
      this.#heads.release(side);
      side.state = SideState.ignored;
    }
  }

  /** CONNECT was granted: what follows is another conversation, recognised anew. */
  tunnel(stream: number): void {
    this.#counters.tunnelStreams++;
    this.#streams.protocols[stream] = Protocol.unknown;
    for (let index = stream * 2; index < stream * 2 + 2; index++) {
      const side = this.#streams.sides[index];
      if (side == null) continue;
      this.#abort(side);
      this.#counters.garbageBytes += side.garbageBytes;
      side.garbageBytes = 0;
      side.records?.reset();
      side.fresh = true;
      side.sends = 'unknown';
      if (side.state !== SideState.head) side.state = SideState.start;
    }
  }

  /** What flows on a side goes on no more: it is something else from here on. */
  #abort(side: SideRecord): void {
    if (side.held > 0) this.#doubtful.release(side, side.message.lastTsUs);
    if (!side.active) return;
    side.message.flags |= MessageFlag.aborted;
    this.#framing.finish(side, false);
  }
}
