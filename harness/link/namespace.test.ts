import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import t from 'tap';

const node = process.execPath;
/** A module's address, quoted. */
const module = (name: string) => JSON.stringify(pathToFileURL(`${import.meta.dirname}/${name}`).href);

/** A program of one text that enters a namespace first. */
const entering = (inside: string) => `
import { isInNamespace, runInNamespace } from ${module('namespace.ts')};
if (!isInNamespace()) process.exit(await runInNamespace([process.execPath, '--input-type=module', '-e', process.env.TEXT, 'mark-' + process.env.MARK]));
${inside}`;

function start(inside: string, mark: string) {
  const script = entering(inside);
  const env = { ...process.env, TEXT: script, MARK: mark };
  return spawn(node, ['--input-type=module', '-e', script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Processes whose command line holds `mark`. */
function processesOf(mark: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(mark);
    } catch {
      return false;
    }
  });
}

async function goneSoon(mark: string): Promise<boolean> {
  for (let tries = 0; tries < 300; tries++) {
    if (processesOf(mark).length === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

const probe = spawnSync('unshare', process.getuid?.() === 0 ? ['--net', 'true'] : ['-Urn', 'true']);
const skip = probe.status === 0 ? false : 'SKIPPED: this machine allows no network namespace';

t.test('the exit code comes through, the network is another, root inside', { skip }, async (t) => {
  const child = start(
    `
    import { readlinkSync } from 'node:fs';
    console.log(readlinkSync('/proc/self/ns/net'), process.getuid());
    process.exit(7);`,
    'code',
  );
  const [output] = await once(child.stdout, 'data');
  const [code] = await once(child, 'exit');
  t.equal(code, 7);
  const [net, uid] = String(output).trim().split(' ');
  t.match(net, /^net:\[\d+\]$/);
  const ours = spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).stdout.trim();
  t.not(net, ours);
  t.equal(uid, '0');
});

const withDevice = `
import { openTap } from ${module('tap-device.ts')};
import { spawn } from 'node:child_process';
openTap({ name: 'kept0' });
spawn('sleep', ['1000'], { detached: true, argv0: 'sleep-mark-' + process.env.MARK, stdio: 'ignore' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { console.log(signal); process.exit(3); });
const { reportSignalsHeard } = await import(${module('namespace.ts')});
reportSignalsHeard();
console.log('ready');
setInterval(() => {}, 1000);`;

for (const [signal, code] of [
  ['SIGINT', 3],
  ['SIGTERM', 3],
  ['SIGKILL', null],
] as const) {
  t.test(`${signal} on the outer process leaves no process and no device`, { skip }, async (t) => {
    const mark = `${signal}${process.pid}`;
    const child = start(withDevice, mark);
    const output = text(child.stdout);
    await once(child.stdout, 'data');
    t.ok(processesOf(`mark-${mark}`).length >= 2, 'it runs, with a child of its own');
    child.kill(signal);
    const [exit] = await once(child, 'exit');
    t.equal(exit, code);
    if (code !== null) t.equal(await output, `ready\n${signal}\n`, 'heard inside, once');
    t.ok(await goneSoon(`mark-${mark}`), 'and all are gone');
    t.notMatch(readFileSync('/proc/net/dev', 'latin1'), /kept0/);
  });
}

t.test('a signal while the program inside still starts is not lost', { skip }, async (t) => {
  const mark = `early${process.pid}`;
  // The first process of a namespace ignores what it has no handler for.
  const child = start(`console.log('starting'); setInterval(() => {}, 1000);`, mark);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const [exit] = await once(child, 'exit');
  t.equal(exit, 3);
  t.ok(await goneSoon(`mark-${mark}`), 'nothing is left');
});

t.test('where the kernel refuses, it says what to do', async (t) => {
  const text = entering('process.exit(9)').replace(
    'process.exit(await',
    'process.env.PATH = "/nonexistent"; process.exit(await',
  );
  const { status, stderr } = spawnSync(node, ['--input-type=module', '-e', text], { encoding: 'utf8' });
  t.equal(status, 1);
  t.match(stderr, /namespace-refused/);
  t.match(stderr, /--lane exact/);
});
