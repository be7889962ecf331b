/**
 * Who keeps what stays in a Go program: no snapshot says it, but its profile of live memory says which function a map or a slice grew
 * in, by the runtime's own functions below it. Pure.
 */
import type { Keeper } from '../../reports/model.ts';
import { type Profile, sampleTypeIndex, sumOf } from '../profile/profile.ts';
import { isNobodysFault } from './suspects.ts';

/** What the compiler calls to put into a map, by Go's two implementations of maps (before and from 1.24 on), and to append to a slice. */
const growers: readonly { readonly pattern: RegExp; readonly kind: string }[] = [
  { pattern: /^(runtime\.(mapassign|hashGrow|growWork|makeBucketArray)|internal\/runtime\/maps\.)/, kind: 'map' },
  { pattern: /^runtime\.growslice/, kind: 'slice' },
];
/** A container itself is small beside what it holds; less than this is one of many that come and go. */
const shareMin = 0.005;

/** Undefined where no map and no slice holds enough. */
export function goKeeper(live: Profile): Keeper | undefined {
  const type = sampleTypeIndex(live);
  const all = sumOf(live, type);
  const { functionName, file, line } = live.sites;
  const rows = new Map<string, { kind: string; site: number; bytes: number }>();
  for (let node = 1; node < live.parent.length; node += 1) {
    const bytes = live.self[type]![node]!;
    if (bytes <= 0) continue;
    let grower: string | undefined;
    let up = node;
    // Upwards through the runtime to who called it.
    for (; up > 0 && isNobodysFault(file[live.site[up]!]!); up = live.parent[up]!) {
      grower ??= growers.find(({ pattern }) => pattern.test(functionName[live.site[up]!]!))?.kind;
    }
    if (up <= 0 || grower === undefined) continue;
    const site = live.site[up]!;
    const key = `${grower}\0${file[site]}\0${functionName[site]}`;
    const row = rows.get(key);
    if (row) row.bytes += bytes;
    else rows.set(key, { kind: grower, site, bytes });
  }
  const [best] = [...rows.values()].sort((a, b) => b.bytes - a.bytes);
  if (!best || best.bytes < shareMin * all) return undefined;
  return {
    name: `the ${best.kind} that ${functionName[best.site]} adds to`,
    kind: best.kind,
    file: file[best.site]!,
    line: line[best.site]!,
    held: '',
    countAdded: 0,
    perRequest: null,
    bytesAdded: best.bytes,
    share: best.bytes / all,
    path: [],
  };
}
