/** Cuts one direction of a connection into HTTP/1 messages, as its bytes come, in order. Holds no more than a head. */
import { HeadScanner } from './head-scanner.ts';
import type { HeldBytes } from './held-bytes.ts';
import {
  type Body,
  dependsOnMethod,
  type Head,
  mayBeHead,
  parseHead,
  requestBody,
  responseBody,
  takesBody,
} from './http-head.ts';
import { chunkLineBytesMax, expectedHeadBytesMax, headBytesMax } from './limits.ts';

/** A message whose end is known. Offsets are those of the stream. */
export interface FramedMessage {
  readonly kind: MessageKind;
  /** Of a request or a final response: the number of the exchange on its connection, from 1. */
  readonly exchange: number;
  readonly start: number;
  /** A FIN that ends it counts as a byte. */
  readonly end: number;
  /** Bytes of it are missing in the recording itself. */
  readonly isBroken: boolean;
  /** Every observer must frame it so. */
  readonly isCertain: boolean;
  /** A response recorded before its request, whose method decides whether it ends there. */
  readonly early?: EarlyAnswer | undefined;
  /** A request that was refused before its body, which never came: what follows shows it. `open`: that is not whole there. */
  readonly refused?: 'shown' | 'open' | undefined;
}

/** An interim response (1xx) answers nothing for good; a preface begins HTTP/2. */
export type MessageKind = 'request' | 'response' | 'interim' | 'preface';

/** What is not known yet of a response that came before its request. */
export interface EarlyAnswer {
  method: string | undefined;
  exchange: number;
  /** It was delivered whole. */
  isIntact: boolean;
  /** What may be heads in the bytes taken for its body. */
  heads: number;
}

/** What a framer asks and reports. */
export interface FramerHost {
  /** A request's head has been read. @returns the number of its exchange */
  onRequest(method: string): number;
  /** The method that the next final response answers; undefined where it will never be known. */
  methodFor(): string | EarlyAnswer | undefined;
  /** Whether a response that came before its request is to be framed when that is known (`resume`). */
  readonly waitsForRequest: boolean;
  /** The number of the exchange that was answered last. */
  readonly answered: number;
  /** Whether 100 (Continue) came in that exchange. */
  wasContinued(exchange: number): boolean;
  onContinue(): void;
  /**
   * What comes at `at` is framed by what the other direction said in exchange `exchange`: an observer must see that first, or, with
   * `mayFollow`, soon. If not, nothing from `doubtFrom` on is certain.
   */
  onDepends(at: number, doubtFrom: number, exchange: number, mayFollow: boolean): void;
  /** Both directions are HTTP/2. */
  onHttp2(): void;
  /** A response without a length ends, and no FIN says so. */
  onCutOff(): void;
  /** What answers is something else from here on, and what asks is so behind the request of that exchange. */
  onTunnel(exchange: number): void;
  onMessage(message: FramedMessage): void;
  /** So many heads may begin in bytes that could not be framed. @param isRequest undefined where nothing is known */
  onUnframed(heads: number, isRequest: boolean | undefined): void;
}

const State = { head: 0, body: 1, chunkLine: 2, chunk: 3, trailer: 4, search: 5, tunnel: 6, unasked: 7 } as const;
type State = (typeof State)[keyof typeof State];

/** The start of a head as a search accepts it: bodies hold such things too, but seldom at the start of a segment. */
const headStart = /^(?:HTTP\/1\.[01] \d{3}[ \r]|[A-Z]{3,32} [^\s]+ HTTP\/1\.[01]\r)/;
const prefixBytes = 24;
/** The first lines of an HTTP/2 connection (RFC 9113, section 3.4). */
const http2Preface = 'PRI * HTTP/2.0';
/** A request may begin with these bytes; its first line is not whole. */
const requestStart = /^[A-Z]{1,32}(?: [^\r\n]{0,2000}\r?)?$/;

