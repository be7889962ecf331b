/**
 * A native program under the heap profiler of jemalloc or gperftools, behind the preload's own words: `cut N` is answered with the
 * profile of the interval. Neither can be asked for a profile from outside: they write one every few megabytes that are allocated, and
 * the newest stands for the moment of the cut.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { PreloadOptions } from '../preload/options.ts';
import { type MallocProfile, mallocFileEnd, mallocInterval, parseMallocProfile } from '../profile/malloc-profile.ts';
import { ProfileError } from '../profile/profile.ts';
import { CommandChannel, nowMs } from './command-channel.ts';

export interface HeapProfiler {
  readonly name: 'jemalloc' | 'gperftools';
  readonly library: string;
}

/** A profile each time so much was allocated. */
const dumpEveryLog2 = 22;
/** Mean bytes between two samples of jemalloc: as of V8's. */
const sampleLog2 = 16;
/** Between two looks at what was written: all but the newest profiles are removed. */
const sweepMs = 500;
const keptMax = 4;
/** Growth of so many times what makes a profile, and no profile: it is not `malloc`'s. */
const unseenFactor = 2;

let found: HeapProfiler | undefined | null = null;

/** The heap profiler that is installed on this machine; undefined without one. */
export function findHeapProfiler(): HeapProfiler | undefined {
  if (found !== null) return found;
  const { stdout } = spawnSync('ldconfig', ['-p'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${process.env.PATH ?? ''}:/sbin:/usr/sbin` },
  });
  const libraryOf = (name: string) => new RegExp(`^\\s*${name}\\S* .*=> (\\S+)$`, 'm').exec(stdout ?? '')?.[1];
  const jemalloc = libraryOf('libjemalloc\\.so\\.2');
  const gperftools = libraryOf('libtcmalloc\\.so\\.4');
  found = jemalloc
    ? { name: 'jemalloc', library: jemalloc }
    : gperftools
      ? { name: 'gperftools', library: gperftools }
      : undefined;
  return found;
}

export class MallocChannel extends CommandChannel {
  readonly #profiler: HeapProfiler;
  readonly #profile: NonNullable<PreloadOptions['profile']>;
  /** The program may become another user before it writes. */
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'floodgate-malloc-'));
  readonly #root: string;
  readonly #timer: NodeJS.Timeout;
  /** Whose profiles are read: of its children others are written. */
  pid = 0;
  #before: MallocProfile | undefined;
  #startMs = nowMs();
  #hasSaid = false;
  /** What the program had of its own at the first look. */
  #firstBytes: number | undefined;

  /** @param root sources below it are named relative to it */
  constructor(profiler: HeapProfiler, profile: NonNullable<PreloadOptions['profile']>, root: string) {
    super();
    this.#profiler = profiler;
    this.#profile = profile;
    this.#root = root;
    if (process.geteuid?.() === 0) chmodSync(this.#folder, 0o733);
    this.#timer = setInterval(() => this.#sweep(), sweepMs);
    this.#timer.unref();
  }

  /** For the program. */
  get environment(): Record<string, string> {
    const { name, library } = this.#profiler;
    const prefix = path.join(this.#folder, 'heap');
    const preload = [library, process.env.LD_PRELOAD].filter(Boolean).join(':');
    if (name === 'gperftools') {
      return {
        LD_PRELOAD: preload,
        HEAPPROFILE: prefix,
        HEAP_PROFILE_ALLOCATION_INTERVAL: String(2 ** dumpEveryLog2),
        HEAP_PROFILE_INUSE_INTERVAL: String(2 ** dumpEveryLog2),
      };
    }
    const options = `prof:true,prof_accum:true,prof_final:true,lg_prof_sample:${sampleLog2},lg_prof_interval:${dumpEveryLog2},prof_prefix:${prefix}`;
    return { LD_PRELOAD: preload, MALLOC_CONF: options };
  }

  protected override command(verb: string, interval: number): void {
    if (verb === 'cut') this.#cut(interval);
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    rmSync(this.#folder, { recursive: true, force: true });
    done(null);
  }

  #cut(interval: number): void {
    const { kind, isCumulative, folder } = this.#profile;
    // Before the first megabytes nothing is written. That is answered too: whoever asks would wait, and later ends would not be where they belong.
    const now = this.#newest() ?? this.#nothingYet();
    const endMs = nowMs();
    const which = kind === 'live' ? 'inuse' : 'alloc';
    const shown = mallocInterval(now, isCumulative ? undefined : this.#before, { which, root: this.#root });
    this.#before = now;
    const heapFile = path.join(folder, `${kind}-${interval}${mallocFileEnd}`);
    writeFileSync(heapFile, JSON.stringify(shown), { mode: 0o600 });
    this.say({ type: 'profile', interval, startMs: this.#startMs, endMs, heapFile, offHeapFile: '' });
    this.#startMs = endMs;
  }

  /** Where so much has come meanwhile that a profile should have been written, that is said, once. */
  #nothingYet(): MallocProfile {
    const own = privateBytes(this.pid);
    this.#firstBytes ??= own;
    const grown = own - this.#firstBytes;
    if (grown > unseenFactor * 2 ** dumpEveryLog2 && !this.#hasSaid) {
      this.#hasSaid = true;
      const message = `${this.#profiler.name} has written no profile while the program took ${Math.round(grown / 1e6)} MB: it does not take them by malloc (a static program, Go, mmap of its own)`;
      this.say({ type: 'error', tMs: nowMs(), message });
    }
    return { period: 2 ** sampleLog2, stacks: [], mappings: [] };
  }

  #newest(): MallocProfile | undefined {
    for (const name of this.#dumps().slice(-keptMax).toReversed()) {
      try {
        const parsed = parseMallocProfile(readFileSync(path.join(this.#folder, name), 'latin1'));
        // One that is being written has no mappings yet.
        if (parsed.mappings.length > 0) return parsed;
      } catch (error) {
        if (!(error instanceof ProfileError) && (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    return undefined;
  }

  /** Of the program, oldest first: `heap.PID.SEQUENCE.iN.heap`, `heap.SEQUENCE.heap`. */
  #dumps(): string[] {
    const sequence = (name: string) => Number(/\.(\d+)(?:\.[a-z]\d*)?\.heap$/.exec(name)?.[1] ?? -1);
    const own = this.#profiler.name === 'jemalloc' ? `heap.${this.pid}.` : 'heap';
    return readdirSync(this.#folder)
      .filter((name) => name.startsWith(own) && name.endsWith('.heap'))
      .sort((a, b) => sequence(a) - sequence(b));
  }

  #sweep(): void {
    for (const name of this.#dumps().slice(0, -keptMax)) rmSync(path.join(this.#folder, name), { force: true });
  }
}

/** Resident pages of no file; 0 where the process is gone. */
function privateBytes(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
