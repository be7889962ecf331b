/**
 * A bundle signed without a key of one's own: a sigstore bundle beside it names who signed. Its certificate, log entry and time are checked
 * against a trusted root that the user has as a file; nothing is fetched. sigstore's own library verifies
 * (https://docs.sigstore.dev/about/bundle/); what was signed, and by whom, is compared here.
 */
import { createPublicKey } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { FloodgateError } from '../../agent/errors.ts';
import { parseBounded } from './bounded-json.ts';
import { payloadType } from './envelope.ts';
import { keylessBytesMax, keylessLinesMax } from './limits.ts';
import { type Reason, Refused, refused, shown } from './refusal.ts';
import { predicateType, sha256 } from './statement.ts';

/** What GitHub's attest step says of a file (https://slsa.dev/spec/v1.0/provenance). */
export const provenanceType = 'https://slsa.dev/provenance/v1';

export interface KeylessOrder {
  /** Content of a `.sigstore.json`, or of several, one a line. */
  readonly attestations: Buffer;
  readonly roots: readonly TrustMaterial[];
  /** Subject alternative name of the certificate, whole. */
  readonly identity: string;
  /** Who vouched for that identity, whole. */
  readonly issuer: string;
}

/** What has to have been signed: either of both. */
export interface Signable {
  /** The bytes of `signoff.dsse.json`. */
  readonly envelope: Buffer;
  /** The statement within. */
  readonly payload: Buffer;
}

/** @throws FloodgateError `trusted-root-invalid` */
export function readTrustedRoots(bytes: Buffer, file: string): TrustMaterial[] {
  const invalid = (why: string) =>
    new FloodgateError('trusted-root-invalid', `${file}: ${why}`, {
      hint: 'gh attestation trusted-root > trusted-root.jsonl writes one, and so does the cache of cosign (trusted_root.json).',
    });
  const documents = documentsOf(bytes);
  if (typeof documents === 'string') throw invalid(documents);
  return documents.map((value) => {
    const { mediaType } = (value ?? {}) as { mediaType?: unknown };
    if (typeof mediaType !== 'string' || !mediaType.startsWith('application/vnd.dev.sigstore.trustedroot'))
      throw invalid('it is no trusted root of sigstore');
    let trust: TrustMaterial;
    try {
      trust = toTrustMaterial(TrustedRoot.fromJSON(value));
      // The library reads a certificate where it needs it; one that cannot be read is the root's fault, and no attestation's.
      for (const { certChain } of [...trust.certificateAuthorities, ...trust.timestampAuthorities])
        for (const each of certChain) createPublicKey({ key: each.publicKey, format: 'der', type: 'spki' });
    } catch (error) {
      throw invalid(`it cannot be read: ${shown((error as Error).message)}`);
    }
    if (trust.certificateAuthorities.length === 0) throw invalid('it names no certificate authority');
    return trust;
  });
}

/**
 * @returns who signed it, as the certificate says
 * @throws Refused where no attestation is of this statement, by this identity, under one of these roots; the one that came farthest says why
 */
export function verifyKeyless({ attestations, roots, identity, issuer }: KeylessOrder, what: Signable): string {
  const documents = documentsOf(attestations);
  if (typeof documents === 'string') throw refused('attestation-invalid', `the attestation: ${documents}`);
  let farthest = refused('attestation-invalid', 'there is no attestation');
  for (const document of documents) {
    for (const trust of roots) {
      try {
        const bundle = readAttestation(document);
        const signer = signerOf(bundle, trust, what);
        checkContent(bundle, what);
        checkSigner(signer, identity, issuer);
        return `${identity}, vouched for by ${issuer}`;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (stageOf(error) >= stageOf(farthest)) farthest = error;
      }
    }
  }
  throw farthest;
}

const stages: readonly Reason[] = [
  'attestation-invalid',
  ...(['time-invalid', 'certificate-invalid', 'log-invalid', 'signature-invalid'] as const),
  ...(['attestation-differs', 'identity-differs', 'issuer-differs'] as const),
];
const stageOf = ({ refusals }: Refused) => stages.indexOf(refusals[0]!.reason);

/** One JSON document, or one a line. @returns what is wrong with them, in words */
function documentsOf(bytes: Buffer): unknown[] | string {
  if (bytes.length > keylessBytesMax) return `it is larger than ${keylessBytesMax >> 20} MiB`;
  const text = bytes.toString('utf8');
  const whole = parsedOrUndefined(text);
  if (whole !== undefined) return [whole];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > keylessLinesMax) return `it has more than ${keylessLinesMax} lines`;
  const each = lines.map(parsedOrUndefined);
  return each.length === 0 || each.includes(undefined) ? 'it is no JSON' : each;
}

