/**
 * How words of secrets' names begin, as bit sets for the kernel (`agent/kernels/assembly/seal/secret-names.ts`): a text in which none of them
 * does is no secret's name (`agent/witness/secret-names.ts` finds each of its words as a part of the name, written together).
 */
import { NAMED_RULES } from '../witness/secret-rules.generated.ts';
import { ENDINGS, GUARDED, PARTS, WHOLE, WORDS } from '../witness/secret-vocabulary.ts';
import { BEGINNING_BITS, BEGINNING_FACTOR, FOURS_AT, PAIRS_AT, THREES_AT } from './seal-layout.ts';
import { bytes } from './seal-memory.ts';

/** The longest run of letters in a word, or the first of the longest. */
function lettersOf(word: string): string {
  return word.split(/[^a-z]+/).reduce((longest, run) => (run.length > longest.length ? run : longest), '');
}

const codeOf = (letters: string): number =>
  [...letters].reduce((code, letter) => code * 26 + letter.charCodeAt(0) - 97, 0);

function set(table: number, bit: number): void {
  bytes[table + (bit >> 3)]! |= 1 << (bit & 7);
}

export function writeNameBeginnings(): void {
  const issuers = NAMED_RULES.flatMap(([, names]) => names);
  for (const word of [...ENDINGS, ...GUARDED, ...PARTS, ...WHOLE, ...WORDS, ...issuers]) {
    // Whatever is not ASCII is not decided by the kernel.
    if (/[^\x00-\x7f]/.test(word)) continue;
    const letters = lettersOf(word);
    if (letters.length >= 4)
      set(FOURS_AT, Math.imul(codeOf(letters.slice(0, 4)), BEGINNING_FACTOR) >>> (32 - BEGINNING_BITS));
    else if (letters.length === 3) set(THREES_AT, codeOf(letters));
    else if (letters.length === 2) set(PAIRS_AT, codeOf(letters));
    else throw new Error(`the kernel does not know a secret's name by ${word}`);
  }
}
