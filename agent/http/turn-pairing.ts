/**
 * Pairs by sequence numbers and acknowledgements, of a client that takes turns (`turn-taking.ts`): which request a response
 * answers, and how sure that is. It reads and notes; `Pairing` moves the queues and counts.
 */

import {
  EntryFlag,
  entryShift,
  Of,
  type PairingEntries,
  type PairingStreams,
  Part,
  Queue,
  StreamFlag,
  streamWords,
} from './pairing-tables.ts';
import { Known, type Place } from './place.ts';
import {
  type Answered,
  type Asked,
  answersNoneLater,
  crosses,
  distance,
  FRAMED_HEAD_BYTES_MIN,
  isFirstAfter,
  isUnansweredBefore,
  mayAnswer,
  REQUEST_BYTES_MIN,
  RESPONSE_BYTES_MIN,
  TURNS_PROVEN,
} from './turn-taking.ts';

/** No entry is the one looked for. */
export const NONE = -1;
/** What was found instead: the client pipelines. */
export const PIPELINES = -2;
/** The same, unless a response stands in a body: which request it answers is unknowable. */
export const PERHAPS_PIPELINES = -3;
/** Status codes (RFC 9110, 15.5.9). */
export const REQUEST_TIMEOUT = 408;

export class TurnPairing {
  readonly #streams: PairingStreams;
  readonly #entries: PairingEntries;
  /** Scratch: one request and one response under comparison. */
  readonly #asked: Asked = { sequence: 0, ack: 0, end: 0, hasEnd: false };
  readonly #answered: Answered = { sequence: 0, ack: 0, clear: 0, open: 0, isTimeout: false };

  readonly #words: Int32Array;
  readonly #parts: Int32Array;

  constructor(streams: PairingStreams, entries: PairingEntries) {
    this.#streams = streams;
    this.#entries = entries;
    this.#words = streams.words;
    this.#parts = entries.words;
  }

  /** No final response lies between here and the response described last. */
  get clear(): number {
    return this.#answered.clear;
  }

  /** No final response begins between here and the response described last. */
  get open(): number {
    return this.#answered.open;
  }

