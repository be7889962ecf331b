/**
 * What stands between two messages of a side: a head, at once or in pieces, or what is none. A head that one segment holds is parsed
 * where it lies; what was gathered and is no head after all is read again, byte for byte as if it had come at once.
 */
import type { HeadBuffers } from './head-buffers.ts';
import { HEAD_INCOMPLETE, HEAD_INVALID, type HeadParser, NO_VERSION } from './head-parser.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import { type HttpStreams, Protocol } from './http-streams.ts';
import { matchSettings } from './http2-settings.ts';
import { MessageFlag } from './message-flag.ts';
import type { MessageStarts } from './message-starts.ts';
import type { Reading } from './place.ts';
import type { ProtocolChanges } from './protocol-changes.ts';
import { type Consume, type SideRecord, SideState } from './side.ts';
import { mayBegin } from './start-search.ts';
import type { Synchronisation } from './synchronisation.ts';
import { mayBeTls, parseTlsHello, type TlsHello } from './tls-hello.ts';
import type { TlsStreams } from './tls-streams.ts';

const LF = 10;
const CR = 13;
const LETTER_H = 72;
/** What an HTTP/2 client sends first (RFC 9113, 3.4), as far as it differs from HTTP/1 heads. */
const HTTP2_PREFACE = Uint8Array.from('PRI * HTTP/2', (c) => c.charCodeAt(0));

/** A start line that comes in pieces is judged after each, up to this length. */
const START_LINE_BYTES = 4096;

/** The head of an HTTP/0.9 response. */
const NO_HEAD = new Uint8Array(0);

export interface BetweenMessagesOptions {
  readonly limits: HttpLimits;
  readonly counters: HttpCounters;
  readonly parser: HeadParser;
  readonly streams: HttpStreams;
  readonly tls: TlsStreams;
  readonly heads: HeadBuffers;
  readonly sync: Synchronisation;
  readonly changes: ProtocolChanges;
  readonly starts: MessageStarts;
  readonly reading: Reading;
  readonly consume: Consume;
}

export class BetweenMessages {
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #parser: HeadParser;
  readonly #streams: HttpStreams;
  readonly #tls: TlsStreams;
  readonly #heads: HeadBuffers;
  readonly #sync: Synchronisation;
  readonly #changes: ProtocolChanges;
  readonly #starts: MessageStarts;
  readonly #reading: Reading;
  readonly #consume: Consume;

  constructor(options: BetweenMessagesOptions) {
    this.#limits = options.limits;
    this.#counters = options.counters;
    this.#parser = options.parser;
    this.#streams = options.streams;
    this.#tls = options.tls;
    this.#heads = options.heads;
    this.#sync = options.sync;
    this.#changes = options.changes;
    this.#starts = options.starts;
    this.#reading = options.reading;
    this.#consume = options.consume;
  }

