/**
 * By who has the key and the source: raw data, report, summary and page are changed together, each so that it goes with what was changed.
 * Wherever two files of a bundle say the same, both are held against each other.
 */
import path from 'node:path';
import t from 'tap';
import type { RunReport, SeriesTable } from '../../reports/model.ts';
import type { SignoffReport } from '../../reports/signoff.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Measurement } from '../report/measurement.ts';
import {
  type Bend,
  both,
  dayMs,
  edit,
  judgedAgain,
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
  signedAgain,
  stateAgain,
  summary,
  verified,
  write,
} from './bending-fixture.ts';
import { readBundle } from './bundle-files.ts';
import { release, sealedFixture } from './bundle-fixture.ts';
import type { BundleFiles } from './bundle-room.ts';
import { judgeRun } from './judge.ts';
import { notesOf } from './notes.ts';
import { checkPolicy } from './policy.ts';
import { readSummary } from './summary.ts';

// Nothing here is about how long it takes, on however busy a machine.
t.setTimeout(600_000);
const folder = t.testdir();
const clean = (await sealedFixture(path.join(folder, 'clean'))).files;

type Table = Mutable<SeriesTable>;
const series = (change: (tables: Table[]) => void): Bend => report((all) => change(all.series));
const ofRss = (tables: Table[]): Table => tables.find(({ columns }) => columns[0].name === 'rss')!;
const flat = (values: number[]) => values.map(() => values[0]);

const curves: readonly (readonly [name: string, bend: Bend])[] = [
  [
    'resident memory is flat',
    series((all) => void (ofRss(all).columns[0].values = flat(ofRss(all).columns[0].values))),
  ],
  ['one reading is lower', series((all) => void (ofRss(all).columns[0].values[20] -= 4096))],
  ['its time is another', series((all) => void (ofRss(all).tMs[20] += 0.5))],
  ['a curve is gone', series((all) => void all.splice(all.indexOf(ofRss(all)), 1))],
  ['a curve stands twice', series((all) => void all.unshift(structuredClone(ofRss(all))))],
  ['a curve of nothing', series((all) => void all.push({ ...ofRss(all), group: 'other' }))],
  [
    'a curve as if a process had it',
    series((all) => void all.push({ ...ofRss(all), columns: [{ ...ofRss(all).columns[0], name: 'process 7 x' }] })),
  ],
  ['a curve under another name', series((all) => void (ofRss(all).columns[0].name = 'rssAfterGc'))],
  ['a column is gone', series((all) => void ofRss(all).columns.pop())],
  ['curves in another order', series((all) => void all.reverse())],
  [
    'the heap is half',
    series((all) => {
      const heap = all.find(({ columns }) => columns.some(({ name }: { name: string }) => name === 'heapUsed'))!;
      for (const column of heap.columns)
        column.values = column.values.map((value: number | null) => value && value / 2);
    }),
  ],
  ['collections are shorter', report(({ gc }) => void (gc.pauseMs = gc.pauseMs.map((ms: number) => ms / 2)))],
  [
    'a collection is left out',
    report(
      (all) =>
        void (all.gc = Object.fromEntries(
          Object.entries(all.gc).map(([name, list]) => [name, (list as unknown[]).slice(1)]),
        )),
    ),
  ],
  ['a phase had less memory', report(({ phases }) => void (phases[1].rssMaxBytes /= 2))],
  ['a counter is lower', report(({ counters }) => void (counters['capture.framesReceived'] -= 1))],
  ['more was delivered', report(({ ledger }) => void (ledger.framesDelivered += 1))],
  ['more was found', report(({ messages }) => void (messages.found.requests += 1))],
  [
    'exchanges that nobody counted',
    report((all) => void (all.exchanges = { sent: 1, intact: 1, stored: 1, storedWhole: 1, shed: {}, missing: 0 })),
  ],
  ['a spike is lower', report(({ spikes }) => void (spikes[0].heightBytes /= 2))],
  ['a spike ended sooner', report(({ spikes }) => void (spikes[0].endMs -= 1))],
  ['a spike of other frames', report(({ spikes }) => void (spikes[0].frames.first += 1))],
  ['no spike', report((all) => void (all.spikes = []))],
  ['a spike more', report((all) => void all.spikes.push(all.spikes[0]))],
  [
    'processes that there were none of',
    report((all) => void (all.family = { threads: [], processes: [], treeMaxBytes: 1, unlisted: 0 })),
  ],
];

const shown: Row[] = curves.map(([name, bend]) => [`report: ${name}`, signedAgain(bend), 'figures-differ']);

/** The same under the name of another version: what both know is the same. */
const other: Bend = both(
  summary((all) => void (all.tool.version = '9.9.9')),
  report((all) => void (all.tool.version = '9.9.9')),
);
const knownAnywhere = new Set(curves.slice(0, 3).map(([name]) => name));
const elsewhere: Row[] = [
  ...curves
    .filter(([name]) => knownAnywhere.has(name) || /heap is half|shorter|lower|less memory|delivered|found/.test(name))
    .filter(([name]) => !/spike/.test(name)),
].map(([name, bend]) => [`of another version: ${name}`, signedAgain(both(bend, other)), 'figures-differ']);

const raw = (change: (all: Mutable<unknown>) => void): Bend => measurement(`${run}/measurement.json`, change);
/** By a page: what lies between the samples moves with them. */
const lowered = (all: Mutable<unknown>) => {
  const { watch } = all.pass;
  const less = (values: number[]) => values.map((value) => value - 4096);
  for (const column of watch.rss.columns) column.values = less(column.values);
  watch.levels.bytes = less(watch.levels.bytes);
  watch.tops.rss = less(watch.tops.rss);
  watch.tops.own = less(watch.tops.own);
  for (const phase of watch.phases) phase.rssMaxBytes &&= phase.rssMaxBytes - 4096;
  for (const each of watch.rollup.columns.filter(({ name }: Mutable<unknown>) => name === 'pss' || name === 'uss'))
    each.values = less(each.values);
  watch.rssPeakBytes -= 4096;
  watch.rollupRssBytes -= 4096;
};
const keeping =
  (name: string, bend: Bend): Bend =>
  (files) => {
    const before = read<Mutable<unknown>>(files, `${run}/report.json`)[name];
    bend(files);
    const after = read<Mutable<unknown>>(files, `${run}/report.json`);
    write(files, `${run}/report.json`, { ...after, [name]: before });
  };
const together: Row[] = ['series', 'gc', 'phases', 'counters'].map((name): Row => {
  const all = (measured: Mutable<unknown>) => {
    lowered(measured);
    measured.pass.channel.gc.pop();
    measured.pass.watch.phases[1].rssMaxBytes -= 4096;
    measured.pass.stats.final.values['capture.framesReceived'] += 1;
  };
  return [
    `raw data and summary changed together, and not the ${name}`,
    signedAgain(keeping(name, judgedAgain(raw(all)))),
    'figures-differ',
  ];
});

const copied =
  (from: string, to: string, change: (all: Mutable<unknown>) => void = () => {}): Bend =>
  (files) => {
    const all = read<Mutable<unknown>>(files, from);
    const { startedAtEpochMs } = read<Mutable<unknown>>(files, to).pass;
    const { samples, final } = all.pass.stats;
    for (const each of [...samples, ...(final ? [final] : [])])
      each.tsMs += startedAtEpochMs - all.pass.startedAtEpochMs;
    all.pass.startedAtEpochMs = startedAtEpochMs;
    change(all);
    write(files, to, all);
  };
const moved = (ms: number) => (all: Mutable<unknown>) => {
  const { watch, sent } = all.pass;
  for (const table of [watch.rss, watch.rollup, watch.map, watch.levels, watch.tops, sent])
    table.tMs = table.tMs.map((at: number) => at + ms);
};
const copies: Row[] = [
  ['a run of a pair twice, under another time', copied(`${pairs}/1-head.json`, `${pairs}/3-head.json`)],
  ['a base in the place of a head', copied(`${pairs}/2-base.json`, `${pairs}/2-head.json`)],
  [
    'a copy that allocates more',
    copied(
      `${pairs}/1-base.json`,
      `${pairs}/1-head.json`,
      ({ pass: { channel } }) => void (channel.last.allocated += 1000),
    ),
  ],
  ['a copy whose readings were moved', copied(`${pairs}/1-base.json`, `${pairs}/1-head.json`, moved(12.5))],
  [
    'a copy without collections',
    copied(`${pairs}/1-base.json`, `${pairs}/1-head.json`, (all) => void (all.pass.channel.gc = [])),
  ],
  [
    'a copy whose readings are others, and whose collections are not',
    copied(`${pairs}/1-base.json`, `${pairs}/1-head.json`, (all) => {
      const { rss, rollup, map, levels, tops } = all.pass.watch;
      for (const table of [rss, rollup, map, levels, tops, all.pass.sent])
        table.tMs = table.tMs.map((at: number) => at * 1.01);
    }),
  ],
].map(([name, bend]) => [name as string, signedAgain(bend as Bend), 'report-differs']);

