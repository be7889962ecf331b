/**
 * What pairing knows of each stream, and its two queues: requests that wait for their response, and responses that were
 * captured before their request. Records of 32-bit words in typed arrays of fixed capacity: no message makes an object, and
 * what one message asks for lies together, in one or two lines of the cache. Sequence numbers, acknowledgements and
 * milliseconds are compared by the sign of their difference (RFC 9293, 3.4).
 */

/** Which of a stream's two queues. */
export const Queue = { requests: 0, responses: 1 } as const;
export type Queue = (typeof Queue)[keyof typeof Queue];

/** Bits of `PairingEntries.flags`. */
export const EntryFlag = {
  /** `sequence` and `ack` hold. */
  placed: 1,
  /** A request: `end` holds. */
  ends: 2,
  /** A request: others may have been sent between the one seen before and this one. */
  hidden: 4,
  /** A response: 408, which a server also sends unasked (RFC 9110, 15.5.9). */
  timeout: 8,
  /** A response: nothing is missing between the response before it, or the start of the stream, and this one. */
  follows: 16,
  /** A response: it is the first one seen. */
  first: 32,
  /** A request: what is hidden before it is one whole request at least. */
  hidesRequest: 64,
  /** A request: some may be hidden before an earlier one, and no pair has settled yet whether they were answered. */
  unsettled: 128,
  /** A request: what is hidden before it is too short for two. */
  hidesOne: 256,
  /** A request: it was sent before the response to the one before it had come. */
  pipelined: 512,
  /** A search found it, it came in place of a body as long, or one before it did that nothing has proven since: it may stand in a body. */
  guessed: 1024,
  /** A response: a status line follows its head, as if it answered HEAD; a body may begin so. */
  bodiless: 2048,
  /** A request: it waits for 100 (Continue). */
  expects: 4096,
  /** A request: what came instead of its body was taken for the next requests. */
  unsent: 8192,
} as const;

/** Words of an entry, behind `entry << entryShift`. */
export const Part = {
  exchange: 0,
  flags: 1,
  /** Of the first byte. */
  sequence: 2,
  /** That came with the first byte. */
  ack: 3,
  /** A request: behind its last byte. A response: no other final response lies between here and its first byte. */
  end: 4,
  /** A response: exchange of the final response before it, −1 where that one answers no request seen. */
  previous: 5,
  /** A response: `ack` of the final response before it. */
  previousAck: 6,
  /** When it came (`millisecondsOf`). */
  ms: 7,
  /** The entry behind, + 1. */
  next: 8,
  /** A response: no other final response begins between here and its first byte. */
  open: 9,
} as const;
export const entryShift = 4;

/** One queue entry for each request that waits and each response that came early, all streams together. */
export class PairingEntries {
  readonly capacity: number;
  /** By `Part`. */
  readonly words: Int32Array;
  readonly methods: string[] = [];
  readonly uris: string[] = [];
  inUse = 0;
  uriBytes = 0;
  /** Of the streams: their queues lie there. */
  readonly #streams: Int32Array;
  /** First of the entries given back, + 1. */
  #free = 0;
  #touched = 0;

  constructor(capacity: number, streams: PairingStreams) {
    this.capacity = capacity;
    this.words = new Int32Array(capacity << entryShift);
    this.#streams = streams.words;
  }

  /** An entry without its target: its words, and two references. */
  static readonly bytesEach = (4 << entryShift) + 2 * 8;

  /** The oldest entry of a queue, −1 when it is empty. */
  first(stream: number, queue: Queue): number {
    return this.#streams[stream * streamWords + Of.first + queue]! - 1;
  }

  /** The entry behind, −1 behind the last. */
  next(entry: number): number {
    return this.words[(entry << entryShift) + Part.next]! - 1;
  }

  /** The newest entry of a queue that is not empty. */
  last(stream: number, queue: Queue): number {
    return this.#streams[stream * streamWords + Of.last + queue]! - 1;
  }

  length(stream: number, queue: Queue): number {
    return this.#streams[stream * streamWords + Of.length + queue]!;
  }

  /** Appends an entry, its other members to be set by the caller; −1 where none is left. */
  push(stream: number, queue: Queue, method: string, uri: string): number {
    if (this.inUse === this.capacity) return -1;
    const { words } = this;
    const streams = this.#streams;
    let entry = this.#free - 1;
    if (entry >= 0) this.#free = words[(entry << entryShift) + Part.next]!;
    else entry = this.#touched++;
    this.inUse++;
    words[(entry << entryShift) + Part.next] = 0;
    this.methods[entry] = method;
    this.uris[entry] = uri;
    this.uriBytes += uri.length;
    const list = stream * streamWords + queue;
    if (streams[list + Of.length] === 0) streams[list + Of.first] = entry + 1;
    else words[((streams[list + Of.last]! - 1) << entryShift) + Part.next] = entry + 1;
    streams[list + Of.last] = entry + 1;
    streams[list + Of.length]! += 1;
    return entry;
  }

