/** Keys as `openssl genpkey -algorithm ed25519` writes them. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { FloodgateError } from '../../agent/errors.ts';

/** A PEM file of a key has some hundred bytes. */
const keyBytesMax = 64 << 10;

/** @param passphrase of an encrypted one. @throws FloodgateError `key-invalid`; says nothing of what the file holds */
export function readPrivateKey(file: string, passphrase: string | undefined): KeyObject {
  const text = readKeyFile(file);
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    throw invalid(file, 'it holds no private key, or its passphrase is not that of FLOODGATE_KEY_PASSPHRASE');
  }
  return ed25519(file, key);
}

/** @throws FloodgateError `key-invalid` */
export function readPublicKey(file: string): KeyObject {
  const text = readKeyFile(file);
  // Who verifies needs no private key, and ought not to have it.
  if (/PRIVATE KEY/.test(text)) throw invalid(file, 'it is a private key: give the public one (openssl pkey -pubout)');
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    throw invalid(file, 'it holds no public key');
  }
  return ed25519(file, key);
}

function readKeyFile(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat?.isFile()) throw invalid(file, 'there is no such file');
  if (stat.size > keyBytesMax) throw invalid(file, 'it is larger than 64 KiB');
  return readFileSync(file, 'utf8');
}

function ed25519(file: string, key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw invalid(file, `it is a key for ${key.asymmetricKeyType}`);
}

function invalid(file: string, why: string): FloodgateError {
  return new FloodgateError('key-invalid', `${file}: ${why}`, {
    hint: 'A key is made by: openssl genpkey -algorithm ed25519 -out release.key; openssl pkey -in release.key -pubout -out release.pub',
  });
}
