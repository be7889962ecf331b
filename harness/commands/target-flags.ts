/** `floodgate run --target`: what is said about a target that is not our agent, and what is made of it. */
import { statSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import { parseQuantity } from '../metrics/quantity.ts';
import type { ScenarioHead } from '../scenario/capture-scenario.ts';
import type { OpenedTarget } from '../target/open-target.ts';
import { optionOf } from './shown-words.ts';

export interface TargetFlags {
  readonly target?: string;
  readonly targetDir?: string;
  readonly load?: string;
  readonly ready?: string;
  readonly pprof?: string;
  readonly duration?: string;
  readonly idle?: string;
  readonly recover?: string;
}

/** Seconds. */
const idleDefault = 2;
const recoverDefault = 5;

export function addTargetOptions(command: Command): Command {
  return command
    .option('--target <what>', 'instead of the agent: a command line, pid:N, or the URL of a Go service’s pprof')
    .option('--target-dir <dir>', 'folder in which the target is started (default: this one)')
    .option('--load <command>', 'drives the target, in a shell; {port} is the one it listens on')
    .option('--duration <time>', 'ends the load after so long; without --load, watches for so long')
    .option('--idle <time>', `watched before the load (default: ${idleDefault}s)`)
    .option('--recover <time>', `watched after the load (default: ${recoverDefault}s), or after the traffic`)
    .option('--ready <regex>', 'a line of the target’s output that says it is ready (default: it listens on a port)')
    .option('--pprof <url>', 'net/http/pprof of the program that --target starts, {port} filled in');
}

/** A run of another target: its own scenario where no frames are sent. */
export interface TargetRun {
  readonly opened: OpenedTarget;
  readonly scenario: ScenarioHead;
  readonly load: { readonly command: string | undefined; readonly durationMs: number | undefined };
  readonly idleMs: number;
}

/**
 * @param driver what sends at it: frames, which it captures, or recorded requests; undefined: a load, or nothing
 * @throws FloodgateError `option-invalid` for what does not go together
 */
export async function targetRun(
  flags: TargetFlags,
  driver: 'frames' | 'requests' | undefined,
): Promise<TargetRun | undefined> {
  const { target, load } = flags;
  if (target === undefined) {
    const needless = (['targetDir', 'load', 'duration', 'idle', 'recover', 'ready', 'pprof'] as const).find(
      (name) => flags[name] && !(name === 'recover' && driver === 'frames'),
    );
    if (needless === undefined) return undefined;
    throw refused(
      `${optionOf(needless)} is for a target of your own`,
      'Add --target "node server.js", or leave it out.',
    );
  }
  if (driver !== undefined && load !== undefined) {
    throw refused('a scenario drives the target already', 'Leave out the scenario or --load.');
  }
  const { openTarget } = await import('../target/open-target.ts');
  const opened = openTarget(target, {
    listens: load !== undefined || driver === 'requests',
    mayEnd: load === undefined && driver === undefined,
    ready: patternOf(flags.ready),
    pprof: flags.pprof,
    folder: folderOf(flags.targetDir),
  });
  const durationMs = flags.duration === undefined ? undefined : timeMs(flags.duration, '--duration');
  if (driver === undefined && opened.kind !== 'program' && load === undefined && durationMs === undefined) {
    throw refused(`${opened.launcher.name} runs on and on`, 'Say how long it is watched: --duration 30s, or --load.');
  }
  const recoverSeconds = settleSecondsOf(flags) ?? recoverDefault;
  return {
    opened,
    scenario: {
      name: opened.slug,
      summary: load === undefined ? `${opened.launcher.name}, watched.` : `${opened.launcher.name} under ${load}.`,
      seed: 0,
      pace: { kind: 'topspeed' },
      lanes: ['load'],
      budget: {},
      settleSeconds: recoverSeconds,
    },
    load: { command: load, durationMs },
    idleMs: flags.idle === undefined ? idleDefault * 1000 : timeMs(flags.idle, '--idle'),
  };
}

/** How long a run watches what comes after the traffic, or the load; undefined where nothing was typed. @throws FloodgateError `option-invalid` */
export function settleSecondsOf({ recover }: Pick<TargetFlags, 'recover'>): number | undefined {
  return recover === undefined ? undefined : timeMs(recover, '--recover') / 1000;
}

function timeMs(text: string, option: string): number {
  const ms = parseQuantity(text, option, 'seconds') * 1000;
  // A timer of Node.js holds 24 days.
  if (ms <= 86_400_000) return ms;
  throw refused(`${option}: "${text}" is longer than a day`, `Example: ${option} 10s.`);
}

function folderOf(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (statSync(given, { throwIfNoEntry: false })?.isDirectory()) return path.resolve(given);
  throw refused(`--target-dir: there is no folder ${given}`, 'Name the folder in which the target is started.');
}

function patternOf(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text);
  } catch (error) {
    throw refused(`--ready: ${(error as Error).message}`, 'Example: --ready "listening on".');
  }
}

function refused(message: string, hint: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint });
}
