/** The report of a gate whose cells were measured by several machines. Pure: what it says comes from their runs alone. */
import { printable } from '../../reports/format.ts';
import { type GateReport, type Note, type RunReport, SCHEMA_VERSION, type Verdict } from '../../reports/model.ts';
import { hardwareClass } from '../ledger/machine-class.ts';
import { worstExitCode } from '../metrics/exit-codes.ts';
import type { Merged } from '../shards/merge-partials.ts';
import type { CellReport } from '../shards/partial.ts';
import { gateVerdict } from './gate-verdict.ts';

export function mergedReport({ common, runs, replaced, missing }: Merged<RunReport>): GateReport {
  const again = replaced.map((each): Note => ({ severity: 'warning', text: againWords(each) }));
  const unlimited: Note[] =
    common.unlimited.length === 0
      ? []
      : [{ severity: 'warning', text: `without a budget nothing is judged: ${common.unlimited.join(', ')}` }];
  const absent: Note[] = missing.map((cell) => ({
    severity: 'warning',
    text: `${cell} was not measured by any shard`,
  }));
  return {
    kind: 'gate',
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'floodgate', version: common.floodgate },
    ...timeOf(runs),
    command: common.command,
    runs,
    verdict: withMissing(gateVerdict(runs, common.cells.length, common.unlimited), missing),
    notes: [...unlimited, ...absent, ...again, ...kindsOfMachines(runs), ...uncommitted(common)],
  };
}

/** From the first begin to the last end. */
export function timeOf(runs: readonly CellReport[]): { readonly startedAt: string; readonly durationMs: number } {
  const began = Math.min(...runs.map(({ startedAt }) => Date.parse(startedAt)));
  const ended = Math.max(...runs.map(({ startedAt, durationMs }) => Date.parse(startedAt) + durationMs));
  return { startedAt: new Date(began).toISOString(), durationMs: ended - began };
}

export function againWords({ cell, by, run }: Merged['replaced'][number]): string {
  const words = `${cell} was run again: the run of ${by.startedAt} counts, that of ${run.startedAt} does not`;
  return `${words} (it said: ${printable(run.verdict.headline, 200)})`;
}

/** One may have what another has not. */
export function uncommitted({ dirty }: Merged['common']): Note[] {
  const text = 'the project had uncommitted changes: files that git does not know were not compared between the shards';
  return dirty ? [{ severity: 'warning', text }] : [];
}

/** Figures of unlike machines stand side by side, and are not to be compared. */
function kindsOfMachines(runs: readonly RunReport[]): Note[] {
  const kinds = Map.groupBy(runs, ({ environment }) => hardwareClass(environment));
  if (kinds.size < 2) return [];
  const named = [...kinds].map(([kind, own]) => `${printable(kind, 200)}: ${own.length}`).sort();
  return [{ severity: 'warning', text: `measured by machines of ${kinds.size} kinds (${named.join('; ')})` }];
}

/** What was not measured is no pass. */
export function withMissing(verdict: Verdict, missing: readonly string[]): Verdict {
  if (missing.length === 0) return verdict;
  const exitCode = worstExitCode([verdict.exitCode, 4]);
  const judged = verdict.exitCode === 0 ? '' : `${verdict.headline} `;
  return { ok: false, exitCode, headline: `${judged}Not measured: ${missing.join(', ')}.` };
}
