/**
 * The memory in which JSON bodies are sealed, and the kernel that works in it (`agent/kernels/assembly/seal/`). Filled once: templates of formats, finished values such as
 * `true`, classes of bytes, which formats a text may have, prefixes of secrets. The layout is `seal-layout.ts`.
 */
import assert from 'node:assert/strict';
import {
  bytes as digestBytes,
  digestWord,
  hash as hashAt,
  hashBool,
  hashText,
  TYPE_MAP,
} from '../digest/digest-memory.ts';
import { fieldKey, SealField } from '../digest/schema-fields.ts';
import { digestData } from '../digest/witness-digest.generated.ts';
import { SEAL_KERNEL } from '../kernels/seal.generated.ts';
import { CLASS_OF } from '../witness/character-classes.ts';
import { ALL_FORMATS, RULES } from '../witness/formats.ts';
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
import { SECRET_FORMAT_KINDS } from '../witness/obfuscation.ts';
import { ANCHORS, SECONDS } from '../witness/secret-patterns.ts';
import { REDACTED } from '../witness/secret-scanner.ts';
import { beginWriting, writtenBytes } from './backward-writer.ts';
import {
  CLASSES_AT,
  EMAIL_PARTS_AT,
  EmailPart,
  ESCAPES_AT,
  FINISHED_AT,
  FINISHED_BYTES,
  FIRST_RULES_AT,
  FORMATS_MAX,
  KINDS_AT,
  LENGTH_RULES_AT,
  LENGTHS,
  NAME_SLOT_BYTES,
  NAME_SLOTS,
  NAMES_AT,
  NIBBLES_AT,
  PAGES,
  POWERS,
  POWERS_AT,
  PREFIX_LISTS_AT,
  PREFIX_LISTS_BYTES,
  PREFIXES_AT,
  RULES_AT,
  RULES_MAX,
  SECONDS_AT,
  SecretKind,
  SHORT_FORMATS,
  SHORT_FORMATS_AT,
  SUFFIX_BYTES,
  SUFFIX_SECRET,
  SUFFIXES_AT,
  TEMPLATE_BYTES,
  TEMPLATES_AT,
} from './seal-layout.ts';
import { encodeData } from './witness-encoder.generated.ts';

/** What the kernel asks of JavaScript about fields of heads (`agent/kernels/assembly/seal/host.ts`). */
export interface HeadQuestions {
  learnPlace(place: number, start: number, end: number, status: number): number;
  sealValue(place: number, start: number, end: number): number;
}

/** What the kernel asks of JavaScript; texts lie in the memory. */
export interface SealQuestions extends HeadQuestions {
  learnName(slot: number, start: number, end: number): void;
  isSecretName(start: number, end: number): number;
  isSecretPair(nameStart: number, nameEnd: number, start: number, end: number): number;
  formatByRules(start: number, end: number, classes: number): number;
  redactText(start: number, end: number, to: number): number;
  isCard(start: number, end: number): number;
  parseDouble(start: number, end: number): number;
  sealNumber(start: number, end: number, to: number): number;
}

/** What the kernel does: `agent/kernels/assembly/seal/seal.ts`. */
export interface SealKernel {
  read(end: number, redacts: number, depthMax: number, stringMax: number): number;
  encode(at: number): number;
  beginParts(redacts: number, depthMax: number, stringMax: number): void;
  resume(end: number): number;
  encodeEntries(at: number, first: number, end: number, isList: number, isRoot: number): number;
  settle(): void;
  endSpilled(): number;
  keepResumed(): void;
  takeResumed(): void;
  redactedValues(): number;
  classesRead(): number;
  formatOf(start: number, end: number, classes: number): number;
  mayHoldSecret(start: number, end: number, classes: number): number;
  beginHead(isRequest: number, redacts: number): void;
  addFields(from: number, count: number, status: number): number;
  addValue(length: number, characters: number): number;
  headCharacters(): number;
  headChanged(): number;
  headEntriesEnd(): number;
  headPairsEnd(): number;
  hash(offset: number, length: number, out: number): void;
  bareText(offset: number, length: number, out: number): void;
  bareInteger(offset: number, length: number, out: number): void;
  bareFormatted(offset: number, length: number, template: number, out: number): void;
}

const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
export const bytes = Buffer.from(memory.buffer as ArrayBuffer);
export const view = new DataView(memory.buffer);
export const words = new Int32Array(memory.buffer);

