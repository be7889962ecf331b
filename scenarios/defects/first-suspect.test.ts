/**
 * A gate must be able to fail: defects, on traffic that provokes them, are named as the first suspect. Real runs, exact lane: a few of the
 * forty, each of another stage and another kind. `npm run bench:defects` tries all of them, in both lanes.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { run, workplace } from '../../harness/commands/cli-trial.ts';
import { library } from '../../harness/project/library.ts';
import { defectNames } from '../../harness/scenario/catalogue.ts';
import type { RunReport } from '../../reports/model.ts';
import { defectTrials } from './defect-trial.ts';
import { mainSpike, partShares, trialArguments } from './run-trial.ts';

t.setTimeout(1_500_000);

/** Some ten seconds each. */
const sample = [
  'reassembly-unbounded',
  'expressions-recompiled',
  'unpaired-requests',
  'fragments-kept',
  'dictionary-loaded',
];

t.test('every defect has its trial, here or in a scenario that it breaks', async (t) => {
  const broken = (await library()).flatMap(({ brokenBy }) => brokenBy ?? []);
  const tried = new Set([...defectTrials.map(({ defect }) => defect), ...broken]);
  t.same([...tried].sort(), defectNames());
  t.same(
    sample.filter((name) => !tried.has(name)),
    [],
  );
});

for (const trial of defectTrials.filter(({ defect }) => sample.includes(defect))) {
  const { defect, suspect: wanted } = trial;
  t.test(`${defect}: exit 1, and ${wanted.functionName} is the first suspect`, async (t) => {
    const place = workplace(t);
    const { code, err } = await run(trialArguments(trial, 'exact', place.out), place.temporary);
    t.equal(code, 1, err);
    const report: RunReport = JSON.parse(readFileSync(path.join(place.out, 'report.json'), 'utf8'));
    const spike = mainSpike(report)!;
    const [suspect] = spike.suspects;
    t.equal(suspect!.functionName, wanted.functionName);
    t.equal(suspect!.file, wanted.file);
    t.ok(suspect!.line > 0 && suspect!.share > 0.05, `line ${suspect!.line}, ${suspect!.share}`);
    t.ok(spike.namedShare! > 0.8, `${spike.namedShare}`);
    t.ok(trial.causes.includes(spike.cause), spike.cause);
    const { named } = partShares(spike);
    t.ok(named < 1.05, `the parts explain ${named} of the spike`);
    // What was merely allocated is in no snapshot.
    t.ok(trial.keeper === undefined || spike.retained.length > 0, 'snapshots say what grew');
    t.ok(spike.streams.length > 0, 'and the packets are named');
  });
}
