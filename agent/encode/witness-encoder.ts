/** Witness → protobuf, over the generated encoder. */
import type { Witness } from '../witness/ir.ts';
import { beginWriting, EncodedTooLong, messageEnd, putUnsigned, writtenBytes } from './backward-writer.ts';
import { encodeWitness as writeWitness } from './witness-encoder.generated.ts';

/**
 * A witness in binary.
 *
 * @returns a view that is valid until the next call, or undefined for a witness beyond `ENCODED_BYTES_MAX`, for the
 *   caller to count.
 */
export function encodeWitness(witness: Witness): Buffer | undefined {
  return encode(witness, false) ? writtenBytes() : undefined;
}

/** As {@link encodeWitness}, with its length before it as a varint: the form that witnesses files consist of. */
export function encodeDelimitedWitness(witness: Witness): Buffer | undefined {
  return writeDelimitedWitness(witness) ? writtenBytes() : undefined;
}

/** As {@link encodeDelimitedWitness}; what was written lies in `writtenMemory`. @returns false for a witness beyond the limit */
export function writeDelimitedWitness(witness: Witness): boolean {
  return encode(witness, true);
}

function encode(witness: Witness, delimited: boolean): boolean {
  beginWriting();
  try {
    writeWitness(witness);
    if (delimited) putUnsigned(messageEnd());
  } catch (error) {
    if (error instanceof EncodedTooLong) return false;
    throw error;
  }
  return true;
}