/** Made once: there is one memory. */
export function startKernel(questions: SealQuestions): SealKernel {
  const imports = { env: { memory }, host: questions as unknown as WebAssembly.ModuleImports };
  const module = new WebAssembly.Module(Buffer.from(SEAL_KERNEL, 'base64'));
  return new WebAssembly.Instance(module, imports).exports as unknown as SealKernel;
}

const { utf8Slice, latin1Slice, utf8Write } = Buffer.prototype;
/** Text of the memory; ASCII is quicker as such. */
export const textAt = (start: number, end: number): string => utf8Slice.call(bytes, start, end);
export const asciiAt = (start: number, end: number): string => latin1Slice.call(bytes, start, end);
/** @returns its length in bytes */
export const putTextAt = (text: string, at: number, lengthMax: number): number =>
  utf8Write.call(bytes, text, at, lengthMax);

/** Without a view of its own for every page. */
const copyBytes = Buffer.prototype.copy;
/** Fills bytes[start, end) from pages that are full but for the last. */
export function putPages(pages: readonly Uint8Array[], start: number, end: number): void {
  let at = start;
  for (let i = 0; at < end; i += 1) {
    const page = pages[i]!;
    at += copyBytes.call(page, bytes, at, 0, Math.min(page.length, end - at));
  }
}

/** A digest (two halves, big-endian) to the memory. */
export function putDigest(to: number, high: number, low: number): void {
  view.setInt32(to, high);
  view.setInt32(to + 4, low);
}

/** The digest that was made last, from the digests' memory. */
export const copyDigest = (to: number): void => putDigest(to, digestWord(0), digestWord(4));

const formatIndexes = new Map<DataFormat, number>(ALL_FORMATS.map((format, i) => [format, i + 1]));

/** A format's index, 0 for none. */
export const formatIndex = (format: DataFormat | null): number => (format === null ? 0 : formatIndexes.get(format)!);
export const textTemplate = (format: number): number => TEMPLATES_AT + format * 2 * TEMPLATE_BYTES;
/** Whether a value of this format is a secret by itself. */
export const isSecretFormat = (format: number): boolean =>
  bytes[SUFFIXES_AT + format * SUFFIX_BYTES + SUFFIX_SECRET] !== 0;

/** Where what a format adds to a value begins, and how long it is. */
export const suffixAt = (format: number): number => SUFFIXES_AT + format * SUFFIX_BYTES + 4;
export const suffixLength = (format: number): number => bytes[SUFFIXES_AT + format * SUFFIX_BYTES]!;

function encoded(data: Data): Uint8Array {
  beginWriting();
  encodeData(data);
  return Uint8Array.from(writtenBytes());
}

/** In the order of `Constant`. */
function writeFinished(): void {
  const values = [
    boolData(true),
    boolData(false),
    optionalData(),
    int64Data(0),
    doubleData(0),
    stringData(''),
    structData(),
    listData(),
    stringData(REDACTED),
  ];
  for (const [i, data] of values.entries()) putFinished(FINISHED_AT + i * FINISHED_BYTES, data);
}

/** A value of 36 bytes at most, ready to be used: digest, length, binary form. */
export function putFinished(at: number, data: Data): void {
  digestData(data, 0, 24);
  copyDigest(at);
  const binary = encoded(data);
  assert(binary.length <= FINISHED_BYTES - 12);
  view.setInt32(at + 8, binary.length, true);
  bytes.set(binary, at + 12);
}

