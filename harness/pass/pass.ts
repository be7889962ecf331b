/** One replay: target up, frames through, everything watched, target down. Whatever happens, nothing is left behind. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Feed, Flow } from '../feed/feed.ts';
import { type HeldFlow, Steering } from '../feed/hold.ts';
import type { SendResult } from '../feed/sender.ts';
import type { Answers, PreloadOptions } from '../preload/options.ts';
import type { Lane, Phase } from '../scenario/scenario.ts';
import { diedAtStart } from '../target/child-target.ts';
import type { Target, TargetExit, TargetLauncher } from '../target/target.ts';
import { MemoryWatch } from '../watch/memory-watch.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from '../watch/preload-channel.ts';
import { SampleTable } from '../watch/sample-table.ts';
import { readStatsFile, type StatsFile } from '../watch/stats-file.ts';
import { StatsTail } from '../watch/stats-tail.ts';
import { doctorWrapper, findClinic, tickLogArguments } from './instruments/cpu-tools.ts';

export type PassKind = 'measure' | 'allocations' | 'live-heap' | 'snapshots' | 'cpu' | 'flame' | 'doctor';

export interface PassOptions {
  readonly kind: PassKind;
  readonly lane: Lane;
  /** Made by the caller per pass; closed by it. */
  readonly feed: Feed;
  readonly launcher: TargetLauncher;
  /** For the pass's own files; made when missing. */
  readonly folder: string;
  /** Arguments for the target's Node.js beyond the lane's own, e.g. a defect's `--import`. */
  readonly nodeArguments: readonly string[];
  readonly sampleMs: number;
  /** Length of an allocation interval. */
  readonly intervalMs: number;
  /** Frame numbers, ascending, at which profile intervals are cut or the pass's instrument is used. */
  readonly frameMarks: readonly number[];
  /** Watched before the first frame, so that the line starts at the target's own level. @default 400 */
  readonly idleMs?: number;
  /** Where an agent that is slowed down by instruments may end; undefined in a pass that measures: its own. */
  readonly ceilingBytes: number | undefined;
  /** Watched after the last frame. */
  readonly settleMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: PassProgress) => void;
}

export interface PassProgress {
  readonly kind: PassKind;
  readonly lane: Lane;
  readonly stage: 'starting' | 'sending' | 'settling' | 'stopping';
  readonly frames: number;
  readonly bytes: number;
  readonly framesExpected: number | undefined;
  readonly elapsedMs: number;
  readonly rssBytes: number;
}

/** Which frames had been sent when a profile interval ended. */
export interface IntervalFrames {
  readonly interval: number;
  readonly firstFrame: number;
  readonly lastFrame: number;
  /** Of the traffic, in a pass that profiles CPU time. */
  readonly phase?: string | undefined;
}

export interface PassResult {
  readonly kind: PassKind;
  readonly lane: Lane;
  readonly startedAtEpochMs: number;
  readonly durationMs: number;
  /** Whether the target was still there when the traffic, or the load, began. */
  readonly isTried: boolean;
  /** When the first frame was sent and the last, ms after the start; the same where none was. */
  readonly sendStartMs: number;
  readonly sendEndMs: number;
  readonly targetName: string;
  readonly commandLine: readonly string[];
  readonly instruments: readonly string[];
  readonly watch: MemoryWatch;
  readonly channel: PreloadChannel;
  readonly sent: SampleTable;
  readonly stats: StatsFile;
  /** Ledger, truth and impairments; undefined when the target was gone before anything was sent. */
  readonly sending: SendResult | undefined;
  /** HTTP answers that a target under a load gave, by its own count or the load's; undefined where nobody counted. */
  readonly answers: Answers | undefined;
  readonly exit: TargetExit;
  readonly intervals: readonly IntervalFrames[];
  readonly interrupted: boolean;
}

