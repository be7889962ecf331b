/**
 * Whoever has the right key can sign anything: what they sign is one spelling of one set of files, which come to one another, or it is
 * refused. Beside them stand ways that change nothing, which are taken.
 */
import { generateKeyPairSync, sign } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { dsse } from '@sigstore/core';
import t from 'tap';
import { renderSignoffHtml } from '../../reports/signoff-html.ts';
import { writeArchive } from './archive.ts';
import {
  type Bend,
  both,
  edit,
  judgedAgain,
  type Mutable,
  measurement,
  move,
  pairs,
  type Row,
  read,
  refusalsOf,
  run,
  signedAgain,
  stateAgain,
  summary,
  verified,
} from './bending-fixture.ts';
import { readBundle, writeFolder } from './bundle-files.ts';
import { release, sealedFixture, signedAt } from './bundle-fixture.ts';
import type { BundleFiles } from './bundle-room.ts';
import { envelopeName, keyIdOf, payloadType } from './envelope.ts';
import { checkPolicy } from './policy.ts';
import type { Reason } from './refusal.ts';
import { sha256 } from './statement.ts';

// Nothing here is about how long it takes, on however busy a machine.
t.setTimeout(600_000);
const folder = t.testdir();
const clean = (await sealedFixture(path.join(folder, 'clean'))).files;
const other = (await sealedFixture(path.join(folder, 'other'), { growth: 1.002, release: 'v1.4.1' })).files;
const stated = (change?: (statement: Mutable<unknown>) => void) => stateAgain(release.privateKey, change);

/** A file that is signed as it is, by a statement that would be right of the clean one. */
const signedAs = (name: string, content: (bytes: Buffer) => Buffer): Bend =>
  both((files) => void files.set(name, content(files.get(name)!)), stated());
const spelled =
  (change: (text: string) => string) =>
  (bytes: Buffer): Buffer =>
    Buffer.from(change(bytes.toString()));

const firstName = /^\{"(\w)(\w*)":/;
/** Of any JSON text of an object: another spelling that many programs read as the same, and some do not. */
const spellings: readonly (readonly [name: string, change: (bytes: Buffer) => Buffer])[] = [
  ['a name twice', spelled((text) => text.replace(firstName, (all, a, b) => `{"${a}${b}":0,${all.slice(1)}`))],
  [
    'a name twice, at the end',
    spelled((text) => text.replace(/\}\n?$/, `,"${firstName.exec(text)![0].slice(2, -2)}":0}\n`)),
  ],
  [
    'a name twice, once with an escape',
    spelled((text) =>
      text.replace(firstName, (all, a, b) => `{"\\u00${a.charCodeAt(0).toString(16)}${b}":0,${all.slice(1)}`),
    ),
  ],
  ['white space', spelled((text) => text.replace('{', '{ '))],
  ['a line more', spelled((text) => `${text}\n`)],
  ['a byte order mark', spelled((text) => `\ufeff${text}`)],
  ['UTF-16', (bytes) => Buffer.from(bytes.toString(), 'utf16le')],
  ['a comment', spelled((text) => `/* reviewed */${text}`)],
  [
    'an escape that is not needed',
    spelled((text) => text.replace(firstName, (_, a, b) => `{"\\u00${a.charCodeAt(0).toString(16)}${b}":`)),
  ],
  ['no UTF-8', (bytes) => Buffer.concat([bytes.subarray(0, 2), Buffer.from([0xff]), bytes.subarray(2)])],
  ['another value behind it', spelled((text) => `${text}{}`)],
];

const sealedTexts: readonly (readonly [name: string, reason: Reason])[] = [
  ['signoff.json', 'summary-invalid'],
  ['ledger.json', 'data-invalid'],
  ['project.json', 'data-invalid'],
  [`${run}/report.json`, 'data-invalid'],
  [`${run}/measurement.json`, 'data-invalid'],
  [`${pairs}/2-head.json`, 'data-invalid'],
];

