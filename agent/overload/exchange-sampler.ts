/**
 * Stands before the builder of witnesses and chooses, under overload, of which exchanges one is made and whose bodies are
 * looked into. Chosen by a keyed hash of the exchange, whatever it holds: with the inclusion probability p of its endpoint a
 * witness stands for 1/p exchanges (Horvitz and Thompson, "A generalization of sampling without replacement from a finite
 * universe", 1952), so that sums of weights estimate how many there were.
 *
 * Hot path: one comparison a message as long as nothing is left out.
 */
import { hashWords } from '../bounded/keyed-hash.ts';
import { exchangeKey, type HttpMessage, isInterim, type MessageHandler } from '../http/message-handler.ts';
import { Allowance } from './allowance.ts';
import { EndpointRates } from './endpoint-rates.ts';
import { OverloadLevel, type OverloadStep, overloadLadder } from './ladder.ts';
import { hashName, hashShape, type ShapeHash } from './path-shape.ts';

/** What makes witnesses, as far as it has to know of choices. */
export interface WeighedBuilder extends MessageHandler {
  /** Exchanges that the next new one stands for, and those that its bodies stand for; 0: they are left out. */
  weight: number;
  bodyWeight: number;
  /** Whether an exchange is begun and not given out. */
  isWaiting(key: number): boolean;
  /** Leaves out the rest of all bodies under way. @returns how many */
  giveUpBodies(): number;
}

export class SamplerCounters {
  /** Exchanges left out, by the level that did. */
  exchangesSampled = 0;
  exchangesFraming = 0;
  /** Responses without their request that were left out. */
  responsesAlone = 0;
  /** Of what was left out, seen to the last byte: for the account. */
  requestsWhole = 0;
  responsesWhole = 0;
  exchangesWhole = 0;
  /** Exchanges whose bodies were left out of their witness, and bodies given up in the middle. */
  bodiesSampled = 0;
  bodiesGivenUp = 0;
  /** Of the witnesses made meanwhile: what they stand for together, and how many are certain. */
  weightChosen = 0;
  exchangesChosen = 0;
  exchangesCertain = 0;
}

/** What became of the message of a side. */
const Fate = { taken: 0, leftOut: 1, interim: 2 } as const;
/** Draws for one purpose say nothing about those for another. */
const Purpose = { witness: 1, bodies: 2 } as const;
type Purpose = (typeof Purpose)[keyof typeof Purpose];
/** Verdicts of so many exchanges of a stream are remembered, a bit each: more are pipelined by nobody. */
const rememberedMask = 31;
/** Verdicts outlive the last exchange that was left out for so long, packets' clock: no response takes longer to be paired. */
const quietUs = 120e6;
/** Bytes of bodies of certain exchanges a second: at 34 ns a byte a twentieth of a core. */
const certainBodyBytes = 1.5e6;
/** Weight of the newest message in the mean length of bodies, and what is taken for it before there was one. */
const newestShare = 1 / 64;
const bodyBytesGuess = 4_096;
/** Responses left out that came before their request, until that comes. */
const earlyMax = 4_096;

export class ExchangeSampler implements MessageHandler {
  readonly counters = new SamplerCounters();
  readonly readsHeadLater: boolean;
  readonly #inner: WeighedBuilder;
  readonly #key: readonly [number, number];
  readonly #rates = new EndpointRates();
  readonly #hash: ShapeHash = { high: 0, low: 0, path: 0 };
  /** What a draw is by. */
  readonly #drawn = new Int32Array(4);
  readonly #fates: Uint8Array;
  /** By stream, a bit an exchange: left out; its request, its response was whole. */
  readonly #leftOut: Int32Array;
  readonly #askedWhole: Int32Array;
  readonly #answeredWhole: Int32Array;
  #step: OverloadStep = overloadLadder[0]!;
  /** Share of the frames that are seen of all that there are. */
  flowShare = 1;
  /** Something is left out, or was lately. */
  #isActive = false;
  #quietAtUs = 0;
  /** Messages under way that are left out. */
  #leftOutNow = 0;
  /** By exchange, oldest first. */
  readonly #early = new Set<number>();
  #bodyBytesMean = bodyBytesGuess;
  readonly #bodyBytes = new Allowance(certainBodyBytes);

