/** Cuts one direction of a connection into HTTP/1 messages, as its bytes come, in order. Holds no more than a head. */
import { HeadScanner } from './head-scanner.ts';
import type { HeldBytes } from './held-bytes.ts';
import { type Body, dependsOnMethod, type Head, mayBeHead, parseHead, requestBody, responseBody } from './http-head.ts';
import { chunkLineBytesMax, headBytesMax } from './limits.ts';

/** A message whose end is known. Offsets are those of the stream. */
export interface FramedMessage {
  readonly isRequest: boolean;
  readonly start: number;
  /** A FIN that ends it counts as a byte. */
  readonly end: number;
  /** Bytes of it are missing in the recording itself. */
  readonly isBroken: boolean;
  /** Every observer must frame it so. */
  readonly isCertain: boolean;
  /** A response recorded before its request, whose method decides whether it ends there. */
  readonly early?: EarlyAnswer | undefined;
}

/** What is not known yet of a response that came before its request. */
export interface EarlyAnswer {
  method: string | undefined;
  /** It was delivered whole. */
  isIntact: boolean;
}

/** What a framer asks and reports. */
export interface FramerHost {
  /** A request's head has been read. */
  onRequest(method: string): void;
  /** The method that the next final response answers; undefined where it will never be known. */
  methodFor(): string | EarlyAnswer | undefined;
  /** Whether an observer knows the method that was asked for last. */
  readonly isMethodSeen: boolean;
  /** Both directions are something else from here on. */
  onTunnel(): void;
  onMessage(message: FramedMessage): void;
  /** So many heads may begin in bytes that could not be framed. @param isRequest undefined where nothing is known */
  onUnframed(heads: number, isRequest: boolean | undefined): void;
}

const State = { head: 0, body: 1, chunkLine: 2, chunk: 3, trailer: 4, search: 5, tunnel: 6 } as const;
type State = (typeof State)[keyof typeof State];

/** The start of a head as a search accepts it: bodies hold such things too, but seldom at the start of a segment. */
const headStart = /^(?:HTTP\/1\.[01] \d{3}[ \r]|[A-Z]{3,32} [^\s]+ HTTP\/1\.[01]\r)/;
const prefixBytes = 24;

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
  /** The line end that closes a chunk is due. */
  #afterChunk = false;
  /** It lost its place once: what comes later is found by a search. */
  hasLostSync = false;
  messages = 0;

  constructor(host: FramerHost, held: HeldBytes) {
    this.#host = host;
    this.#held = held;
  }

  /** Made when it is needed: most streams are framed to their end. */
  get #scanner(): HeadScanner {
    return (this.#scannerMade ??= new HeadScanner());
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

  /** The bytes `[start, end)`, which lie at `offset` in the stream. */
  push(bytes: Uint8Array, start: number, end: number, offset: number): void {
    const toStream = offset - start;
    let at = start;
    if (this.#state === State.search) this.#tryHead(bytes, start, end, offset);
    while (at < end) {
      switch (this.#state) {
        case State.body:
        case State.chunk:
          at = this.#pushBody(at, end, toStream);
          break;
        case State.search:
        case State.tunnel:
          this.#host.onUnframed(this.#scanner.count(bytes, at, end), this.#isRequest);
          this.#start = toStream + end;
          return;
        default:
          at = this.#pushText(bytes, at, end, toStream);
      }
    }
  }

  /** `length` bytes are missing. */
  gap(length: number, offset: number): void {
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
    if (this.#state === State.body && this.#left < 0) {
      this.#isCertain &&= isOrderly;
      this.#finish(offset + (isOrderly ? 1 : 0));
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

  #pushBody(at: number, end: number, toStream: number): number {
    if (this.#left < 0) return end;
    const taken = Math.min(this.#left, end - at);
    this.#left -= taken;
    if (this.#left === 0) this.#bodyEnd(toStream + at + taken);
    return at + taken;
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
      this.#host.onRequest(head.method);
      this.#beginBody(requestBody(head), offset);
    } else this.#response(head, offset);
  }

  #response(head: Head, offset: number): void {
    if (head.status < 200 && head.status !== 101) {
      // Observers may count interim responses, or not.
      this.#host.onUnframed(1, false);
      this.#begin(State.head, headBytesMax);
      return;
    }
    const asked = this.#host.methodFor();
    const method = typeof asked === 'string' ? asked : undefined;
    if (method === undefined && dependsOnMethod(head)) {
      if (asked === undefined) this.#isCertain = false;
      else this.#early = asked as EarlyAnswer;
    }
    // An observer takes a response to an unseen HEAD for one with a body, and loses its place.
    if ((method === 'HEAD' || method === 'CONNECT') && !this.#host.isMethodSeen) this.doubt();
    this.#beginBody(responseBody(head, method ?? 'GET'), offset);
    if (head.status === 101 || (method === 'CONNECT' && head.status < 300)) this.#host.onTunnel();
  }

  #beginBody(body: Body, offset: number): void {
    if (body.kind === 'chunked') this.#begin(State.chunkLine, chunkLineBytesMax);
    else if (body.length === 0) this.#finish(offset);
    else {
      this.#state = State.body;
      this.#left = body.length;
    }
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

  #finish(end: number): void {
    const message: FramedMessage = {
      isRequest: this.#isRequest!,
      start: this.#start,
      end,
      isBroken: this.#isBroken,
      isCertain: this.#isCertain,
      early: this.#early,
    };
    this.messages += 1;
    this.#start = end;
    this.#begin(State.head, headBytesMax);
    this.#host.onMessage(message);
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
    const [isRequest, start] = [this.#isRequest!, this.#start];
    this.#start = Math.max(start, offset);
    this.#host.onMessage({ isRequest, start, end: this.#start, isBroken: true, isCertain: false });
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
    const length = Math.min(end - start, 2_048);
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('latin1');
    if (!headStart.test(text)) return;
    this.#scanner.cut();
    this.#start = offset;
    this.#begin(State.head, headBytesMax);
  }
}
