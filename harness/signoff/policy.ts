/** What the receiver of a bundle asks of it beyond that it is whole: a policy file, or the default. Pure. */
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { formatDuration } from '../../reports/format.ts';
import { isComparedWithItself, SIGNOFF_SCHEMA_VERSION, type SignoffReport, testsOf } from '../../reports/signoff.ts';
import { timeUnitPattern } from '../../reports/time-units.ts';
import { parseQuantity } from '../metrics/quantity.ts';
import { idleLimits } from './idle-limits.ts';
import { driverWords, otherDrivers } from './input-origin.ts';
import { unlistedWords } from './notes.ts';
import { listed, listedOf, type Refusal, shown } from './refusal.ts';
import { unheldFigures } from './unheld-figures.ts';
import { changeWords } from './working-list.ts';

const words = v.pipe(v.string(), v.minLength(1), v.maxLength(400));
const names = v.pipe(v.array(words), v.maxLength(1_000));

/** What a policy file may say; what it leaves out is not asked for, but for those with a default. */
const policySchema = v.strictObject({
  /** Limits that are broken. @default 0: none may be */
  allowFailed: v.optional(names, []),
  /** Limits that were not measured, or not decided. @default none may be */
  allowUndecided: v.optional(names, []),
  /** Limits that nothing can exceed. @default none may be */
  allowIdle: v.optional(names, []),
  /** Whether a waiver that has not ended is taken. @default true */
  allowWaivers: v.optional(v.boolean(), true),
  /** Whether a version of floodgate that is not known here may have made it: fewer checks are made of it. @default false */
  allowNewer: v.optional(v.boolean(), false),
  /** `30d`, `12h`: since it was signed. */
  maxAge: v.optional(
    v.pipe(
      v.string(),
      v.regex(new RegExp(`^\\d+(\\.\\d+)? *(${timeUnitPattern})$`), 'a time such as "12h" or "30d" is expected'),
    ),
  ),
  release: v.optional(words),
  /** Label of the release that it was compared with, or ten digits and more of its commit. */
  previous: v.optional(words),
  /**
   * Schema version, or a later one: bundles of an older one are judged by fewer checks.
   * @default any, where no judged figure rests on a check that is not made
   */
  schemaVersion: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(SIGNOFF_SCHEMA_VERSION))),
  /** The candidate is a commit or a package, with no changes; what drove it, and all of the working folder, is as its commit has it (for a package: as a commit has it). @default false */
  clean: v.optional(v.boolean(), false),
  /** True: there must be a comparison in every scenario; false: the candidate may be compared with itself. */
  compared: v.optional(v.boolean()),
  /** The whole of this set was run, with nothing left out. */
  set: v.optional(words),
  /** Each was run. */
  scenarios: v.optional(names),
  /** Each scenario was run in each of these. */
  lanes: v.optional(v.pipe(v.array(v.picklist(['tap', 'exact', 'load'])), v.maxLength(3))),
});

export type Policy = v.InferOutput<typeof policySchema>;

export const defaultPolicy: Policy = v.parse(policySchema, {});

/** @throws FloodgateError `policy-invalid` with the place of each fault */
export function checkPolicy(value: unknown, file: string): Policy {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
    throw new FloodgateError('policy-invalid', `${file} says nothing that a policy can say`, {
      hint: 'Write what it asks for by name, as "maxAge: 30d" or "compared: true" (docs/signoff.md), or leave --policy out for the default.',
    });
  const result = v.safeParse(policySchema, value);
  if (result.success) return result.output;
  const faults = result.issues.slice(0, 5).map((issue) => {
    const place = v.getDotPath(issue) ?? 'the policy';
    return `${place}: ${issue.expected === 'never' ? 'there is no such name' : issue.message}`;
  });
  throw new FloodgateError('policy-invalid', `${file}:\n  ${faults.join('\n  ')}`, {
    hint: `Names: ${Object.keys(policySchema.entries).join(', ')}; docs/signoff.md says what they mean.`,
  });
}

/** Clocks of two machines differ by so much without anyone being wrong. */
const clockToleranceMs = 5 * 60_000;

/** @param nowMs since the epoch @returns what the policy does not take, in the order in which a person mends it */
export function refusalsBy(policy: Policy, report: SignoffReport, nowMs: number): Refusal[] {
  return [
    ...outcomeRefusals(policy, report),
    ...waiverRefusals(policy, report, nowMs),
    ...ageRefusals(policy, report, nowMs),
    ...scopeRefusals(policy, report),
  ];
}

