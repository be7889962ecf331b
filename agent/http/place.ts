import type { PairingVerdict } from './message-handler.ts';

/** Bits of `Place.known`. */
export const Known = {
  /** `sequence`, `ack` hold, and `acked` where `reached` does. */
  placed: 1,
  end: 2,
  reached: 4,
  /** `reached` lies within the last request of the other side. */
  within: 8,
  /** A search found the head: it may stand in a body. */
  found: 16,
  /** A request that waits for 100 (Continue). */
  expects: 32,
} as const;

/** Where the bytes at hand lie in what their side sends, as TCP numbers it. */
export interface Reading {
  /** The number of where index 0 would be. */
  origin: number;
  /** The acknowledgement that came with the bytes. */
  ack: number;
}

/** Where a message lies in what its side sends, as TCP numbers it: 32 bits with a sign. */
export interface Place {
  /** Bits of `Known`: which of the others hold. */
  known: number;
  /** Of its first byte. */
  sequence: number;
  /** The lowest that came with its first byte. */
  ack: number;
  /** Of a request, behind its last byte. */
  end: number;
  /** Behind what was seen of the other side; once `lookAcross` was called. */
  reached: number;
  /** The latest acknowledgement that came from the other side; once `lookAcross` was called. */
  acked: number;
  /** Has the two above looked up, and their bits of `known`: a plain message is paired without, and saves misses of the cache. */
  lookAcross(): void;
}

/** A message that begins: `Pairing` sets the first four members, those of responses all. */
export interface Pairable {
  /** −1 where no request is known. */
  exchange: number;
  pairing: PairingVerdict;
  method: string;
  uri: string;
  readonly status: number;
  readonly tsUs: number;
}
