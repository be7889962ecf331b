/** Named pipes and devices as input: whatever they do, the agent hears its signals and answers its scrapers. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { exchangesCapture } from './capture-fixture.ts';

const skip = process.platform === 'win32' ? 'SKIPPED: no named pipes' : false;
const program = path.join(import.meta.dirname, '..', 'main.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-pipe-'));
const file = (name: string) => path.join(folder, name);
const children: ChildProcess[] = [];
t.setTimeout(300_000);
t.teardown(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves when it says where its metrics are: everything is open by then. */
async function start(...args: string[]): Promise<{ child: ChildProcess; url: string }> {
  const observe = ['--observe-listen', '127.0.0.1:0'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, ...args, ...observe]);
  children.push(child);
  let logged = '';
  for await (const chunk of child.stderr.iterator({ destroyOnReturn: false })) {
    logged += chunk;
    const url = /metrics on (\S+),/.exec(logged)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error(logged);
}

async function end({ child }: { child: ChildProcess }): Promise<number | null> {
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await exit;
  return code;
}

t.test('a pipe without a writer, then one that stalls, then one that ends', { skip }, async (t) => {
  execFileSync('mkfifo', [file('pipe')]);
  const silent = await start('--read', file('pipe'), '--until', 'tcp');
  t.equal((await fetch(silent.url)).status, 200);
  t.equal(await end(silent), 0, 'SIGTERM ends it');

  const stalled = await start('--read', file('pipe'), '--messages', file('stalled'));
  const writer = openSync(file('pipe'), 'w');
  writeSync(writer, exchangesCapture(20).subarray(0, 2_000));
  const passed = async () =>
    Number(
      /^floodgate_capture_frames_total (\d+)|_frames_received_total\{.*\} (\d+)/m
        .exec(await (await fetch(stalled.url)).text())
        ?.slice(1)
        .find((each) => each !== undefined) ?? 0,
    );
  while ((await passed()) === 0);
  t.equal(await end(stalled), 0, 'SIGTERM ends it in the midst of a record');
  closeSync(writer);
  t.ok(readFileSync(file('stalled'), 'utf8').split('\n').length > 2, 'what came before is written');

  const whole = await start('--read', file('pipe'), '--messages', file('whole'));
  const exit = once(whole.child, 'exit');
  const other = openSync(file('pipe'), 'w');
  writeSync(other, exchangesCapture(20));
  closeSync(other);
  t.strictSame(await exit, [0, null]);
  t.equal(readFileSync(file('whole'), 'utf8').split('\n').length, 41, 'all of it');
});

t.test(
  'a device that says nothing',
  { skip: existsSync('/dev/ptmx') ? skip : 'SKIPPED: no device that waits' },
  async (t) => {
    const silent = await start('--read', '/dev/ptmx', '--until', 'tcp', '--stats', file('silent'));
    for (let i = 0; i < 3; i += 1) t.equal((await fetch(silent.url)).status, 200, 'its scrapers are answered');
    t.equal(await end(silent), 0, 'SIGTERM ends it');
    t.match(JSON.parse(readFileSync(file('silent'), 'utf8')), { 'tcp.segments': 0 }, 'with its statistics');
  },
);

t.test('devices with something in them, or nothing', { skip }, (t) => {
  const run = (command: string) => spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: 120_000 });
  const agent = `"${process.execPath}" --disable-warning=ExperimentalWarning "${program}" --until tcp`;
  for (const input of ['--read /dev/zero', '--read - </dev/zero', '--read /dev/null', '--read - </dev/null']) {
    const { status, stderr } = run(`${agent} ${input}`);
    t.equal(status, 2, input);
    t.match(stderr, /^floodgate-agent: .*(is empty|neither pcap nor)/m);
  }
  t.end();
});
