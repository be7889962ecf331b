/** Ranks call sites by what they added in a spike's window against the steady state. Pure. */
import type { FlameTree, Suspect } from '../../reports/model.ts';
import { diffProfiles, isGauge } from '../profile/arithmetic.ts';
import { type Profile, sampleTypeIndex, totals } from '../profile/profile.ts';
import { isRuntimeFile } from '../profile/runtime-file.ts';
import { labelsOf } from '../profile/side-by-side.ts';

export interface SuspectOptions {
  readonly where: Suspect['where'];
  /** Sample type to rank by. @default the first one in bytes */
  readonly type?: string;
}

/** What one source of profiles says about a window, before sources are ranked together. */
export interface WindowProfiles {
  readonly window: Profile;
  /** The same instrument in the steady state; null: nothing to compare with, all of the window counts as added. */
  readonly steady: Profile | null;
  readonly options: SuspectOptions;
}

/** As readers of profiles name a function that has no name. */
const anonymous = '(anonymous)';

/** The runtime's code, and our own instruments in the target: their bytes go to the nearest caller that is neither. */
export function isNobodysFault(file: string): boolean {
  return (
    isRuntimeFile(file) ||
    file.startsWith('harness/preload/') ||
    file.includes('/floodgate-preload/') ||
    file.includes('node_modules/')
  );
}

interface Tally {
  functionName: string;
  file: string;
  line: number;
  where: Suspect['where'];
  thread: string;
  window: number;
  steady: number;
  total: number;
  period: number;
}

/**
 * Suspects of a spike from all its sources (heap samples, off-heap ledgers …), what added most first. Bytes of one
 * function are one suspect, reported at its costliest line; what runtime code allocated counts for the nearest caller of
 * the user's own.
 */
export function findSuspects(sources: readonly WindowProfiles[], suspectsMax = 20): Suspect[] {
  const tallies: Tally[] = [];
  for (const source of sources) tallies.push(...talliesOf(source));
  let added = 0;
  for (const tally of tallies) added += Math.max(0, tally.window - tally.steady);
  tallies.sort((a, b) => b.window - b.steady - (a.window - a.steady));
  const suspects: Suspect[] = [];
  for (const tally of tallies.slice(0, suspectsMax)) {
    const selfBytes = tally.window - tally.steady;
    if (selfBytes <= 0) break;
    suspects.push({
      functionName: tally.functionName,
      file: tally.file,
      line: tally.line,
      where: tally.where,
      thread: tally.thread,
      selfBytes,
      totalBytes: Math.max(selfBytes, tally.total),
      steadyBytes: tally.steady,
      share: added > 0 ? selfBytes / added : 0,
      errorShare: samplingError(tally.window, tally.period),
    });
  }
  return suspects;
}

/** Relative standard error of a sampled sum of bytes: √(interval / bytes); 0 for an exact ledger. */
export function samplingError(bytes: number, intervalBytes: number): number {
  return intervalBytes > 0 && bytes > 0 ? Math.sqrt(intervalBytes / bytes) : 0;
}

function talliesOf({ window, steady, options }: WindowProfiles): Tally[] {
  const byFunction = new Map<string, Tally & { lines: Map<number, number>; threads: Map<string, number> }>();
  const tally = (profile: Profile, site: number) => {
    const key = functionOf(profile, site, options.where);
    const [functionName, file] = [profile.sites.functionName[site]!, profile.sites.file[site]!];
    let entry = byFunction.get(key);
    if (!entry) {
      const { where } = options;
      entry = {
        functionName,
        file,
        line: 0,
        where,
        thread: '',
        window: 0,
        steady: 0,
        total: 0,
        period: profile.period,
        lines: new Map(),
        threads: new Map(),
      };
      byFunction.set(key, entry);
    }
    return entry;
  };
  const add = (profile: Profile, side: 'window' | 'steady', factor: number) => {
    const type = sampleTypeIndex(profile, options.type);
    const owners = ownersOf(profile);
    const total = totals(profile, type);
    const { line } = profile.sites;
    const labels = labelsOf(profile);
    for (let node = 1; node < owners.length; node += 1) {
      const owner = owners[node]!;
      if (owner <= 0) continue;
      const site = profile.site[owner]!;
      const entry = tally(profile, site);
      const own = profile.self[type]![node]! * factor;
      if (own !== 0) {
        entry[side] += own;
        if (side === 'window') {
          entry.lines.set(line[site]!, (entry.lines.get(line[site]!) ?? 0) + own);
          entry.threads.set(labels[node]!, (entry.threads.get(labels[node]!) ?? 0) + own);
        }
      }
      if (owner === node && !isRecursive(profile, node, options.where))
        entry.total += total[node]! * (side === 'window' ? factor : -factor);
    }
  };
  add(window, 'window', 1);
  if (steady) add(steady, 'steady', steadyFactor(window, steady, options));
  return [...byFunction.values()].map(({ lines, threads, ...entry }) => ({
    ...entry,
    line: largestOf(lines, 0),
    thread: largestOf(threads, ''),
  }));
}

