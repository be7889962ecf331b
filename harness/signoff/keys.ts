/** Keys as `openssl genpkey -algorithm ed25519` writes them. Pure. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { FloodgateError } from '../../agent/errors.ts';

/** @param file for messages @param passphrase of an encrypted one. @throws FloodgateError `key-invalid`; says nothing of what the file holds */
export function privateKeyIn(text: string, file: string, passphrase: string | undefined): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    throw invalidKey(
      file,
      'it holds no private key, or its passphrase is another one (--passphrase-file, FLOODGATE_KEY_PASSPHRASE)',
    );
  }
  return ed25519(file, key);
}

/** @throws FloodgateError `key-invalid` */
export function publicKeyIn(text: string, file: string): KeyObject {
  // Who verifies needs no private key, and ought not to have it.
  if (/PRIVATE KEY/.test(text))
    throw invalidKey(file, 'it is a private key: give the public one (openssl pkey -pubout)');
  let key: KeyObject;
  try {
    key = createPublicKey(text);
  } catch {
    throw invalidKey(file, 'it holds no public key');
  }
  return ed25519(file, key);
}

function ed25519(file: string, key: KeyObject): KeyObject {
  if (key.asymmetricKeyType === 'ed25519') return key;
  throw invalidKey(file, `it is a key for ${key.asymmetricKeyType}`);
}

export function invalidKey(file: string, why: string): FloodgateError {
  return new FloodgateError('key-invalid', `${file}: ${why}`, {
    hint: 'A key is made by: openssl genpkey -algorithm ed25519 -out release.key; openssl pkey -in release.key -pubout -out release.pub',
  });
}
