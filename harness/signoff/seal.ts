/**
 * Makes a bundle of what was measured: texts redacted, everything judged by the functions that `verify` judges with, page and statement
 * written, signed, searched for secrets. Pure, but for files of the measurements that it reads.
 */

import type { KeyObject } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { Note } from '../../reports/model.ts';
import type { SignedComparison, SignedInput, SignedRun, SignedScenario, SignoffReport } from '../../reports/signoff.ts';
import { renderSignoffHtml } from '../../reports/signoff-html.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Redactor } from '../redaction/redactor.ts';
import { readMeasurement } from '../report/measured-again.ts';
import { type Measurement, measurementName } from '../report/measurement.ts';
import type { BundleFiles } from './bundle-room.ts';
import { envelopeName, sealStatement } from './envelope.ts';
import { findSecret } from './find-secret.ts';
import { isSnapshot } from './heap-snapshots.ts';
import { judgePairsAgain, judgeRun } from './judge.ts';
import { fileBytesMax, snapshotsBytesMax } from './limits.ts';
import type { MeasuredComparison, MeasuredRun, MeasuredScenario } from './measure.ts';
import { snapshotsLeftOut } from './notes.ts';
import { readSourceList, sourceListName } from './source-list.ts';
import { statementOf } from './statement.ts';
import { ledgerFileName, pageName, printName, projectName, summaryName, trafficName } from './summary.ts';
import { type RawSummary, runNotJudged, summaryOf } from './summary-again.ts';
import type { WorkingFolder } from './working-folder.ts';
import { workingListName, workingListText } from './working-list.ts';

export interface SealOrder {
  readonly head: Omit<RawSummary, 'inputs' | 'working'>;
  readonly measured: readonly MeasuredScenario[];
  readonly ledger: Ledger;
  /** What a rerun takes: targets and scenarios. */
  readonly project: object;
  readonly inputs: readonly SignedInput[];
  readonly sourceList: string;
  /** That it was driven from, as it was from beginning to end. */
  readonly working: WorkingFolder;
  readonly pairs: Pick<SignedComparison, 'seed' | 'pairsMax'>;
  /** Private; undefined: nobody answers for it. */
  readonly key: KeyObject | undefined;
  readonly redactor: Redactor;
  /** The page as paper has it; undefined where there is no browser to print it. */
  readonly print: (page: string) => Promise<Buffer | undefined>;
}

/** @throws FloodgateError `secret-found` where a secret is left */
export async function sealBundle(order: SealOrder): Promise<{ files: BundleFiles; report: SignoffReport }> {
  const files: BundleFiles = new Map();
  const ledger = order.redactor.value(order.ledger);
  const notes: Note[] = [];
  const scenarios: SignedScenario[] = [];
  for (const { scenario, runs, comparisons } of order.measured) {
    const signed = runs.map((run) => sealRun(order, { files, notes }, ledger, scenario.name, run));
    const compared: SignedComparison[] = [];
    for (const comparison of comparisons) {
      const { outcome, lane } = comparison;
      if ('failure' in outcome) signed.push(notRun(lane, outcome.failure, order.redactor));
      else compared.push(await sealPairs(order, files, scenario.name, { lane, outcome }));
    }
    scenarios.push({ name: scenario.name, runs: signed, comparisons: compared });
  }
  const source = readSourceList(order.sourceList) ?? [];
  const { place, files: working } = order.working;
  const report = summaryOf(
    { ...order.redactor.value(order.head), inputs: order.redactor.value(order.inputs), working: place },
    {
      ...{ scenarios, ledger, leftOut: notes, names: files.keys(), source, working },
      lanes: [...new Set(order.measured.flatMap(({ runs }) => runs.map(({ lane }) => lane)))],
    },
  );
  if (typeof report === 'string') throw mistake(`${summaryName}: ${report}`);
  put(files, summaryName, report);
  put(files, ledgerFileName, ledger);
  put(files, projectName, order.redactor.value(order.project));
  files.set(sourceListName, Buffer.from(order.sourceList));
  if (place.unlisted === undefined) files.set(workingListName, Buffer.from(workingListText(working)));
  refuseSecrets(files, order.redactor);
  const page = renderSignoffHtml(report);
  files.set(pageName, Buffer.from(page));
  const print = await order.print(page);
  if (print) files.set(printName, print);
  files.set(envelopeName, sealStatement(statementOf(report, files, source), order.key));
  return { files, report };
}

function put(files: BundleFiles, name: string, value: unknown): void {
  files.set(name, Buffer.from(`${JSON.stringify(value)}\n`));
}

