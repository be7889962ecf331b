/** What the worker threads of one process say of their heaps: each has one of its own. */
import type { Answers, PreloadLine } from '../preload/options.ts';
import { addedAnswers, endedAnswers } from './answers.ts';
import { SampleTable } from './sample-table.ts';

type V8Line = Extract<PreloadLine, { type: 'v8' }>;

/** What an isolate itself has allocated: readings allocate too. */
export const withoutReadings = ({ allocated, ownAllocated = 0 }: V8Line): number => allocated - ownAllocated;

/** Less cannot be known: objects that began old are known to a page of 256 KiB. */
const elsewhereBytesMin = 262_144;
/** Changes by less are within every threshold. */
const elsewhereShareMin = 0.005;

/** Whether so much beside so much of the main thread, over a number of requests, is no noise. */
export function isBeside(bytes: number, mainBytes: number): boolean {
  return bytes >= Math.max(elsewhereBytesMin, elsewhereShareMin * mainBytes);
}

/** A program that makes a thread for each request has too many to be listed: the sums hold all of them. */
const threadsMax = 256;

export class ThreadFigures {
  readonly id: number;
  /** As it was named, or its file; empty while it has said nothing of itself. */
  name = '';
  readonly startMs: number;
  endMs: number | null = null;
  readonly v8 = new SampleTable(
    [
      { name: 'heapUsed', unit: 'bytes', kind: 'gauge' },
      { name: 'heapTotal', unit: 'bytes', kind: 'gauge' },
      { name: 'external', unit: 'bytes', kind: 'gauge' },
      { name: 'allocated', unit: 'bytes', kind: 'counter' },
      { name: 'offHeap', unit: 'bytes', kind: 'counter' },
    ],
    16_384,
  );
  last: V8Line | undefined;
  /** Nothing is open since then. */
  isDrained = false;

  constructor(id: number, startMs: number) {
    this.id = id;
    this.startMs = startMs;
  }

  /** Whether the preload runs in it. */
  get isSeen(): boolean {
    return this.name !== '';
  }
}

/** All threads of a process but its main one. */
export class Threads {
  readonly listed: ThreadFigures[] = [];
  /** Beyond those that are listed. */
  uncounted = 0;
  /** The process was asked to end: a thread that ends from here on does not do so by itself. */
  isEndExpected = false;
  readonly #living = new Map<number, ThreadFigures>();
  readonly #ended: { allocated: number; answers: Answers | undefined } = { allocated: 0, answers: undefined };

  start(id: number, tMs: number): ThreadFigures | undefined {
    const known = this.#living.get(id);
    if (known) return known;
    if (this.listed.length >= threadsMax) {
      this.uncounted += 1;
      return undefined;
    }
    const thread = new ThreadFigures(id, tMs);
    this.listed.push(thread);
    this.#living.set(id, thread);
    return thread;
  }

  name(id: number, name: string, tMs: number): void {
    const thread = this.start(id, tMs);
    if (thread) thread.name = name;
  }

  read(id: number, line: V8Line): void {
    const thread = this.#living.get(id);
    if (!thread) return;
    thread.last = line;
    const { tMs, heapUsed, heapTotal, external, offHeap = Number.NaN } = line;
    thread.v8.add(tMs, [heapUsed, heapTotal, external, withoutReadings(line), offHeap]);
  }

  turn(id: number, isDrained: boolean): void {
    const thread = this.#living.get(id);
    if (thread) thread.isDrained = isDrained;
  }

  end(id: number, tMs: number): void {
    const thread = this.#living.get(id);
    if (!thread) return;
    thread.endMs = tMs;
    this.#living.delete(id);
    this.#ended.allocated += thread.last?.allocated ?? 0;
    const { answers, isLast = false } = thread.last ?? {};
    const counted = this.isEndExpected ? answers : endedAnswers(answers, isLast || thread.isDrained);
    this.#ended.answers = addedAnswers([this.#ended.answers, counted]);
  }

  /** Those that run and have said so. */
  get living(): readonly ThreadFigures[] {
    return [...this.#living.values()].filter(({ isSeen }) => isSeen);
  }

  /** The figures of the main thread with those of all others added: of the process. */
  addedTo(main: V8Line): V8Line {
    if (this.listed.length === 0) return main;
    const lines = this.living.flatMap(({ last }) => (last ? [last] : []));
    const sum = (of: (line: V8Line) => number | null | undefined) =>
      lines.reduce((all, line) => all + (of(line) ?? 0), of(main) ?? 0);
    const answers = addedAnswers([this.#ended.answers, main.answers, ...lines.map((line) => line.answers)]);
    const heapUsed = sum((line) => line.heapUsed);
    return {
      ...main,
      heapUsed,
      heapTotal: sum((line) => line.heapTotal),
      external: sum((line) => line.external),
      arrayBuffers: main.arrayBuffers === null ? null : sum((line) => line.arrayBuffers),
      malloced: main.malloced === null ? null : sum((line) => line.malloced),
      allocated: this.#ended.allocated + sum((line) => line.allocated),
      // Threads collect when each of them must: the highest of all together is seen at readings.
      peakBeforeGc: Math.max(main.peakBeforeGc, heapUsed, ...lines.map((line) => line.peakBeforeGc)),
      afterGc: sum((line) => line.afterGc),
      handles: sum((line) => line.handles),
      ownMs: sum((line) => line.ownMs),
      ...(answers && { answers }),
    };
  }
}
