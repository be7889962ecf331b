/** A connection as the truth follows it: both directions, and what one must know of the other. */
import type { Segment } from '../segment.ts';
import type { DeliveryClock } from './delivery-clock.ts';
import { type Fate, type HalfHost, HalfStream } from './half-stream.ts';
import type { HeldBytes } from './held-bytes.ts';
import { takesBody } from './http-head.ts';
import type { LateStart, LateStarts } from './late-starts.ts';
import {
  copiedPatienceUs,
  endedPatienceUs,
  followerPagesPatient,
  latePatienceUs,
  methodsMax,
  quietUs,
  silencePatienceUs,
  startPageBytes,
} from './limits.ts';
import type { EarlyAnswer, MessageKind } from './message-framer.ts';
import type { TruthCounts } from './truth-counts.ts';
import { WholeExchanges } from './whole-exchanges.ts';
import { WholePrefix } from './whole-prefix.ts';

export class Connection implements HalfHost {
  readonly forward: HalfStream;
  readonly backward: HalfStream;
  /** The one before it with the same addresses and ports: frames of it may come late. */
  previous: Connection | undefined;
  isUncertain = false;
  wasReset = false;
  readonly #counts: TruthCounts;
  readonly #methods: string[] = [];
  /** Responses recorded before their requests, in order. */
  readonly #early: EarlyAnswer[] = [];
  readonly #compares: boolean;
  readonly #clock: DeliveryClock;
  readonly #starts: LateStarts;
  /** While an observer waits for its SYNs. */
  #lateStart: LateStart | undefined;
  #hasWaited = false;
  /** An observer waits for them no longer, and they may come yet. */
  #isStartUnseen = false;
  /** Another one with its addresses came before it. */
  readonly #isSuccessor: boolean;
  /** Of what was delivered of it: the last frame, and its end. −1: not yet. */
  #lastUs = -1;
  #overUs = -1;
  /** When the first frame of it was delivered, and whether frames of both directions were. */
  #heardUs = -1;
  #isForwardHeard = false;
  #isBackwardHeard = false;
  #overSteps = 0;
  #isReset = false;
  /** How often an observer may have taken copies of it for a connection of its own, and segments that were copies since. */
  #repetitions = 0;
  #copies = 0;
  /** Since when copies come that an observer may take for one of its own, if they go on for long; −1: they do not. */
  #anewUs = -1;
  /** Its payload so far, in pages of an observer. */
  #pages = 0;
  #requestsFramed = 0;
  /** Final responses whose heads were read. */
  answered = 0;
  #continued = 0;
  readonly #requestsSeen = new WholePrefix();
  readonly #responsesSeen = new WholePrefix();
  readonly #exchanges = new WholeExchanges();
  /** Bytes of it were not delivered, or later than an observer waits. */
  #isTouched = false;
  #isTunnel = false;
  #isHttp2 = false;
  /** An observer knows that it is HTTP/2; if not, what looks like heads in it may be taken for some. */
  #isHttp2Seen = false;
  #headsInHttp2 = 0;

  constructor(
    counts: TruthCounts,
    held: HeldBytes,
    compares: boolean,
    clock: DeliveryClock,
    starts: LateStarts,
    isSuccessor: boolean,
  ) {
    this.#counts = counts;
    this.#starts = starts;
    this.#compares = compares;
    this.#clock = clock;
    this.#isSuccessor = isSuccessor;
    this.forward = new HalfStream(this, held, compares, clock);
    this.backward = new HalfStream(this, held, compares, clock);
  }

  get isClosed(): boolean {
    return this.wasReset || (this.forward.isClosed && this.backward.isClosed);
  }

  /** Whether a segment is of it, and not of one before it with the same addresses. @param length of payload and FIN */
  holds(segment: Segment, first: number, length: number): boolean {
    const own = segment.isForward ? this.forward : this.backward;
    if (!own.hasBegun) return false;
    const offset = own.offsetOf(first);
    return length === 0 ? own.spans(offset) : own.holds(offset, length);
  }

