/** How far our agent goes in a run: all the way as a user deploys it, or to the end of an earlier stage, which the report says. */
import { FloodgateError } from '../../agent/errors.ts';
import type { Lane } from '../../reports/model.ts';

/** In the order of the pipeline. All but the last are what the agent's `--until` takes. */
export const agentStages = ['tcp', 'http', 'bodies', 'witnesses', 'upload'] as const;
export type AgentStage = (typeof agentStages)[number];

/** As the top of a report says it. */
export const stageWords: Readonly<Record<AgentStage, string>> = {
  tcp: 'ends after TCP reassembly',
  http: 'ends after HTTP framing',
  bodies: 'ends after decoding bodies',
  witnesses: 'ends after witnesses, uploads nothing',
  upload: 'full agent: capture to upload',
};

/** Whether an agent that ends after `stage` has done the work of `wanted`. */
export function reaches(stage: AgentStage, wanted: AgentStage): boolean {
  return agentStages.indexOf(stage) >= agentStages.indexOf(wanted);
}

export interface StageChoice {
  readonly lane: Lane;
  /** `--agent-until`, as it was typed. */
  readonly asked: string | undefined;
  /** What the scenario is about, where that is not the whole agent. */
  readonly scenario: AgentStage | undefined;
  /** The first stage at which every defect of the run shows. */
  readonly defects: AgentStage | undefined;
}

/**
 * The stage a run's agent ends after: the one asked for, else the scenario's, else all of them. The exact lane is for
 * counting allocations, which sockets and files would move: it ends where its defect shows, or after HTTP framing.
 * @throws FloodgateError `option-invalid`
 */
export function stageOf({ lane, asked, scenario, defects }: StageChoice): AgentStage {
  if (asked !== undefined) return stageNamed(asked, lane);
  if (scenario !== undefined) return scenario;
  return lane === 'tap' ? 'upload' : (defects ?? 'http');
}

function stageNamed(name: string, lane: Lane): AgentStage {
  const stage = agentStages.find((each) => each === name);
  if (stage === undefined) {
    throw new FloodgateError('option-invalid', `--agent-until: there is no stage "${name}"`, {
      hint: `Stages: ${agentStages.join(', ')}.`,
    });
  }
  if (stage === 'upload' && lane !== 'tap') {
    throw new FloodgateError('option-invalid', '--agent-until upload does not go with the exact lane', {
      hint: 'Sockets and files would make it inexact: --agent-until witnesses, or --lane tap.',
    });
  }
  return stage;
}
