/** Reports made up for tests, seeded: every part of the model is filled, hostile names included on request. */
import type {
  BudgetResult,
  Figure,
  FlameTree,
  GateReport,
  RunReport,
  SeriesTable,
  Spike,
  Suspect,
  Unit,
} from './model.ts';
import { SCHEMA_VERSION } from './model.ts';

export interface SampleOptions {
  /** Rows of the memory table. @default 600 */
  readonly samples?: number;
  /** @default true */
  readonly ok?: boolean;
  /** Put into every name that traffic or a target can choose. @default '' */
  readonly hostile?: string;
  /** @default 1 */
  readonly seed?: number;
}

const MB = 1_000_000;

/** A small seeded generator (mulberry32), so that a sample is the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One run with a 13 s burst in a minute. */
export function sampleRun(options: SampleOptions = {}): RunReport {
  const { samples = 600, ok = true, hostile = '', seed = 1 } = options;
  const random = seededRandom(seed);
  const durationMs = 60_000;
  const top = ok ? 62 * MB : 412 * MB;
  return {
    kind: 'run',
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'floodgate', version: '0.1.0' },
    target: {
      name: `floodgate-agent${hostile}`,
      version: '0.1.0',
      runtime: `Node.js 26.10.0 (V8 14.2)${hostile}`,
      stages: `full agent: capture to upload${hostile}`,
      command: ['node', 'agent/main.ts', hostile],
    },
    environment: {
      node: '26.10.0',
      v8: '14.2.231.9',
      platform: 'linux',
      arch: 'x64',
      kernel: '6.18.0',
      cpu: 'Sample CPU @ 2.4 GHz',
      cores: 2,
      memoryBytes: 24_000 * MB,
      privilege: 'user namespace',
      extra: { cgroup: 'v1' },
    },
    startedAt: '2026-03-14T15:09:26.535Z',
    durationMs,
    command: `floodgate run incident --seed ${seed}${ok ? '' : ' --defect reassembly-unbounded'}`,
    scenario: {
      name: `incident${hostile}`,
      description: '40 connections with one segment each never captured, then 75 MB/s for 13 s.',
      seed,
      defect: ok ? null : 'reassembly-unbounded',
      options: { speed: '1x', note: hostile },
    },
    lane: 'tap',
    passes: [
      pass('measure', 0, durationMs, ['rss 50 ms', 'agent stats 250 ms'], 0.008),
      pass('allocations', durationMs, durationMs, ['allocation samples 64 KiB'], 0.041),
      pass('live-heap', 2 * durationMs, durationMs, ['live heap at 31.2 s'], null),
    ],
    series: sampleSeries(samples, durationMs, top, random),
    gc: sampleCollections(durationMs, random),
    phases: [
      { name: 'quiet', startMs: 0, endMs: 20_000, rssMaxBytes: 46 * MB },
      { name: `burst${hostile}`, startMs: 20_000, endMs: 33_000, rssMaxBytes: top },
      { name: 'quiet again', startMs: 33_000, endMs: durationMs, rssMaxBytes: top },
    ],
    spikes: [sampleSpike(top, ok, hostile, random)],
    budgets: [
      {
        name: 'rss.p99',
        unit: 'bytes',
        bound: 'max',
        limit: 200 * MB,
        actual: top * 0.97,
        ok,
        state: ok ? 'pass' : 'over',
        note: '',
      },
      {
        name: 'rss.p999',
        unit: 'bytes',
        bound: 'max',
        limit: 280 * MB,
        actual: top,
        ok,
        state: ok ? 'pass' : 'over',
        note: '',
      },
      {
        name: 'recovery.seconds',
        unit: 'seconds',
        bound: 'max',
        limit: 10,
        actual: 3.2,
        ok: true,
        state: 'pass',
        note: '',
      },
      {
        name: 'messages.found',
        unit: 'share',
        bound: 'min',
        limit: 1,
        actual: 1,
        ok: true,
        state: 'pass',
        note: '9,286 of 9,286',
      },
      { name: 'dropped.frames', unit: 'count', bound: 'max', limit: 0, actual: 0, ok: true, state: 'pass', note: '' },
    ],
    figures: [
      figure('cpu.seconds', 'seconds', 4.21),
      figure('growth.perSecond', 'bytesPerSecond', 0),
      {
        ...figure('gc.pauseP99', 'ms', 0),
        state: 'notMeasured',
        value: null,
        note: `no collection came${hostile}`,
      },
    ],
    counters: { 'tcp.gaps.acknowledged': 40, 'http.requests': 4663, 'http.responses': 4623, [`x${hostile}`]: 1 },
    ledger: {
      framesSent: 740_213,
      bytesSent: 1_012_345_678,
      framesDelivered: 740_213,
      bytesDelivered: 1_012_345_678,
      framesDropped: 0,
      ok: true,
    },
    messages: {
      found: { requests: 4663, responses: 4623 },
      truth: { requests: 4663, responses: 4623 },
      mayBeLost: { requests: 0, responses: 40 },
    },
    exchanges: {
      sent: 4663,
      intact: 4623,
      stored: 4663,
      storedWhole: 4621,
      shed: { [`filter.sampledOut${hostile}`]: 2 },
      missing: 0,
    },
    family: null,
    fault: null,
    verdict: {
      ok,
      exitCode: ok ? 0 : 1,
      headline: ok ? 'within budget: RSS p99 60.1 MB of 200 MB' : 'RSS p99 400 MB is over its limit of 200 MB',
    },
    notes: [{ severity: 'info', text: `The kernel is shared with other work.${hostile}` }],
    partial: false,
  };
}

