/**
 * `node bench/production/spike-to-desk.bench.ts [--size 1GB] [--minutes 15] [--keep FOLDER] [--only KIND|DEFECT] [--small-only]`: the
 * story of test/spike-to-desk.test.ts with an incident of 1 GB, for two defects that amplify (bodies held whole once decoded, room made for all that a gap may
 * bring) and two that hold what they are sent (reassembly without a limit, bodies until the end). Prints what was recorded, what is left of it, and
 * what was found in that. An hour; takes TAP devices and namespaces.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseQuantity } from '../../harness/metrics/quantity.ts';
import { traffic } from '../../harness/traffic/flood/builders.ts';
import type { FloodPlan } from '../../harness/traffic/flood/plan-types.ts';
import { install } from '../../test/installed-package.ts';
import { makeSecrets } from './exports-fixture.ts';
import { makeTraffic, recordIncident } from './incident-fixture.ts';
import { secretsIn } from './needle-search-fixture.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1GB' },
    minutes: { type: 'string', default: '15' },
    only: { type: 'string' },
    /** Incidents are kept there, and taken from there. */
    keep: { type: 'string' },
    seed: { type: 'string', default: '1' },
    /** What is left is scrubbed and searched, the whole is not: that takes a quarter of an hour a gigabyte. */
    'small-only': { type: 'boolean', default: false },
  },
});

interface Story {
  readonly kind: 'amplifying' | 'holding';
  readonly defect: string;
  readonly until: string;
  readonly flood: FloodPlan;
  readonly exports: number;
  readonly rule: string;
}

const day = (options: object) =>
  traffic.http({
    arrivals: traffic.constant(400),
    duration: '30s',
    keepAlive: '1..20',
    exchanges: [
      traffic.weighted(8, traffic.exchange({ response: traffic.json('2kB..20kB') })),
      traffic.weighted(1, traffic.exchange({ response: traffic.json('20kB..200kB', { coding: ['gzip'] }) })),
      traffic.weighted(1, traffic.exchange({ request: traffic.form('1kB'), response: traffic.text('500B') })),
    ],
    ...options,
  });

const stories: readonly Story[] = [
  { kind: 'amplifying', defect: 'whole-bodies', until: 'bodies', flood: [day({})], exports: 6, rule: '+100MB' },
  {
    kind: 'holding',
    defect: 'reassembly-unbounded',
    until: 'http',
    flood: [
      day({}),
      // Downloads of which the capture missed a segment.
      traffic.http({
        arrivals: traffic.constant(20),
        duration: '20s',
        start: '1s',
        fault: traffic.lostSegment(1),
        exchanges: [traffic.exchange({ response: traffic.binary('2MB') })],
      }),
    ],
    exports: 1,
    rule: '+150MB',
  },
  {
    kind: 'amplifying',
    defect: 'gap-filled',
    until: 'http',
    flood: [
      day({}),
      // Downloads whose window ends far behind what came.
      traffic.http({
        arrivals: traffic.constant(12),
        duration: '20s',
        start: '1s',
        keepAlive: 4,
        fault: traffic.farAhead('1MB..3MB'),
        exchanges: [traffic.exchange({ response: traffic.json('200B..4kB') })],
      }),
    ],
    exports: 1,
    rule: '+150MB',
  },
  { kind: 'holding', defect: 'har-held', until: 'http', flood: [day({})], exports: 1, rule: '+150MB' },
];

const bytes = parseQuantity(values.size, '--size', 'bytes');
const secrets = makeSecrets(Number(values.seed));
const megabytes = (count: number) => `${(count / 1e6).toFixed(2)} MB`;
const desk = mkdtempSync(path.join(tmpdir(), 'floodgate-desk-'));
const production = mkdtempSync(path.join(tmpdir(), 'floodgate-production-'));
try {
  const launchers = install(desk);
  for (const story of stories) {
    if (values.only !== undefined && values.only !== story.kind && values.only !== story.defect) continue;
    await followStory(story, launchers);
  }
} finally {
  for (const folder of [desk, production]) rmSync(folder, { recursive: true, force: true });
}

