/**
 * What the truth may hold, however large the capture: 32,768 connections of some 2 KB, and the bytes of `BytesHeld`. The
 * figures are the harness's, not the target's: they are part of no budget.
 */

/** Connections that are followed; of further ones the one that was silent for longest is settled and forgotten. */
export const connectionsMax = 32_768;
/** Heads in the making and segments behind a hole, of all connections. */
export const heldBytesMax = 64_000_000;
/** Segments behind a hole, of one direction: then the hole is taken for a loss in the recording itself. */
export const behindHoleBytesMax = 262_144;
/** A longer head is no head. */
export const headBytesMax = 65_536;
/** A line of a chunked body: size, extensions. */
export const chunkLineBytesMax = 1_024;
/** Requests of one connection that wait for their responses. */
export const methodsMax = 1_000;
/** Messages of one direction that are not delivered whole yet. */
export const pendingMax = 256;
/** Holes in what was delivered of one direction. */
export const rangesMax = 4_096;
/** Sequence numbers further away than this are of no segment of the stream. */
export const offsetMax = 0x4000_0000;
/** Acknowledged bytes that the recording has not shown yet: what is reordered on the way to it, and small beside all numbers. */
export const aheadBytesMax = 1_048_576;
