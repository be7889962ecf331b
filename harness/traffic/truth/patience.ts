/**
 * How long an observer must wait for bytes that come late, in one direction of a connection: for so many frames, so long, over
 * so many holes. What comes later was delivered, and may be found or not: it is no loss, and no observer of bounded memory can
 * wait for all of it. Every figure is below what our own agent waits, so that an agent which waits less is found out.
 */
import type { DeliveryClock } from './delivery-clock.ts';
import { IntervalSet } from './interval-set.ts';
import {
  aheadOfHoleBytesMax,
  holePatienceUs,
  holesPatient,
  lateFramesPatient,
  lateLeastPatienceUs,
  latePatienceUs,
} from './limits.ts';

const none = -1;

export class Patience {
  readonly #seen: IntervalSet;
  readonly #clock: DeliveryClock;
  /** Made with the first that comes late. */
  #late: IntervalSet | undefined;
  /** Bytes before it were delivered, or are no longer waited for. */
  #base = 0;
  /** Since when bytes wait behind a hole. */
  #holeSinceUs = none;
  #acknowledged = 0;
  /** One of bytes that are not there yet; since when, and how many frames have passed while bytes waited behind the hole. */
  #ahead = none;
  #aheadSinceUs = 0;
  #aheadFrames = 0;
  #steps: number;

  /** @param seen what was delivered so far: its owner's, who adds to it behind each call of `delivered` */
  constructor(seen: IntervalSet, clock: DeliveryClock) {
    this.#seen = seen;
    this.#clock = clock;
    this.#steps = clock.steps;
  }

  /** What is behind it an observer has not passed yet. */
  get base(): number {
    return this.#base;
  }

  /** The furthest acknowledgement of all. */
  get acknowledgedEnd(): number {
    return this.#acknowledged;
  }

  /** To be called once for each frame of the connection, before what it says is taken. */
  expire(): void {
    const { nowUs, steps } = this.#clock;
    this.#advance();
    // After a step of the clock nobody knows how old a hole is.
    if (this.#steps !== steps) {
      this.#steps = steps;
      this.giveUp();
    }
    if (this.#ahead !== none && nowUs - this.#aheadSinceUs > latePatienceUs) this.#passTo(this.#ahead);
    if (this.#holeSinceUs !== none && nowUs - this.#holeSinceUs > holePatienceUs) this.giveUp();
  }

  /** The other side acknowledged everything before `end`. */
  acknowledged(end: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, end);
  }

  /** A segment is delivered: what of it comes too late is noted. @param isTooLate whatever it is */
  delivered(start: number, end: number, isTooLate: boolean): void {
    const known = isTooLate ? end : Math.min(end, this.#base);
    if (start >= known || this.#seen.covers(start, known)) return;
    this.#late ??= new IntervalSet();
    this.#late.add(start, known);
  }

  /** A frame without these bytes of its segment is delivered: an observer knows how many are missing, and waits for no other copy. */
  cut(start: number, end: number): void {
    if (this.#seen.covers(start, end)) return;
    this.#late ??= new IntervalSet();
    this.#late.add(start, end);
  }

  /** To be called once for each frame of the connection, after what it says was taken. */
  passed(): void {
    this.#advance();
    while (this.#seen.countAfter(this.#base) > holesPatient || this.#seen.last - this.#base > aheadOfHoleBytesMax) {
      this.#passTo(this.#seen.startAfter(this.#base));
    }
    if (this.#acknowledged <= this.#base) this.#ahead = none;
    else if (this.#ahead === none || this.#ahead <= this.#base) {
      this.#ahead = this.#acknowledged;
      this.#aheadSinceUs = this.#clock.nowUs;
      this.#aheadFrames = 0;
    } else {
      this.#aheadFrames = this.#seen.countAfter(this.#base) > 0 ? this.#aheadFrames + 1 : 0;
      const isLong = this.#clock.nowUs - this.#aheadSinceUs > lateLeastPatienceUs;
      if (isLong && this.#aheadFrames > lateFramesPatient) this.#passTo(this.#ahead);
    }
  }

  /** Nothing that is missing is waited for any longer. */
  giveUp(): void {
    if (this.#ahead !== none) this.#passTo(this.#ahead);
    if (this.#seen.countAfter(this.#base) > 0) this.#passTo(this.#seen.last);
  }

  /** Whether bytes of `[start, end)` came too late. */
  hasLate(start: number, end: number): boolean {
    return this.#late?.overlaps(start, end) ?? false;
  }

  /** Nothing is asked about what lies before it any more. */
  forgetBelow(position: number): void {
    this.#late?.forgetBelow(position);
    this.#base = Math.max(this.#base, position);
  }

  #passTo(position: number): void {
    this.#base = Math.max(this.#base, position);
    this.#advance();
  }

  #advance(): void {
    this.#base = this.#seen.endOf(this.#base);
    if (this.#seen.countAfter(this.#base) === 0) this.#holeSinceUs = none;
    else if (this.#holeSinceUs === none) this.#holeSinceUs = this.#clock.nowUs;
    if (this.#ahead <= this.#base) this.#ahead = none;
  }
}
