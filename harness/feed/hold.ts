/**
 * Holds the traffic of a pass whose instruments slow the target down: at the frames where the instrument is used, and
 * wherever the target falls behind, so that it misses none of what the measuring pass saw. The schedule's clock stands
 * still meanwhile.
 */

import type { StatsTail } from '../watch/stats-tail.ts';
import type { SendProgress } from './sender.ts';

/** A sender that can be held. */
export interface HeldFlow {
  progress(): SendProgress;
  pauseAt(frames: number): Promise<SendProgress>;
  resume(): void;
}

export interface HoldOptions {
  readonly flow: HeldFlow;
  readonly tail: StatsTail;
  /** Ascending. */
  readonly frameMarks: readonly number[];
  /** Frames that may be on their way; infinite where the link itself waits for its reader. */
  readonly framesAheadMax: number;
  /** Called with the traffic held and everything before the mark taken. */
  readonly atMark: (frames: number) => Promise<void>;
  /** Returns at once when `signal` is aborted. */
  readonly pause: (ms: number) => Promise<void>;
  /** The target is gone, or the operator has had enough. */
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
}

const lookMs = 20;
/** A target that takes no frame for so long while it owes some hangs, or counts otherwise than we do: it is not waited for. */
const stallMs = 3_000;

export class Hold {
  readonly #options: HoldOptions;
  #over = false;
  #limit = 0;
  #nextMark = 0;
  #taken = 0;
  #takenAtMs = 0;

  constructor(options: HoldOptions) {
    this.#options = options;
    this.#allow();
  }

  /** Resolves soon after `stop`. */
  async run(): Promise<void> {
    const { frameMarks, flow, pause } = this.#options;
    while (!this.#isOver) {
      await pause(lookMs);
      if (this.#isOver) return;
      const sent = flow.progress().frames;
      const mark = frameMarks[this.#nextMark];
      if (mark !== undefined && sent >= mark) await this.#useAt(mark);
      else this.#allow();
    }
  }

  stop(): void {
    this.#over = true;
  }

  /** After the last frame: marks that the traffic ended at or before, where there was no frame to hold. */
  async finish(framesSent: number): Promise<void> {
    this.#over = false;
    const mark = this.#options.frameMarks[this.#nextMark];
    if (mark !== undefined && mark <= framesSent) await this.#useAt(framesSent);
    this.#over = true;
  }

  get #isOver(): boolean {
    return this.#over || this.#options.signal.aborted;
  }

  async #useAt(mark: number): Promise<void> {
    const { frameMarks, pause, atMark } = this.#options;
    while (!this.#isOver && this.#framesTaken() < mark && !this.#isStalled()) await pause(lookMs);
    if (this.#isOver) return;
    await atMark(mark);
    while ((frameMarks[this.#nextMark] ?? Number.POSITIVE_INFINITY) <= mark) this.#nextMark += 1;
    this.#takenAtMs = this.#options.nowMs();
    this.#allow();
  }

  /** Moves the place where the traffic is held next; ends a hold that has become needless. */
  #allow(): void {
    const { flow, frameMarks, framesAheadMax } = this.#options;
    const mark = frameMarks[this.#nextMark] ?? Number.POSITIVE_INFINITY;
    const ahead = this.#isStalled() ? Number.POSITIVE_INFINITY : this.#framesTaken() + framesAheadMax;
    const limit = Math.min(mark, ahead);
    // A step at a time: every call is an order that the sender has to look at.
    if (limit === this.#limit || (limit < mark && limit - this.#limit < framesAheadMax / 4)) return;
    this.#limit = limit;
    // A hold ends by `resume`, which takes an order back where there is no hold: hence given twice.
    void flow.pauseAt(limit);
    flow.resume();
    void flow.pauseAt(limit);
  }

  #framesTaken(): number {
    const taken = this.#options.tail.framesTaken() ?? 0;
    if (taken > this.#taken || this.#takenAtMs === 0) this.#takenAtMs = this.#options.nowMs();
    this.#taken = Math.max(this.#taken, taken);
    return this.#taken;
  }

  #isStalled(): boolean {
    return this.#takenAtMs > 0 && this.#options.nowMs() - this.#takenAtMs > stallMs;
  }
}
