/** An agent that captures the interface over which it uploads and is asked for its metrics: it does not report its own traffic. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { setInterfaceUp } from '../capture/sys/tap-fixture.ts';

const inside = 'FLOODGATE_TEST_OWN_TRAFFIC';
const program = path.join(import.meta.dirname, '..', 'main.ts');
const isRoot = process.getuid?.() === 0;
// As root the agent becomes nobody, and the spool with it.
const namespace = isRoot ? ['-n'] : ['-Urn'];

if (process.env[inside] === undefined) {
  const isRefused = process.platform !== 'linux' || spawnSync('unshare', [...namespace, 'true']).status !== 0;
  const skip = isRefused && 'NETWORK NAMESPACES ARE REFUSED HERE (unshare): own traffic is NOT tested';
  t.test('in a namespace of its own', { skip, timeout: 300_000 }, async (t) => {
    const env = { ...process.env, [inside]: '1' };
    const args = [...namespace, '--', process.execPath, ...process.execArgv, fileURLToPath(import.meta.url)];
    await t.spawn('unshare', args, { env });
  });
} else {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-own-'));
  chmodSync(folder, 0o755);
  const children = new Set<ChildProcess>();
  t.teardown(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (...args: string[]) => {
    // What the test runner's hooks would write at the end, the user nobody may not. It does not look behind env(1).
    const plain = ['-u', 'NODE_OPTIONS', process.execPath, '--disable-warning=ExperimentalWarning', program];
    const child = spawn('env', [...plain, ...args], { stdio: 'pipe' });
    children.add(child);
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += chunk));
    return { child, logged: () => stderr };
  };
  const until = async (what: string, isSo: () => boolean) => {
    for (let tries = 0; tries < 1_000 && !isSo(); tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    if (!isSo()) throw new Error(`waited in vain for ${what}`);
  };

  t.test('uploads and metrics are left out, everything else is reported', async (t) => {
    setInterfaceUp('lo', true);
    const server = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const collect = start('collect', '--listen', '127.0.0.1:0', '--store', path.join(folder, 'store.sqlite'));
    await until('collect', () => /collecting on/.test(collect.logged()));
    const url = /http:\S+/.exec(collect.logged())![0];
    const spool = path.join(folder, 'spool');
    const output = (name: string) => path.join(folder, name);
    mkdirSync(output('out'), { mode: 0o777 });
    const args = ['--interface', 'lo', '--upload', url, '--spool', spool, '--upload-interval-ms', '50'];
    const outputs = ['--messages', output('messages'), '--stats', output('stats'), '--stats-interval-ms', '50'];
    const agent = start(...args, ...outputs, '--observe-listen', '127.0.0.1:0');
    await until('capturing', () => /capturing on lo/.test(agent.logged()));
    const observed = /metrics on (\S+)\/metrics/.exec(agent.logged())![1]!;
    const last = () => {
      const lines = existsSync(output('stats')) ? readFileSync(output('stats'), 'utf8').trim().split('\n') : [];
      return JSON.parse(lines.at(-1) || '{}');
    };
    for (let i = 0; i < 5; i += 1) {
      await (await fetch(`${site}/visit/${i}`)).text();
      await (await fetch(`${observed}/metrics`)).text();
      await until('the upload', () => last()['upload.witnessesSent'] > i);
    }
    agent.child.kill('SIGTERM');
    await once(agent.child, 'exit');
    t.equal(agent.child.exitCode, 0, agent.logged());
    server.close();
    server.closeAllConnections();
    collect.child.kill('SIGTERM');
    const stats = last();
    t.equal(stats['upload.witnessesSent'], 5, 'the visits, and nothing of the uploads’ own');
    t.ok(stats['filter.excludedOwn'] >= 10, `${stats['filter.excludedOwn']} exchanges of its own`);
    const messages = readFileSync(output('messages'), 'utf8');
    t.equal(messages.match(/"uri":"\/visit\/\d"/g)?.length, 10);
    t.notMatch(messages, /\/v1\/witnesses|\/metrics/);
    if (isRoot) {
      t.match(agent.logged(), /runs as user nobody/);
      t.not(statSync(spool).uid, 0, 'the spool is nobody’s');
    }
    t.strictSame(readdirSync(spool), [], 'sent, and the lock is gone');
  });
}