function figure(name: string, unit: Unit, value: number): Figure {
  return { name, unit, bound: 'max', state: 'value', value, low: null, high: null, note: '' };
}

/** The same run, of which two limits could not be checked. */
export function sampleUndecidedRun(options: SampleOptions = {}): RunReport {
  const run = sampleRun({ ...options, ok: true });
  const note = `takes 10000 readings, one a millisecond; there were 812${options.hostile ?? ''}`;
  const unknown = (name: string, unit: Unit, state: 'undecided' | 'notMeasured', why: string): BudgetResult => ({
    name,
    unit,
    bound: 'max',
    limit: 1,
    actual: null,
    ok: false,
    state,
    note: why,
  });
  return {
    ...run,
    budgets: [
      ...run.budgets,
      unknown('rss.p9999', 'bytes', 'undecided', note),
      unknown('handles.max', 'count', 'notMeasured', 'only Node.js knows'),
    ],
    ledger: { ...run.ledger!, framesDropped: null },
    verdict: { ok: false, exitCode: 4, headline: `rss.p9999 is undecided: ${note}` },
  };
}

/** A gate of three scenarios, the last one over budget unless asked otherwise. */
export function sampleGate(options: SampleOptions = {}): GateReport {
  const { ok = true } = options;
  const runs = [sampleRun({ ...options, ok: true }), sampleRun({ ...options, ok: true, seed: 2 }), sampleRun(options)];
  const names = ['recorded-burst', 'reorder-loss', 'incident'];
  return {
    kind: 'gate',
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'floodgate', version: '0.1.0' },
    startedAt: '2026-03-14T15:09:26.535Z',
    durationMs: 185_000,
    command: 'floodgate gate',
    runs: runs.map((run, i) => ({
      ...run,
      scenario: { ...run.scenario, name: `${names[i]}${options.hostile ?? ''}` },
    })),
    verdict: {
      ok,
      exitCode: ok ? 0 : 1,
      headline: ok ? '3 of 3 scenarios within budget' : '1 of 3 scenarios over budget: incident',
    },
    notes: [],
  };
}

function pass(
  kind: 'measure' | 'allocations' | 'live-heap',
  at: number,
  ms: number,
  what: string[],
  cost: number | null,
) {
  return {
    kind,
    startedAtMs: at,
    durationMs: ms,
    instruments: what,
    disturbed: false,
    overheadShare: cost,
    note: '',
  } as const;
}

/** 0 outside the burst, rising to 1 within it and falling again. */
function burstShape(tMs: number): number {
  if (tMs < 20_000) return 0;
  if (tMs < 33_000) return (tMs - 20_000) / 13_000;
  return Math.max(0, 1 - (tMs - 33_000) / 3_200);
}

