/** One attempt to send one batch. A server may be slow, lie, or talk without end: there is a limit to each. */
import type { ClientRequest, Agent as HttpAgentType, IncomingMessage } from 'node:http';
import type { ConnectionEnds } from '../filter/own-traffic.ts';
import { formatMark } from '../overload/mark.ts';
import type { HeldBatch } from './batch.ts';
import type { BatchCoding } from './batch-compressor.ts';
import type { UploadTarget } from './upload-target.ts';

/** Not imported: an import looks at each export of a module, and one of `node:http` loads 16 MB of another HTTP client. */
const { Agent: HttpAgent, request: httpRequest } = process.getBuiltinModule('node:http');

export const mediaType = 'application/vnd.floodgate.witnesses';
/** Nothing in an answer is of use but its status. */
const answerBytesMax = 64 << 10;
/** Longer is no pause but a "never". */
const retryAfterMsMax = 3_600_000;

/** `refused`: this batch will never be taken. `failed`: perhaps later. */
export type Outcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'failed'; readonly at: FailedAt; readonly why: string; readonly retryAfterMs: number };
export type FailedAt = 'connect' | 'timeout' | 'status' | 'answer';

/** What is wrong with a batch itself, and stays wrong (RFC 9110, section 15.5). Others may be mended on the server. */
const refusals = new Set([400, 413, 415, 422]);

/** RFC 9110, section 15.5.16: a coding that the server does not know. */
const adviceOn = (status: number, coding: BatchCoding): string =>
  status === 415 && coding === 'zstd' ? ': does it read zstd? else --upload-coding gzip' : '';

export interface UploadRequestOptions {
  readonly target: UploadTarget;
  readonly timeoutMs: number;
  /** For dates in Retry-After, ms since 1970. */
  readonly nowMs: () => number;
  /** Called for each new connection before anything is sent over it. */
  readonly onConnection: (ends: ConnectionEnds) => void;
}

export class UploadRequest {
  readonly #options: UploadRequestOptions;
  readonly #agent: HttpAgentType;
  readonly #request: typeof httpRequest;
  #current: ClientRequest | null = null;

  /** @param tls `node:https` where the target needs it: loaded by the caller, for it weighs some MB */
  constructor(options: UploadRequestOptions, tls: typeof import('node:https') | null) {
    this.#options = options;
    // One connection, kept: batches go one after the other.
    const settings = { keepAlive: true, maxSockets: 1, maxFreeSockets: 1 };
    this.#agent = tls === null ? new HttpAgent(settings) : new tls.Agent(settings);
    this.#request = tls === null ? httpRequest : (tls.request as typeof httpRequest);
  }

  /** Never rejects. */
  send(batch: HeldBatch): Promise<Outcome> {
    const { target, timeoutMs, onConnection } = this.#options;
    const { url, authorization } = target.request();
    return new Promise((resolve) => {
      let isTimedOut = false;
      let isConnected = false;
      let isSettled = false;
      const headers: Record<string, string | number> = {
        'content-type': mediaType,
        'content-encoding': batch.coding,
        'content-length': batch.bodyBytes,
        'floodgate-batch': batch.identity,
        'floodgate-witnesses': batch.witnesses,
        'floodgate-overload': formatMark(batch.overload),
        'user-agent': 'floodgate-agent',
      };
      if (authorization !== undefined) headers.authorization = authorization;
      const request = this.#request(url, { method: 'POST', agent: this.#agent, headers });
      const timer = setTimeout(() => {
        isTimedOut = true;
        request.destroy();
      }, timeoutMs);
      const settle = (outcome: Outcome) => {
        if (isSettled) return;
        isSettled = true;
        clearTimeout(timer);
        if (this.#current === request) this.#current = null;
        resolve(outcome);
        // Answered before its body has gone: the rest of that is let go of with the batch.
        if (outcome.kind === 'failed' || !request.writableEnded) request.destroy();
      };
      const fail = (at: FailedAt, why: string, retryAfterMs = 0) => {
        settle({
          kind: 'failed',
          at: isTimedOut ? 'timeout' : at,
          why: isTimedOut ? 'no answer in time' : why,
          retryAfterMs,
        });
      };
      request.on('socket', (socket) => {
        const connected = () => {
          isConnected = true;
          onConnection(socket);
        };
        if (socket.connecting) socket.once('connect', connected);
        else connected();
      });
      request.on('error', (error: NodeJS.ErrnoException) =>
        fail(isConnected ? 'answer' : 'connect', error.code ?? 'error'),
      );
      request.on('close', () => fail('answer', 'connection closed'));
      request.on('response', (response) => this.#answer(response, batch.coding, settle, fail));
      this.#current = request;
      void writeBody(request, batch);
    });
  }

  #answer(
    response: IncomingMessage,
    coding: BatchCoding,
    settle: (outcome: Outcome) => void,
    fail: (at: FailedAt, why: string, retryAfterMs?: number) => void,
  ): void {
    const status = response.statusCode ?? 0;
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > answerBytesMax) fail('answer', 'an answer without end');
    });
    response.on('error', () => fail('answer', 'half an answer'));
    response.on('end', () => {
      // An answer that was cut says nothing: the batch is sent again, the server knows it by its identity.
      if (!response.complete) fail('answer', 'half an answer');
      else if (status >= 200 && status < 300) settle({ kind: 'accepted' });
      else if (refusals.has(status)) settle({ kind: 'refused', why: `status ${status}${adviceOn(status, coding)}` });
      else fail('status', `status ${status}`, retryAfter(response.headers['retry-after'], this.#options.nowMs()));
    });
  }

  /** Gives the attempt up that is on its way. */
  abort(): void {
    this.#current?.destroy();
  }

  close(): void {
    this.abort();
    this.#agent.destroy();
  }
}

/** Piece by piece, each as the one before has gone. Once the request is over its pieces are another batch's. */
async function writeBody(request: ClientRequest, batch: HeldBatch): Promise<void> {
  try {
    for (const piece of batch.pieces()) {
      await new Promise<unknown>((resolve) => request.write(piece, resolve));
      if (request.destroyed) return;
    }
    request.end();
  } catch (error) {
    request.destroy(error as Error);
  }
}

/** Seconds or a date (RFC 9110, section 10.2.3), in ms from now; 0 for none. */
export function retryAfter(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) ? Math.min(retryAfterMsMax, Math.max(0, ms)) : 0;
}
