/**
 * Gives back the pages of the runtime's executable that only its start needed. Node.js is 120 MB on disk, of which 45 MB
 * are mapped in by the time the agent captures: half of its resident memory, and most of it (snapshot, parser, module
 * loader, ICU) is not read again. What is, comes back from the page cache by a minor fault.
 */
import { readFileSync, realpathSync } from 'node:fs';
import { loadLibc } from './libc.ts';

const MADV_DONTNEED = 4;

/** A mapping as /proc/self/smaps tells it. */
interface Mapping {
  readonly start: bigint;
  readonly length: number;
  residentBytes: number;
  /** Pages of it that are no longer the file's: to drop these would lose what was written to them. */
  anonymousBytes: number;
}

/** Read-only mappings of `executable` in the text of /proc/PID/smaps. */
export function executableMappings(smaps: string, executable: string): Mapping[] {
  const found: Mapping[] = [];
  let current: Mapping | null = null;
  for (const line of smaps.split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (r[-w][-x])[ps] \S+ \S+ \S+\s*(.*)$/.exec(line);
    if (head !== null) {
      const [, start, end, permissions, path] = head;
      current = null;
      if (path !== executable || permissions!.includes('w')) continue;
      const first = BigInt(`0x${start}`);
      current = { start: first, length: Number(BigInt(`0x${end}`) - first), residentBytes: 0, anonymousBytes: 0 };
      found.push(current);
      continue;
    }
    if (current === null) continue;
    const figure = /^(Rss|Anonymous):\s+(\d+) kB$/.exec(line);
    if (figure?.[1] === 'Rss') current.residentBytes = Number(figure[2]) * 1024;
    else if (figure?.[1] === 'Anonymous') current.anonymousBytes = Number(figure[2]) * 1024;
  }
  return found;
}

/** @returns bytes that were resident in what was given back; 0 where there is nothing to be had (no Linux, no koffi). */
export function releaseExecutablePages(): number {
  const libc = loadLibc();
  if (libc === null) return 0;
  let smaps: string;
  try {
    smaps = readFileSync('/proc/self/smaps', 'latin1');
  } catch {
    return 0;
  }
  let released = 0;
  for (const mapping of executableMappings(smaps, realpathSync(process.execPath))) {
    // Only what is the file's to the last page can be dropped without loss (relocated pages are not).
    if (mapping.anonymousBytes > 0) continue;
    if (libc.madvise(mapping.start, mapping.length, MADV_DONTNEED) === 0) released += mapping.residentBytes;
  }
  return released;
}
