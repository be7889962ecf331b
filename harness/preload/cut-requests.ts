/**
 * Requests whose connection ended before their answer was whole. Where the service ended it, they have failed. Where the client did, it
 * gave them up, or it was done: a load that is over cuts what it still has in flight, and no service has failed by that. How long a
 * request had waited distinguishes a hang from that, and so does a client that comes back: who gives up reconnects, who is done does not.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { type Left, LeftRequests } from './left-requests.ts';

/** An answer of HTTP/1, as `node:http` keeps it. */
interface Response {
  readonly statusCode: number;
  /** Its head as it is sent. */
  readonly _header?: unknown;
}

/** A socket, or a stream of HTTP/2, that has ended. */
interface Ended {
  readonly errored?: { readonly code?: string } | null;
}

interface Socket extends EventEmitter, Ended {
  readonly readableEnded: boolean;
  /** Written so far, as `node:net` keeps it: `bytesWritten` makes an array each time. */
  readonly _bytesDispatched?: number;
}

interface Stream extends Ended {
  readonly session?: EventEmitter & { readonly closed: boolean; readonly destroyed: boolean };
  readonly aborted: boolean;
  readonly headersSent: boolean;
  readonly writableFinished: boolean;
  /** Destroyed here: what the other side resets is read to its end. */
  readonly readableAborted: boolean;
  readonly sentHeaders?: Readonly<Record<string, unknown>>;
}

/** A stream of either side. */
interface Closing {
  readonly closed: boolean;
  close(...words: unknown[]): unknown;
}

/** What is known of a connection; times are whole milliseconds, which need no memory of their own. */
interface Connection {
  /** Requests of HTTP/1 that have begun, and whose answer is not whole. */
  open: number;
  /** When the oldest of them began, or the answer before it was whole: until then it had to wait for that. */
  since: number;
  latest: Response | undefined;
  /** Of HTTP/1. */
  readonly socket: Socket | undefined;
  /** What was written to it when it was looked at, and when that last had grown since its requests began. */
  written: number;
  sentMs: number;
  /** Streams of HTTP/2 that the client gave up, and began no other after. */
  givenUp: Left | undefined;
}