  /** @param key random: who sends traffic must not know what is chosen */
  constructor(inner: WeighedBuilder, key: readonly [number, number], streamsMax: number) {
    this.#inner = inner;
    this.#key = key;
    this.readsHeadLater = inner.readsHeadLater ?? true;
    this.#fates = new Uint8Array(streamsMax * 2);
    this.#leftOut = new Int32Array(streamsMax);
    this.#askedWhole = new Int32Array(streamsMax);
    this.#answeredWhole = new Int32Array(streamsMax);
  }

  /** Endpoints that the table had no room for. */
  get endpointsEvicted(): number {
    return this.#rates.evicted;
  }

  /** From the next exchange on. */
  setStep(step: OverloadStep): void {
    this.#step = step;
    if (step.level === OverloadLevel.none || this.#isActive) return;
    this.#isActive = true;
    this.#quietAtUs = Number.POSITIVE_INFINITY;
    this.#leftOut.fill(0);
    this.#fates.fill(Fate.taken);
    this.#leftOutNow = 0;
    this.#early.clear();
  }

  /** Work under way is given up too: what waits would not. */
  giveUpBodies(): void {
    this.counters.bodiesGivenUp += this.#inner.giveUpBodies();
  }

  begin(message: HttpMessage): void {
    if (!this.#isActive) {
      this.#inner.begin(message);
      return;
    }
    const fate = message.kind === 'request' ? this.#request(message) : this.#response(message);
    this.#fates[message.stream * 2 + message.side] = fate;
    if (fate === Fate.taken) this.#inner.begin(message);
    else if (fate === Fate.leftOut) this.#leftOutNow += 1;
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isActive || this.#fates[message.stream * 2 + message.side] === Fate.taken) {
      this.#inner.body(message, bytes, start, end);
    }
  }

  bodyGap(message: HttpMessage, length: number): void {
    if (!this.#isActive || this.#fates[message.stream * 2 + message.side] === Fate.taken) {
      this.#inner.bodyGap(message, length);
    }
  }

  end(message: HttpMessage): void {
    if (!this.#isActive) {
      this.#inner.end(message);
      return;
    }
    const place = message.stream * 2 + message.side;
    const fate = this.#fates[place];
    this.#fates[place] = Fate.taken;
    this.#bodyBytesMean += (message.bodyBytes - this.#bodyBytesMean) * newestShare;
    if (fate === Fate.taken) this.#inner.end(message);
    if (fate !== Fate.leftOut) return;
    this.#leftOutNow -= 1;
    if (message.complete) this.#countWhole(message);
  }

