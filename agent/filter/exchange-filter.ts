/**
 * Which exchanges are reported at all: stands between the HTTP layer and everything that takes messages (hot path: a flag
 * looked up for each piece of a body). An exchange is judged when its request begins, and its response follows it.
 *
 * In this order: own traffic, host, path, sampling, rate; the first that leaves an exchange out counts it.
 */
import { exchangeKey, type HttpMessage, isInterim, type MessageHandler } from '../http/message-handler.ts';
import type { Expressions } from './expressions.ts';
import type { RateWindows } from './rate-windows.ts';

/** Longer than any path worth a rule; the rest of one is not looked at. */
const pathBytesMax = 4096;
/** A DNS name has at most 253 characters (RFC 1035, section 2.3.4). */
const hostBytesMax = 512;

export interface FilterRules {
  /** Null: every host, every path is allowed, none is excluded. */
  readonly allowHosts: Expressions | null;
  readonly excludeHosts: Expressions | null;
  readonly allowPaths: Expressions | null;
  readonly excludePaths: Expressions | null;
  /** Share of exchanges reported, 0 < share ≤ 1. */
  readonly sampleShare: number;
  readonly rate: RateWindows | null;
  /** Whether a stream is one of the agent's own; null where that is not asked. */
  readonly isOwn: ((stream: number) => boolean) | null;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
}

export interface FilterLimits {
  readonly streamsMax: number;
  /** Verdicts that wait for a response, some 100 bytes each. */
  readonly verdictsMax: number;
}

export class FilterCounters {
  exchangesPassed = 0;
  /** Left out, each counted once by the first rule that did so. */
  excludedOwn = 0;
  excludedHost = 0;
  excludedPath = 0;
  sampledOut = 0;
  rateLimited = 0;
  /** Responses without a request, where hosts or paths are chosen by: it is unknown whose they are. */
  responsesUnknown = 0;
  /** Verdicts forgotten before their response came. */
  verdictsEvicted = 0;
}

/** A verdict as it is remembered: whether it passed, and whether a response was there before its request. */
const passes = 1;
const byResponse = 2;

export class ExchangeFilter implements MessageHandler {
  readonly counters = new FilterCounters();
  readonly readsHeadLater: boolean;
  readonly #rules: FilterRules;
  readonly #inner: MessageHandler;
  /** By exchange, oldest first. */
  readonly #verdicts = new Map<number, number>();
  /** By stream and side: 1 while a message that is left out flows. */
  readonly #isLeftOut: Uint8Array;
  readonly #verdictsMax: number;
  readonly #choosesByRequest: boolean;

  constructor(rules: FilterRules, inner: MessageHandler, limits: FilterLimits) {
    this.#rules = rules;
    this.#inner = inner;
    this.readsHeadLater = inner.readsHeadLater ?? true;
    this.#isLeftOut = new Uint8Array(limits.streamsMax * 2);
    this.#verdictsMax = limits.verdictsMax;
    const { allowHosts, excludeHosts, allowPaths, excludePaths } = rules;
    this.#choosesByRequest = [allowHosts, excludeHosts, allowPaths, excludePaths].some((each) => each !== null);
  }

