/** V8's figures of one isolate: its heap, its collections, what it has allocated; read when the preload says, and sent. */
import { readFileSync } from 'node:fs';
import v8 from 'node:v8';
import {
  type Allocated,
  AllocationSum,
  allocatedBetween,
  type Collected,
  isCollectedBetween,
  lyingIn,
  type Memory,
  mayFollow,
  memoryWithRoom,
  OffHeapSum,
  type UsedBySpace,
  usedBySpace,
} from './allocation.ts';
import type { PreloadLine, SumParts } from './options.ts';
import { RequestCount } from './requests.ts';
import { withDescriptor } from './reserve.ts';

/** On a busy machine a request takes longer than a tick of the clock. */
const idleTicksMin = 4;

export interface HeapWatchOptions {
  readonly beforeFirstMark?: (() => void) | undefined;
  /** What is allocated off the heap is summed up too. @default false */
  readonly countsOffHeap?: boolean | undefined;
}

/** Another request comes sooner, while there are any; whoever recycles a child waits for longer. */
const drainedMs = 20;
/** A reading takes 0.2 ms or so: half a hundredth of a processor. */
export const drainedEveryMs = 40;

const none: Allocated = { young: 0, old: 0 };
/** As often memory is read again where V8 collects while it is read. */
const triesMax = 8;

/** Memory at one moment; all collections before it have been counted, and none after it. */
interface Read extends Memory {
  /** Ever, until then. */
  readonly allocated: Allocated;
  /** Off the heap; undefined where it is not asked for. */
  readonly offHeap: number | undefined;
  /** Allocated by the reading itself, until then. */
  readonly before: Allocated;
}

/** What is known when a reading begins: all its figures are of that moment, whatever V8 collects in the middle of it. */
interface Taken extends Read {
  readonly parts: SumParts;
}

/** Sums V8's records of each collection; the collector's own records are cleared at every report. */
export class HeapWatch {
  readonly #send: (line: PreloadLine) => void;
  #profiler = new v8.GCProfiler();
  readonly #allocation: AllocationSum;
  /** Undefined where it is not asked for: collections are as they are by themselves then. */
  readonly #offHeap: OffHeapSum | undefined;
  #peakBeforeGc = 0;
  #afterMajorGc = 0;
  #reports = 0;
  #collections = 0;
  readonly #freedByUs = { all: 0, young: 0 };
  #ownMs = 0;
  readonly #requests = new RequestCount((requests) => this.#mark(requests));
  /**
   * Young objects of readings: none of the target's own. Readings have no old ones: an old page that is begun meanwhile is begun by V8's
   * compilers, which work for the target in threads of their own.
   */
  #ownBytes = 0;
  /** By the last look at memory and its records, behind what it read; undefined where a collection came in its middle. */
  #taking: Allocated | undefined = none;
  /** The last of these that is known. */
  #usual = none;
  #takingBytes = 0;
  /** Answered when the clock ticked last. */
  #answeredAtTick = 0;
  #idleTicks = 0;
  /** Undefined once it is done. */
  #beforeFirstMark: (() => void) | undefined;
  /** In place of all that was ever allocated; see `StepReadings`. */
  allocatedByTraffic: number | undefined;

  /** @param options `beforeFirstMark` is done once, when the first requests are answered */
  constructor(send: (line: PreloadLine) => void, options: HeapWatchOptions = {}) {
    this.#send = send;
    this.#beforeFirstMark = options.beforeFirstMark;
    this.#offHeap = options.countsOffHeap ? new OffHeapSum() : undefined;
    this.#allocation = new AllocationSum();
    this.#profiler.start();
  }

  report(): void {
    this.#aside((taken) => this.#reportMemory(taken));
  }

