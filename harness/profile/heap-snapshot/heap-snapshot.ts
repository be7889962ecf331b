/**
 * A V8 heap snapshot in columns: a node is a number, an edge is a number, a string is bytes until someone asks for it.
 * Edges that keep nothing alive are not kept either.
 */

import type { Location } from './locations.ts';

export interface HeapSnapshot {
  readonly nodeCount: number;
  /** Edges that keep their target alive. */
  readonly edgeCount: number;
  /** Index into `nodeTypes`. */
  readonly nodeType: Uint8Array;
  /** Index of a string. */
  readonly nodeName: Uint32Array;
  /** V8's own object id: the same object has the same one in every snapshot of a process. */
  readonly nodeId: Uint32Array;
  /** Doubles only where an object is larger than 32 bits can hold. */
  readonly selfBytes: Uint32Array | Float64Array;
  /** Edges of node n are `firstEdge[n]` up to `firstEdge[n + 1]`. */
  readonly firstEdge: Uint32Array;
  /** Above `EDGE_NAME_BITS` an index into `edgeTypes`, below it that of a string, or an element's or hidden edge's own number. */
  readonly edgeLabel: Uint32Array;
  readonly edgeTo: Uint32Array;
  readonly nodeTypes: readonly string[];
  readonly edgeTypes: readonly string[];
  readonly stringCount: number;
  /** Text of a string, cut at `STRING_BYTES_MAX`; empty for an index that does not exist. */
  text(index: number): string;
  /** Of a function its own place, of an object its constructor's; undefined where V8 gives none. */
  locationOf(node: number): Location | undefined;
}

/** More than an array of V8 has elements; a larger number is read as this one. */
export const EDGE_NAME_BITS = 27;
export const EDGE_NAME_MAX = 2 ** EDGE_NAME_BITS - 1;
export const EDGE_TYPES_MAX = 2 ** (32 - EDGE_NAME_BITS);

/** Of a string only the beginning is kept: names are short, and the strings of a heap are its largest part. */
export const STRING_BYTES_MAX = 256;

/** Names that V8 gives to what is no object of a class, as Chrome DevTools groups it. */
const GROUPS: Readonly<Record<string, string>> = {
  hidden: '(system)',
  code: '(compiled code)',
  array: '(array)',
  string: '(string)',
  'concatenated string': '(concatenated string)',
  'sliced string': '(sliced string)',
  number: '(number)',
  symbol: '(symbol)',
  bigint: '(bigint)',
  closure: 'Function',
  regexp: 'RegExp',
  'object shape': '(object shape)',
  synthetic: '(roots)',
};

/** Types whose nodes differ by their names: objects and what native code holds. */
export function isNamedType(type: string): boolean {
  return !Object.hasOwn(GROUPS, type);
}

/** Class of a node, as Chrome DevTools would group it: the constructor's name for objects and native ones. */
export function classNameOf(snapshot: HeapSnapshot, node: number): string {
  const type = snapshot.nodeTypes[snapshot.nodeType[node]!] ?? '';
  const name = isNamedType(type) ? snapshot.text(snapshot.nodeName[node]!) : GROUPS[type]!;
  return name || '(anonymous)';
}

/**
 * Which edges keep their target alive: weak ones do not, and shortcuts (V8's own wayfinding) only from the root.
 * Indexed by edge type: 0 never, 1 always, 2 from the root.
 */
export function retainingEdges(edgeTypes: readonly string[]): Uint8Array {
  return Uint8Array.from(edgeTypes, (type) => (type === 'weak' ? 0 : type === 'shortcut' ? 2 : 1));
}
