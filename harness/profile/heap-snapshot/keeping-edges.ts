/** Which edges of a snapshot keep their target alive by themselves, and what V8 says in an edge's name of maps and their keys. */
import { EDGE_NAME_BITS, EDGE_NAME_MAX, type HeapSnapshot } from './heap-snapshot.ts';
import type { EdgeTest } from './retaining-path.ts';

/** V8's own tables of what is there, from which a collection removes what nothing else keeps. */
const weakRoots = new Set(['(Internalized strings)', '(External strings)', '(Weak roots)']);

/** Node.js's lists of its native objects, which it frees with the process: the objects are kept by whoever has them, or by being open. */
const freedAtEnd = new Set(['Node / BaseObjectList', 'Node / CleanupQueue']);

const pairInWeakMap = /part of key \((system \/)?.* pair in WeakMap \(table @(\d+)\)$/;

/**
 * A weak map's value is kept by table and key together, and both have an edge to it. The one that may go decides: the key, or the table
 * where the key is V8's own and never goes.
 */
export function keepingEdges(snapshot: HeapSnapshot): EdgeTest {
  const { edgeLabel, edgeTypes, nodeId, nodeName, nodeType, nodeTypes, nodeCount, stringCount } = snapshot;
  const internal = edgeTypes.indexOf('internal');
  const weakByType = new Map([
    [nodeTypes.indexOf('synthetic'), weakRoots],
    [nodeTypes.indexOf('native'), freedAtEnd],
  ]);
  const isWeak = new Uint8Array(nodeCount);
  for (let node = 0; node < nodeCount; node += 1) {
    if (weakByType.get(nodeType[node]!)?.has(snapshot.text(nodeName[node]!))) isWeak[node] = 1;
  }
  /** By string: 0 not looked at, 1 no pair of a weak map, else a pair. */
  const known = new Uint8Array(stringCount);
  return (from, edge) => {
    if (isWeak[from] === 1) return false;
    const label = edgeLabel[edge]!;
    const name = label & EDGE_NAME_MAX;
    if (label >>> EDGE_NAME_BITS !== internal || known[name] === 1) return true;
    const pair = pairInWeakMap.exec(snapshot.text(name));
    known[name] = pair ? 2 : 1;
    if (!pair) return true;
    const isTables = Number(pair[2]) === nodeId[from];
    return isTables === (pair[1] !== undefined);
  };
}

/** The same edges, but the pairs of one table are kept by it: its keys were there before, and what came came by the map. */
export function keptByTable(snapshot: HeapSnapshot, isKeeping: EdgeTest, table: number): EdgeTest {
  const { edgeLabel, edgeTypes } = snapshot;
  const internal = edgeTypes.indexOf('internal');
  const known = new Map<number, boolean>();
  return (from, edge) => {
    const label = edgeLabel[edge]!;
    if (label >>> EDGE_NAME_BITS !== internal) return isKeeping(from, edge);
    const name = label & EDGE_NAME_MAX;
    let isPair = known.get(name);
    if (isPair === undefined) known.set(name, (isPair = tableOf(snapshot, snapshot.text(name)) === table));
    return isPair ? from === table : isKeeping(from, edge);
  };
}

/** The table of the weak map whose pair an edge is; undefined where the edge is no pair. */
export function tableOf(snapshot: HeapSnapshot, edgeName: string): number | undefined {
  const id = pairInWeakMap.exec(edgeName)?.[2];
  const node = id === undefined ? -1 : snapshot.nodeId.indexOf(Number(id));
  return node < 0 ? undefined : node;
}

/** The name that a program has for the weak map whose pair an edge is; undefined where the edge is no pair, or the map has no name. */
export function weakMapNameOf(snapshot: HeapSnapshot, edgeName: string): string | undefined {
  const table = tableOf(snapshot, edgeName);
  const map = table === undefined ? undefined : ownerOf(snapshot, table);
  return map === undefined ? undefined : nameOfEdgeTo(snapshot, map);
}

/** The key of a map's entry, where it is a string: V8's tables hold it right before the value. */
export function keyOfEntry(snapshot: HeapSnapshot, table: number, valueEdgeName: string): string | undefined {
  const { firstEdge, edgeTo, edgeLabel, nodeTypes, nodeType, nodeName } = snapshot;
  const wanted = Number(valueEdgeName) - 1;
  for (let edge = firstEdge[table]!; edge < firstEdge[table + 1]!; edge += 1) {
    const label = edgeLabel[edge]!;
    if (edgeNumber(snapshot, label) !== wanted) continue;
    const key = edgeTo[edge]!;
    return nodeTypes[nodeType[key]!] === 'string' ? snapshot.text(nodeName[key]!) : undefined;
  }
  return undefined;
}

function edgeNumber(snapshot: HeapSnapshot, label: number): number {
  const type = snapshot.edgeTypes[label >>> EDGE_NAME_BITS];
  const name = label & EDGE_NAME_MAX;
  return type === 'element' || type === 'hidden' ? name : Number(snapshot.text(name));
}

/** The one object that has a part; undefined where there is none. */
function ownerOf(snapshot: HeapSnapshot, part: number): number | undefined {
  return sourcesOf(snapshot, part).find(({ name }) => name === 'table')?.from;
}

function nameOfEdgeTo(snapshot: HeapSnapshot, node: number): string | undefined {
  const named = sourcesOf(snapshot, node).filter(({ type }) => type === 'context' || type === 'property');
  return (named.find(({ type }) => type === 'context') ?? named[0])?.name;
}

/** All named edges to an object: a look at every edge of the snapshot. */
export function sourcesOf(snapshot: HeapSnapshot, node: number): { from: number; type: string; name: string }[] {
  const { nodeCount, firstEdge, edgeTo, edgeLabel, edgeTypes } = snapshot;
  const found: { from: number; type: string; name: string }[] = [];
  for (let from = 0; from < nodeCount; from += 1) {
    for (let edge = firstEdge[from]!; edge < firstEdge[from + 1]!; edge += 1) {
      if (edgeTo[edge] !== node) continue;
      const label = edgeLabel[edge]!;
      const type = edgeTypes[label >>> EDGE_NAME_BITS] ?? '';
      if (type !== 'element' && type !== 'hidden')
        found.push({ from, type, name: snapshot.text(label & EDGE_NAME_MAX) });
    }
  }
  return found;
}
