/** Arrival processes: when the next connection is opened. One seed, the same times. */
import type { Random } from '../../../agent/seeded-random.ts';
import { draw, timeRange } from './amounts.ts';
import type { Arrivals } from './plan-types.ts';

/** Times in microseconds, never decreasing, all before `durationUs`. */
export function* arrivalTimes(arrivals: Arrivals, durationUs: number, random: Random): Generator<number, void> {
  switch (arrivals.kind) {
    case 'at-once':
      for (let left = arrivals.connections; left > 0; left--) yield 0;
      return;
    case 'constant': {
      const gapUs = 1e6 / arrivals.perSecond;
      for (let index = 0; index * gapUs < durationUs; index++) yield index * gapUs;
      return;
    }
    case 'poisson':
      yield* poisson(arrivals.perSecond, () => 1, durationUs, random);
      return;
    case 'on-off':
      yield* onOff(arrivals, durationUs, random);
      return;
    case 'flash-crowd':
      yield* poisson(arrivals.perSecond * arrivals.times, flashShape(arrivals, random), durationUs, random);
      return;
    case 'diurnal': {
      const { perSecond, swing = 0.8 } = arrivals;
      const dayUs = draw(random, timeRange(arrivals.day));
      const shape = (atUs: number) => (1 - swing * Math.cos((2 * Math.PI * atUs) / dayUs)) / (1 + swing);
      yield* poisson(perSecond * (1 + swing), shape, durationUs, random);
      return;
    }
  }
}

/** Of a Poisson process; a fraction of 0 would be for ever. */
function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random.fraction()) * mean;
}

/** By thinning (Lewis and Shedler, 1979): arrivals at the highest rate, of which a share stays. @param shape 0 … 1 */
function* poisson(
  perSecondMost: number,
  shape: (atUs: number) => number,
  durationUs: number,
  random: Random,
): Generator<number, void> {
  const meanUs = 1e6 / perSecondMost;
  for (let atUs = exponential(random, meanUs); atUs < durationUs; atUs += exponential(random, meanUs)) {
    if (random.fraction() < shape(atUs)) yield atUs;
  }
}

function* onOff(
  { perSecond, on, off }: Extract<Arrivals, { kind: 'on-off' }>,
  durationUs: number,
  random: Random,
): Generator<number, void> {
  const [onUs, offUs] = [draw(random, timeRange(on)), draw(random, timeRange(off))];
  for (let startUs = 0; startUs < durationUs; ) {
    const endUs = Math.min(startUs + exponential(random, onUs), durationUs);
    for (const atUs of poisson(perSecond, () => 1, endUs - startUs, random)) yield startUs + atUs;
    startUs = endUs + exponential(random, offUs);
  }
}

/** Of the highest rate, at a time. */
function flashShape(arrivals: Extract<Arrivals, { kind: 'flash-crowd' }>, random: Random): (atUs: number) => number {
  const { times, at, rise = '0ms', hold, fall = '0ms' } = arrivals;
  const [atUs, riseUs, holdUs, fallUs] = [at, rise, hold, fall].map((text) => draw(random, timeRange(text))) as [
    number,
    number,
    number,
    number,
  ];
  const quiet = 1 / times;
  return (nowUs) => {
    if (nowUs < atUs) return quiet;
    const since = nowUs - atUs;
    if (since < riseUs) return quiet + (1 - quiet) * (since / riseUs);
    if (since < riseUs + holdUs) return 1;
    const falling = since - riseUs - holdUs;
    return falling < fallUs ? 1 - (1 - quiet) * (falling / fallUs) : quiet;
  };
}
