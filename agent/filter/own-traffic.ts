/**
 * Connections of the agent itself. Those it makes are known by both their ends: registered when they are made, before a
 * byte is sent over them, so that no frame of theirs is read before. Those it takes are known by its own end. Only the last few are known, for frames may still lie in the ring when a
 * connection is closed already.
 */
import type { StreamDescription } from '../tcp/stream-table.ts';

/** There is one upload connection at a time. */
const connectionsMax = 64;

export interface ConnectionEnds {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/** Addresses of one host: one listener on all of them. */
const listenersMax = 256;

export class OwnTraffic {
  readonly #known = new Set<string>();
  readonly #listeners = new Set<string>();

  /**
   * An end at which this process takes connections: what comes there is known before the connection is accepted, for its
   * first frames are read before.
   */
  addListener(address: string, port: number): void {
    if (this.#listeners.size < listenersMax) this.#listeners.add(end(address, port));
  }

  /** A connection of this process. Its order of ends does not matter. */
  add({ localAddress, localPort, remoteAddress, remotePort }: ConnectionEnds): void {
    if (localAddress === undefined || remoteAddress === undefined) return;
    const key = connectionKey(end(localAddress, localPort), end(remoteAddress, remotePort));
    // Anew at the end: the one that was added longest ago goes first.
    this.#known.delete(key);
    this.#known.add(key);
    for (const oldest of this.#known) {
      if (this.#known.size <= connectionsMax) break;
      this.#known.delete(oldest);
    }
  }

  /** Nothing has to be looked up. */
  get isEmpty(): boolean {
    return this.#known.size + this.#listeners.size === 0;
  }

  has(stream: Pick<StreamDescription, 'clientAddress' | 'clientPort' | 'serverAddress' | 'serverPort'>): boolean {
    const client = end(stream.clientAddress, stream.clientPort);
    const server = end(stream.serverAddress, stream.serverPort);
    // Where the beginning was missed, client and server may be taken for each other.
    if (this.#listeners.has(server) || this.#listeners.has(client)) return true;
    return this.#known.has(connectionKey(client, server));
  }
}

/** Sockets that speak both IPv4 and IPv6 give IPv4 addresses as `::ffff:127.0.0.1`. */
function end(address: string, port: number | undefined): string {
  return `${address.replace(/^::ffff:(?=\d+\.)/i, '')} ${port ?? 0}`;
}

function connectionKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
