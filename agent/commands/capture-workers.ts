/**
 * `--workers`: several threads capture, each from rings of its own among which the kernel shares the traffic by flow
 * (PACKET_FANOUT). This thread leads: it has the files, the privileges, the signals and the governor, and adds up.
 */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { PageCredit } from '../bounded/page-credit.ts';
import type { CaptureStats } from '../capture/frame-source.ts';
import { dropPrivileges } from '../capture/sys/privileges.ts';
import { FloodgateError } from '../errors.ts';
import { Governor } from '../governor/governor.ts';
import {
  boundYoungGeneration,
  collectGarbage,
  expectLargeHeap,
  heapShare,
  processGauges,
} from '../governor/process-memory.ts';
import { describeNotDecoded, notDecoded } from '../http/not-decoded.ts';
import { deriveWorkerLimits, limitTable, type WorkerLimits } from '../limits.ts';
import type { GroupLimits } from '../overload/control-group.ts';
import { OutputFile } from '../sinks/output-file.ts';
import { type Counters, StatsFile } from '../stats.ts';
import type { ObserveServer } from '../telemetry/observe-server.ts';
import type { CaptureFlags } from './capture-options.ts';
import { describeGroup, limitOptions, observeCounters, openObserve, readGroup } from './capture-parts.ts';
import { IdleMemory } from './idle-memory.ts';
import { nowMs } from './monotonic-clock.ts';
import { report, reportEnd, reportPressure, reportUnpaired } from './notices.ts';
import { isPrintColoured } from './outputs.ts';
import { ControlWord, type WorkerMessage, type WorkerOrder } from './worker-order.ts';

/** How often resident memory is looked at. */
const governPauseMs = 50;

/** @throws FloodgateError when it cannot run or cannot go on. */
export async function runWorkers(flags: CaptureFlags, version: string): Promise<void> {
  refuseOthers(flags);
  boundYoungGeneration();
  expectLargeHeap();
  const count = flags.workers!;
  const group = readGroup(flags);
  const limits = deriveWorkerLimits(limitOptions(flags, group), count);
  const crew = new Crew(flags, limits, group, count, version);
  const statsOutput = flags.stats === undefined ? null : new OutputFile(flags.stats);
  const stats = statsOutput === null ? null : new StatsFile(statsOutput, flags.statsIntervalMs !== undefined);
  const governor = govern(limits, crew);
  let server: ObserveServer | null = null;
  const counters = () => ({
    ...crew.counters(),
    ...observeCounters(server),
    ...governor.snapshot(),
    ...processGauges(),
  });
  const timers: NodeJS.Timeout[] = [];
  const onSignal = () => crew.stop();
  try {
    await crew.open();
    for (const line of describeGroup(flags, group)) report(line);
    report(limitTable(limits.all, count));
    const read = () => ({ counters: counters(), interfaces: crew.interfaces() });
    server = await openObserve(flags, read, null);
    const notice = dropPrivileges(flags.user ?? null, () => {});
    if (notice !== null) report(notice);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
    const idleMemory = new IdleMemory(nowMs);
    timers.push(
      setInterval(() => {
        crew.attempt(() => governor.check());
        idleMemory.check();
      }, governPauseMs),
    );
    if (stats !== null && flags.statsIntervalMs !== undefined) {
      timers.push(setInterval(() => stats.sample(Date.now(), counters()), flags.statsIntervalMs));
    }
    idleMemory.giveBack();
    crew.start();
    report(`capturing on ${flags.interface!.join(', ')} with ${count} workers`);
    try {
      await crew.done;
    } finally {
      for (const timer of timers) clearInterval(timer);
      const ended = crew.counters();
      const seen = notDecoded(ended, crew.serverNames());
      const sentence = describeNotDecoded(seen);
      crew.close(sentence);
      stats?.final(Date.now(), counters(), crew.interfaces(), seen);
      reportEnd(crew.interfaces(), sentence, ended);
      reportUnpaired(ended);
      server?.close();
    }
    if (statsOutput?.failure) throw statsOutput.failure;
  } finally {
    for (const timer of timers) clearInterval(timer);
    await crew.terminate();
  }
}

