/**
 * Requests whose connection ended before their answer was whole. Where the service ended it, they have failed. Where the client did, it
 * gave them up, or it was done: a load that is over cuts what it still has in flight, and no service has failed by that. How long a
 * request had waited distinguishes a hang from that, and so does a client that comes back: who gives up reconnects, who is done does not.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import {
  ClientConnections,
  type Connection,
  lookAt,
  type Response,
  type Socket,
  waitFrom,
} from './client-connections.ts';
import { CutStreams, type Stream } from './cut-streams.ts';
import { isEventStream, isOfPeer, RequestOutcomes } from './request-outcomes.ts';
import { ServerRefusals } from './server-refusals.ts';
import { UnreadRequests } from './unread-requests.ts';

/** An answer of which something was sent in the last two looks is on its way: its reader may have what it came for. */
const sendingMs = 100;

export interface CutCounts {
  /** Requests without a whole answer that the service cut, that hang, or that their client gave up. */
  readonly unanswered: number;
  /** Without an answer, whole or at all, when the load was over, or by now. */
  readonly inFlight: number;
  /** Of these, those whose client waits: a service that ends now cuts them. */
  readonly open: number;
  /** Of those in flight, what clients left while others went on: they gave up, or had what they wanted. */
  readonly leftEarly: number;
  /** Streams of HTTP/2 of which this Node.js says nothing but that they begin. */
  readonly unseen: number;
}

export class CutRequests {
  readonly #nowMs: () => number;
  readonly #onAnswer: (status: number) => void;
  readonly #outcomes = new RequestOutcomes();
  readonly #connections = new ClientConnections(this.#outcomes);
  readonly #streams = new CutStreams(this.#outcomes, this.#connections, (status) => this.#onAnswer(status));
  readonly #unread = new UnreadRequests(this.#connections, () => {
    this.#outcomes.unanswered += 1;
  });

  readonly #refusals = new ServerRefusals({
    refused: (socket) => {
      // What the service had begun to answer is counted when its connection ends.
      const connection = socket && this.#connections.of(socket);
      if (!connection?.open) this.#outcomes.unanswered += 1;
    },
    answered: (status) => this.#onAnswer(status),
    accepted: (socket) => this.#unread.watch(socket, '_destroy'),
    stream: (stream) => {
      if (!this.#streams.knows(stream)) this.#unseen += 1;
    },
  });
  #unseen = 0;

  /**
   * @param onAnswer called for each answer of HTTP/2, and for what no channel says is one: an event stream of HTTP/1 whose connection has
   *   ended, which had no other end, and an upgrade that was refused with a status
   */
  constructor(onAnswer: (status: number) => void = () => {}, nowMs: () => number = () => performance.now()) {
    this.#nowMs = () => Math.floor(nowMs());
    this.#onAnswer = onAnswer;
    subscribe('http.server.request.start', (message) => {
      const { socket, response, server } = message as { socket: Socket; response: Response; server?: EventEmitter };
      this.#begin(socket, response, server);
    });
    subscribe('http.server.response.finish', (message) => {
      const { socket, response } = message as { socket: object; response: Response };
      this.#finish(this.#connections.of(socket), response);
    });
    subscribe('http2.server.stream.start', (message) => {
      const { stream } = message as { stream: Stream };
      if (stream.session) this.#unread.watch(stream.session, 'destroy');
      this.#streams.begin(stream, this.#nowMs());
    });
    subscribe('http2.server.stream.finish', (message) => {
      const { stream, headers } = message as { stream: Stream; headers?: Stream['sentHeaders'] };
      this.#streams.finish(stream, headers);
    });
    subscribe('http2.server.stream.close', (message) =>
      this.#streams.end((message as { stream: Stream }).stream, this.#nowMs()),
    );
  }

  /** @param onTurn called as a request begins where none was open, and as none is open any more */
  watchOpen(onTurn: (isOpen: boolean) => void): void {
    this.#outcomes.onTurn = onTurn;
  }

  /** The process ends: what waits on its connections gets no answer. */
  lookLast(): void {
    this.#unread.lookLast();
  }

  /** What has come to no whole answer by now. */
  get counts(): CutCounts {
    const { hanging, open } = this.#waitingNow();
    const { total, early } = this.#outcomes.left;
    return {
      ...{ unanswered: this.#outcomes.unanswered + hanging, inFlight: this.#outcomes.open + total - hanging },
      ...{ open, leftEarly: early, unseen: this.#unseen },
    };
  }

  /** An answer has less in it than it said, or more: its client waits for the rest, or finds what it did not ask for. */
  hasOtherLength(): void {
    this.#outcomes.unanswered += 1;
  }

  #begin(socket: Socket, response: Response, server: EventEmitter | undefined): void {
    const now = this.#nowMs();
    this.#outcomes.left.goOn(now);
    const connection = this.#connections.of(socket) ?? this.#connectSocket(socket, server);
    if (connection.open === 0) waitFrom(connection, now);
    connection.open += 1;
    connection.latest = response;
    this.#outcomes.open += 1;
  }

  #finish(connection: Connection | undefined, response: Response): void {
    // A connection that is gone has been counted.
    if (!connection || connection.open === 0) return;
    const now = this.#nowMs();
    this.#outcomes.answered(now - connection.since, response._header);
    waitFrom(connection, now);
    connection.open -= 1;
    this.#outcomes.open -= 1;
    if (connection.open === 0) connection.latest = undefined;
  }

  #end(socket: Socket, connection: Connection): void {
    const { open, latest } = connection;
    this.#outcomes.open -= open;
    connection.open = 0;
    connection.latest = undefined;
    if (latest && isEventStream(latest._header)) this.#onAnswer(latest.statusCode);
    else if (open > 0) {
      if (connection.endedHere || (!socket.readableEnded && !isOfPeer(socket))) this.#outcomes.unanswered += open;
      else {
        const now = this.#nowMs();
        lookAt(connection, now);
        const isSending = connection.sentMs > connection.since && now - connection.sentMs < sendingMs;
        const left = this.#outcomes.leave(open, now, connection, { isAlone: this.#connections.isAlone, isSending });
        if (left) this.#outcomes.left.wait(left);
      }
    }
    this.#connections.disconnect(connection);
  }

  #connectSocket(socket: Socket, server: EventEmitter | undefined): Connection {
    this.#refusals.watch(server);
    const connection = this.#connections.connect(socket, socket);
    // Before the server's own, which ends what its client has ended.
    socket.prependOnceListener('end', () => {
      connection.endedHere = socket.writableEnded;
    });
    socket.once('close', () => this.#end(socket, connection));
    return connection;
  }

  /** A client of what hangs may keep its connection until the service is asked to end. */
  #waitingNow(): { hanging: number; open: number } {
    const now = this.#nowMs();
    const waiting = { hanging: 0, open: 0 };
    if (this.#outcomes.open === 0) return waiting;
    this.#connections.countWaiting(waiting, now);
    this.#streams.countWaiting(waiting, now);
    return waiting;
  }
}