function sampleSeries(samples: number, durationMs: number, top: number, random: () => number): SeriesTable[] {
  const at = (rows: number) => Array.from({ length: rows }, (_, i) => (i * durationMs) / rows);
  const memoryTimes = at(samples);
  const floor = 44 * MB;
  const rss = memoryTimes.map((t) => Math.round(floor + (top - floor) * burstShape(t) + random() * MB));
  const slow = at(Math.min(240, samples));
  let frames = 0;
  const sentFrames = slow.map((t) => (frames += burstShape(t) > 0 && t < 33_000 ? 14_000 : 120));
  return [
    {
      group: 'memory',
      tMs: memoryTimes,
      columns: [
        { name: 'rss', unit: 'bytes', kind: 'gauge', values: rss },
        { name: 'pss', unit: 'bytes', kind: 'gauge', values: rss.map((x, i) => (i % 20 === 0 ? x - 2 * MB : null)) },
      ],
    },
    {
      group: 'heap',
      tMs: slow,
      columns: [
        level('heapUsed', slow, (t) => 9 * MB + 4 * MB * random() + 6 * MB * burstShape(t)),
        level('heapTotal', slow, (t) => 18 * MB + 6 * MB * burstShape(t)),
        level('external', slow, (t) => 3 * MB + (top - floor) * 0.8 * burstShape(t)),
        level('arrayBuffers', slow, (t) => 2 * MB + (top - floor) * 0.8 * burstShape(t)),
      ],
    },
    {
      group: 'traffic',
      tMs: slow,
      columns: [
        { name: 'frames', unit: 'count', kind: 'counter', values: sentFrames },
        { name: 'bytes', unit: 'bytes', kind: 'counter', values: sentFrames.map((n) => n * 1400) },
      ],
    },
    {
      group: 'agent',
      tMs: slow,
      columns: [
        { name: 'pages', unit: 'count', kind: 'gauge', values: slow.map((t) => Math.round(4000 * burstShape(t))) },
        { name: 'streams', unit: 'count', kind: 'gauge', values: slow.map((t) => 4 + Math.round(36 * burstShape(t))) },
      ],
    },
  ];
}

function level(name: string, times: readonly number[], value: (t: number) => number) {
  return { name, unit: 'bytes', kind: 'gauge', values: times.map((t) => Math.round(value(t))) } as const;
}

function sampleCollections(durationMs: number, random: () => number): RunReport['gc'] {
  const tMs = Array.from({ length: 80 }, (_, i) => (i * durationMs) / 80 + random() * 300);
  return {
    tMs,
    kind: tMs.map((_, i) => (i % 10 === 9 ? 'mark-sweep' : 'scavenge')),
    pauseMs: tMs.map((_, i) => (i % 10 === 9 ? 6 : 0.8) * (0.5 + random())),
    usedBeforeBytes: tMs.map(() => 16 * MB),
    usedAfterBytes: tMs.map(() => 10 * MB),
  };
}

