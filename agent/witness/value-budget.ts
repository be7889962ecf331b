/** What the values of witnesses may weigh, one message and all together; an estimate, on the high side. */

/** A `Data` node with its place in its container (measured: 88 to 104 bytes). */
export const nodeBytes = 112;

/** The rest is for messages that are no longer than most. */
const sealedShareMax = 0.85;

/** All messages' values together. */
export class ValueTotal {
  readonly bytesMax: number;
  bytes = 0;
  bytesPeak = 0;
  /** Values that were not made because a budget was spent. */
  shed = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }
}

/** One message's share. `release` gives it back. */
export class ValueBudget {
  readonly #total: ValueTotal;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(total: ValueTotal, bytesMax: number) {
    this.#total = total;
    this.#bytesMax = bytesMax;
  }

  /** Pays for one value with so many characters (or bytes) of its own. @returns false when the budget is spent. */
  take(characters: number): boolean {
    if (!this.has(nodeBytes + characters)) {
      this.#total.shed += 1;
      return false;
    }
    this.takeAll(1, characters);
    return true;
  }

  /** Whether so many bytes of values would be paid for. */
  has(bytes: number): boolean {
    return this.#bytes + bytes <= this.#bytesMax && this.#total.bytes + bytes <= this.#total.bytesMax;
  }

  /** What `has` says there is, for values in number and characters. */
  takeAll(count: number, characters: number): void {
    const bytes = nodeBytes * count + characters;
    const total = this.#total;
    this.#bytes += bytes;
    total.bytes += bytes;
    if (total.bytes > total.bytesPeak) total.bytesPeak = total.bytes;
  }

  /** Pays for bytes of a value that is sealed in parts: as many as there are for all messages. */
  takeSealed(bytes: number): boolean {
    const total = this.#total;
    if (total.bytes + bytes > total.bytesMax * sealedShareMax) {
      total.shed += 1;
      return false;
    }
    this.#bytes += bytes;
    total.bytes += bytes;
    if (total.bytes > total.bytesPeak) total.bytesPeak = total.bytes;
    return true;
  }

  release(): void {
    this.#total.bytes -= this.#bytes;
    this.#bytes = 0;
  }
}
