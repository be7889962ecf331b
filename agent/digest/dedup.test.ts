import t from 'tap';
import { httpWitness, stringData } from '../witness/ir.ts';
import { DigestMemory } from './dedup.ts';
import { keyWitness, witnessDigest } from './digest.ts';

t.test('at least the last so many, at most twice as many: against a list', (t) => {
  const memory = new DigestMemory(64);
  /** Different digests in the order of their last sight. */
  const order: number[] = [];
  let seed = 7;
  let wrong = 0;
  for (let i = 0; i < 20_000; i += 1) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    // Half of all from a few hot ones, with crowded slots (same low bits).
    const digest = (seed >>> 16) % (i % 2 === 0 ? 20 : 4000);
    const at = order.lastIndexOf(digest);
    const age = at < 0 ? Number.POSITIVE_INFINITY : order.length - 1 - at;
    const seen = memory.seen(digest, (digest % 8) * 128 + 1);
    if (age < 64 && !seen) wrong += 1;
    if (age === Number.POSITIVE_INFINITY && seen) wrong += 1;
    if (at >= 0) order.splice(at, 1);
    order.push(digest);
    if (memory.size > 128) wrong += 1;
  }
  t.equal(wrong, 0);
  t.ok(memory.turns > 50, 'generations were forgotten');
  t.end();
});

t.test('a bound that holds under a flood of different digests', (t) => {
  const memory = new DigestMemory(1024);
  for (let i = 1; i < 100_000; i += 1) memory.seen(Math.imul(i, 2654435761) >>> 0, i);
  t.ok(memory.size <= 2048);
  t.equal(memory.seen(Math.imul(99_999, 2654435761) >>> 0, 99_999), true, 'the last one is known');
  t.equal(memory.seen(Math.imul(1, 2654435761) >>> 0, 1), false, 'the first one is forgotten');
  t.equal(memory.seen(0, 0), false);
  t.equal(memory.seen(0, 0), false, 'the digest 0 is never known');
  t.throws(() => new DigestMemory(100), /power of two/);
  t.end();
});

t.test('witnesses: the digest that was made last', (t) => {
  const memory = new DigestMemory(16);
  const seen = (value: string): boolean => {
    const witness = httpWitness('GET', 'example.org', '/');
    witness.method!.args.append('0', stringData(value));
    keyWitness(witness);
    witnessDigest(witness);
    return memory.seenLast();
  };
  t.strictSame(['a', 'b', 'a', 'b', 'c'].map(seen), [false, false, true, true, false]);
  t.end();
});
