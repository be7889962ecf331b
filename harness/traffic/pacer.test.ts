import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import { type Clock, farOffUs, Pacer } from './pacer.ts';
import { scheduleOf } from './schedule.ts';

/** A clock whose sleeps overshoot by `oversleepUs()`, and on which every reading takes a moment. */
class VirtualClock implements Clock {
  timeUs = 1_000_000;
  sleeps = 0;
  readings = 0;
  readonly #oversleepUs: () => number;

  constructor(oversleepUs: () => number = () => 0) {
    this.#oversleepUs = oversleepUs;
  }

  nowUs(): number {
    this.readings += 1;
    return this.timeUs;
  }

  sleepUs(durationUs: number): void {
    this.sleeps += 1;
    this.timeUs += durationUs + this.#oversleepUs();
  }
}

t.test('no drift: after a hundred thousand frames the error is still one sleep', async (t) => {
  const random = createRandom(1, 'sleep');
  const clock = new VirtualClock(() => 50 + random.fraction() * 100);
  const pacer = new Pacer(clock);
  pacer.start();
  const startUs = clock.timeUs;
  let worstUs = 0;
  for (let frame = 0; frame < 100_000; frame++) {
    const dueUs = frame * 14;
    pacer.waitUntil(dueUs);
    clock.timeUs += 1;
    worstUs = Math.max(worstUs, Math.abs(clock.timeUs - 1 - startUs - dueUs));
  }
  t.ok(worstUs <= 250, `${worstUs} µs at the worst`);
  t.ok(Math.abs(clock.timeUs - startUs - 99_999 * 14) <= 250, 'and at the end');
  t.ok(clock.sleeps < 100_000 * 0.2, `${clock.sleeps} sleeps: several frames to each`);
});

t.test('a stall is caught up, and counted', async (t) => {
  const clock = new VirtualClock();
  const pacer = new Pacer(clock);
  pacer.start();
  const startUs = clock.timeUs;
  for (let frame = 0; frame < 2_000; frame++) {
    if (frame === 500) clock.timeUs += 30_000;
    pacer.waitUntil(frame * 100);
  }
  const { frames, p50Us, p99Us, maxUs } = pacer.lateness();
  t.ok(maxUs >= 23_000 && maxUs <= 30_000, `${maxUs}`);
  // 300 frames of 2,000 were late by less and less.
  t.ok(frames > 1_900 && p50Us <= 1 && p99Us > 15_000 && p99Us <= maxUs, `${frames} frames, ${p50Us}, ${p99Us}`);
  t.equal(pacer.behindUs, 0, 'back on time');
  t.ok(Math.abs(clock.timeUs - startUs - 199_900) <= 150);
});

t.test('while behind, the clock is hardly read', async (t) => {
  const clock = new VirtualClock();
  const pacer = new Pacer(clock);
  pacer.start();
  clock.timeUs += 1e6;
  const before = clock.readings;
  for (let frame = 0; frame < 6_400; frame++) pacer.waitUntil(frame);
  t.ok(clock.readings - before <= 110);
  t.equal(clock.sleeps, 0);
});

t.test('a pause moves everything that is still due', async (t) => {
  const clock = new VirtualClock();
  const pacer = new Pacer(clock);
  pacer.start();
  const startUs = clock.timeUs;
  pacer.waitUntil(1_000);
  clock.timeUs += 500_000;
  pacer.shift(500_000);
  pacer.waitUntil(2_000);
  t.ok(Math.abs(clock.timeUs - startUs - 502_000) <= 150);
  t.ok(pacer.isFarOff(2_000 + 2 * farOffUs));
  t.notOk(pacer.isFarOff(2_000 + farOffUs / 2));
});

t.test('schedules', async (t) => {
  t.equal(scheduleOf({ kind: 'recorded', speed: 4 })(8_000, 5, 5_000), 2_000);
  t.equal(scheduleOf({ kind: 'frames', framesPerSecond: 50_000 })(8_000, 5, 5_000), 100);
  t.equal(scheduleOf({ kind: 'bits', megabitsPerSecond: 8 })(8_000, 5, 5_000), 5_000);
  t.equal(scheduleOf({ kind: 'topspeed' })(8_000, 5, 5_000), 0);
});
