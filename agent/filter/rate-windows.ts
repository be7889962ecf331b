/**
 * So many exchanges a minute, from a window that opens at another moment each minute: what comes at the same second of
 * every minute (cron jobs, health checks) is not what is always seen, and not what is never seen. Time is the packets'.
 *
 * A window is placed so that, at the pace of the minutes before, it fills before its minute is over; where the traffic
 * is below the limit it is therefore as long as the minute, and nothing is left out.
 */
const minuteUs = 60_000_000;
/** Weight of the last minute in the expectation of how long a window takes to fill. */
const newestWeight = 0.3;

export class RateWindows {
  readonly #perMinute: number;
  readonly #random: () => number;
  #minuteStartUs = Number.NaN;
  #opensAtUs = 0;
  #taken = 0;
  /** Expected time from a window's opening until it is full. */
  #fillUs = minuteUs;

  /** @param random 0 ≤ x < 1 */
  constructor(perMinute: number, random: () => number) {
    this.#perMinute = perMinute;
    this.#random = random;
  }

  /** Whether an exchange that began at `tsUs` is within the limit; it counts if so. */
  take(tsUs: number): boolean {
    // The first minute opens at once: a short capture must not come to nothing by chance.
    if (Number.isNaN(this.#minuteStartUs)) this.#open(tsUs, 0);
    // Clocks of two interfaces may differ a little: what is slightly before its minute counts to it.
    else if (tsUs >= this.#minuteStartUs + minuteUs || tsUs < this.#minuteStartUs - minuteUs) this.#turn(tsUs);
    if (tsUs < this.#opensAtUs || this.#taken >= this.#perMinute) return false;
    this.#taken += 1;
    if (this.#taken === this.#perMinute) this.#learn(tsUs - this.#opensAtUs);
    return true;
  }

  #turn(tsUs: number): void {
    if (this.#taken < this.#perMinute) {
      const openUs = this.#minuteStartUs + minuteUs - this.#opensAtUs;
      this.#learn((openUs * this.#perMinute) / Math.max(1, this.#taken));
    }
    const minutes = Math.floor((tsUs - this.#minuteStartUs) / minuteUs);
    const latestUs = minuteUs - this.#fillUs;
    this.#open(this.#minuteStartUs + minutes * minuteUs, latestUs <= 0 ? 0 : this.#random() * latestUs);
  }

  #open(minuteStartUs: number, afterUs: number): void {
    this.#minuteStartUs = minuteStartUs;
    this.#opensAtUs = minuteStartUs + afterUs;
    this.#taken = 0;
  }

  #learn(fillUs: number): void {
    const boundedUs = Math.min(minuteUs, Math.max(0, fillUs));
    this.#fillUs += (boundedUs - this.#fillUs) * newestWeight;
  }
}
