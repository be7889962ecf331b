/** How many bytes all connections hold at the moment: one account, with a limit. */
import { heldBytesMax } from './limits.ts';

export class HeldBytes {
  #bytes = 0;

  /** @returns false where it would be too much: nothing is taken then */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > heldBytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