function sampleSpike(top: number, ok: boolean, hostile: string, random: () => number): Spike {
  const height = top - 44 * MB;
  const suspect = (functionName: string, file: string, line: number, share: number): Suspect => ({
    functionName: `${functionName}${hostile}`,
    file: `${file}${hostile}`,
    line,
    where: share > 0.3 ? 'off-heap' : 'heap',
    thread: share > 0.3 ? '' : `thread 2 ${hostile}`,
    selfBytes: height * share,
    totalBytes: height * Math.min(1, share * 1.3),
    steadyBytes: MB * share,
    share,
    errorShare: share > 0.3 ? 0 : 0.043,
  });
  return {
    line: 'rss',
    startMs: 20_050,
    topMs: 33_000,
    endMs: 36_200,
    baselineBytes: 44 * MB,
    topBytes: top,
    heightBytes: height,
    cause: ok ? 'garbage' : 'reassembly',
    causeDetail: `81 % of the growth is off-heap, in pages held for 40 streams.${hostile}`,
    recoveryMs: 3_200,
    suspects: [
      suspect('Assembler.insert', 'agent/tcp/assembler.ts', 142, 0.81),
      suspect('parseHeaders', 'agent/http/headers.ts', 88, 0.09),
      suspect('visitObject', 'agent/witness/visitor.ts', 37, 0.04),
    ],
    frames: { first: 12_044, last: 731_870 },
    streams: [
      {
        source: `10.0.0.2:80${hostile}`,
        destination: '10.0.0.1:40001',
        frames: 17_400,
        bytes: 25_300_000,
        bytesBehindGap: 25_100_000,
        gapFrame: 12_101,
        messages: 101,
        largestMessage: `HTTP/1.1 200 OK${hostile}`,
        largestMessageBytes: 480_000,
      },
    ],
    parts: [
      {
        name: `off-heap: agent/tcp/assembler.ts:142 Assembler.insert${hostile}`,
        bytes: height * 0.81,
        named: true,
        by: 'line' as const,
      },
      { name: 'heap: agent/http/headers.ts:88 parseHeaders', bytes: height * 0.15, named: true, by: 'line' as const },
      { name: 'not accounted for', bytes: height * 0.04, named: false, by: 'nothing' as const },
    ],
    namedShare: 0.96,
    linesShare: 0.81,
    profiles: [
      {
        kind: 'allocations',
        role: 'during',
        file: 'profiles/spike-1-during.pb.gz',
        format: 'pprof',
        startMs: 20_050,
        endMs: 33_000,
      },
    ],
    flame: sampleFlame(hostile, random),
    retained: [
      {
        className: `ArrayBuffer${hostile}`,
        count: 4_120,
        countAdded: 4_000,
        selfBytes: 4_120 * 96,
        selfBytesAdded: 4_000 * 96,
        retainedBytes: height * 0.8,
        retainedBytesAdded: height * 0.79,
        retainedBytesAfter: height * 0.02,
        retainingPath: ['(GC roots)', 'StreamTable', `Assembler${hostile}`, 'pages: Array', 'ArrayBuffer'],
      },
    ],
    keeper: {
      name: `Assembler${hostile}.#pages`,
      kind: 'Array',
      file: `agent/tcp/assembler${hostile}.ts`,
      line: 31,
      held: `ArrayBuffer${hostile}`,
      countAdded: 4_000,
      perRequest: 2,
      bytesAdded: height * 0.79,
      share: 0.95,
      path: ['(GC roots)', `Assembler${hostile}`, 'pages: Array', 'ArrayBuffer'],
    },
    commonCaller: null,
    sources: [
      {
        file: `agent/tcp/assembler${hostile}.ts`,
        line: 31,
        firstLine: 30,
        lines: ['export class Assembler {', `  readonly #pages: Page[] = []; // ${hostile}`, '}'],
        of: 'keeper',
        note: `kept by Assembler${hostile}.#pages`,
      },
    ],
    lines: {
      file: `agent/tcp/assembler${hostile}.ts`,
      functionName: `queue${hostile}`,
      counts: 'alive',
      rows: [{ line: 31, bytes: height * 0.7, errorShare: 0.02 }],
    },
  };
}

/** A random call tree of some 400 nodes over 40 call sites. */
function sampleFlame(hostile: string, random: () => number): FlameTree {
  const functionName = ['(root)'];
  const file = [''];
  const line = [0];
  const rooms = ['tcp/assembler', 'http/headers', 'witness/visitor', 'digest/hash', 'body/json', 'capture/ring'];
  for (let i = 0; i < 40; i += 1) {
    const room = rooms[(i % 20) % rooms.length]!;
    functionName.push(`${['insert', 'parse', 'visit', 'emit', 'flush', 'push'][(i % 20) % 6]}${i % 20}${hostile}`);
    file.push(`agent/${room}.ts${hostile}`);
    line.push(10 + i * 7);
  }
  const parent = [-1];
  const site = [0];
  const before = [0];
  const after = [0];
  for (let i = 1; i < 400; i += 1) {
    parent.push(Math.floor(i * random() ** 1.4));
    site.push(1 + Math.floor(random() * 40));
    before.push(random() < 0.6 ? Math.round(random() * 200_000) : 0);
    after.push(random() < 0.8 ? Math.round(random() ** 4 * 4_000_000) : 0);
  }
  return { unit: 'bytes', sites: { functionName, file, line }, parent, site, before, after };
}
