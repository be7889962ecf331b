/** The inspector of a process that we looked into is closed again, well after we have left it: closed while somebody leaves, it ends the process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { openInspectorChannel } from './inspector-channel.ts';

t.setTimeout(120_000);

t.test('an inspector closes turns of the loop after we left it, and the process lives on', async (t) => {
  const folder = t.testdir();
  const words = ['--inspect-port=0', '-e', 'setInterval(() => {}, 10); console.log("up")'];
  const target = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => target.kill('SIGKILL'));
  let said = '';
  target.stderr.setEncoding('utf8').on('data', (piece: string) => {
    said += piece;
  });
  await once(target.stdout, 'data');
  const channel = await openInspectorChannel(target.pid!, {
    ...{ kind: 'live', folder, sampleBytes: 32 << 10, stackDepth: 16, offHeapSampleBytes: 0 },
  });
  const closed = once(channel, 'close');
  const leftMs = performance.now();
  channel.destroy();
  await closed;
  const tookMs = performance.now() - leftMs;
  t.ok(tookMs > 1_500, `closed after ${Math.round(tookMs)} ms`);
  const [, port] = /ws:\/\/127\.0\.0\.1:(\d+)/.exec(said)!;
  await t.rejects(fetch(`http://127.0.0.1:${port}/json/list`), 'and is closed');
  t.same([target.exitCode, target.signalCode], [null, null], 'it lives on');
});
