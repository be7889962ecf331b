import t from 'tap';
import type { MeasuredPass } from '../pass/pass-result.ts';
import { figuresOf, type MeasuredRun } from './measured-run.ts';
import { highest, rise } from './memory.ts';
import { value } from './reading.ts';

interface Parts {
  /** Of the kernel, since traffic began. */
  readonly traffic?: number | null | undefined;
  /** By the program, at its end. */
  readonly inside?: number;
  readonly isTried?: boolean;
  /** Of the kernel, since the sample before. */
  readonly peaks?: readonly (number | null)[];
}

/** Its start took 700, and 280 are left; a reading every 10 ms, traffic from 200 ms on. */
function runOf(
  { inside, peaks = [690, 345, null], isTried = true, ...parts }: Parts,
  levels = [...Array(60).fill(280), 300, 340, 310],
) {
  const tMs = levels.map((_, i) => 10 * i);
  const phases = [
    { name: 'starting', startMs: 0, endMs: 620, rssMaxBytes: 700 },
    { name: 'settling', startMs: 620, endMs: 620, rssMaxBytes: null },
  ];
  const rss = { tMs: () => [190, 210, 250], column: () => peaks };
  const watch = {
    levels: () => ({ tMs, bytes: levels }),
    rssPeakBytes: 700,
    trafficPeakBytes: 'traffic' in parts ? parts.traffic : null,
    phases,
    rss,
  };
  const channel = { last: inside === undefined ? undefined : { rssPeak: inside } };
  const stats = { samples: [], final: undefined };
  const measure = { watch, channel, stats, isTried, sendStartMs: 200 } as unknown as MeasuredPass;
  return figuresOf({ measure } as MeasuredRun);
}

t.test('the highest is that of the traffic, and not of the start', async (t) => {
  t.same(highest(runOf({ traffic: 400 })), value(400), 'the kernel saw more than the readings');
  t.same(rise(runOf({ traffic: 400 })), value(120));
  t.same(highest(runOf({ traffic: 400, inside: 450 })), value(450), 'and the program at its end more than either');
  t.same(highest(runOf({})), value(345), 'a kernel that cannot forget says nothing of phases, nor of all: by samples');
  t.same(highest(runOf({ inside: 700 })), value(345), 'nor does the program: that may be the start');
  t.same(highest(runOf({ inside: 720 })), value(720), 'what is higher than the start is not of it');
});

t.test('what was there when the traffic began is of the traffic', async (t) => {
  const peaks = [690, 300, null];
  t.same(highest(runOf({ peaks }, [...Array(21).fill(500), ...Array(10).fill(300)])), value(500));
  t.same(highest(runOf({ peaks }, [...Array(15).fill(500), ...Array(10).fill(300)])), value(300));
  t.same(rise(runOf({ peaks }, [...Array(21).fill(500), ...Array(10).fill(300)])), value(0));
});

t.test('a version that took the start for traffic is judged as it did', async (t) => {
  t.same(highest(runOf({ traffic: undefined })), value(700));
});

t.test('a target that got no traffic is judged by its start', async (t) => {
  t.same(highest(runOf({ isTried: false })), value(700));
});
