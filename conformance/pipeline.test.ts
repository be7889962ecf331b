import { fileURLToPath } from 'node:url';
import t from 'tap';
import { findShared } from './oracles.ts';
import { fuzzPipeline, noTotals, pipelineCaptures } from './pipeline.fuzz.ts';

const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));
const skip = shared === null && 'SKIPPED: no recorded captures; put the corpora in ../shared or name FLOODGATE_SHARED';

t.test('hostile captures through every stage into every output: conversations made from a seed', async (t) => {
  const totals = noTotals();
  for (let seed = 1; seed <= 30; seed++) await fuzzPipeline(seed, [], totals);
  t.ok(totals.entries > 300 && totals.lines > 300 && totals.witnesses > 300, JSON.stringify(totals));
});

t.test('… and recorded ones', { skip }, async (t) => {
  const totals = noTotals();
  for (let seed = 1; seed <= 30; seed++) await fuzzPipeline(seed, pipelineCaptures(shared), totals);
  t.ok(totals.frames > 3000, JSON.stringify(totals));
});
