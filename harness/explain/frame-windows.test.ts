import t from 'tap';
import type { FrameInterval } from '../pass/instruments/instrument.ts';
import { type Profile, ProfileBuilder, sumOf } from '../profile/profile.ts';
import { difference } from './evidence.ts';
import { windowOf } from './frame-windows.ts';

function profile(bytes: number): Profile {
  const builder = new ProfileBuilder({ sampleTypes: [{ type: 'alloc_space', unit: 'bytes' }], durationMs: 1000 });
  builder.add(builder.child(0, builder.site('work', 'agent/work.ts', 1)), 0, bytes);
  return builder.finish();
}

function interval(number: number, firstFrame: number, lastFrame: number): FrameInterval {
  const bytes = 10 ** number;
  return {
    interval: number,
    startMs: number * 1000,
    endMs: number * 1000 + 1000,
    heap: profile(bytes),
    offHeap: profile(2 * bytes),
    firstFrame,
    lastFrame,
  };
}

t.test('a window is the intervals with most of their frames in it; what was sent before is the steady state', (t) => {
  const intervals = [
    interval(0, 0, 0),
    interval(1, 0, 100),
    interval(2, 100, 200),
    interval(3, 200, 300),
    interval(4, 300, 400),
  ];
  const window = windowOf(intervals, { first: 151, last: 290 })!;
  t.equal(sumOf(window.heap.window, 0), 1000, 'half of interval 2 is not most of it, nine tenths of 3 are');
  t.equal(sumOf(window.heap.steady!, 0), 110, 'not the start of the target (interval 0), not what came after');
  t.equal(sumOf(window.offHeap.window, 0), 2000);
  t.same([window.startMs, window.endMs], [3000, 4000]);
  t.end();
});

t.test('a flood from the first frame has no steady state: what goes on after the top must not explain it away', (t) => {
  const intervals = [interval(0, 0, 0), interval(1, 0, 100), interval(2, 100, 200)];
  const window = windowOf(intervals, { first: 1, last: 100 })!;
  t.equal(window.heap.steady, null);
  t.equal(window.offHeap.steady, null);
  t.end();
});

t.test('the first moments of a flood are no steady state of what follows', (t) => {
  const moment = { ...interval(1, 0, 10), endMs: 1090 };
  const flood = { ...interval(2, 10, 1000), startMs: 1090, endMs: 3090 };
  t.equal(windowOf([interval(0, 0, 0), moment, flood], { first: 11, last: 1000 })!.heap.steady, null);
  const longer = { ...moment, startMs: 980 };
  t.equal(sumOf(windowOf([interval(0, 0, 0), longer, flood], { first: 11, last: 1000 })!.heap.steady!, 0), 10);
  t.end();
});

t.test('a burst shorter than an interval is explained by the one that has most of it', (t) => {
  const intervals = [interval(0, 0, 0), interval(1, 0, 1000), interval(2, 1000, 2000)];
  t.equal(sumOf(windowOf(intervals, { first: 1301, last: 1400 })!.heap.window, 0), 100);
  t.equal(sumOf(windowOf(intervals, { first: 961, last: 1100 })!.heap.window, 0), 100);
  t.end();
});

t.test('no interval in the window: nothing to say', (t) => {
  t.equal(windowOf([], { first: 1, last: 100 }), undefined);
  t.equal(windowOf([interval(0, 0, 0)], { first: 1, last: 100 }), undefined);
  t.end();
});

t.test('between two samples a level is on the line between them; a peak in between counts', (t) => {
  t.equal(difference([0, 100, 200], [0, 100, 200], 50, 150), 100);
  t.equal(difference([0, 100, 200], [0, 500, 200], 50, 200), 250);
  t.equal(difference([0, 100], [10, 20], 300, 400), 0, 'the last level holds');
  t.equal(difference([300], [10], 0, 100), null, 'not sampled yet');
  t.equal(difference([0, 50, 100], [0, null, 100], 0, 50), 50, 'gaps are no levels');
  t.end();
});
