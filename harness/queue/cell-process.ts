/** A cell measured in a process of its own: `floodgate gate`, or `compare`, with the shard that holds this one cell, and what became of it. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { FloodgateError } from '../../agent/errors.ts';
import { ownProgram } from '../compare/floodgate-process.ts';
import { commitOf } from '../compare/git.ts';
import { storeVariable } from '../history/store-address.ts';
import { differenceOf } from '../shards/merge-partials.ts';
import { type CellReport, type Partial, PartialWriter, readCellText, readPartials } from '../shards/partial.ts';
import { startChild } from '../target/child-target.ts';
import type { TargetExit } from '../target/target.ts';
import type { Batch } from './batch.ts';
import { queueVariable } from './queue-address.ts';

export interface CellProcess {
  readonly batch: Batch;
  /** Counts from 1. */
  readonly index: number;
  /** Of the worker's project. */
  readonly folder: string;
  /** Configuration, where the worker names one. */
  readonly config: string | undefined;
  /** For this cell's partial report alone. */
  readonly out: string;
  /** Asks it to end. */
  readonly signal: AbortSignal;
  /** Between that and its kill. */
  readonly killAfterMs: number;
}

export type CellEnd =
  | { readonly kind: 'measured'; readonly report: CellReport; readonly json: string }
  /** Ended from outside, or with its whole machine's memory: nobody knows, and it may be tried again. */
  | { readonly kind: 'killed'; readonly why: string }
  /** It could not be run, which another try does not change. */
  | { readonly kind: 'failed'; readonly why: string }
  /** This machine has something else checked out. */
  | { readonly kind: 'other'; readonly why: string }
  /** No process could be started, or no folder made. */
  | { readonly kind: 'unfit'; readonly why: string }
  | { readonly kind: 'stopped' };

const exitInterrupted = 3;

/** Nothing of it is left running when this settles, and its own children die with it where this process is killed. */
export async function measureCell(order: CellProcess): Promise<CellEnd> {
  const { batch, index, folder, out, signal, killAfterMs } = order;
  if (signal.aborted) return { kind: 'stopped' };
  const absent = absentVersion(order);
  if (absent !== undefined) return { kind: 'other', why: `clone: it has no commit ${absent}` };
  rmSync(out, { recursive: true, force: true });
  const whole = path.join(out, 'whole');
  mkdirSync(out, { recursive: true, mode: 0o700 });
  new PartialWriter(whole, { common: batch.common, shard: { index, count: batch.common.cells.length } });
  const child = await startChild({
    name: `the cell ${batch.common.cells[index - 1]}`,
    command: process.execPath,
    arguments: [...ownProgram(), measuredBy(batch), ...wordsOf(order, whole)],
    cwd: folder,
    // Neither address: a target could read them.
    env: { [queueVariable]: undefined, [storeVariable]: 'none' },
    guarded: true,
    mayEnd: true,
    stopTimeoutMs: killAfterMs,
  });
  const stop = () => void child.stop();
  signal.addEventListener('abort', stop);
  // While it was started.
  if (signal.aborted) stop();
  const late = new AbortController();
  const timeout = pause(batch.timeoutMs, true, { signal: late.signal }).then(
    async () => {
      await child.stop();
      return true;
    },
    () => false,
  );
  const exit = await child.exited;
  late.abort();
  signal.removeEventListener('abort', stop);
  if (signal.aborted) return { kind: 'stopped' };
  if (await timeout) return { kind: 'failed', why: `it did not end within ${Math.round(batch.timeoutMs / 1_000)} s` };
  return endOf(order, exit);
}

/** Of a comparison, which this clone lacks: another machine may have it. */
function absentVersion({ batch, folder }: CellProcess): string | undefined {
  const { base, head } = batch.common.comparison ?? {};
  const commits = [base?.commit, head?.commit].filter((commit) => typeof commit === 'string');
  return commits.find((commit) => commitOf(folder, commit) === undefined);
}

/** The command of a cell. */
const measuredBy = ({ common }: Batch) => (common.comparison === undefined ? 'gate' : 'compare');

function wordsOf({ batch, index, config, out }: CellProcess, whole: string): string[] {
  const { words, common } = batch;
  return [
    ...words,
    ...(config === undefined ? [] : ['--config', config]),
    '--shard',
    `${index}/${common.cells.length}`,
    '--part-of',
    whole,
    '--out',
    path.join(out, measuredBy(batch)),
  ];
}

/** What it left says more than how it ended. */
function endOf({ batch, out }: CellProcess, exit: TargetExit): CellEnd {
  const partial = partialIn(path.join(out, measuredBy(batch)));
  const difference = partial && differenceOf(batch.common, partial.manifest.common, 'command');
  if (difference !== undefined) return { kind: 'other', why: difference };
  const result = partial?.results[0];
  if (result !== undefined)
    return { kind: 'measured', report: result.report, json: readCellText(partial!.folder, result) };
  if (exit.signal !== null) return { kind: 'killed', why: `killed, cause unknown (${exit.signal})` };
  const failure = partial?.manifest.failures[0];
  if (failure?.how === 'killed') return { kind: 'killed', why: failure.why };
  // Somebody interrupted the cell alone: it says nothing of the cell.
  if (exit.code === exitInterrupted) return { kind: 'killed', why: 'interrupted by a signal, cause unknown' };
  const said = exit.lastLines.findLast((line) => line.startsWith('floodgate: '))?.slice('floodgate: '.length);
  return { kind: 'failed', why: failure?.why ?? said ?? `it ended with ${exit.code}` };
}

/** Undefined where it was ended before there was one, or while it wrote a cell. */
function partialIn(folder: string): Partial | undefined {
  try {
    return readPartials([folder])[0];
  } catch (error) {
    if (error instanceof FloodgateError) return undefined;
    throw error;
  }
}
