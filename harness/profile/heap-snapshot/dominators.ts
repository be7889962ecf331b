/**
 * Dominators of a heap by semi-NCA (L. Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005,
 * section 2.3), and retained sizes from them. Hot: plain loops over typed arrays, no recursion.
 */
import { type HeapSnapshot, retainingEdges } from './heap-snapshot.ts';

export interface Dominators {
  /** Nodes in the order a depth-first walk met them; the root first, unreachable ones not at all. */
  readonly order: Uint32Array;
  /** Per node: the node that every way from the root to it leads through; the root's own is itself, `NONE` for an unreachable one. */
  readonly immediate: Uint32Array;
  /** Per node: own bytes and those of all it dominates; an unreachable one's are its own. */
  readonly retainedBytes: Float64Array;
}

export const NONE = 0xffffffff;

/** Dominators of everything reachable from the snapshot's root, which is node 0. */
export function findDominators(snapshot: HeapSnapshot): Dominators {
  const { nodeCount } = snapshot;
  if (nodeCount === 0)
    return { order: new Uint32Array(0), immediate: new Uint32Array(0), retainedBytes: new Float64Array(0) };
  const walk = depthFirst(snapshot);
  const idom = semiNca(walk, predecessors(snapshot, walk));
  const order = walk.order.subarray(0, walk.count);
  const immediate = new Uint32Array(nodeCount).fill(NONE);
  const retainedBytes = Float64Array.from(snapshot.selfBytes);
  // A dominator comes before what it dominates: backwards, every sum is complete before it is passed on.
  for (let number = walk.count - 1; number > 0; number -= 1) {
    const node = order[number]!;
    const above = order[idom[number]!]!;
    immediate[node] = above;
    retainedBytes[above]! += retainedBytes[node]!;
  }
  immediate[0] = 0;
  return { order, immediate, retainedBytes };
}

interface Walk {
  readonly count: number;
  /** Number → node. */
  readonly order: Uint32Array;
  /** Node → number, `NONE` where not reached. */
  readonly numberOf: Uint32Array;
  /** Number → number of the node it was reached from. */
  readonly parent: Uint32Array;
  /** Room for two numbers a node that the steps hand on: at millions of nodes every column counts. */
  readonly scratch: readonly [Uint32Array, Uint32Array];
}

function depthFirst(snapshot: HeapSnapshot): Walk {
  const { nodeCount, firstEdge, edgeType, edgeTo } = snapshot;
  const retains = retainingEdges(snapshot);
  const order = new Uint32Array(nodeCount);
  const numberOf = new Uint32Array(nodeCount).fill(NONE);
  const parent = new Uint32Array(nodeCount);
  const nextEdge = Uint32Array.from(firstEdge.subarray(0, nodeCount));
  const stack = new Uint32Array(nodeCount);
  let depth = 1;
  let count = 1;
  numberOf[0] = 0;
  while (depth > 0) {
    const node = stack[depth - 1]!;
    const edge = nextEdge[node]!;
    if (edge === firstEdge[node + 1]!) {
      depth -= 1;
      continue;
    }
    nextEdge[node] = edge + 1;
    const kind = retains[edgeType[edge]!];
    if (kind !== 1 && !(kind === 2 && node === 0)) continue;
    const to = edgeTo[edge]!;
    if (numberOf[to] !== NONE) continue;
    numberOf[to] = count;
    order[count] = to;
    parent[count] = numberOf[node]!;
    count += 1;
    stack[depth] = to;
    depth += 1;
  }
  return { count, order, numberOf, parent, scratch: [nextEdge, stack] };
}

interface Predecessors {
  readonly first: Uint32Array;
  readonly from: Uint32Array;
}

/** Who points at whom, in numbers of the walk. */
function predecessors(snapshot: HeapSnapshot, { count, order, numberOf, scratch }: Walk): Predecessors {
  const { firstEdge, edgeType, edgeTo } = snapshot;
  const retains = retainingEdges(snapshot);
  const first = new Uint32Array(count + 1);
  for (let number = 0; number < count; number += 1) {
    const node = order[number]!;
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge += 1) {
      const kind = retains[edgeType[edge]!];
      if (kind === 1 || (kind === 2 && node === 0)) first[numberOf[edgeTo[edge]!]! + 1]! += 1;
    }
  }
  for (let i = 1; i <= count; i += 1) first[i]! += first[i - 1]!;
  const from = new Uint32Array(first[count]!);
  const next = scratch[0];
  next.set(first.subarray(0, count));
  for (let number = 0; number < count; number += 1) {
    const node = order[number]!;
    for (let edge = firstEdge[node]!; edge < firstEdge[node + 1]!; edge += 1) {
      const kind = retains[edgeType[edge]!];
      if (kind !== 1 && !(kind === 2 && node === 0)) continue;
      const to = numberOf[edgeTo[edge]!]!;
      from[next[to]!] = number;
      next[to]! += 1;
    }
  }
  return { first, from };
}

/** Immediate dominators by number of the walk, in the place of its parents; its other columns are used up. */
function semiNca({ count, parent, numberOf, scratch }: Walk, { first, from }: Predecessors): Uint32Array {
  const semi = new Uint32Array(count);
  const label = scratch[0];
  // Ancestors of the link-eval forest, which path compression shortens; `parent` itself must stay.
  const ancestor = scratch[1];
  for (let v = 0; v < count; v += 1) semi[v] = label[v] = ancestor[v] = v;
  const path = numberOf;
  for (let v = count - 1; v > 0; v -= 1) {
    let best = parent[v]!;
    for (let i = first[v]!; i < first[v + 1]!; i += 1) {
      let u = from[i]!;
      if (u > v) {
        // Eval: the smallest semidominator on the way up to the forest's root, compressing that way.
        let depth = 0;
        for (let at = u; ancestor[ancestor[at]!] !== ancestor[at]; at = ancestor[at]!) {
          path[depth] = at;
          depth += 1;
        }
        while (depth > 0) {
          depth -= 1;
          const at = path[depth]!;
          const above = ancestor[at]!;
          if (semi[label[above]!]! < semi[label[at]!]!) label[at] = label[above]!;
          ancestor[at] = ancestor[above]!;
        }
        u = semi[label[u]!]!;
      }
      if (u < best) best = u;
    }
    semi[v] = best;
    ancestor[v] = parent[v]!;
  }
  const idom = parent;
  for (let v = 1; v < count; v += 1) {
    let above = idom[v]!;
    while (above > semi[v]!) above = idom[above]!;
    idom[v] = above;
  }
  return idom;
}
