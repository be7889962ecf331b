/** From requests and responses as they flow to events in a spool: which request is sent when, on which connection, with what recorded answer. */
import { MessageFlag } from '../../agent/http/message-flag.ts';
import type { HttpMessage } from '../../agent/http/message-handler.ts';
import type { RecordedRequests, UnsentReason } from '../feed/request-account.ts';
import { awaitingMax, openAheadUs } from './limits.ts';
import type { RequestSink } from './raw-requests.ts';
import { EventFlag, EventKind, emptyEvent } from './request-event.ts';
import type { GatheredBytes, SpoolWriter, StoredBytes } from './spool.ts';

/** A request until its event is written. */
interface Exchange {
  readonly tsUs: number;
  lastTsUs: number;
  readonly order: number;
  headBytes: number;
  stored: StoredBytes | null;
  isAnswered: boolean;
  status: number;
  /** −1 where the recorded body is not whole. */
  answerBytes: number;
  /** The one before it on its connection, where its answer had not come: until this one is written. */
  before: Exchange | null;
  /** Its request was not whole. */
  isLost: boolean;
}

interface Connection {
  readonly number: number;
  readonly openedUs: number;
  readonly exchanges: Map<number, Exchange>;
  bytes: GatheredBytes | null;
  last: Exchange | null;
  hasEvents: boolean;
  /** Requests that were not whole, or that a gap shows: each may have been answered. */
  lost: number;
  /** Requests that are in no pair, and answers. */
  unanswered: number;
  unasked: number;
  /** Bytes of its answers are missing. */
  lacksAnswers: boolean;
  /** No event of a connection is before the one before it, whatever its packets' clock did. */
  latestUs: number;
}

/** Fields of an event that have no meaning at the beginning and the end of a connection. */
const bare = emptyEvent();

export class ExchangeLog implements RequestSink {
  readonly unsent: Partial<Record<UnsentReason, number>> = {};
  readonly #spool: SpoolWriter;
  /** By slot of the stream table. */
  readonly #connections: (Connection | undefined)[] = [];
  #opened = 0;
  #order = 0;
  #awaiting = 0;
  #requests = 0;
  #bytes = 0;
  #used = 0;
  #firstUs = Number.POSITIVE_INFINITY;
  #lastUs = Number.NEGATIVE_INFINITY;

  constructor(spool: SpoolWriter) {
    this.#spool = spool;
  }

