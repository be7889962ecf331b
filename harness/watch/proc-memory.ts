/** The memory of a process as Linux accounts it, read through descriptors that stay open (proc(5)). */
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { type MemoryMap, readMemoryMap } from './memory-map.ts';

export interface MemoryRollup {
  readonly rssBytes: number;
  readonly pssBytes: number;
  /** Unique set: what would be freed if the process ended. */
  readonly ussBytes: number;
  readonly anonymousBytes: number;
  readonly pssFileBytes: number;
  readonly swapBytes: number;
}

export interface MemoryStatus {
  /** Highest RSS since the start or the last `resetPeak`. */
  readonly rssPeakBytes: number;
  readonly rssAnonymousBytes: number;
  readonly rssFileBytes: number;
  readonly rssSharedBytes: number;
}

export interface ProcessUsage {
  readonly minorFaults: number;
  readonly majorFaults: number;
  readonly userMs: number;
  readonly systemMs: number;
  readonly threads: number;
}

const pageBytes = readPageSize();
/** Of `smaps`: 6,000 mappings. A process with more is not looked at so closely. */
const mapBytesMax = 4 << 20;
/** USER_HZ: 100 on every Linux architecture Node.js is built for. */
const tickMs = 10;

/** What a watch asks of a target's memory. */
export interface MemoryAccount {
  /** Its figures are new only so often: reading them more often brings no more readings. @default 0, each time */
  readonly newEveryMs?: number;
  /** Of the last `rssBytes`: pages of files, and not what is shared without one. */
  readonly fileBytes: number;
  /** −1 once it is gone. */
  rssBytes(): number;
  rollup(): MemoryRollup | undefined;
  status(): MemoryStatus | undefined;
  usage(): ProcessUsage | undefined;
  /** Undefined where it cannot be known, or the process is gone. */
  map?(): MemoryMap | undefined;
  resetPeak(): boolean;
  /** Undefined where the kernel's peak cannot be asked for. */
  peakBytes?(): number | undefined;
  close(): void;
}

export class ProcessMemory implements MemoryAccount {
  readonly pid: number;
  /** Of the last `rssBytes`: pages of files (program code, a mapped capture ring). */
  fileBytes = 0;
  readonly #statm: number;
  readonly #buffer = Buffer.alloc(256);
  readonly #text = Buffer.alloc(8192);
  readonly #files: FilePages;
  #status: number;
  #stat: number;
  #rollup: number | undefined;
  #map: number | undefined;
  #clearRefs: number | undefined;
  #mapText = Buffer.alloc(256 << 10);

  /** @throws when there is no such process, or it is not ours to look at. */
  constructor(pid: number) {
    this.pid = pid;
    this.#statm = openSync(`/proc/${pid}/statm`, 'r');
    this.#status = openSync(`/proc/${pid}/status`, 'r');
    this.#stat = openSync(`/proc/${pid}/stat`, 'r');
    this.#files = new FilePages(this.#status);
  }

