/** Frames late by places, and frames twice. */
import { chanceOf, correlation, correlationWords, probability } from '../chance.ts';
import { HeldFrames } from '../held-frames.ts';
import type { Effect, ImpairmentRow } from '../impairment.ts';
import { heldFramesMax } from '../limits.ts';
import type { FrameReceiver, MovingFrame } from '../moving-frame.ts';
import { numberOf, percent } from '../parameters.ts';

const places = { name: 'places', unit: 'count', max: heldFramesMax } as const;

/** Frames that wait for a place go out at the time of the frame that had it. */
abstract class Waiting implements Effect {
  readonly held = new HeldFrames();
  protected readonly next: FrameReceiver;
  #lastTsUs = 0;

  constructor(next: FrameReceiver) {
    this.next = next;
  }

  get early(): number {
    return this.held.early;
  }

  abstract pass(frame: MovingFrame, choice: number, place: number): void;

  take(frame: MovingFrame, choice: number, place: number): void {
    // What comes next may change the frame.
    const { tsUs } = frame;
    this.#lastTsUs = tsUs;
    this.pass(frame, choice, place);
    this.held.release(place, tsUs, this.next);
  }

  flush(): void {
    this.held.release(Number.POSITIVE_INFINITY, this.#lastTsUs, this.next);
  }
}

class Late extends Waiting {
  pass(frame: MovingFrame, choice: number, place: number): void {
    if (choice === 0) this.next(frame);
    else this.held.hold(frame, place + choice, this.next);
  }
}

class Twice extends Waiting {
  pass(frame: MovingFrame, choice: number, place: number): void {
    if (choice > 0) this.held.hold(frame, place + choice - 1, this.next);
    this.next(frame);
  }
}

export const reorder: ImpairmentRow = {
  name: 'reorder',
  help: 'frames late by 1 to PLACES places; with a GAP only every GAPth frame may be',
  example: 'reorder=2%/50',
  parameters: [
    probability,
    { ...places, default: 5, min: 1 },
    correlation,
    { name: 'gap', unit: 'count', default: 1, min: 1, max: 1e9 },
  ],
  isLossy: false,
  describe: (values) => {
    const { probability, places, gap } = values;
    const which = gap === 1 ? 'frames' : `every ${gap}th frame`;
    return `${percent(probability!)} of ${which} late by up to ${places} places${correlationWords(values)}`;
  },
  choose: (values, random) => {
    const isLate = chanceOf(values, random);
    const [most, gap] = [numberOf(values, 'places'), numberOf(values, 'gap')];
    return (_frame, place) => ((place + 1) % gap === 0 && isLate() ? random.integer(1, most) : 0);
  },
  open: (_values, next) => new Late(next),
};

export const duplicate: ImpairmentRow = {
  name: 'duplicate',
  help: 'frames captured twice, up to PLACES places apart',
  example: 'duplicate=0.5%',
  parameters: [probability, { ...places, default: 5 }, correlation],
  isLossy: false,
  describe: (values) =>
    `${percent(values.probability!)} of frames captured twice, up to ${values.places} places apart${correlationWords(values)}`,
  choose: (values, random) => {
    const isTwice = chanceOf(values, random);
    const most = numberOf(values, 'places');
    return () => (isTwice() ? random.integer(0, most) + 1 : 0);
  },
  open: (_values, next) => new Twice(next),
};
