// The page's pure parts, without a browser.
import fc from 'fast-check';
import t from 'tap';
import type { FlameTree } from '../model.ts';
import { sampleRun } from '../sample-report.ts';
import { packColumn, packRun, unpackColumn, unpackRun } from './columns.ts';
import { layoutFlame, nodeAt, searchFlame } from './flame-layout.ts';
import { chartsOf, isShownFirst } from './timeline-data.ts';

t.test('columns come out as they went in', async (t) => {
  const entry = fc.option(
    fc.oneof(
      fc.integer(),
      fc.integer({ min: -1e12, max: 1e12 }).map((n) => n / 1000),
    ),
  );
  fc.assert(
    fc.property(fc.array(entry), (values) => {
      t.strictSame(unpackColumn(packColumn(values)), values);
    }),
    { numRuns: 100, seed: 5 },
  );
  const run = sampleRun();
  t.same(unpackRun(JSON.parse(JSON.stringify(packRun(run)))).series, run.series);
  const line = JSON.stringify(packColumn(Array.from({ length: 1000 }, (_, i) => 1_700_000_000 + i * 50)));
  t.ok(line.length < 4_000, `a thousand times are ${line.length} characters`);
});

t.test('charts: memory on one clock, counters as rates, gauges that move', async (t) => {
  const charts = chartsOf(sampleRun());
  t.same(
    charts.map((chart) => chart.title),
    ['Memory', 'Traffic', 'Traffic, bytes', 'pages', 'streams'],
  );
  for (const chart of charts) for (const column of chart.columns) t.equal(column.values.length, chart.x.length);
  const [frames] = chartsOf({
    series: [
      {
        group: 'traffic',
        tMs: [0, 500, 1500, 2000],
        columns: [{ name: 'frames', unit: 'count', kind: 'counter', values: [10, 20, 120, 5] }],
      },
    ],
  });
  t.same(
    frames?.columns,
    [{ name: 'frames/s', unit: 'perSecond', values: [null, 20, 100, null] }],
    'a restart is a gap',
  );
  const [memory, faults] = chartsOf({
    series: [
      {
        group: 'memory',
        tMs: [0, 1000, 2000, 3000],
        columns: [
          { name: 'cgroup', unit: 'bytes', kind: 'gauge', values: [9, 9, 8, 8] },
          { name: 'rss', unit: 'bytes', kind: 'gauge', values: [1, 2, 3, 3] },
          { name: 'faults', unit: 'count', kind: 'counter', values: [0, 5, 7, 8] },
          { name: 'seldom', unit: 'count', kind: 'counter', values: [0, null, 7, 9] },
        ],
      },
    ],
  });
  t.same([memory?.columns.length, faults?.columns[0]?.values], [2, [null, 5, 2, 1]], 'rates have a scale of their own');
  t.same(
    [isShownFirst(memory!, 'rss'), isShownFirst(memory!, 'cgroup'), isShownFirst(faults!, 'faults/s')],
    [true, false, true],
  );
  const held = chartsOf({
    series: [
      {
        group: 'memory',
        tMs: [0, 1, 2, 3, 4],
        columns: [{ name: 'rss', unit: 'bytes', kind: 'gauge', values: [1, 1, 1, 1, 1] }],
      },
      { group: 'heap', tMs: [1, 3], columns: [{ name: 'heapUsed', unit: 'bytes', kind: 'gauge', values: [7, 8] }] },
    ],
  });
  t.same(held[0]?.columns[1]?.values, [null, 7, 7, 8, 8]);
});

/** (all) → main:1 → { parse:2 → leaf:3, parse:9 → leaf:3 }, main:1 → leaf:3 */
const flame: FlameTree = {
  unit: 'bytes',
  sites: {
    functionName: ['(all)', 'main', 'parse', 'parse', 'leaf'],
    file: ['', 'm', 'p', 'p', 'l'],
    line: [0, 1, 2, 9, 3],
  },
  parent: [-1, 0, 1, 1, 2, 3, 1],
  site: [0, 1, 2, 3, 4, 4, 4],
  before: [0, 0, 10, 0, 0, 0, 30],
  after: [0, 5, 0, 15, 20, 40, 20],
};

t.test('a flame graph adds up, whichever way it is laid out', async (t) => {
  for (const inverted of [false, true]) {
    for (const byFunction of [false, true]) {
      for (const width of ['after', 'before', 'growth', 'both'] as const) {
        const layout = layoutFlame(flame, { width, inverted, byFunction });
        t.equal(layout.after[0], 100);
        t.equal(layout.before[0], 40);
        const within = layout.parent.every(
          (up, node) =>
            up < 0 ||
            (layout.offset[node]! >= layout.offset[up]! - 1e-9 &&
              layout.offset[node]! + layout.share[node]! <= layout.offset[up]! + layout.share[up]! + 1e-9),
        );
        t.ok(within, `every box lies within its parent (${width}, inverted ${inverted}, by function ${byFunction})`);
      }
    }
  }
  const merged = layoutFlame(flame, { width: 'after', inverted: false, byFunction: true });
  t.equal(merged.name.filter((name) => name === 'parse').length, 1);
  const leaves = layoutFlame(flame, { width: 'after', inverted: true, byFunction: true });
  const leaf = leaves.name.indexOf('leaf');
  const at = leaves.site.findIndex((site, node) => site === leaf && leaves.depth[node] === 1);
  t.equal(leaves.after[at], 80, 'all of leaf, from wherever it was called');
});

t.test('base and head over each other: what only one of them has is drawn as well', async (t) => {
  const versions: FlameTree = {
    unit: 'bytes',
    sites: { functionName: ['(all)', 'gone', 'born', 'both'], file: ['', 'a', 'a', 'a'], line: [0, 0, 0, 0] },
    parent: [-1, 0, 0, 0],
    site: [0, 1, 2, 3],
    before: [0, 30, 0, 10],
    after: [0, 0, 20, 50],
  };
  const layout = layoutFlame(versions, { width: 'both', inverted: false, byFunction: false });
  t.same([...layout.weight], [100, 30, 20, 50]);
  t.same([...layout.share], [1, 0.3, 0.2, 0.5]);
});

t.test('boxes are found where they are drawn, and by their names', async (t) => {
  const layout = layoutFlame(flame, { width: 'after', inverted: false, byFunction: false });
  t.equal(nodeAt(layout, 0, 0.5, 0), 0);
  for (let node = 1; node < layout.site.length; node += 1) {
    t.equal(nodeAt(layout, 0, layout.offset[node]! + layout.share[node]! / 2, layout.depth[node]!), node);
  }
  t.equal(nodeAt(layout, 0, 0.5, 9), -1);
  const { share } = searchFlame(layout, 'LEAF');
  t.ok(Math.abs(share - 0.8) < 1e-9);
  t.ok(Math.abs(searchFlame(layout, 'parse').share - 0.75) < 1e-9, 'with callees, nested ones once');
  t.equal(searchFlame(layout, ' ').share, 0);
});
