import t from 'tap';
import { defaultBodyLimits } from '../body/body-limits.ts';
import { deriveLimits } from '../limits.ts';
import { bothWays } from './json-sealer.fuzz.ts';
import { makeLargeBody } from './large-bodies-fixture.ts';
import { SEALED_TEXT_BYTES_MAX, SEALED_VALUES_MAX, sealedMemoryBytes } from './seal-layout.ts';

const KIB = 1 << 10;

t.test('long bodies are sealed, byte for byte what the tree becomes', async (t) => {
  const sizes = [16, 17, 32, 33, 48, 64, 100, 200, 400, 639, 640, 656, 900].map((kib) => kib * KIB);
  const odd = [16 * KIB - 1, 32 * KIB + 1, SEALED_TEXT_BYTES_MAX - 1, SEALED_TEXT_BYTES_MAX + 1];
  for (const [seed, size] of [...sizes, ...odd].entries()) {
    const body = makeLargeBody(seed, size);
    t.equal(body.length, size);
    const { sealed, ours, reference } = bothWays(body);
    t.ok(sealed, `${size} bytes`);
    t.ok(JSON.stringify(ours) === JSON.stringify(reference), `${size} bytes, the same both ways`);
  }
});

t.test('what only a long body can have', async (t) => {
  const list = (count: number, value: string) => `[${Array.from({ length: count }, () => value).join(',')}]`;
  const cases: [name: string, body: string, sealed: boolean][] = [
    ['a value of more than two megabytes', list(39_000, '"192.168.100"'.replace('100', '100.1')), true],
    ['as many values as are sealed at once', list(SEALED_VALUES_MAX - 1, '7'), true],
    ['one more', list(SEALED_VALUES_MAX, '7'), true],
    ['as many objects', list((SEALED_VALUES_MAX - 1) / 3, '{"a":{"":1}}'), true],
    ['a string as long as is read', `["${'s'.repeat(defaultBodyLimits.stringBytesMax)}"]`, true],
    ['a longer one, which is cut', `["${'s'.repeat(defaultBodyLimits.stringBytesMax + 1)}"]`, false],
    ['a number of many digits', `[0.${'3'.repeat(40_000)}]`, false],
    ['a fault at the end', `${list(39_000, '"plain"').slice(0, -1)},}`, false],
  ];
  for (const [name, body, isSealed] of cases) {
    const { sealed, ours, reference } = bothWays(Buffer.from(body));
    t.equal(sealed, isSealed, name);
    t.ok(JSON.stringify(ours) === JSON.stringify(reference), `${name}: the same both ways`);
  }
});

t.test('the longest body follows the memory there is, and so does its term', async (t) => {
  const sealed = (memoryBytes: number) => deriveLimits({ memoryBytes }).witness.body.sealedBytesMax;
  t.equal(sealed(32e6), 32 * KIB);
  t.equal(sealed(200e6), SEALED_TEXT_BYTES_MAX);
  t.equal(sealed(8e9), SEALED_TEXT_BYTES_MAX);
  t.ok(sealed(100e6) > 200 * KIB && sealed(100e6) < 400 * KIB);
  t.ok(sealedMemoryBytes(32 * KIB) < 2.3e6);
  t.ok(sealedMemoryBytes(SEALED_TEXT_BYTES_MAX) < 11e6);
});
