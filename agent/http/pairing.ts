/**
 * Which request a response answers, and how sure that is (RFC 9112, 9.3.2: responses come in the order of their requests).
 *
 * - While nothing is missing, order decides, and every pair is certain. A response that acknowledges more than was seen of
 *   the client was captured before its request: it waits for it, and so may any number of others, within the limits.
 * - Once something is missing and the client was never seen to pipeline, sequence numbers and acknowledgements decide
 *   (`turn-taking.ts`), each pair by itself. Only what they prove is a pair. Where the proof rests on a client that is not
 *   known well enough to take turns, the pair is probable.
 * - A client that pipelines and of which a head is missing: how many are missing is unknowable. Its exchanges stay unpaired
 *   until the stream was quiet for `quietMs` and both sides had acknowledged all; pairs are probable from then on, since the
 *   answer to a lost request may still be outstanding.
 */
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import type { PairingVerdict } from './message-handler.ts';
import {
  EntryFlag,
  entryShift,
  Mode,
  millisecondsOf,
  Of,
  PairingEntries,
  PairingStreams,
  Part,
  Queue,
  StreamFlag,
  streamWords,
} from './pairing-tables.ts';
import { Known, type Pairable, type Place } from './place.ts';
import { PlainPairing } from './plain-pairing.ts';
import { NONE, PERHAPS_PIPELINES, PIPELINES, TurnPairing } from './turn-pairing.ts';
import { distance, REQUEST_BYTES_MIN, TURNS_PROVEN } from './turn-taking.ts';

/** Longer than any client waits between pipelined requests, shorter than a keep-alive timeout (nginx 75 s, Apache 5 s). */
const quietMs = 1000;
/**
 * A response waits for its request for so long: as long as a hole before the request is waited for (`gapTimeoutUs`), which
 * is longer than two directions are apart.
 */
const earlyUsMax = 10_000_000;
/**
 * So long writers keep a response for its request: on the clock of all streams, holes before a request are waited for one after
 * the other. Their own tables bound how many they keep.
 */
export const earlyKeptUsMax = 6 * earlyUsMax;

export class Pairing {
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #streams: PairingStreams;
  readonly #entries: PairingEntries;
  readonly #turns: TurnPairing;
  readonly #plain: PlainPairing;
  readonly #words: Int32Array;
  readonly #parts: Int32Array;

  constructor(limits: HttpLimits, counters: HttpCounters) {
    this.#limits = limits;
    this.#counters = counters;
    this.#streams = new PairingStreams(limits.streamsMax);
    this.#entries = new PairingEntries(limits.waitingRequestsMax, this.#streams);
    this.#words = this.#streams.words;
    this.#parts = this.#entries.words;
    this.#turns = new TurnPairing(this.#streams, this.#entries);
    this.#plain = new PlainPairing(this.#streams, this.#entries, limits, counters);
  }

  /** Requests that wait for their response and responses that wait for their request, in all streams. */
  get waiting(): number {
    return this.#entries.inUse;
  }

  /** A stream begins. */
  open(stream: number): void {
    this.#streams.reset(stream);
  }