function writeTemplates(format: DataFormat, index: number): void {
  for (const [template, field] of [
    [textTemplate(index), SealField.primitiveString],
    [textTemplate(index) + TEMPLATE_BYTES, SealField.primitiveInt64],
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

function writeFormats(): void {
  if (ALL_FORMATS.length >= FORMATS_MAX || RULES.length > RULES_MAX)
    throw new Error('more formats than there is room for');
  for (const format of ALL_FORMATS) {
    const index = formatIndex(format);
    writeTemplates(format, index);
    // Fields `formats` and `format_kind`: behind tag and length of the Primitive, tag and length of an empty String.
    const data = stringData('');
    data.format = format;
    const suffix = encoded(data).subarray(4);
    view.setInt32(SUFFIXES_AT + index * SUFFIX_BYTES, suffix.length, true);
    bytes.set(suffix, suffixAt(index));
    bytes[SUFFIXES_AT + index * SUFFIX_BYTES + SUFFIX_SECRET] = SECRET_FORMAT_KINDS.has(format.kind) ? 1 : 0;
  }
  const firsts = new Array<bigint>(128).fill(0n);
  const lengths = new Array<bigint>(LENGTHS).fill(0n);
  for (const [i, { first, lengthMin, lengthMax, classes, all, any }] of RULES.entries()) {
    const bit = 1n << BigInt(i);
    for (let code = 0; code < 128; code += 1) if (first.test(String.fromCharCode(code))) firsts[code]! |= bit;
    for (let length = lengthMin; length < LENGTHS - 1 && length <= lengthMax; length += 1) lengths[length]! |= bit;
    if (lengthMax >= LENGTHS - 1) lengths[LENGTHS - 1]! |= bit;
    view.setInt32(RULES_AT + i * 16, ~classes, true);
    view.setInt32(RULES_AT + i * 16 + 4, all, true);
    view.setInt32(RULES_AT + i * 16 + 8, any, true);
  }
  for (const [code, rules] of firsts.entries()) view.setBigUint64(FIRST_RULES_AT + code * 8, rules, true);
  for (const [length, rules] of lengths.entries()) view.setBigUint64(LENGTH_RULES_AT + length * 8, rules, true);
  for (let i = 0; i < SHORT_FORMATS; i += 1) view.setInt32(SHORT_FORMATS_AT + i * 16 + 8, -1, true);
}

function writeBytes(): void {
  for (let code = 0; code < 256; code += 1) {
    view.setInt32(CLASSES_AT + code * 4, CLASS_OF[code]!, true);
    // Beyond ASCII there are letters only, as far as names go.
    if (code > 127) bytes[KINDS_AT + code] = SecretKind.NAME | SecretKind.LETTER;
    if (code > 127) continue;
    const char = String.fromCharCode(code);
    bytes[KINDS_AT + code] =
      (/[\w-]/.test(char) ? SecretKind.WORD | SecretKind.NAME : 0) |
      (/\d/.test(char) ? SecretKind.DIGIT : 0) |
      (/[A-Za-z]/.test(char) ? SecretKind.LETTER : 0) |
      (/[.$[\]%]/.test(char) ? SecretKind.NAME : 0) |
      (/[:=<,/\\%&]/.test(char) ? SecretKind.MARK : 0);
    bytes[EMAIL_PARTS_AT + code] =
      (/[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]/.test(char) ? EmailPart.LOCAL : 0) |
      (/[A-Za-z0-9-]/.test(char) ? EmailPart.LABEL : 0);
  }
  for (const [letter, plain] of Object.entries({ b: 8, f: 12, n: 10, r: 13, t: 9, '"': 34, '\\': 92, '/': 47 }))
    bytes[ESCAPES_AT + letter.charCodeAt(0)] = plain;
  for (let i = 0; i < POWERS; i += 1) view.setFloat64(POWERS_AT + i * 8, 10 ** i, true);
  for (let i = 0; i < 16; i += 1) bytes.write(i.toString(2).padStart(4, '0'), NIBBLES_AT + i * 4, 'latin1');
}

/** In lower case, each byte with the bit that letters differ in: more is suspected than is found. */
function writePrefixes(): void {
  // 0 says that there is no list.
  let at = PREFIX_LISTS_AT + 1;
  for (const [first, anchors] of ANCHORS) {
    for (const code of [first, String.fromCharCode(first).toUpperCase().charCodeAt(0)]) {
      view.setInt16(PREFIXES_AT + code * 2, at - PREFIX_LISTS_AT, true);
      for (let word = 0; word < 2; word += 1)
        view.setInt32(SECONDS_AT + code * 8 + word * 4, SECONDS[first * 2 + word]!, true);
    }
    for (const anchor of new Set(anchors)) {
      if (anchors.some((other) => other !== anchor && anchor.startsWith(other))) continue;
      bytes[at] = anchor.length;
      for (let i = 0; i < anchor.length; i += 1) bytes[at + 1 + i] = anchor.charCodeAt(i) | 0x20;
      at += 1 + anchor.length;
    }
    bytes[at] = 0;
    at += 1;
  }
  if (at > PREFIX_LISTS_AT + PREFIX_LISTS_BYTES) throw new Error('more prefixes of secrets than there is room for');
}

writeFinished();
writeFormats();
writeBytes();
writePrefixes();
for (let i = 0; i <= NAME_SLOTS; i += 1) view.setInt32(NAMES_AT + i * NAME_SLOT_BYTES + 8, -1, true);
