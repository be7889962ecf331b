/** The passes that explain: the same frames again, one instrument at a time, and what each of them brought. */
import path from 'node:path';
import type { Note, RetainedClass } from '../../reports/model.ts';
import type { TrafficOrder } from '../feed/sender.ts';
import { heapSampleBytes, offHeapSampleBytes, type PassKind, type PassResult } from '../pass/pass.ts';
import { readInterval, writeProfileFile } from '../profile/files.ts';
import { readRetained, removeSnapshots, type SnapshotSet } from '../profile/heap-snapshot/files.ts';
import { type Explanation, type FrameInterval, type FrameWindow, framesOfSpike } from '../report/spikes.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import type { SpikeFindings } from './spikes.ts';
import { findSpikeStreams } from './streams.ts';

export type ExplainingPass = 'allocations' | 'live-heap' | 'snapshots';

export interface ExplainOptions {
  readonly measure: PassResult;
  readonly findings: SpikeFindings;
  readonly wanted: readonly ExplainingPass[];
  /** The report's. */
  readonly folder: string;
  readonly keepsSnapshots: boolean;
  /** Undefined where there are no frames. */
  readonly traffic: TrafficOrder | undefined;
  readonly signal: AbortSignal;
  readonly replay: (kind: PassKind, frameMarks: readonly number[]) => Promise<PassResult>;
}

export interface Explained {
  readonly passes: readonly PassResult[];
  readonly explanation: Explanation;
  readonly notes: readonly Note[];
}

/** A snapshot takes a second for 15 MB and ten times the heap in memory: beyond this nobody would wait for it. */
const snapshotHeapBytesMax = 300_000_000;

export async function explainSpikes(options: ExplainOptions): Promise<Explained> {
  const { measure, findings, wanted, folder } = options;
  const windows = findings.spikes.map((spike) => framesOfSpike(measure, spike));
  const passes: PassResult[] = [];
  const notes: Note[] = [];
  const explanation: { -readonly [K in keyof Explanation]: Explanation[K] } = {
    allocations: [],
    live: [],
    retained: undefined,
    streams: [],
  };
  for (const kind of wanted) {
    if (options.signal.aborted) break;
    if (kind === 'snapshots') {
      const highest = highestOf(findings);
      const refusal = refusalOf(options, highest);
      if (refusal !== undefined) {
        if (refusal !== '') notes.push({ severity: 'info', text: refusal });
        continue;
      }
      const window = windows[highest]!;
      const pass = await options.replay(
        kind,
        [window.first - 1, window.last].filter((frame) => frame > 0),
      );
      passes.push(pass);
      explanation.retained = { spike: highest, classes: await retainedOf(pass, window, options) };
      continue;
    }
    const pass = await options.replay(kind, marksOf(windows));
    passes.push(pass);
    const intervals = intervalsOf(pass);
    if (kind === 'allocations') explanation.allocations = intervals;
    else explanation.live = intervals;
    saveIntervals(folder, kind, intervals);
  }
  if (options.traffic && wanted.length > 0 && windows.length > 0 && !options.signal.aborted) {
    explanation.streams = await streamsOf(options.traffic, findings, windows);
  }
  return { passes, explanation, notes };
}

/** Of resident memory: what was merely allocated is in no snapshot. −1 where there is none. */
function highestOf({ spikes }: SpikeFindings): number {
  const heights = spikes.map(({ line, heightBytes }) => (line === 'rss' ? heightBytes : -1));
  return heights.indexOf(Math.max(0, ...heights));
}

/** Why there are no snapshots, in words, or empty where there is nothing to take one of; undefined where there are. */
function refusalOf({ measure, findings }: ExplainOptions, highest: number): string | undefined {
  const spike = findings.spikes[highest];
  if (!spike || measure.channel.v8.count === 0) return '';
  const heap = Math.max(0, ...measure.channel.v8.column('heapUsed').map((value) => value ?? 0));
  if (heap <= snapshotHeapBytesMax) return undefined;
  return `No heap snapshots: the heap grew to ${Math.round(heap / 1e6)} MB, more than the ${snapshotHeapBytesMax / 1e6} MB that one is taken of.`;
}

/** The first frame and the last of every spike. */
function marksOf(windows: readonly FrameWindow[]): number[] {
  const marks = new Set<number>();
  for (const { first, last } of windows) marks.add(first).add(last);
  return [...marks].sort((a, b) => a - b);
}

function intervalsOf(pass: PassResult): FrameInterval[] {
  const sampleType = pass.kind === 'allocations' ? 'alloc_space' : 'inuse_space';
  const read: FrameInterval[] = [];
  for (const { interval, firstFrame, lastFrame } of pass.intervals) {
    const written = pass.channel.intervals.find((each) => each.interval === interval);
    const profiles =
      written && readInterval(written, sampleType, { heap: heapSampleBytes, offHeap: offHeapSampleBytes });
    if (profiles) read.push({ ...profiles, firstFrame, lastFrame });
  }
  return read.sort((a, b) => a.interval - b.interval);
}

function saveIntervals(folder: string, kind: PassKind, intervals: readonly FrameInterval[]): void {
  for (const { interval, heap, offHeap } of intervals) {
    const number = String(interval).padStart(3, '0');
    writeProfileFile(folder, `${kind}-${number}`, heap);
    writeProfileFile(folder, `${kind}-${number}-off-heap`, offHeap);
  }
}

/** Classes that grew in the window, by the snapshots taken at its ends and at the end of the run. */
async function retainedOf(pass: PassResult, window: FrameWindow, options: ExplainOptions): Promise<RetainedClass[]> {
  const taken = pass.intervals.flatMap(({ interval, lastFrame }) => {
    const snapshot = pass.channel.snapshots.find((each) => each.name === String(interval));
    return snapshot ? [{ file: snapshot.file, lastFrame }] : [];
  });
  const before = taken.findLast(({ lastFrame }) => lastFrame < window.first);
  const top = taken.find(({ lastFrame }) => lastFrame >= window.last) ?? taken.at(-1);
  const last = taken.at(-1);
  let classes: RetainedClass[] = [];
  if (before && top && before !== top) {
    const set: SnapshotSet = { before: before.file, top: top.file, after: last === top ? undefined : last?.file };
    // Holders that were there before retain what is new; the new ones say what it is.
    const isNew = (each: RetainedClass) => Number(each.countAdded > 0);
    classes = (await readRetained(set)).sort(
      (a, b) => isNew(b) - isNew(a) || b.retainedBytesAdded - a.retainedBytesAdded,
    );
  }
  if (!options.keepsSnapshots) removeSnapshots(taken.map(({ file }) => path.resolve(file)));
  return classes;
}

/** Spans that overlap cannot be told in one reading: what was allocated covers all the traffic. */
async function streamsOf(
  order: TrafficOrder,
  { spikes }: SpikeFindings,
  windows: readonly FrameWindow[],
): Promise<Explanation['streams']> {
  const found: Explanation['streams'][number][] = windows.map(() => []);
  for (const line of ['rss', 'allocated'] as const) {
    const wanted = [...windows.keys()].filter((i) => spikes[i]!.line === line);
    if (wanted.length === 0) continue;
    const traffic = await openTraffic(order);
    try {
      const streams = findSpikeStreams(
        traffic,
        wanted.map((i) => windows[i]!),
      );
      for (const [at, i] of wanted.entries()) found[i] = streams[at]!;
    } finally {
      traffic.close();
    }
  }
  return found;
}
