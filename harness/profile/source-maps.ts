/** Call sites of built code as places in its sources. Pure: the maps are handed in. */
import path from 'node:path';
import { generatedPositionFor, LEAST_UPPER_BOUND, originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { fileOfUrl } from './heap-profile.ts';
import { type Profile, ProfileBuilder } from './profile.ts';

export interface LoadedMap {
  readonly json: string;
  /** Its sources are relative to this, which is relative to what the names of a profile are. */
  readonly folder: string;
}

/** Maps larger than this are left alone: the built file is named instead. */
const MAP_CHARS_MAX = 64 * 1024 * 1024;

/** A source as a map names it: bundlers put a scheme and their own name before the path. */
export function sourceFile(source: string, folder: string): string {
  if (source.startsWith('file://')) return fileOfUrl(source);
  const bundled = /^[a-z][a-z0-9+.-]+:\/\/(?:[^/]*\/)?(.*)$/i.exec(source)?.[1];
  if (bundled !== undefined) return path.posix.normalize(bundled.replace(/\?.*$/, ''));
  return path.posix.isAbsolute(source) ? source : path.posix.normalize(path.posix.join(folder, source));
}

/** One place of built code in its source; undefined where the map does not know it. */
export function sourcePosition(
  map: LoadedMap | null,
  line: number,
  column: number,
): { file: string; line: number; column: number; name: string | null } | undefined {
  const trace = map && traceOf(map);
  const found = trace && line > 0 ? originalPositionFor(trace, { line, column: Math.max(0, column - 1) }) : undefined;
  if (typeof found?.source !== 'string') return undefined;
  return { file: sourceFile(found.source, map!.folder), line: found.line, column: found.column + 1, name: found.name };
}

/** The first line of built code that a line of a source became; undefined where the map does not know it. */
export function generatedLine(map: LoadedMap, file: string, line: number): number | undefined {
  const trace = traceOf(map);
  const source = trace?.resolvedSources.find((each) => sourceFile(each, map.folder) === file);
  if (!trace || source === undefined) return undefined;
  return generatedPositionFor(trace, { source, line, column: 0, bias: LEAST_UPPER_BOUND }).line ?? undefined;
}

/**
 * A profile with its sites moved to their sources, where `loadMap` has a map for a file (null where there is none). A map that does not
 * parse, or does not know a place, leaves the site as it is.
 */
export function applySourceMaps(profile: Profile, loadMap: (file: string) => LoadedMap | null): Profile {
  const maps = new Map<string, { trace: TraceMap; folder: string } | null>();
  const mapOf = (file: string) => {
    let map = maps.get(file);
    if (map === undefined) {
      const loaded = loadMap(file);
      const trace = loaded && traceOf(loaded);
      maps.set(file, (map = trace ? { trace, folder: loaded!.folder } : null));
    }
    return map;
  };
  const { sampleTypes, period, periodType, timeMs, durationMs } = profile;
  const builder = new ProfileBuilder({ sampleTypes, period, periodType, timeMs, durationMs });
  const { functionName, file, line, column } = profile.sites;
  const sites = functionName.map((name, i) => {
    const map = line[i]! > 0 ? mapOf(file[i]!) : null;
    const found = map && originalPositionFor(map.trace, { line: line[i]!, column: Math.max(0, column[i]! - 1) });
    // A segment may name a source that a broken map does not have.
    if (typeof found?.source !== 'string') return builder.site(name, file[i]!, line[i]!, column[i]!);
    return builder.site(found.name ?? name, sourceFile(found.source, map!.folder), found.line, found.column + 1);
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

/** Parsed once, for as long as whoever loaded the map keeps it: a run asks for each of them with every profile. */
const traces = new WeakMap<LoadedMap, TraceMap | null>();

function traceOf(map: LoadedMap): TraceMap | null {
  let trace = traces.get(map);
  if (trace === undefined) traces.set(map, (trace = parseMap(map.json)));
  return trace;
}

function parseMap(json: string): TraceMap | null {
  if (json.length > MAP_CHARS_MAX) return null;
  try {
    return new TraceMap(json);
  } catch {
    return null;
  }
}