  /**
   * By the clock, where requests do not report by their number. Allocates nothing while requests come: it would count as the target's, and
   * the longer a run takes, the more ticks it has.
   */
  reportIfIdle(): void {
    const { answered } = this.#requests;
    this.#idleTicks = answered === this.#answeredAtTick ? this.#idleTicks + 1 : 0;
    this.#answeredAtTick = answered;
    if (answered === 0 || this.#reports === 0 || this.#idleTicks >= idleTicksMin) this.report();
  }

  /**
   * Reads once more where nothing is open any more, and says so: whoever is ended from then on without a last word has cut nothing. No more
   * often than 25 times a second.
   */
  sayWhenDrained(): void {
    let timer: NodeJS.Timeout | undefined;
    let isSaid = false;
    let saidMs = Number.NEGATIVE_INFINITY;
    let isOpen = false;
    const look = () => {
      timer = undefined;
      if (isOpen) return;
      this.report();
      this.#send({ type: 'drained', tMs: nowMs() });
      isSaid = true;
      saidMs = performance.now();
    };
    this.#requests.watchOpen((nowOpen) => {
      isOpen = nowOpen;
      if (nowOpen && isSaid) {
        this.#send({ type: 'begun', tMs: nowMs() });
        isSaid = false;
      }
      if (nowOpen || timer) return;
      timer = setTimeout(look, Math.max(drainedMs, saidMs + drainedEveryMs - performance.now())).unref();
    });
  }

  /** Answered by now; null before the first. */
  get requests(): number | null {
    return this.#requests.answers?.total ?? null;
  }

  #mark(requests: number): void {
    if (this.#beforeFirstMark) {
      this.takeCollections();
      this.#beforeFirstMark();
      this.#beforeFirstMark = undefined;
      this.takeCollections(true);
    }
    this.#aside((taken) => {
      const { parts } = taken;
      const offHeap = offHeapOf(taken);
      const allocatedYoung = parts.allocatedYoung - parts.ownYoung;
      const allocated = parts.allocated - parts.own;
      this.#send({ type: 'mark', tMs: nowMs(), requests, allocated, allocatedYoung, parts, ...offHeap });
      this.#reportMemory(taken);
    });
  }

  /** What a reading allocates is none of the target's own, whatever collections come in the middle of it. */
  #aside(read: (taken: Taken) => void): void {
    const sinceMs = threadCpuMs();
    const taken = this.#begin();
    read(taken);
    let after = this.#take(false);
    // What came behind that look is not known where a collection came in the middle of it.
    for (let tries = 1; !this.#taking && tries < triesMax; tries += 1) after = this.#take(false);
    this.#ownBytes += after.allocated.young - taken.allocated.young + (this.#taking ?? this.#usual).young;
    this.#ownMs += threadCpuMs() - sinceMs;
  }

  #begin(): Taken {
    const read = this.#take(false);
    this.#ownBytes += read.before.young;
    return { ...read, parts: this.#partsOf(read) };
  }

  /** At the end; the kernel's own peak comes along, which cannot be read from outside once the process is gone. */
  reportLast(): void {
    this.#requests.lookLast();
    const rssPeak = residentPeakBytes();
    this.#reportMemory(this.#begin(), { isLast: true, ...(rssPeak && { rssPeak }) });
  }

  /**
   * Counts and reports the collections since the last call.
   * @param isOurs asked for by us: they free what was allocated, and are none of the target's own @default false
   * @returns bytes ever allocated until this call: what it takes up itself is not in it
   */
  takeCollections(isOurs = false): number {
    const { allocated, before } = this.#take(isOurs);
    this.#takingBytes = sum(before) + sum(this.#taking ?? this.#usual);
    return sum(allocated) - sum(before);
  }

  /** What the last `takeCollections` took up itself, where no collection came in the middle of it. */
  get takingBytes(): number {
    return this.#takingBytes;
  }

  #take(isOurs: boolean): Read {
    const first = memoryWithRoom();
    let read = first;
    let isMoment = this.#takeRecords(isOurs, read);
    for (let tries = 1; !isMoment && tries < triesMax; tries += 1) {
      read = memoryWithRoom();
      isMoment = this.#takeRecords(false, read);
    }
    const before = read === first ? none : (this.#allocatedFrom(first, read.used) ?? this.#usual);
    this.#taking = this.#allocatedFrom(read, usedBySpace());
    if (this.#taking && read === first) this.#usual = this.#taking;
    const allocated = this.#allocation.untilNow(read.used);
    return { ...read, allocated, offHeap: this.#offHeap?.untilNow(read.externalBytes), before };
  }

  #allocatedFrom({ used }: Memory, now: UsedBySpace): Allocated | undefined {
    return isCollectedBetween(used, now) ? undefined : allocatedBetween(used, now);
  }

  /** @returns whether memory was read at one moment: none of the collections since the last call came after it */
  #takeRecords(isOurs: boolean, read: Memory): boolean {
    const last = this.#profiler;
    // The next one begins first: that text is made of the last allocates, and a collection that came then would be in neither.
    // Nothing is allocated while both run, so that none is in both.
    this.#profiler = new v8.GCProfiler();
    this.#profiler.start();
    const profile = last.stop();
    return !mayFollow(read, this.#count(profile, isOurs));
  }

  #partsOf({ allocated, used }: Read): SumParts {
    const lying = lyingIn(used);
    return {
      collections: this.#collections,
      freedByUs: this.#freedByUs.all,
      freedByUsYoung: this.#freedByUs.young,
      lying: lying.all,
      lyingYoung: lying.young,
      allocated: sum(allocated),
      allocatedYoung: allocated.young,
      own: this.#ownBytes,
      ownYoung: this.#ownBytes,
    };
  }

  #count(profile: ReturnType<v8.GCProfiler['stop']>, isOurs: boolean): Collected[] {
    // GCProfiler gives no time of an event, only the start of the recording: events are spread by their order.
    const startMs = profile?.startTime ?? nowMs();
    const events = profile?.statistics ?? [];
    const stepMs = (nowMs() - startMs) / (events.length + 1);
    return events.map((event, index) => {
      const usedBefore = event.beforeGC.heapStatistics.usedHeapSize;
      const usedAfter = event.afterGC.heapStatistics.usedHeapSize;
      const [before, after] = [usedIn(event.beforeGC), usedIn(event.afterGC)];
      this.#allocation.collected(before, after);
      const [youngBefore, youngAfter] = [lyingIn(before).young, lyingIn(after).young];
      const externalBefore = event.beforeGC.heapStatistics.externalMemory;
      this.#offHeap?.collected(externalBefore, event.afterGC.heapStatistics.externalMemory);
      if (isOurs) {
        this.#freedByUs.all += usedBefore - usedAfter;
        this.#freedByUs.young += youngBefore - youngAfter;
        return { before, after };
      }
      this.#collections += 1;
      this.#peakBeforeGc = Math.max(this.#peakBeforeGc, usedBefore);
      if (event.gcType === 'MarkSweepCompact') this.#afterMajorGc = usedAfter;
      const tMs = Math.round(startMs + stepMs * (index + 1));
      const pauseMs = event.cost / 1_000;
      const used = { usedBefore, usedAfter, youngBefore, youngAfter };
      this.#send({ type: 'gc', tMs, kind: event.gcType, pauseMs, ...used, externalBefore });
      return { before, after };
    });
  }

  /** The peak is that of what comes from here on. */
  forgetPeak(): void {
    this.#peakBeforeGc = 0;
  }

  /** @param taken by when the reading began: a collection in the middle of one is in none of its sums yet, and has freed nothing yet */
  #reportMemory(taken: Taken, last: { isLast?: true; rssPeak?: number } = {}): void {
    const { allocated, parts, totalBytes, externalBytes } = taken;
    const arrayBuffers = arrayBufferBytes();
    const statistics = v8.getHeapStatistics();
    const used = statistics.used_heap_size;
    const { user, system } = process.cpuUsage();
    this.#send({
      type: 'v8',
      tMs: nowMs(),
      heapUsed: parts.lying,
      heapTotal: totalBytes,
      external: externalBytes,
      arrayBuffers,
      malloced: statistics.malloced_memory,
      allocated: this.allocatedByTraffic ?? sum(allocated),
      peakBeforeGc: Math.max(this.#peakBeforeGc, used),
      afterGc: this.#afterMajorGc,
      cpuMs: Math.round((user + system) / 1_000),
      ownMs: this.#ownMs,
      ownAllocated: this.#ownBytes,
      parts,
      ...offHeapOf(taken),
      handles: process.getActiveResourcesInfo().length,
      ...(this.#requests.answers && { answers: this.#requests.answers }),
      ...last,
      ...(this.#reports++ % 4 === 0 ? { spaces: Object.fromEntries(usedBySpace()) } : {}),
    });
  }
}

