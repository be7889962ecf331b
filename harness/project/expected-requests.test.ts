import t from 'tap';
import type { RunReport } from '../../reports/model.ts';
import { sampleRun } from '../../reports/sample-report.ts';
import { withRequestsExpected } from './expected-requests.ts';

const cart = { name: 'cart', load: 'true' };

function reportOf(perRequest: string, failed: 'value' | 'notMeasured' = 'notMeasured'): RunReport {
  const run = sampleRun();
  const [first] = run.figures;
  const figure = (name: string, note: string, state: 'value' | 'notMeasured') => ({
    ...first!,
    ...{ name, note, state, value: state === 'value' ? 0 : null },
  });
  const figures = [
    figure('allocated.perRequest', perRequest, 'notMeasured'),
    figure('requests.failed', failed === 'value' ? '' : 'answers were not counted', failed),
  ];
  return { ...run, figures, budgets: [], fault: null };
}

t.test('a load without an answered request decides nothing', async (t) => {
  const none = 'no request was answered';
  t.match(withRequestsExpected(cart, reportOf(none)), {
    fault: { exitCode: 4 },
    verdict: { ok: false, exitCode: 4, headline: /^No request was answered/ },
  });
  const kept = (scenario: typeof cart | { name: string }, report: RunReport) =>
    t.equal(withRequestsExpected(scenario, report), report);
  kept({ name: 'batch' }, reportOf(none));
  kept({ ...cart, unanswered: true } as typeof cart, reportOf(none));
  kept(cart, reportOf(none, 'value'));
  kept(cart, reportOf('too few requests: it takes 400'));
  kept(cart, reportOf('its runtime is not looked into'));
});
