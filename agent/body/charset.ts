/** Character encodings by their IANA names (the WHATWG Encoding labels), turned into UTF-8 as the bytes flow. */

import type { BodyKind } from './content-type.ts';

const utf8Labels = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii', 'unicode-1-1-utf-8', '']);

/** The converted text is handed on in pieces no longer than this. */
const pieceBytes = 16 << 10;

/** Turns one body's bytes into UTF-8. */
export class CharsetConverter {
  readonly #decoder: TextDecoder;
  static readonly #encoder = new TextEncoder();
  /** A character of the source gives three bytes of UTF-8 at most. */
  static readonly #output = new Uint8Array(pieceBytes * 3);

  /** @returns null when the bytes are UTF-8 already, or the label is unknown: then they are taken as UTF-8. */
  static create(label: string | undefined): CharsetConverter | null {
    if (label === undefined || utf8Labels.has(label)) return null;
    try {
      return new CharsetConverter(new TextDecoder(label));
    } catch {
      return null;
    }
  }

  private constructor(decoder: TextDecoder) {
    this.#decoder = decoder;
  }

  /** `emit` gets UTF-8 that is valid only during its call. */
  push(
    bytes: Uint8Array,
    start: number,
    end: number,
    emit: (bytes: Uint8Array, start: number, end: number) => void,
  ): void {
    for (let at = start; at < end; at += pieceBytes) {
      const text = this.#decoder.decode(bytes.subarray(at, Math.min(end, at + pieceBytes)), { stream: true });
      this.#emit(text, emit);
    }
  }

  finish(emit: (bytes: Uint8Array, start: number, end: number) => void): void {
    this.#emit(this.#decoder.decode(), emit);
  }

  #emit(text: string, emit: (bytes: Uint8Array, start: number, end: number) => void): void {
    if (text === '') return;
    const output = CharsetConverter.#output;
    const { written } = CharsetConverter.#encoder.encodeInto(text, output);
    if (written > 0) emit(output, 0, written);
  }
}

/** What a JSON text may begin with. */
const jsonStart = new Set([...'{["-0123456789tfn \t\r\n'].map((character) => character.charCodeAt(0)));

/** UTF-16 by its byte order mark, or by the first character of a JSON text being ASCII (RFC 4627, section 3). */
export function sniffUtf16(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start < 2) return undefined;
  const first = bytes[start]!;
  const second = bytes[start + 1]!;
  if ((first === 0xff && second === 0xfe) || (jsonStart.has(first) && second === 0)) return 'utf-16le';
  if ((first === 0xfe && second === 0xff) || (first === 0 && jsonStart.has(second))) return 'utf-16be';
  return undefined;
}

/** How far a text is searched for what it says of its own encoding (HTML, 13.2.3.2: 1024 bytes). */
const declarationBytes = 1024;

/**
 * What a text whose sender named no charset says itself: a byte order mark, an XML declaration (XML 1.0, F.1) or an HTML
 * `meta` element.
 * @returns a label, known or not, or undefined
 */
export function declaredCharset(bytes: Uint8Array, kind: BodyKind): string | undefined {
  // In bytes of any other kind these are just bytes.
  if (kind === 'bytes' || kind === 'pdf') return undefined;
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (kind !== 'xml' && kind !== 'html') return undefined;
  const text = Buffer.prototype.latin1Slice.call(bytes, 0, Math.min(bytes.length, declarationBytes));
  const xml = /^(?:\xef\xbb\xbf)?<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(text);
  const html = kind === 'html' ? /<meta\b[^>]{0,300}?\bcharset\s*=\s*["']?([\w.:-]{1,40})/i.exec(text) : null;
  return (xml ?? html)?.[1]?.toLowerCase();
}
