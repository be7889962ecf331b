/**
 * An instance of sigstore of a test's own: a certificate authority with its log (RFC 5280, RFC 6962), a transparency log as Rekor is,
 * a clock (RFC 3161), and the trusted root that names them. It issues what the public instance issues, in the same bytes, by Node.js alone.
 */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { dsse, json } from '@sigstore/core';
import { payloadType } from './envelope.ts';

const digestOf = (...parts: readonly Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const ecKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' });

/** One element of DER. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), value]);
}
const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const octets = (...parts: readonly Buffer[]) => der(0x04, ...parts);
const whole = (value: number) => der(0x02, Buffer.from([value]));
const bits = (value: Buffer) => der(0x03, Buffer.from([0]), value);
const time = (ms: number) =>
  der(0x18, Buffer.from(`${new Date(ms).toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`));

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 127];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left & 127) | 128);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

const ecdsaSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const name = (text: string) => sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(text)))));
const extension = (id: string, value: Buffer) => sequence(oid(id), octets(value));

export interface Signing {
  readonly payload: Buffer;
  readonly identity?: string;
  readonly issuer?: string;
  /** Since the epoch: when the log took it. */
  readonly loggedAtMs?: number;
  readonly type?: string;
  /** Whether the log of certificates took the certificate. */
  readonly isLogged?: boolean;
  /** By the clock in place of the log, as GitHub signs for private repositories. */
  readonly byClock?: boolean;
}

export const identity = 'https://github.com/acme/shop/.github/workflows/release.yml@refs/tags/v1.4.0';
export const issuer = 'https://token.actions.githubusercontent.com';
const issuedAtMs = Date.parse('2026-11-29T19:59:00Z');
const lastsMs = 600_000;

/** A sigstore bundle, as JSON has it. */
// biome-ignore lint/suspicious/noExplicitAny: tests bend it in every place
export type Attestation = any;

export class SigstoreInstance {
  readonly #authority = ecKey();
  readonly #certificateLog = ecKey();
  readonly #log = ecKey();
  readonly #clock = ecKey();