/** Levels compare as they are; what was counted over a span is brought to the window's duration. */
function steadyFactor(window: Profile, steady: Profile, options: SuspectOptions): number {
  const type = window.sampleTypes[sampleTypeIndex(window, options.type)]!.type;
  if (isGauge(type) || steady.durationMs <= 0 || window.durationMs <= 0) return 1;
  return window.durationMs / steady.durationMs;
}

/**
 * For each node the nearest one upwards (itself included) that is the user's own; where there is none, the node itself. A function
 * without a name that the one around it calls (`rows.map((row) => …)`) is a part of that.
 */
function ownersOf(profile: Profile): Int32Array {
  const runtime = profile.sites.file.map(isNobodysFault);
  const isPart = partsIn(profile);
  const owners = new Int32Array(profile.parent.length);
  for (let node = 1; node < owners.length; node += 1) {
    const site = profile.site[node]!;
    const above = owners[profile.parent[node]!]!;
    const isOwned =
      above > 0 && !runtime[profile.site[above]!] && (runtime[site] || isPart(site, profile.site[above]!));
    owners[node] = isOwned ? above : node;
  }
  return owners;
}

/** Whether a function without a name stands in another one: behind its line, and no other function with a name begins in between. */
function partsIn({ sites }: Profile): (inner: number, outer: number) => boolean {
  const { functionName, file, line } = sites;
  const named = new Map<string, number[]>();
  for (const [site, name] of functionName.entries()) {
    if (name === anonymous) continue;
    const known = named.get(file[site]!);
    if (known === undefined) named.set(file[site]!, [site]);
    else known.push(site);
  }
  return (inner, outer) => {
    if (functionName[inner] !== anonymous || functionName[outer] === anonymous) return false;
    if (file[inner] !== file[outer] || line[inner]! < line[outer]!) return false;
    const isBetween = (site: number) => line[site]! > line[outer]! && line[site]! <= line[inner]!;
    return !named.get(file[inner]!)?.some((site) => functionName[site] !== functionName[outer] && isBetween(site));
  };
}

/** Whether the same function is further up, so that its total is already counted there. */
function isRecursive(profile: Profile, node: number, where: Suspect['where']): boolean {
  const own = functionOf(profile, profile.site[node]!, where);
  for (let up = profile.parent[node]!; up > 0; up = profile.parent[up]!)
    if (functionOf(profile, profile.site[up]!, where) === own) return true;
  return false;
}

/**
 * A file has many functions without a name, and methods of one name in several classes: their lines distinguish them. V8 gives that of the
 * declaration for what is on its heap, with a column; others give that of the call, of which one function has many.
 */
function functionOf({ sites }: Profile, site: number, where: Suspect['where']): string {
  const name = sites.functionName[site]!;
  const isDeclared = name === anonymous || (where === 'heap' && sites.column[site]! > 0);
  return `${sites.file[site]}\0${name}${isDeclared ? `\0${sites.line[site]}` : ''}`;
}

