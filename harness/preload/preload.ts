/**
 * Runs inside a Node.js target before its own code (`--import`): V8's figures and collections on descriptor 3, and
 * on command allocation profiles, live-heap profiles and snapshots. In a measuring pass it does nothing but read
 * counters; what that costs is in docs/instruments.md.
 */
import { readFileSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import v8 from 'node:v8';
import {
  type FamilyOrder,
  familyVariable,
  linesRefused,
  type PreloadLine,
  type PreloadOptions,
  preloadVariable,
} from './options.ts';
import { RequestCount } from './requests.ts';
// Not loaded only where it is asked for: the compile cache is filled by a start that asks for nothing.
import { StepReadings } from './step.ts';

/** Where it runs: a thread has its number, a child its socket. */
interface Place {
  readonly thread?: number;
  readonly socket?: Socket;
}

async function observe(options: PreloadOptions, { thread, socket }: Place = {}): Promise<void> {
  const { channel } = options;
  const tagged = (line: PreloadLine) =>
    send(channel, thread === undefined ? line : ({ ...line, thread } as PreloadLine));
  if (thread === undefined) {
    const name = `Node.js ${process.versions.node} (V8 ${process.versions.v8})`;
    send(channel, { type: 'runtime', name, pid: process.pid });
  } else send(channel, { type: 'thread', tMs: nowMs(), id: thread, name: threadName() });
  const heap = new HeapWatch(tagged);
  if (options.inStep) new StepReadings(heap);
  else setInterval(() => heap.report(), options.intervalMs).unref();
  process.on('exit', () => {
    heap.reportLast();
    if (thread !== undefined) send(channel, { type: 'threadEnd', tMs: nowMs(), id: thread });
  });
  const { profile, snapshots, cpu, settles, family, lines } = options;
  if (thread === undefined && family) {
    const { takeAlong } = await import('./family.ts');
    const { channel: _, ...rest } = options;
    takeAlong({ ...family, pid: process.pid, channel, options: rest }, tagged);
  }
  // A measuring pass loads nothing more: what disturbs is in a module of its own.
  if (!profile && !snapshots && !cpu && !settles) return;
  const sites = profile?.offHeapSampleBytes
    ? (await import('./off-heap-sites.ts')).installOffHeapSites(profile.offHeapSampleBytes, profile.kind)
    : undefined;
  if (lines && !(await import('./lines.ts')).replaceSource(lines.url, lines.file)) {
    tagged({ type: 'error', tMs: nowMs(), message: linesRefused });
  }
  const { Instruments } = await import('./instruments.ts');
  const instruments = new Instruments({ ...options, ...(thread !== undefined && { thread }) }, sites, {
    send: tagged,
    requests: () => heap.requests,
  });
  const { listenForCommands } = await import('./commands.ts');
  listenForCommands((line) => instruments.command(line), { channel, isThread: thread !== undefined, socket });
  instruments.begin();
  // The target itself is asked before it ends.
  if (thread !== undefined || socket) process.on('exit', () => instruments.finish());
}

/** Sums V8's records of each collection; the collector's own records are cleared at every report. */
export class HeapWatch {
  readonly #send: (line: PreloadLine) => void;
  #profiler = new v8.GCProfiler();
  #allocated = 0;
  #usedAfterLast: number;
  #peakBeforeGc = 0;
  #afterMajorGc = 0;
  #reports = 0;
  #ownMs = 0;
  readonly #requests = new RequestCount((requests) => this.#mark(requests));
  /** Allocated by readings: none of the target's own. */
  #ownBytes = 0;
  /** Of the last `takeCollections`, where no collection came in the middle of it. */
  takingBytes = 0;
  /** In place of all that was ever allocated; see `StepReadings`. */
  allocatedByTraffic: number | undefined;

  constructor(send: (line: PreloadLine) => void) {
    this.#send = send;
    this.#usedAfterLast = v8.getHeapStatistics().used_heap_size;
    this.#profiler.start();
  }

  report(): void {
    this.#aside(() => this.#reportMemory());
  }

  /** Answered by now; null before the first. */
  get requests(): number | null {
    return this.#requests.answers?.total ?? null;
  }

  #mark(requests: number): void {
    this.#aside((allocated) => {
      this.#send({ type: 'mark', tMs: nowMs(), requests, allocated: allocated - this.#ownBytes });
    });
  }

  /** What a reading allocates is none of the target's own, whatever collections come in the middle of it. */
  #aside(read: (allocated: number) => void): void {
    const sinceMs = threadCpuMs();
    const before = this.takeCollections();
    read(before);
    this.#ownBytes += this.takeCollections() - before + this.takingBytes;
    this.#ownMs += threadCpuMs() - sinceMs;
  }

  /** At the end; the kernel's own peak comes along, which cannot be read from outside once the process is gone. */
  reportLast(): void {
    this.takeCollections();
    this.#reportMemory(residentPeakBytes());
  }

  /**
   * Counts and reports the collections since the last call. The next recording begins before the last one ends: that text is made of it
   * allocates, and a collection that came then would be in neither, with all that it freed.
   * @param isOurs asked for by us: they free what was allocated, are none of the target's own, and the peak is that of
   * what comes after them @default false
   * @returns bytes ever allocated until this call: what it takes up itself is not in it
   */
  takeCollections(isOurs = false): number {
    const last = this.#profiler;
    this.#profiler = new v8.GCProfiler();
    this.#profiler.start();
    const usedBytes = v8.getHeapStatistics().used_heap_size;
    this.#count(last.stop(), isOurs);
    this.takingBytes = Math.max(0, v8.getHeapStatistics().used_heap_size - usedBytes);
    return this.#allocated + Math.max(0, usedBytes - this.#usedAfterLast);
  }

  #count(profile: ReturnType<v8.GCProfiler['stop']>, isOurs: boolean): void {
    // GCProfiler gives no time of an event, only the start of the recording: events are spread by their order.
    const startMs = profile?.startTime ?? nowMs();
    const events = profile?.statistics ?? [];
    if (isOurs) this.#peakBeforeGc = 0;
    const stepMs = (nowMs() - startMs) / (events.length + 1);
    events.forEach((event, index) => {
      const usedBefore = event.beforeGC.heapStatistics.usedHeapSize;
      const usedAfter = event.afterGC.heapStatistics.usedHeapSize;
      this.#allocated += Math.max(0, usedBefore - this.#usedAfterLast);
      this.#usedAfterLast = usedAfter;
      if (isOurs) return;
      this.#peakBeforeGc = Math.max(this.#peakBeforeGc, usedBefore);
      if (event.gcType === 'MarkSweepCompact') this.#afterMajorGc = usedAfter;
      const tMs = Math.round(startMs + stepMs * (index + 1));
      const externalBefore = event.beforeGC.heapStatistics.externalMemory;
      const pauseMs = event.cost / 1_000;
      this.#send({ type: 'gc', tMs, kind: event.gcType, pauseMs, usedBefore, usedAfter, externalBefore });
    });
  }

  #reportMemory(rssPeak?: number): void {
    const memory = process.memoryUsage();
    const statistics = v8.getHeapStatistics();
    const used = statistics.used_heap_size;
    const { user, system } = process.cpuUsage();
    this.#send({
      type: 'v8',
      tMs: nowMs(),
      heapUsed: memory.heapUsed,
      heapTotal: memory.heapTotal,
      external: memory.external,
      arrayBuffers: memory.arrayBuffers,
      malloced: statistics.malloced_memory,
      allocated: this.allocatedByTraffic ?? this.#allocated + Math.max(0, used - this.#usedAfterLast),
      peakBeforeGc: Math.max(this.#peakBeforeGc, used),
      afterGc: this.#afterMajorGc,
      cpuMs: Math.round((user + system) / 1_000),
      ownMs: this.#ownMs,
      handles: process.getActiveResourcesInfo().length,
      ...(this.#requests.answers && { answers: this.#requests.answers }),
      ...(rssPeak && { rssPeak }),
      ...(this.#reports++ % 4 === 0 ? { spaces: usedBySpace() } : {}),
    });
  }
}

