/** What the two sides of a connection know of each other: which answer is to which request, and that HTTP/1 has been left. */
import type { RecordKind } from './record-walker.ts';

/** What stands for the method of a request without a version. */
export const simpleMethod = '';

/** Requests that wait for their answer; of more the methods are not known. */
const waitingMax = 4_096;

export class ConnectionTalk {
  readonly #methods: string[] = [];
  readonly #left: (kind: RecordKind | undefined) => void;
  readonly #tunnels: () => void;

  /** @param left called once both sides have left HTTP/1 @param tunnels called once they carry something else */
  constructor(left: (kind: RecordKind | undefined) => void, tunnels: () => void) {
    this.#left = left;
    this.#tunnels = tunnels;
  }

  /** The request that is answered next has no version. Its own side is never asked: it has sent it. */
  get isSimple(): boolean {
    return this.#methods[0] === simpleMethod;
  }

  tunnel(): void {
    this.#methods.length = 0;
    this.#tunnels();
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
