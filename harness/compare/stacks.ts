/** What two versions allocate by the request as one call tree, base and head over each other. Pure. */
import type { FlameTree } from '../../reports/model.ts';
import { flameOf } from '../explain/suspects.ts';
import { byFunction } from '../profile/arithmetic.ts';
import { type Profile, sampleTypeIndex } from '../profile/profile.ts';
import { type CheckedOut, nameInProject } from './sites.ts';

export interface StacksByRequest {
  readonly profile: Profile;
  /** That the profile is of. */
  readonly requests: number;
}

/** A page of 1,500 pixels shows fewer. */
const nodesMax = 1_500;

/** Bytes a request. Lines move with every change above them: paths are those of functions. */
export function flameByRequest(base: StacksByRequest, head: StacksByRequest): FlameTree {
  const type = head.profile.sampleTypes[sampleTypeIndex(head.profile)]!.type;
  const tree = flameOf(byRequest(head), byRequest(base), type, nodesMax);
  const whole = (values: readonly number[]) => values.map((value) => Math.round(value * 100) / 100);
  return { ...tree, before: whole(tree.before), after: whole(tree.after) };
}

/** Of the same duration: requests are what both are brought to. */
function byRequest({ profile, requests }: StacksByRequest): Profile {
  const merged = byFunction(profile);
  return { ...merged, durationMs: 0, self: merged.self.map((column) => column.map((value) => value / requests)) };
}

/** Files as they are called in the project, wherever its version was checked out: see `inProject`. */
export function stacksInProject(profile: Profile, roots: readonly string[], place: CheckedOut): Profile {
  return { ...profile, sites: { ...profile.sites, file: profile.sites.file.map(nameInProject(roots, place)) } };
}

/** Functions as they are called in the other version. */
export function renamedStacks(
  { profile, requests }: StacksByRequest,
  called: (file: string, functionName: string) => { readonly file: string; readonly functionName: string },
): StacksByRequest {
  const names = profile.sites.file.map((file, at) => called(file, profile.sites.functionName[at]!));
  const [file, functionName] = [names.map((each) => each.file), names.map((each) => each.functionName)];
  return { profile: { ...profile, sites: { ...profile.sites, file, functionName } }, requests };
}