const texts: Row[] = sealedTexts.flatMap(([file, reason]) =>
  spellings.map(([name, change]): Row => [`${file}: ${name}`, signedRaw(file, change), reason]),
);

/** The manifest follows the file; the rest of the statement stays as it was. */
function signedRaw(file: string, change: (bytes: Buffer) => Buffer): Bend {
  return (files) => {
    const statement = JSON.parse(payloadOf(files).toString());
    files.set(file, change(files.get(file)!));
    const found = statement.predicate.configuration.find((each: { name: string }) => each.name === `bundle/${file}`);
    found.digest.sha256 = sha256(files.get(file)!);
    signPayload(files, Buffer.from(JSON.stringify(statement)));
  };
}

const payloadOf = (files: BundleFiles) => Buffer.from(read<{ payload: string }>(files, envelopeName).payload, 'base64');

function signPayload(files: BundleFiles, payload: Buffer): void {
  const sig = sign(null, dsse.preAuthEncoding(payloadType, payload), release.privateKey).toString('base64');
  const signatures = [{ keyid: keyIdOf(release.publicKey), sig }];
  files.set(
    envelopeName,
    Buffer.from(`${JSON.stringify({ payload: payload.toString('base64'), payloadType, signatures })}\n`),
  );
}

const payloads: Row[] = spellings.map(
  ([name, change]): Row => [
    `statement: ${name}`,
    (files) => signPayload(files, change(payloadOf(files))),
    'statement-invalid',
  ],
);

const inPayload = (from: string, to: string): Bend => {
  return (files) => {
    const text = payloadOf(files).toString();
    if (!text.includes(from)) throw new Error(`there is no ${from}`);
    signPayload(files, Buffer.from(text.replace(from, to)));
  };
};

const statements: Row[] = [
  [
    'a result twice, the better one first',
    inPayload('"result":"WARNED"', '"result":"PASSED","result":"WARNED"'),
    'statement-invalid',
  ],
  ['a later version of the predicate', inPayload('test-result/v0.1', 'test-result/v0.2'), 'statement-invalid'],
  ['an earlier version of the statement', inPayload('Statement/v1"', 'Statement/v0.1"'), 'statement-invalid'],
  ['the statement in other letters', inPayload('in-toto.io/Statement', 'In-Toto.io/Statement'), 'statement-invalid'],
  ['no predicate', stated((all) => void delete all.predicate), 'statement-invalid'],
  [
    'a file named twice',
    stated(({ predicate }) => void predicate.configuration.push(predicate.configuration.at(-1))),
    'statement-invalid',
  ],
  [
    'a file by another digest alone',
    stated(({ predicate }) => void (predicate.configuration.at(-1).digest = { sha1: 'a'.repeat(40) })),
    'statement-invalid',
  ],
  [
    'a digest in capital letters',
    stated(
      ({ predicate: { configuration } }) =>
        void (configuration.at(-1).digest.sha256 = configuration.at(-1).digest.sha256.toUpperCase()),
    ),
    'digest-mismatch',
  ],
  [
    'a file above the bundle',
    stated(
      ({ predicate }) => void predicate.configuration.push({ name: 'bundle/../x', digest: { sha256: 'a'.repeat(64) } }),
    ),
    'file-missing',
  ],
  ['a field more', stated((all) => void (all.reviewed = true)), 'statement-differs'],
  ['a field more in the predicate', stated(({ predicate }) => void (predicate.reviewed = true)), 'statement-differs'],
  [
    'members in another order',
    (files) =>
      signPayload(
        files,
        Buffer.from(
          JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(payloadOf(files).toString())).reverse())),
        ),
      ),
    'statement-differs',
  ],
  ['no subject', stated((all) => void (all.subject = [])), 'statement-differs'],
  [
    'an undecided test among those that passed',
    stated(({ predicate }) => void predicate.passedTests.push('steady/run')),
    'statement-differs',
  ],
  ['a threshold that is no number', inPayload('"threshold":', '"threshold":1e400,"x":'), 'statement-invalid'],
];

