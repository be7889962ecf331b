/**
 * Sends the requests of a spool at a service: at their recorded times, as fast as answers come, or one at a time. Clock, timers and sockets
 * are passed in. Holds no request but those under way, and of these no bytes but those that the kernel has not taken yet.
 */
import type { Socket } from 'node:net';
import type { RequestAccount } from '../feed/request-account.ts';
import { type Answer, AnswerComparison, type SentRequest, sentRequest } from './answer-comparison.ts';
import { Answers } from './answers.ts';
import { AppliedRules, type HeaderRules, isEmpty, rewriteHead } from './header-rules.ts';
import { closeTimeoutMs, connectionsMax, queuedMax } from './limits.ts';
import { type DueRequest, ReplayConnection, type ReplayContext } from './replay-connection.ts';
import { EventFlag, EventKind, type RequestEvent } from './request-event.ts';
import type { SpoolReader } from './spool.ts';

/** Recorded times divided by `speed`; or none. */
export type RequestPace =
  | { readonly kind: 'recorded'; readonly speed: number }
  | { readonly kind: 'topspeed' | 'oneAtATime' };

/** How late requests were: percentiles of what was recorded, µs. */
export interface Lateness {
  record(us: number): void;
  percentile(percent: number): number;
  readonly max: number;
  readonly count: number;
}

export interface ReplayOptions {
  readonly openSpool: () => SpoolReader;
  readonly pace: RequestPace;
  readonly rules: HeaderRules;
  readonly loops: number;
  /** Of the recording: between the beginnings of two loops, and connections open at most. */
  readonly durationUs: number;
  readonly recordedConnections: number;
  readonly nowMs: () => number;
  /** Sleeps so long, or a little longer. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Lets sockets have their turn. */
  readonly turn: () => Promise<void>;
  readonly connect: (host: string) => Socket;
  readonly lateness: () => Lateness;
  readonly onProgress: (sent: number, bytes: number, trafficUs: number) => void;
}

/** The last of a wait is spent in turns of the event loop: a timer is up to a millisecond late. */
const spinMs = 1;
/** A wait is taken in parts, so that a stop is heard. */
const sleepMsMax = 250;
/** Events taken before sockets have their turn, where nothing waits for a time. */
const eventsPerTurn = 32;
/** Connections are opened before they are needed, and are closed a little after. */
const connectionsAbove = 16;
/** Above any number of connections of a recording. */
const connectionsApart = 2 ** 32;
const startLineBytes = 512;

export class Replay implements ReplayContext {
  readonly nowMs: () => number;
  readonly connect: (host: string) => Socket;
  readonly http: Answers;
  host = '127.0.0.1';
  queued = 0;
  readonly #options: ReplayOptions;
  readonly #connections = new Map<number, ReplayConnection>();
  /** By slot. */
  readonly #bySlot: (ReplayConnection | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #comparison = new AnswerComparison();
  readonly #late: Lateness;
  readonly #ownLate: Lateness;
  readonly #socketErrors: Record<string, number> = {};
  readonly #isUnruled: boolean;
  readonly #applied = new AppliedRules();
  #waiting: (() => void)[] = [];
  #isStopped = false;
  #hasConnected = false;
  #number = 0;
  #sent = 0;
  #bytes = 0;
  #waited = 0;
  #reconnects = 0;
  #repeated = 0;
  #unasked = 0;
  #trafficUs = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.nowMs = options.nowMs;
    this.connect = options.connect;
    this.#late = options.lateness();
    this.#ownLate = options.lateness();
    this.#isUnruled = isEmpty(options.rules);
    this.http = new Answers(connectionsMax, options.nowMs, (slot, answer) => this.#answer(slot, answer));
  }

