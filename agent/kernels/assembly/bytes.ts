/** A byte of the memory as a number: `load<u8>` alone would be computed with modulo 256. */
export function byteAt(at: i32): i32 {
  return <i32>load<u8>(at);
}

export function isDigit(byte: i32): bool {
  return <u32>(byte - 0x30) < 10;
}
