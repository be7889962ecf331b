/** Keys that the operator names: files, or pipes (`<(…)` of a shell), which are read to their end. */
import type { KeyObject } from 'node:crypto';
import { invalidKey, privateKeyIn, publicKeyIn } from '../signoff/keys.ts';
import { readOperatorFile } from './operator-file.ts';

/** A PEM file of a key has some hundred bytes. */
const keyBytesMax = 64 << 10;

/** @throws FloodgateError `key-invalid` */
export const readPrivateKey = (file: string, passphrase: string | undefined): KeyObject =>
  privateKeyIn(readKeyFile(file), file, passphrase);

/** The first line of it: the rest may be about the key, as password stores keep it. @throws FloodgateError `key-invalid` */
export const readPassphrase = (file: string): string => readKeyFile(file).split(/\r?\n/, 1)[0]!;

/** @throws FloodgateError `key-invalid` */
export const readPublicKey = (file: string): KeyObject => publicKeyIn(readKeyFile(file), file);

const words: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
};

function readKeyFile(file: string): string {
  let text: string;
  try {
    text = readOperatorFile(file, keyBytesMax).toString('utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw invalidKey(file, words[code ?? ''] ?? message);
  }
  if (text.trim() === '') throw invalidKey(file, 'it is empty, or a pipe that nobody writes to');
  return text;
}
