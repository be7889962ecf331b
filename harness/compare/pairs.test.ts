import t from 'tap';
import { FloodgateError } from '../../agent/errors.ts';
import { createRandom } from '../../agent/seeded-random.ts';
import type { ComparedScenario } from '../../reports/comparison.ts';
import type { RunReport } from '../../reports/model.ts';
import { FitMachine } from './fit-machine.ts';
import { type PairsOrder, runPairs, type Side } from './pairs.ts';
import { passesOf, passesTogether } from './passes.ts';

const name = 'allocated.perMessage';

/** A run of which only what a comparison reads is there. */
function reportOf(value: number | null, marks: readonly (readonly [number, number])[] = []): RunReport {
  const column = (title: string, at: 0 | 1) => ({ name: title, values: marks.map((mark) => mark[at]) });
  return {
    figures: [{ name, unit: 'bytes', value }],
    budgets: [],
    fault: null,
    series: [{ group: 'other', columns: [column('requests', 0), column('allocatedByRequests', 1)] }],
  } as unknown as RunReport;
}

function orderOf(run: PairsOrder['run'], more: Partial<PairsOrder> = {}): PairsOrder {
  const still = { tMs: 0, cores: 2, ticks: null, throttledMs: null, pressureMs: null };
  return {
    scenario: 'cart',
    lane: 'load',
    repeats: false,
    thresholds: new Map([[name, 0.03]]),
    minimums: new Set(),
    pairsMax: 40,
    deadlineMs: 1_000,
    nowMs: () => 0,
    random: createRandom(7, 'pairs').fraction,
    run,
    machine: new FitMachine({ read: () => still, pause: async () => {}, waitMaxMs: 0, onWait: () => {} }),
    onPair: () => {},
    ...more,
  };
}

t.test('the order within pairs is drawn; warm-up runs are not counted', async (t) => {
  const order: string[] = [];
  const noise = createRandom(3, 'noise').fraction;
  const run = async (side: Side, label: string) => {
    order.push(`${label.startsWith('warm-up') ? 'w' : ''}${side[0]}`);
    return reportOf(label.startsWith('warm-up') ? 1e9 : 1000 * (side === 'head' ? 1.03 : 1) * (1 + 0.02 * noise()));
  };
  const { pairs, metrics } = await runPairs(orderOf(run));
  t.ok(pairs > 5, `${pairs} pairs`);
  const measured = order.slice(2).join('').match(/../g)!;
  t.ok(measured.includes('bh') && measured.includes('hb'), measured.join(' '));
  t.equal(metrics[0]!.base.length, pairs);
  t.ok(metrics[0]!.baseMedian! < 2_000);
});

t.test('it stops when it is decided, and where time is up nothing is decided', async (t) => {
  const run = async (side: Side) => reportOf(side === 'head' ? 1100 : 1000);
  let cutShort = 0;
  const onCutShort = () => {
    cutShort += 1;
  };
  t.match(await runPairs(orderOf(run, { onCutShort })), { pairs: 5, metrics: [{ decision: 'worse' }] });
  t.equal(cutShort, 0);
  let nowMs = 0;
  const late = await runPairs(
    orderOf(
      async (side) => {
        nowMs += 100;
        return reportOf(side === 'head' ? 1100 : 1000);
      },
      { nowMs: () => nowMs, onCutShort },
    ),
  );
  t.equal(cutShort, 1);
  t.match(late, {
    pairs: 4,
    metrics: [{ decision: 'undecided', changeLow: null, note: /would take about 5 pairs/ }],
    notes: [{ text: /time limit/ }],
  });
});

