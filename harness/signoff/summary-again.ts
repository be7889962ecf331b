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
import { readSummary } from './summary.ts';

export const toolName = 'floodgate';

/** By whoever signs off: what was ordered, of what, where and when. */
export interface RawSummary
  extends Pick<
    SignoffReport,
    'tool' | 'release' | 'previous' | 'startedAt' | 'signedAt' | 'command' | 'machine' | 'inputs'
  > {
  readonly candidate: Omit<SignoffReport['candidate'], 'files'>;
  readonly scope: Omit<SignoffReport['scope'], 'lanes'>;
}

/** By the data. */
export interface MadeSummary {
  readonly scenarios: readonly SignedScenario[];
  readonly lanes: readonly Lane[];
  readonly ledger: Pick<Ledger, 'waivers'>;
  /** Files of the candidate's source. */
  readonly sourceFiles: number;
  /** Of the files of the bundle. */
  readonly names: Iterable<string>;
  /** What was not put into the bundle. */
  readonly leftOut: readonly Note[];
}

/** As it is read back: the page is made of what is verified. @returns why it is none, where it is not */
export function summaryOf(raw: RawSummary, made: MadeSummary): SignoffReport | string {
  const { candidate, scope, ...head } = raw;
  const { scenarios, lanes, ledger, sourceFiles, names, leftOut } = made;
  const bare: Omit<SignoffReport, 'verdict' | 'notes'> = {
    kind: 'signoff',
    schemaVersion: SIGNOFF_SCHEMA_VERSION,
    ...head,
    candidate: { ...candidate, files: sourceFiles },
    scope: { ...scope, lanes },
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
