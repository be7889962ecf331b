/**
 * An HTTP server whose connections are few, and none of which can keep others out: where there are as many as may be, the
 * one that has made the least of its time makes room for the next. Only a connection that the server itself works for
 * stays; servers bound how many of those there are.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { FloodgateError } from '../errors.ts';

/** Not imported: an import looks at each export of a module, and one of `node:http` loads 16 MB of another HTTP client. */
const { createServer } = process.getBuiltinModule('node:http');

export interface ServerBounds {
  readonly connectionsMax: number;
  /** From the first byte of a connection, or from the last answer on it, to the end of the next head. */
  readonly headersMs: number;
  /** To the end of the body. */
  readonly requestMs: number;
  /** Neither sending nor taking anything. */
  readonly idleMs: number;
}

/** How often the server looks for those that take too long: much less than its timeouts. */
const checkPauseMsMax = 1_000;
/** Bytes of a head: no client of ours comes near. */
const headBytesMax = 16 << 10;

/** What a connection waits for: its client's head, its client's body, this server, its client to take the answer. */
type State = 'head' | 'body' | 'work' | 'answer';
/** Whose turn it is to go: clients that have sent nothing whole, those that take no answer, those whose body never ends. */
const evictionOrder: readonly State[] = ['head', 'answer', 'body'];

export class ConnectionCounters {
  /** Closed to make room for newer ones. */
  connectionsEvicted = 0;
  /** Not taken, since this server worked for all others. */
  connectionsRefused = 0;
}

export class BoundedServer {
  readonly counters = new ConnectionCounters();
  readonly address: AddressInfo;
  readonly server: Server;
  readonly #bounds: ServerBounds;
  /** In the order in which they came to their state. */
  readonly #states = new Map<Socket, State>();

  /** @throws FloodgateError `listen-failed`, for instance when the port is in use. */
  static async open(address: { host: string; port: number }, bounds: ServerBounds): Promise<BoundedServer> {
    const { headersMs, requestMs, idleMs } = bounds;
    const server = createServer({
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(checkPauseMsMax, headersMs),
      keepAliveTimeout: idleMs,
      maxHeaderSize: headBytesMax,
    });
    server.timeout = idleMs;
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ ...address, exclusive: true }, resolve);
      });
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const why = code === 'EADDRINUSE' ? 'the port is in use' : (code ?? message);
      throw new FloodgateError('listen-failed', `cannot listen on ${address.host}:${address.port}: ${why}`, {
        hint: 'choose another ADDRESS:PORT; port 0 takes any that is free',
        cause,
      });
    }
    return new BoundedServer(server, bounds);
  }

  private constructor(server: Server, bounds: ServerBounds) {
    this.server = server;
    this.#bounds = bounds;
    this.address = server.address() as AddressInfo;
    server.on('error', () => {});
    server.on('connection', (socket: Socket) => this.#admit(socket));
    server.on('request', (request: IncomingMessage, response: ServerResponse) => this.#follow(request, response));
  }

  /** `http://ADDRESS:PORT`. */
  get url(): string {
    const { address, family, port } = this.address;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  /** From now until its answer is given this connection is neither evicted nor late. */
  working({ socket }: IncomingMessage): void {
    if (!this.#states.has(socket)) return;
    this.#enter(socket, 'work');
    // It is not the client who is silent.
    socket.setTimeout(0);
  }

  #admit(socket: Socket): void {
    if (this.#states.size >= this.#bounds.connectionsMax && !this.#evict()) {
      this.counters.connectionsRefused += 1;
      socket.destroy();
      return;
    }
    this.#states.set(socket, 'head');
    socket.once('close', () => this.#states.delete(socket));
  }

  #follow(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#enter(socket, 'body');
    response.once('finish', () => this.#enter(socket, 'head'));
    response.once('prefinish', () => {
      this.#enter(socket, 'answer');
      socket.setTimeout(this.#bounds.idleMs);
    });
  }

  #enter(socket: Socket, state: State): void {
    if (!this.#states.delete(socket)) return;
    this.#states.set(socket, state);
  }

  #evict(): boolean {
    for (const state of evictionOrder) {
      for (const [socket, its] of this.#states) {
        if (its !== state) continue;
        this.#states.delete(socket);
        this.counters.connectionsEvicted += 1;
        socket.destroy();
        return true;
      }
    }
    return false;
  }
}
