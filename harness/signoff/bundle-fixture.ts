/** A small bundle of a release, sealed from one real run of the exact lane (`testdata/`): its pairs are that run with other amounts allocated. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createRandom } from '../../agent/seeded-random.ts';
import type { RunReport } from '../../reports/model.ts';
import type { PreviousVersion, SignedInput, SignoffReport } from '../../reports/signoff.ts';
import { definitionOf } from '../ledger/definition.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { Redactor } from '../redaction/redactor.ts';
import type { Measurement } from '../report/measurement.ts';
import { betweenSamples } from '../watch/between-samples.ts';
import type { BundleFiles } from './bundle-room.ts';
import { sealBundle } from './seal.ts';
import { readSourceList } from './source-list.ts';
import type { WorkingFolder } from './working-folder.ts';

export const release = generateKeyPairSync('ed25519');
export const stranger = generateKeyPairSync('ed25519');

/** When it is signed. */
export const signedAt = '2026-11-29T20:00:00.000Z';

/** The first waiver is needed: the run allocates more than its limit. */
export const ledger: Ledger = {
  baselines: [],
  waivers: [
    { scenario: 'steady', metric: 'allocated.perMessage', reason: 'PERF-214', owner: 'anna', until: '2026-12-31' },
  ],
};

export const read = <T>(name: string): T =>
  JSON.parse(gunzipSync(readFileSync(path.join(import.meta.dirname, 'testdata', `${name}.json.gz`))).toString());

export interface FixtureOrder {
  readonly key?: KeyObject | undefined;
  readonly ledger?: Ledger;
  readonly release?: string;
  readonly sourceList?: string;
  /** Of what the candidate allocates, against the release before it. */
  readonly growth?: number;
  readonly compares?: boolean;
  readonly environment?: Record<string, string>;
  readonly change?: (report: RunReport) => RunReport;
  readonly changeMeasured?: (measurement: Measurement) => Measurement;
  /** Of the set, with no lane that it was run in. */
  readonly notRun?: string;
  readonly previous?: PreviousVersion;
  /** The candidate is a package. */
  readonly isPacked?: boolean;
  /** Content of a heap snapshot that the run left. */
  readonly snapshot?: string;
  /** Files that drove it. @default none */
  readonly inputs?: readonly SignedInput[];
  /** That it was driven from. @default the candidate's own commit, and the files of `inputs` that a commit has */
  readonly working?: WorkingFolder;
  /** Of `project.json`: targets, and what the one scenario says beside its name. */
  readonly project?: { readonly targets?: object; readonly scenario?: object };
}

/** Of the run, on the machine that it was signed off on. */
const command =
  'floodgate run steady --budget rss.max=200MB --lane exact --agent /srv/shop/.floodgate/compare/checkout --keep-measurement ' +
  '--out /srv/shop/.floodgate/signoff-7/runs/steady/exact';

/** The same as its report shows it. */
const options = {
  ...{ intervalMs: '1000', sampleMs: '50', budget: 'rss.max=200MB', lane: 'exact', keepMeasurement: 'true' },
  agent: '/srv/shop/.floodgate/compare/checkout',
  out: '/srv/shop/.floodgate/signoff-7/runs/steady/exact',
};

const startedAtMs = Date.parse('2026-11-29T19:51:00.000Z');

export const sourceList = `${'a'.repeat(64)}  package.json\n${'b'.repeat(64)}  src/server.mjs\n`;

