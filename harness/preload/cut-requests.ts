/**
 * Requests whose connection ended before their answer was whole. Where the service ended it, they have failed. Where the client did, it
 * gave them up, or it was done: a load that is over cuts what it still has in flight, and no service has failed by that. How long a
 * request had waited distinguishes a hang from that, and so does a client that comes back: who gives up reconnects, who is done does not.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';

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
  /** Streams of HTTP/2 that the client gave up, and began no other after. */
  givenUp: number;
}

/** A request that has waited for so long, and for three times the longest answer, hangs: no end of a load excuses it. */
const hangMs = 1000;
/** Connections that may wait for another in their place; of more, the oldest stay in flight. So many clients do not leave and come back at once. */
const waitingMax = 1024;
const codesOfPeer = new Set<unknown>(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

export interface CutCounts {
  /** Requests without a whole answer that the service cut, that hang, or that their client gave up. */
  readonly unanswered: number;
  /** Without an answer, whole or at all, when the load was over, or by now. */
  readonly inFlight: number;
  /** Of these, those whose client waits: a service that ends now cuts them. */
  readonly open: number;
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
  /** Cut by a client that may have been done. */
  #left = 0;
  /** Those of them that a new connection makes unanswered: the requests of each connection, oldest first. */
  readonly #waiting: number[] = [];

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
    return { unanswered: this.#unanswered + hanging, inFlight: this.#open + this.#left - hanging, open };
  }

  #begin(socket: Socket, response: Response): void {
    const connection = this.#known.get(socket) ?? this.#connectSocket(socket);
    if (connection.open === 0) connection.since = this.#nowMs();
    connection.open += 1;
    connection.latest = response;
    this.#open += 1;
  }

  #finish(connection: Connection | undefined, response: Response): void {
    // A connection that is gone has been counted.
    if (!connection || connection.open === 0) return;
    const now = this.#nowMs();
    this.#answered(now - connection.since, response._header);
    connection.since = now;
    connection.open -= 1;
    this.#open -= 1;
    if (connection.open === 0) connection.latest = undefined;
  }

  #end(socket: Socket, connection: Connection): void {
    const { open, latest, since } = connection;
    this.#open -= open;
    connection.open = 0;
    connection.latest = undefined;
    if (latest && isEventStream(latest._header)) this.#onEventStream(latest.statusCode);
    else if (open > 0) {
      if (!socket.readableEnded && !isOfPeer(socket)) this.#unanswered += open;
      else if (this.#mayBeGivenUp(open, this.#nowMs() - since, this.#mostLive === 1)) this.#wait(open);
    }
    this.#disconnect(connection);
  }

  #beginStream(stream: Stream): void {
    const { session } = stream;
    const connection = session && this.#known.get(session);
    if (session && !connection) this.#connectSession(session);
    else if (connection && connection.givenUp > 0) {
      // Another in its place: a client that is done begins none.
      connection.givenUp -= 1;
      this.#fail(1);
    }
    if (!this.#seesCloses) this.#seeCloses(stream);
    this.#streams.set(stream, this.#nowMs());
    this.#open += 1;
  }

  #endStream(stream: Stream): void {
    const since = this.#streams.get(stream);
    if (since === undefined) return;
    this.#streams.delete(stream);
    this.#open -= 1;
    const type = stream.sentHeaders?.['content-type'];
    const ageMs = this.#nowMs() - since;
    const isWhole = !stream.aborted && stream.headersSent && stream.writableFinished;
    if (isWhole) this.#answered(ageMs, type);
    if (isWhole || isEventStream(type)) return;
    if (this.#closedHere.has(stream) || (stream.readableAborted && !isOfPeer(stream))) {
      this.#unanswered += 1;
      return;
    }
    const { session } = stream;
    const connection = session && this.#known.get(session);
    const isAlone = this.#mostLive === 1 && (!session || session.closed || session.destroyed);
    if (this.#mayBeGivenUp(1, ageMs, isAlone) && connection) connection.givenUp += 1;
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
    const connection = this.#connect(socket);
    socket.once('close', () => this.#end(socket, connection));
    return connection;
  }

  #connectSession(session: EventEmitter): void {
    const connection = this.#connect(session);
    session.once('close', () => {
      if (connection.givenUp > 0) this.#wait(connection.givenUp);
      this.#disconnect(connection);
    });
  }

  /** A new connection takes the place of one that was cut: its client did not leave because it was done. */
  #connect(socket: object): Connection {
    const connection = { open: 0, since: 0, latest: undefined, givenUp: 0 };
    this.#known.set(socket, connection);
    this.#live.add(connection);
    this.#mostLive = Math.max(this.#mostLive, this.#live.size);
    const replaced = this.#waiting.shift();
    if (replaced !== undefined) this.#fail(replaced);
    return connection;
  }

  /** Where all of several are gone, a load or a part of it is over: what comes then replaces nothing. One alone may just reconnect. */
  #disconnect(connection: Connection): void {
    this.#live.delete(connection);
    if (this.#live.size > 0) return;
    if (this.#mostLive > 1) this.#waiting.length = 0;
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
   * Counts what a client left. False for what hung, and for what is so young that an end of the load has cut it.
   * @param isAlone there is no other connection, so that a load that is over and another after it look like one client that connects
   *   again: only what has waited longer than any answer did is given up
   */
  #mayBeGivenUp(count: number, ageMs: number, isAlone: boolean): boolean {
    if (this.#hangs(ageMs)) {
      this.#unanswered += count;
      return false;
    }
    this.#left += count;
    const { sumMs, count: answers, longestMs } = this.#took;
    const usualMs = (2 * sumMs) / Math.max(1, answers);
    // Of whole milliseconds an age is up to one too many.
    return ageMs - 1 > (isAlone ? Math.max(usualMs, longestMs) : usualMs);
  }

  #wait(count: number): void {
    if (this.#waiting.length === waitingMax) this.#waiting.shift();
    this.#waiting.push(count);
  }

  #fail(count: number): void {
    this.#left -= count;
    this.#unanswered += count;
  }

  #hangs(ageMs: number): boolean {
    return ageMs >= hangMs && ageMs > 3 * this.#took.longestMs;
  }

  /** A client of what hangs may keep its connection until the service is asked to end. */
  #waitingNow(): { hanging: number; open: number } {
    const now = this.#nowMs();
    const waiting = { hanging: 0, open: 0 };
    if (this.#open === 0) return waiting;
    for (const { open, since, latest } of this.#live)
      if (open > 0 && !isEventStream(latest?._header)) waiting[this.#hangs(now - since) ? 'hanging' : 'open'] += open;
    for (const [stream, since] of this.#streams)
      if (!isEventStream(stream.sentHeaders?.['content-type']))
        waiting[this.#hangs(now - since) ? 'hanging' : 'open'] += 1;
    return waiting;
  }
}

function isOfPeer({ errored }: Ended): boolean {
  return codesOfPeer.has(errored?.code);
}

/** Such an answer has no end: whoever reads it leaves when it has what it came for. */
function isEventStream(head: unknown): boolean {
  return typeof head === 'string' && /text\/event-stream/i.test(head);
}
