/** Whether a run was judged by the limits that its command names, and the command names those of the project. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { FloodgateError } from '../../agent/errors.ts';
import type { SignedRun } from '../../reports/signoff.ts';
import { thresholdsOf } from '../compare/thresholds.ts';
import { withImplied } from '../metrics/implied-limits.ts';
import { limitsOf } from '../metrics/limits.ts';
import type { Project } from '../project/find-config.ts';
import { findLibraryScenario } from '../project/library.ts';
import { limitsOf as projectLimitsOf } from '../project/run-arguments.ts';
import { REDACTED_MARK } from '../redaction/redactor.ts';
import type { Measurement } from '../report/measurement.ts';
import { quotedWords } from '../requests/shown-command.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { StoredRun } from './check-project.ts';
import { refused } from './refusal.ts';
import { projectName } from './summary.ts';
import { environmentIn } from './typed-options.ts';

export interface JudgedBy {
  /** Of the run's raw data. */
  readonly budget: Measurement['budget'];
  /** An environment (`--env`) has limits of its own. */
  readonly signoffCommand: string;
}

/** @throws Refused */
export function checkLimits(project: Project, stored: StoredRun, { budget, signoffCommand }: JudgedBy): void {
  const { scenario, run, report, isOwnVersion } = stored;
  const { command } = report;
  const place = `${scenario} (${run.lane} lane)`;
  const refuse = (name: string, what: string) => refused('budget-differs', `${place}: ${name} ${what}`);
  const texts = budgetTexts(command);
  const said = new Map(texts.map((text) => [nameIn(text), text]));
  if (said.size < texts.length) throw refuse('a limit', 'stands twice in the command');
  for (const [name, text] of said) {
    const limit = limitIn(text, name);
    if (limit === undefined && isOwnVersion) throw refuse(name, 'is no limit, and stands in the command');
    if (limit !== undefined && (!Object.hasOwn(budget, name) || budget[name] !== limit))
      throw refuse(name, 'was judged by another limit than the command has');
  }
  const { environment, isUnknown: hasOthers } = environmentOf(project, signoffCommand);
  const config = project.scenarios.find(({ name }) => name === scenario)!;
  for (const [name, limit] of Object.entries(projectLimitsOf(project, config, 'budgets', environment))) {
    const text = `${name}=${typeof limit === 'number' ? limit : limit.replaceAll(' ', '')}`;
    if (name.includes(REDACTED_MARK)) continue;
    // A secret may have been taken out of the command; the raw data have every limit.
    const isKnown = isOwnVersion || limitIn(text, name) !== undefined;
    if (isKnown && !Object.hasOwn(budget, name))
      throw refuse(name, 'has a limit in the project that the run does not have');
    const found = said.get(name);
    if (found === undefined && !command.includes(REDACTED_MARK))
      throw refuse(name, 'has a limit in the project that the command does not have');
    if (hasOthers || text.includes(REDACTED_MARK)) continue;
    if (found === undefined ? isKnown && limitIn(text, name) !== budget[name] : found !== text)
      throw refuse(name, 'has another limit in the project than the run had');
  }
}

export interface StoredThresholds extends Pick<SignedRun, 'lane' | 'thresholds'>, Pick<JudgedBy, 'signoffCommand'> {
  readonly scenario: string;
  readonly isOwnVersion: boolean;
}

/** Limits of a scenario of floodgate's own library, and those that hold though nobody wrote them. @throws Refused */
export async function checkLibraryLimits(
  { scenarios }: Project,
  { scenario, run, report }: StoredRun,
  { budget, isAgent }: Measurement,
): Promise<void> {
  const config = scenarios.find(({ name }) => name === scenario)!;
  const known = config.builtin === undefined ? undefined : await libraryScenario(config.builtin);
  const own = known?.budget ?? {};
  if (known !== undefined && report.scenario.description !== known.summary)
    throw refused('report-differs', `${scenario} (${run.lane} lane): the report describes another scenario`);
  const implied = isAgent ? withImplied({ ...own, ...budget }, 'upload').budget : {};
  const said = new Set(budgetTexts(report.command).map(nameIn));
  // What an agent that ends early cannot know has no limit.
  const isKnown = (name: string) => report.figures.some((each) => each.name === name && each.state !== 'notMeasured');
  const isOther = (name: string) => !said.has(name) && Object.hasOwn(own, name) && budget[name] !== own[name];
  const missing = [...Object.keys(own), ...Object.keys(implied)].find((name) =>
    Object.hasOwn(budget, name) ? isOther(name) : isKnown(name),
  );
  if (missing === undefined) return;
  const place = `${scenario} (${run.lane} lane)`;
  throw refused('budget-differs', `${place}: ${missing} has a limit in the scenario that the run does not have`);
}

async function libraryScenario(name: string): Promise<Pick<Scenario, 'budget' | 'summary'>> {
  try {
    return (await findLibraryScenario(name)).scenario;
  } catch (error) {
    if (!(error instanceof FloodgateError)) throw error;
    throw refused('project-differs', `${projectName}: ${error.message}`);
  }
}

/** Those of the project, or what stands for none. @throws Refused */
export function checkThresholds(project: Project, stored: StoredThresholds): void {
  const { scenario, lane, thresholds, isOwnVersion, signoffCommand } = stored;
  // Another version may have other defaults.
  if (!isOwnVersion) return;
  const { environment, isUnknown } = environmentOf(project, signoffCommand);
  if (isUnknown) return;
  const config = project.scenarios.find(({ name }) => name === scenario)!;
  const made = Object.fromEntries(thresholdsOf(project, config, lane, environment, []));
  if (!isDeepStrictEqual(made, { ...thresholds }))
    throw refused('budget-differs', `${scenario} (${lane} lane): its thresholds are not those of the project`);
}

/** Bundles of other versions do not have the limits of the environment: `checkEnvironment` asks for them of this one. */
function environmentOf(project: Project, command: string): { environment: string | undefined; isUnknown: boolean } {
  const environment = environmentIn(command);
  const isUnknown = environment !== undefined && !Object.hasOwn(project.config.environments ?? {}, environment);
  return { environment: isUnknown ? undefined : environment, isUnknown };
}

/** As they were typed. What holds a secret that was taken out says nothing. */
function budgetTexts(command: string): string[] {
  return quotedWords(command).flatMap((word, at, all) => {
    const text = all[at - 1] === '--budget' ? word : /^--budget=(.*)$/s.exec(word)?.[1];
    if (text === undefined || text.includes(REDACTED_MARK)) return [];
    return [text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1).replaceAll(String.raw`'\''`, "'") : text];
  });
}

const nameIn = (text: string): string => text.slice(0, Math.max(0, text.lastIndexOf('=')));

/** Undefined where it is no limit that is known here. */
function limitIn(text: string, name: string): number | undefined {
  try {
    return limitsOf([text])[name];
  } catch (error) {
    if (error instanceof FloodgateError) return undefined;
    throw error;
  }
}
