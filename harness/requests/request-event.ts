/** What happens on recorded connections, in order of time: records of fixed length, so that any number of them is sorted in files. */

/** Order of values is the order at one time, within a connection. */
export const EventKind = { open: 0, request: 1, close: 2 } as const;
export type EventKind = (typeof EventKind)[keyof typeof EventKind];

export const EventFlag = {
  /** It was sent before the answer to the one before it had come. */
  pipelined: 1,
  /** `status` holds. */
  answered: 2,
  /** `answerBytes` holds. */
  measured: 4,
  /** `offset` is that of a table of pieces. */
  pieces: 8,
  /** A browser's copy stands for the answer: on the wire it was 304, or 200. */
  revalidated: 16,
  /** Not answered, as far as is known: answers on its connection are in no pair, or bytes of them are missing. */
  unpaired: 32,
} as const;

export interface RequestEvent {
  kind: EventKind;
  /** Bits of `EventFlag`. */
  flags: number;
  /** Of the request's first byte, µs. */
  tsUs: number;
  /** Decides where times are equal. */
  order: number;
  /** Number of the recorded connection. */
  connection: number;
  /** Of its bytes in the spool. */
  offset: number;
  length: number;
  headBytes: number;
  /** Recorded. */
  status: number;
  answerBytes: number;
}

export const eventBytes = 64;
/** Of `kind` in a record. */
export const kindAt = 54;

export function emptyEvent(): RequestEvent {
  return {
    ...{ kind: EventKind.open, flags: 0, tsUs: 0, order: 0, connection: 0 },
    ...{ offset: 0, length: 0, headBytes: 0, status: 0, answerBytes: 0 },
  };
}

export function writeEvent(view: DataView, at: number, event: RequestEvent): void {
  view.setFloat64(at, event.tsUs);
  view.setFloat64(at + 8, event.order);
  view.setFloat64(at + 16, event.connection);
  view.setFloat64(at + 24, event.offset);
  view.setFloat64(at + 32, event.length);
  view.setFloat64(at + 40, event.answerBytes);
  view.setUint32(at + 48, event.headBytes);
  view.setUint16(at + 52, event.status);
  view.setUint8(at + kindAt, event.kind);
  view.setUint8(at + 55, event.flags);
}

/** @param event is filled */
export function readEvent(view: DataView, at: number, event: RequestEvent): void {
  event.tsUs = view.getFloat64(at);
  event.order = view.getFloat64(at + 8);
  event.connection = view.getFloat64(at + 16);
  event.offset = view.getFloat64(at + 24);
  event.length = view.getFloat64(at + 32);
  event.answerBytes = view.getFloat64(at + 40);
  event.headBytes = view.getUint32(at + 48);
  event.status = view.getUint16(at + 52);
  event.kind = view.getUint8(at + kindAt) as EventKind;
  event.flags = view.getUint8(at + 55);
}

/** Below 0 where the record at `a` comes before the one at `b`. */
export function compareEvents(left: DataView, a: number, right: DataView, b: number): number {
  return left.getFloat64(a) - right.getFloat64(b) || left.getFloat64(a + 8) - right.getFloat64(b + 8);
}
