/** What was odd about a message: bits of `HttpMessage.flags`, named as statistics and sinks print them. */
export const MessageFlag = {
  /** A line ended in LF alone. Accepted: RFC 9112, 2.2 allows it, and refusing would lose the exchange. */
  bareLf: 1 << 0,
  /** A CR that no LF follows stands in the head; it is kept as part of its line. */
  bareCr: 1 << 1,
  /** A field value was folded over lines (RFC 9112, 5.2). */
  obsFold: 1 << 2,
  /** A line of the head is no field (no colon, bad name, space before the colon); it was skipped or taken as meant. */
  malformedField: 1 << 3,
  /** NUL or another control character in the head. */
  controlCharacter: 1 << 4,
  /** The request line has no target, spaces or a control character in it, or no whole version. */
  malformedTarget: 1 << 5,
  /** Content-Length was repeated with the same value (RFC 9112, 6.3). */
  duplicateLength: 1 << 6,
  /** Content-Length values differ: the end of the message is unknowable, the parser searches for the next head. */
  conflictingLength: 1 << 7,
  /** Content-Length is no number, or too large to count. */
  invalidLength: 1 << 8,
  /** Transfer-Encoding and Content-Length together: Transfer-Encoding wins; a sign of request smuggling. */
  lengthAndEncoding: 1 << 9,
  /** Transfer-Encoding whose last coding is not chunked, or chunked twice, or in HTTP/1.0. */
  unusualEncoding: 1 << 10,
  /** A chunk size, its extension or its end was malformed: the rest of the body is unknown. */
  invalidChunk: 1 << 11,
  /** The head ends before its blank line: a gap, the stream's end, or a limit. */
  headTruncated: 1 << 12,
  /** More header fields than the limit: the rest were used for framing only. */
  fieldsOverLimit: 1 << 13,
  /** The request target is longer than the limit; `uri` holds its beginning. */
  uriCut: 1 << 14,
  /** The head could not be kept until `end`: the pool of head buffers was spent. `headers` is empty after `begin`. */
  headShed: 1 << 15,
  /** More than the message limit: bytes beyond it were counted, not delivered. */
  cut: 1 << 16,
  /** Bytes are missing (see `missingBytes`), or an unknown number of them at the end. */
  gap: 1 << 17,
  /** The stream ended before the message did. */
  aborted: 1 << 18,
  /** The body had no length and ended with the stream. */
  untilClose: 1 << 19,
  /** The first message found after bytes were lost or skipped. */
  resynchronised: 1 << 20,
  /** The chunked body had trailer fields. */
  trailers: 1 << 21,
  /** The stream left HTTP after this message (101, or 2xx to CONNECT). */
  upgraded: 1 << 22,
  /** A 1xx response: the final one is still to come. */
  interim: 1 << 23,
  /** A chunk-size line with spaces, a lone CR, or no semicolon before its extension. */
  oddChunkLine: 1 << 24,
  /** A final status answered `Expect: 100-continue`, and the body was never sent. */
  bodyUnsent: 1 << 26,
} as const;

export type MessageFlagName = keyof typeof MessageFlag;

/** Names of the bits set in `flags`, in bit order. */
export function messageFlagNames(flags: number): MessageFlagName[] {
  const names: MessageFlagName[] = [];
  for (const name of Object.keys(MessageFlag) as MessageFlagName[]) {
    if ((flags & MessageFlag[name]) !== 0) names.push(name);
  }
  return names;
}
