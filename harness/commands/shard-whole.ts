/** What a shard of a gate, or of a comparison, says of the whole that it is a part of. */
import { createHash } from 'node:crypto';
import { FloodgateError } from '../../agent/errors.ts';
import { errorSentence } from '../compare/floodgate-process.ts';
import { commitOf } from '../compare/git.ts';
import { type ChangedFile, changedFiles, changesDigest, hasChanges } from '../compare/version-files.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import { type CellFailure, changedFilesMax, type Manifest } from '../shards/manifest.ts';
import { differenceOf } from '../shards/merge-partials.ts';
import { configurationHash, readManifest } from '../shards/partial.ts';
import { parseShard, type Shard } from '../shards/shard-choice.ts';
import { commandLine } from './shown-words.ts';

/** The version of the project that is measured. */
export interface Checkout {
  /** Null outside of a repository. */
  readonly commit: string | null;
  /** Whether the folder differs from the commit. */
  readonly dirty: boolean;
  /** Of the files that git knows, by content; empty where there is no commit. */
  readonly changed: readonly ChangedFile[];
}

export function checkoutOf({ folder }: Project): Checkout {
  const commit = commitOf(folder, 'HEAD') ?? null;
  return { commit, dirty: hasChanges(folder), changed: commit === null ? [] : changedFiles(folder) };
}

/** What is measured, and by what. */
export interface Tool {
  readonly toolVersion: string;
  /** As it is typed, with what each shard says for itself. @default this process's own */
  readonly command?: string;
}

export interface Whole extends Tool {
  readonly checkout: Checkout;
  readonly scenarios: readonly ScenarioConfig[];
  /** What else changes what is measured, or how it is judged. */
  readonly options: readonly unknown[];
  /** Names of scenarios that no limit judges. */
  readonly unlimited: readonly string[];
}

/** What every shard has in common, whichever machine it runs on. */
export function shardCommon(project: Project, whole: Whole): Manifest['common'] {
  const { checkout, scenarios, options, unlimited, toolVersion } = whole;
  const { commit, dirty, changed } = checkout;
  const changes = changesDigest(changed);
  // Where it is stored, and what hands out its cells, changes nothing that is measured.
  const { store: _, queue: __, ...config } = project.config;
  return {
    floodgate: toolVersion,
    commit,
    dirty,
    ...(changes !== undefined && { changes, changed: namedChanges(changed) }),
    configuration: configurationHash([config, scenarios, ...options]),
    command: wholeCommand(whole.command ?? commandLine()),
    cells: scenarios.map(({ name }) => name),
    unlimited: [...unlimited],
  };
}

/** For a refusal, which names them: the first of very many are enough. */
function namedChanges(changed: readonly ChangedFile[]): Manifest['common']['changed'] {
  const short = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);
  return changed
    .slice(0, changedFilesMax)
    .map(({ name, content }) => ({ name: name.slice(0, 4_096), content: short(content) }));
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

/** A part that --part-of is asked of. @throws FloodgateError `option-invalid` */
export function shardAsked(flags: { readonly shard?: string; readonly partOf?: string }): Shard | undefined {
  if (flags.shard !== undefined) return parseShard(flags.shard, process.env);
  if (flags.partOf === undefined) return undefined;
  throw new FloodgateError('option-invalid', '--part-of is for a shard', { hint: 'Add --shard 2/5, or leave it out.' });
}

/** A cell whose run came to no result, as a partial report says it. */
export function cellFailure(cell: string, error: unknown, startedAtMs: number): CellFailure {
  const { code, message, hint = '' } = error as { code?: string; message: string; hint?: string };
  // What the run itself said.
  const why = code === 'run-failed' ? (errorSentence(hint) ?? message) : message;
  const how = code === 'run-killed' ? 'killed' : 'failed';
  return { cell, how, why, at: new Date(startedAtMs).toISOString() };
}

export function shardWords({ index, count }: Shard, own: number, all: number): string {
  return `shard ${index} of ${count}: ${own} of ${all} scenarios; floodgate merge judges the whole`;
}
