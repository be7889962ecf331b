import t from 'tap';
import type { SignedInput, SignoffReport } from '../../reports/signoff.ts';
import { renderSignoffHtml } from '../../reports/signoff-html.ts';
import type { Measurement } from '../report/measurement.ts';
import {
  atHand,
  type Bend,
  both,
  dayMs,
  edit,
  envelope,
  flip,
  type Mutable,
  measurement,
  move,
  ofSchema,
  pairs,
  type Row,
  read,
  refusalsOf,
  report,
  run,
  sealAgain,
  signedAgain,
  stateAgain,
  summary,
  swap,
  verified,
} from './bending-fixture.ts';
import { type FixtureOrder, ledger, release, sealedFixture, signedAt, sourceList, stranger } from './bundle-fixture.ts';
import type { BundleFiles } from './bundle-room.ts';
import { envelopeName, keyIdOf, payloadType, sealStatement } from './envelope.ts';
import { checkPolicy, defaultPolicy, refusalsBy } from './policy.ts';
import { readSourceList } from './source-list.ts';
import { sha256 } from './statement.ts';
import type { VerifyOrder } from './verify.ts';
import type { WorkingFolder } from './working-folder.ts';

const folder = t.testdir();
const clean = (await sealedFixture(`${folder}/clean`)).files;
const nested = (before: string, after = '') =>
  Buffer.from(`${before}${'['.repeat(200_000)}${']'.repeat(200_000)}${after}\n`);

/** As `sealStatement` writes it, unsigned. */
function deepStatement(all: BundleFiles): Buffer {
  const statement = payloadOf(all)
    .toString()
    .replace(/}$/, `,"more":${nested('').toString().trim()}}`);
  const payload = Buffer.from(statement).toString('base64');
  return Buffer.from(`${JSON.stringify({ payload, payloadType, signatures: [] })}\n`);
}

/** The same statement of the summary that is there now. */
function manifestAgain(all: BundleFiles): Buffer {
  const statement = JSON.parse(payloadOf(all).toString());
  const listed = statement.predicate.configuration.find(
    (each: { name: string }) => each.name === 'bundle/signoff.json',
  );
  listed.digest.sha256 = sha256(all.get('signoff.json')!);
  return sealStatement(statement, release.privateKey);
}

const payloadOf = (all: BundleFiles) => Buffer.from(read<{ payload: string }>(all, envelopeName).payload, 'base64');

const signedFiles = [...clean.keys()].filter((name) => name !== envelopeName);

/** Each file by a byte, cut, gone. */
const files: Row[] = signedFiles.flatMap((name): Row[] => [
  [`${name}: a bit in the middle`, flip(name, (length) => length >> 1), 'digest-mismatch'],
  [`${name}: its last byte`, (all) => void all.set(name, all.get(name)!.subarray(0, -1)), 'digest-mismatch'],
  [`${name}: gone`, (all) => void all.delete(name), 'file-missing'],
]);

const swapped: Row[] = [
  [
    'reports of base and head in each other’s place',
    swap(`${pairs}/1-base.json`, `${pairs}/1-head.json`),
    'digest-mismatch',
  ],
  ['the measurement of another run', swap(`${run}/measurement.json`, `${pairs}/2-head.json`), 'digest-mismatch'],
  ['a file more', (all) => void all.set('NOTICE.txt', Buffer.from('all is well')), 'file-unexpected'],
  ['a page beside the page', (all) => void all.set('index.html', all.get('signoff.html')!), 'file-unexpected'],
  [
    'a file under another name',
    (all) => void all.set('signoff.htm', all.get('signoff.html')!).delete('signoff.html'),
    'file-missing',
  ],
  [
    'raw data and summary changed together',
    both(measurement(`${run}/measurement.json`, cheaper), summary(sayLess)),
    'digest-mismatch',
  ],
  [
    'page and summary changed together',
    both(
      summary((all) => void (all.verdict.headline = 'v1.4.0 is well.')),
      (all) => void all.set('signoff.html', Buffer.from(renderSignoffHtml(read(all, 'signoff.json')))),
    ),
    'digest-mismatch',
  ],
];

