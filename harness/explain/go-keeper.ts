/**
 * Who keeps what stays in a Go program: no snapshot says it, but its profile of live memory has the lines on which maps and slices grew.
 * Go's profiles leave the runtime's own functions out at the end of a stack, so the source says which lines put something into one. Pure.
 */
import type { Keeper } from '../../reports/model.ts';
import { type Profile, sampleTypeIndex, sumOf } from '../profile/profile.ts';
import { isNobodysFault } from './suspects.ts';

/** Text of a line of a source; undefined where it cannot be read. */
export type LineText = (file: string, line: number) => string | undefined;

/** Lines that put something into what outlives them. */
const growers: readonly { readonly pattern: RegExp; readonly kind: string }[] = [
  { pattern: /([\w.]+)\s*=\s*append\(/, kind: 'slice' },
  { pattern: /([\w.]+)\[[^\]]+\](?:\.[\w.]+)?\s*(?:(?:\+|\|)?=(?!=)|\+\+)/, kind: 'map' },
  { pattern: /([\w.]+)\.(?:Store|LoadOrStore|Swap|PushBack|PushFront|InsertBefore|InsertAfter)\(/, kind: 'container' },
];
/** What these call; where a profile still has it, no source is needed. Containers of Go's library keep what is put into them as maps do. */
const runtimeGrower =
  /^(runtime\.(mapassign|hashGrow|growslice)|internal\/runtime\/maps\.|container\/list\.|sync\.\(\*Map\)\.|internal\/sync\.\(\*HashTrieMap)/;
/** A container itself is small beside what it holds; less than this is one of many that come and go. */
const shareMin = 0.003;

/** Stacks with this share of all that stays keep it, and what they point at. */
const stacksShareMin = 0.15;
/** So many more of one kind are none that come and go with the connections of a load. */
const goroutinesMin = 50;

/**
 * Goroutines that wait for what never comes keep their stacks, and all that these point at. Undefined where they are few, or little of what
 * stays. @param goroutines those that came and are there, by where they wait
 */
export function waitingGoroutines(live: Profile, goroutines: Profile): Keeper | undefined {
  const [bytes, counts] = [sampleTypeIndex(goroutines), sampleTypeIndex(goroutines, 'inuse_objects')];
  const { functionName, file, line } = goroutines.sites;
  const rows = new Map<number, { bytes: number; count: number }>();
  for (let node = 1; node < goroutines.parent.length; node += 1) {
    const count = goroutines.self[counts]![node]!;
    if (count <= 0) continue;
    let up = node;
    while (up > 0 && isNobodysFault(file[goroutines.site[up]!]!)) up = goroutines.parent[up]!;
    if (up <= 0 || !file[goroutines.site[up]!]!.endsWith('.go')) continue;
    const row = rows.get(goroutines.site[up]!) ?? { bytes: 0, count: 0 };
    row.bytes += goroutines.self[bytes]![node]!;
    row.count += count;
    rows.set(goroutines.site[up]!, row);
  }
  const [best] = [...rows].sort(([, a], [, b]) => b.bytes - a.bytes);
  if (!best) return undefined;
  const [site, { bytes: bytesAdded, count }] = best;
  const share = bytesAdded / (sumOf(live, sampleTypeIndex(live)) + sumOf(goroutines, bytes));
  if (count < goroutinesMin || share < stacksShareMin) return undefined;
  return {
    ...{ name: `goroutines that wait in ${functionName[site]}`, kind: '', file: file[site]!, line: line[site]! },
    ...{ held: 'goroutine', countAdded: count, perRequest: null, bytesAdded, share, path: [] },
  };
}

/** Undefined where no line grows a map or a slice by enough. */
export function goKeeper(live: Profile, textOf: LineText): Keeper | undefined {
  const type = sampleTypeIndex(live);
  const all = sumOf(live, type);
  const { functionName, file, line } = live.sites;
  const rows = new Map<number, { name: string; kind: string; bytes: number }>();
  for (let node = 1; node < live.parent.length; node += 1) {
    const bytes = live.self[type]![node]!;
    if (bytes <= 0) continue;
    let isGrower = false;
    let up = node;
    for (; up > 0 && isNobodysFault(file[live.site[up]!]!); up = live.parent[up]!) {
      isGrower ||= runtimeGrower.test(functionName[live.site[up]!]!);
    }
    // What other functions of the runtime allocated is no container's own.
    if (up <= 0 || (up !== node && !isGrower)) continue;
    const site = live.site[up]!;
    const known = rows.get(site);
    if (known) known.bytes += bytes;
    else {
      const grown = grownOn(textOf(file[site]!, line[site]!));
      if (grown || isGrower) rows.set(site, { name: grown?.name ?? '', kind: grown?.kind ?? 'map or slice', bytes });
    }
  }
  const [best] = [...rows].sort(([, a], [, b]) => b.bytes - a.bytes);
  if (!best || best[1].bytes < shareMin * all) return undefined;
  const [site, { name, kind, bytes }] = best;
  return {
    name: name === '' ? `what ${functionName[site]} adds to` : `${name} in ${functionName[site]}`,
    kind,
    file: file[site]!,
    line: line[site]!,
    held: '',
    countAdded: 0,
    perRequest: null,
    bytesAdded: bytes,
    share: bytes / all,
    path: [],
  };
}

function grownOn(text: string | undefined): { name: string; kind: string } | undefined {
  for (const { pattern, kind } of growers) {
    const name = text === undefined ? undefined : pattern.exec(text)?.[1];
    if (name !== undefined) return { name, kind };
  }
  return undefined;
}
