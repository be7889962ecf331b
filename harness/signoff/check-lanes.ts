/** Whether each scenario was run, and compared, in every lane that the command orders, by answers that may change where the project says so. */
import { isDeepStrictEqual } from 'node:util';
import { FloodgateError } from '../../agent/errors.ts';
import type { Lane } from '../../reports/model.ts';
import { type SignedScenario, type SignoffReport, wasRun } from '../../reports/signoff.ts';
import type { Project } from '../project/find-config.ts';
import { refused } from './refusal.ts';
import { lanesOf, type ScenarioLanes } from './scenario-lanes.ts';
import { typedCommand } from './typed-options.ts';
import { comparedLanesUsual, lanesUsual } from './usual-order.ts';

/** @returns those in which something was run, each once @throws Refused */
export async function checkLanes(project: Project, { command, scenarios, previous }: SignoffReport): Promise<Lane[]> {
  const run = new Set<Lane>();
  const { valuesOf } = typedCommand(command);
  const asked = (option: string, usual: readonly Lane[]) => {
    const values = valuesOf(option);
    return values.length > 0 ? (values as readonly Lane[]) : usual;
  };
  const order = {
    project,
    lanes: asked('--lane', lanesUsual),
    comparedLanes: asked('--compare-lane', comparedLanesUsual),
  };
  for (const scenario of scenarios) {
    // Such a one is no pass by itself.
    if (!wasRun(scenario)) continue;
    const config = project.scenarios.find(({ name }) => name === scenario.name)!;
    const isFree = config.changedAnswers === true;
    if (scenario.comparisons.some(({ mayAnswerOtherwise = false }) => mayAnswerOtherwise !== isFree))
      throw refused('project-differs', `project.json: answers of ${scenario.name} may change otherwise than it says`);
    const lanes = await lanesIn(order, config);
    const what = whatDiffers(scenario, lanes, previous !== null);
    if (what !== undefined)
      throw refused('summary-invalid', `signoff.json: ${scenario.name} was not ${what} in the lanes that were ordered`);
    for (const lane of lanes.all) run.add(lane);
  }
  return [...run];
}

async function lanesIn(...[order, config]: Parameters<typeof lanesOf>): Promise<ScenarioLanes> {
  try {
    return await lanesOf(order, config);
  } catch (error) {
    if (!(error instanceof FloodgateError)) throw error;
    throw refused('project-differs', `project.json: ${error.message}`);
  }
}

/** A comparison that failed stands behind the runs, as one that has no folder. */
function whatDiffers(
  { runs, comparisons }: SignedScenario,
  { all, compared }: ScenarioLanes,
  isCompared: boolean,
): 'run' | 'compared' | undefined {
  const failed = runs.slice(all.length);
  const ran = runs.slice(0, all.length).map(({ lane }) => lane);
  if (!isDeepStrictEqual(ran, [...all]) || failed.some(({ folder }) => folder !== null)) return 'run';
  const found = [...comparisons.map(({ result }) => result.lane), ...failed.map(({ lane }) => lane)];
  return isDeepStrictEqual(found.toSorted(), isCompared ? compared.toSorted() : []) ? undefined : 'compared';
}
