import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startChild } from '../target/child-target.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from '../watch/preload-channel.ts';

const program = fileURLToPath(new URL('./testdata/out-of-descriptors.mjs', import.meta.url));

t.test('a target without a descriptor left is read, collected and dumped, and goes on', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'reserve-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const startMs = Date.now();
  const target = await startChild({
    name: 'out of descriptors',
    command: 'sh',
    arguments: ['-c', 'ulimit -n 60; exec "$0" "$@"', process.execPath, ...preloadArguments, program],
    env: preloadEnvironment({ intervalMs: 20, settles: true, snapshots: { folder, heapBytesMax: 100e6 } }),
    ready: /^ready, \d+ until EMFILE/,
    withChannel: true,
  });
  const channel = new PreloadChannel(target.channel!, startMs);
  for (let readings = 0; readings < 5; readings += 1) t.ok(await channel.nextReading(60_000));
  t.ok((channel.last?.arrayBuffers ?? 0) > 0, 'what Node.js opens a file for');
  t.ok(await channel.settle(1, 60_000));
  t.ok(channel.settled[0]!.heapUsed > 1e6);
  t.ok(await channel.snapshot('all', 60_000));
  t.ok(statSync(channel.snapshots[0]!.file).size > 1e5);
  const exit = await target.stop();
  t.equal(exit.code, 0, exit.lastLines.join('\n'));
  t.same(channel.errors, []);
});