  #request(message: HttpMessage): number {
    const { stream, tsUs } = message;
    const bit = 1 << (message.exchange & rememberedMask);
    this.#leftOut[stream]! &= ~bit;
    // Its response overtook it in the capture, and was judged: the exchange stays in one piece.
    if (this.#early.size > 0 && this.#early.delete(exchangeKey(message))) return this.#leaveOut(stream, bit);
    const step = this.#step;
    if (step.level === OverloadLevel.none) {
      this.#rest(tsUs);
      return Fate.taken;
    }
    this.#quietAtUs = Number.POSITIVE_INFINITY;
    if (this.#inner.isWaiting(exchangeKey(message))) return Fate.taken;
    const hash = this.#hash;
    hash.high = this.#key[0];
    hash.low = this.#key[1];
    hashName(message.method, hash);
    hashName(message.headers.get('host') ?? '', hash);
    hashShape(message.uri, hash);
    this.#rates.note(hash, tsUs);
    if (this.#choose(message, step)) return Fate.taken;
    this.#answeredWhole[stream]! &= ~bit;
    return this.#leaveOut(stream, bit);
  }

  #leaveOut(stream: number, bit: number): number {
    this.#leftOut[stream]! |= bit;
    this.#askedWhole[stream]! &= ~bit;
    if (this.#step.level >= OverloadLevel.framing) this.counters.exchangesFraming += 1;
    else this.counters.exchangesSampled += 1;
    return Fate.leftOut;
  }

  /** Nothing is left out now: after a while nothing that was is awaited either. */
  #rest(tsUs: number): void {
    this.#inner.weight = 1;
    this.#inner.bodyWeight = 1;
    if (this.#quietAtUs === Number.POSITIVE_INFINITY) this.#quietAtUs = tsUs + quietUs;
    if (tsUs > this.#quietAtUs && this.#leftOutNow === 0) this.#isActive = false;
  }

  #response(message: HttpMessage): number {
    const { stream, exchange } = message;
    if (isInterim(message)) return Fate.interim;
    const isEarly = exchange >= 0 && message.pairing === 'open';
    const bit = 1 << (exchange & rememberedMask);
    if (exchange >= 0 && !isEarly) {
      const isLeftOut = (this.#leftOut[stream]! & bit) !== 0;
      return isLeftOut && !this.#inner.isWaiting(exchangeKey(message)) ? Fate.leftOut : Fate.taken;
    }
    const { witnessShare, bodyShare } = this.#step;
    if (witnessShare === 1 || this.#draw(message, Purpose.witness) < witnessShare) {
      this.#weigh(witnessShare, bodyShare < 1 ? 0 : 1);
      return Fate.taken;
    }
    if (isEarly) {
      this.#askedWhole[stream]! &= ~bit;
      this.#answeredWhole[stream]! &= ~bit;
      this.#rememberEarly(exchangeKey(message));
    } else this.counters.responsesAlone += 1;
    return Fate.leftOut;
  }

  #rememberEarly(key: number): void {
    this.#early.add(key);
    if (this.#early.size <= earlyMax) return;
    for (const oldest of this.#early) {
      this.#early.delete(oldest);
      return;
    }
  }

  /** Whether a witness is made of the exchange whose endpoint was noted. */
  #choose(message: HttpMessage, step: OverloadStep): boolean {
    const inclusion = step.witnessShare < 1 ? this.#rates.inclusion(step.witnessShare) : 1;
    if (inclusion < 1 && this.#draw(message, Purpose.witness) >= inclusion) return false;
    const { counters } = this;
    const bodyInclusion = this.#bodyInclusion(step, message.tsUs);
    const hasBodies = bodyInclusion >= 1 || this.#draw(message, Purpose.bodies) < bodyInclusion;
    if (!hasBodies) counters.bodiesSampled += 1;
    this.#weigh(inclusion, hasBodies ? bodyInclusion : 0);
    counters.exchangesChosen += 1;
    if (inclusion >= 1) counters.exchangesCertain += 1;
    counters.weightChosen += this.#inner.weight;
    return true;
  }

  #bodyInclusion(step: OverloadStep, tsUs: number): number {
    if (!this.#rates.isCertain) {
      return step.level === OverloadLevel.bodies ? this.#rates.inclusion(step.bodyShare) : step.bodyShare;
    }
    this.#bodyBytes.refill(tsUs);
    if (this.#bodyBytes.left <= 0) return step.bodyShare;
    // Of a request and a response.
    this.#bodyBytes.left -= 2 * this.#bodyBytesMean;
    return 1;
  }

  #weigh(inclusion: number, bodyInclusion: number): void {
    const weight = 1 / (inclusion * this.flowShare);
    this.#inner.weight = weight;
    this.#inner.bodyWeight = bodyInclusion === 0 ? 0 : weight / bodyInclusion;
  }

  #countWhole(message: HttpMessage): void {
    const { stream, exchange, kind } = message;
    const { counters } = this;
    const isRequest = kind === 'request';
    if (isRequest) counters.requestsWhole += 1;
    else counters.responsesWhole += 1;
    if (exchange < 0) return;
    const bit = 1 << (exchange & rememberedMask);
    const [mine, others] = isRequest
      ? [this.#askedWhole, this.#answeredWhole]
      : [this.#answeredWhole, this.#askedWhole];
    mine[stream]! |= bit;
    if ((others[stream]! & bit) !== 0) counters.exchangesWhole += 1;
  }

  /** 0 ≤ x < 1 by the exchange and the key, another for each purpose. */
  #draw({ connection, exchange, stream, tsUs }: HttpMessage, purpose: Purpose): number {
    // A response without a request has no number: its time stands for it.
    const number = exchange >= 0 ? exchange : tsUs + stream;
    const words = this.#drawn;
    words[0] = purpose;
    words[1] = connection;
    words[2] = connection / 2 ** 32;
    words[3] = number;
    return (hashWords(this.#key[0], this.#key[1], words, words.length) >>> 0) / 2 ** 32;
  }
}
