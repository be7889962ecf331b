/**
 * Nearly all messages: nothing is missing, and the client sends a request when the response to the one before has come. What
 * `Pairing` does with such a message is done here at once, in a function each: V8 compiles every function that each message
 * passes through, several times over, and on a capture of a few hundred MB that took longer than running them.
 *
 * Whatever is not plain is left alone for `Pairing`, with nothing noted.
 */
import { OF_LAST_REQUEST } from './client-turns.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
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
import { REQUEST_TIMEOUT } from './turn-pairing.ts';
import { RESPONSE_BYTES_MIN, TURNS_PROVEN } from './turn-taking.ts';

/** Requests may be hidden, or what looks like one stand in a body. */
const MAY_HIDE = StreamFlag.requestsMissing | StreamFlag.unsettled | StreamFlag.unsent | StreamFlag.afterUnsent;

export class PlainPairing {
  readonly #entries: PairingEntries;
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #words: Int32Array;
  readonly #parts: Int32Array;

  constructor(streams: PairingStreams, entries: PairingEntries, limits: HttpLimits, counters: HttpCounters) {
    this.#entries = entries;
    this.#limits = limits;
    this.#counters = counters;
    this.#words = streams.words;
    this.#parts = entries.words;
  }

  /** @returns whether the request is plain: then its `exchange` and `pairing` are set, and it waits for its response */
  request(stream: number, message: Pairable, place: Place, headBytes: number): boolean {
    const words = this.#words;
    const at = stream * streamWords;
    const entries = this.#entries;
    const before = words[at + Of.flags]!;
    const { known, ack } = place;
    const isWaiting = (words[at + Of.length + Queue.requests]! | words[at + Of.length + Queue.responses]!) !== 0;
    const isMissing = (before & MAY_HIDE) !== 0;
    if (words[at + Of.mode] !== Mode.ordered || isWaiting || isMissing) return false;
    if ((known & (Known.placed | Known.expects)) !== Known.placed) return false;
    const isFull = entries.uriBytes + message.uri.length > this.#limits.waitingUriBytesMax;
    if (isFull || entries.inUse === entries.capacity) return false;
    if ((before & StreamFlag.asked) !== 0) {
      // The client has received a response since the last request, and all of the last request's.
      const last = words[at + Of.exchange]!;
      const isAnswered = words[at + Of.paired] === last && words[at + Of.previous] === last;
      if (!isAnswered || (before & StreamFlag.clear) === 0) return false;
      if (((ack - words[at + Of.ack]!) | 0) < RESPONSE_BYTES_MIN || ((ack - words[at + Of.clear]!) | 0) < 0)
        return false;
      if (words[at + Of.turns]! < TURNS_PROVEN) words[at + Of.turns]! += 1;
      if (words[at + Of.doubt]! > 0) words[at + Of.doubt]! -= 1;
    }
    const hasEnd = (known & Known.end) !== 0;
    const ms = Math.floor(message.tsUs / 1000) | 0;
    const exchange = words[at + Of.next]!;
    const smallest = words[at + Of.smallest]!;
    if (smallest === 0 || headBytes < smallest) words[at + Of.smallest] = headBytes;
    words[at + Of.flags] = (before & ~OF_LAST_REQUEST) | StreamFlag.asked | (hasEnd ? StreamFlag.ends : 0);
    words[at + Of.next] = exchange + 1;
    words[at + Of.exchange] = exchange;
    words[at + Of.ack] = ack;
    words[at + Of.askedMs] = ms;
    if (hasEnd) words[at + Of.end] = place.end;
    words[at + Of.lastMs] = ms;
    message.exchange = exchange;
    message.pairing = 'open';
    const entry = entries.push(stream, Queue.requests, message.method, message.uri) << entryShift;
    const parts = this.#parts;
    parts[entry + Part.exchange] = exchange;
    parts[entry + Part.flags] = EntryFlag.placed | (hasEnd ? EntryFlag.ends : 0);
    parts[entry + Part.sequence] = place.sequence;
    parts[entry + Part.ack] = ack;
    parts[entry + Part.end] = place.end;
    parts[entry + Part.ms] = ms;
    return true;
  }

  /** @returns whether the final response is plain: then what `Pairing.response` sets is set, and its request waits no more */
  response(stream: number, message: Pairable, place: Place): boolean {
    const words = this.#words;
    const at = stream * streamWords;
    const entries = this.#entries;
    const isAsked = words[at + Of.length + Queue.requests] === 1 && words[at + Of.length + Queue.responses] === 0;
    if (words[at + Of.mode] !== Mode.ordered || !isAsked || message.status === REQUEST_TIMEOUT) return false;
    const first = words[at + Of.first + Queue.requests]! - 1;
    const entry = first << entryShift;
    const parts = this.#parts;
    // The server had received the request, and the client nothing of the response.
    const isPlaced = (place.known & parts[entry + Part.flags]! & EntryFlag.placed) !== 0;
    if (!isPlaced || ((place.ack - parts[entry + Part.sequence]!) | 0) <= 0) return false;
    const received = parts[entry + Part.ack]!;
    if (((place.sequence - received) | 0) < 0) return false;
    if ((words[at + Of.flags]! & StreamFlag.clear) !== 0 && ((received - words[at + Of.clear]!) | 0) < 0) return false;
    const exchange = parts[entry + Part.exchange]!;
    message.exchange = exchange;
    message.method = entries.methods[first]!;
    message.uri = entries.uris[first]!;
    message.pairing = 'certain';
    this.#counters.pairs++;
    entries.shift(stream, Queue.requests);
    words[at + Of.flags] =
      (words[at + Of.flags]! & ~(StreamFlag.responsesMissing | StreamFlag.clear)) | StreamFlag.answered;
    words[at + Of.paired] = exchange;
    words[at + Of.previous] = exchange;
    words[at + Of.previousAck] = place.ack;
    words[at + Of.previousSequence] = place.sequence;
    words[at + Of.pairedSequence] = place.sequence;
    words[at + Of.lastMs] = Math.floor(message.tsUs / 1000) | 0;
    return true;
  }
}
