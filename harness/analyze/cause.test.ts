import t from 'tap';
import { type CauseEvidence, classifyCause } from './cause.ts';

const nothing: CauseEvidence = {
  heightBytes: 100e6,
  heapUsedGrowthBytes: 0,
  heapTotalGrowthBytes: 0,
  externalGrowthBytes: 0,
  liveGrowthBytes: 0,
  codeGrowthBytes: null,
  reassemblyGrowthBytes: null,
  isLeak: false,
};

t.test('the part that grew most names the cause', async (t) => {
  const cases: [Partial<CauseEvidence>, string][] = [
    [{ externalGrowthBytes: 90e6, reassemblyGrowthBytes: 85e6 }, 'reassembly'],
    [{ externalGrowthBytes: 90e6 }, 'off-heap'],
    [{ heapUsedGrowthBytes: 80e6, heapTotalGrowthBytes: 90e6, liveGrowthBytes: 75e6 }, 'live-growth'],
    [{ heapUsedGrowthBytes: 80e6, heapTotalGrowthBytes: 90e6, liveGrowthBytes: 2e6 }, 'garbage'],
    [{ heapTotalGrowthBytes: 5e6 }, 'fragmentation'],
    [{ heapTotalGrowthBytes: 60e6, codeGrowthBytes: 55e6 }, 'code'],
    [{ externalGrowthBytes: 90e6, isLeak: true }, 'leak'],
    [{}, 'unknown'],
  ];
  for (const [evidence, cause] of cases) t.equal(classifyCause({ ...nothing, ...evidence }).cause, cause, cause);
});

t.test('the sentence has the figures', async (t) => {
  const { detail, explainedShare } = classifyCause({
    ...nothing,
    externalGrowthBytes: 81e6,
    heapTotalGrowthBytes: 12e6,
  });
  t.match(detail, /81 % off-heap.*12 % in heap pages for garbage/);
  t.ok(Math.abs(explainedShare - 0.93) < 1e-9);
});