const numbers: Row[] = [
  [
    'an infinite limit',
    signedAs(
      `${run}/measurement.json`,
      spelled((text) => text.replace('"rss.max":', '"rss.max":1e400,"x.y":')),
    ),
    'data-invalid',
  ],
  [
    'a number with a needless zero',
    signedAs(
      `${run}/measurement.json`,
      spelled((text) => text.replace(/"rss\.max":(\d+)/, '"rss.max":$1.0')),
    ),
    'data-invalid',
  ],
  [
    'a minus zero',
    signedAs(
      'signoff.json',
      spelled((text) => text.replace('"exitCode":0', '"exitCode":-0')),
    ),
    'summary-invalid',
  ],
  [
    'not a number',
    signedAs(
      `${run}/measurement.json`,
      spelled((text) => text.replace(/"rss\.max":\d+/, '"rss.max":NaN')),
    ),
    'data-invalid',
  ],
  ['a number as a text', signedAgain(summary(({ verdict }) => void (verdict.exitCode = '0'))), 'summary-invalid'],
  [
    'a seed that is too large',
    signedAgain(summary(({ scenarios }) => void (scenarios[0].comparisons[0].seed = 2 ** 40))),
    'summary-invalid',
  ],
  [
    'pairs without end',
    signedAgain(summary(({ scenarios }) => void (scenarios[0].comparisons[0].result.pairs = 1e9))),
    'summary-invalid',
  ],
  ['a schema version of none', signedAgain(summary((all) => void (all.schemaVersion = 0))), 'summary-invalid'],
  ['a schema version in between', signedAgain(summary((all) => void (all.schemaVersion = 1.5))), 'summary-invalid'],
  [
    'a measurement of a later version',
    signedAgain(measurement(`${run}/measurement.json`, (all) => void (all.schemaVersion = 99))),
    'data-invalid',
  ],
  [
    'a report of a later version',
    signedAgain(edit(`${run}/report.json`, (all: Mutable<unknown>) => void (all.schemaVersion = 99))),
    'data-invalid',
  ],
  [
    'a prototype',
    signedAgain(
      edit(
        'ledger.json',
        (all: Mutable<unknown>) =>
          void Object.defineProperty(all, '__proto__', { value: { waivers: [] }, enumerable: true }),
      ),
    ),
    'data-invalid',
  ],
];

const page = (change: (html: string) => string): Bend => signedAs('signoff.html', spelled(change));
const pages: Row[] = [
  ['words more on the page', page((html) => html.replace('</body>', '<h1>All is well</h1></body>')), 'page-differs'],
  [
    'a style that hides what is open',
    page((html) => html.replace('</style>', '.open{display:none}</style>')),
    'page-differs',
  ],
  [
    'another script',
    page((html) => html.replace(/<script>[\s\S]*<\/script>/, '<script>document.title="x"</script>')),
    'page-differs',
  ],
  ['no policy that holds scripts back', page((html) => html.replace(/<meta http-equiv[^>]*>/, '')), 'page-differs'],
  [
    'a second block of data',
    page((html) => html.replace('<script>', '<script type="application/json" id="report">{}</script><script>')),
    'page-differs',
  ],
  [
    'a page without UTF-8',
    signedAs('signoff.html', (bytes) => Buffer.concat([bytes, Buffer.from([0xff])])),
    'page-differs',
  ],
  ['the page of another sign-off', signedAs('signoff.html', () => other.get('signoff.html')!), 'page-differs'],
  ['a page of a version that is not known', otherVersion('words that are not ours'), 'page-unknown'],
  [
    'a page beside the page',
    both((all) => void all.set('index.html', all.get('signoff.html')!), stated()),
    'file-unexpected',
  ],
  [
    'a text beside the report',
    both((all) => void all.set(`${run}/NOTICE.md`, Buffer.from('x')), stated()),
    'file-unexpected',
  ],
  [
    'a report of a pair',
    both((all) => void all.set(`${pairs}/report.json`, all.get(`${run}/report.json`)!), stated()),
    'file-unexpected',
  ],
  [
    'traffic that nothing sent',
    both((all) => void all.set(`${run}/traffic.yaml`, Buffer.from('x')), stated()),
    'project-differs',
  ],
];

