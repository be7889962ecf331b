/** What keeps a sign-off from being verified, whatever is measured: found before hours of measuring. */
import os from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import type { Lane, RunReport } from '../../reports/model.ts';
import { isComparedWithItself, isOwnCommit, type SignoffReport } from '../../reports/signoff.ts';
import { definitionOf } from '../ledger/definition.ts';
import { limitsOf } from '../metrics/limits.ts';
import { findMetric } from '../metrics/table.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import { isOwnAgent, runArguments, targetOf, limitsOf as textsOf } from '../project/run-arguments.ts';
import type { Redactor } from '../redaction/redactor.ts';
import { shownCommand } from '../requests/shown-command.ts';
import { checkTyped } from '../signoff/check-facts.ts';
import { checkCommand, projectOf } from '../signoff/check-project.ts';
import { whyIdle } from '../signoff/idle-limits.ts';
import { isPathLabel } from '../signoff/raw-summary.ts';
import { Refused } from '../signoff/refusal.ts';
import { typedCommand } from '../signoff/typed-options.ts';
import { addRunCommand } from './run-command.ts';
import type { RunFlags } from './run-flags.ts';
import { optionWords } from './shown-words.ts';

/** @throws FloodgateError `limit-idle` for a limit of the project that nothing can exceed on this machine */
export function refuseIdleLimits(
  project: Project,
  scenarios: readonly ScenarioConfig[],
  environment: string | undefined,
): void {
  const bounds = { memoryBytes: os.totalmem(), cores: os.cpus().length, elapsedSeconds: Number.POSITIVE_INFINITY };
  for (const scenario of scenarios) {
    for (const [name, value] of Object.entries(textsOf(project, scenario, 'budgets', environment))) {
      const metric = findMetric(name);
      if (!metric) continue;
      const limit = limitsOf([`${name}=${String(value).replaceAll(' ', '')}`])[name]!;
      const why = whyIdle({ ...metric, limit }, bounds);
      if (why === undefined) continue;
      throw new FloodgateError('limit-idle', `nothing can exceed ${name}=${value} of ${scenario.name}: ${why}`, {
        hint: 'Such a limit judges nothing: set one that can be exceeded, or take it away.',
      });
    }
  }
}

export interface Comparable extends Pick<SignoffReport, 'candidate' | 'previous'> {
  /** It was asked for. */
  readonly againstItself: boolean;
}

/** @throws FloodgateError `previous-is-candidate` where the release before it is the candidate, or its own commit */
export function refuseSamePrevious({ againstItself, ...versions }: Comparable): void {
  const isItself = isComparedWithItself(versions);
  if (againstItself || (!isItself && !isOwnCommit(versions))) return;
  const { candidate, previous } = versions;
  const what = isItself
    ? 'has the very files of the candidate'
    : `is the commit that ${candidate.label} has changes of`;
  throw new FloodgateError('previous-is-candidate', `${previous!.label}, the release before it, ${what}`, {
    hint: 'Name the release that users have: --previous v1.3.2. Where it is meant: --against-itself, and the bundle says so.',
  });
}

/** Whoever verifies knows by the label what may have changes. @throws FloodgateError `option-invalid` */
export function refuseUnnamedChanges({ candidate, previous }: Omit<Comparable, 'againstItself'>): void {
  const other = [candidate, previous].find((each) => each?.dirty && !isPathLabel(each.label));
  if (!other) return;
  throw new FloodgateError('option-invalid', `"${other.label}" has changes that are not committed`, {
    hint: `Name it by its path: ./${other.label}.`,
  });
}

/** @param command as the bundle will have it, redacted @throws FloodgateError `command-unverifiable` */
export function refuseUnreadableCommand(command: string): void {
  const { fault } = typedCommand(command);
  if (fault === undefined) return;
  throw new FloodgateError('command-unverifiable', `the command of this sign-off cannot be read back: ${fault}`, {
    hint: 'Nobody could verify such a bundle. Give names that are in no secret variable of the environment, or take that variable away.',
  });
}

/** What a report will show of these words. @param words behind `floodgate run` */
function shownBy(words: readonly string[], lane: Lane) {
  const command = new Command();
  addRunCommand(command);
  const flags = command
    .action(() => {})
    .parse([...words], { from: 'user' })
    .opts<RunFlags>();
  const { target = 'agent', load } = flags;
  const description = load === undefined ? `${target}, watched.` : `${target} under ${load}.`;
  return { target: { name: target }, scenario: { description, options: optionWords({ ...flags, lane }) } };
}

export interface Sealable {
  readonly project: Project;
  readonly scenarios: readonly ScenarioConfig[];
  /** As the bundle will have it, redacted. */
  readonly sealed: unknown;
  readonly redactor: Redactor;
  readonly workFolder: string;
}

/** A secret in a command takes along what stands beside it: then nobody can hold project and command against each other. @throws FloodgateError `command-unverifiable` */
export function refuseUncheckableCommands({ project, scenarios, sealed, redactor, workFolder }: Sealable): void {
  for (const scenario of scenarios) {
    const lane: Lane = isOwnAgent(targetOf(project, scenario)) ? (scenario.lane ?? 'exact') : 'load';
    const out = path.join(workFolder, 'runs', scenario.name, lane);
    let traffic: string | undefined;
    const keep = (name: string, text: string) => {
      traffic = text;
      return path.join(out, name);
    };
    const words = runArguments(project, scenario, { keep });
    const typed = [...words, '--target-dir', path.join(project.folder, 'x'), '--out', out];
    const command = shownCommand(['run', ...typed]);
    const isAgent = isOwnAgent(targetOf(project, scenario));
    const report = redactor.value({ command, lane, ...shownBy(typed, lane) }) as RunReport;
    const run = { lane, definition: definitionOf({ command }, project.folder, () => traffic) };
    const shown = traffic === undefined ? undefined : redactor.text(traffic);
    try {
      const stored = { scenario: scenario.name, report, traffic: shown, isOwnVersion: true, run };
      checkCommand(projectOf(sealed, path.sep), stored);
      checkTyped(scenario.name, report, isAgent);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      throw new FloodgateError('command-unverifiable', `scenario "${scenario.name}": ${error.message}`, {
        hint: 'Nobody could verify such a bundle. A secret in its command is the cause: let the program read it from a variable of its environment.',
      });
    }
  }
}