  /** Resident bytes, 2 µs and no garbage a call, 20 µs where shared pages came or went; −1 once the process is gone. */
  rssBytes(): number {
    const bytes = readResident(this.#statm, this.#buffer);
    if (bytes >= 0) this.fileBytes = this.#files.bytes(readShared(this.#buffer));
    return bytes;
  }

  /** Takes the kernel 1–20 ms under the process's memory lock: every few seconds at most. Undefined once it is gone. */
  rollup(): MemoryRollup | undefined {
    let text: string;
    try {
      this.#rollup ??= openSync(`/proc/${this.pid}/smaps_rollup`, 'r');
      text = this.#read(this.#rollup);
    } catch {
      return undefined;
    }
    const kilobytes = (name: string) => fieldBytes(text, name);
    if (!text.includes('Rss:')) return undefined;
    return {
      rssBytes: kilobytes('Rss'),
      pssBytes: kilobytes('Pss'),
      ussBytes: kilobytes('Private_Clean') + kilobytes('Private_Dirty'),
      anonymousBytes: kilobytes('Anonymous'),
      pssFileBytes: kilobytes('Pss_File'),
      swapBytes: kilobytes('Swap'),
    };
  }

  /** Undefined once it is gone. */
  status(): MemoryStatus | undefined {
    let text: string;
    try {
      text = this.#read(this.#status);
    } catch {
      return undefined;
    }
    if (!text.includes('VmHWM:')) return undefined;
    return {
      rssPeakBytes: fieldBytes(text, 'VmHWM'),
      rssAnonymousBytes: fieldBytes(text, 'RssAnon'),
      rssFileBytes: fieldBytes(text, 'RssFile'),
      rssSharedBytes: fieldBytes(text, 'RssShmem'),
    };
  }

  /** Undefined once it is gone. */
  usage(): ProcessUsage | undefined {
    let text: string;
    try {
      text = this.#read(this.#stat);
    } catch {
      return undefined;
    }
    // The second field is the name in parentheses and may hold spaces: count from its end. Field 3 is the first after it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const field = (number: number) => Number(fields[number - 3]);
    return {
      minorFaults: field(10),
      majorFaults: field(12),
      userMs: field(14) * tickMs,
      systemMs: field(15) * tickMs,
      threads: field(20),
    };
  }

  /** About a millisecond for a hundred mappings and 100 MB, like `rollup` under the process's memory lock. */
  map(): MemoryMap | undefined {
    try {
      this.#map ??= openSync(`/proc/${this.pid}/smaps`, 'r');
      let length = 0;
      for (;;) {
        const read = readSync(this.#map, this.#mapText, length, this.#mapText.length - length, length);
        if (read === 0) break;
        length += read;
        if (length < this.#mapText.length) continue;
        if (length >= mapBytesMax) return undefined;
        this.#mapText = Buffer.concat([this.#mapText], length * 2);
      }
      return length === 0 ? undefined : readMemoryMap(this.#mapText.toString('latin1', 0, length));
    } catch {
      return undefined;
    }
  }

  /** Lowers the peak RSS to the present RSS, so that the peak of a span can be taken. False where that is not allowed. */
  resetPeak(): boolean {
    try {
      this.#clearRefs ??= openSync(`/proc/${this.pid}/clear_refs`, 'w');
      writeSync(this.#clearRefs, '5', 0);
      return true;
    } catch {
      return false;
    }
  }

  /** The kernel's peak of RSS since the start or the last `resetPeak`; 20 µs a call. Undefined once it is gone. */
  peakBytes(): number | undefined {
    try {
      const bytes = readField(this.#text, readSync(this.#status, this.#text, 0, this.#text.length, 0), 'VmHWM:');
      return bytes < 0 ? undefined : bytes;
    } catch {
      return undefined;
    }
  }

  close(): void {
    for (const fd of [this.#statm, this.#status, this.#stat, this.#rollup, this.#map, this.#clearRefs]) {
      if (fd === undefined || fd < 0) continue;
      try {
        closeSync(fd);
      } catch {
        // Closed before: `close` may be called twice.
      }
    }
    this.#rollup = -1;
    this.#map = -1;
    this.#clearRefs = -1;
    this.#status = -1;
    this.#stat = -1;
  }

  #read(fd: number): string {
    return this.#text.toString('latin1', 0, readSync(fd, this.#text, 0, this.#text.length, 0));
  }
}

/** Resident bytes by a descriptor of `/proc/PID/statm`, through a buffer of the caller's; −1 once the process is gone. */
export function readResident(statm: number, buffer: Uint8Array): number {
  let length: number;
  try {
    length = readSync(statm, buffer, 0, buffer.length, 0);
  } catch {
    return -1;
  }
  // "total resident shared …", in pages.
  let at = 0;
  while (at < length && buffer[at] !== 0x20) at++;
  let pages = 0;
  for (at++; at < length && buffer[at] !== 0x20; at++) pages = pages * 10 + buffer[at]! - 0x30;
  // A process that has exited but was not waited for has no memory: "0 0 0 …".
  return pages === 0 ? -1 : pages * pageBytes;
}

/** Resident pages of files and of shared memory, in bytes: of a line that `readResident` has just read. */
export function readShared(buffer: Uint8Array): number {
  let at = 0;
  for (let fields = 0; fields < 2 && at < buffer.length; at++) if (buffer[at] === 0x20) fields++;
  let pages = 0;
  for (; buffer[at]! >= 0x30; at++) pages = pages * 10 + buffer[at]! - 0x30;
  return pages * pageBytes;
}

/**
 * Resident pages of files, without shared memory that no file is behind (a memfd, `MAP_SHARED | MAP_ANONYMOUS`, /dev/shm, System V). In
 * `statm` they are one figure; `status` has them apart and costs ten times as much, so it is read where that figure has moved.
 */
export class FilePages {
  readonly #status: number;
  readonly #text = Buffer.alloc(8192);
  #sharedBytes = -1;
  #bytes = 0;

  /** @param status descriptor of `/proc/PID/status`, which stays the caller's */
  constructor(status: number) {
    this.#status = status;
  }

  /** @param sharedBytes as `readShared` gives them; all of it where the kernel (before 4.5) or a process that is gone has no more */
  bytes(sharedBytes: number): number {
    if (sharedBytes === this.#sharedBytes) return this.#bytes;
    this.#sharedBytes = sharedBytes;
    let bytes = -1;
    try {
      bytes = readField(this.#text, readSync(this.#status, this.#text, 0, this.#text.length, 0), 'RssFile:');
    } catch {
      // It is gone.
    }
    this.#bytes = bytes < 0 ? sharedBytes : Math.min(bytes, sharedBytes);
    return this.#bytes;
  }
}

/** A field of `/proc/PID/status` in bytes, without garbage; −1 where it is not there. */
function readField(text: Buffer, length: number, name: string): number {
  const at = text.indexOf(name);
  if (at < 0 || at >= length) return -1;
  let kilobytes = 0;
  let i = at + name.length;
  while (text[i] === 0x20 || text[i] === 0x09) i++;
  for (; text[i]! >= 0x30; i++) kilobytes = kilobytes * 10 + text[i]! - 0x30;
  return kilobytes * 1024;
}

function fieldBytes(text: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match ? Number(match[1]) * 1024 : 0;
}

// AT_PAGESZ (6) from the auxiliary vector: pairs of 64-bit words. 4096 but on some arm64 kernels.
function readPageSize(): number {
  try {
    const vector = readFileSync('/proc/self/auxv');
    for (let at = 0; at + 16 <= vector.length; at += 16) {
      if (vector.readBigUInt64LE(at) === 6n) return Number(vector.readBigUInt64LE(at + 8));
    }
  } catch {
    // No /proc: nothing will be sampled either.
  }
  return 4096;
}
