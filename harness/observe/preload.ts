/**
 * Runs inside a Node.js target before its own code (`--import`): V8's figures and collections on descriptor 3, and
 * on command allocation profiles, live-heap profiles and snapshots. In a measuring pass it does nothing but read
 * counters; what it costs is not in a budget yet.
 */
import { writeFileSync, writeSync } from 'node:fs';
import { Session } from 'node:inspector';
import path from 'node:path';
import v8 from 'node:v8';
import type { OffHeapSites } from './off-heap-sites.ts';
import { type PreloadLine, type PreloadOptions, preloadVariable } from './preload-options.ts';

async function observe(options: PreloadOptions): Promise<void> {
  const heap = new HeapWatch((line) => send(options.channel, line));
  const timer = setInterval(() => heap.report(), options.intervalMs);
  timer.unref();
  process.on('exit', () => heap.report());
  const { profile, snapshots } = options;
  if (!profile && !snapshots) return;
  const sites = profile?.offHeapSampleBytes
    ? (await import('./off-heap-sites.ts')).installOffHeapSites(profile.offHeapSampleBytes, profile.kind)
    : undefined;
  const profiles = new Profiles(options, sites);
  const { Socket } = await import('node:net');
  // Commands come one a line. The socket must not keep a target alive that has nothing else to do.
  const socket = new Socket({ fd: options.channel, readable: true, writable: true });
  socket.unref();
  socket.on('error', () => {});
  let rest = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) profiles.command(line);
  });
  profiles.begin();
}

/** Sums what V8 tells of each collection; the collector's own records are cleared at every report. */
class HeapWatch {
  readonly #send: (line: PreloadLine) => void;
  #profiler = new v8.GCProfiler();
  #allocated = 0;
  #usedAfterLast: number;
  #peakBeforeGc = 0;
  #afterMajorGc = 0;
  #reports = 0;

  constructor(send: (line: PreloadLine) => void) {
    this.#send = send;
    this.#usedAfterLast = v8.getHeapStatistics().used_heap_size;
    this.#profiler.start();
  }

  report(): void {
    const profile = this.#profiler.stop();
    this.#profiler = new v8.GCProfiler();
    this.#profiler.start();
    // GCProfiler gives no time of an event, only the start of the recording: events are spread by their order.
    const startMs = profile?.startTime ?? nowMs();
    const events = profile?.statistics ?? [];
    const stepMs = (nowMs() - startMs) / (events.length + 1);
    events.forEach((event, index) => {
      const usedBefore = event.beforeGC.heapStatistics.usedHeapSize;
      const usedAfter = event.afterGC.heapStatistics.usedHeapSize;
      this.#allocated += Math.max(0, usedBefore - this.#usedAfterLast);
      this.#usedAfterLast = usedAfter;
      this.#peakBeforeGc = Math.max(this.#peakBeforeGc, usedBefore);
      if (event.gcType === 'MarkSweepCompact') this.#afterMajorGc = usedAfter;
      const tMs = startMs + stepMs * (index + 1);
      this.#send({ type: 'gc', tMs, kind: event.gcType, pauseMs: event.cost / 1_000, usedBefore, usedAfter });
    });
    this.#reportMemory();
  }

  #reportMemory(): void {
    const memory = process.memoryUsage();
    const statistics = v8.getHeapStatistics();
    const used = statistics.used_heap_size;
    this.#send({
      type: 'v8',
      tMs: nowMs(),
      heapUsed: memory.heapUsed,
      heapTotal: memory.heapTotal,
      external: memory.external,
      arrayBuffers: memory.arrayBuffers,
      malloced: statistics.malloced_memory,
      allocated: this.#allocated + Math.max(0, used - this.#usedAfterLast),
      peakBeforeGc: Math.max(this.#peakBeforeGc, used),
      afterGc: this.#afterMajorGc,
      ...(this.#reports++ % 4 === 0 ? { spaces: usedBySpace() } : {}),
    });
  }
}

/** The instruments that disturb: one kind a pass. */
class Profiles {
  readonly #options: PreloadOptions;
  readonly #sites: OffHeapSites | undefined;
  #handle: HeapSampler | undefined;
  #startMs = 0;

