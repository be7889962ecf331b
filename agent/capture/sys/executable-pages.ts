/**
 * Gives back the pages of the runtime's executable and its libraries that only its start needed. Node.js is 120 MB on disk, of which
 * 45 MB are mapped in by the time the agent captures: half of its resident memory, and most of it (snapshot, parser, module
 * loader, ICU) is not read again. What is, comes back from the page cache by a minor fault, page by page (fault-around.ts).
 */
import { readFileSync, realpathSync } from 'node:fs';
import { mapSinglePages } from './fault-around.ts';
import { loadLibc } from './libc.ts';

const MADV_DONTNEED = 4;

/** What Node.js is linked with: there from the first instruction to the last, where other libraries come and may go. */
const linkedLibrary = /\/(?:libc|libm|libstdc\+\+|libgcc_s)[.-][^/]*$/;

/** A mapping as in /proc/self/smaps. */
interface Mapping {
  readonly start: bigint;
  readonly length: number;
  readonly residentBytes: number;
  /** Pages of it that are no longer the file's: to drop these would lose what was written to them. */
  readonly anonymousBytes: number;
}

/**
 * Read-only private mappings of `executable` and of the libraries that it is linked with, in the text of /proc/PID/smaps. Only their own
 * lines are looked at: to split them all costs 7 ms in code that runs once.
 */
export function executableMappings(smaps: string, executable: string): Mapping[] {
  const found: Mapping[] = [];
  for (let at = smaps.indexOf(' /'); at >= 0; at = smaps.indexOf(' /', at + 1)) {
    const lineEnd = smaps.indexOf('\n', at);
    const file = smaps.slice(at + 1, lineEnd);
    if (file !== executable && !linkedLibrary.test(file)) continue;
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-.p/.exec(smaps.slice(smaps.lastIndexOf('\n', at) + 1, at));
    if (head === null) continue;
    const start = BigInt(`0x${head[1]}`);
    found.push({
      start,
      length: Number(BigInt(`0x${head[2]}`) - start),
      residentBytes: figureAfter(smaps, at, '\nRss:'),
      anonymousBytes: figureAfter(smaps, at, '\nAnonymous:'),
    });
  }
  return found;
}

/** The figure of this name in the mapping whose first line is at `at`, in bytes. */
function figureAfter(smaps: string, at: number, name: string): number {
  return Number.parseInt(smaps.slice(smaps.indexOf(name, at) + name.length), 10) * 1024;
}

/** Read-only mappings stay what and where they are, and to look for them takes the kernel some milliseconds. */
let mappings: readonly Mapping[] | null = null;

/**
 * @returns bytes that were resident in what was given back, when it was looked for first; 0 where there is nothing to be had (no Linux,
 *   no koffi)
 */
export function releaseExecutablePages(): number {
  const libc = loadLibc();
  if (libc === null) return 0;
  if (mappings === null) {
    try {
      const all = executableMappings(readFileSync('/proc/self/smaps', 'latin1'), realpathSync(process.execPath));
      // Only what is the file's to the last page can be dropped without loss (relocated pages are not).
      mappings = all.filter(({ anonymousBytes }) => anonymousBytes === 0);
    } catch {
      return 0;
    }
    mapSinglePages(libc, mappings);
  }
  let released = 0;
  for (const { start, length, residentBytes } of mappings) {
    if (libc.madvise(start, length, MADV_DONTNEED) === 0) released += residentBytes;
  }
  return released;
}
