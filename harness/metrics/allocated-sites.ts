/** Everything a run allocated while traffic flowed, by call site: what limits on a part of the program are read from. Pure. */
import type { Suspect } from '../../reports/model.ts';
import { findSuspects } from '../explain/suspects.ts';
import { mergeProfiles, together } from '../profile/arithmetic.ts';
import type { Profile } from '../profile/profile.ts';
import { notMeasured, type Reading, value } from './reading.ts';
import { sitePattern } from './site-pattern.ts';

export type SiteBytes = Pick<Suspect, 'file' | 'functionName' | 'selfBytes'>;
export type AllocatedSite = SiteBytes & Pick<Suspect, 'line' | 'where' | 'errorShare'>;

/** Profiles of one interval of the pass that samples allocations, with the frames that were sent in it. */
export interface AllocationInterval {
  readonly heap: Profile;
  readonly offHeap: Profile;
  readonly firstFrame: number;
  readonly lastFrame: number;
}

/** Undefined where no interval had traffic in it, or nothing was allocated in any. */
export function sitesOf(intervals: readonly AllocationInterval[]): readonly AllocatedSite[] | undefined {
  const [first, ...rest] = intervals.filter(hasTraffic);
  if (!first) return undefined;
  const source = (where: Suspect['where'], of: (interval: AllocationInterval) => Profile) => ({
    window: mergeProfiles([of(first), ...rest.map(of)]),
    steady: null,
    options: { where },
  });
  const sources = [source('heap', ({ heap }) => heap), source('off-heap', ({ offHeap }) => offHeap)];
  const sites = findSuspects(sources, Number.POSITIVE_INFINITY);
  return sites.length > 0 ? sites : undefined;
}

/** The same as stacks, on the heap and off it; undefined where no interval had traffic in it. */
export function stacksOf(intervals: readonly AllocationInterval[]): Profile | undefined {
  const [first, ...rest] = intervals.filter(hasTraffic).map(({ heap, offHeap }) => together(heap, offHeap));
  return first && mergeProfiles([first, ...rest]);
}

const hasTraffic = ({ firstFrame, lastFrame }: AllocationInterval) => lastFrame > firstFrame;

/** What is kept of them: functions of one name in one file are one place, as no pattern names one without the other. */
export function placesOf(sites: readonly SiteBytes[]): SiteBytes[] {
  const places = new Map<string, SiteBytes>();
  for (const { file, functionName, selfBytes } of sites) {
    const key = JSON.stringify([file, functionName]);
    places.set(key, { file, functionName, selfBytes: selfBytes + (places.get(key)?.selfBytes ?? 0) });
  }
  return [...places.values()];
}

/**
 * Bytes of the sites that match, or their share of all. A pattern that none matches is not zero: it is unknown whether it
 * names code that allocated nothing, or code that is not there.
 */
export function readSites(sites: readonly SiteBytes[] | undefined, kind: 'share' | 'bytes', pattern: string): Reading {
  if (!sites) return notMeasured('no call sites are known: it takes a Node.js program, or a Go program with --pprof');
  const matches = sitePattern(pattern);
  let inside = 0;
  let all = 0;
  let isMatched = false;
  for (const { file, functionName, selfBytes } of sites) {
    all += selfBytes;
    if (!matches(file, functionName)) continue;
    inside += selfBytes;
    isMatched = true;
  }
  if (!isMatched)
    return notMeasured('no call site that allocated matches it: floodgate profile RUN lists those that did');
  return value(kind === 'bytes' ? inside : inside / all);
}
