/** Who keeps an object alive: the shortest way to it from the root. */
import { NONE } from './dominators.ts';
import { classNameOf, type HeapSnapshot, retainingEdges } from './heap-snapshot.ts';

/** Steps told of a path; the middle of a longer one (a linked list) is left out. */
const STEPS_MAX = 16;

/** Ways found so far, per snapshot: one walk serves all objects asked for. */
const walks = new WeakMap<HeapSnapshot, Uint32Array>();

/** The shortest way from the root to a node, one step per object (`Map.table: (array)`); empty where there is none. */
export function retainingPath(snapshot: HeapSnapshot, node: number): string[] {
  let edges = walks.get(snapshot);
  if (!edges) walks.set(snapshot, (edges = breadthFirst(snapshot)));
  const steps: string[] = [];
  for (let at = node; at !== 0; ) {
    const edge = edges[at]!;
    if (edge === NONE) return [];
    steps.push(`${edgeNameOf(snapshot, edge)}: ${classNameOf(snapshot, at)}`);
    at = sourceOf(snapshot, edge);
  }
  steps.reverse();
  if (steps.length <= STEPS_MAX) return steps;
  const half = STEPS_MAX / 2;
  return [...steps.slice(0, half), `… ${steps.length - STEPS_MAX} more …`, ...steps.slice(-half)];
}

/** Per node the edge by which it is reached first. */
function breadthFirst(snapshot: HeapSnapshot): Uint32Array {
  const { nodeCount, firstEdge, edgeType, edgeTo } = snapshot;
  const retains = retainingEdges(snapshot);
  const reachedBy = new Uint32Array(nodeCount).fill(NONE);
  const queue = new Uint32Array(nodeCount);
  let tail = 1;
  for (let head = 0; head < tail; head += 1) {
    const node = queue[head]!;
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge += 1) {
      const kind = retains[edgeType[edge]!];
      if (kind !== 1 && !(kind === 2 && node === 0)) continue;
      const to = edgeTo[edge]!;
      if (to === 0 || reachedBy[to] !== NONE) continue;
      reachedBy[to] = edge;
      queue[tail] = to;
      tail += 1;
    }
  }
  return reachedBy;
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
  const type = snapshot.edgeTypes[snapshot.edgeType[edge]!];
  const name = snapshot.edgeName[edge]!;
  return type === 'element' || type === 'hidden' ? `[${name}]` : snapshot.text(name);
}
