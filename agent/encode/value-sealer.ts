/** Finishes values as soon as they are whole: JSON bodies from their bytes, texts that come again and again once. */

import { digestWord } from '../digest/digest-memory.ts';
import { fieldKey, SealField } from '../digest/schema-fields.ts';
import { digestData, digestDataMeta } from '../digest/witness-digest.generated.ts';
import { CLASS_OF, Has } from '../witness/character-classes.ts';
import { inferText } from '../witness/infer.ts';
import { type Data, type DataMeta, sealedData, stringData } from '../witness/ir.ts';
import type { Obfuscator } from '../witness/obfuscation.ts';
import { SEALED_PAGE_BYTES, Sealed, SLAB_BYTES, TextSlab } from '../witness/sealed.ts';
import type { JsonParts, Sealer } from '../witness/sealer.ts';
import { REDACTED } from '../witness/secret-scanner.ts';
import { beginWriting, putTag, putUnsigned, writtenBytes } from './backward-writer.ts';
import type { PartedText, SealLimits } from './json-parts.ts';
import { formatOf, JsonSealer, mayHoldSecret, sealKernel as seal } from './json-sealer.ts';
import { PackedHeads } from './packed-heads.ts';
import {
  DIGESTS_AT,
  MEMORY_BYTES,
  NUMBER_DIGITS_MAX,
  PLAIN_AT,
  ROOT_BYTES,
  ROOT_DIGEST_AT,
  ROOT_LIST_AT,
  ROOT_STRUCT_AT,
  ROOT_TEXT_AT,
  SECRET_BYTES_MIN,
  SHORT_MAX,
} from './seal-layout.ts';
import { bytes, isSecretFormat, putDigest, suffixAt, suffixLength, textTemplate, view } from './seal-memory.ts';
import { SealShelf } from './seal-shelf.ts';
import { placeOf, type SealedMeta } from './text-places.ts';
import { encodeData, encodeDataMeta } from './witness-encoder.generated.ts';

/** Digests lie at 0 and what is hashed behind them. */
const SCRATCH = 24;
bytes[ROOT_TEXT_AT] = 0x64;
view.setBigUint64(ROOT_TEXT_AT + 1, fieldKey(SealField.dataPrimitive));
view.setBigUint64(ROOT_TEXT_AT + 17, fieldKey(SealField.dataMeta));

for (const [at, field] of [
  [ROOT_STRUCT_AT, SealField.dataStruct],
  [ROOT_LIST_AT, SealField.dataList],
] as const) {
  bytes[at] = 0x64;
  view.setBigUint64(at + 1, fieldKey(SealField.dataMeta));
  view.setBigUint64(at + 17, fieldKey(field));
}

/** Field 5, length-delimited. */
const META_TAG = 0x2a;
/** Metas whose binary form is kept; a full table is emptied. */
const METAS_MAX = 256;
/** Texts kept of one header field or parameter, of all together, and how long they may be: 700 KB at the very most. */
const TEXTS_MAX = 64;
const ALL_TEXTS_MAX = 1024;
const TEXT_CHARACTERS_MAX = 128;
/** Fields and parameters whose texts are kept. */
const PLACES_MAX = 256;
/** A place whose texts are new each time (request ids) is left alone for so many of them. */
const PASSES = 2048;

/** A shorter text weighs little as a tree. */
const PARTED_BYTES_MIN = 4 << 10;

/** Objects of values kept for the next bodies: 170 bytes each. */
const IDLE_MAX = 128;
const nothing = new Uint8Array(0);

interface KeptText {
  /** Null: seen once. What comes a second time is sealed. */
  data: Data | null;
  /** Values that obfuscation changed in it: counted each time it is used. */
  changed: number;
}

/** The texts of one place. */
class Texts {
  readonly kept = new Map<string, KeptText>();
  /** The place's name or nature makes every text a secret. */
  readonly isSecret: boolean;
  /** Neither the place nor its name makes a text secret: what is in the text decides. */
  readonly isOpen: boolean;
  /** What all its texts are replaced by, where they are secrets. */
  redacted: Data | null = null;
  hits = 0;
  passes = 0;

  constructor(meta: DataMeta) {
    const { isSecret, isOpen } = placeOf(meta);
    this.isSecret = isSecret;
    this.isOpen = isOpen;
  }
}

export class ValueSealer implements Sealer {
  readonly #obfuscator: Obfuscator;
  readonly #json: JsonSealer | null;
  readonly #shelf: SealShelf;
  readonly #metas = new Map<DataMeta, SealedMeta>();
  readonly #places = new Map<DataMeta, Texts>();
  #kept = 0;
  /** Values of bodies that are over. */
  readonly #idle: Data[] = [];
  readonly heads: PackedHeads | null;

