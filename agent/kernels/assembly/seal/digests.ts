/**
 * Digests of JSON values. Every value is three or four messages inside one another (text in String in Primitive in Data); all but
 * the innermost are 17 bytes, of which 9 are known beforehand (`wrapped`). Numbers of 64 bits are digests as they lie in memory.
 */
import {
  avalanche,
  begin,
  finishNumber,
  hashNumber,
  keepHash,
  P1,
  P2,
  P4,
  P5,
  stripes,
  takeHash,
} from '../digest/xxh64.ts';
import {
  PENDING_AT,
  PENDING_BYTES,
  PENDING_MAX,
  TYPE_LIST,
  TYPE_MAP,
  UNREAD_AT,
  VALUE_AT,
  WRAP_DATA_LIST,
  WRAP_DATA_LIST_TOP,
  WRAP_DATA_PRIMITIVE,
  WRAP_DATA_PRIMITIVE_TOP,
  WRAP_DATA_STRUCT,
  WRAP_DATA_STRUCT_TOP,
  WRAP_LIST_ELEMENTS,
  WRAP_LIST_ELEMENTS_TOP,
  WRAP_PRIMITIVE_DOUBLE,
  WRAP_PRIMITIVE_DOUBLE_TOP,
  WRAP_PRIMITIVE_INT64,
  WRAP_PRIMITIVE_INT64_TOP,
  WRAP_PRIMITIVE_STRING,
  WRAP_PRIMITIVE_STRING_TOP,
  WRAP_SCALAR_VALUE,
  WRAP_SCALAR_VALUE_TOP,
  WRAP_STRUCT_FIELDS,
  WRAP_STRUCT_FIELDS_TOP,
} from './layout.generated.ts';
import { State } from './state.ts';

/** Containers with more members are sorted by merging runs of so many. */
const INSERTED_MAX: i32 = 64;

/**
 * From a digest to that of a message with it as its only field: XXH64 of the 17 bytes `d` + key digest + digest.
 * @param before what is the same for every digest: the state behind the first 8 bytes
 * @param top the key digest's last byte
 */
function wrapped(digest: u64, before: u64, top: u64): u64 {
  return bswap(mixed(digest, before, top));
}

/** `wrapped` but for the order of bytes. */
function mixed(digest: u64, before: u64, top: u64): u64 {
  const lane = rotl(((digest << 8) | top) * P2, 31) * P1;
  const h = rotl(before ^ lane, 27) * P1 + P4;
  return avalanche(rotl(h ^ ((digest >> 56) * P5), 11) * P1);
}

function scalar(at: i32, length: i32): u64 {
  return wrapped(bswap(hashNumber(at, length)), WRAP_SCALAR_VALUE, WRAP_SCALAR_VALUE_TOP);
}

function inString(at: i32, length: i32): u64 {
  return wrapped(scalar(at, length), WRAP_PRIMITIVE_STRING, WRAP_PRIMITIVE_STRING_TOP);
}

function inInteger(at: i32, length: i32): u64 {
  return wrapped(scalar(at, length), WRAP_PRIMITIVE_INT64, WRAP_PRIMITIVE_INT64_TOP);
}

function inData(primitive: u64): u64 {
  return wrapped(primitive, WRAP_DATA_PRIMITIVE, WRAP_DATA_PRIMITIVE_TOP);
}

/**
 * Texts and numbers wait until four of them are wrapped abreast, or their container ends: a wrapping is one chain of dependent
 * multiplications, and four chains take little longer than one.
 */
class Pending {
  static count: i32 = 0;
}

/** Forgets what waits, of a text that was declined. */
export function resetDigests(): void {
  Pending.count = 0;
}

/**
 * @param before and top, of the field in Primitive (`wrapped`)
 * @param copy where the digest goes as well
 */
function wrapLater(hash: u64, before: u64, top: u64, out: i32, copy: i32 = UNREAD_AT): void {
  const at = PENDING_AT + Pending.count * PENDING_BYTES;
  store<u64>(at, hash);
  store<u64>(at, before, 8);
  store<u64>(at, top, 16);
  store<i32>(at, out, 24);
  store<i32>(at, copy, 28);
  Pending.count += 1;
  if (Pending.count === PENDING_MAX) wrapFour();
}

/** All digests are where they belong afterwards. */
export function finishDigests(): void {
  const count = Pending.count;
  if (count === 0) return;
  for (let i = count; i < PENDING_MAX; i += 1) {
    store<i32>(PENDING_AT + i * PENDING_BYTES, UNREAD_AT, 24);
    store<i32>(PENDING_AT + i * PENDING_BYTES, UNREAD_AT, 28);
  }
  wrapFour();
}

