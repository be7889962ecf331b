import { createHash } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { FrameList } from '../../../agent/pcap/frame-list.ts';
import type { Impairment } from './impairment.ts';
import { stackImpairments } from './stages.ts';

/** `count` frames 100 µs apart, each holding its number. */
function impair(impairments: readonly Impairment[], seed: number, count: number) {
  const output = new FrameList();
  const stack = stackImpairments(impairments, seed, output);
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  for (let number = 0; number < count; number++) {
    bytes.fill(number);
    view.setUint32(0, number);
    stack.input.frame(bytes, 0, 64, 64, number * 100, 0);
  }
  stack.flush();
  const numbers = output.frames.map(({ bytes }) => new DataView(bytes.buffer).getUint32(0));
  const hash = createHash('sha256');
  for (const { bytes, tsUs } of output.frames) hash.update(bytes).update(String(tsUs));
  return { frames: output.frames, numbers, hash: hash.digest('hex'), stages: stack.stages };
}

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const anyImpairment: fc.Arbitrary<Impairment> = fc.oneof(
  fc.record({ kind: fc.constant('loss' as const), fraction }),
  fc.record({
    kind: fc.constant('burst-loss' as const),
    enterBad: fraction,
    leaveBad: fraction,
    lossGood: fraction,
    lossBad: fraction,
  }),
  fc.record({ kind: fc.constant('reorder' as const), fraction, placesMax: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant('duplicate' as const), fraction, placesMax: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant('truncate' as const), fraction, bytesMax: fc.integer({ min: 14, max: 80 }) }),
  fc.record({ kind: fc.constant('corrupt' as const), fraction }),
  fc.record({ kind: fc.constant('jitter' as const), jitterUs: fc.integer({ min: 0, max: 5_000 }) }),
  fc.record({ kind: fc.constant('rate' as const), megabitsPerSecond: fc.integer({ min: 1, max: 100 }) }),
);
const stackOf = fc.array(anyImpairment, { maxLength: 4 });

t.test('the same seed makes the same bytes and times, whatever the stack', async (t) => {
  fc.assert(
    fc.property(stackOf, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (stack, seed) => {
      const [one, two] = [impair(stack, seed, 300), impair(stack, seed, 300)];
      return (
        one.hash === two.hash && one.stages.every((stage, at) => stage.record.frames === two.stages[at]!.record.frames)
      );
    }),
    { seed: 1, numRuns: 60 },
  );
  const loss: Impairment[] = [{ kind: 'loss', fraction: 0.5 }];
  t.not(impair(loss, 1, 300).hash, impair(loss, 2, 300).hash, 'another seed, other bytes');
});

t.test('times never decrease, whatever the stack', async () => {
  fc.assert(
    fc.property(stackOf, fc.integer({ min: 0, max: 1_000 }), (stack, seed) =>
      impair(stack, seed, 300).frames.every(({ tsUs }, at, all) => at === 0 || tsUs >= all[at - 1]!.tsUs),
    ),
    { seed: 2, numRuns: 60 },
  );
});

t.test('loss: those it says, and no others', async (t) => {
  const { numbers, stages } = impair([{ kind: 'loss', fraction: 0.1 }], 5, 5_000);
  const lost = new Set(stages[0]!.touched);
  t.same(
    numbers,
    Array.from({ length: 5_000 }, (_, number) => number).filter((number) => !lost.has(number)),
  );
  t.ok(lost.size > 400 && lost.size < 600, `${lost.size}`);
  t.match(stages[0]!.record, { kind: 'loss', frames: lost.size, description: '10 % of frames never captured' });
});

t.test('burst loss comes in bursts', async (t) => {
  const model = { kind: 'burst-loss', enterBad: 0.01, leaveBad: 0.2, lossGood: 0, lossBad: 1 } as const;
  const lost = impair([model], 5, 20_000).stages[0]!.touched;
  const inRuns = lost.filter((place, at) => lost[at - 1] === place - 1 || lost[at + 1] === place + 1).length;
  t.ok(lost.length > 500 && lost.length < 1_500, `${lost.length}`);
  t.ok(inRuns / lost.length > 0.85, `${inRuns} of ${lost.length} beside another`);
});

t.test('reorder: every frame once, late by no more than its places', async (t) => {
  const { numbers, stages } = impair([{ kind: 'reorder', fraction: 0.02, placesMax: 50 }], 9, 5_000);
  t.same(
    [...numbers].sort((a, b) => a - b),
    Array.from({ length: 5_000 }, (_, number) => number),
  );
  const touched = new Set(stages[0]!.touched);
  t.ok(touched.size > 60 && touched.size < 140, `${touched.size}`);
  const inOrder = numbers.filter((number) => !touched.has(number));
  t.same(
    inOrder,
    [...inOrder].sort((a, b) => a - b),
    'the others keep their order',
  );
  const late = numbers.map((number, at) => at - number).filter((places) => places > 0);
  t.ok(Math.max(...late) <= 50 && Math.max(...late) > 30, `${Math.max(...late)} places`);
});

t.test('duplicate: a second copy, soon after', async (t) => {
  const { numbers, stages } = impair([{ kind: 'duplicate', fraction: 0.05, placesMax: 5 }], 9, 2_000);
  t.equal(numbers.length, 2_000 + stages[0]!.touched.length);
  for (const number of stages[0]!.touched) {
    const [first, second] = [numbers.indexOf(number), numbers.lastIndexOf(number)];
    t.ok(second > first && second - first <= 8, `${number}: ${first} and ${second}`);
  }
});

t.test('corrupt flips one bit; truncate keeps the length on the wire', async (t) => {
  const corrupt = impair([{ kind: 'corrupt', fraction: 1 }], 3, 200);
  const clean = impair([], 3, 200);
  corrupt.frames.forEach(({ bytes }, at) => {
    let bits = 0;
    bytes.forEach((byte, index) => {
      for (let rest = byte ^ clean.frames[at]!.bytes[index]!; rest > 0; rest &= rest - 1) bits += 1;
    });
    if (bits !== 1) t.fail(`${bits} bits of frame ${at}`);
  });
  const cut = impair([{ kind: 'truncate', fraction: 1, bytesMax: 20 }], 3, 10);
  t.ok(cut.frames.every(({ bytes, wireLength }) => bytes.length === 20 && wireLength === 64));
});

t.test('rate: no faster than the link', async (t) => {
  const { frames } = impair([{ kind: 'rate', megabitsPerSecond: 1 }], 3, 100);
  frames.forEach(({ tsUs }, at) => {
    if (Math.abs(tsUs - at * 512) > 0.001) t.fail(`frame ${at} at ${tsUs}`);
  });
  t.equal(frames.length, 100);
});
