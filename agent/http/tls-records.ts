/**
 * Finds TLS in bytes that were met in the middle (RFC 8446, 5.1): the header of a record of application data, and another
 * header just where its length says. Looks at each byte once, over any cut of the bytes.
 */
import { RECORD_BYTES_MAX } from './tls-hello.ts';

const APPLICATION_DATA = 23;
const TLS12 = 0x303;

/** Five bytes of a record header: type, version, length. */
function isRecordHeader(type: number, version: number, length: number): boolean {
  return type >= 20 && type <= 24 && version >= 0x300 && version <= 0x304 && length > 0 && length <= RECORD_BYTES_MAX;
}

export class TlsRecords {
  /** The last four bytes. */
  #last = 0;
  /** Bytes seen. */
  #seen = 0;
  /** Where the header of the next record ends, if what was found is one; 0 where nothing was. */
  #nextEnd = 0;

  reset(): void {
    this.#last = 0;
    this.#seen = 0;
    this.#nextEnd = 0;
  }

  /** Whether a record was found whose end is still to come. */
  get isHopeful(): boolean {
    return this.#nextEnd > 0;
  }

  /** Takes the next bytes. @returns whether these are TLS */
  push(bytes: Uint8Array, start: number, end: number): boolean {
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!;
      const last = this.#last;
      this.#last = (last << 8) | byte;
      this.#seen++;
      if (this.#nextEnd > this.#seen) continue;
      const type = last >>> 24;
      const version = (last >>> 8) & 0xffff;
      const length = ((last & 0xff) << 8) | byte;
      const isHeader = this.#seen > 4 && isRecordHeader(type, version, length);
      if (this.#nextEnd === this.#seen) {
        if (isHeader) return true;
        this.#nextEnd = 0;
      } else if (isHeader && type === APPLICATION_DATA && version === TLS12) this.#nextEnd = this.#seen + length + 5;
    }
    return false;
  }
}
