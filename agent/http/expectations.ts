/**
 * Requests that wait for 100 (Continue) before they send their body (RFC 9110, 10.1.1), which may never come: what looks like the next
 * request is held until acknowledgements, or an answer, show whether it is that or the body.
 */
import type { BodyFraming } from './body-framing.ts';
import { copyBytes, type HeadBuffers } from './head-buffers.ts';
import { HEAD_INCOMPLETE, HEAD_INVALID, type HeadParser } from './head-parser.ts';
import type { HttpLimits } from './http-limits.ts';
import type { HttpStreams } from './http-streams.ts';
import { MessageFlag } from './message-flag.ts';
import type { Pairing } from './pairing.ts';
import type { Place, Reading } from './place.ts';
import { type ReadHeld, type SideRecord, SideState } from './side.ts';
import type { Synchronisation } from './synchronisation.ts';
import { distance, RESPONSE_BYTES_MIN } from './turn-taking.ts';

/** A head behind a body that never came is no longer than this: it is read again with each of its pieces. */
const EXPECTED_HEAD_BYTES = 8192;

/** `HTTP/1.1 100 Continue`, CR LF, CR LF, and little more: a final response is longer. */
const CONTINUE_BYTES = 32;

export interface ExpectationsOptions {
  readonly limits: HttpLimits;
  readonly pairing: Pairing;
  readonly parser: HeadParser;
  readonly streams: HttpStreams;
  readonly heads: HeadBuffers;
  readonly framing: BodyFraming;
  readonly sync: Synchronisation;
  readonly reading: Reading;
  readonly readHeld: ReadHeld;
}

export class Expectations {
  readonly #limits: HttpLimits;
  readonly #pairing: Pairing;
  readonly #parser: HeadParser;
  readonly #streams: HttpStreams;
  readonly #heads: HeadBuffers;
  readonly #framing: BodyFraming;
  readonly #sync: Synchronisation;
  readonly #reading: Reading;
  readonly #readHeld: ReadHeld;
  /** Whether any request ever waited: most traffic has none. */
  #hasBegun = false;

  constructor(options: ExpectationsOptions) {
    this.#limits = options.limits;
    this.#pairing = options.pairing;
    this.#parser = options.parser;
    this.#streams = options.streams;
    this.#heads = options.heads;
    this.#framing = options.framing;
    this.#sync = options.sync;
    this.#reading = options.reading;
    this.#readHeld = options.readHeld;
  }

  /**
   * RFC 9110, 10.1.1: a client that waits for 100 (Continue) may get a final status instead. What it sends then is either the
   * body after all, or the next request and the announced body never: the bytes decide.
   * @param headEnd behind the head of its request
   * @param ack what came with that
   */
  begin(side: SideRecord, headEnd: number, ack: number): void {
    const { message } = side;
    this.#hasBegun = true;
    side.expecting = true;
    side.doubtful = true;
    side.heldSequence = headEnd;
    side.askedAck = ack;
    // Captured before its request: only final responses wait for theirs.
    side.answered = message.pairing === 'certain' || message.pairing === 'probable';
  }

  /**
   * Whether the request at hand was answered with a 100 (Continue) that was captured before it: the server had received of the client
   * no more than this head, and the client had received all before that answer. Then its body comes.
   */
  wasContinued(side: SideRecord, place: Place, headEnd: number): boolean {
    const other = this.#streams.other(side);
    if (other == null || other.continues !== side.message.exchange || place.known === 0) return false;
    const { sequence, ack } = place;
    const hasReceived = distance(sequence, other.continuesAck) > 0 && distance(headEnd, other.continuesAck) <= 0;
    return hasReceived && distance(ack, other.continuesAt) >= 0;
  }

