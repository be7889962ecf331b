import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { type Batch, batchHead, readBatch, sealBatch } from './batch.ts';
import { DiskSpool, MemorySpool, type Spool } from './spool.ts';

/** Random, so that it does not get smaller by compression. */
const batchOf = (witnesses: number, bytes = 1000): Batch =>
  sealBatch(crypto.getRandomValues(new Uint8Array(bytes)), witnesses);
const batches = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.batch'));

t.test('a batch comes back whole, or not at all', (t) => {
  const content = Buffer.from('some witnesses '.repeat(20));
  const batch = sealBatch(content, 3);
  const file = Buffer.concat([batchHead(batch), batch.body]);
  t.strictSame(readBatch(file), batch);
  t.strictSame(gunzipSync(batch.body), content);
  for (let length = 0; length < file.length; length += 1) t.equal(readBatch(file.subarray(0, length)), undefined);
  t.equal(readBatch(Buffer.concat([file, Buffer.alloc(1)])), undefined, 'longer than it says');
  for (let at = 0; at < file.length; at += 1) {
    const flipped = Buffer.from(file);
    flipped[at]! ^= 1 << (at % 8);
    t.equal(readBatch(flipped), undefined);
  }
  t.end();
});

/** What both kinds of spool have to keep. */
function conforms(t: Pick<Test, 'equal' | 'strictSame'>, open: (bytesMax: number) => Spool): void {
  const spool = open(3_500);
  const put = [1, 2, 3].map((witnesses) => batchOf(witnesses));
  for (const batch of put) spool.put(batch);
  t.equal(spool.batches, 3);
  t.equal(spool.witnesses, 6);
  const held = spool.hold()!;
  t.equal(held.identity, put[0]!.identity, 'in the order they came');
  t.strictSame(held.body, put[0]!.body);
  spool.put(batchOf(4));
  t.equal(spool.counters.batchesShed, 1);
  t.equal(spool.counters.witnessesShed, 2, 'the oldest that is not being sent');
  spool.put(batchOf(5));
  t.equal(spool.counters.witnessesShed, 2 + 3);
  spool.remove();
  t.equal(spool.hold()!.witnesses, 4);
  spool.release();
  spool.put(batchOf(6));
  t.equal(spool.witnesses, 4 + 5 + 6);
  spool.put(batchOf(7));
  t.equal(spool.witnesses, 5 + 6 + 7, 'what is held no more goes as well');
  spool.put(batchOf(8, 5_000));
  t.equal(
    spool.counters.witnessesShed,
    2 + 3 + 4 + 5 + 6 + 7 + 8,
    'one that never fits empties the spool, and is counted',
  );
  t.equal(spool.hold(), undefined);
  t.strictSame([spool.bytes, spool.batches, spool.witnesses], [0, 0, 0]);
}

t.test('in memory', (t) => {
  conforms(t, (bytesMax) => new MemorySpool(bytesMax));
  const spool = new MemorySpool(5_000);
  spool.put(batchOf(2));
  spool.close();
  t.equal(spool.counters.witnessesShed, 2, 'what is left at the end is lost, and counted');
  t.end();
});

t.test('on disk', (t) => {
  conforms(t, (bytesMax) => new DiskSpool(path.join(t.testdir(), 'a', 'b'), bytesMax));
  t.end();
});

t.test('the next agent takes up what is left, whole files only', (t) => {
  const folder = path.join(t.testdir(), 'spool');
  const before = new DiskSpool(folder, 1e6);
  const put = [1, 2, 3, 4, 5].map((witnesses) => batchOf(witnesses));
  for (const batch of put) before.put(batch);
  t.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of readdirSync(folder)) t.equal(statSync(path.join(folder, name)).mode & 0o777, 0o600, name);
  t.throws(() => new DiskSpool(folder, 1e6), { code: 'spool-in-use' }, 'once in one process as well');
  before.close();
  const file = (number: number) => path.join(folder, `${String(number).padStart(16, '0')}.batch`);
  writeFileSync(file(1), readFileSync(file(1)).subarray(0, 500));
  writeFileSync(file(2), readFileSync(file(2)).fill(7, 600, 601));
  unlinkSync(file(3));
  writeFileSync(path.join(folder, '0000000000000005.draft'), 'cut while it was wri');
  writeFileSync(file(9), Buffer.alloc(0));
  const after = new DiskSpool(folder, 1e6);
  t.equal(after.counters.filesTorn, 1, 'the draft');
  t.equal(after.batches, 5);
  after.put(batchOf(6));
  const found: number[] = [];
  for (let batch = after.hold(); batch !== undefined; batch = after.hold()) {
    found.push(batch.witnesses);
    after.remove();
  }
  t.strictSame(found, [1, 5, 6]);
  t.equal(after.counters.filesTorn, 4);
  t.strictSame([after.bytes, after.batches, after.witnesses], [0, 0, 0]);
  t.strictSame(batches(folder), []);
  after.close();
  t.notOk(existsSync(path.join(folder, 'agent.lock')));
  t.end();
});

t.test('one agent a folder; a dead one’s lock counts for nothing', (t) => {
  const folder = path.join(t.testdir(), 'spool');
  const spool = new DiskSpool(folder, 1e6);
  const other = `import(${JSON.stringify(path.join(import.meta.dirname, 'spool.ts'))})
    .then(({ DiskSpool }) => new DiskSpool(${JSON.stringify(folder)}, 1e6))
    .then(() => console.log('open'), (error) => console.log(error.code, error.message));`;
  const run = () => spawnSync(process.execPath, ['-e', other], { encoding: 'utf8' }).stdout;
  t.match(run(), new RegExp(`spool-in-use .*process ${process.pid}`));
  spool.close();
  t.match(run(), /^open/);
  t.match(run(), /^open/, 'its owner has ended without closing');
  t.end();
});

t.test('folders that are somebody’s, disks that are full', (t) => {
  const folder = t.testdir({ 'letter.txt': 'dear', there: 'a file' });
  t.throws(() => new DiskSpool(folder, 1e6), { code: 'spool-foreign' });
  t.throws(() => new DiskSpool(path.join(folder, 'there'), 1e6), { code: 'spool-open' });
  mkdirSync(path.join(folder, 'gone'));
  const spool = new DiskSpool(path.join(folder, 'gone'), 1e6);
  // A folder in the draft's place: no write succeeds.
  mkdirSync(path.join(folder, 'gone', '0000000000000000.draft'));
  spool.put(batchOf(3));
  t.match({ ...spool.counters }, { writesFailed: 1, batchesShed: 1, witnessesShed: 3 });
  t.equal(spool.batches, 0);
  t.end();
});