function outcomeRefusals({ allowFailed, allowUndecided, allowIdle }: Policy, report: SignoffReport): Refusal[] {
  const tests = testsOf(report);
  const refusals: Refusal[] = [];
  // A run and a comparison may be missing under one name.
  const namesOf = (outcome: string, allowed: readonly string[]) => [
    ...new Set(tests.flatMap((each) => (each.outcome === outcome && !allowed.includes(each.name) ? [each.name] : []))),
  ];
  const [over, open] = [namesOf('failed', allowFailed), namesOf('undecided', allowUndecided)];
  const why = whyNotRun(report);
  const unmeasured = open.filter((name) => !why.has(name));
  if (over.length > 0) refusals.push({ reason: 'failed', text: `failed: ${listed(over)}` });
  if (unmeasured.length > 0)
    refusals.push({ reason: 'undecided', text: `not measured or undecided: ${listed(unmeasured)}` });
  for (const name of [...over, ...open].filter((each) => why.has(each)).slice(0, notRunMax))
    refusals.push({ reason: 'not-run', text: `${name}: ${why.get(name)}` });
  const idle = idleLimits(report).filter(({ test }) => !allowIdle.includes(test));
  if (idle.length > 0) {
    const named = listed(idle.map(({ test, why }) => `${test} (${why})`));
    refusals.push({ reason: 'limit-idle', text: `nothing can exceed ${named}` });
  }
  if (tests.length === 0) refusals.push({ reason: 'undecided', text: 'no limit was judged' });
  // What no limit says: a run that was interrupted, for one.
  const isSaid = tests.some(({ outcome }) => outcome === 'failed' || outcome === 'undecided');
  if (!report.verdict.ok && !isSaid) refusals.push({ reason: 'failed', text: report.verdict.headline });
  return refusals;
}

/** As many scenarios as a person reads the words of. */
const notRunMax = 5;
const whyCharactersMax = 400;

/** In the words of whoever ended it, a load that failed for one: by the name of its test. */
function whyNotRun({ scenarios }: SignoffReport): ReadonlyMap<string, string> {
  return new Map(
    scenarios.flatMap(({ name, runs }) =>
      runs
        .filter(({ folder }) => folder === null)
        .map(({ lane, verdict }) => [`${name}/${lane}/run`, shown(verdict.headline, whyCharactersMax)] as const),
    ),
  );
}

function waiverRefusals({ allowWaivers }: Policy, report: SignoffReport, nowMs: number): Refusal[] {
  const today = new Date(nowMs).toISOString().slice(0, 10);
  const used = report.scenarios.flatMap(({ name, runs }) =>
    runs.flatMap(({ lane, budgets }) =>
      budgets.filter(({ state }) => state === 'waived').map((row) => ({ scenario: name, metric: row.name, lane })),
    ),
  );
  return used.flatMap(({ scenario, metric, lane }): Refusal[] => {
    const place = `${scenario}/${lane}/${metric}`;
    if (!allowWaivers) return [{ reason: 'waived', text: `${place} is over its limit, and waived` }];
    const waiver = report.waivers.find((each) => each.scenario === scenario && each.metric === metric);
    if (waiver !== undefined && waiver.until >= today) return [];
    const ended = waiver ? `ended on ${waiver.until}` : 'is not in the ledger';
    return [{ reason: 'waiver-expired', text: `the waiver of ${place} ${ended}` }];
  });
}

function ageRefusals({ maxAge }: Policy, { signedAt }: SignoffReport, nowMs: number): Refusal[] {
  const ageMs = nowMs - Date.parse(signedAt);
  if (ageMs < -clockToleranceMs) return [{ reason: 'from-the-future', text: `it was signed at ${signedAt}` }];
  if (maxAge === undefined || ageMs <= ageMsOf(maxAge)) return [];
  return [{ reason: 'too-old', text: `it was signed ${formatDuration(ageMs)} ago; the policy takes ${maxAge}` }];
}

function ageMsOf(text: string): number {
  return parseQuantity(text, 'maxAge', 'seconds') * 1000;
}

/** As short as pages and output print a commit. */
const commitDigitsMin = 10;
const commitShownDigits = 12;

function isNamed(text: string, version: SignoffReport['previous']): boolean {
  if (version === null) return false;
  const isCommit = text.length >= commitDigitsMin && /^[0-9a-f]+$/.test(text);
  return text === version.label || (isCommit && version.commit?.startsWith(text) === true);
}