function cheaper(value: Mutable<Measurement>): void {
  const { last, v8 } = value.pass.channel;
  const sums = v8.columns.find(({ name }: { name: string }) => name === 'allocated');
  sums.values = sums.values.map((bytes: number) => bytes / 2);
  last.allocated /= 2;
}

function sayLess(value: Mutable<SignoffReport>): void {
  const row = value.scenarios[0].runs[0].budgets.find(({ name }: { name: string }) => name === 'allocated.perMessage');
  row.actual /= 2;
}

const otherCandidate = (
  await sealedFixture(`${folder}/other`, { sourceList: sourceList.replaceAll('b', '0'), release: 'v1.4.1' })
).files;

const envelopes: Row[] = [
  ['no envelope', (all) => void all.delete(envelopeName), 'envelope-missing'],
  ['an envelope that is no JSON', (all) => void all.set(envelopeName, Buffer.from('{')), 'envelope-invalid'],
  ['an envelope that nests without end', (all) => void all.set(envelopeName, nested('')), 'envelope-invalid'],
  [
    'a key’s name that nests without end',
    (all) =>
      void all.set(
        envelopeName,
        nested('{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"","keyid":', '}]}'),
      ),
    'envelope-invalid',
  ],
  [
    'a statement that nests without end',
    (all) => void all.set(envelopeName, deepStatement(all)),
    'statement-invalid',
    { allowsUnsigned: true, key: undefined },
  ],
  [
    'a summary that nests without end',
    both(
      (all) => void all.set('signoff.json', nested('')),
      (all) => void all.set(envelopeName, manifestAgain(all)),
    ),
    'summary-invalid',
  ],
  ...[null, 1, 'x', [], {}, { keyid: 'a' }, { keyid: null, sig: '' }, { keyid: {}, sig: [] }].map(
    (signature): Row => [
      `a signature that is ${JSON.stringify(signature)}`,
      envelope((all) => void (all.signatures = [signature])),
      'envelope-invalid',
    ],
  ),
  ['an envelope that is null', (all) => void all.set(envelopeName, Buffer.from('null\n')), 'envelope-invalid'],
  ['a bit of the payload', envelope((all) => void (all.payload = `A${all.payload.slice(1)}`)), 'signature-invalid'],
  [
    'a bit of the signature',
    envelope(
      ({ signatures: [first] }) => void (first.sig = `${first.sig[0] === 'A' ? 'B' : 'A'}${first.sig.slice(1)}`),
    ),
    'signature-invalid',
  ],
  [
    'half a signature',
    envelope(({ signatures }) => void (signatures[0].sig = signatures[0].sig.slice(0, 44))),
    'signature-invalid',
  ],
  ['no signature', envelope((all) => void (all.signatures = [])), 'unsigned'],
  ['unsigned from the start', sealAgain(undefined), 'unsigned'],
  ['signatures that are no list', envelope((all) => void (all.signatures = {})), 'envelope-invalid'],
  ['a second signature', envelope(({ signatures }) => void signatures.push(signatures[0])), 'envelope-invalid'],
  ['another type of payload', envelope((all) => void (all.payloadType = 'text/plain')), 'envelope-invalid'],
  ['a field more', envelope((all) => void (all.comment = 'reviewed')), 'envelope-invalid'],
  [
    'white space',
    (all) => void all.set(envelopeName, Buffer.from(JSON.stringify(read(all, envelopeName), null, 2))),
    'envelope-invalid',
  ],
  ['base64 with a line break', envelope((all) => void (all.payload += '\n')), 'envelope-invalid'],
  [
    'another key’s name beside the signature',
    envelope(({ signatures }) => void (signatures[0].keyid = keyIdOf(stranger.publicKey))),
    'key-unknown',
  ],
  ['signed by a stranger', sealAgain(stranger.privateKey), 'key-unknown'],
  [
    'signed by a stranger in the name of the key',
    both(
      sealAgain(stranger.privateKey),
      envelope(({ signatures }) => void (signatures[0].keyid = keyIdOf(release.publicKey))),
    ),
    'signature-invalid',
  ],
  [
    'verdict flipped, and signed by a stranger',
    both(
      summary((all) => void (all.verdict.exitCode = 0)),
      sealAgain(stranger.privateKey),
    ),
    'key-unknown',
  ],
  ['no public key at hand', () => {}, 'key-unknown', { key: undefined }],
  [
    'the statement of another candidate',
    (all) => void all.set(envelopeName, otherCandidate.get(envelopeName)!),
    'digest-mismatch',
  ],
  [
    'the source list of another candidate',
    (all) => void all.set('candidate.sha256', otherCandidate.get('candidate.sha256')!),
    'digest-mismatch',
  ],
  [
    'a statement that is no statement',
    (all) => void all.set(envelopeName, sealStatement([1], release.privateKey)),
    'statement-invalid',
  ],
  [
    'a statement of another type',
    stateAgain(release.privateKey, (all) => void (all._type = 'https://in-toto.io/Statement/v0.1')),
    'statement-invalid',
  ],
  [
    'a predicate of another type',
    stateAgain(release.privateKey, (all) => void (all.predicateType = 'https://slsa.dev/provenance/v1')),
    'statement-invalid',
  ],
  [
    'a statement without files',
    stateAgain(release.privateKey, (all) => void (all.predicate.configuration = [])),
    'statement-invalid',
  ],
  [
    'a statement with hostile files',
    stateAgain(release.privateKey, (all) => void (all.predicate.configuration = [null, { name: 1 }])),
    'statement-invalid',
  ],
];

