/** A gate must be able to fail: each defect, on traffic that provokes it, is named as the first suspect. Real runs, exact lane. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { run, workplace } from '../../harness/commands/cli-trial.ts';
import { library } from '../../harness/project/library.ts';
import { defectNames } from '../../harness/scenario/catalogue.ts';
import type { RunReport } from '../../reports/model.ts';
import { defectTrials, trialArguments } from './trials.ts';

t.setTimeout(1_500_000);

t.test('every defect has its trial, here or in a scenario that it breaks', async (t) => {
  const broken = (await library()).flatMap(({ brokenBy }) => brokenBy ?? []);
  const tried = new Set([...defectTrials.map(({ defect }) => defect), ...broken]);
  t.same([...tried].sort(), defectNames());
});

for (const trial of defectTrials) {
  const { defect, functionName, file, folder = defect } = trial;
  t.test(`${defect}: exit 1, and ${functionName} is the first suspect`, async (t) => {
    const place = workplace(t);
    const { code, err } = await run(trialArguments(trial, 'exact', place.out), place.temporary);
    t.equal(code, 1, err);
    const report: RunReport = JSON.parse(readFileSync(path.join(place.out, 'report.json'), 'utf8'));
    const [spike] = [...report.spikes].sort((a, b) => b.heightBytes - a.heightBytes);
    const suspect = spike!.suspects[0]!;
    t.equal(suspect.functionName, functionName);
    t.equal(suspect.file, `scenarios/defects/${folder}/${file}`);
    t.ok(suspect.line > 0 && suspect.share > 0.05, `line ${suspect.line}, ${suspect.share}`);
    t.ok(spike!.namedShare! > 0.8, `${spike!.namedShare}`);
    // What was merely allocated is in no snapshot.
    const isKept = trial.budget.startsWith('rss.');
    t.ok(!isKept || spike!.retained.length > 0, 'snapshots say what grew');
    t.ok(spike!.streams.length > 0, 'and the packets are named');
  });
}
