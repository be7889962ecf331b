/**
 * XXH64 with seed 0. A digest is 8 bytes big-endian; `out` may overlap the input: it is written last.
 * Source: the xxHash specification, github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, "XXH64 Algorithm".
 */
export const P1: u64 = 0x9e3779b185ebca87;
export const P2: u64 = 0xc2b2ae3d27d4eb4f;
const P3: u64 = 0x165667b19e3779f9;
export const P4: u64 = 0x85ebca77c2b2ae63;
export const P5: u64 = 0x27d4eb2f165667c5;

let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;
let v4: u64 = 0;

/** Starts a value longer than what is at hand. */
export function begin(): void {
  v1 = P1 + P2;
  v2 = P2;
  v3 = 0;
  v4 = 0 - P1;
}

/** Takes a multiple of 32 bytes. */
export function stripes(at: i32, length: i32): void {
  const end = at + length;
  let a = v1;
  let b = v2;
  let c = v3;
  let d = v4;
  while (at < end) {
    a = rotl(a + load<u64>(at) * P2, 31) * P1;
    b = rotl(b + load<u64>(at, 8) * P2, 31) * P1;
    c = rotl(c + load<u64>(at, 16) * P2, 31) * P1;
    d = rotl(d + load<u64>(at, 24) * P2, 31) * P1;
    at += 32;
  }
  v1 = a;
  v2 = b;
  v3 = c;
  v4 = d;
}

/** Keeps what {@link stripes} made at a place, and takes it up again. */
export function keepHash(at: i32): void {
  store<u64>(at, v1);
  store<u64>(at, v2, 8);
  store<u64>(at, v3, 16);
  store<u64>(at, v4, 24);
}

export function takeHash(at: i32): void {
  v1 = load<u64>(at);
  v2 = load<u64>(at, 8);
  v3 = load<u64>(at, 16);
  v4 = load<u64>(at, 24);
}

function merge(h: u64, lane: u64): u64 {
  return (h ^ (rotl(lane * P2, 31) * P1)) * P1 + P4;
}

/** The last `rest` bytes, any number, of `total` in all: the hash as a number. */
export function finishNumber(at: i32, rest: i32, total: i32): u64 {
  const end = at + rest;
  let h = P5;
  if (<u32>total >= 32) {
    stripes(at, rest & -32);
    at += rest & -32;
    h = rotl(v1, 1) + rotl(v2, 7) + rotl(v3, 12) + rotl(v4, 18);
    h = merge(merge(merge(merge(h, v1), v2), v3), v4);
  }
  return tail(h + <u64>(<u32>total), at, end);
}

/** What does not fill a stripe, and the last mixing. */
function tail(h: u64, at: i32, end: i32): u64 {
  while (end - at >= 8) {
    h = rotl(h ^ (rotl(load<u64>(at) * P2, 31) * P1), 27) * P1 + P4;
    at += 8;
  }
  if (end - at >= 4) {
    h = rotl(h ^ (<u64>load<u32>(at) * P1), 23) * P2 + P3;
    at += 4;
  }
  while (at < end) {
    h = rotl(h ^ (<u64>load<u8>(at) * P5), 11) * P1;
    at += 1;
  }
  return avalanche(h);
}

export function avalanche(h: u64): u64 {
  h = (h ^ (h >> 33)) * P2;
  h = (h ^ (h >> 29)) * P3;
  return h ^ (h >> 32);
}

/** Of bytes that lie together: the hash as a number. */
export function hashNumber(at: i32, length: i32): u64 {
  if (<u32>length >= 32) begin();
  return finishNumber(at, length, length);
}

/** As {@link finishNumber}, written to `out`. */
export function finish(at: i32, rest: i32, total: i32, out: i32): void {
  store<u64>(out, bswap(finishNumber(at, rest, total)));
}

/** As {@link hashNumber}, written to `out`. */
export function hash(at: i32, length: i32, out: i32): void {
  store<u64>(out, bswap(hashNumber(at, length)));
}
