/** Where the tables are, and who may use them. */
import t, { type Test } from 'tap';
import { sampleRun } from '../../reports/sample-report.ts';
import { entryOf } from './entry.ts';
import { openStore } from './open-store.ts';
import { type PostgresServer, withPostgres } from './postgres-fixture.ts';
import type { StoreAddress } from './store-address.ts';
import { origin, withStore } from './store-fixture.ts';

// A server is started: on a starved machine that takes its time.
t.setTimeout(300_000);

t.test('PostgreSQL: the rights that a user lacks, and the first error', async (t) => {
  await withPostgres(t, async (url, server) => {
    server.sql('create role stranger login; create role reader login; create role tenant login');
    const as = (user: string): StoreAddress => ({ kind: 'postgres', url: server.urlOf(user) });
    const refused = (user: string) =>
      openStore(as(user), { absent: 'make' }).then(
        () => 'open',
        (error) => error,
      );
    t.match(await refused('stranger'), { code: 'store-refused', hint: /GRANT CREATE ON DATABASE/ });
    // A schema that somebody else owns: the first statement that fails names it.
    server.sql('create schema floodgate; grant usage on schema floodgate to tenant');
    t.match(await refused('tenant'), { code: 'store-refused', message: /permission denied for schema floodgate/ });
    server.sql('drop schema floodgate');
    await refusesForeign(t, { kind: 'postgres', url }, server);
    await withStore({ kind: 'postgres', url }, (store) => store.add(entryOf(sampleRun(), origin)));
    server.sql('grant usage on schema floodgate to reader; grant select on all tables in schema floodgate to reader');
    await withStore(as('reader'), async (store) => {
      t.equal((await store.batches('shop', 10)).length, 1);
      await t.rejects(store.add(entryOf({ ...sampleRun(), startedAt: '2026-03-15T10:00:00.000Z' }, origin)), {
        code: 'store-refused',
        message: /permission denied for table/,
        hint: /needs .* INSERT/,
      });
    });
    t.match(await refused('stranger'), { code: 'store-refused', hint: /needs USAGE/ });
    server.sql('create role replica superuser login; alter role replica set default_transaction_read_only = on');
    await withStore(as('replica'), async (store) => {
      t.equal((await store.batches('shop', 10)).length, 1);
      await t.rejects(store.add(entryOf({ ...sampleRun(), startedAt: '2026-03-16T10:00:00.000Z' }, origin)), {
        code: 'store-unwritable',
        message: /it is read-only/,
        hint: /the primary/,
      });
    });
    // No driver error comes with a code where the server has no TLS.
    const { url: plain } = as('ci') as { url: string };
    const tls = { kind: 'postgres', url: `${plain}&sslmode=verify-full` } as const;
    t.match(await openStore(tls, { absent: 'make' }).catch((error) => error), {
      code: 'store-refused',
      hint: /sslmode/,
    });
  });
});

/** A schema of our name that another program has, whatever is in it: refused by whoever stores or reads, and left as it is. */
async function refusesForeign(t: Test, address: StoreAddress, server: PostgresServer): Promise<void> {
  for (const [object, said] of [
    ['view floodgate.runs as select 1 as k', /another program's \(view floodgate\.runs\)/],
    ['view floodgate.kysely_migration as select 1 as name', /\(view floodgate\.kysely_migration\)/],
    ['materialized view floodgate.zz as select 1 as k', /materialized view/],
    ['sequence floodgate.runs', /sequence/],
    ['type floodgate.runs as (a int)', /type/],
    ['function floodgate.f() returns int language sql as $$select 1$$', /function/],
    [
      'table floodgate.kysely_migration(name text, timestamp text)',
      /its table "kysely_migration" is another program's/,
    ],
    ['table floodgate.kysely_migration(a int)', /its table "kysely_migration" is another program's/],
    [
      "table floodgate.kysely_migration as select '2024_users' as name",
      /its table "kysely_migration" is another program's/,
    ],
  ] as const) {
    server.sql(`create schema floodgate authorization ci; grant usage on schema floodgate to public; create ${object}`);
    server.sql('grant select on all tables in schema floodgate to ci');
    for (const absent of ['make', 'refuse'] as const) {
      const hint = /Nothing was written into it\. Rename that schema, or give another database/;
      await t.rejects(openStore(address, { absent }), { code: 'store-foreign', message: said, hint }, object);
    }
    // As it was: one thing is in it.
    server.sql(`drop ${object.split(/ as |(?<=kysely_migration)\(| returns/)[0]}; drop schema floodgate`);
  }
  // Rights that were prepared are nothing of another program's.
  server.sql(
    'create schema floodgate authorization ci; alter default privileges in schema floodgate grant select on tables to public',
  );
  await withStore(address, (store) => store.add(entryOf(sampleRun(), origin)));
  server.sql('drop schema floodgate cascade');
}

t.test('PostgreSQL: tables that were made in another schema come home', async (t) => {
  await withPostgres(t, async (url, server) => {
    const address: StoreAddress = { kind: 'postgres', url };
    const { batch } = entryOf(sampleRun(), origin);
    await withStore(address, (store) => store.add(entryOf(sampleRun(), origin)));
    const names = ['batches', 'runs', 'figures', 'limits', 'bodies'];
    // As they were then: no run had several batches.
    server.sql(`drop table floodgate.batch_runs; alter table floodgate.runs rename column home_id to batch_id;
      delete from floodgate.kysely_migration where name = '0005-batch-runs'`);
    server.sql('drop table public.runs');
    const scatter = (schema: string) =>
      server.sql(names.map((name) => `alter table floodgate.${name} set schema ${schema};`).join(''));
    scatter('public');
    const store = await openStore(address, { absent: 'refuse' });
    t.match(await store.batches('shop', 10), [{ id: batch.id }]);
    t.equal((await store.runsOfBatch(batch.id)).length, 1);
    await store.close();
    names.push('batch_runs');
    server.sql('create schema other');
    scatter('other');
    server.sql(names.map((name) => `create table public.${name} (like other.${name});`).join(''));
    const message = /its schema "floodgate" has none of its tables, and "other" and "public" have them/;
    const hint = /ALTER TABLE "…"\.batches SET SCHEMA floodgate;/;
    await t.rejects(openStore(address, { absent: 'refuse' }), { code: 'store-corrupt', message, hint });
    server.sql('drop schema other cascade; drop table public.bodies cascade');
    await t.rejects(openStore(address, { absent: 'make' }), { code: 'store-corrupt', message: /no schema has them/ });
  });
});
