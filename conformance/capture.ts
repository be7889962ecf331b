/** Reads a capture file through the agent's TCP and HTTP layers into plain records, for comparison with other readers. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FileSource } from '../agent/capture/file-source.ts';
import type { FrameSink } from '../agent/capture/frame-source.ts';
import { placePages } from '../agent/capture/sys/page-memory.ts';
import { FloodgateError } from '../agent/errors.ts';
import { createHttpCounters, type HttpCounters } from '../agent/http/http-counters.ts';
import { HttpLayer } from '../agent/http/http-layer.ts';
import { defaultHttpLimits, type HttpLimits } from '../agent/http/http-limits.ts';
import { messageFlagNames } from '../agent/http/message-flag.ts';
import type { HttpMessage, MessageHandler, PairingVerdict } from '../agent/http/message-handler.ts';
import { defaultTcpLimits, type TcpLimits } from '../agent/tcp/limits.ts';
import { emptyStreamDescription, TcpLayer } from '../agent/tcp/tcp.ts';

/** One message as it was at its end. */
export interface CapturedMessage {
  kind: 'request' | 'response';
  /** Number of its stream in order of opening, from 1. */
  streamId: number;
  /** `address:port` of both ends, the opener first. */
  client: string;
  server: string;
  exchange: number;
  method: string;
  uri: string;
  host: string;
  status: number;
  reason: string;
  minorVersion: number;
  contentEncoding: string;
  contentType: string;
  headersBytes: number;
  bodyBytes: number;
  missingBytes: number;
  complete: boolean;
  pairing: PairingVerdict;
  flags: string;
  tsUs: number;
  /** All fields, `name: value`. */
  fields: string[];
  /** The body as far as seen, transfer-coding removed. */
  body: Buffer;
}

export interface Capture {
  messages: CapturedMessage[];
  http: HttpCounters;
  /** Counters and gauges of the TCP layer at the end. */
  tcp: Record<string, number>;
  tlsServerNames: Map<string, number>;
  /** Code of the FloodgateError that ended reading early, or ''. */
  error: string;
}

export interface CaptureOptions {
  http?: Partial<HttpLimits>;
  tcp?: Partial<TcpLimits>;
  /** Keep bodies. @default true */
  bodies?: boolean;
  /** Stands between the source and the TCP layer. */
  wrap?: (sink: FrameSink) => FrameSink & { flush?(): void };
}

class Collector implements MessageHandler {
  readonly messages: CapturedMessage[] = [];
  tcp: TcpLayer | null = null;
  readonly #bodies: Map<HttpMessage, Buffer[]> | null;
  readonly #description = emptyStreamDescription();

  constructor(bodies: boolean) {
    this.#bodies = bodies ? new Map() : null;
  }

  begin(message: HttpMessage): void {
    this.#bodies?.set(message, []);
  }

  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void {
    this.#bodies?.get(message)?.push(Buffer.from(bytes.slice(start, end)));
  }

  bodyGap(): void {}

  end(message: HttpMessage): void {
    const at = this.tcp!.describe(message.stream, this.#description);
    const { kind, exchange, method, uri, status, reason, minorVersion } = message;
    const { headersBytes, bodyBytes, missingBytes, complete, pairing, tsUs, headers } = message;
    const fields: string[] = [];
    for (let i = 0; i < headers.count; i++) fields.push(`${headers.name(i)}: ${headers.value(i)}`);
    this.messages.push({
      kind,
      streamId: at.id,
      client: `${at.clientAddress}:${at.clientPort}`,
      server: `${at.serverAddress}:${at.serverPort}`,
      ...{ exchange, method, uri, status, reason, minorVersion, complete, pairing, tsUs, fields },
      ...{ headersBytes, bodyBytes, missingBytes },
      host: headers.get('host') ?? '',
      contentEncoding: headers.get('content-encoding') ?? '',
      contentType: headers.get('content-type') ?? '',
      flags: messageFlagNames(message.flags).join(' '),
      body: Buffer.concat(this.#bodies?.get(message) ?? []),
    });
    this.#bodies?.delete(message);
  }
}

/** Reads a whole capture file, gzipped or not. A file cut short counts as far as it goes (`error` says so). */
export function readCapture(path: string, options: CaptureOptions = {}): Capture {
  const tcpLimits = { ...defaultTcpLimits, streamsMax: 8192, ...options.tcp };
  const httpLimits = { ...defaultHttpLimits, streamsMax: tcpLimits.streamsMax, ...options.http };
  const http = createHttpCounters();
  const collector = new Collector(options.bodies ?? true);
  const layer = new HttpLayer({ limits: httpLimits, handler: collector, counters: http });
  let error = '';
  const folder = path.endsWith('.gz') ? mkdtempSync(join(tmpdir(), 'floodgate-correctness-')) : null;
  try {
    const plain = folder === null ? path : join(folder, 'capture');
    if (folder !== null) writeFileSync(plain, gunzipSync(readFileSync(path)));
    const source = FileSource.open(plain);
    try {
      const tcp = new TcpLayer({ limits: tcpLimits, placePages, handler: layer, source, hashSeed: [1, 2] });
      layer.readInPlace(tcp.memory, tcp.records!.bytes);
      collector.tcp = tcp;
      const sink = options.wrap?.(tcp) ?? tcp;
      try {
        while (source.read(sink, 10_000) >= 0);
      } catch (thrown) {
        if (!(thrown instanceof FloodgateError)) throw thrown;
        error = thrown.code;
      }
      if ('flush' in sink) sink.flush?.();
      tcp.finish();
      return { messages: collector.messages, http, tcp: tcp.snapshot(), tlsServerNames: layer.tlsServerNames, error };
    } finally {
      source.close();
    }
  } catch (thrown) {
    if (!(thrown instanceof FloodgateError)) throw thrown;
    error = thrown.code;
    return { messages: [], http, tcp: {}, tlsServerNames: layer.tlsServerNames, error };
  } finally {
    if (folder !== null) rmSync(folder, { recursive: true });
  }
}
