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
import { Moments, refuseCutShort } from './check-moments.ts';
import { checkOrder } from './check-order.ts';
import { checkPage, type Looked } from './check-page.ts';
import { checkBuilds, checkCommand, checkEnvironment, checkOrigin, checkProject } from './check-project.ts';
import { checkShown, shownOf } from './check-shown.ts';
import { checkUse } from './check-use.ts';
import { checkWitnesses } from './check-witnesses.ts';
import { isSnapshot, snapshotsNote } from './heap-snapshots.ts';
import { judgePairsAgain, judgeRun, PairMissing, signoffVerdict } from './judge.ts';
import { notesOf } from './notes.ts';
import { type Reason, refused } from './refusal.ts';
import { firstDifference, isSame, knownIn, type Rows, wholeBy } from './same-values.ts';
import { readSourceList, sourceListName } from './source-list.ts';
import { type Statement, statementOf } from './statement.ts';
import { ledgerFileName, pageName, printName, projectName, summaryName, trafficName } from './summary.ts';

interface Bundle {
  readonly files: BundleFiles;
  readonly report: SignoffReport;
  /** What a rerun is made of. */
  readonly project: Project;
  /** The version of floodgate that looks at it is the one that made it. */
  readonly isOwnVersion: boolean;
  readonly moments: Moments;
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
  const lanes = new Set(report.scenarios.flatMap(({ runs }) => runs.map(({ lane }) => lane)));
  if (!isDeepStrictEqual(new Set(report.scope.lanes), lanes))
    throw refused('summary-invalid', `${summaryName}: scope.lanes is not what was run`);
  const snapshotCount = [...files.keys()].filter(isSnapshot).length;
  const isOwnVersion = report.tool.version === order.toolVersion;
  if (isOwnVersion && report.schemaVersion !== SIGNOFF_SCHEMA_VERSION)
    throw refused('summary-invalid', `${summaryName}: floodgate ${order.toolVersion} writes no such schema version`);
  const project = checkProject(parsed(contentOf(files, projectName), 'data-invalid', projectName), report);
  if (report.schemaVersion >= 3) checkBuilds(project, report);
  if (isOwnVersion) checkEnvironment(project, report);
  const bundle = { files, report, project, isOwnVersion, moments: new Moments(report) };
  const ledger = ledgerOf(parsed(contentOf(files, ledgerFileName), 'data-invalid', ledgerFileName));
  if (typeof ledger === 'string') throw refused('data-invalid', `${ledgerFileName}: ${ledger}`);
  if (!isSame(ledger.waivers, report.waivers))
    throw refused('waivers-differ', 'the waivers are not those of the ledger');
  let count = 0;
  for (const { name, runs, comparisons } of report.scenarios) {
    for (const run of runs) count += await checkRun(bundle, ledger, name, run);
    for (const comparison of comparisons) count += await checkPairs(bundle, name, comparison);
  }
  const verdict = signoffVerdict(report);
  if (!isSame(verdict, report.verdict, bundle.isOwnVersion)) {
    const text = `the data come to "${verdict.headline}", the summary says "${report.verdict.headline}"`;
    throw refused('verdict-differs', text);
  }
  if (isOwnVersion && report.schemaVersion >= 3) {
    checkOrder(report);
    await checkLanes(project, report);
  }
  checkNotes(bundle);
  checkStatement(bundle, statement);
  const page = checkPage(contentOf(files, pageName), { report, ...order });
  const { version } = report.tool;
  return {
    checks: [`${counted(count, 'run')} judged again from the raw data, with the same verdict`, ...page.checks],
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

/** What the summary shows is said in it: on the page a person reads notes first. @throws Refused */
function checkNotes({ files, report, isOwnVersion }: Bundle): void {
  const said = new Set(report.notes.map(({ severity, text }) => `${severity} ${text}`));
  const knows = isOwnVersion && report.schemaVersion >= 3;
  const missing = notesOf(report, files.keys()).find(
    (note) => (knows || note.text === snapshotsNote.text) && !said.has(`${note.severity} ${note.text}`),
  );
  if (missing) throw refused('summary-invalid', `${summaryName}: no note says: ${missing.text}`);
}

/** The clock of a machine may be set back while it measures. */
const clockStepMs = 500;

function checkStatement({ files, report }: Bundle, statement: Statement): void {
  const source = readSourceList(contentOf(files, sourceListName).toString('utf8'));
  if (!source || source.length !== report.candidate.files) {
    throw refused('data-invalid', `${sourceListName} is no list of the candidate's files`);
  }
  if (report.schemaVersion === 1 && source.some(({ mode }) => mode !== undefined))
    throw refused('data-invalid', `${sourceListName} has kinds of files, which schema version 1 has not`);
  // Its members stand in one order, so that two readers see the same first.
  if (JSON.stringify(statementOf(report, files, source)) === JSON.stringify(statement)) return;
  throw refused('statement-differs', 'the statement is not the one that the data make');
}

async function checkRun(bundle: Bundle, ledger: Ledger, scenario: string, run: SignedRun): Promise<number> {
  const { files, report, isOwnVersion } = bundle;
  const place = `${scenario} (${run.lane} lane)`;
  if (run.folder === null) {
    if (run.budgets.length === 0 && !run.verdict.ok) return 0;
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
  if (!isSame({ ...again.run, folder: run.folder }, run, isOwnVersion)) {
    throw refused('verdict-differs', `${place}: the data come to "${again.run.verdict.headline}"`);
  }
  checkCommand(bundle.project, whole);
  const { command: signoffCommand, schemaVersion } = report;
  checkLimits(bundle.project, whole, { budget: measurement.budget, signoffCommand });
  if (schemaVersion < 3) return 1;
  checkThresholds(bundle.project, { scenario, ...run, isOwnVersion, signoffCommand });
  if (isOwnVersion) await checkLibraryLimits(bundle.project, whole, measurement);
  return 1;
}

async function checkPairs(bundle: Bundle, scenario: string, comparison: SignedComparison): Promise<number> {
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
  if (isSame({ ...again, metrics, sites: result.sites }, result, isOwnVersion)) return 2 * result.pairs;
  throw refused('comparison-differs', `${place}: ${firstDifference(metrics, result.metrics, isOwnVersion)}`);
}

async function pairsAgain(bundle: Bundle, scenario: string, comparison: SignedComparison): Promise<ComparedScenario> {
  const { result, folder } = comparison;
  let beforeMs = Number.NEGATIVE_INFINITY;
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
        const { startedAtEpochMs } = measurement.pass;
        if (startedAtEpochMs < beforeMs - clockStepMs)
          throw refused('comparison-differs', `${name} was measured in another order than the seed draws`);
        beforeMs = Math.max(beforeMs, startedAtEpochMs);
        return measurement;
      },
    });
  } catch (error) {
    if (error instanceof PairMissing) throw refused('data-missing', error.message);
    throw error;
  }
}

function storedMeasurement({ files, moments, isOwnVersion }: Bundle, name: string): Measurement {
  const value = parsed(contentOf(files, name), 'data-invalid', name);
  const measurement = readMeasurement(value);
  if (typeof measurement === 'string') throw refused('data-invalid', `${name}: ${measurement}`);
  if (isOwnVersion) checkWhole(name, value, measurement);
  moments.take(name, measurement);
  checkWitnesses(name, measurement);
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
