/** Transcripts: readings in, steps out. */
import t from 'tap';
import { OverloadController, type OverloadReadings } from './controller.ts';
import { firstStepOf, OverloadLevel, overloadLadder } from './ladder.ts';

const easy: OverloadReadings = { ringFill: 0, lagMs: 0, cpuShare: 0, busyShare: 0.5, window: 0, memoryShare: 0 };

/** Readings by time, every 5 ms; steps as they are taken. */
function play(
  controller: OverloadController,
  fromMs: number,
  toMs: number,
  of: (ms: number) => Partial<OverloadReadings>,
) {
  const steps: number[] = [controller.step];
  for (let ms = fromMs; ms < toMs; ms += 5) {
    if (controller.check(ms, { ...easy, window: Math.floor(ms / 250), ...of(ms) })) steps.push(controller.step);
  }
  return steps;
}

t.test('a pause that is made up for costs nothing', async (t) => {
  const controller = new OverloadController(true);
  // 150 ms of a flood of 75 MB/s wait, then become less.
  const fill = (ms: number) => (ms < 1000 ? 0 : Math.max(0, 0.68 - (ms - 1000) / 500));
  t.same(
    play(controller, 0, 3000, (ms) => ({ ringFill: fill(ms) })),
    [0],
  );
});

t.test('growth is answered before the ring is full, and more of it by more', async (t) => {
  const controller = new OverloadController(true);
  // 2.9 rings a second, as `incident` without anything left out.
  let atMs = 0;
  play(controller, 0, 345, (ms) => {
    if (controller.step > 0 && atMs === 0) atMs = ms;
    return { ringFill: Math.min(1, ms * 0.0029) };
  });
  t.ok(atMs > 0 && atMs * 0.0029 < 0.35, `first step at a fill of ${atMs * 0.0029}`);
  t.ok(controller.current.level >= OverloadLevel.framing, `${controller.step}`);
});

t.test('lag counts like a ring that fills, of traffic that is slow to fill one', async (t) => {
  const controller = new OverloadController(true);
  const steps = play(controller, 0, 1500, (ms) => ({ lagMs: ms }));
  t.ok(steps.at(-1)! > 0);
  t.ok(new OverloadController(true).check(0, { ...easy, lagMs: 9000 }) === false, 'one look is not growth');
});

t.test('back step by step, the longer the more often it was too early', async (t) => {
  const controller = new OverloadController(true);
  const flood = (ms: number) => ({ ringFill: 0.2 + (ms % 1000) / 4000 });
  play(controller, 0, 100, flood);
  const top = controller.step;
  t.ok(top > 1);
  const down = play(controller, 100, 10_000, () => ({}));
  t.same(
    down,
    Array.from({ length: top + 1 }, (_, i) => top - i),
    'one after the other',
  );
  // Fewer than two steps cannot be kept up with: whenever it comes back to one, the ring fills.
  let changes = 0;
  let fill = 0;
  play(controller, 10_000, 70_000, () => {
    fill = Math.max(0, Math.min(0.9, fill + (controller.step < 2 ? 0.015 : -0.03)));
    return { ringFill: fill };
  });
  changes = play(controller, 70_000, 130_000, () => {
    fill = Math.max(0, Math.min(0.9, fill + (controller.step < 2 ? 0.015 : -0.03)));
    return { ringFill: fill };
  }).length;
  t.ok(changes < 30, `${changes} changes in the second minute`);
});

t.test('a thread that is busy stays where it is', async (t) => {
  const controller = new OverloadController(true);
  play(controller, 0, 100, (ms) => ({ ringFill: 0.2 + ms / 1000 }));
  const { step } = controller;
  t.same(
    play(controller, 100, 5000, () => ({ busyShare: 0.95 })),
    [step],
  );
});

t.test('CPU beyond what is allowed: a step a window; well below it, back', async (t) => {
  const controller = new OverloadController(true);
  const steps = play(controller, 0, 1000, () => ({ cpuShare: 1.1 }));
  t.same(steps, [0, 1, 2, 3, 4]);
  t.same(
    play(controller, 1000, 5000, () => ({ cpuShare: 0.9 })),
    [4],
    'within the margin',
  );
  t.equal(play(controller, 5000, 20_000, () => ({ cpuShare: 0.5 })).at(-1), 0);
});

t.test('memory that stays taken', async (t) => {
  const controller = new OverloadController(true);
  const steps = play(controller, 0, 1600, () => ({ memoryShare: 0.8 }));
  t.same(steps, [0, 1, 2, 3, 4]);
});

t.test('the last level only where the kernel can leave connections out', async (t) => {
  for (const canShedFlows of [false, true]) {
    const controller = new OverloadController(canShedFlows);
    play(controller, 0, 5000, () => ({ ringFill: 1 }));
    t.equal(controller.check(6000, easy), false, 'not in one look');
    t.equal(controller.current.level, canShedFlows ? OverloadLevel.flows : OverloadLevel.framing);
  }
});

t.test('each step makes less than the one before', async (t) => {
  const made = overloadLadder.map((step) => step.bodyShare + step.witnessShare * 100 + step.flowShare * 10_000);
  for (let at = 1; at < made.length; at += 1) t.ok(made[at]! < made[at - 1]!);
  t.equal(overloadLadder[firstStepOf(OverloadLevel.framing)]?.flowShare, 1);
});
