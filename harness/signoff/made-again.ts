/**
 * Runs and comparisons of a bundle, each made again of its raw data and held against what the bundle says of it: report, limits, command,
 * figures and verdict.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ComparedScenario } from '../../reports/comparison.ts';
import type { RunReport } from '../../reports/model.ts';
import { readAnyReport } from '../../reports/report-reader.ts';
import type { SignedComparison, SignedRun, SignoffReport } from '../../reports/signoff.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Project } from '../project/find-config.ts';
import { readMeasurement } from '../report/measured-again.ts';
import { type Measurement, measurementName } from '../report/measurement.ts';
import { contentOf, parsed } from './bundle-content.ts';
import type { BundleFiles } from './bundle-room.ts';
import { checkFacts, checkSide, checkWhole } from './check-facts.ts';
import { checkLibraryLimits, checkLimits, checkThresholds } from './check-limits.ts';
import { checkCommand, checkOrigin } from './check-project.ts';
import { checkShown, shownOf } from './check-shown.ts';
import { judgePairsAgain, judgeRun, PairMissing } from './judge.ts';
import { checkRaw, checkSameLoad, takeRun } from './raw-rules.ts';
import { type Reason, refused } from './refusal.ts';
import { type RunSequence, refuseCutShort, takenRun } from './run-sequence.ts';
import { firstDifference, isSame, knownIn, type Rows, wholeBy } from './same-values.ts';
import { trafficName } from './summary.ts';
import { notJudgedAgain, rawComparisonOf } from './summary-again.ts';

export interface Bundle {
  readonly files: BundleFiles;
  readonly report: SignoffReport;
  /** What a rerun is made of. */
  readonly project: Project;
  readonly ledger: Ledger;
  /** The version of floodgate that looks at it is the one that made it. */
  readonly isOwnVersion: boolean;
  /** All runs that were looked at, in the order in which they were measured. */
  readonly runs: RunSequence;
  /** By place: what its runs were judged by, those of pairs too. */
  readonly limits: Map<string, Pick<Measurement, 'budget' | 'implied'>>;
}

/** @returns what the raw data make of it @throws Refused, where that is something else */
export async function runAgain(bundle: Bundle, scenario: string, run: SignedRun): Promise<SignedRun> {
  const { files, report, ledger, isOwnVersion } = bundle;
  const place = `${scenario} (${run.lane} lane)`;
  if (run.folder === null) {
    if (run.budgets.length === 0 && !run.verdict.ok) return notJudgedAgain(run);
    throw refused('data-missing', `${place} has a verdict, and was not run`);
  }
  if (run.folder !== `runs/${scenario}/${run.lane}`) {
    throw refused('data-invalid', `${place} names another run's folder`);
  }
  const stored = storedReport(bundle, `${run.folder}/report.json`);
  const traffic = files.get(`${run.folder}/${trafficName}`)?.toString('utf8');
  const whole = { scenario, run, report: stored, traffic, isOwnVersion };
  checkOrigin(whole, report);
  const measurement = storedMeasurement(bundle, `${run.folder}/${measurementName}`);
  takeMeasured(bundle, place, `${run.folder}/${measurementName}`, measurement);
  const again = judgeRun({
    scenario,
    report: stored,
    measurement,
    ledger,
    thresholds: run.thresholds,
    definition: run.definition,
    day: report.signedAt.slice(0, 10),
  });
  const refuse = (reason: Reason, rows: readonly [Rows, Rows]) => {
    const [found, said] = rows;
    const whole = reason === 'figures-differ' ? wholeBy(said, found) : found;
    const known = isOwnVersion ? whole : knownIn(said, found);
    if (!isSame(known, said, isOwnVersion))
      throw refused(reason, `${place}: ${firstDifference(known, said, isOwnVersion)}`);
  };
  refuse('figures-differ', [again.report.figures, stored.figures]);
  refuse('budget-differs', [again.report.budgets, stored.budgets]);
  refuse('budget-differs', [again.run.budgets, run.budgets]);
  if (isOwnVersion) checkFacts({ place, report: stored, measurement });
  checkShown(place, again.report, stored, isOwnVersion);
  if (!isSame({ ...again.report, ...shownOf(stored), figures: stored.figures }, stored, isOwnVersion)) {
    throw refused('verdict-differs', `${place}: the report has another verdict, lane or name than its data`);
  }
  const made = { ...again.run, folder: run.folder };
  if (!isSame(made, run, isOwnVersion)) {
    throw refused('verdict-differs', `${place}: the data come to "${again.run.verdict.headline}"`);
  }
  checkCommand(bundle.project, whole);
  const { command: signoffCommand, schemaVersion } = report;
  checkLimits(bundle.project, whole, { budget: measurement.budget, signoffCommand });
  if (schemaVersion < 3) return made;
  checkThresholds(bundle.project, { scenario, ...run, isOwnVersion, signoffCommand });
  if (isOwnVersion) await checkLibraryLimits(bundle.project, whole, measurement);
  return made;
}

