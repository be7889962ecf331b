/**
 * JSON bodies straight from their bytes to digest and binary form: the kernel's (`agent/kernels/assembly/seal/`) other half, which answers what
 * the kernel asks. Names come back with every body: what they say is remembered by the kernel in a table without growth.
 */
import { isUtf8 } from 'node:buffer';
import { beyondSafe } from '../body/json-reader.ts';
import { view as digestView, hashText } from '../digest/digest-memory.ts';
import { Has } from '../witness/character-classes.ts';
import { formatByRules, stringFormat } from '../witness/formats.ts';
import { inferringTyper } from '../witness/infer.ts';
import { bigData, doubleData } from '../witness/ir.ts';
import { isSecretPair, verdictOn } from '../witness/secret-names.ts';
import { isCardNumber, isCardValue, redactText } from '../witness/secret-scanner.ts';
import { PartedText, type SealLimits } from './json-parts.ts';
import { writeNameBeginnings } from './name-beginnings.ts';
import { DEPTH_MAX, KeyIs, MEMORY_BYTES, PLAIN_END, SEALED_TEXT_BYTES_MAX, TEXT_AT } from './seal-layout.ts';
import {
  asciiAt,
  bytes,
  formatIndex,
  type HeadQuestions,
  putFinished,
  putPages,
  putTextAt,
  startKernel,
  textAt,
  view,
} from './seal-memory.ts';
import type { SealShelf } from './seal-shelf.ts';

writeNameBeginnings();

/** As `agent/witness/body-builder.ts` keeps names. */
const NAME_CHARACTERS_MAX = 256;

/** A name's digest and flags to its slot. */
function learnName(slot: number, start: number, end: number): void {
  const name = textAt(start, end);
  hashText(name, 0, 24);
  // As a number, and numbers are little-endian there.
  view.setBigUint64(slot, digestView.getBigUint64(0), true);
  const isUnfit = name.length > NAME_CHARACTERS_MAX || redactText(name) !== name || !isUtf8(bytes.subarray(start, end));
  const verdict = verdictOn(name);
  const flags =
    (verdict.isSecret ? KeyIs.SECRET : 0) |
    (isUnfit ? KeyIs.UNFIT : 0) |
    (verdict.isValue ? KeyIs.VALUE : 0) |
    (verdict.isNaming ? KeyIs.NAMING : 0) |
    (verdict.isGuarded ? KeyIs.GUARDED : 0);
  view.setInt32(slot + 12, flags, true);
}

function redactAt(start: number, end: number, to: number): number {
  const text = textAt(start, end);
  const redacted = redactText(text);
  if (redacted === text) return 0;
  return redacted.length * 3 > PLAIN_END - 8 - to ? -1 : putTextAt(redacted, to, redacted.length * 3);
}

/** A number as `json-reader.ts` takes it, finished as the kernel's constants are. */
function sealNumber(start: number, end: number, to: number): number {
  const text = asciiAt(start, end);
  const value = /[.eE]/.test(text) ? Number(text) : beyondSafe(text);
  putFinished(to, typeof value === 'bigint' ? inferringTyper.number(bigData(value)) : doubleData(value));
  return isCardValue(value) ? 1 : 0;
}

/** What the kernel asks while it reads a head: the answers are those of the sealer at work. */
export const headQuestions: HeadQuestions = { learnPlace: () => 0, sealValue: () => 0 };

export const sealKernel = startKernel({
  learnPlace: (place, start, end, status) => headQuestions.learnPlace(place, start, end, status),
  sealValue: (place, start, end) => headQuestions.sealValue(place, start, end),
  learnName,
  // Whether it names what stands beside it a secret, perhaps: the other way knows.
  isSecretName: (start, end) => {
    const { isSecret, isGuarded } = verdictOn(textAt(start, end));
    return isSecret || isGuarded ? 1 : 0;
  },
  isSecretPair: (nameStart, nameEnd, start, end) =>
    isSecretPair(textAt(nameStart, nameEnd), textAt(start, end)) ? 1 : 0,
  formatByRules: (start, end, classes) =>
    formatIndex(
      (classes & Has.BEYOND_ASCII) === 0
        ? formatByRules(asciiAt(start, end), classes)
        : stringFormat(textAt(start, end)),
    ),
  redactText: redactAt,
  isCard: (start, end) => (isCardNumber(asciiAt(start, end)) ? 1 : 0),
  parseDouble: (start, end) => Number(asciiAt(start, end)),
  sealNumber,
});

/** The index of the format of a text in the seal's memory, and whether a secret may be in it. */
export const { formatOf, mayHoldSecret } = sealKernel;

/** The text's memory from its beginning on, in steps of a page: a view of its own for each text is 100 bytes of garbage. */
const TEXT_STEP_BYTES = 4096;
const fillBytes = Uint8Array.prototype.fill;
const textViews = new Array<Uint8Array | undefined>(SEALED_TEXT_BYTES_MAX / TEXT_STEP_BYTES + 1);

function isTextUtf8(end: number): boolean {
  const steps = Math.ceil((end - TEXT_AT) / TEXT_STEP_BYTES);
  const view = (textViews[steps] ??= bytes.subarray(TEXT_AT, TEXT_AT + steps * TEXT_STEP_BYTES));
  // What an earlier text left behind this one.
  fillBytes.call(view, 0, end - TEXT_AT);
  return isUtf8(view);
}

/** One sealer at a time uses the memory; it is done when its call returns. */
export class JsonSealer {
  readonly #redacts: number;
  /** As far as the memory goes. */
  readonly #limits: SealLimits;

  /** @param redacts obfuscate by `redact`, or not at all */
  constructor(redacts: boolean, limits: SealLimits) {
    this.#redacts = redacts ? 1 : 0;
    this.#limits = {
      depthMax: Math.min(limits.depthMax, DEPTH_MAX),
      stringBytesMax: limits.stringBytesMax,
      sealedBytesMax: Math.min(limits.sealedBytesMax, SEALED_TEXT_BYTES_MAX),
    };
  }

  /** The longest text that is taken. */
  get bytesMax(): number {
    return this.#limits.sealedBytesMax;
  }

  /**
   * Reads a text. Then the digest of the root's struct or list lies at `DIGESTS_AT`, without its Data, and the tape holds
   * its values. @returns the field of Data that the root is, 0 when the text is declined
   */
  read(source: readonly Uint8Array[], length: number): number {
    if (length > this.bytesMax || length === 0) return 0;
    const end = TEXT_AT + length;
    putPages(source, TEXT_AT, end);
    const kind = sealKernel.read(end, this.#redacts, this.#limits.depthMax, this.#limits.stringBytesMax);
    if (kind === 0) return 0;
    // Tags written into the text are ASCII in the place of ASCII.
    if ((sealKernel.classesRead() & Has.BEYOND_ASCII) !== 0 && !isTextUtf8(end)) return 0;
    return kind;
  }

  /** A longer text, which comes in parts. */
  openParts(shelf: SealShelf): PartedText {
    return new PartedText(sealKernel, this.#redacts, this.#limits, shelf);
  }

  /** Values that were redacted in the last text. */
  get redacted(): number {
    return sealKernel.redactedValues();
  }

  /**
   * Writes the Data of the text that was read to the memory's end.
   * @param meta its DataMeta in binary, with tag and length
   * @returns where it begins, 0 when there is no room for it
   */
  encode(meta: Uint8Array): number {
    const at = MEMORY_BYTES - meta.length;
    bytes.set(meta, at);
    return sealKernel.encode(at);
  }
}
