/**
 * A bundle verified: who signed, that every file is as it was signed, that the data come to what the summary, the page and the statement
 * say, and that this is what the receiver asks for. Nothing behind a signature that does not fit is looked at. No clock, no network.
 */
import type { KeyObject } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ComparedScenario } from '../../reports/comparison.ts';
import { readAnyReport } from '../../reports/report-reader.ts';
import {
  SIGNOFF_SCHEMA_VERSION,
  type SignedComparison,
  type SignedRun,
  type SignedScenario,
  type SignoffReport,
} from '../../reports/signoff.ts';
import { renderSignoffHtml } from '../../reports/signoff-html.ts';
import { type Ledger, ledgerOf } from '../ledger/ledger.ts';
import { readMeasurement } from '../report/measured-again.ts';
import { type Measurement, measurementName } from '../report/measurement.ts';
import type { BundleFiles } from './bundle-files.ts';
import { envelopeName, openEnvelope } from './envelope.ts';
import { judgePairsAgain, judgeRun, PairMissing, signoffVerdict } from './judge.ts';
import { type Policy, refusalsBy } from './policy.ts';
import { type Reason, type Refusal, Refused, refused } from './refusal.ts';
import { readSourceList, type SourceFile, sourceListName } from './source-list.ts';
import { manifestIn, predicateType, type Statement, sha256, statementOf, statementType } from './statement.ts';
import { ledgerFileName, pageName, readSummary, summaryName } from './summary.ts';

export interface VerifyOrder {
  readonly files: BundleFiles;
  /** Public. */
  readonly key: KeyObject | undefined;
  readonly allowsUnsigned: boolean;
  readonly policy: Policy;
  /** What the candidate at hand is: digests of files by path, of a package, or a commit; undefined: it is not at hand. */
  readonly candidate: CandidateAtHand | undefined;
  readonly toolVersion: string;
  /** Since the epoch. */
  readonly nowMs: number;
}

export type CandidateAtHand =
  | { readonly kind: 'source'; readonly files: readonly SourceFile[] }
  | { readonly kind: 'package'; readonly digest: string }
  | { readonly kind: 'commit'; readonly digest: string };

export interface Verified {
  readonly refusals: readonly Refusal[];
  /** Null where it was not come so far, or not to be trusted. */
  readonly report: SignoffReport | null;
  /** Key that signed it; undefined where none did, or none was given. */
  readonly signedBy: string | undefined;
  /** What was checked, in order, each a sentence. */
  readonly checks: readonly string[];
}

export async function verifyBundle(order: VerifyOrder): Promise<Verified> {
  const checks: string[] = [];
  let signedBy: string | undefined;
  try {
    const opened = openSigned(order);
    signedBy = opened.signedBy;
    checks.push(signedBy ? `signed by key ${signedBy}` : 'the signature was not checked');
    checkManifest(order.files, opened.statement);
    checks.push(`${order.files.size - 1} files are as they were signed, none more and none fewer`);
    const report = parseSummary(order.files);
    const count = await rulesOf(report.schemaVersion)(order.files, report, opened.statement, order.toolVersion);
    checks.push(`${count} runs judged again from their raw data, with the same verdict`);
    const refusals = [
      ...candidateRefusals(order.candidate, report, order.files),
      ...refusalsBy(order.policy, report, order.nowMs),
    ];
    return { refusals, report, signedBy, checks };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { refusals: error.refusals, report: null, signedBy, checks };
  }
}

function openSigned({ files, key, allowsUnsigned }: VerifyOrder): {
  statement: Statement;
  signedBy: string | undefined;
} {
  const envelope = files.get(envelopeName);
  if (!envelope) throw refused('envelope-missing', `${envelopeName} is missing`);
  const { payload, signedBy } = openEnvelope(envelope, { key, allowsUnsigned });
  const statement = parsed(payload, 'statement-invalid', 'the statement') as Statement;
  if (statement?._type !== statementType) throw refused('statement-invalid', 'it is no in-toto Statement v1');
  if (statement.predicateType !== predicateType || !Array.isArray(statement.predicate?.configuration))
    throw refused('statement-invalid', 'its predicate is no test-result v0.1');
  return { statement, signedBy };
}