function usedBySpace(): Record<string, number> {
  return Object.fromEntries(v8.getHeapSpaceStatistics().map((space) => [space.space_name, space.space_used_size]));
}

/** Not `getrusage`, which also knows the peak of whoever started this program. Undefined where there is no /proc. */
function residentPeakBytes(): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** CPU time, not the clock's: on a busy machine a report waits for others longer than it works. */
function threadCpuMs(): number {
  // Node.js from 23.9 up reports its main thread's alone.
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1_000;
}

/** Whole: no reading is closer to the next. */
function nowMs(): number {
  return Math.round(performance.timeOrigin + performance.now());
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

/** As it was given, or its file. */
function threadName(): string {
  const { threadName: given } = process.getBuiltinModule('node:worker_threads') as { threadName?: string };
  const file = process.argv[1] ?? '';
  // That is what Node.js calls a thread that nobody named.
  return (
    (given !== 'WorkerThread' && given) || (file.startsWith('[') ? file : path.basename(file)) || 'code from a text'
  );
}

/** A child of the target finds its channel by a socket. Undefined where there is none any more. */
async function joinFamily(order: FamilyOrder): Promise<void> {
  const { connect } = await import('node:net');
  const socket = connect(order.socket);
  socket.on('error', () => {});
  socket.unref();
  // A local socket is connected before this returns.
  const { fd } = (socket as unknown as { _handle?: { fd?: number } })._handle ?? {};
  if (fd === undefined || fd < 0) return;
  await observe({ ...order.options, channel: fd }, { socket });
}

// Last, so that the classes above exist.
const text = process.env[preloadVariable];
const inherited = process.env[familyVariable];
if (text !== undefined) {
  delete process.env[preloadVariable];
  await observe(JSON.parse(text));
} else if (inherited !== undefined) {
  const order: FamilyOrder = JSON.parse(inherited);
  if (order.pid !== process.pid) await joinFamily(order);
  else {
    const { threadId } = process.getBuiltinModule('node:worker_threads');
    await observe({ ...order.options, channel: order.channel }, { thread: threadId });
  }
}