/** Deterministic as far as Node.js allows; refused in NODE_OPTIONS, so they are arguments. */
const exactLaneArguments = [
  '--single-threaded',
  '--random-seed=1',
  '--hash-seed=1',
  // V8 else lets its young generation shrink where little was allocated in a while, …
  '--predictable',
  // … collects once more where nothing happened, …
  '--no-memory-reducer',
  // … marks in steps of time, …
  '--no-incremental-marking',
  // … and lets the heap grow by how fast it is filled and collected: by a tenth of what is live to three times that.
  '--heap-growing-percent=50',
  // For the collections before the traffic: see `harness/preload/step.ts`.
  '--expose-gc',
];
/** Files that are read at the same time come in the order they were asked for. */
const exactLaneEnvironment = { UV_THREADPOOL_SIZE: '1' };
/** Inlined callees are charged to their callers, whose line is then the wrong one. */
const attributionArguments = ['--no-turbo-inlining', '--no-maglev-inlining'];
export const heapSampleBytes = 65_536;
export const offHeapSampleBytes = 65_536;
const stackDepth = 64;
const cpuSampleUs = 1_000;
const statsIntervalMs = 250;
/** Where the agent's figures steer the traffic they must be fresh. */
const steeringStatsIntervalMs = 100;
/** Frames sent and not yet taken, where instruments slow the target down: 36 MB of full-sized ones, and its ring holds 64. */
const framesAheadMax = 24_000;
const profileTimeoutMs = 10_000;
const snapshotTimeoutMs = 300_000;
const idleMsDefault = 400;
/** Readings come every 250 ms, those of a Go program every second. */
const readingTimeoutMs = 1_500;
/** A program that nothing drives and that fails sooner has not got so far as to be tried. */
const tryMsMin = 1_000;

/**
 * Runs one pass.
 * @throws FloodgateError when the target cannot be started. One that dies under way is no error here: see `exit`.
 */
export async function runPass(options: PassOptions): Promise<PassResult> {
  mkdirSync(options.folder, { recursive: true });
  const statsFile = path.join(options.folder, 'agent-stats.jsonl');
  const target = await startTarget(options, statsFile);
  const startedAtEpochMs = Date.now();
  const originMs = performance.now();
  const nowMs = () => performance.now() - originMs;
  const channel = new PreloadChannel(target.channel, startedAtEpochMs);
  const watch = await watchOf(target, options, nowMs);
  const instrument = new Instrument(options, channel);
  // The run ends early when the operator says so, and when there is nobody left to send to.
  const targetGone = new AbortController();
  target.exited.then(() => targetGone.abort());
  const signal = AbortSignal.any([options.signal, targetGone.signal]);
  const conduct = new Conduct(options, watch, instrument, new StatsTail(statsFile), nowMs);
  let exit: TargetExit;
  try {
    await conduct.send(target, signal);
    await pause(options.settleMs, signal);
    // A program that ends at SIGTERM says no last word: what it counted since its last reading would be lost.
    if (options.lane === 'load' && channel.last && !signal.aborted) await channel.nextReading(readingTimeoutMs);
    if (options.lane !== 'exact') await instrument.use(conduct.frames);
  } finally {
    conduct.stop();
    // What a target does while it ends (flush, free) is no part of the measurement.
    watch.stop();
    exit = await target.stop();
  }
  return {
    kind: options.kind,
    lane: options.lane,
    startedAtEpochMs,
    durationMs: nowMs(),
    isTried: conduct.isTried && !(options.feed.isWatchOnly && !exit.expected && nowMs() < tryMsMin),
    sendStartMs: conduct.sendStartMs,
    sendEndMs: conduct.sendEndMs,
    targetName: target.name,
    commandLine: target.commandLine,
    instruments: instrumentsOf(options.kind, options.launcher),
    watch,
    channel,
    sent: conduct.sent,
    stats: readStatsFile(statsFile),
    sending: conduct.result,
    answers: options.lane === 'load' ? (channel.last?.answers ?? options.feed.answers) : undefined,
    exit,
    intervals: instrument.intervals,
    interrupted: options.signal.aborted,
  };
}

