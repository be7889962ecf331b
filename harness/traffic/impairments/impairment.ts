/**
 * What can happen to a frame between the host that sent it and the observer. An impairment is plain data, so that it can be
 * stored and sent to a thread. A kind of impairment is a row: a file in `kinds/`, named in `table.ts`.
 */
import type { Random } from '../../../agent/seeded-random.ts';
import type { FrameReceiver, MovingFrame } from './moving-frame.ts';
import type { Parameter, Values } from './parameters.ts';

/** One of the stack, applied to what the one before it passed on. */
export interface Impairment {
  /** Name of a row. */
  readonly kind: string;
  /** Every parameter of the row has one. */
  readonly values: Values;
}

/**
 * What is to become of a frame, as one number: 0 leaves it alone, and what another means is the row's own affair. A schedule
 * file holds these numbers, so that an applied schedule is replayed without the model that made it.
 */
export type Choose = (frame: MovingFrame, place: number) => number;

/** A stage at work. */
export interface Effect {
  /** @param place of the frame among those the stage was given, from 0 */
  take(frame: MovingFrame, choice: number, place: number): void;
  /** Passes on what is still held. @default nothing is held */
  flush?(): void;
  /** Frames that were released before their time, since the store was full. */
  readonly early?: number;
}

/** A kind of impairment. */
export interface ImpairmentRow {
  /** As in tc-netem(8), where it has one. */
  readonly name: string;
  /** One line for people. */
  readonly help: string;
  readonly example: string;
  /** In the order in which they are written. */
  readonly parameters: readonly Parameter[];
  /** Frames, or parts of frames, are never captured or damaged: messages may be lost. */
  readonly isLossy: boolean;
  /** Sends what no host sent: it stands before all others, so that the truth knows of it. @default false */
  readonly makesTraffic?: (values: Values) => boolean;
  /** What its values cannot be together, as the end of a message. @default each stands for itself */
  readonly clash?: (values: Values) => string | undefined;
  /** Its choices may be negative: times that move back. @default false */
  readonly movesBack?: boolean;
  /** What it does, in words: "1 % of frames never captured". */
  describe(values: Values): string;
  /** How frames are chosen. `random` is this stage's alone. */
  choose(values: Values, random: Random): Choose;
  /** What is done with chosen frames. */
  open(values: Values, next: FrameReceiver): Effect;
}
