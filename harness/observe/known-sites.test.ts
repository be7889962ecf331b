/**
 * How true attribution is: a target that allocates known amounts at known lines, on the V8 heap and outside of it, and
 * what the instruments of an attribution pass say of it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { byFunction, top } from '../profile/arithmetic.ts';
import { startChild } from '../target/child-target.ts';
import { PreloadChannel, preloadArguments, preloadEnvironment } from './preload-channel.ts';
import { readInterval } from './profile-files.ts';

t.setTimeout(60_000);
const program = fileURLToPath(new URL('./testdata/known-sites.mjs', import.meta.url));
const sampleBytes = 65_536;
/** Wanted of every site over 1 % of the total. */
const errorShareMax = 0.05;
const namedShareMin = 0.95;

t.test('sites over 1 % of the total are told within 5 %, off-heap included', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-known-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const target = await startChild({
    name: 'known sites',
    command: process.execPath,
    arguments: ['--no-turbo-inlining', '--no-maglev-inlining', ...preloadArguments, program],
    env: preloadEnvironment({
      intervalMs: 500,
      profile: { kind: 'allocations', sampleBytes, stackDepth: 64, offHeapSampleBytes: sampleBytes, folder },
    }),
    ready: /^ready/,
    withChannel: true,
  });
  const channel = new PreloadChannel(target.channel, Date.now());
  await pause(4_000);
  t.equal(await channel.cut(0, 10_000), true);
  const exit = await target.stop();
  const profiles = readInterval(channel.intervals[0]!, 'alloc_space', { heap: sampleBytes, offHeap: sampleBytes })!;
  const told = new Map<string, number>();
  for (const profile of [profiles.heap, profiles.offHeap]) {
    for (const row of top(byFunction(profile)))
      told.set(row.functionName, (told.get(row.functionName) ?? 0) + row.self);
    // What runtime code allocates counts for the site that called it.
    for (const row of top(byFunction(profile), { by: 'total' })) {
      if (row.file.endsWith('known-sites.mjs'))
        told.set(row.functionName, Math.max(told.get(row.functionName) ?? 0, row.total));
    }
  }
  const sites = exit.lastLines.flatMap((line) => {
    const [, name, bytes] = /^site (\w+) (\d+)$/.exec(line) ?? [];
    return name ? [{ name, bytes: Number(bytes) }] : [];
  });
  t.equal(sites.length, 10);
  const total = sites.reduce((sum, site) => sum + site.bytes, 0);
  let named = 0;
  for (const { name, bytes } of sites) {
    const share = bytes / total;
    const seen = told.get(name) ?? 0;
    named += Math.min(seen, bytes);
    const error = seen / bytes - 1;
    const words = `${name}: ${(100 * share).toFixed(1)} % of the total, told ${(100 * error).toFixed(2)} % off`;
    if (share > 0.01) t.ok(Math.abs(error) <= errorShareMax, words);
    t.comment(words);
  }
  t.comment(`${((100 * named) / total).toFixed(1)} % of ${Math.round(total / 1e6)} MB have the right name`);
  t.ok(named / total >= namedShareMin, `${named / total} have a name`);
});

t.test('what zlib is said to hold is what it takes', async (t) => {
  // Resident memory of 400 streams, each fed so that it touches its state; nothing else tells of it.
  const script = `
    const zlib = require('node:zlib');
    const rss = () => Number(require('node:fs').readFileSync('/proc/self/statm', 'latin1').split(' ')[1]) * 4096;
    const input = Buffer.concat(Array(8).fill(require('node:crypto').randomBytes(15_000)));
    const streams = [];
    const before = rss();
    for (let i = 0; i < 400; i++) { const s = zlib.createDeflate(); s.on('data', () => {}); s.write(input); streams.push(s); }
    setTimeout(() => { console.log((rss() - before) / streams.length); process.exit(0); }, 5000).unref();
    let done = 0;
    for (const s of streams) s.flush(() => { if (++done === streams.length) { gc(); console.log((rss() - before) / streams.length); process.exit(0); } });
  `;
  const perStream = Number(execFileSync(process.execPath, ['--expose-gc', '-e', script], { encoding: 'utf8' }));
  const formula = 2 ** 17 + 2 ** 17 + 5_936 + 16_384;
  t.comment(`${Math.round(perStream)} bytes resident a stream, ${formula} by the formula`);
  t.ok(perStream > 0.9 * formula && perStream < 1.3 * formula, `${perStream} of ${formula}`);
});