/** @throws FloodgateError `TARGET_DIED` where it is gone before anything could be looked at */
async function watchOf(target: Target, options: PassOptions, nowMs: () => number): Promise<MemoryWatch> {
  const { pid, memory, ranBefore } = target;
  try {
    const levels = options.kind === 'measure';
    return new MemoryWatch({ pid, memory, sampleMs: options.sampleMs, levels, ranBefore: ranBefore ?? false, nowMs });
  } catch (error) {
    throw diedAtStart(target.name, await target.stop(), error);
  }
}

function startTarget(options: PassOptions, statsFile: string): Promise<Target> {
  return options.launcher.start({
    interfaces: options.feed.interfaces,
    statsFile,
    statsIntervalMs: options.kind === 'measure' ? statsIntervalMs : steeringStatsIntervalMs,
    ceilingBytes: options.ceilingBytes,
    nodeArguments: [
      ...(options.lane === 'exact' ? exactLaneArguments : []),
      ...(options.kind === 'allocations' || options.kind === 'live-heap' ? attributionArguments : []),
      ...(options.kind === 'flame' ? tickLogArguments(options.folder) : []),
      ...preloadArguments,
      ...options.nodeArguments,
    ],
    observe: preloadOf(options),
    env: {
      ...(options.launcher.isNode ? preloadEnvironment(preloadOf(options)) : {}),
      ...(options.lane === 'exact' ? exactLaneEnvironment : {}),
    },
    ...(options.kind === 'doctor' && { wrapper: doctorWrapper(findClinic(), options.folder) }),
  });
}

