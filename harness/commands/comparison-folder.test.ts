/** `runs/latest` after a comparison: what prints runs prints it, and what needs one run says which there are. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { sampleComparison } from '../../reports/comparison-fixture.ts';
import { isComparisonFolder, readComparisonAt, refuseComparison } from './comparison-folder.ts';
import { readAnyProfile } from './profile-input.ts';
import { readReportFolder } from './report-command.ts';

t.test('a comparison is read back, and is no run', async (t) => {
  const report = sampleComparison();
  const folder = t.testdir({ 'comparison.json': JSON.stringify(report), other: { 'report.json': '{}' } });
  for (const run of ['1-base', 'sites-head', 'warm-up-base']) {
    mkdirSync(path.join(folder, 'cart', run), { recursive: true });
    writeFileSync(path.join(folder, 'cart', run, 'report.json'), '{}');
  }
  t.strictSame(JSON.parse(JSON.stringify(readComparisonAt(folder))), JSON.parse(JSON.stringify(report)));
  t.match(readComparisonAt(path.join(folder, 'comparison.json')), { kind: 'comparison' });
  const refused = { code: 'report-missing', message: /is a comparison of two versions, and no run/ };
  t.throws(() => readReportFolder(folder), {
    ...refused,
    hint: /Name one of its runs: .*cart\/sites-head, .*cart\/1-base\./,
  });
  t.throws(() => readAnyProfile(folder), refused);
  t.notOk(isComparisonFolder(path.join(folder, 'other')));
  t.equal(readComparisonAt(path.join(folder, 'other')), undefined);
  t.doesNotThrow(() => refuseComparison(path.join(folder, 'other')));
});

t.test('one that could not be run, and one that is damaged', async (t) => {
  const failed = { ...sampleComparison(), base: { ...sampleComparison().base, commit: null, key: '' } };
  const folder = t.testdir({
    failed: { 'comparison.json': JSON.stringify(failed) },
    half: { 'comparison.json': JSON.stringify(failed).slice(0, 900) },
    bad: { 'comparison.json': JSON.stringify({ ...failed, scenarios: [{ name: 7 }] }) },
  });
  t.match(readComparisonAt(path.join(folder, 'failed')), { base: { key: '' } });
  t.throws(() => readComparisonAt(path.join(folder, 'half')), { code: 'report-missing' });
  t.throws(() => readComparisonAt(path.join(folder, 'bad')), { code: 'report-missing', message: /scenarios\.0\.name/ });
});
