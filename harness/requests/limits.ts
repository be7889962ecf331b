/** Bounds of the requests lane, each with its reason. The reader's own layers have those of the agent (agent/limits.ts). */

/** Memory of the agent's layers while a capture is read: their default. */
export const readerMemoryBytes = 200_000_000;

/** A request's bytes are gathered so far in memory, then go to the spool piece by piece: a large body is held nowhere whole. */
export const pieceBytesMax = 256 << 10;
/** All requests that are being gathered together; beyond it each goes to the spool as it comes. */
export const gatheredBytesMax = 32 << 20;
/** Bytes before a head is known to be one: a head of the longest kind the agent reads (64 KiB), and a segment. */
export const tailBytesMax = 128 << 10;
/** All such bytes of all connections; beyond it the beginning of a head is dropped, and its request counted as not kept. */
export const tailsBytesMax = 32 << 20;
/** Requests that wait for their recorded response, all connections together; beyond it the oldest of a connection goes without. */
export const awaitingMax = 65_536;

/** Events that are sorted at once: 16 MiB. */
export const eventsPerRun = 1 << 18;

/** Entries of a HAR file that are named where they cannot be sent; of further ones their number is. */
export const namedEntriesMax = 10;
/** A HAR file is parsed as one text: V8's longest string is 512 MiB. */
export const harBytesMax = 256 << 20;

/** Connections held open at the service; beyond it the idle one that was unused for longest is closed. */
export const connectionsMax = 8192;
/** Requests that wait for an answer before them on their connection, in all; beyond it the sender waits, and is late. */
export const queuedMax = 16_384;
/** A service that says nothing for so long has not answered. */
export const answerTimeoutMs = 30_000;
/** A service is given so long to close a connection that was ended. */
export const closeTimeoutMs = 1000;
/** Connections are opened so long before their first request at least, so that the request is not late for it. */
export const openAheadUs = 5000;
/** Differences that are named one by one. */
export const differencesMax = 1000;
/** V8's old generation in the threads of this room, MiB. */
export const threadHeapMb = 256;
/** The same for a HAR file, whose objects are some five times its text. */
export const harHeapMb = 2048;
