/** What the kernel for segments in order (`segment-kernel.ts`) and its host (`segment-taker.ts`) agree on. */
import { chunkBytes } from '../capture/frame-source.ts';

/** A timestamp this much before the latest is a step of the clock and not two interfaces out of step. */
export const clockStepUs = 1_000_000;

/** What one call took: frames, their bytes, bytes in order, events (each 32 bits), the packets' clock as a double, stragglers, frames passed. */
export const TAKEN_AT = 64;

/** Payload in order: half-stream, start and end (each 32 bits), then the time as a double, at 16. */
export const EVENTS_AT = 1024;
export const EVENT_BYTES = 24;
/** Taken before they are handed on: more than a slice of full-sized frames has, and 12 KiB. */
export const EVENTS_MAX = 512;

/** For who reads the payload where it lies and has a kernel for it (`agent/http/head-layout.ts`). */
export const READER_AT = EVENTS_AT + EVENTS_MAX * EVENT_BYTES;
export const READER_BYTES = 5120;

/** Where a chunk of a capture is read to: at a page, as the system copies it. */
export const INPUT_AT = Math.ceil((READER_AT + READER_BYTES) / 4096) * 4096;

/** The tables' arrays come behind. */
export const TABLES_AT = INPUT_AT + chunkBytes;