  /** A request began: sets its `exchange` and `pairing`. `headBytes` is how long its head is. */
  request(stream: number, message: Pairable, place: Place, headBytes: number): void {
    if (this.#plain.request(stream, message, place, headBytes)) return;
    place.lookAcross();
    const words = this.#words;
    const at = stream * streamWords;
    const ms = millisecondsOf(message.tsUs);
    if (words[at + Of.mode]! === Mode.lost) this.#resume(stream, ms, place);
    words[at + Of.lastMs] = ms;
    const hasEarly = this.#rest(stream, ms);
    const flags = this.#turns.takeTurn(stream, place, headBytes, ms);
    if ((flags & EntryFlag.pipelined) !== 0) this.#foundPipelining(stream);
    message.pairing = 'absent';
    const early = hasEarly ? this.#findEarly(stream, place, flags) : NONE;
    if (early >= 0) {
      const exchange = this.#parts[(early << entryShift) + Part.exchange]!;
      message.pairing = this.#verdictOf(stream, place, flags, early);
      message.exchange = message.pairing === 'absent' ? words[at + Of.next]!++ : exchange;
    } else message.exchange = words[at + Of.next]!++;
    words[at + Of.exchange] = message.exchange;
    if (words[at + Of.mode]! === Mode.lost) this.#counters.requestsUnanswered++;
    else if (early >= 0) {
      this.#counters.responsesEarly++;
      this.#pair(stream, message, this.#parts[(early << entryShift) + Part.sequence]!);
      const isBodiless = (this.#parts[(early << entryShift) + Part.flags]! & EntryFlag.bodiless) !== 0;
      this.#entries.shift(stream, Queue.responses);
      // It had a body, in which the responses behind it were found.
      if (isBodiless && message.method !== 'HEAD') this.#breakOrder(stream);
    } else this.#wait(stream, message, place, flags);
  }

  /** The first byte that a side ever sent has this sequence number. */
  starts(stream: number, sends: 'request' | 'response', sequence: number): void {
    if (sends === 'response') this.responseEnded(stream, sequence);
    else {
      this.#words[stream * streamWords + Of.end] = sequence;
      this.#streams.set(stream, StreamFlag.ends);
    }
  }

  /** The last request of a stream ends before `end`, which may make its pair certain. */
  requestEnded(stream: number, message: Pairable, end: number): void {
    const words = this.#words;
    const at = stream * streamWords;
    const streams = this.#streams;
    if (streams.has(stream, StreamFlag.pending) && distance(end, words[at + Of.answerAck]!) < REQUEST_BYTES_MIN) {
      message.pairing = 'certain';
      this.#counters.pairsProbable--;
    }
    streams.unset(stream, StreamFlag.pending);
    words[at + Of.end] = end;
    streams.set(stream, StreamFlag.ends);
    const entries = this.#entries;
    if (entries.length(stream, Queue.requests) === 0) return;
    const last = entries.last(stream, Queue.requests);
    if (this.#parts[(last << entryShift) + Part.exchange]! !== words[at + Of.exchange]!) return;
    this.#parts[(last << entryShift) + Part.end] = end;
    this.#parts[(last << entryShift) + Part.flags]! |= EntryFlag.ends;
  }

  /** The last request of a stream ends at `end` or behind: bytes are missing there, of its body or of the next requests. */
  requestEndsBehind(stream: number, message: Pairable, end: number): void {
    // A response that acknowledges no more is its own, wherever it ends.
    this.requestEnded(stream, message, end);
    // How much lies between it and the next request is unknown.
    this.#streams.unset(stream, StreamFlag.ends);
    this.lost(stream, 'request', true);
  }

  /**
   * A response began: sets its `exchange` and `pairing`, and its `method` and `uri` to its request's. A 1xx leaves the
   * request waiting.
   */
  response(stream: number, interim: boolean, message: Pairable, place: Place): void {
    if (!interim && this.#plain.response(stream, message, place)) return;
    place.lookAcross();
    const words = this.#words;
    const at = stream * streamWords;
    const ms = millisecondsOf(message.tsUs);
    words[at + Of.lastMs] = ms;
    this.#rest(stream, ms);
    message.exchange = -1;
    message.method = '';
    message.uri = '';
    message.pairing = 'absent';
    const flags = this.#turns.describe(stream, message.status, place);
    const mode = words[at + Of.mode]!;
    if (mode === Mode.turns) this.#answerByTurns(stream, interim, message, place, flags);
    else if (mode !== Mode.lost) this.#answerInOrder(stream, interim, message, place, flags);
    if (interim) return;
    const flag = words[at + Of.flags]! & ~(StreamFlag.responsesMissing | StreamFlag.clear);
    words[at + Of.flags] = flag | StreamFlag.answered;
    words[at + Of.previous] = message.exchange;
    words[at + Of.previousAck] = place.ack;
    words[at + Of.previousSequence] = place.sequence;
    if (message.exchange < 0) this.#counters.responsesUnasked++;
  }

  /** The last final response of a stream ends before `end`. */
  responseEnded(stream: number, end: number): void {
    this.#words[stream * streamWords + Of.clear] = end;
    this.#streams.set(stream, StreamFlag.clear);
  }

  /** An interim response ends before `end`: a client that has received no more has no answer. */
  interimEnded(stream: number, end: number): void {
    this.#words[stream * streamWords + Of.interimEnd] = end;
    this.#streams.set(stream, StreamFlag.interims);
  }

  /** The last response, which came before its request, was taken to answer HEAD: what follows may be its body. */
  takenAsBodiless(stream: number, exchange: number): void {
    this.#streams.set(stream, StreamFlag.responsesGuessed);
    const entries = this.#entries;
    if (entries.length(stream, Queue.responses) === 0) return;
    const last = entries.last(stream, Queue.responses) << entryShift;
    if (this.#parts[last + Part.exchange] === exchange) this.#parts[last + Part.flags]! |= EntryFlag.bodiless;
  }

  /**
   * What came instead of an announced body was taken for the next requests: it may be the body.
   * @param isLong whether as many bytes came as were announced
   */
  takenAsUnsent(stream: number, isLong: boolean): void {
    const streams = this.#streams;
    if (streams.has(stream, StreamFlag.pipelines)) {
      // In order still, and doubtful. Where it was doubtful before, no order is left.
      const mode = stream * streamWords + Of.mode;
      if (this.#words[mode]! === Mode.ordered) this.#words[mode] = Mode.resumed;
      else if (this.#words[mode]! !== Mode.lost) this.#giveUp(stream);
      return;
    }
    streams.unset(stream, StreamFlag.afterUnsent);
    streams.set(stream, StreamFlag.unsent | (isLong ? StreamFlag.requestsGuessed : 0));
    // By order any request would be given the next of the responses that wait.
    if (this.#entries.length(stream, Queue.responses) > 0) this.#breakOrder(stream);
  }

  /**
   * A side, which sends requests, responses, or is not known yet, has lost its place.
   * @param hides bytes that may have held heads are missing; otherwise all were seen, and are no message
   */
  lost(stream: number, sends: 'request' | 'response' | 'unknown', hides: boolean): void {
    if (hides && sends !== 'response') this.#streams.set(stream, StreamFlag.requestsMissing);
    if (hides && sends !== 'request') this.#streams.set(stream, StreamFlag.responsesMissing);
    this.#breakOrder(stream);
  }

  /** A request from the side that sends responses: it stands in a body, and is in no pair. */
  strayRequest(stream: number, message: Pairable): void {
    message.pairing = 'absent';
    message.exchange = this.#words[stream * streamWords + Of.next]!++;
    this.#counters.requestsUnanswered++;
  }

  /** A response from the side that sends requests. */
  strayResponse(interim: boolean, message: Pairable): void {
    message.pairing = 'absent';
    message.exchange = -1;
    message.method = '';
    message.uri = '';
    if (!interim) this.#counters.responsesUnasked++;
  }

  /** A message of a kind that its side does not send comes next: where that side stands is a guess. */
  wentAstray(stream: number, sends: 'request' | 'response' | 'unknown'): void {
    this.#streams.set(stream, sends === 'request' ? StreamFlag.requestsGuessed : StreamFlag.responsesGuessed);
    this.#breakOrder(stream);
  }

  /** The side that was taken to send requests sends responses: what was known of both is void. */
  turnedAround(stream: number): void {
    const words = this.#words;
    const at = stream * streamWords;
    const next = words[at + Of.next]!;
    this.#dropAll(stream);
    this.#streams.reset(stream);
    words[at + Of.next] = next;
    this.lost(stream, 'unknown', true);
    this.#streams.set(stream, StreamFlag.requestsGuessed | StreamFlag.responsesGuessed);
  }

  /** Whether every request of the stream was seen, as far as can be known. */
  isWhole(stream: number): boolean {
    return !this.#streams.has(stream, StreamFlag.broken);
  }

  /** The stream closed: what still waits stays unanswered. */
  close(stream: number): void {
    this.#dropAll(stream);
    this.#streams.reset(stream);
  }

  /** In order no longer: by turns, if the client takes them. */
  #breakOrder(stream: number): void {
    const words = this.#words;
    const at = stream * streamWords;
    const streams = this.#streams;
    streams.set(stream, StreamFlag.broken);
    if (words[at + Of.mode]! === Mode.lost) return;
    if (streams.has(stream, StreamFlag.pipelines)) this.#giveUp(stream);
    else words[at + Of.mode] = Mode.turns;
  }

  /** In order that changes nothing, unless what looks like pipelining may be a body. */
  #foundPipelining(stream: number): void {
    const streams = this.#streams;
    const isBody = streams.has(stream, StreamFlag.afterUnsent) && !streams.has(stream, StreamFlag.pipelines);
    streams.set(stream, StreamFlag.pipelines);
    if (isBody || this.#words[stream * streamWords + Of.mode]! === Mode.turns) this.#giveUp(stream);
  }

  #giveUp(stream: number): void {
    this.#dropAll(stream);
    this.#words[stream * streamWords + Of.mode] = Mode.lost;
    this.#counters.pairingLost++;
  }

  #dropAll(stream: number): void {
    while (this.#entries.length(stream, Queue.requests) > 0) this.#dropRequest(stream);
    while (this.#entries.length(stream, Queue.responses) > 0) this.#dropResponse(stream);
  }

  #dropRequest(stream: number): void {
    this.#entries.shift(stream, Queue.requests);
    this.#counters.requestsUnanswered++;
  }

  #dropResponse(stream: number): void {
    this.#entries.shift(stream, Queue.responses);
    this.#counters.responsesUnasked++;
  }

  /** Gives up responses whose request has not come in time. @returns whether others wait */
  #rest(stream: number, ms: number): boolean {
    const words = this.#words;
    const at = stream * streamWords;
    const entries = this.#entries;
    const streams = this.#streams;
    for (;;) {
      const oldest = entries.first(stream, Queue.responses);
      if (oldest < 0) return false;
      const isPlaced = (this.#parts[(oldest << entryShift) + Part.flags]! & EntryFlag.placed) !== 0;
      const ageMs = (ms - this.#parts[(oldest << entryShift) + Part.ms]!) | 0;
      if (ageMs <= (isPlaced ? earlyUsMax / 1000 : quietMs)) return true;
      this.#dropResponse(stream);
      // Without an acknowledgement nothing shows that it was asked for.
      if (!isPlaced) continue;
      if (!streams.has(stream, StreamFlag.asked)) streams.set(stream, StreamFlag.oneSided);
      // Should its request come all the same, order would give that the next response.
      if (words[at + Of.mode]! === Mode.ordered) words[at + Of.mode] = Mode.turns;
    }
  }

  /** A pipelining client's request after a quiet time, with nothing under way: pairing starts again. */
  #resume(stream: number, ms: number, place: Place): void {
    const words = this.#words;
    const at = stream * streamWords;
    const streams = this.#streams;
    if (((ms - words[at + Of.lastMs]!) | 0) <= quietMs) return;
    const isKnown = (place.known & Known.reached) !== 0;
    const isUnderWay = isKnown && (distance(place.reached, place.ack) < 0 || distance(place.sequence, place.acked) < 0);
    if (isUnderWay) return;
    words[at + Of.mode] = Mode.resumed;
    streams.unset(stream, StreamFlag.requestsMissing | StreamFlag.responsesMissing);
  }

  /** The response that came before its request, −1 for none. Those before it answer nothing that is still to come. */
  #findEarly(stream: number, place: Place, flags: number): number {
    const entries = this.#entries;
    const words = this.#words;
    const at = stream * streamWords;
    let early = entries.first(stream, Queue.responses);
    while (
      early >= 0 &&
      distance(place.sequence, this.#parts[(early << entryShift) + Part.ack]!) <= 0 &&
      this.#isPlaced(early, place)
    ) {
      if (words[at + Of.mode]! === Mode.turns && this.#turns.crossesEarly(early, place)) {
        this.#foundPipelining(stream);
        return NONE;
      }
      // While nothing is missing each response has its request: that one was no response, or hid the next.
      const isAnswer = (this.#parts[(early << entryShift) + Part.flags]! & EntryFlag.timeout) === 0;
      this.#dropResponse(stream);
      if (isAnswer) this.#breakOrder(stream);
      early = entries.first(stream, Queue.responses);
    }
    if (early >= 0 && words[at + Of.mode]! === Mode.ordered && this.#turns.isImpossibleEarly(early, place))
      this.#breakOrder(stream);
    if (words[at + Of.mode]! === Mode.lost) return NONE;
    if (early < 0 || words[at + Of.mode]! !== Mode.turns) return early;
    const found = this.#turns.findResponse(stream, early, place, flags);
    if (found === PIPELINES) this.#foundPipelining(stream);
    if (found < 0) return NONE;
    while (found >= 0 && entries.first(stream, Queue.responses) !== found) this.#dropResponse(stream);
    return found;
  }

  #isPlaced(entry: number, place: Place): boolean {
    return (this.#parts[(entry << entryShift) + Part.flags]! & place.known & EntryFlag.placed) !== 0;
  }

  /** @param sequence of the response's first byte */
  #pair(stream: number, message: Pairable, sequence: number): void {
    this.#words[stream * streamWords + Of.paired] = message.exchange;
    this.#words[stream * streamWords + Of.pairedSequence] = sequence;
    this.#counters.pairs++;
    if (message.pairing === 'probable') this.#counters.pairsProbable++;
  }

  /** A request waits for its response. */
  #wait(stream: number, message: Pairable, place: Place, flags: number): void {
    const entries = this.#entries;
    const { pipelinedMax, waitingUriBytesMax } = this.#limits;
    if (entries.length(stream, Queue.requests) >= pipelinedMax) {
      // Dropping the oldest serves a capture of requests alone; with responses the order is no longer known.
      this.#dropRequest(stream);
      this.#counters.requestsShed++;
      this.#breakOrder(stream);
    }
    const uri = entries.uriBytes + message.uri.length <= waitingUriBytesMax ? message.uri : '';
    const isLost = this.#words[stream * streamWords + Of.mode]! === Mode.lost;
    const entry = isLost ? NONE : entries.push(stream, Queue.requests, message.method, uri);
    if (entry < 0) {
      this.#counters.requestsUnanswered++;
      if (isLost) return;
      this.#counters.requestsShed++;
      this.#streams.set(stream, StreamFlag.requestsMissing);
      this.#breakOrder(stream);
      return;
    }
    message.pairing = 'open';
    this.#parts[(entry << entryShift) + Part.exchange] = message.exchange;
    this.#parts[(entry << entryShift) + Part.sequence] = place.sequence;
    this.#parts[(entry << entryShift) + Part.ack] = place.ack;
    this.#parts[(entry << entryShift) + Part.end] = place.end;
    this.#parts[(entry << entryShift) + Part.ms] = this.#words[stream * streamWords + Of.lastMs]!;
    this.#parts[(entry << entryShift) + Part.flags] = flags;
  }

  #answerInOrder(stream: number, interim: boolean, message: Pairable, place: Place, flags: number): void {
    const entries = this.#entries;
    const first = entries.first(stream, Queue.requests);
    if (first < 0) {
      this.#comeEarly(stream, interim, message, place, flags);
      return;
    }
    const parts = this.#parts;
    const entry = first << entryShift;
    const isPlaced = (flags & parts[entry + Part.flags]! & EntryFlag.placed) !== 0;
    // It had not received that request: a server that waited in vain says so unasked, or it waited behind missing bytes.
    const isUnasked = isPlaced && distance(parts[entry + Part.sequence]!, place.ack) <= 0;
    const isOrdered = this.#words[stream * streamWords + Of.mode] === Mode.ordered;
    if (isUnasked && (!isOrdered || (flags & EntryFlag.timeout) !== 0)) return;
    if (isOrdered && isPlaced && (isUnasked || this.#turns.isImpossible(stream, first, flags))) {
      this.#breakOrder(stream);
      if (this.#words[stream * streamWords + Of.mode] === Mode.turns)
        this.#answerByTurns(stream, interim, message, place, flags);
      return;
    }
    if (!isOrdered && this.#turns.isMisplaced(stream, first, flags)) {
      this.#giveUp(stream);
      return;
    }
    const isSure = isOrdered && this.#turns.isMeant(flags, first);
    this.#answer(stream, interim, message, place, first, isSure ? 'certain' : 'probable');
  }

  #answerByTurns(stream: number, interim: boolean, message: Pairable, place: Place, flags: number): void {
    const words = this.#words;
    const at = stream * streamWords;
    const entries = this.#entries;
    if ((flags & EntryFlag.placed) === 0) {
      this.#answerNewest(stream, interim, message, place);
      return;
    }
    const found = this.#turns.findRequest(stream, interim, place, flags);
    if (found === PIPELINES) this.#foundPipelining(stream);
    if (found === PERHAPS_PIPELINES) words[at + Of.doubt] = TURNS_PROVEN;
    if (found === PIPELINES || found === PERHAPS_PIPELINES) return;
    if (found === NONE) {
      this.#comeEarly(stream, interim, message, place, flags);
      return;
    }
    const ack = words[at + Of.previousAck]!;
    const previous = words[at + Of.previous]!;
    const verdict = interim
      ? (flags & EntryFlag.guessed) === 0
        ? 'certain'
        : 'probable'
      : this.#turns.judge(
          stream,
          this.#parts[(found << entryShift) + Part.flags]!,
          this.#parts[(found << entryShift) + Part.sequence]!,
          flags,
          previous,
          ack,
        );
    if (verdict === 'absent') {
      this.#foundPipelining(stream);
      return;
    }
    const isSure = verdict === 'certain' && this.#turns.isMeant(flags, found) && this.#turns.isLastAsked(found, place);
    while (entries.first(stream, Queue.requests) !== found) this.#dropRequest(stream);
    this.#answer(stream, interim, message, place, found, isSure ? 'certain' : 'probable');
  }

  /** Without sequence numbers a client that takes turns has one request open at a time: the newest. */
  #answerNewest(stream: number, interim: boolean, message: Pairable, place: Place): void {
    const entries = this.#entries;
    if (entries.length(stream, Queue.requests) === 0) return;
    while (entries.length(stream, Queue.requests) > 1) this.#dropRequest(stream);
    this.#answer(stream, interim, message, place, entries.first(stream, Queue.requests), 'probable');
  }

  #answer(
    stream: number,
    interim: boolean,
    message: Pairable,
    place: Place,
    entry: number,
    verdict: 'certain' | 'probable',
  ): void {
    const entries = this.#entries;
    message.exchange = this.#parts[(entry << entryShift) + Part.exchange]!;
    message.method = entries.methods[entry]!;
    message.uri = entries.uris[entry]!;
    message.pairing = verdict;
    if (interim) return;
    this.#pair(stream, message, place.sequence);
    entries.shift(stream, Queue.requests);
  }

  /** No request seen is answered: a later one may be, if the server acknowledged what was not seen yet. */
  #comeEarly(stream: number, interim: boolean, message: Pairable, place: Place, flags: number): void {
    const words = this.#words;
    const at = stream * streamWords;
    const entries = this.#entries;
    if (!this.#mayBeEarly(stream, place, flags)) return;
    message.exchange = words[at + Of.next]!;
    message.pairing = 'open';
    if (interim) return;
    const isFull = entries.length(stream, Queue.responses) >= this.#limits.pipelinedMax;
    const entry = isFull ? -1 : entries.push(stream, Queue.responses, '', '');
    if (entry < 0) {
      message.exchange = -1;
      message.pairing = 'absent';
      this.#counters.responsesEarlyShed++;
      this.#breakOrder(stream);
      return;
    }
    words[at + Of.next]! += 1;
    this.#parts[(entry << entryShift) + Part.exchange] = message.exchange;
    this.#parts[(entry << entryShift) + Part.sequence] = place.sequence;
    this.#parts[(entry << entryShift) + Part.ack] = place.ack;
    this.#parts[(entry << entryShift) + Part.end] = this.#turns.clear;
    this.#parts[(entry << entryShift) + Part.open] = this.#turns.open;
    this.#parts[(entry << entryShift) + Part.previous] = words[at + Of.previous]!;
    this.#parts[(entry << entryShift) + Part.previousAck] = words[at + Of.previousAck]!;
    this.#parts[(entry << entryShift) + Part.ms] = words[at + Of.lastMs]!;
    this.#parts[(entry << entryShift) + Part.flags] = flags;
  }

  #mayBeEarly(stream: number, { ack, reached, known }: Place, flags: number): boolean {
    const streams = this.#streams;
    if (streams.has(stream, StreamFlag.oneSided)) return false;
    if ((flags & EntryFlag.placed) !== 0) return (known & Known.reached) === 0 || distance(reached, ack) > 0;
    return (
      this.#words[stream * streamWords + Of.mode]! === Mode.ordered &&
      this.#entries.length(stream, Queue.responses) === 0
    );
  }

  /** Of the request that has just come, with bits of `EntryFlag`, and the response `early`. */
  #verdictOf(stream: number, place: Place, flags: number, early: number): PairingVerdict {
    const words = this.#words;
    const at = stream * streamWords;
    const streams = this.#streams;
    const mode = words[at + Of.mode]!;
    const parts = this.#parts;
    const entry = early << entryShift;
    if (mode === Mode.resumed) return 'probable';
    const isTimeout = (parts[entry + Part.flags]! & EntryFlag.timeout) !== 0;
    const isMeant =
      !isTimeout || ((place.known & Known.end) !== 0 && distance(place.end, parts[entry + Part.ack]!) < 0);
    if (mode === Mode.ordered) return isMeant ? 'certain' : 'probable';
    const previous = parts[entry + Part.previous]!;
    const previousAck = parts[entry + Part.previousAck]!;
    const verdict = this.#turns.judge(stream, flags, place.sequence, parts[entry + Part.flags]!, previous, previousAck);
    if (verdict === 'absent') this.#foundPipelining(stream);
    if (verdict === 'certain' && !isMeant) return 'probable';
    if (verdict !== 'certain' || (place.known & Known.end) !== 0) return verdict;
    // Its end decides: `requestEnded`.
    words[at + Of.answerAck] = parts[entry + Part.ack]!;
    streams.set(stream, StreamFlag.pending);
    return 'probable';
  }
}
