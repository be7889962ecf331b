/**
 * JSON bodies straight from their bytes to digest and binary form: the kernel's (`seal-kernel.ts`) other half, which answers what
 * the kernel asks. Names come back with every body: what they say is remembered by the kernel in a table without growth.
 */
import { isUtf8 } from 'node:buffer';
import { view as digestView, hashText } from '../digest/digest-memory.ts';
import { SEAL_REPEATED_KEY } from '../digest/seal-assembly.ts';
import { Has } from '../witness/character-classes.ts';
import { formatByRules, stringFormat } from '../witness/formats.ts';
import { isSecretPair, verdictOn } from '../witness/secret-names.ts';
import { isCardNumber, redactText } from '../witness/secret-scanner.ts';
import { DEPTH_MAX, KeyIs, MEMORY_BYTES, PLAIN_END, SEALED_TEXT_BYTES_MAX, TEXT_AT } from './seal-layout.ts';
import { asciiAt, bytes, formatIndex, putTextAt, startKernel, textAt, view } from './seal-memory.ts';

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

const kernel = startKernel({
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
  parseDouble: (start, end) => {
    const value = Number(asciiAt(start, end));
    return Number.isInteger(value) ? Number.NaN : value;
  },
  parseExact: (start, end) => Number(asciiAt(start, end)),
});

/** The index of the format of a text in the seal's memory, and whether a secret may be in it. */
export const { formatOf, mayHoldSecret } = kernel;

/** Without a view of its own for every text. */
const copyBytes = Buffer.prototype.copy;

/** One sealer at a time uses the memory; it is done when its call returns. */
export class JsonSealer {
  readonly #redacts: number;
  readonly #depthMax: number;

  /** @param redacts obfuscate by `redact`, or not at all */
  constructor(redacts: boolean, depthMax: number) {
    this.#redacts = redacts ? 1 : 0;
    this.#depthMax = Math.min(depthMax, DEPTH_MAX);
  }

  /**
   * Reads a text. Then the digest of the root's struct or list lies at `DIGESTS_AT`, without its Data, and the tape holds
   * its values. @returns the field of Data that the root is, 0 when the text is declined
   */
  read(source: Uint8Array, length: number): number {
    if (length > SEALED_TEXT_BYTES_MAX || length === 0) return 0;
    copyBytes.call(source, bytes, TEXT_AT, 0, length);
    const end = TEXT_AT + length;
    kernel.redacts.value = this.#redacts;
    kernel.depthMax.value = this.#depthMax;
    bytes[SEAL_REPEATED_KEY] = 0;
    const kind = kernel.read(end);
    if (kind === 0 || bytes[SEAL_REPEATED_KEY] !== 0) return 0;
    // Tags written into the text are ASCII in the place of ASCII.
    if ((kernel.allClasses.value & Has.BEYOND_ASCII) !== 0 && !isUtf8(bytes.subarray(TEXT_AT, end))) return 0;
    return kind;
  }

  /** Values that were redacted in the last text. */
  get redacted(): number {
    return kernel.redacted.value;
  }

  /**
   * Writes the Data of the text that was read to the memory's end.
   * @param meta its DataMeta in binary, with tag and length
   * @returns where it begins, 0 when there is no room for it
   */
  encode(meta: Uint8Array): number {
    const at = MEMORY_BYTES - meta.length;
    bytes.set(meta, at);
    return kernel.encode(at);
  }
}
