/** The call sites that a spike is shared out among, from the profiles of its window. Pure. */
import type { Suspect } from '../../reports/model.ts';
import type { FrameInterval } from '../pass/instruments/instrument.ts';
import type { SpikeSites } from './attribution.ts';
import type { ExplainedWindow, WindowPair } from './frame-windows.ts';
import { findSuspects } from './suspects.ts';

/** Sites looked at for the shares: of thousands, the last ones together make no thousandth. */
const sitesMax = 500;

/** The sites of one pair of profiles. */
export function sitesIn(pair: WindowPair | undefined, where: Suspect['where'], type?: string): Suspect[] {
  return pair ? findSuspects([{ ...pair, options: { where, ...(type && { type }) } }], sitesMax) : [];
}

/** What was taken before the first frame. */
export function startOf([first]: readonly FrameInterval[]): WindowPair | undefined {
  return first && first.lastFrame === 0 ? { window: first.offHeap, steady: null } : undefined;
}

export function sitesOf(
  allocated: ExplainedWindow | undefined,
  live: ExplainedWindow | undefined,
  start: WindowPair | undefined,
): SpikeSites {
  return {
    liveHeap: sitesIn(live?.heap, 'heap'),
    liveOffHeap: sitesIn(live?.offHeap, 'off-heap'),
    liveOffHeapCounts: sitesIn(live?.offHeap, 'off-heap', 'inuse_objects'),
    allocatedHeap: sitesIn(allocated?.heap, 'heap'),
    allocatedOffHeap: sitesIn(allocated?.offHeap, 'off-heap'),
    startOffHeap: sitesIn(start, 'off-heap'),
  };
}
