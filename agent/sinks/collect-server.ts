/**
 * The receiving end of `--upload`: `POST /v1/witnesses`, a batch a request. A batch whose identity is known already is
 * acknowledged and not stored again. Whatever a client sends, the answer is a status; what is held for clients at one
 * time is bounded, and no request may take longer than a minute.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { collectLimits } from '../limits.ts';
import { parseMark } from '../overload/mark.ts';
import { BoundedServer } from '../telemetry/bounded-server.ts';
import { type BatchCoding, batchCodings } from './batch-compressor.ts';
import { BatchDecoder, Refusal, tooLarge } from './batch-decoder.ts';
import { BodyBudget } from './body-budget.ts';
import { GroupCommit } from './group-commit.ts';
import type { StoredBatch, StoredWitness, WitnessStore } from './witness-store.ts';

export const collectPath = '/v1/witnesses';
const { connectionsMax, bodyBytesMax } = collectLimits;
/** For agents that are put off: longer than a batch takes. */
const retryAfterSeconds = 5;

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
  /** Asked to come back: too much at one time, or no room. */
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

export class CollectServer {
  readonly counters = new CollectCounters();
  readonly url: string;
  readonly #server: BoundedServer;
  readonly #options: CollectOptions;
  readonly #decoder = new BatchDecoder();
  readonly #commits: GroupCommit;
  readonly #bodies: BodyBudget;

  /** @throws FloodgateError `listen-failed`. */
  static async open(address: { host: string; port: number }, options: CollectOptions): Promise<CollectServer> {
    const patience = options.patience ?? usualPatience;
    return new CollectServer(await BoundedServer.open(address, { connectionsMax, ...patience }), options);
  }

  private constructor(bounded: BoundedServer, options: CollectOptions) {
    this.#server = bounded;
    this.#options = options;
    this.#bodies = new BodyBudget(options.nowMs);
    const areMoreComing = () => this.#decoder.isBusy;
    this.#commits = new GroupCommit({ store: options.store, areMoreComing });
    this.url = `${bounded.url}${collectPath}`;
    const { server } = bounded;
    server.on('request', (request, response) => void this.#serve(request, response));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#clientError(error, socket as Socket));
  }

  /** Clients that others had to make room for: connections and bodies that were the slowest, and those for which there was none. */
  get evicted(): number {
    const { connectionsEvicted, connectionsRefused } = this.#server.counters;
    return connectionsEvicted + connectionsRefused + this.#bodies.evicted;
  }

  /** Requests that are under way are answered, for so long; then every connection is closed. */
  async close(graceMs: number): Promise<void> {
    const { server } = this.#server;
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
    server.closeIdleConnections();
    await closed;
    clearTimeout(timer);
    this.#commits.commit();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    request.on('error', () => {});
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Refusal(408, 'the connection ended')));
    try {
      const isRepeat = await this.#take(request, gone.signal);
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
      if (error.status === 503 || error.status === 507) response.setHeader('retry-after', retryAfterSeconds);
      // What else comes is not read: the connection is of no more use.
      if (!request.complete) response.setHeader('connection', 'close');
      answer(response, error.status, { error: error.message });
    }
  }

  /** @returns whether the batch was known. */
  async #take(request: IncomingMessage, gone: AbortSignal): Promise<boolean> {
    this.#checkHead(request);
    const identity = String(request.headers['floodgate-batch']);
    const coding = codingOf(request);
    const overload = parseMark(request.headers['floodgate-overload'] as string | undefined);
    if (overload === undefined) throw new Refusal(400, 'floodgate-overload is level=0…4;share=0…1');
    const body = await this.#bodies.receive(request);
    try {
      if (await this.#isKnown(identity)) return true;
      this.#server.working(request);
      const taken = await this.#decoder.decode(body.bytes, coding, gone, (witnesses) => {
        if (String(witnesses.length) !== request.headers['floodgate-witnesses']) {
          throw new Refusal(400, `floodgate-witnesses is not ${witnesses.length}, as many as the body holds`);
        }
        const receivedMs = this.#options.nowMs();
        return this.#store({ identity, receivedMs, body: body.bytes, coding, overload, witnesses });
      });
      if (taken.isNew) return false;
      // Others had their turn meanwhile: the same batch came by two connections.
      return await this.#isKnown(identity);
    } finally {
      body.release();
    }
  }

  async #isKnown(identity: string): Promise<boolean> {
    if (!(await this.#commits.has(identity))) return false;
    this.counters.batchesRepeated += 1;
    return true;
  }

  /** Resolves when it is durable. @throws Refusal where there is no room. */
  async #store(batch: StoredBatch): Promise<{ isNew: boolean }> {
    if (this.#options.store.has(batch.identity)) return { isNew: false };
    await this.#commits.add(batch);
    this.counters.batchesStored += 1;
    this.counters.witnessesStored += batch.witnesses.length;
    for (const witness of batch.witnesses) this.#options.onWitness(witness);
    return { isNew: true };
  }

  #checkHead(request: IncomingMessage): void {
    const { headers } = request;
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== collectPath) throw new Refusal(404, `there is POST ${collectPath}`);
    if (request.method !== 'POST') throw new Refusal(405, `there is POST ${collectPath}`);
    if (!this.#isAuthorized(headers.authorization)) throw new Refusal(401, 'user and password are expected');
    codingOf(request);
    if (!/^[0-9a-f]{32}$/.test(String(headers['floodgate-batch']))) {
      throw new Refusal(400, 'floodgate-batch is 32 hexadecimal digits');
    }
    if (Number(headers['content-length'] ?? 0) > bodyBytesMax) throw tooLarge(bodyBytesMax);
  }

  #isAuthorized(authorization: string | undefined): boolean {
    const { credentials } = this.#options;
    if (credentials === null) return true;
    const given = Buffer.from(/^Basic ([A-Za-z0-9+/=]{1,4096})$/i.exec(authorization ?? '')?.[1] ?? '', 'base64');
    return isSame(given, Buffer.from(credentials, 'utf8'));
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

/** @throws Refusal */
function codingOf({ headers }: IncomingMessage): BatchCoding {
  const coding = batchCodings.find((each) => each === headers['content-encoding']);
  if (coding === undefined) throw new Refusal(415, `content-encoding ${batchCodings.join(' or ')} is expected`);
  return coding;
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** In a time that does not depend on where they differ. */
function isSame(given: Buffer, wanted: Buffer): boolean {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i += 1) difference |= wanted[i]! ^ (given[i % Math.max(1, given.length)] ?? 0);
  return difference === 0;
}