t.test(
  'a threshold below what a change of nothing moves is said, and bundles of before are judged by their limits',
  async (t) => {
    const random = createRandom(5, 'noise').fraction;
    const noisy = async (side: Side) => reportOf(1000 * (side === 'head' ? 1.011 : 1) * (1 + 0.004 * random()));
    const repeats = { repeats: true, thresholds: new Map([[name, 0.005]]) };
    t.match(await runPairs(orderOf(noisy, repeats)), { metrics: [{ decision: 'worse' }], notes: [] });
    const before = await runPairs(orderOf(noisy, { ...repeats, limitRule: 'raised' }));
    t.match(before, { metrics: [{ decision: 'within' }], notes: [] });
    t.equal(before.metrics[0]!.threshold!.toFixed(6), '0.020000');
    const plain = await runPairs(orderOf(noisy, { thresholds: new Map([[name, 0.005]]) }));
    t.match(plain, { metrics: [{ decision: 'undecided', note: /^more than its threshold/ }] });
    t.ok(plain.pairs < 40, `more pairs would decide nothing: ${plain.pairs}`);
    t.equal(
      plain.notes[0]!.text,
      'allocated.perMessage: within is judged by +0.5 %, worse from +2 % on, since a change of nothing moves it by up to 2 % in runs without --repeatable',
    );
  },
);

t.test('where repeats agree, three pairs do', async (t) => {
  const run = async (side: Side) => reportOf(side === 'head' ? 1010 : 1000);
  const compared = await runPairs(orderOf(run, { repeats: true, thresholds: new Map([[name, 0.005]]) }));
  t.match(compared, { pairs: 3, method: 'numbers', metrics: [{ decision: 'worse' }] });
});

t.test('by the request: over the requests that every run came to', async (t) => {
  // The head is quicker: it comes to more requests, the last of which are dear.
  const marks = (last: number) =>
    Array.from({ length: last / 100 }, (_, i) => [(i + 1) * 100, (i + 1) * 1000 * (i >= 10 ? 3 : 1)] as const);
  const run = async (side: Side) => reportOf(1, marks(side === 'head' ? 2000 : 1000));
  const { metrics } = await runPairs(orderOf(run, { thresholds: new Map([['allocated.perRequest', 0.02]]) }));
  const metric = metrics.find((each) => each.name === 'allocated.perRequest')!;
  t.match(metric, { decision: 'within', change: 0, baseMedian: 10, headMedian: 10 });
});

t.test('allocation that has moved to where it is not counted is not within', async (t) => {
  const heap = 'allocated.perRequest';
  const offHeap = 'allocated.offHeapPerRequest';
  const rows = Array.from({ length: 20 }, (_, at) => (at + 1) * 100);
  const served = (buffers: number, figures: readonly object[] = []): RunReport => {
    const column = (title: string, each: number) => ({ name: title, values: rows.map((count) => count * each) });
    const names = [column('requests', 1), column('a', 7_000), column('y', 7_000), column('o', buffers)];
    const figure = { name: offHeap, unit: 'bytes', value: 1 };
    return {
      ...{ figures: [figure, ...figures], budgets: [], fault: null, series: [{ group: 'other', columns: names }] },
    } as unknown as RunReport;
  };
  const compared = async (base: RunReport, head: RunReport, thresholds: [string, number][] = [[heap, 0.01]]) => {
    const order = { repeats: true, thresholds: new Map(thresholds) };
    const scenario = await runPairs(orderOf(async (side) => (side === 'head' ? head : base), order));
    return { ...scenario, metrics: scenario.metrics.filter(({ decision }) => decision !== 'shown') };
  };
  const note =
    /^off-heap memory grew by 80 kB a request, which allocated\.perRequest does not count: give allocated\.offH/;
  t.match(await compared(served(40_000), served(120_000)), { metrics: [{ decision: 'undecided', note }], fault: note });
  t.match(await compared(served(120_000), served(40_000)), { metrics: [{ decision: 'within' }] }, 'less');
  t.match(await compared(served(40_000), served(40_400)), { metrics: [{ decision: 'within' }] }, 'within 1 % of both');
  t.match(await compared(served(0), served(500)), { metrics: [{ decision: 'within' }] }, 'a slab of buffers');
  const both = [
    [heap, 0.01],
    [offHeap, 0.05],
  ] as [string, number][];
  t.match(
    (await compared(served(40_000), served(120_000), both)).metrics.map(({ name, decision }) => [name, decision]),
    [
      [offHeap, 'worse'],
      [heap, 'within'],
    ],
  );
  const why = 'worker threads allocated 64 kB a request, which are not in the 7 kB of the main thread';
  const beside = served(0, [{ name: heap, unit: 'bytes', value: null, note: why }]);
  t.match(await compared(served(0), beside), {
    metrics: [{ decision: 'notMeasured', note: `not measured in every run of head: ${why}` }],
  });
});

