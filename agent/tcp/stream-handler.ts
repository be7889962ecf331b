/** What the TCP layer reports to its client (the HTTP layer). Synchronous; nothing here may throw on bad traffic. */

/** 0: the side that opened the connection (sent the SYN), or the first seen to send; 1: the other. */
export type Side = 0 | 1;

/** Why bytes are missing from a stream. Each has a counter. */
export const GapReason = {
  /** The receiver acknowledged bytes never seen here: they will not be sent again (RFC 9293, 3.10.7.4). */
  acknowledged: 0,
  /** The gap outlived the stream timeout on the packets' own clock. */
  timeout: 1,
  /** The page budget, of the connection or the total, was spent. */
  pages: 2,
  /** The stream ended (RST, close, eviction, end of input) with bytes still waiting behind the gap. */
  closed: 3,
  /** The frame was captured with a snap length shorter than itself. */
  truncated: 4,
} as const;
export type GapReason = (typeof GapReason)[keyof typeof GapReason];

/** Why a stream left the table. Each has a counter. */
export const CloseReason = { fin: 0, reset: 1, idle: 2, evicted: 3, reused: 4, endOfInput: 5 } as const;
export type CloseReason = (typeof CloseReason)[keyof typeof CloseReason];

/** `stream` is a slot of the stream table: small, dense, reused after `close`. */
export interface StreamHandler {
  /**
   * A stream entered the table. `midStream` is false where its SYN was seen, so that the first byte of each side is the
   * first ever sent; left out where it is unknown.
   */
  open(stream: number, tsUs: number, midStream?: boolean): void;
  /**
   * In-order payload `bytes[start, end)`, parsed where the kernel put it: valid only during the call.
   * @param sequence of `bytes[start]`, 32 bits with a sign; left out where it is not known
   * @param acknowledgement the lowest that came with any copy of these bytes, as far as it is known: never one below that of
   * the copy that carried the first byte
   */
  data(
    stream: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    tsUs: number,
    sequence?: number,
    acknowledgement?: number,
  ): void;
  /** `length` payload bytes were never seen and never will be; what follows comes after them. */
  gap(stream: number, side: Side, length: number, reason: GapReason, tsUs: number): void;
  /** The side's FIN has been reached in order: no more data from it. */
  end(stream: number, side: Side, tsUs: number): void;
  /** The stream leaves the table: the last call for this slot until the next `open`. */
  close(stream: number, reason: CloseReason, tsUs: number): void;
}
