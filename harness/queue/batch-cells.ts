/** The cells of a batch as the queue has them now; a batch cancelled, and removed. */
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
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

/** With its results. @returns false where it is not over, unless that is forced */
export async function removeBatch(
  drivers: Drivers,
  client: Redis,
  store: QueueStore,
  batch: Batch,
  { isForced }: { readonly isForced: boolean },
): Promise<boolean> {
  return usingQueue({ drivers, client }, batch.machines, async (queue) => {
    if (!isForced && !(await cellsOf(queue, store, batch)).every(isOver)) return false;
    await cancelBatch(queue, store, batch);
    await store.remove(batch.id);
    for (const [at] of batch.common.cells.entries()) {
      const job = await queue.getJob(jobIdOf(batch.id, at + 1));
      // One that runs holds a lock: its worker ends it, and it is then one that failed.
      await job?.remove().catch(() => undefined);
    }
    return true;
  });
}
