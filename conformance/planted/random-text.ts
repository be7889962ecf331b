/** Text drawn by chance from a seed, in the alphabets that secrets use. */
import { createRandom } from '../../agent/seeded-random.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = lower.toUpperCase();
const digits = '0123456789';

export interface Draw {
  readonly alnum: (length: number) => string;
  readonly upper: (length: number) => string;
  readonly base32: (length: number) => string;
  readonly lower: (length: number) => string;
  readonly hex: (length: number) => string;
  readonly digits: (length: number) => string;
  /** As people make them: a word and some digits. */
  readonly word: () => string;
  readonly below: (bound: number) => number;
}

export function drawFrom(seed: number): Draw {
  const { below } = createRandom(seed, 'planted');
  const from = (alphabet: string) => (length: number) => {
    let text = '';
    for (let i = 0; i < length; i += 1) text += alphabet[below(alphabet.length)];
    return text;
  };
  const consonant = from('bdfgklmnprstvz');
  const vowel = from('aeiou');
  return {
    below,
    alnum: from(lower + upper + digits),
    upper: from(upper + digits),
    base32: from(`${upper}234567`),
    lower: from(lower),
    hex: from('0123456789abcdef'),
    digits: (length) => from('123456789')(1) + from(digits)(length - 1),
    word: () => `${[1, 2, 3, 4].map(() => consonant(1) + vowel(1)).join('')}${from(digits)(4)}`,
  };
}

/** The digits with Luhn's check digit at the end. */
export function withLuhn(text: string): string {
  let sum = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = Number(text[text.length - 1 - i]) * (i % 2 === 0 ? 2 : 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return `${text}${(10 - (sum % 10)) % 10}`;
}

/** An account number with the check digits of ISO 13616. */
export function iban(country: string, account: string): string {
  const value = [...`${account}${country}00`].map((c) => (/\d/.test(c) ? c : `${c.charCodeAt(0) - 55}`)).join('');
  return `${country}${String(98n - (BigInt(value) % 97n)).padStart(2, '0')}${account}`;
}

export const base64 = (text: string) => Buffer.from(text).toString('base64');
export const base64url = (text: string) => Buffer.from(text).toString('base64url');
