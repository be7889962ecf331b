/**
 * Responses that were captured before their request, as where two directions are captured apart: how many may wait and how long,
 * which of them a request finds, and how sure that pair is.
 */
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import type { PairingVerdict } from './message-handler.ts';
import { type PairingOrder, quietMs } from './pairing-order.ts';
import {
  EntryFlag,
  entryShift,
  Mode,
  Of,
  type PairingEntries,
  type PairingStreams,
  Part,
  Queue,
  StreamFlag,
  streamWords,
} from './pairing-tables.ts';
import { Known, type Pairable, type Place } from './place.ts';
import { NONE, PERHAPS_PIPELINES, PIPELINES, type TurnPairing } from './turn-pairing.ts';
import { distance, TURNS_PROVEN } from './turn-taking.ts';

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

export interface EarlyResponsesOptions {
  readonly limits: HttpLimits;
  readonly counters: HttpCounters;
  readonly streams: PairingStreams;
  readonly entries: PairingEntries;
  readonly turns: TurnPairing;
  readonly order: PairingOrder;
}

export class EarlyResponses {
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #streams: PairingStreams;
  readonly #entries: PairingEntries;
  readonly #turns: TurnPairing;
  readonly #order: PairingOrder;
  readonly #words: Int32Array;
  readonly #parts: Int32Array;

  constructor(options: EarlyResponsesOptions) {
    this.#limits = options.limits;
    this.#counters = options.counters;
    this.#streams = options.streams;
    this.#entries = options.entries;
    this.#turns = options.turns;
    this.#order = options.order;
    this.#words = options.streams.words;
    this.#parts = options.entries.words;
  }

  /** Gives up responses whose request has not come in time. @returns whether others wait */
  expire(stream: number, ms: number): boolean {
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
      this.#order.dropResponse(stream);
      // Without an acknowledgement nothing shows that it was asked for.
      if (!isPlaced) continue;
      if (!streams.has(stream, StreamFlag.asked)) streams.set(stream, StreamFlag.oneSided);
      // Should its request come all the same, order would give that the next response.
      if (words[at + Of.mode]! === Mode.ordered) words[at + Of.mode] = Mode.turns;
    }
  }

  /** The response that came before its request, −1 for none. Those before it answer nothing that is still to come. */
  find(stream: number, place: Place, flags: number): number {
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
        this.#order.foundPipelining(stream);
        return NONE;
      }
      // While nothing is missing each response has its request: that one was no response, or hid the next.
      const isAnswer = (this.#parts[(early << entryShift) + Part.flags]! & EntryFlag.timeout) === 0;
      this.#order.dropResponse(stream);
      if (isAnswer) this.#order.breakOrder(stream);
      early = entries.first(stream, Queue.responses);
    }
    if (early >= 0 && words[at + Of.mode]! === Mode.ordered && this.#turns.isImpossibleEarly(early, place))
      this.#order.breakOrder(stream);
    if (words[at + Of.mode]! === Mode.lost) return NONE;
    if (early < 0 || words[at + Of.mode]! !== Mode.turns) return early;
    const found = this.#turns.findResponse(stream, early, place, flags);
    if (found === PIPELINES) this.#order.foundPipelining(stream);
    if (found === PERHAPS_PIPELINES) words[at + Of.doubt] = TURNS_PROVEN;
    if (found < 0) return NONE;
    while (found >= 0 && entries.first(stream, Queue.responses) !== found) this.#order.dropResponse(stream);
    return found;
  }

  #isPlaced(entry: number, place: Place): boolean {
    return (this.#parts[(entry << entryShift) + Part.flags]! & place.known & EntryFlag.placed) !== 0;
  }

  /** No request seen is answered: a later one may be, if the server acknowledged what was not seen yet. */
  add(stream: number, interim: boolean, message: Pairable, place: Place, flags: number): void {
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
      this.#order.breakOrder(stream);
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
  verdictOf(stream: number, place: Place, flags: number, early: number): PairingVerdict {
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
    if (verdict === 'absent') this.#order.foundPipelining(stream);
    if (verdict === 'certain' && !isMeant) return 'probable';
    if (verdict !== 'certain' || (place.known & Known.end) !== 0) return verdict;
    // Its end decides: `requestEnded`.
    words[at + Of.answerAck] = parts[entry + Part.ack]!;
    streams.set(stream, StreamFlag.pending);
    return 'probable';
  }
}
