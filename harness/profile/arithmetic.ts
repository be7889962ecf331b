/** Profile arithmetic: difference, sum, filter, and the three ways to look at one (top, peek, tree). Pure. */
import { type Profile, ProfileBuilder, sampleTypeIndex, totals } from './profile.ts';

/** A gauge is a level at a moment (live bytes); a counter is what happened in a span of time (allocated bytes, CPU). */
export function isGauge(sampleType: string): boolean {
  return sampleType.startsWith('inuse') || sampleType === 'live' || sampleType === 'retained';
}

export interface CombineOptions {
  /** Merge call sites of one function whatever their line. @default false */
  readonly byFunction?: boolean;
}

/** Copies `source` into `builder` with each sample type's values times a factor. */
function addInto(builder: ProfileBuilder, source: Profile, factors: readonly number[], byFunction: boolean): void {
  const { functionName, file, line, column } = source.sites;
  const sites = functionName.map((name, i) =>
    byFunction ? builder.site(name, file[i]!, 0) : builder.site(name, file[i]!, line[i]!, column[i]!),
  );
  const nodes = new Int32Array(source.parent.length);
  for (let node = 1; node < nodes.length; node += 1) {
    nodes[node] = builder.child(nodes[source.parent[node]!]!, sites[source.site[node]!]!);
  }
  factors.forEach((factor, type) => {
    const self = source.self[type]!;
    for (let node = 0; node < nodes.length; node += 1) {
      if (self[node] !== 0) builder.add(nodes[node]!, type, self[node]! * factor);
    }
  });
}

/** The same sample types, by name, in `like`'s order. @throws ProfileError where one is missing. */
function aligned(profile: Profile, like: Profile): Profile {
  const order = like.sampleTypes.map((each) => sampleTypeIndex(profile, each.type));
  return { ...profile, sampleTypes: like.sampleTypes, self: order.map((type) => profile.self[type]!) };
}

function headOf(profile: Profile) {
  const { sampleTypes, period, periodType, timeMs, durationMs } = profile;
  return { sampleTypes, period, periodType, timeMs, durationMs };
}

/**
 * What `head` has more than `base`. Levels are subtracted as they are; what was counted over a span is first brought to
 * `head`'s duration, so that a minute of steady state does not hide ten seconds of flood.
 */
export function diffProfiles(base: Profile, head: Profile, options: CombineOptions = {}): Profile {
  const builder = new ProfileBuilder(headOf(head));
  const scale = base.durationMs > 0 && head.durationMs > 0 ? head.durationMs / base.durationMs : 1;
  const { byFunction = false } = options;
  addInto(
    builder,
    head,
    head.sampleTypes.map(() => 1),
    byFunction,
  );
  addInto(
    builder,
    aligned(base, head),
    head.sampleTypes.map((each) => (isGauge(each.type) ? -1 : -scale)),
    byFunction,
  );
  return builder.finish();
}

/** All of them together: counters and durations add up, levels are averaged. The list must not be empty. */
export function mergeProfiles(profiles: readonly [Profile, ...Profile[]], options: CombineOptions = {}): Profile {
  const [first] = profiles;
  let durationMs = 0;
  for (const profile of profiles) durationMs += profile.durationMs;
  const builder = new ProfileBuilder({ ...headOf(first), durationMs });
  const factors = first.sampleTypes.map((each) => (isGauge(each.type) ? 1 / profiles.length : 1));
  for (const profile of profiles) addInto(builder, aligned(profile, first), factors, options.byFunction ?? false);
  return builder.finish();
}

/** Two instruments that looked at one span of time: bytes add up, the duration does not, and levels are no averages. */
export function together(heap: Profile, offHeap: Profile): Profile {
  const merged = mergeProfiles([heap, offHeap]);
  const factor = isGauge(heap.sampleTypes[0]!.type) ? 2 : 1;
  return {
    ...merged,
    durationMs: heap.durationMs,
    self: merged.self.map((column) => column.map((each) => each * factor)),
  };
}

/** One site per function: lines and columns are dropped and the paths that become equal are merged. */
export function byFunction(profile: Profile): Profile {
  const builder = new ProfileBuilder(headOf(profile));
  addInto(
    builder,
    profile,
    profile.sampleTypes.map(() => 1),
    true,
  );
  return builder.finish();
}

export interface SiteMatch {
  readonly functionName: string;
  readonly file: string;
  readonly line: number;
}

/** Keeps the paths that go through a call site the predicate accepts. */
export function focusProfile(profile: Profile, accept: (site: SiteMatch) => boolean): Profile {
  const { functionName, file, line } = profile.sites;
  const accepted = functionName.map((name, i) => accept({ functionName: name, file: file[i]!, line: line[i]! }));
  const through = new Uint8Array(profile.parent.length);
  for (let node = 1; node < through.length; node += 1) {
    through[node] = through[profile.parent[node]!]! || accepted[profile.site[node]!] ? 1 : 0;
  }
  return { ...profile, self: profile.self.map((column) => column.map((value, node) => (through[node] ? value : 0))) };
}

/** One row of `top`: a call site, or a function where lines were merged. */
export interface TopRow extends SiteMatch {
  readonly self: number;
  /** With callees; a recursive site counts once per stack. */
  readonly total: number;
}

