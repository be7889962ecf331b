/** The instruments of a preload that disturb, one kind a pass: allocation and CPU profiles, heap snapshots. */
import { writeFileSync } from 'node:fs';
import { createRequire, findSourceMap } from 'node:module';
import path from 'node:path';
import v8 from 'node:v8';
import { collectAll } from './collect-all.ts';
import type { OffHeapSites } from './off-heap-sites.ts';
import type { PreloadLine, PreloadOptions } from './options.ts';
import { withDescriptor } from './reserve.ts';

/** What the instruments need of the preload. */
export interface InstrumentsHost {
  send(line: PreloadLine): void;
  /** HTTP requests answered by now; null before the first. */
  requests(): number | null;
  /** Memories of WebAssembly, in the pass that collects; else 0. */
  wasmBytes(): number;
}

/** Does what the harness commands. */
export class Instruments {
  readonly #options: PreloadOptions & { readonly thread?: number };
  /** Part of the names of files: threads and children write into the same folder. */
  readonly #who: string;
  readonly #sites: OffHeapSites | undefined;
  readonly #host: InstrumentsHost;
  readonly #send: (line: PreloadLine) => void;
  #heap: (Sampler & Partial<LiveSampler>) | undefined;
  #cpu: Sampler | undefined;
  #startMs = 0;

  constructor(
    options: PreloadOptions & { readonly thread?: number },
    sites: OffHeapSites | undefined,
    host: InstrumentsHost,
  ) {
    this.#options = options;
    this.#who = options.thread === undefined ? String(process.pid) : `${process.pid}-${options.thread}`;
    this.#sites = sites;
    this.#host = host;
    this.#send = (line) => host.send(line);
  }

  /** Starts the samplers that this pass has. */
  begin(): void {
    const { profile, cpu } = this.#options;
    this.#startMs = nowMs();
    if (cpu) this.#cpu = startCpuProfile(cpu.sampleUs);
    if (!profile) return;
    if (profile.isCumulative) {
      this.#heap = startLiveSampling(profile.sampleBytes, profile.stackDepth);
      return;
    }
    const withFreed = profile.kind === 'allocations';
    this.#heap = startSampling({
      sampleInterval: profile.sampleBytes,
      stackDepth: profile.stackDepth,
      // What counts as live must have survived a collection.
      forceGC: !withFreed,
      includeObjectsCollectedByMajorGC: withFreed,
      includeObjectsCollectedByMinorGC: withFreed,
    });
  }

  /** The thread or child ends: what it allocated since the last interval belongs to the one under way. */
  finish(): void {
    if (this.#options.profile) this.#cut(-1);
  }

  /**
   * `cut N`: ends interval N and starts the next; `snapshot NAME [THREAD]`: of the main thread's heap, or of that thread's; `settle N`:
   * collects all garbage and says what is left.
   */
  command(line: string): void {
    const [verb, name = '', thread] = line.split(' ');
    try {
      if (verb === 'cut') this.#cut(Number(name));
      else if (verb === 'snapshot' && thread === this.#options.thread?.toString()) this.#snapshot(name);
      else if (verb === 'settle') this.#settle(Number(name));
    } catch (error) {
      this.#send({ type: 'error', tMs: nowMs(), message: `${line}: ${error}` });
    }
  }

  #cut(interval: number): void {
    const { profile, cpu } = this.#options;
    const startMs = this.#startMs;
    if (cpu && this.#cpu) {
      const text = this.#cpu.stop();
      const endMs = nowMs();
      const file = path.join(cpu.folder, `cpu-${this.#who}-${interval}.cpuprofile`);
      writeOwn(file, text);
      this.begin();
      this.#send({ type: 'cpu', interval, startMs, endMs, file });
    } else if (profile && this.#heap) {
      const goesOn = profile.isCumulative === true;
      const heap = goesOn && this.#heap.read ? this.#heap.read() : this.#heap.stop();
      const endMs = nowMs();
      const sites = this.#sites?.take(goesOn) ?? [];
      const heapFile = path.join(profile.folder, `${profile.kind}-${this.#who}-${interval}.heapprofile`);
      const offHeapFile = path.join(profile.folder, `${profile.kind}-off-heap-${this.#who}-${interval}.json`);
      writeOwn(heapFile, heap);
      writeOwn(offHeapFile, JSON.stringify(sites));
      const maps = path.join(profile.folder, `${profile.kind}-maps-${this.#who}-${interval}.json`);
      const mapsFile = writeMaps(heap, maps, this.#options.lines?.url);
      if (goesOn) this.#startMs = endMs;
      else this.begin();
      this.#send({ type: 'profile', interval, startMs, endMs, heapFile, offHeapFile, mapsFile });
    }
  }

  #settle(interval: number): void {
    collectAll();
    // As `process.memoryUsage` has them, which opens a file.
    const { used_heap_size: heapUsed, external_memory: counted } = v8.getHeapStatistics();
    const external = counted + this.#host.wasmBytes();
    this.#send({
      type: 'settled',
      interval,
      tMs: nowMs(),
      requests: this.#host.requests(),
      heapUsed,
      external,
    });
  }

  #snapshot(name: string): void {
    const options = this.#options.snapshots;
    if (!options) return;
    const tMs = nowMs();
    const isSmall = v8.getHeapStatistics().used_heap_size <= options.heapBytesMax;
    const requests = this.#host.requests();
    const place = path.join(options.folder, `${path.basename(name)}-${this.#who}.heapsnapshot`);
    const file = isSmall ? withDescriptor(() => v8.writeHeapSnapshot(place)) : '';
    this.#send({ type: 'snapshot', name, tMs, file, requests, tookMs: nowMs() - tMs });
  }
}

