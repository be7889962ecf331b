/** Digests of witnesses and values as text, and the maps that are keyed by them. Shape of the hash: objecthash over XXH64. */
import { type Data, DataKind, type Fields, type Witness } from '../witness/ir.ts';
import type { Sealed } from '../witness/sealed.ts';
import { digestText, digestTextAt, releaseDigestMemory } from './digest-memory.ts';
import { digestData, digestWitness } from './witness-digest.generated.ts';

/** The digest lies at 0, its text behind it, what is hashed behind both. */
const SCRATCH = 24;

/** Base64url with padding, 12 characters. The tree's depth must be bounded (`DEPTH_MAX`), as builders see to. */
export function dataDigest(data: Data): string {
  if (data.kind === DataKind.SEALED) {
    const sealed = data.value as Sealed;
    if (sealed.text === '') sealed.text = digestText(sealed.digestHigh, sealed.digestLow);
    return sealed.text;
  }
  digestData(data, 0, SCRATCH);
  return digestTextAt(0);
}

/** As {@link dataDigest}; gives the scratch memory of an unusually large witness back. */
export function witnessDigest(witness: Witness): string {
  makeWitnessDigest(witness);
  return digestTextAt(0);
}

/** As {@link witnessDigest}, for who needs no text of it: it lies at the beginning of the scratch memory. */
export function makeWitnessDigest(witness: Witness): void {
  digestWitness(witness, 0, SCRATCH);
  releaseDigestMemory();
}

/**
 * Adds a value to `args`, `responses` or `OneOf.options` under its digest; an equal one is kept once.
 * The value must not change afterwards: obfuscate before, or call {@link rekey} after.
 */
export function addKeyed(map: Fields, data: Data): void {
  map.set(dataDigest(data), data);
}

/** The map anew under the digests of its values, after these were changed; values that became equal are kept once. */
export function rekey(map: Fields): void {
  map.rename(dataDigest);
  map.keyed = true;
}

/** Puts all arguments and responses of a witness under their digests: call when its values are final. */
export function keyWitness(witness: Witness): void {
  const { method } = witness;
  if (method === null) return;
  rekey(method.args);
  rekey(method.responses);
}
