import { closeSync, openSync, readSync } from 'node:fs';

/** Unpredictable words from the system's source; the runtime's own cryptography takes 9 ms to load and is for where there is none. */
export function randomWords(count: number): Uint32Array {
  const words = new Uint32Array(count);
  let file: number;
  try {
    file = openSync('/dev/urandom', 'r');
  } catch {
    return crypto.getRandomValues(words);
  }
  try {
    // Up to 256 bytes come in one piece (random(4)); a short read would leave zeros, which an attacker can guess.
    if (readSync(file, words) === words.byteLength) return words;
  } finally {
    closeSync(file);
  }
  return crypto.getRandomValues(words);
}
