/** Outputs in folders that other users can write to: as root, with another user's links planted there. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { unmarked } from '../overload/mark.ts';
import { OutputFile } from './output-file.ts';
import { openPrivateFile } from './private-file.ts';
import { WitnessStore } from './witness-store.ts';

const isRoot = process.geteuid?.() === 0 && process.platform === 'linux';
const asRoot = { skip: isRoot ? false : 'SKIPPED: only root can make files of other users' };
const stranger = 54_321;

const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-private-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = (...names: string[]) => path.join(folder, ...names);

function write(place: string, text: string): void {
  const output = new OutputFile(place);
  output.write(text);
  output.close();
}

t.test('a file is for its owner alone, an older one too', (t) => {
  const before = process.umask(0);
  write(file('new'), 'x');
  writeFileSync(file('old'), 'much longer', { mode: 0o666 });
  process.umask(before);
  write(file('old'), 'y');
  for (const name of ['new', 'old']) t.equal(statSync(file(name)).mode & 0o777, 0o600, name);
  t.equal(readFileSync(file('old'), 'utf8'), 'y');
  t.end();
});

t.test('links of ours are followed; what has a second name is not written to', (t) => {
  mkdirSync(file('real'));
  symlinkSync('real', file('way'));
  symlinkSync(file('way', 'target'), file('link'));
  write(file('link'), 'followed');
  t.equal(readFileSync(file('real', 'target'), 'utf8'), 'followed');
  write(path.relative(process.cwd(), file('way', '..', 'real', 'relative')), 'x');
  t.equal(readFileSync(file('real', 'relative'), 'utf8'), 'x');
  linkSync(file('real', 'target'), file('second'));
  t.throws(() => write(file('second'), 'lost'), { code: 'output-open', message: /second name/ });
  t.equal(readFileSync(file('real', 'target'), 'utf8'), 'followed');
  symlinkSync('around', file('around'));
  for (const place of ['around', 'nowhere/x', 'new/x', '.', '']) {
    t.throws(() => write(file(place), 'x'), { code: 'output-open' }, place);
  }
  t.end();
});

t.test('root is led nowhere by another user', asRoot, (t) => {
  const shared = file('shared');
  mkdirSync(shared);
  chmodSync(shared, 0o1777);
  chmodSync(folder, 0o755);
  writeFileSync(file('secret'), 'root’s');
  symlinkSync(file('secret'), path.join(shared, 'link'));
  execFileSync('chown', ['-h', String(stranger), path.join(shared, 'link')]);
  symlinkSync(folder, path.join(shared, 'way'));
  execFileSync('chown', ['-h', String(stranger), path.join(shared, 'way')]);
  writeFileSync(path.join(shared, 'theirs'), '', { mode: 0o666 });
  chownSync(path.join(shared, 'theirs'), stranger, stranger);
  execFileSync('mkfifo', [path.join(shared, 'pipe')]);
  chownSync(path.join(shared, 'pipe'), stranger, stranger);
  for (const name of ['link', 'way/secret', 'way/fresh', 'theirs', 'pipe']) {
    t.throws(() => write(path.join(shared, name), 'traffic'), { code: 'output-open' }, name);
  }
  t.equal(readFileSync(file('secret'), 'utf8'), 'root’s');
  t.notOk(lstatSync(file('fresh'), { throwIfNoEntry: false }), 'nothing was made elsewhere');
  // A folder of theirs: what is new in it is ours, a link of ours moved in there is none to go by.
  const theirs = file('home');
  mkdirSync(theirs);
  symlinkSync(file('secret'), path.join(theirs, 'moved'));
  chownSync(theirs, stranger, stranger);
  t.throws(() => write(path.join(theirs, 'moved'), 'traffic'), { code: 'output-open' });
  t.equal(readFileSync(file('secret'), 'utf8'), 'root’s');
  write(path.join(theirs, 'fresh'), 'traffic');
  t.equal(statSync(path.join(theirs, 'fresh')).uid, 0);
  t.equal(statSync(path.join(theirs, 'fresh')).mode & 0o777, 0o600);
  t.end();
});

t.test('a store’s files are ours before SQLite opens them', asRoot, (t) => {
  const place = file('stores');
  mkdirSync(place);
  chmodSync(place, 0o1777);
  writeFileSync(file('victim'), 'root’s');
  for (const suffix of ['', '-journal', '-wal', '-shm']) {
    const link = path.join(place, `planted${suffix}`);
    symlinkSync(file('victim'), link);
    execFileSync('chown', ['-h', String(stranger), link]);
    t.throws(() => new WitnessStore(path.join(place, 'planted'), 1e6), { code: 'store-open' }, `planted${suffix}`);
    rmSync(link);
  }
  t.equal(readFileSync(file('victim'), 'utf8'), 'root’s');
  const store = new WitnessStore(path.join(place, 'ours'), 1e6);
  const identity = 'a'.repeat(32);
  t.ok(
    store.put({
      identity,
      receivedMs: 0,
      body: new Uint8Array(1),
      coding: 'zstd',
      overload: unmarked,
      witnesses: [],
    }) && store.commit(),
  );
  for (const name of readdirSync(place)) t.equal(statSync(path.join(place, name)).mode & 0o777, 0o600, name);
  store.close();
  t.end();
});

t.test('standard output by its names, devices, pipes', async (t) => {
  const module = JSON.stringify(path.join(import.meta.dirname, 'output-file.ts'));
  for (const place of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', '/dev/null']) {
    const script = `import(${module}).then(({ OutputFile }) => { const file = new OutputFile('${place}'); file.write('said'); file.close(); })`;
    // A pipe, as a shell makes it: the one of this test would be a socket, which has no name to open.
    const shell = ['-c', '"$0" -e "$1" | cat', process.execPath, script];
    const { stdout, stderr } = spawnSync('sh', shell, { encoding: 'utf8' });
    t.equal(stdout, place === '/dev/null' ? '' : 'said', `${place} ${stderr}`);
  }
  execFileSync('mkfifo', [file('fifo')]);
  const reader = spawn('cat', [file('fifo')]);
  let read = '';
  reader.stdout.on('data', (chunk) => (read += chunk));
  const fd = openPrivateFile(file('fifo'));
  writeSync(fd, 'through the pipe');
  closeSync(fd);
  await new Promise((resolve) => reader.on('close', resolve));
  t.equal(read, 'through the pipe');
  const stalled = openSync(file('fifo'), 'r+');
  t.teardown(() => closeSync(stalled));
  const output = new OutputFile(file('fifo'));
  for (let i = 0; i < 8; i += 1) output.write('x'.repeat(60_000));
  output.close();
  t.match(output.failure, { code: 'output-write' }, 'a reader that has stopped ends the output, not the agent');
});
