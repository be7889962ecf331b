/**
 * That a top held for a few milliseconds is found, with its height, whatever the pace of the samples.
 * Runs alone: the tops last for 5 ms.
 */
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { findSpikes } from '../explain/spikes.ts';
import { startChild } from '../target/child-target.ts';
import { betweenSamples } from './between-samples.ts';
import { KernelPeak } from './kernel-peak.ts';
import { MemoryWatch } from './memory-watch.ts';
import type { MemoryAccount } from './proc-memory.ts';

t.setTimeout(120_000);
const linuxOnly = process.platform === 'linux' ? {} : { skip: 'reads /proc, which only Linux has' };
const program = fileURLToPath(new URL('./testdata/tops.mjs', import.meta.url));

async function heightsOf(t: Test, sampling: { sampleMs: number; levels: boolean }, count: number, bytes: number) {
  const done = Promise.withResolvers<void>();
  const target = await startChild({
    name: 'tops',
    command: process.execPath,
    arguments: [program, String(count), '5', String(bytes)],
    ready: /^ready/,
    withInput: true,
    onOutput: (chunk) => String(chunk).includes('done') && done.resolve(),
  });
  t.teardown(() => target.stop());
  const startMs = performance.now();
  const watch = new MemoryWatch({ pid: target.pid, ...sampling, nowMs: () => performance.now() - startMs });
  watch.sample();
  target.input!.write('go\n');
  await done.promise;
  watch.stop();
  const { tMs, own } = watch.tops();
  const { spikes } = findSpikes(watch.rss.tMs(), watch.rss.column('own'), { tops: { tMs, bytes: own } });
  t.equal(watch.seesEveryPeak, true);
  return spikes.map(({ heightBytes }) => heightBytes);
}

t.test(
  'a top of 5 ms is reported with its height: by the kernel’s peak alone, and with a thread',
  linuxOnly,
  async (t) => {
    for (const sampling of [
      { sampleMs: 60, levels: false },
      { sampleMs: 60, levels: true },
    ]) {
      const heights = await heightsOf(t, sampling, 6, 60e6);
      t.equal(heights.length, 6, `${heights.length} of 6`);
      for (const height of heights) t.ok(Math.abs(height - 60e6) < 3e6, `${height} of 60 MB`);
    }
  },
);

t.test('between samples: readings where memory moved, the kernel’s peak where it was higher still', (t) => {
  const samples = { tMs: [0, 50, 100], rss: [20e6, 20e6, 20e6], own: [15e6, 15e6, 15e6], peak: [null, 20e6, 90e6] };
  t.same(betweenSamples(samples, undefined), { tMs: [75], rss: [90e6], own: [85e6] }, 'a peak alone');
  const quiet = { tMs: [10, 60], bytes: [20e6, 20e6], ownBytes: [15e6, 15e6] };
  t.same(betweenSamples(samples, quiet), { tMs: [75], rss: [90e6], own: [85e6] }, 'and readings that saw nothing');
  const seen = { tMs: [10, 60, 61, 62], bytes: [20e6, 20e6, 80e6, 20e6], ownBytes: [15e6, 15e6, 74e6, 15e6] };
  t.same(
    betweenSamples(samples, seen),
    { tMs: [60, 61, 62], rss: [20e6, 90e6, 20e6], own: [15e6, 84e6, 15e6] },
    'the peak stands where the highest reading was, with its pages of files',
  );
  const unknown = { ...samples, peak: [null, null, null] };
  t.same(betweenSamples(unknown, undefined), { tMs: [], rss: [], own: [] }, 'nothing is known: nothing is added');
  t.end();
});

t.test('where the kernel’s peak cannot be lowered, only a new highest one is a span’s', (t) => {
  let peak = 100;
  const memory: MemoryAccount = {
    fileBytes: 0,
    rssBytes: () => 50,
    rollup: () => undefined,
    status: () => undefined,
    usage: () => undefined,
    resetPeak: () => false,
    peakBytes: () => peak,
    close: () => {},
  };
  const kernel = new KernelPeak(memory, true);
  t.equal(kernel.take(), true);
  t.equal(kernel.spanBytes, undefined, 'the past of a process that ran before');
  peak = 120;
  kernel.take();
  t.equal(kernel.spanBytes, 120);
  kernel.take();
  t.equal(kernel.spanBytes, undefined, 'unknown, and not 120 once more');
  t.equal(kernel.wholeBytes, 120);
  t.equal(kernel.resets, false, 'so that the report says so');
  t.end();
});
