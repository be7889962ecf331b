import t from 'tap';
import { randomWords } from './random-words.ts';

t.test('every word is filled, and not with the same twice', (t) => {
  const [a, b] = [randomWords(16), randomWords(16)];
  t.equal(a.length, 16);
  t.notSame(a, b);
  // One zero among 32 words has a chance of 1 in 10^8; a word that is never filled is one always.
  t.notOk([...a, ...b].includes(0));
  t.end();
});
