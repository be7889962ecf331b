/**
 * A worker of a queue: takes one cell at a time, has it measured in a process of its own, and stores its result. Delivery is at least once: a
 * cell whose worker was not heard of for a while runs again. Results are stored once.
 */
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Job, Queue, Worker } from 'bullmq';
import { printable } from '../../reports/format.ts';
import { type Batch, type CellOrder, parseCell } from './batch.ts';
import { timesLost } from './batch-cells.ts';
import { type CellEnd, measureCell } from './cell-process.ts';
import { openQueue, queuePrefix } from './open-queue.ts';
import type { Provenance } from './queue-store.ts';
import { within } from './redis.ts';
import type { WorkerEnd, WorkerOrder } from './worker-order.ts';
import { again, errorWords, failing, failuresMax, lostWords, otherWhole, unfit } from './worker-words.ts';

/** How often a worker says that it is there, and asks whether its cell is still wanted. */
const heartbeatMs = 5_000;
const lookMs = 1_000;
/** How long a worker that ends waits for the server to take its cell back. */
const farewellMs = 5_000;
/** How long a result waits for a server that has no room before it is tried again. */
const roomMs = 2_000;
/** BullMQ asks a server that refuses again at once: so long it does not. */
const refusedMs = 5_000;
/** BullMQ's own bound counts no batch's; ours is checked when a cell begins. */
const stallsMax = 1_000_000;

type Measured = Extract<CellEnd, { readonly kind: 'measured' }>;

/** What it measures at the moment. */
interface Current {
  readonly job: Job<CellOrder>;
  readonly batch: Batch;
  readonly cell: string;
  readonly stop: AbortController;
  /** Settles once no process of it is left. */
  readonly over: PromiseWithResolvers<void>;
  /** Set once it is no longer wanted. */
  why?: 'cancelled' | 'stored';
}

export class CellWorker {
  readonly #order: WorkerOrder;
  readonly #worker: Worker<CellOrder>;
  readonly #queue: Queue<CellOrder>;
  readonly #end: PromiseWithResolvers<WorkerEnd> = Promise.withResolvers();
  #current: Current | undefined;
  #isEnding = false;
  #failuresInARow = 0;
  /** The last that was said of the queue: once is enough. */
  #reported = '';
  measured = 0;

