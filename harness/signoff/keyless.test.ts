/** A bundle signed without a key is verified by who signed it; each way to bend the attestation is refused for the reason beside it. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { verifyPlace } from '../commands/verify-command.ts';
import { writeArchive } from './archive.ts';
import { writeFolder } from './bundle-files.ts';
import { release, sealedFixture, signedAt, stranger } from './bundle-fixture.ts';
import type { BundleFiles } from './bundle-room.ts';
import { envelopeName, keyIdOf } from './envelope.ts';
import { provenanceType, readTrustedRoots } from './keyless.ts';
import { type Attestation, identity, issuer, SigstoreInstance } from './keyless-fixture.ts';
import { defaultPolicy } from './policy.ts';
import type { Reason } from './refusal.ts';
import { predicateType } from './statement.ts';
import { type VerifyOrder, verifyBundle } from './verify.ts';

const folder = t.testdir();
const { files: unsigned } = await sealedFixture(path.join(folder, 'work'), { key: undefined });
const envelope = unsigned.get(envelopeName)!;
const payload = Buffer.from(JSON.parse(envelope.toString()).payload, 'base64');
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

const instance = new SigstoreInstance();
const other = new SigstoreInstance();
const bytesOf = (...documents: readonly object[]) =>
  Buffer.from(documents.map((each) => JSON.stringify(each)).join('\n'));
const roots = (...all: readonly object[]) => readTrustedRoots(bytesOf(...all), 'trusted-root.jsonl');
const trusted = roots(instance.trustedRoot());

/** What the attest step says of the file. */
const about = (file: Buffer, type: string = provenanceType, predicate: object = { buildDefinition: {} }) =>
  Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: envelopeName, digest: { sha256: sha256(file) } }],
      ...{ predicateType: type, predicate },
    }),
  );

const verified = (
  attestations: Buffer,
  order: Partial<NonNullable<VerifyOrder['keyless']>> = {},
  { files = unsigned, key }: { files?: BundleFiles; key?: VerifyOrder['key'] } = {},
) =>
  verifyBundle({
    ...{ files, key, allowsUnsigned: false, policy: defaultPolicy, candidate: undefined, toolVersion: '0.1.0' },
    nowMs: Date.parse(signedAt),
    keyless: { attestations, roots: trusted, identity, issuer, ...order },
  });

const signed = instance.attest({ payload });

t.test('who signed it without a key is found, whichever tool did it', async (t) => {
  const ways: Record<string, Buffer> = {
    'the statement itself': bytesOf(signed),
    'a provenance of the file that holds it': bytesOf(instance.attest({ payload: about(envelope) })),
    'a provenance of the statement as a file': bytesOf(instance.attest({ payload: about(payload) })),
    'the same result about the file': bytesOf(
      instance.attest({ payload: about(envelope, predicateType, JSON.parse(payload.toString()).predicate) }),
    ),
    'a plain signature of the file': bytesOf(instance.signFile({ payload: envelope })),
    'one of several': bytesOf(
      instance.attest({ payload: about(Buffer.from('another')) }),
      signed,
      other.attest({ payload }),
    ),
  };
  for (const [name, attestations] of Object.entries(ways)) {
    const found = await verified(attestations);
    t.same(found.refusals, [], name);
    t.equal(found.signedBy, `${identity}, vouched for by ${issuer}`);
    t.match(found.checks[0], /^signed without a key by https:/);
    t.equal(found.report?.verdict.ok, true, 'and all the rest was verified too');
  }
  t.same((await verified(bytesOf(signed), { roots: roots(other.trustedRoot(), instance.trustedRoot()) })).refusals, []);
  const person = instance.attest({ payload, identity: 'anna@acme.example' });
  t.same((await verified(bytesOf(person), { identity: 'anna@acme.example' })).refusals, []);
});

t.test('a log of certificates is asked for where the root has one', async (t) => {
  const unlogged = bytesOf(instance.attest({ payload, isLogged: false }));
  t.same((await verified(unlogged)).refusals[0]?.reason, 'certificate-invalid');
  const withoutLogs = { ...instance.trustedRoot(), ctlogs: [] };
  t.same((await verified(unlogged, { roots: roots(withoutLogs) })).refusals, []);
});

