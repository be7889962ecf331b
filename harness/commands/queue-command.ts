/** `floodgate queue`: what waits, runs and is measured; wait for it, collect it, cancel it, drain the pool. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { counted } from '../../reports/counted.ts';
import { printable } from '../../reports/format.ts';
import type { Batch, CellOrder } from '../queue/batch.ts';
import { type Cell, cancelBatch, cellsOf, isOver, removeBatch } from '../queue/batch-cells.ts';
import { usingQueue } from '../queue/open-queue.ts';
import type { CellFailure } from '../shards/manifest.ts';
import { PartialWriter } from '../shards/partial.ts';
import { type OpenedQueue, withQueue } from './queue-place.ts';
import { batchLine, cellLines, countWords, drainedWords, workerLines } from './queue-words.ts';
import { makeReportFolder } from './report-folder.ts';

const examples = `
Examples:
  floodgate queue                          batches and workers
  floodgate queue show 3f2a91c0            its cells: where each one is, and what became of it; the first digits are enough
  floodgate queue wait                     of the latest batch: until every cell is over; 4 where one was not measured
  floodgate queue collect --out parts      its results, as a partial report
  floodgate merge parts                    one report, one verdict, one entry of the history
  floodgate queue cancel 3f2a91c0          what waits is taken out, what runs is stopped
  floodgate queue drain                    nothing new begins; ends when nothing runs (floodgate queue resume)

The queue is where FLOODGATE_REDIS or "queue" of floodgate.config.* says.`;

/** A screen. */
const listedMax = 20;
/** Somebody looks at it. */
const lookMs = 1_000;
/** Not all measured, which is no pass. */
const exitUnmeasured = 4;

interface Flags {
  readonly config?: string;
}

export function addQueueCommand(command: Command): void {
  command
    .description('Looks at the queue of a pool of measuring machines, and rules it.')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .addHelpText('after', examples)
    .action((flags: Flags) => withQueue(flags.config, list));
  const sub = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
      .addHelpText('after', examples);
  const ofBatch = (name: string, description: string, action: Action, { isPatient } = { isPatient: false }) =>
    sub(name, description)
      .argument('[id]', 'of a batch; its first digits are enough (default: the latest)')
      .action((id: string | undefined, flags: Flags) => withBatch(id, flags, action, isPatient));
  ofBatch('show', 'Lists the cells of a batch.', show);
  ofBatch('wait', 'Waits until every cell of a batch is over, and prints what happens.', wait, { isPatient: true });
  sub('collect', 'Writes the results of a batch as a partial report, for floodgate merge.')
    .argument('[id]', 'of a batch; its first digits are enough (default: the latest)')
    .requiredOption('--out <dir>', 'folder for the partial report')
    .action((id: string | undefined, flags: Flags & { readonly out: string }) =>
      withBatch(id, flags, (opened, batch) => collect(opened, batch, flags.out)),
    );
  ofBatch('cancel', 'Takes out what waits, and has what runs stopped. Results stay.', cancel);
  sub('remove', 'Stops what runs of a batch, and removes it with its results.')
    .argument('<id>', 'of the batch')
    .action((id: string, { config }: Flags) => withQueue(config, (opened) => remove(opened, id)));
  for (const [name, description] of [
    ['drain', 'Lets nothing new begin, and ends when nothing runs.'],
    ['resume', 'Lets workers take cells again.'],
  ] as const) {
    sub(name, description)
      .option('--class <name>', 'only machines of this class')
      .action((flags: Flags & { readonly class?: string }) =>
        withQueue(flags.config, (opened) => rule(opened, name, flags.class)),
      );
  }
}

type Action = (opened: OpenedQueue, batch: Batch) => Promise<number | undefined>;

async function withBatch(id: string | undefined, { config }: Flags, action: Action, isPatient = false): Promise<void> {
  const ofBatch = async (opened: OpenedQueue) => action(opened, await opened.store.find(id));
  process.exitCode = await withQueue(config, ofBatch, isPatient);
}

async function list(opened: OpenedQueue): Promise<void> {
  const { store, shown } = opened;
  const batches = await store.batches();
  const lines: string[] = [];
  for (const { id, batch } of batches.slice(0, listedMax)) {
    if (batch === undefined) lines.push(`${printable(id, 20)}  of another version of floodgate`);
    else
      lines.push(
        `${batchLine(batch)}: ${countWords(await cells(opened, batch))}${(await isDrained(opened, batch)) ? ', drained' : ''}`,
      );
  }
  if (batches.length > listedMax) lines.push(`${batches.length - listedMax} older ones`);
  if (batches.length === 0) lines.push(`Nothing is in the queue at ${shown}.`);
  print([...lines, ...workerLines(await store.workers())]);
}

