/**
 * The agent's HTTP layer says where a request begins and ends, as TCP numbers its bytes; this stands before it and keeps the bytes
 * themselves, as they were on the wire: chunk sizes, odd line ends and all. Only sides that send requests are copied.
 */
import type { HttpCounters } from '../../agent/http/http-counters.ts';
import { HttpLayer } from '../../agent/http/http-layer.ts';
import type { HttpLimits } from '../../agent/http/http-limits.ts';
import { MessageFlag } from '../../agent/http/message-flag.ts';
import type { HttpMessage, MessageHandler } from '../../agent/http/message-handler.ts';
import { Pairing } from '../../agent/http/pairing.ts';
import { Known, type Pairable, type Place } from '../../agent/http/place.ts';
import { distance } from '../../agent/http/turn-taking.ts';
import type { CloseReason, GapReason, Side, StreamHandler } from '../../agent/tcp/stream-handler.ts';
import type { UnsentReason } from '../feed/request-account.ts';
import { tailBytesMax, tailsBytesMax } from './limits.ts';

/** Takes requests while they flow; of one connection at a time one. Synchronous. */
export interface RequestSink {
  open(stream: number, tsUs: number): void;
  beginRequest(message: HttpMessage): void;
  requestBytes(stream: number, bytes: Uint8Array, start: number, end: number): void;
  /** @param fault null where every byte was handed over */
  endRequest(message: HttpMessage, fault: UnsentReason | null): void;
  endResponse(message: HttpMessage): void;
  /** A request must have been here that was not captured. */
  hidden(stream: number): void;
  /** Bytes of answers were not captured. */
  answersMissing(stream: number): void;
  close(stream: number, tsUs: number): void;
}

/** Keeps what the HTTP layer hands the pairing about the request at hand: where it lies. */
class PlacedPairing extends Pairing {
  isPlaced = false;
  start = 0;
  /** By stream: where its last request ends, and whether that is known. */
  readonly ends: Int32Array;
  readonly isEndKnown: Uint8Array;

  constructor(limits: HttpLimits, counters: HttpCounters) {
    super(limits, counters);
    this.ends = new Int32Array(limits.streamsMax);
    this.isEndKnown = new Uint8Array(limits.streamsMax);
  }

  override request(stream: number, message: Pairable, place: Place, headBytes: number): void {
    this.isPlaced = (place.known & Known.placed) !== 0;
    this.start = place.sequence;
    this.ends[stream] = place.end;
    this.isEndKnown[stream] = (place.known & Known.end) === 0 ? 0 : 1;
    super.request(stream, message, place, headBytes);
  }

  override requestEnded(stream: number, message: Pairable, end: number): void {
    this.ends[stream] = end;
    this.isEndKnown[stream] = 1;
    super.requestEnded(stream, message, end);
  }
}

/** One direction of a stream. */
class RawSide {
  sends: 'unknown' | 'request' | 'response' | 'other' = 'unknown';
  /** Bytes that may begin the next request: `tail[0, tailLength)`, the first of which TCP numbers `tailStart`. */
  tail = Buffer.alloc(0);
  tailLength = 0;
  tailStart = 0;
  isOpen = false;
  /** Bytes of the request are missing from what was handed over. */
  isBroken = false;
  /** Its body may never come: what looks like it may be the next request. */
  expects = false;
  /** Where it ends is not known from its head. */
  isChunked = false;
  /** Behind the last byte that was handed over; before the first request it holds nothing. */
  taken = 0;
  hasTaken = false;
  /** A gap was counted since the last message. */
  isGapCounted = false;
}

export class RawRequests implements StreamHandler {
  readonly #http: HttpLayer;
  readonly #pairing: PlacedPairing;
  readonly #sink: RequestSink;
  /** By 2 × stream + side. */
  readonly #sides: (RawSide | undefined)[];
  #tailBytes = 0;
  /** The segment at hand; `#side` is undefined between segments. */
  #side: RawSide | undefined;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;
  #end = 0;
  #sequence = 0;
  #requestsEnded = 0;

