/** One direction of a connection as it was sent: put in order, framed, and compared with what was delivered of it. */
import type { DeliveryClock } from './delivery-clock.ts';
import type { HeldBytes } from './held-bytes.ts';
import { IntervalSet } from './interval-set.ts';
import {
  aheadBytesMax,
  behindHoleBytesMax,
  dependentMax,
  latePatienceUs,
  lateSynBytesMax,
  offsetMax,
  pendingMax,
  rangesMax,
} from './limits.ts';
import {
  type EarlyAnswer,
  type FramedMessage,
  type FramerHost,
  MessageFramer,
  type MessageKind,
} from './message-framer.ts';
import { Patience } from './patience.ts';

const never = Number.POSITIVE_INFINITY;

/** What became of a message. */
export type Fate =
  /** Every byte was delivered: an observer must find it. */
  | 'intact'
  /** It may be found, or not: damaged, framed by guesses, or later than an observer waits. */
  | 'possible'
  | 'lost';

export interface HalfHost extends Omit<FramerHost, 'onMessage' | 'onDepends' | 'onTunnel' | 'waitsForRequest'> {
  /** @param half the one that says so */
  onTunnel(half: HalfStream, exchange: number): void;
  onFate(kind: MessageKind, fate: Fate, exchange: number): void;
  /** Whether the other direction of that exchange, and of all before it, was delivered whole. @param half the one that asks */
  isOtherSeen(half: HalfStream, exchange: number): boolean;
  /** An observer frames this direction without what it had to know. */
  onUnseen(): void;
  /** Data of a direction are delivered before its SYN. @returns whether an observer waits for that */
  awaitsStart(): boolean;
  /** Bytes of a message were not delivered. */
  onLost(): void;
  /** An early answer was delivered whole. */
  onEarlyIntact(early: EarlyAnswer, exchange: number): void;
  /** A message was delivered whole, and parts of it too late. @param half the one it is of */
  onLate(half: HalfStream): void;
  /** A message was delivered whole, and a byte of it first with another content. */
  onDoubled(): void;
  /** The connection saw a damaged frame, or is a copy: from there on nothing of it is certain. */
  readonly isUncertain: boolean;
}

/** From `at` on the stream is framed by what the other direction said in `exchange`. */
interface Dependent {
  readonly at: number;
  readonly doubtFrom: number;
  readonly exchange: number;
  /** What was said may come soon afterwards. */
  readonly mayFollow: boolean;
  /** It was delivered before that: how long an observer waits for what was said. */
  dueUs: number;
}

interface Waiting {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export class HalfStream implements FramerHost {
  readonly framer: MessageFramer;
  readonly #host: HalfHost;
  readonly #held: HeldBytes;
  /** False: all that is sent is delivered, and nothing has to be compared. */
  readonly #compares: boolean;
  /** Sequence number of the first payload byte; −1 before it is known. */
  firstSequence = -1;
  hasStart = false;
  /** Where it begins, as the other direction's answer to its SYN says; −1 before that. */
  #announced = -1;
  /** Before its SYN an observer comes in at what it sees first; what comes late before it has no place. −1: nothing was seen. */
  #joinedAt = -1;
  /** What was seen first, while an observer waits for the SYN; −1: it does not. */
  #firstSeen = -1;
  #joinsAnew = false;
  #isSynSeen = false;
  #otherSequence = -1;
  isClosed = false;
  /** Bytes missing in the recording: holes, and what a snap length cut. */
  bytesMissing = 0;
  /** Of the next byte in order. */
  #next = 0;
  #sentEnd = 0;
  #deliveredEnd = 0;
  #finOffset = -1;
  /** Behind a hole, by offset. */
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** In order, behind a response whose request is not known yet; null: a hole. */
  #unasked: { readonly offset: number; readonly bytes: Uint8Array | null; readonly length: number }[] = [];
  #unaskedBytes = 0;
  /** Responses may wait for their requests: no more than there was room for came before one. */
  #isPatient = true;
  readonly #seen = new IntervalSet();
  /** The last byte that was taken in order; −1 before the first. */
  #lastByte = -1;
  /** Bytes of which the recording has two contents: a keep-alive probe brings any octet (RFC 9293, 3.8.4). */
  #probed: IntervalSet | undefined;
  /** Of those, the ones whose probe was delivered before the byte. */
  #doubled: IntervalSet | undefined;
  readonly #patience: Patience;
  readonly #clock: DeliveryClock;
  #pending: FramedMessage[] = [];
  /** Messages that begin before it: what was delivered of them is forgotten. */
  #forgottenEnd = 0;
  /** In order. */
  #dependents: Dependent[] = [];
  /** Nothing that begins there or later is certain. */
  #doubtFrom = never;
  /** Whether that is so is known later of what begins there or later: messages wait for it. */
  #undecidedFrom = never;
  #steps = 0;

