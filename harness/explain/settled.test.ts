import t from 'tap';
import type { SettledPoint } from '../pass/instruments/instrument.ts';
import { floorBytesPerRequest, settledGrowth } from './settled.ts';
import { theilSen } from './slope.ts';

const pace = { framesPerSecond: 1000, requestsPerSecond: 500, seconds: 20, isTimed: false };
const noLine = { seconds: [], bytes: [] };

/** Looks at a target whose live memory is a function of its requests. */
function looks(live: (requests: number) => number, settles = live(10_000)): SettledPoint[] {
  const points = Array.from({ length: 24 }, (_, i) => {
    const requests = ((i + 1) * 10_000) / 24;
    const liveBytes = 20e6 + live(requests) + 30e3 * Math.sin(17 * i);
    return { frames: requests * 2, requests, liveBytes, ownBytes: liveBytes + 30e6 };
  });
  const last = points.at(-1)!;
  return [...points, { ...last, liveBytes: 20e6 + settles }];
}

t.test('what grows with the requests and stays is a leak, with its rate inside the interval', async (t) => {
  const growth = settledGrowth(
    looks((requests) => 1000 * requests),
    pace,
    noLine,
  )!;
  t.ok(growth.isLeak);
  t.ok(growth.live.low <= 500e3 && growth.live.high >= 500e3, JSON.stringify(growth.live));
  t.ok(growth.livePerRequest!.low > 900 && growth.livePerRequest!.high < 1100);
});

t.test('what clean services drift by, a step, a filled cache and what goes again are no leaks', async (t) => {
  const cases: [string, SettledPoint[]][] = [
    ['drift', looks((requests) => 0.9 * floorBytesPerRequest * requests)],
    ['step', looks((requests) => (requests > 5_000 ? 10e6 : 0))],
    ['cache', looks((requests) => 1000 * Math.min(requests, 3_000))],
    ['spike', looks((requests) => 1000 * requests, 0)],
    ['nothing', looks(() => 0)],
    // Enough is there at the end, but the slope is certain of less than what a program settles by.
    ['little', looks((requests) => 35 * requests, 600e3)],
  ];
  for (const [name, points] of cases) t.notOk(settledGrowth(points, pace, noLine)!.isLeak, name);
});

t.test(
  'native memory that stays and grew all along is a leak; buffers, and what was given back, are none',
  async (t) => {
    const withNative = (native: (requests: number) => number, atEnd = native(10_000)) => {
      const points = looks(() => 0);
      return points.map((point, i) => ({
        ...point,
        ownBytes: point.liveBytes + 30e6 + (i === points.length - 1 ? atEnd : native(point.requests!)),
      }));
    };
    const leak = settledGrowth(
      withNative((requests) => 5000 * requests),
      pace,
      noLine,
    )!;
    t.ok(leak.isLeak);
    t.ok(Math.abs(leak.keptBytes - 42e6) < 2e6, `${leak.keptBytes}`);
    t.ok(leak.isNative);
    t.ok(leak.ownPerRequest!.low > 4_900 && leak.ownPerRequest!.high < 5_100, JSON.stringify(leak.ownPerRequest));
    const gaps = withNative((requests) => 5000 * requests).map((point, i) =>
      i % 5 === 3 ? { ...point, ownBytes: null } : point,
    );
    t.ok(settledGrowth(gaps, pace, noLine)!.ownPerRequest!.low > 4_900, 'some looks without pages');
    const unseen = withNative((requests) => 5000 * requests).map((point, i, { length }) =>
      i === 9 || i === length - 1 ? { ...point, ownBytes: null } : point,
    );
    t.ok(settledGrowth(unseen, pace, noLine)!.isLeak, 'looks without pages: at the end, and one in between');
    const cases: [string, SettledPoint[]][] = [
      ['given back', withNative((requests) => 5000 * requests, 0)],
      ['settling', withNative((requests) => 5e6 * Math.min(1, requests / 3_000))],
      ['a step', withNative((requests) => (requests > 5_000 ? 20e6 : 0))],
      ['not read', looks(() => 0).map((point) => ({ ...point, ownBytes: null }))],
    ];
    for (const [name, points] of cases) t.notOk(settledGrowth(points, pace, noLine)!.isLeak, name);
  },
);

