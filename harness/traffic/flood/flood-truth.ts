/** What the hosts of a flood sent, and what of it is delivered whole: known from the making, not from the frames. */
import type { Truth } from '../traffic.ts';
import type { MadeBody } from './body-pool.ts';

/** A message that was sent to its end. */
export interface SentMessage {
  /** Of the flood, from 0. */
  readonly connection: number;
  /** Of the connection, from 0. */
  readonly exchange: number;
  readonly kind: 'request' | 'response';
  readonly startLine: string;
  /** Before any coding; 0 without a body. */
  readonly bodyBytes: number;
  /** SHA-256 of the body before any coding, in hexadecimal digits; empty without a body. */
  readonly bodySha256: string;
  /** Whether each of its bytes is delivered. */
  readonly isIntact: boolean;
}

export class FloodTruth {
  readonly #sums = {
    requests: 0,
    responses: 0,
    requestsIntact: 0,
    responsesIntact: 0,
    exchangesIntact: 0,
    interims: 0,
  };
  readonly #onMessage: ((message: SentMessage) => void) | undefined;

  constructor(onMessage: ((message: SentMessage) => void) | undefined) {
    this.#onMessage = onMessage;
  }

  message(
    place: Pick<SentMessage, 'connection' | 'exchange' | 'kind'>,
    startLine: string,
    body: MadeBody | undefined,
    isIntact: boolean,
  ): void {
    const sums = this.#sums;
    if (place.kind === 'request') {
      sums.requests += 1;
      if (isIntact) sums.requestsIntact += 1;
    } else {
      sums.responses += 1;
      if (isIntact) sums.responsesIntact += 1;
    }
    const [bodyBytes, bodySha256] = body ? [body.plainBytes, body.sha256] : [0, ''];
    this.#onMessage?.({ ...place, startLine, bodyBytes, bodySha256, isIntact });
  }

  /** A response before the response (RFC 9110, section 15.2): some observers report it, some do not. */
  interim(): void {
    this.#sums.interims += 1;
  }

  exchangeIntact(): void {
    this.#sums.exchangesIntact += 1;
  }

  truth(): Truth {
    return { ...this.#sums };
  }
}
