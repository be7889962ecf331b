/**
 * Whole words of a byte array, read at once. The view is kept for the array it was made for: frames of one source lie in
 * one array, so that it is made once. Hot path.
 */
export class ByteView {
  #bytes: Uint8Array | null = null;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** @returns a view whose offsets are those of `bytes`; it stays with this object. */
  of(bytes: Uint8Array): DataView {
    if (bytes !== this.#bytes) {
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      this.#bytes = bytes;
    }
    return this.#view;
  }
}
