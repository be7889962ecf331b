import t from 'tap';
import { decodePercent, FormReader } from './form-reader.ts';

function read(text: string, step: number, limits = { pairBytesMax: 32, pairsMax: 4 }) {
  const pairs: [string, string, boolean][] = [];
  const reader = new FormReader(limits, { pair: (name, value, cut) => void pairs.push([name, value, cut]) });
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes, at, Math.min(bytes.length, at + step));
  reader.finish();
  return { pairs, count: reader.pairs };
}

t.test('pairs, in pieces of every size', async (t) => {
  for (const step of [1, 2, 5, 100]) {
    const { pairs } = read('a=1&&b=x+y%20z&%C3%A4=%e2%82%ac&flag', step);
    t.same(pairs, [
      ['a', '1', false],
      ['b', 'x y z', false],
      ['ä', '€', false],
      ['flag', '', false],
    ]);
  }
});

t.test('limits: a long pair is cut, further pairs are counted', async (t) => {
  const { pairs, count } = read(`long=${'x'.repeat(100)}&2=2&3=3&4=4&5=5&6=6`, 7);
  t.same(pairs[0], ['long', 'x'.repeat(27), true]);
  t.equal(pairs.length, 4);
  t.equal(count, 6);
});

t.test('percent-decoding never throws', async (t) => {
  t.equal(decodePercent('100%'), '100%');
  t.equal(decodePercent('%zz%4'), '%zz%4');
  t.equal(decodePercent('%ff'), '\ufffd');
  t.equal(decodePercent('a%00b'), 'a\u0000b');
  t.equal(decodePercent('\xc3\xa4'), 'ä');
});