function sealRun(
  { redactor, head }: SealOrder,
  { files, notes }: { readonly files: BundleFiles; readonly notes: Note[] },
  ledger: Ledger,
  scenario: string,
  { lane, thresholds, outcome }: MeasuredRun,
): SignedRun {
  if ('failure' in outcome) return notRun(lane, outcome.failure, redactor);
  const folder = `runs/${scenario}/${lane}`;
  const measurement = measurementIn(path.join(outcome.folder, measurementName), redactor);
  const { report, run } = judgeRun({
    scenario,
    report: redactor.value(outcome.report),
    measurement,
    ledger,
    thresholds: Object.fromEntries(thresholds),
    definition: outcome.definition,
    day: head.signedAt.slice(0, 10),
  });
  put(files, `${folder}/report.json`, report);
  put(files, `${folder}/${measurementName}`, measurement);
  const traffic = path.join(outcome.folder, trafficName);
  const leftOut = putSnapshots(files, folder, outcome.folder);
  if (leftOut > 0) {
    notes.push(snapshotsLeftOut(scenario, lane, leftOut));
  }
  if (existsSync(traffic))
    files.set(`${folder}/${trafficName}`, Buffer.from(redactor.text(readFileSync(traffic, 'utf8'))));
  return { ...run, folder };
}

/** Only there where they were asked for: nothing can be taken out of them. @returns how many do not fit, and are left out */
function putSnapshots(files: BundleFiles, folder: string, from: string): number {
  let leftOut = 0;
  let bytes = [...files].reduce((sum, [name, content]) => sum + (isSnapshot(name) ? content.length : 0), 0);
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' }).filter(isSnapshot)) {
    const { size } = statSync(path.join(from, name));
    if (size > fileBytesMax || bytes + size > snapshotsBytesMax) {
      leftOut += 1;
      continue;
    }
    bytes += size;
    files.set(`${folder}/${name.replaceAll(path.sep, '-')}`, readFileSync(path.join(from, name)));
  }
  return leftOut;
}

async function sealPairs(
  { redactor, pairs }: SealOrder,
  files: BundleFiles,
  scenario: string,
  {
    lane,
    outcome,
  }: { lane: MeasuredComparison['lane']; outcome: Exclude<MeasuredComparison['outcome'], { failure: unknown }> },
): Promise<SignedComparison> {
  const { facts, result } = outcome;
  const folder = `pairs/${scenario}/${lane}`;
  const measurements = new Map<string, Measurement>();
  for (let pair = 1; pair <= result.pairs; pair += 1) {
    for (const side of ['base', 'head'] as const) {
      const measurement = measurementIn(path.join(outcome.folder, `${pair}-${side}`, measurementName), redactor);
      measurements.set(`${pair}-${side}`, measurement);
      put(files, `${folder}/${pair}-${side}.json`, measurement);
    }
  }
  const judged = {
    ...pairs,
    repeats: facts.repeats,
    thresholds: Object.fromEntries(facts.thresholds),
    unfitPairs: facts.unfitPairs,
    lastFault: redactor.text(facts.lastFault),
    isCutShort: facts.isCutShort,
    ...(facts.mayAnswerOtherwise && { mayAnswerOtherwise: true }),
  };
  const again = await judgePairsAgain({
    ...judged,
    ...{ scenario, lane, pairs: result.pairs },
    measurementOf: (side, pair) => measurements.get(`${pair}-${side}`),
  });
  return { folder, ...judged, result: { ...again, sites: redactor.value(result.sites) } };
}

function measurementIn(file: string, redactor: Redactor): Measurement {
  const read = readMeasurement(redactor.value(JSON.parse(readFileSync(file, 'utf8'))));
  if (typeof read !== 'string') return read;
  throw mistake(`${file}: ${read}`);
}

function mistake(text: string): FloodgateError {
  return new FloodgateError('signoff-failed', text, { hint: 'This is a mistake of floodgate: report it.' });
}

/** Of why a run was not judged; a text that is cut before its secrets are taken out keeps halves of them. */
const whyCharactersMax = 2_000;

/** A scenario that could not be run is no pass; one whose candidate died has failed. */
export function notRun(
  lane: SignedRun['lane'],
  { message, hint, exitCode }: FloodgateError,
  redactor: Redactor,
): SignedRun {
  const why = redactor.text(`${oneLine(message).replace(/\.+$/, '')}. ${oneLine(hint)}`).slice(0, whyCharactersMax);
  return runNotJudged(lane, why, exitCode);
}

/** What a program printed has lines, of which a sentence has none. */
const oneLine = (text: string) =>
  text.trim().replaceAll(/([.!?:,;])?\s*\n\s*/g, (_, end: string | undefined) => `${end ?? '.'} `);

function refuseSecrets(files: BundleFiles, redactor: Redactor): void {
  for (const [name, content] of files) if (!isSnapshot(name)) refuseSecretIn(name, content, redactor);
}

/** @throws FloodgateError `secret-found` */
export function refuseSecretIn(name: string, content: Buffer, redactor: Redactor): void {
  const place = findSecret(name, content, redactor);
  if (place === undefined) return;
  const whose = { [sourceListName]: 'the candidate', [workingListName]: 'the working folder' }[name];
  const [what, remedy] =
    whose !== undefined
      ? [`the name of a file of ${whose}`, 'Rename the file']
      : [name, 'Take it out of the scenario or the file name'];
  throw new FloodgateError('secret-found', `${what} holds what looks like a secret: ${place}`, {
    hint: `Nothing was written. ${remedy}, and sign off again.`,
  });
}
