/**
 * Heap profiles as jemalloc (`heap_v2`, jemalloc(3)) and gperftools (`heap profile:`) write them: stacks of addresses with what is alive
 * and what was ever allocated, and the mappings that the addresses lie in. Pure; names come from whoever knows the files.
 */
import { type Profile, ProfileBuilder, ProfileError } from './profile.ts';

export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** Of the file, at `start`. */
  readonly offset: number;
  readonly file: string;
}

export interface MallocSite {
  readonly functionName: string;
  /** Of the source, or the binary's name; empty for the allocator and the C library. */
  readonly file: string;
  readonly line: number;
}

interface Stack {
  /** Innermost first. */
  readonly addresses: readonly number[];
  readonly live: readonly [count: number, bytes: number];
  readonly allocated: readonly [count: number, bytes: number];
}

export interface MallocProfile {
  /** Mean bytes between two samples; 1: every allocation. */
  readonly period: number;
  readonly stacks: readonly Stack[];
  readonly mappings: readonly Mapping[];
}

const figures = '(\\d+):\\s+(\\d+) \\[\\s*(\\d+):\\s+(\\d+)\\]';
const jemallocStack = new RegExp(`^@((?: 0x[0-9a-f]+)+)\\n\\s*t\\*: ${figures}`, 'gm');
const gperftoolsStack = new RegExp(`^\\s*${figures} @((?: 0x[0-9a-f]+)+)$`, 'gm');
const mappingLine = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ \S+ +(\/.*)$/gm;
/** A program has thousands; more is no profile. */
const stacksMax = 500_000;

/** @throws ProfileError */
export function parseMallocProfile(text: string): MallocProfile {
  const jemalloc = /^heap_v2\/(\d+)\n/.exec(text);
  if (!jemalloc && !text.startsWith('heap profile:'))
    throw new ProfileError('it is no profile of jemalloc or gperftools');
  const stacks: Stack[] = [];
  for (const match of text.matchAll(jemalloc ? jemallocStack : gperftoolsStack)) {
    const [addresses, ...numbers] = jemalloc ? match.slice(1) : [match[5], ...match.slice(1, 5)];
    const [count, bytes, allCount, allBytes] = numbers.map(Number) as [number, number, number, number];
    stacks.push({
      addresses: addresses!.trim().split(' ').map(Number),
      live: [count, bytes],
      allocated: [allCount, allBytes],
    });
    if (stacks.length > stacksMax) throw new ProfileError(`it has more than ${stacksMax} stacks`);
  }
  const mappings = [...text.matchAll(mappingLine)].map(([, start, end, offset, file]) => ({
    start: Number.parseInt(start!, 16),
    end: Number.parseInt(end!, 16),
    offset: Number.parseInt(offset!, 16),
    file: file!,
  }));
  return { period: jemalloc ? Number(jemalloc[1]) : 1, stacks, mappings };
}

/** @param nameOf sites of an address, innermost first: inlined functions are several */
export function readMallocProfile(
  { period, stacks }: MallocProfile,
  which: 'alloc' | 'inuse',
  nameOf: (address: number) => readonly MallocSite[],
): Profile {
  const builder = new ProfileBuilder({
    sampleTypes: [
      { type: `${which}_space`, unit: 'bytes' },
      { type: `${which}_objects`, unit: 'count' },
    ],
    period: period > 1 ? period : 0,
  });
  for (const { addresses, live, allocated } of stacks) {
    const [count, bytes] = which === 'inuse' ? live : allocated;
    if (count === 0) continue;
    let node = 0;
    // An address is where a call comes back to: the call itself is before it.
    for (const address of addresses.toReversed()) {
      for (const { functionName, file, line } of nameOf(address - 1).toReversed()) {
        node = builder.child(node, builder.site(functionName, file, line));
      }
    }
    // A sample of small objects stands for many (jeprof does the same).
    const scale = period > 1 ? 1 / -Math.expm1(-bytes / count / period) : 1;
    builder.add(node, 0, bytes * scale);
    builder.add(node, 1, count * scale);
  }
  return builder.finish();
}
