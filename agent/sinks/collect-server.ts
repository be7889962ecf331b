/**
 * The receiving end of `--upload`: `POST /v1/witnesses`, a batch a request. A batch whose identity is known already is
 * acknowledged and not stored again. Whatever a client sends, the answer is a status; what is held for clients at one
 * time is bounded, and nobody may take longer than a minute.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { witnessDigest } from '../digest/digest.ts';
import { decodeWitness } from '../encode/witness-decoder.ts';
import { FloodgateError } from '../errors.ts';
import type { StoredWitness, WitnessStore } from './witness-store.ts';

const inflate = promisify(gunzip);

export const collectPath = '/v1/witnesses';
/** More agents than that are told to come back. */
const connectionsMax = 64;
/** A batch is half a megabyte or one witness, which is 32 MB at most before it is gzipped. */
const bodyBytesMax = 34 << 20;
const inflatedBytesMax = 34 << 20;
/** Of all requests together, as they come in. */
const heldBytesMax = 64 << 20;

/** How long a client may take. */
export interface CollectPatience {
  readonly headersMs: number;
  readonly requestMs: number;
  /** Neither sending nor taking anything. */
  readonly idleMs: number;
}
const usualPatience: CollectPatience = { headersMs: 10_000, requestMs: 60_000, idleMs: 20_000 };

export class CollectCounters {
  batchesStored = 0;
  witnessesStored = 0;
  /** Batches that came again. */
  batchesRepeated = 0;
  /** Requests that were no batch, by what was wrong. */
  requestsMalformed = 0;
  requestsTooLarge = 0;
  requestsUnauthorized = 0;
  requestsElsewhere = 0;
  /** Ended before they were whole. */
  requestsAborted = 0;
  /** Told to come back: too much at one time, or no room. */
  requestsPutOff = 0;
}

export interface CollectOptions {
  readonly store: WitnessStore;
  /** `user:password`, or null for anybody. */
  readonly credentials: string | null;
  readonly nowMs: () => number;
  /** Each witness that was stored. */
  readonly onWitness: (witness: StoredWitness) => void;
  /** @default 10 s for the head, 60 s for all, 20 s of silence */
  readonly patience?: CollectPatience;
}

/** Something is wrong with a request: its status, and words for its author. */
class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export class CollectServer {
  readonly counters = new CollectCounters();
  readonly url: string;
  readonly #server: Server;
  readonly #options: CollectOptions;
  #heldBytes = 0;

