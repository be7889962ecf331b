/** Characters of JSON, and what stands before a text whose digest is made (`agent/digest/digest-memory.ts`). */
import { byteAt } from '../bytes.ts';

export const QUOTE: i32 = 0x22;
export const BACKSLASH: i32 = 0x5c;
export const COMMA: i32 = 0x2c;
export const COLON: i32 = 0x3a;
export const OPEN_OBJECT: i32 = 0x7b;
export const CLOSE_OBJECT: i32 = 0x7d;
export const OPEN_LIST: i32 = 0x5b;
export const CLOSE_LIST: i32 = 0x5d;
export const MINUS: i32 = 0x2d;
export const DOT: i32 = 0x2e;

export const TAG_TEXT: i32 = 0x75;
export const TAG_INTEGER: i32 = 0x69;
export const TAG_DOUBLE: i32 = 0x66;

/** Where the blanks end that begin at a place, if any. */
export function skipSpace(at: i32): i32 {
  let byte = byteAt(at);
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) {
    at += 1;
    byte = byteAt(at);
  }
  return at;
}
