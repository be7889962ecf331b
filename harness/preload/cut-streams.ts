/**
 * Streams of HTTP/2 that ended before their answer was whole. Which side has reset one can be seen only as it does; a client that gave up
 * may begin another on the same connection.
 */
import type { EventEmitter } from 'node:events';
import type { ClientConnections } from './client-connections.ts';
import { type Ended, isEventStream, isOfPeer, type RequestOutcomes } from './request-outcomes.ts';

export interface Stream extends Ended {
  readonly session?: EventEmitter & { readonly closed: boolean; readonly destroyed: boolean };
  readonly aborted: boolean;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  /** 0: neither side has reset it. */
  readonly rstCode?: number;
  /** Destroyed here: what the other side resets is read to its end. */
  readonly readableAborted: boolean;
  readonly sentHeaders?: Readonly<Record<string, unknown>>;
}

/** A stream of either side. */
interface Closing {
  readonly closed: boolean;
  close(...words: unknown[]): unknown;
}

export class CutStreams {
  readonly #outcomes: RequestOutcomes;
  readonly #connections: ClientConnections;
  /** When each open one began. */
  readonly #streams = new Map<Stream, number>();
  readonly #closedHere = new WeakSet<object>();
  #seesCloses = false;

  constructor(outcomes: RequestOutcomes, connections: ClientConnections) {
    this.#outcomes = outcomes;
    this.#connections = connections;
  }

  /** A stream begins. */
  begin(stream: Stream, now: number): void {
    const outcomes = this.#outcomes;
    const { session } = stream;
    const connection = session && this.#connections.of(session);
    if (session && !connection) this.#connect(session);
    // Another in its place: a client that is done begins none.
    else if (connection?.givenUp?.count) outcomes.unanswered += outcomes.left.fail(connection.givenUp, 1);
    if (!this.#seesCloses) this.#seeCloses(stream);
    outcomes.left.goOn(now);
    this.#streams.set(stream, now);
    outcomes.open += 1;
  }

  /** A stream has closed. */
  end(stream: Stream, now: number): void {
    const outcomes = this.#outcomes;
    const since = this.#streams.get(stream);
    if (since === undefined) return;
    this.#streams.delete(stream);
    outcomes.open -= 1;
    const type = stream.sentHeaders?.['content-type'];
    // What has ended with nothing behind its head is not said to be finished by then.
    const isWritten = stream.writableFinished || (stream.writableEnded && stream.rstCode === 0);
    const isWhole = !stream.aborted && stream.headersSent && isWritten;
    if (isWhole) outcomes.answered(now - since, type);
    if (isWhole || isEventStream(type)) return;
    if (this.#closedHere.has(stream) || (stream.readableAborted && !isOfPeer(stream))) {
      outcomes.unanswered += 1;
      return;
    }
    const { session } = stream;
    const connection = session && this.#connections.of(session);
    const isAlone = this.#connections.isAlone && (!session || session.closed || session.destroyed);
    // How much of it was sent is not known: its reader may have what it came for.
    const isSending = stream.headersSent;
    const left = outcomes.leave(1, now, { since, sentMs: since }, { isAlone, isSending });
    if (!left || !connection) return;
    if (!connection.givenUp?.count) connection.givenUp = left;
    else connection.givenUp.count += 1;
  }

  #connect(session: EventEmitter): void {
    const connection = this.#connections.connect(session);
    session.once('close', () => {
      if (connection.givenUp?.count) this.#outcomes.left.wait(connection.givenUp);
      this.#connections.disconnect(connection);
    });
  }

  /** A reset looks alike from both sides afterwards: the service's own goes through the method of all streams. */
  #seeCloses(stream: Stream): void {
    this.#seesCloses = true;
    let prototype = Object.getPrototypeOf(stream) as Closing | null;
    while (prototype && !Object.hasOwn(prototype, 'close')) prototype = Object.getPrototypeOf(prototype);
    if (!prototype) return;
    const { close } = prototype;
    const closedHere = this.#closedHere;
    prototype.close = function (this: Closing, ...words: unknown[]) {
      // One that its client has reset is closed already.
      if (!this.closed) closedHere.add(this);
      return close.apply(this, words);
    };
  }

  /** Adds streams that wait now. */
  countWaiting(waiting: { hanging: number; open: number }, now: number): void {
    for (const [stream, since] of this.#streams)
      if (!isEventStream(stream.sentHeaders?.['content-type']))
        waiting[this.#outcomes.hangs(now - since) ? 'hanging' : 'open'] += 1;
  }
}
