/**
 * Readings of how well the witnesses in the collector's store stand for what was sent, endpoint by endpoint: by the sender's
 * counts, and by the weights of the rows. Pure.
 */
import { estimateCount } from '../../agent/overload/estimate.ts';
import type { RunFigures } from './measured-run.ts';
import { notMeasured, type Reading, value } from './reading.ts';

interface Compared {
  readonly all: number;
  readonly missing: number;
  /** True counts within their interval. */
  readonly held: number;
}

function compare({ measure: { sending, companion } }: RunFigures): Compared | string {
  const endpoints = sending?.truth?.endpoints;
  if (endpoints === undefined) return 'this traffic does not say how often each of its endpoints comes';
  if (companion?.endpoints === undefined) return 'nothing was uploaded: the agent ended after an earlier stage';
  const { leastShare, sums } = companion.endpoints;
  const seen = { all: 0, missing: 0, held: 0 };
  for (const [name, count] of Object.entries(endpoints)) {
    if (count === 0) continue;
    seen.all += 1;
    const stored = sums[name];
    if (stored === undefined) seen.missing += 1;
    const { least, most } = estimateCount(stored ?? nothing, 1 / leastShare);
    if (least <= count && count <= most) seen.held += 1;
  }
  return seen;
}

const nothing = { certain: 0, weight: 0, weightSquares: 0, weightMax: 1 };

export function missing(run: RunFigures): Reading {
  const compared = compare(run);
  return typeof compared === 'string' ? notMeasured(compared) : value(compared.missing);
}

export function held(run: RunFigures): Reading {
  const compared = compare(run);
  if (typeof compared === 'string') return notMeasured(compared);
  return compared.all === 0 ? notMeasured('no exchange was sent') : value(compared.held / compared.all);
}
