import t from 'tap';
import { seededRandom } from '../../reports/sample-report.ts';
import { findSpikes } from './spikes.ts';

const MB = 1_000_000;

interface Shape {
  readonly seconds?: number;
  readonly noiseMB?: number;
  readonly seed?: number;
}

/** A line at 20 samples a second from a function of seconds, in MB, with Gaussian noise. */
function lineOf(level: (s: number) => number, { seconds = 60, noiseMB = 0, seed = 1 }: Shape = {}) {
  const random = seededRandom(seed);
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const tMs = Array.from({ length: seconds * 20 }, (_, i) => i * 50);
  return { tMs, values: tMs.map((t) => (level(t / 1000) + noiseMB * gaussian()) * MB) };
}

/** 0 before `from`, rising to 1 at `to`, back to 0 at `back`. */
const ramp = (s: number, from: number, to: number, back: number) =>
  s < from ? 0 : s < to ? (s - from) / (to - from) : Math.max(0, 1 - (s - to) / (back - to));

t.test('a burst has its start, top, end, height and recovery', async (t) => {
  const { tMs, values } = lineOf((s) => 50 + 200 * ramp(s, 20, 33, 36), { noiseMB: 0.5 });
  const { spikes, growth } = findSpikes(tMs, values);
  t.equal(spikes.length, 1);
  const [spike] = spikes;
  t.equal(spike?.shape, 'spike');
  t.ok(Math.abs(spike!.startMs - 21_300) < 500, `starts at a tenth of its height, ${spike?.startMs}`);
  t.ok(Math.abs(spike!.topMs - 33_000) < 300, `tops at ${spike?.topMs}`);
  t.ok(Math.abs(spike!.endMs - 35_700) < 500, `ends at ${spike?.endMs}`);
  t.ok(Math.abs(spike!.heightBytes - 200 * MB) < 5 * MB);
  t.ok(Math.abs(spike!.recoveryMs! - 2_700) < 500, `recovers in ${spike?.recoveryMs}`);
  t.notOk(growth.isLeak);
});

t.test('noise alone is never a spike nor a leak', async (t) => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const { tMs, values } = lineOf(() => 60, { noiseMB: 0.2 + (seed % 20), seed });
    const { spikes, growth } = findSpikes(tMs, values);
    if (spikes.length > 0 || growth.isLeak) t.fail(`seed ${seed}: ${JSON.stringify({ spikes, growth })}`);
  }
  t.pass('200 seeds');
});

t.test('the sawtooth of a collector below the height that matters is none', async (t) => {
  const { tMs, values } = lineOf((s) => 60 + 3 * (s % 1.5), { noiseMB: 0.3 });
  t.same(findSpikes(tMs, values, { heightMinBytes: 6 * MB }).spikes, []);
});

t.test('two bursts are two spikes, a dent in one is none', async (t) => {
  const two = lineOf((s) => 50 + 100 * ramp(s, 10, 15, 20) + 60 * ramp(s, 35, 38, 45));
  t.same(
    findSpikes(two.tMs, two.values).spikes.map((spike) => Math.round(spike.heightBytes / MB)),
    [100, 60],
  );
  const dented = lineOf((s) => 50 + 100 * ramp(s, 10, 30, 40) - 20 * ramp(s, 22, 24, 26));
  t.equal(findSpikes(dented.tMs, dented.values).spikes.length, 1);
});

t.test('a low that fell into a pause of the reader is not taken for the level that the rise began at', async (t) => {
  // Two tops of 50 MB; nobody reads from 60 ms before the end of the first until the second is under way.
  const tops = (s: number) => (s >= 1 && s < 1.3 ? 60 : s >= 1.6 && s < 2 ? (s < 1.65 ? 24.5 : 60) : 10);
  const { tMs, values } = lineOf(tops, { seconds: 4 });
  const isRead = (ms: number) => ms <= 1_240 || ms >= 1_600;
  const read = { tMs: tMs.filter(isRead), values: values.filter((_, i) => isRead(tMs[i]!)) };
  const none = { tMs: [], bytes: [] };
  t.same(
    findSpikes(read.tMs, read.values, { tops: none }).spikes.map(({ heightBytes }) => heightBytes / MB),
    [50, 50],
  );
  // Where the line was read all along, a rise begins at the low that it has.
  const partly = (s: number) => (s >= 1 && s < 1.3 ? 60 : s < 1 ? 10 : s < 1.6 ? 24.5 : s < 2 ? 60 : 10);
  const whole = lineOf(partly, { seconds: 4 });
  t.same(
    findSpikes(whole.tMs, whole.values, { tops: none }).spikes.map(({ heightBytes }) => heightBytes / MB),
    [50, 35.5],
  );
});

