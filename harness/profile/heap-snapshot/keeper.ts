/**
 * Who keeps what stays: from the roots along shortest paths to where most of the new bytes lie, as long as one branch holds them;
 * where they fan out is the container that grew, and the last name on the way to it is the keeper's.
 */
import type { SnapshotSummary } from './classes.ts';
import { NONE } from './dominators.ts';
import { classNameOf, EDGE_NAME_BITS, EDGE_NAME_MAX, type HeapSnapshot } from './heap-snapshot.ts';
import { type PathStep, RetainingPaths, withoutWeakMaps } from './retaining-path.ts';

export interface FoundKeeper {
  /** As in the source where it has a name: `cache`, `Pairing.#archive`, `listeners of "change" on bus`. */
  readonly name: string;
  /** `Map`, `Array`, `Object`: what the name names. */
  readonly kind: string;
  /** The script as V8 names it (a URL or a path), and the place of a function or class near the name; empty where unknown. */
  readonly script: string;
  readonly line: number;
  readonly column: number;
  /** Class of what it holds more of, and how many objects came since the first snapshot. */
  readonly held: string;
  readonly countAdded: number;
  /** Bytes of new objects behind it. */
  readonly bytesAdded: number;
  /** Of all new bytes, 0..1. */
  readonly share: number;
  readonly path: readonly string[];
}

/** A branch with less of the bytes above it is one of many: there the way forks. */
const branchShareMin = 0.5;
/** A container of fewer new objects is none that grows. */
const heldMin = 8;
/** Steps through so many classes that come again so often are a list's: it is the list that keeps. */
const periodMax = 4;
const repeatsMin = 6;

/** Undefined where the new bytes lie in no one place. */
export function findKeeper(before: SnapshotSummary, after: HeapSnapshot): FoundKeeper | undefined {
  const paths = new RetainingPaths(after, undefined, withoutWeakMaps(after));
  const parents = paths.parents();
  const { bytes, all } = newBytesBelow(before, after, paths.order, parents);
  const { order } = paths;
  const place = forkOf(before, after, { parents, order, bytes });
  const { fork } = place;
  const held = heldBy(before, after, { ...place, parents, order, bytes });
  if (held.count < heldMin) return undefined;
  return {
    ...nameOf(after, paths, fork, held),
    ...{ held: held.className, countAdded: held.count },
    bytesAdded: bytes[fork]!,
    share: bytes[fork]! / Math.max(1, all),
    path: paths.to(held.example),
  };
}

/** Own bytes of new objects, added up towards the roots. */
function newBytesBelow(before: SnapshotSummary, after: HeapSnapshot, order: Uint32Array, parents: Uint32Array) {
  const bytes = new Float64Array(after.nodeCount);
  let all = 0;
  for (let i = order.length - 1; i >= 0; i -= 1) {
    const node = order[i]!;
    if (!before.has(after.nodeId[node]!) && isCounted(after, node)) {
      bytes[node]! += after.selfBytes[node]!;
      all += after.selfBytes[node]!;
    }
    if (parents[node]! !== NONE) bytes[parents[node]!]! += bytes[node]!;
  }
  return { bytes, all };
}

/** Compiled code and shapes grow while a program gets warm, whoever keeps what. */
function isCounted({ nodeTypes, nodeType }: HeapSnapshot, node: number): boolean {
  const type = nodeTypes[nodeType[node]!];
  return type !== 'code' && type !== 'object shape';
}

/** Down from the root by the heaviest branch. */
function forkOf(
  before: SnapshotSummary,
  after: HeapSnapshot,
  { parents, order, bytes }: Pick<Fork, 'parents' | 'order' | 'bytes'>,
): Place {
  const heaviest = new Uint32Array(after.nodeCount).fill(NONE);
  for (const node of order) {
    const parent = parents[node]!;
    if (parent === NONE) continue;
    const best = heaviest[parent]!;
    if (best === NONE || bytes[node]! > bytes[best]!) heaviest[parent] = node;
  }
  const way = [0];
  for (let node = 0; ; ) {
    const next = heaviest[node]!;
    if (next === NONE || bytes[next]! < branchShareMin * bytes[node]!) break;
    way.push(next);
    node = next;
  }
  return headOfList(before, after, way);
}

/** Where new bytes hang, and of a linked list how long it is as far as the way leads. */
interface Place {
  readonly fork: number;
  readonly listLength: number;
}