/** What of the working folder nobody can check out again. Bundles of older schema versions say nothing of it. */
function uncommitted(report: SignoffReport): string[] {
  const { working } = report;
  if (working === undefined) return [];
  const { commit, unlisted, changed, changedCount } = working;
  return [
    ...(unlisted === undefined ? [] : [`the files of the working folder are in no list: ${unlistedWords[unlisted]}`]),
    ...(commit === null ? ['the working folder is of no commit'] : []),
    ...(changedCount > 0
      ? [`no commit has this of the working folder: ${listedOf(changed.map(changeWords), changedCount)}`]
      : []),
    ...otherwise(report),
  ];
}

/** Of a working folder at another commit than the candidate's: its files are no less a load's than those that were changed. */
function otherwise({ candidate, working }: SignoffReport): string[] {
  if (candidate.commit === null || working === undefined) return [];
  const { commit, unlisted, files, other, otherCount } = working;
  if (commit === null || commit === candidate.commit || unlisted !== undefined) return [];
  // Where none is another, and there are as many, they are the candidate's.
  const has =
    otherCount > 0 ? `otherwise than the candidate: ${listedOf(other, otherCount)}` : 'not all that the candidate has';
  return otherCount === 0 && files === candidate.files
    ? []
    : [
        `the working folder was at commit ${commit.slice(0, commitShownDigits)}, which has ${has}; check ${candidate.label} out and sign off there`,
      ];
}

function scopeRefusals(policy: Policy, report: SignoffReport): Refusal[] {
  const { release, candidate, previous, scope, scenarios } = report;
  const refusals: Refusal[] = [];
  const refuse = (reason: Refusal['reason'], text: string) => refusals.push({ reason, text });
  if (policy.schemaVersion !== undefined && report.schemaVersion < policy.schemaVersion)
    refuse('schema-older', `its schema version is ${report.schemaVersion}, not ${policy.schemaVersion} or later`);
  const unheld = policy.schemaVersion === undefined ? unheldFigures(report) : [];
  if (unheld.length > 0)
    refuse('schema-older', `of schema version ${report.schemaVersion}, these were not recomputed: ${listed(unheld)}`);
  if (policy.release !== undefined && policy.release !== release)
    refuse('release-differs', `it is of release ${release}`);
  if (policy.clean && (candidate.dirty || (candidate.commit === null && candidate.package === null)))
    refuse('not-clean', `the candidate, ${candidate.label}, is no commit as it stands, and no package`);
  const others = policy.clean ? otherDrivers(report) : [];
  if (others.length > 0)
    refuse('not-clean', `not as the candidate’s commit has it: ${listed(others.map(driverWords))}`);
  for (const text of policy.clean ? uncommitted(report) : []) refuse('not-clean', text);
  if (policy.previous !== undefined && !isNamed(policy.previous, previous)) {
    refuse('previous-differs', `it was compared with ${previous?.label ?? 'nothing'}, not with ${policy.previous}`);
  }
  if (policy.compared !== false && isComparedWithItself(report))
    refuse('not-compared', `compared with itself: ${previous?.label}`);
  if (policy.compared || policy.previous !== undefined) {
    const alone = scenarios.filter(({ comparisons }) => comparisons.length === 0).map(({ name }) => name);
    if (alone.length > 0) refuse('not-compared', `compared with nothing: ${listed(alone)}`);
  }
  if (policy.set !== undefined && (scope.set !== policy.set || scope.leftOut.length > 0)) {
    const left = scope.leftOut.length > 0 ? ` without ${listed(scope.leftOut)}` : '';
    const what = scope.set === null ? 'no set was run, but all scenarios, or some by name' : `the set is ${scope.set}`;
    refuse('set-differs', `${what}${left}, not ${scope.set === null ? 'the set ' : ''}${policy.set}`);
  }
  const missing = (policy.scenarios ?? []).filter(
    (name) => !scenarios.some((each) => each.name === name && each.runs.some(({ folder }) => folder !== null)),
  );
  if (missing.length > 0) refuse('scenario-missing', `not run: ${listed(missing)}`);
  for (const lane of policy.lanes ?? []) {
    const without = scenarios.filter(({ runs }) => !runs.some((run) => run.lane === lane && run.folder !== null));
    if (without.length > 0)
      refuse('lane-missing', `not run in the ${lane} lane: ${listed(without.map(({ name }) => name))}`);
  }
  return refusals;
}
