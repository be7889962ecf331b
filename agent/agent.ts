/** The agent put together: a frame source, the layers above it, and the loop that drives them. */
import type { BodyStage } from './body/body-stage.ts';
import type { PageCredit } from './bounded/page-credit.ts';
import type { PlacePages } from './bounded/page-memory.ts';
import type { FrameSource } from './capture/frame-source.ts';
import { createHttpCounters } from './http/http-counters.ts';
import { HttpLayer } from './http/http-layer.ts';
import type { HttpMessage, MessageHandler } from './http/message-handler.ts';
import type { AgentLimits } from './limits.ts';
import type { Stage } from './stage.ts';
import { type Counters, captureCounters } from './stats.ts';
import { type NetworkPolicy, type OverlapPolicy, Pressure, type UrgentPolicy } from './tcp/limits.ts';
import type { CloseReason, GapReason, Side, StreamHandler } from './tcp/stream-handler.ts';
import { TcpLayer } from './tcp/tcp.ts';

export interface AgentOptions {
  readonly source: FrameSource;
  readonly limits: AgentLimits;
  /** What is done with pages that are no longer used. */
  readonly placePages: PlacePages;
  /** Where several agents share one page budget. */
  readonly pageCredit?: PageCredit | null;
  /** Whether the same addresses in two networks are two connections. @default NetworkPolicy.auto */
  readonly networks?: NetworkPolicy;
  /** What becomes of TCP's urgent bytes. @default UrgentPolicy.outOfBand */
  readonly urgent?: UrgentPolicy;
  /** Which bytes count where a range came twice. @default OverlapPolicy.firstWins */
  readonly overlap?: OverlapPolicy;
  /** Segments with a wrong checksum are left out. @default false */
  readonly verifyChecksums?: boolean;
  readonly until: Stage;
  /** Take messages as they flow. The agent is not whole yet when they are made: keep it for later. */
  readonly messageHandlers: (agent: Agent) => readonly MessageHandler[];
  /** Null where nothing looks into bodies. */
  readonly bodies: BodyStage | null;
  readonly hashSeed: readonly [number, number];
  /** Wall clock, µs: drives the timers while a live capture is quiet. Null for recorded frames, whose own clock it is not. */
  readonly nowUs: (() => number) | null;
  /** What turns of the event loop go by, ms. Null: there is one after every read. */
  readonly nowMs: (() => number) | null;
}

/** Frames taken before the clock is looked at. */
const framesPerRead = 4096;
/** Timers and signals wait for their turn so long, and for one more read: what a turn costs is a hundredth of it then. */
const turnMs = 5;
/** A quiet live capture looks at its timers this often. */
const waitMs = 100;

export class Agent {
  readonly tcp: TcpLayer;
  /** Null where the pipeline ends before it. */
  readonly http: HttpLayer | null;
  readonly #bodies: BodyStage | null;
  readonly #options: AgentOptions;
  readonly #httpCounters = createHttpCounters();
  #stopping = false;