  /** Resolves when every answer is there, or too late. */
  async run(): Promise<Omit<RequestAccount, 'recorded' | 'loops'>> {
    const { loops, durationUs } = this.#options;
    const startMs = this.nowMs();
    for (let loop = 0; loop < loops && !this.#isStopped; loop += 1) {
      await this.#send(startMs, loop, loop * durationUs);
    }
    for (const connection of this.#connections.values()) connection.finish();
    await this.#until(() => this.#connections.size === 0, Number.POSITIVE_INFINITY);
    return this.#account();
  }

  stop(): void {
    this.#isStopped = true;
    for (const connection of this.#connections.values()) connection.destroy();
    this.changed();
  }

  /** To be called a few times a second: gives up what the service owes for too long. */
  tick(): void {
    const nowMs = this.nowMs();
    for (const connection of this.#connections.values()) {
      if (!connection.isLate(nowMs)) continue;
      if (!connection.isIdle) this.failed('no answer in time');
      connection.destroy();
    }
    this.changed();
  }

  hostAfter(host: string): string | undefined {
    if (host !== this.host) return this.host;
    // Some services listen on the loopback of IPv6 alone.
    if (this.#hasConnected || this.host === '::1') return undefined;
    this.host = '::1';
    return this.host;
  }

  sent({ hasWaited, dueMs, isAgain }: DueRequest, lateMs: number): void {
    if (isAgain) return;
    this.#sent += 1;
    this.#options.onProgress(this.#sent, this.#bytes, this.#trafficUs);
    if (dueMs === undefined) return;
    const lateUs = lateMs * 1000;
    this.#late.record(lateUs);
    if (hasWaited) this.#waited += 1;
    else this.#ownLate.record(lateUs);
  }

  sentBytes(count: number): void {
    this.#bytes += count;
  }

  missed(request: SentRequest): void {
    this.#comparison.miss(request);
  }

  opened(isAgain: boolean): void {
    if (isAgain) this.#reconnects += 1;
  }

  repeated(): void {
    this.#repeated += 1;
  }

  failed(code: string): void {
    this.#socketErrors[code] = (this.#socketErrors[code] ?? 0) + 1;
  }

  spokeUnasked(): void {
    this.#unasked += 1;
  }

  changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  closed({ key, slot }: ReplayConnection): void {
    this.#connections.delete(key);
    this.#bySlot[slot] = undefined;
    this.#freeSlots.push(slot);
  }

  async #send(startMs: number, loop: number, offsetUs: number): Promise<void> {
    const { pace } = this.#options;
    const spool = this.#options.openSpool();
    try {
      let baseUs: number | undefined;
      let taken = 0;
      for (let event = spool.next(); event && !this.#isStopped; event = spool.next()) {
        baseUs ??= event.tsUs;
        this.#trafficUs = event.tsUs - baseUs + offsetUs;
        const dueMs = pace.kind === 'recorded' ? startMs + this.#trafficUs / 1000 / pace.speed : undefined;
        if (dueMs !== undefined) await this.#reach(dueMs);
        taken += 1;
        if (taken % eventsPerTurn === 0) await this.#options.turn();
        await this.#take(spool, event, event.connection + loop * connectionsApart, dueMs);
      }
      // Requests that wait read their bytes when their turn comes.
      await this.#until(() => [...this.#connections.values()].every(({ isIdle }) => isIdle), Number.POSITIVE_INFINITY);
    } finally {
      spool.close();
    }
  }

  async #reach(dueMs: number): Promise<void> {
    const { sleep, turn } = this.#options;
    for (let left = dueMs - this.nowMs(); left > 0 && !this.#isStopped; left = dueMs - this.nowMs()) {
      if (left >= 2 * spinMs) await sleep(Math.min(Math.floor(left - spinMs), sleepMsMax));
      else await turn();
    }
  }

  async #take(spool: SpoolReader, event: RequestEvent, key: number, dueMs: number | undefined): Promise<void> {
    const { kind } = event;
    const isAlone = this.#options.pace.kind === 'oneAtATime';
    if (kind === EventKind.close) {
      const connection = this.#connections.get(key);
      connection?.finish();
      if (isAlone && connection) {
        await this.#until(() => connection.isOver, this.nowMs() + closeTimeoutMs);
        connection.destroy();
        await this.#until(() => connection.isOver, Number.POSITIVE_INFINITY);
      }
      return;
    }
    const due = kind === EventKind.request ? this.#due(spool, event, dueMs) : undefined;
    const connection = await this.#connectionOf(key);
    if (due === undefined) {
      if (isAlone) await this.#until(() => connection.isConnected || !connection.isIdle, this.nowMs() + closeTimeoutMs);
      return;
    }
    await this.#until(() => this.queued < queuedMax, Number.POSITIVE_INFINITY);
    connection.send(due);
    if (isAlone) await this.#until(() => connection.isIdle, Number.POSITIVE_INFINITY);
  }

