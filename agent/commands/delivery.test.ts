/** Upload and collect as their users start them: real processes, killed at the worst moment; what they say must add up. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { readBatch } from '../sinks/batch-fixture.ts';
import { exchangesCapture } from './capture-fixture.ts';

const program = path.join(import.meta.dirname, '..', 'main.ts');
const nodeArguments = ['--disable-warning=ExperimentalWarning', program];
const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-delivery-'));
const file = (name: string) => path.join(folder, name);
const children = new Set<ChildProcess>();
t.setTimeout(120_000);
t.teardown(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3_000; tries += 1) {
    if (isSo()) return;
    await pause(20);
  }
  throw new Error(`waited in vain for ${what}`);
}

interface Started {
  readonly child: ChildProcess;
  readonly logged: () => string;
  readonly printed: () => string;
}

function start(...args: string[]): Started {
  const child = spawn(process.execPath, [...nodeArguments, ...args]);
  children.add(child);
  child.on('exit', () => children.delete(child));
  let [stderr, stdout] = ['', ''];
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stdin.on('error', () => {});
  return { child, logged: () => stderr, printed: () => stdout };
}

async function end(started: Started, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(started.child, 'exit');
  started.child.kill(signal);
  const [code] = await exit;
  return code;
}

let port = 0;
async function startCollect(store: string): Promise<Started> {
  const started = start('collect', '--listen', `127.0.0.1:${port}`, '--store', store, '--print');
  await until('collect', () => /collecting on /.test(started.logged()));
  port = Number(/collecting on http:\/\/127\.0\.0\.1:(\d+)/.exec(started.logged())![1]);
  return started;
}

/** Paths of everything in the store. */
function storedPaths(store: string): string[] {
  const database = new DatabaseSync(store, { readOnly: true });
  const rows = database.prepare('SELECT path FROM witnesses').all() as { path: string }[];
  database.close();
  return rows.map((row) => row.path);
}

/**
 * Witnesses in the store and in whole batches of the spool of an agent that has ended, each batch once. A server that lives
 * may store a batch meanwhile: the store is read second, in one transaction, so that such a batch is counted in it.
 */
function storedOrWaiting(store: string, spool: string): number {
  const batches = readdirSync(spool)
    .filter((each) => each.endsWith('.batch'))
    .map((name) => readBatch(readFileSync(path.join(spool, name))));
  const database = new DatabaseSync(store, { readOnly: true });
  database.exec('BEGIN');
  const stored = database.prepare('SELECT count(*) AS count FROM witnesses').get() as { count: number };
  const known = new Set(
    database
      .prepare('SELECT id FROM batches')
      .all()
      .map((row) => row['id']),
  );
  database.close();
  return batches.reduce(
    (sum, batch) => sum + (batch === undefined || known.has(batch.identity) ? 0 : batch.witnesses),
    stored.count,
  );
}

const textOf = (name: string) => (existsSync(name) ? readFileSync(name, 'utf8') : '');
const lastLine = (stats: string) => JSON.parse(readFileSync(stats, 'utf8').trim().split('\n').at(-1)!);

