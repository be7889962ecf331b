/** The real digests; the keys of a witness are fingerprinted besides. */
import { createHash } from 'node:crypto';
import { keyWitness as keyByDigests } from '../../../agent/digest/digest.ts';
import type { Witness } from '../../../agent/witness/ir.ts';

export * from '../../../agent/digest/digest.ts';

const rounds = 64;
let last = '';

export function keyWitness(witness: Witness): void {
  keyByDigests(witness);
  const { method } = witness;
  if (method === null) return;
  for (const key of method.args.keys) last = fingerprintOf(key);
  for (const key of method.responses.keys) last = fingerprintOf(key);
}

function fingerprintOf(key: string): string {
  let fingerprint = key;
  for (let round = 0; round < rounds; round += 1) {
    fingerprint = createHash('sha256').update(`${last.length}${fingerprint}`).digest('hex');
  }
  return fingerprint;
}
