/** So much a second of the packets' clock, as much at once. */
export class Allowance {
  /** Below 0 where more was taken than was there. */
  left: number;
  readonly #perSecond: number;
  #atUs = Number.NaN;

  constructor(perSecond: number) {
    this.left = perSecond;
    this.#perSecond = perSecond;
  }

  /** Adds what the time since the last call allows. A clock that goes back adds nothing. */
  refill(tsUs: number): void {
    const passedUs = tsUs - this.#atUs;
    if (passedUs > 0) this.left = Math.min(this.#perSecond, this.left + (passedUs * this.#perSecond) / 1e6);
    if (!(passedUs <= 0)) this.#atUs = tsUs;
  }

  /** Takes one. @returns whether there was one */
  take(tsUs: number): boolean {
    this.refill(tsUs);
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