/** Call sites by own value (or by total), largest first. */
export function top(
  profile: Profile,
  options: { type?: string; by?: 'self' | 'total'; rowsMax?: number } = {},
): TopRow[] {
  const type = sampleTypeIndex(profile, options.type);
  const total = totals(profile, type);
  const selfOf = new Float64Array(profile.sites.file.length);
  const totalOf = new Float64Array(profile.sites.file.length);
  for (let node = 1; node < total.length; node += 1) {
    const site = profile.site[node]!;
    selfOf[site]! += profile.self[type]![node]!;
    if (!hasAncestorAt(profile, node, site)) totalOf[site]! += total[node]!;
  }
  const rows: TopRow[] = [];
  const { functionName, file, line } = profile.sites;
  for (let site = 0; site < selfOf.length; site += 1) {
    if (selfOf[site] === 0 && totalOf[site] === 0) continue;
    const [name, path, at] = [functionName[site]!, file[site]!, line[site]!];
    rows.push({ functionName: name, file: path, line: at, self: selfOf[site]!, total: totalOf[site]! });
  }
  const key = options.by ?? 'self';
  return rows.sort((a, b) => b[key] - a[key]).slice(0, options.rowsMax ?? rows.length);
}

/** Whether the same site is further up the stack: then its total is already counted there. */
export function hasAncestorAt(profile: Profile, node: number, site: number): boolean {
  for (let up = profile.parent[node]!; up > 0; up = profile.parent[up]!) if (profile.site[up] === site) return true;
  return false;
}

export interface Peek {
  readonly site: SiteMatch;
  readonly self: number;
  readonly total: number;
  /** Who called it, and what each call brought, largest first. */
  readonly callers: readonly { site: SiteMatch; value: number }[];
  readonly callees: readonly { site: SiteMatch; value: number }[];
}

/** The neighbourhood of every call site that the predicate accepts, largest first. */
export function peek(profile: Profile, accept: (site: SiteMatch) => boolean, typeName?: string): Peek[] {
  const type = sampleTypeIndex(profile, typeName);
  const total = totals(profile, type);
  const { functionName, file, line } = profile.sites;
  const matchOf = (i: number): SiteMatch =>
    i < 0
      ? { functionName: '(root)', file: '', line: 0 }
      : { functionName: functionName[i]!, file: file[i]!, line: line[i]! };
  const found = new Map<
    number,
    { self: number; total: number; callers: Map<number, number>; callees: Map<number, number> }
  >();
  functionName.forEach((_, i) => {
    if (accept(matchOf(i))) found.set(i, { self: 0, total: 0, callers: new Map(), callees: new Map() });
  });
  const bump = (map: Map<number, number>, key: number, value: number) => map.set(key, (map.get(key) ?? 0) + value);
  for (let node = 1; node < total.length; node += 1) {
    const parent = profile.parent[node]!;
    const entry = found.get(profile.site[node]!);
    if (entry) {
      entry.self += profile.self[type]![node]!;
      if (!hasAncestorAt(profile, node, profile.site[node]!)) entry.total += total[node]!;
      bump(entry.callers, profile.site[parent]!, total[node]!);
    }
    const caller = found.get(profile.site[parent]!);
    if (caller) bump(caller.callees, profile.site[node]!, total[node]!);
  }
  const sorted = (map: Map<number, number>) =>
    [...map].map(([site, value]) => ({ site: matchOf(site), value })).sort((a, b) => b.value - a.value);
  return [...found]
    .map(([site, each]) => ({
      site: matchOf(site),
      self: each.self,
      total: each.total,
      callers: sorted(each.callers),
      callees: sorted(each.callees),
    }))
    .sort((a, b) => b.total - a.total);
}

export interface TreeRow extends TopRow {
  readonly depth: number;
}

/** The call tree, heaviest branch first, without branches below `shareMin` of the whole. */
export function tree(
  profile: Profile,
  options: { type?: string; shareMin?: number; rowsMax?: number } = {},
): TreeRow[] {
  const type = sampleTypeIndex(profile, options.type);
  const total = totals(profile, type);
  const least = Math.abs(total[0]!) * (options.shareMin ?? 0.01);
  const rowsMax = options.rowsMax ?? 200;
  const children: number[][] = Array.from(total, () => []);
  for (let node = 1; node < total.length; node += 1) children[profile.parent[node]!]!.push(node);
  const { functionName, file, line } = profile.sites;
  const rows: TreeRow[] = [];
  const pending: [node: number, depth: number][] = [[0, 0]];
  for (let entry = pending.pop(); entry && rows.length < rowsMax; entry = pending.pop()) {
    const [node, depth] = entry;
    const site = profile.site[node]!;
    rows.push({
      functionName: site < 0 ? '(all)' : functionName[site]!,
      file: site < 0 ? '' : file[site]!,
      line: site < 0 ? 0 : line[site]!,
      self: profile.self[type]![node]!,
      total: total[node]!,
      depth,
    });
    const kept = children[node]!.filter((child) => Math.abs(total[child]!) >= least);
    kept.sort((a, b) => total[a]! - total[b]!);
    for (const child of kept) pending.push([child, depth + 1]);
  }
  return rows;
}
