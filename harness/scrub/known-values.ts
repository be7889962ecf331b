/** Long words of an original, kept as numbers: to find one again wherever it may be. */
import { latin1 } from '../../agent/http/message.ts';
import { mayStand } from './known-words.ts';

/** Shorter ones come about by chance in a large capture. */
const wordCharactersMin = 12;
/** 64 MB or so. Of more words the rest are not looked for, and that is said. */
const wordsMax = 2_000_000;
/** Lengths of twelve digits are rare. */
const exemptMax = 10_000;

export class KnownValues {
  readonly #hashes = new Set<number>();
  readonly #exempt = new Set<number>();
  /** Words that had no room. */
  left = 0;

  get size(): number {
    return this.#hashes.size;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    eachWord(bytes, start, end, (hash) => {
      if (this.#exempt.has(hash)) return false;
      if (this.#hashes.size < wordsMax) this.#hashes.add(hash);
      else this.left += 1;
      return false;
    });
  }

  /** Words that stay where they stand, as lengths do: they are not looked for. */
  exempt(bytes: Uint8Array): void {
    eachWord(bytes, 0, bytes.length, (hash) => {
      this.#hashes.delete(hash);
      this.#exempt.add(hash);
      return this.#exempt.size > exemptMax;
    });
  }

  /** Whether one of the words is there. */
  isIn(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#hashes.size > 0 && eachWord(bytes, start, end, (hash) => this.#hashes.has(hash));
  }
}

function isWordByte(byte: number): boolean {
  const letter = byte | 0x20;
  return (byte >= 48 && byte <= 57) || (letter >= 97 && letter <= 122);
}

/** @param take returns true to end @returns whether it did */
function eachWord(bytes: Uint8Array, start: number, end: number, take: (hash: number) => boolean): boolean {
  for (let at = start; at < end; ) {
    let to = at;
    let low = 0x811c_9dc5;
    let high = 0x1b87_3593;
    let isVaried = false;
    for (; to < end && isWordByte(bytes[to]!); to += 1) {
      const byte = bytes[to]!;
      low = Math.imul(low ^ byte, 0x0100_0193);
      high = Math.imul(high ^ byte, 0x85eb_ca6b);
      if (byte !== bytes[at]) isVaried = true;
    }
    // `000000000000` is nobody's.
    const isLong = isVaried && to - at >= wordCharactersMin && !isKnown(bytes, at, to);
    if (isLong && take((high >>> 11) * 0x1_0000_0000 + (low >>> 0))) return true;
    at = to + 1;
  }
  return false;
}

function isKnown(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start < 32 && mayStand(latin1(bytes, start, end).toLowerCase());
}
