/** What a shard of a gate says of the whole that it is a part of. */
import { FloodgateError } from '../../agent/errors.ts';
import type { Note } from '../../reports/model.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Project } from '../project/find-config.ts';
import type { ScenarioConfig } from '../project/scenario-schema.ts';
import { differenceOf } from '../shards/merge-partials.ts';
import { configurationHash, type Manifest, readManifest } from '../shards/partial.ts';
import type { Shard } from '../shards/shard-choice.ts';
import { commandLine } from './shown-words.ts';

/** The version of the project that is measured. */
export interface Checkout {
  /** Null outside of a repository. */
  readonly commit: string | null;
  /** Whether the folder differs from the commit. */
  readonly dirty: boolean;
}

export interface Whole extends Checkout {
  readonly env?: string;
  readonly budget?: readonly string[];
  readonly scenarios: readonly ScenarioConfig[];
  readonly ledger: Ledger;
  /** Names of scenarios that no limit judges. */
  readonly unlimited: readonly string[];
  readonly toolVersion: string;
  /** As it is typed, with what each shard says for itself. @default this process's own */
  readonly command?: string;
}

/** What every shard of this gate has in common, whichever machine it runs on. */
export function shardCommon(project: Project, whole: Whole): Manifest['common'] {
  const { commit, dirty, scenarios, ledger, unlimited, toolVersion, env = null, budget = [] } = whole;
  // Where it is stored, and what hands out its cells, changes nothing that is measured.
  const { store: _, queue: __, ...config } = project.config;
  return {
    floodgate: toolVersion,
    commit,
    dirty,
    configuration: configurationHash([config, scenarios, ledger, env, budget]),
    command: wholeCommand(whole.command ?? commandLine()),
    cells: scenarios.map(({ name }) => name),
    unlimited: [...unlimited],
  };
}

/** Without what each shard says for itself. */
function wholeCommand(command: string): string {
  return command.replaceAll(/ --(shard|out|part-of)(=| )('[^']*'|\S+)/g, '');
}

/**
 * @param folder of a shard. How it was typed may differ: what the options change is in the rest
 * @throws FloodgateError `shards-differ` where this machine would measure a part of something else
 */
export function refuseOtherWhole(folder: string, own: Manifest['common']): void {
  const difference = differenceOf(readManifest(folder).common, own, 'command');
  if (difference === undefined) return;
  throw new FloodgateError('shards-differ', `--part-of ${folder}: this is another ${difference}`, {
    hint: 'Nothing was measured. Check out the same commit, with the same floodgate and options.',
  });
}

export function shardNote({ index, count }: Shard, own: number, all: number): Note {
  const text = `shard ${index} of ${count}: ${own} of ${all} scenarios; floodgate merge judges the whole`;
  return { severity: 'info', text };
}