  /** Takes the oldest entry out of a queue. It keeps what it holds, but for its strings, until the next `push`. */
  shift(stream: number, queue: Queue): void {
    const streams = this.#streams;
    const list = stream * streamWords + queue;
    const entry = streams[list + Of.first]! - 1;
    const at = (entry << entryShift) + Part.next;
    streams[list + Of.first] = this.words[at]!;
    streams[list + Of.length]! -= 1;
    this.inUse--;
    this.uriBytes -= this.uris[entry]!.length;
    this.methods[entry] = '';
    this.uris[entry] = '';
    this.words[at] = this.#free;
    this.#free = entry + 1;
  }
}

/** Bits of `PairingStreams.flags`. */
export const StreamFlag = {
  /** A request was sent before the response to the one before it had come. */
  pipelines: 1,
  /** A request may have been missed since the last one seen. */
  requestsMissing: 2,
  /** A response may have been missed since the last one seen. */
  responsesMissing: 4,
  /** `ack` of the last request holds. */
  asked: 8,
  /** `end` of the last request holds. */
  ends: 16,
  /** `clear` holds. */
  clear: 32,
  /** A final response was seen. */
  answered: 64,
  /** Responses come and no request ever does: the other direction is not captured. */
  oneSided: 128,
  /** The last request is paired, and where it ends decides how sure that is: see `answerAck`. */
  pending: 256,
  /** Since the request at `hiddenBefore`: see `EntryFlag.unsettled`. */
  unsettled: 512,
  /** Something was missing once, or given up. */
  broken: 1024,
  /** A request, a response, may stand in a body, and no pair has proven since that this side is in its place. */
  requestsGuessed: 2048,
  responsesGuessed: 4096,
  /** What came behind a request that expected 100 (Continue) was taken for the next requests. */
  unsent: 8192,
  /** The first of those was seen, and no request in turn since. */
  afterUnsent: 16384,
  /** A response acknowledged no more than the one before it, and no pair has shown since that the client takes turns. */
  crowded: 32768,
  /** An interim response was seen: those that were not seen may have been more. */
  interims: 65536,
  /** By turns: the last pair left nothing that waits, and nothing has gone missing since. What waits has come in order. */
  aligned: 131072,
  /** A HEAD is in no pair: a response in none may be its own. */
  headUnpaired: 262144,
} as const;

/** How a stream's messages are paired. */
export const Mode = {
  /** Nothing is missing: in order. */
  ordered: 0,
  /** Something is missing, and the client takes turns: by sequence numbers and acknowledgements. */
  turns: 1,
  /** The client pipelines and how many heads went missing is unknowable. */
  lost: 2,
  /** In order again after a quiet time: a slow answer to what was lost would shift every pair. */
  resumed: 3,
} as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** Words of a stream, behind `stream * streamWords`. */
export const Of = {
  /** `Mode`. */
  mode: 0,
  /** Bits of `StreamFlag`. */
  flags: 1,
  /** Number of the next exchange. */
  next: 2,
  /** Requests in a row, each sent after the response to the one before it; up to `TURNS_PROVEN`. */
  turns: 3,
  /** So many turns more until pairs are certain. */
  doubt: 4,
  /** Of the last request: number, acknowledgement, end. */
  exchange: 5,
  ack: 6,
  end: 7,
  /** Bytes of the smallest request head seen. */
  smallest: 8,
  /** From here on no final response lies in what the server has sent. */
  clear: 9,
  /** Of the last final response: its exchange, −1 for none, and its acknowledgement. */
  previous: 10,
  previousAck: 11,
  /** First byte of the last request before which others may be hidden. */
  hiddenBefore: 12,
  /** Acknowledgement of the response to the last request, while `pending`. */
  answerAck: 13,
  /** The exchange paired last, −1 for none. */
  paired: 14,
  /** Of the last message (`millisecondsOf`). */
  lastMs: 15,
  /** Of both queues: first and last entry, + 1, and how many there are. */
  first: 16,
  last: 18,
  length: 20,
  /** When the last request came, where `StreamFlag.asked` is set. */
  askedMs: 22,
  /** Behind the last interim response, where `StreamFlag.interims` is set. */
  interimEnd: 23,
  /** First byte of the last final response, and of the response paired last. */
  previousSequence: 24,
  pairedSequence: 25,
} as const;
export const streamWords = 26;

/** What is known of each stream, by its slot. */
export class PairingStreams {
  /** By `Of`. */
  readonly words: Int32Array;

  constructor(streams: number) {
    this.words = new Int32Array(streams * streamWords);
  }

  static readonly bytesEach = 4 * streamWords;

  /** A stream whose queues are empty begins. */
  reset(stream: number): void {
    const at = stream * streamWords;
    this.words.fill(0, at, at + Of.first);
    this.words[at + Of.exchange] = -1;
    this.words[at + Of.previous] = -1;
    this.words[at + Of.paired] = -1;
  }

  has(stream: number, flag: number): boolean {
    return (this.words[stream * streamWords + Of.flags]! & flag) !== 0;
  }

  set(stream: number, flag: number): void {
    this.words[stream * streamWords + Of.flags]! |= flag;
  }

  unset(stream: number, flag: number): void {
    this.words[stream * streamWords + Of.flags]! &= ~flag;
  }
}

/** Times as words: they wrap around every 49 days, and differences of less than half of that are right. */
export function millisecondsOf(tsUs: number): number {
  return Math.floor(tsUs / 1000) | 0;
}
