/**
 * Whether a client takes turns, request by request: what each says of the one before it, of the responses that had come, and of
 * requests that may be hidden between (`turn-taking.ts` has the reasons).
 */
import {
  EntryFlag,
  Mode,
  Of,
  type PairingEntries,
  type PairingStreams,
  Queue,
  StreamFlag,
  streamWords,
} from './pairing-tables.ts';
import { Known, type Place } from './place.ts';
import { distance, REQUEST_BYTES_MIN, RESPONSE_BYTES_MIN, TURNS_PROVEN } from './turn-taking.ts';

/** What a request says of the one before it, or of what is missing between. */
export const OF_LAST_REQUEST =
  StreamFlag.requestsMissing | StreamFlag.oneSided | StreamFlag.asked | StreamFlag.ends | StreamFlag.pending;

export class ClientTurns {
  readonly #streams: PairingStreams;
  readonly #entries: PairingEntries;
  readonly #words: Int32Array;

  constructor(streams: PairingStreams, entries: PairingEntries) {
    this.#streams = streams;
    this.#entries = entries;
    this.#words = streams.words;
  }

  /** Notes a request and whether the client sent it in turn. @returns bits of `EntryFlag` for it */
  note(stream: number, place: Place, headBytes: number, ms: number): number {
    const words = this.#words;
    const at = stream * streamWords;
    const { sequence, ack, end, known: given } = place;
    const isPlaced = (given & Known.placed) !== 0;
    const before = words[at + Of.flags]!;
    const smallest = words[at + Of.smallest]!;
    if (smallest === 0 || headBytes < smallest) words[at + Of.smallest] = headBytes;
    let flags: number = isPlaced ? EntryFlag.placed : 0;
    if ((given & Known.expects) !== 0) flags |= EntryFlag.expects;
    const known = isPlaced && (before & StreamFlag.asked) !== 0;
    let isProven = false;
    if ((before & StreamFlag.requestsMissing) !== 0)
      flags |= isPlaced ? this.#hiddenBefore(stream, sequence, ack) : EntryFlag.hidden;
    if (known ? this.#isPipelined(stream, ack, ms, flags) : this.#isUnanswered(stream, isPlaced)) {
      flags |= EntryFlag.pipelined;
    } else if (known && (flags & EntryFlag.hidden) === 0) {
      if (words[at + Of.turns]! < TURNS_PROVEN) words[at + Of.turns]! += 1;
      if (words[at + Of.doubt]! > 0) words[at + Of.doubt]! -= 1;
      isProven = true;
    }
    let after = before & ~OF_LAST_REQUEST;
    if ((given & Known.found) !== 0) after |= StreamFlag.requestsGuessed;
    // Heads in one body were all sent with what the client had received before it.
    else if (isProven && (before & StreamFlag.unsent) === 0) after &= ~StreamFlag.requestsGuessed;
    if ((before & StreamFlag.unsent) !== 0) after ^= StreamFlag.unsent | StreamFlag.afterUnsent;
    else if (isProven) after &= ~StreamFlag.afterUnsent;
    if ((after & StreamFlag.requestsGuessed) !== 0) flags |= EntryFlag.guessed;
    if (isPlaced) {
      after |= StreamFlag.asked;
      words[at + Of.ack] = ack;
      words[at + Of.askedMs] = ms;
      if ((flags & EntryFlag.hidden) !== 0) {
        after |= StreamFlag.unsettled;
        words[at + Of.hiddenBefore] = sequence;
      }
      if ((after & StreamFlag.unsettled) !== 0) flags |= EntryFlag.unsettled;
      if ((given & Known.end) !== 0) {
        after |= StreamFlag.ends;
        flags |= EntryFlag.ends;
        words[at + Of.end] = end;
      }
    }
    words[at + Of.flags] = after;
    return flags;
  }

  /** Whether requests may be hidden before one at `sequence`, as bits of `EntryFlag`. */
  #hiddenBefore(stream: number, sequence: number, ack: number): number {
    const words = this.#words;
    const at = stream * streamWords;
    const streams = this.#streams;
    if (!streams.has(stream, StreamFlag.ends)) return EntryFlag.hidden;
    const bytes = distance(words[at + Of.end]!, sequence);
    if (bytes < REQUEST_BYTES_MIN) return 0;
    // A client's requests are much alike: two would be longer.
    const isOne = bytes * 4 < words[at + Of.smallest]! * 5;
    const isAnswered = this.#isLastAnswered(stream) && distance(words[at + Of.clear]!, ack) >= RESPONSE_BYTES_MIN;
    if (isOne && isAnswered) return 0;
    return EntryFlag.hidden | EntryFlag.hidesRequest | (isOne ? EntryFlag.hidesOne : 0);
  }

  /** Whether the end of the response to the last request is known. */
  #isLastAnswered(stream: number): boolean {
    const words = this.#words;
    const at = stream * streamWords;
    const streams = this.#streams;
    const exchange = words[at + Of.exchange]!;
    const isPaired = words[at + Of.paired]! === exchange && words[at + Of.previous]! === exchange;
    return isPaired && streams.has(stream, StreamFlag.clear);
  }

  /** Whether a request acknowledges less than what answers the last one, and what answers those hidden between. */
  #isPipelined(stream: number, ack: number, ms: number, flags: number): boolean {
    const words = this.#words;
    const at = stream * streamWords;
    const isHiding = (flags & EntryFlag.hidesRequest) !== 0;
    const received = distance(words[at + Of.ack]!, ack);
    // Neither acknowledgements nor time go back: the last request was seen as a later copy, which shows nothing.
    const isCopied = received < 0 || ((ms - words[at + Of.askedMs]!) | 0) < 0;
    if (isCopied) words[at + Of.doubt] = TURNS_PROVEN;
    else if (this.#answersReceived(stream, ack) < RESPONSE_BYTES_MIN * (isHiding ? 2 : 1)) return true;
    // The last request has its answer, and the client had received nothing of it.
    const isPaired = words[at + Of.paired]! === words[at + Of.exchange]!;
    const isSure = isPaired && !this.#streams.has(stream, StreamFlag.responsesGuessed);
    if (isSure && !isHiding && distance(words[at + Of.pairedSequence]!, ack) < RESPONSE_BYTES_MIN) return true;
    if (!this.#isLastAnswered(stream)) return false;
    return distance(words[at + Of.clear]!, ack) < (isHiding ? RESPONSE_BYTES_MIN : 0);
  }

  /** So many bytes that may be answers the client had received since the last request: not the interim responses that were seen. */
  #answersReceived(stream: number, ack: number): number {
    const words = this.#words;
    const at = stream * streamWords;
    const received = distance(words[at + Of.ack]!, ack);
    if (!this.#streams.has(stream, StreamFlag.interims)) return received;
    const interims = distance(words[at + Of.ack]!, words[at + Of.interimEnd]!);
    return interims > 0 && interims <= received ? received - interims : received;
  }

  /** Where no acknowledgement is known: a request behind one that waits. */
  #isUnanswered(stream: number, isPlaced: boolean): boolean {
    const isWaiting = this.#entries.length(stream, Queue.requests) > 0;
    return !isPlaced && isWaiting && this.#words[stream * streamWords + Of.mode]! === Mode.ordered;
  }
}