  /** Whether a SYN is of it: the same once more, the answer to that of its other direction, or what was answered before it came. */
  begins(segment: Segment, first: number): boolean {
    const [own, peer] = this.#sidesOf(segment);
    if (own.hasBegun || !segment.isAck) return own.isStart(first);
    return peer.isStart(segment.acknowledgement);
  }

  /** How many connections before it are kept. */
  get followed(): number {
    let count = 0;
    for (let at = this.previous; at; at = at.previous) count += 1;
    return count;
  }

  /** Whether a segment may be the first of its other direction, of which nothing was seen. */
  mayHaveOther(segment: Segment): boolean {
    const [own, peer] = this.#sidesOf(segment);
    if (own.hasBegun || !peer.hasBegun) return false;
    if (segment.isSyn && (peer.hasStart || !segment.isAck)) return this.begins(segment, (segment.sequence + 1) >>> 0);
    return segment.isAck && peer.mayBeAcknowledged(segment.acknowledgement);
  }

  /** Whether a SYN that is of it by its number may be: it is not over, or the SYN answers its own. The same number may be drawn again. */
  mayBegin(segment: Segment): boolean {
    const [own, peer] = this.#sidesOf(segment);
    return own.isEmpty || !this.isClosed || (segment.isAck && peer.isStart(segment.acknowledgement));
  }

  /** Whether both numbers of a segment are of it. @param aheadBytes so many may be missing before it */
  concerns(segment: Segment, first: number, aheadBytes: number): boolean {
    const [own, peer] = this.#sidesOf(segment);
    if (!own.hasBegun && !segment.isAck) return false;
    return own.reaches(first, aheadBytes) && (!segment.isAck || peer.reaches(segment.acknowledgement, aheadBytes));
  }

