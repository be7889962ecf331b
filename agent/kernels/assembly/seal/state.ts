/** What the parts of the kernel share while one text is read, and the tape that they write. */
import { FRAME_BYTES, FRAMES_AT, OP_INTEGER, RECORD_BYTES, TAPE_AT } from './layout.generated.ts';

export class State {
  /** Obfuscate by `redact`, or not at all. */
  static redacts: bool = false;
  /** Containers in one another, and bytes of one string. */
  static depthMax: i32 = 0;
  static stringMax: i32 = 0;
  /** Behind the last string that was written anew. */
  static plain: i32 = 0;
  /** Values that were redacted; bits of `Has` of all strings; whether a container has a name twice: of a text that is read whole. */
  static redacted: i32 = 0;
  static allClasses: i32 = 0;
  static repeated: bool = false;
  /** What the member's name says (bits of `KeyIs`), and which it is. */
  static keyIs: i32 = 0;
  static slot: i32 = 0;
  static nameStart: i32 = 0;
  static nameEnd: i32 = 0;
  /** The string that was read last. */
  static start: i32 = 0;
  static stop: i32 = 0;
  static classes: i32 = 0;
}

/**
 * Where reading goes on: kept, of a text that is read in parts, before each value or member and behind each container, so that
 * whatever the text's end cuts is read anew when there is more of it.
 */
export class Step {
  static isKept: bool = false;
  /** Behind a value, not before one. */
  static isBehind: bool = false;
  static at: i32 = 0;
  static depth: i32 = 0;
  /** Behind the digests of the container at hand, and whether it is an object. */
  static top: i32 = 0;
  static inObject: i32 = 0;
  /** Depth of the container whose value must not be shown; -1 outside of one. */
  static secretFrom: i32 = -1;
  static frame: i32 = FRAMES_AT - FRAME_BYTES;
  static tape: i32 = 0;
  static plain: i32 = 0;
  static redacted: i32 = 0;
  static namings: i32 = 0;
  /** The byte of the text that a tag took the place of, and which it was; 0: none. */
  static tagAt: i32 = 0;
  static tagged: i32 = 0;
}

export class Tape {
  /** Behind the last record. */
  static end: i32 = TAPE_AT;
}

export function note(op: i32, first: i32, second: i32): void {
  const at = Tape.end;
  store<i32>(at, op);
  store<i32>(at, first, 4);
  store<i32>(at, second, 8);
  Tape.end = at + RECORD_BYTES;
}

/** @param op with its format */
export function noteNumber(op: i32, bits: i64): void {
  const at = Tape.end;
  store<i32>(at, op);
  store<i64>(at, bits, 8);
  Tape.end = at + RECORD_BYTES;
}

export function noteInteger(format: i32, value: i64): void {
  noteNumber(OP_INTEGER | (format << 4), value);
}
