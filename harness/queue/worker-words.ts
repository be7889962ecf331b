/** What a worker says, and why it takes no more. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import { printable } from '../../reports/format.ts';
import type { Batch } from './batch.ts';

/** A machine on which so many cells in a row could not be run is not fit, and takes no more. */
export const failuresMax = 3;

export const again = (lost: number) =>
  lost === 0 ? '' : `, once more: it was lost ${lost} ${lost === 1 ? 'time' : 'times'}`;

export const lostWords = (times: number) =>
  `killed, cause unknown: its harness or its worker was lost ${times} ${times === 1 ? 'time' : 'times'}`;

/** What BullMQ or the server reports. */
export function errorWords({ message }: Error): string {
  return /lock|not in the active state|Missing key/i.test(message)
    ? 'this worker was silent for too long: its cell may be measured by another one too, and the first result counts'
    : `the queue reports: ${printable(message, 300)}`;
}

export function failing(why: string): FloodgateError {
  return new FloodgateError('machine-unfit', `${failuresMax} cells in a row could not be run here: ${printable(why)}`, {
    hint: 'This worker takes no more. Try one here: floodgate gate --only NAME.',
  });
}

export function unfit(why: string): FloodgateError {
  return new FloodgateError('machine-unfit', `no cell can be run here: ${printable(why)}`, {
    hint: 'The cell was given back. Is there room on the disk, and memory?',
  });
}

export function otherWhole({ id, common }: Batch, why: string): FloodgateError {
  return new FloodgateError('shards-differ', `batch ${id} is of another ${why}`, {
    hint: `Nothing was measured, and the cell was given back. Check out ${common.commit ?? 'the same version'}, with the same floodgate; git status shows changes.`,
  });
}
