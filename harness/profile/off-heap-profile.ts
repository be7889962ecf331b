/** Off-heap allocation sites, as the preload writes them, as a profile. */

import type { OffHeapSite } from '../preload/options.ts';
import { fileOfUrl, type Roots } from './heap-profile.ts';
import { type Profile, ProfileBuilder, ProfileError } from './profile.ts';

/** @throws ProfileError when the text is not what the preload writes. */
export function readOffHeapSites(
  json: string,
  options: {
    /** As the preload was asked: everything, or what was alive. */
    readonly sampleType: 'alloc_space' | 'inuse_space';
    readonly sampleBytes: number;
    readonly root?: Roots;
    readonly timeMs: number;
    readonly durationMs: number;
  },
): Profile {
  const builder = new ProfileBuilder({
    sampleTypes: [
      { type: options.sampleType, unit: 'bytes' },
      { type: options.sampleType === 'alloc_space' ? 'alloc_objects' : 'inuse_objects', unit: 'count' },
    ],
    period: options.sampleBytes,
    timeMs: options.timeMs,
    durationMs: options.durationMs,
  });
  for (const site of parseSites(json)) {
    let node = 0;
    for (const frame of site.frames.toReversed()) {
      const { functionName, url, line, column } = frame;
      node = builder.child(
        node,
        builder.site(functionName || '(anonymous)', fileOfUrl(url, options.root), line, column),
      );
    }
    // Last, what was called there: runtime code, whose bytes count for its caller.
    node = builder.child(node, builder.site(site.operation, '', 0));
    builder.add(node, 0, site.bytes);
    builder.add(node, 1, site.count);
  }
  return builder.finish();
}

function parseSites(json: string): OffHeapSite[] {
  try {
    const sites: unknown = JSON.parse(json);
    if (Array.isArray(sites)) return sites;
  } catch (error) {
    throw new ProfileError('the off-heap sites are not JSON', { cause: error });
  }
  throw new ProfileError('the off-heap sites are not a list');
}