  constructor(options: AgentOptions) {
    this.#options = options;
    const { limits, until } = options;
    this.#bodies = options.bodies;
    const handlers = [...options.messageHandlers(this)];
    const handler = handlers.length === 1 ? handlers[0]! : new MessageFan(handlers);
    this.http = until === 'tcp' ? null : new HttpLayer({ limits: limits.http, handler, counters: this.#httpCounters });
    this.tcp = new TcpLayer({
      limits: limits.tcp,
      placePages: options.placePages,
      pageCredit: options.pageCredit ?? null,
      handler: this.http ?? new StreamDiscard(),
      source: options.source,
      hashSeed: options.hashSeed,
      ...(options.networks === undefined ? {} : { networks: options.networks }),
      ...(options.urgent === undefined ? {} : { urgent: options.urgent }),
      ...(options.overlap === undefined ? {} : { overlap: options.overlap }),
      ...(options.verifyChecksums === undefined ? {} : { verifyChecksums: options.verifyChecksums }),
    });
    const { records, memory } = this.tcp;
    if (records !== null) this.http?.readInPlace(memory, records.bytes);
  }

  /**
   * Reads to the end of the input, or until `stop`.
   * @param onTurn called between any two reads; what it throws ends the run
   * @throws FloodgateError when the input fails.
   */
  async run(onTurn: () => void = () => {}): Promise<void> {
    const { source, nowUs, nowMs } = this.#options;
    let turnedMs = nowMs?.() ?? 0;
    for (;;) {
      onTurn();
      const frames = source.read(this.tcp, framesPerRead);
      if (frames < 0) break;
      if (frames === 0) {
        await source.wait(waitMs);
        // No frames, no clock: timers of a quiet capture run on the wall's.
        if (nowUs !== null && !this.#stopping) this.advance(nowUs());
      } else if (nowMs !== null && nowMs() - turnedMs < turnMs) continue;
      else await turn();
      turnedMs = nowMs?.() ?? 0;
    }
  }

  advance(tsUs: number): void {
    this.tcp.advance(tsUs);
    this.#bodies?.witnesses?.advance(tsUs);
  }

  /** Lets `run` end after the frames that were captured already: a ring hands its last block over within milliseconds. */
  stop(): void {
    this.#stopping = true;
    this.#options.source.stop();
  }

  /** What to shed from now on; the governor's. */
  setPressure(level: Pressure): void {
    this.tcp.setPressure(level);
    const witnesses = this.#bodies?.witnesses ?? null;
    if (witnesses !== null) witnesses.shedBodies = level >= Pressure.shedBodies;
  }

  /** Closes every stream. Whatever input failed, what came before it counts. */
  finish(): void {
    this.tcp.finish();
    this.#bodies?.witnesses?.finish();
  }

  /** What changes while it runs, in a few kilobytes of garbage; all counters leave a hundred. */
  gauges(): Counters {
    return Object.assign(captureCounters(this.#options.source.stats()), this.tcp.gauges(), this.#httpGauges());
  }

  /** Streams by TLS server name, as far as names are kept apart; '' is all others. */
  get serverNames(): [string, number][] {
    return [...(this.http?.tlsServerNames ?? [])];
  }

  counters(): Counters {
    const counters: Counters = { ...captureCounters(this.#options.source.stats()), ...this.tcp.snapshot() };
    for (const [name, value] of Object.entries(this.#httpCounters)) counters[`http.${name}`] = value as number;
    return Object.assign(counters, this.#httpGauges(), this.#bodies?.counters());
  }

  #httpGauges(): Counters {
    return {
      'http.headPoolBytes': this.http?.headPoolBytes ?? 0,
      'http.waitingRequests': this.http?.waitingRequests ?? 0,
    };
  }
}

/** One turn of the event loop: timers, signals and profilers run. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** `--until tcp`: takes streams and does nothing with them. */
class StreamDiscard implements StreamHandler {
  open(_stream: number, _tsUs: number): void {}
  data(_stream: number, _side: Side, _bytes: Uint8Array, _start: number, _end: number, _tsUs: number): void {}
  gap(_stream: number, _side: Side, _length: number, _reason: GapReason, _tsUs: number): void {}
  end(_stream: number, _side: Side, _tsUs: number): void {}
  close(_stream: number, _reason: CloseReason, _tsUs: number): void {}
}

/** Several handlers, or none. By index: `for of` makes an object for each of them, for each message. */
export class MessageFan implements MessageHandler {
  readonly readsHeadLater: boolean;
  readonly #handlers: readonly MessageHandler[];

  constructor(handlers: readonly MessageHandler[]) {
    this.#handlers = handlers;
    this.readsHeadLater = handlers.some((handler) => handler.readsHeadLater ?? true);
  }

  begin(message: HttpMessage): void {
    for (let at = 0; at < this.#handlers.length; at += 1) this.#handlers[at]!.begin(message);
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    for (let at = 0; at < this.#handlers.length; at += 1) this.#handlers[at]!.body(message, bytes, start, end);
  }

  bodyGap(message: HttpMessage, length: number): void {
    for (let at = 0; at < this.#handlers.length; at += 1) this.#handlers[at]!.bodyGap(message, length);
  }

  end(message: HttpMessage): void {
    for (let at = 0; at < this.#handlers.length; at += 1) this.#handlers[at]!.end(message);
  }
}
