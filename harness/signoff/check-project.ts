/**
 * Whether `project.json`, of which a rerun is made, comes to the commands that the reports say were run, and whether the reports are of the
 * machine, the tool and the time that the summary names. Pure.
 */
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport } from '../../reports/model.ts';
import type { SignedRun, SignoffReport } from '../../reports/signoff.ts';
import { definitionOf, measuringWords } from '../ledger/definition.ts';
import { checkConfig } from '../project/check-config.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import { runArguments } from '../project/run-arguments.ts';
import { REDACTED_MARK } from '../redaction/redactor.ts';
import { shownCommand, withoutUserinfo } from '../requests/shown-command.ts';
import { isSameButSecrets, isSameTraffic } from './masked-command.ts';
import { refused } from './refusal.ts';
import { isInTime } from './run-sequence.ts';
import { projectName } from './summary.ts';
import { environmentIn } from './typed-options.ts';

/** The project that a bundle holds. @param folder that paths in it count from @throws Refused, where it is none */
export function projectOf(value: unknown, folder: string): Project {
  try {
    const config = checkConfig(value, projectName);
    const scenarios = (config.scenarios ?? []).filter((each) => typeof each !== 'string');
    return { file: path.join(folder, projectName), folder, config, scenarios };
  } catch (error) {
    if (!(error instanceof FloodgateError)) throw error;
    throw refused('data-invalid', error.message.split('\n').slice(0, 3).join(' ').slice(0, 300));
  }
}

export interface StoredRun {
  readonly scenario: string;
  readonly run: Pick<SignedRun, 'lane' | 'definition'>;
  /** As the bundle has it. */
  readonly report: RunReport;
  /** `traffic.yaml` beside it. */
  readonly traffic: string | undefined;
  /** Another version may spell a command otherwise, with the same words of the project in it. */
  readonly isOwnVersion: boolean;
}

/** All that a rerun takes, and that runs are held against. */
const members = new Set(['targets', 'scenarios', 'build', 'budgets', 'thresholds', 'environments']);

/** Scenarios and recordings are those of the summary. @returns the project, whose paths count from the top @throws Refused */
export function checkProject(value: unknown, { scenarios, inputs, scope }: SignoffReport): Project {
  const project = projectOf(value, path.sep);
  const other = Object.keys(value as object).find((name) => !members.has(name));
  if (other !== undefined) throw differs(`no sign-off writes ${other}`);
  const named = project.scenarios.map(({ name }) => name);
  if (new Set(named).size < named.length) throw differs('a scenario stands twice in it');
  const signed = scenarios.map(({ name }) => name);
  if (!isDeepStrictEqual(named, signed)) throw differs('it has other scenarios than the summary');
  const { set, leftOut } = scope;
  const isOfSet = set === null || leftOut.length > 0 || project.scenarios.every(({ sets = [] }) => sets.includes(set));
  if (!isOfSet) throw differs(`its scenarios are not all of the set ${set}`);
  const sent = project.scenarios.flatMap(({ capture, requests }) =>
    [capture, requests].flatMap((each) => (each === undefined ? [] : [path.resolve(path.sep, each)])),
  );
  const recordings = inputs.filter(({ role = 'recording' }) => role === 'recording');
  const listed = new Set(recordings.map(({ name }) => path.resolve(path.sep, name)));
  if (!isDeepStrictEqual(new Set(sent), listed)) throw differs('it sends other recordings than the summary lists');
  return project;
}

/** Limits of the environment that the command names are in it, and of no other. @throws Refused */
export function checkEnvironment({ config }: Project, { command }: SignoffReport): void {
  const environment = environmentIn(command);
  const named = environment === undefined ? [] : [environment];
  const held = Object.keys(config.environments ?? {});
  if (isDeepStrictEqual(held, named)) return;
  throw differs(
    named.length === 0 ? 'it has an environment that the command does not name' : `it has no environment ${named[0]}`,
  );
}

/** A checkout is built by the commands that the configuration has, where it has some. @throws Refused */
export function checkBuilds({ config: { build } }: Project, { candidate, previous }: SignoffReport): void {
  for (const version of [candidate, previous]) {
    if (version === null) continue;
    if (version.build === undefined) throw differs('the summary does not say how a version was built');
    const isPacked = version.package !== null && version.package !== undefined;
    if (build !== undefined && !isPacked && !isDeepStrictEqual([build].flat(), version.build))
      throw differs(`${version.label} was built by other commands`);
  }
}

