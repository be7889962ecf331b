/** Call sites of built code as places in its sources. Pure: the maps are handed in. */
import path from 'node:path';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { type Profile, ProfileBuilder } from './profile.ts';

/** Maps larger than this are left alone: the built file is named instead. */
const MAP_CHARS_MAX = 64 * 1024 * 1024;

/**
 * A profile with its sites moved to their sources, where `loadMap` has a map for a file (as JSON text; null where there
 * is none). A map that does not parse, or does not know a place, leaves the site as it is.
 */
export function applySourceMaps(profile: Profile, loadMap: (file: string) => string | null): Profile {
  const maps = new Map<string, TraceMap | null>();
  const mapOf = (file: string) => {
    let map = maps.get(file);
    if (map === undefined) maps.set(file, (map = parseMap(loadMap(file))));
    return map;
  };
  const { sampleTypes, period, periodType, timeMs, durationMs } = profile;
  const builder = new ProfileBuilder({ sampleTypes, period, periodType, timeMs, durationMs });
  const { functionName, file, line, column } = profile.sites;
  const sites = functionName.map((name, i) => {
    const map = line[i]! > 0 ? mapOf(file[i]!) : null;
    const found = map && originalPositionFor(map, { line: line[i]!, column: Math.max(0, column[i]! - 1) });
    // A segment may name a source that a broken map does not have.
    if (typeof found?.source !== 'string') return builder.site(name, file[i]!, line[i]!, column[i]!);
    const source = path.posix.normalize(path.posix.join(path.posix.dirname(file[i]!), found.source));
    return builder.site(found.name ?? name, source, found.line, found.column + 1);
  });
  const nodes = new Int32Array(profile.parent.length);
  for (let node = 1; node < nodes.length; node += 1) {
    nodes[node] = builder.child(nodes[profile.parent[node]!]!, sites[profile.site[node]!]!);
  }
  profile.self.forEach((values, type) => {
    values.forEach((value, node) => void (value !== 0 && builder.add(nodes[node]!, type, value)));
  });
  return builder.finish();
}

function parseMap(json: string | null): TraceMap | null {
  if (json === null || json.length > MAP_CHARS_MAX) return null;
  try {
    return new TraceMap(json);
  } catch {
    return null;
  }
}
