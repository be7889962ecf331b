import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import t, { type Test } from 'tap';
import { sampleComparison } from '../../reports/comparison-fixture.ts';
import type { RunReport } from '../../reports/model.ts';
import { sampleGate, sampleRun } from '../../reports/sample-report.ts';
import { entryOf } from './entry.ts';
import type { HistoryStore } from './history-store.ts';
import { migrationsFor } from './migrations.ts';
import { openStore } from './open-store.ts';
import { withPostgres } from './postgres-fixture.ts';
import { atMost } from './postgres-pool.ts';
import { nodeSqliteDialect } from './sqlite-dialect.ts';
import { type StoreAddress, shownAddress, storeAddress, takesPassword } from './store-address.ts';
import { storeFault } from './store-fault.ts';
import { sqliteAt, withStore } from './store-fixture.ts';

// A server is started: on a starved machine that takes its time.
t.setTimeout(300_000);
const origin = {
  project: 'shop',
  folder: '/srv/shop',
  commit: 'c0ffee',
  subject: 'faster',
  branch: 'main',
  dirty: false,
};
const runAt = (startedAt: string): RunReport => ({ ...sampleRun(), startedAt });
const first = runAt('2026-03-14T10:00:00.000Z');
const all = { before: '0000', reports: 1_000, runs: 100_000 };

/** What every store does, whichever database it is in. */
async function conforms(t: Test, address: StoreAddress): Promise<void> {
  const second = runAt('2026-03-15T10:00:00.000Z');
  await t.rejects(openStore(address, { absent: 'refuse' }), { code: 'store-missing' });
  await withStore(address, async (store) => {
    t.equal(await store.add(entryOf(first, origin)), true);
    t.equal(await store.add(entryOf(first, origin)), false, 'once');
    t.equal(await store.add(entryOf(second, { ...origin, dirty: true })), true);
    // Its content is its name, and it would not be in the other one's history.
    await t.rejects(store.add(entryOf(second, { ...origin, project: 'other' })), {
      code: 'store-other-project',
      message: /is stored as a report of the project "shop"/,
    });
    await store.add(entryOf({ ...sampleGate(), startedAt: '2026-03-16T10:00:00.000Z' }, origin));
    await store.add(entryOf({ ...sampleComparison(), startedAt: '2026-03-17T10:00:00.000Z' }, origin));
  });
  await withStore(address, async (store) => {
    const batches = await store.batches('shop', 10);
    t.same(
      batches.map(({ kind }) => kind),
      ['compare', 'gate', 'run', 'run'],
    );
    t.match(batches[3], { commit_id: 'c0ffee', subject: 'faster', branch: 'main', dirty: 0, exit_code: 0 });
    t.match(batches[2], { dirty: 1 });
    const runs = await store.latestRuns('shop', 100);
    t.equal(runs.length, 2 + sampleGate().runs.length);
    const id = entryOf(first, origin).batch.id;
    t.match(
      runs.find((run) => run.id === id),
      { scenario: first.scenario.name, commit_id: 'c0ffee', partial: 0 },
    );
    const figures = await store.figures([id]);
    t.equal(figures.length, first.figures.length);
    for (const { name, value } of first.figures) {
      t.equal(figures.find((each) => each.name === name)?.value, value, name);
    }
    t.equal((await store.limits([id])).length, first.budgets.length);
    t.same(JSON.parse((await store.body(id))!), first, 'the whole report, as it was');
    t.match(await store.find('shop', id.slice(0, 9)), { batches: [{ id }], runs: [{ id }] });
    t.same(await store.find('other', id), { batches: [], runs: [] }, 'projects are apart');
    t.same(await store.faults(), []);
    t.match(await store.audit(), { faults: [], compared: runs.length + 1, removed: 0 });
    // Retention: reports first, then what is old; other projects stay.
    t.match(await store.prune('other', { ...all, before: '9999' }), { batches: 0, bodies: 0 });
    const kept = await store.prune('shop', { ...all, reports: 1 });
    t.equal(kept.batches, 0);
    t.equal(await store.body(id), undefined);
    t.match(await store.audit(), { faults: [], removed: sampleGate().runs.length + 1 }, 'by rule, and not lost');
    t.equal((await store.figures([id])).length, first.figures.length, 'figures stay');
    t.equal((await store.prune('shop', { ...all, before: '2026-03-15T00:00:00.000Z' })).batches, 1);
    t.same(await store.figures([id]), [], 'and go with their run');
    t.equal(await store.countRuns('shop'), 1 + sampleGate().runs.length);
    await store.prune('shop', { ...all, runs: 0 });
    t.equal(await store.countRuns('shop'), 0);
    await sharesRuns(t, store);
    await readsOneMoment(t, store, address);
  });
}

