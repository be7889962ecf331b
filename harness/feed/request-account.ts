/** What became of recorded requests that were sent at a service: plain data, as the sender hands it over. */

/** Why a request that is in a recording, or must have been, was not sent. */
export const unsentReasons = {
  damaged: 'bytes of them are missing in the capture',
  hidden: 'captured only by what surrounds them: a gap, or a response without its request',
  bodyUnsent: 'announced a body with Expect: 100-continue that was never sent',
  simple: 'HTTP/0.9 or another version than HTTP/1.x',
  tunnel: 'CONNECT: a tunnel, not a request for this service',
  notKept: 'a limit of the reader left no room for their beginning',
  bodyNotAsItWas: 'the HAR file has no body for them, or another one than was sent',
  malformed: 'the HAR file does not say what they were',
  encrypted: 'connections in TLS, each counted as one',
  http2: 'connections in HTTP/2, each counted as one',
} as const;
export type UnsentReason = keyof typeof unsentReasons;

/** What a recording holds, as far as it can be sent. */
export interface RecordedRequests {
  /** Those that can be sent. */
  readonly requests: number;
  readonly bytes: number;
  readonly connections: number;
  /** From the first event to the last. */
  readonly durationUs: number;
  /** Open at one time at most. */
  readonly connectionsMax: number;
  readonly unsent: Readonly<Partial<Record<UnsentReason, number>>>;
  /** Connections that left HTTP/1 after a request (WebSocket, h2c): what followed is not sent. */
  readonly upgraded: number;
  /** Connections of which nothing is known but that they are no HTTP/1. */
  readonly unknown: number;
  /** The requests were put together from a HAR file: no bytes of a wire. */
  readonly isAssembled: boolean;
  /** The recording ends in the middle of a record, or of its packing. @default false */
  readonly isCutShort?: boolean;
}

/** An answer that was not as recorded, or did not come. Holds no values of headers and no query. */
export interface RequestDifference {
  /** In the order in which they were sent, from 1. */
  readonly request: number;
  readonly method: string;
  readonly path: string;
  /** Null where none was recorded. */
  readonly recordedStatus: number | null;
  /** Body bytes, transfer coding removed; null where it is not known. */
  readonly recordedLength: number | null;
  /** Null where no answer came. */
  readonly status: number | null;
  readonly length: number | null;
  readonly reason: 'status' | 'length' | 'unanswered';
}

export interface RequestAccount {
  readonly recorded: RecordedRequests;
  /** How they were sent. */
  readonly mode: 'recorded' | 'topspeed' | 'oneAtATime';
  readonly loops: number;
  readonly sent: number;
  readonly bytesSent: number;
  /** Sent, or due and never sent, since the service took no connection. */
  readonly unanswered: number;
  /** Answers 4xx or 5xx where another status was recorded, or none. */
  readonly errors: number;
  readonly answered: number;
  readonly not2xx: number;
  readonly differentStatus: number;
  /** Of those with the recorded status. */
  readonly differentLength: number;
  /** Answers to which none was recorded. */
  readonly uncompared: number;
  /** Of these, answers 4xx or 5xx where an answer may have been recorded: it is in no pair, or bytes are missing. @default 0 */
  readonly incomparableErrors?: number;
  /** Answers of which only the status was compared: the recorded body is not whole, or its length is not known for sure. */
  readonly statusOnly: number;
  /** Answers 200 or 304 where a HAR file has a browser's copy, which it had asked to be confirmed: which of the two it was is not recorded. @default 0 */
  readonly revalidated?: number;
  /** How late requests were sent, against the recorded times; null where there is no schedule. */
  readonly lateP50Us: number | null;
  readonly lateP99Us: number | null;
  readonly lateMaxUs: number | null;
  /** The same of those alone that did not wait for the service. */
  readonly ownLateP99Us: number | null;
  /** Requests that were late since the answer before them was. */
  readonly waited: number;
  /** Connections opened again: the service had closed them, or a limit had. */
  readonly reconnects: number;
  /** Requests that were sent once more, over another connection: the first was over before anything of an answer came. @default 0 */
  readonly repeated?: number;
  /** Connections on which the service said more than it was asked for: an answer twice, bytes behind an answer. @default 0 */
  readonly unasked?: number;
  /** Why sockets failed, by code. */
  readonly socketErrors: Readonly<Record<string, number>>;
  /** Rules that changed no request: `--drop-cookie session`. @default none */
  readonly unusedRules?: readonly string[];
  readonly differences: readonly RequestDifference[];
  /** Stopped before its last request. */
  readonly cutShort: boolean;
}

/** Requests of the recording that were not sent, all reasons and rounds (`--loop`) together, as `sent` counts them. */
export function unsentInAll({ recorded, loops }: Pick<RequestAccount, 'recorded' | 'loops'>): number {
  return unsentOf(recorded) * loops;
}

/** The same of one round. */
export function unsentOf({ unsent }: Pick<RecordedRequests, 'unsent'>): number {
  return Object.values(unsent).reduce((sum, count) => sum + count, 0);
}