  constructor(host: HalfHost, held: HeldBytes, compares: boolean, clock: DeliveryClock) {
    this.#host = host;
    this.#held = held;
    this.#compares = compares;
    this.framer = new MessageFramer(this, held);
    this.#patience = new Patience(this.#seen, clock);
    this.#clock = clock;
  }

  onRequest(method: string): number {
    return this.#host.onRequest(method);
  }

  get answered(): number {
    return this.#host.answered;
  }

  wasContinued(exchange: number): boolean {
    return this.#host.wasContinued(exchange);
  }

  onContinue(): void {
    this.#host.onContinue();
  }

  onHttp2(): void {
    this.#host.onHttp2();
  }

  onCutOff(): void {
    this.#host.onCutOff();
  }

  onDepends(at: number, doubtFrom: number, exchange: number, mayFollow: boolean): void {
    if (!this.#compares || this.#doubtFrom < never) return;
    const dependents = this.#dependents;
    if (dependents.length >= dependentMax) {
      this.#doubtBehind(dependents[0]!.doubtFrom);
      return;
    }
    dependents.push({ at, doubtFrom, exchange, mayFollow, dueUs: never });
    // Some of it was delivered before it was known to depend.
    if (this.#deliveredEnd > at) this.#decide(0, at + 1);
  }

  /** Bytes are delivered that others may depend on: what the other direction said must be there by now, or come soon. */
  #decide(offset: number, end: number): void {
    for (const dependent of [...this.#dependents]) {
      if (dependent.at >= end) return;
      const { at, doubtFrom, exchange, mayFollow } = dependent;
      // Of a body that never came, what follows at once is the only sign.
      const isShown = at === doubtFrom || offset <= at;
      if (isShown && this.#host.isOtherSeen(this, exchange)) this.#settled(dependent);
      else if (!mayFollow) {
        this.#doubtBehind(doubtFrom);
        return;
      } else if (dependent.dueUs === never) {
        dependent.dueUs = this.#clock.nowUs + latePatienceUs;
        this.#steps = this.#clock.steps;
        this.#undecidedFrom = Math.min(this.#undecidedFrom, doubtFrom);
      }
    }
  }

  /** What answers were delivered before is looked for again: the request of an answer to HEAD may come late, as any bytes may. */
  decideLate(): void {
    if (this.#undecidedFrom === never) return;
    const { nowUs, steps } = this.#clock;
    for (const dependent of [...this.#dependents]) {
      if (dependent.dueUs === never) continue;
      if (this.#host.isOtherSeen(this, dependent.exchange)) this.#settled(dependent);
      else if (nowUs > dependent.dueUs || steps !== this.#steps) {
        this.#doubtBehind(dependent.doubtFrom);
        return;
      }
    }
  }

  #settled(dependent: Dependent): void {
    this.#dependents.splice(this.#dependents.indexOf(dependent), 1);
    if (dependent.dueUs === never) return;
    const next = this.#dependents.find(({ dueUs }) => dueUs !== never);
    this.#undecidedFrom = next?.doubtFrom ?? never;
    this.#settle(0, never);
  }

  /** An observer did not have what it frames the direction by from there on. */
  #doubtBehind(position: number): void {
    this.#doubtFrom = position;
    this.#dependents = [];
    this.#undecidedFrom = never;
    this.#host.onUnseen();
    this.#settle(0, never);
  }

  methodFor(): string | EarlyAnswer | undefined {
    return this.#host.methodFor();
  }

  get waitsForRequest(): boolean {
    return this.#isPatient;
  }

  /** Whether what came waits for the request of a response, which is known now. */
  get isDue(): boolean {
    return this.framer.isDue;
  }

  onTunnel(exchange: number): void {
    this.#host.onTunnel(this, exchange);
  }

  onUnframed(heads: number, isRequest: boolean | undefined): void {
    this.#host.onUnframed(heads, isRequest);
  }

  get hasBegun(): boolean {
    return this.firstSequence >= 0;
  }

  /** @param sequence of the first payload byte @param hasStart a SYN said so */
  begin(sequence: number, hasStart: boolean): void {
    this.firstSequence = sequence;
    this.hasStart = hasStart;
  }

  /** A host may answer twice before it says anything: which beginning is right, its first bytes say. */
  reconsider(sequence: number, isSyn: boolean): void {
    if (isSyn) {
      this.#otherSequence = this.firstSequence === sequence ? this.#otherSequence : this.firstSequence;
      this.begin(sequence, true);
    } else if (this.#otherSequence >= 0) {
      const distance = (from: number) => Math.abs((sequence - from) | 0);
      if (distance(this.#otherSequence) < distance(this.firstSequence)) this.firstSequence = this.#otherSequence;
      this.#otherSequence = -1;
    }
  }

  /** Nothing but its beginning is known. */
  get isEmpty(): boolean {
    return this.#sentEnd === 0;
  }

  /** Where a sequence number lies in the stream; negative for what comes before it. */
  offsetOf(sequence: number): number {
    return this.#next + ((sequence - ((this.firstSequence + this.#next) % 0x1_0000_0000)) | 0);
  }

  /** The other direction answered its SYN: its first payload byte has this number. */
  announce(sequence: number): void {
    if (!this.hasBegun) this.#announced = sequence;
  }

  /** Whether it begins with this number: its SYN said so, or the answer to that. */
  isStart(sequence: number): boolean {
    return this.hasBegun ? this.hasStart && this.firstSequence === sequence : this.#announced === sequence;
  }

  /**
   * Whether a number is of this direction: among those that were seen of it, or behind them by up to `aheadBytes`. Where nothing was
   * seen of it nothing contradicts.
   */
  reaches(sequence: number, aheadBytes: number): boolean {
    if (!this.hasBegun) return this.#announced < 0 || ((sequence - this.#announced) | 0) >= 0;
    const offset = this.offsetOf(sequence);
    return offset >= 0 && offset <= this.#sentEnd + aheadBytes;
  }

  /** Whether the other side may acknowledge so far, of what was seen of this one: what comes late to the recording may be ahead. */
  mayBeAcknowledged(sequence: number): boolean {
    const offset = this.offsetOf(sequence);
    return offset >= 0 && offset <= this.#sentEnd + aheadBytesMax;
  }

  /** Whether bytes at `offset` have been sent. */
  holds(offset: number, length: number): boolean {
    return offset >= 0 && offset + length <= this.#sentEnd;
  }

  /** A segment as it was recorded: `wireBytes` of payload, of which `bytes[start, end)` were captured. */
  sent(offset: number, bytes: Uint8Array, start: number, end: number, wireBytes: number, isFin: boolean): void {
    const isFar = Math.abs(offset - this.#next) > offsetMax;
    if (isFar || offset < 0) {
      // Of no place in the stream: before its beginning, or of another one.
      this.framer.unframed(bytes, start, isFar ? end : Math.min(end, start - offset));
      if (isFar || offset + wireBytes <= 0) return;
    }
    if (isFin && this.#finOffset < 0) this.#finOffset = offset + wireBytes;
    this.#sentEnd = Math.max(this.#sentEnd, offset + wireBytes + (isFin ? 1 : 0));
    this.#compareProbe(offset, bytes, start, end, wireBytes);
    if (offset > this.#next) this.#wait(offset, bytes, start, end);
    else if (offset + wireBytes > this.#next) {
      const from = start + this.#next - offset;
      if (from < end) this.#take(bytes, from, end);
      // A snap length cut the rest: its length is known.
      const missing = offset + wireBytes - this.#next;
      if (missing > 0 && end - start < wireBytes) this.#gap(missing);
      this.#takeWaiting();
    }
    this.#closeInOrder();
  }

  /** A probe with another octet than the byte that it stands for, whichever of them was recorded first. */
  #compareProbe(offset: number, bytes: Uint8Array, start: number, end: number, wireBytes: number): void {
    if (wireBytes === 1) {
      if (end > start && offset === this.#next - 1 && bytes[start] !== this.#lastByte) this.#addProbed(offset);
      return;
    }
    for (const waits of this.#waiting) {
      const at = start + waits.offset - offset;
      if (waits.bytes.length !== 1 || at < start || at >= end || waits.bytes[0] === bytes[at]) continue;
      this.#addProbed(waits.offset);
      // Where all is delivered, it is so in this order.
      if (!this.#compares) (this.#doubled ??= new IntervalSet()).add(waits.offset, waits.offset + 1);
    }
  }

  #addProbed(offset: number): void {
    if (this.#compares) (this.#probed ??= new IntervalSet()).add(offset, offset + 1);
  }

  /** Whether a segment without payload at `offset` may be of it. */
  spans(offset: number): boolean {
    return offset >= -1 && offset <= this.#sentEnd + 1;
  }

  /** Whether an observer waits for its SYN, and takes nothing of it until then. */
  get isStartAwaited(): boolean {
    return this.#firstSeen >= 0;
  }

  /** An observer waits for its SYN no longer: it comes in at what it saw first. */
  startUnseen(): void {
    if (this.#firstSeen < 0) return;
    this.#joinedAt = this.#firstSeen;
    this.#firstSeen = -1;
    this.#patience.forgetBelow(this.#joinedAt);
    this.#settle(0, never);
  }

  /** Its SYN was delivered. @returns whether it was so late that an observer may take it for another's */
  synDelivered(): boolean {
    if (this.#isSynSeen) return false;
    this.#isSynSeen = true;
    if (this.#firstSeen >= 0) {
      this.#firstSeen = -1;
      this.#settle(0, never);
      return false;
    }
    return this.#joinedAt >= 0 && this.#patience.base > lateSynBytesMax;
  }

  /** An observer that sees data of it now knows where it begins. */
  get isStartKnown(): boolean {
    return this.#isSynSeen || !this.hasStart;
  }

  /** A frame of the connection is delivered: holes grow older. */
  expire(): void {
    this.#patience.expire();
  }

  /** The other side acknowledged what comes before `sequence`. */
  acknowledged(sequence: number): void {
    if (this.mayBeAcknowledged(sequence)) this.#patience.acknowledged(this.offsetOf(sequence));
  }

  /** Whether more than that was acknowledged before. */
  isAcknowledgedBeyond(sequence: number): boolean {
    return this.hasBegun && this.offsetOf(sequence) < this.#patience.acknowledgedEnd;
  }

  /** Everything that the frame says was taken. */
  passed(): void {
    this.#patience.passed();
  }

  /** An observer may take it for over, and for new with what comes next. @returns whether a message was under way: what follows it is found by a search */
  startAnew(): boolean {
    const isUnderWay = this.#pending.length > 0 || this.framer.messageStart < this.#patience.base;
    this.#patience.giveUp();
    this.#joinedAt = Math.max(this.#joinedAt, this.#patience.base);
    this.#joinsAnew = true;
    return isUnderWay;
  }

  /** Whether all of it was delivered, or is waited for no longer. */
  get isOver(): boolean {
    return this.#finOffset >= 0 && this.#patience.base > this.#finOffset;
  }

  /** Whether all of these bytes were delivered before. */
  hasSeen(offset: number, length: number): boolean {
    return offset + length <= this.#patience.base || this.#seen.covers(offset, offset + length);
  }

  /** What was delivered, damaged or not; a FIN is one more byte. @param isTooLate no observer waits for it */
  delivered(offset: number, length: number, isTooLate: boolean): void {
    if (this.#joinedAt < 0 && this.hasStart && !this.#isSynSeen && this.#host.awaitsStart()) {
      this.#firstSeen = Math.max(offset, 0);
      this.#joinedAt = 0;
    }
    if (this.#joinedAt < 0 || this.#joinsAnew) {
      const isBegun = this.#joinedAt < 0 && this.hasStart && this.#isSynSeen;
      this.#joinedAt = Math.max(this.#joinedAt, isBegun ? 0 : offset, 0);
      this.#joinsAnew = false;
      this.#patience.forgetBelow(this.#joinedAt);
    }
    const seen = this.#seen;
    if (length === 1 && this.#probed?.covers(offset, offset + 1) && !seen.covers(offset, offset + 1)) {
      (this.#doubled ??= new IntervalSet()).add(offset, offset + 1);
    }
    this.#patience.delivered(Math.max(0, offset), offset + length, isTooLate);
    seen.add(Math.max(0, offset), offset + length);
    if (seen.size > rangesMax) {
      seen.clear();
      this.#forgottenEnd = this.#sentEnd;
      this.#patience.forgetBelow(this.#sentEnd);
    }
    this.#deliveredEnd = Math.max(this.#deliveredEnd, offset + length);
    if (this.#dependents.length > 0) this.#decide(offset, offset + length);
    if (this.#pending.length > 0) this.#settle(offset, offset + length);
  }

  /** These bytes were cut off what is delivered (`Patience.cut`). */
  cut(offset: number, length: number): void {
    this.#patience.cut(Math.max(0, offset), offset + length);
  }

  /** The request of a response that waits is known, or no longer waited for: what came behind that is framed. */
  goOn(): void {
    const { framer } = this;
    framer.resume();
    const pieces = this.#unasked;
    let count = 0;
    while (count < pieces.length && !framer.isWaiting) {
      const piece = pieces[count]!;
      const { offset, bytes } = piece;
      if (bytes === null) framer.gap(piece.length, offset);
      else {
        const at = framer.push(bytes, 0, bytes.length, offset);
        this.#held.give(at);
        this.#unaskedBytes -= at;
        if (at < bytes.length) {
          pieces[count] = { offset: offset + at, bytes: bytes.subarray(at), length: bytes.length - at };
          break;
        }
      }
      count += 1;
    }
    pieces.splice(0, count);
    if (!framer.isWaiting && this.isClosed) framer.close(this.#finOffset, true);
  }

  /** A request never came, or too much came before it. */
  #waitNoMore(): void {
    this.#isPatient = false;
    if (this.framer.isWaiting) this.goOn();
  }

  /** Nothing more comes of it: what waits is taken with its holes, what is not whole is lost. */
  end(isOrderly: boolean): void {
    this.#waitNoMore();
    while (this.#waiting.length > 0) {
      this.#gap(this.#waiting[0]!.offset - this.#next);
      this.#takeWaiting();
    }
    this.#closeInOrder();
    if (!this.isClosed) this.framer.close(this.#next, isOrderly);
    this.isClosed = true;
  }

  /** What is not delivered by now never is. */
  settleAll(): void {
    this.startUnseen();
    this.decideLate();
    if (this.#undecidedFrom < never) this.#doubtBehind(this.#undecidedFrom);
    for (const message of this.#pending) this.#fate(message, this.#isForgotten(message) ? 'possible' : 'lost');
    this.#pending = [];
  }

  #closeInOrder(): void {
    if (this.isClosed || this.#finOffset < 0 || this.#next < this.#finOffset) return;
    this.isClosed = true;
    if (!this.framer.isWaiting) this.framer.close(this.#finOffset, true);
  }

  #take(bytes: Uint8Array, start: number, end: number): void {
    const offset = this.#next;
    this.#next += end - start;
    this.#lastByte = bytes[end - 1]!;
    // Behind the end the framer only counts what may be heads.
    const at = this.framer.isWaiting ? start : this.framer.push(bytes, start, end, offset);
    if (at < end) this.#holdUnasked(bytes, at, end, offset + at - start);
  }

  #gap(length: number): void {
    const offset = this.#next;
    this.bytesMissing += length;
    this.#next += length;
    if (this.framer.isWaiting) this.#unasked.push({ offset, bytes: null, length });
    else this.framer.gap(length, offset);
  }

  /** Bytes behind a response that waits for its request. */
  #holdUnasked(bytes: Uint8Array, start: number, end: number, offset: number): void {
    const length = end - start;
    if (this.#unaskedBytes + length <= behindHoleBytesMax && this.#held.take(length)) {
      this.#unaskedBytes += length;
      this.#unasked.push({ offset, bytes: bytes.slice(start, end), length });
      return;
    }
    this.#waitNoMore();
    this.framer.push(bytes, start, end, offset);
  }

  #wait(offset: number, bytes: Uint8Array, start: number, end: number): void {
    if (end > start && this.#held.take(end - start)) {
      const waiting = this.#waiting;
      let at = waiting.length;
      while (at > 0 && waiting[at - 1]!.offset > offset) at -= 1;
      waiting.splice(at, 0, { offset, bytes: bytes.slice(start, end) });
      this.#waitingBytes += end - start;
      if (this.#waitingBytes <= behindHoleBytesMax) return;
    } else if (this.#waiting.length === 0) return;
    // Too much waits: the hole is one of the recording.
    this.#gap(this.#waiting[0]!.offset - this.#next);
    this.#takeWaiting();
  }

  #takeWaiting(): void {
    const waiting = this.#waiting;
    let count = 0;
    for (; count < waiting.length && waiting[count]!.offset <= this.#next; count += 1) {
      const { offset, bytes } = waiting[count]!;
      this.#held.give(bytes.length);
      this.#waitingBytes -= bytes.length;
      if (offset + bytes.length > this.#next) this.#take(bytes, this.#next - offset, bytes.length);
    }
    if (count > 0) waiting.splice(0, count);
  }

  onMessage(message: FramedMessage): void {
    if (!this.#compares) this.#fate(message, message.isBroken ? 'lost' : 'intact');
    else if (message.isBroken) this.#fate(message, 'lost');
    else if (this.#isWhole(message)) this.#fate(message, 'intact');
    else {
      this.#pending.push(message);
      if (this.#pending.length > pendingMax) this.#fate(this.#pending.shift()!, 'possible');
    }
    if (this.#compares) this.#forget();
  }

  /** Messages that what came at `[start, end)` may have completed. */
  #settle(start: number, end: number): void {
    const kept = this.#pending.filter((message) => {
      if (message.end <= start || message.start >= end || !this.#isWhole(message)) return true;
      this.#fate(message, 'intact');
      return false;
    });
    if (kept.length === this.#pending.length) return;
    this.#pending = kept;
    this.#forget();
  }

  /** Whether all of a message was delivered, and it is known how an observer frames it. */
  #isWhole({ start, end }: FramedMessage): boolean {
    return start < this.#undecidedFrom && this.#firstSeen < 0 && this.#seen.covers(start, end);
  }

  #forget(): void {
    const start = this.#pending[0]?.start ?? this.framer.messageStart;
    this.#seen.forgetBelow(start);
    this.#probed?.forgetBelow(start);
    this.#doubled?.forgetBelow(start);
    this.#patience.forgetBelow(start);
  }

  #isForgotten({ start }: FramedMessage): boolean {
    return start < this.#forgottenEnd;
  }

  #fate(message: FramedMessage, fate: Fate): void {
    const isLate = fate === 'intact' && this.#compares && this.#patience.hasLate(message.start, message.end);
    if (isLate) this.#host.onLate(this);
    const isDoubled = fate === 'intact' && (this.#doubled?.overlaps(message.start, message.end) ?? false);
    if (isDoubled) this.#host.onDoubled();
    const { kind, exchange, start, early, refused } = message;
    const isKnown = start >= this.#joinedAt && start < this.#doubtFrom && !(this.#compares && refused === 'open');
    const isSure = message.isCertain && !isLate && !isDoubled && !this.#host.isUncertain && isKnown;
    if (fate === 'intact' && isSure && early) this.#host.onEarlyIntact(early, exchange);
    else if (fate === 'intact') this.#host.onFate(kind, isSure ? 'intact' : 'possible', exchange);
    else {
      // A refused request may be found by what is delivered of its head, which is none without its start.
      if (fate === 'lost' && this.#compares && !message.isBroken) this.#host.onLost();
      const mayBeFound = refused && !(this.#compares && fate === 'lost' && !this.#seen.overlaps(start, start + 1));
      this.#host.onFate(kind, mayBeFound ? 'possible' : fate, exchange);
    }
  }
}
