/**
 * A Go program's `net/http/pprof` behind the preload's own words: `cut N` is answered with the profile of the interval,
 * and once a second comes a line with its runtime's figures of the heap.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { PreloadOptions } from '../preload/options.ts';
import { diffProfiles } from '../profile/arithmetic.ts';
import { readGoProfile, readGoroutines } from '../profile/go-profile.ts';
import { writePprof } from '../profile/pprof.ts';
import type { Profile } from '../profile/profile.ts';
import { CommandChannel, nowMs } from './command-channel.ts';
import type { LaunchOptions } from './target.ts';

export const pprofInstruments: readonly string[] = [
  'net/http/pprof: runtime figures once a second',
  "Go's heap profile (its own sampling, 512 KiB by default)",
];

/** Between two looks at the runtime's figures: each stops the world for some microseconds and writes a page of text. */
export const figuresEveryMs = 1_000;
const answerTimeoutMs = 10_000;
/** A heap profile of a large service has a few megabytes. */
const answerBytesMax = 64 * 1024 * 1024;

/** The figures of Go's runtime that are looked at (runtime.MemStats), in bytes. */
export interface GoMemory {
  readonly sysBytes: number;
  readonly heapAllocBytes: number;
  readonly heapSysBytes: number;
  readonly heapReleasedBytes: number;
  /** Stacks of goroutines that are in use. */
  readonly stackBytes: number;
  readonly totalAllocBytes: number;
  /** The heap's size at which the next collection begins. */
  readonly nextGcBytes: number;
  readonly collections: number;
  readonly pauseNs: number;
}

/** @throws FloodgateError `pprof-missing` where there is no such address */
export async function openPprofChannel(
  address: string,
  { statsFile, observe }: Pick<LaunchOptions, 'statsFile' | 'observe'>,
): Promise<PprofChannel> {
  const base = address.replace(/\/+$/, '').replace(/\/(heap|allocs)$/, '');
  const channel = new PprofChannel(base, path.dirname(statsFile), observe.profile ?? { kind: 'allocations' });
  await channel.begin();
  return channel;
}

export class PprofChannel extends CommandChannel {
  /** The last figures read. */
  memory: GoMemory | undefined;
  readonly #base: string;
  readonly #folder: string;
  readonly #kind: 'allocations' | 'live';
  /** Every profile holds all that is alive, and not only what its own interval brought. */
  readonly #isCumulative: boolean;
  #timer: NodeJS.Timeout | undefined;
  #before: Profile | undefined;
  #goroutinesBefore: Profile | undefined;
  #startMs = 0;
  #busy = false;
  #failures = 0;
  #peakBytes = 0;

  constructor(
    base: string,
    folder: string,
    profile: Pick<NonNullable<PreloadOptions['profile']>, 'kind' | 'isCumulative'>,
  ) {
    super();
    this.#base = base;
    this.#folder = folder;
    this.#kind = profile.kind;
    this.#isCumulative = profile.isCumulative ?? false;
  }

  async begin(): Promise<void> {
    await this.#readFigures();
    this.#timer = setInterval(() => void this.#tick(), figuresEveryMs);
    this.#startMs = nowMs();
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    done(null);
  }

  protected override async command(verb: string, interval: number): Promise<void> {
    if (verb === 'cut') await this.#cut(interval);
    else if (verb === 'settle') await this.#settle(interval);
  }

  /** What came since the last cut: counters and levels alike are cumulative over the program's life. */
  async #cut(interval: number): Promise<void> {
    const kind = this.#kind;
    // Go's figures are as of its last collection: one is asked for.
    const now = readGoProfile(await this.#get('/heap?gc=1'), kind === 'live' ? 'inuse' : 'alloc', process.cwd());
    const goroutines = kind === 'live' ? await this.#goroutines() : undefined;
    const endMs = nowMs();
    const heapFile = this.#write(`${kind}-${interval}`, this.#before, now);
    const offHeapFile = goroutines
      ? this.#write(`${kind}-goroutines-${interval}`, this.#goroutinesBefore, goroutines)
      : '';
    this.#before = now;
    this.#goroutinesBefore = goroutines;
    this.say({ type: 'profile', interval, startMs: this.#startMs, endMs, heapFile, offHeapFile });
    this.#startMs = endMs;
  }

  async #goroutines(): Promise<Profile> {
    await this.#readFigures();
    return readGoroutines(await this.#get('/goroutine'), this.memory?.stackBytes ?? 0, process.cwd());
  }

  /** @returns its file */
  #write(name: string, before: Profile | undefined, now: Profile): string {
    const file = path.join(this.#folder, `${name}.pb.gz`);
    const difference = before && !this.#isCumulative ? diffProfiles(before, now) : now;
    writeFileSync(file, writePprof({ ...difference, self: difference.self.map(withoutLosses) }), { mode: 0o600 });
    return file;
  }

  /** `gc=1` collects first. */
  async #settle(interval: number): Promise<void> {
    await this.#readFigures('gc=1&');
    const { heapAllocBytes = 0, stackBytes = 0 } = this.memory ?? {};
    const settled = { heapUsed: heapAllocBytes, external: stackBytes, requests: null };
    this.say({ type: 'settled', interval, tMs: nowMs(), ...settled });
  }

  async #tick(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#readFigures();
      this.#failures = 0;
    } catch {
      // One that is busy is asked again; who has no other sign of its life counts.
      this.emit('silence', ++this.#failures);
    } finally {
      this.#busy = false;
    }
  }