const pairNames = [1, 2, 3].flatMap((pair) => [`${pairs}/${pair}-base.json`, `${pairs}/${pair}-head.json`]);
const ofProject = (more: object): Bend => edit('project.json', (all: object) => void Object.assign(all, more));
/** Command, summary and raw data by this limit. */
const limited = (text: string, limit: number): Bend =>
  judgedAgain(
    ofProject({ budgets: { 'rss.max': text } }),
    report((all) => void (all.command = all.command.replace('rss.max=200MB', `rss.max=${text}`))),
    report(({ scenario }) => void (scenario.options.budget = `rss.max=${text}`)),
    ...[`${run}/measurement.json`, ...pairNames].map((name) =>
      measurement(name, ({ budget }) => void (budget['rss.max'] = limit)),
    ),
  );
const limits: Row[] = [
  ['a limit above the memory of the machine', signedAgain(limited('64GB', 64e9)), 'limit-idle'],
  ['a limit that nothing counts to', signedAgain(limited('9999999999GB', 9999999999e9)), 'data-invalid'],
  ...[1e300, -1, 'Infinity', 'NaN', '-5MB', '1e300', null, true].map(
    (limit): Row => [
      `a limit of ${JSON.stringify(limit)} in the project`,
      signedAgain(ofProject({ budgets: { 'rss.max': limit } })),
      'data-invalid',
    ],
  ),
  ...[1e300, -0.1, 2, 'Infinity', null].flatMap((threshold): Row[] => [
    [
      `a threshold of ${threshold} in a run`,
      signedAgain(
        summary(({ scenarios }) => void (scenarios[0].runs[0].thresholds['allocated.perMessage'] = threshold)),
      ),
      'summary-invalid',
    ],
    [
      `a threshold of ${threshold} in a comparison`,
      signedAgain(
        summary(({ scenarios }) => void (scenarios[0].comparisons[0].thresholds['allocated.perMessage'] = threshold)),
      ),
      'summary-invalid',
    ],
  ]),
  [
    'a threshold that the project does not have',
    signedAgain(summary(({ scenarios }) => void (scenarios[0].runs[0].thresholds['rss.max'] = 0.5))),
    'budget-differs',
  ],
  [
    'a threshold that the project has otherwise',
    signedAgain(ofProject({ thresholds: { 'allocated.perMessage': '1 %' } })),
    'budget-differs',
  ],
  [
    'a limit of another metric in the place of it',
    signedAgain(ofProject({ budgets: { 'uss.max': '1 GB' } })),
    'budget-differs',
  ],
];

const builds: Row[] = [
  [
    'built by other commands than the project has',
    signedAgain(
      judgedAgain(
        ofProject({ build: 'npm run build' }),
        summary(({ candidate }) => void (candidate.package = null)),
      ),
    ),
    'project-differs',
  ],
  [
    'a build that nobody names',
    signedAgain(summary(({ candidate }) => void (candidate.build = ['NODE_ENV=production make']))),
    'summary-invalid',
  ],
  ['no word of a build', signedAgain(summary(({ candidate }) => void delete candidate.build)), 'project-differs'],
  [
    'changes that nobody names',
    signedAgain(summary(({ candidate }) => void (candidate.dirty = true))),
    'summary-invalid',
  ],
  [
    'scenarios left out that nobody names',
    signedAgain(summary(({ scope }) => void scope.leftOut.push('incident'))),
    'summary-invalid',
  ],
  [
    'a warning as a remark',
    signedAgain(
      summary(({ candidate, notes }) => {
        candidate.dirty = true;
        notes.push({ severity: 'info', text: 'The candidate has changes that are not committed.' });
      }),
    ),
    'summary-invalid',
  ],
  [
    'compared with its own commit',
    signedAgain(judgedAgain(summary(({ candidate, previous }) => void (previous.commit = candidate.commit)))),
    'not-compared',
  ],
  [
    'compared with its own package',
    signedAgain(
      judgedAgain(
        summary((all) => {
          for (const [side, label] of [
            ['candidate', 'b.tgz'],
            ['previous', 'a.tgz'],
          ] as const)
            Object.assign(all[side], { label, commit: null, package: { name: label, sha256: 'd'.repeat(64) } });
          all.command = all.command.replace('v1.4.0 --previous v1.3.2', 'b.tgz --previous a.tgz');
        }),
      ),
    ),
    'not-compared',
  ],
];

const comparison = (change: (all: Mutable<unknown>) => void): Bend =>
  signedAgain(summary(({ scenarios }) => change(scenarios[0].comparisons[0])));
const evil = { name: 'evil.tgz', sha256: 'f'.repeat(64) };
const packaged = summary((all) => {
  Object.assign(all.candidate, { label: evil.name, commit: null, package: evil });
  all.command = all.command.replace('--candidate v1.4.0', `--candidate dist/${evil.name}`);
});
const alone = both(
  summary(({ scenarios }) => void (scenarios[0].comparisons = [])),
  move(pairs),
);
const otherVersion = signedAgain(other);
/** A page that is not known: whoever verifies it has it made anew. */
const pageOfOld = (files: BundleFiles) => `${files.get('signoff.html')}`.replace('</style>', '.old{}</style>');
const shownAt = ({ metrics }: Mutable<unknown>): number =>
  metrics.findIndex(({ threshold }: { threshold: unknown }) => threshold === null);
/** A bundle of schema version 2 that another floodgate made. */
const ofOldRules = both(
  ofSchema(2),
  otherVersion,
  (files) => void files.set('signoff.html', Buffer.from(pageOfOld(files))),
  stateAgain(release.privateKey),
);