/** By whoever has the key: the data say otherwise. */
const lies: Row[] = [
  [
    'statement: failed is passed',
    stateAgain(release.privateKey, (all) => void (all.predicate.result = 'PASSED')),
    'statement-differs',
  ],
  [
    'statement: a waived test among those that passed',
    stateAgain(release.privateKey, ({ predicate }) => void predicate.passedTests.push(predicate.warnedTests.pop())),
    'statement-differs',
  ],
  [
    'statement: another threshold',
    stateAgain(
      release.privateKey,
      ({ predicate }) => void (predicate['urn:floodgate:signoff:v1'].metrics[0].threshold *= 2),
    ),
    'statement-differs',
  ],
  [
    'statement: another subject',
    stateAgain(release.privateKey, ({ subject }) => void (subject[0].digest.sha256 = '0'.repeat(64))),
    'statement-differs',
  ],
  [
    'statement: another seed',
    stateAgain(release.privateKey, ({ predicate }) => void (predicate.configuration[3].annotations.seed = 8)),
    'statement-differs',
  ],
  [
    'summary: the verdict',
    signedAgain(summary(({ verdict }) => void (verdict.headline = 'v1.4.0 is within its limits, all of them.'))),
    'verdict-differs',
  ],
  [
    'summary: the verdict of a run',
    signedAgain(summary(({ scenarios }) => void (scenarios[0].runs[0].verdict.headline = 'All is well.'))),
    'verdict-differs',
  ],
  ['summary: a figure', signedAgain(summary(sayLess)), 'budget-differs'],
  [
    'summary: a limit',
    signedAgain(summary(({ scenarios }) => void (scenarios[0].runs[0].budgets[0].limit *= 2))),
    'budget-differs',
  ],
  [
    'summary: a limit left out',
    signedAgain(summary(({ scenarios }) => void scenarios[0].runs[0].budgets.pop())),
    'budget-differs',
  ],
  [
    'summary: more readings',
    signedAgain(summary(({ scenarios }) => void (scenarios[0].runs[0].samples['rss.max'] = 100_000))),
    'verdict-differs',
  ],
  [
    'summary: worse is within',
    signedAgain(
      summary(
        ({ scenarios }) =>
          void (scenarios[0].comparisons[0].result.metrics.find(
            ({ decision }: { decision: string }) => decision !== 'shown',
          ).change = -0.1),
      ),
    ),
    'comparison-differs',
  ],
  [
    'summary: another threshold',
    signedAgain(
      summary(({ scenarios }) => void (scenarios[0].comparisons[0].thresholds['allocated.perMessage'] = 0.5)),
    ),
    'budget-differs',
  ],
  [
    'summary: fewer pairs',
    signedAgain(summary(({ scenarios }) => void (scenarios[0].comparisons[0].result.pairs = 2))),
    'file-unexpected',
  ],
  [
    'summary: the waiver’s last day',
    signedAgain(summary(({ waivers }) => void (waivers[0].until = '2027-12-31'))),
    'waivers-differ',
  ],
  [
    'summary: a waiver more',
    signedAgain(summary(({ waivers }) => void waivers.push({ ...waivers[0], metric: 'rss.max' }))),
    'waivers-differ',
  ],
  [
    'ledger: no waiver',
    signedAgain(
      summary((all) => void (all.waivers = [])),
      edit('ledger.json', (all: Mutable<unknown>) => void (all.waivers = [])),
    ),
    'budget-differs',
  ],
  ['summary: the scenario left out', signedAgain(summary((all) => void (all.scenarios = []))), 'file-unexpected'],
  [
    'summary: the comparison left out',
    signedAgain(summary(({ scenarios }) => void (scenarios[0].comparisons = []))),
    'file-unexpected',
  ],
  [
    'summary: a run that was not run',
    signedAgain(
      summary(({ scenarios }) => void (scenarios[0].runs[0].folder = null)),
      move(`${run}/`),
    ),
    'data-missing',
  ],
  [
    'summary: another run’s data',
    signedAgain(
      summary(({ scenarios }) => void (scenarios[0].runs[0].folder = 'runs/other/exact')),
      move(`${run}/`, 'runs/other/exact/'),
    ),
    'data-invalid',
  ],
  ['summary: a field more', signedAgain(summary((all) => void (all.comment = 'reviewed'))), 'summary-invalid'],
  ['summary: of a newer version', signedAgain(summary((all) => void (all.schemaVersion = 5))), 'schema-newer'],
  [
    'report: a figure',
    signedAgain(
      report(({ figures }) => void (figures.find(({ value }: { value: number }) => value > 1000).value -= 1000)),
    ),
    'figures-differ',
  ],
  ['report: a limit', signedAgain(report(({ budgets }) => void (budgets[0].limit *= 2))), 'budget-differs'],
  [
    'report: the verdict',
    signedAgain(report(({ verdict }) => void (verdict.headline = 'All is well.'))),
    'verdict-differs',
  ],
  ['raw data: allocation', signedAgain(measurement(`${run}/measurement.json`, cheaper)), 'figures-differ'],
  [
    'raw data: a reading of memory',
    signedAgain(
      measurement(
        `${run}/measurement.json`,
        ({ pass }) => void (pass.watch.levels.bytes = pass.watch.levels.bytes.map(() => 1)),
      ),
    ),
    'data-invalid',
  ],
  [
    'raw data: the limit',
    signedAgain(measurement(`${run}/measurement.json`, ({ budget }) => void (budget['allocated.perMessage'] = 1e6))),
    'budget-differs',
  ],
  [
    'raw data: the target did not die',
    signedAgain(measurement(`${run}/measurement.json`, ({ pass }) => void (pass.exit.expected = false))),
    'verdict-differs',
  ],
  [
    'raw data: a column too short',
    signedAgain(measurement(`${run}/measurement.json`, ({ pass }) => void pass.watch.rss.tMs.pop())),
    'data-invalid',
  ],
  [
    'raw data: no numbers',
    signedAgain(measurement(`${run}/measurement.json`, ({ pass }) => void (pass.watch.levels.bytes[0] = 'x'))),
    'data-invalid',
  ],
  ['raw data of a run left out', signedAgain((all) => void all.delete(`${run}/measurement.json`)), 'data-missing'],
  ['a pair left out', signedAgain((all) => void all.delete(`${pairs}/2-head.json`)), 'data-missing'],
  [
    'base and head of every pair exchanged',
    signedAgain(...[1, 2, 3].map((pair) => swap(`${pairs}/${pair}-base.json`, `${pairs}/${pair}-head.json`))),
    'comparison-differs',
  ],
  [
    'a pair twice',
    signedAgain((all) => void all.set(`${pairs}/3-head.json`, all.get(`${pairs}/1-base.json`)!)),
    'report-differs',
  ],
  [
    'the page shows another verdict',
    both(
      (all) =>
        void all.set(
          'signoff.html',
          Buffer.from(all.get('signoff.html')!.toString().replace('"ok":true', '"ok":false')),
        ),
      stateAgain(release.privateKey),
    ),
    'page-differs',
  ],
  [
    'the page is another page',
    both((all) => void all.set('signoff.html', Buffer.from('<h1>All is well</h1>')), stateAgain(release.privateKey)),
    'page-differs',
  ],
  [
    'the source list is none',
    signedAgain((all) => void all.set('candidate.sha256', Buffer.from('all of it\n'))),
    'data-invalid',
  ],
];

