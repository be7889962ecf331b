/** A window of the traffic as a burst: its times compressed, or its frames multiplied by those of other hosts. */
import { RoundFrames } from '../../round-frames.ts';
import type { Effect, ImpairmentRow } from '../impairment.ts';
import { type FrameReceiver, MovingFrame } from '../moving-frame.ts';
import { numberOf, time } from '../parameters.ts';
import { moveTime, tenThousandDaysUs } from './time.ts';

/** Rounds of a loop are numbered from 1 on: clones are other hosts than those. */
const firstClone = 0x4000_0000;
const clonesMax = 1_000;

class Clones implements Effect {
  readonly #next: FrameReceiver;
  readonly #rewriter = new RoundFrames();
  readonly #clone = new MovingFrame();

  constructor(next: FrameReceiver) {
    this.#next = next;
  }

  take(frame: MovingFrame, choice: number): void {
    const copies = choice > 0 ? frame.copy() : undefined;
    this.#next(frame);
    for (let number = 1; copies && number <= Math.min(choice, clonesMax); number += 1) {
      const clone = this.#clone;
      clone.assign(copies);
      clone.bytes = copies.bytes.slice();
      this.#rewriter.round = firstClone + number;
      this.#rewriter.rewrite(clone.bytes, clone.start, clone.end);
      this.#next(clone);
    }
  }
}

export const burst: ImpairmentRow = {
  name: 'burst',
  help: 'LENGTH from START on takes FACTOR times less time; with mode clone its frames come FACTOR times, from other hosts',
  example: 'burst=10s/5s/4x',
  parameters: [
    { name: 'start', unit: 'time', max: tenThousandDaysUs },
    { name: 'length', unit: 'time', min: 1, max: tenThousandDaysUs },
    { name: 'factor', unit: 'factor', min: 1, max: clonesMax },
    { name: 'mode', unit: 'word', words: ['compress', 'clone'], default: 'compress' },
  ],
  isLossy: false,
  movesBack: true,
  makesTraffic: ({ mode }) => mode === 'clone',
  describe: ({ start, length, factor, mode }) =>
    mode === 'clone'
      ? `each frame of ${time(length!)} from ${time(start!)} on ${Math.floor(factor as number)} times, from other hosts`
      : `${time(length!)} from ${time(start!)} on in ${factor} times less time`,
  choose: (values) => {
    const [startUs, lengthUs] = [numberOf(values, 'start'), numberOf(values, 'length')];
    const factor = numberOf(values, 'factor');
    const isClone = values.mode === 'clone';
    let firstUs: number | undefined;
    return ({ tsUs }) => {
      firstUs ??= tsUs;
      const intoUs = tsUs - firstUs - startUs;
      if (isClone) return intoUs >= 0 && intoUs < lengthUs ? Math.floor(factor) - 1 : 0;
      // Whole microseconds; what follows the window moves up to it.
      return intoUs <= 0 ? 0 : Math.round(Math.min(intoUs, lengthUs) * (1 / factor - 1));
    };
  },
  open: ({ mode }, next) => (mode === 'clone' ? new Clones(next) : moveTime(next)),
};
