/**
 * From a head that was parsed to a message that flows: which side sends requests, where the head lies among what TCP numbers, its
 * pair, and how its body will be framed (RFC 9112, 6.3).
 */
import type { BodyFraming } from './body-framing.ts';
import type { DoubtfulBodies } from './doubtful-bodies.ts';
import type { Expectations } from './expectations.ts';
import { LENGTH_ABSENT, LENGTH_UNKNOWABLE, UpgradeTo } from './framing-fields.ts';
import { type HeadParser, NO_VERSION } from './head-parser.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import { type HttpStreams, Protocol } from './http-streams.ts';
import { latin1 } from './message.ts';
import { MessageFlag } from './message-flag.ts';
import { type HttpMessage, isInterim, type MessageHandler } from './message-handler.ts';
import { METHODS } from './methods.ts';
import type { Pairing } from './pairing.ts';
import { Known, type Place, type Reading } from './place.ts';
import type { ProtocolChanges } from './protocol-changes.ts';
import { type SideRecord, SideState } from './side.ts';
import type { Synchronisation } from './synchronisation.ts';

export interface MessageStartsOptions {
  readonly limits: HttpLimits;
  readonly handler: MessageHandler;
  readonly counters: HttpCounters;
  readonly pairing: Pairing;
  readonly parser: HeadParser;
  readonly streams: HttpStreams;
  readonly framing: BodyFraming;
  readonly sync: Synchronisation;
  readonly expectations: Expectations;
  readonly doubtful: DoubtfulBodies;
  readonly changes: ProtocolChanges;
  readonly reading: Reading;
}

