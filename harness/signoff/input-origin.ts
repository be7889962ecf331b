/** Where the files that drove a sign-off came from, and which of them are not as the candidate has them. Pure. */
import type { SignedInput, SignoffReport } from '../../reports/signoff.ts';
import { ofCandidate, ofCommit, ofFolder, ofPackages } from './origin-words.ts';
import type { SourceFile } from './source-list.ts';

/** Files that drive it are listed from this schema version on. */
export const listsDriversFrom = 4;

type Named = Pick<SignedInput, 'name' | 'sha256'>;

/**
 * Whether the candidate's source has the very file: `load.mjs` of a project may be `services/shop/load.mjs` there. Whoever verifies
 * comes to the same by the list.
 */
export function isInSource({ name, sha256 }: Named, source: readonly SourceFile[]): boolean {
  const own = name.replace(/^(?:\.\.\/)+/, '');
  return source.some((each) => each.sha256 === sha256 && (each.name === own || each.name.endsWith(`/${own}`)));
}

/**
 * What drove the release and is not as the candidate's commit has it. A package has no commit, nor loads: what the working folder's own
 * commit has is taken there.
 */
export function otherDrivers({ candidate, inputs }: Pick<SignoffReport, 'candidate' | 'inputs'>): SignedInput[] {
  const isTaken = ({ from }: SignedInput) =>
    from === undefined ||
    from === ofCandidate ||
    from === ofPackages ||
    (candidate.commit === null && candidate.package !== null && from.startsWith(ofCommit));
  return inputs.filter((each) => !isTaken(each));
}

/** `load.mjs (working folder, not committed)`: as a person reads it. */
export function driverWords({ name, from = '' }: SignedInput): string {
  const words =
    from === ofFolder ? 'not committed' : from.startsWith(ofCommit) ? from.slice(0, ofCommit.length + 12) : from;
  return `${name} (${words})`;
}

/** What a summary says of them that its list of the candidate's files does not. */
export function inputsFault(
  { inputs }: Pick<SignoffReport, 'inputs'>,
  source: readonly SourceFile[],
): string | undefined {
  const other = inputs.find((each) => (each.from === ofCandidate) !== isInSource(each, source));
  if (other !== undefined) return `${other.name} came from elsewhere than the summary says`;
  const names = inputs.map(({ name }) => name);
  return new Set(names).size === names.length ? undefined : 'a file that drove it stands twice in it';
}