/** What only one thread can do. */
function refuseOthers(flags: CaptureFlags): void {
  const refuse = (option: string, why: string) => {
    throw new FloodgateError('workers-refused', `--workers and ${option} do not go together: ${why}`, {
      hint: `leave --workers or ${option} out`,
    });
  };
  if ((flags.interface ?? []).length === 0) {
    refuse('--read', 'the kernel shares live traffic among them; a capture is read by one thread, in its order');
  }
  if (flags.har !== undefined) refuse('--har', 'its entries are one document');
  if (flags.upload !== undefined) refuse('--upload', 'its batches are made by one thread');
  if (flags.rateLimit !== undefined) refuse('--rate-limit', 'it is one figure for all traffic');
}

type CountersMessage = Extract<WorkerMessage, { kind: 'counters' }>;

/** Of the thread with the most, or the least: nothing that adds up. */
const mostNames = new Set(
  ['level', 'levelMax', 'ringFill', 'ringFillPeak', 'lagMs', 'lagPeakMs', 'cpuShare', 'busyShare'].map(
    (name) => `overload.${name}`,
  ),
);
const leastNames = new Set(['bodyShare', 'witnessShare', 'flowShare'].map((name) => `overload.${name}`));

function together(name: string, before: number | undefined, value: number): number {
  if (before === undefined) return value;
  if (mostNames.has(name)) return Math.max(before, value);
  return leastNames.has(name) ? Math.min(before, value) : before + value;
}

/** The page credit, by whose least value the peak is known exactly; other peaks are added up, an upper bound. */
const pagesPeakName = 'tcp.pagesInUsePeak';

class Crew {
  /** Resolves when every thread has ended well; rejects with the first failure, the others stopped and done. */
  readonly done: Promise<void>;
  readonly #workers: Worker[] = [];
  readonly #control: Int32Array;
  readonly #credit: PageCredit;
  readonly #pagesMax: number;
  readonly #isPrinted: boolean;
  readonly #outputs = new Map<string, OutputFile>();
  readonly #latest: Pick<CountersMessage, 'counters' | 'interfaces' | 'serverNames'>[] = [];
  readonly #ended = Promise.withResolvers<void>();
  readonly #opened = Promise.withResolvers<void>();
  #openCount = 0;
  #endedCount = 0;
  #failure: Error | null = null;

  constructor(flags: CaptureFlags, limits: WorkerLimits, group: GroupLimits, count: number, version: string) {
    this.done = this.#ended.promise;
    // Whoever waits for `open` hears of a failure there.
    this.done.catch(() => {});
    this.#opened.promise.catch(() => {});
    for (const file of [flags.messages, flags.witnesses, flags.print ? '-' : undefined]) {
      if (file !== undefined) this.#outputs.set(file, new OutputFile(file));
    }
    this.#pagesMax = limits.each.tcp.pagesMax;
    this.#isPrinted = flags.print === true;
    this.#credit = PageCredit.of(this.#pagesMax);
    const control = new SharedArrayBuffer(4 * (ControlWord.queued + count));
    this.#control = new Int32Array(control);
    // Files are opened by this thread alone.
    const { stats: _stats, statsIntervalMs: _interval, observeListen: _listen, ...threadFlags } = flags;
    // Random: two agents on one device must not share a group by chance.
    const fanoutGroup = crypto.getRandomValues(new Uint16Array(1))[0]!;
    for (let index = 0; index < count; index += 1) {
      const order: WorkerOrder = {
        index,
        count,
        flags: threadFlags,
        limits: limits.each,
        group,
        version,
        fanoutGroup,
        colours: isPrintColoured(),
        credit: this.#credit.shared,
        control,
      };
      this.#enlist(order);
    }
  }