export class MessageStarts {
  readonly #limits: HttpLimits;
  readonly #handler: MessageHandler;
  readonly #counters: HttpCounters;
  readonly #pairing: Pairing;
  readonly #parser: HeadParser;
  readonly #streams: HttpStreams;
  readonly #framing: BodyFraming;
  readonly #sync: Synchronisation;
  readonly #expectations: Expectations;
  readonly #doubtful: DoubtfulBodies;
  readonly #changes: ProtocolChanges;
  readonly #reading: Reading;
  /** Where the head at hand lies; it is of `#placed`. */
  readonly #place: Place = {
    ...{ known: 0, sequence: 0, ack: 0, end: 0, reached: 0, acked: 0 },
    lookAcross: () => this.#lookAcross(),
  };
  #placed: SideRecord | null = null;
  /** Behind the head at hand. */
  #headEnd = 0;
  /** Whether the request at hand waits for 100 (Continue). */
  #expects = false;

  constructor(options: MessageStartsOptions) {
    this.#limits = options.limits;
    this.#handler = options.handler;
    this.#counters = options.counters;
    this.#pairing = options.pairing;
    this.#parser = options.parser;
    this.#streams = options.streams;
    this.#framing = options.framing;
    this.#sync = options.sync;
    this.#expectations = options.expectations;
    this.#doubtful = options.doubtful;
    this.#changes = options.changes;
    this.#reading = options.reading;
  }

  /** A head was parsed: `bytes[start, start + length)`; `flags` says what is odd about it besides. */
  begin(side: SideRecord, bytes: Uint8Array, start: number, length: number, tsUs: number, flags: number): void {
    const parser = this.#parser;
    const { stream } = side;
    const message = this.#streams.messageOf(side);
    const counters = this.#counters;
    const protocol = this.#streams.protocols[stream];
    if (protocol !== Protocol.http && protocol !== Protocol.leaving) this.#changes.becomeHttp(side);
    message.head = bytes;
    message.headStart = start;
    message.headersBytes = length;
    message.tsUs = tsUs;
    message.lastTsUs = tsUs;
    message.bodyBytes = 0;
    message.missingBytes = 0;
    message.deliveredBytes = 0;
    message.complete = false;
    message.minorVersion = parser.minorVersion;
    message.status = parser.status;
    message.flags = parser.flags | flags;
    let found = 0;
    const kind = parser.isRequest ? 'request' : 'response';
    const isStray = this.#contradicts(side, kind);
    if (side.searching) {
      message.flags |= MessageFlag.resynchronised;
      // What stood before the first message, and was all seen, was no body.
      if (side.gapped || side.sends !== 'unknown' || this.#streams.isMidStream[stream] === 1) found = Known.found;
      counters.syncFound++;
      side.searching = false;
      // Heads may have gone by until now.
      this.#pairing.lost(stream, isStray ? side.sends : kind, side.gapped);
    }
    side.stray = isStray;
    side.gapped = false;
    side.fresh = false;
    side.strict = false;
    side.active = true;
    side.passing = true;
    parser.owner = message;
    counters.headBytes += length;
    this.#setPlace(side, bytes === side.buffer, start, length, found);
    if (!parser.isRequest && this.#expectations.settle(side, this.#place.sequence)) {
      // The requests that were held have gone through the parser.
      parser.parse(bytes, start, start + length, false);
      parser.owner = message;
      this.#setPlace(side, bytes === side.buffer, start, length, found);
    }
    if (parser.isRequest) this.#request(side, bytes, start);
    else this.#response(side);
  }

  /**
   * One side sends requests and the other responses. Whether a message of this kind is a stray: known of both sides, which
   * sends what stays. Otherwise the newer message is believed, and nothing that waits is paired with it.
   */
  #contradicts(side: SideRecord, kind: 'request' | 'response'): boolean {
    const other = this.#streams.other(side);
    const otherSends = other?.sends ?? 'unknown';
    if (side.sends === kind || (side.sends === 'unknown' && otherSends !== kind)) return false;
    const isStray = side.sends !== 'unknown' && otherSends !== 'unknown';
    if (isStray) this.#pairing.wentAstray(side.stream, side.sends);
    else {
      this.#pairing.turnedAround(side.stream);
      side.sends = 'unknown';
      if (other != null) other.sends = 'unknown';
    }
    return isStray;
  }

  /** Where the head `[start, start + length)` lies; `found` is `Known.found` or 0. */
  #setPlace(side: SideRecord, isBuffered: boolean, start: number, length: number, found: number): void {
    const place = this.#place;
    this.#placed = side;
    place.known = found;
    if (!side.placed) return;
    place.known |= Known.placed;
    const sequence = (isBuffered ? side.bufferedSequence : this.#reading.origin) + start;
    place.sequence = sequence | 0;
    place.ack = isBuffered ? side.bufferedAck : this.#reading.ack;
    this.#headEnd = (sequence + length) | 0;
  }

  /** What is known of the other side when the head at hand comes. */
  #lookAcross(): void {
    const side = this.#placed!;
    const place = this.#place;
    const other = this.#streams.other(side);
    if (!side.placed || !other?.placed) return;
    // What is held may be the next request.
    place.reached = other.expecting ? other.heldSequence : other.reached;
    place.acked = other.ack;
    place.known |= Known.reached;
    if (other.active && other.message.kind === 'request' && !other.unsure) place.known |= Known.within;
  }

  #request(side: SideRecord, bytes: Uint8Array, start: number): void {
    const parser = this.#parser;
    const message = side.message;
    this.#counters.requests++;
    if (!side.stray) side.sends = 'request';
    message.kind = 'request';
    message.reasonEnd = 0;
    side.simple = parser.minorVersion === NO_VERSION;
    message.method = parser.method >= 0 ? METHODS[parser.method]! : latin1(bytes, start, start + parser.methodEnd);
    let targetEnd = parser.targetEnd;
    if (targetEnd - parser.targetStart > this.#limits.uriBytesMax) {
      targetEnd = parser.targetStart + this.#limits.uriBytesMax;
      message.flags |= MessageFlag.uriCut;
    }
    message.uri = latin1(bytes, start + parser.targetStart, start + targetEnd);
    this.#expects = (parser.contentLength > 0 || parser.hasEncoding) && !side.stray && isExpectant(message);
    this.#setEnd(message);
    if (side.stray) this.#pairing.strayRequest(side.stream, message);
    else this.#pairing.request(side.stream, message, this.#place, message.headersBytes);
    if (
      this.#expects &&
      message.pairing === 'open' &&
      this.#expectations.wasContinued(side, this.#place, this.#headEnd)
    )
      this.#goesOn(side);
    side.asked = parser.upgrade === UpgradeTo.none || side.stray ? -1 : message.exchange;
    this.#frame(side, false);
    if (side.simple) this.#expectNoHead(side);
    else if (message.method === 'HEAD') this.#endEarlyAnswer(side);
  }

  /** Nothing is to be expected of the client any more but the body. */
  #goesOn(side: SideRecord): void {
    const { contentLength, hasEncoding } = this.#parser;
    this.#expects = false;
    if (!hasEncoding && contentLength > 0)
      this.#pairing.requestEnded(side.stream, side.message, (this.#headEnd + contentLength) | 0);
  }

  /** Notes where the request at hand ends, if its head says so. */
  #setEnd(message: HttpMessage): void {
    const parser = this.#parser;
    const place = this.#place;
    if (place.known === 0 || (message.flags & MessageFlag.headTruncated) !== 0) return;
    place.end = this.#headEnd;
    if (message.method !== 'CONNECT') {
      if (this.#expects) place.known |= Known.expects;
      if (parser.hasEncoding || parser.contentLength === LENGTH_UNKNOWABLE) return;
      if (parser.contentLength > 0) {
        // The body may never come.
        if (this.#expects) return;
        place.end = (this.#headEnd + parser.contentLength) | 0;
      }
    }
    place.known |= Known.end;
  }

  /** The response to this HEAD was captured before it: it has no body to wait for. */
  #endEarlyAnswer(side: SideRecord): void {
    const other = this.#streams.other(side);
    if (!other?.active || other.message.kind !== 'response' || other.message.exchange !== side.message.exchange) return;
    if (other.message.bodyBytes + other.message.missingBytes + other.held > 0) {
      // Behind missing bytes nothing showed that what came was no body: it was the next messages.
      if (other.message.missingBytes > 0 && other.held === 0) {
        this.#framing.finish(other, false);
        other.gapped = true;
        this.#sync.lose(other);
      }
      return;
    }
    this.#framing.ended(other, other.reached);
    this.#framing.finish(other, true);
  }

  /** What an HTTP/0.9 request is answered with has no head; a response that was sent unasked before is over by then. */
  #expectNoHead(side: SideRecord): void {
    const other = this.#streams.other(side);
    if (!other?.active || other.message.method !== '' || other.message.exchange === side.message.exchange) return;
    if (!this.#pairing.isWhole(side.stream)) return;
    if (other.held > 0) this.#doubtful.release(other, side.message.lastTsUs);
    other.message.flags |= MessageFlag.aborted;
    this.#framing.finish(other, false);
    other.fresh = true;
  }

  #response(side: SideRecord): void {
    const parser = this.#parser;
    const message = side.message;
    const status = parser.status;
    const interim = isInterim(message);
    this.#counters.responses++;
    if (!side.stray) side.sends = 'response';
    message.kind = 'response';
    message.reasonStart = parser.reasonStart;
    message.reasonEnd = parser.reasonEnd;
    if (side.stray) this.#pairing.strayResponse(interim, message);
    else this.#pairing.response(side.stream, interim, message, this.#place);
    side.doubtful = message.method === '';
    const other = this.#streams.other(side);
    const isEarlier = other !== null && message.exchange >= 0 && message.exchange < other.asked;
    if (!interim && status !== 101 && !isEarlier && !side.stray) this.#sync.refuseUpgrade(other);
    if (interim) {
      if (status === 100 && message.pairing === 'open' && this.#place.known !== 0) {
        side.continues = message.exchange;
        side.continuesAt = this.#place.sequence;
        side.continuesAck = this.#place.ack;
      }
      if ((message.flags & MessageFlag.headTruncated) === 0) this.#counters.interimResponses++;
      message.flags |= MessageFlag.interim;
    }
    const tunnel = message.method === 'CONNECT' && status >= 200 && status < 300;
    // RFC 9112, 6.3, rules 1 and 2.
    if (interim || status === 101 || status === 204 || status === 304 || tunnel || message.method === 'HEAD') {
      const isUpgrade = status === 101 && !side.stray;
      if (isUpgrade || tunnel) message.flags |= MessageFlag.upgraded;
      const upgrade = parser.upgrade;
      const ack = this.#place.known === 0 || !side.placed ? undefined : this.#place.ack;
      this.#handler.begin(message);
      this.#framing.finish(side, true);
      this.#framing.ended(side, this.#headEnd);
      if (isUpgrade) this.#changes.upgraded(side, upgrade, ack);
      else if (tunnel) this.#changes.tunnel(side.stream);
    } else this.#frame(side, true);
    if (other?.expecting && message.exchange === other.message.exchange)
      this.#expectations.answer(other, status, message.tsUs);
  }

  /** RFC 9112, 6.3, rules 3 to 8: sets where the body ends, and begins the message. */
  #frame(side: SideRecord, response: boolean): void {
    const parser = this.#parser;
    const message = side.message;
    const length = parser.contentLength;
    let state: SideState = SideState.start;
    let lost = (message.flags & MessageFlag.headTruncated) !== 0;
    side.remaining = 0;
    if (!response && message.method === 'CONNECT') {
      // RFC 9110, 9.3.6: no content; what follows belongs to the tunnel.
    } else if (parser.hasEncoding) {
      if (length !== LENGTH_ABSENT) message.flags |= MessageFlag.lengthAndEncoding;
      if (parser.minorVersion === 0 || !parser.chunked) message.flags |= MessageFlag.unusualEncoding;
      side.digits = 0;
      if (parser.chunked) state = SideState.chunkSize;
      else if (response) state = SideState.untilClose;
      else lost = true;
    } else if (length > 0) {
      state = SideState.length;
      side.remaining = length;
    } else if (length === LENGTH_UNKNOWABLE) lost = true;
    else if (length === LENGTH_ABSENT && response) state = SideState.untilClose;
    if (state === SideState.untilClose) message.flags |= MessageFlag.untilClose;
    if (!response && state !== SideState.start && this.#expects)
      this.#expectations.begin(side, this.#headEnd, this.#place.ack);
    if (response && !lost && state === SideState.start) this.#framing.ended(side, this.#headEnd);
    else if (response && state === SideState.length) this.#framing.ended(side, this.#headEnd + length);
    this.#handler.begin(message);
    if (lost || state === SideState.start) {
      this.#framing.finish(side, !lost);
      if (lost) this.#sync.lose(side);
    } else side.state = state;
  }
}

/** Whether a request waits for 100 (Continue) before it sends its body. */
function isExpectant({ headers }: HttpMessage): boolean {
  return headers.get('expect')?.toLowerCase() === '100-continue';
}