function parsedOrUndefined(text: string): unknown {
  try {
    return parseBounded(text);
  } catch {
    return undefined;
  }
}

function readAttestation(document: unknown): Bundle {
  let bundle: Bundle;
  try {
    bundle = bundleFromJSON(document);
  } catch (error) {
    throw refused('attestation-invalid', `it is no sigstore bundle: ${shown((error as Error).message)}`);
  }
  if (bundle.verificationMaterial.content.$case === 'publicKey')
    throw refused('attestation-invalid', 'it was signed with a key, and has no certificate that names anybody');
  return bundle;
}

type Signer = ReturnType<Verifier['verify']>;

/** A log and a certificate's log are asked for where the root has any: GitHub's own, for private repositories, has clocks alone. */
function signerOf(bundle: Bundle, trust: TrustMaterial, { envelope }: Signable): Signer {
  checkDigest(bundle, envelope);
  const verifier = new Verifier(trust, {
    tlogThreshold: trust.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: trust.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
  try {
    return verifier.verify(toSignedEntity(bundle, envelope));
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    throw refused(reasonOf(code), shown(String(message)));
  }
}

function reasonOf(code: unknown): Reason {
  if (code === 'TIMESTAMP_ERROR') return 'time-invalid';
  if (code === 'CERTIFICATE_ERROR') return 'certificate-invalid';
  if (code === 'SIGNATURE_ERROR') return 'signature-invalid';
  return typeof code === 'string' && code.startsWith('TLOG_') ? 'log-invalid' : 'attestation-invalid';
}

/** A plain signature of a file (`cosign sign-blob`) names the file's digest. */
function checkDigest(bundle: Bundle, envelope: Buffer): void {
  if (bundle.content.$case !== 'messageSignature') return;
  const digest = bundle.content.messageSignature.messageDigest?.digest;
  if (digest && digest.toString('hex') !== sha256(envelope))
    throw refused('attestation-differs', 'it signs another file than signoff.dsse.json of this bundle');
}

/** The statement itself, or a statement about the file that holds it. */
function checkContent(bundle: Bundle, { envelope, payload }: Signable): void {
  // The signature was verified over the bytes of the file.
  if (bundle.content.$case === 'messageSignature') return;
  const { dsseEnvelope } = bundle.content;
  if (dsseEnvelope.payloadType !== payloadType)
    throw refused('attestation-differs', `it holds no in-toto statement but "${shown(dsseEnvelope.payloadType)}"`);
  if (dsseEnvelope.payload.equals(payload)) return;
  const said = (parsedOrUndefined(dsseEnvelope.payload.toString('utf8')) ?? {}) as AboutFile;
  const digests = [sha256(envelope), sha256(payload)];
  const names =
    Array.isArray(said.subject) && said.subject.some((each) => digests.includes(each?.digest?.sha256 ?? ''));
  if (!names) throw refused('attestation-differs', 'it is neither this statement, nor about the file that holds it');
  if (said.predicateType === provenanceType) return;
  // Whoever says something else of the file (that it was scanned, that it was refused) has not signed it.
  const { predicate } = (parsedOrUndefined(payload.toString('utf8')) ?? {}) as AboutFile;
  if (said.predicateType === predicateType && isDeepStrictEqual(said.predicate, predicate)) return;
  throw refused('attestation-differs', `it says something else of the file: ${shown(String(said.predicateType))}`);
}

interface AboutFile {
  readonly subject?: readonly ({ readonly digest?: { readonly sha256?: string } } | null)[];
  readonly predicateType?: string;
  readonly predicate?: unknown;
}

const nameExtension = '2.5.29.17';
const issuerExtensions = ['1.3.6.1.4.1.57264.1.8', '1.3.6.1.4.1.57264.1.1'];

/** Whole and exact: the library takes a pattern, and drops the high bit of each character. So the bytes are looked for as well. */
function checkSigner({ identity: found }: Signer, identity: string, issuer: string): void {
  const holds = (ids: readonly string[], text: string) =>
    found?.oids?.some(({ oid, value }) => ids.includes(oid?.id.join('.') ?? '') && value.includes(text)) === true;
  const name = found?.subjectAlternativeName ?? '';
  if (name !== identity || !holds([nameExtension], identity))
    throw refused('identity-differs', `it was signed by ${shown(name)}, not by ${shown(identity)}`);
  const by = found?.extensions?.issuer ?? '';
  if (by !== issuer || !holds(issuerExtensions, issuer))
    throw refused('issuer-differs', `${shown(by)} vouched for who signed it, not ${shown(issuer)}`);
}