  /** What was found, apart from what only the layers' counters know. */
  get found(): Pick<RecordedRequests, 'requests' | 'bytes' | 'connections' | 'durationUs'> {
    return {
      requests: this.#requests,
      bytes: this.#bytes,
      connections: this.#used,
      durationUs: Math.max(0, this.#lastUs - this.#firstUs) || 0,
    };
  }

  miss(reason: UnsentReason, count = 1): void {
    if (count > 0) this.unsent[reason] = (this.unsent[reason] ?? 0) + count;
  }

  open(stream: number, tsUs: number): void {
    this.#opened += 1;
    this.#connections[stream] = {
      ...{ number: this.#opened, openedUs: tsUs, exchanges: new Map(), bytes: null, last: null },
      ...{ hasEvents: false, latestUs: Number.NEGATIVE_INFINITY },
      ...{ lost: 0, unanswered: 0, unasked: 0, lacksAnswers: false },
    };
  }

  beginRequest(message: HttpMessage): void {
    const connection = this.#connections[message.stream]!;
    const { last } = connection;
    const exchange: Exchange = {
      tsUs: Math.max(message.tsUs, connection.latestUs),
      lastTsUs: message.tsUs,
      order: (this.#order += 1),
      headBytes: message.headersBytes,
      stored: null,
      ...{ isAnswered: false, status: 0, answerBytes: -1, isLost: false },
      before: last !== null && !last.isAnswered ? last : null,
    };
    connection.latestUs = exchange.tsUs;
    connection.last = exchange;
    connection.bytes = this.#spool.gather();
    // A response that was captured before its request waits here for it.
    const early = connection.exchanges.get(message.exchange);
    if (early) {
      this.#awaiting -= 1;
      Object.assign(exchange, { isAnswered: true, status: early.status, answerBytes: early.answerBytes });
    }
    connection.exchanges.set(message.exchange, exchange);
    this.#awaiting += 1;
  }

  requestBytes(stream: number, bytes: Uint8Array, start: number, end: number): void {
    this.#connections[stream]!.bytes?.push(bytes, start, end);
  }

  endRequest(message: HttpMessage, fault: UnsentReason | null): void {
    const connection = this.#connections[message.stream]!;
    const exchange = connection.exchanges.get(message.exchange);
    const { bytes } = connection;
    connection.bytes = null;
    if (!exchange || !bytes) return;
    exchange.lastTsUs = message.lastTsUs;
    if (fault !== null) {
      bytes.drop();
      exchange.isLost = true;
      if (fault === 'damaged' || fault === 'notKept') connection.lost += 1;
      this.miss(fault);
    } else exchange.stored = bytes.store();
    if (exchange.isAnswered || exchange.isLost) this.#settle(connection, message.exchange, exchange);
    else if (this.#awaiting > awaitingMax) this.#settleOldest(connection);
  }

  endResponse(message: HttpMessage): void {
    if ((message.flags & MessageFlag.interim) !== 0) return;
    const connection = this.#connections[message.stream]!;
    const mayPair = message.pairing === 'certain' || message.pairing === 'probable' || message.pairing === 'open';
    const isPaired = mayPair && message.exchange >= 0;
    let exchange = isPaired ? connection.exchanges.get(message.exchange) : undefined;
    if (!exchange) {
      // In no pair, long over, or still to come; what never comes goes with the connection.
      const isAwaited = isPaired && message.pairing === 'open' && this.#awaiting <= awaitingMax;
      const isOver = isPaired && message.pairing !== 'open';
      if (!isAwaited && !isOver) connection.unasked += 1;
      if (!isAwaited) return;
      exchange = {
        ...{ tsUs: 0, lastTsUs: 0, order: 0, headBytes: 0, stored: null, before: null, isLost: false },
        ...{ isAnswered: false, status: 0, answerBytes: -1 },
      };
      connection.exchanges.set(message.exchange, exchange);
      this.#awaiting += 1;
    }
    exchange.isAnswered = true;
    exchange.status = message.status;
    exchange.answerBytes = message.complete ? message.bodyBytes : -1;
    if (exchange.stored) this.#settle(connection, message.exchange, exchange);
  }

  hidden(stream: number): void {
    this.#connections[stream]!.lost += 1;
    this.miss('hidden');
  }

  answersMissing(stream: number): void {
    this.#connections[stream]!.lacksAnswers = true;
  }

  close(stream: number, tsUs: number): void {
    const connection = this.#connections[stream]!;
    this.#connections[stream] = undefined;
    connection.bytes?.drop();
    for (const { order } of connection.exchanges.values()) if (order === 0) connection.unasked += 1;
    for (const [number, exchange] of connection.exchanges) this.#settle(connection, number, exchange);
    // A request that no gap shows is known by its answer; what is in no pair on both sides is one exchange, not two.
    this.miss('hidden', connection.unasked - connection.lost - connection.unanswered);
    if (!connection.hasEvents) return;
    const closedUs = Math.max(tsUs, connection.latestUs);
    this.#event({
      ...bare,
      kind: EventKind.close,
      tsUs: closedUs,
      order: (this.#order += 1),
      connection: connection.number,
    });
  }

  /** The oldest of a connection goes without its answer. */
  #settleOldest(connection: Connection): void {
    for (const [number, exchange] of connection.exchanges) {
      if (!exchange.stored) continue;
      this.#settle(connection, number, exchange);
      return;
    }
  }

  #settle(connection: Connection, number: number, exchange: Exchange): void {
    connection.exchanges.delete(number);
    this.#awaiting -= 1;
    if (!exchange.stored) return;
    const { before, stored } = exchange;
    exchange.before = null;
    if (!connection.hasEvents) this.#begin(connection, exchange);
    // One whose answer was never captured may have had it: then only bytes that came together say that both were sent at once.
    const isPipelined = before !== null && (before.isAnswered || before.lastTsUs === exchange.tsUs);
    const { isAnswered, status, answerBytes } = exchange;
    if (!isAnswered) connection.unanswered += 1;
    const isUnpaired = !isAnswered && (connection.unasked > 0 || connection.lacksAnswers);
    this.#requests += 1;
    this.#bytes += stored.length;
    this.#event({
      kind: EventKind.request,
      flags:
        (isPipelined ? EventFlag.pipelined : 0) |
        (isAnswered ? EventFlag.answered : 0) |
        (isUnpaired ? EventFlag.unpaired : 0) |
        (isAnswered && answerBytes >= 0 ? EventFlag.measured : 0) |
        (stored.isInPieces ? EventFlag.pieces : 0),
      tsUs: exchange.tsUs,
      order: exchange.order,
      connection: connection.number,
      offset: stored.offset,
      length: stored.length,
      headBytes: exchange.headBytes,
      status,
      answerBytes: Math.max(0, answerBytes),
    });
  }

  /** Of connections without a request that can be sent there are no events. */
  #begin(connection: Connection, { tsUs, order }: Exchange): void {
    connection.hasEvents = true;
    this.#used += 1;
    const openedUs = Math.min(connection.openedUs, tsUs - openAheadUs);
    this.#event({ ...bare, kind: EventKind.open, tsUs: openedUs, order: order - 0.5, connection: connection.number });
  }

  #event(event: Parameters<SpoolWriter['event']>[0]): void {
    this.#firstUs = Math.min(this.#firstUs, event.tsUs);
    this.#lastUs = Math.max(this.#lastUs, event.tsUs);
    this.#spool.event(event);
  }
}
