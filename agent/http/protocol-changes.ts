/** Streams that begin to speak HTTP/1, and those that go over to something else: HTTP/2, WebSocket, a tunnel, or what is not known. */
import type { BodyFraming } from './body-framing.ts';
import type { DoubtfulBodies } from './doubtful-bodies.ts';
import { UpgradeTo } from './framing-fields.ts';
import type { HeadBuffers } from './head-buffers.ts';
import type { HttpCounters } from './http-counters.ts';
import { type HttpStreams, Protocol } from './http-streams.ts';
import { MessageFlag } from './message-flag.ts';
import { type SideRecord, SideState } from './side.ts';

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

  /** 101 was sent: the stream speaks what the request had asked for. */
  upgraded(side: SideRecord, to: UpgradeTo): void {
    const { stream, message } = side;
    this.#counters.upgradedStreams++;
    if (to === UpgradeTo.websocket) this.#counters.websocketStreams++;
    else if (to === UpgradeTo.http2) this.#counters.http2Upgrades++;
    const isEarly = message.method === '' && message.exchange >= 0;
    const other = this.#streams.other(side);
    const isOpen = other === null || other?.state === SideState.start || other?.state === SideState.head;
    const spared = isEarly && isOpen ? other : null;
    this.leave(stream, to === UpgradeTo.http2 ? Protocol.http2 : Protocol.left, spared);
    if (isEarly && isOpen) this.#streams.protocols[stream] = Protocol.leaving;
  }

  /** The stream speaks something else from here on. */
  leave(stream: number, protocol: number, spared: SideRecord | null = null): void {
    if (protocol === Protocol.http2) this.#counters.http2Streams++;
    this.#streams.protocols[stream] = protocol;
    for (let index = stream * 2; index < stream * 2 + 2; index++) {
      const side = this.#streams.sides[index];
      if (side == null || side === spared) continue;
      if (side.held > 0) this.#doubtful.release(side, side.message.lastTsUs);
      if (side.active) {
        side.message.flags |= MessageFlag.aborted;
        this.#framing.finish(side, false);
      }
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
      if (side.held > 0) this.#doubtful.release(side, side.message.lastTsUs);
      if (side.active) {
        side.message.flags |= MessageFlag.aborted;
        this.#framing.finish(side, false);
      }
      this.#counters.garbageBytes += side.garbageBytes;
      side.garbageBytes = 0;
      side.records?.reset();
      side.fresh = true;
      side.sends = 'unknown';
      if (side.state !== SideState.head) side.state = SideState.start;
    }
  }
}
