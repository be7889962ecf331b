/**
 * XXH64 with seed 0 in WebAssembly text: 64-bit multiplications are one instruction there and ten of JavaScript's.
 * Source: the xxHash specification, github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md, "XXH64 Algorithm".
 */
const P1 = '0x9E3779B185EBCA87';
const P2 = '0xC2B2AE3D27D4EB4F';
const P3 = '0x165667B19E3779F9';
const P4 = '0x85EBCA77C2B2AE63';
const P5 = '0x27D4EB2F165667C5';

/** acc = rotl(acc + lane × P2, 31) × P1, the lane on the stack's top. */
const round = (acc: string): string =>
  `i64.const ${P2} i64.mul local.get ${acc} i64.add i64.const 31 i64.rotl i64.const ${P1} i64.mul local.set ${acc}`;

/** One lane of a stripe: 8 bytes at p into acc; p moves on. */
const stripeLane = (acc: string): string => `
  local.get p i64.load ${round(acc)}
  local.get p i32.const 8 i32.add local.set p`;

/** h = (h ^ round(0, v)) × P1 + P4. */
const merge = (v: string): string => `
  global.get ${v} i64.const ${P2} i64.mul i64.const 31 i64.rotl i64.const ${P1} i64.mul
  local.get h i64.xor i64.const ${P1} i64.mul i64.const ${P4} i64.add local.set h`;

const rotatedLane = (v: string, by: number): string => `global.get ${v} i64.const ${by} i64.rotl`;

/** h ^= h >>> by. */
const fold = (by: number): string => `local.get h i64.const ${by} i64.shr_u local.get h i64.xor`;

/** Swaps neighbours of `by` bits: ((h & mask) << by) | ((h >>> by) & mask). */
const swap = (by: number, mask: string): string => `
  local.get h i64.const ${mask} i64.and i64.const ${by} i64.shl
  local.get h i64.const ${by} i64.shr_u i64.const ${mask} i64.and i64.or`;

/** The last mixing of h. */
const avalanche = `
  ${fold(33)} i64.const ${P2} i64.mul local.set h
  ${fold(29)} i64.const ${P3} i64.mul local.set h
  ${fold(32)} local.set h`;

/** h in the other order of bytes, on the stack: bytes swapped within pairs, pairs within words, words. */
export const swappedBytes = `
  ${swap(8, '0x00FF00FF00FF00FF')} local.set h
  ${swap(16, '0x0000FFFF0000FFFF')} i64.const 32 i64.rotl`;

const mask64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotl = (value: bigint, by: bigint): bigint => mask64((value << by) | (value >> (64n - by)));

/**
 * From a digest in h (as it lies in memory) to that of a message with it as its only field, in h: XXH64 of the 17 bytes
 * `d` + key digest + h, what is the same for every h being computed beforehand. 8 multiplications, nothing in memory.
 *
 * @param key the digest of the field's number, big-endian
 */
export function wrapped(key: bigint): string {
  // In memory: 'd', then the key's bytes from its highest; lanes are little-endian.
  let swapped = 0n;
  for (let i = 0n; i < 8n; i += 1n) swapped |= ((key >> (8n * i)) & 0xffn) << (56n - 8n * i);
  const first = mask64((swapped << 8n) | 0x64n);
  const lane = mask64(rotl(mask64(first * BigInt(P2)), 31n) * BigInt(P1));
  const before = mask64(rotl(mask64(BigInt(P5) + 17n) ^ lane, 27n) * BigInt(P1) + BigInt(P4));
  return `
  local.get h i64.const 8 i64.shl i64.const ${swapped >> 56n} i64.or
  i64.const ${P2} i64.mul i64.const 31 i64.rotl i64.const ${P1} i64.mul
  i64.const 0x${before.toString(16)} i64.xor i64.const 27 i64.rotl i64.const ${P1} i64.mul i64.const ${P4} i64.add
  local.get h i64.const 56 i64.shr_u i64.const ${P5} i64.mul
  i64.xor i64.const 11 i64.rotl i64.const ${P1} i64.mul local.set h
  ${avalanche}
  ${swappedBytes} local.set h`;
}

/**
 * - `begin()` starts a value longer than what is at hand; `stripes(p, len)` takes len bytes, a multiple of 32;
 *   `finish(p, rest, total, out)` takes the last rest bytes (any number), writes the digest.
 * - `hash(p, len, out)` does all of it for bytes that lie together.
 *
 * A digest is 8 bytes big-endian. `out` may overlap the input: it is written last.
 */
export const XXH64_ASSEMBLY = `
global v1 v2 v3 v4

func begin () () export
  i64.const ${P1} i64.const ${P2} i64.add global.set v1
  i64.const ${P2} global.set v2
  i64.const 0 global.set v3
  i64.const 0 i64.const ${P1} i64.sub global.set v4
end

func stripes (p:i32 len:i32) (end:i32 a:i64 b:i64 c:i64 d:i64) export
  local.get p local.get len i32.add local.set end
  global.get v1 local.set a
  global.get v2 local.set b
  global.get v3 local.set c
  global.get v4 local.set d
  block
  loop
    local.get p local.get end i32.ge_u br_if 1
    ${stripeLane('a')}
    ${stripeLane('b')}
    ${stripeLane('c')}
    ${stripeLane('d')}
    br 0
  end
  end
  local.get a global.set v1
  local.get b global.set v2
  local.get c global.set v3
  local.get d global.set v4
end

func finish (p:i32 rest:i32 total:i32 out:i32) (h:i64 end:i32) export
  local.get p local.get rest i32.add local.set end
  local.get total i32.const 32 i32.lt_u
  if
    i64.const ${P5} local.set h
  else
    local.get p local.get rest i32.const -32 i32.and call stripes
    local.get p local.get rest i32.const -32 i32.and i32.add local.set p
    ${rotatedLane('v1', 1)} ${rotatedLane('v2', 7)} i64.add
    ${rotatedLane('v3', 12)} i64.add ${rotatedLane('v4', 18)} i64.add local.set h
    ${['v1', 'v2', 'v3', 'v4'].map(merge).join('')}
  end
  local.get h local.get total i64.extend_i32_u i64.add local.set h
  block
  loop                                                  ; 8 bytes at a time
    local.get end local.get p i32.sub i32.const 8 i32.lt_u br_if 1
    local.get p i64.load i64.const ${P2} i64.mul i64.const 31 i64.rotl i64.const ${P1} i64.mul
    local.get h i64.xor i64.const 27 i64.rotl i64.const ${P1} i64.mul i64.const ${P4} i64.add local.set h
    local.get p i32.const 8 i32.add local.set p
    br 0
  end
  end
  local.get end local.get p i32.sub i32.const 4 i32.ge_u
  if                                                    ; then 4
    local.get p i64.load32_u i64.const ${P1} i64.mul
    local.get h i64.xor i64.const 23 i64.rotl i64.const ${P2} i64.mul i64.const ${P3} i64.add local.set h
    local.get p i32.const 4 i32.add local.set p
  end
  block
  loop                                                  ; then one by one
    local.get p local.get end i32.ge_u br_if 1
    local.get p i64.load8_u i64.const ${P5} i64.mul
    local.get h i64.xor i64.const 11 i64.rotl i64.const ${P1} i64.mul local.set h
    local.get p i32.const 1 i32.add local.set p
    br 0
  end
  end
  ${avalanche}
  ${swappedBytes} local.set h
  local.get out local.get h i64.store
end

func hash (p:i32 len:i32 out:i32) () export
  local.get len i32.const 32 i32.ge_u
  if
    call begin
  end
  local.get p local.get len local.get len local.get out call finish
end
`;