const asked = (policy: object) => ({ policy: checkPolicy(policy, 'policy.yaml') });
const sealed = async (name: string, order: Parameters<typeof sealedFixture>[1]): Promise<Bend> => {
  const { files: other } = await sealedFixture(`${folder}/${name}`, order);
  return (all) => {
    all.clear();
    for (const [file, content] of other) all.set(file, content);
  };
};

/** Signed off with changes that are not committed. */
const dirty = signedAgain(
  summary((all) => {
    Object.assign(all.candidate, { dirty: true, label: '.' });
    all.command = all.command.replace('--candidate v1.4.0', '--candidate .');
    all.notes.unshift({ severity: 'warning', text: 'The candidate has changes that are not committed.' });
  }),
);

const clearly = asked({ clean: true });
const loadFrom = (from: string): SignedInput => ({
  name: 'load.mjs',
  sha256: 'f'.repeat(64),
  bytes: 9,
  role: 'load',
  from,
});

const elsewhere = { commit: 'f'.repeat(40), folder: '' };
/** The candidate's files, one of which is another. */
const sourceAt = (from: string, to: string) => readSourceList(sourceList.replaceAll(from.repeat(64), to.repeat(64)))!;

/** Whole bundles that are not what the receiver asks for. */
/** None of these can be checked out again. */
async function folders(all: readonly [string, Partial<WorkingFolder>][]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, other] of all) {
    const working = { place: { commit: 'c'.repeat(40), folder: '' }, files: [], ...other };
    rows.push([`working folder: ${name}`, await sealed(`folder ${name}`, { working }), 'not-clean', clearly]);
  }
  return rows;
}