  constructor(order: WorkerOrder) {
    this.#order = order;
    const { drivers, client, machines, lostAfterMs, host, id } = order;
    this.#queue = openQueue(drivers, client, machines);
    this.#worker = new drivers.Worker<CellOrder>(machines, (job, token) => this.#process(job, token!), {
      connection: client,
      prefix: queuePrefix,
      skipVersionCheck: true,
      name: `${host} ${id}`,
      autorun: false,
      concurrency: 1,
      // A cell's process ends at once with its worker, and is killed within half of this time where it is asked to end.
      lockDuration: lostAfterMs,
      stalledInterval: Math.ceil(lostAfterMs / 2),
      maxStalledCount: stallsMax,
      runRetryDelay: 1_000,
      drainDelay: 2,
    });
    this.#worker.on('error', (error) => this.#report(error));
  }

  /** Settles when it has ended, with nothing of it left running. */
  async run(): Promise<WorkerEnd> {
    const { signal, store, id } = this.#order;
    const interrupt = () => this.#finish({ kind: 'interrupted' });
    signal.addEventListener('abort', interrupt);
    if (signal.aborted) interrupt();
    const timers = [
      setInterval(() => this.#beat(), heartbeatMs),
      setInterval(() => this.#look(), lookMs),
      setInterval(() => this.#leaveWhenEmpty(), lookMs),
    ];
    this.#beat();
    this.#worker.run().catch((error) => this.#end.reject(error));
    try {
      return await this.#end.promise;
    } finally {
      signal.removeEventListener('abort', interrupt);
      for (const timer of timers) clearInterval(timer);
      this.#isEnding = true;
      // Nothing new is taken; the cell goes back while the connection is there.
      const closed = this.#worker.close();
      this.#current?.stop.abort();
      await this.#current?.over.promise;
      // A server that is away does not hold up the end.
      const farewell = Promise.allSettled([closed, store.forget(id), this.#queue.close()]);
      await within(farewell, farewellMs, () => new Error('late')).catch(() => undefined);
    }
  }

  #finish(end: WorkerEnd): void {
    this.#end.resolve(end);
  }

  async #process(job: Job<CellOrder>, token: string): Promise<string> {
    const { store, drivers } = this.#order;
    const { batch: id, index } = parseCell(job.data);
    const batch = await store.batch(id);
    const cell = batch?.common.cells[index - 1];
    if (batch === undefined || cell === undefined) throw new drivers.UnrecoverableError('its batch was removed');
    const wanted = await store.look(id, cell);
    if (wanted === 'stored') return 'stored already';
    if (wanted === 'cancelled') throw new drivers.UnrecoverableError('cancelled');
    const lost = timesLost(job);
    if (lost >= batch.attempts) throw new drivers.UnrecoverableError(lostWords(lost));
    await store.count(id, 'started');
    this.#order.say(`${cell}: cell ${index} of ${batch.common.cells.length} of batch ${id}${again(lost)}`);
    const current: Current = { job, batch, cell, stop: new AbortController(), over: Promise.withResolvers() };
    this.#current = current;
    this.#reported = '';
    this.#beat();
    try {
      if (this.#isEnding) current.stop.abort();
      return await this.#settle(current, await this.#measure(current, index), token);
    } finally {
      this.#current = undefined;
      this.#beat();
    }
  }

  async #measure({ batch, cell, stop, over }: Current, index: number): Promise<CellEnd> {
    const { folder, config, out, id, lostAfterMs } = this.#order;
    try {
      return await measureCell({
        batch,
        index,
        folder,
        config,
        out: path.join(out, batch.id, `${cell}.${id}`),
        signal: stop.signal,
        killAfterMs: Math.floor(lostAfterMs / 2),
      });
    } catch (error) {
      return { kind: 'unfit', why: (error as Error).message };
    } finally {
      over.resolve();
    }
  }

  async #settle(current: Current, end: CellEnd, token: string): Promise<string> {
    const { store, drivers, say } = this.#order;
    const { job, batch, cell } = current;
    const lost = timesLost(job) + 1;
    switch (end.kind) {
      case 'measured':
        this.#failuresInARow = 0;
        return await this.#store(current, end, token);
      case 'failed':
        say(`${cell}: could not be measured: ${printable(end.why)}`);
        if (++this.#failuresInARow >= failuresMax) this.#finish({ kind: 'unfit', error: failing(end.why) });
        throw new drivers.UnrecoverableError(end.why);
      case 'killed':
        await store.count(batch.id, 'killed');
        say(`${cell}: ${printable(end.why)}`);
        if (lost >= batch.attempts) throw new drivers.UnrecoverableError(lostWords(lost));
        throw new Error(end.why);
      case 'stopped':
        if (current.why === 'stored') return 'stored already';
        if (current.why === 'cancelled') throw new drivers.UnrecoverableError('cancelled');
        return await this.#giveBack(current, token);
      case 'other':
        this.#finish({ kind: 'unfit', error: otherWhole(batch, end.why) });
        return await this.#giveBack(current, token);
      case 'unfit':
        this.#finish({ kind: 'unfit', error: unfit(end.why) });
        return await this.#giveBack(current, token);
    }
  }

  async #store(current: Current, { report, json }: Measured, token: string): Promise<string> {
    const { drivers, say, host, id } = this.#order;
    const { cell } = current;
    const { headline, exitCode } = report.verdict;
    const from = { by: `${host} ${id}`, startedAt: report.startedAt, headline: headline.slice(0, 500), exitCode };
    const answer = await this.#storeWithRoom(current, json, from);
    if (answer === undefined) return await this.#giveBack(current, token);
    if (answer === 'full' || answer === 'large') {
      const why = answer === 'full' ? 'the results of its batch have no room left' : 'its report is too large';
      throw new drivers.UnrecoverableError(`measured, not stored: ${why}; it lies on ${host} below ${this.#order.out}`);
    }
    if (answer === 'stored') this.measured++;
    say(`${cell}: ${answer === 'stored' ? printable(headline, 200) : `measured once more (${answer}): not stored`}`);
    return answer;
  }

  /** Waits for a server that has no room, or no disk. Undefined where the worker ends before there is some. */
  async #storeWithRoom({ batch, cell, stop }: Current, json: string, from: Omit<Provenance, 'sha256'>) {
    const { store, say } = this.#order;
    for (let tries = 0; ; tries++) {
      try {
        return await store.store(batch, cell, json, from);
      } catch (error) {
        const { message } = error as Error;
        if (!/^(OOM|MISCONF|READONLY)/.test(message)) throw error;
        if (tries === 0) say(`${cell}: its result waits for room: ${printable(message, 200)}`);
        await pause(roomMs, undefined, { signal: stop.signal }).catch(() => undefined);
        if (stop.signal.aborted) return undefined;
      }
    }
  }

  /** Somebody else is to measure it; this was no attempt. */
  async #giveBack({ job, batch, cell }: Current, token: string): Promise<never> {
    const { store, drivers, say } = this.#order;
    await job.moveToWait(token);
    await store.count(batch.id, 'returned');
    say(`${cell}: given back`);
    throw new drivers.WaitingError();
  }

  #beat(): void {
    const { client, store, id, machines, host } = this.#order;
    // What waits for a server that is gone would pile up.
    if (client.status !== 'ready') return;
    const { cell = null, batch } = this.#current ?? {};
    const info = { id, machines, host, pid: process.pid, cell, batch: batch?.id ?? null };
    store.hear(info).catch((error) => this.#report(error));
  }

  #look(): void {
    const current = this.#current;
    const { client, store } = this.#order;
    if (current === undefined || client.status !== 'ready') return;
    store.look(current.batch.id, current.cell).then(
      (wanted) => {
        if (wanted === 'wanted' || current.stop.signal.aborted) return;
        current.why = wanted;
        current.stop.abort();
      },
      (error) => this.#report(error),
    );
  }

  #leaveWhenEmpty(): void {
    const { isUntilEmpty, client } = this.#order;
    if (!isUntilEmpty || this.#current !== undefined || client.status !== 'ready') return;
    this.#queue.getJobCounts('wait', 'active', 'delayed', 'prioritized').then(
      (counts) => {
        const isEmpty = Object.values(counts).every((count) => count === 0);
        if (isEmpty && this.#current === undefined) this.#finish({ kind: 'empty' });
      },
      (error) => this.#report(error),
    );
  }

  /** A connection that is gone was reported by whoever opened it. */
  #report(error: Error): void {
    if (this.#isEnding || this.#order.client.status !== 'ready') return;
    const { drivers, say } = this.#order;
    if (!drivers.isNotConnectionError(error)) return;
    this.#rest();
    const words = errorWords(error);
    if (words === this.#reported) return;
    this.#reported = words;
    say(words);
  }

  /** For a while it takes nothing; what it measures goes on. */
  #rest(): void {
    if (this.#current !== undefined || this.#worker.isPaused()) return;
    this.#worker.pause(true).catch(() => undefined);
    setTimeout(() => {
      if (!this.#isEnding) this.#worker.resume().catch(() => undefined);
    }, refusedMs).unref();
  }
}
