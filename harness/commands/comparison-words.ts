/** A comparison for a queue: which options ask for one, and the words that a worker starts each cell with. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import type { Manifest } from '../shards/manifest.ts';
import { type ComparedFlags, comparedDefaults } from './compare-whole.ts';
import type { ProjectGateFlags } from './project-gate.ts';
import { optionOf } from './shown-words.ts';

/** Options of `floodgate enqueue` that only a comparison has. */
const ofComparison = ['head', 'metric', 'threshold', 'maxPairs', 'maxTime', 'undecided', 'sites', 'seed'] as const;
/** And that only a gate has. */
const ofGate = ['set', 'quick', 'budget'] as const;

export type ComparisonWords = { readonly [Name in 'base' | (typeof ofComparison)[number]]?: ComparedFlags[Name] };

type Asked = ComparisonWords & Pick<ProjectGateFlags, 'only' | 'env' | (typeof ofGate)[number]>;

/** @returns undefined where a gate is asked for. @throws FloodgateError `option-invalid` for options of the other one */
export function askedComparison(flags: Asked): ComparedFlags | undefined {
  const { base, only, env } = flags;
  const needless = (base === undefined ? ofComparison : ofGate).find((name) => flags[name] !== undefined);
  if (needless !== undefined) {
    const [what, hint] =
      base === undefined
        ? ['a comparison, and nothing is compared', 'Add --base VERSION, or leave it out.']
        : ['a gate, and --base compares', 'Leave one of them out; --only chooses scenarios of a comparison.'];
    throw new FloodgateError('option-invalid', `${optionOf(needless)} is for ${what}`, { hint });
  }
  if (base === undefined) return undefined;
  const given = Object.fromEntries(
    ofComparison.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
  );
  return { ...comparedDefaults, ...given, ...(only && { only }), ...(env !== undefined && { env }), base };
}

/**
 * @param pinned the versions as every machine has them; left out: as they are typed, for whoever reads the report
 * @throws FloodgateError `option-invalid` for a version that no worker takes from a queue
 */
export function comparisonWords(flags: ComparedFlags, pinned?: Manifest['common']['comparison']): string[] {
  const { base, head, only = [], env, metric = [], threshold = [], maxPairs, maxTime, undecided, sites } = flags;
  const seed = pinned === undefined ? flags.seed : String(pinned.seed);
  const plain: readonly (readonly [string, string | undefined, string?])[] = [
    ['--head', pinned ? pinnedVersion(pinned.head) : head, comparedDefaults.head],
    ['--env', env],
    ['--max-pairs', maxPairs, comparedDefaults.maxPairs],
    ['--max-time', maxTime, comparedDefaults.maxTime],
    ['--undecided', undecided, comparedDefaults.undecided],
    ['--sites', sites, comparedDefaults.sites],
    ['--seed', seed],
  ];
  return [
    ...['--base', pinned ? pinnedVersion(pinned.base) : base],
    ...plain.flatMap(([option, value, usual]) => (value === undefined || value === usual ? [] : [option, value])),
    ...only.flatMap((name) => ['--only', name]),
    ...metric.flatMap((name) => ['--metric', name]),
    ...threshold.flatMap((text) => ['--threshold', text]),
  ];
}

type PinnedVersion = NonNullable<Manifest['common']['comparison']>['base'];

/** A worker runs what its own clone has: whoever can write into a queue could name any package. */
function pinnedVersion({ label, commit, dirty }: PinnedVersion): string {
  if (dirty) return '.';
  if (commit !== null) return commit;
  throw new FloodgateError('option-invalid', `${label} is no commit: workers take no package from a queue`, {
    hint: 'Name a commit, a branch or a tag; floodgate compare --shard takes packages as well.',
  });
}
