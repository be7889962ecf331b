/**
 * Dominators of a heap by semi-NCA (L. Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005,
 * section 2.3), and retained sizes from them. Hot: plain loops over typed arrays, no recursion.
 *
 * Everything is indexed by a node's number in a depth-first walk, not by the node itself: neighbours in the tree are then
 * neighbours in memory. At millions of nodes every column counts too, so the steps hand theirs on to be used again.
 */
import type { HeapSnapshot } from './heap-snapshot.ts';

export interface Dominators {
  /** Number → node, in the order a depth-first walk met them; the root first, unreachable ones not at all. */
  readonly order: Uint32Array;
  /** Number → number of what every way from the root leads through; always a smaller one, the root's own is itself. */
  readonly immediate: Uint32Array;
  /** Number → own bytes and those of all it dominates. */
  readonly retainedBytes: Float64Array;
  /** The tree downwards: number of the first that it immediately dominates, and of the next with the same dominator; or `NONE`. */
  readonly firstChild: Uint32Array;
  readonly nextSibling: Uint32Array;
  /** A column of `nodeCount` of no use to anyone yet; the caller's. */
  readonly room: Uint32Array;
}

export const NONE = 0xffffffff;

/** Dominators of everything reachable from the snapshot's root, which is node 0. */
export function findDominators(snapshot: HeapSnapshot): Dominators {
  if (snapshot.nodeCount === 0) {
    const none = new Uint32Array(0);
    const retainedBytes = new Float64Array(0);
    return { order: none, immediate: none, retainedBytes, firstChild: none, nextSibling: none, room: none };
  }
  const walk = depthFirst(snapshot);
  const merges = predecessors(snapshot, walk);
  const semi = semiNca(walk, merges);
  const { count, seen, spare } = walk;
  const order = walk.order.subarray(0, count);
  const immediate = walk.parent.subarray(0, count);
  const retainedBytes = new Float64Array(merges.room, 0, count);
  const { selfBytes } = snapshot;
  for (let number = 0; number < count; number += 1) retainedBytes[number] = selfBytes[order[number]!]!;
  const firstChild = semi.fill(NONE);
  const nextSibling = seen.subarray(0, count).fill(NONE);
  // A dominator comes before what it dominates: backwards, every sum is complete before it is passed on.
  for (let number = count - 1; number > 0; number -= 1) {
    const above = immediate[number]!;
    retainedBytes[above]! += retainedBytes[number]!;
    nextSibling[number] = firstChild[above]!;
    firstChild[above] = number;
  }
  return { order, immediate, retainedBytes, firstChild, nextSibling, room: spare };
}

interface Walk {
  readonly count: number;
  /** Number → node. */
  readonly order: Uint32Array;
  /** Number → number of the node it was reached from. */
  readonly parent: Uint32Array;
  /** Per node, side by side for the sake of the cache: its number (`NONE` where not reached), and how many edges lead to it. */
  readonly seen: Uint32Array;
  /** Of no more use after the walk: `nodeCount` and one more. */
  readonly spare: Uint32Array;
}

function depthFirst({ nodeCount, firstEdge, edgeTo }: HeapSnapshot): Walk {
  const order = new Uint32Array(nodeCount);
  const parent = new Uint32Array(nodeCount);
  const nextEdge = new Uint32Array(nodeCount + 1);
  const seen = new Uint32Array(2 * nodeCount);
  for (let i = 2; i < seen.length; i += 2) seen[i] = NONE;
  let count = 1;
  let number = 0;
  let edge = 0;
  let end = firstEdge[1]!;
  for (;;) {
    if (edge === end) {
      // Up again: the numbers themselves are the stack.
      if (number === 0) break;
      number = parent[number]!;
      edge = nextEdge[number]!;
      end = firstEdge[order[number]! + 1]!;
      continue;
    }
    const to = edgeTo[edge]!;
    edge += 1;
    seen[2 * to + 1]! += 1;
    if (seen[2 * to] !== NONE) continue;
    seen[2 * to] = count;
    order[count] = to;
    parent[count] = number;
    nextEdge[number] = edge;
    number = count;
    count += 1;
    edge = firstEdge[to]!;
    end = firstEdge[to + 1]!;
  }
  return { count, order, parent, seen, spare: nextEdge };
}

interface Merges {
  /** Number → where its predecessors begin in `from`; none are listed of what has only one, which is its parent. */
  readonly first: Uint32Array;
  /** Numbers. */
  readonly from: Uint32Array;
  /** The memory of `from`, with room for eight bytes a node. */
  readonly room: ArrayBuffer;
}

/** Who points at what several point at. */
function predecessors({ firstEdge, edgeTo }: HeapSnapshot, { count, order, seen, spare }: Walk): Merges {
  const first = spare;
  let sum = 0;
  for (let number = 0; number < count; number += 1) {
    first[number] = sum;
    const at = 2 * order[number]! + 1;
    const edges = seen[at]!;
    if (edges > 1) {
      // From here on: where the next predecessor goes.
      seen[at] = sum;
      sum += edges;
    } else seen[at] = NONE;
  }
  first[count] = sum;
  const room = new ArrayBuffer(Math.max(8 * count, 4 * sum));
  const from = new Uint32Array(room, 0, sum);
  for (let number = 0; number < count; number += 1) {
    const node = order[number]!;
    const end = firstEdge[node + 1]!;
    for (let edge = firstEdge[node]!; edge < end; edge += 1) {
      const at = 2 * edgeTo[edge]! + 1;
      const place = seen[at]!;
      if (place === NONE) continue;
      from[place] = number;
      seen[at] = place + 1;
    }
  }
  return { first, from, room };
}

/** Turns parents into immediate dominators; the walk's other columns are used up. @returns a column of no more use */
function semiNca({ count, parent, seen }: Walk, { first, from }: Merges): Uint32Array {
  const semi = new Uint32Array(count);
  const label = seen.subarray(0, count);
  // Ancestors of the link-eval forest, which path compression shortens; `parent` itself must stay.
  const ancestor = seen.subarray(count, 2 * count);
  for (let v = 0; v < count; v += 1) semi[v] = label[v] = ancestor[v] = v;
  for (let v = count - 1; v > 0; v -= 1) {
    let best = parent[v]!;
    const end = first[v + 1]!;
    for (let i = first[v]!; i < end; i += 1) {
      let u = from[i]!;
      if (u > v) {
        // Eval: the smallest semidominator on the way up to the forest's root, compressing that way. Going up turns
        // the pointers round, coming down finds the way by them: no stack.
        let at = u;
        let below = NONE;
        let above = ancestor[at]!;
        for (let root = ancestor[above]!; root !== above; root = ancestor[above]!) {
          ancestor[at] = below;
          below = at;
          at = above;
          above = root;
        }
        while (below !== NONE) {
          const next = ancestor[below]!;
          if (semi[label[at]!]! < semi[label[below]!]!) label[below] = label[at]!;
          ancestor[below] = above;
          at = below;
          below = next;
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
  return semi;
}
