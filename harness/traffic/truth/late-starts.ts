/**
 * Connections whose SYNs are delivered behind other frames of theirs: an observer waits for a SYN, since nothing else says where a direction
 * begins. It waits for few at a time, over few frames and briefly; each figure is below what our own agent does. What it no longer
 * waits for takes up its room a while longer.
 */
import type { DeliveryClock } from './delivery-clock.ts';
import { latePatienceUs, lateStartPagesMax, lateStartsMax, lateStartsPagesMax, startPageBytes } from './limits.ts';

/** How long an observer may hold what is no longer waited for: the longest that ours does, with room. */
const releasedUs = 2 * latePatienceUs;
/** The most of one connection that it may hold then. */
const releasedPages = 2 * lateStartPagesMax;

/** Of all connections together. */
export class LateStarts {
  readonly #clock: DeliveryClock;
  #pages = 0;
  #count = 0;
  /** In order. */
  readonly #released: number[] = [];

  constructor(clock: DeliveryClock) {
    this.#clock = clock;
  }

  /** @returns whether there is room for one more */
  begin(): LateStart | undefined {
    while (this.#released.length > 0 && this.#clock.nowUs > this.#released[0]!) {
      this.#released.shift();
      this.#pages -= releasedPages;
    }
    if (this.#count < lateStartsMax && this.#pages < lateStartsPagesMax) {
      this.#count += 1;
      return new LateStart(this, this.#clock);
    }
    this.#keep();
    return undefined;
  }

  /** @returns whether there is room for these pages */
  take(pages: number): boolean {
    this.#pages += pages;
    return this.#pages <= lateStartsPagesMax;
  }

  end(pages: number, isShown: boolean): void {
    this.#count -= 1;
    this.#pages -= pages;
    if (!isShown) this.#keep();
  }

  #keep(): void {
    // Beyond that there is no room anyway, until the last of them is forgotten.
    if (this.#released.length > lateStartsPagesMax / releasedPages) this.#released.shift();
    else this.#pages += releasedPages;
    this.#released.push(this.#clock.nowUs + releasedUs);
  }
}

/** One connection that waits. */
export class LateStart {
  readonly #all: LateStarts;
  readonly #clock: DeliveryClock;
  readonly #dueUs: number;
  readonly #steps: number;
  #pages = 0;

  constructor(all: LateStarts, clock: DeliveryClock) {
    this.#all = all;
    this.#clock = clock;
    this.#dueUs = clock.nowUs + latePatienceUs;
    this.#steps = clock.steps;
  }

  /** It was waited for as long as an observer must. */
  get isOverdue(): boolean {
    return this.#clock.nowUs > this.#dueUs;
  }

  /** A frame of the connection is delivered. @returns whether an observer waits on */
  holds(payloadBytes: number): boolean {
    const pages = 1 + Math.floor(payloadBytes / startPageBytes);
    this.#pages += pages;
    const hasRoom = this.#all.take(pages) && this.#pages <= lateStartPagesMax;
    return hasRoom && this.#clock.steps === this.#steps;
  }

  /** Nothing is waited for any more. @param isShown the SYNs came */
  end(isShown: boolean): void {
    this.#all.end(this.#pages, isShown);
  }
}
