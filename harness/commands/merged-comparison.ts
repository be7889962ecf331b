/** The report of a comparison whose cells were measured by several machines, each both versions. Pure. */
import type { ComparedScenario, ComparisonReport } from '../../reports/comparison.ts';
import { comparisonVerdict } from '../compare/verdict.ts';
import type { Merged } from '../shards/merge-partials.ts';
import { failedVerdict } from './comparison-report.ts';
import { againWords, timeOf, uncommitted, withMissing } from './merged-report.ts';

export function mergedComparison(merged: Merged<ComparisonReport>): ComparisonReport {
  const { common, runs, missing } = merged;
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
    verdict: withMissing(verdictOf(merged), missing),
  };
}

/** Absent where all came to a verdict. */
function failuresOf(runs: readonly ComparisonReport[]): Pick<ComparisonReport, 'failures'> {
  const failures = runs.flatMap((run) => run.failures ?? []);
  return failures.length > 0 ? { failures } : {};
}

/** As of a comparison that one machine measured. */
function verdictOf({ common, runs, replaced }: Merged<ComparisonReport>): ComparisonReport['verdict'] {
  const scenarios = runs.flatMap((run) => run.scenarios);
  const dead = runs.filter((run) => run.scenarios.length === 0);
  if (dead.length === 0) return comparisonVerdict(scenarios, common.comparison!.undecided === 'pass');
  const words = dead.map(({ verdict }) => ({ exitCode: verdict.exitCode || 2, message: verdict.headline }));
  // What has no scenario has no place for a note.
  const again = replaced.filter(({ by }) => dead.includes(by)).map((each) => ({ message: againWords(each) }));
  return failedVerdict(words[0]!, [...words, ...again], scenarios);
}

function withAgain(scenario: ComparedScenario, { common, replaced }: Merged<ComparisonReport>): ComparedScenario {
  const again = replaced.filter(({ cell }) => cell === scenario.name);
  const notes = again.map((each) => ({ severity: 'warning' as const, text: againWords(each) }));
  return { ...scenario, notes: [...scenario.notes, ...notes, ...uncommitted(common)] };
}
