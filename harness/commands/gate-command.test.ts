import t from 'tap';
import { findMetric } from '../metrics/table.ts';
import { reaches } from '../scenario/agent-stage.ts';
import { budgetFlags, gateRun, gateScenarios } from './gate-command.ts';

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

t.test(
  'our own agent is held to less memory than other agents, and the command that runs it again says so',
  async (t) => {
    for (const name of gateScenarios) {
      const { budget, scenario } = await gateRun(name);
      t.match(budget, { 'rss.p99': 120e6, 'rss.p999': 130e6, 'dropped.frames': 0 }, name);
      t.ok(scenario.budget['rss.p99']! > budget['rss.p99']!, name);
      t.same(budgetFlags(scenario.gateBudget), ['--budget', 'rss.p99=120000000', '--budget', 'rss.p999=130000000']);
    }
    t.same(budgetFlags(undefined), []);
  },
);