t.test('looks that a busy machine took unevenly: most requests between two of them are no step', async (t) => {
  const at = [0.16, 0.17, 0.18, 0.19, 0.2, 0.22, 0.97, 0.98, 0.99, 1];
  const points = at.map((share) => {
    const requests = share * 10_000;
    const liveBytes = 20e6 + 4000 * requests;
    return { frames: requests * 2, requests, liveBytes, ownBytes: null };
  });
  t.ok(settledGrowth([...points, points.at(-1)!], pace, noLine)!.isLeak);
});

t.test('too few looks say nothing', async (t) => {
  t.equal(settledGrowth(looks((requests) => 1000 * requests).slice(0, 5), pace, noLine), undefined);
  t.equal(settledGrowth([], pace, noLine), undefined);
});

t.test('where requests are not counted, frames are', async (t) => {
  const points = looks((requests) => 1000 * requests).map((point) => ({ ...point, requests: null }));
  const growth = settledGrowth(points, { ...pace, requestsPerSecond: null }, noLine)!;
  t.ok(growth.isLeak);
  t.equal(growth.livePerRequest, undefined);
  t.ok(Math.abs(growth.live.slope - 500e3) < 25e3, `${growth.live.slope}`);
  t.ok(growth.own, 'frames are the same in both passes');
  const timed = settledGrowth(points, { ...pace, requestsPerSecond: null, isTimed: true }, noLine)!;
  t.equal(timed.own, undefined, 'a load that is only timed did less in this pass: its upper end is not known by it');
});

t.test('the interval holds the true slope: 99 % of 400 noisy lines', async (t) => {
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const x = Array.from({ length: 20 }, (_, i) => i);
  let missed = 0;
  for (let line = 0; line < 400; line += 1) {
    const found = theilSen(
      x,
      x.map((each) => 3 * each + 40 * (random() + random() - 1)),
    )!;
    if (found.low > 3 || found.high < 3) missed += 1;
  }
  t.ok(missed <= 10, `${missed} of 400 missed it`);
  t.equal(theilSen([1, 2, 3], [1, 2, 3]), undefined);
});

t.test('a program that settles by some megabytes at first leaves little to be uncertain of later', async (t) => {
  // As a clean service on a busy machine was read: milliseconds of load, requests, megabytes that are resident.
  const read = [
    [1358, 190, 16.77],
    [1620, 537, 18.26],
    [2147, 1061, 22.19],
    [2854, 1715, 21.52],
    [3371, 2085, 21.53],
    [3901, 2397, 20.92],
    [4262, 2611, 20.94],
    [4689, 3191, 20.94],
    [5032, 3418, 20.95],
    [6348, 5776, 21.23],
    [6887, 6659, 21.27],
    [7953, 8000, 21.01],
  ] as const;
  const points = read.map(([frames, requests, mb]) => ({ frames, requests, liveBytes: 12.5e6, ownBytes: mb * 1e6 }));
  const { ownPerRequest, ownLaterPerRequest } = settledGrowth(
    points,
    { ...pace, requestsPerSecond: 2000, seconds: 4 },
    noLine,
  )!;
  t.ok(ownPerRequest!.high > 1_000, 'pairs of looks that are near each other');
  t.ok(ownLaterPerRequest!.high < 150 && ownLaterPerRequest!.low <= 0, JSON.stringify(ownLaterPerRequest));
  const leaking = points.map((point) => ({ ...point, ownBytes: point.ownBytes + 3_000 * point.requests }));
  t.ok(settledGrowth(leaking, pace, noLine)!.ownLaterPerRequest!.high >= 3_000, 'a leak is in it');
});