t.test('a clock stands in for the log where the root has no log, as with GitHub’s own', async (t) => {
  const own = roots({ ...instance.trustedRoot(), tlogs: [], ctlogs: [] });
  const timed = { payload: about(envelope), byClock: true, isLogged: false };
  const clocked = bytesOf(instance.attest(timed));
  t.same((await verified(clocked, { roots: own })).refusals, []);
  const reasonOf = async (attestation: Attestation, order: Parameters<typeof verified>[1]) =>
    (await verified(bytesOf(attestation), order)).refusals[0]?.reason;
  const noClock = roots({ ...instance.trustedRoot(), tlogs: [], ctlogs: [], timestampAuthorities: [] });
  t.equal(await reasonOf(instance.attest(timed), { roots: noClock }), 'time-invalid');
  const otherClock = {
    ...instance.trustedRoot(),
    tlogs: [],
    timestampAuthorities: other.trustedRoot().timestampAuthorities,
  };
  t.equal(await reasonOf(instance.attest(timed), { roots: roots(otherClock) }), 'time-invalid');
  t.equal(
    await reasonOf(instance.attest({ ...timed, isLogged: true }), {}),
    'log-invalid',
    'a root with a log asks for it',
  );
  const late = instance.attest({ ...timed, loggedAtMs: Date.parse('2026-11-29T20:30:00Z') });
  t.equal(await reasonOf(late, { roots: own }), 'certificate-invalid');
  const stamps = 'timestampVerificationData';
  const lent = bent((all) => {
    all.verificationMaterial[stamps] = instance.attest(timed).verificationMaterial[stamps];
  }, instance.attest(timed));
  t.equal(await reasonOf(lent, { roots: own }), 'time-invalid', 'the time of another signature');
  const unknownLog = instance.attest({ payload, isLogged: false });
  t.equal(await reasonOf(unknownLog, { roots: own }), 'log-invalid', 'an entry of a log that the root does not know');
});

t.test('a key and an attestation both have to fit', async (t) => {
  const { files } = await sealedFixture(path.join(folder, 'keyed'));
  const both = bytesOf(instance.signFile({ payload: files.get(envelopeName)! }));
  const found = await verified(both, {}, { files, key: release.publicKey });
  t.same(found.refusals, []);
  t.equal(found.signedBy, keyIdOf(release.publicKey));
  t.match(found.checks, [/^signed by key/, /^signed without a key by/]);
  const stranded = await verified(both, {}, { files, key: stranger.publicKey });
  t.equal(stranded.refusals[0]?.reason, 'key-unknown');
  t.equal((await verified(bytesOf(signed), {}, { key: release.publicKey })).refusals[0]?.reason, 'unsigned');
});

function bent(bend: (all: Attestation) => void, of: Attestation = signed): Attestation {
  const copy = structuredClone(of);
  bend(copy);
  return copy;
}
const entry = (bend: (entry: Attestation) => void) => bent((all) => bend(all.verificationMaterial.tlogEntries[0]));
const flipped = (base64: string, at = 40) => {
  const bytes = Buffer.from(base64, 'base64');
  bytes[at]! ^= 1;
  return bytes.toString('base64');
};
const changed = Buffer.from(payload.toString().replace('v1.4.0', 'v1.4.1'));
const lookalike = `${identity}\u0000`;

