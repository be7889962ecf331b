/** Ways to bend a bundle, and the bundle verified: what the tables of `verify`, `bent-by-signer` and `bent-together.test.ts` are made of. */
import type { KeyObject } from 'node:crypto';
import type { RunReport } from '../../reports/model.ts';
import type { SignoffReport } from '../../reports/signoff.ts';
import { renderSignoffHtml } from '../../reports/signoff-html.ts';
import type { Measurement } from '../report/measurement.ts';
import { ledger, release, signedAt } from './bundle-fixture.ts';
import type { BundleFiles } from './bundle-room.ts';
import { envelopeName, sealStatement } from './envelope.ts';
import { judgeRun, signoffVerdict } from './judge.ts';
import { notesOf } from './notes.ts';
import { defaultPolicy } from './policy.ts';
import type { Reason } from './refusal.ts';
import { readSourceList, type SourceFile } from './source-list.ts';
import { type Statement, statementOf } from './statement.ts';
import { readSummary } from './summary.ts';
import { type VerifyOrder, verifyBundle } from './verify.ts';
import { workingListName } from './working-list.ts';

export const dayMs = 86_400_000;

export const verified = (files: BundleFiles, order: Partial<VerifyOrder> = {}) =>
  verifyBundle({
    files,
    key: release.publicKey,
    allowsUnsigned: false,
    policy: defaultPolicy,
    candidate: undefined,
    toolVersion: '0.1.0',
    nowMs: Date.parse(signedAt) + dayMs,
    ...order,
  });

/** A folder with these files, of which none is ignored. */
export const atHand = (files: readonly SourceFile[]) =>
  ({
    kind: 'source',
    files,
    ignored: [],
    fileOf: (name: string) => files.find((each) => each.name === name),
  }) as const;

export type Bend = (files: BundleFiles) => void;
export type Row = readonly [name: string, bend: Bend, reason: Reason, order?: Partial<VerifyOrder>];

/** Of these files, bent. */
export async function refusalsOf(files: BundleFiles, bend: Bend, order: Partial<VerifyOrder> = {}) {
  const bent: BundleFiles = new Map(files);
  bend(bent);
  return (await verified(bent, order)).refusals;
}

export const read = <T>(files: BundleFiles, name: string): T => JSON.parse(files.get(name)!.toString());
export const write = (files: BundleFiles, name: string, value: unknown) =>
  files.set(name, Buffer.from(`${JSON.stringify(value)}\n`));
export const edit =
  <T>(name: string, change: (value: T) => void): Bend =>
  (files) => {
    const value = read<T>(files, name);
    change(value);
    write(files, name, value);
  };
export const both =
  (...bends: Bend[]): Bend =>
  (files) => {
    for (const bend of bends) bend(files);
  };

/** As whoever has the right key would lie: the statement and the page are made of what the bundle says now. */
export const signedAgain = (...bends: Bend[]): Bend => both(...bends, sealAgain(release.privateKey));
export const sealAgain =
  (key: KeyObject | undefined): Bend =>
  (files) => {
    const report = read<SignoffReport>(files, 'signoff.json');
    files.set('signoff.html', Buffer.from(renderSignoffHtml(report)));
    stateAgain(key)(files);
  };
/** The statement alone. */
export const stateAgain =
  (key: KeyObject | undefined, change: (statement: Mutable<Statement>) => void = () => {}): Bend =>
  (files) => {
    const report = read<SignoffReport>(files, 'signoff.json');
    const source = readSourceList(files.get('candidate.sha256')?.toString() ?? '') ?? [];
    const statement = JSON.parse(JSON.stringify(statementOf(report, files, source)));
    change(statement);
    files.set(envelopeName, sealStatement(statement, key));
  };
// biome-ignore lint/suspicious/noExplicitAny: a statement is bent in every place
export type Mutable<_> = any;
// biome-ignore lint/suspicious/noExplicitAny: as is a summary
export const summary = (change: (report: any) => void): Bend => edit('signoff.json', change);
/** As one of an older schema version has it: nothing of the working folder. */
export const ofSchema = (schemaVersion: number): Bend =>
  both(
    summary((all) => {
      all.schemaVersion = schemaVersion;
      delete all.working;
    }),
    (files) => void files.delete(workingListName),
  );
export const envelope = (change: (envelope: Mutable<unknown>) => void): Bend => edit(envelopeName, change);

export const flip =
  (name: string, at: (length: number) => number): Bend =>
  (files) => {
    const content = Buffer.from(files.get(name)!);
    content[at(content.length)]! ^= 1;
    files.set(name, content);
  };
export const swap =
  (a: string, b: string): Bend =>
  (files) => {
    const [first, second] = [files.get(a)!, files.get(b)!];
    files.set(a, second).set(b, first);
  };

/** Files to another folder, or away. */
export const move =
  (from: string, to?: string): Bend =>
  (files) => {
    for (const [name, content] of [...files]) {
      if (!name.startsWith(from)) continue;
      files.delete(name);
      if (to !== undefined) files.set(name.replace(from, to), content);
    }
  };

/** As the source has it: report, summary, notes and verdict are written anew, of the raw data as they are now. */
export const judgedAgain = (...bends: Bend[]): Bend =>
  both(...bends, (files) => {
    const signed = read<Mutable<SignoffReport>>(files, 'signoff.json');
    const [first] = signed.scenarios[0].runs;
    const again = judgeRun({
      ...{ scenario: 'steady', ledger, thresholds: first.thresholds, definition: first.definition },
      report: read<RunReport>(files, `${run}/report.json`),
      measurement: read<Measurement>(files, `${run}/measurement.json`),
      day: signedAt.slice(0, 10),
    });
    write(files, `${run}/report.json`, again.report);
    signed.scenarios[0].runs[0] = { ...again.run, folder: run };
    signed.verdict = signoffVerdict(signed);
    signed.notes = notesOf(signed, files.keys());
    write(files, 'signoff.json', readSummary(JSON.parse(JSON.stringify(signed))));
  });

export const run = 'runs/steady/exact';
export const pairs = 'pairs/steady/exact';
export const measurement = (name: string, change: (value: Mutable<Measurement>) => void): Bend => edit(name, change);
export const report = (change: (value: Mutable<RunReport>) => void): Bend => edit(`${run}/report.json`, change);
