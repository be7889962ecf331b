/**
 * What the truth may hold, however large the capture: 65,536 connections of some 2 KB, half of them followed by others on their
 * addresses, and the bytes of `BytesHeld`. The
 * figures are the harness's, not the target's: they are part of no budget.
 */

/** Connections that are followed; of further ones the one that was silent for longest is settled and forgotten. */
export const connectionsMax = 32_768;
/** Conversations on the same addresses and ports that one direction began before the other one showed the first (16). */
export const conversationsMax = 16;
/** Heads in the making and segments behind a hole, of all connections. */
export const heldBytesMax = 64_000_000;
/** Segments behind a hole, of one direction: then the hole is taken for a loss in the recording itself. */
export const behindHoleBytesMax = 262_144;
/** A longer head is no head. */
export const headBytesMax = 65_536;
/** A head behind a request that was refused, by which an observer knows that its body never came (8 KiB). */
export const expectedHeadBytesMax = 4_096;
/** Messages of one direction that were delivered whole before an earlier one was. */
export const aheadMessagesMax = 16;
/** Messages of one direction that are framed by what the other said, and are not delivered yet. */
export const dependentMax = 64;
/** A line of a chunked body: size, extensions. */
export const chunkLineBytesMax = 1_024;
/** Requests of one connection that wait for their responses. */
export const methodsMax = 1_000;
/** Exchanges of one connection with one half that was delivered whole: as many requests wait, and as many again were never answered. */
export const wholeHalvesMax = 2_000;
/** Messages of one direction that are not delivered whole yet. */
export const pendingMax = 256;
/** Holes in what was delivered of one direction. */
export const rangesMax = 4_096;
/** Sequence numbers further away than this are of no segment of the stream. */
export const offsetMax = 0x4000_0000;
/**
 * How long an observer must wait for what comes late (`patience.ts`): each with what our own agent waits. Frames of the
 * connection behind an acknowledgement of what is not there yet: what the example of `reorder` holds back (64).
 */
export const lateFramesPatient = 50;
/** … and so long, whatever passes: a jitter is one of time (50 ms). */
export const lateLeastPatienceUs = 40_000;
/** The same in time, whether bytes wait or not (1.5 s). */
export const latePatienceUs = 1_000_000;
/** A hole that nothing acknowledged (10 s). */
export const holePatienceUs = 5_000_000;
/** Holes of one direction at a time (64). */
export const holesPatient = 48;
/** Connections that began on the addresses of one that is not over (16). */
export const followersPatient = 8;
/** Frames' worth of payload of one of them, each of up to `startPageBytes`, while those before it are waited for (64). */
export const followerPagesPatient = 48;
/** Bytes from the first hole to the last byte behind it (6 MB of pages, a window of 16 MB). */
export const aheadOfHoleBytesMax = 4_000_000;
/** Frames of one direction before its SYN (64 KiB). */
export const lateSynBytesMax = 32_768;
/** Connections that wait for their SYNs, of which other frames came first (128). */
export const lateStartsMax = 64;
/** Frames of one of them, and of all, each of up to `startPageBytes` (128 and 768). */
export const lateStartPagesMax = 64;
export const lateStartsPagesMax = 384;
/** A longer frame counts for several. */
export const startPageBytes = 2_048;
/** A connection without frames (180 s). */
export const silencePatienceUs = 120_000_000;
/** A pause behind which what comes once more may be another connection (0.5 s). */
export const quietUs = 250_000;
/** … and for how long it must come: what is over sooner, or followed by what is new, is copies (2 s). */
export const copiedPatienceUs = 1_000_000;
/** Its addresses behind its end (2 s). */
export const endedPatienceUs = 1_000_000;
/** The clock was set back, and frames are not merely out of order (1 s). */
export const clockStepUs = 500_000;
/** Acknowledged bytes that the recording has not shown yet: what is reordered on the way to it, and small beside all numbers. */
export const aheadBytesMax = 1_048_576;
/** Datagrams that are put together from fragments at a time (256), pages of 2 KB that all of them take (512), fragments of one (64). */
export const fragmentDatagramsMax = 128;
export const fragmentPagesMax = 256;
export const fragmentsMax = 48;
/** For so long their fragments may come (15 s). */
export const fragmentPatienceUs = 10_000_000;
/** The most messages that one can hold: the shortest has over sixteen bytes. */
export const datagramMessagesMax = 4_096;
