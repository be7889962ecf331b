/**
 * Who keeps what stays: from the roots along shortest paths to where most of the new bytes lie, as long as one branch holds them;
 * where they fan out is the container that grew, and the last name on the way to it is the keeper's.
 */
import type { SnapshotSummary } from './classes.ts';
import { NONE } from './dominators.ts';
import { classNameOf, type HeapSnapshot } from './heap-snapshot.ts';
import { compiledField, type Named, nameOf } from './keeper-name.ts';
import { keepingEdges, keptByTable, tableOf, weakMapNameOf } from './keeping-edges.ts';
import { type EdgeTest, RetainingPaths } from './retaining-path.ts';

/** Name, kind and place are those of the container: `cache`, `Pairing.#archive`, `listeners of "change" on bus`. */
export interface FoundKeeper extends Named {
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
/** Roots and scopes of variables are no containers: of several that grow below one the largest is named. */
const scopeShareMin = 0.2;
/** A container of fewer new objects is none that grows. */
const heldMin = 8;
/** Steps through so many classes that come again so often are a list's: it is the list that keeps. */
const periodMax = 4;
const repeatsMin = 6;

/** Of what open handles keep, a container of the program's that has this much of them is who could let go of it. */
const holderShareMin = 0.2;

/** Undefined where the new bytes lie in no one place. */
export function findKeeper(before: SnapshotSummary, after: HeapSnapshot): FoundKeeper | undefined {
  const isKeeping = keepingEdges(after);
  const first = keeperBy(before, after, isKeeping);
  const found = first?.found;
  if (!found?.isHandle) return found && (weakMapOn(before, after, isKeeping, first) ?? found);
  // While it is open a handle keeps itself, whoever has it as well: the shortest way leads past the pool that lost it.
  const { edgeTo } = after;
  const holder = keeperBy(before, after, (from, edge) => {
    if (!isKeeping(from, edge)) return false;
    return !isRoot(after, from) || classNameOf(after, edgeTo[edge]!) !== found.held;
  })?.found;
  return holder && holder.script !== '' && !holder.isHandle && holder.share >= holderShareMin * found.share
    ? holder
    : found;
}

/** A keeper, and the way to one of what it holds. */
interface Keeping {
  readonly found: FoundKeeper;
  readonly paths: RetainingPaths;
  readonly example: number;
}

/**
 * The program's weak map through which objects that were there before have what is new: whoever keeps these objects keeps as many as ever.
 * Undefined where the way leads through none.
 */
function weakMapOn(
  before: SnapshotSummary,
  after: HeapSnapshot,
  isKeeping: EdgeTest,
  { found, paths, example }: Keeping,
): FoundKeeper | undefined {
  for (let step = paths.stepTo(example); step; step = paths.stepTo(step.from)) {
    const table = step.type === 'internal' ? tableOf(after, step.name) : undefined;
    if (table === undefined || table === step.from || !before.has(after.nodeId[step.from]!)) continue;
    // A compiled private field is the object's own.
    if (compiledField.test(weakMapNameOf(after, step.name) ?? '')) return undefined;
    const ofMap = keeperBy(before, after, keptByTable(after, isKeeping, table))?.found;
    return ofMap && !ofMap.isOfRuntime && ofMap.share >= branchShareMin * found.share ? ofMap : undefined;
  }
  return undefined;
}

function keeperBy(before: SnapshotSummary, after: HeapSnapshot, isKeeping: EdgeTest): Keeping | undefined {
  const paths = new RetainingPaths(after, undefined, isKeeping);
  const parents = paths.parents();
  const { bytes, all } = newBytesBelow(before, after, paths.order, parents);
  const grown: Grown = { before, after, paths, parents, bytes };
  const way = heaviestWay(grown);
  const place = headOfList(grown, way);
  const held = heldBy(grown, place);
  const isOne = held.count < heldMin;
  const named = isOne ? holderOfBlock(grown, way) : rootOfTree(grown, place, held);
  if (named === undefined) return undefined;
  const example = isOne ? way.at(-1)! : held.example;
  const found = {
    ...nameOf({ after, paths, fork: named, example, heldClass: held.className }),
    ...{ held: held.className, countAdded: isOne ? 0 : held.count },
    bytesAdded: bytes[named]!,
    share: bytes[named]! / Math.max(1, all),
    path: paths.to(example),
  };
  return { found, paths, example };
}

/** A block is one that grows from this size on: smaller ones come and go while a program gets warm. */
const blockBytesMin = 64 << 10;

/**
 * Numbers, bytes and texts are no objects: an array of them, a set, a buffer that is made anew for each that comes is one block, as large as
 * all the rest that is new on the way to it. It is named by what it is a part of, or by its own name. Undefined where the way ends at none.
 */
function holderOfBlock({ before, after, paths, bytes }: Grown, way: readonly number[]): number | undefined {
  const firstNew = way.findIndex((node) => !before.has(after.nodeId[node]!));
  const block = way.at(-1)!;
  const blockBytes = after.selfBytes[block]!;
  if (firstNew < 1 || blockBytes < blockBytesMin) return undefined;
  const top = way[firstNew]!;
  if (blockBytes < branchShareMin * bytes[top]!) return undefined;
  return paths.stepTo(top)?.type === 'internal' ? way[firstNew - 1]! : top;
}

/** A snapshot, what is new in it, and the shortest ways to it. */
interface Grown {
  readonly before: SnapshotSummary;
  readonly after: HeapSnapshot;
  readonly paths: RetainingPaths;
  readonly parents: Uint32Array;
  /** Of new objects, at and behind each. */
  readonly bytes: Float64Array;
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
function heaviestWay({ after, paths: { order }, parents, bytes }: Grown): number[] {
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
    const shareMin = isScope(after, node) ? scopeShareMin : branchShareMin;
    if (next === NONE || bytes[next]! < shareMin * bytes[node]!) return way;
    way.push(next);
    node = next;
  }
}

const isRoot = ({ nodeTypes, nodeType }: HeapSnapshot, node: number) => nodeTypes[nodeType[node]!] === 'synthetic';

function isScope(after: HeapSnapshot, node: number): boolean {
  const type = after.nodeTypes[after.nodeType[node]!];
  return isRoot(after, node) || classNameOf(after, node) === 'system / Context' || type === 'hidden';
}

/** Where new bytes hang, and of a linked list how long it is as far as the way leads. */
interface Place {
  readonly fork: number;
  /** What is to be named: of a list whose first items are old, the list. */
  readonly named: number;
  readonly listLength: number;
}

/** Where the way runs along a linked list, the place before its first new item: steps that come again and again in one order. */
function headOfList({ before, after, paths }: Grown, way: readonly number[]): Place {
  const steps = way.map((node) => {
    const step = paths.stepTo(node);
    return `${step?.type === 'property' ? step.name : (step?.type ?? '')} ${classNameOf(after, node)}`;
  });
  let list = { at: way.length, period: 1 };
  for (let period = 1; period <= periodMax; period += 1) {
    for (let at = 1; at + period * repeatsMin < list.at; at += 1) {
      let same = 0;
      while (same < period * repeatsMin && steps[at + same] === steps[at + same + period]) same += 1;
      if (same === period * repeatsMin) list = { at, period };
    }
  }
  let first = list.at;
  while (first < way.length && before.has(after.nodeId[way[first]!]!)) first += 1;
  if (first >= way.length) return { fork: way.at(-1)!, named: way.at(-1)!, listLength: 0 };
  // The first item hangs on the list by a name of its own.
  const isItem = list.at > 1 && classNameOf(after, way[list.at - 1]!) === classNameOf(after, way[list.at]!);
  const head = way[list.at - (isItem ? 2 : 1)]!;
  return {
    fork: way[first - 1]!,
    named: first > list.at ? head : way[first - 1]!,
    listLength: Math.round((way.length - first) / list.period),
  };
}

interface Held {
  readonly className: string;
  readonly count: number;
  /** One of them, in the middle. */
  readonly example: number;
  /** Names by which the first ones hang. */
  readonly links: ReadonlySet<string>;
}

/**
 * The class of the first new objects below that has most of the bytes, whatever old ones lie between: a map of arrays grows in its arrays.
 * Of a list or a tree, all the way down.
 */
function heldBy(grown: Grown, { fork, listLength }: Place): Held {
  const { before, after, paths, bytes } = grown;
  const rows = new Map<string, { bytes: number; nodes: number[] }>();
  for (const node of firstThingsBelow(grown, fork)) {
    const name = classNameOf(after, node);
    let row = rows.get(name);
    if (!row) rows.set(name, (row = { bytes: 0, nodes: [] }));
    row.bytes += bytes[node]!;
    row.nodes.push(node);
  }
  const [best] = [...rows].sort(([, a], [, b]) => b.bytes - a.bytes);
  if (!best) return { className: '', count: 0, example: fork, links: new Set() };
  const [className, { nodes }] = best;
  const example = nodes[nodes.length >> 1]!;
  const links = new Set(nodes.map((node) => linkTo(grown, node)).filter((name) => name !== undefined));
  const held = { className, example, links };
  if (nodes.length < heldMin && listLength >= heldMin) return { ...held, count: listLength };
  const count = nodes.length + itemsBehind(grown, nodes, held);
  if (count >= heldMin) return { ...held, count };
  // A circular list, which the way leads round both ways, or a tree into which it leads deep. What lies in an array is none of its items.
  let length = 0;
  // Parts of V8's own are of one class in every object.
  if (links.size === 0 && className.startsWith('(')) return { ...held, count };
  for (const node of paths.order) {
    const isNew = bytes[node]! > 0 && !before.has(after.nodeId[node]!) && classNameOf(after, node) === className;
    if (isNew && (links.size === 0 || linkTo(grown, node) !== undefined)) length += 1;
  }
  return { ...held, count: length };
}

/** Per node: not below, below by old objects alone, below a new one. */
const placeBelow = { none: 0, old: 1, new: 2 } as const;

/** A map's or set's table is made anew as it grows: what is new is in it, unless that is nothing that a snapshot counts. */
function firstThingsBelow(grown: Grown, fork: number): number[] {
  const found = firstNewBelow(grown, fork, false);
  const inTables = firstNewBelow(grown, fork, true);
  const sum = (nodes: readonly number[]) => nodes.reduce((all, node) => all + grown.bytes[node]!, 0);
  return sum(inTables) >= branchShareMin * sum(found) ? inTables : found;
}

/** The new objects that are reached from the fork by old ones. @param throughTables and by new tables of old ones */
function firstNewBelow(
  { before, after, paths, parents, bytes }: Grown,
  fork: number,
  throughTables: boolean,
): number[] {
  const place = new Uint8Array(after.nodeCount);
  const found: number[] = [];
  place[fork] = placeBelow.old;
  for (const node of paths.order) {
    const parent = parents[node]!;
    if (parent === NONE || node === fork || place[parent] === placeBelow.none || bytes[node] === 0) continue;
    if (place[parent] === placeBelow.new) place[node] = placeBelow.new;
    else if (before.has(after.nodeId[node]!)) place[node] = placeBelow.old;
    else if (throughTables && isTable(after, paths, node)) place[node] = placeBelow.old;
    else {
      place[node] = placeBelow.new;
      found.push(node);
    }
  }
  return found;
}

function isTable(after: HeapSnapshot, paths: RetainingPaths, node: number): boolean {
  return after.nodeTypes[after.nodeType[node]!] === 'array' && paths.stepTo(node)?.type === 'internal';
}

function linkTo({ paths }: Grown, node: number): string | undefined {
  const step = paths.stepTo(node);
  return step?.type === 'property' ? step.name : undefined;
}

/** Objects of a tree hang on others of their class by the same names as the first ones. */
function itemsBehind(grown: Grown, first: readonly number[], { className, links }: Omit<Held, 'count'>): number {
  if (links.size === 0) return 0;
  const items = new Set(first);
  for (const node of grown.paths.order) {
    if (!items.has(grown.parents[node]!) || items.has(node) || classNameOf(grown.after, node) !== className) continue;
    if (links.has(linkTo(grown, node)!)) items.add(node);
  }
  return items.size - first.length;
}

/** Where the way ends at an object of a tree: the tree. */
function rootOfTree(grown: Grown, { named }: Place, { className, links }: Held): number {
  let node = named;
  for (let link = linkTo(grown, node); link !== undefined && links.has(link); link = linkTo(grown, node)) {
    if (classNameOf(grown.after, node) !== className) break;
    node = grown.parents[node]!;
  }
  return node;
}