/** A request that has waited for so long, and for three times the longest answer, hangs: no end of a load excuses it. */
const hangMs = 1000;
/** An answer of which something was sent in the last two looks is on its way: its reader may have what it came for. */
const sendingMs = 100;
const codesOfPeer = new Set<unknown>(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

export interface CutCounts {
  /** Requests without a whole answer that the service cut, that hang, or that their client gave up. */
  readonly unanswered: number;
  /** Without an answer, whole or at all, when the load was over, or by now. */
  readonly inFlight: number;
  /** Of these, those whose client waits: a service that ends now cuts them. */
  readonly open: number;
  /** Of those in flight, what clients left while others went on: they gave up, or had what they wanted. */
  readonly leftEarly: number;
}

export class CutRequests {
  readonly #nowMs: () => number;
  readonly #onEventStream: (status: number) => void;
  readonly #known = new WeakMap<object, Connection>();
  readonly #live = new Set<Connection>();
  /** The most at a time since there was none. */
  #mostLive = 0;
  /** When each open stream of HTTP/2 began. */
  readonly #streams = new Map<Stream, number>();
  readonly #closedHere = new WeakSet<object>();
  #seesCloses = false;
  /** What whole answers took. */
  readonly #took = { count: 0, sumMs: 0, longestMs: 0 };
  #open = 0;
  #unanswered = 0;
  readonly #left = new LeftRequests();

  /** @param onEventStream called for each of HTTP/1 whose connection has ended: what it had sent is an answer that has no end */
  constructor(onEventStream: (status: number) => void = () => {}, nowMs: () => number = () => performance.now()) {
    this.#nowMs = () => Math.floor(nowMs());
    this.#onEventStream = onEventStream;
    subscribe('http.server.request.start', (message) => {
      const { socket, response } = message as { socket: Socket; response: Response };
      this.#begin(socket, response);
    });
    subscribe('http.server.response.finish', (message) => {
      const { socket, response } = message as { socket: object; response: Response };
      this.#finish(this.#known.get(socket), response);
    });
    subscribe('http2.server.stream.start', (message) => this.#beginStream((message as { stream: Stream }).stream));
    subscribe('http2.server.stream.close', (message) => this.#endStream((message as { stream: Stream }).stream));
  }

  /** What has come to no whole answer by now. */
  get counts(): CutCounts {
    const { hanging, open } = this.#waitingNow();
    const { total, early } = this.#left;
    return {
      ...{ unanswered: this.#unanswered + hanging, inFlight: this.#open + total - hanging },
      ...{ open, leftEarly: early },
    };
  }

  /** An answer has less in it than it said: its client waits for the rest, or drops it. */
  cutShort(): void {
    this.#unanswered += 1;
  }

  #begin(socket: Socket, response: Response): void {
    const now = this.#nowMs();
    this.#left.goOn(now);
    const connection = this.#known.get(socket) ?? this.#connectSocket(socket);
    if (connection.open === 0) waitFrom(connection, now);
    connection.open += 1;
    connection.latest = response;
    this.#open += 1;
  }

  #finish(connection: Connection | undefined, response: Response): void {
    // A connection that is gone has been counted.
    if (!connection || connection.open === 0) return;
    const now = this.#nowMs();
    this.#answered(now - connection.since, response._header);
    waitFrom(connection, now);
    connection.open -= 1;
    this.#open -= 1;
    if (connection.open === 0) connection.latest = undefined;
  }

  #end(socket: Socket, connection: Connection): void {
    const { open, latest } = connection;
    this.#open -= open;
    connection.open = 0;
    connection.latest = undefined;
    if (latest && isEventStream(latest._header)) this.#onEventStream(latest.statusCode);
    else if (open > 0) {
      if (!socket.readableEnded && !isOfPeer(socket)) this.#unanswered += open;
      else {
        const now = this.#nowMs();
        lookAt(connection, now);
        const isSending = connection.sentMs > connection.since && now - connection.sentMs < sendingMs;
        const left = this.#leave(open, now, connection, { isAlone: this.#mostLive === 1, isSending });
        if (left) this.#left.wait(left);
      }
    }
    this.#disconnect(connection);
  }

  #beginStream(stream: Stream): void {
    const { session } = stream;
    const connection = session && this.#known.get(session);
    if (session && !connection) this.#connectSession(session);
    // Another in its place: a client that is done begins none.
    else if (connection?.givenUp?.count) this.#unanswered += this.#left.fail(connection.givenUp, 1);
    if (!this.#seesCloses) this.#seeCloses(stream);
    const now = this.#nowMs();
    this.#left.goOn(now);
    this.#streams.set(stream, now);
    this.#open += 1;
  }

  #endStream(stream: Stream): void {
    const since = this.#streams.get(stream);
    if (since === undefined) return;
    this.#streams.delete(stream);
    this.#open -= 1;
    const type = stream.sentHeaders?.['content-type'];
    const now = this.#nowMs();
    const isWhole = !stream.aborted && stream.headersSent && stream.writableFinished;
    if (isWhole) this.#answered(now - since, type);
    if (isWhole || isEventStream(type)) return;
    if (this.#closedHere.has(stream) || (stream.readableAborted && !isOfPeer(stream))) {
      this.#unanswered += 1;
      return;
    }
    const { session } = stream;
    const connection = session && this.#known.get(session);
    const isAlone = this.#mostLive === 1 && (!session || session.closed || session.destroyed);
    const left = this.#leave(1, now, { since, sentMs: since }, { isAlone, isSending: false });
    if (!left || !connection) return;
    if (!connection.givenUp?.count) connection.givenUp = left;
    else connection.givenUp.count += 1;
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

  #connectSocket(socket: Socket): Connection {
    const connection = this.#connect(socket, socket);
    socket.once('close', () => this.#end(socket, connection));
    return connection;
  }

  #connectSession(session: EventEmitter): void {
    const connection = this.#connect(session);
    session.once('close', () => {
      if (connection.givenUp?.count) this.#left.wait(connection.givenUp);
      this.#disconnect(connection);
    });
  }

  /** A new connection takes the place of one that was cut: its client did not leave because it was done. */
  #connect(key: object, socket?: Socket): Connection {
    const times = { since: 0, written: 0, sentMs: 0 };
    const connection: Connection = { open: 0, latest: undefined, socket, ...times, givenUp: undefined };
    this.#known.set(key, connection);
    this.#live.add(connection);
    this.#mostLive = Math.max(this.#mostLive, this.#live.size);
    this.#unanswered += this.#left.connect();
    return connection;
  }

  /** Where all of several are gone, a load or a part of it is over: what comes then replaces nothing. One alone may just reconnect. */
  #disconnect(connection: Connection): void {
    this.#live.delete(connection);
    if (this.#live.size > 0) return;
    if (this.#mostLive > 1) this.#left.end();
    this.#mostLive = 0;
  }

  #answered(tookMs: number, head: unknown): void {
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
  #leave(
    count: number,
    now: number,
    { since, sentMs }: Pick<Connection, 'since' | 'sentMs'>,
    { isAlone, isSending }: { isAlone: boolean; isSending: boolean },
  ): Left | undefined {
    if (this.#hangs(now - sentMs)) {
      this.#unanswered += count;
      return undefined;
    }
    const { sumMs, count: answers, longestMs } = this.#took;
    const usualMs = (2 * sumMs) / Math.max(1, answers);
    // Of whole milliseconds an age is up to one too many.
    const isOld = now - since - 1 > (isAlone ? Math.max(usualMs, longestMs) : usualMs);
    const left = this.#left.leave(count, now, isOld || !isAlone);
    return isOld && !isSending ? left : undefined;
  }

  #hangs(ageMs: number): boolean {
    return ageMs >= hangMs && ageMs > 3 * this.#took.longestMs;
  }

  /** A client of what hangs may keep its connection until the service is asked to end. */
  #waitingNow(): { hanging: number; open: number } {
    const now = this.#nowMs();
    const waiting = { hanging: 0, open: 0 };
    if (this.#open === 0) return waiting;
    for (const connection of this.#live) {
      const { open, latest } = connection;
      if (open === 0 || isEventStream(latest?._header)) continue;
      lookAt(connection, now);
      waiting[this.#hangs(now - connection.sentMs) ? 'hanging' : 'open'] += open;
    }
    for (const [stream, since] of this.#streams)
      if (!isEventStream(stream.sentHeaders?.['content-type']))
        waiting[this.#hangs(now - since) ? 'hanging' : 'open'] += 1;
    return waiting;
  }
}

const writtenTo = ({ socket }: Connection): number => socket?._bytesDispatched ?? 0;

/** The oldest request of the connection waits from now on. */
function waitFrom(connection: Connection, now: number): void {
  connection.since = now;
  connection.sentMs = now;
  connection.written = writtenTo(connection);
}

/** An answer that grows does not hang. */
function lookAt(connection: Connection, now: number): void {
  const written = writtenTo(connection);
  if (written === connection.written) return;
  connection.written = written;
  connection.sentMs = now;
}

function isOfPeer({ errored }: Ended): boolean {
  return codesOfPeer.has(errored?.code);
}

/** Such an answer has no end: whoever reads it leaves when it has what it came for. */
function isEventStream(head: unknown): boolean {
  return typeof head === 'string' && /text\/event-stream/i.test(head);
}