/** Where the way runs along a linked list, the place before its first new item: classes that come again and again in one order. */
function headOfList(before: SnapshotSummary, after: HeapSnapshot, way: readonly number[]): Place {
  const names = way.map((node) => classNameOf(after, node));
  let list = { at: way.length, period: 1 };
  for (let period = 1; period <= periodMax; period += 1) {
    for (let at = 1; at + period * repeatsMin < list.at; at += 1) {
      let same = 0;
      while (same < period * repeatsMin && names[at + same] === names[at + same + period]) same += 1;
      if (same === period * repeatsMin) list = { at, period };
    }
  }
  let first = list.at;
  while (first < way.length && before.has(after.nodeId[way[first]!]!)) first += 1;
  if (first >= way.length) return { fork: way.at(-1)!, listLength: 0 };
  return { fork: way[first - 1]!, listLength: Math.round((way.length - first) / list.period) };
}

interface Held {
  readonly className: string;
  readonly count: number;
  /** One of them, in the middle. */
  readonly example: number;
}

interface Fork extends Place {
  readonly parents: Uint32Array;
  readonly order: Uint32Array;
  readonly bytes: Float64Array;
}

/** The class of new objects right below that has most of the bytes; of a list, all the way down. */
function heldBy(before: SnapshotSummary, after: HeapSnapshot, { fork, listLength, parents, order, bytes }: Fork): Held {
  const rows = new Map<string, { count: number; bytes: number; nodes: number[] }>();
  for (const node of order) {
    if (parents[node] !== fork || before.has(after.nodeId[node]!) || bytes[node] === 0) continue;
    const name = classNameOf(after, node);
    let row = rows.get(name);
    if (!row) rows.set(name, (row = { count: 0, bytes: 0, nodes: [] }));
    row.count += 1;
    row.bytes += bytes[node]!;
    row.nodes.push(node);
  }
  const [best] = [...rows].sort(([, a], [, b]) => b.bytes - a.bytes);
  if (!best) return { className: '', count: 0, example: fork };
  const [className, { count, nodes }] = best;
  const example = nodes[nodes.length >> 1]!;
  if (count >= heldMin) return { className, count, example };
  if (listLength >= heldMin) return { className, count: listLength, example };
  // A circular list, which the way leads round both ways.
  let length = 0;
  for (const node of order) {
    if (bytes[node]! > 0 && !before.has(after.nodeId[node]!) && classNameOf(after, node) === className) length += 1;
  }
  return { className, count: length, example };
}

/** A place in code as V8 runs it. */
type ScriptPlace = Pick<FoundKeeper, 'script' | 'line' | 'column'>;

const nowhere: ScriptPlace = { script: '', line: 0, column: 0 };

type Named = Pick<FoundKeeper, 'name' | 'kind' | keyof ScriptPlace>;

/** Names along the way, from the container up to the first that a person knows it by. */
function nameOf(after: HeapSnapshot, paths: RetainingPaths, fork: number, held: Held): Named {
  const words: string[] = [];
  let kind = '';
  for (let node = fork, steps = 0; steps < 64; steps += 1) {
    const step = paths.stepTo(node);
    if (!step) break;
    if (kind === '' && isThing(after, node)) kind = classNameOf(after, node);
    if (isName(step)) words.unshift(step.name);
    else if (step.type === 'element' && words.length > 0) words.unshift(`[${step.name}]`);
    const owner = step.from;
    if (step.type === 'context') {
      const place = placeOfContext(after, owner);
      if (place.script !== '' && !isRuntime(place.script)) return { name: joined(words), kind, ...place };
      break;
    }
    if (words.length > 0 && /^(global|Window)\b.*/.test(classNameOf(after, owner)) && isThing(after, owner)) {
      return { name: `globalThis.${joined(words)}`, kind, ...nowhere };
    }
    const place = words.length > 0 && isThing(after, owner) ? placeOf(after, owner) : undefined;
    if (place && !isRuntime(place.script)) {
      const name = isFunction(after, owner) ? after.text(after.nodeName[owner]!) : classNameOf(after, owner);
      return { name: joined([name || '(anonymous)', ...words]), kind, ...place };
    }
    node = owner;
  }
  return ofRuntime(after, paths, fork, { words, kind, held });
}