function largestOf<T>(bytesBy: ReadonlyMap<T, number>, otherwise: T): T {
  let best = otherwise;
  let most = Number.NEGATIVE_INFINITY;
  for (const [key, bytes] of bytesBy) {
    if (bytes > most) [best, most] = [key, bytes];
  }
  return best;
}

/**
 * The call tree of a spike for the report: own bytes per path in the steady state (brought to the window's duration)
 * and in the window, without paths that matter to neither. `nodesMax` bounds the report's size.
 */
export function flameOf(window: Profile, steady: Profile | null, type?: string, nodesMax = 5_000): FlameTree {
  const index = sampleTypeIndex(window, type);
  const name = window.sampleTypes[index]!.type;
  // head − (head − base) = base: one difference gives both sides on one tree, the base already at head's duration.
  const difference = steady ? diffProfiles(steady, window) : null;
  const shared = difference ?? window;
  const column = sampleTypeIndex(shared, name);
  const after = difference ? onTree(shared, window, index) : window.self[index]!;
  const before = difference
    ? after.map((value, node) => Math.max(0, value - shared.self[column]![node]!))
    : new Float64Array(after.length);
  return prune(shared, before, after, nodesMax);
}

/** A profile's own values on the nodes of a tree that holds all its paths. */
function onTree(tree: Profile, profile: Profile, type: number): Float64Array {
  const siteOf = new Map<string, number>();
  const key = ({ sites }: Profile, i: number) =>
    `${sites.functionName[i]}\0${sites.file[i]}\0${sites.line[i]}\0${sites.column[i]}`;
  tree.sites.file.forEach((_, i) => void siteOf.set(key(tree, i), i));
  const childOf = new Map<number, number>();
  for (let node = 1; node < tree.parent.length; node += 1)
    childOf.set(tree.parent[node]! * 2 ** 26 + tree.site[node]!, node);
  const values = new Float64Array(tree.parent.length);
  const nodes = new Int32Array(profile.parent.length);
  for (let node = 0; node < nodes.length; node += 1) {
    if (node > 0)
      nodes[node] = childOf.get(
        nodes[profile.parent[node]!]! * 2 ** 26 + siteOf.get(key(profile, profile.site[node]!))!,
      )!;
    values[nodes[node]!]! += profile.self[type]![node]!;
  }
  return values;
}

/** Keeps the `nodesMax` heaviest nodes; what a dropped one had goes to its nearest kept ancestor. */
function prune(tree: Profile, before: Float64Array, after: Float64Array, nodesMax: number): FlameTree {
  const count = tree.parent.length;
  const weight = Float64Array.from(before, (value, node) => Math.abs(value) + Math.abs(after[node]!));
  for (let node = count - 1; node > 0; node -= 1) weight[tree.parent[node]!]! += weight[node]!;
  const least = count > nodesMax ? Float64Array.from(weight).sort().at(-nodesMax)! : 0;
  const sites = { functionName: ['(all)'], file: [''], line: [0] };
  const siteIndex = new Map<number, number>();
  const out = { parent: [-1], site: [0], before: [before[0]!], after: [after[0]!] };
  const kept = new Int32Array(count);
  for (let node = 1; node < count; node += 1) {
    const parent = kept[tree.parent[node]!]!;
    // A parent weighs at least as much as its child, so kept nodes form a tree; ties may exceed the limit by a few.
    if (weight[node]! < least || weight[node] === 0 || out.parent.length >= nodesMax * 2) {
      kept[node] = parent;
      out.before[parent]! += before[node]!;
      out.after[parent]! += after[node]!;
      continue;
    }
    const site = tree.site[node]!;
    let index = siteIndex.get(site);
    if (index === undefined) {
      siteIndex.set(site, (index = sites.file.length));
      sites.functionName.push(tree.sites.functionName[site]!);
      sites.file.push(tree.sites.file[site]!);
      sites.line.push(tree.sites.line[site]!);
    }
    kept[node] = out.parent.length;
    out.parent.push(parent);
    out.site.push(index);
    out.before.push(before[node]!);
    out.after.push(after[node]!);
  }
  return { unit: 'bytes', sites, ...out };
}
