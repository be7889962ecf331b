/**
 * The values of a head in one call of the kernel (`agent/kernels/assembly/seal/heads.ts`), whose questions are answered here: what a
 * name's values are, and texts that take a closer look.
 */
import { digestData } from '../digest/witness-digest.generated.ts';
import type { HeadPlace } from '../http/message-handler.ts';
import { inferText } from '../witness/infer.ts';
import { type Data, type DataMeta, stringData } from '../witness/ir.ts';
import type { Obfuscator } from '../witness/obfuscation.ts';
import { PackedFields, SEALED_PAGE_BYTES, type Sealed, SLAB_BYTES, TextSlab } from '../witness/sealed.ts';
import type { HeadSealer, MetaOfField } from '../witness/sealer.ts';
import { REDACTED } from '../witness/secret-scanner.ts';
import { beginWriting, writtenBytes } from './backward-writer.ts';
import { headQuestions, sealKernel } from './json-sealer.ts';
import {
  ASKED_AT,
  ASKED_CHANGED_AT,
  ASKED_VALUE_AT,
  DIGESTS_AT,
  HEAD_TEXT_BYTES,
  HEAD_TEXTS,
  HEAD_TEXTS_AT,
  PLACE_BYTES,
  PLACE_META_BYTES_MAX,
  PLACES,
  PLACES_AT,
  Place,
  PlaceIs,
  TAPE_AT,
  TEXT_AT,
  VALUE_AT,
} from './seal-layout.ts';
import { asciiAt, bytes, copyDigest, putDigest, view, words } from './seal-memory.ts';
import type { SealShelf } from './seal-shelf.ts';
import { placeOf, type SealedMeta } from './text-places.ts';
import { encodeData } from './witness-encoder.generated.ts';

/** Digests lie at 0 and what is hashed behind them. */
const SCRATCH = 24;
const copyBytes = Buffer.prototype.copy;
/** Objects kept for the next heads: 60 bytes each. */
const IDLE_MAX = 256;
const nothing = new Uint8Array(0);

/** What else of the sealer is needed. */
export interface TextSealer {
  text(value: string, meta: DataMeta, slab: TextSlab | null): Data | null;
  sealedMeta(meta: DataMeta): SealedMeta;
  /** Takes a value back that nobody has. */
  reuse(data: Data): void;
}

/** Whose names and texts the kernel holds: there is one memory. */
let owner: PackedHeads | null = null;

export class PackedHeads implements HeadSealer {
  readonly #obfuscator: Obfuscator;
  readonly #texts: TextSealer;
  readonly #shelf: SealShelf;
  /** By place. */
  readonly #metas = new Array<DataMeta | null>(PLACES).fill(null);
  #metaOf: MetaOfField = () => null;
  /** Objects of heads that are over. */
  readonly #idle: PackedFields[] = [];
  #count = 0;
  #status = 0;
  /** For texts until they are copied. */
  readonly #slab = new TextSlab(new Uint8Array(SLAB_BYTES));

  constructor(obfuscator: Obfuscator, texts: TextSealer, shelf: SealShelf) {
    this.#obfuscator = obfuscator;
    this.#texts = texts;
    this.#shelf = shelf;
  }

