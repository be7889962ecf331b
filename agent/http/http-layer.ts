/**
 * Stream bytes in, HTTP/1 messages out. Which side sends requests is read from the bytes, never from ports. A head that one
 * segment holds is parsed where it lies; only split heads, and heads whose body goes on, are copied into pooled buffers.
 *
 * Policies: odd input is accepted and flagged (MessageFlag), never refused, as long as the end of the message is certain;
 * where it is not, the message ends incomplete and the next head is searched for, strictly. A gap inside a body of known
 * length, or inside one chunk, keeps the framing. What finds no room in a pool is shed and counted.
 *
 * One long file because it is one state machine: every method moves a SideRecord from one state to the next.
 */
import { CloseReason, type GapReason, type Side, type StreamHandler } from '../tcp/stream-handler.ts';
import { BodyFraming } from './body-framing.ts';
import {
  HEAD_INCOMPLETE,
  HEAD_INVALID,
  HeadParser,
  LENGTH_ABSENT,
  LENGTH_UNKNOWABLE,
  NO_VERSION,
  UpgradeTo,
} from './head-parser.ts';
import { HeadPool } from './head-pool.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import { matchSettings } from './http2-settings.ts';
import { latin1, Message } from './message.ts';
import { MessageFlag } from './message-flag.ts';
import { type HttpMessage, isInterim, type MessageHandler } from './message-handler.ts';
import { METHODS } from './methods.ts';
import { Pairing } from './pairing.ts';
import { Known, type Place } from './place.ts';
import { SideRecord, SideState } from './side.ts';
import { findStart, mayBegin } from './start-search.ts';
import { mayBeTls, parseTlsHello, RECORD_BYTES_MAX, type TlsHello, TlsVersion } from './tls-hello.ts';
import { TlsRecords } from './tls-records.ts';
import { distance, RESPONSE_BYTES_MIN } from './turn-taking.ts';

const LF = 10;
const CR = 13;
const LETTER_H = 72;
/** What an HTTP/2 client sends first (RFC 9113, 3.4), as far as it differs from HTTP/1 heads. */
const HTTP2_PREFACE = Uint8Array.from('PRI * HTTP/2', (c) => c.charCodeAt(0));

/** A start line that comes in pieces is judged after each, up to this length. */
const START_LINE_BYTES = 4096;

/** A head behind a body that never came is no longer than this: it is read again with each of its pieces. */
const EXPECTED_HEAD_BYTES = 8192;

/** `HTTP/1.1 100 Continue`, CR LF, CR LF, and little more: a final response is longer. */
const CONTINUE_BYTES = 32;

/** The head of an HTTP/0.9 response. */
const NO_HEAD = new Uint8Array(0);

/** Takes offsets, where `set` would need a view made for each head. */
const copyBytes = Buffer.prototype.copy;

/** Targets of so many characters are counted with the message itself (`SIDE_BYTES` in http-limits.ts). */
const FREE_URI_CHARACTERS = 128;

/** What a stream speaks, as far as known. */
const Protocol = {
  unknown: 0,
  http: 1,
  tls: 2,
  http2: 3,
  left: 4,
  /** Left, but the request that led to it comes later in the capture. */
  leaving: 5,
} as const;

export interface HttpLayerOptions {
  readonly limits: HttpLimits;
  readonly handler: MessageHandler;
  readonly counters: HttpCounters;
  /** @default a Pairing of its own */
  readonly pairing?: Pairing;
}

