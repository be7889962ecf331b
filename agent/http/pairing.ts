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
import { ClientTurns } from './client-turns.ts';
import { EarlyResponses } from './early-responses.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import { PairingOrder } from './pairing-order.ts';
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
import type { Pairable, Place } from './place.ts';
import { PlainPairing } from './plain-pairing.ts';
import { ResponsePairing } from './response-pairing.ts';
import { NONE, TurnPairing } from './turn-pairing.ts';
import { distance, REQUEST_BYTES_MIN } from './turn-taking.ts';

export class Pairing {
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #streams: PairingStreams;
  readonly #entries: PairingEntries;
  readonly #client: ClientTurns;
  readonly #turns: TurnPairing;
  readonly #plain: PlainPairing;
  readonly #order: PairingOrder;
  readonly #early: EarlyResponses;
  readonly #responses: ResponsePairing;
  readonly #words: Int32Array;
  readonly #parts: Int32Array;

  constructor(limits: HttpLimits, counters: HttpCounters) {
    this.#limits = limits;
    this.#counters = counters;
    this.#streams = new PairingStreams(limits.streamsMax);
    this.#entries = new PairingEntries(limits.waitingRequestsMax, this.#streams);
    this.#words = this.#streams.words;
    this.#parts = this.#entries.words;
    this.#client = new ClientTurns(this.#streams, this.#entries);
    this.#turns = new TurnPairing(this.#streams, this.#entries);
    this.#plain = new PlainPairing(this.#streams, this.#entries, limits, counters);
    this.#order = new PairingOrder(this.#streams, this.#entries, counters);
    const parts = { counters, streams: this.#streams, entries: this.#entries, turns: this.#turns, order: this.#order };
    this.#early = new EarlyResponses({ ...parts, limits });
    this.#responses = new ResponsePairing({ ...parts, early: this.#early });
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
    if (words[at + Of.mode]! === Mode.lost) this.#order.resume(stream, ms, place);
    words[at + Of.lastMs] = ms;
    const hasEarly = this.#early.expire(stream, ms);
    const flags = this.#client.note(stream, place, headBytes, ms);
    if ((flags & EntryFlag.pipelined) !== 0) this.#order.foundPipelining(stream);
    message.pairing = 'absent';
    const early = hasEarly ? this.#early.find(stream, place, flags) : NONE;
    if (early >= 0) {
      const exchange = this.#parts[(early << entryShift) + Part.exchange]!;
      message.pairing = this.#early.verdictOf(stream, place, flags, early);
      message.exchange = message.pairing === 'absent' ? words[at + Of.next]!++ : exchange;
    } else message.exchange = words[at + Of.next]!++;
    words[at + Of.exchange] = message.exchange;
    if (words[at + Of.mode]! === Mode.lost) this.#order.leaveUnanswered(stream, message.method);
    else if (early >= 0) {
      this.#counters.responsesEarly++;
      this.#responses.pair(stream, message, this.#parts[(early << entryShift) + Part.sequence]!);
      const isBodiless = (this.#parts[(early << entryShift) + Part.flags]! & EntryFlag.bodiless) !== 0;
      this.#entries.shift(stream, Queue.responses);
      // It had a body, in which the responses behind it were found.
      if (isBodiless && message.method !== 'HEAD') this.#order.breakOrder(stream);
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
    this.#early.expire(stream, ms);
    message.exchange = -1;
    message.method = '';
    message.uri = '';
    message.pairing = 'absent';
    const flags = this.#turns.describe(stream, message.status, place);
    const mode = words[at + Of.mode]!;
    if (mode === Mode.turns) this.#responses.byTurns(stream, interim, message, place, flags);
    else if (mode !== Mode.lost) this.#responses.inOrder(stream, interim, message, place, flags);
    if (interim) return;
    const flag = words[at + Of.flags]! & ~(StreamFlag.responsesMissing | StreamFlag.clear);
    words[at + Of.flags] = flag | StreamFlag.answered;
    words[at + Of.previous] = message.exchange;
    words[at + Of.previousAck] = place.ack;
    words[at + Of.previousSequence] = place.sequence;
    if (message.exchange < 0) this.#counters.responsesUnasked++;
    if (mode === Mode.turns) this.#align(stream, message);
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
      else if (this.#words[mode]! !== Mode.lost) this.#order.giveUp(stream);
      return;
    }
    streams.unset(stream, StreamFlag.afterUnsent);
    streams.set(stream, StreamFlag.unsent | (isLong ? StreamFlag.requestsGuessed : 0));
    const entries = this.#entries;
    // By order any request would be given the next of the responses that wait.
    if (entries.length(stream, Queue.responses) > 0) this.#order.breakOrder(stream);
    if (entries.length(stream, Queue.requests) === 0) return;
    this.#parts[(entries.last(stream, Queue.requests) << entryShift) + Part.flags]! |= EntryFlag.unsent;
  }

  /**
   * A side, which sends requests, responses, or is not known yet, has lost its place.
   * @param hides bytes that may have held heads are missing; otherwise all were seen, and are no message
   */
  lost(stream: number, sends: 'request' | 'response' | 'unknown', hides: boolean): void {
    if (hides && sends !== 'response') this.#streams.set(stream, StreamFlag.requestsMissing);
    if (hides && sends !== 'request') this.#streams.set(stream, StreamFlag.responsesMissing);
    this.#order.breakOrder(stream);
  }

  /** A request from the side that sends responses: it stands in a body, and is in no pair. */
  strayRequest(stream: number, message: Pairable): void {
    message.pairing = 'absent';
    message.exchange = this.#words[stream * streamWords + Of.next]!++;
    this.#order.leaveUnanswered(stream, message.method);
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
    this.#order.breakOrder(stream);
  }

  /** The side that was taken to send requests sends responses: what was known of both is void. */
  turnedAround(stream: number): void {
    const words = this.#words;
    const at = stream * streamWords;
    const next = words[at + Of.next]!;
    this.#order.dropAll(stream);
    this.#streams.reset(stream);
    words[at + Of.next] = next;
    this.lost(stream, 'unknown', true);
    this.#streams.set(stream, StreamFlag.requestsGuessed | StreamFlag.responsesGuessed);
  }

  /** Whether a response in no pair may be that of a HEAD. */
  mayAnswerHead(stream: number): boolean {
    return this.#streams.has(stream, StreamFlag.headUnpaired);
  }

  /** Whether every request of the stream was seen, as far as can be known. */
  isWhole(stream: number): boolean {
    return !this.#streams.has(stream, StreamFlag.broken);
  }

  /** The stream closed: what still waits stays unanswered. */
  close(stream: number): void {
    this.#order.dropAll(stream);
    this.#streams.reset(stream);
  }

  /** Whether order is known behind the response at hand. */
  #align(stream: number, { exchange, pairing }: Pairable): void {
    const isPaired = pairing === 'certain' || pairing === 'probable';
    if (isPaired) this.#order.align(stream, exchange, pairing === 'certain');
    else this.#streams.unset(stream, StreamFlag.aligned);
  }

  /** A request waits for its response. */
  #wait(stream: number, message: Pairable, place: Place, flags: number): void {
    const entries = this.#entries;
    const { pipelinedMax, waitingUriBytesMax } = this.#limits;
    if (entries.length(stream, Queue.requests) >= pipelinedMax) {
      // Dropping the oldest serves a capture of requests alone; with responses the order is no longer known.
      this.#order.dropRequest(stream);
      this.#counters.requestsShed++;
      this.#order.breakOrder(stream);
    }
    const uri = entries.uriBytes + message.uri.length <= waitingUriBytesMax ? message.uri : '';
    const isLost = this.#words[stream * streamWords + Of.mode]! === Mode.lost;
    const entry = isLost ? NONE : entries.push(stream, Queue.requests, message.method, uri);
    if (entry < 0) {
      this.#order.leaveUnanswered(stream, message.method);
      if (isLost) return;
      this.#counters.requestsShed++;
      this.#streams.set(stream, StreamFlag.requestsMissing);
      this.#order.breakOrder(stream);
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
}
