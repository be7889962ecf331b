/** The worst traffic there is: floodgate from its package, in a folder that is not ours. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import type { Hunted } from '../harness/hunt/hunt.ts';
import { install, plainNode } from './installed-package.ts';

t.setTimeout(600_000);
const folder = t.testdir();
const floodgate = path.join(install(folder), 'floodgate');
const run = (...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(...plainNode(floodgate, ...words), { cwd: folder, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
};
const found = (out: string): Hunted => JSON.parse(readFileSync(path.join(folder, out, 'hunt.json'), 'utf8'));

t.test('a defect: its weak spot is named, by bound and by call site', async (t) => {
  const words = ['hunt', '--defect', 'whole-bodies', '--no-confirm', '--jobs', '2', '--out', 'weak'];
  const { status, out, err } = run(...words, '--trials', '5');
  t.equal(status, 0, err);
  t.match(out, /^HUNTED: 5 programs in /);
  t.match(out, /off-heap memory|resident memory/);
  const { findings, sites } = found('weak');
  const memory = findings.find(({ measure }) => measure === 'off-heap memory' || measure === 'resident memory')!;
  t.match(memory.suspects.join(), 'scenarios/defects/whole-bodies/');
  t.ok(memory.champion.score > 20, `${memory.champion.score} bytes held for a byte sent`);
  t.match(sites[0]!.site, /whole-bodies\/content-decoder\.(ts|js)#grow/);
  t.ok(existsSync(path.join(folder, 'weak', 'decoded.yaml')), 'a scenario a bound');

  t.equal(run('hunt', '--trials', '1', '--no-confirm', '--out', 'weak').status, 2, 'a folder is of one hunt');
});
