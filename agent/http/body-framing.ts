/**
 * Where a body ends (RFC 9112, 6.3 and 7.1), over any cut of the bytes. Hot path: body bytes are counted, never looked at.
 */
import type { HeadBuffers } from './head-buffers.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import { MessageFlag } from './message-flag.ts';
import { isInterim, type MessageHandler } from './message-handler.ts';
import type { Pairing } from './pairing.ts';
import type { Reading } from './place.ts';
import { type SideRecord, SideState } from './side.ts';

const LF = 10;
const CR = 13;
const SEMICOLON = 59;
/** RFC 9112, 7.1.1 lets a recipient bound chunk extensions; Node.js takes 16 KiB. */
const CHUNK_LINE_BYTES_MAX = 16 * 1024;
/** 13 hexadecimal digits are 2^52. */
const CHUNK_DIGITS_MAX = 13;

export interface BodyFramingOptions {
  readonly limits: HttpLimits;
  readonly handler: MessageHandler;
  readonly counters: HttpCounters;
  readonly pairing: Pairing;
  readonly heads: HeadBuffers;
  readonly reading: Reading;
}

export class BodyFraming {
  readonly #limits: HttpLimits;
  readonly #handler: MessageHandler;
  readonly #counters: HttpCounters;
  readonly #pairing: Pairing;
  readonly #heads: HeadBuffers;
  readonly #reading: Reading;

  constructor(options: BodyFramingOptions) {
    this.#limits = options.limits;
    this.#handler = options.handler;
    this.#counters = options.counters;
    this.#pairing = options.pairing;
    this.#heads = options.heads;
    this.#reading = options.reading;
  }

  /** Takes body bytes; returns where it stopped: at `end`, or earlier after a change of `side.state`. */
  consume(side: SideRecord, bytes: Uint8Array, from: number, end: number): number {
    switch (side.state) {
      case SideState.length:
      case SideState.chunkData:
        return this.#counted(side, bytes, from, end);
      case SideState.untilClose:
        this.#deliver(side, bytes, from, end);
        return end;
      case SideState.chunkSize:
        return this.#chunkSize(side, bytes, from, end);
      case SideState.chunkExtension:
        return this.#chunkExtension(side, bytes, from, end);
      case SideState.chunkEnd:
        return this.#chunkEnd(side, bytes, from, end);
      default:
        return this.#trailers(side, bytes, from, end);
    }
  }

  /** Takes bytes that all lie within a body of known length, or within a chunk, and do not reach its end. */
  flow(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): void {
    side.message.lastTsUs = tsUs;
    side.remaining -= end - from;
    this.#deliver(side, bytes, from, end);
  }

  /**
   * `length` bytes are missing inside a body.
   * @returns how many of them lie after it, its place in the stream known; −1 where the place is lost.
   */
  gap(side: SideRecord, length: number): number {
    if (side.state === SideState.untilClose) {
      this.#miss(side, length);
      return 0;
    }
    if (side.state === SideState.length) {
      const missed = Math.min(length, side.remaining);
      this.#miss(side, missed);
      side.remaining -= missed;
      if (side.remaining === 0) this.finish(side, true);
      return length - missed;
    }
    if (side.state === SideState.chunkData) {
      const missed = Math.min(length, side.remaining);
      this.#miss(side, missed);
      side.remaining -= missed;
      if (side.remaining === 0) {
        side.state = SideState.chunkEnd;
        side.lineBytes = 0;
      }
      if (length === missed) return 0;
    }
    side.message.flags |= MessageFlag.gap;
    this.finish(side, false);
    return -1;
  }

  /** Ends the message that flows. `framed`: its framing was satisfied. `side.state` is `search` where its end is a guess. */
  finish(side: SideRecord, framed: boolean): void {
    const message = side.message;
    const counters = this.#counters;
    side.state = side.unsure ? SideState.search : SideState.start;
    side.unsure = false;
    side.active = false;
    side.doubtful = false;
    side.expecting = false;
    const complete = framed && message.missingBytes === 0 && (message.flags & NEVER_COMPLETE) === 0;
    message.complete = complete;
    if (!complete) counters.messagesIncomplete++;
    else if (message.kind === 'request') counters.requestsComplete++;
    else counters.responsesComplete++;
    this.#handler.end(message);
    message.head = null;
    // The stream may stay open for long: what is over holds nothing.
    message.uri = '';
    this.#heads.forget(side);
  }

  /** A message was framed to its end: before the byte with this number. `finish` is another matter. */
  ended(side: SideRecord, end: number): void {
    if (!side.placed || side.stray) return;
    const { message } = side;
    if (message.kind === 'request') {
      if (!side.unsure) this.#pairing.requestEnded(side.stream, message, end | 0);
    } else if (isInterim(message)) this.#pairing.interimEnded(side.stream, end | 0);
    else this.#pairing.responseEnded(side.stream, end | 0);
  }