/** @param folder to work in */
export async function sealedFixture(
  folder: string,
  order: FixtureOrder = {},
): Promise<{ files: BundleFiles; report: SignoffReport }> {
  const measured = begunAt(read<Measurement>('steady-exact.measurement'), startedAtMs);
  const measurement = order.changeMeasured?.(measured) ?? measured;
  const taken = read<RunReport>('steady-exact.report');
  const stored = {
    ...taken,
    command,
    startedAt: new Date(startedAtMs).toISOString(),
    scenario: { ...taken.scenario, options },
  };
  const report = order.change?.(stored) ?? stored;
  const { node, platform, arch, kernel, cpu, cores, memoryBytes } = report.environment;
  const thresholds = new Map([['allocated.perMessage', 0.005]]);
  const runFolder = path.join(folder, 'run');
  const write = (below: string, value: object) => {
    mkdirSync(below, { recursive: true });
    writeFileSync(path.join(below, 'measurement.json'), JSON.stringify(value));
  };
  write(runFolder, measurement);
  if (order.snapshot !== undefined) {
    mkdirSync(path.join(runFolder, 'pass-snapshots'));
    writeFileSync(path.join(runFolder, 'pass-snapshots', '1.heapsnapshot'), order.snapshot);
  }
  const draw = createRandom(7, 'steady').fraction;
  for (const pair of [1, 2, 3]) {
    // As the stopping rule draws them.
    const first = draw() < 0.5 ? 0 : 1;
    const begun = (side: number) => begunAt(measured, startedAtMs + 60_000 * (2 * pair + side));
    const looked = (side: number) => lookedAt(begun(side), 2 * pair + side);
    write(path.join(folder, 'pairs', `${pair}-base`), grown(looked(first), 1 + pair / 10_000));
    write(
      path.join(folder, 'pairs', `${pair}-head`),
      grown(looked(1 - first), (1 + pair / 10_000) * (order.growth ?? 1.001)),
    );
  }
  const result = {
    name: 'steady',
    lane: 'exact',
    method: 'numbers',
    pairs: 3,
    metrics: [],
    sites: [],
    notes: [],
  } as const;
  const facts = {
    repeats: true,
    thresholds,
    unfitPairs: 0,
    lastFault: '',
    isCutShort: false,
    mayAnswerOtherwise: false,
  };
  const key = 'key' in order ? order.key : release.privateKey;
  const candidate = order.isPacked
    ? { label: 'shop-1.4.0.tgz', commit: null, package: { name: 'shop-1.4.0.tgz', sha256: 'd'.repeat(64) } }
    : { label: 'v1.4.0', commit: 'c'.repeat(40), package: null };
  const previous = order.previous ?? {
    ...{ label: 'v1.3.2', commit: 'e'.repeat(40), dirty: false, build: ['as it was packed'], package: null },
  };
  return sealBundle({
    head: {
      tool: { name: 'floodgate', version: '0.1.0' },
      release: order.release ?? 'v1.4.0',
      candidate: { ...candidate, dirty: false, build: ['as it was packed'] },
      previous,
      startedAt: '2026-11-29T19:50:00.000Z',
      signedAt,
      command:
        `floodgate signoff --release ${order.release ?? 'v1.4.0'} --candidate ${candidate.label} --previous ${previous.label} ` +
        `--lane exact --seed 7${key === undefined ? '' : ' --key release.key'}`,
      machine: { node, platform, arch, kernel, cpu, cores, memoryBytes },
      scope: { set: 'release', leftOut: [] },
    },
    measured: [
      ...(order.notRun === undefined ? [] : [{ scenario: { name: order.notRun }, runs: [], comparisons: [] }]),
      {
        scenario: { name: 'steady', builtin: 'steady' },
        runs: [
          {
            lane: 'exact',
            thresholds,
            outcome: { report, folder: runFolder, definition: definitionOf(report, '/srv/shop') },
          },
        ],
        comparisons:
          order.compares === false
            ? []
            : [{ lane: 'exact', outcome: { result, facts, folder: path.join(folder, 'pairs') } }],
      },
    ],
    ledger: order.ledger ?? ledger,
    project: {
      targets: {},
      ...(order.project?.targets && { targets: order.project.targets }),
      scenarios: [
        ...(order.notRun === undefined ? [] : [{ name: order.notRun, builtin: order.notRun, sets: ['release'] }]),
        { name: 'steady', sets: ['release'], ...(order.project?.scenario ?? { builtin: 'steady' }) },
      ],
    },
    inputs: order.inputs ?? [],
    sourceList: order.sourceList ?? sourceList,
    working: order.working ?? workingFor(order),
    pairs: { seed: 7, pairsMax: 40 },
    key,
    redactor: new Redactor(order.environment ?? {}),
    print: async () => Buffer.from('%PDF-1.7 of the page'),
  });
}

function workingFor({ inputs = [], sourceList: list = sourceList, isPacked }: FixtureOrder): WorkingFolder {
  const committed = inputs.filter(({ from }) => from?.startsWith('commit '));
  const source = isPacked ? [] : (readSourceList(list) ?? []);
  const commit = committed[0]?.from?.slice('commit '.length) ?? 'c'.repeat(40);
  const files = [...source, ...committed.map(({ name, sha256 }) => ({ name, sha256 }))];
  return { place: { commit, folder: '' }, files: files.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** All times in it count from when it began. */
function begunAt(measurement: Measurement, atMs: number): Measurement {
  const { pass } = measurement;
  const { samples, final } = pass.stats;
  const later = <T extends { readonly tsMs: number }>(each: T): T => ({
    ...each,
    tsMs: each.tsMs + atMs - pass.startedAtEpochMs,
  });
  const stats = { ...pass.stats, samples: samples.map(later), ...(final && { final: later(final) }) };
  return { ...measurement, pass: { ...pass, startedAtEpochMs: atMs, stats } };
}

const pageBytes = 4096;

/** At moments of its own, and with memory that moves in its own way, as no two runs are alike. @param number of the run */
function lookedAt(measurement: Measurement, number: number): Measurement {
  const { pass } = measurement;
  const { watch, channel, sent } = pass;
  const factor = 1 + number / 1e4;
  const draw = createRandom(number, 'pages').fraction;
  const pages = (count: number) => Array.from({ length: count }, () => Math.floor(64 * draw()) * pageBytes);
  const moved = <T extends { readonly tMs: readonly number[] }>(table: T): T => ({
    ...table,
    tMs: table.tMs.map((ms) => ms * factor),
  });
  const more = pages(watch.rss.tMs.length);
  const above = <T extends number | null>(values: readonly T[], by: readonly number[]) =>
    values.map((each, at) => (each === null ? each : each + by[at]!) as T);
  const rss = moved({
    ...watch.rss,
    columns: watch.rss.columns.map((each) => ({ ...each, values: above(each.values, more) })),
  });
  const levels = moved({ ...watch.levels, bytes: above(watch.levels.bytes, pages(watch.levels.bytes.length)) });
  const [samples, own, peak] = rss.columns.map(({ values }) => values);
  const tops = betweenSamples(
    { tMs: rss.tMs, rss: samples!, own: own!, peak: peak! },
    { ...levels, ownBytes: levels.bytes },
  );
  const phases = watch.phases.map((each) => ({ ...each, startMs: each.startMs * factor, endMs: each.endMs * factor }));
  const gc = channel.gc.map((each) => ({ ...each, pauseMs: each.pauseMs * factor }));
  return {
    ...measurement,
    pass: {
      ...pass,
      watch: { ...watch, rss, levels, tops, phases, rollup: moved(watch.rollup), map: moved(watch.map) },
      channel: { ...channel, gc },
      sent: moved(sent),
    },
  };
}

function grown(measurement: Measurement, factor: number): Measurement {
  const { pass } = measurement;
  const last = { ...pass.channel.last!, allocated: Math.round(pass.channel.last!.allocated * factor) };
  return { ...measurement, pass: { ...pass, channel: { ...pass.channel, last } } };
}
