/** That the exact lane repeats; how far, over twenty runs of forty megabytes: `exact-lane.bench.ts`. */
import t from 'tap';
import { openFeed } from '../feed/open-feed.ts';
import { AgentLauncher } from '../target/agent-target.ts';
import { liveHeap } from './instruments/heap-sampling.ts';
import type { Instrument } from './instruments/instrument.ts';
import { measuring } from './instruments/measuring.ts';
import { runPass } from './pass.ts';
import type { PassResult } from './pass-result.ts';

const moduleUrl = new URL('../../scenarios/incident/scenario.ts', import.meta.url).href;

async function measure(folder: string, instrument: Instrument, frameMarks: number[]): Promise<PassResult> {
  const traffic = { kind: 'scenario', moduleUrl, options: { seed: 1, sizeBytes: 8_000_000 } } as const;
  const feed = await openFeed('exact', { traffic, pace: { kind: 'topspeed' } });
  try {
    return await runPass({
      instrument,
      lane: 'exact',
      feed,
      launcher: new AgentLauncher([]),
      folder,
      nodeArguments: [],
      sampleMs: 50,
      intervalMs: 60_000,
      frameMarks,
      ceilingBytes: undefined,
      settleMs: 0,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
  } finally {
    await feed.close();
  }
}

t.test('two runs over the same frames allocate the same and are read at the same places', async (t) => {
  const folder = t.testdir();
  const passes = [await measure(folder, measuring, []), await measure(folder, measuring, [])];
  const [first, second] = passes.map(({ channel, stats }) => ({
    allocated: channel.v8.column('allocated').map(Number),
    peak: channel.last!.peakBeforeGc,
    highest: Math.max(...channel.v8.column('heapUsed').map(Number)),
    readings: stats.samples.map(({ values }) => values['capture.framesReceived']),
  }));
  t.equal(passes[0]!.exit.code, 0);
  t.same(first!.readings, second!.readings);
  t.ok(first!.readings.length > 40, `${first!.readings.length} readings of 8 MB`);
  // Twenty runs were within 0.1 %.
  const apart = (a: number, b: number) => Math.abs(a - b) / Math.max(a, b);
  const [a, b] = [first!.allocated.at(-1)!, second!.allocated.at(-1)!];
  t.ok(apart(a, b) < 0.005, `allocated ${a} and ${b}`);
  t.ok(first!.peak < first!.highest * 1.05, `the peak is the traffic's, and not the start's: ${first!.peak}`);
  // A page of the old space, 256 KiB, is counted when it is begun: 2 % of this little traffic.
  t.ok(apart(first!.peak, second!.peak) < 0.025, `peaks ${first!.peak} and ${second!.peak}`);
});

t.test('instruments are used at their frames, with everything before taken and nothing after', async (t) => {
  const { intervals, stats, exit } = await measure(t.testdir(), liveHeap, [2_000, 4_001]);
  t.equal(exit.code, 0);
  t.same(
    intervals.map(({ lastFrame }) => lastFrame),
    [0, 2_000, 4_001, stats.final!.values['capture.framesReceived']],
  );
  const taken = stats.samples.map(({ values }) => values['capture.framesReceived']);
  for (const mark of [2_000, 4_001]) t.ok(taken.includes(mark), `a reading at ${mark}`);
});
