/**
 * What the control group of this process may take (cgroups(7)): of version 2 the least along its path, of version 1 its own.
 * What cannot be read is no limit.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface GroupLimits {
  /** CPU time for each second, of one core; null: no limit. */
  readonly cpuShare: number | null;
  readonly memoryBytes: number | null;
}

/** Version 1 says "no limit" as a number of pages that no machine has. */
const memoryBytesMost = 2 ** 50;

const readText = (file: string): string | null => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
};

function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** `max 100000` or `50000 100000` (Documentation/admin-guide/cgroup-v2.rst). */
function cpuOf(text: string | null): number | null {
  const [quota, period] = (text ?? '').trim().split(/\s+/).map(Number);
  return quota! > 0 && period! > 0 ? quota! / period! : null;
}

function memoryOf(text: string | null): number | null {
  const bytes = Number(text?.trim() || Number.NaN);
  return bytes > 0 && bytes < memoryBytesMost ? bytes : null;
}

/** The group's folder and those above it; a path from outside of a container may not exist inside, where the root is meant. */
function foldersOf(group: string): string[] {
  const folders = ['/'];
  const parts = group.split('/').filter((part) => part !== '' && part !== '..');
  for (let count = 1; count <= Math.min(parts.length, 32); count += 1) {
    folders.push(`/${parts.slice(0, count).join('/')}`);
  }
  return folders;
}

/**
 * @param membership the text of `/proc/self/cgroup`
 * @param root where groups are mounted
 */
export function groupLimits(
  membership: string | null = readText('/proc/self/cgroup'),
  root = '/sys/fs/cgroup',
  read: (file: string) => string | null = readText,
): GroupLimits {
  const cpu: (number | null)[] = [];
  const memory: (number | null)[] = [];
  for (const line of (membership ?? '').split('\n')) {
    const [number, controllers, group] = /^(\d+):([^:]*):(.*)$/.exec(line)?.slice(1) ?? [];
    if (number === undefined) continue;
    const names = controllers!.split(',');
    const file = (folder: string, name: string) => read(path.posix.join(root, folder, name));
    for (const folder of foldersOf(group!)) {
      if (number === '0') {
        cpu.push(cpuOf(file(folder, 'cpu.max')));
        memory.push(memoryOf(file(folder, 'memory.max')));
      }
      if (names.includes('cpu')) {
        const place = path.posix.join(controllers!, folder);
        cpu.push(cpuOf(`${file(place, 'cpu.cfs_quota_us')} ${file(place, 'cpu.cfs_period_us')}`));
      }
      if (names.includes('memory')) {
        memory.push(memoryOf(file(path.posix.join('memory', folder), 'memory.limit_in_bytes')));
      }
    }
  }
  return { cpuShare: least(cpu), memoryBytes: least(memory) };
}
