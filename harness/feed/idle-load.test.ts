import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import t from 'tap';
import { startChild } from '../target/child-target.ts';
import type { Target } from '../target/target.ts';
import { LoadFeed, type LoadOptions } from './load.ts';

t.setTimeout(120_000);

/** A load without a duration, until it ends or is ended. */
async function doneOf(options: LoadOptions, target: unknown) {
  const feed = new LoadFeed(options);
  const flow = await feed.open(target as Target);
  flow.start();
  try {
    return await flow.done;
  } finally {
    await feed.close();
  }
}

t.test('a target that is caught in a loop has an end', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'floodgate-load-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const logFile = path.join(folder, 'load.log');
  const endOf = async (text: string) => {
    const target = await startChild({ name: 'shop', command: process.execPath, arguments: ['-e', text] });
    t.teardown(() => target.stop());
    const limits = { idleMsMax: 1_500, spinningMsMax: 3_000 };
    return doneOf({ command: 'sleep 8', durationMs: undefined, logFile, ...limits }, target);
  };
  await t.rejects(endOf('for (;;);'), {
    code: 'load-idle',
    message: /^the load did nothing for 3 s, and shop read and wrote next to nothing: sleep 8$/,
    hint: /loop that never ends.*duration/,
  });
  const turning = `const turn = () => setImmediate(turn); turn(); setInterval(() => require('node:fs').writeFileSync('/dev/null', 'x'.repeat(2000)), 250)`;
  await t.rejects(endOf(turning), { code: 'load-idle' }, 'a loop that lets others say their readings');
  const writing = `const { writeFileSync } = require('node:fs');
    setInterval(() => { const end = Date.now() + 150; while (Date.now() < end); writeFileSync('/dev/null', 'x'.repeat(64_000)); }, 160)`;
  t.equal(await endOf(writing), undefined, 'one that writes is waited for');
});

t.test('a load that gets no answer is ended with what to do', { skip: process.platform !== 'linux' }, async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'floodgate-load-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const logFile = path.join(folder, 'load.log');
  const target = await startChild({ name: 'shop', command: 'sleep', arguments: ['100'] });
  t.teardown(() => target.stop());
  const endOf = (command: string, durationMs?: number) =>
    doneOf({ command, durationMs, logFile, idleMsMax: 1_500 }, target);
  await t.rejects(endOf('echo begun; sleep 60'), {
    code: 'load-idle',
    message: /^the load did nothing for .*, and shop next to nothing: echo begun; sleep 60$/,
    hint: /does it answer\?.*duration/,
  });
  const busy = `${process.execPath} -e "setTimeout(() => process.exit(), 4000); setInterval(() => { const end = Date.now() + 60; while (Date.now() < end); }, 200)"`;
  t.equal(await endOf(busy), undefined, 'one that works is waited for');
  t.equal(await endOf('sleep 60', 2_500), undefined, 'a duration says how long it may be idle');
});