  constructor(options: PreloadOptions, sites: OffHeapSites | undefined) {
    this.#options = options;
    this.#sites = sites;
  }

  /** Starts the sampler, where this pass has one. */
  begin(): void {
    const { profile } = this.#options;
    if (!profile) return;
    const withFreed = profile.kind === 'allocations';
    this.#startMs = nowMs();
    this.#handle = startSampling({
      sampleInterval: profile.sampleBytes,
      stackDepth: profile.stackDepth,
      // What is to be told as live must have survived a collection.
      forceGC: !withFreed,
      includeObjectsCollectedByMajorGC: withFreed,
      includeObjectsCollectedByMinorGC: withFreed,
    });
  }

  /** `cut N`: ends interval N and starts the next; `snapshot NAME`. */
  command(line: string): void {
    const [verb, name = ''] = line.split(' ');
    try {
      if (verb === 'cut') this.#cut(Number(name));
      else if (verb === 'snapshot') this.#snapshot(name);
    } catch (error) {
      this.#send({ type: 'error', tMs: nowMs(), message: `${line}: ${error}` });
    }
  }

  #cut(interval: number): void {
    const { profile } = this.#options;
    if (!profile || !this.#handle) return;
    const startMs = this.#startMs;
    const heap = this.#handle.stop();
    const endMs = nowMs();
    const sites = this.#sites?.take() ?? [];
    const heapFile = path.join(profile.folder, `${profile.kind}-${interval}.heapprofile`);
    const offHeapFile = path.join(profile.folder, `${profile.kind}-off-heap-${interval}.json`);
    writeFileSync(heapFile, heap);
    writeFileSync(offHeapFile, JSON.stringify(sites));
    this.begin();
    this.#send({ type: 'profile', interval, startMs, endMs, heapFile, offHeapFile });
  }

  #snapshot(name: string): void {
    const options = this.#options.snapshots;
    if (!options) return;
    const tMs = nowMs();
    const file = v8.writeHeapSnapshot(path.join(options.folder, `${path.basename(name)}.heapsnapshot`));
    this.#send({ type: 'snapshot', name, tMs, file, tookMs: nowMs() - tMs });
  }

  #send(line: PreloadLine): void {
    send(this.#options.channel, line);
  }
}

interface HeapSampler {
  /** The profile as `.heapprofile` text. */
  stop(): string;
}

type SamplingOptions = Exclude<Parameters<typeof v8.startHeapProfile>[0], undefined>;

/** V8's sampler; before Node.js 26 only its inspector has it, which collects all garbage whenever it is read. */
function startSampling(options: SamplingOptions): HeapSampler {
  if (typeof v8.startHeapProfile === 'function') return v8.startHeapProfile(options);
  const { sampleInterval, stackDepth, includeObjectsCollectedByMajorGC, includeObjectsCollectedByMinorGC } = options;
  const session = new Session();
  session.connect();
  const parameters = {
    samplingInterval: sampleInterval,
    stackDepth,
    includeObjectsCollectedByMajorGC,
    includeObjectsCollectedByMinorGC,
  };
  // On its own thread the inspector answers before `post` returns.
  session.post('HeapProfiler.startSampling', parameters as object);
  return {
    stop: () => {
      let text = '';
      session.post('HeapProfiler.stopSampling', (error, answer) => {
        if (error) throw error;
        text = JSON.stringify((answer as { profile: unknown }).profile);
      });
      session.disconnect();
      return text;
    },
  };
}

function usedBySpace(): Record<string, number> {
  return Object.fromEntries(v8.getHeapSpaceStatistics().map((space) => [space.space_name, space.space_used_size]));
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

// Synchronous, so that the last line before an exit arrives too. A channel that is full or gone must not stop the target.
function send(channel: number, line: PreloadLine): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`, 'latin1');
  for (let at = 0, tries = 0; at < bytes.length && tries < 50; tries++) {
    try {
      at += writeSync(channel, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      // A line cut in half would spoil the next one, so the rest of a begun line is waited for, 50 ms at most.
      if (at === 0 && tries > 5) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

// Last, so that the classes above exist.
const text = process.env[preloadVariable];
if (text !== undefined) {
  delete process.env[preloadVariable];
  await observe(JSON.parse(text));
}
