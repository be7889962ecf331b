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

/** How the name of a file with a `MallocInterval` ends, as JSON. */
export const mallocFileEnd = '.malloc.json';

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

/** What a stack stands for in an interval. */
interface IntervalStack {
  /** Innermost first. */
  readonly addresses: readonly number[];
  readonly count: number;
  readonly bytes: number;
}

/** An interval without names: finding these opens programs of a hundred megabytes, for which nobody waits while traffic goes on. */
export interface MallocInterval {
  readonly which: 'alloc' | 'inuse';
  readonly period: number;
  readonly stacks: readonly IntervalStack[];
  readonly mappings: readonly Mapping[];
  /** Sources below it are named relative to it. */
  readonly root: string;
}

/** What `now` has more than `before`, by stack: of one program, whose addresses stay. @param before none: all of it */
export function mallocInterval(
  now: MallocProfile,
  before: MallocProfile | undefined,
  { which, root }: Pick<MallocInterval, 'which' | 'root'>,
): MallocInterval {
  const { period, mappings } = now;
  const key = ({ addresses }: Stack) => addresses.join(' ');
  const known = new Map(before?.stacks.map((stack) => [key(stack), scaled(stack, which, period)]));
  const stacks = now.stacks.flatMap((stack) => {
    const { count, bytes } = scaled(stack, which, period);
    const then = known.get(key(stack));
    const more = { count: count - (then?.count ?? 0), bytes: bytes - (then?.bytes ?? 0) };
    return more.bytes > 0 ? [{ addresses: stack.addresses, count: Math.max(0, more.count), bytes: more.bytes }] : [];
  });
  return { which, root, period, mappings, stacks };
}

/** A sample of small objects stands for many (jeprof does the same). */
function scaled({ live, allocated }: Stack, which: MallocInterval['which'], period: number) {
  const [count, bytes] = which === 'inuse' ? live : allocated;
  const scale = period > 1 && count > 0 ? 1 / -Math.expm1(-bytes / count / period) : 1;
  return { count: count * scale, bytes: bytes * scale };
}

/** @param nameOf sites of an address, innermost first: inlined functions are several */
export function readMallocInterval(
  { which, period, stacks }: MallocInterval,
  nameOf: (address: number) => readonly MallocSite[],
): Profile {
  const builder = new ProfileBuilder({
    sampleTypes: [
      { type: `${which}_space`, unit: 'bytes' },
      { type: `${which}_objects`, unit: 'count' },
    ],
    period: period > 1 ? period : 0,
  });
  for (const { addresses, count, bytes } of stacks) {
    let node = 0;
    // An address is where a call comes back to: the call itself is before it.
    for (const address of addresses.toReversed()) {
      for (const { functionName, file, line } of nameOf(address - 1).toReversed()) {
        node = builder.child(node, builder.site(functionName, file, line));
      }
    }
    builder.add(node, 0, bytes);
    builder.add(node, 1, count);
  }
  return builder.finish();
}