/** Sends the frames, and meanwhile samples what was sent, follows the phases, works the instrument and tells progress. */
class Conduct {
  readonly sent = new SampleTable([
    { name: 'frames', unit: 'count', kind: 'counter' },
    { name: 'bytes', unit: 'bytes', kind: 'counter' },
  ]);
  isTried = false;
  sendStartMs = 0;
  sendEndMs = 0;
  frames = 0;
  result: SendResult | undefined;
  readonly #options: PassOptions;
  readonly #watch: MemoryWatch;
  readonly #instrument: Instrument;
  readonly #tail: StatsTail;
  readonly #nowMs: () => number;
  #stage: PassProgress['stage'] = 'starting';
  #sender: Flow | undefined;
  #phases: PhaseWatch | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(options: PassOptions, watch: MemoryWatch, instrument: Instrument, tail: StatsTail, nowMs: () => number) {
    this.#tail = tail;
    this.#options = options;
    this.#watch = watch;
    this.#instrument = instrument;
    this.#nowMs = nowMs;
  }

  /** Resolves when everything was sent and taken, or the signal says stop. */
  async send(target: Target, signal: AbortSignal): Promise<void> {
    const { feed, sampleMs } = this.#options;
    const sender = await feed.open(target);
    this.#sender = sender;
    this.#phases = new PhaseWatch(this.#phaseNames[0], sender.description.phases, (name) => {
      this.#watch.phase(name);
      this.#instrument.phase(name, this.frames);
    });
    this.#watch.sample();
    this.#ticker = setInterval(() => this.#tick(), sampleMs);
    await pause(this.#options.idleMs ?? idleMsDefault, signal);
    // What the target allocated while it started is an interval of its own, with no frame in it.
    await this.#instrument.use(0);
    const stop = () => sender.stop();
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    this.#stage = 'sending';
    const steering = this.#steer(sender, signal);
    const steered = steering?.run();
    this.sendStartMs = this.sendEndMs = this.#nowMs();
    this.isTried = !signal.aborted;
    sender.start();
    try {
      this.result = await sender.done;
    } finally {
      steering?.stop();
      await steered;
      signal.removeEventListener('abort', stop);
    }
    if (!signal.aborted) await steering?.finish(sender.progress().frames);
    // A reader whose input ends is gone soon after: its last interval is taken before.
    if (this.#options.lane === 'exact') await this.#instrument.use(sender.progress().frames);
    // The exact lane's reader decides how long this takes; one that hangs is found when it is stopped.
    if (!signal.aborted) await Promise.race([feed.finish(), target.exited]);
    this.sendEndMs = this.#nowMs();
    this.#tick();
    this.#stage = 'settling';
    this.#watch.phase(this.#phaseNames[1]);
    this.#instrument.phase(this.#phaseNames[1], this.frames);
  }

  /** Before and after the traffic. */
  get #phaseNames(): readonly [string, string] {
    return this.#options.lane === 'load' ? ['idle', 'recover'] : ['starting', 'settling'];
  }

  stop(): void {
    this.#stage = 'stopping';
    clearInterval(this.#ticker);
    this.#tail.close();
    this.#sender?.stop();
  }

  /** A pass that measures is never held. */
  #steer(flow: Flow, signal: AbortSignal): Steering | undefined {
    const { kind, lane, frameMarks } = this.#options;
    if (kind === 'measure' || kind === 'cpu' || kind === 'flame' || kind === 'doctor') return undefined;
    if (!flow.pauseAt || !flow.resume) return undefined;
    this.#instrument.isSteered = true;
    return new Steering({
      flow: flow as HeldFlow,
      tail: this.#tail,
      frameMarks,
      framesAheadMax: lane === 'tap' ? framesAheadMax : Number.POSITIVE_INFINITY,
      atMark: (frames) => this.#instrument.use(frames),
      pause: (ms) => pause(ms, signal),
      signal,
      nowMs: this.#nowMs,
    });
  }

  #tick(): void {
    const { kind, lane, onProgress } = this.#options;
    const { description } = this.#sender!;
    const { frames, bytes, trafficUs } = this.#sender!.progress();
    const nowMs = this.#nowMs();
    this.frames = frames;
    this.sent.add(nowMs, [frames, bytes]);
    if (frames > 0 && this.#stage === 'sending') this.#phases!.at(trafficUs);
    this.#instrument.tick(frames, nowMs);
    const { rssBytes } = this.#watch;
    const { framesExpected } = description;
    onProgress({ kind, lane, stage: this.#stage, frames, bytes, framesExpected, elapsedMs: nowMs, rssBytes });
  }
}

function preloadOf({ kind, folder, lane }: PassOptions): Omit<PreloadOptions, 'channel'> {
  const readings = { intervalMs: 250, inStep: lane === 'exact' };
  if (kind === 'measure' || kind === 'flame' || kind === 'doctor') return readings;
  if (kind === 'cpu') return { ...readings, cpu: { sampleUs: cpuSampleUs, folder } };
  if (kind === 'snapshots') return { ...readings, snapshots: { folder } };
  const what = kind === 'allocations' ? 'allocations' : 'live';
  return { ...readings, profile: { kind: what, sampleBytes: heapSampleBytes, stackDepth, offHeapSampleBytes, folder } };
}

function instrumentsOf(kind: PassKind, launcher: TargetLauncher): string[] {
  const always = launcher.instruments ?? [
    '/proc (RSS, PSS, peaks, faults, kinds of page)',
    'V8 counters and collections',
    "the agent's own counters",
  ];
  if (kind === 'allocations' || kind === 'live-heap') {
    // Of what is looked into in another way than by the preload, its own instruments are all there is.
    if (!launcher.isNode) return [...always];
    return [
      ...always,
      `allocation sampling, ${kind === 'allocations' ? 'freed objects included' : 'survivors only'}, ${heapSampleBytes / 1024} KiB`,
      `off-heap call sites, ${offHeapSampleBytes / 1024} KiB`,
      attributionArguments.join(' '),
    ];
  }
  if (kind === 'snapshots') return [...always, 'heap snapshots'];
  if (kind === 'cpu') return [...always, `V8 CPU profile, a stack each ${cpuSampleUs / 1e3} ms, one a phase`];
  if (kind === 'flame') return [...always, '0x (V8 tick log)'];
  if (kind === 'doctor') return ['clinic doctor'];
  return [...always];
}

/** Uses the pass's instrument: at frame marks, and for allocation intervals by time as well. */
class Instrument {
  readonly intervals: IntervalFrames[] = [];
  /** Frame marks are somebody else's business: who can hold the traffic there. */
  isSteered = false;
  readonly #options: PassOptions;
  readonly #channel: PreloadChannel;
  #nextMark = 0;
  #lastCutMs = 0;
  #firstFrame = 0;
  #pending: Promise<unknown> = Promise.resolve();
  #busy = false;
  #count = 0;
  /** The one that is under way. */
  #phase = '';

  constructor(options: PassOptions, channel: PreloadChannel) {
    this.#options = options;
    this.#channel = channel;
  }

  /** Another phase begins: where CPU time is profiled, another profile. */
  phase(name: string, frames: number): void {
    if (this.#options.kind !== 'cpu') return;
    const before = this.#phase;
    // The first of the traffic: what came before was cut off just now.
    if (before !== '' && !this.#busy) this.#use(frames);
    // One that ends before the profile of the last is written shares the next one.
    this.#phase = before !== '' && this.#busy && this.#phase !== '' ? `${before} + ${name}` : name;
  }

  tick(frames: number, nowMs: number): void {
    const { kind, frameMarks, intervalMs } = this.#options;
    if (!this.#isWorked || kind === 'cpu' || this.#busy) return;
    const mark = this.isSteered ? undefined : frameMarks[this.#nextMark];
    const atMark = mark !== undefined && frames >= mark;
    if (!atMark && !(kind === 'allocations' && nowMs - this.#lastCutMs >= intervalMs)) return;
    if (atMark) while ((frameMarks[this.#nextMark] ?? Number.POSITIVE_INFINITY) <= frames) this.#nextMark++;
    this.#lastCutMs = nowMs;
    this.#use(frames);
  }

  /** Whatever the frame number, after what is under way: before the first frame, and at the end. */
  async use(frames: number): Promise<void> {
    const { kind, lane } = this.#options;
    if (!this.#isWorked) return;
    await this.#pending;
    // Where no time has passed a snapshot would say the same again.
    if (kind === 'snapshots' && lane === 'exact' && this.intervals.at(-1)?.lastFrame === frames) return;
    this.#use(frames);
    await this.#pending;
  }

  /** Whether there is something to do while the pass runs. */
  get #isWorked(): boolean {
    const { kind } = this.#options;
    return kind !== 'measure' && kind !== 'flame' && kind !== 'doctor';
  }

  #use(frames: number): void {
    const { kind } = this.#options;
    const phase = this.#phase;
    this.#phase = '';
    const interval = this.#count++;
    this.#busy = true;
    const firstFrame = this.#firstFrame;
    this.#firstFrame = frames;
    const done = (answered: boolean) => {
      this.#busy = false;
      if (answered) this.intervals.push({ interval, firstFrame, lastFrame: frames, phase: phase || undefined });
    };
    const answer =
      kind === 'snapshots'
        ? this.#channel.snapshot(String(interval), snapshotTimeoutMs)
        : this.#channel.cut(interval, profileTimeoutMs);
    // Nobody who interrupts a run waits minutes for an instrument.
    this.#pending = unlessAborted(answer, this.#options.signal).then(done);
  }
}

/** Follows the traffic's phases, for the peak and the CPU profile of each. */
class PhaseWatch {
  readonly #phases: readonly Phase[];
  readonly #begin: (name: string) => void;
  #next = 0;

  constructor(before: string, phases: readonly Phase[], begin: (name: string) => void) {
    this.#phases = phases;
    this.#begin = begin;
    begin(before);
  }

  at(trafficUs: number): void {
    for (;;) {
      const phase = this.#phases[this.#next];
      if (!phase || trafficUs < phase.startUs) return;
      this.#next++;
      this.#begin(phase.name);
    }
  }
}

/** The answer, or false as soon as the signal is given. */
function unlessAborted(answer: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const stop = () => resolve(false);
    signal.addEventListener('abort', stop);
    answer.then(resolve).finally(() => signal.removeEventListener('abort', stop));
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
