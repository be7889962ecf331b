/**
 * The connections of a service's clients. A new one takes the place of one that was left; where all of several are gone, a load or a part
 * of it is over.
 */
import type { EventEmitter } from 'node:events';
import type { Left } from './left-requests.ts';
import { type Ended, isEventStream, type RequestOutcomes } from './request-outcomes.ts';

/** An answer of HTTP/1, as `node:http` keeps it. */
export interface Response {
  readonly statusCode: number;
  /** Its head as it is sent: a byte a character. */
  readonly _header?: string | null;
}

export interface Socket extends EventEmitter, Ended {
  readonly readableEnded: boolean;
  readonly writableEnded: boolean;
  /** Written so far, as `node:net` keeps it: `bytesWritten` makes an array each time. */
  readonly _bytesDispatched?: number;
}

/** What is known of a connection; times are whole milliseconds, which need no memory of their own. */
export interface Connection {
  /** Requests of HTTP/1 that have begun, and whose answer is not whole. */
  open: number;
  /** When the oldest of them began, or the answer before it was whole: until then it had to wait for that. */
  since: number;
  latest: Response | undefined;
  /** Of HTTP/1. */
  readonly socket: Socket | undefined;
  /** Of HTTP/2. */
  readonly session: { readonly socket?: Socket } | undefined;
  /** What was written to it when it was looked at, and when that last had grown since its requests began. */
  written: number;
  sentMs: number;
  /** The service ended it first: its client's end is the answer to that. */
  endedHere: boolean;
  /** Streams of HTTP/2 that the client gave up, and began no other after. */
  givenUp: Left | undefined;
}

export class ClientConnections {
  readonly #outcomes: RequestOutcomes;
  readonly #known = new WeakMap<object, Connection>();
  readonly #live = new Set<Connection>();
  /** The most at a time since there was none. */
  #mostLive = 0;

  constructor(outcomes: RequestOutcomes) {
    this.#outcomes = outcomes;
  }

  /** That of a socket, or a session of HTTP/2; it may be gone. */
  of(key: object): Connection | undefined {
    return this.#known.get(key);
  }

  /** Of those that are there. */
  get sockets(): Socket[] {
    return [...this.#live]
      .map(({ socket, session }) => socket ?? session?.socket)
      .filter((socket) => socket !== undefined);
  }

  /** Whether there has been one at a time since there was none. */
  get isAlone(): boolean {
    return this.#mostLive === 1;
  }

  /** A new connection takes the place of one that was cut: its client did not leave because it was done. */
  connect(key: object, socket?: Socket, session?: Connection['session']): Connection {
    const times = { since: 0, written: 0, sentMs: 0 };
    const connection: Connection = {
      open: 0,
      latest: undefined,
      socket,
      session,
      ...times,
      endedHere: false,
      givenUp: undefined,
    };
    this.#known.set(key, connection);
    this.#live.add(connection);
    this.#mostLive = Math.max(this.#mostLive, this.#live.size);
    this.#outcomes.unanswered += this.#outcomes.left.connect();
    return connection;
  }

  /** Where all of several are gone, a load or a part of it is over: what comes then replaces nothing. One alone may just reconnect. */
  disconnect(connection: Connection): void {
    this.#live.delete(connection);
    if (this.#live.size > 0) return;
    if (this.#mostLive > 1) this.#outcomes.left.end();
    this.#mostLive = 0;
  }

  /** Adds requests of HTTP/1 that wait now. */
  countWaiting(waiting: { hanging: number; open: number }, now: number): void {
    for (const connection of this.#live) {
      const { open, latest } = connection;
      if (open === 0 || isEventStream(latest?._header)) continue;
      lookAt(connection, now);
      waiting[this.#outcomes.hangs(now - connection.sentMs) ? 'hanging' : 'open'] += open;
    }
  }
}

const writtenTo = ({ socket }: Connection): number => socket?._bytesDispatched ?? 0;

/** The oldest request of the connection waits from now on. */
export function waitFrom(connection: Connection, now: number): void {
  connection.since = now;
  connection.sentMs = now;
  connection.written = writtenTo(connection);
}

/** An answer that grows does not hang. */
export function lookAt(connection: Connection, now: number): void {
  const written = writtenTo(connection);
  if (written === connection.written) return;
  connection.written = written;
  connection.sentMs = now;
}