const ordered: Row[] = [
  [
    'another release than was ordered',
    signedAgain(judgedAgain(summary((all) => void (all.release = 'v1.5.0')))),
    'summary-invalid',
  ],
  [
    'another candidate than was ordered',
    signedAgain(summary(({ candidate }) => void (candidate.label = 'v1.4.1'))),
    'summary-invalid',
  ],
  [
    'another previous than was ordered',
    signedAgain(judgedAgain(summary(({ previous }) => void (previous.label = 'v1.3.1')))),
    'summary-invalid',
  ],
  [
    'another set than was ordered',
    signedAgain(summary((all) => void (all.command += ' --set nightly'))),
    'summary-invalid',
  ],
  [
    'a scenario that was named, and others that nobody left out',
    signedAgain(summary((all) => void (all.command += ' --only steady'))),
    'summary-invalid',
  ],
  [
    'a scenario that was named, and left out',
    signedAgain(
      judgedAgain(
        summary((all) => {
          all.command += ' --only steady';
          all.scope.leftOut = ['steady'];
        }),
      ),
    ),
    'summary-invalid',
  ],
  ['no comparison', signedAgain(judgedAgain(alone)), 'summary-invalid'],
  ['no comparison, by another version', both(judgedAgain(alone), otherVersion), 'undecided'],
  [
    'a comparison in another lane than was ordered',
    signedAgain(summary((all) => void (all.command += ' --compare-lane tap'))),
    'summary-invalid',
  ],
  [
    'answers that may change, though the project does not say so',
    signedAgain(judgedAgain(summary(({ scenarios }) => void (scenarios[0].comparisons[0].mayAnswerOtherwise = true)))),
    'project-differs',
  ],
  [
    'a run in fewer lanes than were ordered',
    signedAgain(summary((all) => void (all.command = all.command.replace(' --lane exact', '')))),
    'summary-invalid',
  ],
  [
    'a package that was not ordered',
    signedAgain(summary(({ candidate }) => void (candidate.package = evil))),
    'summary-invalid',
  ],
  [
    'a package before it that was not ordered',
    signedAgain(summary(({ previous }) => void (previous.package = evil))),
    'summary-invalid',
  ],
  [
    'a package that was measured nowhere, at hand',
    signedAgain(packaged),
    'candidate-differs',
    { candidate: { kind: 'package', digest: evil.sha256, files: () => [{ name: 'evil.js', sha256: 'f'.repeat(64) }] } },
  ],
  [
    'rules of an older version, by an older version',
    signedAgain(
      ofSchema(1),
      summary((all) => void (all.tool.version = '0.0.9')),
      report((all) => void (all.tool.version = '0.0.9')),
    ),
    'summary-invalid',
  ],
  ['rules of an older version, by a newer version', both(ofSchema(2), otherVersion), 'summary-invalid'],
  [
    'a version that was never published',
    signedAgain(
      summary((all) => void (all.tool.version = '0.0.9')),
      report((all) => void (all.tool.version = '0.0.9')),
    ),
    'summary-invalid',
  ],
  ...['0.1.1', '0.2.0', '1.0.0', '0.1.00'].map(
    (version): Row => [
      `the name of version ${version}, which is not known`,
      signedAgain(
        summary((all) => void Object.assign(all, { tool: { ...all.tool, version }, release: 'v9.9.9' })),
        report((all) => void (all.tool.version = version)),
      ),
      'version-unknown',
    ],
  ),
  [
    'rules of an older version than the policy takes',
    ofOldRules,
    'schema-older',
    { makesPage: true, policy: checkPolicy({ schemaVersion: 3 }, '') },
  ],
  [
    'rules of an older version, by which amounts allocated are not made again',
    ofOldRules,
    'schema-older',
    { makesPage: true, policy: checkPolicy({ allowNewer: true }, '') },
  ],
  [
    'an environment that the project does not have',
    signedAgain(summary((all) => void (all.command += ' --env ci'))),
    'project-differs',
  ],
  [
    'an environment that was taken out',
    signedAgain(summary((all) => void (all.command += ' --env *REDACTED*'))),
    'project-differs',
  ],
  [
    'an environment of another name',
    signedAgain(
      ofProject({ environments: { night: { budgets: { 'rss.max': '200MB' } } } }),
      summary((all) => void (all.command += ' --env=ci')),
    ),
    'project-differs',
  ],
  [
    'limits of an environment that the run did not have',
    signedAgain(
      ofProject({ environments: { ci: { budgets: { 'rss.max': '100MB' } } } }),
      summary((all) => void (all.command += ' --env ci')),
    ),
    'budget-differs',
  ],
  [
    'thresholds of an environment that the run did not have',
    signedAgain(
      ofProject({ environments: { ci: { thresholds: { 'allocated.perMessage': '5 %' } } } }),
      summary((all) => void (all.command += ' --env ci')),
    ),
    'budget-differs',
  ],
  [
    'a scenario that was not ordered',
    signedAgain(summary((all) => void (all.command += ' --only incident'))),
    'summary-invalid',
  ],
  [
    'a lane that was not ordered',
    signedAgain(summary((all) => void (all.command += ' --lane tap'))),
    'summary-invalid',
  ],
  [
    'a seed that was not ordered',
    signedAgain(summary((all) => void (all.command = all.command.replace(' --seed 7', '')))),
    'summary-invalid',
  ],
  ...[
    ...[' --release *REDACTED*', ' --only *REDACTED*', " --only steady --only '*REDACTED*'", ' --seed=7*REDACTED*'],
    ...[' --lane exact --lane *REDACTED*', ' --max-pairs *REDACTED*', ' *REDACTED*'],
    ...[
      ' --release v9',
      ' --previous v1.3.1',
      ' -- --release v1.4.0',
      ' --no-such thing',
      ' --out --release --release v9',
    ],
    ...[' --archive=yes', ' --out', " --out 'a b", '  --archive', ' --only nothing'],
  ].map(
    (words): Row => [
      `a command of${words}`,
      signedAgain(summary((all) => void (all.command += words))),
      'summary-invalid',
    ],
  ),
  ...(
    [
      ['nothing', /.*/, ''],
      ['a mark', /.*/, '*REDACTED*'],
      ['another program', 'floodgate signoff', 'echo'],
      ['a word before', 'floodgate signoff', 'echo floodgate signoff'],
      ['a mark for a label', '--previous v1.3.2', '--previous *REDACTED*'],
    ] as const
  ).map(
    ([name, from, to]): Row => [
      `a command of ${name}`,
      signedAgain(summary((all) => void (all.command = all.command.replace(from, to)))),
      'summary-invalid',
    ],
  ),
  [
    'a limit below nothing, and no more',
    signedAgain(raw(({ budget }) => void (budget['rss.max'] = -1))),
    'data-invalid',
  ],
  [
    'a limit that makes a spike that nothing explains',
    signedAgain(raw(({ budget }) => void (budget['allocated.perMessage'] = 1))),
    'budget-differs',
  ],
  [
    'a limit that allows nothing of what was allocated',
    signedAgain(raw(({ budget }) => void (budget['allocated.total'] = 0))),
    'budget-differs',
  ],
  ['no figures', signedAgain(report((all) => void (all.figures = []))), 'figures-differ'],
  ['a figure less', signedAgain(report(({ figures }) => void figures.splice(3, 1))), 'figures-differ'],
  ['no limits', signedAgain(report((all) => void (all.budgets = []))), 'budget-differs'],
  [
    'a shown metric less',
    comparison(({ result }) => void result.metrics.splice(shownAt(result), 1)),
    'comparison-differs',
  ],
  ['the last metric less', comparison(({ result }) => void result.metrics.pop()), 'comparison-differs'],
  [
    'a metric twice',
    comparison(({ result }) => void result.metrics.push({ ...result.metrics.at(-1) })),
    'comparison-differs',
  ],
  ['a seed that draws another order', comparison((all) => void (all.seed = 8)), 'comparison-differs'],
  ['fewer pairs than were ordered', comparison((all) => void (all.pairsMax = 3)), 'summary-invalid'],
  ['time that was not up', comparison((all) => void (all.isCutShort = true)), 'summary-invalid'],
  [
    'a project with an environment',
    signedAgain(ofProject({ environments: { ci: { budgets: { 'rss.max': '1 kB' } } } })),
    'project-differs',
  ],
  [
    'a scenario twice',
    signedAgain(
      edit('project.json', (all: Mutable<unknown>) => void all.scenarios.push(all.scenarios[0])),
      summary((all) => void all.scenarios.push({ ...all.scenarios[0], runs: [], comparisons: [] })),
    ),
    'project-differs',
  ],
  [
    'a limit of the library that the run did not have',
    signedAgain(judgedAgain(raw(({ budget }) => void delete budget['missed.messages']))),
    'budget-differs',
  ],
  [
    'a limit of the library that was another',
    signedAgain(judgedAgain(raw(({ budget }) => void (budget['rss.p99'] = 250e6)))),
    'budget-differs',
  ],
  [
    'answers that nobody mentions',
    signedAgain(keeping('notes', judgedAgain(raw(({ pass }) => void (pass.answers = { total: 10, not2xx: 4 }))))),
    'figures-differ',
  ],
];

