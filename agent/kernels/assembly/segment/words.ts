/** Numbers in memory: in network order, and as elements of the tables' arrays. */
import { byteAt } from '../bytes.ts';

export function be16(at: i32): i32 {
  return (byteAt(at) << 8) | byteAt(at + 1);
}

export function be32(at: i32): i32 {
  return (byteAt(at) << 24) | (byteAt(at + 1) << 16) | (byteAt(at + 2) << 8) | byteAt(at + 3);
}

export function add32(at: i32, count: i32): void {
  store<i32>(at, load<i32>(at) + count);
}

export function add8(at: i32, count: i32): void {
  store<u8>(at, byteAt(at) + count);
}

export function add16(at: i32, count: i32): void {
  store<u16>(at, <i32>load<u16>(at) + count);
}

export function word(array: i32, index: i32): i32 {
  return load<i32>(array + (index << 2));
}

export function setWord(array: i32, index: i32, value: i32): void {
  store<i32>(array + (index << 2), value);
}