  #due(spool: SpoolReader, event: RequestEvent, dueMs: number | undefined): DueRequest {
    const { offset, length, flags, headBytes } = event;
    this.#number += 1;
    const startLine = () =>
      spool.beginning({ offset, length, flags }, startLineBytes).toString('latin1').split(/\r?\n/, 1)[0]!;
    return {
      request: sentRequest(this.#number, event, startLine),
      isPipelined: (flags & EventFlag.pipelined) !== 0,
      dueMs,
      hasWaited: false,
      isAgain: false,
      pieces: () => this.#pieces(spool, { offset, length, flags }, headBytes),
    };
  }

  *#pieces(
    spool: SpoolReader,
    where: Pick<RequestEvent, 'offset' | 'length' | 'flags'>,
    headBytes: number,
  ): Generator<Buffer> {
    if (this.#isUnruled) {
      yield* spool.pieces(where);
      return;
    }
    let before: Buffer | undefined = Buffer.alloc(0);
    for (const piece of spool.pieces(where)) {
      if (!before) yield piece;
      else if (before.length + piece.length < headBytes) before = Buffer.concat([before, piece]);
      else {
        const bytes = Buffer.concat([before, piece]);
        const head = rewriteHead(bytes.toString('latin1', 0, headBytes), this.#options.rules, this.#applied);
        yield Buffer.concat([Buffer.from(head, 'latin1'), bytes.subarray(headBytes)]);
        before = undefined;
      }
    }
  }

  async #connectionOf(key: number): Promise<ReplayConnection> {
    const known = this.#connections.get(key);
    if (!known?.isEnding) return known ?? this.#open(key);
    // A limit has ended it.
    await this.#until(() => known.isOver, Number.POSITIVE_INFINITY);
    return this.#open(key);
  }

  async #open(key: number): Promise<ReplayConnection> {
    const { pace, recordedConnections } = this.#options;
    // Without a schedule the recorded number keeps a million connections from being opened at once.
    const wanted = pace.kind === 'topspeed' ? recordedConnections + connectionsAbove : connectionsMax;
    const most = Math.min(connectionsMax, wanted);
    while (this.#connections.size >= most && !this.#isStopped) {
      // Where nothing is due, those that end are waited for: then each is used as it was recorded.
      const endsSome = [...this.#connections.values()].some(({ isEnding }) => isEnding);
      if (pace.kind === 'recorded' || !endsSome) this.#evict();
      const before = this.#connections.size;
      await this.#until(() => this.#connections.size < before, this.nowMs() + closeTimeoutMs);
    }
    const slot = this.#freeSlots.pop() ?? this.#bySlot.length;
    const connection = new ReplayConnection(slot, key, this);
    this.#bySlot[slot] = connection;
    this.#connections.set(key, connection);
    connection.open();
    return connection;
  }

  /** Ends the idle connection that was unused for longest; its next request opens it again. */
  #evict(): void {
    let oldest: ReplayConnection | undefined;
    for (const connection of this.#connections.values()) {
      const isFree = connection.isIdle && !connection.isEnding;
      if (isFree && connection.lastUsedMs < (oldest?.lastUsedMs ?? Number.POSITIVE_INFINITY)) oldest = connection;
    }
    oldest?.finish();
  }

  #answer(slot: number, answer: Answer): void {
    const { status, length, isWhole } = answer;
    const connection = this.#bySlot[slot];
    const request = connection?.answered(answer);
    if (!connection || !request) return;
    this.#hasConnected = true;
    this.#comparison.answer(request, status, length, isWhole);
    connection.goOn();
  }

  /** Waits until something holds, a time has come, or all is stopped. */
  async #until(holds: () => boolean, untilMs: number): Promise<void> {
    while (!holds() && this.nowMs() < untilMs && !this.#isStopped) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  #account(): Omit<RequestAccount, 'recorded' | 'loops'> {
    const { pace } = this.#options;
    const { differences, ...counts } = this.#comparison;
    const isTimed = pace.kind === 'recorded' && this.#late.count > 0;
    return {
      mode: pace.kind,
      sent: this.#sent,
      bytesSent: this.#bytes,
      ...counts,
      lateP50Us: isTimed ? this.#late.percentile(50) : null,
      lateP99Us: isTimed ? this.#late.percentile(99) : null,
      lateMaxUs: isTimed ? this.#late.max : null,
      ownLateP99Us: isTimed && this.#ownLate.count > 0 ? this.#ownLate.percentile(99) : null,
      waited: this.#waited,
      reconnects: this.#reconnects,
      repeated: this.#repeated,
      unasked: this.#unasked,
      socketErrors: this.#socketErrors,
      unusedRules: this.#applied.unused(this.#options.rules),
      differences,
      cutShort: this.#isStopped,
    };
  }
}
