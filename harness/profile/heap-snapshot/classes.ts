/** What a heap holds by class, and what grew between two snapshots of one process. */
import type { RetainedClass } from '../../../reports/model.ts';
import { type Dominators, findDominators, NONE } from './dominators.ts';
import { classNameOf, type HeapSnapshot, isNamedType } from './heap-snapshot.ts';
import { retainingPath } from './retaining-path.ts';

export interface ClassRow {
  readonly className: string;
  readonly count: number;
  readonly selfBytes: number;
  /** What would go if all of them went: an object inside another one of its class counts once. */
  readonly retainedBytes: number;
}

/** Classes by retained size, largest first. */
export function classHistogram(snapshot: HeapSnapshot, dominators: Dominators = findDominators(snapshot)): ClassRow[] {
  return histogram(snapshot, dominators, classesOf(snapshot));
}

function histogram(snapshot: HeapSnapshot, dominators: Dominators, { names, classOf }: Classes): ClassRow[] {
  const count = new Float64Array(names.length);
  const selfBytes = new Float64Array(names.length);
  const retainedBytes = new Float64Array(names.length);
  const { order, immediate } = dominators;
  for (const node of order) {
    count[classOf[node]!]! += 1;
    selfBytes[classOf[node]!]! += snapshot.selfBytes[node]!;
  }
  // Down the dominator tree with a counter per class: how many of its own kind are above.
  const { firstChild, children } = dominatorTree(snapshot.nodeCount, order, immediate);
  const above = new Uint32Array(names.length);
  const nextChild = Uint32Array.from(firstChild.subarray(0, snapshot.nodeCount));
  const stack = new Uint32Array(order.length + 1);
  let depth = 0;
  const enter = (node: number) => {
    const own = classOf[node]!;
    if (above[own] === 0) retainedBytes[own]! += dominators.retainedBytes[node]!;
    above[own]! += 1;
    stack[depth] = node;
    depth += 1;
  };
  if (order.length > 0) enter(0);
  while (depth > 0) {
    const node = stack[depth - 1]!;
    const next = nextChild[node]!;
    if (next < firstChild[node + 1]!) {
      nextChild[node] = next + 1;
      enter(children[next]!);
    } else {
      above[classOf[node]!]! -= 1;
      depth -= 1;
    }
  }
  return names
    .map((className, i) => ({
      className,
      count: count[i]!,
      selfBytes: selfBytes[i]!,
      retainedBytes: retainedBytes[i]!,
    }))
    .filter((row) => row.count > 0)
    .sort((a, b) => b.retainedBytes - a.retainedBytes);
}

interface Classes {
  readonly names: readonly string[];
  /** Per node: index into `names`. */
  readonly classOf: Uint32Array;
}

/** Names are decoded once a string, not once a node: a heap has millions of nodes but few classes. */
function classesOf(snapshot: HeapSnapshot): Classes {
  const { nodeCount, nodeType, nodeName, nodeTypes, stringCount } = snapshot;
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
  const isNamed = Uint8Array.from(nodeTypes, (type) => (isNamedType(type) ? 1 : 0));
  const byType = new Uint32Array(256).fill(NONE);
  const byString = new Uint32Array(stringCount + 1).fill(NONE);
  const classOf = new Uint32Array(nodeCount);
  for (let node = 0; node < nodeCount; node += 1) {
    const type = nodeType[node]!;
    const table = isNamed[type] === 1 ? byString : byType;
    const place = isNamed[type] === 1 ? Math.min(nodeName[node]!, stringCount) : type;
    let index = table[place]!;
    if (index === NONE) table[place] = index = indexOf(node);
    classOf[node] = index;
  }
  return { names, classOf };
}

function dominatorTree(nodeCount: number, order: Uint32Array, immediate: Uint32Array) {
  const firstChild = new Uint32Array(nodeCount + 1);
  for (const node of order) if (node !== 0) firstChild[immediate[node]! + 1]! += 1;
  for (let i = 1; i <= nodeCount; i += 1) firstChild[i]! += firstChild[i - 1]!;
  const children = new Uint32Array(Math.max(0, order.length - 1));
  const next = Uint32Array.from(firstChild.subarray(0, nodeCount));
  for (const node of order) {
    if (node === 0) continue;
    const parent = immediate[node]!;
    children[next[parent]!] = node;
    next[parent]! += 1;
  }
  return { firstChild, children };
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
  let idMax = 0;
  for (const id of snapshot.nodeId) if (id > idMax) idMax = id;
  const bits = new Uint8Array((idMax >>> 3) + 1);
  for (const id of snapshot.nodeId) bits[id >>> 3]! |= 1 << (id & 7);
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
  const classes = classesOf(after);
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
  const told = rows.filter((row) => row.retainedBytesAdded > 0 && row.className !== '(roots)');
  told.sort((a, b) => b.retainedBytesAdded - a.retainedBytesAdded);
  const kept = told.slice(0, options.rowsMax ?? 50);
  const examples = largestNew(
    before,
    after,
    dominators,
    classes,
    new Set(kept.slice(0, options.pathsMax ?? 20).map((row) => row.className)),
  );
  return kept.map((row) => {
    const node = examples.get(row.className);
    return { ...row, retainedBytesAfter: null, retainingPath: node === undefined ? [] : retainingPath(after, node) };
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
  for (const node of dominators.order) {
    const own = classOf[node]!;
    if (!isWanted[own] || before.has(after.nodeId[node]!)) continue;
    if (best[own] === NONE || dominators.retainedBytes[node]! > dominators.retainedBytes[best[own]!]!) best[own] = node;
  }
  const examples = new Map<string, number>();
  best.forEach((node, own) => void (node !== NONE && examples.set(names[own]!, node)));
  return examples;
}
