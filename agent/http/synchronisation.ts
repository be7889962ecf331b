/**
 * A side that has lost its place in the conversation: behind missing bytes, or behind bytes that are no message. The next head is
 * searched for, strictly; a stream that was never known to speak HTTP is searched only so far.
 */
import type { HeadParser } from './head-parser.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import { type HttpStreams, Protocol } from './http-streams.ts';
import type { Pairing } from './pairing.ts';
import type { Reading } from './place.ts';
import { type SideRecord, SideState } from './side.ts';
import { findStart } from './start-search.ts';
import { RECORD_BYTES_MAX } from './tls-hello.ts';
import type { TlsStreams } from './tls-streams.ts';

export interface SynchronisationOptions {
  readonly limits: HttpLimits;
  readonly counters: HttpCounters;
  readonly pairing: Pairing;
  readonly parser: HeadParser;
  readonly streams: HttpStreams;
  readonly tls: TlsStreams;
  readonly reading: Reading;
}

export class Synchronisation {
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #pairing: Pairing;
  readonly #parser: HeadParser;
  readonly #streams: HttpStreams;
  readonly #tls: TlsStreams;
  readonly #reading: Reading;

  constructor(options: SynchronisationOptions) {
    this.#limits = options.limits;
    this.#counters = options.counters;
    this.#pairing = options.pairing;
    this.#parser = options.parser;
    this.#streams = options.streams;
    this.#tls = options.tls;
    this.#reading = options.reading;
  }

  /** A side has lost its place: the next head is looked for. */
  lose(side: SideRecord): void {
    const protocol = this.#streams.protocols[side.stream]!;
    if (protocol === Protocol.left || (protocol === Protocol.leaving && !side.leavesPlaced)) {
      // Nothing is to be looked for in what is not HTTP.
      this.#streams.protocols[side.stream] = Protocol.left;
      side.state = SideState.ignored;
      return;
    }
    // Once: how many false starts there are while searching depends on the cut of the bytes.
    if (!side.searching) {
      side.searching = true;
      side.asked = -1;
      this.refuseUpgrade(this.#streams.other(side));
      if (protocol === Protocol.http || protocol === Protocol.leaving) this.#counters.syncLost++;
      this.#pairing.lost(side.stream, this.#streams.sends(side), side.gapped);
    }
    side.fresh = false;
    side.strict = false;
    side.state = SideState.search;
  }

  /** Whether an upgrade was granted will not be known, or it was not: what is no request is garbage again. */
  refuseUpgrade(side: SideRecord | null): void {
    if (side === null) return;
    side.asked = -1;
    if (side.state !== SideState.upgrading) return;
    side.state = SideState.search;
    this.lose(side);
  }

  /** Looks for the next head. @returns where to go on */
  search(side: SideRecord, bytes: Uint8Array, from: number, end: number): number {
    const protocol = this.#streams.protocols[side.stream];
    const sequence = this.#reading.origin + from;
    const isOver = protocol === Protocol.leaving && this.#streams.hasLeft(side, sequence);
    if (protocol === Protocol.tls || isOver) {
      side.state = SideState.ignored;
      return from;
    }
    const unknown = protocol === Protocol.unknown;
    // The end of a TLS record may lie further on than anything is looked for.
    const most = this.#limits.classifyBytesMax + (side.records?.isHopeful ? RECORD_BYTES_MAX : 0);
    let limit = unknown ? Math.min(end, from + Math.max(0, most - side.garbageBytes)) : end;
    if (protocol === Protocol.leaving) limit = Math.min(limit, from + this.#streams.bytesToLeave(side, sequence));
    const at = findStart(this.#parser, bytes, from, limit, this.#limits.headBytesMax);
    side.garbageBytes += at - from;
    if (unknown && this.#tls.finds(side, bytes, from, at)) return at;
    if (at < limit) {
      side.state = SideState.start;
      side.strict = true;
    } else if (unknown && side.garbageBytes >= most) side.state = SideState.ignored;
    return at;
  }
}
