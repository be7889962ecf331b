/** What the kernel for segments in order (`agent/kernels/assembly/segment/`) and its host (`segment-taker.ts`) agree on. */
import { chunkBytes } from '../capture/frame-source.ts';

/** How often the timers are looked at on the packets' clock; every timeout is late by this at most. */
export const tickUs = 50_000;

/** A timestamp this much before the latest is a step of the clock and not two interfaces out of step. */
export const clockStepUs = 1_000_000;

/** What one call took and counted, 32 bits each, by `Taken`. */
export const TAKEN_AT = 64;
export const Taken = {
  frames: 0,
  frameBytes: 1,
  events: 2,
  /** Frames passed, those not wanted included (`takeRing`). */
  passed: 3,
  /** Not 0: timers are due that are not the kernel's, before the next record. */
  tick: 4,
  deliveredBytes: 5,
  segmentsInOrder: 6,
  segmentsAfterClose: 7,
  segmentsWithoutStream: 8,
  segmentsOutOfOrder: 9,
  segmentsDuplicate: 10,
  segmentsOverlapping: 11,
  duplicateBytes: 12,
  overwrittenBytes: 13,
  shedBytes: 14,
  streamsOpened: 15,
  streamsClosedFin: 16,
} as const;
/** The packets' clock, then when the timers are looked at next: doubles. */
export const NOW_AT = TAKEN_AT + 128;
export const NEXT_TICK_AT = NOW_AT + 8;
/** The time of the next record, where `Taken.tick` is set. */
export const TICK_AT = NOW_AT + 16;

/**
 * What is handed on: kind (`Event`), half-stream, two numbers (32 bits each), the time as a double, then of payload its
 * sequence number and the acknowledgement that came with it. The two numbers are start and end of payload, a gap's length
 * and reason, or why a stream closes.
 */
export const EVENTS_AT = 1024;
export const EVENT_BYTES = 32;
export const Event = { data: 0, gap: 1, open: 2, end: 3, close: 4 } as const;
/** Taken before they are handed on: more than a slice of full-sized frames has, and 16 KiB. */
export const EVENTS_MAX = 512;

/** For who reads the payload where it lies and has a kernel for it (`agent/http/head-layout.ts`). */
export const READER_AT = EVENTS_AT + EVENTS_MAX * EVENT_BYTES;
export const READER_BYTES = 5120;

/** What the last chunk had of the next record comes before the next chunk: one of the largest IP datagram has room. */
export const LEAD_BYTES = 65_536 + 64;

/** Where a chunk of a capture is read to: at a page, as the system copies it. */
export const INPUT_AT = Math.ceil((READER_AT + READER_BYTES + LEAD_BYTES) / 4096) * 4096;

/** The tables' arrays come behind, then the pages. */
export const TABLES_AT = INPUT_AT + chunkBytes;
