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
  map: null,
  leakBytes: 0,
};

/** Of a C program: what its runtime would account for nobody knows. */
const native = {
  heapBytes: 0,
  codeBytes: 0,
  allocatorBytes: 60e6,
  blockBytes: 30e6,
  stackBytes: 0,
  imageBytes: 0,
};

t.test('the part that grew most names the cause', async (t) => {
  const cases: [Partial<CauseEvidence>, string][] = [
    [{ externalGrowthBytes: 90e6, reassemblyGrowthBytes: 85e6 }, 'reassembly'],
    [{ externalGrowthBytes: 90e6 }, 'off-heap'],
    [{ heapUsedGrowthBytes: 80e6, heapTotalGrowthBytes: 90e6, liveGrowthBytes: 75e6 }, 'live-growth'],
    [{ heapUsedGrowthBytes: 80e6, heapTotalGrowthBytes: 90e6, liveGrowthBytes: 2e6 }, 'garbage'],
    [{ heapTotalGrowthBytes: 5e6 }, 'fragmentation'],
    [{ heapTotalGrowthBytes: 60e6, codeGrowthBytes: 55e6 }, 'code'],
    [{ externalGrowthBytes: 90e6, leakBytes: 20e6 }, 'leak'],
    // Much garbage beside it: what broke a limit on growth is named all the same.
    [{ heapTotalGrowthBytes: 90e6, liveGrowthBytes: 5e6, leakBytes: 5e6 }, 'garbage'],
    [{ heapTotalGrowthBytes: 90e6, liveGrowthBytes: 5e6, leakBytes: 5e6, isGrowthAsked: true }, 'leak'],
    [{ heapTotalGrowthBytes: 90e6, isGrowthAsked: true }, 'garbage'],
    // The target's own count knows what it is that stays.
    [{ externalGrowthBytes: 90e6, reassemblyGrowthBytes: 85e6, leakBytes: 80e6 }, 'reassembly'],
    [{ externalGrowthBytes: 90e6, reassemblyGrowthBytes: 20e6, leakBytes: 70e6 }, 'leak'],
    [{ native }, 'off-heap'],
    [{}, 'unknown'],
  ];
  for (const [evidence, cause] of cases) t.equal(classifyCause({ ...nothing, ...evidence }).cause, cause, cause);
});

t.test('pages distinguish malloc’s arenas from tables that were only written to', async (t) => {
  const map = { heapBytes: 0, codeBytes: 0, allocatorBytes: 0, blockBytes: 0, stackBytes: 0, imageBytes: 0 };
  const cases: [Partial<CauseEvidence>, string, RegExp][] = [
    [{ map: { ...map, allocatorBytes: 80e6, blockBytes: 10e6 } }, 'fragmentation', /80 % in the C allocator/],
    [{ map: { ...map, blockBytes: 90e6 } }, 'off-heap', /90 % in tables and pools taken before/],
    [{ externalGrowthBytes: 85e6, map: { ...map, blockBytes: 90e6 } }, 'off-heap', /85 % off-heap \(buffers/],
    [{ externalGrowthBytes: 500e6, map: { ...map, blockBytes: 90e6 } }, 'off-heap', /90 % off-heap \(buffers/],
    [{ heapTotalGrowthBytes: 99e6, liveGrowthBytes: 5e6, map: { ...map, heapBytes: 60e6 } }, 'garbage', /55 % in heap/],
    [{ map: { ...map, imageBytes: 90e6 } }, 'unknown', /90 % in stacks and libraries/],
  ];
  for (const [evidence, cause, words] of cases) {
    const found = classifyCause({ ...nothing, ...evidence });
    t.equal(found.cause, cause);
    t.match(found.detail, words);
  }
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

t.test('shares of one growth add up to no more than all of it', async (t) => {
  const { detail, explainedShare } = classifyCause({
    ...nothing,
    reassemblyGrowthBytes: 93e6,
    heapUsedGrowthBytes: 100e6,
    heapTotalGrowthBytes: 100e6,
    liveGrowthBytes: 100e6,
  });
  const shares = [...detail.matchAll(/(\d+) %/g)].map((match) => Number(match[1]));
  t.ok(shares.length === 2 && shares[0]! + shares[1]! <= 101, detail);
  t.ok(explainedShare > 0.999 && explainedShare <= 1);
});
