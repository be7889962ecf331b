/**
 * `--har FILE`: exchanges in the HTTP Archive format, streamed to disk. The file is a whole document after every batch:
 * each is written over the closing brackets, which it carries behind itself, by one system call.
 */
import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import { codingsOf } from '../body/codings.ts';
import type { DecoderPool } from '../coding/decoder-pool.ts';
import { type HarExchange, type HarPart, harEntry, harRequest, harResponse } from '../encode/har-entry.ts';
import type { FloodgateError } from '../errors.ts';
import { earlyKeptUsMax } from '../http/early-responses.ts';
import { type HttpMessage, isInterim, type MessageHandler } from '../http/message-handler.ts';
import { emptyStreamDescription, type StreamDescription } from '../tcp/tcp.ts';
import type { Obfuscator } from '../witness/obfuscation.ts';
import { BodyCollector, type HarBodyLimits } from './har-body.ts';
import { outputError } from './output-file.ts';
import { openPrivateFile } from './private-file.ts';

export interface HarLimits extends HarBodyLimits {
  /** Requests that wait for their response, and the other way round. */
  readonly waitingMax: number;
}

/** @param heldBytesMax the sink's share of the agent's memory */
export function harLimits(heldBytesMax: number, decodedBytesMax: number): HarLimits {
  return { bodyBytesMax: Math.min(256 << 10, heldBytesMax >> 3), decodedBytesMax, heldBytesMax, waitingMax: 4096 };
}

export class HarCounters {
  entries = 0;
  requestsAlone = 0;
  /** Responses written without their request: it was not seen, or cannot be named. */
  responsesAlone = 0;
  /** Requests written without their response because too many waited. */
  waitingEvicted = 0;
  bodiesCut = 0;
  bodiesShed = 0;
  /** Bodies whose codings were not undone, or not to the end. */
  bodiesNotDecoded = 0;
}

export interface HarOptions {
  readonly limits: HarLimits;
  readonly decoders: DecoderPool;
  readonly obfuscator: Obfuscator;
  readonly describe: (stream: number, out: StreamDescription) => StreamDescription;
  readonly nowMs: () => number;
}

/** Written at the latest after … */
const flushMs = 500;
/** … or so many characters. */
const batchCharacters = 128 << 10;
/** A JSON string takes two bytes a character at most, in V8. */
const bytesPerCharacter = 2;

interface Exchange {
  readonly server: string;
  readonly connection: number;
  request: HarPart | null;
  response: HarPart | null;
  pairing: HarExchange['pairing'];
  heldBytes: number;
}

export class HarFile implements MessageHandler {
  readonly counters = new HarCounters();
  /** As `OutputFile.failure`. */
  failure: FloodgateError | null = null;
  /** Under pressure: bodies are not collected. */
  shedBodies = false;
  heldBytes = 0;
  readonly #path: string;
  readonly #fd: number;
  readonly #options: HarOptions;
  readonly #collecting = new Map<number, BodyCollector>();
  /** By connection and number on it, oldest first. */
  readonly #exchanges = new Map<string, Exchange>();
  /** Of these, the ones whose response came before their request: when it did, µs. */
  readonly #early = new Map<string, number>();
  readonly #description = emptyStreamDescription();
  #batch = '';
  #position = 0;
  #flushedAtMs: number;
  #isFirst = true;

  /** @param path a regular file, made or emptied. @throws FloodgateError `output-open` or `output-write`. */
  constructor(path: string, version: string, options: HarOptions) {
    this.#path = path;
    this.#options = options;
    this.#flushedAtMs = options.nowMs();
    try {
      this.#fd = openPrivateFile(path);
    } catch (cause) {
      throw outputError('output-open', `cannot write ${path}`, cause);
    }
    this.#writeOver(`{"log":{"version":"1.2","creator":{"name":"floodgate-agent","version":"${version}"},"entries":[`);
    if (this.failure !== null) throw this.failure;
  }

  begin(message: HttpMessage): void {
    this.#giveUpEarly(message.tsUs);
    if (isInterim(message)) return;
    const { stream } = message;
    const { limits, decoders } = this.#options;
    const collector = new BodyCollector(this, limits, decoders, codingsOf(message), this.shedBodies);
    this.#collecting.set(stream * 2 + message.side, collector);
    if (message.kind === 'request') this.#open(message);
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    this.#collecting.get(message.stream * 2 + message.side)?.push(bytes, start, end);
  }

  bodyGap(message: HttpMessage): void {
    this.#collecting.get(message.stream * 2 + message.side)?.gap();
  }

