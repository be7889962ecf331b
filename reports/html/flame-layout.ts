/** Where each call site of a flame graph lies: pure, so that it is tested without a browser. */
import type { FlameTree } from '../model.ts';

export type FlameWidth = 'after' | 'before' | 'growth' | 'both';

export interface FlameOptions {
  /** What the width of a box stands for. `growth`: only what was added; `both`: the larger one, so that nothing is left out. */
  readonly width: FlameWidth;
  /** Upside down: leaves first, with their callers below them. */
  readonly inverted: boolean;
  /** Merge the lines of one function. */
  readonly byFunction: boolean;
}

/** The tree to draw, columnar: parents before children, node 0 the whole. */
export interface FlameLayout {
  readonly name: readonly string[];
  readonly file: readonly string[];
  readonly line: readonly number[];
  /** Per node: index into the columns above. */
  readonly site: readonly number[];
  readonly parent: readonly number[];
  readonly depth: readonly number[];
  /** With callees, before and after. */
  readonly before: Float64Array;
  readonly after: Float64Array;
  /** What its box is wide by, in the unit of the tree. */
  readonly weight: Float64Array;
  /** The same as a share of the whole, and where it begins: 0..1. */
  readonly share: Float64Array;
  readonly offset: Float64Array;
  readonly depthMax: number;
}

interface MutableTree {
  readonly site: number[];
  readonly parent: number[];
  readonly depth: number[];
  readonly before: number[];
  readonly after: number[];
}

/** Inverting multiplies nodes by their depth; beyond this the smallest paths are left out of the inverted view. */
const NODES_MAX = 200_000;

/** Lays a call tree out. */
export function layoutFlame(flame: FlameTree, options: FlameOptions): FlameLayout {
  const sites = siteTable(flame, options.byFunction);
  const tree = options.inverted ? invertedTree(flame, sites.of) : mergedTree(flame, sites.of);
  const count = tree.site.length;
  const before = Float64Array.from(tree.before);
  const after = Float64Array.from(tree.after);
  // Inverted nodes carry their totals already: a caller's share is of its callee, not a sum of its own.
  if (!options.inverted) {
    for (let node = count - 1; node > 0; node -= 1) {
      before[tree.parent[node]!]! += before[node]!;
      after[tree.parent[node]!]! += after[node]!;
    }
  }
  const weight = weights(tree, before, after, options.width);
  return {
    ...sites,
    ...tree,
    before,
    after,
    weight,
    ...placed(tree, weight),
    depthMax: tree.depth.reduce((a, b) => Math.max(a, b), 0),
  };
}

/** Call sites as shown; `of` leads from the model's sites to them. */
function siteTable(flame: FlameTree, byFunction: boolean) {
  const name: string[] = [];
  const file: string[] = [];
  const line: number[] = [];
  const known = new Map<string, number>();
  const of = flame.sites.functionName.map((functionName, i) => {
    const at = byFunction ? 0 : flame.sites.line[i]!;
    const key = `${functionName}\0${flame.sites.file[i]}\0${at}`;
    const index = known.get(key) ?? name.length;
    if (index === name.length) {
      known.set(key, index);
      name.push(functionName);
      file.push(flame.sites.file[i]!);
      line.push(at);
    }
    return index;
  });
  return { name, file, line, of };
}

function emptyTree(rootSite: number): MutableTree {
  return { site: [rootSite], parent: [-1], depth: [0], before: [0], after: [0] };
}

function childOf(tree: MutableTree, known: Map<number, number>, parent: number, site: number): number {
  const key = parent * 2 ** 26 + site;
  const child = known.get(key);
  if (child !== undefined) return child;
  const made = tree.site.length;
  known.set(key, made);
  tree.site.push(site);
  tree.parent.push(parent);
  tree.depth.push(tree.depth[parent]! + 1);
  tree.before.push(0);
  tree.after.push(0);
  return made;
}

/** Paths that have become equal by merging lines are one. */
function mergedTree(flame: FlameTree, siteOf: readonly number[]): MutableTree {
  const tree = emptyTree(siteOf[flame.site[0]!]!);
  const known = new Map<number, number>();
  const nodes = new Int32Array(flame.parent.length);
  for (let node = 0; node < nodes.length; node += 1) {
    if (node > 0) nodes[node] = childOf(tree, known, nodes[flame.parent[node]!]!, siteOf[flame.site[node]!]!);
    tree.before[nodes[node]!]! += flame.before[node]!;
    tree.after[nodes[node]!]! += flame.after[node]!;
  }
  return tree;
}

