/** Which limits a run has by the configuration, whatever was typed when it was measured. */
import t from 'tap';
import type { RunReport } from '../../reports/model.ts';
import { sampleRun } from '../../reports/sample-report.ts';
import type { ScenarioConfig } from '../project/define.ts';
import { projectLimits } from './project-limits.ts';

const scenario: ScenarioConfig = { name: 'shed', target: 'ours', capture: 'shed.pcap' };
const config = {
  targets: { ours: { agent: true } as const },
  scenarios: [scenario],
  budgets: { 'rss.max': '200 MB' },
  environments: { ci: { budgets: { 'rss.max': '50 MB' } } },
};
const project = { file: '/srv/shop/floodgate.config.yaml', folder: '/srv/shop', config, scenarios: [scenario] };
const [figure] = sampleRun().figures;

function limitsOf(run: Partial<RunReport>, environment?: string) {
  return projectLimits(project, scenario, { ...sampleRun(), budgets: [], figures: [], ...run }, environment);
}

t.test('limits of the configuration, or of one environment', async (t) => {
  t.same(await limitsOf({}), { 'rss.max': 200e6 }, 'no environment, however strict, counts unasked');
  t.same(await limitsOf({}, 'ci'), { 'rss.max': 50e6 });
});

t.test('an implied limit counts where it was measured, though a typed one took its place', async (t) => {
  const figures = ['bodies.shed', 'witnesses.missing', 'rss.p99'].map((name) => ({ ...figure!, name, value: 72 }));
  const measured = figures.map((each) => (each.name === 'witnesses.missing' ? { ...each, value: null } : each));
  t.same(await limitsOf({ figures: measured }), { 'rss.max': 200e6, 'bodies.shed': 0 });
});
