/** Who keeps an object alive: the shortest way to it from the root. */
import { NONE } from './dominators.ts';
import { classNameOf, EDGE_NAME_BITS, EDGE_NAME_MAX, type HeapSnapshot } from './heap-snapshot.ts';

/** Steps shown of a path; the middle of a longer one (a linked list) is left out. */
const STEPS_MAX = 16;

/** The shortest ways from the root to the objects of a snapshot: one walk serves all that are asked for. */
export class RetainingPaths {
  readonly #snapshot: HeapSnapshot;
  /** Per node the edge by which it is reached first. */
  readonly #reachedBy: Uint32Array;
  /** Every node reached, a node before those reached from it; the root first. */
  readonly order: Uint32Array;

  /** @param room columns of `nodeCount` and of as many as the root reaches, overwritten: two more would be felt */
  constructor(snapshot: HeapSnapshot, room?: readonly [Uint32Array, Uint32Array], isKeeping: EdgeTest = anyEdge) {
    const { nodeCount } = snapshot;
    const [reachedBy, queue] = room ?? [new Uint32Array(nodeCount), new Uint32Array(nodeCount)];
    this.#snapshot = snapshot;
    this.#reachedBy = reachedBy;
    const reached = breadthFirst(snapshot, reachedBy.fill(NONE), queue, isKeeping);
    this.order = queue.subarray(0, reached);
  }

  /** The edge by which a node is reached first, and the node that it leaves from; undefined for the root and what is not reached. */
  stepTo(node: number): PathStep | undefined {
    const edge = this.#reachedBy[node]!;
    if (node === 0 || edge === NONE) return undefined;
    const label = this.#snapshot.edgeLabel[edge]!;
    const type = this.#snapshot.edgeTypes[label >>> EDGE_NAME_BITS] ?? '';
    return { from: sourceOf(this.#snapshot, edge), type, name: edgeNameOf(this.#snapshot, edge) };
  }

  /** Per node that from which it is reached first; `NONE` for the root and what is not reached. */
  parents(): Uint32Array {
    const { firstEdge, nodeCount } = this.#snapshot;
    const parents = new Uint32Array(nodeCount).fill(NONE);
    const { edgeTo } = this.#snapshot;
    for (let node = 0; node < nodeCount; node += 1) {
      const end = firstEdge[node + 1]!;
      for (let edge = firstEdge[node]!; edge < end; edge += 1) {
        if (this.#reachedBy[edgeTo[edge]!] === edge) parents[edgeTo[edge]!] = node;
      }
    }
    return parents;
  }

  /** One step per object (`Map.table: (array)`), the root left out; empty where there is no way. */
  to(node: number): string[] {
    const snapshot = this.#snapshot;
    const edges = this.#reachedBy;
    const nodes: number[] = [];
    for (let at = node; at !== 0; ) {
      const edge = edges[at]!;
      if (edge === NONE) return [];
      nodes.push(at);
      at = sourceOf(snapshot, edge);
    }
    nodes.reverse();
    const step = (at: number) => `${edgeNameOf(snapshot, edges[at]!)}: ${classNameOf(snapshot, at)}`;
    if (nodes.length <= STEPS_MAX) return nodes.map(step);
    const half = STEPS_MAX / 2;
    const left = `… ${nodes.length - STEPS_MAX} more …`;
    return [...nodes.slice(0, half).map(step), left, ...nodes.slice(-half).map(step)];
  }
}

/** A way's last step to a node. */
export interface PathStep {
  readonly from: number;
  /** V8's word for the kind of edge: `property`, `element`, `context`, `internal` … */
  readonly type: string;
  readonly name: string;
}

/** Whether an edge keeps its target alive by itself. */
export type EdgeTest = (from: number, edge: number) => boolean;
const anyEdge: EdgeTest = () => true;

/** @returns how many were reached */
function breadthFirst(
  { firstEdge, edgeTo }: HeapSnapshot,
  reachedBy: Uint32Array,
  queue: Uint32Array,
  isKeeping: EdgeTest,
): number {
  queue[0] = 0;
  let tail = 1;
  for (let head = 0; head < tail; head += 1) {
    const node = queue[head]!;
    const end = firstEdge[node + 1]!;
    for (let edge = firstEdge[node]!; edge < end; edge += 1) {
      const to = edgeTo[edge]!;
      if (to === 0 || reachedBy[to] !== NONE || !isKeeping(node, edge)) continue;
      reachedBy[to] = edge;
      queue[tail] = to;
      tail += 1;
    }
  }
  return tail;
}

/** The node an edge leaves from, by bisection. */
function sourceOf({ firstEdge, nodeCount }: HeapSnapshot, edge: number): number {
  let low = 0;
  let high = nodeCount - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (firstEdge[middle]! <= edge) low = middle;
    else high = middle - 1;
  }
  return low;
}

function edgeNameOf(snapshot: HeapSnapshot, edge: number): string {
  const label = snapshot.edgeLabel[edge]!;
  const type = snapshot.edgeTypes[label >>> EDGE_NAME_BITS];
  const name = label & EDGE_NAME_MAX;
  return type === 'element' || type === 'hidden' ? `[${name}]` : snapshot.text(name);
}
