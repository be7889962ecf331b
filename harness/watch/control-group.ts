/** The memory control group a process is in, version 1 or 2: a backstop on the time line, not a figure to gate on (it counts page cache). */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export class ControlGroup {
  readonly version: 1 | 2;
  readonly folder: string;

  private constructor(version: 1 | 2, folder: string) {
    this.version = version;
    this.folder = folder;
  }

  /** The group of a process; undefined where there is none, it is not mounted, or it has no memory controller. */
  static of(pid: number): ControlGroup | undefined {
    try {
      return ControlGroup.find(
        readFileSync(`/proc/${pid}/cgroup`, 'latin1'),
        readFileSync('/proc/self/mountinfo', 'latin1'),
        existsSync,
      );
    } catch {
      return undefined;
    }
  }

  /** The same from the text of `/proc/PID/cgroup` and `/proc/self/mountinfo` (cgroups(7), proc(5)). */
  static find(groups: string, mounts: string, exists: (file: string) => boolean): ControlGroup | undefined {
    for (const line of groups.trim().split('\n')) {
      const [, controllers = '', group = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      const version = controllers === '' ? 2 : 1;
      if (version === 1 && !controllers.split(',').includes('memory')) continue;
      const mount = findMount(mounts, version);
      if (!mount) continue;
      // In a container the group's own path may lie outside what is mounted: then the mount point itself is our group.
      const inside = path.posix.relative(mount.root, group);
      const folders = inside.startsWith('..') ? [mount.point] : [path.posix.join(mount.point, inside), mount.point];
      const file = version === 1 ? 'memory.usage_in_bytes' : 'memory.current';
      const folder = folders.find((candidate) => exists(path.posix.join(candidate, file)));
      if (folder) return new ControlGroup(version, folder);
    }
    return undefined;
  }

  /** Bytes charged to the group, page cache included; undefined once it is gone. */
  usedBytes(): number | undefined {
    return this.#number(this.version === 1 ? 'memory.usage_in_bytes' : 'memory.current');
  }

  /** The group's limit; undefined where there is none. */
  limitBytes(): number | undefined {
    const limit = this.#number(this.version === 1 ? 'memory.limit_in_bytes' : 'memory.max');
    // Version 1 says "no limit" with the largest multiple of a page below 2^63.
    return limit === undefined || limit > 2 ** 60 ? undefined : limit;
  }

  #number(file: string): number | undefined {
    try {
      const value = Number(readFileSync(path.posix.join(this.folder, file), 'latin1'));
      return Number.isFinite(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }
}

// mountinfo: id parent major:minor root mount-point options … - type source super-options
function findMount(mounts: string, version: 1 | 2): { root: string; point: string } | undefined {
  for (const line of mounts.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [type = '', , options = ''] = right.split(' ');
    if (version === 2 ? type !== 'cgroup2' : type !== 'cgroup' || !options.split(',').includes('memory')) continue;
    const [, , , root = '/', point = ''] = left.split(' ');
    return { root, point };
  }
  return undefined;
}