  #sidesOf(segment: Segment): [own: HalfStream, peer: HalfStream] {
    return segment.isForward ? [this.forward, this.backward] : [this.backward, this.forward];
  }

  /**
   * Whether an observer waits no longer for what comes of an earlier connection with its addresses: both its directions were delivered,
   * the first of them so long ago, or more than is held until then.
   */
  get hasSucceeded(): boolean {
    if ((this.#isForwardHeard && this.#isBackwardHeard) || this.#pages > followerPagesPatient) return true;
    return this.#heardUs >= 0 && this.#clock.nowUs - this.#heardUs > latePatienceUs;
  }

  /** A segment of it is delivered. @param length of payload and FIN @param isOld no observer waits for it any more */
  delivered(segment: Segment, first: number, length: number, isOld: boolean): void {
    const [own, peer] = this.#sidesOf(segment);
    const { nowUs } = this.#clock;
    const quiet = this.#lastUs < 0 ? 0 : nowUs - this.#lastUs;
    this.#lastUs = nowUs;
    if (this.#heardUs < 0) this.#heardUs = nowUs;
    if (segment.isForward) this.#isForwardHeard = true;
    else this.#isBackwardHeard = true;
    if (quiet > silencePatienceUs) for (const half of [own, peer]) if (half.startAnew()) this.isUncertain = true;
    if (this.#lateStart?.isOverdue) this.#endWaiting(false);
    own.expire();
    peer.expire();
    if (segment.isSyn) this.#takeSyn(own, segment.isAck);
    if (segment.isAck && !segment.isReset && peer.hasBegun) peer.acknowledged(segment.acknowledgement);
    const isTooLate = isOld || (this.#isSuccessor && !own.isStartKnown) || (this.#isReset && this.#isLongOver);
    if (length > 0) {
      const offset = own.offsetOf(first);
      this.#pages += 1 + Math.floor(segment.payloadBytes / startPageBytes);
      if (own.hasSeen(offset, length))
        this.#takeCopy(quiet > quietUs && peer.isAcknowledgedBeyond(segment.acknowledgement));
      else if (segment.payloadBytes > 0) this.#anewUs = -1;
      own.delivered(offset, length, isTooLate);
    }
    const captured = segment.payloadEnd - segment.payloadStart;
    if (captured < segment.payloadBytes) own.cut(own.offsetOf(first) + captured, segment.payloadBytes - captured);
    own.passed();
    peer.passed();
    this.#waitForStart(segment);
    peer.decideLate();
    own.decideLate();
    this.#isReset ||= segment.isReset;
    if (this.#overUs < 0 && (this.#isReset || (own.isOver && peer.isOver))) {
      this.#overUs = nowUs;
      this.#overSteps = this.#clock.steps;
    }
  }

  #takeSyn(half: HalfStream, isAnswer: boolean): void {
    if (half.synDelivered() || this.#isStartUnseen) this.isUncertain = true;
    if (isAnswer || !this.#isLongOver) return;
    this.#repetitions += 1;
    this.#overUs = this.#clock.nowUs;
  }

  awaitsStart(): boolean {
    if (this.#isSuccessor || this.#hasWaited) return false;
    this.#lateStart ??= this.#starts.begin();
    this.#isStartUnseen = this.#hasWaited = this.#lateStart === undefined;
    return !this.#hasWaited;
  }

  #waitForStart({ payloadBytes, isReset }: Segment): void {
    const late = this.#lateStart;
    if (!late) return;
    const isShown = this.forward.isStartKnown && this.backward.isStartKnown;
    if (!isShown && !isReset && late.holds(payloadBytes)) return;
    this.#isStartUnseen = !isShown;
    this.#endWaiting(isShown);
  }

  #endWaiting(isShown: boolean): void {
    this.#lateStart?.end(isShown);
    this.#lateStart = undefined;
    this.#hasWaited = true;
    for (const half of [this.forward, this.backward]) half.startUnseen();
  }

  /** What was seen before comes once more. @param isAnew after a pause, from where its sender had been before */
  #takeCopy(isAnew: boolean): void {
    const { nowUs } = this.#clock;
    if (isAnew && this.#anewUs < 0) this.#anewUs = nowUs;
    if (this.#anewUs >= 0 && Math.abs(nowUs - this.#anewUs) > copiedPatienceUs) {
      this.#repetitions += 1;
      this.#anewUs = nowUs;
    }
    if (this.#repetitions > 0) this.#copies += 1;
  }

  #countRepetitions(): void {
    if (this.#repetitions === 0) return;
    const [forward, backward] = [this.forward.framer, this.backward.framer];
    const messages = Math.max(forward.messages + forward.interims, backward.messages + backward.interims);
    const heads = Math.min(messages * this.#repetitions, this.#copies);
    if (heads === 0) return;
    this.#counts.unframed(heads, undefined);
    this.#counts.doubt('repeated');
  }

  /** Its end was delivered so long ago that its addresses may be another's. */
  get #isLongOver(): boolean {
    if (this.#overUs < 0) return false;
    return this.#clock.nowUs - this.#overUs > endedPatienceUs || this.#clock.steps !== this.#overSteps;
  }

  onLost(): void {
    this.#isTouched = true;
  }

  onLate(half: HalfStream): void {
    this.#isTouched = true;
    this.#counts.doubt(this.#isSuccessor && !half.isStartKnown ? 'unstarted' : 'late');
  }

  onDoubled(): void {
    this.#counts.doubt('doubled');
  }

  onRequest(method: string): number {
    this.#requestsFramed += 1;
    this.#asked(method);
    return this.#requestsFramed;
  }

  #asked(method: string): void {
    const early = this.#early.shift();
    if (early) {
      early.method = method;
      if (!takesBody(method)) this.#counts.unframed(early.heads, false);
      for (const half of [this.forward, this.backward]) if (half.isDue) half.goOn();
      if (early.isIntact) this.onEarlyIntact(early, early.exchange);
      return;
    }
    if (this.#methods.length < methodsMax) this.#methods.push(method);
    else {
      this.forward.framer.doubt();
      this.backward.framer.doubt();
    }
  }

  methodFor(): string | EarlyAnswer | undefined {
    this.answered += 1;
    if (this.#methods.length > 0) return this.#methods.shift();
    if (this.#early.length >= methodsMax) return undefined;
    const early: EarlyAnswer = { method: undefined, isIntact: false, exchange: 0, heads: 0 };
    this.#early.push(early);
    return early;
  }

  onEarlyIntact(early: EarlyAnswer, exchange: number): void {
    early.isIntact = true;
    early.exchange = exchange;
    if (early.method !== undefined) this.onFate('response', takesBody(early.method) ? 'intact' : 'possible', exchange);
  }

  wasContinued(exchange: number): boolean {
    return this.#continued === exchange;
  }

  onContinue(): void {
    this.#continued = this.answered + 1;
  }

  isOtherSeen(half: HalfStream, exchange: number): boolean {
    return (half.framer.sendsRequests ? this.#responsesSeen : this.#requestsSeen).reaches(exchange);
  }

  onTunnel(half: HalfStream, exchange: number): void {
    this.#isTunnel = true;
    half.framer.tunnel(half.framer.messageStart);
    (half === this.forward ? this.backward : this.forward).framer.tunnelBehind(exchange);
  }

  onHttp2(): void {
    this.#isHttp2 = true;
    this.#isTunnel = true;
    for (const { framer } of [this.forward, this.backward]) framer.tunnel(framer.messageStart);
  }

  onCutOff(): void {
    this.#counts.doubt('cutOff');
  }

  onUnseen(): void {
    this.#counts.doubt('unseen');
  }

  onFate(kind: MessageKind, fate: Fate, exchange: number): void {
    if (kind === 'preface') {
      if (fate === 'intact') this.#isHttp2Seen = true;
      return;
    }
    // Nobody asks where all is delivered.
    if (this.#compares && fate === 'intact' && kind !== 'interim') {
      (kind === 'request' ? this.#requestsSeen : this.#responsesSeen).add(exchange);
    }
    this.#counts.message(kind, fate);
    if (kind === 'interim') return;
    if (fate === 'intact') this.#exchanges.add(kind, exchange);
    else this.#exchanges.miss(exchange);
  }

  onUnframed(heads: number, isRequest: boolean | undefined): void {
    if (this.#isHttp2) this.#headsInHttp2 += heads;
    else if (heads > 0) this.#counts.unframed(heads, isRequest);
  }

  /** Settles all that is open, and counts what was not known of it. */
  settle(isOrderly: boolean): void {
    this.previous?.settle(isOrderly);
    this.previous = undefined;
    this.#countRepetitions();
    if (this.#lateStart) this.#endWaiting(false);
    for (const half of [this.forward, this.backward]) {
      if (!half.hasBegun) continue;
      half.end(isOrderly);
    }
    // Requests first: answers may be framed by them.
    const [asking, answering] = this.backward.framer.sendsRequests
      ? [this.backward, this.forward]
      : [this.forward, this.backward];
    for (const half of [asking, answering]) {
      if (!half.hasBegun) continue;
      half.settleAll();
      const { framer } = half;
      if (!half.hasStart) this.#counts.doubt('midStream');
      if (half.bytesMissing > 0) this.#counts.doubt('holes');
      if (!framer.hasLostSync || this.#isTunnel) continue;
      this.#counts.doubt(framer.messages === 0 ? 'notHttp' : 'lostSync');
    }
    for (const { isIntact, exchange, heads } of this.#early.splice(0)) {
      if (isIntact) this.onFate('response', 'possible', exchange);
      this.onUnframed(heads, false);
    }
    const lacksStart = this.#compares && !(this.forward.isStartKnown && this.backward.isStartKnown);
    this.#counts.exchanges(this.#exchanges, this.#isTouched || lacksStart);
    if (!this.#isHttp2) return;
    this.#counts.doubt('http2');
    if (this.#headsInHttp2 > 0 && !this.#isHttp2Seen) this.#counts.unframed(this.#headsInHttp2, undefined);
  }
}
