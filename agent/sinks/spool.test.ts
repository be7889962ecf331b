import { execFileSync, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { unmarked } from '../overload/mark.ts';
import { longBatch, sealBatch, type WholeBatch } from './batch.ts';
import { BatchCompressor, batchCodings } from './batch-compressor.ts';
import { bodyOf, fileOf, madeBody, readBatch } from './batch-fixture.ts';
import { DiskSpool } from './disk-spool.ts';
import type { EachPiece } from './record-output.ts';
import { MemorySpool, type Spool } from './spool.ts';

/** Random, so that it does not get smaller by compression. */
const batchOf = (witnesses: number, bytes = 1000): WholeBatch =>
  sealBatch(crypto.getRandomValues(new Uint8Array(bytes)), witnesses);
const batches = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.batch'));

for (const coding of batchCodings) {
  t.test(`a batch in ${coding} comes back whole, or not at all`, (t) => {
    const content = Buffer.from('some witnesses '.repeat(20));
    const batch = sealBatch(content, 3, unmarked, new BatchCompressor(coding, content.length));
    const file = fileOf(batch);
    t.strictSame(readBatch(file), batch);
    t.strictSame((coding === 'gzip' ? gunzipSync : zstdDecompressSync)(batch.body), content);
    for (let length = 0; length < file.length; length += 1) t.equal(readBatch(file.subarray(0, length)), undefined);
    t.equal(readBatch(Buffer.concat([file, Buffer.alloc(1)])), undefined, 'longer than it says');
    for (let at = 0; at < file.length; at += 1) {
      const flipped = Buffer.from(file);
      flipped[at]! ^= 1 << (at % 8);
      t.equal(readBatch(flipped), undefined);
    }
    t.end();
  });
}

/** What both kinds of spool have to keep. */
function conforms(t: Pick<Test, 'equal' | 'strictSame'>, open: (bytesMax: number) => Spool): void {
  const spool = open(3_500);
  const put = [1, 2, 3].map((witnesses) => batchOf(witnesses));
  for (const batch of put) spool.put(batch);
  t.equal(spool.batches, 3);
  t.equal(spool.witnesses, 6);
  const held = spool.hold()!;
  t.equal(held.identity, put[0]!.identity, 'in the order they came');
  t.strictSame(bodyOf(held), put[0]!.body);
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

t.test('a witness longer than a batch is compressed, kept and read in pieces', (t) => {
  // Half of it cannot be compressed.
  const content = Buffer.concat([crypto.getRandomValues(new Uint8Array(60_000)), Buffer.alloc(70_001, 'abc')]);
  const scratch = Buffer.alloc(10_000);
  const each: EachPiece = (take) => {
    for (let at = 0; at < content.length; at += 7_001) take(content, at, Math.min(content.length, at + 7_001));
  };
  const gzipped = longBatch(each, content.length, scratch, unmarked, new BatchCompressor('gzip', scratch.length));
  t.ok(gunzipSync(madeBody(gzipped)).equals(content), 'what is made is one gzip file');
  const long = () => longBatch(each, content.length, scratch, unmarked);
  const made = madeBody(long());
  t.ok(zstdDecompressSync(made).equals(content), 'or one zstd file');
  t.ok(made.length > 60_000 && made.length <= long().bodyBytesMax, `${made.length} of ${long().bodyBytesMax} bytes`);
  const noise = longBatch((take) => take(content, 0, 60_000), 60_000, scratch, unmarked);
  t.ok(madeBody(noise).length <= noise.bodyBytesMax, 'nor more where nothing can be compressed');
  const folder = path.join(t.testdir(), 'spool');
  for (const spool of [new MemorySpool(200_000), new DiskSpool(folder, 200_000)]) {
    spool.put(long());
    const held = spool.hold()!;
    t.equal(held.bodyBytes, made.length);
    t.ok(bodyOf(held).equals(made), 'twice, as for two attempts');
    t.ok(bodyOf(held).equals(made));
    spool.remove();
    spool.put(batchOf(2));
    spool.put(longBatch(each, content.length, scratch, unmarked));
    t.equal(spool.batches, 2);
    spool.close();
  }
  const narrow = new MemorySpool(50_000);
  narrow.put(long());
  t.match(
    { ...narrow.counters },
    { batchesShed: 1, witnessesShed: 1 },
    'where there is no room it is shed, and counted',
  );
  t.equal(narrow.bytes, 0);
  const [, name] = batches(folder);
  const file = readFileSync(path.join(folder, name!));
  t.ok(zstdDecompressSync(readBatch(file)!.body).equals(content), 'the file is whole');
  file[file.length - 5]! ^= 1;
  writeFileSync(path.join(folder, name!), file);
  const after = new DiskSpool(folder, 200_000);
  t.equal(after.hold()!.witnesses, 2);
  after.remove();
  t.equal(after.hold(), undefined);
  t.equal(after.counters.filesTorn, 1, 'one bit of it is missed');
  after.close();
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
  const other = `import(${JSON.stringify(path.join(import.meta.dirname, 'disk-spool.ts'))})
    .then(({ DiskSpool }) => new DiskSpool(${JSON.stringify(folder)}, 1e6))
    .then(() => console.log('open'), (error) => console.log(error.code, error.message));`;
  const run = () => spawnSync(process.execPath, ['-e', other], { encoding: 'utf8' }).stdout;
  t.match(run(), new RegExp(`spool-in-use .*process ${process.pid}`));
  // As another container sees it: no process has that number there, and the file may be gone.
  writeFileSync(path.join(folder, 'agent.lock'), '999999');
  t.match(run(), /spool-in-use/, 'whatever the file says');
  spool.close();
  t.match(run(), /^open/);
  t.match(run(), /^open/, 'its owner has ended without closing');
  t.end();
});

t.test('folders that are in use, disks that are full', (t) => {
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

t.test('a folder with anything else in it is no spool: dotfiles, links, second names', (t) => {
  const place = t.testdir({ home: { '.bashrc': 'x' }, links: {}, names: {}, secret: 'root’s' });
  const name = '0000000000000003.batch';
  symlinkSync(path.join(place, 'secret'), path.join(place, 'links', name));
  mkdirSync(path.join(place, 'folders', name), { recursive: true });
  writeFileSync(path.join(place, 'names', name), '');
  linkSync(path.join(place, 'names', name), path.join(place, 'names', '0000000000000004.batch'));
  linkSync(path.join(place, 'names', name), path.join(place, 'names', '0000000000000005.batch'));
  for (const each of ['home', 'links', 'folders', 'names']) {
    t.throws(() => new DiskSpool(path.join(place, each), 1e6), { code: 'spool-foreign' }, each);
  }
  t.equal(readFileSync(path.join(place, 'secret'), 'utf8'), 'root’s');
  t.end();
});

const isRoot = process.platform === 'linux' && process.geteuid?.() === 0;
const asRoot = { skip: isRoot ? false : 'SKIPPED: only root can give files away' };
const reader = 54_321;

t.test('root gives away what is its own, and nothing that a link or a second name leads to', asRoot, (t) => {
  const place = t.testdir({ secret: 'root’s' });
  const folder = path.join(place, 'spool');
  const secret = path.join(place, 'secret');
  const spool = new DiskSpool(folder, 1e6);
  spool.put(batchOf(1));
  // Put there while the agent starts.
  symlinkSync(secret, path.join(folder, '.hidden'));
  linkSync(secret, path.join(folder, '0000000000000002.batch'));
  writeFileSync(path.join(folder, '0000000000000003.batch'), 'moved here, no batch');
  spool.giveTo(reader, reader);
  t.equal(statSync(secret).uid, 0);
  t.equal(statSync(path.join(folder, '0000000000000003.batch')).uid, 0);
  for (const name of ['', '0000000000000000.batch', 'agent.lock']) {
    t.equal(statSync(path.join(folder, name)).uid, reader, name);
  }
  for (const name of ['.hidden', '0000000000000002.batch', '0000000000000003.batch'])
    unlinkSync(path.join(folder, name));
  spool.close();
  const again = new DiskSpool(folder, 1e6);
  t.equal(again.counters.witnessesFound, 1, 'the next one, again as root, takes it up');
  again.giveTo(reader, reader);
  again.close();
  const other = new DiskSpool(folder, 1e6);
  t.throws(() => other.giveTo(reader + 1, reader), { code: 'spool-not-ours' }, 'a third user’s');
  other.close();
  t.end();
});

t.test('the folder is the one that was opened, whatever its path leads to later', asRoot, (t) => {
  const place = t.testdir({ victim: { file: 'root’s' }, theirs: {} });
  const folder = path.join(place, 'theirs', 'spool');
  const spool = new DiskSpool(folder, 1e6);
  execFileSync('mv', [folder, path.join(place, 'moved')]);
  symlinkSync(path.join(place, 'victim'), folder);
  spool.put(batchOf(2));
  spool.giveTo(reader, reader);
  t.equal(statSync(path.join(place, 'victim')).uid, 0);
  t.strictSame(readdirSync(path.join(place, 'victim')), ['file']);
  t.strictSame(batches(path.join(place, 'moved')), ['0000000000000000.batch']);
  t.match(spool.hold(), { witnesses: 2 });
  spool.close();
  const theirs = path.join(place, 'theirs');
  execFileSync('chown', ['-h', String(reader), folder]);
  chownSync(theirs, reader, reader);
  t.throws(() => new DiskSpool(folder, 1e6), { code: 'spool-open', message: /ELOOP/ }, 'nor by a link of theirs');
  t.end();
});

t.test('numbers far apart, and more files than there is memory for', (t) => {
  const folder = path.join(t.testdir(), 'spool');
  const before = new DiskSpool(folder, 1e6);
  for (let i = 1; i <= 9; i += 1) before.put(batchOf(i));
  before.close();
  const file = (number: number) => path.join(folder, `${String(number).padStart(16, '0')}.batch`);
  writeFileSync(file(900_000_000_000_000), readFileSync(file(8)));
  unlinkSync(file(8));
  const startedMs = performance.now();
  const spool = new DiskSpool(folder, 1e6, 4);
  t.match(spool.counters, { batchesFound: 9, batchesShed: 5, witnessesFound: 45, witnessesShed: 15 });
  const found: number[] = [];
  for (let batch = spool.hold(); batch !== undefined; batch = spool.hold()) {
    found.push(batch.witnesses);
    spool.remove();
  }
  t.strictSame(found, [6, 7, 8, 9]);
  // To walk the numbers between would take years.
  t.ok(performance.now() - startedMs < 30_000);
  for (let i = 1; i <= 6; i += 1) spool.put(batchOf(i));
  t.equal(spool.batches, 4);
  t.equal(spool.counters.witnessesShed, 15 + 1 + 2);
  t.end();
});

t.test('a number that is taken is not written over; what others remove is accounted for', (t) => {
  const folder = path.join(t.testdir(), 'spool');
  const spool = new DiskSpool(folder, 1e6);
  const file = (number: number) => path.join(folder, `${String(number).padStart(16, '0')}.batch`);
  writeFileSync(file(0), 'another’s');
  spool.put(batchOf(1));
  t.equal(readFileSync(file(0), 'utf8'), 'another’s');
  t.match(spool.counters, { writesFailed: 1, witnessesShed: 1 });
  unlinkSync(file(0));
  for (let i = 2; i <= 5; i += 1) spool.put(batchOf(i));
  unlinkSync(file(0));
  writeFileSync(file(1), 'no batch');
  t.equal(spool.hold()?.witnesses, 4);
  t.match(spool.counters, { batchesMissing: 1, witnessesMissing: 2, filesTorn: 1, witnessesTorn: 3 });
  t.equal(spool.witnesses, 4 + 5);
  spool.close();
  t.end();
});
