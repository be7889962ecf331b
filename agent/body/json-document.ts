/**
 * JSON bodies: kept as bytes until they are whole, then sealed at once (`JsonHandler.whole`), or parsed by the runtime and
 * reported as events. While a body is in flight its bytes weigh a tenth of its values, and both ways are more than twice as
 * quick as our reader. Longer bodies than the handler takes whole, and those that find no buffer free, are read as they flow
 * instead (json-reader.ts).
 */
import { BODY_PAGE_BYTES } from './body-limits.ts';
import type { JsonHandler, JsonLimits } from './json-reader.ts';
import { JsonReader } from './json-reader.ts';

/** Longer bodies are not parsed whole: their values would lie in memory twice, a tenth of a megabyte at once. */
const PARSED_BYTES_MAX = 32 << 10;
/** Buffers come in these sizes: most bodies fit the first. */
const classBytes = [2 << 10, 8 << 10, BODY_PAGE_BYTES] as const;
const PAGE_CLASS = classBytes.length - 1;

/** The buffers of bodies in flight, `bytesMax` of them together, with the bytes that readers hold themselves. */
export class BodyBuffers {
  readonly bytesMax: number;
  /** Taken and held; idle buffers come beside it, as far as there is room. */
  bytesInUse = 0;
  bytesPeak = 0;
  readonly #idle: Uint8Array[][] = classBytes.map(() => []);
  #idleBytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** @returns null when the budget is spent. */
  take(sizeClass: number): Uint8Array | null {
    const bytes = classBytes[sizeClass]!;
    const known = this.#idle[sizeClass]!.pop();
    if (known !== undefined) this.#idleBytes -= bytes;
    if (!this.hold(bytes)) return null;
    return known ?? Buffer.allocUnsafeSlow(bytes);
  }

  give(buffer: Uint8Array): void {
    this.bytesInUse -= buffer.length;
    this.#idleBytes += buffer.length;
    this.#idle[classBytes.indexOf(buffer.length as (typeof classBytes)[number])]!.push(buffer);
  }

