/**
 * Requests that never come to a service's own code: `node:http` refuses them with a status of its own, drops their connection, or hands
 * over an upgrade that nobody answers. No channel reports them, but each is an event of the server, heard or not.
 */
import type { EventEmitter } from 'node:events';

interface UpgradedSocket extends EventEmitter {
  readonly readableEnded: boolean;
  readonly errored?: { readonly code?: string } | null;
  readonly _bytesDispatched?: number;
}

/** Errors of a client that went away, and was refused nothing. */
const ofClient = new Set<unknown>(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'HPE_INVALID_EOF_STATE']);

export class ServerRefusals {
  readonly #watched = new WeakSet<object>();
  readonly #refused: (socket: object | undefined) => void;

  /** @param refused a request has got another answer than the service's, or none; its connection, or undefined where that was dropped */
  constructor(refused: (socket: object | undefined) => void) {
    this.#refused = refused;
  }

  /** Watches a server from its first request on. Safe to call again. */
  watch(server: EventEmitter | undefined): void {
    if (server === undefined || this.#watched.has(server)) return;
    this.#watched.add(server);
    const { emit } = server;
    const refused = this.#refused;
    // Not a listener: with one for `clientError` the server answers nothing itself.
    const value = function (this: EventEmitter, event: string, first: unknown, second: unknown): boolean {
      if (event === 'clientError') {
        if (!ofClient.has((first as { code?: string } | undefined)?.code)) refused(second as object);
      } else if (event === 'drop') refused(undefined);
      else if (event === 'upgrade' || event === 'connect') watchUpgrade(second as UpgradedSocket, refused);
      // biome-ignore lint/complexity/noArguments: an array of them for each request would be in its figure
      return emit.apply(this, arguments as unknown as Parameters<EventEmitter['emit']>);
    };
    Object.defineProperty(server, 'emit', { value, configurable: true, writable: true });
  }
}

function watchUpgrade(socket: UpgradedSocket, refused: (socket: object | undefined) => void): void {
  const before = socket._bytesDispatched;
  socket.once('close', () => {
    if (socket._bytesDispatched === before && !socket.readableEnded && !ofClient.has(socket.errored?.code))
      refused(undefined);
  });
}