  open({ bytes: head, start, length, offsets, count }: HeadPlace, status: number, metaOf: MetaOfField): void {
    if (owner !== this) this.#own();
    this.#metaOf = metaOf;
    this.#count = count;
    this.#status = status;
    copyBytes.call(head, bytes, TEXT_AT, start, start + length);
    for (let i = 0, at = TAPE_AT >> 2; i < count * 4; i += 1, at += 1) words[at] = offsets[i]!;
    sealKernel.beginHead(status === 0 ? 1 : 0, this.#obfuscator.mode === 'redact' ? 1 : 0);
  }

  fields(from: number): number {
    const to = sealKernel.addFields(from, this.#count, this.#status);
    return to < 0 ? this.#count : to;
  }

  get characters(): number {
    return sealKernel.headCharacters();
  }

  text(value: string, meta: DataMeta): void {
    this.#slab.used = 0;
    const known = this.#texts.text(value, meta, this.#slab);
    if (known === null) {
      const data = inferText(value, meta);
      this.#obfuscator.value(data);
      sealKernel.addValue(answer(data), 0);
      return;
    }
    const { bytes: sealed, start, length, digestHigh, digestLow } = known.value as Sealed;
    copyBytes.call(sealed, bytes, ASKED_VALUE_AT, start, start + length);
    putDigest(ASKED_AT, digestHigh, digestLow);
    if (sealed === this.#slab.bytes) this.#texts.reuse(known);
    sealKernel.addValue(length, 0);
  }

  close(): PackedFields | null {
    this.#obfuscator.changed += sealKernel.headChanged();
    const start = sealKernel.headPairsEnd() - DIGESTS_AT;
    if (start === 0) return null;
    const end = start + sealKernel.headEntriesEnd() - VALUE_AT;
    const packed = end > SEALED_PAGE_BYTES ? Buffer.allocUnsafeSlow(end) : this.#shelf.take(end);
    bytes.copy(packed, 0, DIGESTS_AT, DIGESTS_AT + start);
    bytes.copy(packed, start, VALUE_AT, VALUE_AT + end - start);
    const fields = this.#idle.pop();
    if (fields === undefined) return new PackedFields(packed, start >> 4, start, end);
    fields.bytes = packed;
    fields.count = start >> 4;
    fields.start = start;
    fields.end = end;
    return fields;
  }

  release(fields: PackedFields, isOver: boolean): void {
    if (fields.end <= SEALED_PAGE_BYTES) this.#shelf.give(fields.bytes);
    if (!isOver || this.#idle.length >= IDLE_MAX) return;
    fields.bytes = nothing;
    this.#idle.push(fields);
  }

  /** The kernel's tables are another's: they are emptied. */
  #own(): void {
    owner = this;
    this.#metas.fill(null);
    bytes.fill(0, PLACES_AT, HEAD_TEXTS_AT + HEAD_TEXTS * HEAD_TEXT_BYTES);
    headQuestions.learnPlace = (place, start, end, status) => this.#learn(place, asciiAt(start, end), status);
    headQuestions.sealValue = (place, start, end) => this.#seal(asciiAt(start, end), this.#metas[indexOf(place)]!);
  }

  #learn(place: number, name: string, status: number): number {
    const meta = this.#metaOf(name, status);
    this.#metas[indexOf(place)] = meta;
    if (meta === null) {
      view.setInt32(place + Place.FLAGS, PlaceIs.SPECIAL, true);
      return 0;
    }
    const { isSecret, isOpen } = placeOf(meta);
    const { field, digestHigh, digestLow } = this.#texts.sealedMeta(meta);
    const fits = field.length <= PLACE_META_BYTES_MAX;
    if (fits) bytes.set(field, place + Place.META);
    view.setInt32(place + Place.META_LENGTH, fits ? field.length : 0, true);
    putDigest(place + Place.META_DIGEST, digestHigh, digestLow);
    const isHidden = isSecret && this.#obfuscator.mode === 'redact';
    view.setInt32(place + Place.FLAGS, (isHidden ? PlaceIs.SECRET : 0) | (isOpen && fits ? PlaceIs.OPEN : 0), true);
    return isHidden ? answer(stringData(REDACTED, meta)) : 0;
  }

  /** Values that are changed are counted by the kernel, each time that it uses this one. */
  #seal(text: string, meta: DataMeta): number {
    const before = this.#obfuscator.changed;
    const data = inferText(text, meta);
    this.#obfuscator.value(data);
    view.setInt32(ASKED_CHANGED_AT, this.#obfuscator.changed - before, true);
    this.#obfuscator.changed = before;
    return answer(data);
  }
}

const indexOf = (place: number): number => (place - PLACES_AT) / PLACE_BYTES;

/** A value that is obfuscated to where the kernel looks for it. @returns its length */
function answer(data: Data): number {
  digestData(data, 0, SCRATCH);
  copyDigest(ASKED_AT);
  beginWriting();
  encodeData(data);
  const written = writtenBytes();
  bytes.set(written, ASKED_VALUE_AT);
  return written.length;
}
