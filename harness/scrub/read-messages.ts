/** The messages of a capture one after the other, as the agent's own layers find them, their bodies undone: to be compared. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { createHttpCounters } from '../../agent/http/http-counters.ts';
import { HttpLayer } from '../../agent/http/http-layer.ts';
import type { HttpMessage } from '../../agent/http/message-handler.ts';
import { deriveLimits } from '../../agent/limits.ts';
import { TcpLayer } from '../../agent/tcp/tcp.ts';
import { Recording } from '../traffic/recording.ts';
import { HeldBytes } from './held-bytes.ts';
import { codingsNamed } from './named-codings.ts';
import { decode } from './recoding.ts';

export interface ReadMessage {
  readonly kind: 'request' | 'response';
  readonly uri: string;
  readonly status: number;
  readonly headersBytes: number;
  readonly bodyBytes: number;
  readonly complete: boolean;
  readonly codings: string;
  /** Name and value. */
  readonly fields: readonly (readonly [string, string])[];
  /** As it says something; as it came where its codings cannot be undone, and only its beginning where it is too large. */
  readonly body: Uint8Array;
  /** Its codings could be undone, or it has none. */
  readonly isDecoded: boolean;
}

const readerMemoryBytes = 256 << 20;
/** Between two looks at what has been found. */
const framesPerRead = 64;
/** Of one body. */
const bodyBytesMax = 16 << 20;
const interfaces = [{ name: '', linkType: 1, snapLength: 0 }];

/** @param alongside sees every frame, too @throws FloodgateError where the file cannot be read */
export function* readMessages(
  file: string,
  hashSeed: readonly [number, number],
  alongside?: FrameSink,
): Generator<ReadMessage> {
  const found: ReadMessage[] = [];
  const bodies = new Map<HttpMessage, HeldBytes>();
  const limits = deriveLimits({ memoryBytes: readerMemoryBytes });
  const handler = {
    begin(message: HttpMessage) {
      bodies.set(message, new HeldBytes());
    },
    body(message: HttpMessage, bytes: Uint8Array, start: number, end: number) {
      const body = bodies.get(message)!;
      if (body.length < bodyBytesMax) body.add(bytes, start, end);
    },
    bodyGap() {},
    end(message: HttpMessage) {
      const { bytes, length } = bodies.get(message)!;
      found.push(readOne(message, bytes.subarray(0, length)));
      bodies.delete(message);
    },
  };
  const http = new HttpLayer({ limits: limits.http, handler, counters: createHttpCounters() });
  const tcp = new TcpLayer({ limits: limits.tcp, handler: http, source: { interfaces }, hashSeed });
  const sink: FrameSink = {
    frame(...frame) {
      alongside?.frame(...frame);
      tcp.frame(...frame);
    },
  };
  const recording = new Recording(file);
  try {
    while (recording.read(sink, framesPerRead) >= 0) {
      yield* found;
      found.length = 0;
    }
  } finally {
    recording.close();
  }
  tcp.finish();
  yield* found;
}

function readOne(message: HttpMessage, coded: Buffer): ReadMessage {
  const { kind, uri, status, headersBytes, bodyBytes, complete, headers } = message;
  const fields: [string, string][] = [];
  for (let i = 0; i < headers.count; i += 1) fields.push([headers.name(i), headers.value(i)]);
  const codings = codingsNamed(headers.all('content-encoding') ?? '', headers.all('transfer-encoding') ?? '');
  let body: Uint8Array = coded;
  let isDecoded = true;
  for (const coding of codings.toReversed()) {
    const decoded = isDecoded ? (decode(coding, body, complete) ?? decode(coding, body, false)) : undefined;
    if (decoded) body = decoded.bytes;
    else isDecoded = false;
  }
  return { kind, uri, status, headersBytes, bodyBytes, complete, codings: codings.join(), fields, body, isDecoded };
}
