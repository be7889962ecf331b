/**
 * What becomes of requests, of HTTP/1 and HTTP/2 alike: answered whole, failed, or left by their client. How long whole answers took
 * says what is a hang, and which of those that were left had waited for longer than is usual.
 */
import { type Left, LeftRequests } from './left-requests.ts';

/** A request that has waited for so long, and for three times the longest answer, hangs: no end of a load excuses it. */
const hangMs = 1000;
const codesOfPeer = new Set<unknown>(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** A socket, or a stream of HTTP/2, that has ended. */
export interface Ended {
  readonly errored?: { readonly code?: string } | null;
}

export class RequestOutcomes {
  /** Called as the first of those open begins, and as the last is over. */
  onTurn: ((isOpen: boolean) => void) | undefined;
  #open = 0;
  /** Failed. */
  unanswered = 0;
  readonly left = new LeftRequests();
  /** What whole answers took. */
  readonly #took = { count: 0, sumMs: 0, longestMs: 0 };

  /** Begun, and whose answer is not whole. */
  get open(): number {
    return this.#open;
  }

  set open(count: number) {
    const wasOpen = this.#open > 0;
    this.#open = count;
    if (wasOpen !== count > 0) this.onTurn?.(count > 0);
  }

  /** An answer is whole. */
  answered(tookMs: number, head: unknown): void {
    if (tookMs > this.#took.longestMs) {
      if (isEventStream(head)) return;
      this.#took.longestMs = tookMs;
    }
    this.#took.count += 1;
    this.#took.sumMs += tookMs;
  }

  /**
   * Counts what a client left. @returns what another connection may replace: undefined for what hung, what was on its way, and what is so
   *   young that an end of the load has cut it
   * @param isAlone there is no other connection, so that a load that is over and another after it look like one client that connects
   *   again: only what has waited longer than any answer did is given up
   */
  leave(
    count: number,
    now: number,
    { since, sentMs }: { readonly since: number; readonly sentMs: number },
    { isAlone, isSending }: { isAlone: boolean; isSending: boolean },
  ): Left | undefined {
    if (this.hangs(now - sentMs)) {
      this.unanswered += count;
      return undefined;
    }
    const { sumMs, count: answers, longestMs } = this.#took;
    const usualMs = (2 * sumMs) / Math.max(1, answers);
    // Of whole milliseconds an age is up to one too many.
    const isOld = now - since - 1 > (isAlone ? Math.max(usualMs, longestMs) : usualMs);
    const left = this.left.leave(count, now, isOld || !isAlone);
    return isOld && !isSending ? left : undefined;
  }

  /** Whether what has waited for so long hangs. */
  hangs(ageMs: number): boolean {
    return ageMs >= hangMs && ageMs > 3 * this.#took.longestMs;
  }
}

/** Whether the other side ended it. */
export function isOfPeer({ errored }: Ended): boolean {
  return codesOfPeer.has(errored?.code);
}

/** Such an answer has no end: whoever reads it leaves when it has what it came for. */
export function isEventStream(head: unknown): boolean {
  return typeof head === 'string' && /text\/event-stream/i.test(head);
}
