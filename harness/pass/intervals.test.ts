import t from 'tap';
import type { PreloadChannel } from '../watch/preload-channel.ts';
import { Intervals, type IntervalsOptions } from './intervals.ts';

/** The instrument is used at once. */
function intervalsOf(options: Partial<IntervalsOptions>) {
  return new Intervals({
    use: { take: async () => true, oncePerPhase: false, everyInterval: false, isLevel: false },
    channel: {} as PreloadChannel,
    frameMarks: [100, 200, 300],
    intervalMs: 1_000,
    inStep: false,
    signal: new AbortController().signal,
    onUsed: () => {},
    ...options,
  });
}

/** Milliseconds of a load, one tick after the other. */
async function passed(intervals: Intervals, ...frames: readonly number[]) {
  for (const ms of frames) {
    intervals.tick(ms, ms);
    await new Promise(setImmediate);
  }
  return intervals.taken.map(({ lastFrame, marks }) => [lastFrame, marks]);
}

t.test('an interval ends at its mark, and says for which', async (t) => {
  t.same(await passed(intervalsOf({}), 50, 110, 150, 310), [
    [110, [100]],
    [310, [200, 300]],
  ]);
});

t.test('a mark is where the target has come so far, whatever the time of the load', async (t) => {
  let answered = 0;
  const intervals = intervalsOf({ isReached: (mark) => answered >= [10, 20, 30][mark]! });
  t.same(await passed(intervals, 0), [], 'not before the load');
  t.same(await passed(intervals, 150, 400), [], 'nothing was answered');
  answered = 25;
  t.same(await passed(intervals, 450), [[450, [100, 200]]]);
  answered = 30;
  t.same(await passed(intervals, 500), [
    [450, [100, 200]],
    [500, [300]],
  ]);
});
