/**
 * JSON (RFC 8259) read as it flows: bytes in, events out, nothing held but one partial token.
 *
 * Hot path: one pass over the bytes, plain loops. It is lenient where an observer has to be: control characters in
 * strings, several documents one after the other (with or without separators), a byte order mark, the `)]}'` prefix
 * against hijacking. What follows the first error is left; what came before it stands.
 */
import { strict as assert } from 'node:assert';
import { StringCache } from '../bounded/string-cache.ts';

/** Who pays for what a reader puts together (`BodyBuffers`). */
export interface ScratchBudget {
  hold(bytes: number): boolean;
  letGo(bytes: number): void;
}

/** Takes the events of one body. Strings and numbers are values, containers come as begin and end. */
export interface JsonHandler {
  beginObject(): void;
  /** A member's name; its value follows. */
  key(name: string): void;
  endObject(): void;
  beginArray(): void;
  endArray(): void;
  /** `cut`: the string was longer than the limit; this is its beginning. */
  string(value: string, cut: boolean): void;
  /** An integer that a double holds exactly. */
  integer(value: number): void;
  /** A larger integer, within 64 bits (signed or unsigned). */
  bigInteger(value: bigint): void;
  double(value: number): void;
  boolean(value: boolean): void;
  null(): void;
  /** A container or value nested deeper than `depthMax` was passed over in its place. */
  skipped(): void;
  /** A top-level value is complete. */
  endDocument(): void;
  /** The longest text that `whole` takes. @default 0 */
  readonly wholeBytesMax?: number;
  /**
   * Offers a text whole, before it is read: `length` bytes in pages that are full but for the last.
   * @returns whether that was all: no event follows
   */
  whole?(pages: readonly Uint8Array[], length: number): boolean;
  /**
   * Offers the next `length` bytes of a longer text.
   * @returns false for the first ones: the text is read as events; for others: the rest is not taken
   */
  part?(pages: readonly Uint8Array[], length: number): boolean;
  /** After `part`: the last bytes, which may be none. @returns whether the text was JSON to its end */
  endParts?(pages: readonly Uint8Array[], length: number): boolean;
}

export interface JsonLimits {
  /** Containers inside one another. Deeper ones are passed over. */
  readonly depthMax: number;
  /** UTF-8 bytes kept of one string. */
  readonly stringBytesMax: number;
}

/** A body's member names repeat. Shared by all readers. */
const names = new StringCache(1024, 32);
/** A number longer than this in text is no number anyone sent in earnest: it is read as far as this. */
const numberBytesMax = 1024;
/** Digits that a double always holds exactly. */
const safeDigitsMax = 15;

const State = {
  start: 0,
  value: 1,
  firstKey: 2,
  key: 3,
  colon: 4,
  afterValue: 5,
  string: 6,
  escape: 7,
  unicode: 8,
  number: 9,
  literal: 10,
  firstElement: 11,
  skip: 12,
  skipString: 13,
  skipEscape: 14,
  failed: 15,
} as const;
type State = (typeof State)[keyof typeof State];

const objectContainer = 1;
const arrayContainer = 2;
const literals = ['true', 'false', 'null'] as const;

// What may follow a number; anything else in it is checked at its end.
const inNumber = new Uint8Array(256);
for (const character of '0123456789+-.eE') inNumber[character.charCodeAt(0)] = 1;

const latin1Slice = Buffer.prototype.latin1Slice;
const utf8Slice = Buffer.prototype.utf8Slice;
const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

const nothing = new Uint8Array(0);

/** Reusable: `reset` before each body. */
/** A scratch of this size is a part of the reader itself: strings of common length are whole with every budget spent. */
const freeScratchBytes = 256;

/**
 * An integer that is no safe one: exact where 64 bits hold it, signed or unsigned; otherwise a double, as the original's ladder has it.
 */
export function beyondSafe(text: string): bigint | number {
  const value = Number(text);
  // A thousand digits are not worth their exact value.
  if (value < -9.3e18 || value > 1.9e19) return value;
  const exact = BigInt(text);
  return exact >= -(1n << 63n) && exact < 1n << 64n ? exact : value;
}