  /**
   * @param obfuscator in its modes `zero` and `hash` JSON bodies are declined: all their values change
   * @param limits as the readers of bodies cut, and the longest body that is sealed
   * @param idleBytesMax memory kept for the next values
   */
  constructor(obfuscator: Obfuscator, limits: SealLimits, idleBytesMax: number) {
    this.#obfuscator = obfuscator;
    const { mode } = obfuscator;
    this.#json = mode === 'redact' || mode === 'off' ? new JsonSealer(mode === 'redact', limits) : null;
    this.#shelf = new SealShelf(idleBytesMax);
    this.heads = this.#json === null ? null : new PackedHeads(obfuscator, this, this.#shelf);
  }

  get jsonBytesMax(): number {
    return this.#json === null ? 0 : this.#json.bytesMax;
  }

  json(source: readonly Uint8Array[], length: number, meta: DataMeta | null): Data | null {
    if (this.#json === null || meta === null) return null;
    const field = this.#json.read(source, length);
    const sealedMeta = this.sealedMeta(meta);
    const at = field === 0 ? 0 : this.#json.encode(sealedMeta.field);
    if (at === 0) return length < PARTED_BYTES_MIN ? null : this.#inParts(source, length, meta);
    hashRoot(sealedMeta, field === SealField.dataList);
    this.#obfuscator.changed += this.#json.redacted;
    const size = MEMORY_BYTES - at;
    if (size > SEALED_PAGE_BYTES) {
      const pages = this.#pages(at);
      return this.#sealedData(pages[0]!, 0, size, pages);
    }
    const value = this.#shelf.take(size);
    bytes.copy(value, 0, at, MEMORY_BYTES);
    return this.#sealedData(value, 0, size, null);
  }

  /** A text that may have been declined because it has more values, or longer ones, than are sealed at once, or a name twice. */
  #inParts(source: readonly Uint8Array[], length: number, meta: DataMeta): Data | null {
    const parts = this.openParts(meta)!;
    if (parts.push(source, length) && parts.isWhole) return parts.finish();
    parts.release();
    return null;
  }

  openParts(meta: DataMeta | null): JsonParts | null {
    if (this.#json === null || meta === null) return null;
    return new PartedValue(this.#json.openParts(this.#shelf), (text) => this.#partedData(text, this.sealedMeta(meta)));
  }

  /** The value of a text that was read in parts. */
  #partedData(text: PartedText, meta: SealedMeta): Data {
    const { rope, digest, isList, redacted } = text;
    digest.copy(bytes, DIGESTS_AT);
    hashRoot(meta, isList);
    this.#obfuscator.changed += redacted;
    rope.append(meta.field, 0, meta.field.length);
    const data = this.#sealedData(rope.pieces[0]!, 0, rope.length, rope.pieces);
    (data.value as Sealed).sizes = rope.sizes;
    return data;
  }

  /** The value whose digest lies at `ROOT_DIGEST_AT`. */
  #sealedData(first: Uint8Array, start: number, size: number, pages: readonly Uint8Array[] | null): Data {
    const high = view.getInt32(ROOT_DIGEST_AT);
    const low = view.getInt32(ROOT_DIGEST_AT + 4);
    const data = this.#idle.pop();
    if (data === undefined) return sealedData(new Sealed(high, low, first, start, size, pages));
    (data.value as Sealed).set(high, low, first, start, size, pages);
    return data;
  }

