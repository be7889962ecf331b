/** Our end of descriptor 3: collects what the preload says, and asks it for profiles. */
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  type Answers,
  type FamilyOrder,
  familyVariable,
  type PreloadLine,
  type PreloadOptions,
  preloadVariable,
} from '../preload/options.ts';
import { Answered } from './answered.ts';
import { endedAnswers } from './answers.ts';
import { SampleTable } from './sample-table.ts';
import { heapColumns } from './sampled-columns.ts';
import { Threads, withoutReadings } from './thread-figures.ts';

/** The preload: TypeScript in the repository, JavaScript where it was built. */
const preloadFile = fileURLToPath(new URL(`../preload/preload${path.extname(import.meta.url)}`, import.meta.url));

/** Arguments for Node.js that load the preload, before any module of the target. */
export const preloadArguments: readonly string[] = ['--import', pathToFileURL(preloadFile).href];

/** Environment that carries the preload's orders. */
export function preloadEnvironment(options: Omit<PreloadOptions, 'channel'>): Record<string, string> {
  return { [preloadVariable]: JSON.stringify({ ...options, channel: 3 } satisfies PreloadOptions) };
}

/** The same for a program that is no Node.js, whose children may be. Empty without a socket for them. */
export function familyEnvironment(options: Omit<PreloadOptions, 'channel'>): Record<string, string> {
  const { family } = options;
  if (!family) return {};
  const order: FamilyOrder = { ...family, pid: 0, channel: -1, options };
  const before = process.env.NODE_OPTIONS;
  return {
    NODE_OPTIONS: `${before ? `${before} ` : ''}--import=${preloadArguments[1]}`,
    [familyVariable]: JSON.stringify(order),
  };
}

type LineOf<T extends PreloadLine['type']> = Extract<PreloadLine, { type: T }>;
export type ProfileInterval = LineOf<'profile'>;
export type CpuInterval = LineOf<'cpu'>;

/** Lines that end what was asked for. */
const answersTo: Readonly<Record<'cut' | 'settle', readonly PreloadLine['type'][]>> = {
  cut: ['profile', 'cpu'],
  settle: ['settled'],
};

/** A thread in one long turn answers when it is over; what it allocates meanwhile counts for the interval in which it does. */
const threadTimeoutMs = 2_000;

/** A collection or a line more than these is not kept: a run that long is seen well enough through the first ones. */
export const eventsMax = 200_000;
const lineCharactersMax = 1_000_000;
/** Of children whose command is kept, 4 KB each at most; more are only counted. */
const commandsMax = 1_000;

export class PreloadChannel {
  readonly v8 = new SampleTable(heapColumns);
  /** What the main thread has allocated, without readings. */
  readonly grown = new SampleTable(
    [
      { name: 'allocated', unit: 'bytes', kind: 'counter' },
      { name: 'offHeap', unit: 'bytes', kind: 'counter' },
    ],
    16_384,
  );
  /** By its readings, of all threads together, and at the marks. */
  readonly answered = new Answered();
  /** At fixed numbers of requests answered. */
  readonly marks: LineOf<'mark'>[] = [];
  readonly spaces: { readonly tMs: number; readonly used: Readonly<Record<string, number>> }[] = [];
  readonly gc: LineOf<'gc'>[] = [];
  readonly intervals: ProfileInterval[] = [];
  readonly cpu: CpuInterval[] = [];
  readonly snapshots: LineOf<'snapshot'>[] = [];
  /** What was left after forced collections. */
  readonly settled: LineOf<'settled'>[] = [];
  readonly errors: string[] = [];
  /** What the target runs on, as it says itself; empty where it says nothing. */
  runtime = '';
  /** Of the process at the other end, as it says itself; 0 where it says nothing. */
  pid = 0;
  /** The last V8 figures seen, of all threads together. */
  last: LineOf<'v8'> | undefined;
  /** Beside the main thread. */
  readonly threads = new Threads();
  /** Children that it has started, by its own account. */
  readonly spawned: LineOf<'spawn'>[] = [];
  /** The last exception that reached the top of the program. */
  uncaught: LineOf<'uncaught'> | undefined;
  /** Called at each of these. */
  onSpawn: ((pid: number) => void) | undefined;
  /** Channels of its children: they are asked whatever this one is asked. */
  kin: () => readonly PreloadChannel[] = () => [];
  /** The same with those that have ended. */
  everyKin: () => readonly PreloadChannel[] = () => [];
  #nextCut = 0;
  readonly #channel: Duplex | undefined;
  readonly #startEpochMs: number;
  readonly #waiting = new Set<{ readonly test: (line: PreloadLine) => boolean; readonly done: () => void }>();
  #rest = '';
  #endedByItself = false;
  /** Nothing is open in its main thread since the last reading of it. */
  #isDrained = false;
  /** The last figures of the main thread alone. */
  #mainLine: LineOf<'v8'> | undefined;

