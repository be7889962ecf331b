/** What a project allows a scenario, whatever was typed. */
import type { RunReport } from '../../reports/model.ts';
import { thresholdsOf } from '../compare/thresholds.ts';
import { withImplied } from '../metrics/implied-limits.ts';
import { configuredLimits } from '../metrics/limits.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import { findScenario } from '../project/library.ts';
import { isOwnAgent, limitsOf, targetOf } from '../project/run-arguments.ts';
import { captureScenario } from '../scenario/capture-scenario.ts';
import type { Budget } from '../scenario/scenario.ts';
import { requestsBudget } from './requests-flags.ts';

/** Without one, and every one that the configuration has: a ledger is one for them all. */
const environmentsOf = ({ config }: Project) => [undefined, ...Object.keys(config.environments ?? {})];

/**
 * Shares by metric, each the smallest of all environments.
 * @param environment whose metrics are taken
 */
export function strictestThresholds(
  project: Project,
  scenario: ScenarioConfig,
  { lane }: RunReport,
  environment: string | undefined,
): Map<string, number> {
  const all = environmentsOf(project).map((each) => thresholdsOf(project, scenario, lane, each, []));
  const own = thresholdsOf(project, scenario, lane, environment, []);
  return new Map(
    [...own].map(([name, share]) => [name, Math.min(share, ...all.map((each) => each.get(name) ?? share))]),
  );
}

/**
 * The limits that a run has by the configuration, whatever was typed.
 * @param environment whose limits they are; without one, those that every run has
 * @throws FloodgateError `option-invalid` for a limit that is none
 */
export async function projectLimits(
  project: Project,
  scenario: ScenarioConfig,
  run: RunReport,
  environment: string | undefined,
): Promise<Budget> {
  const brought = await broughtBy(scenario);
  const stage = isOwnAgent(targetOf(project, scenario)) ? 'upload' : undefined;
  const judged = new Set(run.budgets.map(({ name }) => name));
  const measured = new Set(run.figures.filter(({ value }) => value !== null).map(({ name }) => name));
  const configured = configuredLimits(limitsOf(project, scenario, 'budgets', environment));
  const { budget, implied } = withImplied({ ...brought, ...configured }, stage);
  // What the scenario brings depends on the stage that the run ended after: the report has it. So do implied limits, but a typed one
  // may have taken their place: they count wherever they were measured.
  return Object.fromEntries(
    Object.entries(budget).filter(
      ([name]) => judged.has(name) || Object.hasOwn(configured, name) || (implied.includes(name) && measured.has(name)),
    ),
  );
}

/** Limits that traffic has of its own. */
async function broughtBy({ requests, builtin, capture, traffic }: ScenarioConfig): Promise<Budget> {
  if (requests !== undefined) return requestsBudget;
  if (builtin !== undefined) return (await findScenario(builtin)).scenario.budget;
  // Made traffic is run as a file of its own, whose limits are those of a capture.
  return capture === undefined && traffic === undefined ? {} : captureScenario('-').scenario.budget;
}
