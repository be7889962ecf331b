/**
 * JSON of a bundle, read so that every program reads the same: bounded in depth, no name twice in an object (programs differ in which one
 * counts), and, where floodgate wrote it, byte for byte as it writes it.
 */
import { jsonDepthMax } from './limits.ts';

/** @throws Error where it is no JSON, nests too deeply, or names a member twice */
export function parseBounded(text: string): unknown {
  checkStructure(text);
  return JSON.parse(text);
}

/**
 * Only the one spelling: no white space, no other escapes or digits, no number that is none (`1e400`), no broken UTF-8.
 * @param end what stands behind it
 * @throws Error where it is another spelling
 */
export function parseWritten(content: Buffer, end: string): unknown {
  const value = parseBounded(content.toString('utf8'));
  if (Buffer.from(`${JSON.stringify(value)}${end}`).equals(content)) return value;
  throw new Error('it is not spelled as floodgate writes JSON');
}

const quote = 0x22;
const backslash = 0x5c;

/** Brackets, braces and names outside of values. What is no JSON is left to `JSON.parse`. @throws Error */
function checkStructure(text: string): void {
  /** Names of the objects that are open; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) {
      const end = endOfString(text, i);
      const names = open.at(-1);
      if (names !== undefined && isName(text, end)) addName(names, text.slice(i, end));
      i = end - 1;
    } else if (code === 0x5b || code === 0x7b) {
      if (open.length === jsonDepthMax) throw new Error(`it nests more than ${jsonDepthMax} levels`);
      open.push(code === 0x7b ? new Set() : undefined);
    } else if (code === 0x5d || code === 0x7d) open.pop();
  }
}

/** Behind the closing quote, or at the end of a text that has none. */
function endOfString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === backslash) i += 1;
    else if (code === quote) return i + 1;
  }
  return text.length;
}

function isName(text: string, end: number): boolean {
  let at = end;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return text.charCodeAt(at) === 0x3a;
}

/** `"\u0061"` and `"a"` are one name. @throws Error */
function addName(names: Set<string>, literal: string): void {
  const name = String(JSON.parse(literal));
  if (names.has(name)) throw new Error(`${JSON.stringify(name.slice(0, 80))} stands twice in it`);
  names.add(name);
}
