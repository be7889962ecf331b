/** The worst traffic there is, and a grid of limits: floodgate from its package, in a folder that is not ours. */
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

t.test(
  'the first eight programs reach the bounds of all parts of the agent, so that a slow machine misses none',
  async (t) => {
    const words = ['hunt', '--defect', 'fragments-kept', '--no-confirm', '--jobs', '2', '--out', 'first'];
    const { status, err } = run(...words, '--trials', '8');
    t.equal(status, 0, err);
    const { findings, sites } = found('first');
    const measured = new Set(findings.map(({ measure }) => measure));
    const bounds = ['tcp tables', 'tcp pages', 'ip fragments', 'http heads', 'decoders', 'bodies', 'values'];
    t.same(
      bounds.filter((name) => !measured.has(name)),
      [],
    );
    t.ok(sites.some(({ site }) => /fragments-kept\/fragments\.(ts|js)#keepPiece/.test(site)));
  },
);

t.test('a sweep: a cell is a run, kept as it ends; the table and the page hold all', async (t) => {
  const words = ['sweep', 'steady', '--lane', 'exact', '--size', '300kB', '--loss', '0%,20%', '--out', 'grid'];
  const { status, out, err } = run(...words, '--pages', '400');
  t.equal(status, 0, err);
  t.match(out, /^SWEEP of steady \(exact lane\)\n/);
  const { cells } = JSON.parse(readFileSync(path.join(folder, 'grid', 'sweep.json'), 'utf8'));
  t.equal(cells.length, 2);
  t.equal(cells[0].recovered, 1);
  t.ok(cells[1].recovered < 0.9, `a fifth of the frames lost: ${cells[1].recovered} recovered`);
  t.ok(cells.every((cell: { p99Bytes: number }) => cell.p99Bytes > 20_000_000));
  t.match(readFileSync(path.join(folder, 'grid', 'sweep.html'), 'utf8'), /Sweep of steady/);
  const again = run(...words, '--pages', '400');
  t.equal(again.out, out, 'what is known is not run again');
  t.match(run(...words, '--pages', '0.5').err, '--pages: 0.5 is no number of pages');
  t.match(run(...words, '--rate', '9 knots').err, '"9 knots" is no rate');
});
