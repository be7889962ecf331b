/** Frames cut short, and frames with a flipped bit. */
import { chanceOf, correlation, probability } from '../chance.ts';
import type { ImpairmentRow } from '../impairment.ts';
import { numberOf, percent } from '../parameters.ts';

export const corrupt: ImpairmentRow = {
  name: 'corrupt',
  help: 'one bit flips, anywhere in the frame; checksums stay as they were',
  example: 'corrupt=0.1%',
  parameters: [probability, correlation],
  isLossy: true,
  describe: ({ probability }) => `one bit flipped in ${percent(probability!)} of frames`,
  choose: (values, random) => {
    const isHit = chanceOf(values, random);
    return ({ start, end }) => (end > start && isHit() ? random.integer(0, (end - start) * 8 - 1) + 1 : 0);
  },
  open: (_values, next) => ({
    take: (frame, choice) => {
      if (choice === 0 || choice > (frame.end - frame.start) * 8) {
        next(frame);
        return;
      }
      const damaged = frame.copy();
      const bit = choice - 1;
      damaged.bytes[bit >> 3]! ^= 1 << (bit & 7);
      damaged.isDamaged = true;
      next(damaged);
    },
  }),
};

/** An Ethernet header stays: less is no frame. */
const bytesMin = 14;

export const truncate: ImpairmentRow = {
  name: 'truncate',
  help: 'frames cut to BYTES, as a snap length does; their length on the wire is still known',
  example: 'truncate=1%/96',
  parameters: [probability, { name: 'bytes', unit: 'bytes', default: 96, min: bytesMin, max: 262_144 }, correlation],
  isLossy: true,
  describe: ({ probability, bytes }) => `${percent(probability!)} of frames cut to ${bytes} bytes`,
  choose: (values, random) => {
    const isCut = chanceOf(values, random);
    const most = numberOf(values, 'bytes');
    return ({ start, end }) => (isCut() && end - start > most ? 1 : 0);
  },
  open: (values, next) => {
    const most = numberOf(values, 'bytes');
    return {
      take: (frame, choice) => {
        if (choice !== 0) frame.end = Math.min(frame.end, frame.start + most);
        next(frame);
      },
    };
  },
};
