/**
 * Names of JSON members: their digests and what they say of their values, remembered by their bytes. Direct-mapped, so
 * that nothing grows; names come back with every body.
 */
import { view as digestView, hashText } from '../digest/digest-memory.ts';
import { isSecretName } from '../witness/secret-names.ts';
import { redactText } from '../witness/secret-scanner.ts';
import { bytes, textAt } from './seal-memory.ts';

/** What a name says. */
export const KeyIs = {
  /** Its value must not be told. */
  SECRET: 1,
  /** It holds a secret itself, or is longer than names are kept. */
  UNFIT: 2,
  /** `value`, and the names that say of which thing it is the value. */
  VALUE: 4,
  NAMING: 8,
} as const;

const SLOTS = 2048;
/** Longer names are looked at anew each time. */
const NAME_BYTES_MAX = 48;
/** As `agent/witness/body-builder.ts` keeps them. */
const NAME_CHARACTERS_MAX = 256;
const NAMING: ReadonlySet<string> = new Set(['name', 'key', 'field', 'id']);

const lengths = new Int32Array(SLOTS).fill(-1);
const kept = new Uint8Array(SLOTS * NAME_BYTES_MAX);
const digestHigh = new Int32Array(SLOTS + 1);
const digestLow = new Int32Array(SLOTS + 1);
const flags = new Uint8Array(SLOTS + 1);

/** Digest and flags of the slot that `findKey` gave. */
export const keyDigestHigh = digestHigh;
export const keyDigestLow = digestLow;
export const keyFlags = flags;

/** One round of the names' hash, to be done for each byte from 0. */
export const keyHash = (hash: number, byte: number): number => (Math.imul(hash, 31) + byte) | 0;

/** For each slot, and behind them for the start of the objects under each slot's name: the slot that came next last time. */
const followers = new Int16Array(2 * (SLOTS + 1)).fill(-1);
/** Where the names of an object under this slot's name begin. */
export const firstUnder = (slot: number): number => SLOTS + 1 + slot;

/**
 * Objects repeat their names in their order: the one that followed last time is tried first.
 * @param previous slot of the name before, or `firstUnder`
 * @returns its slot where it is the name at `start`, which a quote ends; −1 otherwise
 */
export function expectedKey(previous: number, start: number): number {
  const slot = followers[previous]!;
  if (slot < 0) return -1;
  const length = lengths[slot]!;
  const from = slot * NAME_BYTES_MAX;
  for (let i = 0; i < length; i += 1) if (kept[from + i] !== bytes[start + i]) return -1;
  return bytes[start + length] === 0x22 ? slot : -1;
}

export const keyLengths = lengths;

/** What came this time. */
export function follow(previous: number, slot: number): void {
  if (slot < SLOTS) followers[previous] = slot;
}

/** The slot of the name in `bytes[start, end)`, valid until the next call. */
export function findKey(hash: number, start: number, end: number): number {
  const length = end - start;
  if (length > NAME_BYTES_MAX) return learn(SLOTS, start, end);
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1);
  if (lengths[slot] === length) {
    let at = 0;
    const from = slot * NAME_BYTES_MAX;
    while (at < length && kept[from + at] === bytes[start + at]) at += 1;
    if (at === length) return slot;
  }
  lengths[slot] = length;
  kept.set(bytes.subarray(start, end), slot * NAME_BYTES_MAX);
  return learn(slot, start, end);
}

function learn(slot: number, start: number, end: number): number {
  const name = textAt(start, end);
  hashText(name, 0, 24);
  digestHigh[slot] = digestView.getInt32(0);
  digestLow[slot] = digestView.getInt32(4);
  flags[slot] =
    (isSecretName(name) ? KeyIs.SECRET : 0) |
    (name.length > NAME_CHARACTERS_MAX || redactText(name) !== name ? KeyIs.UNFIT : 0) |
    (name === 'value' ? KeyIs.VALUE : 0) |
    (NAMING.has(name) ? KeyIs.NAMING : 0);
  return slot;
}
