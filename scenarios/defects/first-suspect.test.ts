/** A gate must be able to fail: each defect, on traffic that provokes it, is named as the first suspect. Real runs, exact lane. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { run, workplace } from '../../harness/cli-trial.ts';

t.setTimeout(180_000);

for (const { defect, scenario, size, functionName, budget } of [
  { defect: 'reassembly-unbounded', scenario: 'incident', size: '250MB', functionName: '#queuePages', budget: [] },
  {
    defect: 'unpaired-requests',
    scenario: 'steady',
    size: '40MB',
    functionName: '#keepRequest',
    budget: ['--budget', 'growth.perSecond=0', '--budget', 'rss.p99=100MB'],
  },
]) {
  t.test(`${defect}: exit 1, and ${functionName} is the first suspect`, async (t) => {
    const place = workplace(t);
    const { code, err } = await run(
      ['run', scenario, '--size', size, '--lane', 'exact', '--defect', defect, ...budget, '--out', place.out],
      place.temporary,
    );
    t.equal(code, 1, err);
    const report = JSON.parse(readFileSync(path.join(place.out, 'report.json'), 'utf8'));
    const [suspect] = report.spikes[0].suspects;
    t.equal(suspect.functionName, functionName);
    t.match(suspect.file, new RegExp(`^scenarios/defects/${defect}/`));
    t.ok(suspect.share > 0.5, `${suspect.share}`);
  });
}