const watch = (change: (all: Mutable<unknown>) => void): Bend => raw(({ pass }) => change(pass.watch));
const witnesses: Row[] = [
  ['a kernel’s peak below the samples', watch((all) => void (all.rssPeakBytes = 1e6))],
  [
    'samples far below the kernel’s peak',
    watch(({ rss }) => void (rss.columns[0].values = rss.columns[0].values.map(() => 1000))),
  ],
  ['a sample above the peak beside it', watch(({ rss }) => void (rss.columns[2].values[3] = 4096))],
  ['a peak of the traffic below those beside its samples', watch((all) => void (all.trafficPeakBytes = 1e6))],
  [
    'a peak of the traffic above the whole one',
    watch((all) => void (all.trafficPeakBytes = 2 * all.rssPeakBytes + 1e7)),
  ],
  [
    'frames that were sent before the traffic began',
    raw(({ pass }) => {
      pass.sendStartMs = pass.sent.tMs[pass.sent.columns[0].values.findIndex((frames: number) => frames > 0) + 1] + 2;
      pass.sendEndMs = Math.max(pass.sendEndMs, pass.sendStartMs);
      pass.watch.phases[1].startMs = Math.max(pass.watch.phases[1].startMs, pass.sendEndMs);
    }),
  ],
  ['samples below nothing', watch(({ rss }) => void (rss.columns[0].values[3] = -1))],
  ['readings below nothing', watch(({ levels }) => void (levels.bytes[3] = -1))],
  [
    'three readings of memory',
    watch(({ levels }) => {
      levels.tMs.length = 3;
      levels.bytes.length = 3;
    }),
  ],
  ['one time more than readings', watch(({ levels }) => void levels.tMs.push(levels.tMs.at(-1)))],
  ['a time that goes back', watch(({ levels }) => void (levels.tMs[9] = 0))],
  [
    'readings without the higher half',
    watch(({ levels }) => {
      const median = levels.bytes.toSorted((a: number, b: number) => a - b)[levels.bytes.length >> 1];
      const kept = levels.bytes.map((bytes: number) => bytes <= median);
      levels.tMs = levels.tMs.filter((_: number, at: number) => kept[at]);
      levels.bytes = levels.bytes.filter((_: number, at: number) => kept[at]);
    }),
  ],
  ['no points between the samples', watch((all) => void (all.tops = { tMs: [], rss: [], own: [] }))],
  ['shares of more than there was', watch((all) => void (all.rollupRssBytes *= 2))],
  ['allocated less than nothing', raw(({ pass }) => void (pass.channel.last.allocated = -1))],
  ['a limit below nothing', raw(({ budget }) => void (budget['allocated.perMessage'] = -1))],
  ['a limit of resident memory below nothing', raw(({ budget }) => void (budget['rss.max'] = -1))],
  ['frames sent below nothing', raw(({ pass }) => void (pass.sent.columns[0].values[3] = -5))],
  ['sent before the run', raw(({ pass }) => void (pass.sent.tMs[0] = -5))],
  ['a sample before the run', watch(({ rss }) => void (rss.tMs[0] = -5))],
  ['an end by a code and by a signal', raw(({ pass }) => void (pass.exit.signal = 'SIGSEGV'))],
  [
    'an end that was expected, and given up',
    raw(({ pass }) => void (pass.exit.givenUp = { why: 'stalled', stalledMs: 1 })),
  ],
  ...[{ 500: 600 }, { 200: 599 }, { 200: 599, 500: 1 }, {}].map((statuses) => [
    `answers ${JSON.stringify(statuses)} of 600 that did not fail`,
    raw(({ pass }) => void (pass.answers = { total: 600, not2xx: 0, statuses })),
  ]),
  [
    'a place that allocated, twice',
    raw((all) => void (all.sites = Array(2).fill({ file: 'src/cart.js', functionName: 'total', selfBytes: 1000 }))),
  ],
  ['a counter below nothing', raw(({ pass }) => void (pass.sending.ledger.framesSent = -1))],
].map(([name, bend]) => [name, signedAgain(judgedAgain(bend as Bend)), 'data-invalid'] as Row);

const facts: Row[] = [
  ['a member more in a report', report((all) => void (all.approved = true)), 'data-invalid'],
  ['a member more in raw data', raw((all) => void (all.approved = true)), 'data-invalid'],
  ['raw data of another target', raw((all) => void (all.isAgent = false)), 'report-differs'],
  ['a target that ran before', raw(({ pass }) => void (pass.ranBefore = true)), 'data-invalid'],
  ['a target that was given nothing', raw(({ pass }) => void (pass.isTried = false)), 'data-invalid'],
  ['a limit that is implied, and was written', raw(({ implied }) => void implied.push('rss.max')), 'report-differs'],
  ['another version of the target', report(({ target }) => void (target.version = '9')), 'report-differs'],
  ['another name of the target', report(({ target }) => void (target.name = 'node other.js')), 'report-differs'],
  ['another description', report(({ scenario }) => void (scenario.description = 'light traffic')), 'report-differs'],
  ['a measuring pass of no time', report(({ passes }) => void (passes[0].durationMs = 1)), 'report-differs'],
  ['no stages of the agent', report(({ target }) => void (target.stages = '')), 'report-differs'],
  ['a defect that was not there', report(({ scenario }) => void (scenario.defect = 'leak')), 'report-differs'],
  [
    'a limit that was not typed',
    report(({ scenario }) => void (scenario.options.budget = 'rss.max=1MB')),
    'report-differs',
  ],
  ['a load that was not typed', report(({ scenario }) => void (scenario.options.load = 'heavy')), 'report-differs'],
  ['no measuring pass', report((all) => void (all.passes = [])), 'report-differs'],
  ['a measuring pass that cost nothing', report(({ passes }) => void (passes[0].overheadShare = 0)), 'report-differs'],
  ['a run shorter than its pass', report((all) => void (all.durationMs = 1)), 'report-differs'],
  ['a run of half an hour later', report((all) => void (all.startedAt = '2026-11-29T20:21:00.000Z')), 'report-differs'],
  ['rules of an older version', ofSchema(2), 'summary-invalid'],
  [
    'a pair of another lane',
    measurement(`${pairs}/1-head.json`, ({ pass }) => void (pass.lane = 'load')),
    'data-invalid',
  ],
  [
    'a pair of another target',
    measurement(`${pairs}/1-head.json`, (all) => void (all.isAgent = false)),
    'data-invalid',
  ],
].map(([name, bend, reason]) => [name, signedAgain(judgedAgain(bend as Bend)), reason] as Row);

const said = (severity: string, text: string): Bend => summary(({ notes }) => void notes.push({ severity, text }));
const made: Row[] = [
  ['a sentence more, for a person', said('info', 'Reviewed by the board: rss.max was 12 MB.')],
  ['a warning of what is not so', said('warning', 'It was compared with no release before it (--previous).')],
  [
    'a word of snapshots that nobody asked for',
    said('warning', 'steady (exact lane): 3 heap snapshots did not fit into the bundle.'),
  ],
  [
    'members in another order',
    summary(({ scenarios: [{ runs }] }) => {
      runs[0].samples = Object.fromEntries(Object.entries(runs[0].samples).reverse());
    }),
  ],
  ['a note twice', summary(({ notes }) => void notes.push(notes[0]))],
  ['notes in another order', summary(({ notes }) => void notes.unshift({ severity: 'info', text: 'First of all.' }))],
  ['a key that nobody ordered', summary((all) => void (all.command = all.command.replace(' --key release.key', '')))],
  ['a lane twice', summary(({ scope }) => void scope.lanes.push(scope.lanes[0]))],
  [
    'a tool of another name',
    both(
      summary(({ tool }) => void (tool.name = 'pro')),
      report(({ tool }) => void (tool.name = 'pro')),
    ),
  ],
  ['changes of a tag', summary(({ previous }) => void (previous.dirty = true))],
  [
    'a package with a commit',
    summary((all) => {
      Object.assign(all.previous, { label: 'a.tgz', package: { name: 'a.tgz', sha256: 'f'.repeat(64) } });
      all.verdict.headline = all.verdict.headline.replace('v1.3.2', 'a.tgz');
      all.command = all.command.replace('v1.3.2', 'a.tgz');
    }),
  ],
  [
    'a fault of the machine where none was asked',
    summary(({ scenarios }) => void (scenarios[0].comparisons[0].lastFault = 'pair 9 fell')),
  ],
  [
    'a pair on a busy machine, of allocation alone',
    summary(({ scenarios }) => {
      const [first] = scenarios[0].comparisons;
      Object.assign(first, { unfitPairs: 1, lastFault: 'others take 40 % of the processors' });
      first.result.notes.push({
        severity: 'warning',
        text: 'the machine was not fit to judge in 1 of 3 pairs: others take 40 % of the processors',
      });
    }),
  ],
  [
    'call sites though nothing is worse',
    summary(
      ({ scenarios }) => void scenarios[0].comparisons[0].result.sites.push({ name: 'parse', approvedBy: 'anna' }),
    ),
  ],
  [
    'a name that moves what stands before it',
    summary((all) => {
      all.release = 'v1.4.0\u001b[2K';
      all.command = all.command.replace('--release v1.4.0', "--release 'v1.4.0\u001b[2K'");
      all.verdict.headline = all.verdict.headline.replace('v1.4.0', all.release);
    }),
  ],
  [
    'a command that floodgate quotes otherwise',
    summary((all) => void (all.command = all.command.replace('--seed', String.raw`\--seed`))),
  ],
  [
    'a file above the candidate',
    both(
      (files) =>
        void files.set('candidate.sha256', Buffer.from(`${'a'.repeat(64)}  ../x\n${files.get('candidate.sha256')}`)),
      summary(({ candidate }) => void (candidate.files += 1)),
    ),
  ],
  [
    'files of the candidate in another order',
    (files: BundleFiles) =>
      void files.set(
        'candidate.sha256',
        Buffer.from(`${files.get('candidate.sha256')}`.trim().split('\n').reverse().join('\n').concat('\n')),
      ),
  ],
].map(([name, bend]) => [name, signedAgain(bend as Bend), 'summary-invalid'] as Row);