  /** What is known of a response, kept for what follows, and as bits of `EntryFlag`. */
  describe(stream: number, status: number, { sequence, ack, known: given }: Place): number {
    const words = this.#words;
    const at = stream * streamWords;
    const response = this.#answered;
    const known = words[at + Of.flags]!;
    response.sequence = sequence;
    response.ack = ack;
    response.clear = sequence;
    response.open = sequence;
    response.isTimeout = status === REQUEST_TIMEOUT;
    let flags: number = (given & Known.placed) === 0 ? 0 : EntryFlag.placed;
    if (response.isTimeout) flags |= EntryFlag.timeout;
    if ((given & Known.found) !== 0) this.#streams.set(stream, StreamFlag.responsesGuessed);
    if (this.#streams.has(stream, StreamFlag.responsesGuessed)) flags |= EntryFlag.guessed;
    if ((known & StreamFlag.answered) === 0) flags |= EntryFlag.first;
    else if (flags === EntryFlag.placed && distance(words[at + Of.previousAck]!, ack) < REQUEST_BYTES_MIN) {
      // The server had received nothing since its last response: this client pipelines, or that was a later copy.
      this.#streams.set(stream, StreamFlag.crowded);
    }
    const isMissing = (known & StreamFlag.responsesMissing) !== 0;
    if ((known & StreamFlag.clear) === 0) return isMissing ? flags : flags | EntryFlag.follows;
    // Too few bytes are missing for a response: none is.
    if (isMissing && distance(words[at + Of.clear]!, sequence) >= RESPONSE_BYTES_MIN) return flags;
    response.clear = words[at + Of.clear]!;
    const isFirst = (known & StreamFlag.answered) === 0;
    response.open = isFirst ? response.clear : (words[at + Of.previousSequence]! + 1) | 0;
    return flags | EntryFlag.follows;
  }

  /**
   * The response, in the queue from `early` on, of a request that has just come and has these bits of `EntryFlag`; `NONE`,
   * `PIPELINES` or `PERHAPS_PIPELINES`.
   */
  findResponse(stream: number, early: number, place: Place, flags: number): number {
    const request = this.#ask(place);
    if (this.#isOwn(stream, early, flags)) return early;
    let found = early;
    while (found >= 0 && !mayAnswer(this.#answerOf(found), request)) found = this.#entries.next(found);
    if (found < 0 || this.#isInBody(this.#flagsOf(found), this.#answerOf(found), request)) return NONE;
    const response = this.#answerOf(found);
    if (request.hasEnd) {
      if (!answersNoneLater(response, request)) return NONE;
    }
    // A response before it acknowledges the request: this is a later copy, of which the acknowledgement shows nothing.
    else if (found !== early || !isFirstAfter(response, request)) return NONE;
    if (this.#entries.length(stream, Queue.requests) === 0) return found;
    const isSentUnanswered = this.#isSentUnanswered(this.#entries.last(stream, Queue.requests), place.ack);
    this.#ask(place);
    if (!isSentUnanswered) return found;
    return (this.#flagsOf(found) & EntryFlag.guessed) === 0 ? PIPELINES : PERHAPS_PIPELINES;
  }

  /** Whether a request was sent without the response `early`, which is an earlier one's. */
  crossesEarly(early: number, place: Place): boolean {
    return crosses(this.#answerOf(early), this.#ask(place));
  }

  /**
   * The waiting request that the response described last answers; `NONE`, or `PIPELINES`.
   * @param flags what `describe` returned
   */
  findRequest(stream: number, interim: boolean, place: Place, flags: number): number {
    let found = NONE;
    let following = this.#entries.first(stream, Queue.requests);
    while (following >= 0 && mayAnswer(this.#answered, this.#askedOf(following))) {
      if (found >= 0 && !interim && this.#isSentUnanswered(found, this.#asked.ack)) {
        return (flags & EntryFlag.guessed) === 0 ? PIPELINES : PERHAPS_PIPELINES;
      }
      found = following;
      following = this.#entries.next(following);
    }
    if (!interim && following >= 0 && crosses(this.#answered, this.#askedOf(following))) return PIPELINES;
    if (found < 0 || this.#isInBody(flags, this.#answered, this.#askedOf(found))) return NONE;
    if (!this.#answersNoneAfter(found, following, place) && !this.#answersFlowing(stream, found, following, place))
      return NONE;
    // It begins where the answer to that request does: no body is searched any more.
    if (interim) this.#streams.unset(stream, StreamFlag.responsesGuessed);
    return found;
  }

  /**
   * Whether the request behind `entry`, which acknowledges `ack`, was sent before an answer to `entry` came: no final response
   * lies between that and the one at hand, only interim ones do. What is missing may be one where the client waits for it.
   */
  #isSentUnanswered(entry: number, ack: number): boolean {
    const response = this.#answered;
    const request = this.#askedOf(entry);
    const received = distance(request.ack, ack);
    if (received < RESPONSE_BYTES_MIN) return false;
    if (
      (this.#flagsOf(entry) & EntryFlag.expects) !== 0 &&
      distance(request.ack, response.sequence) < FRAMED_HEAD_BYTES_MIN
    )
      return true;
    return isUnansweredBefore(response, request);
  }

  /**
   * Whether the numbers of the response described last, which is the next in order, and of the request `entry` can be of no
   * pair: the client had received a part of it, or less than all before the first one. Then a segment of another
   * conversation was taken for one of this, or a later copy of the request was seen.
   * @param flags what `describe` returned
   */
  isImpossible(stream: number, entry: number, flags: number): boolean {
    const request = this.#askedOf(entry);
    if (distance(request.ack, this.#answered.sequence) < 0) return true;
    const isFirst = (flags & EntryFlag.first) !== 0 && this.#streams.has(stream, StreamFlag.clear);
    return isFirst && distance(this.#answered.clear, request.ack) < 0;
  }

  /** The same of a request that has just come and the response `early`. */
  isImpossibleEarly(early: number, place: Place): boolean {
    if ((this.#flagsOf(early) & place.known & EntryFlag.placed) === 0) return false;
    const response = this.#answerOf(early);
    if (distance(place.ack, response.sequence) < 0) return true;
    const isFirst =
      (this.#flagsOf(early) & (EntryFlag.first | EntryFlag.follows)) === (EntryFlag.first | EntryFlag.follows);
    return isFirst && distance(response.clear, place.ack) < 0;
  }

  /**
   * Whether the response described last, if it is the next in order, is meant for the request `entry` and not for the client at
   * large: a server that waited in vain sends 408 unasked (RFC 9110, 15.5.9). In the middle of a request it means that one.
   * @param flags what `describe` returned
   */
  isMeant(flags: number, entry: number): boolean {
    if ((flags & EntryFlag.timeout) === 0) return true;
    const request = this.#askedOf(entry);
    return (flags & EntryFlag.placed) !== 0 && request.hasEnd && distance(request.end, this.#answered.ack) < 0;
  }

  /**
   * Whether the response described last, which is the next in order after a quiet time, shows by its place that it is no answer
   * to the request `entry`. The first one that begins in its place proves those behind it.
   * @param flags what `describe` returned
   */
  isMisplaced(stream: number, entry: number, flags: number): boolean {
    const request = this.#askedOf(entry);
    if ((flags & EntryFlag.guessed) === 0 || (flags & this.#flagsOf(entry) & EntryFlag.placed) === 0) return false;
    if (this.#isInBody(flags, this.#answered, request)) return !answersNoneLater(this.#answered, request);
    if (distance(request.ack, this.#answered.sequence) >= 0) this.#streams.unset(stream, StreamFlag.responsesGuessed);
    return false;
  }

  #flagsOf(entry: number): number {
    return this.#parts[(entry << entryShift) + Part.flags]!;
  }

  /**
   * Whether a head that a search found is no answer to this request: that would begin where the client had received all before
   * it. It stands in a body, or behind an interim response that was not seen.
   * @param flags of the response
   */
  #isInBody(flags: number, response: Answered, request: Asked): boolean {
    return (flags & EntryFlag.guessed) !== 0 && distance(request.ack, response.sequence) >= FRAMED_HEAD_BYTES_MIN;
  }

  #ask({ sequence, ack, end, known }: Place): Asked {
    const request = this.#asked;
    request.sequence = sequence;
    request.ack = ack;
    request.end = end;
    request.hasEnd = (known & Known.end) !== 0;
    return request;
  }

  /**
   * Whether a response is that of the request at hand although this acknowledges it, being a copy of one that was not
   * captured: the request before has its response, and this one was sent when the server had received nothing later.
   */
  #isOwn(stream: number, early: number, flags: number): boolean {
    const words = this.#words;
    const at = stream * streamWords;
    const request = this.#asked;
    const response = this.#answerOf(early);
    if (distance(request.ack, response.sequence) >= 0 || response.isTimeout) return false;
    if (request.hasEnd && !answersNoneLater(response, request)) return false;
    // It acknowledged no more than this at first.
    words[at + Of.ack] = response.sequence;
    if (!request.hasEnd) return false;
    return (flags & EntryFlag.hidden) === 0 && words[at + Of.paired]! === words[at + Of.exchange]!;
  }

  /** Whether a response that may answer the request `found` answers none behind it, the one at `following` or one not seen. */
  #answersNoneAfter(found: number, following: number, { ack, reached, known }: Place): boolean {
    if (answersNoneLater(this.#answered, this.#askedOf(found))) return true;
    return following < 0 && !this.#answered.isTimeout && (known & Known.within) !== 0 && distance(reached, ack) <= 0;
  }

  /**
   * Whether a response that acknowledges more than was seen of the client is that of the request `found`: it flows, and does not
   * say where it ends. No other response has begun since, and a client that takes turns has sent nothing behind it.
   */
  #answersFlowing(stream: number, found: number, following: number, { known }: Place): boolean {
    const response = this.#answered;
    const request = this.#askedOf(found);
    const isLast =
      this.#parts[(found << entryShift) + Part.exchange] === this.#words[stream * streamWords + Of.exchange];
    const isFlowing = isLast && following < 0 && !request.hasEnd && (known & Known.within) !== 0;
    return isFlowing && !response.isTimeout && isFirstAfter(response, request);
  }

  /** Whether it is certain that the response described last, which may answer the request `found`, answers none behind it. */
  isLastAsked(found: number, { ack, reached, known }: Place): boolean {
    if (answersNoneLater(this.#answered, this.#askedOf(found))) return true;
    return (known & Known.reached) !== 0 && distance(reached, ack) <= 0;
  }

  #answerOf(entry: number): Answered {
    const parts = this.#parts;
    const place = entry << entryShift;
    const response = this.#answered;
    response.sequence = parts[place + Part.sequence]!;
    response.ack = parts[place + Part.ack]!;
    response.clear = parts[place + Part.end]!;
    response.open = parts[place + Part.open]!;
    response.isTimeout = (this.#flagsOf(entry) & EntryFlag.timeout) !== 0;
    return response;
  }

  #askedOf(entry: number): Asked {
    const parts = this.#parts;
    const place = entry << entryShift;
    const request = this.#asked;
    request.sequence = parts[place + Part.sequence]!;
    request.ack = parts[place + Part.ack]!;
    request.end = parts[place + Part.end]!;
    request.hasEnd = (this.#flagsOf(entry) & EntryFlag.ends) !== 0;
    return request;
  }

  /**
   * Whether a head of the pair found last may stand in a body. When a client that takes turns sends a request, it has received
   * all before the response to it and no more: there a response begins. When a server answers, it has received all before the
   * next request: there a request begins. A head in a body begins behind.
   */
  #isGuess(stream: number, asked: number, answered: number, previousAck: number): boolean {
    if (((asked | answered) & EntryFlag.guessed) === 0) return false;
    const behind = distance(this.#asked.ack, this.#answered.sequence);
    if (behind < 0 || behind >= FRAMED_HEAD_BYTES_MIN) return true;
    // What came later is not proven by it.
    const entries = this.#entries;
    if (entries.length(stream, Queue.responses) <= 1) this.#streams.unset(stream, StreamFlag.responsesGuessed);
    if ((asked & EntryFlag.guessed) === 0) return false;
    if ((answered & EntryFlag.first) !== 0 || this.#asked.sequence !== previousAck) return true;
    if (entries.length(stream, Queue.requests) <= 1) this.#streams.unset(stream, StreamFlag.requestsGuessed);
    return false;
  }

  /**
   * How sure the pair found last is, which only a client that takes turns can have made. Requests hidden before it make it
   * doubtful: had one been pipelined with it, the response would be that one's. `absent`: the client pipelines.
   * @param asked bits of the request's entry, which begins at `sequence`
   * @param answered bits of the response's entry; `previous` and `previousAck` of the final response before it
   */
  judge(
    stream: number,
    asked: number,
    sequence: number,
    answered: number,
    previous: number,
    previousAck: number,
  ): 'certain' | 'probable' | 'absent' {
    const words = this.#words;
    const at = stream * streamWords;
    const streams = this.#streams;
    const isUnsettled = (asked & EntryFlag.unsettled) !== 0 && streams.has(stream, StreamFlag.unsettled);
    if (isUnsettled || (asked & EntryFlag.hidden) !== 0) {
      if (distance(words[at + Of.hiddenBefore]!, sequence) >= 0) streams.unset(stream, StreamFlag.unsettled);
      const isFirst = (answered & EntryFlag.first) !== 0;
      const follows = (answered & EntryFlag.follows) !== 0;
      const isPreviousPaired = !isFirst && previous >= 0 && previous === words[at + Of.paired]!;
      // Nothing answered the hidden ones before this request came: they were pipelined.
      if (
        follows &&
        (asked & EntryFlag.hidden) !== 0 &&
        (isFirst || (isPreviousPaired && (asked & EntryFlag.hidesRequest) !== 0))
      ) {
        return 'absent';
      }
      // One is hidden, and the server had received it when it answered last.
      const isAnswered = follows && !isFirst && !isPreviousPaired;
      const isSettled =
        isAnswered && (asked & EntryFlag.hidesOne) !== 0 && distance(sequence, previousAck) > -REQUEST_BYTES_MIN;
      const isProven = words[at + Of.turns]! >= TURNS_PROVEN && !streams.has(stream, StreamFlag.crowded);
      if (!isSettled && !isProven) words[at + Of.doubt] = TURNS_PROVEN;
    } else streams.unset(stream, StreamFlag.crowded);
    if (this.#isGuess(stream, asked, answered, previousAck)) return 'probable';
    return words[at + Of.doubt]! > 0 ? 'probable' : 'certain';
  }
}