type Row = readonly [name: string, attestation: Attestation, reason: Reason, order?: Parameters<typeof verified>[1]];
const table: Row[] = [
  ['signed by somebody else', instance.attest({ payload, identity: `${identity}-x` }), 'identity-differs'],
  ['a pattern is no identity', signed, 'identity-differs', { identity: 'https://github.com/acme/.*' }],
  ['the beginning of an identity', signed, 'identity-differs', { identity: identity.slice(0, -1) }],
  ['an identity with a character more', instance.attest({ payload, identity: lookalike }), 'identity-differs'],
  [
    'high bits that the library drops',
    instance.attest({ payload, identity: 'a\u{c9c1}@x.example' }),
    'identity-differs',
    {
      identity: Buffer.from('a\u{c9c1}@x.example')
        .map((byte) => byte & 127)
        .toString(),
    },
  ],
  ['vouched for by another', instance.attest({ payload, issuer: 'https://login.example' }), 'issuer-differs'],
  ['another issuer is asked for', signed, 'issuer-differs', { issuer: 'https://accounts.google.com' }],
  ['the beginning of an issuer', signed, 'issuer-differs', { issuer: issuer.slice(0, -1) }],
  ['another statement', instance.attest({ payload: changed }), 'attestation-differs'],
  ['about another file', instance.attest({ payload: about(Buffer.from('another')) }), 'attestation-differs'],
  [
    'something else about the file',
    instance.attest({ payload: about(envelope, 'https://x.example/scan') }),
    'attestation-differs',
  ],
  [
    'another result about the file',
    instance.attest({ payload: about(envelope, predicateType, { result: 'PASSED' }) }),
    'attestation-differs',
  ],
  ['no statement', instance.attest({ payload, type: 'text/plain' }), 'attestation-differs'],
  [
    'a predicate named twice',
    instance.attest({
      payload: Buffer.from(
        about(envelope)
          .toString()
          .replace('"predicateType":', '"predicateType":"https://x.example/scan","predicateType":'),
      ),
    }),
    'attestation-differs',
  ],
  ['no JSON within', instance.attest({ payload: Buffer.from('null') }), 'attestation-differs'],
  ['the plain signature of another file', instance.signFile({ payload: changed }), 'attestation-differs'],
  [
    'the same, with the digest of this one',
    bent(
      (all) =>
        void (all.messageSignature.messageDigest.digest = createHash('sha256').update(envelope).digest('base64')),
      instance.signFile({ payload: changed }),
    ),
    'log-invalid',
  ],
  ['of an instance that the root does not know', other.attest({ payload }), 'certificate-invalid'],
  ['under another root', signed, 'certificate-invalid', { roots: roots(other.trustedRoot()) }],
  [
    'under a root with another log',
    signed,
    'log-invalid',
    { roots: roots({ ...instance.trustedRoot(), tlogs: other.trustedRoot().tlogs }) },
  ],
  [
    'under a root with another log of certificates',
    signed,
    'certificate-invalid',
    { roots: roots({ ...instance.trustedRoot(), ctlogs: other.trustedRoot().ctlogs }) },
  ],
  [
    'logged after its certificate had ended',
    instance.attest({ payload, loggedAtMs: Date.parse('2026-11-29T20:30:00Z') }),
    'certificate-invalid',
  ],
  [
    'the log’s body by a bit',
    entry((all) => void (all.canonicalizedBody = flipped(all.canonicalizedBody))),
    'log-invalid',
  ],
  ['the log’s time', entry((all) => void (all.integratedTime = String(Number(all.integratedTime) + 1))), 'log-invalid'],
  ['the log’s index', entry((all) => void (all.logIndex = '8')), 'log-invalid'],
  [
    'the log’s promise by a bit',
    entry(({ inclusionPromise: it }) => void (it.signedEntryTimestamp = flipped(it.signedEntryTimestamp))),
    'log-invalid',
  ],
  [
    'the log’s checkpoint',
    entry(({ inclusionProof: { checkpoint: it } }) => void (it.envelope = it.envelope.replace('\n1\n', '\n2\n'))),
    'log-invalid',
  ],
  [
    'the entry of another attestation',
    entry((all) => void Object.assign(all, instance.attest({ payload }).verificationMaterial.tlogEntries[0])),
    'log-invalid',
  ],
  ['no entry', bent((all) => void (all.verificationMaterial.tlogEntries = [])), 'time-invalid'],
  [
    'the certificate of another attestation',
    bent(
      (all) =>
        void (all.verificationMaterial.certificate = instance.attest({ payload }).verificationMaterial.certificate),
    ),
    'signature-invalid',
  ],
  ['the payload exchanged', bent((all) => void (all.dsseEnvelope.payload = changed.toString('base64'))), 'log-invalid'],
  [
    'another name in the certificate',
    bent(({ verificationMaterial: { certificate: it } }) => {
      const bytes = Buffer.from(it.rawBytes, 'base64');
      bytes[bytes.indexOf('acme')] = 'A'.charCodeAt(0);
      it.rawBytes = bytes.toString('base64');
    }),
    'certificate-invalid',
  ],
  [
    'a certificate of nothing',
    bent((all) => void (all.verificationMaterial.certificate.rawBytes = Buffer.alloc(64, 0x30).toString('base64'))),
    'attestation-invalid',
  ],
  [
    'a key instead of a certificate',
    bent((all) => void (all.verificationMaterial = { publicKey: { hint: 'mine' }, tlogEntries: [] })),
    'attestation-invalid',
  ],
  ['no sigstore bundle', { mediaType: 'text/plain' }, 'attestation-invalid'],
  ['null', null, 'attestation-invalid'],
];

