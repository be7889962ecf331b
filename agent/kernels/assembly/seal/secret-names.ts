/** Whether a text is a secret's name: most are none by their letters, the others are for JavaScript to decide. */
import { byteAt, isDigit } from '../bytes.ts';
import { isSecretName } from './host.ts';
import { BEGINNING_BITS, BEGINNING_FACTOR, FOURS_AT, PAIRS_AT, THREES_AT } from './layout.generated.ts';

export function namesOneSecret(from: i32, end: i32): bool {
  return mayNameSecret(from, end) && isSecretName(from, end);
}

function isIn(table: i32, bit: i32): bool {
  return ((byteAt(table + (bit >>> 3)) >>> (bit & 7)) & 1) !== 0;
}

/** Letters count written together: only digits stand between them. */
function mayNameSecret(at: i32, end: i32): bool {
  let count = 0;
  let two = 0;
  let three = 0;
  let letter = 0;
  while (at < end) {
    const byte = byteAt(at);
    at += 1;
    // Other letters, and percent signs that may hide one.
    if (byte >= 0x80 || byte === 0x25) return true;
    const next = (byte | 0x20) - 0x61;
    if (<u32>next < 26) {
      const four = three * 26 + next;
      three = two * 26 + next;
      two = letter * 26 + next;
      letter = next;
      count += 1;
      if (count >= 2 && isIn(PAIRS_AT, two)) return true;
      if (count >= 3 && isIn(THREES_AT, three)) return true;
      if (count >= 4 && isIn(FOURS_AT, (four * BEGINNING_FACTOR) >>> (32 - BEGINNING_BITS))) return true;
    } else if (isDigit(byte)) {
      count = 0;
    }
  }
  return false;
}
