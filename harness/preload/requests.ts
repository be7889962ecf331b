/**
 * Requests that the target's own servers have answered, and what was allocated by then: read at fixed numbers of requests, so that
 * two versions are compared over the same requests, whatever the clock did.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Response, Socket } from './client-connections.ts';
import { CutRequests } from './cut-requests.ts';
import { InterimAnswers } from './interim-answers.ts';
import type { Answers } from './options.ts';

/** A reading costs about 100 µs: 1 µs a request. */
const markEvery = 100;

/**
 * The next number of requests that is marked; the first behind 0. Ever rarer, so that their number stays small: 100 apart up to 10,000
 * requests, then a hundredth of what there was.
 */
export function markAfter(requests: number): number {
  return requests + Math.max(markEvery, Math.floor(requests / 10_000) * markEvery);
}

/** More are none that anyone looks at; the answers count all the same. */
export const statusesMax = 64;

/** More listening servers are counted as one of an unknown port. */
export const portsMax = 16;

interface Listening {
  address?(): unknown;
}

/** Answers of a server, by where it listened at its first. */
interface AtPort {
  readonly port: string;
  count: number;
}

/** What says how long an answer is to be. */
interface Answer extends Response {
  /** Null without a `Content-Length`. */
  readonly _contentLength?: number | null;
  /** False of a HEAD, a 204 and a 304. */
  readonly _hasBody?: boolean;
  readonly chunkedEncoding?: boolean;
}

/**
 * Less than its own `Content-Length` was written, and it is no whole answer (RFC 9112, 8), or more, and what is behind its end is taken for
 * another (RFC 9112, 6.3).
 * @param bytes of the head and the body
 */
function hasOtherLength(
  { _header, _contentLength, _hasBody, chunkedEncoding }: Answer,
  bytes: number | undefined,
): boolean {
  if (bytes === undefined || !_hasBody || chunkedEncoding || !_header || typeof _contentLength !== 'number')
    return false;
  if (bytes <= _header.length + _contentLength) return bytes < _header.length + _contentLength;
  // One that goes out in a piece with its body has the body's encoding.
  return bytes > Buffer.byteLength(_header) + _contentLength;
}

export class RequestCount {
  #total = 0;
  #not2xx = 0;
  #bytes: number | undefined = 0;
  readonly #cut: CutRequests;
  readonly #interim = new InterimAnswers();
  readonly #statuses = new Map<number, number>();
  /** By server, so that a request leaves nothing behind. */
  readonly #atPort = new WeakMap<Listening, AtPort>();
  readonly #ports: AtPort[] = [];
  /** What a connection had written at its last answer. */
  readonly #written = new WeakMap<object, number>();
  #nextMark = markAfter(0);
  readonly #onMark: (requests: number) => void;

  /** @param onMark called in the middle of the target's work: it must be short */
  constructor(onMark: (requests: number) => void) {
    this.#onMark = onMark;
    this.#cut = new CutRequests((status) => {
      // How much a client reads of it goes by the clock, what follows a refusal is not looked at, and streams of HTTP/2 share a connection,
      // and their heads a table.
      this.#bytes = undefined;
      this.#count(status);
    });
    subscribe('http.server.request.start', (message) =>
      this.#interim.watch((message as { response: object }).response),
    );
    subscribe('http.server.response.finish', (message) => {
      const { response, socket, server } = message as { response: Answer; socket?: Socket; server?: Listening };
      const bytes = this.#bytesOf(socket);
      const isOther = hasOtherLength(response, bytes === undefined ? bytes : bytes - this.#interim.bytesOf(response));
      if (isOther) this.#cut.hasOtherLength();
      else {
        if (server) this.#countPort(server);
        this.#count(response.statusCode);
      }
    });
  }

  /** @param onTurn called as a request begins where none was open, and as none is open any more */
  watchOpen(onTurn: (isOpen: boolean) => void): void {
    this.#cut.watchOpen(onTurn);
  }

  /** The process ends: counts what its clients have sent, and nobody read. */
  lookLast(): void {
    this.#cut.lookLast();
  }

  /** Without an object: a look at it allocates nothing. */
  get answered(): number {
    return this.#total;
  }

  /** Undefined before the first, and before a request that gets none. */
  get answers(): Answers | undefined {
    const { unanswered, inFlight, open, leftEarly, unseen } = this.#cut.counts;
    if (this.#total + unanswered + inFlight === 0) return undefined;
    const counted = {
      ...{ total: this.#total, not2xx: this.#not2xx, statuses: Object.fromEntries(this.#statuses) },
      ...(unanswered > 0 && { unanswered }),
      ...(inFlight > 0 && { inFlight }),
      ...(open > 0 && { open }),
      ...(leftEarly > 0 && { leftEarly }),
      ...(unseen > 0 && { unseen }),
      ...(this.#ports.length > 1 && { ports: this.#byPort() }),
    };
    return this.#bytes === undefined ? counted : { ...counted, bytes: this.#bytes };
  }

  /** Of an answer that has been written; undefined where it is not known. */
  #bytesOf(socket: Socket | undefined): number | undefined {
    // Not `bytesWritten`, which makes an array each time.
    const written = socket?._bytesDispatched;
    if (socket === undefined || typeof written !== 'number') {
      this.#bytes = undefined;
      return undefined;
    }
    const bytes = written - (this.#written.get(socket) ?? 0);
    this.#written.set(socket, written);
    if (this.#bytes !== undefined) this.#bytes += bytes;
    return bytes;
  }

  #countPort(server: Listening): void {
    let at = this.#atPort.get(server);
    if (at === undefined) {
      const address = server.address?.() as { port?: number } | string | null | undefined;
      const port = typeof address === 'object' && address?.port !== undefined ? String(address.port) : 'unknown';
      if (this.#ports.length >= portsMax) return;
      at = { port, count: 0 };
      this.#atPort.set(server, at);
      this.#ports.push(at);
    }
    at.count += 1;
  }

  #byPort(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { port, count } of this.#ports) counts[port] = (counts[port] ?? 0) + count;
    return counts;
  }

  #count(status: number): void {
    this.#total += 1;
    const known = this.#statuses.get(status);
    if (known !== undefined || this.#statuses.size < statusesMax) this.#statuses.set(status, (known ?? 0) + 1);
    if (status < 200 || status > 299) this.#not2xx += 1;
    if (this.#total !== this.#nextMark) return;
    this.#onMark(this.#total);
    this.#nextMark = markAfter(this.#total);
  }
}
