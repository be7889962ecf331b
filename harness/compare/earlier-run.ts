/**
 * Which version an earlier run measured, by its report. Only the name of the version is taken: figures of another day are never
 * the base.
 */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import { comparisonSchema } from '../../reports/comparison-schema.ts';
import { jsonIn } from './project-manifest.ts';

export interface EarlierRun {
  /** Its report. */
  readonly file: string;
  readonly commit: string | undefined;
  readonly dirty: boolean;
  readonly package: string | undefined;
  /** Of the version that `floodgate compare` built; undefined for other runs. */
  readonly key: string | undefined;
  /** Names of what was run. */
  readonly scenarios: readonly string[];
}

/** What a run of a project notes of its version, in `environment.extra`. */
export const commitNote = 'commit';
export const changesNote = ', with uncommitted changes';

const hexadecimal = v.pipe(v.string(), v.regex(/^[0-9a-f]{7,64}$/));
const named = v.object({ name: v.string() });
const comparison = v.object({
  kind: v.literal('comparison'),
  head: comparisonSchema.entries.head,
  scenarios: v.optional(v.array(named), []),
});
const environment = v.object({ extra: v.record(v.string(), v.string()) });
const gate = v.object({
  kind: v.literal('gate'),
  runs: v.pipe(v.array(v.object({ environment, scenario: v.optional(named) })), v.minLength(1)),
});

/**
 * @param place a folder of a report, or its JSON
 * @returns undefined where there is no report
 * @throws FloodgateError `version-unknown` for a report that does not say what it measured
 */
export function earlierRun(place: string): EarlierRun | undefined {
  const file = reportAt(place);
  if (file === undefined) return undefined;
  const value = jsonIn(file);
  const compared = v.safeParse(comparison, value);
  if (compared.success) {
    const { commit, dirty, package: named, key } = compared.output.head;
    if (commit === null && named === null && key === '')
      throw new FloodgateError(
        'version-unknown',
        `${file} is of a comparison that measured nothing: its versions were not built`,
        {
          hint: 'Its comparison.txt says why. Name an earlier run, a commit, a folder or a package.',
        },
      );
    const scenarios = compared.output.scenarios.map(({ name }) => name);
    return { file, commit: commit ?? undefined, dirty, package: named ?? undefined, key: key || undefined, scenarios };
  }
  const gated = v.safeParse(gate, value);
  const scenarios = gated.success ? gated.output.runs.flatMap(({ scenario }) => scenario?.name ?? []) : [];
  const note = gated.success ? gated.output.runs[0]!.environment.extra[commitNote] : undefined;
  const [commit = ''] = note?.split(',') ?? [];
  if (v.is(hexadecimal, commit)) {
    return { file, commit, dirty: note!.endsWith(changesNote), package: undefined, key: undefined, scenarios };
  }
  throw new FloodgateError('version-unknown', `${file} does not say which version it measured`, {
    hint: 'Runs of "floodgate compare" do, and those of "floodgate gate" in a git repository. Name a commit, a folder or a package.',
  });
}

function reportAt(place: string): string | undefined {
  if (!statSync(place).isDirectory()) return place.endsWith('.json') ? place : undefined;
  return ['comparison.json', 'report.json'].map((name) => path.join(place, name)).find((file) => existsSync(file));
}
