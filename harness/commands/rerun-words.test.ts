import t from 'tap';
import { runsRange, shareRange } from '../signoff/repeat-range.ts';
import type { FigureAgain } from '../signoff/rerun.ts';
import { rerunWords } from './rerun-words.ts';

const figure = (again: number | null, stated: number, more: Partial<FigureAgain> = {}): FigureAgain => ({
  ...{ scenario: 'cart', lane: 'load', metric: 'allocated.perRequest', unit: 'bytes', stated, again },
  ...{ range: shareRange(stated, 0.005), ok: true },
  ...more,
});
const linesOf = (...figures: FigureAgain[]) => rerunWords({ figures, notHeld: [] }).lines;
const requests = { metric: 'requests.failed', unit: 'count' } as const;

t.test('what is printed shows by how much figures differ', async (t) => {
  t.same(linesOf(figure(14_236, 14_262)), [
    '✓ cart/load/allocated.perRequest: 14.236 kB, signed off 14.262 kB, within 0.5 % is asked',
    'SAME: 1 of 1 figures came out as they were signed off',
  ]);
  t.match(linesOf(figure(21_300, 12_300, { ok: false })), [
    '✗ cart/load/allocated.perRequest: 21.3 kB, signed off 12.3 kB, within 0.5 % is asked',
    'DIFFERENT: 0 of 1 figures came out as they were signed off',
  ]);
});

t.test('of a count no share is asked', async (t) => {
  t.match(linesOf(figure(0, 0, { ...requests, range: shareRange(0, 0.005) })), [
    '✓ cart/load/requests.failed: 0, signed off 0, the same is asked',
  ]);
  t.match(linesOf(figure(401, 400, { ...requests, range: shareRange(400, 0.005) })), [
    '✓ cart/load/requests.failed: 401, signed off 400, from 398 to 402 is asked',
  ]);
});

t.test('of what was decided by pairs, the range of its runs', async (t) => {
  const range = runsRange([1_000, 1_010, 1_030], 1_010);
  t.match(linesOf(figure(1_050, 1_010, { range })), [
    '✓ cart/load/allocated.perRequest: 1.05 kB, signed off 1.01 kB, from 0.97 kB to 1.06 kB is asked: its 3 signed runs were from 1 kB to 1.03 kB',
  ]);
});

t.test('only what was not measured is not known', async (t) => {
  const otherMachine = { place: 'cart/load/rss.max', why: 'another machine’s', isOpen: false };
  const open = { place: 'cart/load/cpu.perMB', why: 'it was not measured', isOpen: true };
  const of = (figures: FigureAgain[], notHeld = [otherMachine]) => rerunWords({ figures, notHeld });
  const same = of([figure(100, 100)]);
  t.equal(same.exitCode, 0);
  t.match(same.lines[1], '– cart/load/rss.max: another machine’s');
  const undecided = of([figure(100, 100)], [open]);
  t.equal(undecided.exitCode, 4);
  t.match(undecided.lines, [
    /^✓/,
    '? cart/load/cpu.perMB: it was not measured',
    'UNDECIDED: 1 of 1 figures came out as they were signed off; not known: cart/load/cpu.perMB',
  ]);
  const unmeasured = of([figure(null, 100, { ok: false })]);
  t.equal(unmeasured.exitCode, 4);
  t.match(unmeasured.lines[0], /^\? cart\/load\/allocated\.perRequest: not measured this time, signed off 100 B: run/);
  t.equal(of([figure(null, 100, { ok: false }), figure(200, 100, { ok: false })]).exitCode, 1);
  t.match(of([]).lines.at(-1), /^UNDECIDED: nothing in this bundle can be held/);
});