const policies: Row[] = [
  ['the waiver has ended', () => {}, 'waiver-expired', { nowMs: Date.parse('2027-01-01T00:00:00Z') }],
  ['no waiver is taken', () => {}, 'waived', asked({ allowWaivers: false })],
  ['broken, and not waived', await sealed('broken', { ledger: { baselines: [], waivers: [] } }), 'failed'],
  [
    'the waiver had ended when it was judged',
    await sealed('ended', { ledger: { baselines: [], waivers: [{ ...ledger.waivers[0]!, until: '2026-11-28' }] } }),
    'failed',
  ],
  ['worse than the release before', await sealed('worse', { growth: 1.02 }), 'failed'],
  ['a baseline of another machine', await sealed('unknown', { ledger: otherMachine() }), 'failed'],
  ['older than the policy takes', () => {}, 'too-old', { ...asked({ maxAge: '12h' }) }],
  ['signed tomorrow', () => {}, 'from-the-future', { nowMs: Date.parse(signedAt) - dayMs }],
  ['another release', () => {}, 'release-differs', asked({ release: 'v1.5.0' })],
  ['changes that are not committed', dirty, 'not-clean', asked({ clean: true })],
  [
    'a load that is not committed',
    await sealed('driven', { inputs: [loadFrom('working folder')] }),
    'not-clean',
    clearly,
  ],
  [
    'a load of another commit',
    await sealed('later', { inputs: [loadFrom(`commit ${'f'.repeat(40)}`)] }),
    'not-clean',
    clearly,
  ],
  [
    'a recording that lies elsewhere',
    await sealed('elsewhere', { inputs: [{ ...loadFrom('elsewhere'), name: '../load.mjs' }] }),
    'not-clean',
    clearly,
  ],
  [
    'a load that is not committed, for a package',
    await sealed('packed', { inputs: [loadFrom('working folder')], isPacked: true }),
    'not-clean',
    clearly,
  ],
  ...(await folders([
    ['a file that was changed', { files: [{ name: 'data.json', sha256: 'd'.repeat(64), state: 'changed' }] }],
    ['a file that git does not know', { files: [{ name: 'data.json', sha256: 'd'.repeat(64), state: 'untracked' }] }],
    ['a file that changed while it ran', { files: [{ name: 'a', sha256: 'd'.repeat(64), state: 'meanwhile' }] }],
    ['a folder of no commit', { place: { commit: null, folder: '' } }],
    ['another commit, which has another file', { place: elsewhere, files: sourceAt('b', 'e') }],
    ['another commit, which lacks a file', { place: elsewhere, files: sourceAt('b', 'b').slice(1) }],
    ['more files than were looked at', { place: { commit: 'c'.repeat(40), folder: '', unlisted: 'files' } }],
  ])),
  ['compared with another commit', () => {}, 'previous-differs', asked({ previous: 'eeeeeeeeef' })],
  ['too little of a commit', () => {}, 'previous-differs', asked({ previous: 'eeeeeeeee' })],
  ['compared with another release', () => {}, 'previous-differs', asked({ previous: 'v1.3.3' })],
  ['compared with nothing', await sealed('alone', { compares: false }), 'summary-invalid'],
  ['a scenario is not in it', () => {}, 'scenario-missing', asked({ scenarios: ['incident'] })],
  ['a lane is not in it', () => {}, 'lane-missing', asked({ lanes: ['tap'] })],
  ['another set', () => {}, 'set-differs', asked({ set: 'nightly' })],
  [
    'a package that is another',
    () => {},
    'candidate-differs',
    { candidate: { kind: 'package', digest: '0'.repeat(64), files: () => [] } },
  ],
  [
    'a commit that is another',
    () => {},
    'candidate-differs',
    { candidate: { kind: 'commit', digest: '0'.repeat(40) } },
  ],
  [
    'a source with another file',
    () => {},
    'candidate-differs',
    { candidate: atHand(readSourceList(sourceList.replaceAll('b', '0'))!) },
  ],
  [
    'a source with a file more',
    () => {},
    'candidate-differs',
    { candidate: atHand(readSourceList(`${sourceList}${'1'.repeat(64)}  more.js\n`)!) },
  ],
  [
    'a source with a file fewer',
    () => {},
    'candidate-differs',
    { candidate: atHand(readSourceList(sourceList)!.slice(1)) },
  ],
];