t.test('a rise is whole though the first sample comes late in it', async (t) => {
  const values = [10, 40, 60, 10, 10, 10, 10].map((level) => level * MB);
  const tMs = [0, 2_200, 2_250, 2_300, 2_350, 2_400, 2_450];
  const tops = { tMs: [1_900, 2_000, 2_100], bytes: [10 * MB, 20 * MB, 30 * MB] };
  const { spikes } = findSpikes(tMs, values, { tops, ignoreBeforeMs: 100 });
  t.same(
    spikes.map(({ heightBytes }) => heightBytes / MB),
    [50],
  );
});

t.test('a burst that stays up is a step without recovery', async (t) => {
  const { tMs, values } = lineOf((s) => (s < 20 ? 50 : s < 25 ? 50 + 30 * (s - 20) : 200), { noiseMB: 0.5 });
  const { spikes, growth } = findSpikes(tMs, values);
  t.equal(spikes.length, 1);
  t.match(spikes[0], { shape: 'step', recoveryMs: null });
  t.notOk(growth.isLeak, 'one step is no leak');
});

t.test('steady growth is a leak with its slope inside the interval', async (t) => {
  const { tMs, values } = lineOf((s) => 50 + 1.5 * s, { noiseMB: 2 });
  const { spikes, growth } = findSpikes(tMs, values);
  t.ok(growth.isLeak);
  t.ok(growth.slopeLow <= 1.5 * MB && growth.slopeHigh >= 1.5 * MB, JSON.stringify(growth));
  t.ok(growth.slopeHigh - growth.slopeLow < 0.3 * MB);
  t.same(
    spikes.map((spike) => spike.shape),
    ['leak'],
  );
});

t.test('a rise that fills a short run is a step, not a leak', async (t) => {
  const { tMs, values } = lineOf((s) => 50 + 20 * s, { seconds: 10, noiseMB: 1 });
  const { spikes, growth } = findSpikes(tMs, values);
  t.notOk(growth.isLeak);
  t.same(
    spikes.map((spike) => spike.shape),
    ['step'],
  );
});

t.test('a spike on a leak is found as well', async (t) => {
  const { tMs, values } = lineOf((s) => 50 + 2 * s + 90 * ramp(s, 30, 33, 36), { noiseMB: 1 });
  t.same(
    findSpikes(tMs, values)
      .spikes.map((spike) => spike.shape)
      .sort(),
    ['leak', 'spike'],
  );
});

t.test('warming up is no leak, and start-up can be left out', async (t) => {
  const { tMs, values } = lineOf((s) => 40 + 30 * Math.min(1, s / 5), { noiseMB: 0.3 });
  t.notOk(findSpikes(tMs, values).growth.isLeak);
  t.same(findSpikes(tMs, values, { ignoreBeforeMs: 6_000 }).spikes, []);
});

t.test('a single stray sample, gaps, and lines too short are no trouble', async (t) => {
  const { tMs, values } = lineOf(() => 60);
  const stray = values.map((value, i) => (i === 300 ? value * 5 : value));
  t.same(findSpikes(tMs, stray).spikes, []);
  t.equal(
    findSpikes(
      tMs,
      values.map((value, i) => (i % 3 === 0 ? value : null)),
    ).spikes.length,
    0,
  );
  for (const length of [0, 1, 2]) t.same(findSpikes(tMs.slice(0, length), values.slice(0, length)).spikes, []);
});

t.test('only the highest are kept, in the order of time', async (t) => {
  const bursts = [20, 80, 40, 90, 60, 100, 30];
  const { tMs, values } = lineOf((s) => 50 + (bursts[Math.floor(s / 8)] ?? 0) * ramp(s % 8, 2, 4, 6));
  t.same(
    findSpikes(tMs, values, { spikesMax: 3 }).spikes.map((spike) => Math.round(spike.heightBytes / MB)),
    [80, 90, 100],
  );
});

t.test(
  'a program that gets warm with its first traffic has no spike; one that grows later, or by much, has',
  async (t) => {
    const warm = { warmUpUntilMs: 3_000 };
    const step = (at: number, height: number) => lineOf((s) => 50 + height * Math.min(1, Math.max(0, s - at)));
    const spikesOf = ({ tMs, values }: ReturnType<typeof lineOf>) => findSpikes(tMs, values, warm).spikes.length;
    t.equal(spikesOf(step(1, 8)), 0);
    t.equal(spikesOf(step(10, 8)), 1, 'later it is a step');
    t.equal(spikesOf(step(1, 40)), 1, 'warming up takes less than that');
    const { tMs, values } = lineOf((s) => 50 + 8 * ramp(s, 1, 2, 3));
    t.equal(findSpikes(tMs, values, warm).spikes.length, 1, 'what comes back was no warm-up');
  },
);