/** A service under a load, whose requests are counted. */
const service = await readBundle(path.join(import.meta.dirname, '../../docs/signoff-example.tar.gz'));
const pass = (change: (all: Mutable<unknown>) => void): Bend =>
  measurement('pairs/cart/load/2-head.json', (all) => change(all.pass));
const marks = (change: (mark: Mutable<unknown>, at: number, all: Mutable<unknown>[]) => void): Bend =>
  pass(({ channel }) => channel.marks.forEach(change));
const fewer = ({ channel: { marks } }: Mutable<unknown>) =>
  marks.forEach((mark: Mutable<unknown>) => {
    mark.allocated = Math.round(marks[0].allocated + 0.1 * (mark.allocated - marks[0].allocated));
    mark.allocatedYoung = Math.min(mark.allocatedYoung, mark.allocated);
  });
/** All sums of allocation times so much: marks, readings, the end, and what they are said to be made of. */
const scaled =
  (factor: number, more: (channel: Mutable<unknown>) => void = () => {}) =>
  ({ channel }: Mutable<unknown>) => {
    const times = (of: Mutable<unknown>, ...names: string[]) =>
      names.forEach((name) => void (of[name] = Math.round(of[name] * factor)));
    for (const mark of channel.marks) times(mark, 'allocated', 'allocatedYoung');
    for (const { parts } of [...channel.marks, channel.last]) times(parts, 'allocated', 'allocatedYoung');
    times(channel.last, 'allocated');
    const { values } = channel.v8.columns.find(({ name }: Mutable<unknown>) => name === 'allocated');
    values.forEach((bytes: number, at: number) => void (values[at] = Math.round(bytes * factor)));
    more(channel);
    for (const mark of channel.marks) {
      mark.allocated = mark.parts.allocated - mark.parts.own;
      mark.allocatedYoung = mark.parts.allocatedYoung - mark.parts.ownYoung;
    }
  };
type Shares = Readonly<Record<'pss' | 'shared' | 'uss' | 'anonymous' | 'fileBacked', number[]>>;
/** By the looks at its shares. */
const shares = (change: (columns: Shares) => void): Bend =>
  pass(({ watch: { rollup } }) => {
    const columns = rollup.columns.map(({ name, values }: Mutable<unknown>) => [name, values]);
    change(Object.fromEntries(columns) as unknown as Shares);
  });
const halved = (values: number[]) => values.forEach((bytes, at) => void (values[at] = Math.round(bytes / 2)));
/** Ten requests that were sent again: two answers fail, and one of these did not before. */
const recorded = {
  recorded: { requests: 10, bytes: 1000, connections: 1, durationUs: 1, connectionsMax: 1, unsent: {}, upgraded: 0 },
  ...{ mode: 'topspeed', loops: 1, sent: 10, bytesSent: 1000, answered: 9, unanswered: 1, errors: 1, not2xx: 2 },
  ...{ differentStatus: 1, differentLength: 0, uncompared: 0, statusOnly: 0, cutShort: false },
};
/** What drove it, as whoever has the key would have it. */
const driven = (change: (load: Mutable<unknown>, all: Mutable<unknown>[]) => void): Bend =>
  both(
    summary(({ inputs }) =>
      change(
        inputs.find(({ role }: Mutable<unknown>) => role === 'load'),
        inputs,
      ),
    ),
    (files) => edit('signoff.json', (all: Mutable<unknown>) => void (all.notes = notesOf(all, files.keys())))(files),
  );
const drivers: Row[] = (
  [
    ['another load that is said to be the candidate’s', (load) => void (load.sha256 = 'a'.repeat(64))],
    ['the candidate’s load that is said to come from elsewhere', (load) => void (load.from = 'elsewhere')],
    ['no word of where a load came from', (load) => void delete load.from],
    ['a load twice', (load, all) => void all.push(load)],
    ['a file that did something else', (load) => void (load.role = 'approval')],
    ['a place that there is not', (load) => void (load.from = 'the release team')],
    ['no load, though a command names one', (load, all) => void all.splice(all.indexOf(load), 1)],
    ['nothing that drove it', (_, all) => void all.splice(0)],
    [
      'another load, as of a package, which lies in no node_modules',
      (load) => void Object.assign(load, { sha256: '0'.repeat(64), from: 'installed' }),
    ],
    [
      'another load than lay there, that no commit has',
      (load) => void Object.assign(load, { sha256: '0'.repeat(64), from: 'working folder' }),
    ],
    [
      'a file of a commit that was not checked out',
      (_, all) => {
        const from = `commit ${'f'.repeat(40)}`;
        all.push({ name: 'more.mjs', sha256: '0'.repeat(64), bytes: 1, role: 'load', from });
      },
    ],
  ] as const satisfies [string, Parameters<typeof driven>[0]][]
).map(([name, change]) => [name, signedAgain(driven(change)), 'summary-invalid']);

/** So many requests more were answered, and none of them marked. */
const answered = (more: number) => (all: Mutable<unknown>) => {
  for (const answers of [all.pass.answers, all.pass.channel.last.answers]) {
    answers.total += more;
    answers.statuses[200] += more;
  }
};
/** Report and summary of the service's own run, as its raw data are now. */
const judgedService = (bend: Bend): Bend =>
  both(bend, (files) => {
    const signed = read<Mutable<SignoffReport>>(files, 'signoff.json');
    const [{ name: scenario, runs }] = signed.scenarios;
    const { folder, thresholds, definition } = runs[0];
    const again = judgeRun({
      ...{ scenario, thresholds, definition, ledger: read<Ledger>(files, 'ledger.json') },
      report: read<RunReport>(files, `${folder}/report.json`),
      measurement: read<Measurement>(files, `${folder}/measurement.json`),
      day: signed.signedAt.slice(0, 10),
    });
    write(files, `${folder}/report.json`, again.report);
    runs[0] = { ...again.run, folder };
    write(files, 'signoff.json', readSummary(JSON.parse(JSON.stringify(signed))));
  });