/** A run of two gates is one run of both, and goes with the later one. */
async function sharesRuns(t: Test, store: HistoryStore): Promise<void> {
  const { runs } = sampleGate();
  const alone = entryOf(runs[0]!, origin);
  const whole = entryOf({ ...sampleGate(), startedAt: '2026-03-20T10:00:00.000Z' }, origin);
  const part = entryOf({ ...sampleGate(), runs: runs.slice(0, 1), startedAt: '2026-03-21T10:00:00.000Z' }, origin);
  const ids = (of: typeof whole) => store.runsOfBatch(of.batch.id).then((rows) => rows.map(({ id }) => id).sort());
  const own = (of: typeof whole) => of.runs.map(({ id }) => id).sort();
  for (const entry of [whole, alone, part]) t.equal(await store.add(entry), true);
  for (const entry of [whole, alone, part]) {
    t.same(await ids(entry), own(entry), 'each has all of its runs');
    t.equal(await store.add(entry), false, 'nothing is to be restored');
  }
  t.equal((await store.latestRuns('shop', 100)).length, runs.length, 'a run counts once');
  t.same((await store.audit()).faults, []);
  await t.rejects(store.add(entryOf({ ...sampleGate(), startedAt: '2026-03-22' }, { ...origin, project: 'other' })), {
    ...{ code: 'store-other-project', message: /is stored as a run of the project "shop"/ },
  });
  // The run alone and the whole are old; the part keeps what it has, with its report.
  await store.prune('shop', { ...all, runs: 1 });
  t.same((await store.batches('shop', 10)).map(({ id }) => id).sort(), [part.batch.id]);
  t.same(await ids(part), own(part));
  t.not(await store.body(own(part)[0]!), undefined);
  t.equal((await store.figures(own(part))).length, runs[0]!.figures.length);
  t.equal((await store.latestRuns('shop', 100)).length, 1);
  t.match(await store.audit(), { faults: [], compared: 1, removed: 0 });
  await store.prune('shop', { ...all, runs: 0 });
  t.same([await store.countRuns('shop'), await store.figures(own(part))], [0, []], 'it goes with its last batch');
}

async function readsOneMoment(t: Test, store: HistoryStore, address: StoreAddress): Promise<void> {
  const { batch } = entryOf(first, origin);
  await store.add(entryOf(first, origin));
  await withStore(address, (other) =>
    store.snapshot(async (reading) => {
      t.equal((await reading.batches('shop', 10)).length, 1);
      await other.prune('shop', { ...all, runs: 0 });
      t.equal((await reading.runsOfBatch(batch.id)).length, 1, 'what was removed meanwhile is still there');
    }),
  );
  t.equal(await store.countRuns('shop'), 0);
}

t.test('SQLite: what is stored is there, once, and goes by rule', async (t) => {
  await conforms(t, sqliteAt(path.join(t.testdir(), 'history.db')));
});

t.test('PostgreSQL: the same', async (t) => {
  await withPostgres(t, async (url, server) => {
    const address: StoreAddress = { kind: 'postgres', url };
    await conforms(t, address);
    // A restore may leave constraints out, and rows.
    for (const [table, key, parent] of [
      ['batch_runs', 'batch_runs_run_id_fkey', 'runs'],
      ['figures', 'figures_run_id_fkey', 'runs'],
      ['limits', 'limits_run_id_fkey', 'runs'],
      ['runs', 'runs_batch_id_fkey', 'batches'],
      ['batch_runs', 'batch_runs_batch_id_fkey', 'batches'],
    ] as const) {
      await withStore(address, (store) => store.add(entryOf(first, origin)));
      server.sql(`alter table floodgate.${table} drop constraint ${key}; delete from floodgate.${parent}`);
      const { faults } = await withStore(address, (store) => store.audit());
      t.match(faults.join('\n'), new RegExp(`^rows of "${table}" belong to an entry that is not there$`, 'm'));
      server.sql(
        'truncate floodgate.batches, floodgate.runs, floodgate.figures, floodgate.limits, floodgate.bodies, floodgate.batch_runs',
      );
    }
  });
});

