/** Watches one process from outside: RSS every few milliseconds with its peak in between, the dearer figures seldom. */
import { betweenSamples, type MergedLine, merged, type Tops } from './between-samples.ts';
import { ControlGroup } from './control-group.ts';
import { KernelPeak } from './kernel-peak.ts';
import { LevelSampler, type Levels } from './level-sampler.ts';
import { memoryClasses } from './memory-map.ts';
import { type MemoryAccount, ProcessMemory, type ProcessUsage } from './proc-memory.ts';
import { SampleTable } from './sample-table.ts';
import { mapColumns, residentColumns, rollupColumns } from './sampled-columns.ts';

export interface MemoryWatchOptions {
  readonly pid: number;
  /** @default /proc of `pid` */
  readonly memory?: MemoryAccount | undefined;
  /** Between two readings of RSS, in milliseconds. @default 50 */
  readonly sampleMs?: number;
  /** Between two readings of PSS, faults and the control group: smaps_rollup stops the process's memory map. @default 5000 */
  readonly rollupMs?: number;
  /** Reads resident memory once a millisecond as well, for percentiles. @default false */
  readonly levels?: boolean;
  /** Reads what kinds of pages it has, where they move. @default true */
  readonly maps?: boolean;
  /** It ran before the watch began: its peak and its CPU time until then are none of the run's. @default false */
  readonly ranBefore?: boolean;
  /** Milliseconds since the start of the pass. */
  readonly nowMs: () => number;
}

/** CPU time and the control group's charge: cheap enough for each sample, and old news more often. */
const usageMs = 50;
/** PSS and USS are read again where RSS is higher by this share than at any reading of them, … */
const rollupStepShare = 0.05;
/** … at most so often. */
const rollupPauseMs = 200;

/** Memory that moves by so much between two samples, or was so much higher in between, is looked at again … */
const movedBytesMin = 1_000_000;
/** … so soon, and then half as often each time, until it is quiet. A thread of levels reads so often anyway. */
const movedPauseMs = 1;

/** The map is read again when memory without files has moved by so much … */
const mapStepBytes = 500_000;
/** … at once when it has moved by so much of all that it has moved since the start, at most twenty times on the way … */
const mapStepShare = 0.05;
/** … else not sooner; a process of 100 MB takes 6 ms of the kernel's time, a large one is looked at less often. */
const mapPauseMs = 200;
const mapPauseFactor = 10;

export interface PhasePeak {
  readonly name: string;
  readonly startMs: number;
  endMs: number;
  rssMaxBytes: number | null;
}

export class MemoryWatch {
  readonly rss = new SampleTable(residentColumns);
  readonly rollup = new SampleTable(rollupColumns);
  readonly map = new SampleTable(mapColumns);
  readonly phases: PhasePeak[] = [];
  /** Highest RSS seen by the kernel, not only at our samples; 0 before the first phase ended. */
  rssPeakBytes = 0;
  /** The same since the traffic began: a start that took more is none of it. Null where the kernel's peak cannot be lowered, and nothing was higher. */
  trafficPeakBytes: number | null = null;
  /** The last reading. */
  rssBytes = 0;
  /** The last usage read while it lived. */
  usage: ProcessUsage | undefined;
  /** The first; of a process that ran before, what it had used until then. */
  usageBefore: ProcessUsage | undefined;
  /** Highest charge of the control group seen; null without one. */
  groupPeakBytes: number | null = null;
  /** Highest RSS at which PSS and USS were read. */
  rollupRssBytes = 0;
  /** Whether `rssPeakBytes` is the kernel's own, from the watch's beginning to its end: nothing was higher, samples or not. */
  peakIsWhole = false;
  /** Whose memory it is. */
  readonly pid: number;
  readonly #memory: MemoryAccount;
  readonly #group: ControlGroup | undefined;
  readonly #nowMs: () => number;
  readonly #rollupMs: number;
  readonly #readsMaps: boolean;
  readonly #sampleMs: number;
  readonly #row = new Float64Array(3);
  #timer: NodeJS.Timeout | undefined;
  #pauseMs: number;
  #rollupDueMs = 0;
  #mapDueMs = 0;
  #mappedBytes = 0;
  #lowBytes = Number.POSITIVE_INFINITY;
  #highBytes = 0;
  #gone = false;
  #usageDueMs = 0;
  #rollupHighDueMs = 0;
  readonly #sampler: LevelSampler | undefined;
  readonly #beganAtEpochMs: number;
  readonly #peak: KernelPeak;
  /** Both once they have been asked for: metrics, spikes and the report's series all read them. */
  #tops: Tops | undefined;
  #line: MergedLine | undefined;
  #hasTraffic = false;
  /** Of the phase under way; undefined where the kernel gave none. */
  #phasePeakBytes: number | undefined;

