/**
 * Stream bytes in, HTTP/1 messages out. Which side sends requests is read from the bytes, never from ports. Each method moves a
 * `SideRecord` from one state to the next; what a state needs has a file of its own, put together here.
 *
 * Policies: odd input is accepted and flagged (MessageFlag), never refused, as long as the end of the message is certain;
 * where it is not, the message ends incomplete and the next head is searched for, strictly. A gap inside a body of known
 * length, or inside one chunk, keeps the framing. What finds no room in a pool is shed and counted.
 */
import { CloseReason, type GapReason, type Side, type StreamHandler } from '../tcp/stream-handler.ts';
import { BetweenMessages } from './between-messages.ts';
import { BodyFraming } from './body-framing.ts';
import { DoubtfulBodies } from './doubtful-bodies.ts';
import { Expectations } from './expectations.ts';
import { HeadBuffers } from './head-buffers.ts';
import { HeadParser } from './head-parser.ts';
import { HeadPool } from './head-pool.ts';
import type { HttpCounters } from './http-counters.ts';
import type { HttpLimits } from './http-limits.ts';
import { HttpStreams, Protocol } from './http-streams.ts';
import { MessageFlag } from './message-flag.ts';
import type { MessageHandler } from './message-handler.ts';
import { MessageStarts } from './message-starts.ts';
import { Pairing } from './pairing.ts';
import type { Reading } from './place.ts';
import { ProtocolChanges } from './protocol-changes.ts';
import { type Consume, type ReadHeld, type SideRecord, SideState } from './side.ts';
import { Synchronisation } from './synchronisation.ts';
import { TlsStreams } from './tls-streams.ts';

const LETTER_H = 72;

export interface HttpLayerOptions {
  readonly limits: HttpLimits;
  readonly handler: MessageHandler;
  readonly counters: HttpCounters;
  /** @default a Pairing of its own */
  readonly pairing?: Pairing;
}

export class HttpLayer implements StreamHandler {
  readonly #limits: HttpLimits;
  readonly #counters: HttpCounters;
  readonly #pairing: Pairing;
  readonly #parser: HeadParser;
  readonly #pool: HeadPool;
  readonly #streams: HttpStreams;
  readonly #reading: Reading = { origin: 0, ack: 0 };
  readonly #heads: HeadBuffers;
  readonly #framing: BodyFraming;
  readonly #tls: TlsStreams;
  readonly #sync: Synchronisation;
  readonly #doubtful: DoubtfulBodies;
  readonly #between: BetweenMessages;

  constructor(options: HttpLayerOptions) {
    const { limits, handler, counters } = options;
    const pairing = options.pairing ?? new Pairing(limits, counters);
    const parser = new HeadParser(limits.fieldsMax);
    const pool = new HeadPool(limits.headPoolBytesMax);
    const streams = new HttpStreams(limits.streamsMax, parser);
    const reading = this.#reading;
    const heads = new HeadBuffers(pool, counters, handler.readsHeadLater ?? true);
    const framing = new BodyFraming({ limits, handler, counters, pairing, heads, reading });
    const tls = new TlsStreams(limits, counters, streams);
    const sync = new Synchronisation({ limits, counters, pairing, parser, streams, tls, reading });
    const consume: Consume = (side, bytes, start, end, tsUs) => this.#consume(side, bytes, start, end, tsUs);
    const readHeld: ReadHeld = (side, bytes, length, tsUs) => this.#readHeld(side, bytes, length, tsUs);
    const parts = { limits, handler, counters, pairing, parser, streams, reading, heads, framing, tls, sync };
    const expectations = new Expectations({ ...parts, readHeld });
    const doubtful = new DoubtfulBodies({ ...parts, expectations, readHeld });
    const changes = new ProtocolChanges({ ...parts, doubtful });
    const starts = new MessageStarts({ ...parts, expectations, doubtful, changes });
    this.#limits = limits;
    this.#counters = counters;
    this.#pairing = pairing;
    this.#parser = parser;
    this.#pool = pool;
    this.#streams = streams;
    this.#heads = heads;
    this.#framing = framing;
    this.#tls = tls;
    this.#sync = sync;
    this.#doubtful = doubtful;
    this.#between = new BetweenMessages({ ...parts, changes, starts, consume });
  }