  /** Counts bytes that a body holds elsewhere. @returns false when the budget is spent; else they go with `letGo`. */
  hold(bytes: number): boolean {
    if (this.bytesInUse + bytes > this.bytesMax) return false;
    this.bytesInUse += bytes;
    if (this.bytesInUse > this.bytesPeak) this.bytesPeak = this.bytesInUse;
    // Idle buffers make room, the largest first.
    for (let sizeClass = classBytes.length - 1; this.bytesInUse + this.#idleBytes > this.bytesMax; ) {
      if (this.#idle[sizeClass]!.pop() === undefined) sizeClass -= 1;
      else this.#idleBytes -= classBytes[sizeClass]!;
    }
    return true;
  }

  letGo(bytes: number): void {
    this.bytesInUse -= bytes;
  }
}

/** Of a longer body so much at a time is sealed, in some 2 ms. */
const PART_BYTES = 256 << 10;

/** What stands in a place for a page that is free. */
const noPage = new Uint8Array(0);

/** Without a view of its own for every piece. */
const { copy: copyBytes, utf8Slice } = Buffer.prototype;

/** Where a body of several pages lies in one piece while it is parsed. */
const parsed = Buffer.allocUnsafeSlow(PARSED_BYTES_MAX);

/**
 * 1.0, 1e3 and 40999999999991.999999 are doubles by their spelling, as the original's ladder has it; their values do not say so. A
 * false alarm from within a string costs time only.
 */
const spelledAsDouble = /(?:^|[:,[])\s*-?(?:\d+(?:\.0+(?!\d)|(?:\.\d+)?[eE][-+]?\d)|(?=[\d.]{17})\d+\.)/;

export class JsonDocument {
  readonly #limits: JsonLimits;
  readonly #buffers: BodyBuffers;
  readonly #handler: JsonHandler;
  #bytesMax = 0;
  /** The first `#count`, all full but the last. One alone may be smaller than a page. */
  #pages: Uint8Array[] = [];
  #count = 0;
  #sizeClass = 0;
  #length = 0;
  /** Of the last page. */
  #used = 0;
  #reader: JsonReader | null = null;
  /** Longer than the handler takes whole: it has the first parts. */
  #isParted = false;
  /** The handler takes no more. */
  #isOver = false;

  constructor(limits: JsonLimits, buffers: BodyBuffers, handler: JsonHandler) {
    this.#limits = limits;
    this.#buffers = buffers;
    this.#handler = handler;
    this.restart();
  }

  /** Begins another body, after `finish`: for its handler alone. */
  restart(): void {
    this.#bytesMax = Math.max(this.#wholeBytesMax, PARSED_BYTES_MAX);
    this.#sizeClass = 0;
    this.#length = 0;
    this.#used = 0;
    this.#isParted = false;
    this.#isOver = false;
    const first = this.#buffers.take(0);
    if (first === null) this.#stream();
    else this.#add(first);
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    while (start < end) {
      if (this.#isOver) return;
      if (this.#reader !== null) {
        this.#reader.push(bytes, start, end);
        return;
      }
      const page = this.#pages[this.#count - 1]!;
      const size = Math.min(page.length - this.#used, end - start);
      copyBytes.call(bytes, page, this.#used, start, start + size);
      start += size;
      this.#used += size;
      this.#length += size;
      if (start < end) this.#grow();
    }
  }

  /** @returns whether the body was JSON to its end. */
  finish(isCut = false): boolean {
    if (isCut) this.#partCut();
    if (this.#isParted) {
      const isWhole = this.#handler.endParts!(this.#pages, this.#length) && !this.#isOver;
      this.#release();
      return isWhole;
    }
    if (this.#reader === null) {
      if (this.#length <= this.#wholeBytesMax && this.#handler.whole?.(this.#pages, this.#length)) {
        this.#release();
        return true;
      }
      if (this.#length <= PARSED_BYTES_MAX && this.#parseWhole()) return true;
      // Several documents, an invalid tail, exact numbers: the reader knows what to do.
      this.#stream();
    }
    const isWhole = this.#reader!.finish();
    this.#reader!.release();
    this.#reader = null;
    return isWhole;
  }

  /** 0: the handler takes events alone. */
  get #wholeBytesMax(): number {
    return this.#handler.wholeBytesMax ?? 0;
  }

  #grow(): void {
    const isPage = this.#sizeClass === PAGE_CLASS;
    const isWithin = !isPage || (this.#length < this.#bytesMax && !this.#isPartThere());
    let next = isWithin ? this.#buffers.take(isPage ? PAGE_CLASS : this.#sizeClass + 1) : null;
    if (next === null && this.#readPart()) next = this.#buffers.take(PAGE_CLASS);
    if (next === null) {
      if (this.#isParted) this.#giveUp();
      else this.#stream();
      return;
    }
    if (isPage) {
      this.#add(next);
      this.#used = 0;
      return;
    }
    this.#sizeClass += 1;
    const first = this.#pages[0]!;
    copyBytes.call(first, next, 0, 0, this.#used);
    this.#buffers.give(first);
    this.#pages[0] = next;
  }

  /** A longer body whose end is missing cannot be sealed whole: as a tree what there is of it would weigh tens of megabytes. */
  #partCut(): void {
    if (this.#isParted || this.#reader !== null || this.#length <= PARSED_BYTES_MAX) return;
    if (this.#wholeBytesMax === 0 || !this.#handler.part?.(this.#pages, this.#length)) return;
    this.#isParted = true;
    this.#release();
    this.#length = 0;
  }

  #isPartThere(): boolean {
    return this.#isParted && this.#length >= Math.min(PART_BYTES, this.#bytesMax);
  }

  /** The first pages to the handler. @returns whether it took them */
  #readPart(): boolean {
    const wholeBytesMax = this.#wholeBytesMax;
    if (wholeBytesMax === 0 || this.#sizeClass !== PAGE_CLASS) return false;
    const count = Math.min(
      this.#count,
      PART_BYTES / BODY_PAGE_BYTES,
      Math.max(1, (wholeBytesMax / BODY_PAGE_BYTES) >> 1),
    );
    if (!this.#handler.part?.(this.#pages, count * BODY_PAGE_BYTES)) return false;
    this.#isParted = true;
    for (let i = 0; i < count; i += 1) this.#giveBack(i);
    this.#pages.copyWithin(0, count, this.#count);
    this.#count -= count;
    this.#pages.fill(noPage, this.#count);
    this.#length -= count * BODY_PAGE_BYTES;
    return true;
  }

  /** What comes is not read. */
  #giveUp(): void {
    this.#isOver = true;
    this.#release();
    this.#length = 0;
  }

  /** What is there goes to the reader, and so does what comes. */
  #stream(): void {
    this.#reader = new JsonReader(this.#limits, this.#handler, this.#buffers);
    const count = this.#count;
    for (let i = 0; i < count; i += 1) {
      const page = this.#pages[i]!;
      this.#reader.push(page, 0, i === count - 1 ? this.#used : page.length);
      this.#giveBack(i);
    }
    this.#count = 0;
  }

  #add(page: Uint8Array): void {
    this.#pages[this.#count] = page;
    this.#count += 1;
  }

  #release(): void {
    for (let i = 0; i < this.#count; i += 1) this.#giveBack(i);
    this.#count = 0;
  }

  #giveBack(index: number): void {
    this.#buffers.give(this.#pages[index]!);
    this.#pages[index] = noPage;
  }

  #text(): string {
    const first = this.#pages[0]!;
    if (this.#count === 1) return utf8Slice.call(first, 0, this.#length);
    let at = 0;
    for (let i = 0; i < this.#count; i += 1) {
      const page = this.#pages[i]!;
      at += copyBytes.call(page, parsed, at, 0, Math.min(page.length, this.#length - at));
    }
    return utf8Slice.call(parsed, 0, this.#length);
  }

  #parseWhole(): boolean {
    const text = this.#text();
    if (spelledAsDouble.test(text)) return false;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return false;
    }
    if (hasInexactInteger(value, 0, this.#limits.depthMax)) return false;
    this.#release();
    this.#emit(value, 0);
    this.#handler.endDocument();
    return true;
  }

  #emit(value: unknown, depth: number): void {
    const handler = this.#handler;
    if (typeof value === 'string') {
      handler.string(value, false);
    } else if (typeof value === 'number') {
      if (Number.isInteger(value)) handler.integer(value === 0 ? 0 : value);
      else handler.double(value);
    } else if (value === null) handler.null();
    else if (typeof value === 'boolean') handler.boolean(value);
    else if (depth === this.#limits.depthMax) handler.skipped();
    else if (Array.isArray(value)) {
      handler.beginArray();
      for (let i = 0; i < value.length; i += 1) this.#emit(value[i], depth + 1);
      handler.endArray();
    } else {
      handler.beginObject();
      const object = value as Record<string, unknown>;
      for (const key in object) {
        handler.key(key);
        this.#emit(object[key], depth + 1);
      }
      handler.endObject();
    }
  }
}

/** An integer beyond what a double holds: only the text knows it. */
function hasInexactInteger(value: unknown, depth: number, depthMax: number): boolean {
  if (typeof value === 'number') return value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null || depth === depthMax) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) if (hasInexactInteger(value[i], depth + 1, depthMax)) return true;
    return false;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) if (hasInexactInteger(object[key], depth + 1, depthMax)) return true;
  return false;
}