const serviceRows: Row[] = [
  [
    'twice as many requests, by each mark twice and a copy of its reading',
    pass((all) => {
      const { marks, v8 } = all.channel;
      const rows = marks.map(({ tMs }: Mutable<unknown>) => v8.tMs.findIndex((ms: number) => ms >= tMs));
      for (const row of rows.toReversed())
        for (const values of [v8.tMs, ...v8.columns.map((each: Mutable<unknown>) => each.values)])
          values.splice(row, 0, values[row]);
      all.channel.marks = marks.flatMap((mark: Mutable<unknown>, at: number) => [
        { ...mark, tMs: v8.tMs[rows[at] + at], requests: 200 * at + 100 },
        { ...mark, tMs: v8.tMs[rows[at] + at], requests: 200 * at + 200 },
      ]);
      answered(all.answers.total)({ pass: all });
    }),
  ],
  [
    'a collection of young objects that is said to be a whole one',
    pass(({ channel: { gc, last } }) => {
      gc[0].kind = 'MarkSweepCompact';
      last.afterGc = gc[0].usedAfter;
    }),
  ],
  [
    'a whole collection that is said to be one of young objects',
    pass(({ channel: { gc, marks, last, v8 } }) => {
      const old = 12_000_000;
      gc[5].usedBefore += old;
      last.peakBeforeGc = gc[5].usedBefore;
      const later = [...marks, last].filter(({ parts }) => parts.collections > 5);
      for (const each of later) {
        each.allocated += old;
        each.parts.allocated += old;
      }
      const { values } = v8.columns.find(({ name }: Mutable<unknown>) => name === 'allocated');
      v8.tMs.forEach((ms: number, at: number) => void (values[at] += ms >= later[0].tMs ? old : 0));
    }),
  ],
  [
    'young objects that were collected in two ways',
    pass(({ channel: { gc } }) => void (gc[1].kind = 'MinorMarkSweep')),
  ],
  ...[0.4, 0.7, 0.82, 0.98, 1.02, 1.23, 2].map(
    (factor) => [`${factor} of all that was allocated, by all but its collections`, pass(scaled(factor))] as const,
  ),
  [
    'less allocated, and no collections',
    pass(
      scaled(0.4, (channel) => {
        channel.gc = [];
        for (const { parts } of [...channel.marks, channel.last]) parts.collections = 0;
      }),
    ),
  ],
  ...(
    [
      ['every 50th request marked', (mark, at) => void (mark.requests = (at + 1) * 50)],
      ['requests marked with two thirds of their numbers', (mark) => void (mark.requests *= 0.66)],
    ] as const satisfies [string, Parameters<typeof marks>[0]][]
  ).map(([name, change]) => [name, marks(change)] as const),
  ['marks left out', pass(({ channel }) => void (channel.marks = channel.marks.slice(0, 2)))],
  [
    'sums that are said to be of another runtime',
    pass(({ channel }) => {
      const { values } = channel.v8.columns.find(({ name }: Mutable<unknown>) => name === 'malloced');
      values.fill(null);
      for (const each of [...channel.marks, channel.last]) delete each.parts;
    }),
  ],
  [
    'more readings than there is time for',
    pass(({ channel: { v8 } }) => {
      const times = (all: unknown[]) => all.flatMap((each) => Array<unknown>(13).fill(each));
      v8.tMs = times(v8.tMs);
      for (const column of v8.columns) column.values = times(column.values);
    }),
  ],
  [
    'less allocated, as if more lay on its heap before',
    pass(({ channel: { marks } }) => {
      const [first] = marks;
      for (const name of ['lying', 'lyingYoung', 'allocated', 'allocatedYoung']) first.parts[name] += 500_000;
      first.allocated += 500_000;
      first.allocatedYoung += 500_000;
    }),
  ],
  [
    'less allocated, as if readings took more',
    pass(({ channel: { marks, last } }) => {
      [...marks, last].forEach(({ parts }, at) => {
        parts.own += at * 300_000;
        parts.ownYoung += at * 300_000;
      });
      for (const mark of marks) {
        mark.allocated = mark.parts.allocated - mark.parts.own;
        mark.allocatedYoung = mark.parts.allocatedYoung - mark.parts.ownYoung;
      }
      last.ownAllocated = last.parts.own;
    }),
  ],
  [
    'less allocated, as if readings took old objects',
    pass(({ channel: { marks, last } }) => {
      [...marks, last].forEach(({ parts }, at) => {
        parts.own += at * 20_000;
      });
      for (const mark of marks) mark.allocated = mark.parts.allocated - mark.parts.own;
      last.ownAllocated = last.parts.own;
    }),
  ],
  [
    'more old objects allocated',
    pass(({ channel: { marks, last, v8 } }) => {
      const more = (at: number) => Math.round((6e6 * at) / marks.length);
      [...marks, last].forEach((each, at) => {
        each.parts.allocated += more(at);
        each.allocated += more(at);
      });
      const { values } = v8.columns.find(({ name }: Mutable<unknown>) => name === 'allocated');
      values.forEach((bytes: number, at: number) => {
        const mark = marks.filter(({ tMs }: Mutable<unknown>) => tMs <= v8.tMs[at]).length - 1;
        values[at] = bytes + more(Math.max(0, mark));
      });
      values[values.length - 1] = last.allocated;
    }),
  ],
  [
    'sums that say nothing of what they are made of',
    pass(({ channel: { marks, last, gc } }) => {
      for (const each of [...marks, last]) delete each.parts;
      for (const each of gc) {
        delete each.youngBefore;
        delete each.youngAfter;
      }
    }),
  ],
  [
    'answers of another status by the process alone',
    pass(({ channel }) => void (channel.last.answers.statuses = { 204: channel.last.answers.total })),
  ],
  [
    'answers of another status by the pass alone',
    pass(({ answers }) => void (answers.statuses = { 204: answers.total })),
  ],
  [
    'a third of the bytes by the process alone',
    pass(({ channel: { last } }) => void (last.answers.bytes = Math.round(last.answers.bytes / 3))),
  ],
  ['three times the bytes by the pass alone', pass(({ answers }) => void (answers.bytes *= 3))],
  [
    'answers that fewer requests had',
    pass(({ channel: { last } }) => void Object.assign(last.answers, { total: 200, statuses: { 200: 200 } })),
  ],
  [
    'nothing allocated at the last mark',
    pass(({ channel: { marks } }) => void (marks.at(-1).allocated = marks[0].allocated)),
  ],
  ['fewer young objects at the last mark', pass(({ channel: { marks } }) => void (marks.at(-1).allocatedYoung -= 4e6))],
  [
    'more young objects than objects',
    pass(({ channel: { marks } }) =>
      marks.forEach((mark: Mutable<unknown>) => void (mark.allocatedYoung = 9 * mark.allocated)),
    ),
  ],
  ['less allocated at the end', pass(({ channel: { last } }) => void (last.allocated = 1))],
  [
    'less off the heap',
    pass(({ channel: { marks } }) => {
      marks[0].offHeap = 9e9;
      marks.at(-1).offHeap = 1;
    }),
  ],
  [
    'hardly anything allocated, by its marks alone',
    marks((mark, at) => void Object.assign(mark, { allocated: 1000 + at, allocatedYoung: at })),
  ],
  [
    'a tenth as much allocated, by its marks alone',
    marks((mark, _, all) => {
      mark.allocated = Math.round(all[0].allocated + 0.1 * (mark.allocated - all[0].allocated));
      mark.allocatedYoung = Math.min(mark.allocatedYoung, mark.allocated);
    }),
  ],
  [
    'three times as much allocated, by its marks alone',
    marks((mark, at, all) => {
      if (at > 0) mark.allocated = Math.round(all[0].allocated + 3 * (mark.allocated - all[0].allocated));
    }),
  ],
  [
    'hardly anything allocated, by all but its collections',
    pass(({ channel: { marks, v8, last } }) => {
      const { values } = v8.columns.find(({ name }: Mutable<unknown>) => name === 'allocated');
      const less = (bytes: number) => Math.round(values[0] + (bytes - values[0]) / 9);
      marks.forEach((mark: Mutable<unknown>) => {
        mark.allocated = less(mark.allocated);
        mark.allocatedYoung = Math.min(mark.allocatedYoung, mark.allocated);
      });
      last.allocated = less(last.allocated);
      values.forEach((bytes: number, at: number) => void (values[at] = less(bytes)));
    }),
  ],
  [
    'all allocated from its first reading on',
    pass(({ channel: { v8 } }) => {
      const { values } = v8.columns.find(({ name }: Mutable<unknown>) => name === 'allocated');
      values.fill(values.at(-1));
    }),
  ],
  ['readings that took most of it', pass(({ channel: { last } }) => void (last.ownAllocated = last.allocated - 1))],
  [
    'others that allocated, of which there are none',
    pass((all) => void (all.elsewhere = { bytes: 4e7, threads: 0, processes: 0, isCounted: true })),
  ],
  [
    'a child that was not started',
    pass((all) => void (all.elsewhere = { bytes: 4e7, threads: 0, processes: 1, isCounted: true })),
  ],
  [
    'a tenth as much allocated, beside a thread that allocated more',
    pass((all) => {
      all.elsewhere = { bytes: 4e7, threads: 1, processes: 0, isCounted: true };
      all.channel.last.ownAllocated = 65_536;
      fewer(all);
    }),
  ],
  [
    'a tenth as much allocated, by a process of 500 threads',
    pass((all) => {
      all.watch.usage.threads = 500;
      all.channel.last.ownAllocated = 65_536;
      fewer(all);
    }),
  ],
  [
    'more allocated at the end than threads did',
    pass((all) => {
      all.elsewhere = { bytes: 1e6, threads: 1, processes: 0, isCounted: true };
      all.channel.marks.at(-1).allocated += 5e7;
    }),
  ],
  [
    'marks without readings beside them',
    pass(({ channel: { v8 } }) => {
      v8.tMs.splice(2, v8.tMs.length - 4);
      for (const { values } of v8.columns) values.splice(2, values.length - 4);
    }),
  ],
  ['an end that does not say what readings took', pass(({ channel: { last } }) => void delete last.ownAllocated)],
  ['a part of a byte allocated', pass(({ channel: { last } }) => void (last.allocated += 0.5))],
  ['a process without a thread', pass(({ watch: { usage } }) => void (usage.threads = 0))],
  ['no page faults', pass(({ watch: { usage } }) => void (usage.minorFaults = 0))],
  ['traffic that begins when it ends', pass((all) => void (all.sendStartMs = all.sendEndMs - 1))],
  ['traffic that begins with the target', pass((all) => void (all.sendStartMs = 0))],
  ['traffic that goes on after it', pass((all) => void (all.sendEndMs += 2000))],
  ['a peak of the heap below its collections', pass(({ channel: { last } }) => void (last.peakBeforeGc = 1))],
  [
    'something left by a whole collection, and none that came',
    pass(({ channel: { gc, last } }) => {
      for (const each of gc) each.kind = 'Scavenge';
      last.afterGc = 5_000_000;
    }),
  ],
  [
    'a heap that is less full at its collections than at its readings',
    pass(({ channel: { gc, last } }) => {
      for (const each of gc) {
        each.usedBefore -= 3_000_000;
        each.usedAfter -= 3_000_000;
      }
      last.peakBeforeGc -= 3_000_000;
    }),
  ],
  ['a peak of the heap above all of it', pass(({ channel: { last } }) => void (last.peakBeforeGc += 2_000_000))],
  [
    'collections before its traffic',
    pass(({ channel: { gc } }) => {
      for (const each of gc) each.tMs = Math.min(each.tMs, 50);
    }),
  ],
  [
    'collections behind its traffic',
    pass(({ channel: { gc }, sendEndMs }) => {
      for (const each of gc) each.tMs = Math.max(each.tMs, sendEndMs + 1);
    }),
  ],
  ['a share of nothing', shares(({ pss }) => pss.fill(0))],
  ['half the pages of its own', shares(({ uss }) => halved(uss))],
  [
    'half the pages of its own, and of no file',
    shares(({ uss, anonymous }) => {
      halved(uss);
      halved(anonymous);
    }),
  ],
  [
    'pages that many processes answer for',
    shares(({ pss, shared }) => {
      pss.forEach((bytes, at) => void (shared[at]! += Math.round(bytes / 4)));
      pss.forEach((bytes, at) => void (pss[at] = bytes - Math.round(bytes / 4)));
    }),
  ],
  [
    'more shared pages than there was memory',
    shares(({ shared }) => void shared.forEach((bytes, at) => void (shared[at] = bytes * 50))),
  ],
  [
    'fewer shared pages, and read of as much',
    pass(({ watch }) => {
      const [pss, shared] = watch.rollup.columns.map(({ values }: Mutable<unknown>) => values);
      halved(shared);
      watch.rollupRssBytes = Math.max(...pss.map((bytes: number, at: number) => bytes + shared[at]));
    }),
  ],
  [
    'an answer for more than half of what is not its own',
    shares(({ uss, anonymous, fileBacked }) => {
      halved(uss);
      halved(anonymous);
      halved(fileBacked);
    }),
  ],
  [
    'no look at its shares at its end',
    pass(({ watch }) => {
      const { tMs, columns } = watch.rollup;
      tMs.pop();
      for (const { values } of columns) values.pop();
      const [pss, shared] = columns.map(({ values }: Mutable<unknown>) => values);
      watch.rollupRssBytes = Math.max(...pss.map((bytes: number, at: number) => bytes + shared[at]));
    }),
  ],
  [
    'a load that took half as long as its samples have',
    pass((all) => void (all.sendEndMs = (all.sendStartMs + all.sendEndMs) / 2)),
  ],
  ['more CPU time than the kernel has', pass(({ channel: { last } }) => void (last.cpuMs *= 2))],
  [
    'less CPU time than the kernel has',
    pass(({ channel: { last }, watch: { usage } }) => {
      last.cpuMs = 1;
      usage.userMs += 60_000;
    }),
  ],
  [
    'fewer bytes than it answered',
    pass(({ sent, answers, channel }) => {
      const { values } = sent.columns.find(({ name }: Mutable<unknown>) => name === 'bytes');
      values.forEach((bytes: number, at: number) => void (values[at] = Math.min(bytes, 1000)));
      for (const each of [answers, channel.last.answers]) each.bytes += 9_000_000;
    }),
  ],
  ...(
    [
      ['more than were recorded', { answered: 11 }],
      ['fewer than were sent', { answered: 8 }],
      ['errors that are none', { errors: 3 }],
      ['errors that do not differ', { differentStatus: 0 }],
      ['more that differ than were answered', { differentLength: 9 }],
    ] as const
  ).map(
    ([name, other]) =>
      [`recorded requests: ${name}`, pass((all) => void (all.requests = { ...recorded, ...other }))] as const,
  ),
  ['less on its heap at the end', pass(({ channel: { last } }) => void (last.heapUsed = 1000))],
  [
    'less on its heap at the end, by its last row too',
    pass(({ channel: { last, v8 } }) => {
      last.heapUsed = 1000;
      v8.columns.find(({ name }: Mutable<unknown>) => name === 'heapUsed').values.splice(-1, 1, 1000);
    }),
  ],
  ['less off the heap at the end', pass(({ channel: { last } }) => void (last.external = 7))],
  ['smaller buffers at the end', pass(({ channel: { last } }) => void (last.arrayBuffers = 7))],
  ['other handles at the end', pass(({ channel: { last } }) => void (last.handles += 4000))],
  ['collections of a kind of its own', pass(({ channel: { gc } }) => void (gc[0].kind = 'Approved'))],
  ['a heap that holds more than its size', pass(({ channel: { last } }) => void (last.heapUsed = 9e9))],
  [
    'traffic that ends before it begins',
    pass((all) => void ([all.sendStartMs, all.sendEndMs] = [all.sendEndMs, all.sendStartMs])),
  ],
  [
    'collections long after the end',
    pass(({ channel: { gc } }) => gc.forEach((each: Mutable<unknown>) => void (each.tMs += 1e9))),
  ],
  [
    'marks long after the end',
    pass(({ channel: { marks } }) => marks.forEach((each: Mutable<unknown>) => void (each.tMs += 1e9))),
  ],
  [
    'less sent in the end',
    pass(({ sent }) => sent.columns.forEach((each: Mutable<unknown>) => void each.values.reverse())),
  ],
  [
    'a column twice, the lower first',
    pass(
      ({ watch: { rss } }) =>
        void rss.columns.unshift({ ...rss.columns[0], values: rss.columns[0].values.map(() => 4096) }),
    ),
  ],
  ['a column less', pass(({ watch: { rss } }) => void rss.columns.pop())],
  ['no phases', pass(({ watch }) => void (watch.phases = []))],
  ['a phase of another name', pass(({ watch }) => void (watch.phases[0].name = 'calm'))],
  ['a phase with less memory than its samples', pass(({ watch }) => void (watch.phases[1].rssMaxBytes = 4096))],
  [
    'a part of a byte',
    pass(({ watch: { levels } }) => void (levels.bytes = levels.bytes.map((bytes: number) => bytes * 1.000_01))),
  ],
  ['a crash when it was ended', pass(({ exit }) => void Object.assign(exit, { code: null, signal: 'SIGSEGV' }))],
  ['an exception when it was ended', pass(({ exit }) => void Object.assign(exit, { code: 1, uncaught: true }))],
  ['a crash behind a shell', pass(({ exit }) => void Object.assign(exit, { code: 139, signal: null }))],
].map(([name, bend]) => [`service: ${name}`, signedAgain(bend as Bend), 'data-invalid'] as Row);

