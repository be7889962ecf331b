/**
 * Words of an API's own (states, kinds, currencies, names of places) come again in nearly every body: what was found out about one, that it is
 * no secret and has no format, is kept with its digest (hot path: most strings).
 */
import { HAS_BEYOND_ASCII, HAS_DIGIT, KNOWN_WORD_LENGTH_MAX, KNOWN_WORDS, KNOWN_WORDS_AT } from './layout.generated.ts';

/** Offset of a digest in its place; 0 stands for one that is not made yet, or never will be. */
const DIGEST: i32 = 16;

class Sought {
  static low: u64 = 0;
  static high: u64 = 0;
}

/** Texts with a digit are seldom twice the same. */
export function mayComeAgain(from: i32, to: i32, has: i32): bool {
  return to - from <= KNOWN_WORD_LENGTH_MAX && (has & (HAS_DIGIT | HAS_BEYOND_ASCII)) === 0;
}

/** The place of a word of 1 to 15 bytes, which may hold another. Bytes behind the word are read and left out. */
export function placeOfWord(from: i32, to: i32): i32 {
  const length = to - from;
  let low = load<u64>(from);
  let high: u64 = 0;
  if (length < 8) low &= ((<u64>1) << ((<u64>length) << 3)) - 1;
  else high = load<u64>(from, 8) & (((<u64>1) << ((<u64>(length - 8)) << 3)) - 1);
  high |= (<u64>length) << 56;
  Sought.low = low;
  Sought.high = high;
  const mixed = (low ^ rotl(high, 29)) * 0x9e3779b97f4a7c15;
  return KNOWN_WORDS_AT + ((<i32>(mixed >> 32) & (KNOWN_WORDS - 1)) << 5);
}

/** The digest of the word that was sought, 0 where it is not known. */
export function knownDigest(place: i32): u64 {
  return load<u64>(place) === Sought.low && load<u64>(place, 8) === Sought.high ? load<u64>(place, DIGEST) : 0;
}

/** @returns where the digest of the word that was sought goes */
export function keepWord(place: i32): i32 {
  store<u64>(place, Sought.low);
  store<u64>(place, Sought.high, 8);
  store<u64>(place, 0, DIGEST);
  return place + DIGEST;
}
