import { fileURLToPath } from 'node:url';
import t from 'tap';
import { fuzzCaptures } from './mutation.fuzz.ts';
import { findShared } from './oracles.ts';

const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));
const skip = shared === null && 'SKIPPED: no recorded captures; put the corpora in ../shared or name FLOODGATE_SHARED';

t.test('mutated captures: nothing throws, hangs or passes a bound', { skip }, (t) => {
  t.ok(fuzzCaptures(shared!, 20_261, 10_000) >= 10_000);
  t.end();
});
