/** Objecthash by reflection: every field is looked up by name, every part becomes bytes of its own, every map is sorted. */
import { digestTextAt, ensure, bytes as scratch, hash as xxh64 } from '../../../agent/digest/digest-memory.ts';
import type { Data, Fields, Witness } from '../../../agent/witness/ir.ts';

/** Where input is laid out, behind the digest and its text. */
const inputStart = 32;

export function dataDigest(data: Data): string {
  reflect(data);
  return digestTextAt(0);
}

export const witnessDigest: (witness: Witness) => string = dataDigest as unknown as (witness: Witness) => string;

export function makeWitnessDigest(witness: Witness): void {
  reflect(witness);
}

export function addKeyed(map: Fields, data: Data): void {
  map.set(dataDigest(data), data);
}

export function rekey(map: Fields): void {
  const values = map.values.splice(0);
  map.clear();
  for (const value of values) addKeyed(map, value);
}

export function keyWitness(witness: Witness): void {
  if (witness.method === null) return;
  rekey(witness.method.args);
  rekey(witness.method.responses);
}

function reflect(value: unknown): Buffer {
  if (Array.isArray(value)) return hashOf('l', value.map(reflect));
  if (value instanceof Map) return reflect(Object.fromEntries(value));
  if (value instanceof Uint8Array) return hashOf('r', [Buffer.from(value)]);
  if (typeof value !== 'object' || value === null) return hashOf(typeof value, [Buffer.from(String(value))]);
  const entries = Object.entries(value)
    .filter(([, field]) => field !== null && field !== undefined)
    .map(([name, field]) => [reflect(name), reflect(field)] as const)
    .sort(([a], [b]) => Buffer.compare(a, b));
  return hashOf('d', entries.flat());
}

function hashOf(kind: string, parts: readonly Buffer[]): Buffer {
  const input = Buffer.concat([Buffer.from(kind), ...parts]);
  ensure(inputStart + input.length);
  scratch.set(input, inputStart);
  xxh64(inputStart, input.length, 0);
  return Buffer.from(scratch.subarray(0, 8));
}
