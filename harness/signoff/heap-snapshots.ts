/** Heap snapshots in a bundle: only where they were asked for, and never without a warning. */
import type { Note } from '../../reports/model.ts';

export const isSnapshot = (name: string): boolean => name.endsWith('.heapsnapshot');

/** On the page, and for whoever verifies. */
export const snapshotsNote: Note = {
  severity: 'warning',
  text: 'It holds heap snapshots (--include-snapshots): whatever was in memory is in them, secrets included.',
};
