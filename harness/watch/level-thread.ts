/** The thread that reads a process's resident memory a thousand times a second. Started by `level-sampler.ts` alone. */
import { closeSync, openSync, readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import path from 'node:path';
import { workerData } from 'node:worker_threads';
import { type LevelMemory, levelCells } from './level-memory.ts';
import { FilePages, readResident, readShared } from './proc-memory.ts';

const { pid, intervalMs, shared } = workerData as LevelMemory & { readonly pid: number; readonly intervalMs: number };
const { control, tMs, bytes, ownBytes } = levelCells(shared);
const buffer = Buffer.alloc(256);

/** At capacity every second reading goes, and the higher of two stays: a reading that is left out hides no peak. */
function halve(count: number): number {
  const half = count >> 1;
  for (let i = 0; i < half; i++) {
    tMs[i] = tMs[2 * i]!;
    bytes[i] = Math.max(bytes[2 * i]!, bytes[2 * i + 1]!);
    ownBytes[i] = Math.max(ownBytes[2 * i]!, ownBytes[2 * i + 1]!);
  }
  return half;
}

function watch(statm: number, files: FilePages): void {
  let count = 0;
  let keepEvery = 1;
  let skipped = 0;
  while (Atomics.load(control, 1) === 0) {
    const resident = readResident(statm, buffer);
    if (resident < 0) return;
    const own = resident - files.bytes(readShared(buffer));
    skipped += 1;
    if (skipped < keepEvery) {
      bytes[count - 1] = Math.max(bytes[count - 1]!, resident);
      ownBytes[count - 1] = Math.max(ownBytes[count - 1]!, own);
    } else {
      skipped = 0;
      if (count === tMs.length) {
        count = halve(count);
        keepEvery *= 2;
      }
      tMs[count] = performance.timeOrigin + performance.now();
      bytes[count] = resident;
      ownBytes[count] = own;
      count += 1;
      Atomics.store(control, 0, count);
    }
    Atomics.wait(control, 1, 0, intervalMs);
  }
}

/** Two tops between which this thread had no turn are one: on a busy machine it comes first, where that is allowed. Of the thread alone. */
function comeFirst(): void {
  try {
    setPriority(Number(path.basename(readlinkSync('/proc/thread-self'))), constants.priority.PRIORITY_HIGHEST);
  } catch {
    // It takes privileges: it has its turn like others.
  }
}

comeFirst();
try {
  const statm = openSync(`/proc/${pid}/statm`, 'r');
  const status = openSync(`/proc/${pid}/status`, 'r');
  Atomics.store(control, 3, 1);
  watch(statm, new FilePages(status));
  closeSync(statm);
  closeSync(status);
} catch {
  // It is gone: nothing to read.
}
Atomics.store(control, 2, 1);
Atomics.notify(control, 2);