export class JsonReader {
  #handler: JsonHandler;
  readonly #limits: JsonLimits;
  readonly #stack: Uint8Array;
  #depth = 0;
  #state: State = State.start;
  #isKey = false;
  /** The current string or number, when it does not lie whole in one chunk or has escapes. */
  #scratch: Uint8Array = nothing;
  readonly #budget: ScratchBudget | null;
  #heldBytes = 0;
  #scratchLength = 0;
  #cut = false;
  #unicode = 0;
  #unicodeDigits = 0;
  #highSurrogate = 0;
  #literal = '';
  #literalAt = 0;
  #skipDepth = 0;
  #prefixAt = 0;
  /** Top-level values completed. */
  documents = 0;

  /** @param budget pays for strings cut over pieces, which are cut short when it is spent; see `release`. @default none */
  constructor(limits: JsonLimits, handler: JsonHandler, budget: ScratchBudget | null = null) {
    assert(limits.depthMax >= 1 && limits.stringBytesMax >= 16);
    this.#limits = limits;
    this.#handler = handler;
    this.#budget = budget;
    this.#stack = new Uint8Array(limits.depthMax);
  }

  reset(handler: JsonHandler): void {
    this.#handler = handler;
    this.#depth = 0;
    this.#state = State.start;
    this.#scratchLength = 0;
    this.#prefixAt = 0;
    this.documents = 0;
  }

  /** Gives what strings were put together in back to the budget. */
  release(): void {
    this.#budget?.letGo(this.#heldBytes);
    this.#heldBytes = 0;
    this.#scratch = nothing;
    this.#scratchLength = 0;
  }

  /** True once the text stopped being JSON: the rest is ignored. */
  get failed(): boolean {
    return this.#state === State.failed;
  }

  /** Containers that were begun and not ended. */
  get depth(): number {
    return this.#depth;
  }

  /** The text is over. @returns whether it was JSON to its end, with at least one value. */
  finish(): boolean {
    if (this.#state === State.number) this.#endNumber(this.#scratch, 0, this.#scratchLength);
    return this.#state === State.start && this.documents > 0;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const byte = bytes[at]!;
      switch (this.#state) {
        case State.start:
          at = this.#startDocument(at, byte);
          break;
        case State.firstElement:
          if (byte === 0x5d /* ] */) this.#endContainer(arrayContainer);
          else if (byte > 0x20) {
            this.#state = State.value;
            break;
          }
          at += 1;
          break;
        case State.value:
          at = this.#beginValue(bytes, at, end, byte);
          break;
        case State.firstKey:
          if (byte === 0x7d /* } */) this.#endContainer(objectContainer);
          else if (byte > 0x20) {
            this.#state = State.key;
            break;
          }
          at += 1;
          break;
        case State.key:
          at += 1;
          if (byte === 0x22 /* " */) {
            this.#isKey = true;
            at = this.#beginString(bytes, at, end);
          } else if (byte > 0x20) this.#state = State.failed;
          break;
        case State.colon:
          at += 1;
          if (byte === 0x3a /* : */) this.#state = State.value;
          else if (byte > 0x20) this.#state = State.failed;
          break;
        case State.afterValue:
          at += 1;
          if (byte === 0x2c /* , */) {
            this.#state = this.#stack[this.#depth - 1] === objectContainer ? State.key : State.value;
          } else if (byte === 0x7d) this.#endContainer(objectContainer);
          else if (byte === 0x5d) this.#endContainer(arrayContainer);
          else if (byte > 0x20) this.#state = State.failed;
          break;
        case State.string:
          at = this.#continueString(bytes, at, end);
          break;
        case State.escape:
          at += 1;
          this.#escape(byte);
          break;
        case State.unicode:
          at += 1;
          this.#unicodeDigit(byte);
          break;
        case State.number:
          at = this.#continueNumber(bytes, at, end);
          break;
        case State.literal:
          at = this.#continueLiteral(at, byte);
          break;
        case State.skip:
        case State.skipString:
        case State.skipEscape:
          at = this.#skip(bytes, at, end);
          break;
        default:
          return;
      }
    }
  }

