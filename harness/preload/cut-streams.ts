/**
 * Streams of HTTP/2: those that were answered, and those that ended before their answer was whole, or whose answer is not what it said. Which
 * side has reset one can be seen only as it does; a client that gave up may begin another on the same connection.
 */
import type { EventEmitter } from 'node:events';
import type { ClientConnections, Socket } from './client-connections.ts';
import { type Ended, isEventStream, isOfPeer, type RequestOutcomes } from './request-outcomes.ts';

export interface Session extends EventEmitter {
  readonly closed: boolean;
  readonly destroyed: boolean;
  /** That of TCP, as it may be read. */
  readonly socket?: Socket;
}

export interface Stream extends Ended {
  readonly session?: Session;
  readonly aborted: boolean;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly writableFinished: boolean;
  /** 0: neither side has reset it. */
  readonly rstCode?: number;
  /** Destroyed here: what the other side resets is read to its end. */
  readonly readableAborted: boolean;
  readonly sentHeaders?: Readonly<Record<string, unknown>>;
  readonly id?: number;
  readonly headRequest?: boolean;
}

/** Neither an error: what a client has enough of it cancels. */
const codesOfNoError = new Set([0x0, 0x8]);
const statusesWithoutBody = new Set([204, 205, 304]);
/** Those of a client's streams are odd (RFC 9113, 5.1.1). */
const idStep = 2;

/** What a service sends unasked is the answer to no request. */
function isPushed({ id = 1 }: Stream): boolean {
  return id % idStep === 0;
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
  /** The highest of each session. */
  readonly #lastIds = new WeakMap<object, number>();
  readonly #onAnswer: (status: number) => void;
  /** Those whose answer was counted. */
  readonly #answered = new WeakSet<Stream>();
  #seesCloses = false;
  #handleKey: symbol | undefined;

  /** @param onAnswer called once for each that is answered */
  constructor(outcomes: RequestOutcomes, connections: ClientConnections, onAnswer: (status: number) => void) {
    this.#outcomes = outcomes;
    this.#connections = connections;
    this.#onAnswer = onAnswer;
  }

  /** A stream begins. */
  begin(stream: Stream, now: number): void {
    if (isPushed(stream)) return;
    const outcomes = this.#outcomes;
    const { session } = stream;
    const connection = session && this.#connections.of(session);
    if (session && !connection) this.#connect(session);
    // Another in its place: a client that is done begins none.
    else if (connection?.givenUp?.count) outcomes.unanswered += outcomes.left.fail(connection.givenUp, 1);
    if (!this.#seesCloses) this.#seeCloses(stream);
    if (session) this.#seeGap(session, stream.id);
    outcomes.left.goOn(now);
    this.#streams.set(stream, now);
    outcomes.open += 1;
  }

  /** Whether it began, as far as this Node.js says so. */
  knows(stream: object): boolean {
    return this.#streams.has(stream as Stream);
  }

  /** The writable side of a stream is done, with these headers: an answer that is read from a file never says so (`respondWithFile`). */
  finish(stream: Stream, headers: Stream['sentHeaders']): void {
    const status = headers?.[':status'];
    if (status === undefined || isPushed(stream) || this.#answered.has(stream)) return;
    this.#answered.add(stream);
    this.#onAnswer(Number(status));
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
    // Either side may say that it is no good: a client that has no room for the answer, or finds a fault in it.
    if (isWhole && (!codesOfNoError.has(stream.rstCode ?? 0) || this.#hasOtherLength(stream))) {
      if (!this.#hasFailed(stream)) outcomes.unanswered += 1;
      return;
    }
    if (isWhole) {
      outcomes.answered(now - since, type);
      this.finish(stream, stream.sentHeaders);
    }
    if (isWhole || isEventStream(type)) return;
    if (this.#closedHere.has(stream) || (stream.readableAborted && !isOfPeer(stream))) {
      // Its status says already that it has failed.
      if (!this.#hasFailed(stream)) outcomes.unanswered += 1;
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

  /** Counted as an answer with a status other than 2xx. */
  #hasFailed(stream: Stream): boolean {
    const status = Number(stream.sentHeaders?.[':status']);
    return this.#answered.has(stream) && (status < 200 || status > 299);
  }

  #connect(session: Session): void {
    const connection = this.#connections.connect(session, undefined, session);
    session.once('close', () => {
      if (connection.givenUp?.count) this.#outcomes.left.wait(connection.givenUp);
      this.#connections.disconnect(connection);
    });
  }

  /**
   * A session that is short of memory refuses streams (ENHANCE_YOUR_CALM) before any code knows of them, and a client may leave its own before
   * they are sent: either way their numbers are missing.
   */
  #seeGap(session: object, id: number | undefined): void {
    if (id === undefined) return;
    const last = this.#lastIds.get(session) ?? id - idStep;
    if (id < last) return;
    this.#outcomes.left.missing((id - last) / idStep - 1);
    this.#lastIds.set(session, id);
  }

  /** Of a whole answer, by its own `content-length` (RFC 9113, 8.1.1); where it cannot be known, false. */
  #hasOtherLength(stream: Stream): boolean {
    const { ':status': status, 'content-length': said } = stream.sentHeaders ?? {};
    if (said === undefined || stream.headRequest) return false;
    if (statusesWithoutBody.has(Number(status))) return false;
    this.#handleKey ??= Object.getOwnPropertySymbols(stream).find(({ description }) => description === 'kHandle');
    if (!this.#handleKey) return false;
    const handle = (stream as unknown as Record<symbol, { readonly bytesWritten?: number } | undefined>)[
      this.#handleKey
    ];
    return typeof handle?.bytesWritten === 'number' && handle.bytesWritten !== Number(said);
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