  begin(message: HttpMessage): void {
    const isPassed = message.kind === 'request' ? this.#request(message) : this.#response(message);
    this.#isLeftOut[message.stream * 2 + message.side] = isPassed ? 0 : 1;
    if (isPassed) this.#inner.begin(message);
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    if (this.#isLeftOut[message.stream * 2 + message.side] === 0) this.#inner.body(message, bytes, start, end);
  }

  bodyGap(message: HttpMessage, length: number): void {
    if (this.#isLeftOut[message.stream * 2 + message.side] === 0) this.#inner.bodyGap(message, length);
  }

  end(message: HttpMessage): void {
    if (this.#isLeftOut[message.stream * 2 + message.side] === 0) this.#inner.end(message);
  }

  #request(message: HttpMessage): boolean {
    const key = exchangeKey(message);
    const known = this.#verdicts.get(key) ?? 0;
    if ((known & byResponse) !== 0) {
      // Its response overtook it in the capture, and was judged: the exchange stays in one piece.
      this.#verdicts.delete(key);
      return (known & passes) !== 0;
    }
    const isPassed = this.#judge(message);
    this.#remember(key, isPassed ? passes : 0);
    return isPassed;
  }

  #response(message: HttpMessage): boolean {
    const isAnswer = !isInterim(message);
    const key = exchangeKey(message);
    const known = message.exchange < 0 ? undefined : this.#verdicts.get(key);
    if (known !== undefined && (known & byResponse) === 0) {
      if (isAnswer) this.#verdicts.delete(key);
      return (known & passes) !== 0;
    }
    const isPassed = this.#judgeUnknown(message);
    if (message.exchange >= 0 && isAnswer) this.#remember(key, byResponse | (isPassed ? passes : 0));
    return isPassed;
  }

  #remember(key: number, verdict: number): void {
    this.#verdicts.delete(key);
    this.#verdicts.set(key, verdict);
    if (this.#verdicts.size <= this.#verdictsMax) return;
    for (const oldest of this.#verdicts.keys()) {
      this.#verdicts.delete(oldest);
      this.counters.verdictsEvicted += 1;
      return;
    }
  }

  #judge(message: HttpMessage): boolean {
    const { counters } = this;
    const { isOwn, allowHosts, excludeHosts, allowPaths, excludePaths } = this.#rules;
    if (isOwn?.(message.stream)) {
      counters.excludedOwn += 1;
      return false;
    }
    const choosesHosts = allowHosts !== null || excludeHosts !== null;
    if (choosesHosts && !isChosen(hostOf(message), hostBytesMax, allowHosts, excludeHosts)) {
      counters.excludedHost += 1;
      return false;
    }
    const choosesPaths = allowPaths !== null || excludePaths !== null;
    if (choosesPaths && !isChosen(pathOf(message.uri), pathBytesMax, allowPaths, excludePaths)) {
      counters.excludedPath += 1;
      return false;
    }
    return this.#draw(message.tsUs);
  }

  #judgeUnknown(message: HttpMessage): boolean {
    const { counters } = this;
    if (this.#rules.isOwn?.(message.stream)) counters.excludedOwn += 1;
    else if (this.#choosesByRequest) counters.responsesUnknown += 1;
    else return this.#draw(message.tsUs);
    return false;
  }

  #draw(tsUs: number): boolean {
    const { sampleShare, rate, random } = this.#rules;
    const { counters } = this;
    if (sampleShare < 1 && random() >= sampleShare) {
      counters.sampledOut += 1;
      return false;
    }
    if (rate !== null && !rate.take(tsUs)) {
      counters.rateLimited += 1;
      return false;
    }
    counters.exchangesPassed += 1;
    return true;
  }
}

function isChosen(text: string, bytesMax: number, allow: Expressions | null, exclude: Expressions | null): boolean {
  return exclude?.test(text, bytesMax) !== true && allow?.test(text, bytesMax) !== false;
}

/** Scheme and authority of a target in absolute form (RFC 9112, section 3.2.2). */
const absoluteForm = /^[a-z][a-z0-9+.-]{0,20}:\/\/([^/?#]*)/i;

/** The path as sent, percent-encoded, without query. */
function pathOf(uri: string): string {
  const path = uri.startsWith('/') ? uri : uri.replace(absoluteForm, '');
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}

/** Lower case, without port and user information. */
function hostOf(message: HttpMessage): string {
  const authority = absoluteForm.exec(message.uri)?.[1] ?? message.headers.get('host') ?? '';
  const host = authority.slice(authority.lastIndexOf('@') + 1, authority.length);
  return host.replace(/:\d{0,5}$/, '').toLowerCase();
}
