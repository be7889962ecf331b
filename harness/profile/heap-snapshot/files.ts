/** The heap snapshots of a pass: read as they stream, compared, and removed unless they are to be kept. */
import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { RetainedClass } from '../../../reports/model.ts';
import { ProfileError } from '../profile.ts';
import { diffSnapshots, type SnapshotSummary, summarizeSnapshot } from './classes.ts';
import { type FoundKeeper, findKeeper } from './keeper.ts';
import { readHeapSnapshot } from './snapshot-parser.ts';

export interface SnapshotSet {
  /** Before the spike, at its top, and at the end; undefined where there is none. */
  readonly before: string;
  readonly top: string;
  readonly after: string | undefined;
}

/** One buffer for all of it, small enough for a second-level cache: see ARCHITECTURE.md. */
const chunkBytes = 256 * 1024;
/** So often others (a signal, the progress line) get their turn. */
const chunksPerTurn = 32;
const rowsMax = 30;

/**
 * What grew between the first two, largest first, who keeps it, and what of it was left in the third. Empty where a snapshot is
 * broken: the target died while it wrote.
 */
export async function readRetained(set: SnapshotSet): Promise<Retained> {
  try {
    const before = await summaryOf(set.before);
    const top = await read(set.top);
    const keeper = findKeeper(before, top);
    const rows = diffSnapshots(before, top, { rowsMax, pathsMax: rowsMax });
    if (set.after === undefined) return { classes: rows, keeper };
    const { classes } = await summaryOf(set.after);
    const after = (name: string) => classes.get(name)?.retainedBytes ?? 0;
    return { classes: rows.map((row) => ({ ...row, retainedBytesAfter: after(row.className) })), keeper };
  } catch (error) {
    if (error instanceof ProfileError || (error as NodeJS.ErrnoException).code === 'ENOENT') return nothing;
    throw error;
  }
}

export interface Retained {
  readonly classes: RetainedClass[];
  readonly keeper: FoundKeeper | undefined;
}

const nothing: Retained = { classes: [], keeper: undefined };

/** Each is as large as the heap, or larger. */
export function removeSnapshots(files: readonly string[]): void {
  for (const file of files) rmSync(file, { force: true });
}

async function summaryOf(file: string): Promise<SnapshotSummary> {
  return summarizeSnapshot(await read(file));
}

function read(file: string) {
  return readHeapSnapshot(snapshotChunks(file));
}

/** The bytes of a file, each chunk valid until the next is asked for. @throws as `openSync` and `readSync` do */
export async function* snapshotChunks(file: string): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  const fd = openSync(file, 'r');
  try {
    for (let chunk = 1; ; chunk += 1) {
      const length = readSync(fd, buffer, 0, chunkBytes, null);
      if (length === 0) return;
      yield length === chunkBytes ? buffer : buffer.subarray(0, length);
      if (chunk % chunksPerTurn === 0) await turn();
    }
  } finally {
    closeSync(fd);
  }
}