/** Earlier versions left no mark in place of credentials. */
const markedAddress = /:\/\/[^\s/]*\*REDACTED\*@/;

/** @throws Refused where the project does not make this run */
export function checkCommand(project: Project, stored: StoredRun): void {
  const { scenario, run, report, traffic, isOwnVersion } = stored;
  const place = `${scenario} (${run.lane} lane)`;
  const said = measuringWords(report.command);
  const folder = folderIn(report.command);
  const config = project.scenarios.find(({ name }) => name === scenario);
  if (!config) throw differs(`it has no scenario ${scenario}`);
  if (!isInLane(said, run.lane)) throw differs(`${place}: the report’s command names another lane`);
  const made = madeBy({ ...project, folder: folder ?? path.sep }, config);
  if (isOwnVersion && !isSameText(made.traffic, traffic))
    throw differs(`${place}: it makes other traffic than was sent`);
  const isMarked = isOwnVersion || markedAddress.test(report.command);
  const command = isMarked ? made.command : withoutUserinfo(made.command);
  const holdsSecret = `${report.command}${command}`.includes(REDACTED_MARK);
  const isSame = holdsSecret
    ? isSameButSecrets(command, report.command, { hasFolder: folder !== undefined, isOwnVersion })
    : isSameCommand(command, said, isOwnVersion);
  if (!isSame) throw differs(`${place}: it makes another command than the report has`);
  if (folder === undefined) return;
  if (!isOwnVersion) return;
  // A secret was taken out of the line after its digest was made.
  if (`${report.command}${traffic}`.includes(REDACTED_MARK)) return;
  if (definitionOf(report, folder, () => traffic) !== run.definition)
    throw refused('verdict-differs', `${place}: the summary names another definition than the command has`);
}

function madeBy(project: Project, config: ScenarioConfig): { command: string; traffic: string | undefined } {
  let traffic: string | undefined;
  const keep = (name: string, text: string) => {
    traffic = text;
    return path.join(path.sep, name);
  };
  const words = runArguments(project, config, { keep });
  return { command: shownCommand(['run', ...words]), traffic };
}

/** Of the project, where it was signed off: its paths count from there. Undefined where a secret that was taken out took it along. */
function folderIn(command: string): string | undefined {
  const found = /--out ('?)(\/.*?)\/\.floodgate\/signoff-\d+\/runs\//.exec(command);
  if (found) return found[1] === '' ? found[2]! : found[2]!.replaceAll("'\\''", "'");
  return command.includes(REDACTED_MARK) ? undefined : path.sep;
}

function isInLane(words: readonly string[], lane: string): boolean {
  const at = words.indexOf('--lane');
  return at < 0 || words[at + 1] === lane;
}

/** What a lane is called where nothing is said is the scenario's own. Traffic lies elsewhere, and is compared by itself. */
function withoutLane(words: readonly string[]): string[] {
  return words
    .filter((word, at) => word !== '--lane' && words[at - 1] !== '--lane')
    .map((word) => (/\/traffic\.yaml'?$/.test(word) ? 'traffic.yaml' : word));
}

/** Another version may have words of its own. */
function isSameCommand(made: string, said: readonly string[], isOwnVersion: boolean): boolean {
  const words = withoutLane(measuringWords(made));
  const all = withoutLane(said);
  return isDeepStrictEqual(words, isOwnVersion ? all : words.filter((word) => all.includes(word)));
}

function isSameText(made: string | undefined, said: string | undefined): boolean {
  if (made === said) return true;
  if (made === undefined || said === undefined) return false;
  return `${made}${said}`.includes(REDACTED_MARK) && isSameTraffic(made, said);
}

/** @throws Refused */
export function checkOrigin({ scenario, run, report }: StoredRun, summary: SignoffReport): void {
  const refuse = (what: string) =>
    refused('report-differs', `${scenario} (${run.lane} lane): the report is of another ${what} than the summary says`);
  if (!isDeepStrictEqual(report.tool, summary.tool)) throw refuse('tool');
  const environment: Readonly<Record<string, unknown>> = { ...report.environment };
  const other = Object.entries(summary.machine).find(([name, fact]) => environment[name] !== fact);
  if (other) throw refuse(`machine (${other[0]})`);
  const beganMs = Date.parse(report.startedAt);
  if (!isInTime(summary, beganMs, beganMs + report.durationMs)) throw refuse('time');
}

const differs = (text: string) => refused('project-differs', `${projectName}: ${text}`);