/** The maps that Node.js itself has of the code in a profile: it has them where a loader turned them on (`tsx` does). */
function writeMaps(heapProfile: string, file: string, replaced: string | undefined): string | undefined {
  if (!process.sourceMapsEnabled) return undefined;
  const maps: Record<string, unknown> = {};
  for (const [, url = ''] of heapProfile.matchAll(/"url":"([^"\\]+)"/g)) {
    // What is in the place of a source is looked up by whoever put it there.
    if (url.startsWith('node:') || url === replaced || Object.hasOwn(maps, url)) continue;
    const payload = findSourceMap(url)?.payload;
    if (payload) maps[url] = payload;
  }
  if (Object.keys(maps).length === 0) return undefined;
  writeOwn(file, JSON.stringify(maps));
  return file;
}

function writeOwn(file: string, text: string): void {
  withDescriptor(() => writeFileSync(file, text, { mode: 0o600 }));
}

interface Sampler {
  /** The profile, as text of V8's own format. */
  stop(): string;
}

interface LiveSampler extends Sampler {
  /** The profile of what a collection leaves, while it goes on. */
  read(): string;
}

type SamplingOptions = Exclude<Parameters<typeof v8.startHeapProfile>[0], undefined>;

/** V8's sampler; before Node.js 26 only its inspector has it, which collects all garbage whenever it is read. */
function startSampling(options: SamplingOptions): Sampler {
  if (typeof v8.startHeapProfile === 'function') return v8.startHeapProfile(options);
  const { sampleInterval, stackDepth, includeObjectsCollectedByMajorGC, includeObjectsCollectedByMinorGC } = options;
  const domain = openDomain('HeapProfiler');
  const parameters = { stackDepth, includeObjectsCollectedByMajorGC, includeObjectsCollectedByMinorGC };
  domain.ask('startSampling', { samplingInterval: sampleInterval, ...parameters });
  return { stop: () => domain.end('stopSampling') };
}

/** What is alive of all that was allocated since: V8's inspector alone can be asked without ending it. */
function startLiveSampling(samplingInterval: number, stackDepth: number): LiveSampler {
  const domain = openDomain('HeapProfiler');
  domain.ask('startSampling', { samplingInterval, stackDepth });
  return {
    read: () => {
      domain.ask('collectGarbage');
      return JSON.stringify(domain.ask('getSamplingProfile').profile);
    },
    stop: () => domain.end('stopSampling'),
  };
}

/** V8's CPU profiler; `sampleUs` between two looks at the stack. */
function startCpuProfile(sampleUs: number): Sampler {
  const domain = openDomain('Profiler');
  domain.ask('enable');
  domain.ask('setSamplingInterval', { interval: sampleUs });
  domain.ask('start');
  return { stop: () => domain.end('stop') };
}

/** A part of V8's inspector, which on its own thread answers before it returns. */
function openDomain(name: string) {
  const { Session } = createRequire(import.meta.url)('node:inspector') as typeof import('node:inspector');
  const session = new Session();
  session.connect();
  const ask = (method: string, parameters: object = {}): { profile?: unknown } => {
    let result: { profile?: unknown } = {};
    session.post(`${name}.${method}`, parameters, (error, answer) => {
      if (error) throw error;
      result = answer as typeof result;
    });
    return result;
  };
  const end = (method: string) => {
    const text = JSON.stringify(ask(method).profile);
    session.disconnect();
    return text;
  };
  return { ask, end };
}

function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
