/** Our end of descriptor 3: collects what the preload says, and asks it for profiles. */
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type PreloadLine, type PreloadOptions, preloadVariable } from '../preload/options.ts';
import { SampleTable } from './sample-table.ts';

/** The preload: TypeScript in the repository, JavaScript where it was built. */
const preloadFile = fileURLToPath(new URL(`../preload/preload${path.extname(import.meta.url)}`, import.meta.url));

/** Arguments for Node.js that load the preload, before any module of the target. */
export const preloadArguments: readonly string[] = ['--import', pathToFileURL(preloadFile).href];

/** Environment that carries the preload's orders. */
export function preloadEnvironment(options: Omit<PreloadOptions, 'channel'>): Record<string, string> {
  return { [preloadVariable]: JSON.stringify({ ...options, channel: 3 } satisfies PreloadOptions) };
}

type LineOf<T extends PreloadLine['type']> = Extract<PreloadLine, { type: T }>;
export type ProfileInterval = LineOf<'profile'>;
export type CpuInterval = LineOf<'cpu'>;

/** A collection or a line more than these is not kept: a run that long is seen well enough through the first ones. */
const eventsMax = 200_000;
const lineCharactersMax = 1_000_000;

export class PreloadChannel {
  readonly v8 = new SampleTable([
    { name: 'heapUsed', unit: 'bytes', kind: 'gauge' },
    { name: 'heapTotal', unit: 'bytes', kind: 'gauge' },
    { name: 'external', unit: 'bytes', kind: 'gauge' },
    { name: 'arrayBuffers', unit: 'bytes', kind: 'gauge' },
    { name: 'malloced', unit: 'bytes', kind: 'gauge' },
    { name: 'allocated', unit: 'bytes', kind: 'counter' },
    { name: 'handles', unit: 'count', kind: 'gauge' },
  ]);
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
  /** The last V8 figures seen. */
  last: LineOf<'v8'> | undefined;
  readonly #channel: Duplex | undefined;
  readonly #startEpochMs: number;
  readonly #waiting = new Set<{ readonly test: (line: PreloadLine) => boolean; readonly done: () => void }>();
  #rest = '';

  /**
   * @param channel undefined for a target without a preload, of which nothing is heard then
   * @param startEpochMs start of the pass, ms since the epoch: lines are kept relative to it
   */
  constructor(channel: Duplex | undefined, startEpochMs: number) {
    this.#channel = channel;
    this.#startEpochMs = startEpochMs;
    const decoder = new StringDecoder('latin1');
    channel?.on('data', (chunk: Buffer) => this.#feed(decoder.write(chunk)));
  }

  /** Ends profile interval `interval`, begins the next; resolves when its profile is written, or after the timeout. */
  cut(interval: number, timeoutMs: number): Promise<boolean> {
    return this.#ask(
      `cut ${interval}`,
      (line) => (line.type === 'profile' || line.type === 'cpu') && line.interval === interval,
      timeoutMs,
    );
  }

  /** Has a heap snapshot written: seconds, and several times the heap's size in memory. */
  snapshot(name: string, timeoutMs: number): Promise<boolean> {
    return this.#ask(`snapshot ${name}`, (line) => line.type === 'snapshot' && line.name === name, timeoutMs);
  }

  /** Has all garbage collected, and what is left said. */
  settle(interval: number, timeoutMs: number): Promise<boolean> {
    return this.#ask(`settle ${interval}`, (line) => line.type === 'settled' && line.interval === interval, timeoutMs);
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
        this.errors.push(`unreadable line from the preload: ${line.slice(0, 100)}`);
        continue;
      }
      this.#take({ ...parsed, tMs: 'tMs' in parsed ? parsed.tMs - this.#startEpochMs : 0 } as PreloadLine);
    }
  }

  #take(line: PreloadLine): void {
    if (line.type === 'v8') {
      this.last = line;
      const { heapUsed, heapTotal, external, arrayBuffers, malloced, allocated, handles = null } = line;
      const row = [heapUsed, heapTotal, external, arrayBuffers, malloced, allocated, handles];
      this.v8.add(
        line.tMs,
        row.map((value) => value ?? Number.NaN),
      );
      if (line.spaces && this.spaces.length < eventsMax) this.spaces.push({ tMs: line.tMs, used: line.spaces });
    } else if (line.type === 'gc') {
      if (this.gc.length < eventsMax) this.gc.push(line);
    } else if (line.type === 'mark') {
      if (this.marks.length < eventsMax) this.marks.push(line);
    } else if (line.type === 'profile') {
      const { startMs, endMs } = line;
      this.intervals.push({ ...line, startMs: startMs - this.#startEpochMs, endMs: endMs - this.#startEpochMs });
    } else if (line.type === 'cpu') {
      const { startMs, endMs } = line;
      this.cpu.push({ ...line, startMs: startMs - this.#startEpochMs, endMs: endMs - this.#startEpochMs });
    } else if (line.type === 'snapshot') this.snapshots.push(line);
    else if (line.type === 'settled') this.settled.push(line);
    else if (line.type === 'runtime') this.runtime = line.name;
    else this.errors.push(line.message);
    for (const waiter of this.#waiting) if (waiter.test(line)) waiter.done();
  }
}