const ofProject = (more: object): Bend => edit('project.json', (all: object) => void Object.assign(all, more));
const ofScenario = (more: object): Bend =>
  edit('project.json', (all: { scenarios: object[] }) => void Object.assign(all.scenarios[0]!, more));
const inSummary = (words: string): Bend => summary((all) => void (all.scenarios[0].runs[0].command += ` ${words}`));

/** Judged by other limits, and all that follows from them written as they come to. */
const judgedBy = (change: (budget: Record<string, number>) => void): Bend =>
  judgedAgain(measurement(`${run}/measurement.json`, (all) => change(all.budget)));

/** A bundle that says that another version made it, whose page has other words. */
function otherVersion(words: string): Bend {
  return both(
    summary((all) => void (all.tool.version = '9.9.9')),
    edit(`${run}/report.json`, (all: Mutable<unknown>) => void (all.tool.version = '9.9.9')),
    (all) => {
      const html = renderSignoffHtml(read(all, 'signoff.json'));
      all.set('signoff.html', Buffer.from(html.replace('</body>', `${words}</body>`)));
    },
    stated(),
  );
}

pages.push(
  [
    'a heap snapshot that nobody is warned of',
    both((all) => void all.set(`${run}/1.heapsnapshot`, Buffer.from('{}')), stated()),
    'summary-invalid',
  ],
  [
    'a change that is left out in the name of another version',
    both(
      summary(({ scenarios }) => {
        const { result } = scenarios[0].comparisons[0];
        result.metrics = result.metrics.filter(({ threshold }: { threshold: number | null }) => threshold === null);
      }),
      otherVersion(''),
    ),
    'comparison-differs',
  ],
);

const from =
  (name: string): Bend =>
  (files) =>
    void files.set(name, other.get(name)!);