/** Every stack turned round: what a node holds is there at each of its callers. */
function invertedTree(flame: FlameTree, siteOf: readonly number[]): MutableTree {
  const tree = emptyTree(siteOf[flame.site[0]!]!);
  const known = new Map<number, number>();
  const own = flame.parent.map((_, node) => node).filter((node) => flame.before[node] !== 0 || flame.after[node] !== 0);
  own.sort((a, b) => flame.after[b]! + flame.before[b]! - flame.after[a]! - flame.before[a]!);
  for (const node of own) {
    if (tree.site.length > NODES_MAX) break;
    let at = 0;
    for (let up = node; ; up = flame.parent[up]!) {
      tree.before[at]! += flame.before[node]!;
      tree.after[at]! += flame.after[node]!;
      if (up <= 0) break;
      at = childOf(tree, known, at, siteOf[flame.site[up]!]!);
    }
  }
  return tree;
}

/** Width of each node. A parent is at least as wide as its children together, whatever the signs. */
function weights(tree: MutableTree, before: Float64Array, after: Float64Array, width: FlameWidth): Float64Array {
  const weight = Float64Array.from(before, (value, node) => Math.max(0, widthOf(value, after[node]!, width)));
  const children = new Float64Array(weight.length);
  for (let node = weight.length - 1; node >= 0; node -= 1) {
    weight[node] = Math.max(weight[node]!, children[node]!);
    if (node > 0) children[tree.parent[node]!]! += weight[node]!;
  }
  return weight;
}

function widthOf(before: number, after: number, width: FlameWidth): number {
  if (width === 'both') return Math.max(before, after);
  return width === 'after' ? after : width === 'before' ? before : after - before;
}

/** Children side by side within their parent, widest first. */
function placed(tree: MutableTree, weight: Float64Array): { share: Float64Array; offset: Float64Array } {
  const whole = weight[0]! || 1;
  const share = weight.map((value) => value / whole);
  const offset = new Float64Array(weight.length);
  const used = new Float64Array(weight.length);
  // Depth by depth, so that a parent has its place before its children ask for theirs.
  const order = tree.site
    .map((_, node) => node)
    .sort((a, b) => tree.depth[a]! - tree.depth[b]! || weight[b]! - weight[a]!);
  for (const node of order) {
    const parent = tree.parent[node]!;
    if (parent < 0) continue;
    offset[node] = offset[parent]! + used[parent]!;
    used[parent]! += share[node]!;
  }
  return { share, offset };
}

/** The node at a place of the (focused) graph; −1 where there is none. `x` 0..1, `row` 0 the whole. */
export function nodeAt(layout: FlameLayout, focus: number, x: number, row: number): number {
  const from = layout.offset[focus]!;
  const at = from + x * layout.share[focus]!;
  if (row < layout.depth[focus]!) {
    // Rows above the focus show its callers over the whole width.
    let up = focus;
    while (up > 0 && layout.depth[up]! > row) up = layout.parent[up]!;
    return up;
  }
  for (let node = 0; node < layout.site.length; node += 1) {
    if (layout.depth[node] !== row) continue;
    if (at >= layout.offset[node]! && at < layout.offset[node]! + layout.share[node]!) return node;
  }
  return -1;
}

/** Nodes whose function or file holds the words, and what part of the whole they are (nested matches count once). */
export function searchFlame(layout: FlameLayout, words: string): { matches: Uint8Array; share: number } {
  const matches = new Uint8Array(layout.site.length);
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return { matches, share: 0 };
  const bySite = layout.name.map(
    (name, i) => name.toLowerCase().includes(wanted) || layout.file[i]!.toLowerCase().includes(wanted),
  );
  const inside = new Uint8Array(layout.site.length);
  let share = 0;
  for (let node = 1; node < matches.length; node += 1) {
    matches[node] = bySite[layout.site[node]!] ? 1 : 0;
    const within = inside[layout.parent[node]!]!;
    if (matches[node] && !within) share += layout.share[node]!;
    inside[node] = within || matches[node] ? 1 : 0;
  }
  return { matches, share };
}
