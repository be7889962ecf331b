/** Where root writes reports, and where it does not: real folders and links of another user. */
import { chownSync, existsSync, lchownSync, mkdirSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { makeReportFolder } from './report-folder.ts';

const isRoot = process.geteuid?.() === 0;
const skip = isRoot ? false : 'SKIPPED: needs root, who could be led elsewhere';
const nobody = 65_534;

t.test('root follows no link of another user’s', { skip }, (t) => {
  const folder = t.testdir({ own: {}, open: {} });
  chownSync(path.join(folder, 'open'), nobody, nobody);
  const link = path.join(folder, 'open', 'reports');
  symlinkSync(path.join(folder, 'own'), link);
  lchownSync(link, nobody, nobody);
  for (const given of [link, path.join(link, 'new'), path.join(link, 'new', 'newer')]) {
    t.throws(() => makeReportFolder('a', given), { code: 'output-unwritable', message: /link of another user/ });
  }
  t.same(readdirSync(path.join(folder, 'own')), []);
  t.end();
});

t.test('root writes into no folder of another user’s', { skip }, (t) => {
  const given = path.join(t.testdir(), 'theirs');
  mkdirSync(given);
  chownSync(given, nobody, nobody);
  t.throws(() => makeReportFolder('a', given), { code: 'output-unwritable', message: /where others can write/ });
  t.end();
});

t.test('links of one’s own lead where they point', (t) => {
  const folder = t.testdir({ own: {} });
  const link = path.join(folder, 'reports');
  symlinkSync(path.join(folder, 'own'), link);
  t.equal(makeReportFolder('a', path.join(link, 'new')), path.join(link, 'new'));
  t.ok(existsSync(path.join(folder, 'own/new')));
  t.equal(statSync(path.join(folder, 'own/new')).mode & 0o777, 0o700);
  t.end();
});