  /** @throws FloodgateError `listen-failed`. */
  static async open(address: { host: string; port: number }, options: CollectOptions): Promise<CollectServer> {
    const { headersMs, requestMs, idleMs } = options.patience ?? usualPatience;
    const server = createServer({
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1_000, headersMs),
      keepAliveTimeout: idleMs,
    });
    server.maxConnections = connectionsMax;
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
    return new CollectServer(server, options);
  }

  private constructor(server: Server, options: CollectOptions) {
    this.#server = server;
    this.#options = options;
    const { address, family, port } = server.address() as AddressInfo;
    this.url = `http://${family === 'IPv6' ? `[${address}]` : address}:${port}${collectPath}`;
    server.on('request', (request, response) => void this.#serve(request, response));
    server.on('error', () => {});
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#clientError(error, socket as Socket));
  }

  /** Requests that are under way are answered, for so long; then every connection is closed. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeIdleConnections();
    await closed;
    clearTimeout(timer);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    request.on('error', () => {});
    try {
      const isRepeat = await this.#take(request);
      answer(response, 200, { stored: !isRepeat });
    } catch (error) {
      if (!(error instanceof Refusal)) {
        // Not the client's fault: it shall try again.
        process.stderr.write(`collect: ${(error as Error).message}\n`);
        answer(response, 500, { error: 'not stored' });
        return;
      }
      this.#count(error.status);
      if (error.status === 401) response.setHeader('www-authenticate', 'Basic realm="floodgate"');
      if (error.status === 503 || error.status === 507) response.setHeader('retry-after', '5');
      // What else comes is not read: the connection is of no more use.
      if (!request.complete) response.setHeader('connection', 'close');
      answer(response, error.status, { error: error.message });
    }
  }

  /** @returns whether the batch was known. */
  async #take(request: IncomingMessage): Promise<boolean> {
    const { store, nowMs, onWitness } = this.#options;
    this.#checkHead(request);
    const identity = String(request.headers['floodgate-batch']);
    const body = await this.#body(request);
    try {
      if (store.has(identity)) {
        this.counters.batchesRepeated += 1;
        return true;
      }
      const inflated = await inflateBody(body);
      const witnesses = readWitnesses(inflated);
      if (String(witnesses.length) !== request.headers['floodgate-witnesses']) {
        throw new Refusal(400, `floodgate-witnesses is not ${witnesses.length}, as many as the body holds`);
      }
      // Inflating gave others their turn: the same batch may have come by two connections.
      if (store.has(identity)) {
        this.counters.batchesRepeated += 1;
        return true;
      }
      if (!store.add(identity, nowMs(), body.length, witnesses)) throw new Refusal(507, 'the store is full');
      this.counters.batchesStored += 1;
      this.counters.witnessesStored += witnesses.length;
      for (const witness of witnesses) onWitness(witness);
      return false;
    } finally {
      this.#heldBytes -= body.length;
    }
  }

  #checkHead(request: IncomingMessage): void {
    const { headers } = request;
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== collectPath) throw new Refusal(404, `there is POST ${collectPath}`);
    if (request.method !== 'POST') throw new Refusal(405, `there is POST ${collectPath}`);
    if (!this.#isAuthorized(headers.authorization)) throw new Refusal(401, 'user and password are expected');
    if (headers['content-encoding'] !== 'gzip') throw new Refusal(415, 'content-encoding gzip is expected');
    if (!/^[0-9a-f]{32}$/.test(String(headers['floodgate-batch']))) {
      throw new Refusal(400, 'floodgate-batch is 32 hexadecimal digits');
    }
    if (Number(headers['content-length'] ?? 0) > bodyBytesMax) throw new Refusal(413, 'a batch has 34 MiB at most');
  }

  #isAuthorized(authorization: string | undefined): boolean {
    const { credentials } = this.#options;
    if (credentials === null) return true;
    const given = Buffer.from(/^Basic ([A-Za-z0-9+/=]{1,4096})$/i.exec(authorization ?? '')?.[1] ?? '', 'base64');
    return isSame(given, Buffer.from(credentials, 'utf8'));
  }

  /** The whole body; the caller takes its length off `#heldBytes`. */
  async #body(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        if (length + chunk.length > bodyBytesMax) throw new Refusal(413, 'a batch has 34 MiB at most');
        if (this.#heldBytes + chunk.length > heldBytesMax) throw new Refusal(503, 'too much at one time');
        length += chunk.length;
        this.#heldBytes += chunk.length;
        chunks.push(chunk);
      }
      return Buffer.concat(chunks, length);
    } catch (error) {
      this.#heldBytes -= length;
      if (error instanceof Refusal) throw error;
      throw new Refusal(408, 'the request ended early');
    }
  }

  #count(status: number): void {
    const { counters } = this;
    if (status === 401) counters.requestsUnauthorized += 1;
    else if (status === 404 || status === 405) counters.requestsElsewhere += 1;
    else if (status === 413) counters.requestsTooLarge += 1;
    else if (status === 408) counters.requestsAborted += 1;
    else if (status >= 500) counters.requestsPutOff += 1;
    else counters.requestsMalformed += 1;
  }

  /** Bytes that are no HTTP, or none in time. */
  #clientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (error.code !== 'ECONNRESET') {
      if (isLate) this.counters.requestsAborted += 1;
      else this.counters.requestsMalformed += 1;
    }
    if (socket.writable)
      socket.end(`HTTP/1.1 ${isLate ? '408 Request Timeout' : '400 Bad Request'}\r\nConnection: close\r\n\r\n`);
    else socket.destroy();
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** In a time that tells nothing of where they differ. */
function isSame(given: Buffer, wanted: Buffer): boolean {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i += 1) difference |= wanted[i]! ^ (given[i % Math.max(1, given.length)] ?? 0);
  return difference === 0;
}

async function inflateBody(body: Buffer): Promise<Buffer> {
  try {
    return await inflate(body, { maxOutputLength: inflatedBytesMax });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge ? new Refusal(413, 'a batch has 34 MiB at most') : new Refusal(400, 'the body is no gzip');
  }
}

/** @throws Refusal where the bytes are no witnesses, each with its length before it. */
function readWitnesses(bytes: Buffer): StoredWitness[] {
  const witnesses: StoredWitness[] = [];
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    let scale = 1;
    let byte = 0x80;
    for (let digits = 0; byte >= 0x80 && digits < 5 && at < bytes.length; digits += 1, scale *= 128) {
      byte = bytes[at++]!;
      length += (byte & 0x7f) * scale;
    }
    if (byte >= 0x80 || at + length > bytes.length) throw new Refusal(400, 'a witness is cut');
    witnesses.push(readWitness(bytes.subarray(at, at + length)));
    at += length;
  }
  return witnesses;
}

function readWitness(bytes: Buffer): StoredWitness {
  try {
    const witness = decodeWitness(bytes);
    const meta = witness.method?.meta;
    const { method = '', host = '', pathTemplate: path = '' } = meta ?? {};
    return { digest: witnessDigest(witness), method, host, path, bytes };
  } catch {
    throw new Refusal(400, 'bytes that are no witness');
  }
}
