/** Times that move: delay, jitter, the rate of a link, clocks that are set. */
import { FloodgateError } from '../../../../agent/errors.ts';
import type { Random } from '../../../../agent/seeded-random.ts';
import { type Distribution, distributions, drawFrom } from '../distribution.ts';
import { HeldFrames } from '../held-frames.ts';
import type { Effect, ImpairmentRow } from '../impairment.ts';
import type { FrameReceiver, MovingFrame } from '../moving-frame.ts';
import { numberOf, type Parameter, time, type Values } from '../parameters.ts';

const hourUs = 3600e6;
/** Longer than any capture. */
export const tenThousandDaysUs = 864e12;
const distribution: Parameter = { name: 'distribution', unit: 'word', words: distributions, default: 'uniform' };

/** How far the times of what comes have gone back so far, since a stage before this one set the clock: added, they never do. */
class SetBack {
  us = 0;
  #lastUs = Number.NEGATIVE_INFINITY;

  /** @param tsUs of each frame, in order @returns by how much it goes back now */
  take(tsUs: number): number {
    const back = Math.max(0, this.#lastUs - tsUs);
    this.#lastUs = tsUs;
    this.us += back;
    return back;
  }
}

/** A frame that is late by its choice, in µs, waits until its time has come: others may overtake it. */
export class LateByTime implements Effect {
  readonly #held = new HeldFrames();
  readonly #next: FrameReceiver;
  readonly #setBack = new SetBack();

  constructor(next: FrameReceiver) {
    this.#next = next;
  }

  get early(): number {
    return this.#held.early;
  }

  take(frame: MovingFrame, choice: number): void {
    this.#setBack.take(frame.tsUs);
    // Keys go on where the clock was set back; what was held then comes by the clock as it is now.
    const { us } = this.#setBack;
    this.#held.releaseUntil(frame.tsUs + us, us, this.#next);
    if (choice === 0) {
      this.#next(frame);
      return;
    }
    frame.tsUs += choice;
    this.#held.hold(frame, frame.tsUs + us, this.#next);
  }

  flush(): void {
    this.#held.releaseUntil(Number.POSITIVE_INFINITY, this.#setBack.us, this.#next);
  }
}

/** A frame's time moves by its choice, and its place stays. */
export function moveTime(next: FrameReceiver): Effect {
  return {
    take: (frame, choice) => {
      if (frame.tsUs + choice < 0) throw beforeAllTime(frame.tsUs, choice);
      frame.tsUs += choice;
      next(frame);
    },
  };
}

/** No capture file holds a time before 1970, and times that stand still there would be none of a clock. */
function beforeAllTime(tsUs: number, choice: number): FloodgateError {
  const text = `clock-step: the clock stands at ${time(tsUs)} after 1970, and cannot be set back by ${time(-choice)}`;
  return new FloodgateError('impairment-impossible', text, {
    hint: `Set it back by ${time(tsUs)} at most, or forward.`,
  });
}

/** Whole microseconds, as captures count them. */
function deviation(values: Values, random: Random): () => number {
  const jitterUs = numberOf(values, 'jitter');
  const kind = values.distribution as Distribution;
  return () => (jitterUs === 0 ? 0 : Math.round(drawFrom(kind, random) * jitterUs));
}

export const delay: ImpairmentRow = {
  name: 'delay',
  help: 'frames late by a time, more or less a jitter (uniform, normal, pareto): one may overtake another',
  example: 'delay=10ms/2ms/normal',
  parameters: [
    { name: 'time', unit: 'time', max: hourUs },
    { name: 'jitter', unit: 'time', default: 0, max: hourUs },
    distribution,
  ],
  isLossy: false,
  describe: ({ time: by, jitter, distribution }) =>
    `frames late by ${time(by!)}${jitter === 0 ? '' : ` ± ${time(jitter!)} (${distribution})`}`,
  choose: (values, random) => {
    const meanUs = numberOf(values, 'time');
    const draw = deviation(values, random);
    return () => Math.max(0, meanUs + draw());
  },
  open: (_values, next) => new LateByTime(next),
};

export const jitter: ImpairmentRow = {
  name: 'jitter',
  help: 'times moved later, uniform by up to a jitter, normal and pareto by about it; the order stays',
  example: 'jitter=5ms',
  parameters: [{ name: 'jitter', unit: 'time', max: hourUs }, distribution],
  isLossy: false,
  describe: ({ jitter, distribution }) =>
    distribution === 'uniform'
      ? `times moved later by up to ${time(jitter!)}`
      : `times moved later by ${time(jitter!)} (${distribution})`,
  choose: (values, random) => {
    const jitterUs = numberOf(values, 'jitter');
    const draw = deviation(values, random);
    const isUniform = values.distribution === 'uniform';
    const setBack = new SetBack();
    let lastUs = 0;
    return ({ tsUs }) => {
      lastUs -= setBack.take(tsUs);
      const laterUs = isUniform ? Math.floor(random.fraction() * jitterUs) : Math.max(0, jitterUs + draw());
      lastUs = Math.max(tsUs + laterUs, lastUs);
      return lastUs - tsUs;
    };
  },
  open: (_values, next) => moveTime(next),
};

export const rate: ImpairmentRow = {
  name: 'rate',
  help: 'a link of this rate in the way: frames queue, their times move later, the order stays',
  example: 'rate=100mbit',
  parameters: [{ name: 'rate', unit: 'rate', min: 0.000_001, max: 1e6 }],
  isLossy: false,
  describe: ({ rate }) => `no more than ${rate} Mbit/s`,
  choose: (values) => {
    const byteUs = 8 / numberOf(values, 'rate');
    const setBack = new SetBack();
    let freeUs = 0;
    return ({ tsUs, wireLength }) => {
      freeUs -= setBack.take(tsUs);
      const sentUs = Math.max(tsUs, freeUs);
      freeUs = sentUs + wireLength * byteUs;
      return sentUs - tsUs;
    };
  },
  open: (_values, next) => moveTime(next),
};

export const clockStep: ImpairmentRow = {
  name: 'clock-step',
  help: 'the clock of the capture is set, so long after the first frame, forward or back',
  example: 'clock-step=10s/-2s',
  parameters: [
    { name: 'at', unit: 'time', max: tenThousandDaysUs },
    { name: 'step', unit: 'signedTime', max: tenThousandDaysUs },
  ],
  isLossy: false,
  movesBack: true,
  describe: ({ at, step }) => `${time(at!)} after the first frame the clock is set by ${time(step!)}`,
  choose: (values) => {
    const [atUs, stepUs] = [numberOf(values, 'at'), numberOf(values, 'step')];
    let firstUs: number | undefined;
    let isSet = false;
    return ({ tsUs }) => {
      firstUs ??= tsUs;
      isSet ||= tsUs - firstUs >= atUs;
      return isSet ? stepUs : 0;
    };
  },
  open: (_values, next) => moveTime(next),
};
