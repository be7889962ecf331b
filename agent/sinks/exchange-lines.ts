/**
 * `--print`: one line an exchange, for a person at a terminal. What the network sent cannot drive the terminal: every
 * character that is not printed as itself is written as an escape, and secrets are gone before.
 */

import { earlyKeptUsMax } from '../http/early-responses.ts';
import {
  exchangeKey,
  type HttpMessage,
  isInterim,
  type MessageHandler,
  type PairingVerdict,
} from '../http/message-handler.ts';
import type { Obfuscator } from '../witness/obfuscation.ts';

/** Requests waiting for their response, 1 KB each at most; and as many responses that came before their request. */
export const waitingMax = 1024;
/** A line is for reading: what is longer is cut. */
const targetCharactersMax = 300;
const hostCharactersMax = 80;
const shortCharactersMax = 40;

export interface ExchangeLinesOptions {
  readonly write: (text: string) => void;
  readonly obfuscator: Pick<Obfuscator, 'url' | 'name' | 'host'>;
  readonly colours: boolean;
  /** Of each: requests that wait for their response, responses that came before their request. @default waitingMax */
  readonly waitingMax?: number;
}

export class ExchangeLineCounters {
  lines = 0;
  requestsAlone = 0;
  responsesAlone = 0;
  /** Requests printed without their response because too many waited. */
  waitingEvicted = 0;
}

interface Waiting {
  readonly tsUs: number;
  readonly method: string;
  readonly host: string;
  readonly target: string;
  bodyBytes: number;
  /** Captured before. */
  readonly answer: Answer | null;
}

interface Answer {
  readonly tsUs: number;
  readonly status: number;
  readonly bodyBytes: number;
  readonly complete: boolean;
  readonly type: string;
  /** How sure it is that this answers its request. */
  pairing: PairingVerdict;
}

export class ExchangeLines implements MessageHandler {
  /** What is printed of the head is taken when it is there. */
  readonly readsHeadLater = false;
  readonly counters = new ExchangeLineCounters();
  readonly #options: ExchangeLinesOptions;
  readonly #waitingMax: number;
  /** By exchange, oldest first. */
  readonly #waiting = new Map<number, Waiting>();
  /** Responses captured before their request, as two mirrored ports have it; by exchange, oldest first. */
  readonly #early = new Map<number, Answer>();
  /** Media types of responses whose bodies flow, by stream. */
  readonly #types = new Map<number, string>();

  constructor(options: ExchangeLinesOptions) {
    this.#options = options;
    this.#waitingMax = options.waitingMax ?? waitingMax;
  }

  begin(message: HttpMessage): void {
    this.#giveUpEarly(message.tsUs);
    if (message.kind === 'response') {
      const type = (message.headers.get('content-type') ?? '').split(';', 1)[0]!.trim();
      if (!isInterim(message)) this.#types.set(message.stream, this.#readable(type, shortCharactersMax));
      return;
    }
    const key = exchangeKey(message);
    const before = this.#waiting.get(key);
    // More of one exchange than its two messages.
    if (before !== undefined) this.#alone(key, before);
    if (this.#waiting.size >= this.#waitingMax) this.#evict();
    this.#waiting.set(key, {
      tsUs: message.tsUs,
      method: this.#readable(message.method, shortCharactersMax),
      host: readable(this.#options.obfuscator.host(message.headers.get('host') ?? ''), hostCharactersMax),
      target: readable(this.#options.obfuscator.url(message.uri), targetCharactersMax),
      bodyBytes: 0,
      answer: this.#early.get(key) ?? null,
    });
    this.#early.delete(key);
  }

  body(): void {}
  bodyGap(): void {}

  end(message: HttpMessage): void {
    if (isInterim(message)) return;
    const key = exchangeKey(message);
    const request = message.exchange < 0 ? undefined : this.#waiting.get(key);
    if (message.kind === 'request') {
      if (request === undefined) return;
      request.bodyBytes = message.bodyBytes;
      if (request.answer === null) return;
      request.answer.pairing = message.pairing;
      this.#alone(key, request);
      return;
    }
    const type = this.#types.get(message.stream) ?? '';
    this.#types.delete(message.stream);
    const { tsUs, status, bodyBytes, complete, pairing } = message;
    const answer = { tsUs, status, bodyBytes, complete, type, pairing };
    if (request === undefined && message.exchange >= 0 && message.method === '') this.#keepEarly(key, answer);
    else {
      this.#waiting.delete(key);
      this.#line(request, answer);
    }
  }

  /** Requests that still wait are printed without their response, and the other way round. */
  close(): void {
    for (const [key, request] of this.#waiting) this.#alone(key, request);
    this.#giveUpEarly(Number.POSITIVE_INFINITY);
  }

  #keepEarly(key: number, answer: Answer): void {
    if (this.#early.size >= this.#waitingMax) this.#giveUpOldest();
    this.#early.set(key, answer);
  }

  /** Prints responses whose request will not come any more. */
  #giveUpEarly(nowUs: number): void {
    for (const { tsUs } of this.#early.values()) {
      if (nowUs - tsUs <= earlyKeptUsMax) return;
      this.#giveUpOldest();
    }
  }

  #giveUpOldest(): void {
    for (const [key, answer] of this.#early) {
      this.#early.delete(key);
      this.#line(undefined, answer);
      return;
    }
  }

