/** What befalls one direction alone. The server is the side of the lower port; equal ports have no sides. */

import { Segment } from '../../segment.ts';
import type { ImpairmentRow } from '../impairment.ts';
import type { MovingFrame } from '../moving-frame.ts';
import { numberOf, time } from '../parameters.ts';
import { dropping } from './loss.ts';
import { LateByTime } from './time.ts';

const side = { name: 'side', unit: 'word', words: ['client', 'server'] } as const;

/** Whether a frame is a TCP segment from this side. */
function fromSide(side: unknown): (frame: MovingFrame) => boolean {
  const segment = new Segment();
  return ({ bytes, start, end }) => {
    if (!segment.read(bytes, start, end)) return false;
    const { sourcePort, destinationPort } = segment;
    return side === 'server' ? sourcePort < destinationPort : sourcePort > destinationPort;
  };
}

export const skew: ImpairmentRow = {
  name: 'skew',
  help: 'segments of one side are captured late: the other side acknowledges them before they are seen',
  example: 'skew=server/2ms',
  parameters: [side, { name: 'time', unit: 'time', max: 60e6 }],
  isLossy: false,
  describe: ({ side, time: by }) =>
    `segments of the ${side} captured ${time(by!)} late: acknowledged before they are seen`,
  choose: (values) => {
    const isFrom = fromSide(values.side);
    const lateUs = numberOf(values, 'time');
    return (frame) => (isFrom(frame) ? lateUs : 0);
  },
  open: (_values, next) => new LateByTime(next),
};

export const halfDuplex: ImpairmentRow = {
  ...dropping,
  name: 'half-duplex',
  help: 'only segments of this side are captured, as by a tap of one direction',
  example: 'half-duplex=client',
  parameters: [side],
  describe: ({ side }) => `only segments of the ${side} captured`,
  choose: (values) => {
    const isFromOther = fromSide(values.side === 'client' ? 'server' : 'client');
    return (frame) => (isFromOther(frame) ? 1 : 0);
  },
};
