/** The clock of the frames as they are delivered: it never goes back, and counts where they do. */
import { clockStepUs } from './limits.ts';

export class DeliveryClock {
  /** Forward moves alone, added up. */
  nowUs = 0;
  /** How often it was set back. */
  steps = 0;
  #lastUs = Number.NaN;

  advance(tsUs: number): void {
    const move = tsUs - this.#lastUs;
    // Frames of several interfaces come a little out of order.
    if (move < 0 && move > -clockStepUs) return;
    if (move > 0) this.nowUs += move;
    else if (move < 0) this.steps += 1;
    this.#lastUs = tsUs;
  }
}
