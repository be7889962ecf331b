/** The story in its shortest form: real runs, exact lane. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { readAnyReport } from '../../reports/report-reader.ts';
import { storySteps } from '../scenario/story-steps.ts';
import { nothingLeft, run, workplace } from './cli-trial.ts';

t.setTimeout(600_000);

t.test('the steps mend one mistake each, from all six to none', async (t) => {
  const steps = storySteps();
  t.equal(steps.length, 7);
  t.same(steps.at(-1)!.defects, []);
  for (const [i, { defects }] of steps.entries()) t.equal(new Set(defects).size, defects.length, `step ${i}`);
  const all = new Set(steps.flatMap(({ defects }) => defects));
  t.equal(all.size, 6);
});

t.test('one command shows memory after each mend, and leaves a picture', async (t) => {
  const place = workplace(t);
  const { out, err } = await run(['story', '--size', '4MB', '--out', place.out], place.temporary);
  const report = readAnyReport(readFileSync(path.join(place.out, 'report.json'), 'utf8'));
  if (report.kind !== 'gate') throw new Error(`no story: ${err}`);
  t.equal(report.runs.length, 7, err);
  t.equal(report.runs[0]!.scenario.defect!.split(',').length, 5);
  t.equal(report.runs.at(-1)!.scenario.defect, null);
  const allocated = report.runs.map(({ figures }) => figures.find(({ name }) => name === 'allocated.bytes')!.value!);
  t.ok(allocated[0]! > 5 * allocated.at(-1)!, `allocated ${allocated}`);
  const svg = readFileSync(path.join(place.out, 'story.svg'), 'utf8');
  t.equal(svg.match(/<path /g)?.length, 7, 'a curve a step');
  t.match(out, /all six mistakes .* MB/);
  t.ok(existsSync(path.join(place.out, 'step-6', 'report.html')));
  await nothingLeft(t, place);
});
