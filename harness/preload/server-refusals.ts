/**
 * Requests that never come to a service's own code: Node.js refuses them with a status of its own, drops their connection, or hands
 * over an upgrade, which the service answers on the bare connection or not at all. No channel reports them, but each is an event of the
 * server, heard or not.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { Socket } from './client-connections.ts';
import { type Ended, isOfPeer } from './request-outcomes.ts';
import { watchFirstAnswer } from './upgrade-answers.ts';

/** What a server of HTTP/2 says of a connection that begins with anything else: HTTP/1, as a rule (`NGHTTP2_ERR_BAD_CLIENT_MAGIC`). */
const badMagicErrno = -903;
/** Of a client that went away in the middle of its request, and was refused nothing. */
const goneCode = 'HPE_INVALID_EOF_STATE';

export interface RefusalHandler {
  /** A request has got another answer than the service's, or none; its connection, or undefined where that was dropped. */
  refused(socket: object | undefined): void;
  /** An upgrade was not made, and answered with this status. */
  answered(status: number): void;
  /** A connection of a client, of TCP. */
  accepted(socket: object): void;
  /** A stream of HTTP/2 begins. */
  stream(stream: object): void;
}

export class ServerRefusals {
  readonly #watched = new WeakSet<object>();
  readonly #handler: RefusalHandler;

  constructor(handler: RefusalHandler) {
    this.#handler = handler;
    // A service may refuse all it gets, so that no request of it ever begins.
    subscribe('net.server.socket', (message) => {
      const { socket } = message as { socket: { server?: EventEmitter } };
      const { server } = socket;
      if (!server || !isHttp(server)) return;
      this.watch(server);
      handler.accepted(socket);
    });
  }

  /** Watches a server from its first connection on. Safe to call again. */
  watch(server: EventEmitter | undefined): void {
    if (server === undefined || this.#watched.has(server)) return;
    this.#watched.add(server);
    const { emit } = server;
    const handler = this.#handler;
    // Not a listener: with one for `clientError` the server answers nothing itself.
    const value = function (this: EventEmitter, event: string, first: unknown, second: unknown): boolean {
      if (event === 'clientError') {
        const errored = first as NonNullable<Ended['errored']>;
        if (errored.code !== goneCode && !isOfPeer({ errored })) handler.refused(second as object);
      } else if (event === 'drop') handler.refused(undefined);
      else if (event === 'stream') handler.stream(first as object);
      else if (event === 'unknownProtocol') {
        // A service that listens for it answers by itself.
        if (this.listenerCount(event) === 0) watchFirstBytes(first as Reading, handler);
      } else if (isNoHttp2(event, first)) handler.refused(undefined);
      else if (event === 'upgrade' || event === 'connect') watchUpgrade(second as Socket, event, handler);
      // biome-ignore lint/complexity/noArguments: an array of them for each request would be in its figure
      return emit.apply(this, arguments as unknown as Parameters<EventEmitter['emit']>);
    };
    Object.defineProperty(server, 'emit', { value, configurable: true, writable: true });
  }
}

/** Of HTTP/1, or of HTTP/2: others are no service of requests. */
export function isHttp(server: object): boolean {
  return 'maxHeadersCount' in server || 'updateSettings' in server;
}

/** By a server of HTTP/2 without TLS. */
function isNoHttp2(event: string, first: unknown): boolean {
  return event === 'sessionError' && (first as { errno?: number } | undefined)?.errno === badMagicErrno;
}

interface Reading {
  readonly readableLength: number;
  push(...words: unknown[]): boolean;
}

/** Of a protocol that the server does not speak: the first bytes are a request, and a client that sends none looks only who is there. */
function watchFirstBytes(socket: Reading, handler: RefusalHandler): void {
  if (socket.readableLength > 0) {
    handler.refused(undefined);
    return;
  }
  const { push } = socket;
  // Not a listener: with one, the socket would be read on.
  socket.push = function (...words) {
    this.push = push;
    if (words[0]) handler.refused(undefined);
    return push.apply(this, words);
  };
}

function watchUpgrade(socket: Socket, event: 'upgrade' | 'connect', handler: RefusalHandler): void {
  const before = socket._bytesDispatched;
  watchFirstAnswer(socket, (status) => {
    if (status === undefined) handler.refused(undefined);
    else if (event === 'upgrade' ? status !== 101 : status < 200 || status > 299) handler.answered(status);
  });
  socket.once('close', () => {
    if (socket._bytesDispatched === before && !socket.readableEnded && !isOfPeer(socket)) handler.refused(undefined);
  });
}