  /** A copy of the memory from `from` to its end. */
  #pages(from: number): Uint8Array[] {
    const pages: Uint8Array[] = [];
    for (let at = from; at < MEMORY_BYTES; at += SEALED_PAGE_BYTES) {
      const page = this.#shelf.take(SEALED_PAGE_BYTES);
      bytes.copy(page, 0, at, Math.min(MEMORY_BYTES, at + SEALED_PAGE_BYTES));
      pages.push(page);
    }
    return pages;
  }

  release(data: Data, isOver: boolean): void {
    const { bytes: only, pages } = data.value as Sealed;
    if (pages === null) this.#shelf.give(only);
    else for (let i = 0; i < pages.length; i += 1) this.#shelf.give(pages[i]!);
    if (isOver) this.reuse(data);
  }

  reuse(data: Data): void {
    if (this.#idle.length >= IDLE_MAX) return;
    (data.value as Sealed).set(0, 0, nothing, 0, 0, null);
    this.#idle.push(data);
  }

  openSlab(): TextSlab {
    return new TextSlab(this.#shelf.take(SLAB_BYTES));
  }

  closeSlab(slab: TextSlab): void {
    this.#shelf.give(slab.bytes);
  }

  text(value: string, meta: DataMeta, slab: TextSlab | null): Data | null {
    if (value.length > TEXT_CHARACTERS_MAX) return null;
    let texts = this.#places.get(meta);
    if (texts === undefined) {
      if (this.#places.size >= PLACES_MAX) this.#forget();
      this.#places.set(meta, (texts = new Texts(meta)));
    }
    if (texts.isSecret && value.length >= SECRET_BYTES_MIN && this.#obfuscator.mode === 'redact') {
      this.#obfuscator.changed += 1;
      return (texts.redacted ??= this.#sealData(stringData(REDACTED, meta)));
    }
    if (texts.passes > 0) {
      texts.passes -= 1;
      return texts.isOpen ? this.#newText(value, meta, slab) : null;
    }
    const known = texts.kept.get(value);
    if (known === undefined) {
      if (texts.kept.size >= TEXTS_MAX) {
        if (texts.hits < TEXTS_MAX) texts.passes = PASSES;
        texts.hits = 0;
        this.#kept -= texts.kept.size;
        texts.kept.clear();
      } else if (this.#kept >= ALL_TEXTS_MAX) this.#forget();
      texts.kept.set(value, { data: null, changed: 0 });
      this.#kept += 1;
      return texts.isOpen ? this.#newText(value, meta, slab) : null;
    }
    texts.hits += 1;
    if (known.data === null) {
      const before = this.#obfuscator.changed;
      const data = inferText(value, meta);
      this.#obfuscator.value(data);
      known.data = this.#sealData(data);
      known.changed = this.#obfuscator.changed - before;
    } else this.#obfuscator.changed += known.changed;
    return known.data;
  }

  /** A text that is seen for the first time, straight from its characters; null for what takes a closer look. */
  #newText(value: string, meta: DataMeta, slab: TextSlab | null): Data | null {
    const { length } = value;
    if (this.#json === null || length === 0) return null;
    const start = PLAIN_AT + 1;
    let classes = 0;
    for (let i = 0; i < length; i += 1) {
      const code = value.charCodeAt(i);
      if (code > 127) return null;
      classes |= CLASS_OF[code]!;
      bytes[start + i] = code;
    }
    if (classes === Has.DIGIT && length <= NUMBER_DIGITS_MAX) return this.#newNumber(start, length, meta, slab);
    if (mayBeNoString(value)) return null;
    const end = start + length;
    const format = formatOf(start, end, classes);
    if (this.#obfuscator.mode === 'redact') {
      if (isSecretFormat(format) || mayHoldSecret(start, end, classes) !== 0) return null;
    }
    const sealedMeta = this.sealedMeta(meta);
    const { field: metaField } = sealedMeta;
    if (length + suffixLength(format) > SHORT_MAX || metaField.length > SHORT_MAX) return null;
    bytes[PLAIN_AT] = 0x75;
    if (format === 0) seal.bareText(PLAIN_AT, length + 1, ROOT_TEXT_AT + 9);
    else seal.bareFormatted(PLAIN_AT, length + 1, textTemplate(format), ROOT_TEXT_AT + 9);
    const size = length + 6 + suffixLength(format) + metaField.length;
    const target = room(slab, size);
    const at = target === slab?.bytes ? slab.used : 0;
    putText(target, at, start, length, format, metaField);
    return this.#newData(sealedMeta, slab, target, at, size);
  }

  /** Digits alone: an integer, as `inferText` takes it, if it is written as integers are and has no format. */
  #newNumber(start: number, length: number, meta: DataMeta, slab: TextSlab | null): Data | null {
    if (bytes[start] === 0x30 || formatOf(start, start + length, Has.DIGIT) !== 0) return null;
    const sealedMeta = this.sealedMeta(meta);
    const { field: metaField } = sealedMeta;
    if (metaField.length > SHORT_MAX) return null;
    bytes[PLAIN_AT] = 0x69;
    seal.bareInteger(PLAIN_AT, length + 1, ROOT_TEXT_AT + 9);
    let value = 0;
    for (let i = start; i < start + length; i += 1) value = value * 10 + bytes[i]! - 0x30;
    let varint = 1;
    for (let rest = value; rest > 127; rest >>>= 7) varint += 1;
    const size = varint + 5 + metaField.length;
    const target = room(slab, size);
    const at = target === slab?.bytes ? slab.used : 0;
    putNumber(target, at, value, varint, metaField);
    return this.#newData(sealedMeta, slab, target, at, size);
  }

  /** The value whose Primitive's digest lies in the root's message, and which is written at a place. */
  #newData(meta: SealedMeta, slab: TextSlab | null, target: Uint8Array, at: number, size: number): Data {
    putDigest(ROOT_TEXT_AT + 25, meta.digestHigh, meta.digestLow);
    seal.hash(ROOT_TEXT_AT, ROOT_BYTES, ROOT_DIGEST_AT);
    if (target === slab?.bytes) slab.used = at + size;
    return this.#sealedData(target, at, size, null);
  }

  #forget(): void {
    for (const { kept } of this.#places.values()) kept.clear();
    this.#places.clear();
    this.#kept = 0;
  }

  /** A value that is obfuscated already. */
  #sealData(data: Data): Data {
    digestData(data, 0, SCRATCH);
    const high = digestWord(0);
    const low = digestWord(4);
    beginWriting();
    encodeData(data);
    const encoded = Uint8Array.from(writtenBytes());
    return sealedData(new Sealed(high, low, encoded, 0, encoded.length));
  }

  sealedMeta(meta: DataMeta): SealedMeta {
    let sealed = this.#metas.get(meta);
    if (sealed === undefined) {
      if (this.#metas.size >= METAS_MAX) this.#metas.clear();
      beginWriting();
      encodeDataMeta(meta);
      const { length } = writtenBytes();
      putUnsigned(length);
      putTag(META_TAG);
      digestDataMeta(meta, 0, SCRATCH);
      sealed = { field: Uint8Array.from(writtenBytes()), digestHigh: digestWord(0), digestLow: digestWord(4) };
      this.#metas.set(meta, sealed);
    }
    return sealed;
  }
}

/** The digest of a root whose own, without its Data, lies at `DIGESTS_AT`: to `ROOT_DIGEST_AT`. */
function hashRoot(meta: SealedMeta, isList: boolean): void {
  const root = isList ? ROOT_LIST_AT : ROOT_STRUCT_AT;
  putDigest(root + 9, meta.digestHigh, meta.digestLow);
  bytes.copyWithin(root + 25, DIGESTS_AT, DIGESTS_AT + 8);
  seal.hash(root, ROOT_BYTES, ROOT_DIGEST_AT);
}

/** A JSON text on its way to a value. */
class PartedValue implements JsonParts {
  readonly #text: PartedText;
  readonly #finished: (text: PartedText) => Data;

  constructor(text: PartedText, finished: (text: PartedText) => Data) {
    this.#text = text;
    this.#finished = finished;
  }

  get bytes(): number {
    return this.#text.bytes;
  }

  get unreadBytes(): number {
    return this.#text.unreadBytes;
  }

  get isWhole(): boolean {
    return this.#text.isWhole;
  }

  push(pages: readonly Uint8Array[], length: number): boolean {
    return this.#text.push(pages, length);
  }

  finish(): Data | null {
    return this.#text.end() ? this.#finished(this.#text) : null;
  }

  release(): void {
    this.#text.rope.release();
  }
}

/** What the ladder of types might take for a number or a truth value. */
function mayBeNoString(value: string): boolean {
  const first = value.charCodeAt(0);
  // Digits, signs and the point; then t, T, f and F.
  if ((first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e)
    return !isPlainWord(value);
  const lower = first | 0x20;
  return value.length <= 5 && (lower === 0x74 || lower === 0x66);
}

/** With a letter that no number has. */
function isPlainWord(value: string): boolean {
  for (let i = 1; i < value.length; i += 1) {
    const lower = value.charCodeAt(i) | 0x20;
    if (lower >= 0x61 && lower <= 0x7a && lower !== 0x65) return true;
  }
  return false;
}

/** The slab, or where it is full a buffer of the value's own. */
function room(slab: TextSlab | null, size: number): Uint8Array {
  return slab !== null && slab.used + size <= slab.bytes.length ? slab.bytes : new Uint8Array(size);
}

/** A string's Data in binary, every part of it shorter than 128 bytes: their lengths are one byte each. */
function putText(
  target: Uint8Array,
  at: number,
  start: number,
  length: number,
  format: number,
  meta: Uint8Array,
): void {
  const suffix = suffixAt(format);
  const suffixBytes = suffixLength(format);
  target[at] = 0x0a;
  target[at + 1] = length + 4 + suffixBytes;
  target[at + 2] = 0x22;
  target[at + 3] = length + 2;
  target[at + 4] = 0x12;
  target[at + 5] = length;
  let to = at + 6;
  for (let i = 0; i < length; i += 1, to += 1) target[to] = bytes[start + i]!;
  for (let i = 0; i < suffixBytes; i += 1, to += 1) target[to] = bytes[suffix + i]!;
  for (let i = 0; i < meta.length; i += 1, to += 1) target[to] = meta[i]!;
}

/** An integer's. */
function putNumber(target: Uint8Array, at: number, value: number, varint: number, meta: Uint8Array): void {
  target[at] = 0x0a;
  target[at + 1] = varint + 3;
  target[at + 2] = 0x32;
  target[at + 3] = varint + 1;
  target[at + 4] = 0x10;
  let to = at + 5;
  let rest = value;
  for (let i = 1; i < varint; i += 1, to += 1, rest >>>= 7) target[to] = (rest & 127) | 128;
  target[to] = rest;
  to += 1;
  for (let i = 0; i < meta.length; i += 1, to += 1) target[to] = meta[i]!;
}
