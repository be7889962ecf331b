/** What stands in the summary of a sign-off alone, and goes by rules of its own: versions, a busy machine, call sites, the list of the source. Pure. */
import * as v from 'valibot';
import type { ComparedSite } from '../../reports/comparison.ts';
import { comparedSite } from '../../reports/comparison-schema.ts';
import { printable } from '../../reports/format.ts';
import type { SourceExcerpt } from '../../reports/model.ts';
import type { PreviousVersion, SignedComparison, SignoffReport } from '../../reports/signoff.ts';
import { isFaultOfMachine, isMovedByNeighbours } from '../compare/fitness.ts';
import { isWalked } from './digest-lines.ts';
import { shown } from './refusal.ts';
import type { SourceFile } from './source-list.ts';
import type { Schemas } from './summary.ts';

const releaseCharactersMax = 200;

/** It stands on the page, in the statement and in terminals. */
export const isRelease = (name: string): boolean =>
  name.trim() !== '' && printable(name, releaseCharactersMax) === name;

export function releaseFault({ release }: SignoffReport): string | undefined {
  return isRelease(release) ? undefined : 'no release has such a name';
}

/** Whether a version is named by where it lies: what is named otherwise is a commit, a tag, a package, and has no changes. */
export const isPathLabel = (label: string): boolean => label === '.' || /[/\\]/.test(label);

export function versionFault({ candidate, previous }: SignoffReport): string | undefined {
  const versions: readonly PreviousVersion[] = [candidate, ...(previous ? [previous] : [])];
  const other = versions.find(
    ({ label, commit, dirty, package: packed }) =>
      (packed && (commit !== null || dirty)) || (dirty && !isPathLabel(label)),
  );
  return (
    other && `${shown(other.label)} has ${other.dirty ? 'changes' : 'a commit'}, and is named as one that has none`
  );
}

export function fitnessFault({ scenarios }: SignoffReport): string | undefined {
  const all = scenarios.flatMap(({ name, comparisons }) => comparisons.map((each) => ({ name, ...each })));
  const other = all.find((each) => !isFitness(each));
  return other && `pairs of ${other.name} on a busy machine are not as floodgate counts them`;
}

function isFitness({ thresholds, unfitPairs, lastFault, result }: SignedComparison): boolean {
  const isAsked = Object.keys(thresholds).some(isMovedByNeighbours);
  if (unfitPairs === 0 || !isAsked) return unfitPairs === 0 && lastFault === '';
  return unfitPairs <= result.pairs && lastFault.split(', ').every(isFaultOfMachine);
}

const text = v.string();
const line = v.pipe(v.number(), v.integer(), v.minValue(0));
/** As it was written: the compiler refuses a list that lacks a member. */
const source = v.strictObject({
  ...{ file: text, line, alsoMeant: v.optional(v.array(line)), firstLine: line, lines: v.array(text), note: text },
  of: v.picklist(['suspect', 'keeper']),
} satisfies Schemas<SourceExcerpt>);
const site = v.strictObject({
  ...comparedSite.entries,
  source: v.nullable(source),
} satisfies Schemas<ComparedSite>);

export function sitesFault({ scenarios }: SignoffReport): string | undefined {
  const all = scenarios.flatMap(({ name, comparisons }) => comparisons.map(({ result }) => ({ ...result, name })));
  const other = all.find(
    ({ metrics, sites }) =>
      (sites.length > 0 && !metrics.some(({ decision }) => decision === 'worse')) || !v.is(v.array(site), sites),
  );
  return other && `call sites of ${other.name} are none that a comparison has`;
}

export function sourceFault(_: SignoffReport, files: readonly SourceFile[]): string | undefined {
  return isWalked(files) ? undefined : 'its list of files is not as floodgate walks a source';
}