/** As floodgate of that migration left it: a gate, whose runs were of one batch each. */
async function olderStore(file: string, version: string): Promise<void> {
  const database = new DatabaseSync(file);
  database.exec(`pragma application_id = ${0x464c_4f4f}`);
  const older = new Kysely<unknown>({ dialect: nodeSqliteDialect(database) });
  const provider = { getMigrations: async () => migrationsFor('sqlite') };
  await new Migrator({ db: older, provider }).migrateTo('0001-runs');
  const gate = entryOf(sampleGate(), origin);
  const { subject: _, ...batch } = gate.batch;
  const insert = (table: string, row: object) =>
    database
      .prepare(`insert into ${table} (${Object.keys(row)}) values (${Object.keys(row).map(() => '?')})`)
      .run(...(Object.values(row) as (string | number | null)[]));
  insert('batches', batch);
  for (const { home_id, ...run } of gate.runs) insert('runs', { ...run, batch_id: home_id });
  for (const figure of gate.figures) insert('figures', figure);
  if (version !== '0001-runs') await new Migrator({ db: older, provider }).migrateTo(version);
  await older.destroy();
}

t.test('a store of the version before is brought up to date', async (t) => {
  const { batch, runs } = entryOf(sampleGate(), origin);
  for (const version of ['0001-runs', '0004-seals']) {
    const file = path.join(t.testdir(), 'history.db');
    await olderStore(file, version);
    for (const round of ['migrated', 'left alone']) {
      const store = await openStore(sqliteAt(file), { absent: 'refuse' });
      t.match(await store.batches('shop', 10), [{ kind: 'gate', commit_id: 'c0ffee', subject: null }], round);
      t.same((await store.runsOfBatch(batch.id)).map(({ id }) => id).sort(), runs.map(({ id }) => id).sort());
      t.same((await store.audit()).faults, [], 'it is sealed, and the seals of before hold');
      await store.close();
    }
  }
  const file = path.join(t.testdir(), 'history.db');
  await olderStore(file, '0004-seals');
  const database = new DatabaseSync(file);
  database.exec(`update runs set machine = 'another' where id = '${runs[0]!.id}'`);
  // What a later merge once took away comes back with the whole.
  database.exec(`delete from runs where id = '${runs[1]!.id}'`);
  database.close();
  await withStore(sqliteAt(file), async (store) => {
    t.match((await store.audit()).faults.join(), /was altered/, 'what was altered before is seen afterwards');
    t.equal(await store.add(entryOf(sampleGate(), origin)), true);
    t.equal((await store.runsOfBatch(batch.id)).length, runs.length);
  });
});

t.test('a store of a newer version is refused, and left as it is', async (t) => {
  const file = path.join(t.testdir(), 'history.db');
  await withStore(sqliteAt(file), (store) => store.add(entryOf(sampleRun(), origin)));
  const database = new DatabaseSync(file);
  database.exec("insert into kysely_migration values ('0099-later', '2030-01-01T00:00:00.000Z')");
  database.close();
  const before = readFileSync(file);
  await t.rejects(openStore(sqliteAt(file), { absent: 'make' }), {
    code: 'store-newer',
    message: /history\.db was written by a newer floodgate \(0099-later\)/,
  });
  t.same(readFileSync(file), before);
});

t.test('what is no store is refused, and left as it is', async (t) => {
  const dir = t.testdir({
    text: 'SQLite format 3, almost: this is prose, and long enough to be looked at.'.repeat(20),
  });
  await t.rejects(openStore(sqliteAt(path.join(dir, 'text')), { absent: 'make' }), { code: 'store-corrupt' });
  const other = path.join(dir, 'other.db');
  const database = new DatabaseSync(other);
  database.exec('create table songs (name text)');
  database.close();
  const before = readFileSync(other);
  await t.rejects(openStore(sqliteAt(other), { absent: 'make' }), {
    code: 'store-foreign',
    message: /a database of another program/,
  });
  t.same(readFileSync(other), before);
  await t.rejects(openStore(sqliteAt(dir), { absent: 'make' }), { code: 'store-unwritable' });
  await t.rejects(openStore(sqliteAt(path.join(dir, 'no', 'folder.db')), { absent: 'make' }), {
    code: 'store-unwritable',
  });
});

