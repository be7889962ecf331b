/** Takes what the instruments themselves allocate inside a target out of its profile. */

import { preloadFolderName } from '../preload/options.ts';
import { type Profile, ProfileBuilder } from './profile.ts';

/** The preload's modules, in the repository, where it was built, and as copied beside a target. */
const ownFile = new RegExp(`(^|/)(harness/preload|${preloadFolderName})/[\\w-]+\\.(ts|js|mjs)$`);
/** The agent's readings of its own memory: whoever asks how much there is makes none of it. */
const gaugesFile = /(^|\/)agent\/governor\/process-memory\.(ts|js)$/;
/** Through the wrappers in these modules the target's own calls go, and those of its servers: what they reach is the target's. */
const wrappersFile = /(?:(?:off-heap|compressor|wasm)-sites|server-refusals|interim-answers|upgrade-answers)\.\w+$/;
/** Below these functions of it nothing is. */
const ownFunctions = new Set([
  'record',
  'recordAt',
  'take',
  'installOffHeapSites',
  'measure',
  'takeExports',
  'callStack',
  'watch',
  'watchUpgrade',
  'watchFirstAnswer',
  'beginning',
  'writtenBy',
]);

/**
 * The same profile without the call sites of the preload: what they allocate is left out, and what the target allocates
 * through a wrapper of theirs stays, as if it had been called directly.
 */
export function withoutInstruments(profile: Profile): Profile {
  const { functionName, file, line, column } = profile.sites;
  const isOwn = file.map((name) => ownFile.test(name) || gaugesFile.test(name));
  if (!isOwn.includes(true)) return profile;
  const endsHere = file.map((name, i) => isOwn[i]! && (!wrappersFile.test(name) || ownFunctions.has(functionName[i]!)));
  const { sampleTypes, period, periodType, timeMs, durationMs } = profile;
  const builder = new ProfileBuilder({ sampleTypes, period, periodType, timeMs, durationMs });
  const nodes = new Int32Array(profile.parent.length);
  for (let node = 1; node < nodes.length; node += 1) {
    const above = nodes[profile.parent[node]!]!;
    const site = profile.site[node]!;
    if (above < 0 || endsHere[site]) {
      nodes[node] = -1;
      continue;
    }
    if (isOwn[site]) {
      nodes[node] = above;
      continue;
    }
    const kept = builder.child(above, builder.site(functionName[site]!, file[site]!, line[site]!, column[site]!));
    nodes[node] = kept;
    profile.self.forEach((column, type) => void (column[node] !== 0 && builder.add(kept, type, column[node]!)));
  }
  return builder.finish();
}