  constructor(options: MemoryWatchOptions) {
    this.pid = options.pid;
    this.#memory = options.memory ?? new ProcessMemory(options.pid);
    this.#group = options.pid > 0 ? ControlGroup.of(options.pid) : undefined;
    this.#nowMs = options.nowMs;
    this.#beganAtEpochMs = performance.timeOrigin + performance.now() - options.nowMs();
    this.#rollupMs = options.rollupMs ?? 5_000;
    this.#readsMaps = options.maps ?? true;
    this.usageBefore = options.ranBefore ? this.#memory.usage() : undefined;
    this.#peak = new KernelPeak(this.#memory, options.ranBefore ?? false);
    this.#phasePeakBytes = this.#peak.wholeBytes;
    if (options.levels && options.pid > 0 && !options.memory) this.#sampler = new LevelSampler(options.pid);
    this.#sampleMs = this.#pauseMs = options.sampleMs ?? 50;
    this.#sampleLater();
  }

  /** False where the kernel does not let its peak be lowered: a spike between two samples that was not the highest so far is not seen. */
  get seesEveryPeak(): boolean {
    return this.#peak.resets;
  }

  /** Takes one sample now. */
  sample(): void {
    if (this.#gone) return;
    const bytes = this.#memory.rssBytes();
    if (bytes < 0) {
      this.#gone = true;
      // What it had at its very end is not known from here.
      this.peakIsWhole = false;
      clearTimeout(this.#timer);
      return;
    }
    const nowMs = this.#nowMs();
    const ownBytes = bytes - this.#memory.fileBytes;
    const peakBytes = this.#takePeak();
    const hasMoved = Math.max(Math.abs(ownBytes - this.#row[1]!), peakBytes - bytes) >= movedBytesMin;
    this.#pauseMs = hasMoved && !this.#sampler ? movedPauseMs : Math.min(this.#sampleMs, 2 * this.#pauseMs);
    this.rssBytes = bytes;
    this.#row[0] = bytes;
    this.#row[1] = ownBytes;
    this.#row[2] = peakBytes > 0 ? Math.max(peakBytes, bytes) : Number.NaN;
    this.rss.add(nowMs, this.#row);
    const movedBytes = Math.abs(this.#row[1]! - this.#mappedBytes);
    this.#lowBytes = Math.min(this.#lowBytes, this.#row[1]!);
    this.#highBytes = Math.max(this.#highBytes, this.#row[1]!);
    const isDue = nowMs >= this.#mapDueMs || movedBytes >= mapStepShare * (this.#highBytes - this.#lowBytes);
    if (movedBytes >= mapStepBytes && isDue) this.#sampleMap();
    const isHigher = bytes > (1 + rollupStepShare) * this.rollupRssBytes && nowMs >= this.#rollupHighDueMs;
    if (nowMs >= this.#rollupDueMs || isHigher) this.#sampleRollup(nowMs);
    else if (nowMs >= this.#usageDueMs) this.#sampleUsage(nowMs);
  }

  /**
   * Readings of resident memory for percentiles: one a millisecond where that was asked for and a thread could read, else
   * every sample that was new. Times in milliseconds since the start of the pass. After `stop`.
   */
  levels(): Pick<Levels, 'tMs' | 'bytes'> {
    const read = this.#readings();
    if (read && read.bytes.length > this.rss.count) return read;
    const apartMs = this.#memory.newEveryMs ?? 0;
    const tMs: number[] = [];
    const bytes: number[] = [];
    const all = this.rss.column('rss');
    for (const [i, ms] of this.rss.tMs().entries()) {
      if (tMs.length > 0 && ms - tMs.at(-1)! < apartMs) continue;
      tMs.push(ms);
      bytes.push(all[i]!);
    }
    return { tMs, bytes };
  }

  /** Looks at the pages now, moved or not. */
  lookAtPages(): void {
    if (!this.#gone) this.#sampleMap();
  }

  /** What was higher between two samples, and where memory moved quickly: the samples' line is not the whole one. After `stop`. */
  tops(): Tops {
    this.#tops ??= betweenSamples(
      {
        tMs: this.rss.tMs(),
        rss: this.rss.column('rss'),
        own: this.rss.column('own'),
        peak: this.rss.column('rssPeak'),
      },
      this.#readings(),
    );
    return this.#tops;
  }

  /** Samples, and what lies between them, as one line. After `stop`. */
  line(): MergedLine {
    this.#line ??= merged(this.rss, this.tops());
    return this.#line;
  }

  /** PSS and USS now: they change where another process begins to share pages, or ends. */
  readShares(): void {
    if (!this.#gone) this.#sampleRollup(this.#nowMs());
  }

  /** What the kernel saw until now is of the target's start. */
  beginTraffic(): void {
    this.sample();
    this.#hasTraffic = true;
    if (!this.#gone && this.#peak.resets) this.trafficPeakBytes = this.rssBytes;
  }

  /** Ends the phase before, with its peak, and starts another. */
  phase(name: string): void {
    this.sample();
    const nowMs = this.#nowMs();
    this.#endPhase(nowMs);
    if (!this.#gone) this.#sampleMap();
    this.phases.push({ name, startMs: nowMs, endMs: nowMs, rssMaxBytes: null });
  }

  /** Takes the last sample and frees the descriptors; safe to call twice, and after the process has ended. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#sampler?.stop();
    if (!this.#gone) {
      this.sample();
      this.#sampleRollup(this.#nowMs());
      this.#sampleMap();
    }
    if (!this.#gone) this.#takePeak();
    this.#endPhase(this.#nowMs());
    this.#gone = true;
    this.#memory.close();
  }

  #sampleLater(): void {
    this.#timer = setTimeout(() => {
      this.sample();
      if (!this.#gone) this.#sampleLater();
    }, this.#pauseMs);
  }

  /** @returns the kernel's peak since it was last taken; 0 where that is not known */
  #takePeak(): number {
    this.peakIsWhole = this.#peak.take() && this.#peak.wholeBytes !== undefined;
    const { spanBytes, wholeBytes } = this.#peak;
    this.rssPeakBytes = Math.max(this.rssPeakBytes, wholeBytes ?? 0);
    if (this.#hasTraffic && spanBytes !== undefined)
      this.trafficPeakBytes = Math.max(this.trafficPeakBytes ?? 0, spanBytes);
    // Where it only rises, the peak of a phase is at most that of all before it.
    const bytes = this.#peak.resets ? spanBytes : wholeBytes;
    if (bytes !== undefined) this.#phasePeakBytes = Math.max(this.#phasePeakBytes ?? 0, bytes);
    return spanBytes ?? 0;
  }

  #readings(): Levels | undefined {
    const read = this.#sampler?.stop();
    return read && { ...read, tMs: read.tMs.map((ms) => ms - this.#beganAtEpochMs) };
  }

  #endPhase(nowMs: number): void {
    const last = this.phases.at(-1);
    if (last && last.endMs <= last.startMs) {
      last.endMs = nowMs;
      last.rssMaxBytes = this.#phasePeakBytes ?? null;
    }
    this.#phasePeakBytes = undefined;
  }

  #sampleMap(): void {
    if (!this.#readsMaps) return;
    const startMs = this.#nowMs();
    const map = this.#memory.map?.();
    const nowMs = this.#nowMs();
    this.#mapDueMs = nowMs + Math.max(mapPauseMs, mapPauseFactor * (nowMs - startMs));
    if (!map) return;
    this.#mappedBytes = this.#row[1]!;
    this.map.add(
      startMs,
      memoryClasses.map((name) => map[name]),
    );
  }

  #sampleRollup(nowMs: number): void {
    this.#rollupDueMs = nowMs + this.#rollupMs;
    const startMs = this.#nowMs();
    const rollup = this.#memory.rollup();
    this.#rollupHighDueMs = nowMs + Math.max(rollupPauseMs, mapPauseFactor * (this.#nowMs() - startMs));
    const groupBytes = this.#sampleUsage(nowMs);
    if (!rollup) return;
    this.rollupRssBytes = Math.max(this.rollupRssBytes, rollup.rssBytes);
    this.rollup.add(nowMs, [
      rollup.pssBytes,
      // What other processes answer for.
      Math.max(0, rollup.rssBytes - rollup.pssBytes),
      rollup.ussBytes,
      rollup.anonymousBytes,
      rollup.pssFileBytes,
      this.usage?.minorFaults ?? Number.NaN,
      this.usage?.majorFaults ?? Number.NaN,
      groupBytes ?? Number.NaN,
    ]);
  }

  /** @returns the control group's charge; null without one */
  #sampleUsage(nowMs: number): number | null {
    this.#usageDueMs = nowMs + usageMs;
    this.usage = this.#memory.usage() ?? this.usage;
    const bytes = this.#group?.usedBytes() ?? null;
    if (bytes !== null) this.groupPeakBytes = Math.max(this.groupPeakBytes ?? 0, bytes);
    return bytes;
  }
}
