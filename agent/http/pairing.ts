/**
 * Which request a response answers. Requests wait in order (RFC 9112, 9.3.2); a final response takes the oldest.
 *
 * After a loss the rule of best evidence holds:
 * - A client that was never seen to pipeline has one request open at a time, so the newest waiting one is the one
 *   answered; older ones lost their response.
 * - A client that pipelines: how many heads went missing is unknowable. Its exchanges stay unpaired until the stream
 *   was quiet for `QUIET_US`, when nothing can be open any more.
 * - Where nothing is missing on the request side and its start was seen, a response without a request came before it only
 *   in the capture (two mirrored ports, two queues): it reserves the number of the next request, as long as such queues may
 *   be apart. A server may also speak unasked (408 of an idle connection): later requests are none of its.
 */
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';

/**
 * Longer than any client waits between pipelined requests and than two queues are apart (`ackSlackUs`), shorter than a
 * keep-alive timeout (nginx 75 s, Apache 5 s).
 */
const QUIET_US = 1_000_000;

interface Waiting {
  exchange: number;
  method: string;
  uri: string;
  next: Waiting | null;
}

class Exchanges {
  /** Number of the next request. */
  next = 0;
  oldest: Waiting | null = null;
  newest: Waiting | null = null;
  waiting = 0;
  /** Number reserved by a response that came first, or −1. */
  early = -1;
  earlyUs = 0;
  /** A request came while another waited, with nothing missing. */
  pipelines = false;
  /** A head may be missing since the last certain pair. */
  uncertain = false;
  /** A request head may be missing since the stream began. */
  requestsMissing = false;
  /** Pairing is given up until the stream was quiet. */
  lost = false;
  /** Of the last message, as long as pairing is given up. */
  lastTsUs = 0;
}

/** A response, for `Pairing.response` to say what it answers. */
export interface Answer {
  /** −1 where no request is known. */
  exchange: number;
  method: string;
  uri: string;
}

export class Pairing {
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #streams: (Exchanges | null)[];
  /** Records and entries let go of, for reuse; never more than were in use at once. */
  readonly #spare: Exchanges[] = [];
  #spareWaiting: Waiting | null = null;
  #waiting = 0;
  #uriBytes = 0;

  constructor(limits: HttpLimits, counters: HttpCounters) {
    this.#limits = limits;
    this.#counters = counters;
    this.#streams = new Array<Exchanges | null>(limits.streamsMax).fill(null);
  }

  /** Requests waiting for their response, in all streams. */
  get waiting(): number {
    return this.#waiting;
  }

  /** A request began: returns its exchange number. */
  request(stream: number, method: string, uri: string, tsUs: number): number {
    const exchanges = this.#of(stream);
    this.#rest(exchanges, tsUs);
    if (exchanges.early >= 0) {
      const exchange = exchanges.early;
      exchanges.early = -1;
      this.#counters.responsesEarly++;
      this.#counters.pairs++;
      return exchange;
    }
    const exchange = exchanges.next++;
    if (exchanges.lost) {
      this.#counters.requestsUnanswered++;
      return exchange;
    }
    if (exchanges.oldest !== null && !exchanges.uncertain) exchanges.pipelines = true;
    if (exchanges.waiting >= this.#limits.pipelinedMax) {
      // Dropping the oldest serves a capture of requests alone; with responses the order is no longer known.
      this.#drop(exchanges);
      this.#counters.requestsShed++;
      exchanges.uncertain = true;
    }
    this.#push(exchanges, exchange, method, uri);
    return exchange;
  }

  /** A response began: sets its `exchange`, `method` and `uri` to its request's. A 1xx leaves the request waiting. */
  response(stream: number, interim: boolean, tsUs: number, answer: Answer): void {
    const exchanges = this.#of(stream);
    this.#rest(exchanges, tsUs);
    if (exchanges.uncertain && exchanges.oldest !== null) this.#settle(exchanges, tsUs);
    const waiting = exchanges.oldest;
    if (waiting === null) {
      this.#unasked(exchanges, interim, tsUs, answer);
      return;
    }
    answer.exchange = waiting.exchange;
    answer.method = waiting.method;
    answer.uri = waiting.uri;
    if (interim) return;
    this.#counters.pairs++;
    this.#shift(exchanges);
  }

