/**
 * Which request a response answers, and how sure that is (RFC 9112, 9.3.2: responses come in the order of their requests).
 *
 * - While nothing is missing, order decides, and every pair is certain. A response that acknowledges more than was seen of
 *   the client was captured before its request: it waits for it, and so may any number of others, within the limits.
 * - Once something is missing and the client was never seen to pipeline, sequence numbers and acknowledgements decide
 *   (`turn-taking.ts`), each pair by itself. Only what they prove is a pair. Where the proof rests on a client that is not
 *   known well enough to take turns, the pair is probable.
 * - A client that pipelines and of which a head is missing: how many are missing is unknowable. Its exchanges stay unpaired
 *   until the stream was quiet for `QUIET_US` and both sides had acknowledged all; pairs are probable from then on, since the
 *   answer to a lost request may still be outstanding.
 */
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import type { PairingVerdict } from './message-handler.ts';
import { EntryFlag, Mode, PairingEntries, PairingStreams, Queue, StreamFlag } from './pairing-tables.ts';
import {
  type Answered,
  type Asked,
  answersNoneLater,
  crosses,
  distance,
  isFirstAfter,
  mayAnswer,
  REQUEST_BYTES_MIN,
  RESPONSE_BYTES_MIN,
  TURNS_PROVEN,
} from './turn-taking.ts';

/** Longer than any client waits between pipelined requests, shorter than a keep-alive timeout (nginx 75 s, Apache 5 s). */
const QUIET_US = 1_000_000;
/**
 * A response waits for its request for so long: as long as a hole before the request is waited for (`gapTimeoutUs`), which
 * is longer than two directions are apart.
 */
export const earlyUsMax = 10_000_000;
/** Status codes (RFC 9110, 15.5.9). */
const REQUEST_TIMEOUT = 408;

/** A message that begins: `Pairing` sets the first four members, those of responses all. */
export interface Pairable {
  /** −1 where no request is known. */
  exchange: number;
  pairing: PairingVerdict;
  method: string;
  uri: string;
  readonly status: number;
  readonly tsUs: number;
}

/** Where a message lies in what its side sends; NaN where unknown. */
export interface Place {
  /** Of its first byte. */
  sequence: number;
  /** The lowest that came with its first byte. */
  ack: number;
  /** Of a request, behind its last byte. */
  end: number;
  /** Behind what was seen of the other side. */
  reached: number;
  /** The latest acknowledgement that came from the other side. */
  acked: number;
  /** Of a response: as `reached` while that lies within the last request. */
  within: number;
}

export class Pairing {
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #streams: PairingStreams;
  readonly #entries: PairingEntries;
  /** Scratch: one request and one response under comparison. */
  readonly #asked: Asked = { sequence: 0, ack: 0, end: Number.NaN };
  readonly #answered: Answered = { sequence: 0, ack: 0, clear: 0, isTimeout: false };

  constructor(limits: HttpLimits, counters: HttpCounters) {
    this.#limits = limits;
    this.#counters = counters;
    this.#streams = new PairingStreams(limits.streamsMax);
    this.#entries = new PairingEntries(limits.waitingRequestsMax, limits.streamsMax);
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
    const streams = this.#streams;
    this.#resume(stream, message.tsUs, place);
    this.#rest(stream, message.tsUs);
    const flags = this.#takeTurn(stream, place, headBytes);
    message.pairing = 'absent';
    const early = this.#findEarly(stream, place, flags);
    if (early >= 0) {
      const exchange = this.#entries.exchange[early]!;
      message.pairing = this.#verdictOf(stream, place, flags, early);
      message.exchange = message.pairing === 'absent' ? streams.next[stream]!++ : exchange;
    } else message.exchange = streams.next[stream]!++;
    streams.exchange[stream] = message.exchange;
    if (streams.mode[stream] === Mode.lost) this.#counters.requestsUnanswered++;
    else if (early >= 0) {
      this.#counters.responsesEarly++;
      this.#pair(stream, message);
      this.#entries.shift(stream, Queue.responses);
    } else this.#wait(stream, message, place, flags);
  }

