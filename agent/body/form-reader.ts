/** application/x-www-form-urlencoded (WHATWG URL, section 5.1) read as it flows: one partial pair is held. */

export interface FormHandler {
  /** One pair, decoded. `cut`: the value was longer than the limit. */
  pair(name: string, value: string, cut: boolean): void;
}

export interface FormLimits {
  /** Encoded bytes kept of one pair. */
  readonly pairBytesMax: number;
  /** Pairs reported; the rest is counted by the caller through `pairs`. */
  readonly pairsMax: number;
}

const ampersand = 0x26;
const latin1Slice = Buffer.prototype.latin1Slice;

/** Percent-decoding that never throws: what is no valid escape stays as it is; bytes that are no UTF-8 become U+FFFD. */
export function decodeFormText(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return decodePercent(spaced);
}

/** As `decodeFormText`, without `+` for a space: paths and cookies. */
export function decodePercent(text: string): string {
  // Bytes above ASCII arrive as latin1 characters: they are UTF-8 in practice.
  if (!text.includes('%')) return hasHighBytes(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    let byte = text.charCodeAt(at);
    if (byte === 0x25) {
      const value = hexValue(text.charCodeAt(at + 1)) * 16 + hexValue(text.charCodeAt(at + 2));
      if (value >= 0) {
        byte = value;
        at += 2;
      }
    }
    bytes[length++] = byte;
  }
  return bytes.toString('utf8', 0, length);
}

function hasHighBytes(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return true;
  return false;
}

/** −1000 for what is no hexadecimal digit (NaN included), so that a sum with one in it is negative. */
function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1000;
}

export class FormReader {
  readonly #limits: FormLimits;
  readonly #handler: FormHandler;
  readonly #pending: Uint8Array;
  #length = 0;
  #cut = false;
  /** Pairs seen, those beyond the limit included. */
  pairs = 0;

  constructor(limits: FormLimits, handler: FormHandler) {
    this.#limits = limits;
    this.#handler = handler;
    this.#pending = new Uint8Array(limits.pairBytesMax);
  }

  reset(): void {
    this.#length = 0;
    this.#cut = false;
    this.pairs = 0;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      let next = bytes.indexOf(ampersand, at);
      if (next < 0 || next > end) next = end;
      this.#keep(bytes, at, next);
      if (next < end) this.#endPair();
      at = next + 1;
    }
  }

  finish(): void {
    this.#endPair();
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    const length = Math.min(end - start, this.#pending.length - this.#length);
    if (length < end - start) this.#cut = true;
    this.#pending.set(bytes.subarray(start, start + length), this.#length);
    this.#length += length;
  }

  #endPair(): void {
    const length = this.#length;
    const cut = this.#cut;
    this.#length = 0;
    this.#cut = false;
    if (length === 0) return;
    this.pairs += 1;
    if (this.pairs > this.#limits.pairsMax) return;
    const text = latin1Slice.call(this.#pending, 0, length);
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const value = equals < 0 ? '' : text.slice(equals + 1);
    this.#handler.pair(decodeFormText(name), decodeFormText(value), cut);
  }
}
