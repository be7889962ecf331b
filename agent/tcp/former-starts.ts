/**
 * Where conversations began whose ports were used again a moment ago. A SYN without an acknowledgement has one number, and a copy of it
 * that comes late (a mirror shows it twice, a route is longer) looks like another conversation's: it is known by that number alone.
 */

const sets = 256;
const ways = 4;
/** Hash of the key, the number of the client's first byte, and milliseconds when another conversation took its place. */
const words = 3;
const setWords = ways * words;
/** Of 0 ms: no entry. */
const leastMs = 1;

export class FormerStarts {
  /** The oldest of a set goes: what comes so late that more began meanwhile is taken as it was without. */
  static readonly bytes = sets * setWords * 4;
  readonly #words = new Int32Array(sets * setWords);
  readonly #slackMs: number;

  /** @param slackUs for how long copies of a SYN come */
  constructor(slackUs: number) {
    this.#slackMs = slackUs / 1e3;
  }

  /** Another conversation takes the place of one that began with `start`. @param hash of their key */
  note(hash: number, start: number, tsUs: number): void {
    const at = (hash & (sets - 1)) * setWords;
    this.#words.copyWithin(at + words, at, at + setWords - words);
    this.#words[at] = hash;
    this.#words[at + 1] = start;
    this.#words[at + 2] = milliseconds(tsUs);
  }

  /** Whether a SYN whose first byte has this number is one of a conversation before the last. */
  has(hash: number, start: number, nowUs: number): boolean {
    const table = this.#words;
    const at = (hash & (sets - 1)) * setWords;
    for (let entry = at; entry < at + setWords; entry += words) {
      if (table[entry] !== hash || table[entry + 1] !== start || table[entry + 2] === 0) continue;
      if (Math.abs((milliseconds(nowUs) - table[entry + 2]!) | 0) < this.#slackMs) return true;
    }
    return false;
  }
}

/** Wraps every 49 days, beside a second or two. */
function milliseconds(tsUs: number): number {
  return Math.floor(tsUs / 1e3) | 0 || leastMs;
}
