/** The first start of an agent after a change is measured like every other: stripping types takes 20 MB, which are not the agent's. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { preloadArguments, preloadEnvironment } from '../watch/preload-channel.ts';
import { AgentLauncher } from './agent-target.ts';

t.setTimeout(120_000);

t.test('modules of the stage that is run are in the cache before it is started', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-first-start-'));
  const before = { ...process.env };
  process.env.NODE_COMPILE_CACHE = path.join(folder, 'cache');
  // The test runner loads something of its own into every Node.js, and code that is covered is not cached.
  for (const name of ['NODE_OPTIONS', 'NODE_V8_COVERAGE']) delete process.env[name];
  t.teardown(() => {
    process.env = before;
    rmSync(folder, { recursive: true, force: true });
  });
  // As a run through a device asks: threads and children are followed.
  const observe = { intervalMs: 100, family: { socket: path.join(folder, 'family') } };
  // Without the program's own file, whose pages come and go as the kernel likes.
  const ownBytes = async () => {
    const target = await new AgentLauncher(['--until', 'witnesses']).start({
      ...{ interfaces: [], statsFile: path.join(folder, 'stats'), statsIntervalMs: 250, ceilingBytes: undefined },
      ...{ nodeArguments: [...preloadArguments], observe, env: preloadEnvironment(observe) },
    });
    const status = readFileSync(`/proc/${target.pid}/status`, 'utf8');
    // What it compiled is kept where it ends by itself.
    target.input!.end();
    await target.exited;
    await target.stop();
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)![1]) * 1024;
  };
  const first = await ownBytes();
  const second = await ownBytes();
  t.ok(first - second < 8_000_000, `${first} bytes at the first start, then ${second}`);
});
