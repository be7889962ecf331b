/**
 * Requests that the target's own servers have answered, and what was allocated by then: read at fixed numbers of requests, so that
 * two versions are compared over the same requests, whatever the clock did.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Answers } from './options.ts';

/** A reading costs about 100 µs: 1 µs a request. */
const markEvery = 100;

export class RequestCount {
  #total = 0;
  #not2xx = 0;
  #nextMark = markEvery;
  readonly #onMark: (requests: number) => void;

  /** @param onMark called in the middle of the target's work: it must be short */
  constructor(onMark: (requests: number) => void) {
    this.#onMark = onMark;
    subscribe('http.server.response.finish', (message) => {
      this.#count((message as { response: { statusCode: number } }).response.statusCode);
    });
    subscribe('http2.server.stream.finish', (message) => {
      const { headers } = message as { headers?: Readonly<Record<string, unknown>> };
      const status = headers?.[':status'];
      if (status !== undefined) this.#count(Number(status));
    });
  }

  /** Undefined before the first. */
  get answers(): Answers | undefined {
    return this.#total === 0 ? undefined : { total: this.#total, not2xx: this.#not2xx };
  }

  #count(status: number): void {
    this.#total += 1;
    if (status < 200 || status > 299) this.#not2xx += 1;
    if (this.#total !== this.#nextMark) return;
    this.#onMark(this.#total);
    // Ever rarer, so that their number stays small: 100 apart up to 10,000 requests, then a hundredth of what there was.
    this.#nextMark += Math.max(markEvery, Math.floor(this.#total / 10_000) * markEvery);
  }
}
