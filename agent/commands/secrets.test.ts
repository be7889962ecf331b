/**
 * Secrets of every kind in every place of a message, and in the agent's own settings: none is in anything that comes
 * out, under the defaults. Real processes; what they write is searched, compressed things decompressed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { readBatch } from '../sinks/batch-fixture.ts';
import { formsOf, plantSecrets } from './secrets-capture-fixture.ts';

const root = path.join(import.meta.dirname, '..', '..');
const nodeArguments = ['--disable-warning=ExperimentalWarning', path.join(root, 'agent', 'main.ts')];
const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-secrets-'));
const file = (name: string) => path.join(folder, name);
const children = new Set<ChildProcess>();
t.setTimeout(180_000);
t.teardown(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const { capture, plants } = plantSecrets();
/** Of the upload, given three ways. */
const settings = ['upl0adp4ss-one', 'upl0adt0ken-two', 'upl0adpath-three'];
const secrets = [...new Set([...plants.map((plant) => plant.secret), ...settings])];
/** Distinct forms, longest first is not needed: any one found is a failure. */
const needles = [...new Set(secrets.flatMap(formsOf))];

/** What is found of the secrets, with where it stood. */
function found(output: string | Buffer): string[] {
  const text = typeof output === 'string' ? output : output.toString('latin1');
  // Outputs are latin1 here, UTF-8 there: what matters of a secret is ASCII.
  return needles
    .filter((needle) => text.includes(needle))
    .map((needle) => {
      const at = text.indexOf(needle);
      return `${needle} in …${text.slice(Math.max(0, at - 100), at + needle.length + 20)}…`;
    });
}

function assertClean(t: Test, what: string, output: string | Buffer): void {
  t.ok(output.length > 0, `${what}: there is something to look at`);
  t.strictSame(found(output), [], what);
}

function start(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [...nodeArguments, ...args], { env: { ...process.env, ...env } });
  children.add(child);
  child.on('exit', () => children.delete(child));
  let [stderr, stdout] = ['', ''];
  child.stderr.on('data', (chunk) => (stderr += chunk));
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stdin.on('error', () => {});
  return { child, logged: () => stderr, printed: () => stdout };
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_500; tries += 1) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited in vain for ${what}`);
}

t.test('the fixture plants what it says', (t) => {
  const kinds = new Set(plants.map((plant) => plant.kind)).size;
  const places = new Set(plants.map((plant) => plant.place)).size;
  t.ok(kinds >= 100, `${kinds} kinds`);
  t.ok(places >= 100, `${places} places`);
  t.ok(plants.length >= 10_000, `${plants.length} plants`);
  t.ok(found(Buffer.from(capture)).length > kinds, 'they are found where they are');
  t.end();
});

t.test('every output of a running agent, its spool, its server’s store', async (t) => {
  writeFileSync(file('credentials'), `agent:${settings[0]}\n`);
  const listen = ['collect', '--listen', '127.0.0.1:0', '--store', file('store.sqlite')];
  const collect = start([...listen, '--credentials', file('credentials'), '--print']);
  await until('collect', () => /collecting on/.test(collect.logged()));
  const port = /:(\d+)\/v1/.exec(collect.logged())![1]!;
  const url = `http://agent:${settings[0]}@127.0.0.1:${port}/v1/witnesses?token=${settings[1]}#${settings[2]}`;
  writeFileSync(file('agent.yaml'), `upload: "${url}"\nspool: ${file('spool')}\nupload-interval-ms: 100\n`);
  const args = [
    '--config',
    file('agent.yaml'),
    '--read',
    '-',
    '--print',
    '--messages',
    file('messages'),
    '--har',
    file('har'),
  ];
  const agent = start([
    ...args,
    '--witnesses',
    file('witnesses'),
    '--stats',
    file('stats'),
    '--stats-interval-ms',
    '100',
    '--observe-listen',
    '127.0.0.1:0',
  ]);
  await until('the agent', () => /metrics on/.test(agent.logged()));
  const observed = /metrics on (http:\/\/[\d.:]+)/.exec(agent.logged())![1]!;
  const get = async (where: string) => Buffer.from(await (await fetch(`${observed}${where}`)).arrayBuffer());
  // Profiles are taken while the secrets pass.
  const half = capture.length >> 1;
  agent.child.stdin!.write(capture.subarray(0, half));
  const heap = get('/debug/pprof/heap?seconds=1');
  agent.child.stdin!.write(capture.subarray(half));
  assertClean(t, 'heap profile', gunzipSync(await heap));
  assertClean(t, 'allocation profile', gunzipSync(await get('/debug/pprof/allocs?seconds=0.5')));
  assertClean(t, 'CPU profile', gunzipSync(await get('/debug/pprof/profile?seconds=0.5')));
  assertClean(t, 'metrics', await get('/metrics'));
  agent.child.stdin!.end();
  await once(agent.child, 'exit');
  t.equal(agent.child.exitCode, 0, agent.logged());
  collect.child.kill('SIGTERM');
  await once(collect.child, 'exit');
  const stats = readFileSync(file('stats'), 'utf8');
  const final = JSON.parse(stats.trim().split('\n').at(-1)!);
  t.match(final, {
    'http.requestsComplete': plants.length,
    'har.entries': plants.length,
    'print.lines': plants.length,
  });
  t.match(final, { 'upload.witnessesSent': plants.length, 'witnessFile.written': plants.length });
  for (const name of ['messages', 'har', 'witnesses', 'store.sqlite']) assertClean(t, name, readFileSync(file(name)));
  // Witnesses lie in it compressed.
  const store = new DatabaseSync(file('store.sqlite'), { readOnly: true });
  const bodies = store.prepare('SELECT body FROM bodies').all() as { body: Uint8Array }[];
  store.close();
  t.ok(bodies.length > 0);
  for (const { body } of bodies) assertClean(t, 'a batch in the store', zstdDecompressSync(body));
  assertClean(t, 'stats', stats);
  assertClean(t, 'print', agent.printed());
  assertClean(t, 'log', agent.logged());
  assertClean(t, 'collect’s log', collect.logged());
  assertClean(t, 'collect’s lines', collect.printed());
  const inspected = run(['inspect', file('witnesses')]);
  assertClean(t, 'inspect', inspected.stdout);
  assertClean(t, 'list', run(['collect', '--store', file('store.sqlite'), '--list']).stdout);
  t.ok(inspected.stdout.split('*REDACTED*').length > plants.length, 'they were there to be redacted');
});

