/** The call sites that a spike is shared out among, from the profiles of its window. Pure. */
import type { Suspect } from '../../reports/model.ts';
import type { FrameInterval } from '../pass/instruments/instrument.ts';
import type { SpikeGrowth, SpikeSites } from './attribution.ts';
import type { CauseEvidence } from './cause.ts';
import type { ExplainedWindow, WindowPair } from './frame-windows.ts';
import { findSuspects, isNobodysFault } from './suspects.ts';

/** Sites looked at for the shares: of thousands, the last ones together make no thousandth. */
const sitesMax = 500;

/** What was taken before the first frame. */
export function startOf([first]: readonly FrameInterval[]): WindowPair | undefined {
  return first && first.lastFrame === 0 ? { window: first.offHeap, steady: null } : undefined;
}

export function sitesOf(
  allocated: ExplainedWindow | undefined,
  live: ExplainedWindow | undefined,
  start: WindowPair | undefined,
): SpikeSites {
  const sites = (pair: WindowPair | undefined, where: Suspect['where'], type?: string) =>
    pair
      ? findSuspects([{ ...pair, options: { where, isRuntimeFile: isNobodysFault, ...(type && { type }) } }], sitesMax)
      : [];
  return {
    liveHeap: sites(live?.heap, 'heap'),
    liveOffHeap: sites(live?.offHeap, 'off-heap'),
    liveOffHeapCounts: sites(live?.offHeap, 'off-heap', 'inuse_objects'),
    allocatedHeap: sites(allocated?.heap, 'heap'),
    allocatedOffHeap: sites(allocated?.offHeap, 'off-heap'),
    startOffHeap: sites(start, 'off-heap'),
  };
}

/** Of everything that was allocated on the V8 heap. */
export function allocatedSites(heap: WindowPair): Suspect[] {
  return findSuspects([{ ...heap, options: { where: 'heap', isRuntimeFile: isNobodysFault } }], sitesMax);
}

/** By the sites' own bytes. */
export function bytesOf(sites: readonly Suspect[]): number {
  return sites.reduce((sum, site) => sum + site.selfBytes, 0);
}

/** The growth of each kind of memory, for the shares. */
export function growthOf(evidence: CauseEvidence): SpikeGrowth {
  return {
    heightBytes: evidence.heightBytes,
    heapTotalBytes: evidence.heapTotalGrowthBytes,
    externalBytes: evidence.externalGrowthBytes,
    codeBytes: evidence.codeGrowthBytes,
    reassemblyBytes: evidence.reassemblyGrowthBytes,
    map: evidence.map,
  };
}