  /**
   * @param channel undefined for a target without a preload, of which nothing is heard then
   * @param startEpochMs start of the pass, ms since the epoch: lines are kept relative to it
   */
  constructor(channel: Duplex | undefined, startEpochMs: number) {
    this.#channel = channel;
    this.#startEpochMs = startEpochMs;
    const decoder = new StringDecoder('latin1');
    channel?.on('data', (chunk: Buffer) => this.#feed(decoder.write(chunk)));
    channel?.once('close', () => {
      this.#endedByItself = !this.threads.isEndExpected;
    });
  }

  /** Before the target is asked to end: what it cuts from here on is no fault of its own. */
  expectEnd(): void {
    for (const channel of [this, ...this.everyKin()]) channel.threads.isEndExpected = true;
  }

  /** What its servers have answered, and what it has cut by ending; undefined where it has served nothing. */
  get answers(): Answers | undefined {
    const { answers, isLast = false } = this.last ?? {};
    return this.#endedByItself ? endedAnswers(answers, isLast || this.#isDrained) : answers;
  }

  /**
   * Ends profile interval `interval` of the process, its threads and its children, begins the next; resolves when the profiles are
   * written, or after the timeout. @returns whether the process itself has answered
   */
  cut(interval: number, timeoutMs: number): Promise<boolean> {
    this.#nextCut = interval + 1;
    return this.#askAll('cut', interval, timeoutMs);
  }

  /** Has a snapshot of one heap written: seconds, and several times its size in memory. @param thread none: the main thread's */
  snapshot(name: string, timeoutMs: number, thread?: number): Promise<boolean> {
    const isEnd = (line: PreloadLine) => line.type === 'snapshot' && line.name === name && line.thread === thread;
    return this.#ask(`snapshot ${name}${thread === undefined ? '' : ` ${thread}`}`, isEnd, timeoutMs);
  }

  /** Has all garbage of the process, its threads and its children collected, and what is left said. */
  settle(interval: number, timeoutMs: number): Promise<boolean> {
    return this.#askAll('settle', interval, timeoutMs);
  }

  async #askAll(verb: keyof typeof answersTo, interval: number, timeoutMs: number): Promise<boolean> {
    const isEnd = (thread: number | undefined) => (line: PreloadLine) =>
      'interval' in line && answersTo[verb].includes(line.type) && line.interval === interval && line.thread === thread;
    const others = this.threads.living.map(({ id }) => this.#ask('', isEnd(id), Math.min(timeoutMs, threadTimeoutMs)));
    const kin = this.kin().map((each) => each[verb](interval, timeoutMs));
    const own = this.#ask(`${verb} ${interval}`, isEnd(undefined), timeoutMs);
    const [answered] = await Promise.all([own, ...others, ...kin]);
    return answered;
  }

  /** Resolves at the next reading of the target's, which comes by itself; false after the timeout. */
  nextReading(timeoutMs: number): Promise<boolean> {
    return this.#ask('', (line) => line.type === 'v8', timeoutMs);
  }

  #ask(command: string, test: (line: PreloadLine) => boolean, timeoutMs: number): Promise<boolean> {
    const channel = this.#channel;
    if (!channel?.writable) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter = { test, done: () => finish(true) };
      const finish = (answered: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(waiter);
        channel.off('close', onClose);
        resolve(answered);
      };
      const onClose = () => finish(false);
      const timer = setTimeout(finish, timeoutMs, false);
      this.#waiting.add(waiter);
      channel.on('close', onClose);
      if (command !== '') channel.write(`${command}\n`);
    });
  }

  #feed(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(0, lineCharactersMax);
    for (const line of lines) {
      let parsed: PreloadLine;
      try {
        parsed = JSON.parse(line);
      } catch {
        // Not what is in it: a torn line may end in half a secret.
        this.errors.push(`a line of ${line.length} characters from the preload cannot be read`);
        continue;
      }
      this.#take({ ...parsed, tMs: 'tMs' in parsed ? parsed.tMs - this.#startEpochMs : 0 } as PreloadLine);
    }
  }

  #take(line: PreloadLine): void {
    if ('thread' in line && line.thread !== undefined) this.#takeThreads(line, line.thread);
    else this.#takeOwn(line);
    for (const waiter of this.#waiting) if (waiter.test(line)) waiter.done();
  }

  /** Of a worker thread. */
  #takeThreads(line: PreloadLine, thread: number): void {
    if (line.type === 'v8') {
      this.threads.read(thread, line);
      if (this.#mainLine) this.last = this.threads.addedTo(this.#mainLine);
    } else if (line.type === 'drained' || line.type === 'begun') this.threads.turn(thread, line.type === 'drained');
    else if (line.type === 'profile' || line.type === 'cpu') this.#takeInterval(line);
    else if (line.type === 'settled') this.settled.push(line);
    else if (line.type === 'snapshot') this.snapshots.push(line);
    else if (line.type === 'threadStart' || line.type === 'spawn' || line.type === 'error') this.#takeOwn(line);
  }

  #takeOwn(line: PreloadLine): void {
    if (line.type === 'v8') this.#takeFigures(line);
    else if (line.type === 'drained' || line.type === 'begun') this.#isDrained = line.type === 'drained';
    else if (line.type === 'gc') {
      if (this.gc.length < eventsMax) this.gc.push(line);
    } else if (line.type === 'mark') {
      if (this.marks.length < eventsMax) this.marks.push(line);
      const others = (this.last?.answers?.total ?? 0) - (this.#mainLine?.answers?.total ?? 0);
      this.answered.add(line.tMs, line.requests + others);
    } else if (line.type === 'profile' || line.type === 'cpu') this.#takeInterval(line);
    else if (line.type === 'snapshot') this.snapshots.push(line);
    else if (line.type === 'settled') this.settled.push(line);
    else if (line.type === 'runtime') {
      this.runtime = line.name;
      this.pid = line.pid ?? 0;
    } else if (line.type === 'uncaught') this.uncaught = line;
    else if (line.type === 'threadStart') this.threads.start(line.id, line.tMs);
    else if (line.type === 'thread') this.threads.name(line.id, line.name, line.tMs);
    else if (line.type === 'threadEnd') this.threads.end(line.id, line.tMs);
    else if (line.type === 'spawn') {
      const { length } = this.spawned;
      if (length < eventsMax) this.spawned.push(length < commandsMax ? line : { ...line, words: [] });
      this.onSpawn?.(line.pid);
    } else this.errors.push(line.message);
  }

  #takeFigures(main: LineOf<'v8'>): void {
    this.#mainLine = main;
    this.grown.add(main.tMs, [withoutReadings(main), main.offHeap ?? Number.NaN]);
    const line = this.threads.addedTo(main);
    this.last = line;
    if (line.answers) this.answered.add(line.tMs, line.answers.total);
    const { heapUsed, heapTotal, external, arrayBuffers, malloced, allocated, handles = null } = line;
    const row = [heapUsed, heapTotal, external, arrayBuffers, malloced, allocated, handles];
    this.v8.add(
      line.tMs,
      row.map((value) => value ?? Number.NaN),
    );
    if (line.spaces && this.spaces.length < eventsMax) this.spaces.push({ tMs: line.tMs, used: line.spaces });
  }

  #takeInterval(line: LineOf<'profile'> | LineOf<'cpu'>): void {
    const { startMs, endMs } = line;
    const times = { startMs: startMs - this.#startEpochMs, endMs: endMs - this.#startEpochMs };
    const interval = line.interval < 0 ? this.#nextCut : line.interval;
    if (line.type === 'profile') this.intervals.push({ ...line, ...times, interval });
    else if (line.thread === undefined) this.cpu.push({ ...line, ...times, interval });
  }
}
