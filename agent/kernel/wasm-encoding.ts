/** How the parts of a WebAssembly module lie in bytes. Source: WebAssembly core specification 2.0, section 5. */

/** Of the value types. */
export const TYPE_CODES = { i32: 0x7f, i64: 0x7e, f64: 0x7c } as const;

/** Unsigned LEB128 of a 32-bit number. */
export function unsigned(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest >>> 0 < 128) return [...out, rest];
    out.push((rest & 127) | 128);
  }
}

/** Signed LEB128. */
export function signed(value: bigint): number[] {
  const out: number[] = [];
  for (let rest = value; ; ) {
    const byte = Number(rest & 127n);
    rest >>= 7n;
    if ((rest === 0n && byte < 64) || (rest === -1n && byte >= 64)) return [...out, byte];
    out.push(byte | 128);
  }
}

/** Items with their number before them. */
export const vector = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];

/** Bytes with their length before them. */
export const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes];

/** A name, in UTF-8. */
export const nameText = (value: string): number[] => sized([...Buffer.from(value)]);

/** A section of items. */
export const section = (id: number, items: readonly (readonly number[])[]): number[] => [id, ...sized(vector(items))];

/** A whole module of the given sections. */
export const wasmModule = (sections: readonly number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, ...sections]);