  /** Takes what stands before a message, and its head if that is whole. @returns where to go on */
  start(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    let at = from;
    const protocol = this.#streams.protocols[side.stream]!;
    if (protocol >= Protocol.left && this.#streams.hasLeft(side, this.#reading.origin + from)) {
      side.state = SideState.ignored;
      return from;
    }
    // The first byte alone decides, whatever the cut.
    if (side.fresh && bytes[at] !== LETTER_H && this.#streams.isAnswerToSimple(side))
      return this.#beginWithoutHead(side, at, tsUs);
    // RFC 9112, 2.2: empty lines before a start line are ignored.
    while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
    if (at === end) return end;
    const isOpen = side.fresh && protocol !== Protocol.http && protocol !== Protocol.leaving;
    if (isOpen && (mayBeTls(bytes, at, end) || matchSettings(bytes, at, end) !== 'no')) {
      side.state = SideState.hello;
      side.bufferLength = 0;
      return at;
    }
    // What is seen first where the start was missed may be the rest of a head: `ET /` is no method of its own.
    if (side.fresh && side.placed && this.#streams.isMidStream[side.stream] === 1)
      side.strict = !mayBegin(bytes, at, end);
    const limit = Math.min(end, at + this.#limits.headBytesMax);
    const length = this.#parser.parse(bytes, at, limit, side.strict);
    if (length > 0) {
      this.#starts.begin(side, bytes, at, length, tsUs, 0);
      return at + length;
    }
    if (length === HEAD_INVALID) return this.#notStart(side, bytes, at, end, tsUs);
    if (limit < end) return at + this.#headOverLimit(side, bytes, at, limit, tsUs);
    side.state = SideState.head;
    side.bufferedUs = tsUs;
    side.bufferedSequence = (this.#reading.origin + at) | 0;
    side.bufferedAck = this.#reading.ack;
    side.bufferLength = 0;
    side.blank = 0;
    side.startLineChecked = this.#parser.startLineRead;
    return this.head(side, bytes, at, end, tsUs);
  }

  /** Takes the beginning of a stream that is not HTTP/1. @returns where to go on */
  hello(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    const before = side.bufferLength;
    const kept = Math.min(end, from + this.#limits.tlsHelloBytesMax - before);
    let hello = before === 0 ? parseHello(bytes, from, kept) : null;
    if (hello === null || hello.status === 'incomplete') {
      if (kept === from || !this.#heads.append(side, bytes, from, kept)) {
        this.#counters.ignoredBytes += before;
        this.#changes.leave(side.stream, Protocol.left);
        this.#counters.unknownStreams++;
        return from;
      }
      hello = parseHello(side.buffer!, 0, side.bufferLength);
      if (hello.status === 'incomplete') return kept;
    }
    if (hello.status === 'invalid') {
      if (side.buffer !== null) return this.#rescan(side, kept, tsUs);
      return this.#notStart(side, bytes, from, end, tsUs);
    }
    if (hello.status === 'http2') {
      this.#counters.ignoredBytes += before;
      this.#changes.leave(side.stream, Protocol.http2);
      return from;
    }
    this.#tls.greet(side.stream, hello.status, hello);
    this.#counters.ignoredBytes += before;
    this.#heads.release(side);
    side.state = SideState.ignored;
    return from;
  }

  /** The bytes at `at` start no message; returns where to go on. */
  #notStart(side: SideRecord, bytes: Uint8Array, at: number, end: number, tsUs: number): number {
    let same = 0;
    while (same < HTTP2_PREFACE.length && at + same < end && bytes[at + same] === HTTP2_PREFACE[same]) same++;
    if (side.fresh && same === HTTP2_PREFACE.length) {
      this.#changes.leave(side.stream, Protocol.http2);
      return at;
    }
    if (this.#streams.protocols[side.stream] === Protocol.tls) {
      side.state = SideState.ignored;
      return at;
    }
    if (side.fresh && this.#streams.isAnswerToSimple(side)) return this.#beginWithoutHead(side, at, tsUs);
    if (side.asked >= 0) {
      side.state = SideState.upgrading;
      return at;
    }
    side.garbageBytes++;
    this.#sync.lose(side);
    this.#tls.finds(side, bytes, at, at + 1);
    return at + 1;
  }

  /** RFC 1945, 6: the answer to an HTTP/0.9 request is a body and nothing else. */
  #beginWithoutHead(side: SideRecord, at: number, tsUs: number): number {
    this.#parser.parseNothing();
    this.#starts.begin(side, NO_HEAD, at, 0, tsUs, 0);
    return at;
  }

  /** Gathers a head that came in pieces, and parses it once its blank line is there. */
  head(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    const room = this.#limits.headBytesMax - side.bufferLength;
    const limit = Math.min(end, from + room);
    let blank = side.blank;
    let at = from;
    let lines = 0;
    let whole = false;
    while (at < limit && !whole) {
      const c = bytes[at++];
      if (c === LF) {
        whole = blank !== 0;
        blank = 1;
        lines++;
      } else blank = c === CR && blank === 1 ? 2 : 0;
    }
    side.blank = blank;
    if (!this.#heads.append(side, bytes, from, at)) {
      this.#counters.headsShed++;
      side.gapped = true;
      side.garbageBytes += side.bufferLength + at - from;
      this.#heads.release(side);
      this.#sync.lose(side);
      return at;
    }
    const buffer = side.buffer!;
    // At once, so that the cut of the bytes decides nothing; a long line, which would be read again and again, now and then.
    const length = side.bufferLength;
    const isTime = length <= START_LINE_BYTES || (length - (at - from)) >> 10 !== length >> 10;
    if (!side.startLineChecked && (lines > 0 || isTime)) {
      const line = this.#parser.startLine(buffer, 0, length, side.strict);
      if (line === HEAD_INVALID) return this.#rescan(side, at, tsUs);
      side.startLineChecked = line > 0;
    }
    if (!whole && length < this.#limits.headBytesMax) return at;
    const parsed = this.#parser.parse(buffer, 0, length, side.strict);
    if (parsed === HEAD_INVALID) return this.#rescan(side, at, tsUs);
    side.state = SideState.start;
    if (parsed > 0) this.#starts.begin(side, buffer, 0, parsed, side.bufferedUs, 0);
    else this.#headOverLimit(side, buffer, 0, length, side.bufferedUs);
    return at;
  }

  #headOverLimit(side: SideRecord, bytes: Uint8Array, start: number, end: number, tsUs: number): number {
    this.#counters.headsOverLimit++;
    if (this.#parser.startLineRead) {
      this.#starts.begin(side, bytes, start, end - start, tsUs, MessageFlag.headTruncated);
    } else {
      side.garbageBytes += end - start;
      this.#heads.release(side);
    }
    this.#sync.lose(side);
    return end - start;
  }

  /** A gathered head that nothing will complete: reported as far as it goes, if its start line is there. */
  truncateHead(side: SideRecord, flag: number): void {
    const length = side.bufferLength;
    const parser = this.#parser;
    const parsed = parser.parse(side.buffer!, 0, length, side.strict);
    if (parsed === HEAD_INVALID) {
      // What stands in it may begin another, to be cut in its turn.
      this.#rescan(side, 0, side.bufferedUs);
      if (side.state === SideState.head) this.truncateHead(side, flag);
      return;
    }
    if (flag === MessageFlag.gap) this.#counters.headsLost++;
    side.state = SideState.start;
    if (parsed === HEAD_INCOMPLETE && parser.startLineRead) {
      const whole = parser.isRequest && parser.minorVersion === NO_VERSION && flag !== MessageFlag.gap;
      const flags = whole ? 0 : flag | MessageFlag.headTruncated;
      this.#starts.begin(side, side.buffer!, 0, length, side.bufferedUs, flags);
    } else {
      side.garbageBytes += length;
      this.#heads.release(side);
    }
  }

  /** What was gathered is no head after all: looks for one in it, byte for byte as if it had come at once. */
  #rescan(side: SideRecord, next: number, tsUs: number): number {
    const buffer = side.buffer!;
    const length = side.bufferLength;
    side.buffer = null;
    side.bufferLength = 0;
    side.state = SideState.start;
    // What begins in it came with any of its segments: the latest acknowledgement is too low for none.
    const origin = this.#reading.origin;
    const ack = this.#reading.ack;
    this.#reading.origin = side.bufferedSequence;
    this.#reading.ack = side.ack;
    const at = this.#notStart(side, buffer, 0, length, tsUs);
    this.#consume(side, buffer, at, length, tsUs);
    this.#reading.origin = origin;
    this.#reading.ack = ack;
    if (side.active && side.message.head === buffer) this.#heads.keepHead(side);
    this.#heads.giveBack(buffer);
    return next;
  }

  /** The first answer ends an HTTP/0.9 request, which has no blank line. */
  answered(other: SideRecord): void {
    if (other.state !== SideState.head || !other.startLineChecked) return;
    this.#parser.parse(other.buffer!, 0, other.bufferLength, other.strict);
    if (this.#parser.minorVersion === NO_VERSION && this.#parser.isRequest) this.truncateHead(other, 0);
  }
}

type Hello = Pick<TlsHello, 'version' | 'serverName'> & { readonly status: TlsHello['status'] | 'http2' };

/** What a stream that is not HTTP/1 begins with. */
function parseHello(bytes: Uint8Array, start: number, end: number): Hello {
  const settings = matchSettings(bytes, start, end);
  if (settings === 'no') return parseTlsHello(bytes, start, end);
  return { status: settings === 'whole' ? 'http2' : 'incomplete', version: 0, serverName: '' };
}
