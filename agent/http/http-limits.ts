/** Bounds of the HTTP layer, each with its reason. */
import { PairingEntries, PairingStreams } from './pairing-tables.ts';

export interface HttpLimits {
  /** Slots of the stream table: nothing here holds more per-stream state than that. */
  readonly streamsMax: number;
  /** Bytes of one head, start line included. Servers refuse 8–32 KiB (nginx 32, Node.js 16, Apache 8 a field). */
  readonly headBytesMax: number;
  /** Indexed fields of one head. Apache refuses 100, Jetty 200; the rest still count for framing. */
  readonly fieldsMax: number;
  /** Bytes of one request target kept as `uri`. RFC 9110, 4.1 asks for 8,000 at least. */
  readonly uriBytesMax: number;
  /** All head buffers together: heads split over segments, and heads kept while their body flows. */
  readonly headPoolBytesMax: number;
  /**
   * Requests of one stream waiting for their response, and responses waiting for their request: as many as a connection
   * that takes turns has in a second on a local network, by which one direction may be captured later than the other.
   */
  readonly pipelinedMax: number;
  /** Waiting requests of all streams, each with its method and target, and responses captured before their request. */
  readonly waitingRequestsMax: number;
  /** Target bytes of all waiting requests; beyond it a request waits with an empty `uri`. */
  readonly waitingUriBytesMax: number;
  /** Body bytes of one message delivered to the client; the rest is counted only. */
  readonly messageBytesMax: number;
  /** Bytes searched for a first HTTP head in one direction before the stream is left alone as unknown. */
  readonly classifyBytesMax: number;
  /** Bytes of a TLS hello looked at. Post-quantum key shares make 2 KiB common; a record holds 16 KiB. */
  readonly tlsHelloBytesMax: number;
  /** Distinct TLS server names counted one by one; the others are counted together. */
  readonly tlsServerNamesMax: number;
}

export const defaultHttpLimits: HttpLimits = {
  streamsMax: 65_536,
  headBytesMax: 64 * 1024,
  fieldsMax: 256,
  uriBytesMax: 16 * 1024,
  headPoolBytesMax: 8 * 1024 * 1024,
  pipelinedMax: 4096,
  waitingRequestsMax: 32_768,
  waitingUriBytesMax: 4 * 1024 * 1024,
  messageBytesMax: 10 * 1024 * 1024,
  classifyBytesMax: 16 * 1024,
  tlsHelloBytesMax: 16 * 1024,
  tlsServerNamesMax: 256,
};

/** One direction's parser state and message object on V8's heap: measured at 384 bytes with `--expose-gc`, and their buffers' headers. */
const SIDE_BYTES = 640;
/** Per stream: two references, its number, two states, what the pairing knows of it. */
const STREAM_BYTES = 2 * 8 + 8 + 2 + PairingStreams.bytesEach;
/** A DNS name has at most 255 bytes (RFC 1035, 2.3.4); the map entry the rest. */
const SERVER_NAME_BYTES = 320;

/** The most memory the HTTP layer can hold, term by term, in bytes. */
export function httpMemoryTerms(limits: HttpLimits): Record<string, number> {
  return {
    sides: limits.streamsMax * 2 * SIDE_BYTES,
    streams: limits.streamsMax * STREAM_BYTES,
    headPool: limits.headPoolBytesMax,
    waitingRequests: limits.waitingRequestsMax * PairingEntries.bytesEach,
    waitingUris: limits.waitingUriBytesMax,
    fieldIndex: limits.fieldsMax * 16,
    tlsServerNames: limits.tlsServerNamesMax * SERVER_NAME_BYTES,
  };
}
