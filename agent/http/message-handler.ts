/** What the HTTP layer reports to its clients: messages as they flow, bodies unbuffered. Synchronous; never throws on bad traffic. */
import type { Side } from '../tcp/stream-handler.ts';

/** A head in memory. */
export interface HeadPlace {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly length: number;
  /** Of each field four numbers, from `start` on: where its name and its value begin and end. */
  readonly offsets: Int32Array;
  readonly count: number;
}

/** Header fields as received, in order: nothing is decoded or copied until asked for. */
export interface HeaderFields {
  readonly count: number;
  /** Where they lie, for who reads them there; null where a value is not what lies there. Valid during `begin`. */
  readonly place?: HeadPlace | null;
  /** Field name as sent (latin1). */
  name(index: number): string;
  /** Field value, trimmed, obs-fold replaced by one space (latin1). */
  value(index: number): string;
  /** First value of a field by lower-case name, or undefined. */
  get(lowerCaseName: string): string | undefined;
  /** All values of a field by lower-case name as one list, or undefined (RFC 9110, section 5.3). */
  all(lowerCaseName: string): string | undefined;
}

/**
 * `certain`: the two belong together, by order where nothing is missing, else by what TCP acknowledged. `probable`: most likely
 * so. `absent`: the other one was not seen, or cannot be named. `open`: not known yet, since the other one comes later in
 * the capture, if at all; then that one knows.
 */
export type PairingVerdict = 'open' | 'certain' | 'probable' | 'absent';

/**
 * One HTTP message while it flows. The object and its `headers` belong to the HTTP layer and are reused after
 * `end`: a client keeps what it needs by copying.
 */
export interface HttpMessage {
  readonly kind: 'request' | 'response';
  /** Slot of its stream: the next one to use it has the same. */
  readonly stream: number;
  /** Number of its stream in order of opening, from 1: no other stream ever has it. */
  readonly connection: number;
  readonly side: Side;
  /** Counts exchanges on its stream from 0; a response carries its request's number, −1 where none was seen. */
  readonly exchange: number;
  /** How sure it is that the other message of the exchange belongs to this one. */
  readonly pairing: PairingVerdict;
  /** Time of the first byte, µs. */
  readonly tsUs: number;
  /** Requests: method and request target as sent. Responses: of their request where known, else ''. */
  readonly method: string;
  readonly uri: string;
  /** Responses: status code; 0 for requests. */
  readonly status: number;
  readonly reason: string;
  /** Minor version of HTTP/1.x; −1 for HTTP/0.9. */
  readonly minorVersion: number;
  readonly headers: HeaderFields;
  readonly headersBytes: number;
  /** Body bytes seen so far, transfer-coding removed. Final at `end`. */
  readonly bodyBytes: number;
  /** Body bytes known to be missing (gaps). */
  readonly missingBytes: number;
  /** At `end`: every byte of head and body was seen and the framing was satisfied. */
  readonly complete: boolean;
  /** At `end`: bit set of `MessageFlag`. */
  readonly flags: number;
  /** Time of the last byte so far, µs. */
  readonly lastTsUs: number;
}

/** Below any number of exchanges that wait in one connection at a time; leaves 2³³ connections exact in a double. */
const exchangesApart = 2 ** 20;

/** One number for an exchange, in a map that may outlive its stream: the stream's slot would be another's by then. */
export function exchangeKey({ connection, exchange }: HttpMessage): number {
  return connection * exchangesApart + (exchange % exchangesApart);
}

/** An interim response is no answer (RFC 9110, section 15.2). 101 is none: it is the last one before the stream leaves HTTP. */
export function isInterim({ status }: HttpMessage): boolean {
  return status >= 100 && status < 200 && status !== 101;
}

/** `begin` → (`body` | `bodyGap`)* → `end`, per message; messages of one side never interleave, those of two sides may. */
export interface MessageHandler {
  /** Whether `headers` are read after `begin`: then heads are copied out of the segments they came in. @default true */
  readonly readsHeadLater?: boolean;
  begin(message: HttpMessage): void;
  /** Body bytes with the transfer-coding removed, still content-coded. Valid only during the call. */
  body(message: HttpMessage, bytes: Uint8Array, start: number, end: number): void;
  bodyGap(message: HttpMessage, length: number): void;
  end(message: HttpMessage): void;
}