t.test('a folder that leads elsewhere is refused, and nothing is written there', async (t) => {
  const dir = t.testdir({ elsewhere: {}, '.floodgate': t.fixture('symlink', 'elsewhere') });
  await t.rejects(openStore(storeAddress(dir, undefined)!, { absent: 'make' }), { code: 'store-untrusted' });
  t.same(readdirSync(path.join(dir, 'elsewhere')), []);
});

t.test('a store in a read-only folder is read, unless a writer has left something beside it', async (t) => {
  const folder = t.testdir();
  const file = path.join(folder, 'history.db');
  const script = path.join(folder, 'read.mjs');
  const program = path.join(import.meta.dirname, 'open-store.ts');
  writeFileSync(
    script,
    `const { openStore } = await import(${JSON.stringify(program)});
try {
  const store = await openStore(${JSON.stringify(sqliteAt(file))}, { absent: 'refuse' });
  const { length } = await store.batches('shop', 10);
  const written = await store.prune('shop', ${JSON.stringify({ ...all, before: '9999' })}).catch(({ code }) => code);
  console.log(length, written);
} catch ({ code, message }) {
  console.log(code, message);
}
`,
  );
  const within = (words: string) => spawnSync('unshare', ['-rm', 'sh', '-c', words], { encoding: 'utf8' });
  const bound = `mount --bind '${folder}' '${folder}' && mount -o remount,ro,bind '${folder}'`;
  if (within(bound).status !== 0) return void t.pass('skipped: no folder can be mounted here', { skip: true });
  const read = () => within(`${bound} && '${process.execPath}' '${script}'`).stdout;
  await withStore(sqliteAt(file), (store) => store.add(entryOf(runAt('2026-03-14T10:00:00.000Z'), origin)));
  t.equal(read(), '1 store-unwritable\n');
  writeFileSync(`${file}-wal`, 'x');
  t.match(read(), /^store-unwritable .*its latest entries lie in history\.db-wal, and its folder is read-only/);
});

t.test('a store that was damaged says so, by opening or by check', async (t) => {
  const file = path.join(t.testdir(), 'history.db');
  await withStore(sqliteAt(file), async (store) => {
    for (let day = 10; day < 30; day++) await store.add(entryOf(runAt(`2026-03-${day}T10:00:00.000Z`), origin));
  });
  const whole = readFileSync(file);
  const pages = statSync(file).size / 4_096;
  let said = 0;
  for (let page = 1; page < pages; page += Math.ceil(pages / 12)) {
    const damaged = Buffer.from(whole);
    damaged.fill(0xa5, page * 4_096, (page + 1) * 4_096);
    writeFileSync(file, damaged);
    const faults = await withStore(sqliteAt(file), (store) => store.faults()).catch((error) => [error.code as string]);
    if (faults.length > 0) said++;
    t.ok(faults.every((fault) => typeof fault === 'string'));
  }
  t.ok(said >= 10, `${said} of 12 damaged pages are noticed`);
  writeFileSync(file, whole.subarray(0, whole.length >> 1));
  const cut = await withStore(sqliteAt(file), (store) => store.faults()).catch((error) => [error.code as string]);
  t.not(cut.length, 0);
});

t.test('a report that is damaged inside of a whole store', async (t) => {
  const file = path.join(t.testdir(), 'history.db');
  const { batch } = entryOf(sampleRun(), origin);
  await withStore(sqliteAt(file), (store) => store.add(entryOf(sampleRun(), origin)));
  const database = new DatabaseSync(file);
  database.prepare('update bodies set body = ?').run(Buffer.from('no gzip'));
  database.close();
  await withStore(sqliteAt(file), async (store) => {
    t.same(await store.faults(), []);
    const message = new RegExp(`the report of ${batch.id} in the history .* is damaged: incorrect header check`);
    await t.rejects(store.body(batch.id), { code: 'store-corrupt', message });
    t.not((await store.figures([batch.id])).length, 0);
  });
});

