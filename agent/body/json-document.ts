/**
 * Small JSON bodies: kept as bytes until they are whole, then parsed at once by the runtime and told as events. While a
 * body is in flight its bytes weigh a tenth of its values, and the runtime's parser is more than twice as quick as ours;
 * over `smallBytesMax`, or with no buffer free, the body is read as it flows instead (json-reader.ts).
 */
import type { JsonHandler, JsonLimits } from './json-reader.ts';
import { JsonReader } from './json-reader.ts';

const smallBytesMax = 32 << 10;
/** Buffers come in these sizes: most bodies fit the first. */
const classBytes = [2 << 10, 8 << 10, smallBytesMax] as const;
/** Idle buffers kept of each size. */
const idleMax = 64;

/** What bodies in flight are kept in, `bytesMax` of it together: buffers of small ones, and what readers hold themselves. */
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
    return known ?? new Uint8Array(bytes);
  }

  give(buffer: Uint8Array): void {
    this.bytesInUse -= buffer.length;
    const idle = this.#idle[classBytes.indexOf(buffer.length as (typeof classBytes)[number])]!;
    if (idle.length === idleMax) return;
    idle.push(buffer);
    this.#idleBytes += buffer.length;
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

/** Without a view of its own for every piece. */
const copyBytes = Buffer.prototype.copy;

/**
 * 1.0 is a double by its spelling, as the original's ladder has it; its value does not tell. A false alarm from within
 * a string costs time only. (1e3 is taken for the integer it is; larger ones are no exact integers: see below.)
 */
const spelledAsDouble = /[:,[]\s*-?\d+\.0+(?!\d)/;

export class JsonDocument {
  readonly #limits: JsonLimits;
  readonly #buffers: BodyBuffers;
  readonly #handler: JsonHandler;
  #buffer: Uint8Array | null;
  #sizeClass = 0;
  #length = 0;
  #reader: JsonReader | null = null;

  constructor(limits: JsonLimits, buffers: BodyBuffers, handler: JsonHandler) {
    this.#limits = limits;
    this.#buffers = buffers;
    this.#handler = handler;
    this.#buffer = buffers.take(0);
    if (this.#buffer === null) this.#stream();
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    while (this.#reader === null && this.#length + end - start > this.#buffer!.length) this.#grow();
    if (this.#reader !== null) {
      this.#reader.push(bytes, start, end);
      return;
    }
    copyBytes.call(bytes, this.#buffer!, this.#length, start, end);
    this.#length += end - start;
  }

  /** @returns whether the body was JSON to its end. */
  finish(): boolean {
    if (this.#reader === null) {
      if (this.#handler.whole?.(this.#buffer!, this.#length)) {
        this.#release();
        return true;
      }
      if (this.#parseWhole()) return true;
      // Several documents, an invalid tail, exact numbers: the reader knows what to do.
      this.#stream();
    }
    const isWhole = this.#reader!.finish();
    this.#reader!.release();
    return isWhole;
  }

  #grow(): void {
    const larger = this.#sizeClass + 1 < classBytes.length ? this.#buffers.take(this.#sizeClass + 1) : null;
    if (larger === null) {
      this.#stream();
      return;
    }
    this.#sizeClass += 1;
    copyBytes.call(this.#buffer!, larger, 0, 0, this.#length);
    this.#buffers.give(this.#buffer!);
    this.#buffer = larger;
  }

  #stream(): void {
    this.#reader = new JsonReader(this.#limits, this.#handler, this.#buffers);
    if (this.#buffer !== null) this.#reader.push(this.#buffer, 0, this.#length);
    this.#release();
  }

  #release(): void {
    if (this.#buffer !== null) this.#buffers.give(this.#buffer);
    this.#buffer = null;
  }

  #parseWhole(): boolean {
    const text = Buffer.prototype.utf8Slice.call(this.#buffer!, 0, this.#length);
    if (text.includes('.0') && spelledAsDouble.test(text)) return false;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return false;
    }
    if (hasInexactInteger(value, 0, this.#limits.depthMax)) return false;
    this.#release();
    this.#tell(value, 0);
    this.#handler.endDocument();
    return true;
  }

  #tell(value: unknown, depth: number): void {
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
      for (let i = 0; i < value.length; i += 1) this.#tell(value[i], depth + 1);
      handler.endArray();
    } else {
      handler.beginObject();
      const object = value as Record<string, unknown>;
      for (const key in object) {
        handler.key(key);
        this.#tell(object[key], depth + 1);
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