async function show(opened: OpenedQueue, batch: Batch): Promise<undefined> {
  const { started, surplus, killed, returned } = await opened.store.counts(batch.id);
  const all = await cells(opened, batch);
  const more = `begun ${started} times; ${killed} harnesses killed, ${returned} given back, ${surplus} results of a second run not stored`;
  const drained = (await isDrained(opened, batch)) ? [drainedWords(batch.machines)] : [];
  print([`${batchLine(batch)}: ${countWords(all)}`, ...cellLines(all, Date.now()), more, ...drained]);
}

async function wait(opened: OpenedQueue, batch: Batch): Promise<number> {
  let said = '';
  for (;;) {
    const all = await cells(opened, batch);
    // Of a batch that was removed meanwhile nothing is known.
    await opened.store.find(batch.id);
    const isOverAlready = all.every(isOver);
    const waits = !isOverAlready && (await isDrained(opened, batch));
    const words = `${countWords(all)}${waits ? `; ${drainedWords(batch.machines)}` : ''}`;
    if (words !== said) process.stderr.write(`${batch.id}: ${words}\n`);
    said = words;
    if (isOverAlready) return endOf(all);
    await pause(lookMs);
  }
}

/** What was not measured is named. */
function endOf(all: readonly Cell[]): number {
  const missing = all.filter(({ is }) => is.state !== 'measured');
  print(cellLines(missing, Date.now()));
  return missing.length === 0 ? 0 : exitUnmeasured;
}

async function collect(opened: OpenedQueue, batch: Batch, out: string): Promise<number> {
  const { store } = opened;
  const all = await cells(opened, batch);
  const folder = makeReportFolder('queue', out);
  const writer = new PartialWriter(folder, { common: batch.common, shard: { index: 1, count: 1 } });
  for (const { cell, is } of all) {
    if (is.state === 'measured') writer.addText(cell, await store.result(batch.id, cell, is.from));
    else writer.fail(failureOf(cell, is));
  }
  process.stdout.write(`${countWords(all)}: ${out}\n`);
  return endOf(all);
}

function failureOf(cell: string, is: Exclude<Cell['is'], { readonly state: 'measured' }>): CellFailure {
  if (is.state !== 'failed') return { cell, how: 'unfinished', why: `it is ${is.state} in the queue` };
  const { why, beganMs } = is;
  if (beganMs === undefined) return { cell, how: 'unfinished', why };
  return { cell, how: 'failed', why, at: new Date(beganMs).toISOString() };
}

async function cancel(opened: OpenedQueue, batch: Batch): Promise<undefined> {
  const removed = await usingQueue(opened, batch.machines, (queue) => cancelBatch(queue, opened.store, batch));
  print([`${batch.id}: ${removed} taken out; ${countWords(await cells(opened, batch))}`]);
}

async function remove({ drivers, client, store }: OpenedQueue, given: string): Promise<void> {
  const id = await store.idOf(given);
  const batch = await store.batch(id).catch(() => undefined);
  if (batch === undefined) await store.remove(id);
  else {
    const onWait = (count: number) => process.stderr.write(`${id}: waits for ${counted(count, 'cell')} to stop\n`);
    await removeBatch(drivers, client, store, batch, { isForced: true, onWait });
  }
  print([`${id}: removed, with its results`]);
}

async function rule(opened: OpenedQueue, what: 'drain' | 'resume', only: string | undefined): Promise<void> {
  for (const machines of await classes(opened, only)) {
    await usingQueue(opened, machines, async (queue) => {
      await (what === 'drain' ? queue.pause() : queue.resume());
      if (what === 'drain') await untilIdle(queue, machines);
    });
    print([
      what === 'drain' ? `"${machines}" is drained: nothing runs, nothing begins` : `"${machines}" takes cells again`,
    ]);
  }
}

async function untilIdle(queue: Queue<CellOrder>, machines: string): Promise<void> {
  for (let said = 0; ; await pause(lookMs)) {
    const running = await queue.getActiveCount();
    if (running === 0) return;
    if (running !== said) process.stderr.write(`${running} still running on "${machines}"\n`);
    said = running;
  }
}

/** That workers or batches are of. @throws FloodgateError `class-unknown` */
async function classes({ store }: OpenedQueue, only: string | undefined): Promise<string[]> {
  const batches = (await store.batches()).flatMap(({ batch }) => batch ?? []);
  const known = [...(await store.workers()), ...batches].map(({ machines }) => machines);
  const found = [...new Set(known)].filter((name) => only === undefined || name === only).sort();
  if (found.length > 0) return found;
  throw new FloodgateError(
    'class-unknown',
    only === undefined ? 'the queue is empty' : `nothing is of the class "${only}"`,
    {
      hint: `Classes: ${[...new Set(known)].join('; ') || 'none yet'}.`,
    },
  );
}

function cells(opened: OpenedQueue, batch: Batch): Promise<Cell[]> {
  return usingQueue(opened, batch.machines, (queue) => cellsOf(queue, opened.store, batch));
}

function isDrained(opened: OpenedQueue, { machines }: Batch): Promise<boolean> {
  return usingQueue(opened, machines, (queue) => queue.isPaused());
}

function print(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`);
}