  #evict(): void {
    for (const [key, request] of this.#waiting) {
      this.counters.waitingEvicted += 1;
      this.#alone(key, request);
      return;
    }
  }

  /** With no more than what came before it. */
  #alone(key: number, request: Waiting): void {
    this.#waiting.delete(key);
    this.#line(request, request.answer);
  }

  #line(request: Waiting | undefined, response: Answer | null): void {
    if (request === undefined) this.counters.responsesAlone += 1;
    if (response === null) this.counters.requestsAlone += 1;
    const time = timeOfDay(request?.tsUs ?? response!.tsUs);
    const asked =
      request === undefined
        ? 'request not seen'
        : `${this.#bold(request.method.padEnd(4))} ${request.host}${request.target}`;
    const sent = request !== undefined && request.bodyBytes > 0 ? `${size(request.bodyBytes)} → ` : '';
    const facts = response === null ? ['no response'] : [`${sent}${size(response.bodyBytes)}`];
    if (response !== null && response.type !== '') facts.push(response.type);
    if (request !== undefined && response !== null) facts.push(duration(response.tsUs - request.tsUs));
    if (response !== null && !response.complete) facts.push('incomplete');
    if (request !== undefined && response?.pairing === 'probable') facts.push('probable pair');
    const status = response === null ? '---' : this.#status(response.status);
    this.counters.lines += 1;
    this.#options.write(`${this.#dim(time)}  ${status}  ${asked}  ${this.#dim(facts.join(', '))}\n`);
  }

  #readable(text: string, charactersMax: number): string {
    return readable(this.#options.obfuscator.name(text), charactersMax);
  }

  #status(status: number): string {
    if (!this.#options.colours) return String(status);
    const colour = status >= 500 ? 31 : status >= 400 ? 33 : status >= 300 ? 36 : 32;
    return `\x1b[${colour}m${status}\x1b[0m`;
  }

  #bold(text: string): string {
    return this.#options.colours ? `\x1b[1m${text}\x1b[0m` : text;
  }

  #dim(text: string): string {
    return this.#options.colours ? `\x1b[2m${text}\x1b[0m` : text;
  }
}

/** Controls, invisible and direction-changing characters: Unicode's categories C and Z but for the space itself. */
const unprintable = /[^\P{C}]|[^\P{Z} ]/gu;

/**
 * Bytes as received (latin1) as a person may see them.
 * @returns UTF-8 read where it is; `\x1b` for what is not printed as itself; cut with an ellipsis.
 */
export function readable(text: string, charactersMax: number): string {
  // Redacted text may hold what is no byte: only bytes are decoded.
  const isBytes = /^[\x00-\xff]*$/.test(text);
  const characters = isBytes && /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
  const cut = characters.length > charactersMax ? `${characters.slice(0, charactersMax - 1)}…` : characters;
  // A copy: a slice would keep the whole head alive for as long as it waits.
  const own = Buffer.from(cut, 'utf8').toString('utf8');
  return own.replace(unprintable, (found) => {
    const code = found.codePointAt(0)!;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** UTC. A capture file may claim any time at all. */
function timeOfDay(tsUs: number): string {
  const date = new Date(tsUs / 1000);
  return Number.isNaN(date.getTime()) ? '??:??:??.???' : date.toISOString().slice(-13, -1);
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** From the request's first byte to the response's first. */
function duration(us: number): string {
  if (us < 0) return 'before its request';
  if (us < 1000) return `${us} µs`;
  return us < 1e6 ? `${(us / 1e3).toFixed(1)} ms` : `${(us / 1e6).toFixed(1)} s`;
}