t.test('agents and servers killed again and again: counts agree', async (t) => {
  const [store, spool] = [file('killed.sqlite'), file('spool')];
  // Connections of 300 exchanges each, one file after the other through one pipe.
  const capture = exchangesCapture(300);
  const settings = [
    '--spool',
    spool,
    '--upload-batch',
    '4kB',
    '--upload-interval-ms',
    '50',
    '--upload-drain-ms',
    '20000',
  ];
  let collect = await startCollect(store);
  let given = 0;
  for (let round = 0; round < 4; round += 1) {
    const args = ['--read', '-', '--upload', `http://127.0.0.1:${port}/v1/witnesses`, ...settings];
    const agent = start(...args, '--stats', file(`stats.${round}`), '--stats-interval-ms', '10');
    agent.child.stdin!.write(capture);
    await until('the first batches', () => /"upload.batchesSealed":[1-9]/.test(textOf(file(`stats.${round}`))));
    if (round % 2 === 0) await end(collect, 'SIGKILL');
    await end(agent, 'SIGKILL');
    if (round % 2 === 0) collect = await startCollect(store);
    const now = storedOrWaiting(store, spool);
    t.ok(now > given, `round ${round}: ${now - given} witnesses in batches when it was killed`);
    t.ok(now - given <= 300, 'none twice');
    given = now;
  }
  // What a dead agent may leave besides.
  writeFileSync(path.join(spool, '9000000000000001.draft'), 'cut while it was written');
  const last = start(
    '--read',
    '-',
    '--upload',
    `http://127.0.0.1:${port}/v1/witnesses`,
    ...settings,
    '--stats',
    file('last'),
  );
  last.child.stdin!.end(capture);
  await once(last.child, 'exit');
  const stats = JSON.parse(readFileSync(file('last'), 'utf8'));
  t.equal(stats['witnessFile.written'], 300);
  t.equal(stats['upload.spoolFilesTorn'] >= 1, true, 'the draft is counted');
  t.match(stats, { 'upload.spoolBatches': 0, 'upload.witnessesShed': 0, 'upload.spoolBytes': 0 });
  t.equal(await end(collect, 'SIGTERM'), 0);
  t.equal(storedPaths(store).length, given + 300, 'all that was in batches before, and all of the last agent');
  t.strictSame(readdirSync(spool), []);
  t.match(collect.logged(), /batches stored/);
  const list = spawnSync(process.execPath, [...nodeArguments, 'collect', '--store', store, '--list'], {
    encoding: 'utf8',
  });
  t.match(list.stdout, new RegExp(`\\n${given + 300} witnesses, \\d+ different ones, in \\d+ batches\\n$`));
  t.match(list.stdout, /^[\w+/-]+= {2}POST api\.example\/items\/\d+ {2}\d+ B$/m);
});

t.test('a server that comes late: everything waits on disk, then arrives; deduplicated and chosen', async (t) => {
  const store = file('late.sqlite');
  port = 0;
  const early = await startCollect(store);
  await end(early, 'SIGTERM');
  const args = [
    '--upload',
    `http://127.0.0.1:${port}/v1/witnesses`,
    '--spool',
    file('late'),
    '--upload-drain-ms',
    '15000',
  ];
  const choice = ['--dedup', '--exclude-path', '^/items/1', '--allow-host', '^api\\.'];
  const agent = start('--read', '-', ...args, ...choice, '--stats', file('late.stats'), '--stats-interval-ms', '20');
  // The same exchanges by two connections: the second ones' digests are known.
  agent.child.stdin!.write(exchangesCapture(150));
  await until('batches on disk', () => /"upload.spoolBatches":[1-9]/.test(textOf(file('late.stats'))));
  await until('a failure', () => /does not take batches \(ECONNREFUSED\)/.test(agent.logged()));
  const late = await startCollect(store);
  agent.child.stdin!.end();
  await once(agent.child, 'exit');
  t.match(agent.logged(), /takes batches again/);
  const stats = lastLine(file('late.stats'));
  // Of 150 numbers those that begin with 1: 1, 10 … 19, 100 … 149.
  t.match(stats, {
    'filter.excludedPath': 61,
    'filter.exchangesPassed': 89,
    'upload.witnessesSent': 89,
    'witnessFile.duplicates': 0,
  });
  await end(late, 'SIGTERM');
  t.equal(storedPaths(store).length, 89);
  t.notOk(storedPaths(store).some((each) => each.startsWith('/items/1')));
  t.match(late.printed(), /POST api\.example\/items\/2 {2}/);
});