t.test(
  'allocation beside other limits is judged in pairs of its own, and never within where buffers are not counted',
  async (t) => {
    const heap = 'allocated.perRequest';
    const both = new Map([
      [heap, 0.1],
      ['arrayBuffers.max', 0.2],
    ]);
    const [own, others] = passesOf(both, 'load');
    t.match(own, { prefix: 'allocation-', errorShare: 0.5 });
    t.same([[...own!.thresholds.keys()], [...others!.thresholds.keys()]], [[heap], ['arrayBuffers.max']]);
    for (const names of [[heap], [heap, 'heap.afterGc'], ['rss.max'], ['allocated.bytes', 'rss.max']])
      t.equal(passesOf(new Map(names.map((each) => [each, 0.1])), 'load').length, 1, names.join());
    t.equal(passesOf(both, 'exact').length, 1);
    const report = (bytes: number, buffers: number | null, handles: number, failed = 0) => {
      const figure = (metric: string, value: number | null) => ({ name: metric, unit: 'bytes', value });
      const figures = [
        figure(heap, bytes),
        figure('allocated.offHeapPerRequest', buffers),
        figure('arrayBuffers.max', handles),
        figure('requests.failed', failed),
      ];
      return { figures, budgets: [], fault: null, series: [] } as unknown as RunReport;
    };
    const pass = (thresholds: ReadonlyMap<string, number>, base: RunReport, head: RunReport, repeats: boolean) =>
      runPairs(orderOf(async (side) => (side === 'head' ? head : base), { thresholds, repeats, errorShare: 0.5 }));
    const plain = (handles: number) => pass(others!.thresholds, report(9, null, 4), report(50, null, handles), false);
    const decisions = ({ metrics }: ComparedScenario) =>
      Object.fromEntries(metrics.map(({ name: metric, decision }) => [metric, decision]));
    const grown = passesTogether(
      await pass(own!.thresholds, report(7_000, 0, 4), report(7_000, 60_000, 4), true),
      await plain(4),
    );
    t.match(decisions(grown), { [heap]: 'undecided', 'arrayBuffers.max': 'within' });
    t.match(grown, {
      pairs: 6,
      fault: /^off-heap memory grew by 60 kB/,
      notes: [{ text: /judged in 3 pairs of its own, with --repeatable/ }],
    });
    t.equal(grown.metrics.find((each) => each.name === heap)!.baseMedian, 7_000, 'of the pass that fits it');
    const same = await pass(own!.thresholds, report(7_000, 0, 4), report(7_000, 0, 4), true);
    t.match(decisions(passesTogether(same, await plain(5))), { [heap]: 'within', 'arrayBuffers.max': 'worse' });
    const failing = await pass(own!.thresholds, report(7_000, 0, 4), report(7_000, 0, 4, 3), true);
    t.match(decisions(passesTogether(failing, await plain(4))), { 'requests.failed': 'worse' }, 'in either');
    const unknown = await pass(both, report(7_000, null, 4), report(7_000, null, 4), false);
    t.match(unknown.metrics[0], {
      decision: 'undecided',
      note: /was not counted .*compare --metric allocated\.perRequest counts it/,
    });
  },
);

