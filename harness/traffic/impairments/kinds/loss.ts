/** Capture-side loss: the other host got the frame and acknowledged it, and only the observer missed it. */

import { chanceOf, correlation, correlationWords, probability } from '../chance.ts';
import type { Effect, ImpairmentRow } from '../impairment.ts';
import type { FrameReceiver } from '../moving-frame.ts';
import { list, numberOf, percent, type Ranges } from '../parameters.ts';
import { segmentCounter } from '../segment-counter.ts';

/** Of rows that lose frames: chosen ones go no further. */
export const dropping = {
  isLossy: true,
  open: (_values: unknown, next: FrameReceiver): Effect => ({
    take: (frame, choice) => {
      if (choice === 0) next(frame);
    },
  }),
} as const;

export const loss: ImpairmentRow = {
  ...dropping,
  name: 'loss',
  help: 'each frame with the same chance, or depending on the one before',
  example: 'loss=1%',
  parameters: [probability, correlation],
  describe: (values) => `${percent(values.probability!)} of frames never captured${correlationWords(values)}`,
  choose: (values, random) => {
    const isLost = chanceOf(values, random);
    return () => (isLost() ? 1 : 0);
  },
};

/** Two states, each with a chance of loss (Gilbert 1960, Elliott 1963). */
export const gemodel: ImpairmentRow = {
  ...dropping,
  name: 'gemodel',
  help: 'losses in bursts (Gilbert–Elliott): p into the bad state, r out of it, 1-h lost while bad, 1-k while good',
  example: 'gemodel=1%/20%',
  parameters: [
    { name: 'p', unit: 'share' },
    { name: 'r', unit: 'share' },
    { name: '1-h', unit: 'share', default: 1 },
    { name: '1-k', unit: 'share', default: 0 },
  ],
  describe: (values) =>
    `frames lost in bursts: ${percent(values['1-h']!)} while bad, ${percent(values['1-k']!)} while good ` +
    `(enters ${percent(values.p!)}, leaves ${percent(values.r!)})`,
  choose: (values, random) => {
    const [enter, leave] = [numberOf(values, 'p'), numberOf(values, 'r')];
    const [bad, good] = [numberOf(values, '1-h'), numberOf(values, '1-k')];
    let isBad = false;
    return () => {
      isBad = random.chance(isBad ? 1 - leave : enter);
      return random.chance(isBad ? bad : good) ? 1 : 0;
    };
  },
};

/** The states of Salsano, Ludovici, Ordine (2009), by their numbers in tc-netem(8). */
const State = { good: 1, goodInBurst: 2, lostInBurst: 3, lostAlone: 4 } as const;

export const state: ImpairmentRow = {
  ...dropping,
  name: 'state',
  help: 'four states (Markov): 1 received, 2 received in a burst of losses, 3 lost in a burst, 4 lost alone',
  example: 'state=1%/30%/20%/50%/0.1%',
  parameters: [
    { name: 'p13', unit: 'share' },
    { name: 'p31', unit: 'share' },
    { name: 'p32', unit: 'share', default: 0 },
    { name: 'p23', unit: 'share', default: 1 },
    { name: 'p14', unit: 'share', default: 0 },
  ],
  clash: (values) => {
    for (const [one, other] of [
      ['p13', 'p14'],
      ['p31', 'p32'],
    ] as const) {
      const both = numberOf(values, one) + numberOf(values, other);
      // A sum of fractions may be a hair too large.
      if (both > 1 + 1e-12)
        return `${one} and ${other} are ${percent(both)} together, and a state is left in 100 % at most`;
    }
    return undefined;
  },
  describe: (values) =>
    `frames lost by a chain of four states (${['p13', 'p31', 'p32', 'p23', 'p14'].map((name) => `${name} ${percent(values[name]!)}`).join(', ')})`,
  choose: (values, random) => {
    const [p13, p31, p32] = [numberOf(values, 'p13'), numberOf(values, 'p31'), numberOf(values, 'p32')];
    const [p23, p14] = [numberOf(values, 'p23'), numberOf(values, 'p14')];
    let at: number = State.good;
    return () => {
      const drawn = random.fraction();
      if (at === State.good) at = drawn < p14 ? State.lostAlone : drawn < p14 + p13 ? State.lostInBurst : State.good;
      else if (at === State.goodInBurst) at = drawn < p23 ? State.lostInBurst : State.goodInBurst;
      else if (at === State.lostInBurst)
        at = drawn < p32 ? State.goodInBurst : drawn < p32 + p31 ? State.good : State.lostInBurst;
      else at = State.good;
      return at >= State.lostInBurst ? 1 : 0;
    };
  },
};

export const lossList: ImpairmentRow = {
  ...dropping,
  name: 'loss-list',
  help: 'the frames of these numbers, from 1',
  example: 'loss-list=3/7/10-20',
  parameters: [{ name: 'frames', unit: 'list' }],
  describe: ({ frames }) => `frames ${list(frames!)} never captured`,
  choose: ({ frames }) => {
    const ranges = frames as Ranges;
    let at = 0;
    return (_frame, place) => {
      const number = place + 1;
      while (at < ranges.length && ranges[at]![1] < number) at += 1;
      return at < ranges.length && ranges[at]![0] <= number ? 1 : 0;
    };
  },
};

export const lossSegment: ImpairmentRow = {
  ...dropping,
  name: 'loss-segment',
  help: 'the segments of these numbers, from 1, of each direction of each stream; only segments with payload count',
  example: 'loss-segment=2',
  parameters: [{ name: 'segments', unit: 'list' }],
  describe: ({ segments }) => `segments ${list(segments!)} of each direction of each stream never captured`,
  choose: ({ segments }) => {
    const ranges = segments as Ranges;
    const numberOfSegment = segmentCounter();
    return (frame) => {
      const number = numberOfSegment(frame);
      return ranges.some(([first, last]) => number >= first && number <= last) ? 1 : 0;
    };
  },
};
