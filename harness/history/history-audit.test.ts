/** What `floodgate history check` finds. */
import { copyFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { sampleComparison } from '../../reports/comparison-fixture.ts';
import { sampleGate, sampleRun } from '../../reports/sample-report.ts';
import { entryOf } from './entry.ts';
import { openStore } from './open-store.ts';
import { origin, sqliteAt, withStore } from './store-fixture.ts';

t.test('a store without one of its tables', async (t) => {
  for (const name of ['figures', 'limits', 'bodies', 'batch_runs', 'kysely_migration']) {
    const file = path.join(t.testdir(), `${name}.db`);
    await withStore(sqliteAt(file), (store) => store.add(entryOf(sampleRun(), origin)));
    const database = new DatabaseSync(file);
    database.exec(`drop table ${name}`);
    database.close();
    for (const absent of ['refuse', 'make'] as const) {
      const message = new RegExp(`it has no table "${name}"`);
      await t.rejects(openStore(sqliteAt(file), { absent }), { code: 'store-corrupt', message });
    }
  }
});

t.test('what somebody changed in a store is found', async (t) => {
  const folder = t.testdir();
  const whole = path.join(folder, 'whole.db');
  await withStore(sqliteAt(whole), async (store) => {
    for (const report of [sampleRun(), sampleGate(), sampleComparison()]) await store.add(entryOf(report, origin));
    t.same((await store.audit()).faults, []);
  });
  const other = `x'${gzipSync(JSON.stringify({ ...sampleRun(), command: 'another' })).toString('hex')}'`;
  const runId = entryOf(sampleRun(), origin).batch.id;
  const changes: [statement: string, said: RegExp][] = [
    [`delete from bodies where id = '${runId}'`, /^[0-9a-f]{16}: its report is gone$/],
    [`update bodies set body = ${other} where id = '${runId}'`, /its report is not what was stored/],
    [`update bodies set body = x'1f8b' where id = '${runId}'`, /its report is damaged/],
    ['update figures set value = value + 1', /stored as its figures is not what its report says/],
    ['delete from figures', /as its figures/],
    ["update runs set machine = 'another'", /stored of it was altered/],
    ["update runs set definition = '0'", /of it was altered/],
    ['update runs set partial = 1 - partial', /of it was altered/],
    ["update batches set commit_id = 'c0ffee'", /of it was altered/],
    ["update runs set project = 'other'; update batches set project = 'other'", /of it was altered/],
    ["update batches set headline = 'all is well' where kind = 'gate'", /of it was altered/],
    ["update bodies set body = x''; update figures set low = 1", /of it was altered/],
    ['update runs set seal = null', /it has no seal/],
    ["delete from batches where kind = 'compare'", /^[0-9a-f]{16}: its report is there, and the entry is gone$/],
    [
      `pragma foreign_keys = on; delete from bodies where id in (select id from runs where id <> '${runId}');
       delete from runs where id <> '${runId}'`,
      /of it was altered/,
    ],
    ['delete from batch_runs where batch_id <> run_id', /is no part of [0-9a-f]{16}, which stored it/],
    [
      "pragma foreign_keys = off; update runs set home_id = 'other' where id <> home_id",
      /rows of "runs" belong to an entry that is not there/,
    ],
    [
      "pragma foreign_keys = off; insert into batch_runs select id, 'other' from batches",
      /rows of "batch_runs" belong to an entry/,
    ],
    [`delete from batch_runs where run_id = '${runId}' and batch_id <> run_id`, /of it was altered/],
    ['update limits set limit_value = limit_value * 2', /as its limits/],
    ["update runs set headline = 'all is well'", /as its verdict/],
    [`update batches set exit_code = 4 where id = '${runId}'`, /as its verdict/],
    ["update batches set headline = 'all is well' where kind = 'compare'", /as its verdict/],
    ['pragma foreign_keys = off; delete from batches', /rows of "runs" belong to an entry that is not there/],
    ['pragma foreign_keys = off; delete from runs', /rows of "(figures|limits)" belong to an entry that is not there/],
  ];
  for (const [statement, said] of changes) {
    const file = path.join(folder, 'changed.db');
    copyFileSync(whole, file);
    const database = new DatabaseSync(file);
    database.exec(statement);
    database.close();
    const { faults } = await withStore(sqliteAt(file), (store) => store.audit());
    t.match(faults[0], said, statement);
  }
});

t.test(
  'what an older floodgate removed by its rule is no fault; a run that comes again has its report again',
  async (t) => {
    const file = path.join(t.testdir(), 'history.db');
    await withStore(sqliteAt(file), async (store) => {
      await store.add(entryOf(sampleRun(), origin));
      await store.add(entryOf(sampleComparison(), origin));
    });
    const database = new DatabaseSync(file);
    database.exec('drop table batch_runs; alter table runs rename column home_id to batch_id');
    for (const table of ['runs', 'batches']) database.exec(`alter table ${table} drop column seal`);
    database.exec("delete from bodies; delete from kysely_migration where name >= '0003'");
    database.close();
    await withStore(sqliteAt(file), async (store) => {
      t.same(await store.audit(), { faults: [], compared: 0, removed: 2 });
      await store.add(entryOf({ ...sampleGate(), runs: [sampleRun()] }, origin));
      t.same(await store.audit(), { faults: [], compared: 1, removed: 1 });
    });
  },
);

t.test('an empty file is no history yet: whoever reads leaves it, whoever stores begins one', async (t) => {
  const file = path.join(t.testdir(), 'history.db');
  writeFileSync(file, '');
  await t.rejects(openStore(sqliteAt(file), { absent: 'refuse' }), { code: 'store-missing' });
  t.equal(statSync(file).size, 0);
  await withStore(sqliteAt(file), (store) => store.add(entryOf(sampleRun(), origin)));
  const store = await openStore(sqliteAt(file), { absent: 'refuse' });
  t.same(await store.audit(), { faults: [], compared: 1, removed: 0 });
  await store.close();
});
