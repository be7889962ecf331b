/**
 * A bundle verified: who signed, that every file is as it was signed, that the data come to what the summary, the page and the statement
 * say, and that this is what the receiver asks for. Nothing behind a signature that does not fit is looked at. No clock, no network.
 */
import type { KeyObject } from 'node:crypto';
import { posix as path } from 'node:path';
import { counted } from '../../reports/counted.ts';
import { SIGNOFF_SCHEMA_VERSION, type SignoffReport } from '../../reports/signoff.ts';
import { knownFrames } from '../../reports/signoff-html.ts';
import { contentOf, parsed } from './bundle-content.ts';
import type { BundleFiles } from './bundle-room.ts';
import { checkData, type DataOrder } from './check-data.ts';
import type { Looked } from './check-page.ts';
import { envelopeName, openEnvelope } from './envelope.ts';
import { signoffVerdict } from './judge.ts';
import { type KeylessOrder, verifyKeyless } from './keyless.ts';
import { type Policy, refusalsBy } from './policy.ts';
import { listed, type Refusal, Refused, refused, shown } from './refusal.ts';
import {
  type FolderAtHand,
  readSourceList,
  type SourceFile,
  contentOf as sourceContent,
  sourceListName,
  withoutMode,
} from './source-list.ts';
import { manifestIn, predicateType, type Statement, sha256, statementType } from './statement.ts';
import { readSummary, summaryName } from './summary.ts';

export interface VerifyOrder {
  readonly files: BundleFiles;
  /** Public. */
  readonly key: KeyObject | undefined;
  /** A signature without a key, by a sigstore bundle; where a key is given as well, both have to fit. */
  readonly keyless?: KeylessOrder;
  readonly allowsUnsigned: boolean;
  readonly policy: Policy;
  /** What the candidate at hand is: digests of files by path, of a package, or a commit; undefined: it is not at hand. */
  readonly candidate: CandidateAtHand | undefined;
  readonly toolVersion: string;
  /** Whoever asks gets the page made anew, and reads that one. @default false */
  readonly makesPage?: boolean;
  /** Since the epoch. */
  readonly nowMs: number;
}

export type CandidateAtHand =
  | ({ readonly kind: 'source' } & FolderAtHand)
  | {
      readonly kind: 'package';
      readonly digest: string;
      /** Unpacked only where it is the one that was signed off. @throws FloodgateError */
      readonly files: () => readonly SourceFile[];
    }
  | { readonly kind: 'commit'; readonly digest: string };

export interface Verified {
  readonly refusals: readonly Refusal[];
  /** Null where it was not come so far, or not to be trusted. */
  readonly report: SignoffReport | null;
  /** Key that signed it, or who signed it without one; undefined where nobody did, or nothing to check it by was given. */
  readonly signedBy: string | undefined;
  /** What was checked, in order, each a sentence. */
  readonly checks: readonly string[];
  /** What was not looked at, or cannot be known: whoever reads it has to know. */
  readonly unchecked: readonly string[];
}

export async function verifyBundle(order: VerifyOrder): Promise<Verified> {
  const checks: string[] = [];
  const unchecked: string[] = [];
  let signedBy: string | undefined;
  try {
    const opened = openSigned(order);
    signedBy = opened.signedBy;
    checks.push(...opened.checks);
    unchecked.push(...opened.unchecked);
    checkManifest(order.files, opened.statement);
    const signed = counted(order.files.size - 1, 'file is as it was', 'files are as they were');
    checks.push(`${signed} signed, none more and none fewer`);
    const report = parseSummary(order.files);
    const { files, toolVersion, makesPage = false } = order;
    const { statement } = opened;
    const looked = await rulesOf(report.schemaVersion)({ files, report, statement, toolVersion, makesPage });
    checks.push(...looked.checks);
    unchecked.push(...looked.unchecked);
    checks.push(...candidateChecks(order.candidate, order.files));
    const isKnown = report.tool.version === toolVersion || Object.hasOwn(knownFrames(), report.tool.version);
    if (!isKnown && order.policy.allowNewer)
      unchecked.push(`${unknownVersion(report).text}: the policy takes it (allowNewer)`);
    const refusals = [
      ...candidateRefusals(order.candidate, report, order.files),
      ...refusalsBy(order.policy, report, order.nowMs),
      ...(isKnown || order.policy.allowNewer ? [] : [unknownVersion(report)]),
    ];
    // In our own words: those of another version were not recomputed.
    return { refusals, report: { ...report, verdict: signoffVerdict(report) }, signedBy, checks, unchecked };
  } catch (error) {
    return { refusals: refusalsIn(error), report: null, signedBy, checks, unchecked };
  }
}

/** Whoever writes the name of a version that is not there would end the checks that only a known one takes. */
const unknownVersion = ({ tool }: SignoffReport): Refusal => ({
  reason: 'version-unknown',
  text: `floodgate ${shown(tool.version, 40)} made it, which this version does not know`,
});

/** What nests too deeply, or is too long, for what looks at it is the bundle's fault. */
function refusalsIn(error: unknown): readonly Refusal[] {
  if (error instanceof Refused) return error.refusals;
  if (error instanceof RangeError)
    return [{ reason: 'data-invalid', text: `the data cannot be looked at: ${error.message}` }];
  throw error;
}