  #startDocument(at: number, byte: number): number {
    // White space, record separators (RFC 7464), the byte order mark and the prefix against hijacking.
    if (byte <= 0x20) return at + 1;
    if (this.documents === 0 && this.#depth === 0) {
      const prefix = this.#prefixAt;
      if (byte === 0xef || byte === 0xbb || byte === 0xbf) return at + 1;
      if (byte === ")]}',".charCodeAt(prefix)) {
        this.#prefixAt += 1;
        return at + 1;
      }
    }
    // A comma between documents is no JSON, but some send it.
    if (byte === 0x2c && this.documents > 0) return at + 1;
    this.#state = State.value;
    return at;
  }

  #beginValue(bytes: Uint8Array, at: number, end: number, byte: number): number {
    if (byte === 0x22) {
      this.#isKey = false;
      return this.#beginString(bytes, at + 1, end);
    }
    if (byte === 0x7b /* { */ || byte === 0x5b /* [ */) {
      if (this.#depth === this.#limits.depthMax) {
        this.#skipDepth = 1;
        this.#state = State.skip;
      } else if (byte === 0x7b) {
        this.#stack[this.#depth++] = objectContainer;
        this.#state = State.firstKey;
        this.#handler.beginObject();
      } else {
        this.#stack[this.#depth++] = arrayContainer;
        this.#state = State.firstElement;
        this.#handler.beginArray();
      }
      return at + 1;
    }
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return this.#beginNumber(bytes, at, end);
    if (byte <= 0x20) return at + 1;
    const literal = byte === 0x74 ? literals[0] : byte === 0x66 ? literals[1] : byte === 0x6e ? literals[2] : '';
    if (literal === '') {
      this.#state = State.failed;
      return at;
    }
    this.#literal = literal;
    this.#literalAt = 1;
    this.#state = State.literal;
    return at + 1;
  }

  #continueLiteral(at: number, byte: number): number {
    if (byte !== this.#literal.charCodeAt(this.#literalAt)) {
      this.#state = State.failed;
      return at;
    }
    this.#literalAt += 1;
    if (this.#literalAt === this.#literal.length) {
      if (this.#literal === 'null') this.#handler.null();
      else this.#handler.boolean(this.#literal === 'true');
      this.#endValue();
    }
    return at + 1;
  }

  #endValue(): void {
    if (this.#depth > 0) {
      this.#state = State.afterValue;
      return;
    }
    this.#state = State.start;
    this.documents += 1;
    this.#handler.endDocument();
  }

  #endContainer(kind: number): void {
    if (this.#depth === 0 || this.#stack[this.#depth - 1] !== kind) {
      this.#state = State.failed;
      return;
    }
    this.#depth -= 1;
    if (kind === objectContainer) this.#handler.endObject();
    else this.#handler.endArray();
    this.#endValue();
  }

  // ---- strings

  #beginString(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let seen = 0;
    // The common case: the whole string lies here, without escapes.
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === 0x22) {
        this.#endString(bytes, start, at, seen < 0x80);
        return at + 1;
      }
      if (byte === 0x5c /* \ */) break;
      seen |= byte;
      at += 1;
    }
    this.#scratchLength = 0;
    this.#cut = false;
    this.#highSurrogate = 0;
    this.#state = State.string;
    this.#keep(bytes, start, at);
    return at;
  }

  #continueString(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === 0x22 || byte === 0x5c) {
        this.#keep(bytes, start, at);
        if (byte === 0x5c) this.#state = State.escape;
        else {
          this.#flushSurrogate();
          this.#endScratchString();
        }
        return at + 1;
      }
      at += 1;
    }
    this.#keep(bytes, start, end);
    return end;
  }

  #escape(byte: number): void {
    this.#state = State.string;
    if (byte === 0x75 /* u */) {
      this.#unicode = 0;
      this.#unicodeDigits = 0;
      this.#state = State.unicode;
      return;
    }
    this.#flushSurrogate();
    // b, f, n, r, t; anything else stands for itself (strictly only ", \ and / may).
    const plain =
      byte === 0x62 ? 8 : byte === 0x66 ? 12 : byte === 0x6e ? 10 : byte === 0x72 ? 13 : byte === 0x74 ? 9 : byte;
    this.#keepByte(plain);
  }

  #unicodeDigit(byte: number): void {
    const lower = byte | 0x20;
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
    if (digit < 0) {
      this.#state = State.failed;
      return;
    }
    this.#unicode = (this.#unicode << 4) | digit;
    this.#unicodeDigits += 1;
    if (this.#unicodeDigits < 4) return;
    this.#state = State.string;
    const unit = this.#unicode;
    if (this.#highSurrogate !== 0 && unit >= 0xdc00 && unit <= 0xdfff) {
      const point = 0x10000 + ((this.#highSurrogate - 0xd800) << 10) + (unit - 0xdc00);
      this.#highSurrogate = 0;
      this.#keepPoint(point);
      return;
    }
    this.#flushSurrogate();
    if (unit >= 0xd800 && unit <= 0xdbff) this.#highSurrogate = unit;
    else this.#keepPoint(unit >= 0xdc00 && unit <= 0xdfff ? 0xfffd : unit);
  }

  /** A high surrogate without its other half becomes U+FFFD. */
  #flushSurrogate(): void {
    if (this.#highSurrogate === 0) return;
    this.#highSurrogate = 0;
    this.#keepPoint(0xfffd);
  }

  #keepPoint(point: number): void {
    if (point < 0x80) this.#keepByte(point);
    else if (point < 0x800) {
      this.#keepByte(0xc0 | (point >> 6));
      this.#keepByte(0x80 | (point & 63));
    } else if (point < 0x10000) {
      this.#keepByte(0xe0 | (point >> 12));
      this.#keepByte(0x80 | ((point >> 6) & 63));
      this.#keepByte(0x80 | (point & 63));
    } else {
      this.#keepByte(0xf0 | (point >> 18));
      this.#keepByte(0x80 | ((point >> 12) & 63));
      this.#keepByte(0x80 | ((point >> 6) & 63));
      this.#keepByte(0x80 | (point & 63));
    }
  }

  #keepByte(byte: number): void {
    if (!this.#room(1)) return;
    this.#scratch[this.#scratchLength++] = byte;
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.#highSurrogate !== 0) this.#flushSurrogate();
    let length = end - start;
    if (!this.#room(length)) {
      this.#cut = true;
      length = this.#limits.stringBytesMax - this.#scratchLength;
      // Too long, or the budget is spent: as much of it as there is room for.
      if (length <= 0 || !this.#room(length)) length = Math.min(length, this.#scratch.length - this.#scratchLength);
      if (length <= 0) return;
    }
    this.#scratch.set(bytes.subarray(start, start + length), this.#scratchLength);
    this.#scratchLength += length;
  }

  /** Makes room in the scratch, which doubles up to the limit. @returns false when the limit is reached. */
  #room(length: number): boolean {
    const wanted = this.#scratchLength + length;
    if (wanted > this.#limits.stringBytesMax) {
      this.#cut = true;
      return false;
    }
    if (wanted <= this.#scratch.length) return true;
    const size = Math.min(this.#limits.stringBytesMax, Math.max(wanted, this.#scratch.length * 2, 64));
    if (size > freeScratchBytes && !this.#hold(size - this.#scratch.length)) {
      this.#cut = true;
      return false;
    }
    const grown = new Uint8Array(size);
    grown.set(this.#scratch.subarray(0, this.#scratchLength));
    this.#scratch = grown;
    return true;
  }

  #hold(bytes: number): boolean {
    if (this.#budget !== null && !this.#budget.hold(bytes)) return false;
    this.#heldBytes += bytes;
    return true;
  }

  #endScratchString(): void {
    let length = this.#scratchLength;
    // A cut string ends at a character, not within one.
    if (this.#cut) while (length > 0 && (this.#scratch[length - 1]! & 0xc0) === 0x80) length -= 1;
    if (this.#cut && length > 0 && this.#scratch[length - 1]! >= 0xc0) length -= 1;
    const value = utf8Slice.call(this.#scratch, 0, length);
    const cut = this.#cut;
    this.#cut = false;
    this.#emitString(value, cut);
  }

  #endString(bytes: Uint8Array, start: number, end: number, ascii: boolean): void {
    const length = end - start;
    if (length > this.#limits.stringBytesMax) {
      this.#scratchLength = 0;
      this.#highSurrogate = 0;
      this.#keep(bytes, start, end);
      this.#endScratchString();
      return;
    }
    if (this.#isKey && ascii) {
      this.#state = State.colon;
      this.#handler.key(names.get(bytes, start, end));
      return;
    }
    this.#emitString(ascii ? latin1Slice.call(bytes, start, end) : utf8Slice.call(bytes, start, end), false);
  }

  #emitString(value: string, cut: boolean): void {
    if (this.#isKey) {
      this.#state = State.colon;
      this.#handler.key(value);
      return;
    }
    this.#handler.string(value, cut);
    this.#endValue();
  }

  // ---- numbers

  #beginNumber(bytes: Uint8Array, start: number, end: number): number {
    let at = start + 1;
    while (at < end && inNumber[bytes[at]!] === 1) at += 1;
    if (at < end) {
      this.#endNumber(bytes, start, at);
      return at;
    }
    this.#scratchLength = 0;
    this.#state = State.number;
    this.#keepNumber(bytes, start, end);
    return end;
  }

  #continueNumber(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && inNumber[bytes[at]!] === 1) at += 1;
    this.#keepNumber(bytes, start, at);
    if (at < end) this.#endNumber(this.#scratch, 0, this.#scratchLength);
    return at;
  }

  #keepNumber(bytes: Uint8Array, start: number, end: number): void {
    const length = Math.min(end - start, numberBytesMax - this.#scratchLength);
    if (this.#scratch.length < numberBytesMax) {
      const grown = new Uint8Array(numberBytesMax);
      grown.set(this.#scratch.subarray(0, this.#scratchLength));
      this.#scratch = grown;
    }
    for (let i = 0; i < length; i += 1) this.#scratch[this.#scratchLength + i] = bytes[start + i]!;
    this.#scratchLength += length;
  }

  #endNumber(bytes: Uint8Array, start: number, end: number): void {
    const negative = bytes[start] === 0x2d;
    const first = negative ? start + 1 : start;
    const digits = end - first;
    if (digits > 0 && digits <= safeDigitsMax && (digits === 1 || bytes[first] !== 0x30)) {
      let value = 0;
      let at = first;
      for (; at < end; at += 1) {
        const digit = bytes[at]! - 0x30;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
      }
      if (at === end) {
        // No negative zero among integers.
        this.#handler.integer(negative && value !== 0 ? -value : value);
        this.#endValue();
        return;
      }
    }
    const text = latin1Slice.call(bytes, start, end);
    if (!numberPattern.test(text)) {
      this.#state = State.failed;
      return;
    }
    if (/[.eE]/.test(text)) this.#handler.double(Number(text));
    else {
      const value = Number(text);
      if (Number.isSafeInteger(value)) this.#handler.integer(value === 0 ? 0 : value);
      else {
        const beyond = beyondSafe(text);
        if (typeof beyond === 'bigint') this.#handler.bigInteger(beyond);
        else this.#handler.double(beyond);
      }
    }
    this.#endValue();
  }

  // ---- what is nested too deep: only brackets and strings are followed

  #skip(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at]!;
      if (this.#state === State.skipEscape) this.#state = State.skipString;
      else if (this.#state === State.skipString) {
        if (byte === 0x22) this.#state = State.skip;
        else if (byte === 0x5c) this.#state = State.skipEscape;
      } else if (byte === 0x22) this.#state = State.skipString;
      else if (byte === 0x7b || byte === 0x5b) this.#skipDepth += 1;
      else if (byte === 0x7d || byte === 0x5d) {
        this.#skipDepth -= 1;
        if (this.#skipDepth === 0) {
          this.#handler.skipped();
          this.#endValue();
          return at + 1;
        }
      }
    }
    return end;
  }
}