/** `_events.change` of an emitter is what people call its listeners. */
function joined(words: readonly string[]): string {
  const at = words.indexOf('_events');
  if (at >= 0 && at < words.length - 1)
    return `listeners of "${words[at + 1]}" on ${joined(words.slice(0, at)) || 'an emitter'}`;
  return words.reduce((all, word) => (all === '' ? word : word.startsWith('[') ? all + word : `${all}.${word}`), '');
}

const isName = ({ type, name }: PathStep) =>
  (type === 'property' || type === 'context') && name !== '__proto__' && !name.startsWith('<symbol');

/** An object or a function of the program, and not a part of one. */
function isThing({ nodeTypes, nodeType }: HeapSnapshot, node: number): boolean {
  const type = nodeTypes[nodeType[node]!];
  return type === 'object' || type === 'closure';
}

const isFunction = ({ nodeTypes, nodeType }: HeapSnapshot, node: number) => nodeTypes[nodeType[node]!] === 'closure';

/** Node.js's own modules, and what has no script. */
const isRuntime = (script: string) => script === '' || script.startsWith('node:');

/** What Node.js itself keeps: the first function of the program behind what it holds says for whom. */
function ofRuntime(
  after: HeapSnapshot,
  paths: RetainingPaths,
  fork: number,
  { words, kind, held }: { readonly words: readonly string[]; readonly kind: string; readonly held: Held },
): Named {
  const behind = functionBehind(after, held.example);
  const way = paths.to(held.example).join(' ');
  const name = /TimersList|Timeout|Immediate/.test(way)
    ? 'timers that were never cleared'
    : fork === 0 || classNameOf(after, fork) === '(roots)'
      ? `open handles: ${held.className} that was never closed`
      : joined(words) || `the runtime's ${kind || 'own tables'}`;
  return { name, kind, ...(behind ?? nowhere) };
}

/** How far behind an object its function may be. */
const behindMax = 4_000;

/** The first function of the program's own within a few steps behind a node. */
function functionBehind(after: HeapSnapshot, from: number): ScriptPlace | undefined {
  const { firstEdge, edgeTo } = after;
  const seen = new Set([from]);
  for (const node of seen) {
    if (isFunction(after, node)) {
      const place = placeOf(after, node);
      if (place && !isRuntime(place.script)) return place;
    }
    if (seen.size > behindMax) continue;
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge += 1) seen.add(edgeTo[edge]!);
  }
  return undefined;
}

/** The place of a function that sees the variable. */
function placeOfContext(after: HeapSnapshot, context: number): ScriptPlace {
  const { nodeCount, firstEdge, edgeTo } = after;
  for (let node = 0; node < nodeCount; node += 1) {
    if (!isFunction(after, node)) continue;
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge += 1) {
      if (edgeTo[edge] !== context) continue;
      const place = placeOf(after, node);
      if (place) return place;
    }
  }
  return nowhere;
}

function placeOf(after: HeapSnapshot, node: number): ScriptPlace | undefined {
  const location = after.locationOf(node);
  const script = location && scriptsOf(after).get(location.script);
  return script === undefined ? undefined : { script, line: location!.line, column: location!.column };
}

const scripts = new WeakMap<HeapSnapshot, Map<number, string>>();

/** Numbers of scripts and their names: a function's shared part leads to its script. */
function scriptsOf(after: HeapSnapshot): Map<number, string> {
  let known = scripts.get(after);
  if (known) return known;
  scripts.set(after, (known = new Map()));
  for (let node = 0; node < after.nodeCount; node += 1) {
    if (!isFunction(after, node)) continue;
    const location = after.locationOf(node);
    if (!location || known.has(location.script)) continue;
    const shared = follow(after, node, 'shared');
    const script =
      shared === undefined
        ? undefined
        : (follow(after, shared, 'script') ?? follow(after, shared, 'script_or_debug_info'));
    if (script !== undefined) known.set(location.script, after.text(after.nodeName[script]!));
  }
  return known;
}

function follow(after: HeapSnapshot, node: number, name: string): number | undefined {
  const { firstEdge, edgeTo, edgeLabel } = after;
  for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge += 1) {
    if (
      after.text(edgeLabel[edge]! & EDGE_NAME_MAX) === name &&
      after.edgeTypes[edgeLabel[edge]! >>> EDGE_NAME_BITS] === 'internal'
    ) {
      return edgeTo[edge];
    }
  }
  return undefined;
}