/** @returns what the raw data make of it @throws Refused, where that is something else */
export async function comparisonAgain(
  bundle: Bundle,
  scenario: string,
  comparison: SignedComparison,
): Promise<SignedComparison> {
  const { isOwnVersion } = bundle;
  const { result, folder } = comparison;
  const place = `${scenario} (${result.lane} lane)`;
  if (folder !== `pairs/${scenario}/${result.lane}`) {
    throw refused('data-invalid', `${place} names another comparison's folder`);
  }
  const { command: signoffCommand, schemaVersion } = bundle.report;
  if (schemaVersion >= 3)
    checkThresholds(bundle.project, { scenario, lane: result.lane, ...comparison, isOwnVersion, signoffCommand });
  const again = await pairsAgain(bundle, scenario, comparison);
  if (isOwnVersion) checkSameLoad(bundle.runs, `${scenario}/${result.lane}`);
  const judged = again.metrics.filter(({ threshold }) => threshold !== null);
  const metrics = (isOwnVersion ? wholeBy : knownIn)([...result.metrics, ...judged], again.metrics);
  // Call sites come from a run with another instrument, and decide nothing.
  const made = { ...again, metrics, sites: result.sites };
  if (isSame(made, result, isOwnVersion)) return { folder, ...rawComparisonOf(comparison), result: made };
  throw refused('comparison-differs', `${place}: ${firstDifference(metrics, result.metrics, isOwnVersion)}`);
}

async function pairsAgain(bundle: Bundle, scenario: string, comparison: SignedComparison): Promise<ComparedScenario> {
  const { result, folder } = comparison;
  const place = `${scenario} (${result.lane} lane)`;
  try {
    return await judgePairsAgain({
      ...comparison,
      scenario,
      lane: result.lane,
      pairs: result.pairs,
      measurementOf: (side, pair) => {
        const name = `${folder}/${pair}-${side}.json`;
        if (!bundle.files.has(name)) return undefined;
        const measurement = storedMeasurement(bundle, name);
        refuseCutShort(name, measurement);
        checkSide(name, result.lane, measurement);
        takeMeasured(bundle, place, name, measurement);
        return measurement;
      },
    });
  } catch (error) {
    if (error instanceof PairMissing) throw refused('data-missing', error.message);
    throw error;
  }
}

/** A run among the others: of its time, no copy, under the limits of its scenario, and at one with itself. @throws Refused */
function takeMeasured({ runs, limits, isOwnVersion }: Bundle, place: string, name: string, all: Measurement): void {
  takeRun(runs, takenRun(name, all));
  const { budget, implied } = all;
  const known = limits.get(place) ?? { budget, implied };
  limits.set(place, known);
  if (isOwnVersion && !isDeepStrictEqual(known, { budget, implied }))
    throw refused('budget-differs', `${name} has other limits than ${place}`);
  checkRaw(name, all, isOwnVersion);
}

function storedMeasurement({ files, isOwnVersion }: Bundle, name: string): Measurement {
  const value = parsed(contentOf(files, name), 'data-invalid', name);
  const measurement = readMeasurement(value);
  if (typeof measurement === 'string') throw refused('data-invalid', `${name}: ${measurement}`);
  if (isOwnVersion) checkWhole(name, value, measurement);
  return measurement;
}

function storedReport({ files, isOwnVersion }: Bundle, name: string): RunReport {
  const content = contentOf(files, name);
  const value = parsed(content, 'data-invalid', name);
  try {
    const report = readAnyReport(content.toString('utf8'));
    if (isOwnVersion && !isSame(report, value)) throw new Error('it holds more than a report has');
    if (report.kind === 'run') return report;
  } catch (error) {
    throw refused('data-invalid', `${name}: ${(error as Error).message.slice(0, 300)}`);
  }
  throw refused('data-invalid', `${name} is no report of a run`);
}
