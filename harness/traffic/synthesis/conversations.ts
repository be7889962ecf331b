/**
 * Many keep-alive connections at once, their exchanges interleaved, as frames in time order. Only the active exchanges
 * are held, so a gigabyte is made in a few megabytes.
 */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { createRandom, type Random } from '../../../agent/seeded-random.ts';
import type { ImpairmentRecord, Phase, Traffic, Truth } from '../traffic.ts';
import { copyWrite, type Exchange, type SocketWrite } from './exchange.ts';
import { type Conversation, type Direction, segmentBytesMax, TcpFlag, TcpFrameBuilder } from './tcp-frame.ts';

export interface ConversationsPlan {
  readonly seed: number;
  readonly connections: number;
  readonly serverPorts: readonly number[];
  /** Exchanges under way at the same time. */
  readonly window: number;
  /** Frames of one exchange sent before another takes its turn. */
  readonly burst: readonly [low: number, high: number];
  /** Mean time between two frames. */
  readonly frameGapUs: number;
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
  /** The next exchange; undefined once there are enough. */
  nextExchange(payloadBytesSoFar: number): Exchange | undefined;
  /**
   * Segments the observer never sees, though they were sent and acknowledged.
   * @param exchange number of the exchange on its connection, from 0; @param segment its place in its message, from 0.
   */
  isNeverCaptured?(exchange: number, direction: Direction, segment: number): boolean;
}

/** Of the first frame: a fixed day, so that the same seed makes the same bytes. */
const firstFrameTsUs = 1_709_632_800_000_000;

interface Connection extends Conversation {
  isOpen: boolean;
  exchanges: number;
}

interface Active {
  readonly connection: Connection;
  readonly frames: Iterator<void>;
}

export class ConversationsTraffic implements Traffic {
  readonly linkType = 1;
  readonly framesExpected: number | undefined;
  readonly bytesExpected: number | undefined;
  readonly durationUs: number | undefined;
  readonly phases: readonly Phase[];
  readonly impairments: ImpairmentRecord[] = [];
  readonly #plan: ConversationsPlan;
  readonly #builder = new TcpFrameBuilder();
  readonly #turns: Random;
  readonly #gaps: Random;
  readonly #frames: Iterator<void>;
  #sink: FrameSink | undefined;
  #tsUs = firstFrameTsUs;
  #tick = 1_000;
  #payloadBytes = 0;
  #neverCaptured = 0;
  #truth = { requests: 0, responses: 0, requestsIntact: 0, responsesIntact: 0, exchangesIntact: 0 };

  constructor(plan: ConversationsPlan) {
    this.#plan = plan;
    this.framesExpected = plan.framesExpected;
    this.bytesExpected = plan.bytesExpected;
    this.durationUs = plan.durationUs;
    this.phases = plan.phases;
    this.#turns = createRandom(plan.seed, 'turns');
    this.#gaps = createRandom(plan.seed, 'gaps');
    this.#frames = this.#all();
  }

