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
import { NONE, PIPELINES, TurnPairing } from './turn-pairing.ts';
import { distance, REQUEST_BYTES_MIN } from './turn-taking.ts';

/** Longer than any client waits between pipelined requests, shorter than a keep-alive timeout (nginx 75 s, Apache 5 s). */
const QUIET_US = 1_000_000;
/**
 * A response waits for its request for so long: as long as a hole before the request is waited for (`gapTimeoutUs`), which
 * is longer than two directions are apart.
 */
export const earlyUsMax = 10_000_000;

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
  readonly #turns: TurnPairing;

  constructor(limits: HttpLimits, counters: HttpCounters) {
    this.#limits = limits;
    this.#counters = counters;
    this.#streams = new PairingStreams(limits.streamsMax);
    this.#entries = new PairingEntries(limits.waitingRequestsMax, limits.streamsMax);
    this.#turns = new TurnPairing(this.#streams, this.#entries);
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
    if (streams.mode[stream] === Mode.lost) this.#resume(stream, message.tsUs, place);
    streams.lastUs[stream] = message.tsUs;
    const hasEarly = this.#rest(stream, message.tsUs);
    const flags = this.#turns.takeTurn(stream, place, headBytes);
    if ((flags & EntryFlag.pipelined) !== 0) this.#foundPipelining(stream);
    message.pairing = 'absent';
    const early = hasEarly ? this.#findEarly(stream, place, flags) : NONE;
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
    streams.lastUs[stream] = message.tsUs;
    this.#rest(stream, message.tsUs);
    message.exchange = -1;
    message.method = '';
    message.uri = '';
    message.pairing = 'absent';
    const flags = this.#turns.describe(stream, message.status, place);
    const mode = streams.mode[stream]!;
    if (mode === Mode.turns) this.#answerByTurns(stream, interim, message, place, flags);
    else if (mode !== Mode.lost) this.#answerInOrder(stream, interim, message, place, flags);
    if (interim) return;
    const flag = streams.flags[stream]! & ~(StreamFlag.responsesMissing | StreamFlag.clear);
    streams.flags[stream] = flag | StreamFlag.answered;
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

  /**
   * A side, which sends requests, responses, or is not known yet, has lost its place.
   * @param hides bytes that may have held heads are missing; otherwise all were seen, and are no message
   */
  lost(stream: number, sends: 'request' | 'response' | 'unknown', hides: boolean): void {
    if (hides && sends !== 'response') this.#streams.set(stream, StreamFlag.requestsMissing);
    if (hides && sends !== 'request') this.#streams.set(stream, StreamFlag.responsesMissing);
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

  /** Gives up responses whose request has not come in time. @returns whether others wait */
  #rest(stream: number, tsUs: number): boolean {
    const entries = this.#entries;
    const streams = this.#streams;
    for (;;) {
      const oldest = entries.first(stream, Queue.responses);
      if (oldest < 0) return false;
      const isPlaced = (entries.flags[oldest]! & EntryFlag.placed) !== 0;
      if (tsUs - entries.tsUs[oldest]! <= (isPlaced ? earlyUsMax : QUIET_US)) return true;
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
    if (tsUs - streams.lastUs[stream]! <= QUIET_US) return;
    const isUnderWay = distance(place.reached, place.ack) < 0 || distance(place.sequence, place.acked) < 0;
    if (isUnderWay) return;
    streams.mode[stream] = Mode.resumed;
    streams.unset(stream, StreamFlag.requestsMissing | StreamFlag.responsesMissing);
  }

  /** The response that came before its request, −1 for none. Those before it answer nothing that is still to come. */
  #findEarly(stream: number, place: Place, flags: number): number {
    const entries = this.#entries;
    const isByTurns = this.#streams.mode[stream] === Mode.turns;
    let early = entries.first(stream, Queue.responses);
    while (early >= 0 && distance(place.sequence, entries.ack[early]!) <= 0 && this.#isPlaced(early, place)) {
      if (isByTurns && this.#turns.crossesEarly(early, place)) {
        this.#foundPipelining(stream);
        return NONE;
      }
      this.#dropResponse(stream);
      early = entries.first(stream, Queue.responses);
    }
    if (early < 0 || !isByTurns) return early;
    const found = this.#turns.findResponse(stream, early, place, flags);
    while (found >= 0 && entries.first(stream, Queue.responses) !== found) this.#dropResponse(stream);
    return found;
  }

  #isPlaced(entry: number, place: Place): boolean {
    return (this.#entries.flags[entry]! & EntryFlag.placed) !== 0 && !Number.isNaN(place.sequence);
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
    const isLost = this.#streams.mode[stream] === Mode.lost;
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
    entries.exchange[entry] = message.exchange;
    entries.sequence[entry] = place.sequence;
    entries.ack[entry] = place.ack;
    entries.end[entry] = place.end;
    entries.tsUs[entry] = message.tsUs;
    entries.flags[entry] = flags;
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
    const found = this.#turns.findRequest(stream, interim, place);
    if (found === PIPELINES) {
      this.#foundPipelining(stream);
      return;
    }
    if (found === NONE) {
      this.#comeEarly(stream, interim, message, place, flags);
      return;
    }
    const exchange = entries.exchange[found]!;
    const [ack, previous] = [this.#streams.previousAck[stream]!, this.#streams.previous[stream]!];
    const verdict = interim
      ? 'certain'
      : this.#turns.judge(stream, entries.flags[found]!, entries.sequence[found]!, flags, previous, ack);
    if (verdict === 'absent') {
      this.#foundPipelining(stream);
      return;
    }
    while (entries.exchange[entries.first(stream, Queue.requests)] !== exchange) this.#dropRequest(stream);
    this.#answer(stream, interim, message, found, verdict);
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
    entries.end[entry] = this.#turns.clear;
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
    const verdict = this.#turns.judge(
      stream,
      flags,
      place.sequence,
      bits[early]!,
      previous[early]!,
      previousAck[early]!,
    );
    if (verdict === 'absent') this.#foundPipelining(stream);
    if (verdict !== 'certain' || !Number.isNaN(place.end)) return verdict;
    // Its end decides: `requestEnded`.
    streams.answerAck[stream] = ack[early]!;
    streams.set(stream, StreamFlag.pending);
    return 'probable';
  }
}
