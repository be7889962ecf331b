/** What an HTTP/2 server sends first (RFC 9113, 3.4): a SETTINGS frame, six bytes a setting, no flag, on stream 0. */

const headerBytes = 9;
const settingBytes = 6;
/** Servers send a handful; a length of more than one byte is none of theirs. */
const template = [0, 0, -1, 4, 0, 0, 0, 0, 0] as const;

/** How much of `bytes[start, end)` begins like it: `whole` with the whole frame header, `beginning` with less, or `no`. */
export function matchSettings(bytes: Uint8Array, start: number, end: number): 'whole' | 'beginning' | 'no' {
  const length = Math.min(end - start, headerBytes);
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i]!;
    if (i === 2 ? byte % settingBytes !== 0 : byte !== template[i]) return 'no';
  }
  return length === headerBytes ? 'whole' : 'beginning';
}
