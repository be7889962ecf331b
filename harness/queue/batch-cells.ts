/** The cells of a batch as the queue has them now; a batch cancelled, and removed. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { FloodgateError } from '../../agent/errors.ts';
import { type Batch, type CellOrder, jobIdOf } from './batch.ts';
import { usingQueue } from './open-queue.ts';
import type { Provenance, QueueStore } from './queue-store.ts';
import type { Drivers } from './redis.ts';

export type CellState =
  | { readonly state: 'measured'; readonly from: Provenance }
  | { readonly state: 'waiting'; readonly lost: number }
  | { readonly state: 'running'; readonly by: string; readonly sinceMs: number; readonly lost: number }
  /** `why`: cancelled, killed, or it could not be run. `beganMs`: its last run, where one began. */
  | { readonly state: 'failed'; readonly why: string; readonly beganMs?: number | undefined };

export interface Cell {
  readonly cell: string;
  readonly is: CellState;
}

export async function cellsOf(queue: Queue<CellOrder>, store: QueueStore, batch: Batch): Promise<Cell[]> {
  const before = await store.provenance(batch.id);
  const jobs = await Promise.all(
    batch.common.cells.map(async (cell, at) => {
      const job = before.has(cell) ? undefined : await queue.getJob(jobIdOf(batch.id, at + 1));
      return { job, state: await job?.getState() };
    }),
  );
  // Once more: a result comes before the end of its job.
  const provenance = before.size === jobs.length ? before : await store.provenance(batch.id);
  const isCancelled = await store.isCancelled(batch.id);
  return batch.common.cells.map((cell, at) => {
    const from = provenance.get(cell);
    if (from !== undefined) return { cell, is: { state: 'measured', from } };
    const { job, state } = jobs[at]!;
    return { cell, is: stateOf(job, state, isCancelled) };
  });
}

function stateOf(job: Job<CellOrder> | undefined, state: string | undefined, isCancelled: boolean): CellState {
  if (job === undefined) return { state: 'failed', why: isCancelled ? 'cancelled' : 'it is no longer in the queue' };
  const lost = timesLost(job);
  const beganMs = job.processedOn;
  if (state === 'failed') return { state: 'failed', why: job.failedReason ?? 'it failed', beganMs };
  if (state === 'completed') return { state: 'failed', why: 'it ended without a result', beganMs };
  if (state !== 'active') return { state: 'waiting', lost };
  return { state: 'running', by: job.processedBy ?? '', sinceMs: job.processedOn ?? 0, lost };
}

/** With its worker, or with its harness. */
export const timesLost = ({ stalledCounter, attemptsMade }: Job<CellOrder>): number => stalledCounter + attemptsMade;

export const isOver = ({ is }: Cell): boolean => is.state === 'measured' || is.state === 'failed';

/** What waits is taken out; what runs is stopped by its worker. @returns as many as waited */
export async function cancelBatch(queue: Queue<CellOrder>, store: QueueStore, batch: Batch): Promise<number> {
  await store.cancel(batch.id);
  let removed = 0;
  for (const [at] of batch.common.cells.entries()) {
    const job = await queue.getJob(jobIdOf(batch.id, at + 1));
    if (job === undefined || !(await isWaiting(job))) continue;
    // It may have begun meanwhile: its worker then stops it.
    await job.remove().then(
      () => removed++,
      () => undefined,
    );
  }
  return removed;
}

async function isWaiting(job: Job<CellOrder>): Promise<boolean> {
  return ['waiting', 'delayed', 'prioritized', 'paused'].includes(await job.getState());
}

/** How long a removal waits for what runs: a worker looks every second, and the lock of one that is gone ends after a minute by default. */
const stopMsMax = 120_000;
const stopLookMs = 200;

export interface Removal {
  /** Whether a batch that is not over is removed as well. */
  readonly isForced: boolean;
  /** Says that so many cells are waited for. */
  readonly onWait?: (count: number) => void;
  readonly waitMs?: number;
}

/**
 * With its results, once nothing of it runs: what a worker does later would be left in the server.
 * @returns false where it is not over, unless that is forced
 * @throws FloodgateError `batch-runs` where a cell does not end
 */
export async function removeBatch(
  drivers: Drivers,
  client: Redis,
  store: QueueStore,
  batch: Batch,
  { isForced, onWait = () => undefined, waitMs = stopMsMax }: Removal,
): Promise<boolean> {
  return usingQueue({ drivers, client }, batch.machines, async (queue) => {
    if (!isForced && !(await cellsOf(queue, store, batch)).every(isOver)) return false;
    await cancelBatch(queue, store, batch);
    const deadlineMs = performance.now() + waitMs;
    let left = batch.common.cells.map((_, at) => jobIdOf(batch.id, at + 1));
    for (let said = 0; ; await pause(stopLookMs)) {
      left = await withoutRemoved(queue, left);
      if (left.length === 0) break;
      if (left.length !== said) onWait(left.length);
      said = left.length;
      if (performance.now() >= deadlineMs) throw stillRuns(batch.id, left.length);
    }
    await store.remove(batch.id);
    return true;
  });
}

/** One that runs holds a lock, which ends with it, or some time after its worker. @returns those that are still there */
async function withoutRemoved(queue: Queue<CellOrder>, jobIds: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (const id of jobIds) {
    const job = await queue.getJob(id);
    const isGone =
      (await job?.remove().then(
        () => true,
        () => false,
      )) ?? true;
    if (!isGone) left.push(id);
  }
  return left;
}

function stillRuns(id: string, count: number): FloodgateError {
  return new FloodgateError('batch-runs', `${count === 1 ? 'a cell' : `${count} cells`} of batch ${id} did not end`, {
    hint: `It is cancelled, and not removed. End its worker (floodgate queue names it), or wait for as long as its --lost-after says; then: floodgate queue remove ${id}.`,
  });
}