t.test('flags, environment and configuration alike; what cannot be is said without what was said', (t) => {
  const capture = file('small.pcap');
  writeFileSync(capture, exchangesCapture(20));
  writeFileSync(
    file('agent.yaml'),
    `read: ${capture}\nstats: ${file('config.stats')}\nprint: true\nexclude-path: ['^/items/1$', '/items/2$']\nsample: 1\nexclude-own: false\n`,
  );
  const run = (args: string[], env: Record<string, string> = {}) =>
    spawnSync(process.execPath, [...nodeArguments, ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
  const configured = run(['--config', file('agent.yaml')], { FLOODGATE_AGENT_RATE_LIMIT: '10' });
  t.equal(configured.stdout.trim().split('\n').length, 10, configured.stderr);
  t.notMatch(configured.stdout, /\x1b/, 'no colours into a pipe');
  const stats = JSON.parse(readFileSync(file('config.stats'), 'utf8'));
  t.match(stats, {
    'filter.excludedPath': 2,
    'filter.rateLimited': 8,
    'filter.exchangesPassed': 10,
    'print.lines': 10,
  });
  const env = {
    FLOODGATE_AGENT_READ: capture,
    FLOODGATE_AGENT_PRINT: '1',
    FLOODGATE_AGENT_ALLOW_PATH: '^/items/(3|4)$',
    FLOODGATE_AGENT_HAR: file('env.har'),
    FLOODGATE_AGENT_WITNESSES: file('env.witnesses'),
  };
  t.match(run([], env).stdout, /^[\d:.]+ {2}200 {2}POST api\.example\/items\/3\?q=1 .*\n.*\/items\/4\?q=1 .*\n$/);
  t.equal(JSON.parse(readFileSync(file('env.har'), 'utf8')).log.entries.length, 2, 'every output');
  t.equal(
    run(['inspect', file('env.witnesses')])
      .stdout.trim()
      .split('\n').length,
    2,
  );
  const wrong: [string[], RegExp][] = [
    [['--read', capture, '--allow-path', '(?=hunter2)'], /--allow-path: invalid or unsupported Perl syntax: `\(\?=`/],
    [['--read', capture, '--sample', '2'], /share/],
    [['--read', capture, '--rate-limit', '0'], /whole number/],
    [['--read', capture, '--print', '--messages', '-'], /both write/],
    [['--read', capture, '--spool', file('x')], /no use without --upload/],
    [['--read', capture, '--upload', 'http://u:hunter2@h/', '--until', 'http'], /makes no witnesses/],
    [['--read', capture, '--upload', 'ftp://u:hunter2@h/'], /no URL that begins/],
    [['--read', capture, '--uplaod=https://u:hunter2@h/'], /unknown option/],
    [['--read', capture, '--upload', 'http://u:hunter2@127.0.0.1:1/', '--spool', folder], /no spool’s/],
    [['collect', '--store', file('y.sqlite')], /--listen/],
    [['collect', '--list', '--store', capture], /cannot use the store/],
    [['collect', '--listen', '127.0.0.1:0', '--store', file('z.sqlite'), '--credentials', capture], /user:password/],
  ];
  for (const [args, message] of wrong) {
    const { status, stderr } = run(args);
    t.equal(status, 2, args.join(' '));
    t.match(stderr, message);
    t.notMatch(stderr, /hunter2|^\s+at /m);
  }
  t.end();
});

t.test('witnesses that are lost at the end are reported, and an exit code of their own', async (t) => {
  const capture = file('lost.pcap');
  writeFileSync(capture, exchangesCapture(3));
  const args = ['--read', capture, '--upload-drain-ms', '100', '--stats', file('lost.json')];
  const away = ['--upload', 'http://127.0.0.1:1/'];
  const run = (all: string[]) => spawnSync(process.execPath, [...nodeArguments, ...all], { encoding: 'utf8' });
  const lost = run([...args, ...away]);
  t.equal(lost.status, 5);
  t.match(
    lost.stderr,
    /^upload: http:\/\/127.0.0.1:1 did not take 1 batches: 3 witnesses are lost, for there is no spool$/m,
  );
  t.match(lost.stderr, /3 of 3 witnesses could not be delivered and are lost\n {2}with --spool FOLDER/);
  t.match(JSON.parse(readFileSync(file('lost.json'), 'utf8')), { 'upload.witnessesShed': 3, 'witnessFile.written': 3 });
  const kept = run([...args, ...away, '--spool', file('lost-spool')]);
  t.equal(kept.status, 0, kept.stderr);
  t.match(kept.stderr, /3 witnesses wait in the spool for the next agent$/m);
  const server = createServer((_request, response) => response.writeHead(413).end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const refused = start(...args, '--upload', `http://127.0.0.1:${port}/`);
  const [code] = await once(refused.child, 'exit');
  server.close();
  t.equal(code, 5);
  t.match(refused.logged(), /3 of 3 witnesses could not be delivered and are lost, 3 of them refused by the server/);
});

t.test('a server that knows no zstd: what helps is said, and gzip arrives there', async (t) => {
  const capture = file('coded.pcap');
  writeFileSync(capture, exchangesCapture(3));
  const codings: unknown[] = [];
  const server = createServer((request, response) => {
    codings.push(request.headers['content-encoding']);
    request.resume().on('end', () => response.writeHead(codings.at(-1) === 'gzip' ? 200 : 415).end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const args = ['--read', capture, '--upload', `http://127.0.0.1:${(server.address() as { port: number }).port}/`];
  const [first, second] = [start(...args), start(...args, '--upload-coding', 'gzip')];
  const codes = await Promise.all([first, second].map(({ child }) => once(child, 'exit')));
  server.close();
  t.same(
    codes.map(([code]) => code),
    [5, 0],
    first.logged() + second.logged(),
  );
  t.match(first.logged(), /refuses a batch for good \(status 415: does it read zstd\? else --upload-coding gzip\)/);
  t.same(codings.toSorted(), ['gzip', 'zstd']);
});

t.test('a capture that was cut: what came before is delivered all the same', async (t) => {
  const [capture, store] = [file('cut.pcap'), file('cut.sqlite')];
  const whole = exchangesCapture(20);
  writeFileSync(capture, whole.subarray(0, whole.length - 3));
  port = 0;
  const collect = await startCollect(store);
  const agent = start('--read', capture, '--upload', `http://127.0.0.1:${port}/v1/witnesses`);
  const [code] = await once(agent.child, 'exit');
  await end(collect, 'SIGTERM');
  t.equal(code, 2, agent.logged());
  t.ok(storedPaths(store).length >= 19, `${storedPaths(store).length} stored`);
});

t.test('two agents, one spool: the second ends at once, and every witness of the first arrives', async (t) => {
  const [store, spool] = [file('two.sqlite'), file('two-spool')];
  port = 0;
  const collect = await startCollect(store);
  const args = ['--read', '-', '--upload', `http://127.0.0.1:${port}/v1/witnesses`, '--spool', spool];
  const first = start(...args, '--upload-batch', '4kB', '--stats', file('two.stats'));
  await until('the lock', () => existsSync(path.join(spool, 'agent.lock')));
  await until('the first to run', () => /memory: at most/.test(first.logged()));
  // Without the files of the host's processes, as in another container.
  const hidden = ['-Urpf', '--mount-proc', process.execPath, ...nodeArguments, ...args];
  const second = spawnSync('unshare', hidden, { input: exchangesCapture(50), encoding: 'utf8', timeout: 300_000 });
  t.equal(second.status, 2, second.stderr);
  t.match(second.stderr, /the spool .*two-spool is another agent’s/);
  first.child.stdin!.end(exchangesCapture(200));
  const [code] = await once(first.child, 'exit');
  t.equal(code, 0, first.logged());
  await end(collect, 'SIGTERM');
  const stats = JSON.parse(readFileSync(file('two.stats'), 'utf8'));
  t.match(stats, { 'upload.witnessesTaken': 200, 'upload.witnessesSent': 200, 'upload.spoolWitnesses': 0 });
  t.equal(storedPaths(store).length, 200);
  t.notOk(existsSync(path.join(spool, 'agent.lock')));
});
