/** A comparison to render: worse, within, undecided, not measured, shown, and names that mean harm. For tests only. */
import { COMPARISON_SCHEMA_VERSION, type ComparedMetric, type ComparisonReport } from './comparison.ts';

export function sampleComparison(name = 'cart'): ComparisonReport {
  const metric: ComparedMetric = {
    name: 'allocated.perRequest',
    unit: 'bytes',
    bound: 'max',
    base: [1000, 1002, 998, 1001, 1000],
    head: [1101, 1100, 1099, 1102, 1100],
    baseMedian: 1000,
    headMedian: 1100,
    change: 0.1,
    changeLow: 0.098,
    changeHigh: 0.103,
    threshold: 0.03,
    detectable: 0.032,
    decision: 'worse',
    note: '',
  };
  const within: ComparedMetric = {
    ...metric,
    name: 'heap.afterGc',
    change: 0,
    changeLow: -0.01,
    changeHigh: 0.01,
    decision: 'within',
  };
  const undecided: ComparedMetric = {
    ...metric,
    name: 'rss.p99',
    decision: 'undecided',
    note: 'would take about 14 pairs',
  };
  const missing: ComparedMetric = {
    ...metric,
    name: 'gc.share',
    base: [null, null],
    head: [null, null],
    baseMedian: null,
    headMedian: null,
    change: null,
    changeLow: null,
    changeHigh: null,
    detectable: null,
    decision: 'notMeasured',
    note: 'not measured in every run of base',
  };
  const shown: ComparedMetric = {
    ...metric,
    name: 'cpu.seconds',
    threshold: null,
    detectable: null,
    decision: 'shown',
  };
  const site = {
    file: 'src/check out.ts',
    line: 41,
    functionName: 'parseCart',
    isOffHeap: false,
    baseBytes: 500,
    headBytes: 600,
    errorBytes: 4,
    source: {
      file: 'src/check out.ts',
      line: 41,
      firstLine: 39,
      lines: ['function parseCart(text) {', '  const rows = [];', '  rows.push({ text: `</pre><b>` });', '', '}'],
      of: 'suspect' as const,
      note: '+20 % (+100 B ± 4 B)',
    },
    origin: null,
  };
  return {
    kind: 'comparison',
    schemaVersion: COMPARISON_SCHEMA_VERSION,
    tool: { name: 'floodgate', version: '0.1.0' },
    startedAt: '2026-11-29T14:00:00.000Z',
    durationMs: 60_000,
    command: 'floodgate compare --base main',
    folder: '',
    config: 'floodgate.config.ts',
    base: { label: 'main', commit: '2424fe3f1e', dirty: false, package: null, key: '00c0ffee00c0ffee' },
    head: { label: '.', commit: 'db6d12b1b0', dirty: true, package: null, key: '00c0ffee00c0ffef' },
    errorRate: 0.05,
    scenarios: [
      {
        name,
        lane: 'load',
        method: 'pairs',
        pairs: 5,
        metrics: [metric, within, undecided, missing, shown],
        sites: [site, { ...site, functionName: 'settle', line: 80, headBytes: 507, source: null }],
        definedIn: { file: 'floodgate/cart.scenario.ts', line: 7 },
        notes: [],
      },
    ],
    timelines: [
      {
        scenario: name,
        pair: 3,
        tMs: [-200, 0, 400, 800],
        base: [5e7, 6e7, 6.1e7, 6e7],
        head: [5e7, 6e7, 6.9e7, null],
      },
    ],
    flames: [
      {
        scenario: name,
        unit: 'bytes',
        sites: {
          functionName: ['(all)', 'parserOnIncoming', 'parseCart', 'total', 'priceOf'],
          file: ['', 'node:_http_server', 'src/check out.ts', 'src/check out.ts', 'src/price.ts'],
          line: [0, 0, 0, 0, 0],
        },
        parent: [-1, 0, 1, 1, 3],
        site: [0, 1, 2, 3, 4],
        before: [0, 100, 500, 300, 100],
        after: [0, 100, 600, 300, 0],
      },
    ],
    verdict: { ok: false, exitCode: 1, headline: 'WORSE: allocated.perRequest of cart +10 %, at most +3 % is allowed' },
  };
}
