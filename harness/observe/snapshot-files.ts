/** The heap snapshots of a pass: read as they stream, compared, and removed unless they are to be kept. */
import { createReadStream, rmSync } from 'node:fs';
import type { RetainedClass } from '../../reports/model.ts';
import { diffSnapshots, type SnapshotSummary, summarizeSnapshot } from '../profile/heap-snapshot/classes.ts';
import { readHeapSnapshot } from '../profile/heap-snapshot/snapshot-parser.ts';
import { ProfileError } from '../profile/profile.ts';

export interface SnapshotSet {
  /** Before the spike, at its top, and at the end; undefined where there is none. */
  readonly before: string;
  readonly top: string;
  readonly after: string | undefined;
}

const chunkBytes = 4 * 1024 * 1024;
const rowsMax = 30;

/**
 * What grew between the first two, largest first, and what of it was left in the third. Empty where a snapshot is
 * broken: the target died while it wrote.
 */
export async function readRetained(set: SnapshotSet): Promise<RetainedClass[]> {
  try {
    const before = await summaryOf(set.before);
    const rows = diffSnapshots(before, await read(set.top), { rowsMax, pathsMax: rowsMax });
    if (set.after === undefined) return rows;
    const { classes } = await summaryOf(set.after);
    return rows.map((row) => ({ ...row, retainedBytesAfter: classes.get(row.className)?.retainedBytes ?? 0 }));
  } catch (error) {
    if (error instanceof ProfileError || (error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Each is as large as the heap, or larger. */
export function removeSnapshots(files: readonly string[]): void {
  for (const file of files) rmSync(file, { force: true });
}

async function summaryOf(file: string): Promise<SnapshotSummary> {
  return summarizeSnapshot(await read(file));
}

function read(file: string) {
  return readHeapSnapshot(createReadStream(file, { highWaterMark: chunkBytes }));
}
