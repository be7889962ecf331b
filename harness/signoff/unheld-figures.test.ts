import t from 'tap';
import { SIGNOFF_SCHEMA_VERSION, type SignoffReport } from '../../reports/signoff.ts';
import { unheldFigures } from './unheld-figures.ts';

const verdict = { ok: true, exitCode: 0, headline: '' };
const report = (schemaVersion: SignoffReport['schemaVersion'], limits: readonly string[], changed: readonly string[]) =>
  ({
    schemaVersion,
    previous: null,
    scenarios: [
      {
        name: 'cart',
        runs: [{ lane: 'load', budgets: limits.map((name) => ({ name, state: 'ok' })), verdict }],
        comparisons: [
          { result: { lane: 'load', metrics: changed.map((name) => ({ name, decision: 'within' })) }, folder: '' },
        ],
      },
    ],
  }) as unknown as SignoffReport;

t.test('what an old schema version leaves unheld, and is judged', async (t) => {
  const limits = ['rss.max', 'allocated.perRequest', 'heap.afterGc', 'requests.failed'];
  t.same(unheldFigures(report(2, limits, ['rss.max'])), [
    'cart/load/allocated.perRequest',
    'cart/load/heap.afterGc',
    'cart/load/rss.max/change',
  ]);
  t.same(unheldFigures(report(1, ['rss.max', 'requests.failed'], [])), []);
  t.same(unheldFigures(report(SIGNOFF_SCHEMA_VERSION, limits, ['rss.max'])), []);
});