  /** The first byte that a side ever sent has this sequence number. */
  starts(stream: number, sends: 'request' | 'response', sequence: number): void {
    if (Number.isNaN(sequence)) return;
    if (sends === 'response') this.responseEnded(stream, sequence);
    else {
      this.#streams.end[stream] = sequence;
      this.#streams.set(stream, StreamFlag.ends);
    }
  }

  /** The last request of a stream ends before `end`, which may make its pair certain. */
  requestEnded(stream: number, message: Pairable, end: number): void {
    if (Number.isNaN(end)) return;
    const streams = this.#streams;
    if (streams.has(stream, StreamFlag.pending) && distance(end, streams.answerAck[stream]!) < REQUEST_BYTES_MIN) {
      message.pairing = 'certain';
      this.#counters.pairsProbable--;
    }
    streams.unset(stream, StreamFlag.pending);
    streams.end[stream] = end;
    streams.set(stream, StreamFlag.ends);
    const entries = this.#entries;
    if (entries.length(stream, Queue.requests) === 0) return;
    const last = entries.last(stream, Queue.requests);
    if (entries.exchange[last] !== streams.exchange[stream]) return;
    entries.end[last] = end;
    entries.flags[last]! |= EntryFlag.ends;
  }

  /**
   * A response began: sets its `exchange` and `pairing`, and its `method` and `uri` to its request's. A 1xx leaves the
   * request waiting.
   */
  response(stream: number, interim: boolean, message: Pairable, place: Place): void {
    const streams = this.#streams;
    this.#rest(stream, message.tsUs);
    message.exchange = -1;
    message.method = '';
    message.uri = '';
    message.pairing = 'absent';
    const flags = this.#describe(stream, message, place);
    const mode = streams.mode[stream]!;
    if (mode === Mode.turns) this.#answerByTurns(stream, interim, message, place, flags);
    else if (mode !== Mode.lost) this.#answerInOrder(stream, interim, message, place, flags);
    if (interim) return;
    streams.unset(stream, StreamFlag.responsesMissing | StreamFlag.clear);
    streams.set(stream, StreamFlag.answered);
    streams.previous[stream] = message.exchange;
    streams.previousAck[stream] = place.ack;
    if (message.exchange < 0) this.#counters.responsesUnasked++;
  }

  /** The last final response of a stream ends before `end`. */
  responseEnded(stream: number, end: number): void {
    if (Number.isNaN(end)) return;
    this.#streams.clear[stream] = end;
    this.#streams.set(stream, StreamFlag.clear);
  }

  /** Bytes that may have held heads are missing on a side, which sends requests, responses, or is not known yet. */
  lost(stream: number, sends: 'request' | 'response' | 'unknown'): void {
    if (sends !== 'response') this.#streams.set(stream, StreamFlag.requestsMissing);
    if (sends !== 'request') this.#streams.set(stream, StreamFlag.responsesMissing);
    this.#breakOrder(stream);
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
    const streams = this.#streams;
    streams.set(stream, StreamFlag.broken);
    if (streams.mode[stream] === Mode.lost) return;
    if (streams.has(stream, StreamFlag.pipelines)) this.#giveUp(stream);
    else streams.mode[stream] = Mode.turns;
  }

  /** In order that changes nothing. */
  #foundPipelining(stream: number): void {
    this.#streams.set(stream, StreamFlag.pipelines);
    if (this.#streams.mode[stream] === Mode.turns) this.#giveUp(stream);
  }

  #giveUp(stream: number): void {
    this.#dropAll(stream);
    this.#streams.mode[stream] = Mode.lost;
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

