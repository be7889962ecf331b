import t from 'tap';
import { FloodgateError } from '../../agent/errors.ts';
import { renderJunit } from '../../reports/junit.ts';
import { sampleRun } from '../../reports/sample-report.ts';
import { renderTestAnything } from '../../reports/test-anything.ts';
import { gateReport } from './gate-report.ts';
import { gateVerdict, withFailures } from './gate-verdict.ts';

t.test('each waiver that was used stands in the verdict, whichever it is', async (t) => {
  const run = sampleRun();
  const waived = { ...run.budgets[0]!, state: 'waived' as const, ok: true };
  const cart = { ...run, budgets: [waived], scenario: { ...run.scenario, name: 'cart' } };
  const words = `${waived.name} of cart`;
  const verdictOf = (exitCode: number) =>
    gateVerdict([cart, { ...run, verdict: { ok: exitCode === 0, exitCode, headline: '' } }], 2).headline;
  t.equal(verdictOf(0), `All 2 scenarios within budget, or waived: ${words}.`);
  t.equal(verdictOf(1), `1 of 2 scenarios over budget: ${run.scenario.name}. Waived: ${words}.`);
  t.equal(verdictOf(4), `1 of 2 undecided: ${run.scenario.name}. Waived: ${words}.`);
});

t.test('one scenario that cannot run takes nothing from the others, and is no pass', async (t) => {
  const passed = gateVerdict([{ ...sampleRun(), verdict: { ok: true, exitCode: 0, headline: '' } }], 2);
  const error = new FloodgateError('run-failed', 'a run ended with 2', { hint: '' });
  t.same(withFailures(passed, [], 1), passed);
  t.match(withFailures(passed, [{ scenario: 'cart', error }], 1), {
    ok: false,
    exitCode: 2,
    headline: /^cart could not run: a run ended with 2\. 1 scenario within budget/,
  });
  const none = withFailures(gateVerdict([], 1), [{ scenario: 'cart', error }], 0);
  t.match(none, { ok: false, exitCode: 2, headline: /^cart could not run: a run ended with 2\.$/ });
  const report = {
    ...gateReport({ startedAtMs: 0, runs: [], verdict: none, toolVersion: '0' }),
    startedAt: '2026-11-30T04:00:00.000Z',
  };
  t.match(
    renderJunit(report),
    /<testcase [^>]*name="verdict">\s*<error message="cart could not run/,
    'nor a green in JUnit',
  );
  t.match(renderTestAnything(report), /^1\.\.1\nnot ok 1 - cart could not run/m);
});
