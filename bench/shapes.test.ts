/** The short form of `bench/shapes.bench.ts`: every body of every shape is whole, whatever its size and connection. */
import { existsSync } from 'node:fs';
import t from 'tap';
import { jsonOf, shapeFigures, slopeOf } from './shapes-fixture.ts';

const skip = existsSync('/usr/bin/time') ? false : 'SKIPPED: no GNU time to measure with';

t.test('JSON of exactly so many bytes', async (t) => {
  for (const length of [1, 2, 31, 32, 100, 4096, 700_001]) {
    const bytes = jsonOf(length);
    t.equal(bytes.length, length);
    t.doesNotThrow(() => JSON.parse(bytes.toString()), `${length} bytes`);
  }
});

t.test('the slope of a line, and of one with noise', async (t) => {
  const line = Array.from({ length: 50 }, (_, i) => ({ exchanges: i * 100, bytes: 5000 + i * 200 }));
  t.equal(Number(slopeOf(line).slope.toFixed(6)), 2);
  const { slope, upper } = slopeOf(line.map(({ exchanges, bytes }, i) => ({ exchanges, bytes: bytes + (i % 2) * 50 })));
  t.ok(Math.abs(slope - 2) < 0.02 && upper > slope && upper < 2.05, `${slope}, at most ${upper}`);
});

for (const shape of [
  { connections: 300, exchanges: 600, bodyBytes: 100 },
  { connections: 3, exchanges: 12, bodyBytes: 400_000 },
]) {
  t.test(`${shape.exchanges} bodies of ${shape.bodyBytes} bytes`, { skip }, async (t) => {
    const { exitCode, counters, cpuSeconds, peakBytes, resident } = await shapeFigures(shape);
    t.equal(exitCode, 0);
    t.equal(counters['witness.bodiesWhole'], shape.exchanges);
    t.equal(counters['witness.exchangesWhole'], shape.exchanges);
    t.ok(cpuSeconds > 0 && peakBytes > 10e6 && resident.length > 0, 'it was measured');
  });
}
