/** A connection as the truth follows it: both directions, and what one must know of the other. */
import { type Fate, type HalfHost, HalfStream } from './half-stream.ts';
import type { HeldBytes } from './held-bytes.ts';
import { methodsMax } from './limits.ts';
import type { EarlyAnswer } from './message-framer.ts';
import type { TruthCounts } from './truth-counts.ts';

export class Connection implements HalfHost {
  readonly forward: HalfStream;
  readonly backward: HalfStream;
  /** The one before it with the same addresses and ports: frames of it may come late. */
  previous: Connection | undefined;
  isUncertain = false;
  wasReset = false;
  readonly #counts: TruthCounts;
  readonly #methods: string[] = [];
  /** Responses recorded before their requests, in order. */
  readonly #early: EarlyAnswer[] = [];
  readonly #compares: boolean;
  /** Requests that were delivered whole, and those framed. */
  #requestsFramed = 0;
  #requestsIntact = 0;
  #isTunnel = false;

  constructor(counts: TruthCounts, held: HeldBytes, compares: boolean) {
    this.#counts = counts;
    this.#compares = compares;
    this.forward = new HalfStream(this, held, compares);
    this.backward = new HalfStream(this, held, compares);
  }

  get isClosed(): boolean {
    return this.wasReset || (this.forward.isClosed && this.backward.isClosed);
  }

  onRequest(method: string): void {
    this.#requestsFramed += 1;
    const early = this.#early.shift();
    if (early) {
      early.method = method;
      if (early.isIntact) this.onEarlyIntact(early);
      return;
    }
    if (this.#methods.length < methodsMax) this.#methods.push(method);
    else {
      this.forward.framer.doubt();
      this.backward.framer.doubt();
    }
  }

  methodFor(): string | EarlyAnswer | undefined {
    if (this.#methods.length > 0) return this.#methods.shift();
    if (this.#early.length >= methodsMax) return undefined;
    const early: EarlyAnswer = { method: undefined, isIntact: false };
    this.#early.push(early);
    return early;
  }

  onEarlyIntact(early: EarlyAnswer): void {
    early.isIntact = true;
    if (early.method !== undefined) this.onFate(false, takesBody(early.method) ? 'intact' : 'possible');
  }

  /** All requests so far were delivered. */
  get isMethodSeen(): boolean {
    return !this.#compares || this.#requestsIntact >= this.#requestsFramed;
  }

  onTunnel(): void {
    this.#isTunnel = true;
    this.forward.framer.tunnel(this.forward.framer.messageStart);
    this.backward.framer.tunnel(this.backward.framer.messageStart);
  }

  onFate(isRequest: boolean, fate: Fate): void {
    if (isRequest && fate === 'intact') this.#requestsIntact += 1;
    this.#counts.message(isRequest, fate);
  }

  onUnframed(heads: number, isRequest: boolean | undefined): void {
    if (heads > 0) this.#counts.unframed(heads, isRequest);
  }

  /** Settles all that is open, and counts what was not known of it. */
  settle(isOrderly: boolean): void {
    this.previous?.settle(isOrderly);
    this.previous = undefined;
    for (const half of [this.forward, this.backward]) {
      if (!half.hasBegun) continue;
      half.end(isOrderly);
      half.settleAll();
      const { framer } = half;
      if (!half.hasStart) this.#counts.doubt('midStream');
      if (half.bytesMissing > 0) this.#counts.doubt('holes');
      if (!framer.hasLostSync || this.#isTunnel) continue;
      this.#counts.doubt(framer.messages === 0 ? 'notHttp' : 'lostSync');
    }
    for (const { isIntact } of this.#early.splice(0)) if (isIntact) this.onFate(false, 'possible');
  }
}

/** Whether a response to it has the body that its head announces. */
function takesBody(method: string): boolean {
  return method !== 'HEAD' && method !== 'CONNECT';
}