t.test('what no number of pairs decides is said at the first', async (t) => {
  const why = 'too few requests: 120 were answered, and it takes 400';
  const said: string[] = [];
  const lacking = (value: number | null) => {
    const report = reportOf(value);
    return { ...report, figures: report.figures.map((figure) => ({ ...figure, note: value === null ? why : '' })) };
  };
  const ended = async (run: PairsOrder['run'], more: Partial<PairsOrder> = {}) => {
    said.length = 0;
    return await runPairs(orderOf(run, { onLack: (text) => said.push(text), ...more }));
  };
  for (const repeats of [true, false]) {
    const short = await ended(async () => lacking(null), { repeats });
    t.match(short, {
      pairs: 1,
      metrics: [{ decision: 'notMeasured', note: `not measured in every run of base: ${why}` }],
    });
    t.same(said, [`${name} is not measured by this load: ${why}`], 'once');
  }
  t.match(await ended(async (side) => lacking(side === 'head' ? null : 1000)), { pairs: 1 }, 'one side is enough');
  const figure = (failed: number) => ({ name: 'requests.failed', unit: 'count', value: failed });
  const failing = (value: number | null, failed: number) =>
    ({ ...lacking(value), figures: [...lacking(value).figures, figure(failed)] }) as unknown as RunReport;
  const worse = await ended(async (side) => failing(null, side === 'head' ? 9 : 0));
  t.match(
    worse,
    { pairs: 5, metrics: [{ decision: 'notMeasured' }, { decision: 'worse' }] },
    'failed requests may be worse',
  );
  const other = 'rss.max';
  const both = async (side: Side) =>
    ({
      ...lacking(null),
      figures: [...lacking(null).figures, { ...figure(side === 'head' ? 2 : 1), name: other }],
    }) as unknown as RunReport;
  const thresholds = new Map([
    [name, 0.03],
    [other, 0.05],
  ]);
  t.match(await ended(both, { thresholds }), { pairs: 6, metrics: [{}, { decision: 'worse' }] }, 'another metric');
});

t.test('what grows in a child process is not within a limit on the process alone', async (t) => {
  const megabytes = 1 << 20;
  const memory = (rss: number, tree: number | null, children = 1) =>
    ({
      ...reportOf(1),
      figures: [
        { name: 'rss.max', unit: 'bytes', value: rss * megabytes },
        { name: 'tree.max', unit: 'bytes', value: tree && tree * megabytes },
      ],
      family: { processes: Array.from({ length: children }) },
    }) as unknown as RunReport;
  const compared = async (base: RunReport, head: RunReport, more: Partial<PairsOrder> = {}) => {
    const thresholds = new Map([['rss.max', 0.05]]);
    const { metrics, notes } = await runPairs(
      orderOf(async (side) => (side === 'head' ? head : base), { thresholds, ...more }),
    );
    return { decisions: Object.fromEntries(metrics.map(({ name, decision }) => [name, decision])), notes };
  };
  const grown = await compared(memory(100, 150), memory(100, 190));
  t.match(grown.decisions, { 'rss.max': 'within', 'tree.max': 'worse' });
  t.match(grown.notes, [{ text: /^tree\.max is judged as well: the target has child processes/ }]);
  t.match((await compared(memory(100, 99, 0), memory(100, 140))).decisions, { 'tree.max': 'worse' }, 'a new child');
  t.match((await compared(memory(100, 150), memory(100, 150))).decisions, { 'tree.max': 'within' });
  t.match((await compared(memory(100, 100, 0), memory(100, 190, 0))).decisions, { 'tree.max': 'shown' }, 'no children');
  // Pages that others of the machine share count in part.
  t.match(
    (await compared(memory(100, 80), memory(100, 95))).decisions,
    { 'tree.max': 'worse' },
    'below the process alone',
  );
  t.match(
    (await compared(memory(100, null), memory(100, null))).decisions,
    { 'tree.max': 'notMeasured' },
    'unseen ones',
  );
  const alone = { isTheseAlone: true };
  t.match((await compared(memory(100, 150), memory(100, 190), alone)).decisions, { 'tree.max': 'shown' }, '--metric');
});

