import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { FloodgateError } from '../../agent/errors.ts';
import { type ChildTargetOptions, describeExit, startChild } from './child-target.ts';

const node = (program: string, more: Partial<ChildTargetOptions> = {}): ChildTargetOptions => ({
  name: 'target',
  command: process.execPath,
  arguments: ['-e', program],
  ready: /^ready$/,
  ...more,
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

t.test('a target that works is stopped gracefully', async (t) => {
  const target = await startChild(
    node(
      "process.on('SIGTERM', () => { console.error('bye'); process.exit(0) }); setInterval(() => {}, 1e3); console.error('ready')",
    ),
  );
  t.ok(isAlive(target.pid));
  const exit = await target.stop();
  t.match(exit, { code: 0, signal: null, killed: false, expected: true });
  t.same(exit.lastLines, ['ready', 'bye']);
  t.equal(await target.stop(), exit, 'stopping twice is harmless');
});

t.test('a target that dies under way is reported as dead, with its last words', async (t) => {
  const target = await startChild(
    node("console.error('ready'); setTimeout(() => { console.error('out of luck'); process.exit(7) }, 50)"),
  );
  const exit = await target.exited;
  t.match(exit, { code: 7, expected: false, killed: false });
  t.equal(exit.lastLines.at(-1), 'out of luck');
  t.equal(describeExit(exit), 'exit code 7');
  t.equal((await target.stop()).expected, false, 'stopping it afterwards does not change that');
});

t.test('a target that leaves a program of its own session behind has ended all the same', async (t) => {
  const target = await startChild({
    name: 'target',
    command: '/bin/sh',
    arguments: ['-c', 'setsid sleep 8 & echo ready; exec sleep 0.2'],
    ready: /^ready$/,
  });
  const before = performance.now();
  t.match(await target.exited, { code: 0 });
  t.ok(performance.now() - before < 5_000, 'although its output is still open');
});

t.test('a target that hears nothing while it waits for its input is stopped by the end of it', async (t) => {
  const reads = Promise.withResolvers<void>();
  const target = await startChild(
    node(
      "process.on('SIGTERM', () => {}); console.error('ready');" +
        "setTimeout(() => { console.error('reads'); require('node:fs').readSync(0, Buffer.alloc(9)); console.error('the end'); process.exit(0) }, 20)",
      { withInput: true, onOutput: (chunk) => String(chunk).includes('reads') && reads.resolve() },
    ),
  );
  await reads.promise;
  const exit = await target.stop();
  t.match(exit, { code: 0, killed: false, expected: true });
  t.equal(exit.lastLines.at(-1), 'the end');
});

t.test('a target that ignores SIGTERM is killed, with the processes it started', async (t) => {
  const target = await startChild(
    node(
      "process.on('SIGTERM', () => {});" +
        "const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e3)']);" +
        "console.error('child', child.pid); setInterval(() => {}, 1e3); console.error('ready')",
      { stopTimeoutMs: 300 },
    ),
  );
  const exit = await target.stop();
  t.match(exit, { signal: 'SIGKILL', killed: true });
  t.equal(describeExit(exit), 'killed after ignoring SIGTERM');
  const child = Number(/^child (\d+)$/m.exec(exit.lastLines.join('\n'))?.[1]);
  for (let i = 0; i < 1_000 && isAlive(child); i++) await pause(20);
  t.notOk(isAlive(child));
});

t.test('a target that never gets ready is an error, and gone', async (t) => {
  const started = startChild(
    node("console.error('pid', process.pid); setInterval(() => {}, 1e3)", { readyTimeoutMs: 400 }),
  );
  const error = await started.then(
    () => undefined,
    (thrown: FloodgateError) => thrown,
  );
  t.type(error, FloodgateError);
  t.match(error, { code: 'target-not-started', exitCode: 2, message: 'target was not ready after 0.4 s' });
  const pid = Number(/pid (\d+)/.exec(error!.hint)?.[1]);
  t.ok(pid > 0, 'its last lines are in the hint');
  t.notOk(isAlive(pid));
});

t.test('a target that dies before it is ready', async (t) => {
  await t.rejects(startChild(node("console.error('no such option'); process.exit(9)")), {
    code: 'target-died',
    message: 'target ended before it was ready (exit code 9)',
    hint: 'Its last lines:\n  no such option',
  });
});

t.test('a program that does not exist', async (t) => {
  await t.rejects(startChild({ name: 'nothing', command: '/no/such/program', arguments: [] }), {
    code: 'target-not-started',
    hint: 'Check that "/no/such/program" exists and can be executed.',
  });
});

t.test('a target with one endless line does not fill our memory', async (t) => {
  const target = await startChild(
    node("console.error('ready'); process.stderr.write('x'.repeat(20e6), () => process.exit(0))"),
  );
  const exit = await target.exited;
  t.ok(exit.lastLines.join('').length < 10_000);
});

t.test('a harness that ends without stopping its target takes it along', (t) => {
  const program = `
    import { startChild } from ${JSON.stringify(new URL('./child-target.ts', import.meta.url).href)};
    const target = await startChild({ name: 't', command: process.execPath, arguments: ['-e', 'setInterval(() => {}, 1e3)'] });
    console.log(target.pid);
    process.exit(0);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  const pid = Number(stdout);
  t.ok(pid > 0, stderr);
  const deadline = Date.now() + 20_000;
  while (isAlive(pid) && Date.now() < deadline);
  t.notOk(isAlive(pid));
  t.end();
});
