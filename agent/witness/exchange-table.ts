/**
 * Exchanges under way by their keys, oldest first. Not a `Map`: that makes its table anew each time that as many entries were
 * deleted as it has room for, and each old table keeps the next one alive. Once one of them is in V8's old space, all that follow
 * are copied there: 40 bytes of garbage an exchange, which only a full collection takes away.
 */
import { LruMap } from '../bounded/lru-map.ts';
import type { Exchange } from './exchange.ts';

/** Keys count up, so that nobody chooses many that collide; there are a few thousand at most. */
const seed = [0x6578_6368, 0x616e_6765] as const;
const keyWords = 2;
const only = 0;

export class ExchangeTable {
  readonly #slots: LruMap;
  /** By slot. */
  readonly #exchanges: (Exchange | null)[] = [];

  /** @param capacity exchanges at most: the caller makes room */
  constructor(capacity: number) {
    this.#slots = new LruMap(capacity, keyWords, 1, seed);
  }

  get size(): number {
    return this.#slots.size;
  }

  /** @param key an integer of up to 53 bits, with its sign */
  get(key: number): Exchange | null {
    const slot = this.#find(key);
    return slot < 0 ? null : this.#exchanges[slot]!;
  }

  /** One whose key is not there. */
  add(exchange: Exchange): void {
    this.#find(exchange.key);
    const slot = this.#slots.insert(keyWords, only);
    if (slot < 0) throw new RangeError('more exchanges than there is room for');
    exchange.slot = slot;
    this.#exchanges[slot] = exchange;
  }

  remove({ slot }: Exchange): void {
    this.#slots.remove(slot);
    this.#exchanges[slot] = null;
  }

  oldest(): Exchange | null {
    const slot = this.#slots.lists.first(only);
    return slot < 0 ? null : this.#exchanges[slot]!;
  }

  /** The one that came next. */
  after({ slot }: Exchange): Exchange | null {
    const next = this.#slots.lists.after(slot);
    return next < 0 ? null : this.#exchanges[next]!;
  }

  #find(key: number): number {
    const words = this.#slots.key;
    words[0] = key | 0;
    words[1] = Math.floor(key / 2 ** 32);
    return this.#slots.find(keyWords);
  }
}
