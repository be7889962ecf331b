/** Strings by their bytes in a map that forgets none. */
export class StringCache {
  readonly bytesMax: number;
  readonly #known = new Map<string, string>();

  constructor(_size: number, bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get(bytes: Uint8Array, start: number, end: number): string {
    const text = Buffer.prototype.latin1Slice.call(bytes, start, end);
    return this.#known.get(text) ?? this.#keepName(text);
  }

  #keepName(text: string): string {
    this.#known.set(text, text);
    return text;
  }
}
