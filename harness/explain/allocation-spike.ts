/**
 * Where a limit on allocation is broken, resident memory may be flat: collections keep up, at the price of time. What is
 * to be explained then is what was allocated while the traffic flowed. Pure.
 */
import type { SpikeShape } from './spikes.ts';

/** @param allocatedBytes ever allocated on the heap, by time; null where that is not known. */
export function allocationSpike(
  tMs: readonly number[],
  allocatedBytes: readonly (number | null)[],
  startMs: number,
  endMs: number,
): SpikeShape | null {
  let before: number | null = null;
  let after: number | null = null;
  for (const [i, value] of allocatedBytes.entries()) {
    if (value === null) continue;
    if (before === null || tMs[i]! <= startMs) before = value;
    after = value;
  }
  if (before === null || after === null || after <= before) return null;
  return {
    line: 'allocated',
    startMs,
    topMs: endMs,
    endMs,
    baselineBytes: before,
    topBytes: after,
    heightBytes: after - before,
    recoveryMs: null,
    shape: 'spike',
  };
}
