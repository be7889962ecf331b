/** Impairments as a stack of stages: each passes frames on to the next, changed, late, twice or not at all. */
import assert from 'node:assert';
import { createRandom } from '../../../agent/seeded-random.ts';
import type { ImpairmentRecord } from '../traffic.ts';
import type { Choose, Effect, Impairment, ImpairmentRow } from './impairment.ts';
import type { FrameReceiver, MovingFrame } from './moving-frame.ts';
import { findImpairment } from './table.ts';

/** Hears of each choice but 0, in the order in which they are made. */
export type OnChoice = (stage: number, place: number, choice: number) => void;
/** Makes choices in place of the models. */
export type Replay = (stage: number, place: number) => number;

export interface StackOptions {
  readonly impairments: readonly Impairment[];
  readonly seed: number;
  readonly output: FrameReceiver;
  /** Sees each frame before the stage of this number takes it; the output is the stage behind the last. @default none */
  readonly onStage?: ((stage: number, frame: MovingFrame) => void) | undefined;
  readonly onChoice?: OnChoice | undefined;
  readonly replay?: Replay | undefined;
  /** Frames of others are left alone; a schedule says for itself which. @default all are impaired */
  readonly interfaceIndex?: number | undefined;
}

/** Frames go in at `take` and come out at `output`, through every stage in turn. */
export class ImpairmentStack {
  readonly #stages: readonly Stage[];
  readonly #first: FrameReceiver;

  constructor(options: StackOptions) {
    const stages: Stage[] = [];
    const { impairments, output, onStage } = options;
    const seen = (at: number, receiver: FrameReceiver): FrameReceiver => {
      if (!onStage) return receiver;
      return (frame) => {
        onStage(at, frame);
        receiver(frame);
      };
    };
    let next = seen(impairments.length, output);
    for (let at = impairments.length - 1; at >= 0; at -= 1) {
      const stage = new Stage(options, at, next);
      stages.unshift(stage);
      next = seen(at, (frame) => stage.take(frame));
    }
    this.#stages = stages;
    this.#first = next;
  }

  take(frame: MovingFrame): void {
    this.#first(frame);
  }

  /** After the last frame. */
  flush(): void {
    for (const stage of this.#stages) stage.flush();
  }

  /** What each stage did, in order. */
  get records(): ImpairmentRecord[] {
    return this.#stages.map((stage) => stage.record);
  }
}

/** A row's model and effect, with randomness of their own from the one seed. */
class Stage {
  readonly #impairment: Impairment;
  readonly #row: ImpairmentRow;
  readonly #at: number;
  readonly #choose: Choose;
  readonly #effect: Effect;
  readonly #onChoice: OnChoice | undefined;
  /** −1: frames of every interface. */
  readonly #only: number;
  #place = -1;
  #touched = 0;

  constructor(options: StackOptions, at: number, next: FrameReceiver) {
    const { impairments, seed, onChoice, replay, interfaceIndex = -1 } = options;
    const impairment = impairments[at]!;
    const row = findImpairment(impairment.kind);
    assert(row, impairment.kind);
    this.#impairment = impairment;
    this.#row = row;
    this.#at = at;
    this.#choose = replay
      ? (_frame, place) => replay(at, place)
      : row.choose(impairment.values, createRandom(seed, `${at} ${impairment.kind}`));
    this.#effect = row.open(impairment.values, next);
    this.#onChoice = onChoice;
    this.#only = replay ? -1 : interfaceIndex;
  }

  take(frame: MovingFrame): void {
    this.#place += 1;
    const isOther = this.#only >= 0 && frame.interfaceIndex !== this.#only;
    const choice = isOther ? 0 : this.#choose(frame, this.#place);
    if (choice !== 0) {
      this.#touched += 1;
      this.#onChoice?.(this.#at, this.#place, choice);
    }
    this.#effect.take(frame, choice, this.#place);
  }

  flush(): void {
    this.#effect.flush?.();
  }

  get record(): ImpairmentRecord {
    const { kind, values } = this.#impairment;
    const early = this.#effect.early ?? 0;
    const description = this.#row.describe(values) + (early > 0 ? `; ${early} released early, the store was full` : '');
    return { kind, description, frames: this.#touched };
  }
}