  /** Bytes that may have held heads are missing on `side`, which sends requests, responses, or is not known yet. */
  lost(stream: number, sends: 'request' | 'response' | 'unknown'): void {
    const exchanges = this.#of(stream);
    if (sends !== 'response') exchanges.requestsMissing = true;
    exchanges.uncertain = true;
  }

  /** Whether every request of the stream was seen, as far as can be known. */
  isWhole(stream: number): boolean {
    const { requestsMissing, uncertain, lost } = this.#of(stream);
    return !requestsMissing && !uncertain && !lost;
  }

  /** The stream closed: what still waits stays unanswered. */
  close(stream: number): void {
    const exchanges = this.#streams[stream];
    if (exchanges == null) return;
    while (exchanges.oldest !== null) this.#drop(exchanges);
    if (exchanges.early >= 0) this.#counters.responsesUnasked++;
    this.#streams[stream] = null;
    exchanges.next = 0;
    exchanges.early = -1;
    exchanges.pipelines = false;
    exchanges.uncertain = false;
    exchanges.requestsMissing = false;
    exchanges.lost = false;
    exchanges.lastTsUs = 0;
    this.#spare.push(exchanges);
  }

  #of(stream: number): Exchanges {
    let exchanges = this.#streams[stream];
    if (exchanges == null) {
      exchanges = this.#spare.pop() ?? new Exchanges();
      this.#streams[stream] = exchanges;
    }
    return exchanges;
  }

  /** A quiet second ends every doubt. */
  #rest(exchanges: Exchanges, tsUs: number): void {
    if (exchanges.lost) {
      if (tsUs - exchanges.lastTsUs > QUIET_US) exchanges.lost = false;
      exchanges.lastTsUs = tsUs;
    }
    if (exchanges.early >= 0 && tsUs - exchanges.earlyUs > QUIET_US) {
      exchanges.early = -1;
      this.#counters.responsesUnasked++;
    }
  }

  #unasked(exchanges: Exchanges, interim: boolean, tsUs: number, answer: Answer): void {
    answer.exchange = -1;
    answer.method = '';
    answer.uri = '';
    if (exchanges.requestsMissing || exchanges.uncertain || exchanges.lost || exchanges.early >= 0) {
      if (!interim) this.#counters.responsesUnasked++;
      return;
    }
    answer.exchange = exchanges.next;
    if (interim) return;
    exchanges.early = exchanges.next++;
    exchanges.earlyUs = tsUs;
  }

  #settle(exchanges: Exchanges, tsUs: number): void {
    exchanges.uncertain = false;
    if (!exchanges.pipelines) {
      while (exchanges.waiting > 1) this.#drop(exchanges);
      return;
    }
    while (exchanges.oldest !== null) this.#drop(exchanges);
    exchanges.lost = true;
    exchanges.lastTsUs = tsUs;
    this.#counters.pairingLost++;
  }

  #push(exchanges: Exchanges, exchange: number, method: string, uri: string): void {
    if (this.#waiting >= this.#limits.waitingRequestsMax) {
      this.#counters.requestsShed++;
      this.#counters.requestsUnanswered++;
      exchanges.uncertain = true;
      exchanges.requestsMissing = true;
      return;
    }
    const kept = this.#uriBytes + uri.length <= this.#limits.waitingUriBytesMax ? uri : '';
    let entry = this.#spareWaiting;
    if (entry === null) entry = { exchange, method, uri: kept, next: null };
    else {
      this.#spareWaiting = entry.next;
      entry.exchange = exchange;
      entry.method = method;
      entry.uri = kept;
      entry.next = null;
    }
    this.#waiting++;
    this.#uriBytes += kept.length;
    if (exchanges.newest === null) exchanges.oldest = entry;
    else exchanges.newest.next = entry;
    exchanges.newest = entry;
    exchanges.waiting++;
  }

  #drop(exchanges: Exchanges): void {
    this.#counters.requestsUnanswered++;
    this.#shift(exchanges);
  }

  #shift(exchanges: Exchanges): void {
    const entry = exchanges.oldest as Waiting;
    exchanges.oldest = entry.next;
    if (entry.next === null) exchanges.newest = null;
    exchanges.waiting--;
    this.#waiting--;
    this.#uriBytes -= entry.uri.length;
    entry.method = '';
    entry.uri = '';
    entry.next = this.#spareWaiting;
    this.#spareWaiting = entry;
  }
}
