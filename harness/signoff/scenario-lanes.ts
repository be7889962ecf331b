/** In which lanes a sign-off runs a scenario, and in which it compares it: by what was asked for, and by what the scenario can. */
import type { Lane } from '../../reports/model.ts';
import type { ScenarioConfig } from '../project/define.ts';
import type { Project } from '../project/find-config.ts';
import { findLibraryScenario } from '../project/library.ts';
import { isOwnAgent, targetOf } from '../project/run-arguments.ts';

export interface LanesAsked {
  readonly project: Project;
  /** Of our own agent; a service has one lane. */
  readonly lanes: readonly Lane[];
  /** In which versions are compared. */
  readonly comparedLanes: readonly Lane[];
}

export interface ScenarioLanes {
  readonly all: readonly Lane[];
  readonly compared: readonly Lane[];
  /** The one that a run takes where nothing is said. */
  readonly usual: Lane;
}

export async function lanesOf(
  { project, lanes, comparedLanes }: LanesAsked,
  scenario: ScenarioConfig,
): Promise<ScenarioLanes> {
  if (!isOwnAgent(targetOf(project, scenario))) return { all: ['load'], compared: ['load'], usual: 'load' };
  const builtin = scenario.builtin === undefined ? undefined : (await findLibraryScenario(scenario.builtin)).scenario;
  const possible: readonly Lane[] =
    scenario.lane !== undefined ? [scenario.lane] : (builtin?.lanes ?? ['tap', 'exact']);
  const wanted = (list: readonly Lane[]) => list.filter((lane) => possible.includes(lane));
  const compared = wanted(comparedLanes);
  return { all: wanted(lanes), compared: compared.length > 0 ? compared : possible.slice(0, 1), usual: possible[0]! };
}