  constructor(limits: HttpLimits, counters: HttpCounters, sink: RequestSink) {
    this.#sink = sink;
    this.#pairing = new PlacedPairing(limits, counters);
    this.#sides = new Array(limits.streamsMax * 2);
    const handler: MessageHandler = {
      begin: (message) => this.#begin(message),
      body: () => {},
      bodyGap: () => {},
      end: (message) => this.#finish(message),
    };
    this.#http = new HttpLayer({ limits, handler, counters, pairing: this.#pairing });
  }

  open(stream: number, tsUs: number, midStream?: boolean): void {
    this.#sides[stream * 2] = new RawSide();
    this.#sides[stream * 2 + 1] = new RawSide();
    this.#sink.open(stream, tsUs);
    this.#http.open(stream, tsUs, midStream);
  }

  data(
    stream: number,
    sideIndex: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
    sequence = 0,
    acknowledgement?: number,
  ): void {
    const side = this.#sides[stream * 2 + sideIndex]!;
    if (side.sends === 'response') {
      this.#http.data(stream, sideIndex, bytes, start, end, tsUs, sequence, acknowledgement);
      return;
    }
    this.#side = side;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#sequence = sequence;
    this.#http.data(stream, sideIndex, bytes, start, end, tsUs, sequence, acknowledgement);
    const isHeldBack = side.isOpen && side.expects && !side.isChunked && this.#pairing.isEndKnown[stream] === 0;
    if (side.isOpen && !isHeldBack) this.#hand(stream, side);
    if (!side.isOpen || side.expects) this.#keepTail(side);
    this.#side = undefined;
  }

  gap(stream: number, sideIndex: Side, length: number, reason: GapReason, tsUs: number): void {
    const side = this.#sides[stream * 2 + sideIndex]!;
    const before = this.#requestsEnded;
    const wasOpen = side.isOpen;
    if (wasOpen) side.isBroken = true;
    if (side.sends === 'response') this.#sink.answersMissing(stream);
    this.#http.gap(stream, sideIndex, length, reason, tsUs);
    this.#dropTail(side);
    if (side.sends !== 'request' || wasOpen || side.isGapCounted || this.#requestsEnded > before) return;
    side.isGapCounted = true;
    this.#sink.hidden(stream);
  }

  end(stream: number, sideIndex: Side, tsUs: number): void {
    this.#http.end(stream, sideIndex, tsUs);
  }

  close(stream: number, reason: CloseReason, tsUs: number): void {
    this.#http.close(stream, reason, tsUs);
    for (const index of [stream * 2, stream * 2 + 1]) {
      this.#dropTail(this.#sides[index]!);
      this.#sides[index] = undefined;
    }
    this.#sink.close(stream, tsUs);
  }

  #begin(message: HttpMessage): void {
    const { stream } = message;
    const side = this.#sides[stream * 2 + message.side]!;
    if (message.kind === 'response') {
      this.#answers(side);
      return;
    }
    this.#answers(this.#sides[stream * 2 + 1 - message.side]!);
    // Recorded from the middle of a request on.
    if ((message.flags & MessageFlag.resynchronised) !== 0 && !side.hasTaken) this.#sink.hidden(stream);
    side.sends = 'request';
    side.isOpen = true;
    side.isGapCounted = false;
    side.isBroken = !this.#pairing.isPlaced;
    side.expects = message.headers.get('expect') !== undefined;
    side.isChunked = message.headers.get('transfer-encoding') !== undefined;
    side.taken = this.#pairing.start;
    side.hasTaken = true;
    this.#sink.beginRequest(message);
  }

  #finish(message: HttpMessage): void {
    if (message.kind === 'response') {
      this.#sink.endResponse(message);
      return;
    }
    const { stream } = message;
    const side = this.#sides[stream * 2 + message.side]!;
    if (this.#pairing.isEndKnown[stream] === 1) this.#hand(stream, side);
    this.#requestsEnded += 1;
    this.#sink.endRequest(message, this.#faultOf(message, side));
    side.isOpen = false;
    if (distance((side.tailStart + side.tailLength) | 0, side.taken) >= 0) this.#dropTail(side);
  }

