/** A queue in words. Pure. */
import { formatDuration, printable, verdictMark } from '../../reports/format.ts';
import type { Batch } from '../queue/batch.ts';
import type { Cell } from '../queue/batch-cells.ts';
import type { WorkerInfo } from '../queue/queue-store.ts';
import { shellWord } from '../redaction/shell-words.ts';

export function batchLine({ id, machines, common, by, at }: Batch): string {
  const commit = common.commit === null ? '' : `, ${common.commit.slice(0, 8)}${common.dirty ? ' with changes' : ''}`;
  return `${id}  ${at.slice(0, 16).replace('T', ' ')} from ${printable(by, 60)}${commit}, for "${printable(machines, 200)}"`;
}

/** Of a class whose cells wait for a person. */
export function drainedWords(machines: string): string {
  return `the class "${printable(machines, 200)}" is drained, nothing begins: floodgate queue resume --class ${shellWord(machines)}`;
}

/** `60 cells: 12 measured, 3 running, 44 waiting, 1 not measured`. */
export function countWords(cells: readonly Cell[]): string {
  const words = { measured: 'measured', running: 'running', waiting: 'waiting', failed: 'not measured' } as const;
  const parts = Object.entries(words).flatMap(([state, word]) => {
    const count = cells.filter(({ is }) => is.state === state).length;
    return count === 0 ? [] : [`${count} ${word}`];
  });
  return `${cells.length} ${cells.length === 1 ? 'cell' : 'cells'}: ${parts.join(', ')}`;
}

export function cellLines(cells: readonly Cell[], nowMs: number): string[] {
  return cells.map(({ cell, is }) => `  ${cell.padEnd(24)} ${stateWords(is, nowMs)}`);
}

function stateWords(is: Cell['is'], nowMs: number): string {
  switch (is.state) {
    case 'measured': {
      const { exitCode, headline, by } = is.from;
      return `${verdictMark({ ok: exitCode === 0, exitCode })} ${printable(headline, 160)} (${printable(by, 100)})`;
    }
    case 'running':
      return `running on ${printable(is.by, 100)} for ${formatDuration(Math.max(0, nowMs - is.sinceMs))}${lostWords(is.lost)}`;
    case 'waiting':
      return `waiting${lostWords(is.lost)}`;
    case 'failed':
      return `not measured: ${printable(is.why, 300)}`;
  }
}

const lostWords = (lost: number) => (lost === 0 ? '' : `, lost ${lost} ${lost === 1 ? 'time' : 'times'} before`);

export function workerLines(workers: readonly WorkerInfo[]): string[] {
  if (workers.length === 0) return ['No worker is there.'];
  return workers
    .map(({ id, host, pid, machines, cell, batch }) => {
      const does = cell === null ? 'waits' : `measures ${printable(cell, 80)} of ${printable(batch ?? '', 20)}`;
      return `worker ${printable(id, 20)} on ${printable(host, 100)} (process ${pid}), "${printable(machines, 200)}": ${does}`;
    })
    .sort();
}
