import { readFileSync } from 'node:fs';
import t from 'tap';
import { library } from '../project/library.ts';
import { metricNamesInTable } from './metric-name.ts';
import { exitCodesPage, metricsPage } from './pages.ts';
import { findMetric, metrics } from './table.ts';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

t.test('the pages are those of the tables', async (t) => {
  t.equal(page('metrics.md'), metricsPage(), 'docs/metrics.md is stale: npm run generate');
  t.equal(page('exit-codes.md'), exitCodesPage(), 'docs/exit-codes.md is stale: npm run generate');
});

t.test('rows are whole', async (t) => {
  t.equal(new Set(metrics.map(({ name }) => name)).size, metrics.length, 'no name twice');
  t.same(
    metricNamesInTable,
    metrics.map(({ name }) => name),
    'names as types are those of the rows',
  );
  for (const { name, help } of metrics) {
    t.match(name, /^[a-z][a-zA-Z]*\.[a-zA-Z0-9]+$/);
    t.match(help, /^\S[^\n]{20,160}$/, `${name} has a line of help`);
  }
});

t.test('every scenario is judged by metrics that there are', async (t) => {
  for (const { name, budget } of await library()) {
    for (const limit of Object.keys(budget)) t.ok(findMetric(limit), `${name}: ${limit}`);
  }
});