export class HttpLayer implements StreamHandler {
  /** Streams by TLS server name, for at most `tlsServerNamesMax` names; the rest under `''`. */
  readonly tlsServerNames = new Map<string, number>();
  readonly #limits: HttpLimits;
  readonly #handler: MessageHandler;
  readonly #keepsHeads: boolean;
  readonly #counters: HttpCounters;
  readonly #pairing: Pairing;
  readonly #parser: HeadParser;
  readonly #pool: HeadPool;
  readonly #framing: BodyFraming;
  /** By 2 × stream + side. */
  readonly #sides: (SideRecord | null)[];
  readonly #spare: SideRecord[] = [];
  /** Messages that are over: most of the streams that are open have none that flows. */
  readonly #spareMessages: Message[] = [];
  /** What sides have between two messages. */
  readonly #noMessage: Message;
  readonly #protocols: Uint8Array;
  /** By slot: the number of the stream that has it, in order of opening. */
  readonly #connections: Float64Array;
  #opened = 0;
  /** By slot: its start was missed. */
  readonly #isMidStream: Uint8Array;
  /** Of the bytes at hand: sequence number of where index 0 would be, and the acknowledgement that came with them. */
  #origin = 0;
  #ack = 0;
  /** Behind the head at hand. */
  #headEnd = 0;
  /** Whether the request at hand waits for 100 (Continue), and whether any ever did: most traffic has none. */
  #expects = false;
  #hasExpected = false;
  /** Where the head at hand lies; it is of `#placed`. */
  readonly #place: Place = {
    ...{ known: 0, sequence: 0, ack: 0, end: 0, reached: 0, acked: 0 },
    lookAcross: () => this.#lookAcross(),
  };
  #placed: SideRecord | null = null;

  constructor(options: HttpLayerOptions) {
    this.#limits = options.limits;
    this.#handler = options.handler;
    this.#keepsHeads = options.handler.readsHeadLater ?? true;
    this.#counters = options.counters;
    this.#pairing = options.pairing ?? new Pairing(options.limits, options.counters);
    this.#parser = new HeadParser(options.limits.fieldsMax);
    this.#noMessage = new Message(this.#parser);
    this.#pool = new HeadPool(options.limits.headPoolBytesMax);
    this.#framing = new BodyFraming(options.limits, options.handler, options.counters, this.#pool, (side, at) =>
      this.#ended(side, this.#origin + at),
    );
    this.#sides = new Array<SideRecord | null>(options.limits.streamsMax * 2).fill(null);
    this.#protocols = new Uint8Array(options.limits.streamsMax);
    this.#connections = new Float64Array(options.limits.streamsMax);
    this.#isMidStream = new Uint8Array(options.limits.streamsMax);
  }

  /**
   * Has plain heads read by a kernel where payload lies in a memory.
   * @param bytes all of it, as `data` is given it
   */
  readInPlace(memory: WebAssembly.Memory, bytes: Uint8Array): void {
    this.#parser.readInPlace(memory, bytes);
  }

  /** Bytes of head buffers held now. */
  get headPoolBytes(): number {
    return this.#pool.bytes;
  }

  /** Where a side that answers is in what it says: behind a whole message, in one, or where no message is. */
  standing(stream: number, sideIndex: Side): 'between' | 'within' | 'lost' {
    const side = this.#sides[stream * 2 + sideIndex];
    if (side == null || this.#protocols[stream] === Protocol.left) return 'between';
    if (side.state === SideState.head) return side.buffer?.[0] === LETTER_H ? 'within' : 'lost';
    if (side.active) return 'within';
    return side.state === SideState.start ? 'between' : 'lost';
  }

  /** Requests that wait for their response now. */
  get waitingRequests(): number {
    return this.#pairing.waiting;
  }

  open(stream: number, _tsUs: number, midStream = true): void {
    // Not by `assert`, whose arguments are an array: this is run for every connection.
    if (stream >= this.#limits.streamsMax) throw new RangeError(`stream ${stream} is over the limit`);
    this.#protocols[stream] = Protocol.unknown;
    this.#opened += 1;
    this.#connections[stream] = this.#opened;
    this.#pairing.open(stream);
    this.#isMidStream[stream] = midStream ? 1 : 0;
    if (midStream) this.#pairing.lost(stream, 'unknown', true);
  }

  data(
    stream: number,
    sideIndex: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
    sequence?: number,
    acknowledgement = 0,
  ): void {
    const side = this.#sides[stream * 2 + sideIndex] ?? this.#enter(stream, sideIndex);
    const { state } = side;
    if (state === SideState.ignored) {
      this.#counters.ignoredBytes += end - start;
      return;
    }
    // Most segments: within a body, and not to its end.
    const isCounted = state === SideState.length || state === SideState.chunkData;
    if (isCounted && end - start < side.remaining && !side.doubtful && !side.passing) {
      this.#framing.flow(side, bytes, start, end, tsUs);
      return;
    }
    if (side.fresh) this.#answered(stream, sideIndex);
    if (sequence !== undefined) {
      this.#origin = (sequence - start) | 0;
      this.#ack = acknowledgement;
      side.ack = acknowledgement;
      if (!side.placed) this.#startSide(side, sequence);
    }
    this.#consume(side, bytes, start, end, tsUs);
    if (sequence !== undefined) side.next = (sequence + end - start) | 0;
    side.remainingAtNext = side.remaining;
    if (!side.active) this.#rest(side);
    else if (side.passing) this.#keep(side);
  }

  /** Nothing flows: the next side that begins a message may have its object. Never within what works on the side. */
  #rest(side: SideRecord): void {
    const { message } = side;
    if (message === this.#noMessage) return;
    side.message = this.#noMessage;
    this.#spareMessages.push(message);
  }

  /** The first bytes of a side that are seen, and where it began if that is known. */
  #startSide(side: SideRecord, sequence: number): void {
    side.placed = true;
    if (this.#isMidStream[side.stream] === 1) return;
    const sends = this.#sends(side);
    if (sends !== 'unknown') this.#pairing.starts(side.stream, sends, (sequence - side.lead) | 0);
  }

  /** What outlives its segment: a head, for those who ask for fields at the end, and the target. */
  #keep(side: SideRecord): void {
    side.passing = false;
    if (side.buffer === null && side.message.head !== null) this.#keepHead(side);
    if (side.message.uri.length > FREE_URI_CHARACTERS && side.uriBytes === 0) this.#keepUri(side);
  }

  /** A long target outlives its segment only as long as the pool has room for it. */
  #keepUri(side: SideRecord): void {
    const { message } = side;
    if (this.#pool.hold(message.uri.length)) side.uriBytes = message.uri.length;
    else {
      message.uri = '';
      message.flags |= MessageFlag.uriCut;
      this.#counters.headsShed++;
    }
  }

  gap(stream: number, sideIndex: Side, length: number, _reason: GapReason, tsUs: number): void {
    const side = this.#sides[stream * 2 + sideIndex] ?? this.#enter(stream, sideIndex);
    if (side.state === SideState.ignored) return;
    if (!side.placed) side.lead += length;
    side.gapped = true;
    side.next = (side.reached + length) | 0;
    this.#miss(side, length, tsUs);
    side.remainingAtNext = side.remaining;
  }

  /** Bytes of a side are missing, its next ones come behind them. */
  #miss(side: SideRecord, length: number, tsUs: number): void {
    side.fresh = false;
    if (side.held === 0 && side.answered && side.expecting) this.#missExpected(side, length, tsUs);
    else if (side.held === 0 && side.expecting && side.state === SideState.length) this.#doubtExpected(side, length);
    else if (side.held > 0 || side.expecting) this.#release(side, tsUs);
    if (side.active) {
      side.message.lastTsUs = tsUs;
      if (this.#framing.gap(side, length) === 0) {
        if (side.state === SideState.search) this.#loseSync(side);
        return;
      }
    } else if (side.state === SideState.head) this.#truncateHead(side, MessageFlag.gap);
    else if (side.state === SideState.hello) this.#releaseBuffer(side);
    side.gapped = true;
    this.#loseSync(side);
  }

  /**
   * Bytes are missing behind a head that was answered before its body came: that body, if their number fits; else most likely
   * what follows a body that never came. A part of the body may be among them: the request is not complete.
   */
  #missExpected(side: SideRecord, length: number, tsUs: number): void {
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
  #doubtExpected(side: SideRecord, length: number): void {
    const { stream, message } = side;
    if (!side.unsure && side.placed) this.#pairing.requestEndsBehind(stream, message, side.heldSequence);
    else this.#pairing.lost(stream, 'request', true);
    side.unsure = true;
    side.heldSequence = (side.heldSequence + length) | 0;
  }

  end(stream: number, sideIndex: Side, tsUs: number): void {
    const side = this.#sides[stream * 2 + sideIndex];
    if (side == null) return;
    const { message } = side;
    // Captured before its request, which may turn out to be a HEAD: then nothing is missing. `close` decides.
    const isOpen = side.active && message.method === '' && message.exchange >= 0 && side.state !== SideState.untilClose;
    if (!isOpen || message.bodyBytes + message.missingBytes + side.held > 0) this.#endSide(side, true, tsUs);
  }

  close(stream: number, reason: CloseReason, tsUs: number): void {
    this.#closeSide(stream * 2, reason, tsUs);
    this.#closeSide(stream * 2 + 1, reason, tsUs);
    this.#pairing.close(stream);
    this.#protocols[stream] = Protocol.unknown;
  }

  #enter(stream: number, sideIndex: Side): SideRecord {
    const side = this.#spare.pop() ?? new SideRecord(this.#noMessage);
    side.reset(stream, sideIndex);
    this.#sides[stream * 2 + sideIndex] = side;
    const protocol = this.#protocols[stream];
    if (protocol === Protocol.http2 || protocol === Protocol.left) side.state = SideState.ignored;
    return side;
  }

  #closeSide(index: number, reason: CloseReason, tsUs: number): void {
    const side = this.#sides[index];
    if (side == null) return;
    this.#endSide(side, reason === CloseReason.fin, tsUs);
    const http = this.#protocols[side.stream] === Protocol.http;
    if (http) this.#counters.garbageBytes += side.garbageBytes;
    else this.#counters.ignoredBytes += side.garbageBytes;
    if (this.#protocols[side.stream] === Protocol.unknown) {
      this.#counters.unknownStreams++;
      this.#protocols[side.stream] = Protocol.left;
    }
    this.#sides[index] = null;
    this.#rest(side);
    this.#spare.push(side);
  }

  /** The first answer ends an HTTP/0.9 request, which has no blank line. */
  #answered(stream: number, sideIndex: Side): void {
    const other = this.#sides[stream * 2 + 1 - sideIndex];
    if (other == null || other.state !== SideState.head || !other.startLineChecked) return;
    this.#parser.parse(other.buffer!, 0, other.bufferLength, other.strict);
    if (this.#parser.minorVersion === NO_VERSION && this.#parser.isRequest) this.#truncateHead(other, 0);
  }

  /** No more bytes from a side; `orderly` where it said so itself. */
  #endSide(side: SideRecord, orderly: boolean, tsUs: number): void {
    if (side.held > 0 || side.expecting) this.#release(side, tsUs);
    if (side.active) {
      const framed = orderly && side.state === SideState.untilClose;
      side.message.lastTsUs = tsUs;
      if (!framed) side.message.flags |= MessageFlag.aborted;
      this.#framing.finish(side, framed);
    } else if (side.state === SideState.head) this.#truncateHead(side, MessageFlag.aborted);
    if (side.buffer !== null) this.#releaseBuffer(side);
    side.state = SideState.ignored;
  }

  #consume(side: SideRecord, bytes: Uint8Array, start: number, end: number, tsUs: number): void {
    let at = start;
    while (at < end) {
      if (side.active) {
        side.message.lastTsUs = tsUs;
        if (side.doubtful) {
          at = side.expecting ? this.#expect(side, bytes, at, end, tsUs) : this.#doubt(side, bytes, at, end, tsUs);
          continue;
        }
        at = this.#framing.consume(side, bytes, at, end);
        if (side.state === SideState.search) this.#loseSync(side);
        continue;
      }
      switch (side.state) {
        case SideState.start:
          at = this.#start(side, bytes, at, end, tsUs);
          break;
        case SideState.head:
          at = this.#head(side, bytes, at, end, tsUs);
          break;
        case SideState.search:
          at = this.#search(side, bytes, at, end);
          break;
        case SideState.hello:
          at = this.#hello(side, bytes, at, end, tsUs);
          break;
        default:
          this.#counters.ignoredBytes += end - at;
          return;
      }
    }
  }

  #start(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    let at = from;
    if (this.#protocols[side.stream] === Protocol.left) {
      side.state = SideState.ignored;
      return from;
    }
    // The first byte alone decides, whatever the cut.
    if (side.fresh && bytes[at] !== LETTER_H && this.#isAnswerToSimple(side))
      return this.#beginWithoutHead(side, at, tsUs);
    // RFC 9112, 2.2: empty lines before a start line are ignored.
    while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
    if (at === end) return end;
    const isOpen = side.fresh && this.#protocols[side.stream] !== Protocol.http;
    if (isOpen && (mayBeTls(bytes, at, end) || matchSettings(bytes, at, end) !== 'no')) {
      side.state = SideState.hello;
      side.bufferLength = 0;
      return at;
    }
    // What is seen first where the start was missed may be the rest of a head: `ET /` is no method of its own.
    if (side.fresh && side.placed && this.#isMidStream[side.stream] === 1) side.strict = !mayBegin(bytes, at, end);
    const limit = Math.min(end, at + this.#limits.headBytesMax);
    const length = this.#parser.parse(bytes, at, limit, side.strict);
    if (length > 0) {
      this.#begin(side, bytes, at, length, tsUs, 0);
      return at + length;
    }
    if (length === HEAD_INVALID) return this.#notStart(side, bytes, at, end, tsUs);
    if (limit < end) return at + this.#headOverLimit(side, bytes, at, limit, tsUs);
    side.state = SideState.head;
    side.bufferedUs = tsUs;
    side.bufferedSequence = (this.#origin + at) | 0;
    side.bufferedAck = this.#ack;
    side.bufferLength = 0;
    side.blank = 0;
    side.startLineChecked = this.#parser.startLineRead;
    return this.#head(side, bytes, at, end, tsUs);
  }

  /** Gathers a head that came in pieces, and parses it once its blank line is there. */
  #head(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
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
    if (!this.#append(side, bytes, from, at)) {
      this.#counters.headsShed++;
      side.gapped = true;
      side.garbageBytes += side.bufferLength + at - from;
      this.#releaseBuffer(side);
      this.#loseSync(side);
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
    if (parsed > 0) this.#begin(side, buffer, 0, parsed, side.bufferedUs, 0);
    else this.#headOverLimit(side, buffer, 0, length, side.bufferedUs);
    return at;
  }

  #append(side: SideRecord, bytes: Uint8Array, from: number, end: number): boolean {
    const length = side.bufferLength + end - from;
    let buffer = side.buffer;
    if (buffer === null || buffer.length < length) {
      const larger = this.#pool.acquire(length);
      if (larger === null) return false;
      if (buffer !== null) {
        copyBytes.call(buffer, larger, 0, 0, side.bufferLength);
        this.#pool.release(buffer);
      }
      side.buffer = buffer = larger;
    }
    copyBytes.call(bytes, buffer, side.bufferLength, from, end);
    side.bufferLength = length;
    return true;
  }

  /** What was gathered is no head after all: looks for one in it, byte for byte as if it had come at once. */
  #rescan(side: SideRecord, next: number, tsUs: number): number {
    const buffer = side.buffer!;
    const length = side.bufferLength;
    side.buffer = null;
    side.bufferLength = 0;
    side.state = SideState.start;
    // What begins in it came with any of its segments: the latest acknowledgement is too low for none.
    const origin = this.#origin;
    const ack = this.#ack;
    this.#origin = side.bufferedSequence;
    this.#ack = side.ack;
    const at = this.#notStart(side, buffer, 0, length, tsUs);
    this.#consume(side, buffer, at, length, tsUs);
    this.#origin = origin;
    this.#ack = ack;
    if (side.active && side.message.head === buffer) this.#keepHead(side);
    this.#pool.release(buffer);
    return next;
  }

  /** The bytes at `at` start no message; returns where to go on. */
  #notStart(side: SideRecord, bytes: Uint8Array, at: number, end: number, tsUs: number): number {
    let same = 0;
    while (same < HTTP2_PREFACE.length && at + same < end && bytes[at + same] === HTTP2_PREFACE[same]) same++;
    if (side.fresh && same === HTTP2_PREFACE.length) {
      this.#leave(side.stream, Protocol.http2);
      return at;
    }
    if (this.#protocols[side.stream] === Protocol.tls) {
      side.state = SideState.ignored;
      return at;
    }
    if (side.fresh && this.#isAnswerToSimple(side)) return this.#beginWithoutHead(side, at, tsUs);
    if (side.asked >= 0) {
      side.state = SideState.upgrading;
      return at;
    }
    side.garbageBytes++;
    this.#loseSync(side);
    this.#findsTls(side, bytes, at, at + 1);
    return at + 1;
  }

  #isAnswerToSimple(side: SideRecord): boolean {
    return this.#sides[side.stream * 2 + 1 - side.side]?.simple === true;
  }

  /** RFC 1945, 6: the answer to an HTTP/0.9 request is a body and nothing else. */
  #beginWithoutHead(side: SideRecord, at: number, tsUs: number): number {
    this.#parser.parseNothing();
    this.#begin(side, NO_HEAD, at, 0, tsUs, 0);
    return at;
  }

  #loseSync(side: SideRecord): void {
    if (this.#protocols[side.stream]! >= Protocol.left) {
      // No request was behind it: nothing to be looked for in what is not HTTP.
      this.#protocols[side.stream] = Protocol.left;
      side.state = SideState.ignored;
      return;
    }
    // Once: how many false starts there are while searching depends on the cut of the bytes.
    if (!side.searching) {
      side.searching = true;
      side.asked = -1;
      this.#refuseUpgrade(this.#sides[side.stream * 2 + 1 - side.side]!);
      if (this.#protocols[side.stream] === Protocol.http) this.#counters.syncLost++;
      this.#pairing.lost(side.stream, this.#sends(side), side.gapped);
    }
    side.fresh = false;
    side.strict = false;
    side.state = SideState.search;
  }

  /** What a side sends, if not by its own messages then by the other side's, or by which one opened the connection. */
  #sends(side: SideRecord): SideRecord['sends'] {
    if (side.sends !== 'unknown') return side.sends;
    const other = this.#sides[side.stream * 2 + 1 - side.side]?.sends ?? 'unknown';
    if (other !== 'unknown') return other === 'request' ? 'response' : 'request';
    if (this.#isMidStream[side.stream] === 1) return 'unknown';
    return side.side === 0 ? 'request' : 'response';
  }

  /** A message was framed to its end. */
  #ended(side: SideRecord, end: number): void {
    if (!side.placed || side.stray) return;
    const { message } = side;
    if (message.kind === 'request') {
      if (!side.unsure) this.#pairing.requestEnded(side.stream, message, end | 0);
    } else if (isInterim(message)) this.#pairing.interimEnded(side.stream, end | 0);
    else this.#pairing.responseEnded(side.stream, end | 0);
  }

  /** Whether an upgrade was granted will not be known, or it was not: what is no request is garbage again. */
  #refuseUpgrade(side: SideRecord | null): void {
    if (side === null) return;
    side.asked = -1;
    if (side.state !== SideState.upgrading) return;
    side.state = SideState.search;
    this.#loseSync(side);
  }

  #search(side: SideRecord, bytes: Uint8Array, from: number, end: number): number {
    const protocol = this.#protocols[side.stream];
    if (protocol === Protocol.tls) {
      side.state = SideState.ignored;
      return from;
    }
    const unknown = protocol === Protocol.unknown;
    // The end of a TLS record may lie further on than anything is looked for.
    const most = this.#limits.classifyBytesMax + (side.records?.isHopeful ? RECORD_BYTES_MAX : 0);
    const limit = unknown ? Math.min(end, from + Math.max(0, most - side.garbageBytes)) : end;
    const at = findStart(this.#parser, bytes, from, limit, this.#limits.headBytesMax);
    side.garbageBytes += at - from;
    if (unknown && this.#findsTls(side, bytes, from, at)) return at;
    if (at < limit) {
      side.state = SideState.start;
      side.strict = true;
    } else if (unknown && side.garbageBytes >= most) side.state = SideState.ignored;
    return at;
  }

  /** Whether bytes that belong to no message are records of TLS: then nothing more is looked for in them. */
  #findsTls(side: SideRecord, bytes: Uint8Array, from: number, end: number): boolean {
    if (this.#protocols[side.stream] !== Protocol.unknown) return false;
    side.records ??= new TlsRecords();
    if (!side.records.push(bytes, from, end)) return false;
    this.#becomeTls(side);
    this.#counters.tlsMidStream++;
    side.state = SideState.ignored;
    return true;
  }

  #headOverLimit(side: SideRecord, bytes: Uint8Array, start: number, end: number, tsUs: number): number {
    this.#counters.headsOverLimit++;
    if (this.#parser.startLineRead) {
      this.#begin(side, bytes, start, end - start, tsUs, MessageFlag.headTruncated);
    } else {
      side.garbageBytes += end - start;
      this.#releaseBuffer(side);
    }
    this.#loseSync(side);
    return end - start;
  }

  /** A gathered head that nothing will complete: reported as far as it goes, if its start line is there. */
  #truncateHead(side: SideRecord, flag: number): void {
    const length = side.bufferLength;
    const parser = this.#parser;
    const parsed = parser.parse(side.buffer!, 0, length, side.strict);
    if (parsed === HEAD_INVALID) {
      // What stands in it may begin another, to be cut in its turn.
      this.#rescan(side, 0, side.bufferedUs);
      if (side.state === SideState.head) this.#truncateHead(side, flag);
      return;
    }
    if (flag === MessageFlag.gap) this.#counters.headsLost++;
    side.state = SideState.start;
    if (parsed === HEAD_INCOMPLETE && parser.startLineRead) {
      const whole = parser.isRequest && parser.minorVersion === NO_VERSION && flag !== MessageFlag.gap;
      const flags = whole ? 0 : flag | MessageFlag.headTruncated;
      this.#begin(side, side.buffer!, 0, length, side.bufferedUs, flags);
    } else {
      side.garbageBytes += length;
      this.#releaseBuffer(side);
    }
  }

  /** A head was parsed: `bytes[start, start + length)`; `flags` says what is odd about it besides. */
  #begin(side: SideRecord, bytes: Uint8Array, start: number, length: number, tsUs: number, flags: number): void {
    const parser = this.#parser;
    const { stream } = side;
    if (side.message === this.#noMessage) {
      side.message = this.#spareMessages.pop() ?? new Message(parser);
      side.message.reset(stream, this.#connections[stream]!, side.side);
    }
    const { message } = side;
    const counters = this.#counters;
    if (this.#protocols[stream] === Protocol.leaving) this.#protocols[stream] = Protocol.left;
    else if (this.#protocols[stream] !== Protocol.http) this.#becomeHttp(side);
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
      if (side.gapped || side.sends !== 'unknown' || this.#isMidStream[stream] === 1) found = Known.found;
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
    if (this.#hasExpected && !parser.isRequest && this.#settleExpectation(side)) {
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
    const other = this.#sides[side.stream * 2 + 1 - side.side];
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
    const sequence = (isBuffered ? side.bufferedSequence : this.#origin) + start;
    place.sequence = sequence | 0;
    place.ack = isBuffered ? side.bufferedAck : this.#ack;
    this.#headEnd = (sequence + length) | 0;
  }

  /** What is known of the other side when the head at hand comes. */
  #lookAcross(): void {
    const side = this.#placed!;
    const place = this.#place;
    const other = this.#sides[side.stream * 2 + 1 - side.side];
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
    if (this.#expects && message.pairing === 'open' && this.#wasContinued(side)) this.#goesOn(side);
    side.asked = parser.upgrade === UpgradeTo.none || side.stray ? -1 : message.exchange;
    this.#frame(side, false);
    if (side.simple) this.#expectNoHead(side);
    else if (message.method === 'HEAD') this.#endEarlyAnswer(side);
  }

  /**
   * Whether the request at hand was answered with a 100 (Continue) that was captured before it: the server had received of the client
   * no more than this head, and the client had received all before that answer. Then its body comes.
   */
  #wasContinued(side: SideRecord): boolean {
    const other = this.#sides[side.stream * 2 + 1 - side.side];
    if (other == null || other.continues !== side.message.exchange || this.#place.known === 0) return false;
    const { sequence, ack } = this.#place;
    const hasReceived = distance(sequence, other.continuesAck) > 0 && distance(this.#headEnd, other.continuesAck) <= 0;
    return hasReceived && distance(ack, other.continuesAt) >= 0;
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
    const other = this.#sides[side.stream * 2 + 1 - side.side];
    if (!other?.active || other.message.kind !== 'response' || other.message.exchange !== side.message.exchange) return;
    if (other.message.bodyBytes + other.message.missingBytes + other.held > 0) {
      // Behind missing bytes nothing showed that what came was no body: it was the next messages.
      if (other.message.missingBytes > 0 && other.held === 0) {
        this.#framing.finish(other, false);
        other.gapped = true;
        this.#loseSync(other);
      }
      return;
    }
    this.#ended(other, other.reached);
    this.#framing.finish(other, true);
  }

  /** What an HTTP/0.9 request is answered with has no head; a response that was sent unasked before is over by then. */
  #expectNoHead(side: SideRecord): void {
    const other = this.#sides[side.stream * 2 + 1 - side.side];
    if (!other?.active || other.message.method !== '' || other.message.exchange === side.message.exchange) return;
    if (!this.#pairing.isWhole(side.stream)) return;
    if (other.held > 0) this.#release(other, side.message.lastTsUs);
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
    const other = this.#sides[side.stream * 2 + 1 - side.side] ?? null;
    const isEarlier = other !== null && message.exchange >= 0 && message.exchange < other.asked;
    if (!interim && status !== 101 && !isEarlier && !side.stray) this.#refuseUpgrade(other);
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
      this.#handler.begin(message);
      this.#framing.finish(side, true);
      this.#ended(side, this.#headEnd);
      if (isUpgrade) this.#upgraded(side, upgrade);
      else if (tunnel) this.#tunnel(side.stream);
    } else this.#frame(side, true);
    if (other?.expecting && message.exchange === other.message.exchange)
      this.#answerExpectation(other, status, message.tsUs);
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
    if (!response && state !== SideState.start) this.#seeExpectation(side);
    if (response && !lost && state === SideState.start) this.#ended(side, this.#headEnd);
    else if (response && state === SideState.length) this.#ended(side, this.#headEnd + length);
    this.#handler.begin(message);
    if (lost || state === SideState.start) {
      this.#framing.finish(side, !lost);
      if (lost) this.#loseSync(side);
    } else side.state = state;
  }

  /**
   * A response to a request never seen may answer HEAD: then what follows is the next status line, not a body. Bytes that
   * may be one are held, so that it does not matter how they were cut.
   * @returns where to go on
   */
  #doubt(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    let at = from;
    while (at < end && isStatusByte(bytes[at]!, side.held)) {
      if (side.held === STATUS_BYTES) {
        // What is missing behind the head was no body, then: it may have been other responses.
        const { missingBytes, exchange } = side.message;
        this.#framing.finish(side, true);
        this.#ended(side, side.heldSequence - missingBytes);
        if (!side.stray) this.#pairing.takenAsBodiless(side.stream, exchange);
        if (missingBytes > 0) this.#pairing.lost(side.stream, this.#sends(side), true);
        break;
      }
      if (side.held === 0) {
        side.heldSequence = (this.#origin + at) | 0;
        side.heldAck = this.#ack;
      }
      if (isStatusDigit(side.held)) side.heldDigits = side.heldDigits * 10 + bytes[at]! - 48;
      side.held++;
      at++;
    }
    if (at < end) this.#release(side, tsUs);
    return at;
  }

  /** Gives back the bytes held: to the body they are in, or to the next message if that one has ended. */
  #release(side: SideRecord, tsUs: number): void {
    if (side.expecting) {
      if (side.held > 0 ? this.#isRefused(side) : side.answered) this.#endUnsent(side);
      else this.#releaseUnproven(side, tsUs);
      return;
    }
    const text = statusBytes(side.held, side.heldDigits);
    side.doubtful = false;
    side.held = 0;
    side.heldDigits = 1;
    const origin = this.#origin;
    const ack = this.#ack;
    this.#origin = side.heldSequence;
    this.#ack = side.heldAck;
    this.#consume(side, text, 0, text.length, tsUs);
    side.remainingAtNext = side.remaining;
    this.#origin = origin;
    this.#ack = ack;
  }

  /**
   * RFC 9110, 10.1.1: a client that waits for 100 (Continue) may get a final status instead. What it sends then is either the
   * body after all, or the next request and the announced body never: the bytes decide.
   */
  #seeExpectation(side: SideRecord): void {
    if (!this.#expects) return;
    const { message } = side;
    this.#hasExpected = true;
    side.expecting = true;
    side.doubtful = true;
    side.heldSequence = this.#headEnd;
    side.askedAck = this.#place.ack;
    // Captured before its request: only final responses wait for theirs.
    side.answered = message.pairing === 'certain' || message.pairing === 'probable';
  }

  /**
   * Whether the client had received more than so many bytes of an answer when it sent the bytes held, perhaps of one that was
   * not seen. (A 100 that was seen leaves nothing to expect.)
   */
  #isRefused(side: SideRecord, bytes = RESPONSE_BYTES_MIN - 1): boolean {
    return side.answered || (side.placed && distance(side.askedAck, side.heldAck) > bytes);
  }

  /**
   * A response comes that the client had not received when it sent what is held, although it had received another: none that
   * was seen, so that one is missing, and what looks like a request is one.
   * @returns whether anything was held
   */
  #settleExpectation(side: SideRecord): boolean {
    const other = this.#sides[side.stream * 2 + 1 - side.side];
    if (!other?.expecting || other.held === 0 || !side.placed || !this.#isRefused(other)) return false;
    if (distance(other.heldAck, this.#place.sequence) < 0) return false;
    if (this.#expectedHead(other) > 0) this.#endUnsent(other);
    return true;
  }

  /** Holds bytes as long as they may be a request; returns where to go on. */
  #expect(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    if (!this.#holdExpected(side, bytes, from, end, tsUs)) {
      if (side.held > 0 && this.#isRefused(side)) this.#endUnsent(side);
      else this.#releaseUnproven(side, tsUs);
      return from;
    }
    const head = this.#expectedHead(side);
    const isLong = side.state === SideState.length && side.held >= side.remaining;
    if (head === HEAD_INVALID) this.#releaseExpected(side, tsUs);
    else if (head > 0 && this.#isRefused(side, isLong ? undefined : CONTINUE_BYTES)) this.#endUnsent(side);
    // A whole body of that length, and no answer before it.
    else if (isLong && !side.answered) this.#releaseUnproven(side, tsUs);
    return end;
  }

  #holdExpected(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): boolean {
    const length = side.held + end - from;
    if (length > this.#limits.headBytesMax) return false;
    let buffer = side.expected;
    if (buffer === null || buffer.length < length) {
      const larger = this.#pool.acquire(length);
      if (larger === null) return false;
      if (buffer === null) {
        side.bufferedUs = tsUs;
        side.heldSequence = (this.#origin + from) | 0;
        side.heldAck = this.#ack;
      } else {
        copyBytes.call(buffer, larger, 0, 0, side.held);
        this.#pool.release(buffer);
      }
      side.expected = buffer = larger;
    }
    copyBytes.call(bytes, buffer, side.held, from, end);
    side.held = length;
    return true;
  }

  /** The length of the request head that the held bytes begin with, HEAD_INCOMPLETE or HEAD_INVALID. */
  #expectedHead(side: SideRecord): number {
    const parser = this.#parser;
    const length = parser.parse(side.expected!, 0, side.held, true);
    if (length === HEAD_INVALID || (parser.startLineRead && !parser.isRequest)) return HEAD_INVALID;
    return (length === HEAD_INCOMPLETE ? side.held : length) > EXPECTED_HEAD_BYTES ? HEAD_INVALID : length;
  }

  #answerExpectation(side: SideRecord, status: number, tsUs: number): void {
    if (status === 100) {
      // Then the bytes that are missing were of the body.
      side.unsure = false;
      this.#releaseExpected(side, tsUs);
    } else if (status >= 200) {
      side.answered = true;
      if (side.held > 0 && this.#expectedHead(side) > 0) this.#endUnsent(side);
    }
  }

  /** The body was never sent: what is held is the next request, or its beginning. */
  #endUnsent(side: SideRecord): void {
    const { expected, held } = side;
    side.expected = null;
    side.held = 0;
    side.message.flags |= MessageFlag.bodyUnsent;
    const isLong = side.state === SideState.length && held >= side.remaining;
    if (held > 0 && side.placed) this.#pairing.takenAsUnsent(side.stream, isLong);
    this.#ended(side, side.heldSequence);
    this.#framing.finish(side, true);
    if (side.state === SideState.search) this.#loseSync(side);
    this.#consumeHeld(side, expected, held, side.bufferedUs);
  }

  /**
   * What is held is the body, as far as acknowledgements show. Of a request that was seen as a later copy they show nothing: a
   * body that begins with a request may be that request.
   */
  #releaseUnproven(side: SideRecord, tsUs: number): void {
    const isDoubtful = side.held > 0 && side.placed && this.#expectedHead(side) > 0;
    if (isDoubtful) this.#doubtExpected(side, 0);
    this.#releaseExpected(side, tsUs);
  }

  /** What is held, and what follows, is the body. */
  #releaseExpected(side: SideRecord, tsUs: number): void {
    const { expected, held } = side;
    side.expected = null;
    side.held = 0;
    side.expecting = false;
    side.doubtful = false;
    if (side.state === SideState.length) this.#ended(side, side.heldSequence + side.remaining);
    this.#consumeHeld(side, expected, held, tsUs);
  }

  #consumeHeld(side: SideRecord, buffer: Uint8Array | null, length: number, tsUs: number): void {
    if (buffer === null) return;
    const origin = this.#origin;
    const ack = this.#ack;
    this.#origin = side.heldSequence;
    this.#ack = side.heldAck;
    this.#consume(side, buffer, 0, length, tsUs);
    this.#origin = origin;
    this.#ack = ack;
    if (side.active && side.passing) this.#keep(side);
    side.remainingAtNext = side.remaining;
    this.#pool.release(buffer);
  }

  #keepHead(side: SideRecord): void {
    const message = side.message;
    if (!this.#keepsHeads) {
      message.head = null;
      return;
    }
    const length = message.headersBytes;
    const buffer = this.#pool.acquire(length);
    if (buffer === null) {
      message.head = null;
      message.flags |= MessageFlag.headShed;
      this.#counters.headsShed++;
      return;
    }
    // The head of an HTTP/0.9 response is nowhere: nothing is read at its start.
    if (length > 0) copyBytes.call(message.head!, buffer, 0, message.headStart, message.headStart + length);
    side.buffer = buffer;
    side.bufferLength = length;
    message.head = buffer;
    message.headStart = 0;
  }

  #releaseBuffer(side: SideRecord): void {
    if (side.buffer !== null) this.#pool.release(side.buffer);
    side.buffer = null;
    side.bufferLength = 0;
  }

  #becomeHttp(side: SideRecord): void {
    this.#counters.httpStreams++;
    this.#protocols[side.stream] = Protocol.http;
    const other = this.#sides[side.stream * 2 + 1 - side.side];
    // The other side's first bytes were no head; now that this is HTTP, they were the rest of one.
    if (other != null && other.state === SideState.ignored) other.state = SideState.search;
  }

  #upgraded(side: SideRecord, to: UpgradeTo): void {
    const { stream, message } = side;
    this.#counters.upgradedStreams++;
    if (to === UpgradeTo.websocket) this.#counters.websocketStreams++;
    else if (to === UpgradeTo.http2) this.#counters.http2Upgrades++;
    const isEarly = message.method === '' && message.exchange >= 0;
    const other = this.#sides[stream * 2 + 1 - side.side];
    const isOpen = other === null || other?.state === SideState.start || other?.state === SideState.head;
    const spared = isEarly && isOpen ? other : null;
    this.#leave(stream, to === UpgradeTo.http2 ? Protocol.http2 : Protocol.left, spared);
    if (isEarly && isOpen) this.#protocols[stream] = Protocol.leaving;
  }

  /** The stream speaks something else from here on. */
  #leave(stream: number, protocol: number, spared: SideRecord | null = null): void {
    if (protocol === Protocol.http2) this.#counters.http2Streams++;
    this.#protocols[stream] = protocol;
    for (let index = stream * 2; index < stream * 2 + 2; index++) {
      const side = this.#sides[index];
      if (side == null || side === spared) continue;
      if (side.held > 0) this.#release(side, side.message.lastTsUs);
      if (side.active) {
        side.message.flags |= MessageFlag.aborted;
        this.#framing.finish(side, false);
      }
      this.#releaseBuffer(side);
      side.state = SideState.ignored;
    }
  }

  /** CONNECT was granted: what follows is another conversation, recognised anew. */
  #tunnel(stream: number): void {
    this.#counters.tunnelStreams++;
    this.#protocols[stream] = Protocol.unknown;
    for (let index = stream * 2; index < stream * 2 + 2; index++) {
      const side = this.#sides[index];
      if (side == null) continue;
      if (side.held > 0) this.#release(side, side.message.lastTsUs);
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

  #hello(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    const before = side.bufferLength;
    const kept = Math.min(end, from + this.#limits.tlsHelloBytesMax - before);
    let hello = before === 0 ? parseHello(bytes, from, kept) : null;
    if (hello === null || hello.status === 'incomplete') {
      if (kept === from || !this.#append(side, bytes, from, kept)) {
        this.#counters.ignoredBytes += before;
        this.#leave(side.stream, Protocol.left);
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
      this.#leave(side.stream, Protocol.http2);
      return from;
    }
    if (hello.status === 'client') this.#countServerName(hello.serverName);
    else if (hello.status === 'server') this.#countVersion(hello.version);
    else if (this.#protocols[side.stream] !== Protocol.tls) this.#counters.tlsMidStream++;
    this.#becomeTls(side);
    this.#counters.ignoredBytes += before;
    this.#releaseBuffer(side);
    side.state = SideState.ignored;
    return from;
  }

  #becomeTls(side: SideRecord): void {
    if (this.#protocols[side.stream] !== Protocol.tls) this.#counters.tlsStreams++;
    this.#protocols[side.stream] = Protocol.tls;
  }

  #countServerName(name: string): void {
    const names = this.tlsServerNames;
    const key = names.has(name) || names.size < this.#limits.tlsServerNamesMax ? name : '';
    names.set(key, (names.get(key) ?? 0) + 1);
  }

  #countVersion(version: number): void {
    if (version === TlsVersion.tls13) this.#counters.tls13++;
    else if (version === TlsVersion.tls12) this.#counters.tls12++;
    else if (version === TlsVersion.tls11) this.#counters.tls11++;
    else if (version === TlsVersion.tls10) this.#counters.tls10++;
    else this.#counters.tlsOtherVersion++;
  }
}