/** Of one run at the place of another: readings that were moved, and added to, one by one. */
const alike = (from: string, to: string): Bend =>
  copied(from, to, ({ pass: { watch, channel, sent } }) => {
    for (const table of [watch.rss, watch.rollup, watch.map, sent])
      table.tMs = table.tMs.map((ms: number, at: number) => ms + at / 5_000);
    for (const each of channel.gc) each.pauseMs += 0.000_1;
  });
const inTime: Row[] = [
  [
    'a run that answered more of the load than each that was compared',
    judgedService(measurement('runs/cart/load/measurement.json', answered(60))),
    'comparison-differs',
  ],
  [
    'a copy with each of its times moved',
    alike('pairs/cart/load/1-head.json', 'pairs/cart/load/2-head.json'),
    'report-differs',
  ],
  [
    'a copy with a page more at each reading',
    both(
      alike('pairs/cart/load/1-head.json', 'pairs/cart/load/2-head.json'),
      pass(({ watch }) => lowered({ pass: { watch } })),
    ),
    'report-differs',
  ],
  [
    'a run that began while another was measured',
    (files: BundleFiles) => {
      const names = [1, 2].flatMap((pair) => ['base', 'head'].map((side) => `pairs/cart/load/${pair}-${side}.json`));
      const [first, second] = names
        .map((name) => ({ name, at: read<Mutable<unknown>>(files, name).pass.startedAtEpochMs }))
        .sort((a, b) => a.at - b.at);
      edit(second!.name, ({ pass: all }: Mutable<unknown>) => void (all.startedAtEpochMs = first!.at + 500))(files);
    },
    'comparison-differs',
  ],
  ['a run that ended after the signing', pass((all) => void (all.startedAtEpochMs += 600_000)), 'report-differs'],
  ['a run before the sign-off', pass((all) => void (all.startedAtEpochMs -= 3_600_000)), 'report-differs'],
  [
    'limits of a pair that its run does not have',
    measurement('pairs/cart/load/2-head.json', ({ budget }) => void (budget['rss.max'] = 1)),
    'budget-differs',
  ],
  [
    'an exit code when it was ended, of which no note speaks',
    measurement('runs/cart/load/measurement.json', ({ pass: { exit } }) =>
      Object.assign(exit, { code: 1, signal: null }),
    ),
    'verdict-differs',
  ],
  [
    'other options than were typed',
    edit('runs/cart/load/report.json', ({ scenario }: Mutable<unknown>) => void (scenario.options.sampleMs = '1')),
    'report-differs',
  ],
  [
    'an option that nobody typed',
    edit('runs/cart/load/report.json', ({ scenario }: Mutable<unknown>) => void (scenario.options.approvedBy = 'anna')),
    'report-differs',
  ],
  [
    'a pass that fed something else',
    edit('runs/cart/load/report.json', ({ passes }: Mutable<unknown>) => void (passes[0].note = 'approved')),
    'report-differs',
  ],
  [
    'a machine with a fact more',
    edit(
      'runs/cart/load/report.json',
      ({ environment }: Mutable<unknown>) => void (environment.extra.approvedBy = 'anna'),
    ),
    'report-differs',
  ],
].map(([name, bend, reason]) => [`service: ${name}`, signedAgain(bend as Bend), reason] as Row);

