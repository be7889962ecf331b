/** The formats that APIs send most, told by their bytes. Only a yes counts: whatever is not plain goes to the rules. */
import { Has } from '../witness/character-classes.ts';
import { ALL_FORMATS, formatByRules, mayHaveFormat, stringFormat } from '../witness/formats.ts';
import type { DataFormat } from '../witness/ir.ts';
import { SECRET_FORMAT_KINDS } from '../witness/obfuscation.ts';
import { asciiAt, bytes as memory, textAt } from './seal-memory.ts';

const called = (name: string): DataFormat => ALL_FORMATS.find(({ names }) => names.has(name))!;
const RFC_3339: DataFormat = called('rfc_3339');
const EMAIL: DataFormat = called('email');

/** The format of the text at a place of the seal's memory. @param classes `Has` of all its characters */
export function formatAt(start: number, end: number, classes: number): DataFormat | null {
  if ((classes & Has.BEYOND_ASCII) !== 0) {
    // Of all formats URLs alone may hold such characters.
    const both = Has.COLON | Has.SLASH;
    return (classes & both) === both ? stringFormat(textAt(start, end)) : null;
  }
  if (!mayHaveFormat(classes, memory[start]!, end - start)) return null;
  // The two that APIs send most, by their bytes.
  if (isCertainlyDateTime(memory, start, end)) return RFC_3339;
  if ((classes & Has.AT) !== 0 && isCertainlyEmail(memory, start, end, classes)) return EMAIL;
  return formatByRules(asciiAt(start, end), classes);
}

/** Whether a value of this format is a secret by itself. */
export const isSecretFormat = (format: DataFormat | null): boolean =>
  format !== null && SECRET_FORMAT_KINDS.has(format.kind);

const two = (bytes: Uint8Array, at: number): number => {
  const high = bytes[at]! - 0x30;
  const low = bytes[at + 1]! - 0x30;
  return high >= 0 && high <= 9 && low >= 0 && low <= 9 ? high * 10 + low : 1000;
};

/** yyyy-mm-ddThh:mm:ssZ, also with a fraction. */
function isCertainlyDateTime(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < 20 || length > 32 || bytes[end - 1] !== 0x5a || bytes[start + 10] !== 0x54) return false;
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d) return false;
  if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return false;
  const month = two(bytes, start + 5);
  const day = two(bytes, start + 8);
  if (month < 1 || month > 12 || day < 1 || day > 31) return false;
  if (two(bytes, start) > 99 || two(bytes, start + 2) > 99) return false;
  if (two(bytes, start + 11) > 24 || two(bytes, start + 14) > 59 || two(bytes, start + 17) > 60) return false;
  if (length === 20) return true;
  if (bytes[start + 19] !== 0x2e || length === 21) return false;
  for (let at = start + 20; at < end - 1; at += 1) if (bytes[at]! < 0x30 || bytes[at]! > 0x39) return false;
  return true;
}

const LOCAL = 1;
const LABEL = 2;
const PART = new Uint8Array(256);
for (let code = 0; code < 128; code += 1) {
  const char = String.fromCharCode(code);
  PART[code] = (/[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]/.test(char) ? LOCAL : 0) | (/[A-Za-z0-9-]/.test(char) ? LABEL : 0);
}

/** The usual e-mail address. With a colon or a space in it it might be something else before. */
function isCertainlyEmail(bytes: Uint8Array, start: number, end: number, classes: number): boolean {
  const length = end - start;
  if (length < 6 || length > 64 || (classes & (Has.COLON | Has.SPACE)) !== 0) return false;
  let at = start;
  while ((PART[bytes[at]!]! & LOCAL) !== 0) at += 1;
  if (at === start || at >= end || bytes[at] !== 0x40) return false;
  let dots = 0;
  let label = (at += 1);
  for (; at < end; at += 1) {
    const byte = bytes[at]!;
    if (byte === 0x2e) {
      if (at === label) return false;
      dots += 1;
      label = at + 1;
    } else if ((PART[byte]! & LABEL) === 0) return false;
  }
  return at > label && dots >= 1 && dots <= 8;
}