/** A metric that has no threshold is not held against it; a limit that is over stays over. */
function otherMachine() {
  return { baselines: [], waivers: [{ ...ledger.waivers[0]!, scenario: 'other' }] };
}

t.test('a clean bundle is verified', async (t) => {
  const found = await verified(clean);
  t.same(found.refusals, []);
  t.equal(found.signedBy, keyIdOf(release.publicKey));
  t.match(found.checks, [/^signed by key/, /^\d+ files are as they were signed/, /^7 runs judged again/]);
  t.match(found.report, { verdict: { ok: true, exitCode: 0, headline: /waived: allocated\.perMessage of steady/ } });
  const statement = JSON.parse(
    Buffer.from(read<{ payload: string }>(clean, envelopeName).payload, 'base64').toString(),
  );
  t.match(statement.predicate, {
    result: 'WARNED',
    warnedTests: ['steady/exact/allocated.perMessage'],
    failedTests: [],
  });
  const candidate = atHand(readSourceList(sourceList)!);
  t.same((await verified(clean, { candidate })).refusals, [], 'with its candidate at hand');
  const policy = checkPolicy(
    {
      ...{ maxAge: '2d', release: 'v1.4.0', clean: true, previous: 'v1.3.2', set: 'release', compared: true },
      ...{ lanes: ['exact'], scenarios: ['steady'] },
    },
    '',
  );
  t.same((await verified(clean, { policy })).refusals, [], 'as a policy asks for');
  t.same((await verified(clean, { toolVersion: '0.2.0' })).refusals, [], 'by another version, with other words');
});

t.test('unsigned bundles say so, and are taken only where that is asked for', async (t) => {
  const { files: unsigned } = await sealedFixture(`${folder}/unsigned`, { key: undefined });
  t.match((await verified(unsigned)).refusals, [{ reason: 'unsigned' }]);
  const taken = await verified(unsigned, { allowsUnsigned: true });
  t.same([taken.refusals, taken.signedBy], [[], undefined]);
  t.match(taken.unchecked[0], 'the signature was not checked');
  t.notMatch(taken.checks.join(), /signature/);
});

