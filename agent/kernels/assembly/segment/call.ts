import {
  TAKEN_AT,
  TAKEN_DELIVERED_BYTES,
  TAKEN_DUPLICATE_BYTES,
  TAKEN_FRAME_BYTES,
  TAKEN_FRAMES,
  TAKEN_OVERWRITTEN_BYTES,
  TAKEN_SEGMENTS_AFTER_CLOSE,
  TAKEN_SEGMENTS_DUPLICATE,
  TAKEN_SEGMENTS_IN_ORDER,
  TAKEN_SEGMENTS_OUT_OF_ORDER,
  TAKEN_SEGMENTS_OVERLAPPING,
  TAKEN_SEGMENTS_WITHOUT_STREAM,
  TAKEN_SHED_BYTES,
  TAKEN_STREAMS_CLOSED_FIN,
  TAKEN_STREAMS_OPENED,
  TAKEN_TICK,
} from './layout.generated.ts';

/** What one call of the kernel keeps and counts. */
export class Call {
  /** The slot of the last frame, also across calls. */
  static lastSlot: i32 = -1;
  static interfaceIndex: i32 = 0;
  static nowUs: f64 = 0;
  static nextTickUs: f64 = 0;
  static hostTickUs: f64 = 0;
  static tickUs: f64 = 0;
  static eventEnd: i32 = 0;
  /** Pages were freed: what lies in them was not handed on. */
  static freed: i32 = 0;
  /** Of one frame. */
  static low: i32 = 0;
  static high: i32 = 0;
  static ports: i32 = 0;
  static findHash: i32 = 0;
  /** By `Taken`. */
  static deliveredBytes: i32 = 0;
  static inOrder: i32 = 0;
  static afterClose: i32 = 0;
  static withoutStream: i32 = 0;
  static outOfOrder: i32 = 0;
  static duplicate: i32 = 0;
  static overlapping: i32 = 0;
  static duplicateBytes: i32 = 0;
  static overwrittenBytes: i32 = 0;
  static shedBytes: i32 = 0;
  static opened: i32 = 0;
  static closedFin: i32 = 0;
  static frames: i32 = 0;
  static frameBytes: i32 = 0;
  static tick: i32 = 0;
}

export function beginCounts(): void {
  Call.deliveredBytes = 0;
  Call.inOrder = 0;
  Call.afterClose = 0;
  Call.withoutStream = 0;
  Call.outOfOrder = 0;
  Call.duplicate = 0;
  Call.overlapping = 0;
  Call.duplicateBytes = 0;
  Call.overwrittenBytes = 0;
  Call.shedBytes = 0;
  Call.opened = 0;
  Call.closedFin = 0;
  Call.frames = 0;
  Call.frameBytes = 0;
  Call.tick = 0;
}

export function storeCounts(): void {
  store<i32>(TAKEN_AT + TAKEN_DELIVERED_BYTES * 4, Call.deliveredBytes);
  store<i32>(TAKEN_AT + TAKEN_SEGMENTS_IN_ORDER * 4, Call.inOrder);
  store<i32>(TAKEN_AT + TAKEN_SEGMENTS_AFTER_CLOSE * 4, Call.afterClose);
  store<i32>(TAKEN_AT + TAKEN_SEGMENTS_WITHOUT_STREAM * 4, Call.withoutStream);
  store<i32>(TAKEN_AT + TAKEN_SEGMENTS_OUT_OF_ORDER * 4, Call.outOfOrder);
  store<i32>(TAKEN_AT + TAKEN_SEGMENTS_DUPLICATE * 4, Call.duplicate);
  store<i32>(TAKEN_AT + TAKEN_SEGMENTS_OVERLAPPING * 4, Call.overlapping);
  store<i32>(TAKEN_AT + TAKEN_DUPLICATE_BYTES * 4, Call.duplicateBytes);
  store<i32>(TAKEN_AT + TAKEN_OVERWRITTEN_BYTES * 4, Call.overwrittenBytes);
  store<i32>(TAKEN_AT + TAKEN_SHED_BYTES * 4, Call.shedBytes);
  store<i32>(TAKEN_AT + TAKEN_STREAMS_OPENED * 4, Call.opened);
  store<i32>(TAKEN_AT + TAKEN_STREAMS_CLOSED_FIN * 4, Call.closedFin);
  store<i32>(TAKEN_AT + TAKEN_FRAMES * 4, Call.frames);
  store<i32>(TAKEN_AT + TAKEN_FRAME_BYTES * 4, Call.frameBytes);
  store<i32>(TAKEN_AT + TAKEN_TICK * 4, Call.tick);
}