  async #readFigures(first = ''): Promise<void> {
    const text = (await this.#get(`/heap?${first}debug=1`)).toString('latin1');
    const figure = (name: string) => Number(new RegExp(`^# ${name} = (\\d+)`, 'm').exec(text)?.[1] ?? 0);
    if (!text.startsWith('heap profile:')) {
      throw new FloodgateError('pprof-missing', `${this.#base} is not the address of net/http/pprof`, {
        hint: 'It is commonly http://HOST:PORT/debug/pprof, in a program that imports net/http/pprof.',
      });
    }
    const before = this.memory;
    this.memory = {
      sysBytes: figure('Sys'),
      heapAllocBytes: figure('HeapAlloc'),
      heapSysBytes: figure('HeapSys'),
      heapReleasedBytes: figure('HeapReleased'),
      stackBytes: figure('Stack'),
      totalAllocBytes: figure('TotalAlloc'),
      nextGcBytes: figure('NextGC'),
      collections: figure('NumGC'),
      pauseNs: pausesNs(text),
    };
    this.#send(this.memory, before);
  }

  #send(memory: GoMemory, before: GoMemory | undefined): void {
    const { sysBytes, heapAllocBytes, heapSysBytes, heapReleasedBytes, totalAllocBytes } = memory;
    // The pacer begins the next collection at a multiple of what the last one found alive: twice, unless GOGC says other.
    const aliveBytes = Math.min(heapAllocBytes, memory.nextGcBytes / 2);
    this.#peakBytes = Math.max(this.#peakBytes, heapAllocBytes);
    if (before && memory.collections > before.collections) {
      this.say({
        type: 'gc',
        tMs: nowMs(),
        kind: 'MarkSweepCompact',
        pauseMs: Math.max(0, memory.pauseNs - before.pauseNs) / 1e6,
        usedBefore: Math.max(before.heapAllocBytes, heapAllocBytes),
        usedAfter: aliveBytes,
      });
    }
    this.say({
      type: 'v8',
      tMs: nowMs(),
      heapUsed: heapAllocBytes,
      heapTotal: heapSysBytes - heapReleasedBytes,
      external: Math.max(0, sysBytes - heapSysBytes),
      arrayBuffers: null,
      malloced: null,
      allocated: totalAllocBytes,
      peakBeforeGc: this.#peakBytes,
      afterGc: memory.collections > 0 ? aliveBytes : 0,
    });
  }

  async #get(resource: string): Promise<Buffer> {
    let response: Response;
    try {
      response = await fetch(`${this.#base}${resource}`, { signal: AbortSignal.timeout(answerTimeoutMs) });
    } catch (error) {
      const { cause, message } = error as Error & { cause?: Error };
      throw new FloodgateError('pprof-missing', `${this.#base} does not answer: ${cause?.message ?? message}`, {
        hint: 'Check the address, and that the program runs.',
        cause: error,
      });
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new FloodgateError('pprof-missing', `${this.#base}${resource} answers ${response.status}`, {
        hint: 'The address is commonly http://HOST:PORT/debug/pprof, in a program that imports net/http/pprof.',
      });
    }
    return readAtMost(response, answerBytesMax);
  }
}

/** @throws FloodgateError `pprof-missing` beyond the limit */
async function readAtMost(response: Response, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > bytesMax) {
      throw new FloodgateError('pprof-missing', `${response.url} answers more than ${bytesMax} bytes`, {
        hint: 'A heap profile is a few megabytes: is this the address of net/http/pprof?',
      });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Sum of the last 256 pauses that the page lists. */
function pausesNs(text: string): number {
  const list = /^# PauseNs = \[([\d ]*)\]/m.exec(text)?.[1] ?? '';
  return list.split(' ').reduce((sum, each) => sum + Number(each), 0);
}

/** What was freed since is no debt of its site. */
function withoutLosses(column: Float64Array): Float64Array {
  return column.map((value) => Math.max(0, value));
}
