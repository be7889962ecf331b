/**
 * Holds each frame until it is due. Times are reckoned from the start, never from the frame before, so lateness is
 * caught up and no error adds up. Sleeping, not spinning: the agent under test shares these cores.
 */
import { Lateness, type LatenessFigures } from './lateness.ts';

/** Monotonic, in microseconds; `sleepUs` blocks, and may take longer than asked. */
export interface Clock {
  nowUs(): number;
  sleepUs(durationUs: number): void;
}

/** A sleep overshoots by about this (timer slack 50 µs, wake-up), so it is asked for that much less. */
const oversleepUs = 60;
/** Frames due this soon are sent at once: at 75,000 frames a second one sleep then covers a dozen frames. */
const aheadUs = 120;

/** Later than any sleep makes a frame: the sender is at its limit. */
const farBehindUs = 200;
/** While behind, lateness is looked at every so many frames. */
const framesPerReading = 64;
/** A wait that an order to pause or stop should be able to interrupt. */
export const farOffUs = 50_000;

export class Pacer {
  readonly #clock: Clock;
  #startUs = 0;
  /** The latest reading: time is read once a batch, not once a frame, while the sender is behind. */
  #nowUs = 0;
  #framesUnread = 0;
  readonly #lateness = new Lateness();
  behindUs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The first frame is due now. */
  start(): void {
    this.#startUs = this.#nowUs = this.#clock.nowUs();
  }

  elapsedUs(): number {
    return this.#clock.nowUs() - this.#startUs;
  }

  /** Moves everything still due by the time a pause took. */
  shift(pausedUs: number): void {
    this.#startUs += pausedUs;
    this.#nowUs = this.#clock.nowUs();
  }

  /** Whether it is `farOffUs` or more until `dueUs`. The clock is read only when it may be. */
  isFarOff(dueUs: number): boolean {
    if (this.#startUs + dueUs - this.#nowUs < farOffUs) return false;
    this.#nowUs = this.#clock.nowUs();
    return this.#startUs + dueUs - this.#nowUs >= farOffUs;
  }

  /** Whether `waitUntil` will look at the clock, and perhaps sleep, for a frame due at `dueUs`. */
  looksUp(dueUs: number): boolean {
    return this.#startUs + dueUs > this.#nowUs || this.#framesUnread + 1 >= framesPerReading;
  }

  /** Whether the last frame was so late that those behind it are best sent together. */
  get isFarBehind(): boolean {
    return this.behindUs > farBehindUs;
  }

  /** Returns when a frame due at `dueUs` after the start may be sent. Hot path. */
  waitUntil(dueUs: number): void {
    const dueAtUs = this.#startUs + dueUs;
    if (dueAtUs <= this.#nowUs && ++this.#framesUnread < framesPerReading) return;
    const frames = this.#framesUnread + 1;
    this.#framesUnread = 0;
    let nowUs = this.#clock.nowUs();
    if (dueAtUs - nowUs > aheadUs) {
      do {
        this.#clock.sleepUs(Math.max(dueAtUs - nowUs - oversleepUs, 1));
        nowUs = this.#clock.nowUs();
      } while (dueAtUs - nowUs > aheadUs);
    }
    this.#nowUs = nowUs;
    this.behindUs = Math.max(nowUs - dueAtUs, 0);
    this.#lateness.add(this.behindUs, frames);
  }

  /** Of every frame so far, read once for up to 64 of them while they are late. */
  lateness(): LatenessFigures {
    return this.#lateness.figures();
  }
}