  end(message: HttpMessage): void {
    const place = message.stream * 2 + message.side;
    const collector = this.#collecting.get(place);
    if (collector === undefined) return;
    this.#collecting.delete(place);
    const body = collector.finish();
    const key = this.#keyOf(message);
    // A response that overtook its request in the capture waits for it.
    const isEarly = message.method === '' && message.exchange >= 0;
    const isRequest = message.kind === 'request';
    const known = this.#exchanges.get(key);
    const exchange = known ?? (isRequest ? undefined : this.#open(message));
    if (exchange !== undefined) {
      const { obfuscator } = this.#options;
      const part = isRequest
        ? harRequest(message, body, exchange.server, obfuscator)
        : harResponse(message, body, obfuscator);
      if (isRequest) exchange.request = part;
      else exchange.response = part;
      if (message.pairing === 'certain' || message.pairing === 'probable') exchange.pairing = message.pairing;
      const heldBytes = part.json.length * bytesPerCharacter;
      exchange.heldBytes += heldBytes;
      this.heldBytes += heldBytes;
      const isAlone = known === undefined && !isRequest && !isEarly;
      if (isEarly) this.#early.set(key, message.tsUs);
      if (isAlone || (exchange.request !== null && exchange.response !== null)) this.#finish(key, exchange);
      else while (this.heldBytes > this.#options.limits.heldBytesMax && this.#evict());
    }
    collector.release();
  }

  /** Call between reads: what has waited long enough is written. */
  tick(): void {
    if (this.#batch !== '' && this.#options.nowMs() - this.#flushedAtMs >= flushMs) this.flush();
  }

  flush(): void {
    const batch = this.#batch;
    this.#batch = '';
    this.#flushedAtMs = this.#options.nowMs();
    if (batch !== '') this.#writeOver(batch);
  }

  /** Requests that still wait are written without their response. See `failure` afterwards. */
  close(): void {
    for (const collector of this.#collecting.values()) {
      collector.finish();
      collector.release();
    }
    this.#collecting.clear();
    for (const [key, exchange] of this.#exchanges) this.#finish(key, exchange);
    this.flush();
    closeSync(this.#fd);
  }

  #keyOf(message: HttpMessage): string {
    return `${this.#options.describe(message.stream, this.#description).id}/${message.exchange}`;
  }

  #open(message: HttpMessage): Exchange {
    const key = this.#keyOf(message);
    const known = this.#exchanges.get(key);
    if (known !== undefined) return known;
    const { id, serverAddress, clientAddress } = this.#description;
    // Side 0 opened the connection as far as anyone saw: where the start was missed, requests may come from side 1.
    const fromClient = (message.side === 0) === (message.kind === 'request');
    while (this.#exchanges.size >= this.#options.limits.waitingMax && this.#evict());
    const server = fromClient ? serverAddress : clientAddress;
    const parts = { request: null, response: null, pairing: 'absent' as const };
    const exchange: Exchange = { server, connection: id, ...parts, heldBytes: 0 };
    this.#exchanges.set(key, exchange);
    return exchange;
  }

  /** Writes responses whose request is not to come any more. */
  #giveUpEarly(nowUs: number): void {
    for (const [key, tsUs] of this.#early) {
      if (nowUs - tsUs <= earlyKeptUsMax) return;
      const exchange = this.#exchanges.get(key);
      this.#early.delete(key);
      if (exchange?.request === null) this.#finish(key, exchange);
    }
  }

  #evict(): boolean {
    for (const [key, exchange] of this.#exchanges) {
      this.counters.waitingEvicted += 1;
      this.#finish(key, exchange);
      return true;
    }
    return false;
  }

  #finish(key: string, exchange: Exchange): void {
    this.#exchanges.delete(key);
    this.#early.delete(key);
    this.heldBytes -= exchange.heldBytes;
    const { request, response } = exchange;
    if (request === null && response === null) return;
    if (request === null) this.counters.responsesAlone += 1;
    if (response === null) this.counters.requestsAlone += 1;
    // One that pairing had found came too late, or was evicted.
    if (request === null || response === null) exchange.pairing = 'absent';
    this.counters.entries += 1;
    this.#batch += `${this.#isFirst ? '\n' : ',\n'}${harEntry(exchange)}`;
    this.#isFirst = false;
    if (this.#batch.length >= batchCharacters) this.flush();
  }

  #writeOver(text: string): void {
    if (this.failure !== null) return;
    const closing = '\n]}}\n';
    const bytes = Buffer.from(text + closing);
    try {
      let at = 0;
      while (at < bytes.length) at += writeSync(this.#fd, bytes, at, bytes.length - at, this.#position + at);
      this.#position += bytes.length - closing.length;
    } catch (cause) {
      this.failure = outputError('output-write', `cannot write ${this.#path}`, cause);
      this.#restore(closing);
    }
  }

  /** What a full disk took of a batch goes, the brackets it lies on come back: their room was theirs before. */
  #restore(closing: string): void {
    try {
      writeSync(this.#fd, closing, this.#position);
      ftruncateSync(this.#fd, this.#position + closing.length);
    } catch {
      // The disk itself fails, or this is no file: `failure` says so.
    }
  }
}