export class MessageFramer {
  readonly #host: FramerHost;
  readonly #held: HeldBytes;
  #scannerMade: HeadScanner | undefined;
  #state: State = State.head;
  /** Of the line or head in the making. */
  #text = '';
  #lineBytesMax = headBytesMax;
  /** Of the body or chunk; −1: until the connection closes. */
  #left = 0;
  #start = 0;
  #isRequest: boolean | undefined;
  #isBroken = false;
  #isCertain = true;
  #isDoubtful = false;
  #early: EarlyAnswer | undefined;
  /** Of a response that waits for its request, and where it ends. */
  #unasked: { readonly head: Head; readonly end: number } | undefined;
  #exchange = 0;
  /** Behind the head of a request that waits for 100 (Continue): its body, or none. */
  #isExpecting = false;
  /** Behind the request of this exchange comes something else; 0: not that is known. */
  #tunnelsBehind = 0;
  /** The line end that closes a chunk is due. */
  #afterChunk = false;
  /** It lost its place once: what comes later is found by a search. */
  hasLostSync = false;
  messages = 0;
  interims = 0;

  constructor(host: FramerHost, held: HeldBytes) {
    this.#host = host;
    this.#held = held;
  }

  /** Made when it is needed: most streams are framed to their end. */
  get #scanner(): HeadScanner {
    return (this.#scannerMade ??= new HeadScanner());
  }

  get sendsRequests(): boolean {
    return this.#isRequest === true;
  }

  /** Where the message at hand begins; everything before it is settled. */
  get messageStart(): number {
    return this.#start;
  }

  /** Nothing that comes is certain any more: framing depends on what an observer may not have seen. */
  doubt(): void {
    this.#isDoubtful = true;
    this.#isCertain = false;
  }

  /** Nothing more is taken before `resume`. */
  get isWaiting(): boolean {
    return this.#state === State.unasked;
  }

  /** Whether it waits for a request that is known now. */
  get isDue(): boolean {
    return this.isWaiting && this.#early!.method !== undefined;
  }

  /** The request is known now, or never will be: what waits for it is framed by its method. */
  resume(): void {
    const { head, end } = this.#unasked!;
    this.#unasked = undefined;
    this.#state = State.head;
    const method = this.#early!.method;
    if (method !== undefined) this.#early = undefined;
    this.#answer(head, end, method);
  }

