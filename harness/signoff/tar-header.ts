/**
 * A header of a tar archive: POSIX.1-1988 (ustar), and what GNU tar writes in its place for short names. Programs differ in what they
 * make of everything else (pax records, sparse files, types of their own), so that one would unpack what another has not verified.
 */
import { refused } from './refusal.ts';

export const blockBytes = 512;

export interface TarHeader {
  readonly name: string;
  readonly isFolder: boolean;
  readonly size: number;
}

const linkTypes: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a link',
  '3': 'a device',
  '4': 'a device',
  '6': 'a pipe',
};

/** Of a header: where the checksum stands, spaces count in its place. */
const sumFrom = 148;
const sumTo = 156;

/** @param block of 512 bytes @throws Refused for every header that only some programs read, or read otherwise */
export function readTarHeader(block: Buffer): TarHeader {
  if (numberAt(block, sumFrom, sumTo) !== sumOf(block)) throw strange('a header whose checksum does not fit');
  const isGnu = block.toString('latin1', 257, 265) === 'ustar  \0';
  if (!isGnu && block.toString('latin1', 257, 265) !== 'ustar\u000000') throw strange('a header that is no ustar');
  const type = String.fromCharCode(block[156]!);
  if (linkTypes[type]) throw refused('file-link', `the archive holds ${linkTypes[type]}`);
  if (/[LKxg]/.test(type))
    throw refused(
      'bundle-unreadable',
      'the archive holds an extension for long names or for times, which programs read in different ways: pack it with tar --format=ustar',
    );
  if (type !== '0' && type !== '5') throw strange(`an entry of type ${JSON.stringify(type)}`);
  const prefix = isGnu ? '' : textAt(block, 345, 500);
  // GNU's own fields (times, sparse maps), and those of other tars behind the prefix.
  if (!isZero(block.subarray(isGnu ? 345 : 500))) throw strange('a header with fields of one program alone');
  if (!isZero(block.subarray(157, 257))) throw strange('a file that names a link');
  const short = textAt(block, 0, 100);
  const size = numberAt(block, 124, 136);
  const isFolder = type === '5';
  if (numberAt(block, 100, 108) > 0o777) throw strange('a file with special rights');
  if (isFolder && size > 0) throw strange('a folder with content');
  return { name: prefix === '' ? short : `${prefix}/${short}`, isFolder, size };
}

function sumOf(block: Buffer): number {
  let sum = 0;
  for (let i = 0; i < blockBytes; i++) sum += i >= sumFrom && i < sumTo ? 0x20 : block[i]!;
  return sum;
}

/** Octal digits up to a space or a zero byte, and nothing behind. */
function numberAt(block: Buffer, from: number, to: number): number {
  const match = /^([0-7]+)[ \0]+$/.exec(block.toString('latin1', from, to));
  if (!match) throw strange('a header with a number that is not octal');
  return Number.parseInt(match[1]!, 8);
}

function textAt(block: Buffer, from: number, to: number): string {
  const text = block.toString('latin1', from, to);
  const end = text.indexOf('\0');
  if (end < 0) return text;
  if (!isZero(block.subarray(from + end, to))) throw strange('a name with something behind it');
  return text.slice(0, end);
}

export function isZero(bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

export function strange(what: string) {
  return refused('bundle-unreadable', `the archive holds ${what}, which floodgate does not write`);
}
