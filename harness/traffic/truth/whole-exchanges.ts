/** Exchanges of one connection of which both halves were delivered whole. */
import { wholeHalvesMax } from './limits.ts';

export class WholeExchanges {
  count = 0;
  /** More waited for their other half than are kept: the count is too low. */
  isCut = false;
  /** Exchanges of which one half was delivered whole and nothing is known yet of the other, and which half that is. */
  readonly #halves = new Map<number, 'request' | 'response'>();

  add(half: 'request' | 'response', exchange: number): void {
    const halves = this.#halves;
    const known = halves.get(exchange);
    if (known === undefined) {
      if (halves.size < wholeHalvesMax) halves.set(exchange, half);
      else this.isCut = true;
    } else if (known !== half) {
      halves.delete(exchange);
      this.count += 1;
    }
  }

  /** That one is not whole. */
  miss(exchange: number): void {
    this.#halves.delete(exchange);
  }
}
