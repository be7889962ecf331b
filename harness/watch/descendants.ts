/** Which processes there are, and which of them a process has started, by /proc. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

export interface ProcessLine {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Ticks since boot: with it a number is one process. */
  readonly startTicks: string;
}

/** Numbers of all processes. */
export function processes(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** proc_pid_stat(5); undefined once it is gone, or has no memory any more. */
export function processLine(pid: number): ProcessLine | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, parent, group, session, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    return { pid, parent: Number(parent), group: Number(group), session: Number(session), startTicks: rest[15] ?? '' };
  } catch {
    return undefined;
  }
}

/** Children by the kernel's own lists, one a thread: 10 µs each. Undefined where this kernel keeps none (CONFIG_PROC_CHILDREN). */
export function childrenOf(pid: number): number[] | undefined {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
  } catch (error) {
    // A thread, or the process, that ends meanwhile.
    if (processLine(pid) === undefined || (error as NodeJS.ErrnoException).code === 'ESRCH') return [];
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && hasChildrenFile() ? [] : undefined;
  }
}

function hasChildrenFile(): boolean {
  try {
    readFileSync(`/proc/self/task/${process.pid}/children`);
    return true;
  } catch {
    return false;
  }
}

/** All that descend from a process, and what of its session or group has lost its parent; not the process itself. */
export function descendantsOf(root: number, knows: (pid: number) => boolean, isThorough: boolean): number[] {
  const found = new Set<number>();
  let isWhole = true;
  for (const queue = [root]; queue.length > 0; ) {
    const children = childrenOf(queue.pop()!);
    if (children === undefined) isWhole = false;
    for (const child of children ?? []) {
      if (found.has(child)) continue;
      found.add(child);
      queue.push(child);
    }
  }
  if (isThorough || !isWhole) for (const pid of strays(root, found, knows)) found.add(pid);
  found.delete(root);
  return [...found];
}

/** Those that the lists of children do not show: a child whose parent has ended is another's. */
function strays(root: number, found: ReadonlySet<number>, knows: (pid: number) => boolean): number[] {
  const lines = processes().flatMap((pid) => processLine(pid) ?? []);
  const leads = processLine(root);
  const isLeader = leads?.group === root;
  const family = new Set([root, ...found]);
  // Parents come before their children in most cases, not in all: two rounds find the rest.
  for (let round = 0; round < 2; round += 1) {
    for (const { pid, parent, group, session } of lines) {
      const isKin = family.has(parent) || knows(parent) || (isLeader && (group === root || session === root));
      if (isKin) family.add(pid);
    }
  }
  return [...family];
}

/** Of one command line; a program whose arguments are longer is known by its first words. */
const commandBytesMax = 16 << 10;

/** Stands for words that were left out. */
const leftOut = '…';

/**
 * As it was started, program first. A word is there whole, or left out: a part of one may be half a secret, which nothing finds
 * afterwards. Empty once it is gone.
 */
export function commandOf(pid: number): string[] {
  try {
    const bytes = startOf(`/proc/${pid}/cmdline`, commandBytesMax + 1);
    const words = bytes.toString('utf8').split('\0');
    if (bytes.length > commandBytesMax) words.splice(-1, 1, leftOut);
    const known = words.filter(Boolean);
    return known.length > 0 && known[0] !== leftOut ? known : [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()];
  } catch {
    return [];
  }
}

function startOf(file: string, bytesMax: number): Buffer {
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(bytesMax);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytesMax; length += read)
      read = readSync(handle, bytes, length, bytesMax - length, null);
    return bytes.subarray(0, length);
  } finally {
    closeSync(handle);
  }
}
