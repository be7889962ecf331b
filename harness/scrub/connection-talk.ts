/** What the two sides of a connection know of each other: which answer is to which request, and that HTTP/1 has been left. */
import type { RecordKind } from './record-walker.ts';

/** Requests that wait for their answer; of more the methods are not known. */
const waitingMax = 4_096;

export class ConnectionTalk {
  readonly #methods: string[] = [];
  readonly #left: (kind: RecordKind | undefined) => void;

  /** @param left called once both sides have left HTTP/1 */
  constructor(left: (kind: RecordKind | undefined) => void) {
    this.#left = left;
  }

  asked(method: string): void {
    if (this.#methods.length < waitingMax) this.#methods.push(method);
  }

  /** @returns the method of the request; undefined where that has not been seen. Interim answers answer nothing. */
  answered(status: number): string | undefined {
    if (status >= 100 && status < 200 && status !== 101) return this.#methods[0] ?? '';
    return this.#methods.shift();
  }

  leave(kind: RecordKind | undefined): void {
    this.#left(kind);
  }
}