function sum({ young, old }: Allocated): number {
  return young + old;
}

function offHeapOf({ offHeap }: Read): { offHeap?: number } {
  return offHeap === undefined ? {} : { offHeap };
}

type CollectionRecord = NonNullable<ReturnType<v8.GCProfiler['stop']>>['statistics'][number];

function usedIn({ heapSpaceStatistics }: CollectionRecord['beforeGC']): UsedBySpace {
  return new Map(heapSpaceStatistics.map((space) => [space.spaceName, space.spaceUsedSize]));
}

/** Not `getrusage`, which also knows the peak of whoever started this program. Undefined where there is no /proc. */
function residentPeakBytes(): number | undefined {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(
      withDescriptor(() => readFileSync('/proc/self/status', 'latin1')),
    )?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

/** Null where no descriptor is left: Node.js opens a file, since resident memory is read along. */
function arrayBufferBytes(): number | null {
  try {
    return withDescriptor(() => process.memoryUsage().arrayBuffers);
  } catch {
    return null;
  }
}

/** CPU time, not the clock's: on a busy machine a report waits for others longer than it works. */
function threadCpuMs(): number {
  // Node.js from 23.9 up reports its main thread's alone.
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage();
  return (user + system) / 1_000;
}

/** Whole: no reading is closer to the next. */
export function nowMs(): number {
  return Math.round(performance.timeOrigin + performance.now());
}