t.test('addresses', async (t) => {
  t.match(storeAddress('/srv/shop', undefined), { file: '/srv/shop/.floodgate/history.db', isOurs: true });
  t.match(storeAddress('/srv/shop', 'h.db'), { file: '/srv/shop/h.db', isOurs: false });
  t.equal(storeAddress('/srv/shop', 'none'), undefined);
  t.throws(() => storeAddress('/srv/shop', 'mysql://db/x'), { code: 'store-invalid' });
  for (const [text, takes] of [
    ['h.db', false],
    ['postgres://ci@db/x', true],
    ['postgres:///x?host=/run', true],
    ['postgres://ci:secret@db/x', false],
    ['postgres:///x?host=/run&user=ci&password=secret', false],
  ] as const) {
    t.equal(takesPassword(storeAddress('/srv/shop', text)!), takes, text);
  }
  const postgres = storeAddress('/srv/shop', 'postgres://anna:s3cret@db:5432/floodgate?sslkey=k')!;
  t.equal(shownAddress(postgres), 'postgres://db:5432/floodgate');
});

t.test('options of an address', async (t) => {
  for (const [query, message] of [
    ['port=abc', /its option "port" cannot have this value/],
    ['port=0', /a port is a number from 1 to 65535/],
    ['port=70000', /a port is a number/],
    ['port=', /its option "port"/],
    [
      'sslmode=allow',
      /its option "sslmode" cannot have this value \(it may be disable, prefer, require, .*no-verify\)/,
    ],
    ['ssl=false', /its option "ssl"/],
    ['statement_timeout=1min', /its option "statement_timeout"/],
    ['sslmod=require', /"sslmod" is no option of an address/],
    ['__proto__=1', /"__proto__" is no option/],
    ['dbname=two', /"dbname" is no option/],
  ] as const) {
    t.throws(() => storeAddress('/srv', `postgres://b@127.0.0.1/one?${query}`), { code: 'store-invalid', message });
  }
  t.throws(() => storeAddress('/srv', 'postgres://b@127.0.0.1:0/one'), { code: 'store-invalid' });
  const more = 'sslmode=require&channel_binding=require&connect_timeout=5&port=5433&host=%2Frun&options=-c%20x%3D1';
  t.match(storeAddress('/srv', `postgres://b@127.0.0.1/one?${more}`), { kind: 'postgres' });
});

t.test('what the driver finds itself is a fault of the store, and a mistake of ours is none', async (t) => {
  const address: StoreAddress = { kind: 'postgres', url: 'postgres://sc@db/x' };
  const fault = (error: unknown) => storeFault(address, error);
  const sasl = new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string');
  t.match(fault(sasl), { code: 'store-refused', hint: /password, in the address or as PGPASSWORD/ });
  const tls = new Error('The server does not support SSL connections');
  t.match(fault(tls), { code: 'store-refused', hint: /sslmode/ });
  t.match(fault(new Error('Query read timeout')), { code: 'store-unreachable' });
  const said = (code: string, message: string, more = {}) => {
    const { message: what, hint } = fault(Object.assign(new Error(message), { code, ...more })) as Record<
      string,
      string
    >;
    return `${what?.split('cannot be used: ')[1]}: ${hint}`;
  };
  const selfSigned =
    'self-signed certificate; if the root CA is installed locally, try running Node.js with --use-system-ca';
  t.match(said('DEPTH_ZERO_SELF_SIGNED_CERT', selfSigned), /^self-signed certificate: .*sslrootcert=FILE/);
  t.match(said('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'), /sslrootcert=FILE/);
  t.match(said('ERR_TLS_CERT_ALTNAME_INVALID', 'not in the list'), /host as the certificate names it/);
  t.match(said('CERT_HAS_EXPIRED', 'certificate has expired'), /a new certificate/);
  t.match(said('ENOENT', "no such file, open 'ca.pem'", { syscall: 'open' }), /Check sslrootcert/);
  t.match(said('28000', 'pg_hba.conf rejects connection for host "h", no encryption'), /: .*TLS: sslmode=require/);
  t.match(said('28000', 'no pg_hba.conf entry for host "h", SSL encryption'), /no TLS: sslmode=disable/);
  t.match(said('28000', 'role "ci" is not permitted to log in'), /ALTER ROLE/);
  t.match(said('53300', 'too many connections for role "ci"'), /too many.*: .*CONNECTION LIMIT/);
  const noCa = new Error(
    'SECURITY WARNING: Using sslmode=verify-ca requires specifying a CA with sslrootcert. If a public',
  );
  t.match(fault(noCa), {
    message: /used: Using sslmode=verify-ca requires specifying a CA with sslrootcert$/,
    hint: /sslmode/,
  });
  t.match(fault(new Error('of another kind')), { code: 'store-failed', message: /of another kind/ });
  const badPort = Object.assign(new RangeError('options.port'), { code: 'ERR_SOCKET_BAD_PORT' });
  t.match(fault(badPort), { code: 'store-failed' });
  const mistake = new TypeError('undefined is not a function');
  t.equal(fault(mistake), mistake);
});

