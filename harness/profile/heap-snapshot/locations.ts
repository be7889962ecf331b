/** Where in which script an object of a heap snapshot comes from: a function's own place, or that of an object's constructor. */

/** Rows of the flat list `locations`. V8 counts lines and columns from 0. */
const fieldsOfRow = 4;
const rowsAtFirst = 4_096;

export interface Location {
  /** V8's number of the script. */
  readonly script: number;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/** Takes the list's bytes in chunks of any size. */
export class LocationList {
  /** Node → row, for lookups; made with the first. */
  #rowOf: Map<number, number> | undefined;
  #cells = new Int32Array(rowsAtFirst * fieldsOfRow);
  #count = 0;
  #number = 0;
  #hasDigits = false;
  readonly #rowsMax: number;
  readonly #nodeFields: number;

  /** @param nodeCount no object has two places */
  constructor(nodeCount: number, nodeFields: number) {
    this.#rowsMax = nodeCount;
    this.#nodeFields = nodeFields;
  }

  /** @returns the place behind the closing bracket, or −1 where there is more to come */
  push(bytes: Uint8Array, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const digit = bytes[at]! - 0x30;
      if (digit >= 0 && digit <= 9) {
        this.#number = (this.#number * 10 + digit) | 0;
        this.#hasDigits = true;
        continue;
      }
      if (this.#hasDigits) this.#add(this.#number);
      this.#number = 0;
      this.#hasDigits = false;
      if (bytes[at] === 0x5d) return at + 1;
    }
    return -1;
  }

  /** Undefined for what V8 gives no place. */
  of(node: number): Location | undefined {
    if (!this.#rowOf) {
      this.#rowOf = new Map();
      for (let i = 0; i + fieldsOfRow <= this.#count; i += fieldsOfRow) {
        this.#rowOf.set(Math.floor(this.#cells[i]! / this.#nodeFields), i);
      }
    }
    const row = this.#rowOf.get(node);
    if (row === undefined) return undefined;
    const [, script, line, column] = this.#cells.subarray(row, row + fieldsOfRow);
    return { script: script!, line: line! + 1, column: column! + 1 };
  }

  #add(number: number): void {
    if (this.#count >= this.#rowsMax * fieldsOfRow) return;
    if (this.#count === this.#cells.length) {
      const larger = new Int32Array(this.#cells.length * 2);
      larger.set(this.#cells);
      this.#cells = larger;
    }
    this.#cells[this.#count] = number;
    this.#count += 1;
  }
}