  /**
   * The bytes `[start, end)`, which lie at `offset` in the stream.
   * @returns where it stopped, to wait for a request; otherwise `end`
   */
  push(bytes: Uint8Array, start: number, end: number, offset: number): number {
    const toStream = offset - start;
    let at = start;
    if (this.#state === State.search) this.#tryHead(bytes, start, end, offset);
    if (this.#isExpecting && start < end) this.#expected(bytes, start, end, offset);
    while (at < end && this.#state !== State.unasked) {
      switch (this.#state) {
        case State.body:
        case State.chunk:
          at = this.#pushBody(bytes, at, end, toStream);
          break;
        case State.search:
        case State.tunnel:
          this.#host.onUnframed(this.#scanner.count(bytes, at, end), this.#isRequest);
          this.#start = toStream + end;
          return end;
        default:
          at = this.#pushText(bytes, at, end, toStream);
      }
    }
    return at;
  }

  /** `length` bytes are missing. */
  gap(length: number, offset: number): void {
    if (this.#isExpecting && this.#isRefused) {
      this.#host.onUnframed(1, true);
      this.#lose(offset + length);
      return;
    }
    this.#isExpecting = false;
    const isWithin = this.#left < 0 || length <= this.#left;
    if ((this.#state === State.body || this.#state === State.chunk) && isWithin) {
      this.#isBroken = true;
      if (this.#left >= 0) this.#left -= length;
      if (this.#left === 0) this.#bodyEnd(offset + length);
      return;
    }
    if (this.#state === State.tunnel) this.#scanner.cut();
    else this.#lose(offset + length);
  }

  /** The stream ends here. @param isOrderly by a FIN, which is one more byte */
  close(offset: number, isOrderly: boolean): void {
    const end = offset + (isOrderly ? 1 : 0);
    if (this.#state === State.body && this.#left < 0) {
      this.#isCertain &&= isOrderly;
      if (!isOrderly) this.#host.onCutOff();
      this.#finish(end);
    } else if (this.#isExpecting && this.#isRefused) {
      this.#isCertain &&= isOrderly;
      this.#host.onDepends(offset, this.#start, this.#exchange, false);
      this.#finish(end, 'shown');
    } else if (this.#isUnderWay) this.#giveUp(offset);
    else if (this.#text !== '') this.#unframedText(this.#text);
    this.#dropText();
    this.#state = State.tunnel;
  }

  /** Bytes of no place in the stream. */
  unframed(bytes: Uint8Array, start: number, end: number): void {
    const scanner = new HeadScanner();
    this.#host.onUnframed(scanner.count(bytes, start, end), undefined);
  }

  tunnel(offset: number): void {
    this.#dropText();
    this.#state = State.tunnel;
    this.#start = offset;
  }

  /** Behind the request of an exchange, which may be still to come, is something else (RFC 9110, section 7.8). */
  tunnelBehind(exchange: number): void {
    if (this.hasLostSync || (this.#exchange >= exchange && !this.#isUnderWay)) this.tunnel(this.#start);
    else this.#tunnelsBehind = exchange;
  }

  /** A final response came, and the body had not been asked for. */
  get #isRefused(): boolean {
    return this.#host.answered >= this.#exchange && !this.#host.wasContinued(this.#exchange);
  }

  /**
   * Behind a request that waits for 100 (Continue): its body, or the next request where it was refused (RFC 9110, section
   * 10.1.1). The bytes decide.
   */
  #expected(bytes: Uint8Array, start: number, end: number, offset: number): void {
    this.#isExpecting = false;
    if (this.#host.wasContinued(this.#exchange)) return;
    const text = beginningOf(bytes, start, end);
    const isRequest = headStart.test(text) && !text.startsWith('HTTP/');
    if (!isRequest && !requestStart.test(text)) return;
    const headEnd = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).indexOf('\r\n\r\n');
    if (!this.#isRefused || !isRequest || headEnd + 4 > expectedHeadBytesMax) {
      // A body that begins like a request, or a request: nobody knows.
      this.#host.onUnframed(1, true);
      this.#lose(offset);
      this.#tryHead(bytes, start, end, offset);
      return;
    }
    this.#host.onDepends(offset, this.#start, this.#exchange, false);
    this.#finish(offset, headEnd < 0 ? 'open' : 'shown', offset + headEnd + 4);
  }

  #pushBody(bytes: Uint8Array, at: number, end: number, toStream: number): number {
    const taken = this.#left < 0 ? end - at : Math.min(this.#left, end - at);
    if (this.#early !== undefined || !this.#isCertain) this.#scanBody(bytes, at, at + taken);
    if (this.#left < 0) return end;
    this.#left -= taken;
    if (this.#left === 0) this.#bodyEnd(toStream + at + taken);
    return at + taken;
  }

  /** Where nobody knows how long a body is, or whether it is one, other messages may stand in what is taken for it. */
  #scanBody(bytes: Uint8Array, start: number, end: number): void {
    const early = this.#early;
    const heads = this.#scanner.count(bytes, start, end);
    if (early === undefined) this.#host.onUnframed(heads, this.#isRequest);
    else if (early.method === undefined) early.heads += heads;
    else if (!takesBody(early.method)) this.#host.onUnframed(heads, this.#isRequest);
  }

  #bodyEnd(offset: number): void {
    if (this.#state === State.body) this.#finish(offset);
    else this.#begin(State.chunkLine, chunkLineBytesMax);
  }

  /** Heads, chunk sizes and trailers: up to their last line end. */
  #pushText(bytes: Uint8Array, start: number, end: number, toStream: number): number {
    let from = start;
    if (this.#state === State.head && this.#text === '') {
      // Empty lines before a message (RFC 9112, section 2.2).
      while (from < end && (bytes[from] === 13 || bytes[from] === 10)) from += 1;
      this.#start = toStream + from;
      if (from === end) return end;
    }
    const wanted = this.#state === State.chunkLine ? '\r\n' : '\r\n\r\n';
    const before = this.#text.length;
    const taken = Math.min(end - from, this.#lineBytesMax - before);
    if (!this.#held.take(taken)) {
      this.#lose(toStream + from);
      return from;
    }
    this.#text += Buffer.from(bytes.buffer, bytes.byteOffset + from, taken).toString('latin1');
    // A trailer may be the empty line alone; the chunk of size 0 left its line end in front of it.
    const found = this.#text.indexOf(wanted, Math.max(0, before - wanted.length + 1));
    if (found < 0) {
      const isHead = this.#state !== State.head || before >= prefixBytes || mayBeHead(this.#text.slice(0, prefixBytes));
      if (isHead && before + taken < this.#lineBytesMax) return end;
      const unframed = this.#text;
      this.#lose(this.#start);
      this.#unframedText(unframed);
      return from + taken;
    }
    const text = this.#text.slice(0, found);
    this.#dropText();
    const next = from + found + wanted.length - before;
    if (this.#state === State.head) this.#head(text, toStream + next);
    else if (this.#state === State.chunkLine) this.#chunkLine(text, toStream + next);
    else this.#finish(toStream + next);
    return next;
  }

  #head(text: string, offset: number): void {
    if (text === http2Preface && this.messages === 0) {
      this.#message('preface', offset);
      this.#host.onHttp2();
      return;
    }
    const head = parseHead(text);
    if (!head || (this.#isRequest !== undefined && head.isRequest !== this.#isRequest && this.messages > 0)) {
      this.#lose(offset);
      this.#unframedText(text);
      return;
    }
    this.#isRequest = head.isRequest;
    this.#isBroken = false;
    this.#early = undefined;
    this.#isCertain = !this.#isDoubtful;
    if (head.isRequest) {
      this.#exchange = this.#host.onRequest(head.method);
      this.#beginBody(requestBody(head), offset);
      this.#isExpecting = head.isExpectant && this.#state !== State.head;
    } else this.#response(head, offset);
  }

  #response(head: Head, offset: number): void {
    if (head.status < 200 && head.status !== 101) {
      if (head.status === 100) this.#host.onContinue();
      this.interims += 1;
      this.#message('interim', offset);
      this.#begin(State.head, headBytesMax);
      return;
    }
    const asked = this.#host.methodFor();
    this.#exchange = this.#host.answered;
    const method = typeof asked === 'string' ? asked : undefined;
    if (method === undefined && dependsOnMethod(head)) {
      if (asked === undefined) this.#isCertain = false;
      else this.#early = asked as EarlyAnswer;
      if (this.#early && this.#host.waitsForRequest) {
        this.#unasked = { head, end: offset };
        this.#state = State.unasked;
        return;
      }
    }
    this.#answer(head, offset, method);
  }

  #answer(head: Head, offset: number, method: string | undefined): void {
    // An observer takes a response to an unseen HEAD for one with a body, and loses its place. Until HEAD comes the next status line says
    // that there is none; of a tunnel nothing does.
    if (method === 'HEAD' || method === 'CONNECT')
      this.#host.onDepends(this.#start, this.#start, this.#exchange, method === 'HEAD');
    this.#beginBody(responseBody(head, method ?? 'GET'), offset);
    if (head.status === 101 || (method === 'CONNECT' && head.status < 300)) this.#host.onTunnel(this.#exchange);
  }

  #beginBody(body: Body, offset: number): void {
    if (body.kind === 'chunked') this.#begin(State.chunkLine, chunkLineBytesMax);
    else if (body.length === 0) this.#finish(offset);
    else {
      this.#state = State.body;
      this.#left = body.length;
    }
    if (this.#early !== undefined || !this.#isCertain) this.#scanner.cut();
  }

  #chunkLine(text: string, offset: number): void {
    // The line end of the chunk before stands in front.
    if (text === '' && this.#afterChunk) {
      this.#afterChunk = false;
      return;
    }
    const size = /^([0-9a-f]{1,12})[ \t]*(?:;.*)?$/i.exec(text);
    if (!size || this.#afterChunk) {
      this.#lose(offset);
      return;
    }
    this.#left = Number.parseInt(size[1]!, 16);
    this.#afterChunk = true;
    if (this.#left > 0) {
      this.#state = State.chunk;
      return;
    }
    this.#afterChunk = false;
    this.#begin(State.trailer, headBytesMax);
    // The line end of this line is the first half of the empty line that may follow at once.
    if (this.#held.take(2)) this.#text = '\r\n';
    else this.#lose(offset);
  }

  /** @param shownEnd end of what shows that a refused request is over */
  #finish(end: number, refused?: FramedMessage['refused'], shownEnd = end): void {
    this.#isExpecting = false;
    this.messages += 1;
    this.#message(this.#kind, end, refused, shownEnd);
    this.#begin(State.head, headBytesMax);
    if (this.#tunnelsBehind > 0 && this.#exchange >= this.#tunnelsBehind) this.tunnel(this.#start);
  }

  #message(kind: MessageKind, next: number, refused?: FramedMessage['refused'], end = next): void {
    const [start, exchange, early] = [this.#start, this.#exchange, this.#early];
    this.#start = next;
    this.#host.onMessage({
      ...{ kind, exchange, start, end, early, refused },
      isBroken: this.#isBroken,
      isCertain: this.#isCertain,
    });
  }

  /** Of the message whose head was read last. */
  get #kind(): MessageKind {
    return this.#isRequest ? 'request' : 'response';
  }

  #begin(state: State, lineBytesMax: number): void {
    this.#dropText();
    this.#state = state;
    this.#lineBytesMax = lineBytesMax;
  }

  #dropText(): void {
    this.#held.give(this.#text.length);
    this.#text = '';
  }

  /** What was begun is given up; bytes are only searched from here on. */
  #lose(offset: number): void {
    if (this.#isUnderWay) this.#giveUp(offset);
    this.#dropText();
    this.#scanner.cut();
    this.#afterChunk = false;
    this.#isExpecting = false;
    this.#state = State.search;
    this.#start = offset;
    this.hasLostSync = true;
    this.doubt();
  }

  /** Its head was read, its end not. */
  get #isUnderWay(): boolean {
    return this.#state >= State.body && this.#state <= State.trailer;
  }

  #giveUp(offset: number): void {
    this.#isBroken = true;
    this.#isCertain = false;
    this.#message(this.#kind, Math.max(this.#start, offset));
  }

  /** A line of a request without a version (HTTP/0.9) may be a message too, and so is what answers it. */
  #unframedText(text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    const heads = this.#scanner.count(bytes, 0, bytes.length);
    if (heads > 0) this.#host.onUnframed(heads, this.#isRequest);
    else if (/^[A-Z]{3,32} [^\r\n]/.test(text)) this.#host.onUnframed(1, undefined);
  }

  /** A search ends where a segment begins with a head. */
  #tryHead(bytes: Uint8Array, start: number, end: number, offset: number): void {
    if (!headStart.test(beginningOf(bytes, start, end))) return;
    this.#scanner.cut();
    this.#start = offset;
    this.#begin(State.head, headBytesMax);
  }
}

/** As far as a first line is looked for (2 KiB). */
function beginningOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(end - start, 2_048)).toString('latin1');
}
