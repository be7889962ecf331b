/** A real SQLite file, looked at by another connection: what is acknowledged is there for others, and what is not is not. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { unmarked } from '../overload/mark.ts';
import { GroupCommit } from './group-commit.ts';
import { WitnessStore } from './witness-store.ts';

function setUp(t: Test, bytesMax = 10e6) {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-commit-'));
  const file = path.join(folder, 'store.sqlite');
  const store = new WitnessStore(file, bytesMax);
  const state = { areMoreComing: true };
  const commits = new GroupCommit({ store, areMoreComing: () => state.areMoreComing });
  const other = new DatabaseSync(file, { readOnly: true });
  const rows = () => (other.prepare('SELECT count(*) AS rows FROM witnesses').get() as { rows: number }).rows;
  t.teardown(() => {
    other.close();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { store, state, commits, rows };
}

const identity = (number: number) => number.toString(16).padStart(32, '0');

function batch(number: number, witnesses = 2, bytes = 10) {
  const decoded = randomBytes(bytes * witnesses);
  const overload = { level: 2, share: 0.5 } as const;
  const list = Array.from({ length: witnesses }, (_, at) => {
    const place = at * bytes;
    const its = { place, bytes: decoded.subarray(place, place + bytes) };
    return { digest: 'd', method: 'GET', host: 'h', path: '/', weight: 1.5, ...its };
  });
  const coding = number % 2 === 0 ? 'gzip' : 'zstd';
  const body = coding === 'gzip' ? gzipSync(decoded) : zstdCompressSync(decoded);
  return { identity: identity(number), receivedMs: 1, body, coding, overload, witnesses: list } as const;
}

t.test('batches that come together become durable together, and are acknowledged no sooner', async (t) => {
  const { state, commits, rows } = setUp(t);
  let acknowledged = 0;
  const all = [1, 2, 3].map((number) => commits.add(batch(number)).then(() => (acknowledged += 1)));
  await new Promise((resolve) => setImmediate(resolve));
  t.same([acknowledged, rows()], [0, 0]);
  const again = commits.has(identity(2));
  let isKnown = false;
  void again.then(() => (isKnown = true));
  await Promise.resolve();
  t.equal(isKnown, false, 'a batch that comes again waits for it as well');
  state.areMoreComing = false;
  all.push(commits.add(batch(4)).then(() => (acknowledged += 1)));
  await Promise.all(all);
  t.same([acknowledged, rows(), await again, await commits.has(identity(9))], [4, 8, true, false]);
});

t.test('one alone waits for nobody, and nobody waits for long', async (t) => {
  const { state, commits, rows } = setUp(t);
  state.areMoreComing = false;
  await commits.add(batch(1));
  t.equal(rows(), 2);
  state.areMoreComing = true;
  const late = commits.add(batch(2));
  for (let tries = 0; tries < 500 && rows() < 4; tries += 1) await sleep(10);
  await late;
  t.equal(rows(), 4);
  // As many as become durable together at most.
  const many = Array.from({ length: 32 }, (_, at) => commits.add(batch(100 + at, 1)));
  await Promise.all(many);
  t.equal(rows(), 36);
});

t.test('a store that is full: what was acknowledged stays, what was not is not there', async (t) => {
  const { state, store, commits, rows } = setUp(t, 300_000);
  let [kept, refused] = [0, 0];
  for (let number = 0; number < 40; number += 1) {
    state.areMoreComing = number % 4 !== 3;
    try {
      const durable = commits.add(batch(number, 1, 20_000));
      if (state.areMoreComing) durable.then(() => (kept += 1)).catch(() => (refused += 1));
      else {
        await durable;
        kept += 1;
      }
    } catch (error) {
      refused += 1;
      t.match(error, { status: 507 });
    }
  }
  commits.commit();
  await sleep(0);
  t.equal(kept + refused, 40);
  t.ok(kept > 3 && refused > 10, `${kept} kept`);
  t.equal(rows(), kept);
  t.match(store.totals(), { batches: kept, weight: kept * 1.5 });
  t.match(store.leastShare(), { share: 0.5, level: 2 });
});

t.test('witnesses come back as they came, whatever the coding of their batch', async (t) => {
  const { store } = setUp(t);
  const put = [batch(1, 3), batch(2, 2, 4_000), batch(3, 1, 100_000)];
  for (const each of put) t.ok(store.put(each));
  t.ok(store.commit());
  const found = Array.from(store.witnesses(), ({ bytes }) => Buffer.from(bytes).toString('hex'));
  const wanted = put.flatMap(({ witnesses }) => witnesses.map(({ bytes }) => Buffer.from(bytes).toString('hex')));
  t.same(found, wanted);
});

t.test('a store of a version before is brought up to date, with its rows', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-commit-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'old.sqlite');
  const old = new DatabaseSync(file);
  old.exec(`
    CREATE TABLE batches (id TEXT PRIMARY KEY, received_ms INTEGER NOT NULL, witnesses INTEGER NOT NULL,
      body_bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE witnesses (id INTEGER PRIMARY KEY, batch TEXT NOT NULL REFERENCES batches (id), digest TEXT NOT NULL,
      method TEXT NOT NULL, host TEXT NOT NULL, path TEXT NOT NULL, witness BLOB NOT NULL) STRICT;
    INSERT INTO batches VALUES ('a', 1, 1, 1);
    INSERT INTO witnesses (batch, digest, method, host, path, witness) VALUES ('a', 'd', 'GET', 'h', '/', x'00');
    PRAGMA user_version = 1;`);
  old.close();
  t.throws(() => new WitnessStore(file, 1e6, true), { code: 'store-open', message: /older version/ });
  const store = new WitnessStore(file, 1e6);
  t.ok(store.put({ ...batch(5), overload: unmarked }) && store.commit());
  t.match(store.totals(), { batches: 2, witnesses: 3, weight: 4 });
  t.same([...store.paths()].length, 1);
  t.same(
    Array.from(store.witnesses(), ({ bytes }) => bytes.length),
    [1, 10, 10],
  );
  store.close();
});
