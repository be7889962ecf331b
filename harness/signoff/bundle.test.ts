/** The bundle as others see it: its envelope by sigstore's library and by OpenSSL, its statement by in-toto's schema, its files by hostile hands. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundleFromJSON } from '@sigstore/bundle';
import { type TrustMaterial, toSignedEntity, Verifier } from '@sigstore/verify';
import t from 'tap';
import * as v from 'valibot';
import type { SignoffReport } from '../../reports/signoff.ts';
import { readPublicKey } from '../commands/key-file.ts';
import { withSources } from '../compare/sampled-sites.ts';
import { writeArchive } from './archive.ts';
import { readBundle, writeFolder } from './bundle-files.ts';
import { release, sealedFixture, signedAt, stranger } from './bundle-fixture.ts';
import type { BundleFiles } from './bundle-room.ts';
import { envelopeName } from './envelope.ts';
import { statementSchema } from './in-toto-fixture.ts';
import { defaultPolicy } from './policy.ts';
import { rawRules } from './raw-rules.ts';
import { sitesFault } from './raw-summary.ts';
import { Refused, reasons } from './refusal.ts';
import { folderAtHand, readSourceList, sourceFiles, sourceListText } from './source-list.ts';
import { verifyBundle } from './verify.ts';

// Nothing here is about how long it takes, on however busy a machine.
t.setTimeout(600_000);
const folder = t.testdir();
const { files: clean } = await sealedFixture(path.join(folder, 'work'));
const place = path.join(folder, 'signoff-v1.4.0');
mkdirSync(place);
writeFolder(place, clean);
const docs = readFileSync(new URL('../../docs/signoff.md', import.meta.url), 'utf8');

const refusalsOf = async (files: BundleFiles, toolVersion = '0.1.0') =>
  (
    await verifyBundle({
      ...{ files, key: release.publicKey, allowsUnsigned: false, policy: defaultPolicy, candidate: undefined },
      ...{ toolVersion, nowMs: Date.parse(signedAt) },
    })
  ).refusals;

t.test('sigstore’s library verifies the envelope, and refuses it by another key', async (t) => {
  const bundle = bundleFromJSON({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: 'release' }, tlogEntries: [] },
    dsseEnvelope: JSON.parse(clean.get(envelopeName)!.toString()),
  });
  const by = (key: typeof release.publicKey) => {
    const trust: TrustMaterial = {
      ...{ certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [] },
      publicKey: () => ({ publicKey: key, validFor: () => true }),
    };
    return new Verifier(trust, { tlogThreshold: 0, ctlogThreshold: 0, timestampThreshold: 0 });
  };
  t.doesNotThrow(() => by(release.publicKey).verify(toSignedEntity(bundle)));
  t.throws(() => by(stranger.publicKey).verify(toSignedEntity(bundle)), { code: 'SIGNATURE_ERROR' });
});

t.test('the lines of OpenSSL in docs/signoff.md verify it', (t) => {
  const lines = /```sh\n(# openssl-verify\n.*?)```/s.exec(docs)![1]!;
  t.ok(lines.trim().split('\n').length <= 10, 'ten lines at most');
  if (spawnSync('openssl', ['version']).status !== 0) {
    t.comment('OPENSSL IS NOT INSTALLED: its verification of the envelope is NOT tested');
    t.end();
    return;
  }
  const verify = (key: typeof release.publicKey) => {
    writeFileSync(path.join(folder, 'release.pub'), key.export({ type: 'spki', format: 'pem' }));
    return spawnSync('sh', ['-e', '-c', lines], { cwd: folder, encoding: 'utf8' });
  };
  const good = verify(release.publicKey);
  t.equal(good.status, 0, good.stderr);
  t.match(good.stdout, /Signature Verified Successfully/);
  t.not(verify(stranger.publicKey).status, 0, 'not by another key');
  t.end();
});

t.test('the statement is one by in-toto’s schema', async (t) => {
  const { payload } = JSON.parse(clean.get(envelopeName)!.toString());
  const statement = JSON.parse(Buffer.from(payload, 'base64').toString());
  const checked = v.safeParse(statementSchema, statement);
  t.ok(checked.success, JSON.stringify(checked.issues?.map(({ message }) => message)));
  t.match(
    statement.subject.map(({ name }: { name: string }) => name),
    ['v1.4.0', 'candidate.sha256', 'source/package.json', 'source/src/server.mjs'],
  );
  const [metric] = statement.predicate['urn:floodgate:signoff:v1'].metrics;
  t.match(metric, { metric: 'rss.p99', comparator: '<=', threshold: Number, sampleSize: Number, passed: Boolean });
  for (const bad of [
    { ...statement, subject: [] },
    { ...statement, comment: 'x' },
    { ...statement, _type: 'x' },
  ]) {
    t.notOk(v.is(statementSchema, bad), 'the schema refuses what is none');
  }
});

t.test('docs/signoff.md names every reason of a refusal, and every rule of raw data', async (t) => {
  for (const [reason, hint] of Object.entries(reasons)) t.ok(docs.includes(`| \`${reason}\` | ${hint} |`), reason);
  for (const { name, rule, why } of rawRules) t.ok(docs.includes(`| ${name} | ${rule} | ${why} |`), name);
});

t.test('call sites are as a comparison writes them, with lines of source', (t) => {
  const folder = t.testdir({ 'server.mjs': 'export function answer() {\n  const all = [];\n  return all;\n}\n' });
  const site = { file: 'server.mjs', line: 1, functionName: 'answer', isOffHeap: false, origin: null, source: null };
  const grown = (changed?: number[]) =>
    withSources([{ ...site, baseBytes: 1, headBytes: 1e6, errorBytes: 1, ...(changed && { changed }) }], folder);
  const faultOf = (sites: readonly object[]) =>
    sitesFault({
      scenarios: [{ name: 'cart', comparisons: [{ result: { metrics: [{ decision: 'worse' }], sites } }] }],
    } as unknown as SignoffReport);
  for (const changed of [undefined, [], [2], [2, 3]]) {
    const [first] = grown(changed);
    t.ok(first?.source, 'its lines are there');
    t.equal(faultOf([first!]), undefined, `changed: ${changed}`);
    t.ok(faultOf([{ ...first, source: { ...first!.source, approvedBy: 'anna' } }]), 'and nothing else');
  }
  t.end();
});

t.test('a folder and an archive hold the same; another tar’s as well', async (t) => {
  t.same(await readBundle(place), new Map([...clean].sort()), 'the folder');
  const archive = path.join(folder, 'bundle.tar.gz');
  writeArchive(place, archive, [...clean.keys()]);
  t.same(await refusalsOf(await readBundle(archive)), []);
  const other = path.join(folder, 'other.tar.gz');
  execFileSync('tar', ['-czf', other, '-C', place, '.']);
  t.same(await refusalsOf(await readBundle(other)), []);
});

t.test('the example in docs/ comes to its verdict, by the rules of its schema version', async (t) => {
  const at = (name: string) => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
  const files = await readBundle(at('signoff-example.tar.gz'));
  const { report, refusals } = await verifyBundle({
    ...{ files, key: readPublicKey(at('signoff-example.pub')), allowsUnsigned: false, policy: defaultPolicy },
    // As a later version looks at it: words may change, and metrics be added.
    ...{ candidate: undefined, toolVersion: 'later', nowMs: Date.parse('2026-12-02T00:00:00Z') },
  });
  t.same(refusals, []);
  t.match(report, { release: 'v1.4.0', previous: { label: 'v1.3.2' }, verdict: { ok: true, exitCode: 0 } });
});

/** A header of a tar entry as POSIX.1-1988 has it (ustar), with content behind it. */
function entry(name: string, type: string, content = '', link = '', own: (head: Buffer) => void = () => {}): Buffer {
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write('0000644\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  head.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  head.write('00000000000\0', 136);
  head.write('        ', 148);
  head.write(type, 156);
  head.write(link, 157);
  head.write('ustar\u000000', 257);
  own(head);
  const sum = head.reduce((all, byte) => all + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([head, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** A record of a pax header (POSIX.1-2001), up to 99 bytes. */
const record = (name: string, value: string) => `${name.length + value.length + 5} ${name}=${value}\n`;

t.test('what another tar would unpack otherwise is refused', async (t) => {
  const whole = entry('a', '0', 'x');
  const other = entry('b', '0', 'y');
  const end = Buffer.alloc(1024);
  const packed = (...pieces: Buffer[]) => gzipSync(Buffer.concat(pieces));
  const good = packed(whole, end);
  const rows: [name: string, bytes: Buffer, reason?: string][] = [
    ...[...'Z789AEINSaDMVXgxLK \0'].map((type): [string, Buffer] => [
      `an entry of type ${JSON.stringify(type)}`,
      packed(whole, entry('b', type, 'y'), end),
    ]),
    ['a pax header', packed(entry('PaxHeader', 'x', record('path', 'other')), whole, end)],
    ['a long pax header', packed(entry('PaxHeader', 'x', record('path', 'other').repeat(7_000)), whole, end)],
    ['a pax header for all', packed(entry('g', 'g', record('comment', 'hello')), whole, end)],
    ['a name of a sparse file', packed(entry('p', 'x', record('GNU.sparse.name', 'other')), whole, end)],
    ['a sparse file of GNU tar', packed(entry('a', 'S', 'x'), end)],
    [
      'fields of GNU tar',
      packed(
        entry('a', '0', 'x', '', (head) => head.write('ustar  \u00000000017', 257)),
        entry('b', '0', '', '', (head) => {
          head.write('ustar  \0', 257);
          head.write('0000017', 386);
        }),
        end,
      ),
    ],
    [
      'fields of star',
      packed(
        entry('a', '0', 'x', '', (head) => head.write('tar\0', 508)),
        end,
      ),
    ],
    [
      'a header of V7',
      packed(
        entry('a', '0', 'x', '', (head) => head.fill(0, 257, 265)),
        end,
      ),
    ],
    ['a name behind the name', packed(entry('a\0b', '0', 'x'), end)],
    [
      'a size in base 256',
      packed(
        entry('a', '0', 'x', '', (head) => head.fill('800000000000000000000001', 124, 136, 'hex')),
        end,
      ),
    ],
    ['a folder with content', packed(entry('b/', '5', 'y'), end)],
    ['a file that names a link', packed(entry('a', '0', 'x', 'b'), end)],
    [
      'a file with special rights',
      packed(
        entry('a', '0', 'x', '', (head) => head.write('0004755\0', 100)),
        end,
      ),
    ],
    ['a file that is a folder', packed(whole, entry('a/b', '0', 'y'), end), 'file-path'],
    ['a file between two files', packed(entry('a', '0', 'x').fill('z', 1016), end)],
    ['no header', packed(entry('a', '0', 'x'), Buffer.alloc(512, 1), other, end)],
    ['a file behind the end', packed(entry('a', '0', 'x'), end, other, end)],
    ['a file behind half an end', packed(entry('a', '0', 'x'), end.subarray(512), other, end)],
    ['no end', packed(entry('a', '0', 'x'))],
    ['half an end', packed(entry('a', '0', 'x'), end.subarray(512))],
    ['half a block', packed(entry('a', '0', 'x'), end, Buffer.alloc(100))],
    ['a second gzip member', Buffer.concat([packed(entry('a', '0', 'x')), packed(other, end)])],
    ['a second gzip member behind the end', Buffer.concat([good, packed(other, end)])],
    ['a second gzip member of zeros', Buffer.concat([good, packed(end)])],
    ['words behind the gzip member', Buffer.concat([good, Buffer.from('junk')])],
    ['zeros behind the gzip member', Buffer.concat([good, Buffer.alloc(64)])],
    ['words behind zeros behind the gzip member', Buffer.concat([good, Buffer.from('\0junk'), good.subarray(-4)])],
  ];
  const file = path.join(folder, 'other.tar.gz');
  for (const [name, bytes, reason = 'bundle-unreadable'] of rows) {
    writeFileSync(file, bytes);
    t.equal(await reasonOf(file), reason, name);
  }
  writeFileSync(file, good);
  t.same(await readBundle(file), new Map([['a', Buffer.from('x')]]), 'and without it is read');
});

t.test('the folder packed with its name is the same bundle; a folder without files was not signed', async (t) => {
  const place = path.join(folder, 'packed', 'signoff-v1');
  mkdirSync(place, { recursive: true });
  writeFolder(place, clean);
  const file = path.join(folder, 'packed.tar.gz');
  const pack = (...words: string[]) => execFileSync('tar', ['--format=ustar', '-czf', file, ...words]);
  pack('-C', path.dirname(place), 'signoff-v1');
  t.same(await readBundle(file), await readBundle(place), 'with its name');
  t.same(await refusalsOf(await readBundle(file)), []);
  writeFileSync(path.join(path.dirname(place), 'beside'), '');
  pack('-C', path.dirname(place), 'signoff-v1', 'beside');
  const missing = 'signoff.dsse.json is missing, but stands in signoff-v1: give that folder';
  t.match(
    await refusalsOf(await readBundle(file)),
    [{ reason: 'envelope-missing', text: missing }],
    'with another file',
  );
  t.match(await refusalsOf(await readBundle(path.dirname(place))), [{ text: missing }], 'the folder above');
  mkdirSync(path.join(place, 'runs', 'APPROVED by security', 'below'), { recursive: true });
  t.equal(await reasonOf(place), 'file-unexpected', 'a folder');
  pack('-C', place, '.');
  t.equal(await reasonOf(file), 'file-unexpected', 'an archive');
  pack('-C', path.dirname(place), 'signoff-v1');
  t.equal(await reasonOf(file), 'file-unexpected', 'an archive with its name');
});

t.test('a long path is read as it was written', async (t) => {
  const long = path.join(folder, 'long');
  const name = `pairs/${'s'.repeat(80)}/exact/12-head/measurement.json`;
  mkdirSync(long);
  writeFolder(long, new Map([[name, Buffer.from('x')]]));
  const file = path.join(folder, 'long.tar.gz');
  writeArchive(long, file, [name]);
  t.same([...(await readBundle(file)).keys()], [name]);
});

t.test(
  'another tar’s archive with long names is read as ustar; its own extensions are refused with what to do',
  async (t) => {
    const long = path.join(folder, 'long-names');
    const name = `pairs/${'s'.repeat(80)}/exact/12-head/measurement.json`;
    mkdirSync(long);
    writeFolder(long, new Map([[name, Buffer.from('x')]]));
    const file = path.join(folder, 'long-names.tar.gz');
    const pack = (format: string) => execFileSync('tar', [`--format=${format}`, '-czf', file, '-C', long, '.']);
    pack('ustar');
    t.same([...(await readBundle(file)).keys()], [name]);
    for (const format of ['gnu', 'pax']) {
      pack(format);
      await t.rejects(readBundle(file), { message: /pack it with tar --format=ustar$/ }, format);
    }
  },
);

t.test('an archive that unpacks to too much ends at the limits', async (t) => {
  const file = path.join(folder, 'bomb.tar.gz');
  const zeros = Buffer.alloc(64 << 20);
  const startedAt = process.cpuUsage();
  writeFileSync(file, gzipSync(Buffer.concat([zeros, randomBytes(1 << 20)])));
  const packedBy = process.cpuUsage(startedAt);
  const readFrom = process.cpuUsage();
  t.equal(await reasonOf(file), 'bundle-too-large', 'zeros');
  t.ok(process.cpuUsage(readFrom).user < packedBy.user, 'in less time than it took to pack');
  writeFileSync(file, gzipSync(Buffer.concat([entry('a', '0', '0'.repeat(16 << 20)), Buffer.alloc(1024)])));
  t.equal(await reasonOf(file), 'bundle-too-large', 'a file of zeros');
  const many = Array.from({ length: 50_001 }, (_, at) => entry(`f${at}`, '0'));
  many.push(entry('r', '0', randomBytes(1 << 20).toString('latin1')), Buffer.alloc(1024));
  writeFileSync(file, gzipSync(Buffer.concat(many)));
  t.equal(await reasonOf(file), 'bundle-too-large', 'files without content');
});

t.test('a folder that cannot be read is refused', async (t) => {
  const closed = path.join(folder, 'closed');
  mkdirSync(path.join(closed, 'runs'), { recursive: true });
  chmodSync(path.join(closed, 'runs'), 0o600);
  t.equal(await unprivileged(() => reasonOf(path.join(closed, 'runs', 'a'))), 'bundle-unreadable', 'what is in it');
  chmodSync(path.join(closed, 'runs'), 0);
  t.equal(await unprivileged(() => reasonOf(path.join(closed, 'runs'))), 'bundle-unreadable', 'the folder');
  const asCandidate = unprivileged(async () => folderAtHand(path.join(closed, 'runs')));
  await t.rejects(asCandidate, { code: 'source-unreadable', message: /closed\/runs cannot be read/ }, 'a candidate');
  chmodSync(path.join(closed, 'runs'), 0o700);
  t.equal(await reasonOf(path.join(folder, 'x'.repeat(300))), 'bundle-unreadable', 'a name that no folder has');
});

/** As root reads what it likes, without its rights. */
async function unprivileged<T>(act: () => Promise<T>): Promise<T> {
  if (process.geteuid!() !== 0) return act();
  process.seteuid!(65_534);
  try {
    return await act();
  } finally {
    process.seteuid!(0);
  }
}

t.test('hostile archives and folders are refused, and write nothing anywhere', async (t) => {
  const end = Buffer.alloc(1024);
  const packed = (...entries: Buffer[]) => gzipSync(Buffer.concat([...entries, end]));
  const archives: [name: string, bytes: Buffer, reason: string][] = [
    ['a link', packed(entry('signoff.json', '2', '', '/etc/passwd')), 'file-link'],
    ['a hard link', packed(entry('signoff.json', '1', '', 'other')), 'file-link'],
    ['a device', packed(entry('signoff.json', '3')), 'file-link'],
    ['a pipe', packed(entry('signoff.json', '6')), 'file-link'],
    ['a path above', packed(entry('../signoff.json', '0', 'x')), 'file-path'],
    ['a path above in between', packed(entry('runs/../../x', '0', 'x')), 'file-path'],
    ['an absolute path', packed(entry('/tmp/signoff.json', '0', 'x')), 'file-path'],
    ['a path of another system', packed(entry('runs\\..\\x', '0', 'x')), 'file-path'],
    ['a name with a line break', packed(entry('a\nb', '0', 'x')), 'file-path'],
    ['a folder above', packed(entry('../up/', '5')), 'file-path'],
    ['a file twice', packed(entry('a', '0', 'x'), entry('a', '0', 'y')), 'file-path'],
    ['no tar', gzipSync(Buffer.from('x'.repeat(2_000))), 'bundle-unreadable'],
    ['no gzip', Buffer.from('signoff'), 'bundle-unreadable'],
    ['cut', packed(entry('a', '0', 'x')).subarray(0, 60), 'bundle-unreadable'],
    ['empty', Buffer.alloc(0), 'bundle-unreadable'],
    ['16 MB in 16 KB', gzipSync(Buffer.alloc(16 << 20)), 'bundle-too-large'],
    ['a file that says that it is huge', packed(huge()), 'bundle-too-large'],
  ];
  for (const [name, bytes, reason] of archives) {
    const file = path.join(folder, 'hostile.tar.gz');
    writeFileSync(file, bytes);
    t.equal(await reasonOf(file), reason, name);
  }
  const linked = path.join(folder, 'linked');
  mkdirSync(linked);
  symlinkSync('/etc/passwd', path.join(linked, 'signoff.json'));
  t.equal(await reasonOf(linked), 'file-link', 'a link in a folder');
  const above = path.join(folder, 'above');
  mkdirSync(above);
  symlinkSync('..', path.join(above, 'runs'));
  t.equal(await reasonOf(above), 'file-link', 'a folder that is a link');
  t.equal(await reasonOf(path.join(folder, 'nowhere')), 'bundle-unreadable');
});

/** Why it is refused; undefined where it is read. */
async function reasonOf(place: string): Promise<string | undefined> {
  try {
    await readBundle(place);
  } catch (error) {
    if (error instanceof Refused) return error.refusals[0]!.reason;
    throw error;
  }
  return undefined;
}

function huge(): Buffer {
  const head = entry('a', '0');
  head.write('17777777777\0', 124);
  head.write('        ', 148);
  const sum = head.reduce((all, byte) => all + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return head;
}

t.test('no secret is in a bundle: of a command, of what the target printed last, of the environment', async (t) => {
  const { files, report } = await sealedFixture(path.join(folder, 'secrets'), {
    environment: { DEPLOY_TOKEN: 'plain-words-of-no-shape', PWD: folder },
    project: {
      targets: { shop: { command: 'DB_PASSWORD=correct-horse-7 node server.js' } },
      scenario: { target: 'shop', load: 'node load.js --api-key k3y9xw82hq' },
    },
    change: (run) => ({
      ...run,
      command:
        "floodgate run --target 'DB_PASSWORD=correct-horse-7 node server.js' --load 'node load.js --api-key k3y9xw82hq'",
      target: { ...run.target, command: ['node', 'server.js', '--password', 'hunter2hunter2'] },
      environment: { ...run.environment, extra: { 'load average': '1', note: `started in ${folder}` } },
      notes: [
        {
          severity: 'warning',
          text: 'target: Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
        },
        { severity: 'warning', text: 'target: cannot log in with plain-words-of-no-shape' },
        { severity: 'info', text: 'pace: nothing secret' },
      ],
    }),
  });
  const all = [...files.values()].map((content) => content.toString('latin1')).join('\n');
  for (const secret of [
    'correct-horse-7',
    'k3y9xw82hq',
    'hunter2hunter2',
    'eyJhbGciOiJIUzI1NiJ9',
    'plain-words-of-no-shape',
  ]) {
    t.notOk(all.includes(secret), `a secret of ${secret.length} characters`);
  }
  t.match(report.scenarios[0]!.runs[0]!.command, /DB_PASSWORD=\*REDACTED\* node server\.js/);
  t.ok(all.includes('pace: nothing secret'));
  t.ok(all.includes(`started in ${folder}`), 'where a shell is is no secret, though it is called PWD');
  // Its run is one of the exact lane, which its command is not: another version does not know.
  t.same(await refusalsOf(files, 'later'), [], 'and it is verified as it is');
});

t.test('heap snapshots are never there without a word', async (t) => {
  const { files, report } = await sealedFixture(path.join(folder, 'snapshot'), { snapshot: '{"strings":["hunter2"]}' });
  t.equal(String(files.get('runs/steady/exact/pass-snapshots-1.heapsnapshot')), '{"strings":["hunter2"]}', 'as it was');
  t.match(report.notes, [{ severity: 'warning', text: /^It holds heap snapshots .* secrets included/ }]);
  t.match(String(files.get('signoff.html')), /It holds heap snapshots/);
  t.same(await refusalsOf(files), []);
  t.notOk([...clean.keys()].some((name) => name.endsWith('.heapsnapshot')));
});

t.test('where a secret would be left, nothing is sealed', async (t) => {
  const name = 'src/ghp_0123456789abcdefghijABCDEFGHIJ012345.js';
  const sourceList = sourceListText([{ name, sha256: 'a'.repeat(64) }]);
  await t.rejects(sealedFixture(path.join(folder, 'left'), { sourceList }), {
    code: 'secret-found',
    message: /name of a file of the candidate.*: src\/\*REDACTED\*\.js$/,
  });
});

t.test('a source is listed as sha256sum takes it, whatever files are called', async (t) => {
  const source = path.join(folder, 'source');
  mkdirSync(path.join(source, 'node_modules', 'x'), { recursive: true });
  mkdirSync(path.join(source, 'src'));
  for (const name of ['src/a b.js', 'src/line\nbreak', 'src/back\\slash', 'node_modules/x/index.js', 'z.js']) {
    writeFileSync(path.join(source, name), name);
  }
  const files = sourceFiles(source);
  t.same(
    files.map(({ name }) => name),
    ['src/a b.js', 'src/back\\slash', 'src/line\nbreak', 'z.js'],
  );
  const text = sourceListText(files);
  t.same(readSourceList(text), files);
  const { status, stderr } = spawnSync('sha256sum', ['--check', '--strict'], {
    cwd: source,
    input: text,
    encoding: 'utf8',
  });
  t.equal(status, 0, stderr);
  t.equal(readSourceList('no list\n'), undefined);
});