  #faultOf(message: HttpMessage, side: RawSide): UnsentReason | null {
    const { stream, flags } = message;
    if ((flags & MessageFlag.bodyUnsent) !== 0) return 'bodyUnsent';
    if (message.minorVersion < 0) return 'simple';
    if (!message.complete) return 'damaged';
    if (message.method === 'CONNECT') return 'tunnel';
    const isWhole = this.#pairing.isEndKnown[stream] === 1 && side.taken === this.#pairing.ends[stream];
    return isWhole && !side.isBroken ? null : 'notKept';
  }

  #answers(side: RawSide): void {
    side.sends = 'response';
    this.#dropTail(side);
  }

  /** Hands over what is there of the request, from the tail and from the segment at hand. */
  #hand(stream: number, side: RawSide): void {
    const isEndKnown = this.#pairing.isEndKnown[stream] === 1;
    const end = this.#pairing.ends[stream]!;
    if (side.tailLength > 0) {
      const from = distance(side.tailStart, side.taken);
      const to = isEndKnown ? Math.min(side.tailLength, distance(side.tailStart, end)) : side.tailLength;
      if (from >= 0 && from < to) this.#give(stream, side, side.tail, from, to);
    }
    if (this.#side !== side) return;
    const from = this.#start + distance(this.#sequence, side.taken);
    const to = isEndKnown ? Math.min(this.#end, this.#start + distance(this.#sequence, end)) : this.#end;
    if (from >= to) return;
    if (from < this.#start) side.isBroken = true;
    else this.#give(stream, side, this.#bytes, from, to);
  }

  #give(stream: number, side: RawSide, bytes: Uint8Array, from: number, to: number): void {
    this.#sink.requestBytes(stream, bytes, from, to);
    side.taken = (side.taken + to - from) | 0;
  }

  /** Keeps what lies behind the last request: it may begin the next. */
  #keepTail(side: RawSide): void {
    if (side.sends === 'response') return;
    let from = this.#start;
    if (side.hasTaken) from = Math.max(from, this.#start + distance(this.#sequence, side.taken));
    if (from >= this.#end) return;
    if (side.sends === 'unknown' && side.tailLength === 0 && isTls(this.#bytes, from, this.#end)) side.sends = 'other';
    if (side.sends === 'other') return;
    const sequence = (this.#sequence + from - this.#start) | 0;
    if (((side.tailStart + side.tailLength) | 0) !== sequence) side.tailLength = 0;
    if (side.tailLength === 0) side.tailStart = sequence;
    this.#append(side, this.#bytes, from);
  }

  #append(side: RawSide, bytes: Uint8Array, from: number): void {
    const length = Math.min(this.#end - from, tailBytesMax >> 1);
    const start = this.#end - length;
    if (start > from || side.tailLength + length > tailBytesMax) {
      // The oldest half goes: no head is longer than the other.
      const kept = start > from ? 0 : Math.min(side.tailLength, tailBytesMax >> 1);
      side.tail.copyWithin(0, side.tailLength - kept, side.tailLength);
      side.tailStart = ((this.#sequence + start - this.#start) | 0) - kept;
      side.tailLength = kept;
    }
    const wanted = side.tailLength + length;
    if (wanted > side.tail.length) {
      const grown = Buffer.allocUnsafe(Math.max(2 * side.tail.length, wanted));
      side.tail.copy(grown, 0, 0, side.tailLength);
      this.#tailBytes += grown.length - side.tail.length;
      side.tail = grown;
    }
    side.tail.set(bytes.subarray(start, this.#end), side.tailLength);
    side.tailLength = wanted;
    if (this.#tailBytes > tailsBytesMax) this.#dropTail(side);
  }

  #dropTail(side: RawSide): void {
    if (side.tail.length === 0) return;
    this.#tailBytes -= side.tail.length;
    side.tail = Buffer.alloc(0);
    side.tailLength = 0;
  }
}

/** A record of TLS (RFC 8446, 5.1): no request begins so. */
function isTls(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start > 1 && bytes[start]! >= 0x14 && bytes[start]! <= 0x17 && bytes[start + 1] === 3;
}
