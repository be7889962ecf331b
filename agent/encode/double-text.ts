/** The text of a double that its digest is made of (`agent/digest/digest-memory.ts`, hashFloat), for the seal's memory. */
import { bytes, DOUBLE_AT, words } from './seal-memory.ts';

const TAG_DOUBLE = 0x66;
const PLUS = 0x2b;
const MINUS = 0x2d;
const COLON = 0x3a;
const DIGIT_0 = 0x30;

const value = new Float64Array(1);
const halves = new Uint32Array(value.buffer);
let textEnd = 0;
let textStart = 0;

/** Four binary digits as text, in one word. */
const NIBBLES = Int32Array.from({ length: 16 }, (_, i) =>
  Buffer.from(i.toString(2).padStart(4, '0'), 'latin1').readInt32LE(),
);

/** @returns where the text begins; −1 for a value that is not normal (0, denormals, infinities) */
export function doubleText(number: number): number {
  value[0] = number;
  const low = halves[0]!;
  const high = halves[1]!;
  const biased = (high >>> 20) & 0x7ff;
  if (biased === 0 || biased === 0x7ff) return -1;
  const fraction = high & 0xfffff;
  let at = DOUBLE_AT;
  const isPowerOfTwo = fraction === 0 && low === 0;
  if (isPowerOfTwo) textEnd = at;
  else {
    const word = DOUBLE_AT >> 2;
    for (let i = 0; i < 5; i += 1) words[word + i] = NIBBLES[(fraction >>> (16 - 4 * i)) & 15]!;
    if (low === 0) textEnd = at + 20 - trailingZeros(fraction);
    else {
      for (let i = 0; i < 8; i += 1) words[word + 5 + i] = NIBBLES[(low >>> (28 - 4 * i)) & 15]!;
      textEnd = at + 52 - trailingZeros(low);
    }
  }
  bytes[--at] = DIGIT_0 + 1;
  if (!isPowerOfTwo) bytes[--at] = DIGIT_0;
  bytes[--at] = COLON;
  const exponent = biased - (isPowerOfTwo ? 1023 : 1022);
  let rest = exponent < 0 ? -exponent : exponent;
  do {
    const tenth = (rest * 6554) >>> 16;
    bytes[--at] = DIGIT_0 + (rest - tenth * 10);
    rest = tenth;
  } while (rest > 0);
  if (exponent < 0) bytes[--at] = MINUS;
  bytes[--at] = high >>> 31 === 0 ? PLUS : MINUS;
  bytes[--at] = TAG_DOUBLE;
  textStart = at;
  return at;
}

/** Of the text that was made last. */
export function doubleTextLength(): number {
  return textEnd - textStart;
}

/** Of a number that is not 0. */
function trailingZeros(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
