/**
 * What a process's anonymous memory is, by where it lies (`/proc/PID/smaps`, proc(5)). For Node.js on Linux: V8 asks for
 * its heap pages at random addresses of 46 bits (38 on arm64), the kernel puts everything else near the libraries, far
 * above; machine code lies where pages may be executed; the C allocator has the break and arenas of 64 MiB.
 */

/** Bytes of pages without a file behind them, shared memory with them; together they are RSS without pages of files. */
export interface MemoryMap {
  /** Pages of V8's heap. */
  readonly heapBytes: number;
  /** Machine code made at run time. */
  readonly codeBytes: number;
  /** The C allocator's break and arenas: native state, small buffers, and what it keeps of what was freed. */
  readonly allocatorBytes: number;
  /** Mappings of their own: large buffers and tables, WebAssembly, pools, shared memory. */
  readonly blockBytes: number;
  readonly stackBytes: number;
  /** Pages of programs and libraries that were written to. */
  readonly imageBytes: number;
}

export const memoryClasses = [
  'heapBytes',
  'codeBytes',
  'allocatorBytes',
  'blockBytes',
  'stackBytes',
  'imageBytes',
] as const satisfies readonly (keyof MemoryMap)[];

/** V8's hints lie below, what the kernel places lies above, on x64 and arm64. */
const heapAddressEnd = 2 ** 46;
/** Programs that are not position-independent, and their break. */
const lowAddressEnd = 2 ** 32;
const arenaBytes = 64 * 2 ** 20;
const guardBytesMax = 64 * 2 ** 10;

/** What is shared and in no file: `MAP_SHARED | MAP_ANONYMOUS`, memfd_create(2), shm_open(3), shmget(2). Its pages are not "anonymous". */
const sharedMemory = /^(\/dev\/zero|\/memfd:|\/dev\/shm\/|\/SYSV|\[anon_shmem)/;
const areaPattern = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) \S+ \S+ (\d+) *(.*)$/;

interface Area {
  readonly start: number;
  readonly end: number;
  readonly access: string;
  readonly path: string;
  /** Without pages of files. */
  ownBytes: number;
}

/** @param text of `/proc/PID/smaps` */
export function readMemoryMap(text: string): MemoryMap {
  const sums: Record<keyof MemoryMap, number> = {
    heapBytes: 0,
    codeBytes: 0,
    allocatorBytes: 0,
    blockBytes: 0,
    stackBytes: 0,
    imageBytes: 0,
  };
  const areas = areasOf(text);
  for (const [i, area] of areas.entries()) {
    if (area.ownBytes > 0) sums[classOf(area, areas[i - 1], areas[i + 1])] += area.ownBytes;
  }
  return sums;
}

function areasOf(text: string): Area[] {
  const areas: Area[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const stop = end < 0 ? text.length : end;
    const first = text.charCodeAt(at);
    // Fields of an area begin with a capital letter, an area with its address.
    if (first === 0x41 && text.startsWith('Anonymous:', at)) {
      const area = areas.at(-1);
      if (area && !sharedMemory.test(area.path)) area.ownBytes = Number.parseInt(text.slice(at + 10, stop), 10) * 1024;
    } else if (first === 0x52 && text.startsWith('Rss:', at)) {
      const area = areas.at(-1);
      if (area && sharedMemory.test(area.path)) area.ownBytes = Number.parseInt(text.slice(at + 4, stop), 10) * 1024;
    } else if (first >= 0x61 || first <= 0x39) {
      const match = areaPattern.exec(text.slice(at, stop));
      if (match) {
        const [, start, until, access, , path] = match;
        areas.push({
          start: Number.parseInt(start!, 16),
          end: Number.parseInt(until!, 16),
          access: access!,
          path: path!,
          ownBytes: 0,
        });
      }
    }
    at = stop + 1;
  }
  return areas;
}

function classOf(area: Area, before: Area | undefined, after: Area | undefined): keyof MemoryMap {
  const { start, access, path } = area;
  if (path === '[heap]') return 'allocatorBytes';
  if (path.startsWith('[stack')) return 'stackBytes';
  if (sharedMemory.test(path)) return 'blockBytes';
  if (path !== '' && !path.startsWith('[')) return 'imageBytes';
  if (access[2] === 'x') return 'codeBytes';
  const isBehindImage = before !== undefined && before.end === start && before.path.startsWith('/');
  if (isBehindImage || start < lowAddressEnd) return 'imageBytes';
  if (start < heapAddressEnd) return 'heapBytes';
  if (start % arenaBytes === 0 && after !== undefined && isNoAccess(after) && after.end === start + arenaBytes)
    return 'allocatorBytes';
  // pthread_create(3): a guard below each stack.
  const isAboveGuard = before !== undefined && before.end === start && isNoAccess(before);
  if (isAboveGuard && before.end - before.start <= guardBytesMax && access === 'rw-p') return 'stackBytes';
  return 'blockBytes';
}

function isNoAccess({ access }: Area): boolean {
  return access === '---p';
}
