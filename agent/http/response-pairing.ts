/**
 * Which of the requests that wait a response answers, by the order or by the turns of its stream, and what the pair leaves behind.
 */
import type { EarlyResponses } from './early-responses.ts';
import type { HttpCounters } from './http-counters.ts';
import type { PairingOrder } from './pairing-order.ts';
import {
  EntryFlag,
  entryShift,
  Mode,
  Of,
  type PairingEntries,
  type PairingStreams,
  Part,
  Queue,
  streamWords,
} from './pairing-tables.ts';
import type { Pairable, Place } from './place.ts';
import { NONE, PERHAPS_PIPELINES, PIPELINES, type TurnPairing } from './turn-pairing.ts';
import { distance, TURNS_PROVEN } from './turn-taking.ts';

export interface ResponsePairingOptions {
  readonly counters: HttpCounters;
  readonly streams: PairingStreams;
  readonly entries: PairingEntries;
  readonly turns: TurnPairing;
  readonly order: PairingOrder;
  readonly early: EarlyResponses;
}

export class ResponsePairing {
  readonly #counters: HttpCounters;
  readonly #entries: PairingEntries;
  readonly #turns: TurnPairing;
  readonly #order: PairingOrder;
  readonly #early: EarlyResponses;
  readonly #words: Int32Array;
  readonly #parts: Int32Array;

  constructor(options: ResponsePairingOptions) {
    this.#counters = options.counters;
    this.#entries = options.entries;
    this.#turns = options.turns;
    this.#order = options.order;
    this.#early = options.early;
    this.#words = options.streams.words;
    this.#parts = options.entries.words;
  }

  /** In order: the first request that waits, unless numbers contradict it. */
  inOrder(stream: number, interim: boolean, message: Pairable, place: Place, flags: number): void {
    const entries = this.#entries;
    const first = entries.first(stream, Queue.requests);
    if (first < 0) {
      this.#early.add(stream, interim, message, place, flags);
      return;
    }
    const parts = this.#parts;
    const entry = first << entryShift;
    const isPlaced = (flags & parts[entry + Part.flags]! & EntryFlag.placed) !== 0;
    // It had not received that request: a server that waited in vain says so unasked, or it waited behind missing bytes.
    const isUnasked = isPlaced && distance(parts[entry + Part.sequence]!, place.ack) <= 0;
    const isOrdered = this.#words[stream * streamWords + Of.mode] === Mode.ordered;
    if (isUnasked && (!isOrdered || (flags & EntryFlag.timeout) !== 0)) return;
    const isImpossible = isPlaced && (isUnasked || this.#turns.isImpossible(stream, first, flags));
    if (isOrdered && (isImpossible || this.#hadBody(first, interim, message, place))) {
      this.#order.breakOrder(stream);
      if (this.#words[stream * streamWords + Of.mode] === Mode.turns)
        this.byTurns(stream, interim, message, place, flags);
      return;
    }
    if (!isOrdered && this.#turns.isMisplaced(stream, first, flags)) {
      this.#order.giveUp(stream);
      return;
    }
    const isSure = isOrdered && this.#turns.isMeant(flags, first);
    this.#answer(stream, interim, message, place, first, isSure ? 'certain' : 'probable');
  }

  /**
   * Whether a response shows that the body of the request `entry`, which waited for 100 (Continue), came where it was taken for the
   * next requests: it is that 100, or acknowledges bytes behind the head.
   */
  #hadBody(entry: number, interim: boolean, { status }: Pairable, { ack }: Place): boolean {
    const at = entry << entryShift;
    const isEnd = EntryFlag.unsent | EntryFlag.ends;
    if ((this.#parts[at + Part.flags]! & isEnd) !== isEnd) return false;
    return interim ? status === 100 : distance(this.#parts[at + Part.end]!, ack) > 0;
  }

  /** Once something is missing: the request that sequence numbers and acknowledgements prove. */
  byTurns(stream: number, interim: boolean, message: Pairable, place: Place, flags: number): void {
    const words = this.#words;
    const at = stream * streamWords;
    const entries = this.#entries;
    if ((flags & EntryFlag.placed) === 0) {
      this.#answerNewest(stream, interim, message, place);
      return;
    }
    const found = this.#turns.findRequest(stream, interim, place, flags);
    if (found === PIPELINES) this.#order.foundPipelining(stream);
    if (found === PERHAPS_PIPELINES) words[at + Of.doubt] = TURNS_PROVEN;
    if (found === PIPELINES || found === PERHAPS_PIPELINES) return;
    if (found === NONE) {
      this.#early.add(stream, interim, message, place, flags);
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
      this.#order.foundPipelining(stream);
      return;
    }
    const isSure = verdict === 'certain' && this.#turns.isMeant(flags, found) && this.#turns.isLastAsked(found, place);
    while (entries.first(stream, Queue.requests) !== found) this.#order.dropRequest(stream);
    this.#answer(stream, interim, message, place, found, isSure ? 'certain' : 'probable');
  }

  /** Without sequence numbers a client that takes turns has one request open at a time: the newest. */
  #answerNewest(stream: number, interim: boolean, message: Pairable, place: Place): void {
    const entries = this.#entries;
    if (entries.length(stream, Queue.requests) === 0) return;
    while (entries.length(stream, Queue.requests) > 1) this.#order.dropRequest(stream);
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
    this.pair(stream, message, place.sequence);
    entries.shift(stream, Queue.requests);
  }

  /** A request and its response are a pair. @param sequence of the response's first byte */
  pair(stream: number, message: Pairable, sequence: number): void {
    this.#words[stream * streamWords + Of.paired] = message.exchange;
    this.#words[stream * streamWords + Of.pairedSequence] = sequence;
    this.#counters.pairs++;
    if (message.pairing === 'probable') this.#counters.pairsProbable++;
  }
}
