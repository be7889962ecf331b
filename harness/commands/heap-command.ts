/** `floodgate heap`: what a heap snapshot holds by class, or what grew between two of one process. */
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { formatBytes, formatCount, formatDifference, printable } from '../../reports/format.ts';
import { classHistogram, diffSnapshots, summarizeSnapshot } from '../profile/heap-snapshot/classes.ts';
import { snapshotChunks } from '../profile/heap-snapshot/files.ts';
import type { HeapSnapshot } from '../profile/heap-snapshot/heap-snapshot.ts';
import { readHeapSnapshot } from '../profile/heap-snapshot/snapshot-parser.ts';
import { ProfileError } from '../profile/profile.ts';
import { parseRows } from './profile-input.ts';

const examples = `
Examples:
  floodgate heap after.heapsnapshot                      classes by what they keep alive
  floodgate heap before.heapsnapshot after.heapsnapshot  what grew, and who keeps it`;

export function addHeapCommand(command: Command): void {
  command
    .description(
      'Reads V8 heap snapshots as they stream: classes by retained size, or what grew between two of one process.',
    )
    .argument('<snapshot>', 'the snapshot, or the earlier one of two')
    .argument('[after]', 'the later one')
    .option('--rows <n>', 'rows to show', '20')
    .addHelpText('after', examples)
    .action(async (first: string, second: string | undefined, flags: { readonly rows: string }) => {
      const rowsMax = parseRows(flags.rows, '--rows');
      if (second === undefined) process.stdout.write(renderHistogram(await readSnapshot(first), rowsMax));
      else {
        const before = summarizeSnapshot(await readSnapshot(first));
        const rows = diffSnapshots(before, await readSnapshot(second), { rowsMax, pathsMax: rowsMax });
        const lines = rows.flatMap((row) => [
          `${formatDifference(row.retainedBytesAdded, 'bytes').padStart(11)} retained  ${formatDifference(row.countAdded, 'count').padStart(9)} objects  ${printable(row.className, 100)}`,
          ...(row.retainingPath.length > 0
            ? [`${''.padStart(11)} ${row.retainingPath.map((step) => printable(step, 80)).join(' → ')}`]
            : []),
        ]);
        process.stdout.write(`${lines.join('\n')}\n`);
      }
    });
}

function renderHistogram(snapshot: HeapSnapshot, rowsMax: number): string {
  const lines = classHistogram(snapshot)
    .slice(0, rowsMax)
    .map(
      (row) =>
        `${formatBytes(row.retainedBytes).padStart(10)} retained ${formatBytes(row.selfBytes).padStart(10)} own ${formatCount(row.count).padStart(9)}  ${printable(row.className, 100)}`,
    );
  return `${formatCount(snapshot.nodeCount)} objects, ${formatCount(snapshot.edgeCount)} references\n${lines.join('\n')}\n`;
}

/** @throws FloodgateError `snapshot-unreadable` */
async function readSnapshot(file: string): Promise<HeapSnapshot> {
  try {
    return await readHeapSnapshot(snapshotChunks(file));
  } catch (error) {
    if (!(error instanceof ProfileError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new FloodgateError(
      'snapshot-unreadable',
      `cannot read ${file} as a heap snapshot: ${(error as Error).message}`,
      {
        hint: 'Give a .heapsnapshot file, as v8.writeHeapSnapshot and Chrome DevTools write it.',
        cause: error,
      },
    );
  }
}