  read(sink: FrameSink, framesMax: number): number {
    this.#sink = sink;
    for (let delivered = 0; delivered < framesMax; delivered++) {
      if (this.#frames.next().done) return delivered > 0 ? delivered : -1;
    }
    return framesMax;
  }

  truth(): Truth {
    return { ...this.#truth };
  }

  /** Segments the observer never saw. */
  get framesNeverCaptured(): number {
    return this.#neverCaptured;
  }

  close(): void {}

  /** Every frame, one a step. */
  *#all(): Generator<void> {
    const plan = this.#plan;
    const turns = this.#turns;
    const connections = this.#connections();
    const idle = [...connections];
    const active: Active[] = [];
    const refill = () => {
      while (active.length < plan.window && idle.length > 0) {
        const exchange = plan.nextExchange(this.#payloadBytes);
        if (exchange === undefined) return;
        const connection = takeOut(idle, turns.integer(0, idle.length - 1));
        active.push({ connection, frames: this.#exchange(connection, exchange) });
      }
    };
    refill();
    while (active.length > 0) {
      const turn = turns.integer(0, active.length - 1);
      const { connection, frames } = active[turn]!;
      this.#tick += 1;
      for (let left = turns.integer(plan.burst[0], plan.burst[1]); left > 0; left--) {
        if (frames.next().done) {
          takeOut(active, turn);
          idle.push(connection);
          refill();
          break;
        }
        yield;
      }
    }
    for (const connection of connections) if (connection.isOpen) yield* this.#close(connection);
  }

  *#exchange(connection: Connection, exchange: Exchange): Generator<void> {
    if (!connection.isOpen) yield* this.#open(connection);
    const number = connection.exchanges++;
    this.#truth.requests += 1;
    const isRequestIntact = yield* this.#message(connection, number, 0, exchange.request);
    if (isRequestIntact) this.#truth.requestsIntact += 1;
    this.#truth.responses += 1;
    const isResponseIntact = yield* this.#message(connection, number, 1, exchange.response);
    if (isResponseIntact) this.#truth.responsesIntact += 1;
    if (isRequestIntact && isResponseIntact) this.#truth.exchangesIntact += 1;
  }

  /** Returns whether every segment of it was seen. */
  *#message(
    connection: Connection,
    number: number,
    direction: Direction,
    writes: readonly SocketWrite[],
  ): Generator<void, boolean> {
    let intact = true;
    let segment = 0;
    const peer = direction === 0 ? 1 : 0;
    for (const write of writes) {
      for (let offset = 0; offset < write.bytes; offset += segmentBytesMax) {
        const length = Math.min(segmentBytesMax, write.bytes - offset);
        const isLast = offset + length === write.bytes;
        copyWrite(write, offset, length, this.#builder.payload, this.#builder.payloadStart);
        this.#build(connection, direction, TcpFlag.ack | (isLast ? TcpFlag.push : 0), length);
        this.#payloadBytes += length;
        if (this.#plan.isNeverCaptured?.(number, direction, segment)) {
          intact = false;
          this.#neverCaptured += 1;
        } else {
          this.#deliver();
          yield;
        }
        if (++segment % 2 === 0) yield* this.#acknowledge(connection, peer);
      }
    }
    if (segment % 2 === 1) yield* this.#acknowledge(connection, peer);
    return intact;
  }

  *#acknowledge(connection: Connection, direction: Direction): Generator<void> {
    this.#build(connection, direction, TcpFlag.ack, 0);
    this.#deliver();
    yield;
  }

  *#open(connection: Connection): Generator<void> {
    connection.isOpen = true;
    yield* this.#handshake(connection, TcpFlag.syn, TcpFlag.syn | TcpFlag.ack);
  }

  *#close(connection: Connection): Generator<void> {
    connection.isOpen = false;
    yield* this.#handshake(connection, TcpFlag.fin | TcpFlag.ack, TcpFlag.fin | TcpFlag.ack);
  }

  *#handshake(connection: Connection, fromClient: number, fromServer: number): Generator<void> {
    this.#tick += 1;
    this.#build(connection, 0, fromClient, 0);
    this.#deliver();
    yield;
    this.#build(connection, 1, fromServer, 0);
    this.#deliver();
    yield;
    yield* this.#acknowledge(connection, 0);
  }

  #build(connection: Connection, direction: Direction, flags: number, payloadBytes: number): void {
    this.#builder.build(connection, direction, flags, payloadBytes, this.#tick);
  }

  #deliver(): void {
    this.#builder.deliver(this.#sink!, Math.floor(this.#tsUs));
    this.#tsUs += this.#plan.frameGapUs * (0.5 + this.#gaps.fraction());
  }

  #connections(): Connection[] {
    const random = createRandom(this.#plan.seed, 'connections');
    const { connections, serverPorts } = this.#plan;
    return Array.from({ length: connections }, (_, index) => ({
      clientAddress: 0x0a01_0000 + 256 + index,
      serverAddress: 0x0a02_0001 + (index % 16),
      clientPort: 32_768 + ((index * 11) % 28_000),
      serverPort: serverPorts[index % serverPorts.length]!,
      sequence: [random.u32(), random.u32()] as [number, number],
      isOpen: false,
      exchanges: 0,
    }));
  }
}

/** Takes an element out of a list whose order does not matter. */
function takeOut<T>(list: T[], index: number): T {
  const taken = list[index]!;
  const last = list.pop()!;
  if (index < list.length) list[index] = last;
  return taken;
}