t.test('a server that asks for a password which nobody gave: no connection stays open', async (t) => {
  // AuthenticationSASL with one mechanism, and then nothing: it waits for an answer.
  const mechanisms = Buffer.from('SCRAM-SHA-256\0\0');
  const asks = Buffer.alloc(9);
  asks.write('R');
  asks.writeInt32BE(8 + mechanisms.length, 1);
  asks.writeInt32BE(10, 5);
  const first = Buffer.from('r=x,s=c2FsdA==,i=4096');
  const goesOn = Buffer.alloc(9);
  goesOn.write('R');
  goesOn.writeInt32BE(8 + first.length, 1);
  goesOn.writeInt32BE(11, 5);
  const closed = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.concat([asks, mechanisms]));
      socket.once('data', () => socket.write(Buffer.concat([goesOn, first])));
    });
    socket.on('error', () => undefined).once('close', () => closed.resolve());
  });
  const place = path.join(mkdtempSync(path.join(tmpdir(), 'fg-sasl-')), '.s.PGSQL.5432');
  await new Promise<void>((resolve) => server.listen(place, resolve));
  const url = `postgres://sc@localhost/x?host=${encodeURIComponent(path.dirname(place))}`;
  const error = await openStore({ kind: 'postgres', url }, { absent: 'make' }).catch((each) => each);
  t.match(error, { code: 'store-refused', message: /SASL/, hint: /PGPASSWORD/ });
  await closed.promise;
  await new Promise((resolve) => server.close(resolve));
  rmSync(path.dirname(place), { recursive: true });
});

t.test('a pool that never ends is not waited for', async (t) => {
  await atMost(1, new Promise(() => undefined));
  await t.rejects(atMost(60_000, Promise.reject(new Error('no'))), /no/);
});

t.test('a password is printed in no form of an address', async (t) => {
  const given = [
    ...['postgres://ci:p/wsecret@db/x', 'postgres://ci:p#wsecret@db/x', 'postgres://ci:p?wsecret@db/x'],
    ...['postgres://ci:5/wsecret@db/x', 'postgres://ci:5?wsecret@db/x', 'postgres://ci:5#wsecret@db/x'],
    ...['postgres://ci:sek@wsecret#1@db/x', 'postgres://ci:p@/wsecret@db/x', 'postgres://ci:wsecret%ff@db/x'],
    ...['postgres:ci:wsecret@db/x', 'host=db password=wsecret', 'postgres:/ci:wsecret@db/x'],
  ];
  for (const text of given) {
    try {
      storeAddress('/srv/shop', text);
      t.fail(`${text} is refused`);
    } catch (error) {
      const { code, message, hint } = error as { code: string; message: string; hint: string };
      t.equal(code, 'store-invalid', text);
      t.notMatch(message + hint, 'wsecret', text);
      t.match(hint, /percent-encode/);
    }
  }
  const shown = (text: string) => shownAddress(storeAddress('/srv/shop', text)!);
  t.equal(shown('postgres://ci:p%2Fw%23s@db/x'), 'postgres://db/x');
  t.equal(shown('postgres://ci:s@k@db/x'), 'postgres://db/x');
  t.equal(shown('postgres://ci:secret@/x?host=/run'), 'postgres://localhost/x');
  t.equal(shown('postgres:///x?host=/run&user=a@b&password=p'), 'postgres:///x');
});

t.test('a server that is not there: what happened, and no password', async (t) => {
  const address: StoreAddress = { kind: 'postgres', url: 'postgres://anna:s3cret@127.0.0.1:1/floodgate' };
  const error = await openStore(address, { absent: 'make' }).catch((each) => each);
  t.equal(error.code, 'store-unreachable');
  t.notMatch(`${error.message} ${error.hint}`, 's3cret');
});