/** Two numbers with their bytes in the other order. */
function swapped(first: u64, second: u64): v128 {
  const both = i64x2.replace_lane(i64x2.splat(first), 1, second);
  return i8x16.shuffle(both, both, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
}

function wrapFour(): void {
  Pending.count = 0;
  let ab = swapped(load<u64>(PENDING_AT), load<u64>(PENDING_AT, 32));
  let cd = swapped(load<u64>(PENDING_AT, 64), load<u64>(PENDING_AT, 96));
  let a = mixed(i64x2.extract_lane(ab, 0), WRAP_SCALAR_VALUE, WRAP_SCALAR_VALUE_TOP);
  let b = mixed(i64x2.extract_lane(ab, 1), WRAP_SCALAR_VALUE, WRAP_SCALAR_VALUE_TOP);
  let c = mixed(i64x2.extract_lane(cd, 0), WRAP_SCALAR_VALUE, WRAP_SCALAR_VALUE_TOP);
  let d = mixed(i64x2.extract_lane(cd, 1), WRAP_SCALAR_VALUE, WRAP_SCALAR_VALUE_TOP);
  ab = swapped(a, b);
  cd = swapped(c, d);
  a = mixed(i64x2.extract_lane(ab, 0), load<u64>(PENDING_AT, 8), load<u64>(PENDING_AT, 16));
  b = mixed(i64x2.extract_lane(ab, 1), load<u64>(PENDING_AT, 40), load<u64>(PENDING_AT, 48));
  c = mixed(i64x2.extract_lane(cd, 0), load<u64>(PENDING_AT, 72), load<u64>(PENDING_AT, 80));
  d = mixed(i64x2.extract_lane(cd, 1), load<u64>(PENDING_AT, 104), load<u64>(PENDING_AT, 112));
  ab = swapped(a, b);
  cd = swapped(c, d);
  a = mixed(i64x2.extract_lane(ab, 0), WRAP_DATA_PRIMITIVE, WRAP_DATA_PRIMITIVE_TOP);
  b = mixed(i64x2.extract_lane(ab, 1), WRAP_DATA_PRIMITIVE, WRAP_DATA_PRIMITIVE_TOP);
  c = mixed(i64x2.extract_lane(cd, 0), WRAP_DATA_PRIMITIVE, WRAP_DATA_PRIMITIVE_TOP);
  d = mixed(i64x2.extract_lane(cd, 1), WRAP_DATA_PRIMITIVE, WRAP_DATA_PRIMITIVE_TOP);
  ab = swapped(a, b);
  cd = swapped(c, d);
  putWrapped(0, i64x2.extract_lane(ab, 0));
  putWrapped(1, i64x2.extract_lane(ab, 1));
  putWrapped(2, i64x2.extract_lane(cd, 0));
  putWrapped(3, i64x2.extract_lane(cd, 1));
}

function putWrapped(index: i32, digest: u64): void {
  const at = PENDING_AT + index * PENDING_BYTES;
  store<u64>(load<i32>(at, 24), digest);
  store<u64>(load<i32>(at, 28), digest);
}

/** Of a text with its tag (`u…`) before it: `out` and `copy` have it after `finishDigests`. */
export function digestText(at: i32, length: i32, out: i32, copy: i32): void {
  wrapLater(hashNumber(at, length), WRAP_PRIMITIVE_STRING, WRAP_PRIMITIVE_STRING_TOP, out, copy);
}

/** As {@link digestText}, without the Data around it. */
export function bareText(at: i32, length: i32, out: i32): void {
  store<u64>(out, inString(at, length));
}

/** Of an integer's text with its tag (`i…`): `out` has it after `finishDigests`. */
export function digestInteger(at: i32, length: i32, out: i32): void {
  wrapLater(hashNumber(at, length), WRAP_PRIMITIVE_INT64, WRAP_PRIMITIVE_INT64_TOP, out);
}

export function bareInteger(at: i32, length: i32, out: i32): void {
  store<u64>(out, inInteger(at, length));
}

/** Of a double's text with its tag (`f…`): `out` has it after `finishDigests`. */
export function digestDouble(at: i32, length: i32, out: i32): void {
  wrapLater(hashNumber(at, length), WRAP_PRIMITIVE_DOUBLE, WRAP_PRIMITIVE_DOUBLE_TOP, out);
}

/** Of a text with a data format: its Primitive's 49 bytes are the template, bytes 9 to 16 of which are filled in. */
export function bareFormatted(at: i32, length: i32, template: i32, out: i32): void {
  store<u64>(template, scalar(at, length), 9);
  store<u64>(out, bswap(hashNumber(template, 49)));
}

export function digestFormatted(at: i32, length: i32, template: i32, out: i32): void {
  store<u64>(template, scalar(at, length), 9);
  store<u64>(out, inData(bswap(hashNumber(template, 49))));
}

/** Of the entries in [at, last), each the key's digest as a number and the value's digest: sorted in place. A byte before them is used. */
function inStruct(at: i32, last: i32): u64 {
  const end = sort(at, last);
  store<u8>(at - 1, TYPE_MAP);
  return wrapped(bswap(hashNumber(at - 1, end - at + 1)), WRAP_STRUCT_FIELDS, WRAP_STRUCT_FIELDS_TOP);
}

export function bareStruct(at: i32, end: i32, out: i32): void {
  store<u64>(out, inStruct(at, end));
}

export function digestStruct(at: i32, end: i32, out: i32): void {
  store<u64>(out, wrapped(inStruct(at, end), WRAP_DATA_STRUCT, WRAP_DATA_STRUCT_TOP));
}

/** Of the elements' digests in [at, end). A byte before them is used. */
function inList(at: i32, end: i32): u64 {
  store<u8>(at - 1, TYPE_LIST);
  return wrapped(bswap(hashNumber(at - 1, end - at + 1)), WRAP_LIST_ELEMENTS, WRAP_LIST_ELEMENTS_TOP);
}

export function bareList(at: i32, end: i32, out: i32): void {
  store<u64>(out, inList(at, end));
}

export function digestList(at: i32, end: i32, out: i32): void {
  store<u64>(out, wrapped(inList(at, end), WRAP_DATA_LIST, WRAP_DATA_LIST_TOP));
}

/**
 * Puts the elements' digests in [at, end) into the hash that is kept at `hash`, as far as they fill stripes. @param absorbed how many are in it
 * already; if any, the byte before `at` is the end of the last one.
 * @returns behind the last byte that is in the hash: one before a digest, `at - 1` where there are too few
 */
export function absorbList(at: i32, end: i32, absorbed: i32, hash: i32): i32 {
  if (absorbed === 0) {
    store<u8>(at - 1, TYPE_LIST);
    begin();
  } else {
    takeHash(hash);
  }
  const length = (end - at + 1) & -32;
  stripes(at - 1, length);
  keepHash(hash);
  return at - 1 + length;
}

/** Of a list, some of whose digests are in a hash: the others lie in [at, end). */
export function digestAbsorbed(at: i32, end: i32, absorbed: i32, hash: i32, isRoot: bool, out: i32): void {
  takeHash(hash);
  const all = bswap(finishNumber(at - 1, end - at + 1, end - at + 1 + absorbed * 8));
  const list = wrapped(all, WRAP_LIST_ELEMENTS, WRAP_LIST_ELEMENTS_TOP);
  store<u64>(out, isRoot ? list : wrapped(list, WRAP_DATA_LIST, WRAP_DATA_LIST_TOP));
}

/** Keys become bytes again where they stay. Of equal keys the last one stays. @returns the new end */
function sort(from: i32, last: i32): i32 {
  if (last - from > INSERTED_MAX * 16) mergeSort(from, last);
  else insertionSort(from, last);
  let end = from;
  for (let at = from; at < last; at += 16) {
    const key = bswap(load<u64>(at));
    if (end > from && load<u64>(end - 16) === key) {
      State.repeated = true;
      end -= 16;
    }
    store<u64>(end, key);
    store<u64>(end, load<u64>(at, 8), 8);
    end += 16;
  }
  return end;
}

/** Equal keys stay in their order. The room for values is free meanwhile. */
function mergeSort(from: i32, end: i32): void {
  const length = end - from;
  for (let at = from; at < end; at += INSERTED_MAX * 16) insertionSort(at, min(at + INSERTED_MAX * 16, end));
  let source = from;
  let target = VALUE_AT;
  for (let run = INSERTED_MAX * 16; run < length; run *= 2) {
    for (let at = 0; at < length; at += 2 * run)
      merge(source, target, at, min(at + run, length), min(at + 2 * run, length));
    const other = source;
    source = target;
    target = other;
  }
  if (source !== from) memory.copy(from, source, length);
}

/** Two runs of sorted entries, at offsets [start, middle) and [middle, end) of the source. */
function merge(source: i32, target: i32, start: i32, middle: i32, end: i32): void {
  let left = source + start;
  let right = source + middle;
  const leftEnd = right;
  const rightEnd = source + end;
  for (let to = target + start; to < target + end; to += 16) {
    const isLeft = left < leftEnd && (right >= rightEnd || load<u64>(left) <= load<u64>(right));
    const entry = isLeft ? left : right;
    v128.store(to, v128.load(entry));
    if (isLeft) left += 16;
    else right += 16;
  }
}

function insertionSort(from: i32, end: i32): void {
  for (let next = from; next < end; next += 16) {
    const key = load<u64>(next);
    const value = load<u64>(next, 8);
    let at = next;
    while (at > from) {
      const before = load<u64>(at - 16);
      if (before <= key) break;
      store<u64>(at, before);
      store<u64>(at, load<u64>(at - 8), 8);
      at -= 16;
    }
    store<u64>(at, key);
    store<u64>(at, value, 8);
  }
}