  /** Streams by TLS server name, for at most `tlsServerNamesMax` names; the rest under `''`. */
  get tlsServerNames(): Map<string, number> {
    return this.#tls.serverNames;
  }

  /**
   * Has plain heads read by a kernel where payload lies in a memory.
   * @param bytes all of it, as `data` is given it
   */
  readInPlace(memory: WebAssembly.Memory, bytes: Uint8Array): void {
    this.#parser.readInPlace(memory, bytes);
  }

  /** Bytes of head buffers held now. */
  get headPoolBytes(): number {
    return this.#pool.bytes;
  }

  /** Requests that wait for their response now. */
  get waitingRequests(): number {
    return this.#pairing.waiting;
  }

  /** Where a side that answers is in what it says: behind a whole message, in one, or where no message is. */
  standing(stream: number, sideIndex: Side): 'between' | 'within' | 'lost' {
    const side = this.#streams.sides[stream * 2 + sideIndex];
    if (side == null || this.#streams.protocols[stream]! >= Protocol.left) return 'between';
    if (side.state === SideState.head) return side.buffer?.[0] === LETTER_H ? 'within' : 'lost';
    if (side.active) return 'within';
    return side.state === SideState.start ? 'between' : 'lost';
  }

  open(stream: number, _tsUs: number, midStream = true): void {
    // Not by `assert`, whose arguments are an array: this is run for every connection.
    if (stream >= this.#limits.streamsMax) throw new RangeError(`stream ${stream} is over the limit`);
    this.#streams.open(stream, midStream);
    this.#pairing.open(stream);
    if (midStream) this.#pairing.lost(stream, 'unknown', true);
  }

  data(
    stream: number,
    sideIndex: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
    sequence?: number,
    acknowledgement = 0,
  ): void {
    const side = this.#streams.sides[stream * 2 + sideIndex] ?? this.#streams.enter(stream, sideIndex);
    const { state } = side;
    if (state === SideState.ignored) {
      this.#counters.ignoredBytes += end - start;
      return;
    }
    // Most segments: within a body, and not to its end.
    const isCounted = state === SideState.length || state === SideState.chunkData;
    if (isCounted && end - start < side.remaining && !side.doubtful && !side.passing) {
      this.#framing.flow(side, bytes, start, end, tsUs);
      return;
    }
    if (side.fresh) {
      const other = this.#streams.other(side);
      if (other !== null) this.#between.answered(other);
    }
    if (sequence !== undefined) {
      this.#reading.origin = (sequence - start) | 0;
      this.#reading.ack = acknowledgement;
      side.ack = acknowledgement;
      if (!side.placed) this.#startSide(side, sequence);
    }
    this.#consume(side, bytes, start, end, tsUs);
    if (sequence !== undefined) side.next = (sequence + end - start) | 0;
    side.remainingAtNext = side.remaining;
    if (!side.active) this.#streams.rest(side);
    else if (side.passing) this.#heads.keep(side);
  }

  /** The first bytes of a side that are seen, and where it began if that is known. */
  #startSide(side: SideRecord, sequence: number): void {
    side.placed = true;
    if (this.#streams.isMidStream[side.stream] === 1) return;
    const sends = this.#streams.sends(side);
    if (sends !== 'unknown') this.#pairing.starts(side.stream, sends, (sequence - side.lead) | 0);
  }

  gap(stream: number, sideIndex: Side, length: number, _reason: GapReason, tsUs: number): void {
    const side = this.#streams.sides[stream * 2 + sideIndex] ?? this.#streams.enter(stream, sideIndex);
    if (side.state === SideState.ignored) return;
    if (!side.placed) side.lead += length;
    side.gapped = true;
    side.next = (side.reached + length) | 0;
    this.#miss(side, length, tsUs);
    side.remainingAtNext = side.remaining;
  }

  /** Bytes of a side are missing, its next ones come behind them. */
  #miss(side: SideRecord, length: number, tsUs: number): void {
    side.fresh = false;
    this.#doubtful.miss(side, length, tsUs);
    if (side.active) {
      side.message.lastTsUs = tsUs;
      if (this.#framing.gap(side, length) === 0) {
        if (side.state === SideState.search) this.#sync.lose(side);
        return;
      }
    } else if (side.state === SideState.head) this.#between.truncateHead(side, MessageFlag.gap);
    else if (side.state === SideState.hello) this.#heads.release(side);
    side.gapped = true;
    this.#sync.lose(side);
  }

  end(stream: number, sideIndex: Side, tsUs: number): void {
    const side = this.#streams.sides[stream * 2 + sideIndex];
    if (side == null) return;
    const { message } = side;
    // Captured before its request, which may turn out to be a HEAD: then nothing is missing. `close` decides.
    const isOpen = side.active && message.method === '' && message.exchange >= 0 && side.state !== SideState.untilClose;
    if (!isOpen || message.bodyBytes + message.missingBytes + side.held > 0) this.#endSide(side, true, tsUs);
  }

  close(stream: number, reason: CloseReason, tsUs: number): void {
    this.#closeSide(stream * 2, reason, tsUs);
    this.#closeSide(stream * 2 + 1, reason, tsUs);
    this.#pairing.close(stream);
    this.#streams.protocols[stream] = Protocol.unknown;
  }

  #closeSide(index: number, reason: CloseReason, tsUs: number): void {
    const side = this.#streams.sides[index];
    if (side == null) return;
    this.#endSide(side, reason === CloseReason.fin, tsUs);
    const http = this.#streams.protocols[side.stream] === Protocol.http;
    if (http) this.#counters.garbageBytes += side.garbageBytes;
    else this.#counters.ignoredBytes += side.garbageBytes;
    if (this.#streams.protocols[side.stream] === Protocol.unknown) {
      this.#counters.unknownStreams++;
      this.#streams.protocols[side.stream] = Protocol.left;
    }
    this.#streams.exit(side);
  }

