/**
 * One direction of a connection: HTTP/1 is followed message by message and every byte put back where it was, replaced where it says
 * something. What is not understood is left blank: it can cost a message, it never shows one. One file because it is one state machine.
 */

import { LENGTH_ABSENT, LENGTH_UNKNOWABLE } from '../../agent/http/framing-fields.ts';
import type { HeadParser } from '../../agent/http/head-parser.ts';
import { NO_VERSION } from '../../agent/http/head-parser.ts';
import { latin1 } from '../../agent/http/message.ts';
import { findStart } from '../../agent/http/start-search.ts';
import { mayBeTls } from '../../agent/http/tls-hello.ts';
import { type BodyOrder, type BodyRoom, BodyScrubber, type Place } from './body-scrubber.ts';
import { type ConnectionTalk, simpleMethod } from './connection-talk.ts';
import type { HeadScrubber } from './head-scrubber.ts';
import { HeldBytes } from './held-bytes.ts';
import { codingsNamed } from './named-codings.ts';
import {
  http2Frames,
  http2Preface,
  type RecordKind,
  RecordWalker,
  tlsRecords,
  websocketFrames,
} from './record-walker.ts';
import { TextMode, type TextScrubber } from './text-scrubber.ts';
import { scrubHello } from './tls-hello-scrubber.ts';

export interface SideParts {
  readonly parser: HeadParser;
  readonly heads: HeadScrubber;
  readonly text: TextScrubber;
  readonly room: BodyRoom;
}

const State = {
  first: 0,
  head: 1,
  /** A head may begin anywhere. */
  search: 2,
  length: 3,
  untilClose: 4,
  chunkSize: 5,
  chunkData: 6,
  chunkEnd: 7,
  trailers: 8,
  records: 9,
  hello: 10,
  blank: 11,
} as const;
type State = (typeof State)[keyof typeof State];

/** As the agent has it: longer heads are none. */
const headBytesMax = 64 << 10;
const lineBytesMax = 16 << 10;
const helloBytesMax = 5 + 16_384;
/** Of a start line that is searched for. */
const startLineBytesMax = 4_096;

export class SideScrubber {
  readonly #parts: SideParts;
  readonly #talk: ConnectionTalk;
  readonly #place: Place;
  #state: State = State.first;
  /** Bytes of a head, a line or a hello that are not all there yet, the first of which belongs at `#heldAt`. */
  readonly #held = new HeldBytes();
  #heldAt = 0;
  #left = 0;
  #body: BodyScrubber | undefined;
  #walker: RecordWalker | undefined;
  #isStrict = false;
  #isHttp = false;
  /** The body may not come: what is there instead may be the next head. */
  #isDoubtful = false;

  constructor(parts: SideParts, talk: ConnectionTalk, place: Place) {
    this.#parts = parts;
    this.#talk = talk;
    this.#place = place;
  }

