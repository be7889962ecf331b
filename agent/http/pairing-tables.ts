/**
 * What pairing knows of each stream, and its two queues: requests that wait for their response, and responses that were
 * captured before their request. Typed arrays of fixed capacity, so that no message makes an object. Sequence numbers and
 * acknowledgements are signed 32-bit and compared by the sign of their difference (RFC 9293, 3.4).
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
} as const;

/** One queue entry for each request that waits and each response that came early, all streams together. */
export class PairingEntries {
  readonly capacity: number;
  readonly exchange: Int32Array;
  /** Of the first byte. */
  readonly sequence: Int32Array;
  /** That came with the first byte. */
  readonly ack: Int32Array;
  /** A request: behind its last byte. A response: no other final response lies between here and its first byte. */
  readonly end: Int32Array;
  /** A response: `ack` of the final response before it. */
  readonly previousAck: Int32Array;
  /** A response: exchange of the one before, −1 where that one answers no request seen. */
  readonly previous: Int32Array;
  readonly tsUs: Float64Array;
  readonly flags: Uint16Array;
  readonly methods: string[] = [];
  readonly uris: string[] = [];
  inUse = 0;
  uriBytes = 0;
  readonly #next: Int32Array;
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #lengths: Int32Array;
  /** First of the entries given back, + 1. */
  #free = 0;
  #touched = 0;

  constructor(capacity: number, streams: number) {
    this.capacity = capacity;
    this.exchange = new Int32Array(capacity);
    this.sequence = new Int32Array(capacity);
    this.ack = new Int32Array(capacity);
    this.end = new Int32Array(capacity);
    this.previousAck = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
    this.tsUs = new Float64Array(capacity);
    this.flags = new Uint16Array(capacity);
    this.#next = new Int32Array(capacity);
    this.#first = new Int32Array(streams * 2);
    this.#last = new Int32Array(streams * 2);
    this.#lengths = new Int32Array(streams * 2);
  }

  /** An entry without its target: the arrays above, and two references. */
  static readonly bytesEach = 7 * 4 + 8 + 2 + 2 * 8;
  /** Both queues of a stream. */
  static readonly bytesOfStream = 2 * 3 * 4;

  /** The oldest entry of a queue, −1 when it is empty. */
  first(stream: number, queue: Queue): number {
    return this.#first[stream * 2 + queue]! - 1;
  }

  /** The entry behind, −1 behind the last. */
  next(entry: number): number {
    return this.#next[entry]! - 1;
  }

  /** The newest entry of a queue that is not empty. */
  last(stream: number, queue: Queue): number {
    return this.#last[stream * 2 + queue]! - 1;
  }

  length(stream: number, queue: Queue): number {
    return this.#lengths[stream * 2 + queue]!;
  }

  /** Appends an entry, its other members to be set by the caller; −1 where none is left. */
  push(stream: number, queue: Queue, method: string, uri: string): number {
    if (this.inUse === this.capacity) return -1;
    let entry = this.#free - 1;
    if (entry >= 0) this.#free = this.#next[entry]!;
    else entry = this.#touched++;
    this.inUse++;
    this.#next[entry] = 0;
    this.methods[entry] = method;
    this.uris[entry] = uri;
    this.uriBytes += uri.length;
    const list = stream * 2 + queue;
    if (this.#lengths[list] === 0) this.#first[list] = entry + 1;
    else this.#next[this.#last[list]! - 1] = entry + 1;
    this.#last[list] = entry + 1;
    this.#lengths[list]! += 1;
    return entry;
  }

  /** Takes the oldest entry out of a queue. It keeps what it holds, but for its strings, until the next `push`. */
  shift(stream: number, queue: Queue): void {
    const list = stream * 2 + queue;
    const entry = this.#first[list]! - 1;
    this.#first[list] = this.#next[entry]!;
    this.#lengths[list]! -= 1;
    this.inUse--;
    this.uriBytes -= this.uris[entry]!.length;
    this.methods[entry] = '';
    this.uris[entry] = '';
    this.#next[entry] = this.#free;
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

/** What is known of each stream, by its slot. */
export class PairingStreams {
  /** Number of the next exchange. */
  readonly next: Int32Array;
  readonly mode: Uint8Array;
  readonly flags: Uint16Array;
  /** Requests in a row, each sent after the response to the one before it; up to 255. */
  readonly turns: Uint8Array;
  /** So many turns more until pairs are certain. */
  readonly doubt: Uint8Array;
  /** Of the last request: number, acknowledgement, end. */
  readonly exchange: Int32Array;
  readonly ack: Int32Array;
  readonly end: Int32Array;
  /** Bytes of the smallest request head seen. */
  readonly smallest: Int32Array;
  /** From here on no final response lies in what the server has sent. */
  readonly clear: Int32Array;
  /** Of the last final response: its exchange, −1 for none, and its acknowledgement. */
  readonly previous: Int32Array;
  readonly previousAck: Int32Array;
  /** First byte of the last request before which others may be hidden. */
  readonly hiddenBefore: Int32Array;
  /** Acknowledgement of the response to the last request, while `pending`. */
  readonly answerAck: Int32Array;
  /** The exchange paired last, −1 for none. */
  readonly paired: Int32Array;
  /** Of the last message while pairing is given up. */
  readonly lastUs: Float64Array;

  constructor(streams: number) {
    this.next = new Int32Array(streams);
    this.mode = new Uint8Array(streams);
    this.flags = new Uint16Array(streams);
    this.turns = new Uint8Array(streams);
    this.doubt = new Uint8Array(streams);
    this.exchange = new Int32Array(streams);
    this.ack = new Int32Array(streams);
    this.end = new Int32Array(streams);
    this.smallest = new Int32Array(streams);
    this.clear = new Int32Array(streams);
    this.previous = new Int32Array(streams);
    this.previousAck = new Int32Array(streams);
    this.hiddenBefore = new Int32Array(streams);
    this.answerAck = new Int32Array(streams);
    this.paired = new Int32Array(streams);
    this.lastUs = new Float64Array(streams);
  }

  static readonly bytesEach = 11 * 4 + 5 + 8;

  reset(stream: number): void {
    this.next[stream] = 0;
    this.mode[stream] = Mode.ordered;
    this.flags[stream] = 0;
    this.turns[stream] = 0;
    this.doubt[stream] = 0;
    this.exchange[stream] = -1;
    this.smallest[stream] = 0;
    this.previous[stream] = -1;
    this.paired[stream] = -1;
    this.lastUs[stream] = 0;
  }

  has(stream: number, flag: number): boolean {
    return (this.flags[stream]! & flag) !== 0;
  }

  set(stream: number, flag: number): void {
    this.flags[stream]! |= flag;
  }

  unset(stream: number, flag: number): void {
    this.flags[stream]! &= ~flag;
  }
}
