import t from 'tap';
import { FloodgateError } from '../../agent/errors.ts';
import { sampleRun } from '../../reports/sample-report.ts';
import { gateVerdict, withFailures } from './gate-verdict.ts';

t.test('one scenario that cannot run takes nothing from the others, and is no pass', async (t) => {
  const passed = gateVerdict([{ ...sampleRun(), verdict: { ok: true, exitCode: 0, headline: '' } }], 2);
  const error = new FloodgateError('run-failed', 'a run ended with 2', { hint: '' });
  t.same(withFailures(passed, []), passed);
  t.match(withFailures(passed, [{ scenario: 'cart', error }]), {
    ok: false,
    exitCode: 2,
    headline: /^cart could not run: a run ended with 2\. All 1 scenarios/,
  });
});
