import t from 'tap';
import { findMetric } from '../metrics/table.ts';
import { reaches } from '../scenario/agent-stage.ts';
import { gateRun, gateScenarios } from './gate-command.ts';

t.test('no scenario of the gate is judged by what its stage cannot know', async (t) => {
  for (const name of gateScenarios) {
    const { budget, stage } = await gateRun(name);
    t.ok(Object.keys(budget).length > 3, `${name} has limits`);
    for (const limit of Object.keys(budget)) {
      const needed = findMetric(limit)?.stage;
      t.ok(needed === undefined || reaches(stage, needed), `${name} ends after ${stage} and knows ${limit}`);
    }
  }
});
