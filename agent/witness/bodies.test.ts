import t from 'tap';
import { faultOf, fuzzBodies, samples } from './bodies.fuzz.ts';

t.test('a body cut short anywhere ends, and is the same in one piece and in bytes', async (t) => {
  for (const { name, type, body } of samples) {
    // Every length of what is short; of what is long its beginning, its end and places between.
    const step = Math.max(1, Math.floor(body.length / 300));
    for (let length = 0; length <= body.length; length += length < 100 || length > body.length - 20 ? 1 : step) {
      const cuts = Array.from({ length: Math.min(Math.max(length - 1, 0), 200) }, (_, i) => i + 1);
      const fault = faultOf({ type, encoding: '', body: body.subarray(0, length), complete: length % 3 !== 0, cuts });
      if (fault !== null) t.fail(`${name}, ${length} of ${body.length} bytes: ${fault}`);
    }
    t.pass(name);
  }
});

t.test('bodies damaged in every way take bounded time and memory, however they are cut', async (t) => {
  const { cases, faults } = await fuzzBodies(20_261_123, 1500, 8);
  t.same(faults, []);
  t.ok(cases > 100, `${cases} bodies`);
});
