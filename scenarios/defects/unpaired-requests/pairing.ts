/** Pairing that forgets nothing: each request is kept with its context after it was answered, and after its stream closed. */
import { Pairing as BoundedPairing } from '../../../agent/http/pairing.ts';
import type { Pairable, Place } from '../../../agent/http/place.ts';

export * from '../../../agent/http/pairing.ts';

interface Kept {
  readonly stream: number;
  readonly method: string;
  readonly uri: string;
  readonly tsUs: number;
  /** What the partial witness of a request holds: a few kilobytes. */
  readonly context: number[];
}

/** Numbers in a request's context. */
const contextLength = 512;

export class Pairing extends BoundedPairing {
  readonly #kept: Kept[] = [];

  override request(stream: number, message: Pairable, place: Place, headBytes: number): void {
    this.#keepRequest(stream, message.method, message.uri, message.tsUs);
    super.request(stream, message, place, headBytes);
  }

  #keepRequest(stream: number, method: string, uri: string, tsUs: number): void {
    const context = new Array<number>(contextLength).fill(tsUs + 0.5);
    this.#kept.push({ stream, method, uri, tsUs, context });
  }
}
