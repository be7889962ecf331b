/** What a call emits. */
import { Call } from './call.ts';
import { EVENT_BYTES, EVENT_DATA, EVENTS_AT, EVENTS_MAX } from './layout.generated.ts';

/** Besides those of pages: payload, end and close, or a gap for each direction. */
const RECORD_EVENTS: i32 = 8;
/** A page may have a gap behind it. */
const PAGE_EVENTS: i32 = 2;

/** Whether there is room to emit what so many pages hold, and what a frame brings besides. */
export function hasEventRoom(pages: i32): i32 {
  return Call.eventEnd + (pages * PAGE_EVENTS + RECORD_EVENTS) * EVENT_BYTES <= EVENTS_AT + EVENTS_MAX * EVENT_BYTES;
}

export function emit(kind: i32, half: i32, first: i32, second: i32, tsUs: f64): void {
  store<i32>(Call.eventEnd, kind);
  store<i32>(Call.eventEnd + 4, half);
  store<i32>(Call.eventEnd + 8, first);
  store<i32>(Call.eventEnd + 12, second);
  store<f64>(Call.eventEnd + 16, tsUs);
  Call.eventEnd += EVENT_BYTES;
}

export function emitData(half: i32, start: i32, end: i32, tsUs: f64, sequence: i32, ack: i32): void {
  store<i32>(Call.eventEnd + 24, sequence);
  store<i32>(Call.eventEnd + 28, ack);
  emit(EVENT_DATA, half, start, end, tsUs);
}

/** A frame was taken. */
export function count(captured: i32, tsUs: f64): void {
  if (tsUs > Call.nowUs) {
    Call.nowUs = tsUs;
  }
  Call.frames += 1;
  Call.frameBytes += captured;
}
