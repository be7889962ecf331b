/**
 * Whether the raw data of a bundle come to what its reports, its summary, its page and its statement say: the rules of all
 * schema versions (`SIGNOFF_SCHEMA_VERSION`).
 * Another version of floodgate may word a note otherwise and know more metrics; what it judges has to be the same.
 */
import { isDeepStrictEqual } from 'node:util';
import type { ComparedScenario } from '../../reports/comparison.ts';
import { counted } from '../../reports/counted.ts';
import type { RunReport } from '../../reports/model.ts';
import { readAnyReport } from '../../reports/report-reader.ts';
import {
  SIGNOFF_SCHEMA_VERSION,
  type SignedComparison,
  type SignedRun,
  type SignedScenario,
  type SignoffReport,
} from '../../reports/signoff.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import type { Project } from '../project/find-config.ts';
import { readMeasurement } from '../report/measured-again.ts';
import { type Measurement, measurementName } from '../report/measurement.ts';
import { parseWritten } from './bounded-json.ts';
import type { BundleFiles } from './bundle-room.ts';
import { checkFacts, checkSide, checkWhole } from './check-facts.ts';
import { checkLanes } from './check-lanes.ts';
import { checkLibraryLimits, checkLimits, checkThresholds } from './check-limits.ts';
import { checkOrder } from './check-order.ts';
import { checkPage, type Looked } from './check-page.ts';
import { checkBuilds, checkCommand, checkEnvironment, checkOrigin, checkProject } from './check-project.ts';
import { checkShown, shownOf } from './check-shown.ts';
import { checkUse } from './check-use.ts';
import { isSnapshot, snapshotsNote } from './heap-snapshots.ts';
import { judgePairsAgain, judgeRun, PairMissing, signoffVerdict } from './judge.ts';
import { leftOutIn } from './notes.ts';
import { checkRaw, checkRawSummary, takeRun } from './raw-rules.ts';
import { type Reason, refused } from './refusal.ts';
import { RunSequence, refuseCutShort, takenRun } from './run-sequence.ts';
import { firstDifference, isSame, knownIn, type Rows, wholeBy } from './same-values.ts';
import { readSourceList, type SourceFile, sourceListName } from './source-list.ts';
import { type Statement, statementOf } from './statement.ts';
import { ledgerFileName, pageName, printName, projectName, summaryName, trafficName } from './summary.ts';
import { type MadeSummary, notJudgedAgain, otherMember, rawComparisonOf, rawOf, summaryOf } from './summary-again.ts';