  push(offset: number, bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const next = this.#step(offset + at - start, bytes, at, end);
      if (next < 0) break;
      at = next;
    }
  }

  gap(length: number): void {
    switch (this.#state) {
      case State.length:
      case State.chunkData:
        this.#body?.gap();
        if (length <= this.#left) {
          this.#left -= length;
          if (this.#left === 0) this.#bodyReached();
          return;
        }
        break;
      case State.untilClose:
        this.#body?.gap();
        return;
      case State.records:
        this.#walker!.gap(length);
        return;
      case State.blank:
        return;
      default:
    }
    this.#lose();
  }

  /** No more comes. */
  end(): void {
    this.#takeCutHead();
    if (!this.#isHttp && (this.#state === State.search || this.#state === State.head))
      this.#parts.room.counts.otherSides += 1;
    this.#endBody(this.#state === State.untilClose);
    this.#blankHeld();
    this.#state = State.blank;
  }

  /** The other side has left HTTP/1, and this one with it. */
  leave(kind: RecordKind | undefined): void {
    this.#endBody(true);
    this.#blankHeld();
    this.#walker = kind && new RecordWalker(kind, this.#place);
    this.#state = kind ? State.records : State.blank;
  }

  /** A tunnel begins: whatever may be spoken in it begins anew. */
  restart(): void {
    this.#blankHeld();
    this.#state = State.first;
  }

  /** The other side answers: a request that has no version is over with its line (RFC 1945, section 4.1). */
  answered(): void {
    const { parser } = this.#parts;
    if (this.#hasStartLine() && parser.isRequest && parser.minorVersion === NO_VERSION) this.#takeHeld();
  }

  /** A head of which a line at least is held. */
  #hasStartLine(): boolean {
    if (this.#state !== State.head || this.#held.length === 0) return false;
    const { parser } = this.#parts;
    return parser.parse(this.#held.bytes, 0, this.#held.length, this.#isStrict) === 0 && parser.startLineRead;
  }

  #takeHeld(): void {
    this.#takeHead(this.#held.length);
    this.#held.length = 0;
  }

  /** @returns where it goes on; −1 where all was taken */
  #step(offset: number, bytes: Uint8Array, at: number, end: number): number {
    switch (this.#state) {
      case State.first:
        return this.#first(offset, bytes, at, end);
      case State.head:
        return this.#head(offset, bytes, at, end);
      case State.search:
        return this.#search(offset, bytes, at, end);
      case State.length:
      case State.chunkData:
        return this.#counted(offset, bytes, at, end);
      case State.untilClose:
        this.#body!.push(offset, bytes, at, end);
        return -1;
      case State.chunkSize:
      case State.chunkEnd:
      case State.trailers:
        return this.#line(offset, bytes, at, end);
      case State.records:
        this.#walker!.push(offset, bytes, at, end);
        return -1;
      case State.hello:
        return this.#hello(offset, bytes, at, end);
      default:
        this.#parts.room.counts.bytesBlanked += end - at;
        return -1;
    }
  }

  /** What a side speaks, by its first bytes. */
  #first(offset: number, bytes: Uint8Array, at: number, end: number): number {
    const { counts } = this.#parts.room;
    if (mayBeTls(bytes, at, end)) {
      counts.tlsSides += 1;
      this.#state = State.hello;
      return at;
    }
    const compared = Math.min(http2Preface.length, end - at);
    if (http2Preface.compare(bytes, at, at + compared, 0, compared) === 0 && compared >= 3) {
      if (compared < http2Preface.length) {
        // The preface in pieces: nobody sends it so.
        this.#state = State.blank;
        return at;
      }
      this.#place(offset, bytes, at, at + http2Preface.length);
      counts.http2Sides += 1;
      this.#talk.leave(http2Frames);
      return at + http2Preface.length;
    }
    this.#state = State.head;
    this.#isStrict = false;
    return at;
  }

  #head(offset: number, bytes: Uint8Array, at: number, end: number): number {
    if (this.#held.length === 0 && this.#talk.isSimple && !looksLikeHead(bytes, at, end)) {
      // An answer without a head: all of it is body.
      this.#talk.answered(200);
      this.#body = new BodyScrubber(this.#parts.room, { contentType: '', codings: [] }, this.#place);
      this.#state = State.untilClose;
      return at;
    }
    const before = this.#held.length;
    if (before === 0) {
      // Empty lines before a start line (RFC 9112, section 2.2).
      let from = at;
      while (from < end && (bytes[from] === 13 || bytes[from] === 10)) from += 1;
      if (from > at) {
        this.#place(offset, bytes, at, from);
        return from;
      }
    }
    this.#hold(offset, bytes, at, end);
    const length = this.#parts.parser.parse(this.#held.bytes, 0, this.#held.length, this.#isStrict);
    if (length > 0) {
      this.#takeHead(length);
      this.#held.length = 0;
      return at + length - before;
    }
    if (length === 0 && this.#held.length <= headBytesMax) return -1;
    // No head: one may begin further on.
    this.#state = State.search;
    this.#dropBefore(1);
    return this.#search(offset + end - at, bytes, end, end);
  }

  /** Looks for a head in what is held; what lies before it stays blank. */
  #search(offset: number, bytes: Uint8Array, at: number, end: number): number {
    this.#hold(offset, bytes, at, end);
    const found = findStart(this.#parts.parser, this.#held.bytes, 0, this.#held.length, startLineBytesMax);
    this.#dropBefore(found);
    if (this.#held.length === 0) return end;
    const length = this.#parts.parser.parse(this.#held.bytes, 0, this.#held.length, true);
    if (length > 0) {
      this.#takeHead(length);
      const rest = Uint8Array.from(this.#held.bytes.subarray(length, this.#held.length));
      const restAt = this.#heldAt + length;
      this.#held.length = 0;
      this.push(restAt, rest, 0, rest.length);
    } else if (this.#held.length > headBytesMax) this.#dropBefore(1);
    return end;
  }

  /** The head that is held from its beginning, `length` bytes long. */
  #takeHead(length: number): void {
    const { parser, heads, room } = this.#parts;
    const { isRequest, status, fields, count, minorVersion } = parser;
    const held = this.#held.bytes;
    const method = isRequest ? latin1(held, 0, parser.methodEnd) : '';
    const value = (name: string) => {
      const all: string[] = [];
      for (let i = 0; i < count; i += 1) {
        const own = latin1(held, fields[i * 4]!, fields[i * 4 + 1]!);
        if (own.toLowerCase() === name) all.push(latin1(held, fields[i * 4 + 2]!, fields[i * 4 + 3]!));
      }
      return all.join(',');
    };
    const contentType = value('content-type');
    const codings = codingsNamed(value('content-encoding'), value('transfer-encoding'));
    const expects = isRequest && value('expect') !== '';
    const upgrade = value('upgrade').toLowerCase();
    room.counts.messages += 1;
    this.#isHttp = true;
    heads.scrub(held, 0, length);
    this.#place(this.#heldAt, held, 0, length);
    this.#isStrict = false;
    const asked = isRequest ? method : this.#talk.answered(status);
    if (isRequest) this.#talk.asked(minorVersion < 0 ? simpleMethod : method);
    this.#isDoubtful = expects || (!isRequest && asked === undefined);
    if (asked === 'CONNECT' && status >= 200 && status < 300) {
      this.#talk.tunnel();
      return;
    }
    if (!isRequest && status === 101) {
      if (upgrade === 'websocket') room.counts.websocketSides += 2;
      this.#talk.leave(upgrade === 'websocket' ? websocketFrames : upgrade === 'h2c' ? http2Frames : undefined);
      return;
    }
    const isBodiless = !isRequest && (status < 200 || status === 204 || status === 304 || asked === 'HEAD');
    if (isBodiless || minorVersion < 0) this.#state = State.head;
    else this.#beginBody({ contentType, codings });
  }

  /** What follows the head that was parsed last (RFC 9112, section 6.3). */
  #beginBody(order: BodyOrder): void {
    const { isRequest, chunked, hasEncoding, contentLength } = this.#parts.parser;
    const isOpenEnded = hasEncoding || contentLength === LENGTH_ABSENT;
    if (chunked) this.#state = State.chunkSize;
    else if (isOpenEnded && !isRequest) this.#state = State.untilClose;
    else if (!isOpenEnded && contentLength > 0) {
      this.#left = contentLength;
      this.#state = State.length;
    } else {
      this.#state = !isOpenEnded && contentLength === LENGTH_UNKNOWABLE ? State.search : State.head;
      return;
    }
    this.#body = new BodyScrubber(this.#parts.room, order, this.#place);
  }

  #counted(offset: number, bytes: Uint8Array, at: number, end: number): number {
    if (this.#isDoubtful && this.#state === State.length) {
      this.#isDoubtful = false;
      if (looksLikeHead(bytes, at, end)) {
        this.#endBody(true);
        this.#state = State.head;
        return at;
      }
    }
    const to = at + Math.min(end - at, this.#left);
    this.#body!.push(offset, bytes, at, to);
    this.#left -= to - at;
    if (this.#left === 0) this.#bodyReached();
    return to;
  }

  /** A body of known length, or a chunk, is over. */
  #bodyReached(): void {
    if (this.#state === State.chunkData) {
      this.#state = State.chunkEnd;
      return;
    }
    this.#endBody(true);
    this.#state = State.head;
  }

  /** Lines between chunks, and behind the last one. */
  #line(offset: number, bytes: Uint8Array, at: number, end: number): number {
    const lf = bytes.subarray(at, end).indexOf(10);
    const to = lf < 0 ? end : at + lf + 1;
    this.#hold(offset, bytes, at, to);
    if (lf < 0) {
      if (this.#held.length <= lineBytesMax) return -1;
      this.#lose();
      return end;
    }
    if (!this.#takeLine(latin1(this.#held.bytes, 0, this.#held.length))) {
      this.#lose();
      return to;
    }
    this.#place(this.#heldAt, this.#held.bytes, 0, this.#held.length);
    this.#held.length = 0;
    return to;
  }

  /** @param line as it is held @returns false where it cannot be there */
  #takeLine(line: string): boolean {
    if (this.#state === State.chunkSize) return this.#chunkSize(line);
    const isEmpty = /^\r?\n$/.test(line);
    if (this.#state === State.chunkEnd) {
      if (isEmpty) this.#state = State.chunkSize;
      return isEmpty;
    }
    if (isEmpty) {
      this.#endBody(true);
      this.#state = State.head;
    } else this.#parts.heads.fields(this.#held.bytes, 0, this.#held.length);
    return true;
  }

  #chunkSize(line: string): boolean {
    const size = /^[ \t]*([0-9a-fA-F]{1,13})[ \t]*(;|\r?\n)/.exec(line);
    if (!size) return false;
    // What is said behind the size is a text as any other.
    const behind = line.indexOf(';');
    if (behind >= 0) this.#parts.text.scrub(this.#held.bytes, behind, this.#held.length, TextMode.plain);
    this.#left = Number.parseInt(size[1]!, 16);
    this.#state = this.#left === 0 ? State.trailers : State.chunkData;
    return true;
  }

  #hello(offset: number, bytes: Uint8Array, at: number, end: number): number {
    const before = this.#held.length;
    this.#hold(offset, bytes, at, end);
    if (this.#held.length < 5) return -1;
    const length = 5 + ((this.#held.bytes[3]! << 8) | this.#held.bytes[4]!);
    if (this.#held.length < length && length <= helloBytesMax) return -1;
    this.#walker = new RecordWalker(tlsRecords, this.#place);
    this.#state = State.records;
    if (length > helloBytesMax || this.#held.bytes[0] !== 22) {
      const held = Uint8Array.from(this.#held.bytes.subarray(0, this.#held.length));
      this.#held.length = 0;
      this.#walker.push(this.#heldAt, held, 0, held.length);
      return end;
    }
    scrubHello(this.#held.bytes.subarray(0, length), this.#parts.text);
    this.#place(this.#heldAt, this.#held.bytes, 0, length);
    this.#held.length = 0;
    return at + length - before;
  }

  #endBody(isWhole: boolean): void {
    this.#body?.end(isWhole);
    this.#body = undefined;
  }

  /** A head that ends before its end is a message all the same. */
  #takeCutHead(): void {
    if (!this.#hasStartLine()) return;
    this.#takeHeld();
    this.#endBody(false);
  }

  /** The framing is not known any more. */
  #lose(): void {
    this.#takeCutHead();
    this.#endBody(false);
    this.#blankHeld();
    this.#isStrict = true;
    this.#isDoubtful = false;
    this.#state = State.search;
  }

  #blankHeld(): void {
    this.#dropBefore(this.#held.length);
  }

  /** The first bytes that are held are no part of a message. */
  #dropBefore(length: number): void {
    this.#parts.room.counts.bytesBlanked += length;
    this.#held.drop(length);
    this.#heldAt += length;
    if (this.#held.length === 0) this.#held.clear();
  }

  #hold(offset: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.#held.length === 0) this.#heldAt = offset;
    this.#held.add(bytes, start, end);
  }
}

/** Instead of a body that never came. */
function looksLikeHead(bytes: Uint8Array, start: number, end: number): boolean {
  return /^(HTTP\/1\.\d \d{3}[ \r\n]|[A-Z]{3,20} \S{1,2000} HTTP\/1\.\d\r?\n)/.test(
    latin1(bytes, start, Math.min(end, start + 2_048)),
  );
}
