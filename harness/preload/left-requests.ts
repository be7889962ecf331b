/**
 * Requests that their client left before the answer was whole. It gave up, or it was done: a new connection in its place shows the one,
 * the end of all connections the other. Where others just went on, nobody knows.
 */

/** Those of one connection. */
export interface Left {
  readonly atMs: number;
  count: number;
  isEarly: boolean;
}

/** Clients that leave as a load ends do so together: what begins later than this is no part of the end. */
const goesOnMs = 1000;
/** Connections of which that is still to be seen; of more, the oldest stay in flight. So many clients do not leave and come back at once. */
const keptMax = 1024;

export class LeftRequests {
  /** All that have not failed. */
  total = 0;
  /** Of these, those after which others went on: their client gave up, or it had what it wanted. */
  early = 0;
  /** Oldest first, as below. */
  readonly #recent: Left[] = [];
  /** That a new connection replaces. */
  readonly #waiting: Left[] = [];

  /** @param mayBeEarly no end of a load explains that it left, should others go on */
  leave(count: number, atMs: number, mayBeEarly: boolean): Left {
    const left = { atMs, count, isEarly: false };
    this.total += count;
    if (mayBeEarly) keep(this.#recent, left);
    return left;
  }

  /** A connection that comes now may be another of the same client. */
  wait(left: Left): void {
    keep(this.#waiting, left);
  }

  /** A connection is new. @returns how many requests have failed by that */
  connect(): number {
    const left = this.#waiting.shift();
    return left ? this.fail(left, left.count) : 0;
  }

  /** So many were left, or refused, before they were seen, and others go on. */
  missing(count: number): void {
    this.total += count;
    this.early += count;
  }

  /** Something else in their place: they have failed. @returns `count` */
  fail(left: Left, count: number): number {
    left.count -= count;
    this.total -= count;
    if (left.isEarly) this.early -= count;
    return count;
  }

  /** A request begins. */
  goOn(nowMs: number): void {
    while (this.#recent.length > 0 && nowMs - this.#recent[0]!.atMs >= goesOnMs) {
      const left = this.#recent.shift()!;
      left.isEarly = true;
      this.early += left.count;
    }
  }

  /** All connections are gone, so that a load or a part of it is over: what comes now replaces nothing, and does not go on. */
  end(): void {
    this.#recent.length = 0;
    this.#waiting.length = 0;
  }
}

function keep(list: Left[], left: Left): void {
  if (list.length === keptMax) list.shift();
  list.push(left);
}
