/**
 * Where JSON bodies are sealed: one fixed WebAssembly memory with the text, the digests in the making and the encoded
 * value in it, and what is the same for all of them (templates of formats, finished values such as `true`).
 *
 * Layout, each region with room for the worst body of `SEALED_TEXT_BYTES_MAX`:
 * templates · the double at work · the text · strings without their escapes · digests of open containers · the value,
 * written from the end.
 */
import {
  bytes as digestBytes,
  view as digestView,
  digestWord,
  hash as hashAt,
  hashBool,
  hashText,
  TYPE_MAP,
} from '../digest/digest-memory.ts';
import { fieldKey, SEAL_ASSEMBLY, SealField } from '../digest/seal-assembly.ts';
import { assemble } from '../digest/wasm-assembler.ts';
import { digestData } from '../digest/witness-digest.generated.ts';
import { ALL_FORMATS } from '../witness/formats.ts';
import {
  boolData,
  type Data,
  type DataFormat,
  doubleData,
  int64Data,
  listData,
  optionalData,
  stringData,
  structData,
} from '../witness/ir.ts';
import { REDACTED } from '../witness/secret-scanner.ts';
import { beginWriting, writtenBytes } from './backward-writer.ts';
import { encodeData } from './witness-encoder.generated.ts';

/** Bodies that are kept whole are no longer (`agent/body/json-document.ts`). */
export const SEALED_TEXT_BYTES_MAX = 32 << 10;

export const TEMPLATES_AT = 1024;
const TEMPLATE_BYTES = 64;
/** The digits of a double begin here, aligned; sign and exponent stand before them. */
export const DOUBLE_AT = 8192 + 64;
/** Above 0, so that a root value has a byte before it for its tag. */
export const TEXT_AT = 16_384;
export const PLAIN_AT = TEXT_AT + SEALED_TEXT_BYTES_MAX + 64;
/** Without escapes a text is no longer; what is redacted may be. */
export const PLAIN_END = PLAIN_AT + (48 << 10);
/** Of two bytes of text, 8 bytes of digest (`1,` in a list) at most; of five, 16 (`"":1,` in an object). */
export const DIGESTS_AT = (PLAIN_END + 64) & ~63;
const DIGESTS_BYTES = 160 << 10;
export const VALUE_AT = DIGESTS_AT + DIGESTS_BYTES;
/** What is in it of the value: nine times the text at most (`"DE",` with its format). */
const PAGES = 12;
export const MEMORY_BYTES = PAGES * 65_536;

interface SealProgram {
  hash(offset: number, length: number, out: number): void;
  text(offset: number, length: number, out: number): void;
  bareText(offset: number, length: number, out: number): void;
  integer(offset: number, length: number, out: number): void;
  double(offset: number, length: number, out: number): void;
  formatted(offset: number, length: number, template: number, out: number): void;
  bareFormatted(offset: number, length: number, template: number, out: number): void;
  struct(offset: number, end: number, out: number): void;
  bareStruct(offset: number, end: number, out: number): void;
  list(offset: number, end: number, out: number): void;
  bareList(offset: number, end: number, out: number): void;
}

const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
export const bytes = Buffer.from(memory.buffer as ArrayBuffer);
export const words = new Int32Array(memory.buffer);
export const view = new DataView(memory.buffer);
export const seal = new WebAssembly.Instance(new WebAssembly.Module(assemble(SEAL_ASSEMBLY)), { env: { memory } })
  .exports as unknown as SealProgram;

const { utf8Slice, latin1Slice, utf8Write } = Buffer.prototype;
/** Text of the memory; ASCII is quicker as such. */
export const textAt = (start: number, end: number): string => utf8Slice.call(bytes, start, end);
export const asciiAt = (start: number, end: number): string => latin1Slice.call(bytes, start, end);
/** @returns its length in bytes */
export const putTextAt = (text: string, at: number, lengthMax: number): number =>
  utf8Write.call(bytes, text, at, lengthMax);

/** A value that is always the same. */
export interface Finished {
  /** The digest's 8 bytes as two words of the memory. */
  readonly word0: number;
  readonly word1: number;
  /** The Data message. */
  readonly bytes: Uint8Array;
}

function finished(data: Data): Finished {
  digestData(data, 0, 24);
  beginWriting();
  encodeData(data);
  return {
    word0: digestView.getInt32(0, true),
    word1: digestView.getInt32(4, true),
    bytes: Uint8Array.from(writtenBytes()),
  };
}

/** Indexes of `FINISHED`. */
export const Constant = {
  TRUE: 0,
  FALSE: 1,
  NULL: 2,
  INTEGER_ZERO: 3,
  DOUBLE_ZERO: 4,
  EMPTY_TEXT: 5,
  EMPTY_STRUCT: 6,
  EMPTY_LIST: 7,
  REDACTED: 8,
} as const;

export const FINISHED: readonly Finished[] = [
  boolData(true),
  boolData(false),
  optionalData(),
  int64Data(0),
  doubleData(0),
  stringData(''),
  structData(),
  listData(),
  stringData(REDACTED),
].map(finished);

/** What a format adds to its values: by index, 0 for none. Two templates for each: of strings, then of integers. */
export const FORMAT_SUFFIXES: readonly Uint8Array[] = [new Uint8Array(0), ...ALL_FORMATS.map(suffixOf)];
const formatIndexes = new Map<DataFormat, number>(ALL_FORMATS.map((format, i) => [format, i + 1]));

/** A format's index, 0 for none. */
export function formatIndex(format: DataFormat | null): number {
  return format === null ? 0 : formatIndexes.get(format)!;
}

export const textTemplate = (format: number): number => TEMPLATES_AT + format * 2 * TEMPLATE_BYTES;
export const integerTemplate = (format: number): number => textTemplate(format) + TEMPLATE_BYTES;

/** Fields `formats` and `format_kind` of the Primitive: what comes behind the scalar, here an empty string. */
function suffixOf(format: DataFormat): Uint8Array {
  const data = stringData('');
  data.format = format;
  const { bytes: encoded } = finished(data);
  // Tag and length of the Primitive, tag and length of the String.
  return encoded.slice(4);
}

function writeTemplates(): void {
  for (const format of ALL_FORMATS) {
    const index = formatIndex(format);
    for (const [template, field] of [
      [textTemplate(index), SealField.primitiveString],
      [integerTemplate(index), SealField.primitiveInt64],
    ] as const) {
      bytes[template] = TYPE_MAP;
      view.setBigUint64(template + 1, fieldKey(field));
      view.setBigUint64(template + 17, fieldKey(SealField.primitiveFormats));
      hashText([...format.names.keys()][0]!, 40, 64);
      hashBool(true, 48, 64);
      digestBytes[39] = TYPE_MAP;
      hashAt(39, 17, 0);
      copyDigest(template + 25);
      view.setBigUint64(template + 33, fieldKey(SealField.primitiveFormatKind));
      hashText(format.kind, 0, 16);
      copyDigest(template + 41);
    }
  }
}

/** The digest that was made last, from the digests' memory. */
export function copyDigest(to: number): void {
  view.setInt32(to, digestWord(0));
  view.setInt32(to + 4, digestWord(4));
}

writeTemplates();
