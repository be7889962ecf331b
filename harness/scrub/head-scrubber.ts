/** Heads of HTTP/1 and of multipart's parts in place: words that anyone's traffic has stay, all others are replaced. */
import { STATUS_CODES } from 'node:http';
import { latin1 } from '../../agent/http/message.ts';
import { isKnownMethod, isKnownName, keepsWords, staysIn, staysWhole } from './known-words.ts';
import { TextMode, type TextScrubber } from './text-scrubber.ts';

const LF = 10;
const CR = 13;
const SP = 32;
const HT = 9;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;

const reasons = new Set(Object.values(STATUS_CODES).map((reason) => reason!.toLowerCase()));

export class HeadScrubber {
  readonly #text: TextScrubber;

  constructor(text: TextScrubber) {
    this.#text = text;
  }

  /** Replaces what a head says; `bytes[start, end)` is the start line and the fields. */
  scrub(bytes: Uint8Array, start: number, end: number): void {
    const line = lineEnd(bytes, start, end);
    this.#startLine(bytes, start, textEnd(bytes, start, line));
    this.fields(bytes, line, end);
  }

  /** Fields alone: trailers, and the heads of parts. */
  fields(bytes: Uint8Array, start: number, end: number): void {
    let [name, isWords] = ['', false];
    for (let at = start; at < end; ) {
      const next = lineEnd(bytes, at, end);
      const to = textEnd(bytes, at, next);
      const isFolded = bytes[at] === SP || bytes[at] === HT;
      let value = at;
      if (!isFolded) {
        let colon = at;
        while (colon < to && bytes[colon] !== COLON) colon += 1;
        name = latin1(bytes, at, colon).trim().toLowerCase();
        isWords = keepsWords(name);
        if (!isKnownName(name)) this.#text.scrub(bytes, at, colon, TextMode.plain);
        value = Math.min(to, colon + 1);
      }
      if (isWords) this.#structural(bytes, value, to, name);
      else if (!staysWhole(name, latin1(bytes, value, to))) this.#text.scrub(bytes, value, to, TextMode.percent);
      at = next;
    }
  }

  #startLine(bytes: Uint8Array, start: number, end: number): void {
    const first = wordEnd(bytes, start, end);
    if (isVersion(bytes, start, first)) {
      // Behind the status.
      const reason = Math.min(end, wordEnd(bytes, first + 1, end) + 1);
      if (!reasons.has(latin1(bytes, reason, end).trim().toLowerCase())) {
        this.#text.scrub(bytes, reason, end, TextMode.plain);
      }
      return;
    }
    if (!isKnownMethod(latin1(bytes, start, first))) this.#text.scrub(bytes, start, first, TextMode.plain);
    let last = end;
    while (last > first && bytes[last - 1] !== SP) last -= 1;
    const isVersioned = /^HTTP\//.test(latin1(bytes, last, Math.min(end, last + 5)));
    const targetEnd = isVersioned ? last : end;
    // Half a version makes a request all the same; what is no version says something.
    if (isVersioned && !/^[\d.]{0,3}$/.test(latin1(bytes, last + 5, Math.min(end, last + 12)))) {
      this.#text.scrub(bytes, last + 5, end, TextMode.plain);
    }
    this.#text.scrub(
      bytes,
      behindScheme(bytes, Math.min(first + 1, targetEnd), targetEnd),
      targetEnd,
      TextMode.percent,
    );
  }

  /** Codings, media types, lengths: known words stay; what a name or a boundary is, does not. */
  #structural(bytes: Uint8Array, start: number, end: number, name: string): void {
    let isFree = false;
    for (let at = start; at < end; ) {
      let to = at;
      while (to < end && isAlphanumeric(bytes[to]!)) to += 1;
      if (to === at) {
        if (bytes[at] === SEMICOLON) isFree = false;
        else if (bytes[at] === EQUALS && name === 'content-disposition') isFree = true;
        at += 1;
        continue;
      }
      const word = latin1(bytes, at, to).toLowerCase();
      if (isFree || !staysIn(name, word)) this.#text.scrub(bytes, at, to, TextMode.plain);
      // A boundary is a text of its own, as it is in the body.
      if (word === 'boundary' && bytes[to] === EQUALS) isFree = true;
      at = to;
    }
  }
}

function isAlphanumeric(byte: number): boolean {
  const letter = byte | 0x20;
  return (byte >= 48 && byte <= 57) || (letter >= 97 && letter <= 122) || byte >= 0x80;
}

/** Behind the line's LF, or the end. */
export function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  const lf = bytes.subarray(start, end).indexOf(LF);
  return lf < 0 ? end : start + lf + 1;
}

/** Of a line without its end. */
function textEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === LF || bytes[at - 1] === CR)) at -= 1;
  return at;
}

function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== SP) at += 1;
  return at;
}

/** `HTTP/1.1` */
function isVersion(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 8 && /^HTTP\/\d\.\d$/.test(latin1(bytes, start, end));
}

function behindScheme(bytes: Uint8Array, start: number, end: number): number {
  const scheme = /^(https?|wss?):\/\//i.exec(latin1(bytes, start, Math.min(end, start + 8)));
  return start + (scheme?.[0].length ?? 0);
}
