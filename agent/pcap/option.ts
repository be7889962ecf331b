/** Options of pcapng blocks (draft-ietf-opsawg-pcapng, section 3.5). */
import { OptionCode, readU16 } from './block.ts';

/** The shortest value each option we read may have; a shorter one is passed over as if it were absent. */
const valueBytesMin = new Map<number, number>([
  [OptionCode.interfaceName, 0],
  [OptionCode.interfaceTimestampResolution, 1],
  [OptionCode.interfaceTimestampOffset, 8],
  [OptionCode.statisticsDropped, 8],
]);

/**
 * Where the value of the first option `code` in `bytes[start, end)` begins (its length is the 16 bits before), or −1.
 * Options that reach past `end` do not exist.
 */
export function optionOffset(
  bytes: Uint8Array,
  start: number,
  end: number,
  code: number,
  littleEndian: boolean,
): number {
  for (let at = start; at + 4 <= end; ) {
    const found = readU16(bytes, at, littleEndian);
    const length = readU16(bytes, at + 2, littleEndian);
    if (found === OptionCode.endOfOptions || at + 4 + length > end) return -1;
    if (found === code && length >= (valueBytesMin.get(code) ?? 0)) return at + 4;
    at += 4 + ((length + 3) & ~3);
  }
  return -1;
}