t.test('an attestation that names a member twice is refused', async (t) => {
  const text = JSON.stringify(signed).replace('{"', '{"mediaType":"text/plain","');
  const found = await verified(Buffer.from(text));
  t.match(found.refusals, [{ reason: 'attestation-invalid', text: /JSON/ }]);
});

t.test(`${table.length} attestations that are refused`, async (t) => {
  for (const [name, attestation, reason, order] of table) {
    const { refusals, report, signedBy } = await verified(bytesOf(attestation), order);
    t.equal(refusals[0]?.reason, reason, `${name}: ${refusals[0]?.text}`);
    t.same([report, signedBy], [null, undefined], 'and nothing behind it is shown');
  }
  for (const text of ['', '{"mediaType":', 'x\n'.repeat(5), '{}\n'.repeat(40)])
    t.equal(
      (await verified(Buffer.from(text))).refusals[0]?.reason,
      'attestation-invalid',
      JSON.stringify(text.slice(0, 20)),
    );
});

t.test('the rest of the bundle is verified as ever', async (t) => {
  const files = new Map(unsigned);
  files.set('signoff.html', Buffer.from('<h1>All is well</h1>'));
  const found = await verified(bytesOf(signed), {}, { files });
  t.equal(found.refusals[0]?.reason, 'digest-mismatch');
});

t.test('a trusted root that is none is said to be none', (t) => {
  const root = instance.trustedRoot();
  const [authority] = root.certificateAuthorities;
  for (const bytes of [
    ...[Buffer.from(''), Buffer.from('no'), bytesOf(signed), bytesOf({ ...root, certificateAuthorities: [] })],
    bytesOf({
      ...root,
      certificateAuthorities: [{ ...authority, certChain: { certificates: [{ rawBytes: 'MAA=' }] } }],
    }),
    bytesOf({ ...root, tlogs: [{}] }),
    Buffer.from('null'),
  ])
    t.throws(() => readTrustedRoots(bytes, 'root.json'), { code: 'trusted-root-invalid' });
  t.end();
});

t.test('the command takes the four files together, of a folder and of an archive', async (t) => {
  const place = path.join(folder, 'signoff-v1.4.0');
  writeFolder(place, unsigned);
  writeArchive(place, `${place}.tar.gz`, [...unsigned.keys()]);
  const sigstore = path.join(folder, 'signoff.sigstore.json');
  const trustedRoot = path.join(folder, 'trusted-root.jsonl');
  writeFileSync(sigstore, bytesOf(signed));
  writeFileSync(trustedRoot, bytesOf(other.trustedRoot(), instance.trustedRoot()));
  const flags = { sigstore, trustedRoot, identity, issuer };
  for (const bundle of [place, `${place}.tar.gz`]) {
    const { refusals, signedBy } = (await verifyPlace(bundle, flags)).verified;
    t.notOk(
      refusals.some(({ reason }) => reason !== 'from-the-future' && reason !== 'waiver-expired'),
      bundle,
    );
    t.match(signedBy, identity);
  }
  await t.rejects(verifyPlace(place, { sigstore, identity, issuer }), { code: 'option-invalid' });
  await t.rejects(verifyPlace(place, { identity }), { code: 'option-invalid' });
  await t.rejects(verifyPlace(place, { ...flags, sigstore: `${sigstore}.none` }), { code: 'file-unreadable' });
});
