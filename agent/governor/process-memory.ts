/** What the process itself weighs. */
import { readFileSync } from 'node:fs';

/** Gauges by name, bytes. */
export function processGauges(): Record<string, number> {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return {
    'process.residentBytes': rss,
    'process.residentBytesPeak': residentBytesPeak(),
    'process.heapTotalBytes': heapTotal,
    'process.heapUsedBytes': heapUsed,
    'process.externalBytes': external,
    'process.arrayBufferBytes': arrayBuffers,
    'process.cpuMs': process.cpuUsage().user / 1000 + process.cpuUsage().system / 1000,
  };
}

/** Whoever watches this process may lower the kernel's peak (`clear_refs`). */
let highestBytes = 0;

/** Since the program was started; not of the program that started it, as in `getrusage`. 20 µs. */
function residentBytesPeak(): number {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'));
    if (peak !== null) return (highestBytes = Math.max(highestBytes, Number(peak[1]) * 1024));
  } catch {
    // No Linux, or no /proc: the next best figure.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Not loaded before it is asked something: it brings Node.js's streams, 4 ms of CPU. */
const v8 = () => process.getBuiltinModule('node:v8');

/** V8 has no limit that is not far above this. */
const smallHeapBytesMax = 10e6;
let isHeapSmall = true;

/** For a run that may be long: whatever `heapShare` needs is there from now on, and loaded by no packet. */
export function expectLargeHeap(): void {
  isHeapSmall = false;
  heapShare();
}

/** Share of V8's heap limit that is in use; 0 of a heap that was always small. */
export function heapShare(): number {
  if (isHeapSmall) isHeapSmall = process.memoryUsage().heapUsed <= smallHeapBytesMax;
  if (isHeapSmall) return 0;
  const { used_heap_size, heap_size_limit } = v8().getHeapStatistics();
  return used_heap_size / heap_size_limit;
}

let collect: (() => void) | null = null;

/** A full collection, now: what is left is needed. */
export function collectGarbage(): void {
  if (collect === null) {
    v8().setFlagsFromString('--expose-gc');
    collect = process.getBuiltinModule('node:vm').runInNewContext('gc') as () => void;
    v8().setFlagsFromString('--no-expose-gc');
  }
  collect();
}

const youngGenerationArguments = ['--max-semi-space-size=2', '--semi-space-growth-factor=1'];

/**
 * V8's young generation grows to three times 16 MiB by default, all of it resident: more than everything the agent
 * itself holds. 2 MiB costs a tenth of the time with witnesses, nothing without (measured on `steady`). Who is started with
 * these arguments (`agent/node-arguments.json`) has it already.
 */
export function boundYoungGeneration(): void {
  const missing = youngGenerationArguments.filter((each) => !process.execArgv.includes(each));
  for (const each of missing) v8().setFlagsFromString(each);
}