  /** No more bytes from a side; `orderly` where it said so itself. */
  #endSide(side: SideRecord, orderly: boolean, tsUs: number): void {
    if (side.held > 0 || side.expecting) this.#doubtful.release(side, tsUs);
    if (side.active) {
      // In no pair, nothing came of its body, and a HEAD is in none either: it is whole.
      const isBare = side.doubtful && !side.expecting && side.message.bodyBytes + side.message.missingBytes === 0;
      const isHeads = isBare && side.message.kind === 'response' && this.#pairing.mayAnswerHead(side.stream);
      const framed = orderly && (side.state === SideState.untilClose || isHeads);
      side.message.lastTsUs = tsUs;
      if (!framed) side.message.flags |= MessageFlag.aborted;
      this.#framing.finish(side, framed);
    } else if (side.state === SideState.head) this.#between.truncateHead(side, MessageFlag.aborted);
    if (side.buffer !== null) this.#heads.release(side);
    side.state = SideState.ignored;
  }

  #consume(side: SideRecord, bytes: Uint8Array, start: number, end: number, tsUs: number): void {
    let at = start;
    while (at < end) {
      if (side.active) {
        side.message.lastTsUs = tsUs;
        if (side.doubtful) {
          at = this.#doubtful.consume(side, bytes, at, end, tsUs);
          continue;
        }
        at = this.#framing.consume(side, bytes, at, end);
        if (side.state === SideState.search) this.#sync.lose(side);
        continue;
      }
      switch (side.state) {
        case SideState.start:
          at = this.#between.start(side, bytes, at, end, tsUs);
          break;
        case SideState.head:
          at = this.#between.head(side, bytes, at, end, tsUs);
          break;
        case SideState.search:
          at = this.#sync.search(side, bytes, at, end);
          break;
        case SideState.hello:
          at = this.#between.hello(side, bytes, at, end, tsUs);
          break;
        default:
          this.#counters.ignoredBytes += end - at;
          return;
      }
    }
  }

  /** Reads bytes that were held, in their own place, as if they came now. */
  #readHeld(side: SideRecord, bytes: Uint8Array, length: number, tsUs: number): void {
    const reading = this.#reading;
    const { origin, ack } = reading;
    reading.origin = side.heldSequence;
    reading.ack = side.heldAck;
    this.#consume(side, bytes, 0, length, tsUs);
    reading.origin = origin;
    reading.ack = ack;
    side.remainingAtNext = side.remaining;
  }
}
