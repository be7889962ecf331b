/** The profile files of a pass: what the target wrote is read, brought into the internal model, and kept as pprof. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProfileInterval } from '../watch/preload-channel.ts';
import { readHeapProfile } from './heap-profile.ts';
import { type MallocInterval, mallocFileEnd, readMallocInterval } from './malloc-profile.ts';
import { NativeSymbols } from './native-symbols.ts';
import { readOffHeapSites } from './off-heap-profile.ts';
import { readPprof, writePprof } from './pprof.ts';
import { type Profile, ProfileBuilder, ProfileError } from './profile.ts';
import { SourceMapFiles } from './source-map-files.ts';
import { applySourceMaps } from './source-maps.ts';
import { withoutInstruments } from './without-instruments.ts';

/** File names are relative to this: the repository, or where the package is installed. */
export const projectRoot = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Where the code that a profile names came from, read as it is asked for. */
export const sourceMaps = new SourceMapFiles([projectRoot, process.cwd()]);

export interface IntervalProfiles {
  readonly interval: number;
  /** Milliseconds after the start of its own pass. */
  readonly startMs: number;
  readonly endMs: number;
  /** Allocated on the V8 heap, freed objects included. */
  readonly heap: Profile;
  /** Allocated outside it. */
  readonly offHeap: Profile;
}

/**
 * Reads the profiles of an interval and removes the target's own files. Undefined where they are broken
 * (the target died while it wrote).
 */
export function readInterval(
  interval: ProfileInterval,
  sampleType: 'alloc_space' | 'inuse_space',
  sampleBytes: { readonly heap: number; readonly offHeap: number },
): IntervalProfiles | undefined {
  const { startMs, endMs } = interval;
  const durationMs = endMs - startMs;
  try {
    if (interval.heapFile.endsWith('.pb.gz')) return readPprofInterval(interval);
    if (interval.heapFile.endsWith(mallocFileEnd)) return readNativeInterval(interval);
    const heap = readHeapProfile(readFileSync(interval.heapFile, 'utf8'), {
      sampleIntervalBytes: sampleBytes.heap,
      sampleType,
      root: [projectRoot, process.cwd()],
      timeMs: startMs,
      durationMs,
    });
    const offHeap = readOffHeapSites(readFileSync(interval.offHeapFile, 'utf8'), {
      sampleType,
      sampleBytes: sampleBytes.offHeap,
      root: [projectRoot, process.cwd()],
      timeMs: startMs,
      durationMs,
    });
    if (interval.mapsFile) sourceMaps.addOfRuntime(JSON.parse(readFileSync(interval.mapsFile, 'utf8')));
    const mapped = (profile: Profile) => applySourceMaps(withoutInstruments(profile), (file) => sourceMaps.of(file));
    return { interval: interval.interval, startMs, endMs, heap: mapped(heap), offHeap: mapped(offHeap) };
  } catch (error) {
    if (error instanceof ProfileError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  } finally {
    rmSync(interval.heapFile, { force: true });
    for (const file of [interval.offHeapFile, interval.mapsFile ?? '']) if (file !== '') rmSync(file, { force: true });
  }
}

/** Of a target that writes pprof itself: all that it allocates is on its heap, but for the stacks of goroutines. */
function readPprofInterval({ interval, startMs, endMs, heapFile, offHeapFile }: ProfileInterval): IntervalProfiles {
  const read = (file: string) => ({ ...readPprof(readFileSync(file)), durationMs: endMs - startMs });
  const heap = read(heapFile);
  const { sampleTypes, periodType } = heap;
  const offHeap = offHeapFile === '' ? new ProfileBuilder({ sampleTypes, periodType }).finish() : read(offHeapFile);
  return { interval, startMs, endMs, heap, offHeap };
}

/** Of a program under a heap profiler of C: its functions are given their names now. */
function readNativeInterval({ interval, startMs, endMs, heapFile }: ProfileInterval): IntervalProfiles {
  const taken: MallocInterval = JSON.parse(readFileSync(heapFile, 'utf8'));
  let symbols = symbolsBelow.get(taken.root);
  if (!symbols) symbolsBelow.set(taken.root, (symbols = new NativeSymbols(taken.root)));
  const addresses = taken.stacks.flatMap(({ addresses: each }) => each.map((address) => address - 1));
  const heap = {
    ...readMallocInterval(taken, symbols.resolve(addresses, taken.mappings)),
    durationMs: endMs - startMs,
  };
  const { sampleTypes, periodType } = heap;
  return { interval, startMs, endMs, heap, offHeap: new ProfileBuilder({ sampleTypes, periodType }).finish() };
}

/** Names that were found once, by the folder that sources are named relative to: one a run. */
const symbolsBelow = new Map<string, NativeSymbols>();

/** Writes a profile as gzipped pprof below a run's folder. @returns its path relative to that folder */
export function writeProfileFile(folder: string, name: string, profile: Profile): string {
  const file = path.join('profiles', `${name}.pb.gz`);
  mkdirSync(path.join(folder, 'profiles'), { recursive: true, mode: 0o700 });
  writeFileSync(path.join(folder, file), writePprof(profile), { mode: 0o600 });
  return file;
}