  /** Gives up responses whose request has not come in time. */
  #rest(stream: number, tsUs: number): void {
    const entries = this.#entries;
    const streams = this.#streams;
    streams.lastUs[stream] = tsUs;
    while (entries.length(stream, Queue.responses) > 0) {
      const oldest = entries.first(stream, Queue.responses);
      const isPlaced = (entries.flags[oldest]! & EntryFlag.placed) !== 0;
      if (tsUs - entries.tsUs[oldest]! <= (isPlaced ? earlyUsMax : QUIET_US)) return;
      this.#dropResponse(stream);
      // Without an acknowledgement nothing shows that it was asked for.
      if (!isPlaced) continue;
      if (!streams.has(stream, StreamFlag.asked)) streams.set(stream, StreamFlag.oneSided);
      // Should its request come all the same, order would give that the next response.
      if (streams.mode[stream] === Mode.ordered) streams.mode[stream] = Mode.turns;
    }
  }

  /** A pipelining client's request after a quiet time, with nothing under way: pairing starts again. */
  #resume(stream: number, tsUs: number, place: Place): void {
    const streams = this.#streams;
    if (streams.mode[stream] !== Mode.lost || tsUs - streams.lastUs[stream]! <= QUIET_US) return;
    const isUnderWay = distance(place.reached, place.ack) < 0 || distance(place.sequence, place.acked) < 0;
    if (isUnderWay) return;
    streams.mode[stream] = Mode.resumed;
    streams.unset(stream, StreamFlag.requestsMissing | StreamFlag.responsesMissing);
  }

  /** Notes a request and whether the client sent it in turn. @returns bits of `EntryFlag` for it */
  #takeTurn(stream: number, place: Place, headBytes: number): number {
    const streams = this.#streams;
    const { sequence, ack, end } = place;
    const isPlaced = !Number.isNaN(sequence) && !Number.isNaN(ack);
    if (streams.smallest[stream] === 0 || headBytes < streams.smallest[stream]!) streams.smallest[stream] = headBytes;
    let flags: number = isPlaced ? EntryFlag.placed : 0;
    const known = streams.has(stream, StreamFlag.asked) && isPlaced;
    if (streams.has(stream, StreamFlag.requestsMissing)) flags |= this.#hiddenBefore(stream, sequence, ack);
    if (known ? this.#isPipelined(stream, ack, flags) : this.#isUnanswered(stream, isPlaced)) {
      this.#foundPipelining(stream);
    } else if (known && (flags & EntryFlag.hidden) === 0) {
      if (streams.turns[stream]! < 255) streams.turns[stream]! += 1;
      if (streams.doubt[stream]! > 0) streams.doubt[stream]! -= 1;
    }
    streams.unset(
      stream,
      StreamFlag.requestsMissing | StreamFlag.oneSided | StreamFlag.asked | StreamFlag.ends | StreamFlag.pending,
    );
    if (!isPlaced) return flags;
    if ((flags & EntryFlag.hidden) !== 0) {
      streams.set(stream, StreamFlag.unsettled);
      streams.hiddenBefore[stream] = sequence;
    }
    if (streams.has(stream, StreamFlag.unsettled)) flags |= EntryFlag.unsettled;
    streams.sequence[stream] = sequence;
    streams.ack[stream] = ack;
    streams.set(stream, StreamFlag.asked);
    if (Number.isNaN(end)) return flags;
    streams.end[stream] = end;
    streams.set(stream, StreamFlag.ends);
    return flags | EntryFlag.ends;
  }

  /** Whether requests may be hidden before one at `sequence`, as bits of `EntryFlag`. */
  #hiddenBefore(stream: number, sequence: number, ack: number): number {
    const streams = this.#streams;
    if (Number.isNaN(sequence) || !streams.has(stream, StreamFlag.ends)) return EntryFlag.hidden;
    const bytes = distance(streams.end[stream]!, sequence);
    if (bytes < REQUEST_BYTES_MIN) return 0;
    // A client's requests are much alike: two would be longer.
    const isOne = bytes * 4 < streams.smallest[stream]! * 5;
    const isAnswered = this.#isLastAnswered(stream) && distance(streams.clear[stream]!, ack) >= RESPONSE_BYTES_MIN;
    if (isOne && isAnswered) return 0;
    return EntryFlag.hidden | EntryFlag.hidesRequest | (isOne ? EntryFlag.hidesOne : 0);
  }

  /** Whether the end of the response to the last request is known. */
  #isLastAnswered(stream: number): boolean {
    const streams = this.#streams;
    const exchange = streams.exchange[stream]!;
    const isPaired = streams.paired[stream] === exchange && streams.previous[stream] === exchange;
    return isPaired && streams.has(stream, StreamFlag.clear);
  }

  /** Whether a request acknowledges less than what answers the last one, and what answers those hidden between. */
  #isPipelined(stream: number, ack: number, flags: number): boolean {
    const streams = this.#streams;
    const isHiding = (flags & EntryFlag.hidesRequest) !== 0;
    if (distance(streams.ack[stream]!, ack) < RESPONSE_BYTES_MIN * (isHiding ? 2 : 1)) return true;
    if (!this.#isLastAnswered(stream)) return false;
    return distance(streams.clear[stream]!, ack) < (isHiding ? RESPONSE_BYTES_MIN : 0);
  }

  /** Where no acknowledgement is known: a request behind one that waits. */
  #isUnanswered(stream: number, isPlaced: boolean): boolean {
    const isWaiting = this.#entries.length(stream, Queue.requests) > 0;
    return !isPlaced && isWaiting && this.#streams.mode[stream] === Mode.ordered;
  }

  /** The response that came before its request, −1 for none. Those before it answer nothing that is still to come. */
  #findEarly(stream: number, place: Place, flags: number): number {
    const entries = this.#entries;
    const streams = this.#streams;
    const mode = streams.mode[stream]!;
    const request = this.#asked;
    request.sequence = place.sequence;
    request.ack = place.ack;
    request.end = place.end;
    let early = entries.first(stream, Queue.responses);
    while (early >= 0 && distance(place.sequence, entries.ack[early]!) <= 0 && this.#isPlaced(early, place)) {
      if (mode === Mode.turns && crosses(this.#answerOf(early), request)) {
        this.#foundPipelining(stream);
        return -1;
      }
      this.#dropResponse(stream);
      early = entries.first(stream, Queue.responses);
    }
    if (early < 0 || mode !== Mode.turns) return early;
    if (!this.#isOwn(stream, early, flags)) {
      while (early >= 0 && !mayAnswer(this.#answerOf(early), request)) early = entries.next(early);
      if (early < 0) return -1;
      const isKnown = !Number.isNaN(request.end);
      if (!(isKnown ? answersNoneLater : isFirstAfter)(this.#answerOf(early), request)) return -1;
    }
    while (entries.first(stream, Queue.responses) !== early) this.#dropResponse(stream);
    return early;
  }

  /**
   * Whether a response is that of the request at hand although this acknowledges it, being a copy of one that was not
   * captured: the request before has its response, and this one was sent when the server had received nothing later.
   */
  #isOwn(stream: number, early: number, flags: number): boolean {
    const streams = this.#streams;
    const request = this.#asked;
    const response = this.#answerOf(early);
    if (distance(request.ack, response.sequence) >= 0 || response.isTimeout) return false;
    if (!answersNoneLater(response, request)) return false;
    // It acknowledged no more than this at first.
    streams.ack[stream] = response.sequence;
    return (flags & EntryFlag.hidden) === 0 && streams.paired[stream] === streams.exchange[stream];
  }

  #isPlaced(entry: number, place: Place): boolean {
    return (this.#entries.flags[entry]! & EntryFlag.placed) !== 0 && !Number.isNaN(place.sequence);
  }

  #answerOf(entry: number): Answered {
    const entries = this.#entries;
    const response = this.#answered;
    response.sequence = entries.sequence[entry]!;
    response.ack = entries.ack[entry]!;
    response.clear = entries.end[entry]!;
    response.isTimeout = (entries.flags[entry]! & EntryFlag.timeout) !== 0;
    return response;
  }

  #pair(stream: number, message: Pairable): void {
    this.#streams.paired[stream] = message.exchange;
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
    const entry =
      this.#streams.mode[stream] === Mode.lost ? -1 : entries.push(stream, Queue.requests, message.method, uri);
    if (entry < 0) {
      this.#counters.requestsUnanswered++;
      if (this.#streams.mode[stream] === Mode.lost) return;
      this.#counters.requestsShed++;
      this.#streams.set(stream, StreamFlag.requestsMissing);
      this.#breakOrder(stream);
      return;
    }
    message.pairing = 'open';
    entries.exchange[entry] = message.exchange;
    entries.sequence[entry] = place.sequence;
    entries.ack[entry] = place.ack;
    entries.end[entry] = place.end;
    entries.tsUs[entry] = message.tsUs;
    entries.flags[entry] = flags;
  }

  /** What is known of a response, in the scratch record and as bits of `EntryFlag`. */
  #describe(stream: number, { status }: Pairable, { sequence, ack }: Place): number {
    const streams = this.#streams;
    const response = this.#answered;
    const isMissing = streams.has(stream, StreamFlag.responsesMissing);
    response.sequence = sequence;
    response.ack = ack;
    const { clear } = streams;
    const isClear = streams.has(stream, StreamFlag.clear);
    // Too few bytes are missing for a response: none is.
    const isFar = isMissing && (!isClear || distance(clear[stream]!, sequence) >= RESPONSE_BYTES_MIN);
    response.clear = isClear && !isFar ? clear[stream]! : sequence;
    response.isTimeout = status === REQUEST_TIMEOUT;
    const isPlaced = !Number.isNaN(sequence) && !Number.isNaN(ack);
    return (
      (isPlaced ? EntryFlag.placed : 0) |
      (isFar ? 0 : EntryFlag.follows) |
      (response.isTimeout ? EntryFlag.timeout : 0) |
      (streams.has(stream, StreamFlag.answered) ? 0 : EntryFlag.first)
    );
  }

  #answerInOrder(stream: number, interim: boolean, message: Pairable, place: Place, flags: number): void {
    const entries = this.#entries;
    const first = entries.first(stream, Queue.requests);
    if (first < 0) {
      this.#comeEarly(stream, interim, message, place, flags);
      return;
    }
    const isPlaced = (flags & entries.flags[first]! & EntryFlag.placed) !== 0;
    // It had not received that request: a server may speak unasked, as with 408 to an idle connection.
    if (isPlaced && distance(entries.sequence[first]!, place.ack) <= 0) return;
    this.#answer(stream, interim, message, first, this.#streams.mode[stream] === Mode.ordered ? 'certain' : 'probable');
  }

  #answerByTurns(stream: number, interim: boolean, message: Pairable, place: Place, flags: number): void {
    const entries = this.#entries;
    if ((flags & EntryFlag.placed) === 0) {
      this.#answerNewest(stream, interim, message);
      return;
    }
    let found = -1;
    let following = entries.first(stream, Queue.requests);
    while (following >= 0 && mayAnswer(this.#answered, this.#askedOf(following))) {
      found = following;
      following = entries.next(following);
    }
    if (!interim && following >= 0 && crosses(this.#answered, this.#askedOf(following))) {
      this.#foundPipelining(stream);
      return;
    }
    if (found < 0 || !this.#answersNoneAfter(found, following, place)) {
      this.#comeEarly(stream, interim, message, place, flags);
      return;
    }
    const exchange = entries.exchange[found]!;
    const [ack, previous] = [this.#streams.previousAck[stream]!, this.#streams.previous[stream]!];
    const verdict = interim
      ? 'certain'
      : this.#judge(stream, entries.flags[found]!, entries.sequence[found]!, flags, previous, ack);
    if (verdict === 'absent') return;
    while (entries.exchange[entries.first(stream, Queue.requests)] !== exchange) this.#dropRequest(stream);
    this.#answer(stream, interim, message, found, verdict);
  }

  /** Whether a response that may answer the request `found` answers none behind it, the one at `following` or one not seen. */
  #answersNoneAfter(found: number, following: number, { ack, within }: Place): boolean {
    if (answersNoneLater(this.#answered, this.#askedOf(found))) return true;
    return following < 0 && !this.#answered.isTimeout && !Number.isNaN(within) && distance(within, ack) <= 0;
  }

  #askedOf(entry: number): Asked {
    const entries = this.#entries;
    const request = this.#asked;
    request.sequence = entries.sequence[entry]!;
    request.ack = entries.ack[entry]!;
    request.end = (entries.flags[entry]! & EntryFlag.ends) !== 0 ? entries.end[entry]! : Number.NaN;
    return request;
  }

  /** Without sequence numbers a client that takes turns has one request open at a time: the newest. */
  #answerNewest(stream: number, interim: boolean, message: Pairable): void {
    const entries = this.#entries;
    if (entries.length(stream, Queue.requests) === 0) return;
    while (entries.length(stream, Queue.requests) > 1) this.#dropRequest(stream);
    this.#answer(stream, interim, message, entries.first(stream, Queue.requests), 'probable');
  }

  #answer(stream: number, interim: boolean, message: Pairable, entry: number, verdict: 'certain' | 'probable'): void {
    const entries = this.#entries;
    message.exchange = entries.exchange[entry]!;
    message.method = entries.methods[entry]!;
    message.uri = entries.uris[entry]!;
    message.pairing = verdict;
    if (interim) return;
    this.#pair(stream, message);
    entries.shift(stream, Queue.requests);
  }

  /** No request seen is answered: a later one may be, if the server acknowledged what was not seen yet. */
  #comeEarly(stream: number, interim: boolean, message: Pairable, place: Place, flags: number): void {
    const streams = this.#streams;
    const entries = this.#entries;
    if (!this.#mayBeEarly(stream, place, flags)) return;
    message.exchange = streams.next[stream]!;
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
    streams.next[stream]! += 1;
    entries.exchange[entry] = message.exchange;
    entries.sequence[entry] = place.sequence;
    entries.ack[entry] = place.ack;
    entries.end[entry] = this.#answered.clear;
    entries.previous[entry] = streams.previous[stream]!;
    entries.previousAck[entry] = streams.previousAck[stream]!;
    entries.tsUs[entry] = message.tsUs;
    entries.flags[entry] = flags;
  }

  #mayBeEarly(stream: number, { ack, reached }: Place, flags: number): boolean {
    const streams = this.#streams;
    if (streams.has(stream, StreamFlag.oneSided)) return false;
    if ((flags & EntryFlag.placed) !== 0) return Number.isNaN(reached) || distance(reached, ack) > 0;
    return streams.mode[stream] === Mode.ordered && this.#entries.length(stream, Queue.responses) === 0;
  }

  /** Of the request that has just come, with bits of `EntryFlag`, and the response `early`. */
  #verdictOf(stream: number, place: Place, flags: number, early: number): PairingVerdict {
    const streams = this.#streams;
    const mode = streams.mode[stream]!;
    if (mode === Mode.ordered) return 'certain';
    if (mode === Mode.resumed) return 'probable';
    const { ack, flags: bits, previous, previousAck } = this.#entries;
    const verdict = this.#judge(stream, flags, place.sequence, bits[early]!, previous[early]!, previousAck[early]!);
    if (verdict !== 'certain' || !Number.isNaN(place.end)) return verdict;
    // Its end decides: `requestEnded`.
    streams.answerAck[stream] = ack[early]!;
    streams.set(stream, StreamFlag.pending);
    return 'probable';
  }

  /**
   * How sure a pair is that only a client that takes turns can have made. Requests hidden before it make it doubtful: had one
   * been pipelined with it, the response would be that one's.
   * @param asked bits of the request's entry, which begins at `sequence`
   * @param answered bits of the response's entry; `previous` and `previousAck` of the final response before it
   */
  #judge(
    stream: number,
    asked: number,
    sequence: number,
    answered: number,
    previous: number,
    previousAck: number,
  ): 'certain' | 'probable' | 'absent' {
    const streams = this.#streams;
    const isUnsettled = (asked & EntryFlag.unsettled) !== 0 && streams.has(stream, StreamFlag.unsettled);
    if (isUnsettled || (asked & EntryFlag.hidden) !== 0) {
      if (distance(streams.hiddenBefore[stream]!, sequence) >= 0) streams.unset(stream, StreamFlag.unsettled);
      const isFirst = (answered & EntryFlag.first) !== 0;
      const follows = (answered & EntryFlag.follows) !== 0;
      const isPreviousPaired = !isFirst && previous >= 0 && previous === streams.paired[stream];
      // Nothing answered the hidden ones before this request came: they were pipelined.
      if (
        follows &&
        (asked & EntryFlag.hidden) !== 0 &&
        (isFirst || (isPreviousPaired && (asked & EntryFlag.hidesRequest) !== 0))
      ) {
        this.#foundPipelining(stream);
        return 'absent';
      }
      // One is hidden, and the server had received it when it answered last.
      const isAnswered = follows && !isFirst && !isPreviousPaired;
      const isSettled =
        isAnswered && (asked & EntryFlag.hidesOne) !== 0 && distance(sequence, previousAck) > -REQUEST_BYTES_MIN;
      if (!isSettled && streams.turns[stream]! < TURNS_PROVEN) streams.doubt[stream] = TURNS_PROVEN;
    }
    return streams.doubt[stream]! > 0 ? 'probable' : 'certain';
  }
}