/** Every file that is there was signed, and every file that was signed is there. */
function checkManifest(files: BundleFiles, statement: Statement): void {
  const isPlain = statement.predicate.configuration.every(
    (each) => typeof each?.name === 'string' && typeof each.digest === 'object' && each.digest !== null,
  );
  const manifest = isPlain ? manifestIn(statement) : undefined;
  if (!manifest || manifest.size === 0) throw refused('statement-invalid', 'the statement names no files');
  const refusals: Refusal[] = [];
  for (const [name, digest] of manifest) {
    const content = files.get(name);
    if (!content) refusals.push({ reason: 'file-missing', text: `${name} is missing` });
    else if (sha256(content) !== digest)
      refusals.push({ reason: 'digest-mismatch', text: `${name} is not the file that was signed` });
  }
  for (const name of files.keys()) {
    if (name !== envelopeName && !manifest.has(name))
      refusals.push({ reason: 'file-unexpected', text: `${name} was not signed` });
  }
  if (refusals.length > 0) throw new Refused(...refusals.slice(0, 20));
}

function parseSummary(files: BundleFiles): SignoffReport {
  const value = parsed(contentOf(files, summaryName), 'summary-invalid', summaryName);
  const { schemaVersion } = (value ?? {}) as { schemaVersion?: unknown };
  if (typeof schemaVersion === 'number' && schemaVersion > SIGNOFF_SCHEMA_VERSION)
    throw refused(
      'schema-newer',
      `the bundle has schema version ${schemaVersion}; this floodgate knows ${SIGNOFF_SCHEMA_VERSION}`,
    );
  const report = readSummary(value);
  if (typeof report === 'string') throw refused('summary-invalid', `${summaryName}: ${report}`);
  return report;
}

type Rules = (files: BundleFiles, report: SignoffReport, statement: Statement, toolVersion: string) => Promise<number>;

/** By schema version: a bundle is judged by the rules of its own. */
const rules: Readonly<Record<number, Rules>> = { 1: checkData };

function rulesOf(schemaVersion: number): Rules {
  const found = rules[schemaVersion];
  if (!found) throw refused('schema-newer', `the rules of schema version ${schemaVersion} are not known`);
  return found;
}

/** @returns how many runs were judged again. @throws Refused */
async function checkData(
  files: BundleFiles,
  report: SignoffReport,
  statement: Statement,
  toolVersion: string,
): Promise<number> {
  const ledger = ledgerOf(parsed(contentOf(files, ledgerFileName), 'data-invalid', ledgerFileName));
  if (typeof ledger === 'string') throw refused('data-invalid', `${ledgerFileName}: ${ledger}`);
  if (!isSame(ledger.waivers, report.waivers))
    throw refused('waivers-differ', 'the waivers are not those of the ledger');
  let count = 0;
  for (const scenario of report.scenarios) {
    for (const run of scenario.runs) count += checkRun({ files, report, ledger, scenario, run });
    for (const comparison of scenario.comparisons) count += await checkPairs(files, scenario, comparison);
  }
  const verdict = signoffVerdict(report);
  if (!isSame(verdict, report.verdict))
    throw refused(
      'verdict-differs',
      `the data come to "${verdict.headline}", the summary says "${report.verdict.headline}"`,
    );
  const source = readSourceList(contentOf(files, sourceListName).toString('utf8'));
  if (!source || source.length !== report.candidate.files)
    throw refused('data-invalid', `${sourceListName} is no list of the candidate's files`);
  if (!isSame(statementOf(report, files, source), statement))
    throw refused('statement-differs', 'the statement is not the one that the data make');
  checkPage(files, report, toolVersion);
  return count;
}

/** Only the version that wrote a page writes the same again; another one leaves it to the digest. */
function checkPage(files: BundleFiles, report: SignoffReport, toolVersion: string): void {
  const page = contentOf(files, pageName).toString('utf8');
  if (report.tool.version === toolVersion && page !== renderSignoffHtml(report))
    throw refused('page-differs', `${pageName} is not the page of this summary`);
}

interface RunCheck {
  readonly files: BundleFiles;
  readonly report: SignoffReport;
  readonly ledger: Ledger;
  readonly scenario: SignedScenario;
  readonly run: SignedRun;
}

function checkRun({ files, report, ledger, scenario, run }: RunCheck): number {
  const place = `${scenario.name} (${run.lane} lane)`;
  if (run.folder === null) {
    if (run.budgets.length > 0 || run.verdict.ok)
      throw refused('data-missing', `${place} has a verdict, and was not run`);
    return 0;
  }
  if (run.folder !== `runs/${scenario.name}/${run.lane}`)
    throw refused('data-invalid', `${place} names another run's folder`);
  const measurement = measurementOf(files, `${run.folder}/${measurementName}`);
  const stored = storedReport(files, `${run.folder}/report.json`);
  const { definition, thresholds } = run;
  const day = report.signedAt.slice(0, 10);
  const again = judgeRun({ scenario: scenario.name, report: stored, measurement, ledger, thresholds, definition, day });
  if (!isSame(again.report.figures, stored.figures))
    throw refused('figures-differ', `${place}: ${firstDifference(again.report.figures, stored.figures)}`);
  if (!isSame(again.report.budgets, stored.budgets))
    throw refused('budget-differs', `${place}: ${firstDifference(again.report.budgets, stored.budgets)}`);
  if (!isSame(again.report, stored))
    throw refused('verdict-differs', `${place}: the report has another verdict, lane or name than its data`);
  if (!isSame(again.run.budgets, run.budgets))
    throw refused('budget-differs', `${place}: ${firstDifference(again.run.budgets, run.budgets)}`);
  if (!isSame({ ...again.run, folder: run.folder }, run))
    throw refused('verdict-differs', `${place}: the data come to "${again.run.verdict.headline}"`);
  return 1;
}