t.test('counts are judged on a busy machine, without waiting for a quiet one', async (t) => {
  const handles = async () =>
    ({ ...reportOf(1), figures: [{ name: 'handles.max', unit: 'count', value: 3 }] }) as unknown as RunReport;
  let tMs = 0;
  let waits = 0;
  const machine = new FitMachine({
    // Nothing is idle.
    read: () => ({
      tMs: (tMs += 500),
      cores: 2,
      ticks: { all: tMs, idle: 0, steal: 0 },
      throttledMs: 0,
      pressureMs: null,
    }),
    pause: async () => {},
    waitMaxMs: 5_000,
    onWait: () => {
      waits += 1;
    },
  });
  const compared = await runPairs(orderOf(handles, { machine, thresholds: new Map([['handles.max', 0.05]]) }));
  t.match(compared, { pairs: 5, metrics: [{ decision: 'within' }] });
  t.equal(waits, 0);
});

t.test('interrupted, it hands over the pairs that are whole, and judges none of them', async (t) => {
  const until: ComparedScenario[] = [];
  const stops = (at: string) => async (side: Side, label: string) => {
    if (label === at) throw new FloodgateError('interrupted', 'interrupted', { hint: '', exitCode: 3 });
    return reportOf(side === 'head' ? 1100 : 1000);
  };
  const onInterrupted = (compared: ComparedScenario) => until.push(compared);
  for (const at of ['3-base', '3-head'])
    await t.rejects(runPairs(orderOf(stops(at), { onInterrupted })), { code: 'interrupted' });
  const note = 'interrupted after 2 pairs: not judged';
  const metric = { decision: 'undecided', note, base: [1000, 1000], head: [1100, 1100], threshold: Number };
  for (const compared of until) t.match(compared, { pairs: 2, metrics: [metric] });
  t.equal(until.length, 2);
  await t.rejects(runPairs(orderOf(stops('3-base'), { onInterrupted, repeats: true })), { code: 'interrupted' });
  const unclaimed = { changeLow: null, changeHigh: null, detectable: null, decision: 'undecided', note };
  t.match(until.pop(), { method: 'pairs', metrics: [unclaimed] }, 'two repeats that agree are not called so');
  await t.rejects(runPairs(orderOf(stops('1-base'), { onInterrupted })), { code: 'interrupted' });
  const fails = async () => {
    throw new FloodgateError('run-failed', 'base (main): it died', { hint: '' });
  };
  await t.rejects(runPairs(orderOf(fails, { onInterrupted })), { code: 'run-failed' });
  t.equal(until.length, 2, 'there was no pair, or nobody ended it');
});

t.test('a load that decides nothing decides no comparison, on whichever side', async (t) => {
  const fault = {
    exitCode: 4,
    headline: 'None of 400 answers had a status of 2xx; such a load decides nothing.',
  } as const;
  const failed = { name: 'requests.failed', unit: 'count', value: 400 };
  const failing = (value: number) => ({ ...reportOf(value), fault });
  for (const repeats of [true, false]) {
    const both = await runPairs(orderOf(async () => failing(1000), { repeats }));
    t.match(both.metrics, [{ decision: 'undecided', note: /^base: None of 400 answers .* decides nothing$/ }]);
    t.equal(both.pairs, 1, 'and is not run again');
  }
  const head = await runPairs(orderOf(async (side) => (side === 'head' ? failing(1200) : reportOf(1000))));
  t.match(head.metrics, [{ decision: 'undecided', note: /^head: None of 400/ }]);
  const more = async (side: Side) => {
    const run = side === 'head' ? failing(900) : reportOf(1000);
    const figure = side === 'head' ? failed : { ...failed, value: 0 };
    return { ...run, figures: [...run.figures, figure] } as RunReport;
  };
  t.match(await runPairs(orderOf(more)), { metrics: [{ decision: 'undecided' }, { decision: 'worse' }] });
});