interface Bundle {
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

export interface DataOrder {
  readonly files: BundleFiles;
  readonly report: SignoffReport;
  readonly statement: Statement;
  readonly toolVersion: string;
  /** The page is made anew for whoever reads it: the one in the bundle may be of a version that is not known here. */
  readonly makesPage: boolean;
}

/** @throws Refused */
export async function checkData({ files, report, statement, ...order }: DataOrder): Promise<Looked> {
  checkUse(files, report);
  const snapshotCount = [...files.keys()].filter(isSnapshot).length;
  const isOwnVersion = report.tool.version === order.toolVersion;
  if (isOwnVersion && report.schemaVersion !== SIGNOFF_SCHEMA_VERSION)
    throw refused('summary-invalid', `${summaryName}: floodgate ${order.toolVersion} writes no such schema version`);
  const project = checkProject(parsed(contentOf(files, projectName), 'data-invalid', projectName), report);
  if (report.schemaVersion >= 3) checkBuilds(project, report);
  if (isOwnVersion) checkEnvironment(project, report);
  const ledger = ledgerOf(parsed(contentOf(files, ledgerFileName), 'data-invalid', ledgerFileName));
  if (typeof ledger === 'string') throw refused('data-invalid', `${ledgerFileName}: ${ledger}`);
  if (!isSame(ledger.waivers, report.waivers))
    throw refused('waivers-differ', 'the waivers are not those of the ledger');
  const bundle = {
    files,
    report,
    project,
    ledger,
    isOwnVersion,
    runs: new RunSequence(report, isOwnVersion),
    limits: new Map(),
  };
  const scenarios: SignedScenario[] = [];
  for (const { name, runs, comparisons } of report.scenarios) {
    const again = { name, runs: [] as SignedRun[], comparisons: [] as SignedComparison[] };
    for (const run of runs) again.runs.push(await runAgain(bundle, name, run));
    for (const comparison of comparisons) again.comparisons.push(await comparisonAgain(bundle, name, comparison));
    scenarios.push(again);
  }
  const verdict = signoffVerdict(report);
  if (!isSame(verdict, report.verdict, isOwnVersion)) {
    const text = `the data come to "${verdict.headline}", the summary says "${report.verdict.headline}"`;
    throw refused('verdict-differs', text);
  }
  const source = sourceIn(bundle);
  if (isOwnVersion && report.schemaVersion >= 3) {
    checkOrder(report);
    const lanes = await checkLanes(project, report);
    checkRawSummary(report, source);
    checkSummary(bundle, { scenarios, lanes, ledger, sourceFiles: source.length, names: files.keys() });
  } else checkKnown(bundle);
  checkStatement({ files, report, source }, statement);
  const page = checkPage(contentOf(files, pageName), { report, ...order });
  const { version } = report.tool;
  return {
    checks: [
      `${counted(runsIn(scenarios), 'run')} judged again from the raw data, with the same verdict`,
      ...page.checks,
    ],
    unchecked: [
      ...page.unchecked,
      ...(bundle.isOwnVersion
        ? []
        : [
            `floodgate ${version} made it: its figures were recomputed, its sentences are its own; what it ordered, and facts that stand in several files, were not compared`,
          ]),
      ...(report.schemaVersion < 3
        ? [
            `schema version ${report.schemaVersion} is an old one: thresholds, builds and notes were not compared with the project${report.schemaVersion < 2 ? ', nor kinds of files' : ''}`,
          ]
        : []),
      ...(files.has(printName)
        ? [`${printName} was not read: it is as it was signed, and no more is known of it`]
        : []),
      ...(snapshotCount > 0
        ? [`${counted(snapshotCount, 'heap snapshot')} in it: whatever was in memory, secrets included`]
        : []),
    ],
  };
}

const runsIn = (scenarios: readonly SignedScenario[]): number =>
  scenarios.reduce(
    (sum, { runs, comparisons }) =>
      sum +
      runs.filter(({ folder }) => folder !== null).length +
      comparisons.reduce((all, { result }) => all + 2 * result.pairs, 0),
    0,
  );

/** Nothing in the summary is free: whatever is not raw is what the data make, to the last word. @throws Refused */
function checkSummary({ report }: Bundle, made: Omit<MadeSummary, 'leftOut'>): void {
  const again = summaryOf(rawOf(report), { ...made, leftOut: leftOutIn(report) });
  if (typeof again === 'string') throw refused('summary-invalid', `${summaryName}: ${again}`);
  const missing = again.notes.find((note) => !report.notes.some((each) => isDeepStrictEqual(each, note)));
  if (missing) throw refused('summary-invalid', `${summaryName}: no note says: ${missing.text}`);
  const other = otherMember(again, report);
  if (other !== undefined) throw refused('summary-invalid', `${summaryName}: ${other} is not what the data make`);
}

/** What holds of the summaries of all versions. @throws Refused */
function checkKnown({ files, report }: Bundle): void {
  const lanes = new Set(report.scenarios.flatMap(({ runs }) => runs.map(({ lane }) => lane)));
  if (!isDeepStrictEqual(new Set(report.scope.lanes), lanes))
    throw refused('summary-invalid', `${summaryName}: scope.lanes is not what was run`);
  const isWarned = report.notes.some((note) => isDeepStrictEqual(note, snapshotsNote));
  if ([...files.keys()].some(isSnapshot) && !isWarned)
    throw refused('summary-invalid', `${summaryName}: no note says: ${snapshotsNote.text}`);
}

function sourceIn({ files, report }: Bundle): readonly SourceFile[] {
  const source = readSourceList(contentOf(files, sourceListName).toString('utf8'));
  if (!source || source.length !== report.candidate.files) {
    throw refused('data-invalid', `${sourceListName} is no list of the candidate's files`);
  }
  if (report.schemaVersion === 1 && source.some(({ mode }) => mode !== undefined))
    throw refused('data-invalid', `${sourceListName} has kinds of files, which schema version 1 has not`);
  return source;
}

interface Stated extends Pick<Bundle, 'files' | 'report'> {
  readonly source: readonly SourceFile[];
}

function checkStatement({ files, report, source }: Stated, statement: Statement): void {
  // Its members stand in one order, so that two readers see the same first.
  if (JSON.stringify(statementOf(report, files, source)) === JSON.stringify(statement)) return;
  throw refused('statement-differs', 'the statement is not the one that the data make');
}

/** @returns what the raw data make of it @throws Refused, where that is something else */
async function runAgain(bundle: Bundle, scenario: string, run: SignedRun): Promise<SignedRun> {
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
async function comparisonAgain(
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

/** @throws Refused */
export function contentOf(files: BundleFiles, name: string): Buffer {
  const content = files.get(name);
  if (!content) throw refused('data-missing', `${name} is missing`);
  return content;
}

/** @param end what stands behind the value. @throws Refused */
export function parsed(content: Buffer, reason: Reason, name: string, end = '\n'): unknown {
  try {
    return parseWritten(content, end);
  } catch (error) {
    throw refused(reason, `${name} is no JSON of a bundle: ${(error as Error).message.slice(0, 200)}`);
  }
}
