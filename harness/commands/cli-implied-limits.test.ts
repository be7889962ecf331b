/** What a budget does not say may be left out may not be: as it is typed, for a scenario of a user's own. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import type { BudgetResult } from '../../reports/model.ts';
import { nothingLeft, reportIn, run, tapOnly, workplace } from './cli-trial.ts';

t.setTimeout(120_000);
const implied = ['exchanges.shed', 'bodies.shed'];
const isShed = ({ name }: BudgetResult) => implied.includes(name);

const flood = (budgets: string, agent = '') => `name: rush
${agent}
recover: 300ms
budgets: { rss.max: 1 GB${budgets} }
traffic:
  - kind: http
    arrivals: { kind: poisson, perSecond: 200 }
    duration: 2s
    exchanges: [{ response: { type: json, shape: wide, bytes: 8kB..16kB } }]
`;

async function ran(t: Test, text: string, ...words: readonly string[]) {
  const place = workplace(t);
  const file = path.join(place.folder, 'rush.yaml');
  writeFileSync(file, text);
  const { code, out, err } = await run(['run', file, '--no-explain', '--out', place.out, ...words], place.temporary);
  await nothingLeft(t, place);
  return { code, printed: out + err, budgets: reportIn(place.out).budgets };
}

t.test('nothing was left out: the limit stands in the report, and holds', async (t) => {
  const exact = ['--lane', 'exact', '--agent-until', 'witnesses'];
  const { code, printed, budgets } = await ran(t, flood(''), ...exact);
  t.equal(code, 0, printed);
  t.match(printed, /✓ exchanges\.shed +0 ≤ 0 +implied: the budget does not say how much may be left out/);
  t.same(
    budgets.filter(isShed).map(({ name, limit, actual, state }) => [name, limit, actual, state]),
    implied.map((name) => [name, 0, 0, 'pass']),
  );
  const said = await ran(t, flood(', exchanges.witnessed: 50 %'), ...exact);
  t.equal(said.code, 0, said.printed);
  t.same(said.budgets.filter(isShed), [], 'a budget that says how much implies nothing');
  const typed = await ran(t, flood(''), ...exact, '--budget', 'exchanges.shed=5');
  t.match(typed.budgets.filter(isShed), [{ name: 'exchanges.shed', limit: 5, note: '' }]);
  const framing = await ran(t, flood(''), '--lane', 'exact');
  t.same(framing.budgets.filter(isShed), [], 'an agent that makes no witnesses leaves none out');
});

t.test('an agent that may use half a percent of a core leaves things out: no pass', tapOnly, async (t) => {
  const { code, printed, budgets } = await ran(t, flood('', 'agentArguments: [--cpu, 0.5%]'));
  // Over where exchanges were counted, undecided where whole connections were left out before anyone saw what is in them.
  t.ok(code === 1 || code === 4, printed);
  t.match(printed, /[✗?] (exchanges|bodies)\.shed .*implied/);
  t.ok(
    budgets.filter(isShed).some(({ ok, note }) => !ok && note.includes('implied')),
    printed,
  );
});
