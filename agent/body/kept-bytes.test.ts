import t from 'tap';
import { DecoderPool } from '../coding/decoder-pool.ts';
import { defaultBodyLimits } from './body-limits.ts';
import { BodyReader } from './body-reader.ts';
import { noCodings } from './codings.ts';
import { BodyBuffers } from './json-document.ts';
import { KeptBytes } from './kept-bytes.ts';

t.test('kept up to its limit and its budget, whatever the pieces', (t) => {
  const buffers = new BodyBuffers(3000);
  const kept = new KeptBytes(1000, buffers);
  const bytes = Uint8Array.from({ length: 1200 }, (_, index) => index);
  for (let at = 0; at < 1000; at += 1) t.ok(kept.append(bytes, at, at + 1) || t.fail(`${at}`));
  t.notOk(kept.append(bytes, 1000, 1001));
  t.same(kept.view(), bytes.subarray(0, 1000));
  t.equal(buffers.bytesInUse, 1000);
  const other = new KeptBytes(5000, buffers);
  t.ok(other.append(bytes, 0, 1200));
  t.notOk(other.append(bytes, 0, 1200), 'the budget is spent');
  t.same(other.view(), bytes, 'what was kept stays');
  kept.release();
  t.ok(other.append(bytes, 0, 1200), 'and there is room again');
  other.release();
  t.equal(buffers.bytesInUse, 0);
  t.end();
});

t.test('idle buffers are a part of the budget: they make room', (t) => {
  const buffers = new BodyBuffers(64 << 10);
  const taken = [buffers.take(2)!, buffers.take(1)!, buffers.take(0)!];
  for (const buffer of taken) buffers.give(buffer);
  t.equal(buffers.take(0), taken[2], 'used again');
  t.ok(buffers.hold((64 << 10) - 2048));
  t.notOk(buffers.hold(1));
  buffers.letGo((64 << 10) - 2048);
  t.not(buffers.take(2), taken[0], 'the idle one went');
  t.end();
});

t.test('whatever a body is and wherever it ends, what it held comes back', (t) => {
  const part = '--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: application/json\r\n\r\n["long';
  const cases: [type: string, body: string][] = [
    ['application/json', `["${'s'.repeat(50_000)}`],
    ['application/json', `[${'1'.repeat(40_000)}`],
    ['application/x-yaml', `a: [1, 2\n${'b: c\n'.repeat(3000)}`],
    ['text/plain', 'text '.repeat(3000)],
    ['application/octet-stream', '\u0001\u0002'.repeat(3000)],
    ['application/x-www-form-urlencoded', `a=${'x'.repeat(9000)}&b=c`],
    ['multipart/form-data; boundary=b', part],
    ['multipart/form-data', part],
    ['multipart/mixed; boundary=b', `--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\ntext`],
  ];
  const ignore = () => {};
  const handler = new Proxy({}, { get: () => ignore }) as ConstructorParameters<typeof BodyReader>[2];
  for (const budget of [1 << 20, 5000, 0]) {
    const means = { decoders: new DecoderPool(0), buffers: new BodyBuffers(budget) };
    for (const [type, body] of cases) {
      const reader = new BodyReader(defaultBodyLimits, means, handler, type, noCodings);
      const bytes = Buffer.from(body, 'latin1');
      for (let at = 0; at < bytes.length; at += 100) reader.push(bytes, at, Math.min(at + 100, bytes.length));
      t.ok(means.buffers.bytesInUse <= budget);
      reader.finish(false);
      t.equal(means.buffers.bytesInUse, 0, `${type}, ${budget}`);
    }
  }
  t.end();
});
