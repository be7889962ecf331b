/** The report of a comparison whose cells were measured by several machines, each both versions. Pure. */
import type { ComparedScenario, ComparisonReport } from '../../reports/comparison.ts';
import { comparisonVerdict } from '../compare/verdict.ts';
import type { Merged } from '../shards/merge-partials.ts';
import type { CellReport } from '../shards/partial.ts';
import { failedVerdict } from './comparison-report.ts';
import { allAgainWords, timeOf, uncommitted, withMissing } from './merged-report.ts';

export function mergedComparison(merged: Merged<ComparisonReport>): ComparisonReport {
  const { common, runs } = merged;
  const [{ failures: _, ...first }] = runs as readonly [ComparisonReport, ...ComparisonReport[]];
  const { base, head } = common.comparison!;
  return {
    ...first,
    ...timeOf(runs),
    command: common.command,
    base,
    head,
    scenarios: runs.flatMap(({ scenarios }) => scenarios).map((scenario) => withAgain(scenario, merged)),
    timelines: runs.flatMap(({ timelines }) => timelines),
    flames: runs.flatMap(({ flames }) => flames),
    ...failuresOf(runs),
    verdict: withMissing(verdictOf(merged), merged),
  };
}

/** Absent where all came to a verdict. */
function failuresOf(runs: readonly ComparisonReport[]): Pick<ComparisonReport, 'failures'> {
  const failures = runs.flatMap((run) => run.failures ?? []);
  return failures.length > 0 ? { failures } : {};
}

/** As of a comparison that one machine measured. */
function verdictOf(merged: Merged<ComparisonReport>): ComparisonReport['verdict'] {
  const { common, runs } = merged;
  const scenarios = runs.flatMap((run) => run.scenarios);
  const dead = runs.filter((run) => run.scenarios.length === 0);
  if (dead.length === 0) return comparisonVerdict(scenarios, common.comparison!.undecided === 'pass');
  const words = dead.map(({ verdict }) => ({ exitCode: verdict.exitCode || 2, message: verdict.headline }));
  // What has no scenario has no place for a note.
  const again = allAgainWords(merged, (by) => dead.some((each) => each === by));
  return failedVerdict(words[0]!, [...words, ...again.map((message) => ({ message }))], scenarios);
}

function withAgain(scenario: ComparedScenario, merged: Merged<ComparisonReport>): ComparedScenario {
  const isOwn = (by: CellReport) => by.kind === 'comparison' && by.scenarios.includes(scenario);
  const notes = allAgainWords(merged, isOwn).map((text) => ({ severity: 'warning' as const, text }));
  return { ...scenario, notes: [...scenario.notes, ...notes, ...uncommitted(merged.common)] };
}
