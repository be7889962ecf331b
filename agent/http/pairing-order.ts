/**
 * How the pairs of a stream are found, as `Mode` says: in order, by turns, or not at all until it was quiet. What waits goes
 * unpaired where no order is left.
 */
import type { HttpCounters } from './http-counters.ts';
import {
  Mode,
  Of,
  type PairingEntries,
  type PairingStreams,
  Queue,
  StreamFlag,
  streamWords,
} from './pairing-tables.ts';
import { Known, type Place } from './place.ts';
import { distance } from './turn-taking.ts';

/** Longer than any client waits between pipelined requests, shorter than a keep-alive timeout (nginx 75 s, Apache 5 s). */
export const quietMs = 1000;

/** Messages may be missing behind the last pair, or one may be none. */
const NOT_ALIGNED =
  StreamFlag.requestsMissing | StreamFlag.responsesMissing | StreamFlag.unsent | StreamFlag.afterUnsent;
/** … or stand in a body, or be another’s. */
const NOT_CERTAIN =
  StreamFlag.unsettled |
  StreamFlag.pending |
  StreamFlag.crowded |
  StreamFlag.requestsGuessed |
  StreamFlag.responsesGuessed;

export class PairingOrder {
  readonly #streams: PairingStreams;
  readonly #entries: PairingEntries;
  readonly #counters: HttpCounters;
  readonly #words: Int32Array;

  constructor(streams: PairingStreams, entries: PairingEntries, counters: HttpCounters) {
    this.#streams = streams;
    this.#entries = entries;
    this.#counters = counters;
    this.#words = streams.words;
  }

  /** In order no longer: by turns, if the client takes them. */
  breakOrder(stream: number): void {
    const words = this.#words;
    const at = stream * streamWords;
    const streams = this.#streams;
    streams.set(stream, StreamFlag.broken);
    streams.unset(stream, StreamFlag.aligned);
    if (words[at + Of.mode]! === Mode.lost) return;
    if (streams.has(stream, StreamFlag.pipelines)) this.giveUp(stream);
    else words[at + Of.mode] = Mode.turns;
  }

  /** The client was seen to pipeline. In order that changes nothing, unless what looks like pipelining may be a body. */
  foundPipelining(stream: number): void {
    const streams = this.#streams;
    const mode = stream * streamWords + Of.mode;
    const isBody = streams.has(stream, StreamFlag.afterUnsent) && !streams.has(stream, StreamFlag.pipelines);
    streams.set(stream, StreamFlag.pipelines);
    // Fewer bytes than were announced, and more requests at once: a body is the less likely of two readings.
    if (isBody && this.#words[mode] === Mode.ordered && !streams.has(stream, StreamFlag.requestsGuessed))
      this.#words[mode] = Mode.resumed;
    else if (isBody) this.giveUp(stream);
    else if (this.#words[mode]! !== Mode.turns) return;
    // What waits came in order behind a pair: order is as sure as that was.
    else if (streams.has(stream, StreamFlag.aligned)) this.#words[mode] = Mode.resumed;
    else this.giveUp(stream);
  }

  /**
   * A pair was found by turns: what is still to come is paired in order again, if the pair is certain and the last one on both
   * sides, with nothing missing behind it. An order that is not certain yet serves where the client turns out to pipeline.
   */
  align(stream: number, exchange: number, isCertain: boolean): void {
    const words = this.#words;
    const at = stream * streamWords;
    const entries = this.#entries;
    const isLast = words[at + Of.exchange] === exchange && words[at + Of.paired] === exchange;
    const isWaiting = entries.length(stream, Queue.requests) + entries.length(stream, Queue.responses) > 0;
    if (words[at + Of.mode]! !== Mode.turns || !isLast || isWaiting || this.#streams.has(stream, NOT_ALIGNED)) return;
    if (isCertain && !this.#streams.has(stream, NOT_CERTAIN)) words[at + Of.mode] = Mode.ordered;
    else this.#streams.set(stream, StreamFlag.aligned);
  }

  /** A pipelining client's request after a quiet time, with nothing under way: pairing starts again. */
  resume(stream: number, ms: number, place: Place): void {
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

  /** Neither in order nor by turns: nothing is paired until the stream was quiet. */
  giveUp(stream: number): void {
    this.dropAll(stream);
    this.#words[stream * streamWords + Of.mode] = Mode.lost;
    this.#counters.pairingLost++;
  }

  /** Nothing waits any more. */
  dropAll(stream: number): void {
    while (this.#entries.length(stream, Queue.requests) > 0) this.dropRequest(stream);
    while (this.#entries.length(stream, Queue.responses) > 0) this.dropResponse(stream);
  }

  /** The oldest request that waits stays unanswered. */
  dropRequest(stream: number): void {
    this.leaveUnanswered(stream, this.#entries.methods[this.#entries.first(stream, Queue.requests)]!);
    this.#entries.shift(stream, Queue.requests);
  }

  /** A request is in no pair. A response in none may be its own: that of a HEAD has no body. */
  leaveUnanswered(stream: number, method: string): void {
    this.#counters.requestsUnanswered++;
    if (method === 'HEAD') this.#streams.set(stream, StreamFlag.headUnpaired);
  }

  /** The oldest response that waits answers no request that is still to come. */
  dropResponse(stream: number): void {
    this.#entries.shift(stream, Queue.responses);
    this.#counters.responsesUnasked++;
  }
}