  /** As `gh attestation trusted-root` writes it. */
  trustedRoot() {
    const validFor = { start: '2026-01-01T00:00:00Z' };
    const log = ({ publicKey }: { publicKey: KeyObject }) => ({
      baseUrl: 'https://log.example',
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: spki(publicKey).toString('base64'), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
      logId: { keyId: digestOf(spki(publicKey)).toString('base64') },
    });
    const root = this.#certificate({ subject: 'root', key: this.#authority.publicKey, extensions: [isAuthority] });
    const clock = this.#certificate({ subject: 'clock', key: this.#clock.publicKey, extensions: [isClock] });
    const authority = (...certificates: readonly Buffer[]) => ({
      subject: { organization: 'example', commonName: 'root' },
      uri: 'https://ca.example',
      certChain: { certificates: certificates.map((each) => ({ rawBytes: each.toString('base64') })) },
      validFor,
    });
    return {
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [log(this.#log)],
      certificateAuthorities: [authority(root)],
      ctlogs: [log(this.#certificateLog)],
      timestampAuthorities: [authority(clock, root)],
    };
  }

  /** A statement in an envelope, as the attest step and `cosign attest-blob` write it. */
  attest({ payload, type = payloadType, ...order }: Signing): Attestation {
    const key = ecKey();
    const signature = sign('sha256', dsse.preAuthEncoding(type, payload), key.privateKey);
    const spec = {
      envelopeHash: { algorithm: 'sha256', value: digestOf(payload, signature).toString('hex') },
      payloadHash: { algorithm: 'sha256', value: digestOf(payload).toString('hex') },
      signatures: [{ signature: signature.toString('base64'), verifier: '' }],
    };
    const envelope = {
      payload: payload.toString('base64'),
      payloadType: type,
      signatures: [{ sig: signature.toString('base64'), keyid: '' }],
    };
    return this.#bundle({ kind: 'dsse', spec, signature }, key.publicKey, { dsseEnvelope: envelope }, order);
  }

  /** A file's plain signature, as `cosign sign-blob` writes it. */
  signFile({ payload, ...order }: Signing): Attestation {
    const key = ecKey();
    const signature = sign('sha256', payload, key.privateKey);
    const content = signature.toString('base64');
    const digest = digestOf(payload);
    const spec = {
      signature: { content, publicKey: { content: '' } },
      data: { hash: { algorithm: 'sha256', value: digest.toString('hex') } },
    };
    const messageDigest = { algorithm: 'SHA2_256', digest: digest.toString('base64') };
    return this.#bundle(
      { kind: 'hashedrekord', spec, signature },
      key.publicKey,
      { messageSignature: { messageDigest, signature: content } },
      order,
    );
  }

  #bundle(
    { kind, spec, signature }: Signed,
    key: KeyObject,
    content: object,
    order: Omit<Signing, 'payload'>,
  ): Attestation {
    const body = Buffer.from(JSON.stringify({ apiVersion: '0.0.1', kind, spec }));
    const certificate = { rawBytes: this.#leaf(key, order).toString('base64') };
    const atMs = order.loggedAtMs ?? issuedAtMs + 1_000;
    const signedTimestamp = () => this.#timestamp(signature, atMs).toString('base64');
    const proof = order.byClock
      ? { tlogEntries: [], timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: signedTimestamp() }] } }
      : { tlogEntries: [this.#entry(kind, body, atMs)] };
    return {
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { certificate, ...proof },
      ...content,
    };
  }

  /** RFC 3161, section 2.4.2, in the SignedData of RFC 5652. */
  #timestamp(signature: Buffer, atMs: number): Buffer {
    const sha256Id = sequence(oid('2.16.840.1.101.3.4.2.1'));
    const imprint = sequence(sha256Id, octets(digestOf(signature)));
    const info = sequence(whole(1), oid('1.3.6.1.4.1.57264.2'), imprint, whole(9), time(atMs));
    const infoId = oid('1.2.840.113549.1.9.16.1.4');
    const attributes = [
      sequence(oid('1.2.840.113549.1.9.3'), der(0x31, infoId)),
      sequence(oid('1.2.840.113549.1.9.4'), der(0x31, octets(digestOf(info)))),
    ];
    const signed = sign('sha256', der(0x31, ...attributes), this.#clock.privateKey);
    const by = sequence(name('root'), whole(1));
    const signer = sequence(whole(1), by, sha256Id, der(0xa0, ...attributes), ecdsaSha256, octets(signed));
    const content = sequence(infoId, der(0xa0, octets(info)));
    const data = sequence(whole(3), der(0x31, sha256Id), content, der(0x31, signer));
    return sequence(sequence(whole(0)), sequence(oid('1.2.840.113549.1.7.2'), der(0xa0, data)));
  }

  /** A log of one entry: its leaf is its root (RFC 6962, section 2.1). */
  #entry(kind: string, body: Buffer, loggedAtMs: number) {
    const logId = digestOf(spki(this.#log.publicKey));
    const integratedTime = Math.floor(loggedAtMs / 1_000);
    const promise = json.canonicalize({
      ...{ body: body.toString('base64'), integratedTime, logIndex: 7, logID: logId.toString('hex') },
    });
    const rootHash = digestOf(Buffer.from([0]), body).toString('base64');
    const note = `log.example\n1\n${rootHash}\n`;
    const signed = Buffer.concat([logId.subarray(0, 4), sign('sha256', Buffer.from(note), this.#log.privateKey)]);
    return {
      logIndex: '7',
      logId: { keyId: logId.toString('base64') },
      kindVersion: { kind, version: '0.0.1' },
      integratedTime: String(integratedTime),
      inclusionPromise: {
        signedEntryTimestamp: sign('sha256', Buffer.from(promise), this.#log.privateKey).toString('base64'),
      },
      inclusionProof: {
        ...{ logIndex: '0', treeSize: '1', rootHash, hashes: [] },
        checkpoint: { envelope: `${note}\n\u2014 log.example ${signed.toString('base64')}\n` },
      },
      canonicalizedBody: body.toString('base64'),
    };
  }

  /** Of ten minutes, entered into the certificate log before it is issued (RFC 6962, section 3.2). */
  #leaf(key: KeyObject, order: Omit<Signing, 'payload'>): Buffer {
    const { identity: who = identity, issuer: by = issuer, isLogged = true } = order;
    const isAddress = !who.includes('://');
    const extensions = [
      extension('2.5.29.17', sequence(der(isAddress ? 0x81 : 0x86, Buffer.from(who)))),
      extension('1.3.6.1.4.1.57264.1.8', der(0x0c, Buffer.from(by))),
    ];
    const leaf = { subject: '', key, extensions };
    if (!isLogged) return this.#certificate(leaf);
    const before = this.#toSign(leaf);
    const head = Buffer.alloc(12);
    head.writeBigUInt64BE(BigInt(issuedAtMs), 2);
    head.writeUInt16BE(1, 10);
    const length = Buffer.from([0, before.length >> 8, before.length & 255]);
    const issuerId = digestOf(spki(this.#authority.publicKey));
    const signature = sign(
      'sha256',
      Buffer.concat([head, issuerId, length, before, Buffer.alloc(2)]),
      this.#certificateLog.privateKey,
    );
    const entered = Buffer.concat([
      Buffer.from([0]),
      digestOf(spki(this.#certificateLog.publicKey)),
      ...[head.subarray(2, 10), Buffer.alloc(2), Buffer.from([4, 3, 0, signature.length]), signature],
    ]);
    const list = Buffer.concat([Buffer.from([0, entered.length + 2, 0, entered.length]), entered]);
    return this.#certificate({
      ...leaf,
      extensions: [...extensions, extension('1.3.6.1.4.1.11129.2.4.2', octets(list))],
    });
  }

  #certificate(order: CertificateOrder): Buffer {
    const toSign = this.#toSign(order);
    return sequence(toSign, ecdsaSha256, bits(sign('sha256', toSign, this.#authority.privateKey)));
  }

  #toSign({ subject, key, extensions }: CertificateOrder): Buffer {
    const lasts = subject === '' ? lastsMs : 10 * 365 * 86_400_000;
    return sequence(
      der(0xa0, whole(2)),
      whole(1),
      ecdsaSha256,
      name('root'),
      sequence(time(issuedAtMs), time(issuedAtMs + lasts)),
      subject === '' ? sequence() : name(subject),
      spki(key),
      der(0xa3, sequence(...extensions)),
    );
  }
}

interface Signed {
  readonly kind: string;
  readonly spec: object;
  readonly signature: Buffer;
}

interface CertificateOrder {
  readonly subject: string;
  readonly key: KeyObject;
  readonly extensions: readonly Buffer[];
}

const isAuthority = extension('2.5.29.19', sequence(der(0x01, Buffer.from([255]))));
const isClock = extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.8')));
