import t from 'tap';
import { budgetNames, evaluateBudgets, isBudgetName, sitePattern } from './budgets.ts';

t.test('at the limit is ok, over it is not, and a minimum the other way round', async (t) => {
  const results = evaluateBudgets(
    { 'rss.p99': 200, 'rss.max': 200, 'messages.found': 1, 'missed.messages': 0, 'recovery.seconds': 10 },
    { 'rss.p99': 200, 'rss.max': 201, 'messages.found': 0.99, 'missed.messages': 0 },
  );
  t.same(
    results.map(({ name, ok, unit, bound }) => [name, ok, unit, bound]),
    [
      ['rss.p99', true, 'bytes', 'max'],
      ['rss.max', false, 'bytes', 'max'],
      ['messages.found', false, 'share', 'min'],
      ['missed.messages', true, 'count', 'max'],
      ['recovery.seconds', false, 'seconds', 'max'],
    ],
  );
  t.match(results[4], { actual: null, note: 'could not be measured' }, 'what cannot be checked does not pass');
});

t.test('a name that is no budget does not pass, whatever it is', async (t) => {
  for (const name of ['rss.p42', 'toString', '__proto__', 'constructor']) {
    t.notOk(isBudgetName(name));
    t.match(evaluateBudgets(JSON.parse(`{"${name}":1}`), {}), [{ ok: false, note: 'no such budget' }], name);
  }
  t.ok(isBudgetName('share:agent/tcp/**'));
  t.ok(budgetNames().includes('rss.p999'));
});

t.test('a subsystem may have its share', async (t) => {
  const sites = [
    { file: 'agent/tcp/assembler.ts', functionName: 'insert', selfBytes: 600 },
    { file: 'agent/tcp/deep/pages.ts', functionName: 'take', selfBytes: 100 },
    { file: 'agent/http/parser.ts', functionName: 'parse', selfBytes: 300 },
  ];
  const budget = { 'share:agent/tcp/**': 0.5, 'bytes:agent/tcp/*.ts': 600, 'share:agent/**#parse': 0.3 };
  t.match(evaluateBudgets(budget, {}, sites), [
    { ok: false, actual: 0.7, unit: 'share' },
    { ok: true, actual: 600, unit: 'bytes' },
    { ok: true, actual: 0.3 },
  ]);
  t.match(evaluateBudgets(budget, {}, null), [{ ok: false }, { ok: false }, { ok: false }]);
});

t.test('patterns match literally but for their stars', async (t) => {
  t.ok(sitePattern('agent/a.b(c)/*.ts')('agent/a.b(c)/x.ts', ''));
  t.notOk(sitePattern('agent/a.b/*.ts')('agent/aXb/x.ts', ''));
  t.notOk(sitePattern('agent/*.ts')('agent/deep/x.ts', ''));
});
