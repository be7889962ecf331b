/** The report of a gate whose cells were measured by several machines. Pure: what it says comes from their runs alone. */
import { printable } from '../../reports/format.ts';
import { type GateReport, type Note, type RunReport, SCHEMA_VERSION, type Verdict } from '../../reports/model.ts';
import { hardwareClass } from '../ledger/machine-class.ts';
import { worstExitCode } from '../metrics/exit-codes.ts';
import type { FailedCell, Merged } from '../shards/merge-partials.ts';
import type { CellReport } from '../shards/partial.ts';
import { gateVerdict } from './gate-verdict.ts';

export function mergedReport(merged: Merged<RunReport>): GateReport {
  const { common, runs, missing } = merged;
  const again = allAgainWords(merged).map((text): Note => ({ severity: 'warning', text }));
  const unlimited: Note[] =
    common.unlimited.length === 0
      ? []
      : [{ severity: 'warning', text: `without a budget nothing is judged: ${common.unlimited.join(', ')}` }];
  const absent = missing.map((cell): Note => ({ severity: 'warning', text: absentWords(cell, merged) }));
  return {
    kind: 'gate',
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'floodgate', version: common.floodgate },
    ...timeOf(runs),
    command: common.command,
    runs,
    verdict: withMissing(gateVerdict(runs, common.cells.length, common.unlimited), merged),
    notes: [...unlimited, ...absent, ...again, ...kindsOfMachines(runs), ...uncommitted(common)],
  };
}

/** From the first begin to the last end. */
export function timeOf(runs: readonly CellReport[]): { readonly startedAt: string; readonly durationMs: number } {
  const began = Math.min(...runs.map(({ startedAt }) => Date.parse(startedAt)));
  const ended = Math.max(...runs.map(({ startedAt, durationMs }) => Date.parse(startedAt) + durationMs));
  return { startedAt: new Date(began).toISOString(), durationMs: ended - began };
}

/** Of cells that were run more than once, what does not count. @param isMeant of the run that does */
export function allAgainWords({ replaced, recovered }: Merged, isMeant = (_: CellReport) => true): string[] {
  return [
    ...replaced.filter(({ by }) => isMeant(by)).map(againWords),
    ...recovered.filter(({ by }) => isMeant(by)).map(recoveredWords),
  ];
}

function recoveredWords({ by, failure }: Merged['recovered'][number]): string {
  const { cell, at, why } = failure;
  return `${cell} was run again: the run of ${by.startedAt} counts; that of ${at} could not run (${printable(why, 200)})`;
}

/** Of a cell that was run before. */
export function failedWords({ cell, failure, over }: FailedCell): string {
  const { at, why } = failure;
  const when = at === undefined ? 'at a time that its shard does not say, and that may be later' : `at ${at}, later`;
  const before = over.map(({ startedAt, verdict }) => `${startedAt} (it said: ${printable(verdict.headline, 200)})`);
  return `${cell} could not run ${when}: ${printable(why, 200)}; the run of ${before.join(', ')} does not count`;
}

function absentWords(cell: string, { failed }: Merged): string {
  const found = failed.find((each) => each.cell === cell);
  if (found === undefined) return `${cell} was not measured by any shard`;
  return found.over.length > 0
    ? failedWords(found)
    : `${cell} was not measured by any shard: ${printable(found.failure.why, 200)}`;
}

function againWords({ cell, by, run }: Merged['replaced'][number]): string {
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

/** What was not measured is no pass; what was, and then could not run, is what it is on one machine. */
export function withMissing(verdict: Verdict, { missing, failed }: Merged): Verdict {
  if (missing.length === 0) return verdict;
  const later = failed.filter(({ over }) => over.length > 0);
  const absent = missing.filter((cell) => !later.some((each) => each.cell === cell));
  const headline = [
    ...later.map(({ cell, failure }) => `${cell} could not run: ${printable(failure.why, 200)}.`),
    ...(verdict.exitCode === 0 ? [] : [verdict.headline]),
    ...(absent.length === 0 ? [] : [`Not measured: ${absent.join(', ')}.`]),
  ];
  const exitCode = worstExitCode([verdict.exitCode, ...later.map(() => 2), ...absent.map(() => 4)]);
  return { ok: false, exitCode, headline: headline.join(' ') };
}
