import t from 'tap';
import type { RunReport } from '../../reports/model.ts';
import { sampleGate, sampleRun } from '../../reports/sample-report.ts';
import { judgeAgain } from './judge-again.ts';

const run = sampleRun();

t.test('a limit is added, or takes the place of one, and the verdict follows', async (t) => {
  const met = judgeAgain(run, { 'cpu.seconds': 4.21 }) as RunReport;
  t.match(met.verdict, { ok: true, exitCode: 0 });
  t.equal(met.budgets.length, run.budgets.length + 1);
  const missed = judgeAgain(run, { 'cpu.seconds': 4.2 });
  t.match(missed.verdict, { ok: false, exitCode: 1, headline: /^cpu\.seconds is 4\.21 s, at most 4\.2 s is allowed/ });
  t.match(judgeAgain(run, { 'gc.pauseP99': 5 }).verdict, { exitCode: 4, headline: /was not measured: no collection/ });
  t.match(judgeAgain(run, { 'gc.pauseP99': 5, 'cpu.seconds': 1 }).verdict, { exitCode: 1 }, 'over comes first');
  const replaced = judgeAgain(run, { 'rss.p99': 1 }) as RunReport;
  t.equal(replaced.budgets.filter(({ name }) => name === 'rss.p99').length, 1);
  t.match(replaced.verdict, { exitCode: 1 }, 'by what its own limit was held against');
  t.match(judgeAgain(run, { 'streams.max': 1 }).verdict, { exitCode: 4, headline: /the report has no figure of it/ });
});

t.test(
  'what no limit decided stays: an interrupted run, a target that died, a load that decides nothing',
  async (t) => {
    const faulty = (exitCode: number, headline: string) => ({ ...run, fault: { exitCode, headline } });
    const again = (report: RunReport, limits: Record<string, number>) => judgeAgain(report, limits).verdict;
    const stopped = faulty(3, 'Interrupted.');
    t.same(again(stopped, { 'cpu.seconds': 100 }), { ok: false, exitCode: 3, headline: 'Interrupted.' });
    t.match(again(stopped, { 'cpu.seconds': 1 }), { exitCode: 3 });
    const dead = faulty(1, 'The target hung.');
    t.same(again(dead, { 'cpu.seconds': 100 }), { ok: false, exitCode: 1, headline: 'The target hung.' });
    t.match(again(dead, { 'gc.pauseP99': 5 }), { exitCode: 1, headline: 'The target hung.' });
    t.match(again(dead, { 'cpu.seconds': 1 }), {
      exitCode: 1,
      headline: /^The target hung\. cpu\.seconds is 4\.21 s, at most/,
    });
    const unjudged = faulty(4, 'None of 200 answers …');
    t.same(again(unjudged, { 'cpu.seconds': 100 }), { ok: false, exitCode: 4, headline: 'None of 200 answers …' });
    t.match(again(unjudged, { 'cpu.seconds': 1 }), { exitCode: 1, headline: /^cpu\.seconds/ });
  },
);

t.test('a gate ends with what counts most of its runs', async (t) => {
  t.match(judgeAgain(sampleGate(), { 'cpu.seconds': 100 }).verdict, { ok: true, exitCode: 0 });
  t.match(judgeAgain(sampleGate(), { 'gc.pauseP99': 5 }).verdict, { ok: false, exitCode: 4 });
  t.match(judgeAgain(sampleGate(), { 'cpu.seconds': 1 }).verdict, { exitCode: 1, headline: /recorded-burst/ });
});
