/**
 * The whole of `signoff.json`: what a sign-off is written with, and what is made of a bundle again and compared with it, member by member.
 * What is raw in it is named here; nothing else is taken from a summary. Pure.
 */
import type { Lane, Note } from '../../reports/model.ts';
import {
  SIGNOFF_SCHEMA_VERSION,
  type SignedComparison,
  type SignedRun,
  type SignedScenario,
  type SignoffReport,
} from '../../reports/signoff.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { signoffVerdict } from './judge.ts';
import { notesOf } from './notes.ts';
import { isSame } from './same-values.ts';
import type { SourceFile } from './source-list.ts';
import { readSummary } from './summary.ts';
import { type WorkingFile, type WorkingPlace, workingFacts } from './working-list.ts';

export const toolName = 'floodgate';

/** By whoever signs off: what was ordered, of what, where and when. */
export interface RawSummary
  extends Pick<
    SignoffReport,
    'tool' | 'release' | 'previous' | 'startedAt' | 'signedAt' | 'command' | 'machine' | 'inputs'
  > {
  readonly candidate: Omit<SignoffReport['candidate'], 'files'>;
  readonly scope: Omit<SignoffReport['scope'], 'lanes'>;
  readonly working: WorkingPlace;
}

/** By the data. */
export interface MadeSummary {
  readonly scenarios: readonly SignedScenario[];
  readonly lanes: readonly Lane[];
  readonly ledger: Pick<Ledger, 'waivers'>;
  /** Of the candidate. */
  readonly source: readonly SourceFile[];
  readonly working: readonly WorkingFile[];
  /** Of the files of the bundle. */
  readonly names: Iterable<string>;
  /** What was not put into the bundle. */
  readonly leftOut: readonly Note[];
}

/** As it is read back: the page is made of what is verified. @returns why it is none, where it is not */
export function summaryOf(raw: RawSummary, made: MadeSummary): SignoffReport | string {
  const { candidate: unnumbered, scope, working, ...head } = raw;
  const { scenarios, lanes, ledger, source, names, leftOut } = made;
  const candidate = { ...unnumbered, files: source.length };
  const bare: Omit<SignoffReport, 'verdict' | 'notes'> = {
    kind: 'signoff',
    schemaVersion: SIGNOFF_SCHEMA_VERSION,
    ...head,
    candidate,
    scope: { ...scope, lanes },
    working: workingFacts(working, made.working, { candidate, source }),
    scenarios,
    waivers: ledger.waivers,
  };
  const notes = [...notesOf(bare, names), ...leftOut];
  return readSummary(JSON.parse(JSON.stringify({ ...bare, verdict: signoffVerdict(bare), notes })));
}

export function rawOf(report: SignoffReport): RawSummary {
  const { tool, release, previous, startedAt, signedAt, command, machine, inputs } = report;
  const { files: _, ...candidate } = report.candidate;
  const { lanes: __, ...scope } = report.scope;
  // A summary without one is of an older schema version, and is not made again.
  const { commit, folder, unlisted } = report.working ?? { commit: null, folder: '' };
  return {
    tool: { ...tool, name: toolName },
    release,
    candidate,
    previous,
    startedAt,
    signedAt,
    command,
    machine,
    scope,
    inputs,
    working: { commit, folder, unlisted },
  };
}

/** What was measured of a comparison beside its pairs, and the order that it was measured by. */
export type RawComparison = Omit<SignedComparison, 'folder' | 'result'>;

export function rawComparisonOf(comparison: SignedComparison): RawComparison {
  const { seed, pairsMax, repeats, thresholds, unfitPairs, lastFault, isCutShort, mayAnswerOtherwise } = comparison;
  const judged = { seed, pairsMax, repeats, thresholds, unfitPairs, lastFault, isCutShort };
  return { ...judged, ...(mayAnswerOtherwise && { mayAnswerOtherwise }) };
}

const notJudged = 'Not judged: ';

/** Of a scenario that could not be run, or compared: why. */
export function runNotJudged(lane: Lane, why: string, exitCode: number): SignedRun {
  const verdict = { ok: false, exitCode: exitCode === 1 ? 1 : 4, headline: `${notJudged}${why}` };
  return { lane, folder: null, definition: '', thresholds: {}, budgets: [], samples: {}, command: '', verdict };
}

/** Made again of nothing but why it was not. */
export function notJudgedAgain({ lane, verdict: { headline, exitCode } }: SignedRun): SignedRun {
  return runNotJudged(lane, headline.startsWith(notJudged) ? headline.slice(notJudged.length) : headline, exitCode);
}

/** @returns the first member that is not the same; undefined where all are */
export function otherMember(again: SignoffReport, said: SignoffReport): string | undefined {
  const names = Object.keys({ ...again, ...said }) as (keyof SignoffReport)[];
  return names.find((name) => !isSame(again[name], said[name]));
}
