/**
 * Several doubly-linked lists over the integers `[0, nodes)`, each integer in one list at most. Every operation takes
 * constant time and nothing is ever allocated.
 */
import { type Arrays, ownArrays } from './arrays.ts';

export class LinkedLists {
  /** The arrays as they are, for a kernel that moves nodes as `append` does. */
  readonly arrays: {
    readonly next: Int32Array;
    readonly previous: Int32Array;
    readonly listOf: Int8Array;
    readonly lengths: Int32Array;
  };
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #nodes: number;
  readonly #listOf: Int8Array;
  readonly #lengths: Int32Array;

  /** @param lists at most 127 */
  constructor(nodes: number, lists: number, arrays: Arrays = ownArrays) {
    // A list's own node stands behind the integers; it closes the list into a ring, which spares every end its case.
    this.#next = arrays.int32(nodes + lists);
    this.#previous = arrays.int32(nodes + lists);
    this.#nodes = nodes;
    this.#listOf = arrays.int8(nodes).fill(-1);
    this.#lengths = arrays.int32(lists);
    this.arrays = { next: this.#next, previous: this.#previous, listOf: this.#listOf, lengths: this.#lengths };
    for (let node = nodes; node < nodes + lists; node += 1) {
      this.#next[node] = node;
      this.#previous[node] = node;
    }
  }

  /** The list a node is in; −1 for none. */
  listOf(node: number): number {
    return this.#listOf[node]!;
  }

  length(list: number): number {
    return this.#lengths[list]!;
  }

  /** First node of a list; −1 when it is empty. */
  first(list: number): number {
    const node = this.#next[this.#nodes + list]!;
    return node < this.#nodes ? node : -1;
  }

  /** The node behind `node`; −1 at the end. */
  after(node: number): number {
    const next = this.#next[node]!;
    return next < this.#nodes ? next : -1;
  }

  /** Puts a node at the end of a list, out of the one it may be in. */
  append(list: number, node: number): void {
    const next = this.#next;
    const previous = this.#previous;
    const head = this.#nodes + list;
    const was = this.#listOf[node]!;
    if (was >= 0) {
      if (was === list && next[node] === head) return;
      next[previous[node]!] = next[node]!;
      previous[next[node]!] = previous[node]!;
    }
    if (was !== list) {
      if (was >= 0) this.#lengths[was]! -= 1;
      this.#lengths[list]! += 1;
      this.#listOf[node] = list;
    }
    const last = previous[head]!;
    next[last] = node;
    previous[node] = last;
    next[node] = head;
    previous[head] = node;
  }

  /** Takes a node out of its list, if it is in one. */
  remove(node: number): void {
    const list = this.#listOf[node]!;
    if (list < 0) return;
    this.#next[this.#previous[node]!] = this.#next[node]!;
    this.#previous[this.#next[node]!] = this.#previous[node]!;
    this.#listOf[node] = -1;
    this.#lengths[list]! -= 1;
  }
}
