/** What a comparison is of, before anything is checked out: its limits, its scenarios, and what its shards have in common. */
import { FloodgateError } from '../../agent/errors.ts';
import { comparedThresholds } from '../compare/thresholds.ts';
import { laneOf } from '../compare/version-cells.ts';
import { nameVersion } from '../compare/version-store.ts';
import { parseQuantity, parseWhole } from '../metrics/quantity.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import type { Manifest } from '../shards/manifest.ts';
import { described } from './comparison-report.ts';
import { chosenScenarios } from './project-gate.ts';
import { checkoutOf, shardCommon, type Tool } from './shard-whole.ts';

/** Options that say what is compared, and how it is judged. */
export interface ComparedFlags {
  readonly base: string;
  readonly head: string;
  readonly only?: readonly string[];
  readonly env?: string;
  readonly metric?: readonly string[];
  readonly threshold?: readonly string[];
  readonly maxPairs: string;
  readonly maxTime: string;
  readonly undecided: 'fail' | 'pass';
  readonly sites?: 'worse' | 'always' | 'never';
  readonly seed?: string;
}

export const comparedDefaults = {
  head: '.',
  maxPairs: '40',
  maxTime: '30min',
  undecided: 'fail',
  sites: 'worse',
} as const;

export interface ComparisonLimits {
  readonly pairsMax: number;
  readonly timeMaxMs: number;
  /** Of the order within pairs; undefined: none was given. */
  readonly seed: number | undefined;
}

/** @throws FloodgateError `option-invalid` */
export function comparisonLimits({ maxPairs, maxTime, seed }: ComparedFlags): ComparisonLimits {
  return {
    pairsMax: parseWhole(maxPairs, '--max-pairs', { min: 5, max: 64 }),
    timeMaxMs: parseQuantity(maxTime, '--max-time', 'seconds') * 1000,
    seed: seed === undefined ? undefined : parseWhole(seed, '--seed', { min: 0, max: 0xffff_ffff }),
  };
}

/** A wrong name is found before anything is checked out or measured. @throws FloodgateError `option-invalid` */
export function comparedScenarios(project: Project, flags: ComparedFlags): readonly ScenarioConfig[] {
  const scenarios = chosenScenarios(project, flags);
  for (const scenario of scenarios)
    comparedThresholds(project, scenario, laneOf(project, scenario), flags.env, flags.threshold ?? [], flags.metric);
  return scenarios;
}

/** What every shard has in common. @throws FloodgateError `version-unknown`, `option-invalid` for a version that is on this machine only */
export async function comparisonWhole(project: Project, flags: ComparedFlags, tool: Tool): Promise<Manifest['common']> {
  const { pairsMax, timeMaxMs, seed } = comparisonLimits(flags);
  const scenarios = comparedScenarios(project, flags);
  const { env = null, threshold = [], metric = [], undecided, sites = comparedDefaults.sites } = flags;
  const options = ['compare', env, threshold, metric, pairsMax, timeMaxMs, sites];
  const common = shardCommon(project, { ...tool, checkout: checkoutOf(project), scenarios, options, unlimited: [] });
  return {
    ...common,
    comparison: {
      base: await portable(project, flags.base),
      head: await portable(project, flags.head),
      // The same on every machine, and another one for another question.
      seed: seed ?? Number.parseInt(common.configuration.slice(0, 8), 16),
      undecided,
    },
  };
}

async function portable({ folder, config }: Project, label: string) {
  const build = config.build === undefined ? undefined : [config.build].flat();
  const { version, origin } = await nameVersion(label, { folder, build, isParked: () => true });
  if (origin.kind !== 'folder' && origin.kind !== 'parked') return described(version);
  throw new FloodgateError('option-invalid', `${label} is on this machine only: no other shard has it`, {
    hint: 'Name a commit, a branch, a tag or a package.',
  });
}