  #counted(side: SideRecord, bytes: Uint8Array, from: number, end: number): number {
    const take = Math.min(end - from, side.remaining);
    this.#deliver(side, bytes, from, from + take);
    side.remaining -= take;
    if (side.remaining === 0) {
      if (side.state === SideState.length) this.finish(side, true);
      else {
        side.state = SideState.chunkEnd;
        side.lineBytes = 0;
      }
    }
    return from + take;
  }

  #deliver(side: SideRecord, bytes: Uint8Array, from: number, end: number): void {
    const message = side.message;
    const length = end - from;
    message.bodyBytes += length;
    this.#counters.bodyBytes += length;
    const room = this.#limits.messageBytesMax - message.deliveredBytes;
    if (length <= room) {
      message.deliveredBytes += length;
      this.#handler.body(message, bytes, from, end);
      return;
    }
    this.#cut(side);
    this.#counters.cutBytes += length - room;
    message.deliveredBytes += room;
    if (room > 0) this.#handler.body(message, bytes, from, from + room);
  }

  #miss(side: SideRecord, length: number): void {
    const message = side.message;
    message.missingBytes += length;
    message.flags |= MessageFlag.gap;
    this.#counters.missingBytes += length;
    const room = this.#limits.messageBytesMax - message.deliveredBytes;
    if (length > room) this.#cut(side);
    const reported = Math.min(length, room);
    message.deliveredBytes += reported;
    if (reported > 0) this.#handler.bodyGap(message, reported);
  }

  #cut(side: SideRecord): void {
    if ((side.message.flags & MessageFlag.cut) !== 0) return;
    side.message.flags |= MessageFlag.cut;
    this.#counters.messagesCut++;
  }

  #chunkSize(side: SideRecord, bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    let size = side.remaining;
    let digits = side.digits;
    for (; at < end; at++) {
      const c = bytes[at]!;
      let digit = c - 48;
      if (digit < 0 || digit > 9) {
        digit = (c | 32) - 87;
        if (digit < 10 || digit > 15) break;
      }
      size = size * 16 + digit;
      if (++digits > CHUNK_DIGITS_MAX && size > Number.MAX_SAFE_INTEGER) return this.#invalidChunk(side, at);
    }
    side.remaining = size;
    side.digits = digits;
    if (at === end) return end;
    const c = bytes[at]!;
    // CR, LF, an extension, or the spaces some servers pad sizes with.
    if (digits === 0 || (c !== CR && c !== LF && c !== SEMICOLON && c !== 32 && c !== 9))
      return this.#invalidChunk(side, at);
    side.state = SideState.chunkExtension;
    side.lineBytes = 0;
    side.blank = 0;
    return at;
  }

  /** The rest of a chunk-size line. */
  #chunkExtension(side: SideRecord, bytes: Uint8Array, from: number, end: number): number {
    const limit = Math.min(end, from + CHUNK_LINE_BYTES_MAX - side.lineBytes);
    let at = from;
    let c = 0;
    for (; at < limit && (c = bytes[at]!) !== LF; at++) {
      // A CR that does not end the line, and spaces before it: servers disagree about these, which smugglers use.
      const isFirst = side.lineBytes === 0 && at === from;
      if (side.blank === 1 || (isFirst && c !== SEMICOLON && c !== CR)) side.message.flags |= MessageFlag.oddChunkLine;
      side.blank = c === CR ? 1 : 0;
    }
    side.lineBytes += at - from;
    if (at === end) return end;
    if (at === limit) return this.#invalidChunk(side, at);
    if (side.blank !== 1) side.message.flags |= MessageFlag.bareLf;
    if (side.remaining > 0) side.state = SideState.chunkData;
    else {
      side.state = SideState.trailers;
      side.lineBytes = 0;
      side.blank = 1;
    }
    return at + 1;
  }

  /** CRLF after chunk data; LF alone is taken. */
  #chunkEnd(side: SideRecord, bytes: Uint8Array, from: number, _end: number): number {
    const c = bytes[from]!;
    if (c === CR && side.lineBytes === 0) {
      side.lineBytes = 1;
      return from + 1;
    }
    if (c !== LF) return this.#invalidChunk(side, from);
    if (side.lineBytes === 0) side.message.flags |= MessageFlag.bareLf;
    side.state = SideState.chunkSize;
    side.remaining = 0;
    side.digits = 0;
    return from + 1;
  }

  /** Trailer fields are skipped; an empty line ends them. */
  #trailers(side: SideRecord, bytes: Uint8Array, from: number, end: number): number {
    const limit = Math.min(end, from + this.#limits.headBytesMax - side.lineBytes);
    let at = from;
    let blank = side.blank;
    for (; at < limit; at++) {
      const c = bytes[at]!;
      if (c === LF) {
        if (blank !== 0) {
          this.ended(side, this.#reading.origin + at + 1);
          this.finish(side, true);
          return at + 1;
        }
        blank = 1;
      } else if (c === CR && blank === 1) blank = 2;
      else if (blank !== 0) {
        blank = 0;
        side.message.flags |= MessageFlag.trailers;
      }
    }
    side.blank = blank;
    side.lineBytes += at - from;
    return at === end ? end : this.#invalidChunk(side, at);
  }

  #invalidChunk(side: SideRecord, at: number): number {
    side.message.flags |= MessageFlag.invalidChunk;
    this.finish(side, false);
    side.state = SideState.search;
    return at;
  }
}

/** A message with one of these is never complete, whatever its framing says. */
const NEVER_COMPLETE =
  MessageFlag.headTruncated |
  MessageFlag.invalidChunk |
  MessageFlag.gap |
  MessageFlag.conflictingLength |
  MessageFlag.invalidLength |
  MessageFlag.aborted;
