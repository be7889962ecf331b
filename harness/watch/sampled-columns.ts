/** What each table of a measuring pass holds, in the order of its columns: samplers make them, and whoever reads one back knows them. */
import { memoryClasses } from './memory-map.ts';
import type { SampleColumn } from './sample-table.ts';

/**
 * `own` is RSS without pages of files: what the process itself asked for. Program code comes and goes as the kernel likes.
 * `rssPeak`: the kernel's own since the sample before.
 */
export const residentColumns: readonly SampleColumn[] = [
  { name: 'rss', unit: 'bytes', kind: 'gauge' },
  { name: 'own', unit: 'bytes', kind: 'gauge' },
  { name: 'rssPeak', unit: 'bytes', kind: 'gauge' },
];

export const rollupColumns: readonly SampleColumn[] = [
  { name: 'pss', unit: 'bytes', kind: 'gauge' },
  { name: 'shared', unit: 'bytes', kind: 'gauge' },
  { name: 'uss', unit: 'bytes', kind: 'gauge' },
  { name: 'anonymous', unit: 'bytes', kind: 'gauge' },
  { name: 'fileBacked', unit: 'bytes', kind: 'gauge' },
  { name: 'minorFaults', unit: 'count', kind: 'counter' },
  { name: 'majorFaults', unit: 'count', kind: 'counter' },
  { name: 'cgroup', unit: 'bytes', kind: 'gauge' },
];

/** What `own` is made of: see `MemoryMap`. Read where it moves. */
export const mapColumns: readonly SampleColumn[] = memoryClasses.map((name) => ({
  name,
  unit: 'bytes',
  kind: 'gauge',
}));

export const heapColumns: readonly SampleColumn[] = [
  { name: 'heapUsed', unit: 'bytes', kind: 'gauge' },
  { name: 'heapTotal', unit: 'bytes', kind: 'gauge' },
  { name: 'external', unit: 'bytes', kind: 'gauge' },
  { name: 'arrayBuffers', unit: 'bytes', kind: 'gauge' },
  { name: 'malloced', unit: 'bytes', kind: 'gauge' },
  { name: 'allocated', unit: 'bytes', kind: 'counter' },
  { name: 'handles', unit: 'count', kind: 'gauge' },
];

export const sentColumns: readonly SampleColumn[] = [
  { name: 'frames', unit: 'count', kind: 'counter' },
  { name: 'bytes', unit: 'bytes', kind: 'counter' },
  // On the packets' own clock: in the exact lane no other counts.
  { name: 'trafficMs', unit: 'ms', kind: 'counter' },
];