interface Opened extends Looked {
  readonly statement: Statement;
  readonly signedBy: string | undefined;
}

function openSigned({ files, key, keyless, allowsUnsigned }: VerifyOrder): Opened {
  const envelope = files.get(envelopeName);
  if (!envelope) {
    const below = [...files.keys()].find((name) => name.endsWith(`/${envelopeName}`));
    const hint = below === undefined ? '' : `, but stands in ${shown(path.dirname(below))}: give that folder`;
    throw refused('envelope-missing', `${envelopeName} is missing${hint}`);
  }
  const needsNoKey = keyless !== undefined && key === undefined;
  const opened = openEnvelope(envelope, { key, allowsUnsigned: allowsUnsigned || needsNoKey });
  const { payload } = opened;
  const checks = opened.signedBy ? [`signed by key ${opened.signedBy}`] : [];
  const signer = keyless && verifyKeyless(keyless, { envelope, payload });
  if (signer) checks.push(`signed without a key by ${signer}`);
  const unchecked = checks.length === 0 ? ['the signature was not checked: nobody answers for it'] : [];
  const statement = parsed(payload, 'statement-invalid', 'the statement', '') as Statement;
  if (statement?._type !== statementType) throw refused('statement-invalid', 'it is no in-toto Statement v1');
  if (statement.predicateType !== predicateType || !Array.isArray(statement.predicate?.configuration))
    throw refused('statement-invalid', 'its predicate is no test-result v0.1');
  return { statement, signedBy: opened.signedBy ?? signer, checks, unchecked };
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

type Rules = (order: DataOrder) => Promise<Looked>;

/** By schema version: a bundle is judged by the rules of its own. */
const rules: Readonly<Record<number, Rules>> = { 1: checkData, 2: checkData, 3: checkData, 4: checkData };

function rulesOf(schemaVersion: number): Rules {
  const found = rules[schemaVersion];
  if (!found) throw refused('schema-newer', `the rules of schema version ${schemaVersion} are not known`);
  return found;
}

function candidateRefusals(
  candidate: CandidateAtHand | undefined,
  report: SignoffReport,
  files: BundleFiles,
): Refusal[] {
  if (!candidate) return [];
  const differs = (text: string): Refusal[] => [{ reason: 'candidate-differs', text }];
  if (candidate.kind === 'package') {
    if (report.candidate.package?.sha256 !== candidate.digest)
      return differs(
        `the package is not the one that was signed off (${report.candidate.package?.name ?? 'no package was'})`,
      );
    // Whoever signs may name any file: what was measured is in the list.
    return otherFiles({ files: candidate.files(), fileOf: () => undefined }, report, files);
  }
  if (candidate.kind === 'commit') {
    if (report.candidate.commit === candidate.digest && !report.candidate.dirty) return [];
    return differs(`commit ${candidate.digest} was not signed off, but ${report.candidate.commit ?? 'no commit'}`);
  }
  return otherFiles(candidate, report, files);
}

function otherFiles(
  candidate: Pick<FolderAtHand, 'files' | 'fileOf'>,
  report: SignoffReport,
  files: BundleFiles,
): Refusal[] {
  const list = readSourceList(contentOf(files, sourceListName).toString('utf8'))!;
  const signed = new Map(list.map((each) => [each.name, each]));
  const byRules = (each: SourceFile) => (report.schemaVersion === 1 ? withoutMode(each) : each);
  const isSame = (a: SourceFile | undefined, b: SourceFile | undefined) =>
    a !== undefined && b !== undefined && sourceContent(byRules(a)) === sourceContent(byRules(b));
  const changed = candidate.files.filter((each) => !isSame(each, signed.get(each.name)));
  const here = new Set(candidate.files.map(({ name }) => name));
  // What is ignored, and was signed off all the same.
  const gone = list.filter((each) => !here.has(each.name) && !isSame(each, candidate.fileOf(each.name)));
  const all = [...changed, ...gone].map(({ name }) => name);
  if (all.length === 0) return [];
  const text = `${counted(all.length, 'file differs', 'files differ')}: ${all.slice(0, 5).join(', ')}`;
  return [{ reason: 'candidate-differs', text }];
}

/** Which files of the candidate at hand were looked at, and which were not. */
function candidateChecks(candidate: CandidateAtHand | undefined, files: BundleFiles): string[] {
  if (candidate?.kind === 'package') return ['the package at hand, and each file in it, were looked at'];
  if (candidate?.kind !== 'source') return [];
  const signed = new Set(readSourceList(contentOf(files, sourceListName).toString('utf8'))!.map(({ name }) => name));
  const here = new Set(candidate.files.map(({ name }) => name));
  const looked = here.size + [...signed].filter((name) => !here.has(name) && candidate.fileOf(name)).length;
  const unseen = candidate.ignored.filter((name) => !signed.has(name) && !here.has(name));
  const ignored = unseen.length > 0 ? `; ignored, and not looked at: ${listed(unseen)}` : '';
  return [
    `${counted(looked, 'file')} of the candidate ${looked === 1 ? 'was' : 'were'} looked at, packages not${ignored}`,
  ];
}