  #enlist(order: WorkerOrder): void {
    const module = new URL(`./capture-worker${path.extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(module, { workerData: order, stdin: false });
    this.#workers.push(worker);
    this.#latest.push({ counters: {}, interfaces: [], serverNames: [] });
    worker.on('message', (message: WorkerMessage) => this.#heard(order.index, message));
    worker.on('error', (error) => this.#fail(error as Error));
    worker.on('exit', (code) => {
      if (code !== 0) this.#fail(new Error(`a capturing thread ended with code ${code}`));
      this.#endedCount += 1;
      if (this.#endedCount < this.#workers.length) return;
      if (this.#failure === null) this.#ended.resolve();
      else this.#ended.reject(this.#failure);
    });
  }

  /** Resolves when all rings are open. @throws FloodgateError of the first that was refused. */
  open(): Promise<void> {
    return this.#opened.promise;
  }

  start(): void {
    for (const worker of this.#workers) worker.postMessage('start');
  }

  stop(): void {
    Atomics.store(this.#control, ControlWord.stop, 1);
  }

  shed(level: number): void {
    Atomics.store(this.#control, ControlWord.pressure, level);
  }

  collect(): void {
    Atomics.add(this.#control, ControlWord.collections, 1);
    collectGarbage();
  }

  /** Runs what may find that the agent cannot go on: then all threads end at once. */
  attempt(look: () => void): void {
    try {
      look();
    } catch (error) {
      this.#fail(error as Error);
      void this.terminate();
    }
  }

  /** Counters of all threads added up; 200 ms old at most. */
  counters(): Counters {
    const sum: Counters = {};
    for (const { counters } of this.#latest) {
      for (const [name, value] of Object.entries(counters)) sum[name] = together(name, sum[name], value);
    }
    const drawnMost = this.#pagesMax - this.#credit.least;
    sum['tcp.pagesDrawnPeak'] = drawnMost;
    sum[pagesPeakName] = Math.min(sum[pagesPeakName] ?? 0, drawnMost);
    return sum;
  }

  /** Each interface once, whatever thread its frames went to. */
  interfaces(): CaptureStats[] {
    const byName = new Map<string, CaptureStats>();
    for (const { interfaces } of this.#latest) {
      for (const { name, framesReceived, framesDropped } of interfaces) {
        const before = byName.get(name);
        byName.set(name, {
          name,
          framesReceived: framesReceived + (before?.framesReceived ?? 0),
          framesDropped: (framesDropped ?? 0) + (before?.framesDropped ?? 0),
        });
      }
    }
    return [...byName.values()];
  }

  /** Streams of all threads by TLS server name. */
  serverNames(): Map<string, number> {
    const sum = new Map<string, number>();
    for (const { serverNames } of this.#latest) {
      for (const [name, streams] of serverNames) sum.set(name, (sum.get(name) ?? 0) + streams);
    }
    return sum;
  }

  /** @param notDecoded the last line of `--print`, null for none */
  close(notDecoded: string | null): void {
    if (this.#isPrinted && notDecoded !== null) this.#outputs.get('-')?.write(`${notDecoded}\n`);
    for (const output of this.#outputs.values()) output.close();
  }

  async terminate(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #heard(index: number, message: WorkerMessage): void {
    switch (message.kind) {
      case 'open':
        this.#openCount += 1;
        if (this.#openCount === this.#workers.length) this.#opened.resolve();
        break;
      case 'records':
        this.#write(index, message.path, message.batch);
        break;
      case 'counters':
        this.#latest[index] = message;
        break;
      case 'failed': {
        const { code, hint, exitCode } = message;
        this.#fail(new FloodgateError(code, message.message, { hint, exitCode }));
        break;
      }
    }
  }

  #write(index: number, path: string, batch: Uint8Array): void {
    const output = this.#outputs.get(path)!;
    output.writeBytes(batch);
    // The page is being looked at.
    if (this.#isPrinted && path === '-') output.flush();
    const place = ControlWord.queued + index;
    Atomics.sub(this.#control, place, batch.length);
    Atomics.notify(this.#control, place);
    if (output.failure !== null) this.#fail(output.failure);
    if (output.closedByReader) this.stop();
  }

  /** The first failure counts; the other threads end as at a stop. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#opened.reject(this.#failure);
    this.stop();
  }
}

function govern(limits: WorkerLimits, crew: Crew): Governor {
  const { ceilingBytes } = limits.all;
  return new Governor({
    ceilingBytes,
    nowMs,
    residentBytes: () => process.memoryUsage.rss(),
    heapShare,
    collect: () => crew.collect(),
    apply: (level) => {
      reportPressure(ceilingBytes, level);
      crew.shed(level);
    },
  });
}
