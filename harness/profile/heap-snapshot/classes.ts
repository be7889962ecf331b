/** What a heap holds by class, and what grew between two snapshots of one process. */
import type { RetainedClass } from '../../../reports/model.ts';
import { type Dominators, findDominators, NONE } from './dominators.ts';
import { classNameOf, type HeapSnapshot, isNamedType } from './heap-snapshot.ts';
import { RetainingPaths } from './retaining-path.ts';

export interface ClassRow {
  readonly className: string;
  readonly count: number;
  readonly selfBytes: number;
  /** What would go if all of them went: an object inside another one of its class counts once. */
  readonly retainedBytes: number;
}

/** Classes by retained size, largest first. */
export function classHistogram(snapshot: HeapSnapshot, dominators: Dominators = findDominators(snapshot)): ClassRow[] {
  return histogram(snapshot, dominators, classesOf(snapshot, dominators));
}

function histogram(snapshot: HeapSnapshot, dominators: Dominators, { names, classOf }: Classes): ClassRow[] {
  const { order, immediate, retainedBytes, firstChild, nextSibling } = dominators;
  const { selfBytes } = snapshot;
  const counts = new Float64Array(names.length);
  const selfSums = new Float64Array(names.length);
  const retainedSums = new Float64Array(names.length);
  // Down the dominator tree and up again, with a counter per class: how many of its own kind are above.
  const above = new Uint32Array(names.length);
  let number = order.length > 0 ? 0 : NONE;
  while (number !== NONE) {
    const own = classOf[number]!;
    counts[own]! += 1;
    selfSums[own]! += selfBytes[order[number]!]!;
    if (above[own] === 0) retainedSums[own]! += retainedBytes[number]!;
    const child = firstChild[number]!;
    if (child !== NONE) {
      above[own]! += 1;
      number = child;
      continue;
    }
    // Up until there is a next one; a leaf was never counted as above anything.
    let next = nextSibling[number]!;
    while (next === NONE && number !== 0) {
      number = immediate[number]!;
      above[classOf[number]!]! -= 1;
      next = nextSibling[number]!;
    }
    number = next;
  }
  return names
    .map((className, i) => ({
      className,
      count: counts[i]!,
      selfBytes: selfSums[i]!,
      retainedBytes: retainedSums[i]!,
    }))
    .sort((a, b) => b.retainedBytes - a.retainedBytes);
}

interface Classes {
  readonly names: readonly string[];
  /** Number in the walk → index into `names`. */
  readonly classOf: Uint32Array;
}

/** Names are decoded once a string, not once a node: a heap has millions of nodes but few classes. */
function classesOf(snapshot: HeapSnapshot, { order, room }: Dominators): Classes {
  const { nodeType, nodeName, nodeTypes, stringCount } = snapshot;
  const names: string[] = [];
  const byName = new Map<string, number>();
  const indexOf = (node: number) => {
    const name = classNameOf(snapshot, node);
    let index = byName.get(name);
    if (index === undefined) {
      index = names.length;
      names.push(name);
      byName.set(name, index);
    }
    return index;
  };
  // One table: types first, then strings.
  const typesMax = 256;
  const isNamed = new Uint8Array(typesMax);
  nodeTypes.forEach((type, i) => void (isNamed[i] = isNamedType(type) ? 1 : 0));
  const table = new Uint32Array(typesMax + stringCount + 1).fill(NONE);
  const classOf = room.subarray(0, order.length);
  for (let number = 0; number < order.length; number += 1) {
    const node = order[number]!;
    const type = nodeType[node]!;
    let place = type;
    if (isNamed[type] === 1) {
      const name = nodeName[node]!;
      place = typesMax + Math.min(name, stringCount);
    }
    let index = table[place]!;
    if (index === NONE) table[place] = index = indexOf(node);
    classOf[number] = index;
  }
  return { names, classOf };
}

/** What of a snapshot is needed to compare a later one with it; far smaller than the snapshot. */
export interface SnapshotSummary {
  readonly classes: ReadonlyMap<string, ClassRow>;
  /** Whether an object of that id was there. */
  has(id: number): boolean;
}

/** Keeps what a comparison needs: classes, and one bit per object id. */
export function summarizeSnapshot(snapshot: HeapSnapshot): SnapshotSummary {
  const classes = new Map(classHistogram(snapshot).map((row) => [row.className, row]));
  const { nodeId, nodeCount } = snapshot;
  let idMax = 0;
  for (let node = 0; node < nodeCount; node += 1) if (nodeId[node]! > idMax) idMax = nodeId[node]!;
  const bits = new Uint8Array((idMax >>> 3) + 1);
  for (let node = 0; node < nodeCount; node += 1) bits[nodeId[node]! >>> 3]! |= 1 << (nodeId[node]! & 7);
  return { classes, has: (id) => id <= idMax && (bits[id >>> 3]! & (1 << (id & 7))) !== 0 };
}

export interface SnapshotDiffOptions {
  /** @default 50 */
  readonly rowsMax?: number;
  /** Classes that get a retaining path. @default 20 */
  readonly pathsMax?: number;
}

/** Classes by what they retain more than before, largest growth first, each with the way to its largest new object. */
export function diffSnapshots(
  before: SnapshotSummary,
  after: HeapSnapshot,
  options: SnapshotDiffOptions = {},
): RetainedClass[] {
  const dominators = findDominators(after);
  const classes = classesOf(after, dominators);
  const rows = histogram(after, dominators, classes).map((row) => {
    const earlier = before.classes.get(row.className);
    return {
      ...row,
      countAdded: row.count - (earlier?.count ?? 0),
      selfBytesAdded: row.selfBytes - (earlier?.selfBytes ?? 0),
      retainedBytesAdded: row.retainedBytes - (earlier?.retainedBytes ?? 0),
    };
  });
  // The roots and V8's own grow with everything else: they say nothing.
  const grown = rows.filter((row) => row.retainedBytesAdded > 0 && row.className !== '(roots)');
  grown.sort((a, b) => b.retainedBytesAdded - a.retainedBytesAdded);
  const kept = grown.slice(0, options.rowsMax ?? 50);
  const examples = largestNew(
    before,
    after,
    dominators,
    classes,
    new Set(kept.slice(0, options.pathsMax ?? 20).map((row) => row.className)),
  );
  // Classes and the tree are done by now: their columns serve once more.
  const paths = examples.size > 0 ? new RetainingPaths(after, [dominators.room, dominators.firstChild]) : undefined;
  return kept.map((row) => {
    const node = examples.get(row.className);
    return { ...row, retainedBytesAfter: null, retainingPath: (node !== undefined && paths?.to(node)) || [] };
  });
}

/** Of each wanted class the new object that retains most. */
function largestNew(
  before: SnapshotSummary,
  after: HeapSnapshot,
  dominators: Dominators,
  { names, classOf }: Classes,
  wanted: ReadonlySet<string>,
): Map<string, number> {
  const isWanted = Uint8Array.from(names, (name) => (wanted.has(name) ? 1 : 0));
  const best = new Uint32Array(names.length).fill(NONE);
  const { order, retainedBytes } = dominators;
  const { nodeId } = after;
  for (let number = 0; number < order.length; number += 1) {
    const own = classOf[number]!;
    if (isWanted[own] === 0) continue;
    if (best[own] !== NONE && retainedBytes[number]! <= retainedBytes[best[own]!]!) continue;
    if (!before.has(nodeId[order[number]!]!)) best[own] = number;
  }
  const examples = new Map<string, number>();
  best.forEach((number, own) => void (number !== NONE && examples.set(names[own]!, order[number]!)));
  return examples;
}