/** Whether a request waits for 100 (Continue) before it sends its body. */
function isExpectant({ headers }: HttpMessage): boolean {
  return headers.get('expect')?.toLowerCase() === '100-continue';
}

type Hello = Pick<TlsHello, 'version' | 'serverName'> & { readonly status: TlsHello['status'] | 'http2' };

/** What a stream that is not HTTP/1 begins with. */
function parseHello(bytes: Uint8Array, start: number, end: number): Hello {
  const settings = matchSettings(bytes, start, end);
  if (settings === 'no') return parseTlsHello(bytes, start, end);
  return { status: settings === 'whole' ? 'http2' : 'incomplete', version: 0, serverName: '' };
}

/** `HTTP/1.d ddd`, and what may stand behind it. */
const STATUS_PATTERN = 'HTTP/1.0 000';
const STATUS_BYTES = STATUS_PATTERN.length;

function isStatusDigit(place: number): boolean {
  return place === 7 || place > 8;
}

/** Whether a byte may stand at this place of a status line, the byte behind the code included. */
function isStatusByte(byte: number, place: number): boolean {
  if (place === STATUS_BYTES) return byte === 32 || byte === CR || byte === LF;
  if (!isStatusDigit(place)) return byte === STATUS_PATTERN.charCodeAt(place);
  return byte >= (place === 9 ? 49 : 48) && byte <= 57;
}

/** The first `length` bytes of a status line with these digits, a 1 before them. */
function statusBytes(length: number, digits: number): Uint8Array {
  const text = String(digits);
  const line = `HTTP/1.${text.slice(1, 2)} ${text.slice(2)}`;
  return Buffer.from(line.slice(0, length), 'latin1');
}
