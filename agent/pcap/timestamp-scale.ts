/** Turns the 64-bit timestamps of one pcapng interface into microseconds, as exactly as a double can hold them. */

const two32 = 0x1_0000_0000;
/** Up to here `(units per µs) · 2³²` stays exact in a double. */
const exactUnitsMax = 2 ** 20;

export class TimestampScale {
  /** Units of the timestamp in a microsecond; below 1 for coarser units. */
  readonly #unitsPerUs: number;
  readonly #offsetUs: number;

  /**
   * @param resolution if_tsresol: the units are 10^−n seconds, or 2^−n with the top bit set.
   * @param offsetSeconds if_tsoffset, added to every timestamp.
   */
  constructor(resolution: number, offsetSeconds: number) {
    const exponent = resolution & 0x7f;
    const perSecond = (resolution & 0x80) === 0 ? 10 ** exponent : 2 ** exponent;
    this.#unitsPerUs = perSecond / 1e6;
    this.#offsetUs = offsetSeconds * 1e6;
  }

  /** @param lowBits with or without a sign */
  toUs(high: number, lowBits: number): number {
    const units = this.#unitsPerUs;
    const low = lowBits >>> 0;
    if (units === 1) return high * two32 + low + this.#offsetUs;
    if (units > 1 && units <= exactUnitsMax && Number.isInteger(units)) {
      // Dividing the high half first keeps the whole microseconds exact: for nanoseconds the sum would not fit 2⁵³.
      const whole = Math.floor(high / units);
      return whole * two32 + ((high - whole * units) * two32 + low) / units + this.#offsetUs;
    }
    return (high * two32 + low) / units + this.#offsetUs;
  }
}