const project = (change: (value: Mutable<unknown>) => void): Bend => signedAgain(edit('project.json', change));
const mixed: Row[] = [
  ...[
    ['died', (all: Mutable<unknown>) => void Object.assign(all.pass.exit, { code: 139, expected: false })],
    ['hung', (all: Mutable<unknown>) => void Object.assign(all.pass.exit, { killed: true })],
    ['was interrupted', (all: Mutable<unknown>) => void (all.interrupted = true)],
  ].map(
    ([name, change]): Row => [
      `a pair whose target ${name}`,
      signedAgain(measurement(`${pairs}/2-head.json`, change as () => void)),
      'data-invalid',
    ],
  ),
  [
    'a limit that nothing is over, under the command of another',
    signedAgain(judgedBy((budget) => void (budget['rss.max'] = 1e300))),
    'budget-differs',
  ],
  [
    'a limit less than the command has',
    signedAgain(judgedBy((budget) => void delete budget['rss.max'])),
    'budget-differs',
  ],
  ...[{ budgets: { 'rss.max': '100 MB' } }, { budgets: { 'rss.p99': '200 MB' } }].flatMap((budgets): Row[] => [
    ['a limit of the project that the command does not have', signedAgain(ofProject(budgets)), 'budget-differs'],
    ['a limit of the scenario that the command does not have', signedAgain(ofScenario(budgets)), 'budget-differs'],
  ]),
  [
    'a limit of the project that stands otherwise in the command of an environment',
    signedAgain(
      ofProject({ budgets: { 'rss.p99': '200 MB' } }),
      summary((all) => void (all.command += ' --env ci')),
    ),
    'project-differs',
  ],
  [
    'a limit twice in the command',
    signedAgain(
      edit(`${run}/report.json`, (all: Mutable<unknown>) => {
        all.command += ' --budget=rss.max=1GB';
        all.scenario.options.budget += ', rss.max=1GB';
      }),
      inSummary('--budget=rss.max=1GB'),
    ),
    'budget-differs',
  ],
  ...['1-base', '1-head', '3-head'].map(
    (name): Row => [
      `one run in two places, as ${name}`,
      signedAgain((files) => void files.set(`${pairs}/${name}.json`, files.get(`${pairs}/2-head.json`)!)),
      // It began before the run that it stands behind.
      name === '1-head' ? 'comparison-differs' : 'report-differs',
    ],
  ),
  ...[`${run}/measurement.json`, `${pairs}/1-base.json`].flatMap((name) =>
    ['2020-01-01T00:00:00Z', '2026-11-29T21:30:00Z'].map(
      (time): Row => [
        `${name}: measured at ${time}`,
        signedAgain(measurement(name, (all) => void (all.pass.startedAtEpochMs = Date.parse(time)))),
        'report-differs',
      ],
    ),
  ),
  [
    'a report that says that it is partial',
    signedAgain(edit(`${run}/report.json`, (all: Mutable<unknown>) => void (all.partial = true))),
    'verdict-differs',
  ],
  ['the summary of another sign-off', signedAgain(from('signoff.json')), 'comparison-differs'],
  [
    'pairs of another sign-off',
    signedAgain(...[1, 2, 3].map((pair) => from(`${pairs}/${pair}-head.json`))),
    'comparison-differs',
  ],
  ['one pair of another sign-off', signedAgain(from(`${pairs}/2-head.json`)), 'comparison-differs'],
  [
    'a run of last week',
    signedAgain(
      edit(`${run}/report.json`, (all: Mutable<unknown>) => void (all.startedAt = '2026-11-22T19:51:00.000Z')),
    ),
    'report-differs',
  ],
  [
    'a run of next week',
    signedAgain(
      edit(`${run}/report.json`, (all: Mutable<unknown>) => void (all.startedAt = '2026-12-06T19:51:00.000Z')),
    ),
    'report-differs',
  ],
  ['a run of another machine', signedAgain(summary(({ machine }) => void (machine.cores = 64))), 'report-differs'],
  [
    'a run of another runtime',
    signedAgain(edit(`${run}/report.json`, (all: Mutable<unknown>) => void (all.environment.node = 'v20.1.0'))),
    'report-differs',
  ],
  [
    'a run of another floodgate',
    signedAgain(edit(`${run}/report.json`, (all: Mutable<unknown>) => void (all.tool.version = '0.0.9'))),
    'report-differs',
  ],
  [
    'a project with another scenario',
    project((all) => void (all.scenarios[0].builtin = 'incident')),
    'project-differs',
  ],
  ['a project with a slower pace', project((all) => void (all.scenarios[0].pps = 10)), 'project-differs'],
  [
    'a project with a load more',
    project((all) =>
      Object.assign(all, {
        targets: { x: { command: 'sh -c id' } },
        scenarios: [{ ...all.scenarios[0], builtin: undefined, load: 'true' }],
      }),
    ),
    'project-differs',
  ],
  [
    'a project with a scenario more',
    project((all) => void all.scenarios.push({ name: 'flood', builtin: 'incident' })),
    'project-differs',
  ],
  ['a project without scenarios', project((all) => void (all.scenarios = [])), 'project-differs'],
  [
    'a project whose scenario is in no set',
    project((all) => void (all.scenarios[0].sets = ['nightly'])),
    'project-differs',
  ],
  [
    'a project that sends a recording',
    project((all) => Object.assign(all.scenarios[0], { builtin: undefined, capture: 'day.pcap' })),
    'project-differs',
  ],
  ['a project that is none', project((all) => void (all.scenarios = 'steady')), 'data-invalid'],
  ['no project', signedAgain((all) => void all.delete('project.json')), 'data-missing'],
  ['no ledger', signedAgain((all) => void all.delete('ledger.json')), 'data-missing'],
  ['no page', both((all) => void all.delete('signoff.html'), stated()), 'data-missing'],
  [
    'a recording that nothing sends',
    signedAgain(summary((all) => void all.inputs.push({ name: 'a.pcap', sha256: 'a'.repeat(64), bytes: 1 }))),
    'project-differs',
  ],
  [
    'a command with other limits of its own',
    signedAgain(
      both(
        summary(({ scenarios }) => void (scenarios[0].runs[0].command += ' --speed 9')),
        edit(`${run}/report.json`, (all: Mutable<unknown>) => {
          all.command += ' --speed 9';
          all.scenario.options.speed = '9';
        }),
      ),
    ),
    'project-differs',
  ],
  [
    'another definition',
    signedAgain(summary(({ scenarios }) => void (scenarios[0].runs[0].definition = '0'.repeat(16)))),
    'verdict-differs',
  ],
  ['a lane that was not run', signedAgain(summary(({ scope }) => void scope.lanes.push('tap'))), 'summary-invalid'],
  ['no lane', signedAgain(summary(({ scope }) => void (scope.lanes = []))), 'summary-invalid'],
  [
    'a lane under another name',
    signedAgain(
      both(
        summary(
          ({ scenarios, scope }) =>
            Object.assign(scenarios[0].runs[0], { lane: 'tap', folder: 'runs/steady/tap' }) && (scope.lanes = ['tap']),
        ),
        move(`${run}/`, 'runs/steady/tap/'),
      ),
    ),
    'verdict-differs',
  ],
  [
    'a list of files with one twice',
    signedAgain(
      (all) =>
        void all.set(
          'candidate.sha256',
          Buffer.from(`${all.get('candidate.sha256')}${'0'.repeat(64)}  package.json\n`),
        ),
    ),
    'data-invalid',
  ],
  [
    'a list of files with one twice, counted twice',
    signedAgain(
      summary(({ candidate }) => void (candidate.files += 1)),
      (all) =>
        void all.set(
          'candidate.sha256',
          Buffer.from(`${all.get('candidate.sha256')}${'0'.repeat(64)}  package.json\n`),
        ),
    ),
    'data-invalid',
  ],
  [
    'a list of files in another spelling',
    signedAgain((all) => void all.set('candidate.sha256', Buffer.from(`\\${all.get('candidate.sha256')}`))),
    'data-invalid',
  ],
];