const crashed: Row[] = [
  ['a crash when it was ended', { code: null, signal: 'SIGSEGV' }, 'failed'],
  ['an exception when it was ended', { code: 1, uncaught: true }, 'failed'],
].map(([name, exit, reason]) => [
  `${name}, of a run`,
  signedAgain(judgedAgain(raw(({ pass }) => void Object.assign(pass.exit, exit)))),
  reason,
]) as unknown as Row[];
const table = [
  ...crashed,
  ...made,
  ...shown,
  ...elsewhere,
  ...together,
  ...copies,
  ...limits,
  ...builds,
  ...ordered,
  ...witnesses,
  ...facts,
];

t.test(`${table.length} ways to bend a bundle in several places at once`, async (t) => {
  for (const [name, bend, reason, order] of table) {
    const [first] = await refusalsOf(clean, bend, order);
    t.equal(first?.reason, reason, `${name}: ${first?.text}`);
  }
});

/** What lay in the working folder, as whoever has the key would have it. */
const lying = (change: (text: string) => string): Bend =>
  signedAgain((files) => void files.set('working.sha256', Buffer.from(change(`${files.get('working.sha256')}`))));
const firstDigest = /[0-9a-f]{64}/;
const workings: Row[] = [
  [
    'a file that is not as the candidate has it, whose commit was checked out',
    lying((text) => text.replace(firstDigest, 'a'.repeat(64))),
    'summary-invalid',
  ],
  [
    'a change that the summary does not count',
    lying((text) => `# changed\n${text.replace(firstDigest, 'a'.repeat(64))}`),
    'summary-invalid',
  ],
  ['its files in another order', lying((text) => text.split('\n').reverse().join('\n').trimStart()), 'data-invalid'],
  ['files above it', lying((text) => `${'a'.repeat(64)}  ../load.mjs\n${text}`), 'data-invalid'],
  ['a file that is approved', lying((text) => `# approved\n${text}`), 'data-invalid'],
  ['no list', signedAgain(move('working.sha256')), 'data-missing'],
  [
    'a list that is said to be too large',
    signedAgain(summary(({ working }) => void Object.assign(working, { unlisted: 'bytes', files: 0 }))),
    'file-unexpected',
  ],
  ['no word of it', signedAgain(summary((all) => void delete all.working)), 'file-unexpected'],
  [
    'no word and no list of it',
    signedAgain(
      summary((all) => void delete all.working),
      move('working.sha256'),
    ),
    'summary-invalid',
  ],
  ['fewer files', signedAgain(summary(({ working }) => void (working.files -= 1))), 'summary-invalid'],
  [
    'another folder of the project',
    signedAgain(summary(({ working }) => void (working.folder = 'a'))),
    'summary-invalid',
  ],
];
drivers.push(['no word of what a file was', signedAgain(driven((load) => void delete load.role)), 'project-differs']);
const ofService = [
  ...drivers,
  ...workings.map(([name, ...rest]): Row => [`working folder: ${name}`, ...rest]),
  ...serviceRows,
  ...inTime,
];
/** By whose version made it, a day later. */
const ofItsDay = () => {
  const { tool, signedAt } = read<Mutable<unknown>>(service, 'signoff.json');
  return { toolVersion: tool.version, nowMs: Date.parse(signedAt) + dayMs };
};
t.test(`${ofService.length} ways to bend the bundle of a service`, async (t) => {
  const order = ofItsDay();
  t.same(await refusalsOf(service, signedAgain(), order), [], 'as it is');
  for (const [name, bend, reason] of ofService) {
    const [first] = await refusalsOf(service, bend, order);
    t.equal(first?.reason, reason, `${name}: ${first?.text}`);
  }
});

t.test('what was judged again by the source is as it was sealed', async (t) => {
  t.same(await refusalsOf(clean, signedAgain(judgedAgain())), []);
  const newer = { policy: checkPolicy({ allowNewer: true }, '') };
  t.same(await refusalsOf(clean, signedAgain(other), newer), [], 'in the name of another version');
  const policy = checkPolicy({ allowIdle: ['steady/exact/rss.max'] }, '');
  t.same(
    await refusalsOf(clean, signedAgain(limited('64GB', 64e9)), { policy }),
    [],
    'a limit that is allowed by name',
  );
});

t.test('a run that met other statuses than its pairs may have answered more', async (t) => {
  const order = ofItsDay();
  const more = measurement('runs/cart/load/measurement.json', ({ pass: { answers, channel } }) => {
    for (const each of [answers, channel.last.answers]) {
      each.total += 60;
      each.statuses[204] = 60;
    }
  });
  t.same(await refusalsOf(service, signedAgain(judgedService(more)), order), []);
});

t.test('a build that differs is named on the page', async (t) => {
  const build = ['npm ci --no-audit --no-fund', 'build: esbuild --minify'];
  const bent: BundleFiles = new Map(clean);
  signedAgain(judgedAgain(summary(({ candidate }) => void (candidate.build = build))))(bent);
  const { refusals, report } = await verified(bent);
  t.same(refusals, []);
  t.match(
    report?.notes[0]?.text,
    /^The candidate was made ready to run by “npm ci .*build: esbuild --minify”, the release before it by “as it was packed”\.$/,
  );
  t.match(bent.get('signoff.html')!.toString(), 'esbuild --minify');
});