async function checkPairs(files: BundleFiles, scenario: SignedScenario, comparison: SignedComparison): Promise<number> {
  const { result, folder } = comparison;
  const place = `${scenario.name} (${result.lane} lane)`;
  if (folder !== `pairs/${scenario.name}/${result.lane}`)
    throw refused('data-invalid', `${place} names another comparison's folder`);
  let again: ComparedScenario;
  try {
    again = await judgePairsAgain({
      ...comparison,
      scenario: scenario.name,
      lane: result.lane,
      pairs: result.pairs,
      measurementOf: (side, pair) => {
        const name = `${folder}/${pair}-${side}.json`;
        return files.has(name) ? measurementOf(files, name) : undefined;
      },
    });
  } catch (error) {
    if (error instanceof PairMissing) throw refused('data-missing', error.message);
    throw error;
  }
  // Call sites come from a run with another instrument, and decide nothing.
  if (!isSame({ ...again, sites: result.sites }, result))
    throw refused('comparison-differs', `${place}: ${firstDifference(again.metrics, result.metrics)}`);
  return 2 * result.pairs;
}

function measurementOf(files: BundleFiles, name: string): Measurement {
  const measurement = readMeasurement(parsed(contentOf(files, name), 'data-invalid', name));
  if (typeof measurement === 'string') throw refused('data-invalid', `${name}: ${measurement}`);
  return measurement;
}

function storedReport(files: BundleFiles, name: string) {
  const text = contentOf(files, name).toString('utf8');
  try {
    const report = readAnyReport(text);
    if (report.kind === 'run') return report;
  } catch (error) {
    throw refused('data-invalid', `${name}: ${(error as Error).message.slice(0, 300)}`);
  }
  throw refused('data-invalid', `${name} is no report of a run`);
}

function candidateRefusals(
  candidate: CandidateAtHand | undefined,
  report: SignoffReport,
  files: BundleFiles,
): Refusal[] {
  if (!candidate) return [];
  const differs = (text: string): Refusal[] => [{ reason: 'candidate-differs', text }];
  if (candidate.kind === 'package') {
    if (report.candidate.package?.sha256 === candidate.digest) return [];
    return differs(
      `the package is not the one that was signed off (${report.candidate.package?.name ?? 'no package was'})`,
    );
  }
  if (candidate.kind === 'commit') {
    if (report.candidate.commit === candidate.digest && !report.candidate.dirty) return [];
    return differs(`commit ${candidate.digest} was not signed off, but ${report.candidate.commit ?? 'no commit'}`);
  }
  const signed = new Map(
    readSourceList(contentOf(files, sourceListName).toString('utf8'))!.map((each) => [each.name, each.sha256]),
  );
  const changed = candidate.files
    .filter(({ name, sha256: digest }) => signed.get(name) !== digest)
    .map(({ name }) => name);
  const here = new Set(candidate.files.map(({ name }) => name));
  const gone = [...signed.keys()].filter((name) => !here.has(name));
  const all = [...changed, ...gone];
  return all.length === 0 ? [] : differs(`${all.length} files differ: ${all.slice(0, 5).join(', ')}`);
}

function contentOf(files: BundleFiles, name: string): Buffer {
  const content = files.get(name);
  if (!content) throw refused('data-missing', `${name} is missing`);
  return content;
}

function parsed(content: Buffer, reason: Reason, name: string): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    throw refused(reason, `${name} is no JSON`);
  }
}

/** As JSON has them: what is undefined is not there. */
const isSame = (a: unknown, b: unknown): boolean => isDeepStrictEqual(plain(a), plain(b));
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The first row that is not the same, in words. */
function firstDifference(
  again: readonly { readonly name: string }[],
  stored: readonly { readonly name: string }[],
): string {
  const row = again.find((each, at) => !isSame(each, stored[at])) ?? stored.at(-1);
  return `${row?.name ?? 'a row'} is not what the data say`;
}