const asked = (policy: object) => ({ policy: checkPolicy(policy, 'policy.yaml') });
const empty: Bend = both(
  move('runs/'),
  move('pairs/'),
  edit('project.json', (all: Mutable<unknown>) => void (all.scenarios = [])),
  (files) =>
    edit('signoff.json', (all: Mutable<unknown>) =>
      Object.assign(all, {
        scenarios: [],
        scope: { ...all.scope, lanes: [] },
        verdict: { ok: false, exitCode: 4, headline: 'v1.4.0 is not signed off: no scenario was run' },
      }),
    )(files),
);
const times: Row[] = [
  [
    'signed next year',
    signedAgain(summary((all) => void (all.signedAt = '2027-11-29T20:00:00.000Z'))),
    'budget-differs',
  ],
  ['signed in a minute that is not now', () => {}, 'from-the-future', { nowMs: Date.parse(signedAt) - 6 * 60_000 }],
  [
    'a time of another zone',
    signedAgain(summary((all) => void (all.signedAt = '2026-11-29T21:00:00.000+01:00'))),
    'summary-invalid',
  ],
  [
    'a day that there is not',
    signedAgain(summary((all) => void (all.signedAt = '2026-02-30T20:00:00.000Z'))),
    'summary-invalid',
  ],
  ['a time with words', signedAgain(summary((all) => void (all.signedAt = 'yesterday'))), 'summary-invalid'],
  [
    'signed before it was run',
    signedAgain(
      summary((all) =>
        Object.assign(all, { startedAt: '2026-11-20T00:00:00.000Z', signedAt: '2026-11-20T01:00:00.000Z' }),
      ),
    ),
    'report-differs',
  ],
  ['nothing was run, and it says so', signedAgain(empty), 'undecided'],
  [
    'nothing was run, and it passes',
    signedAgain(
      empty,
      summary((all) => void (all.verdict = { ok: true, exitCode: 0, headline: 'v1.4.0 is well.' })),
    ),
    'verdict-differs',
  ],
  ['no lane that the policy asks for', () => {}, 'lane-missing', asked({ lanes: ['exact', 'tap'] })],
  ['a scenario that the policy asks for', () => {}, 'scenario-missing', asked({ scenarios: ['steady', 'incident'] })],
  ['nobody’s key', () => {}, 'key-unknown', { key: generateKeyPairSync('ed25519').publicKey }],
];

