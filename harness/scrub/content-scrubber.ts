/** Decoded content in place, as what it is: JSON, a form, parts, text, or bytes of no kind. */
import { latin1 } from '../../agent/http/message.ts';
import { type HeadScrubber, lineEnd } from './head-scrubber.ts';
import { TextMode, type TextScrubber } from './text-scrubber.ts';
import type { WordMap } from './word-map.ts';

export type ContentKind = 'json' | 'form' | 'parts' | 'text' | 'bytes';

/** Bytes of no kind are replaced by what so many of them are. */
export const blockBytes = 4_096;
/** Looked at for what a content is. */
export const lookBytes = 1_024;
/** Parts of parts of parts: an attack. */
const partsDeepMax = 3;

/** @param contentType as the head has it; its parameters are looked at for the boundary alone */
export function kindOf(contentType: string, bytes: Uint8Array, start: number, end: number): ContentKind {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (type.startsWith('multipart/') && boundaryOf(contentType) !== '') return 'parts';
  if (isBinary(bytes, start, Math.min(end, start + lookBytes))) return 'bytes';
  if (type === 'application/x-www-form-urlencoded') return 'form';
  if (/[/+]json$/.test(type)) return 'json';
  let at = start;
  while (at < end && bytes[at]! <= 32) at += 1;
  return bytes[at] === 0x7b || bytes[at] === 0x5b ? 'json' : 'text';
}

function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]{1,200})"|([^;\s]{1,200}))/i.exec(contentType);
  return match?.[1] ?? match?.[2] ?? '';
}

/** Control characters that no text has. */
function isBinary(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i]!;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12 && byte !== 27) return true;
  }
  return false;
}

export class ContentScrubber {
  readonly #words: WordMap;
  readonly #text: TextScrubber;
  readonly #heads: HeadScrubber;

  constructor(words: WordMap, text: TextScrubber, heads: HeadScrubber) {
    this.#words = words;
    this.#text = text;
    this.#heads = heads;
  }

  /** Replaces all of a content. */
  whole(bytes: Uint8Array, start: number, end: number, contentType: string, depth = 0): void {
    const kind = kindOf(contentType, bytes, start, end);
    if (kind === 'parts' && depth < partsDeepMax) this.#parts(bytes, start, end, boundaryOf(contentType), depth);
    else {
      this.#text.isInString = false;
      this.piece(bytes, start, end, kind);
    }
  }

  /** Replaces a piece of a content that comes in several. Of bytes of no kind it begins at a multiple of `blockBytes`. */
  piece(bytes: Uint8Array, start: number, end: number, kind: ContentKind): void {
    if (kind === 'bytes' || kind === 'parts') {
      for (let at = start; at < end; at += blockBytes) this.#words.fill(bytes, at, Math.min(end, at + blockBytes));
      return;
    }
    const mode = kind === 'json' ? TextMode.json : kind === 'form' ? TextMode.percent : TextMode.plain;
    this.#text.scrub(bytes, start, end, mode);
  }

  get isInString(): boolean {
    return this.#text.isInString;
  }

  set isInString(value: boolean) {
    this.#text.isInString = value;
  }

  /** RFC 2046, section 5.1: what lies before the first boundary and behind the last one is text. */
  #parts(bytes: Uint8Array, start: number, end: number, boundary: string, depth: number): void {
    const delimiter = Buffer.from(`--${boundary}`, 'latin1');
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = start;
    let isFirst = true;
    while (at < end) {
      const found = view.subarray(0, end).indexOf(delimiter, at);
      const to = found < 0 ? end : found;
      if (isFirst) this.whole(bytes, at, to, 'text/plain', depth + 1);
      else this.#part(bytes, at, to, depth);
      if (found < 0) return;
      isFirst = false;
      const behind = found + delimiter.length;
      this.#text.scrub(bytes, found + 2, behind, TextMode.plain);
      at = lineEnd(bytes, behind, end);
      this.#text.scrub(bytes, behind, at, TextMode.plain);
    }
  }

  #part(bytes: Uint8Array, start: number, end: number, depth: number): void {
    let at = start;
    let contentType = 'text/plain';
    while (at < end) {
      const next = lineEnd(bytes, at, end);
      const line = latin1(bytes, at, next);
      if (line.trim() === '') break;
      const type = /^content-type:([^\r\n]*)/i.exec(line)?.[1];
      if (type !== undefined) contentType = type.trim();
      at = next;
    }
    this.#heads.fields(bytes, start, at);
    const content = at < end ? lineEnd(bytes, at, end) : end;
    this.whole(bytes, content, end, contentType, depth + 1);
  }
}