  /**
   * A response comes that the client had not received when it sent what is held, although it had received another: none that
   * was seen, so that one is missing, and what looks like a request is one.
   * @param sequence of the response
   * @returns whether anything was held
   */
  settle(side: SideRecord, sequence: number): boolean {
    if (!this.#hasBegun) return false;
    const other = this.#streams.other(side);
    if (!other?.expecting || other.held === 0 || !side.placed || !this.#isRefused(other)) return false;
    if (distance(other.heldAck, sequence) < 0) return false;
    if (this.#expectedHead(other) > 0) this.#endUnsent(other);
    return true;
  }

  /** Holds bytes as long as they may be a request; returns where to go on. */
  consume(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    if (!this.#holdExpected(side, bytes, from, end, tsUs)) {
      if (side.held > 0 && this.#isRefused(side)) this.#endUnsent(side);
      else this.#releaseUnproven(side, tsUs);
      return from;
    }
    const head = this.#expectedHead(side);
    const isLong = side.state === SideState.length && side.held >= side.remaining;
    if (head === HEAD_INVALID) this.#releaseExpected(side, tsUs);
    else if (head > 0 && this.#isRefused(side, CONTINUE_BYTES)) this.#endUnsent(side);
    // A whole body of that length, and no answer before it.
    else if (isLong && !side.answered) this.#releaseUnproven(side, tsUs);
    return end;
  }

  #holdExpected(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): boolean {
    const length = side.held + end - from;
    if (length > this.#limits.headBytesMax) return false;
    let buffer = side.expected;
    if (buffer === null || buffer.length < length) {
      buffer = this.#heads.grow(buffer, side.held, length);
      if (buffer === null) return false;
      if (side.expected === null) {
        side.bufferedUs = tsUs;
        side.heldSequence = (this.#reading.origin + from) | 0;
        side.heldAck = this.#reading.ack;
      }
      side.expected = buffer;
    }
    copyBytes.call(bytes, buffer, side.held, from, end);
    side.held = length;
    return true;
  }

  /**
   * Whether the client had received more than so many bytes of an answer when it sent the bytes held, perhaps of one that was
   * not seen. (A 100 that was seen leaves nothing to expect.)
   */
  #isRefused(side: SideRecord, bytes = RESPONSE_BYTES_MIN - 1): boolean {
    return side.answered || (side.placed && distance(side.askedAck, side.heldAck) > bytes);
  }

  /** The length of the request head that the held bytes begin with, HEAD_INCOMPLETE or HEAD_INVALID. */
  #expectedHead(side: SideRecord): number {
    const parser = this.#parser;
    const length = parser.parse(side.expected!, 0, side.held, true);
    if (length === HEAD_INVALID || (parser.startLineRead && !parser.isRequest)) return HEAD_INVALID;
    return (length === HEAD_INCOMPLETE ? side.held : length) > EXPECTED_HEAD_BYTES ? HEAD_INVALID : length;
  }

  /** A response to the request that waits was seen. */
  answer(side: SideRecord, status: number, tsUs: number): void {
    if (status === 100) {
      // Then the bytes that are missing were of the body.
      side.unsure = false;
      this.#releaseExpected(side, tsUs);
    } else if (status >= 200) {
      side.answered = true;
      if (side.held > 0 && this.#expectedHead(side) > 0) this.#endUnsent(side);
    }
  }

  /** Bytes are missing where the body or the next request was to come. */
  miss(side: SideRecord, length: number, tsUs: number): void {
    if (side.held > 0) this.release(side, tsUs);
    else if (side.answered) this.#missAnswered(side, length, tsUs);
    else if (side.state === SideState.length) this.#doubt(side, length);
    else this.release(side, tsUs);
  }

  /**
   * Bytes are missing behind a head that was answered before its body came: that body, if their number fits; else most likely
   * what follows a body that never came. A part of the body may be among them: the request is not complete.
   */
  #missAnswered(side: SideRecord, length: number, tsUs: number): void {
    if (side.state === SideState.length && length === side.remaining) this.#releaseExpected(side, tsUs);
    else {
      side.message.flags |= MessageFlag.bodyUnsent | MessageFlag.gap;
      this.#framing.finish(side, false);
    }
  }

  /**
   * Behind a head that waits for 100 (Continue) bytes are missing, or came, of which nothing seen shows whether they are its
   * body or the next requests: what follows decides, as far as it can. Where the body ends is a guess from here on.
   */
  #doubt(side: SideRecord, length: number): void {
    const { stream, message } = side;
    if (!side.unsure && side.placed) this.#pairing.requestEndsBehind(stream, message, side.heldSequence);
    else this.#pairing.lost(stream, 'request', true);
    side.unsure = true;
    side.heldSequence = (side.heldSequence + length) | 0;
  }

  /** No more of a body that may not have been sent: what is held goes where it belongs. */
  release(side: SideRecord, tsUs: number): void {
    if (side.held > 0 ? this.#isRefused(side) : side.answered) this.#endUnsent(side);
    else this.#releaseUnproven(side, tsUs);
  }

  /** The body was never sent: what is held is the next request, or its beginning. */
  #endUnsent(side: SideRecord): void {
    const { expected, held } = side;
    side.expected = null;
    side.held = 0;
    side.message.flags |= MessageFlag.bodyUnsent;
    const isLong = side.state === SideState.length && held >= side.remaining;
    if (held > 0 && side.placed) this.#pairing.takenAsUnsent(side.stream, isLong);
    this.#framing.ended(side, side.heldSequence);
    this.#framing.finish(side, true);
    if (side.state === SideState.search) this.#sync.lose(side);
    this.#consumeHeld(side, expected, held, side.bufferedUs);
  }

  /**
   * What is held is the body, as far as acknowledgements show. Of a request that was seen as a later copy they show nothing: a
   * body that begins with a request may be that request.
   */
  #releaseUnproven(side: SideRecord, tsUs: number): void {
    const isDoubtful = side.held > 0 && side.placed && this.#expectedHead(side) > 0;
    if (isDoubtful) this.#doubt(side, 0);
    this.#releaseExpected(side, tsUs);
  }

  /** What is held, and what follows, is the body. */
  #releaseExpected(side: SideRecord, tsUs: number): void {
    const { expected, held } = side;
    side.expected = null;
    side.held = 0;
    side.expecting = false;
    side.doubtful = false;
    if (side.state === SideState.length) this.#framing.ended(side, side.heldSequence + side.remaining);
    this.#consumeHeld(side, expected, held, tsUs);
  }

  #consumeHeld(side: SideRecord, buffer: Uint8Array | null, length: number, tsUs: number): void {
    if (buffer === null) return;
    this.#readHeld(side, buffer, length, tsUs);
    if (side.active && side.passing) this.#heads.keep(side);
    this.#heads.giveBack(buffer);
  }
}
