/**
 * Requests whose connection ended before their answer was whole. A load that is over cuts what it still has in flight, and no service has
 * failed by that: a request counts once more requests have begun after it than a load that is gone can have left behind.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';

/** An answer of HTTP/1, as `node:http` keeps it. */
interface Response {
  /** Its head as it is sent. */
  readonly _header?: unknown;
}

/** What is known of a connection, or of a stream of HTTP/2. */
interface Connection {
  /** Requests that have begun, and whose answer is not whole. */
  open: number;
  latest: Response | undefined;
}

export class CutRequests {
  #begun = 0;
  #open = 0;
  #connections = 0;
  /** The most so far, of connections, of requests on one, and of requests in flight: as many may lie in buffers when the load is gone. */
  #most = { connections: 1, onOne: 1, open: 1 };
  #unanswered = 0;
  /** Cut, and not yet followed by enough others: by how many had begun, ascending. */
  #waiting: { readonly begun: number; count: number }[] = [];
  readonly #known = new WeakMap<object, Connection>();

  constructor() {
    subscribe('http.server.request.start', (message) => {
      const { socket, response } = message as { socket: EventEmitter; response: Response };
      this.#begin(socket, response);
    });
    subscribe('http.server.response.finish', (message) => {
      const connection = this.#known.get((message as { socket: object }).socket);
      // A connection that is gone has been counted.
      if (!connection || connection.open === 0) return;
      connection.open -= 1;
      this.#open -= 1;
      if (connection.open === 0) connection.latest = undefined;
    });
    subscribe('http2.server.stream.start', () => this.#count());
    subscribe('http2.server.stream.close', (message) => {
      const { stream } = message as { stream: { aborted: boolean; headersSent: boolean; sentHeaders?: object } };
      this.#open = Math.max(0, this.#open - 1);
      const type = (stream.sentHeaders as Readonly<Record<string, unknown>> | undefined)?.['content-type'];
      if ((stream.aborted || !stream.headersSent) && !isEventStream(type)) this.#cut(1);
    });
  }

  /** Requests without an answer, while others came after them. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Without an answer, whole or at all, when the load was over, or by now. */
  get inFlight(): number {
    return this.#open + this.#waiting.reduce((sum, { count }) => sum + count, 0);
  }

  #begin(socket: EventEmitter, response: Response): void {
    let connection = this.#known.get(socket);
    if (!connection) {
      connection = { open: 0, latest: undefined };
      this.#known.set(socket, connection);
      this.#connections += 1;
      this.#most.connections = Math.max(this.#most.connections, this.#connections);
      const own = connection;
      socket.once('close', () => this.#end(own));
    }
    connection.open += 1;
    connection.latest = response;
    if (connection.open > this.#most.onOne) this.#most.onOne = connection.open;
    this.#count();
  }

  #end(connection: Connection): void {
    this.#connections -= 1;
    const { open, latest } = connection;
    this.#open -= open;
    connection.open = 0;
    connection.latest = undefined;
    if (open > 0 && !isEventStream(latest?._header)) this.#cut(open);
  }

  #count(): void {
    this.#begun += 1;
    this.#open += 1;
    if (this.#open > this.#most.open) this.#most.open = this.#open;
    if (this.#waiting.length > 0) this.#settle();
  }

  #cut(count: number): void {
    const last = this.#waiting.at(-1);
    if (last?.begun === this.#begun) last.count += count;
    else this.#waiting.push({ begun: this.#begun, count });
  }

  /** Counts those that the load has gone on after. */
  #settle(): void {
    const { connections, onOne, open } = this.#most;
    const left = Math.max(connections * onOne, open);
    while (this.#waiting.length > 0 && this.#begun - this.#waiting[0]!.begun > left)
      this.#unanswered += this.#waiting.shift()!.count;
  }
}

/** Such an answer has no end: whoever reads it leaves when it has what it came for. */
function isEventStream(head: unknown): boolean {
  return typeof head === 'string' && /text\/event-stream/i.test(head);
}
