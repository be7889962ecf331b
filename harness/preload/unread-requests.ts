/**
 * Requests that nobody read: their client had sent them on a connection that was kept alive, and the service ended it. Node.js never saw
 * them; they wait in the kernel until the connection is closed, and their client finds it reset.
 */
import { readSync } from 'node:fs';
import type { ClientConnections, Socket } from './client-connections.ts';
import { isClientThere } from './client-presence.ts';
import { isHttp } from './server-refusals.ts';

/** Less than the shortest request: what stays unread has its client's connection reset, as without us. */
const requestBytes = 16;
/** More are none in front of a request. */
const framesMax = 16;
/** A method, and what it is asked of; a body, of which the service wanted no more, looks otherwise. */
const requestPattern = /^(?:[A-Z-]{3,15} |[A-Z-]{16})/;
/** RFC 8446, 5.1: a byte of type, two of version, two of length. */
const recordHead = { bytes: 5, lengthAt: 3 };
const applicationData = 23;
/** The shortest request (`GET / HTTP/1.0` and an empty line), and the least that encryption adds. An alert or a change of keys is shorter. */
const requestRecordBytes = 18 + 17;
/** RFC 9113, 4.1: three bytes of length, one of type, one of flags, four of the stream. */
const frameHead = { bytes: 9, typeAt: 3, streamAt: 5 };
const headersFrame = 1;
/** Extensions aside, the last is CONTINUATION. */
const frameTypeMax = 9;

/** What `node:net`, `node:tls` and `node:http` keep on a connection that a server has accepted. */
interface Accepted extends Socket {
  readonly _handle?: { readonly fd?: number } | null;
  readonly server?: object | null;
  readonly encrypted?: boolean;
  readonly destroyed?: boolean;
  /** Of a session. */
  readonly socket?: Accepted;
  /** While it is HTTP/1. */
  readonly parser?: { readonly incoming?: { readonly complete: boolean } | null } | null;
}

type Destroy = (this: Accepted, ...words: unknown[]) => unknown;

export class UnreadRequests {
  readonly #connections: ClientConnections;
  readonly #onFailed: () => void;
  readonly #watched = new Set<string>();
  /** Handles of those that were counted: a session ends first, and its socket behind it. */
  readonly #counted = new WeakSet<object>();

  /** @param onFailed called once for each connection on which some wait, as the service ends it */
  constructor(connections: ClientConnections, onFailed: () => void) {
    this.#connections = connections;
    this.#onFailed = onFailed;
  }

  /** Watches the ends of all connections, or sessions of HTTP/2, of this kind from now on. Safe to call again. */
  watch(connection: object, name: '_destroy' | 'destroy'): void {
    if (this.#watched.has(name)) return;
    this.#watched.add(name);
    let owner = Object.getPrototypeOf(connection) as { _destroy?: Destroy; destroy?: Destroy } | null;
    while (owner && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner);
    const destroy = owner?.[name];
    if (!owner || !destroy) return;
    const look = (ended: Accepted) => this.#look(name === 'destroy' ? ended.socket : ended);
    owner[name] = function (...words) {
      // With an error of Node.js's own it was refused, which is counted elsewhere, or its client is gone.
      if (!this.destroyed || name === '_destroy')
        if (!(words[0] as { code?: unknown } | null | undefined)?.code) look(this);
      return destroy.apply(this, words);
    };
  }

  /** The process ends, and all connections with it. */
  lookLast(): void {
    for (const socket of this.#connections.sockets) this.#look(socket as Accepted);
  }

  #look(socket: Accepted | undefined): void {
    // What is open fails by itself, and what waits may be its body.
    if (!socket || this.#connections.of(socket)?.open) return;
    try {
      const { _handle: handle } = socket;
      if (!handle || this.#counted.has(handle) || !isWaiting(socket)) return;
      this.#counted.add(handle);
      // It gave up, or it was done, as one that leaves an open request.
      if (isClientThere(handle.fd!)) this.#onFailed();
    } catch {
      // The socket of a session that has ended throws.
    }
  }
}

/** Whether a request waits on a connection. */
function isWaiting({ _handle, server, encrypted, parser, readableEnded, writableEnded }: Accepted): boolean {
  const fd = _handle?.fd;
  if (fd === undefined || fd < 0 || !server || !isHttp(server) || readableEnded || writableEnded) return false;
  if (parser) {
    if (parser.incoming && !parser.incoming.complete) return false;
    return encrypted ? isRequestRecord(fd) : requestPattern.test(unread(fd, requestBytes)?.toString('latin1') ?? '');
  }
  // What was upgraded speaks another protocol, and frames behind TLS cannot be read.
  if (encrypted || 'setSecureContext' in server || !('updateSettings' in server)) return false;
  return hasStream(fd);
}

/** As many bytes, where so many wait. */
function unread(fd: number, count: number): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(count);
  try {
    return readSync(fd, bytes, 0, count, null) === count ? bytes : undefined;
  } catch {
    // Nothing waits, or its client has reset it.
    return undefined;
  }
}

function isRequestRecord(fd: number): boolean {
  const head = unread(fd, recordHead.bytes);
  return head?.[0] === applicationData && head.readUInt16BE(recordHead.lengthAt) >= requestRecordBytes;
}

/** Whether a stream begins in these frames. */
function hasStream(fd: number): boolean {
  for (let frames = 0; frames < framesMax; frames += 1) {
    const head = unread(fd, frameHead.bytes);
    if (!head) return false;
    const type = head[frameHead.typeAt]!;
    // A client's streams are odd.
    if (type === headersFrame) return head.readUInt32BE(frameHead.streamAt) % 2 === 1;
    const bytes = head.readUIntBE(0, 3);
    if (type > frameTypeMax || (bytes > 0 && !unread(fd, bytes))) return false;
  }
  return false;
}
