/**
 * Whether the raw data of a bundle come to what its reports, its summary, its page and its statement say: the rules of all
 * schema versions (`SIGNOFF_SCHEMA_VERSION`).
 * Another version of floodgate may word a note otherwise and know more metrics; what it judges has to be the same.
 */
import { isDeepStrictEqual } from 'node:util';
import { counted } from '../../reports/counted.ts';
import {
  SIGNOFF_SCHEMA_VERSION,
  type SignedComparison,
  type SignedRun,
  type SignedScenario,
  type SignoffReport,
} from '../../reports/signoff.ts';
import { ledgerOf } from '../ledger/ledger.ts';
import { contentOf, parsed } from './bundle-content.ts';
import type { BundleFiles } from './bundle-room.ts';
import { checkLanes } from './check-lanes.ts';
import { checkOrder } from './check-order.ts';
import { checkPage, type Looked } from './check-page.ts';
import { checkBuilds, checkEnvironment, checkProject } from './check-project.ts';
import { checkUse } from './check-use.ts';
import { checkWorking, workingListIn } from './check-working.ts';
import { isSnapshot, snapshotsNote } from './heap-snapshots.ts';
import { listsDriversFrom } from './input-origin.ts';
import { signoffVerdict } from './judge.ts';
import { type Bundle, comparisonAgain, runAgain } from './made-again.ts';
import { leftOutIn } from './notes.ts';
import { checkRawSummary, rawRules } from './raw-rules.ts';
import { refused } from './refusal.ts';
import { RunSequence } from './run-sequence.ts';
import { isSame } from './same-values.ts';
import { readSourceList, type SourceFile, sourceListName } from './source-list.ts';
import { type Statement, statementOf } from './statement.ts';
import { ledgerFileName, pageName, printName, projectName, summaryName } from './summary.ts';
import { type MadeSummary, otherMember, rawOf, summaryOf } from './summary-again.ts';

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
  checkDrivers(report);
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
  const working = workingListIn(files, report);
  if (isOwnVersion && report.schemaVersion >= 3) {
    checkOrder(report);
    const lanes = await checkLanes(project, report);
    checkRawSummary(report, source);
    checkWorking(report, { project, source, working });
    checkSummary(bundle, { scenarios, lanes, ledger, source, working, names: files.keys() });
  } else checkKnown(bundle);
  checkStatement({ files, report, source }, statement);
  const page = checkPage(contentOf(files, pageName), { report, ...order });
  const { version } = report.tool;
  return {
    checks: [
      `${counted(runsIn(scenarios), 'run')} judged again from the raw data, with the same verdict`,
      ...(isOwnVersion ? [`raw data contradict neither themselves nor one another, by ${rawRules.length} rules`] : []),
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
            `schema version ${report.schemaVersion} is an old one: thresholds, builds and notes were not compared with the project${report.schemaVersion < 2 ? ', nor kinds of files' : ''}; amounts allocated and heap figures were not held against one another`,
          ]
        : []),
      ...(report.schemaVersion < listsDriversFrom
        ? [`schema version ${report.schemaVersion}: loads, and what else drove it, are in no digest of it`]
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

/** Each file that drove it says what it was and where it came from, or is of a version that did not say so. @throws Refused */
function checkDrivers({ schemaVersion, inputs, working }: SignoffReport): void {
  const isListed = schemaVersion >= listsDriversFrom;
  if ((working !== undefined) !== isListed)
    throw refused(
      'summary-invalid',
      `${summaryName}: no schema version ${schemaVersion} describes the working folder so`,
    );
  const other = inputs.find(({ role, from }) => (role !== undefined) !== isListed || (from !== undefined) !== isListed);
  if (other !== undefined)
    throw refused(
      'summary-invalid',
      `${summaryName}: ${other.name} is not listed as schema version ${schemaVersion} does`,
    );
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
function checkSummary({ files, report }: Bundle, made: Omit<MadeSummary, 'leftOut'>): void {
  const again = summaryOf(rawOf(report), { ...made, leftOut: leftOutIn(report) });
  if (typeof again === 'string') throw refused('summary-invalid', `${summaryName}: ${again}`);
  const missing = again.notes.find((note) => !report.notes.some((each) => isDeepStrictEqual(each, note)));
  if (missing) throw refused('summary-invalid', `${summaryName}: no note says: ${missing.text}`);
  const other = otherMember(again, report);
  if (other !== undefined) throw refused('summary-invalid', `${summaryName}: ${other} is not what the data make`);
  if (!Buffer.from(`${JSON.stringify(again)}\n`).equals(contentOf(files, summaryName)))
    throw refused('summary-invalid', `${summaryName} is not spelled as floodgate writes what the data make`);
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
