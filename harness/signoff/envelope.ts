/**
 * The signed statement: DSSE v1 (https://github.com/secure-systems-lab/dsse), signed with Ed25519. Node.js signs; sigstore's own library
 * reads the envelope and verifies it, as any other tool of that family does.
 */
import { createHash, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { dsse } from '@sigstore/core';
import { type TrustMaterial, toSignedEntity, Verifier } from '@sigstore/verify';
import { parseBounded } from './bounded-json.ts';
import { refused, shown } from './refusal.ts';

export const envelopeName = 'signoff.dsse.json';
export const payloadType = 'application/vnd.in-toto+json';

interface Envelope {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** Of a public key: SHA-256 of its SubjectPublicKeyInfo, in hexadecimal digits. */
export function keyIdOf(key: KeyObject): string {
  const plain = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(plain.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** @param key private; undefined: nobody answers for it */
export function sealStatement(statement: object, key: KeyObject | undefined): Buffer {
  const payload = Buffer.from(JSON.stringify(statement));
  const signatures = key
    ? [{ keyid: keyIdOf(key), sig: sign(null, dsse.preAuthEncoding(payloadType, payload), key).toString('base64') }]
    : [];
  return written({ payload: payload.toString('base64'), payloadType, signatures });
}

const written = (envelope: Envelope) => Buffer.from(`${JSON.stringify(envelope)}\n`);

export interface OpenedEnvelope {
  /** The exact bytes that were signed. */
  readonly payload: Buffer;
  readonly signedBy: string | undefined;
}

/**
 * @param key public; undefined: none is known
 * @throws Refused where the envelope is not as it was written, or its signature is not that of the key
 */
export function openEnvelope(
  bytes: Buffer,
  { key, allowsUnsigned }: { readonly key: KeyObject | undefined; readonly allowsUnsigned: boolean },
): OpenedEnvelope {
  const envelope = readEnvelope(bytes);
  const payload = Buffer.from(envelope.payload, 'base64');
  const [signature] = envelope.signatures;
  if (!signature) {
    if (allowsUnsigned) return { payload, signedBy: undefined };
    throw refused('unsigned', 'nobody has signed this bundle');
  }
  if (!key) {
    if (allowsUnsigned) return { payload, signedBy: undefined };
    throw refused('key-unknown', 'the bundle is signed, and no public key was given (--key)');
  }
  const keyId = keyIdOf(key);
  if (signature.keyid !== keyId) {
    throw refused('key-unknown', `it was signed by key ${shownId(signature.keyid)}, not by ${shownId(keyId)}`);
  }
  verifySignature(envelope, signature.keyid, key);
  return { payload, signedBy: keyId };
}

function verifySignature(envelope: Envelope, hint: string, key: KeyObject): void {
  const trust: TrustMaterial = {
    ...{ certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] },
    publicKey: () => ({ publicKey: key, validFor: () => true }),
  };
  try {
    const bundle = bundleFromJSON({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint }, tlogEntries: [] },
      dsseEnvelope: envelope,
    });
    // A key of one's own is in no log and has no certificate.
    new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 }).verify(toSignedEntity(bundle));
  } catch {
    throw refused('signature-invalid', `the signature of key ${shownId(hint)} does not fit the statement`);
  }
}

/** Only as `sealStatement` writes it: whatever else would be read the same way was changed by somebody. @throws Refused */
function readEnvelope(bytes: Buffer): Envelope {
  let value: unknown;
  try {
    value = parseBounded(bytes.toString('utf8'));
  } catch (error) {
    throw refused('envelope-invalid', `${envelopeName} is no JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  const { payload, payloadType: type, signatures } = (value ?? {}) as Partial<Envelope>;
  if (typeof payload !== 'string' || typeof type !== 'string' || !Array.isArray(signatures) || signatures.length > 1) {
    throw refused('envelope-invalid', `${envelopeName} is no DSSE envelope with at most one signature`);
  }
  if (type !== payloadType)
    throw refused('envelope-invalid', `its payload is no in-toto statement but "${shownId(type)}"`);
  const kept = signatures.map((each) => {
    const { keyid, sig } = (each ?? {}) as Partial<Envelope['signatures'][number]>;
    if (typeof keyid === 'string' && typeof sig === 'string') return { keyid, sig };
    throw refused('envelope-invalid', `${envelopeName} holds a signature that is none`);
  });
  const envelope = { payload, payloadType: type, signatures: kept };
  const isCanonical = [payload, ...kept.map(({ sig }) => sig)].every(
    (text) => Buffer.from(text, 'base64').toString('base64') === text,
  );
  if (!isCanonical || !written(envelope).equals(bytes))
    throw refused('envelope-invalid', `${envelopeName} is not as floodgate writes it`);
  return envelope;
}

const shownId = (text: string) => shown(text, 64);