const run = (args: readonly string[]) =>
  spawnSync(process.execPath, [...nodeArguments, ...args], { encoding: 'utf8', input: capture, maxBuffer: 256 << 20 });

t.test('a spool whose server is away; ends that are none of the good ones', (t) => {
  const url = `http://agent:${settings[0]}@127.0.0.1:1/${settings[2]}?token=${settings[1]}`;
  const away = run(['--read', '-', '--upload', url, '--spool', file('away'), '--upload-drain-ms', '100']);
  t.equal(away.status, 0);
  assertClean(t, 'log of an upload that fails', away.stderr);
  const batches = readdirSync(file('away')).filter((name) => name.endsWith('.batch'));
  t.ok(batches.length > 0);
  for (const name of batches)
    assertClean(t, name, zstdDecompressSync(readBatch(readFileSync(path.join(file('away'), name)))!.body));
  const ends: [string, string[]][] = [
    ['at the memory ceiling', ['--memory-ceiling', '50MB', '--memory', '32MB', '--messages', file('ceiling')]],
    ['with a full disk', ['--messages', '/dev/full', '--upload', url]],
    ['with a port in use or none', ['--upload', url, '--observe-listen', '203.0.113.1:1']],
    ['with a spool that is none', ['--upload', url, '--spool', folder]],
    ['with a URL that is none', ['--upload', url.replace('http:', 'gopher:')]],
    ['with an option that is none', [`--uploda=${url}`]],
    ['with two sources', ['--upload', url, '--interface', 'lo']],
  ];
  for (const [what, args] of ends) {
    const { status, stderr } = run(['--read', '-', ...args]);
    t.not(status, 0, `${what} (${status})`);
    assertClean(t, `an end ${what}`, stderr);
  }
  t.end();
});

t.test('a report of the harness over the same capture', { timeout: 120_000 }, (t) => {
  writeFileSync(file('secrets.pcap'), capture);
  const args = [path.join(root, 'bin', 'floodgate'), 'run', file('secrets.pcap'), '--lane', 'exact', '--explain'];
  // Plants leave messages of which the truth is not certain.
  args.push('--budget', 'missed.messages=100000');
  const { status, stdout, stderr } = spawnSync(process.execPath, [...args, '--out', file('report')], {
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  assertClean(t, 'what it prints', stdout + stderr);
  let files = 0;
  for (const entry of readdirSync(file('report'), { recursive: true, withFileTypes: true })) {
    // Frames cut out of the capture are what they were: that is what a slice is for.
    if (!entry.isFile() || /\.pcap(ng)?(\.zst)?$/.test(entry.name)) continue;
    const bytes = readFileSync(path.join(entry.parentPath, entry.name));
    files += 1;
    assertClean(t, entry.name, entry.name.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  }
  t.ok(files > 5, `${files} files`);
  t.end();
});