const table = [...texts, ...payloads, ...statements, ...numbers, ...pages, ...mixed, ...times];

t.test(`${table.length} ways to bend a bundle, most of them by who has the key`, async (t) => {
  for (const [name, bend, reason, order] of table) {
    const [first] = await refusalsOf(clean, bend, order);
    t.equal(first?.reason, reason, `${name}: ${first?.text}`);
  }
});

t.test('a page that is not known is no hindrance to who has it made anew, and its words are ours', async (t) => {
  const bent = new Map(clean);
  both(
    otherVersion('other words'),
    summary(({ verdict }) => void (verdict.headline = 'All is well.')),
  )(bent);
  signedAgain()(bent);
  otherVersion('other words')(bent);
  const policy = checkPolicy({ allowNewer: true }, '');
  const found = await verified(bent, { makesPage: true, policy });
  t.same(found.refusals, []);
  t.match(found.report?.verdict.headline, /^v1\.4\.0 is within its limits in 1 scenario/);
  t.match(
    found.unchecked.join('\n'),
    /signoff\.html was not read: it is of floodgate 9\.9\.9[\s\S]*its sentences are its own/,
  );
});

t.test('what changes nothing is taken', async (t) => {
  const place = path.join(folder, 'bundle');
  mkdirSync(place);
  writeFolder(place, clean);
  const names = [...clean.keys()];
  const file = path.join(folder, 'bundle.tar.gz');
  writeArchive(place, file, names);
  const tar = gunzipSync(readFileSync(file));
  const whole = async () => (await verified(await readBundle(file))).refusals;
  t.same(await whole(), [], 'as it was written');
  for (const level of [0, 1, 9]) {
    writeFileSync(file, gzipSync(tar, { level }));
    t.same(await whole(), [], `packed at level ${level}`);
  }
  const packed = gzipSync(tar);
  const named = Buffer.concat([packed.subarray(0, 10), Buffer.from('bundle.tar\0'), packed.subarray(10)]);
  named[3]! |= 8;
  writeFileSync(file, named);
  t.same(await whole(), [], 'with a name in the header of gzip');
  rmSync(file);
  writeArchive(place, file, names.reverse());
  t.same(await whole(), [], 'files in another order');
  const linked = path.join(folder, 'linked');
  mkdirSync(path.join(linked, 'runs'), { recursive: true });
  for (const name of names) mkdirSync(path.dirname(path.join(linked, name)), { recursive: true });
  for (const name of names) linkSync(path.join(place, name), path.join(linked, name));
  t.same((await verified(await readBundle(linked))).refusals, [], 'hard links to the same bytes');
});