t.test('what drove it may be of the candidate, or installed; of a package, of a commit', async (t) => {
  const ofSource = { ...loadFrom('candidate'), name: 'src/server.mjs', sha256: 'b'.repeat(64) };
  const ofCommit = loadFrom(`commit ${'f'.repeat(40)}`);
  const inFolder: SignedInput = { ...loadFrom('working folder'), name: 'day.har' };
  const takes = async (name: string, order: FixtureOrder, policy: Partial<VerifyOrder> = clearly) => {
    const { files } = await sealedFixture(`${folder}/${name}`, order);
    t.same((await verified(files, policy)).refusals, [], name);
    return files;
  };
  await takes('another commit, of the same files', { working: { place: elsewhere, files: sourceAt('b', 'b') } });
  await takes('own', { inputs: [ofSource, { ...loadFrom('installed'), name: 'node_modules/k/run.js' }] });
  await takes('own-of-package', { inputs: [ofCommit], isPacked: true });
  const files = await takes('noted', { inputs: [inFolder, ofCommit] }, {});
  const note =
    'It was driven by what is not as the candidate has it: day.har (not committed), load.mjs (commit ffffffffffff).';
  t.match(read<SignoffReport>(files, 'signoff.json').notes[0], { severity: 'warning', text: note });
  const { predicate } = JSON.parse(payloadOf(files).toString());
  t.match(
    predicate.configuration.find(({ name }: { name: string }) => name === 'input/day.har'),
    { digest: { sha256: 'f'.repeat(64) }, annotations: { bytes: 9, role: 'load', from: 'working folder' } },
  );
});

t.test('the release before it by what output prints of its commit', async (t) => {
  for (const previous of ['v1.3.2', 'e'.repeat(10), 'e'.repeat(12), 'e'.repeat(40)])
    t.same((await verified(clean, asked({ previous }))).refusals, [], previous);
  const [refusal] = (await verified(clean, asked({ set: 'smoke' }))).refusals;
  t.equal(refusal?.text, 'the set is release, not smoke');
  const summary = read<SignoffReport>(clean, 'signoff.json');
  const all = { ...summary, scope: { ...summary.scope, set: null } };
  const [none] = refusalsBy(asked({ set: 'release' }).policy, all, Date.parse(signedAt));
  t.equal(none?.text, 'no set was run, but all scenarios, or some by name, not the set release');
});

t.test('two waivers of one limit are none, as in the ledger of a project', async (t) => {
  const second = { ...ledger.waivers[0]!, until: '2027-12-31' };
  const twice = signedAgain(
    edit('ledger.json', (all: Mutable<unknown>) => void all.waivers.push(second)),
    summary((all) => void all.waivers.push(second)),
  );
  const [refusal] = await refusalsOf(clean, twice);
  t.match(refusal, {
    reason: 'data-invalid',
    text: /^ledger\.json: waivers\.1: a second one of allocated\.perMessage of "steady"$/,
  });
});

t.test('a bundle of schema version 3 lists recordings alone, and is verified by a policy that takes it', async (t) => {
  const looked = async (inputs: readonly SignedInput[], order: Partial<VerifyOrder> = {}) => {
    const { files } = await sealedFixture(`${folder}/third-${inputs.length}`, { inputs });
    signedAgain(ofSchema(3))(files);
    // A page of a version that is not known, which alone can have old rules.
    files.set('signoff.html', Buffer.from(`${files.get('signoff.html')}`.replace('</style>', '.old{}</style>')));
    stateAgain(release.privateKey)(files);
    return verified(files, { toolVersion: 'later', makesPage: true, ...order });
  };
  t.match((await looked([])).refusals, [{ reason: 'schema-older' }]);
  const taken = { policy: { ...defaultPolicy, schemaVersion: 3 } };
  const { refusals, unchecked } = await looked([], taken);
  t.same(refusals, []);
  t.ok(unchecked.some((text) => text === 'schema version 3: loads, and what else drove it, are in no digest of it'));
  t.match((await looked([loadFrom('working folder')], taken)).refusals, [{ reason: 'summary-invalid' }]);
});

const table = [...files, ...swapped, ...envelopes, ...lies, ...policies];

t.test(`${table.length} ways to bend a bundle`, async (t) => {
  t.ok(table.length >= 40);
  for (const [name, bend, reason, order] of table) {
    const [first] = await refusalsOf(clean, bend, order);
    t.equal(first?.reason, reason, `${name}: ${first?.text}`);
  }
});
