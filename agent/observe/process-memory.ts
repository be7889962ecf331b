/** What the process itself weighs. */
import { readFileSync } from 'node:fs';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

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

/** Since the program was started; not what whoever started it had, as `getrusage` tells it. 20 µs. */
function residentBytesPeak(): number {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'));
    if (peak !== null) return Number(peak[1]) * 1024;
  } catch {
    // No Linux, or no /proc: the next best figure.
  }
  return process.resourceUsage().maxRSS * 1024;
}

/** Share of V8's heap limit that is in use. */
export function heapShare(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return used_heap_size / heap_size_limit;
}

let collect: (() => void) | null = null;

/** A full collection, now: what is left is needed. */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
    setFlagsFromString('--no-expose-gc');
  }
  collect();
}

/**
 * V8's young generation grows to three times 16 MiB by default, all of it resident: more than everything the agent
 * itself holds. 2 MiB costs a tenth of the time with witnesses, nothing without (measured on `steady`).
 */
export function boundYoungGeneration(): void {
  setFlagsFromString('--max-semi-space-size=2');
  setFlagsFromString('--semi-space-growth-factor=1');
}
