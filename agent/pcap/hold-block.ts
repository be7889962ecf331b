/**
 * A pcapng block that says "no more for now" to a reader that takes a pipe block by block of a fixed size: it fills the
 * last of them up. Its type is one of those kept for local use, so any other reader passes over it. Pure.
 */
import { readU32 } from './block.ts';

/** Of what is read at a time by who reads in step with its writer: what a pipe holds by default. */
export const stepBytes = 65_536;

const holdType = 0x8000_f10d;
/** Before the trailing length, where it is found without knowing where the block begins: "hold", thrice. */
const mark = 0x646c_6f68;
const marks = 3;
const trailerBytes = 4;
const lengthMin = 8 + marks * 4 + trailerBytes;

/** The block that is written behind `bytesWritten` bytes of a capture (whole blocks so far: a multiple of four). */
export function holdBlock(bytesWritten: number): Uint8Array {
  const room = stepBytes - (bytesWritten % stepBytes);
  const length = room >= lengthMin ? room : room + stepBytes;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, holdType, true);
  view.setUint32(4, length, true);
  for (let at = length - trailerBytes - marks * 4; at < length - trailerBytes; at += 4) view.setUint32(at, mark, true);
  view.setUint32(length - trailerBytes, length, true);
  return bytes;
}

/**
 * Whether what was read ends with such a block. A frame could end as one does: it would cost its reader one needless wait.
 */
export function endsWithHold(bytes: Uint8Array, end: number): boolean {
  if (end < lengthMin) return false;
  for (let i = 1; i <= marks; i += 1) if (readU32(bytes, end - trailerBytes - i * 4, true) !== mark) return false;
  return true;
}
