import t from 'tap';
import { DecoderPool } from './decoder-pool.ts';

t.test('buffers for what decoding can do without', (t) => {
  const pool = new DecoderPool(8 * 1024);
  const first = pool.takeSpare(512)!;
  t.equal(pool.bytesInUse, 512);
  const second = pool.takeSpare(512)!;
  t.not(second, first);
  t.equal(pool.takeSpare(512), null, 'an eighth of the budget');
  pool.giveSpare(first, true);
  t.equal(pool.takeSpare(512), first, 'used again');
  pool.giveSpare(second, false);
  t.equal(pool.bytesInUse, 512);
  t.not(pool.takeSpare(512), second, 'not while it is read');
  t.end();
});
