/**
 * Requests that never come to a service's own code: `node:http` refuses them with a status of its own, drops their connection, or hands
 * over an upgrade that nobody answers. No channel reports them, but each is an event of the server, heard or not.
 */
import type { EventEmitter } from 'node:events';
import type { Socket } from './client-connections.ts';
import { type Ended, isOfPeer } from './request-outcomes.ts';

/** Of a client that went away in the middle of its request, and was refused nothing. */
const goneCode = 'HPE_INVALID_EOF_STATE';

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
        const errored = first as NonNullable<Ended['errored']>;
        if (errored.code !== goneCode && !isOfPeer({ errored })) refused(second as object);
      } else if (event === 'drop') refused(undefined);
      else if (event === 'upgrade' || event === 'connect') watchUpgrade(second as Socket, refused);
      // biome-ignore lint/complexity/noArguments: an array of them for each request would be in its figure
      return emit.apply(this, arguments as unknown as Parameters<EventEmitter['emit']>);
    };
    Object.defineProperty(server, 'emit', { value, configurable: true, writable: true });
  }
}

function watchUpgrade(socket: Socket, refused: (socket: object | undefined) => void): void {
  const before = socket._bytesDispatched;
  socket.once('close', () => {
    if (socket._bytesDispatched === before && !socket.readableEnded && !isOfPeer(socket)) refused(undefined);
  });
}