async function followStory(story: Story, launchers: string): Promise<void> {
  const { kind, defect, until } = story;
  const folder = path.join(desk, defect);
  const store = values.keep === undefined ? undefined : path.join(values.keep, `${defect}-${values.size}`);
  if (store !== undefined && existsSync(store)) cpSync(store, folder, { recursive: true });
  else {
    await recordStory(story, launchers, folder);
    if (store !== undefined) cpSync(folder, store, { recursive: true });
  }
  const incident = JSON.parse(readFileSync(path.join(folder, 'incident.json'), 'utf8'));
  const recorded = path.join(folder, 'traffic.pcapng');
  console.log(
    `${kind} (${defect}): ${megabytes(statSync(recorded).size)} kept, usual ${megabytes(incident.spike.usualBytes)}, top ${megabytes(incident.spike.topBytes)}; notes: ${incident.notes.join('; ')}`,
  );
  const floodgate = (...words: readonly string[]) => {
    const startMs = performance.now();
    const done = spawnSync(process.execPath, [path.join(launchers, 'floodgate'), ...words], {
      cwd: desk,
      encoding: 'utf8',
    });
    const minutes = ((performance.now() - startMs) / 60_000).toFixed(1);
    console.log(`  floodgate ${words.join(' ')}: exit ${done.status}, ${minutes} min`);
    return { ...done, minutes };
  };
  const agent = ['--defect', defect, '--agent-until', until];
  const run = floodgate('run', defect, ...agent, '--no-explain', '--out', `run-${defect}`);
  console.log(`    ${run.stdout.split('\n').find((line) => line.includes('rss.rise')) ?? run.stderr}`);
  const small = `${defect}.pcap`;
  const found = floodgate('minimize', defect, ...agent, '--minutes', values.minutes, '-o', small);
  console.log(found.stdout.replaceAll(/^/gm, '    ').trimEnd());
  if (found.status !== 0) {
    console.log(found.stderr);
    return;
  }
  const size = statSync(path.join(desk, small)).size;
  const rise = incident.spike.levelBytes - incident.spike.usualBytes;
  console.log(
    `  ${megabytes(size)} left: ${(size / rise).toFixed(3)} × the ${megabytes(rise)} that are held when it is called a spike`,
  );
  const shared = [
    [path.join(defect, 'traffic.pcapng'), `${defect}-shared.pcapng`],
    [small, `${defect}-shared.pcap`],
  ] as const;
  for (const [whole, name] of values['small-only'] ? shared.slice(1) : shared) {
    floodgate('scrub', whole, name);
    console.log(
      `    secrets: ${secretsIn(path.join(desk, whole), secrets).length} before, ${secretsIn(path.join(desk, name), secrets).length} in what is scrubbed`,
    );
    const level = `rss.rise=${Math.round(rise)}`;
    const again = floodgate('run', name, ...agent, '--no-explain', '--budget', level, '--out', `shared-${name}`);
    console.log(`    ${again.stdout.split('\n').find((line) => line.includes('rss.rise')) ?? again.stderr}`);
  }
}

async function recordStory(story: Story, launchers: string, folder: string): Promise<void> {
  const { flood, exports, defect, until, rule } = story;
  mkdirSync(production, { recursive: true });
  const { captures, bytes: made } = await makeTraffic(production, secrets, {
    flood,
    floodBytes: bytes,
    exportsAtMs: Math.min(8_000, (bytes / 1e9) * 8_000),
    exports,
    exportBytes: 30_000_000,
    coding: 'br',
  });
  console.log(`${megabytes(made)} of traffic`);
  const { spike, said } = recordIncident({
    ...{ package: path.dirname(launchers), folder: production, captures, speed: 1, defect },
    agentWords: ['--until', until],
    recordWords: [...['--spike', rule, '--keep', '40s', '--disk', '6GB', '--ring-size', '256MiB'], '--profiles'],
  });
  console.log(said.trim().replaceAll(/^/gm, '  '));
  cpSync(spike, folder, { recursive: true });
  rmSync(production, { recursive: true });
}
