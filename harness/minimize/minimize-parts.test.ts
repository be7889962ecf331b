/** The parts of a minimization: conditions, ranges that close up, the search. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import type { RunReport } from '../../reports/model.ts';
import { amountOf, holds, type Observation, parseCondition, scoreOf } from './condition.ts';
import { ConnectionWeights } from './connections.ts';
import { type Growth, GrowthShares, growthOf, growthPieces, sinceTraffic } from './growth.ts';
import { loweredShifts, shiftsBetween, stricterShifts } from './lane-shifts.ts';
import { type Promised, reduce, type Verdict } from './reduce.ts';
import { RemovedRanges } from './removed-ranges.ts';
import { readCapture } from './rewrite-capture.ts';

const seen = (rest: Partial<Observation>): Observation => ({
  ...{ figures: {}, suspects: [], causes: [], exitCode: 0, failure: '' },
  ...rest,
});
const figure = (value: number | null, low: number | null = null, high: number | null = null) => ({
  ...({
    state: value === null ? ((low ?? high) === null ? 'notMeasured' : 'undecided') : 'value',
    value,
    low,
    high,
    note: '',
  } as const),
});

t.test('conditions: what is not known meets nothing', async (t) => {
  const rss = parseCondition('rss.max  >  150MB');
  t.equal(rss.text, 'rss.max > 150MB');
  t.ok(holds(rss, seen({ figures: { 'rss.max': figure(151e6) } })));
  t.notOk(holds(rss, seen({ figures: { 'rss.max': figure(150e6) } })));
  t.equal(scoreOf(rss, seen({ figures: { 'rss.max': figure(75e6) } })), 0.5, 'half of the way');
  t.notOk(holds(rss, seen({ figures: { 'rss.max': figure(null) } })));
  t.notOk(holds(rss, seen({})));
  t.notOk(holds(rss, seen({ figures: { 'rss.max': figure(900e6) }, failure: 'it could not be run' })));
  t.ok(holds(rss, seen({ figures: { 'rss.max': figure(null, 160e6, 200e6) } })), 'wherever it lies, it is above');
  t.notOk(holds(rss, seen({ figures: { 'rss.max': figure(null, 140e6, 200e6) } })));
  const found = parseCondition('messages.found < 90% and suspect=assembler.ts');
  const both = { figures: { 'messages.found': figure(0.8) }, suspects: ['agent/tcp/assembler.ts##queuePages'] };
  t.ok(holds(found, seen(both)));
  t.notOk(holds(found, seen({ ...both, suspects: ['agent/tcp/tcp.ts#assembler'] })));
  t.ok(holds(parseCondition('suspect=agent/tcp/**#*Pages'), seen(both)));
  t.ok(holds(parseCondition('suspect=assembler.ts##queuePages'), seen(both)));
  t.notOk(holds(parseCondition('exit!=0'), seen({ exitCode: null })), 'a signal is no exit code');
  t.throws(() => parseCondition('rss.max > lots'), { code: 'option-invalid' });
});

t.test('limits of the quick lane: it may show more, or less, of the same rise', async (t) => {
  const rss = parseCondition('rss.max > 150MB');
  const of = (megabytes: number) => seen({ figures: { 'rss.max': figure(megabytes * 1e6) } });
  const shifts = (all: Record<string, number> | undefined) => (all?.['rss.max'] ?? Number.NaN) / 1e6;
  t.equal(shifts(shiftsBetween(rss, of(180), of(160))), 23, 'by as much as it shows more, and a margin');
  t.equal(shifts(shiftsBetween(rss, of(140), of(160))), 3);
  // A rise of 60 MB in place of one of 120: its limit is half as far up, above the margin.
  const lowered = loweredShifts(rss, { quick: of(100), real: of(160), idle: of(40) });
  t.equal(Math.round(shifts(lowered)), 40 + Math.round((153 - 40) / 2) - 150);
  t.ok(holds(rss, of(100), lowered) && !holds(rss, of(95), lowered));
  t.equal(
    loweredShifts(rss, { quick: of(60), real: of(160), idle: of(40) }),
    undefined,
    'a sixth of it is no stand-in',
  );
  t.equal(loweredShifts(parseCondition('suspect=a.ts'), { quick: of(1), real: of(2), idle: of(0) }), undefined);
  const stricter = stricterShifts(rss, { 'rss.max': -50e6 }, { quick: of(101), real: of(140) });
  t.equal(shifts(stricter), -37, 'it lacked ten, and a margin');
  t.equal(shifts(stricterShifts(rss, { 'rss.max': 3e6 }, { quick: of(160), real: of(140) })), 23);
});

t.test('ranges that are taken out, against a bitmap', async (t) => {
  const length = 60;
  // A linear congruential generator (Numerical Recipes): the same on every machine.
  let state = 7;
  const below = (bound: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  for (let round = 0; round < 300; round += 1) {
    const ranges = new RemovedRanges();
    const gone = new Uint8Array(length);
    for (let i = below(6); i >= 0; i -= 1) {
      const start = below(length);
      const end = Math.min(length, start + below(12));
      ranges.add(start, end);
      gone.fill(1, start, end);
    }
    const expected = Array.from({ length: length + 1 }, (_, at) =>
      gone.subarray(0, at).reduce((sum, each) => sum + each, 0),
    );
    t.same(
      expected.map((_, at) => ranges.removedBefore(at)),
      expected,
    );
    const kept: number[] = [];
    ranges.keptWithin(5, 50, (from, to) => {
      for (let at = from; at < to; at += 1) kept.push(at);
    });
    t.same(
      kept,
      [...gone.keys()].filter((at) => at >= 5 && at < 50 && gone[at] === 0),
    );
  }
});

t.test('the search: the few that are needed, of a thousand; an amount by its share', async (t) => {
  const weights = Array.from({ length: 1_000 }, () => 100);
  const search = async (
    test: (kept: readonly number[]) => Verdict,
    whole: number,
    more: { promises?: Promised[]; stopsAtHalf?: boolean; weights?: readonly number[] } = {},
  ) => {
    let trials = 0;
    const kept = await reduce({
      weights,
      ...more,
      order: [...weights.keys()],
      test: async (units) => {
        trials += 1;
        return test(units);
      },
      scores: { whole, idle: 0 },
      jobs: 2,
      isOver: () => false,
      onKept: () => {},
      grainBytes: 1,
    });
    return { kept, trials };
  };
  const needed = [17, 400, 977];
  const few = await search((units) => {
    const held = needed.filter((each) => units.includes(each)).length;
    return { holds: held === needed.length, score: held === needed.length ? 1 : 0 };
  }, 1);
  t.same(few.kept, needed);
  t.ok(few.trials < 250, `${few.trials} trials`);
  const amount = await search((units) => ({ holds: units.length >= 100, score: units.length / 100 }), 10);
  t.ok(amount.kept.length >= 100 && amount.kept.length < 115, `${amount.kept.length} of 100 needed`);
  t.ok(amount.trials < 40, `${amount.trials} trials`);

  // Five units bring all of it; one guess names them, and another one names others.
  const few5 = [3, 99, 500, 501, 998];
  const values = (chosen: readonly number[]) => weights.map((_, unit) => Number(chosen.includes(unit)));
  const promises = [
    { name: 'wrong', values: values([1, 2, 4]) },
    { name: 'right', values: values(few5) },
    { name: 'bytes', values: weights },
  ];
  const brought = (units: readonly number[]) => few5.filter((each) => units.includes(each)).length / 3;
  const verdictOf = (units: readonly number[]) => ({ holds: brought(units) >= 1, score: brought(units) });
  const plain = await search(verdictOf, 5 / 3);
  const guessed = await search(verdictOf, 5 / 3, { promises });
  t.equal(guessed.kept.length, 3);
  t.ok(guessed.trials * 2 < plain.trials, `${guessed.trials} trials, ${plain.trials} without guesses`);
  const half = await search(verdictOf, 5 / 3, { stopsAtHalf: true });
  t.ok(half.kept.length <= 500 && half.kept.length > 100, 'it stops as soon as half is gone');

  // One large unit brings all; small ones that were sent between its frames share its growth, and promise more for a byte.
  const uneven = weights.map((_, unit) => (unit === 500 ? 4_000 : 50));
  const gained = uneven.map((_, unit) => (unit === 500 ? 40 : unit % 3 === 0 ? 1 : 0));
  const large = await search((units) => ({ holds: units.includes(500), score: units.includes(500) ? 2 : 0.01 }), 2, {
    weights: uneven,
    promises: [
      { name: 'most', values: gained, byAmount: true },
      { name: 'for a byte', values: gained },
      { name: 'bytes', values: uneven },
    ],
  });
  t.same(large.kept, [500]);
  t.ok(large.trials <= 4, `${large.trials} trials`);
});

t.test('what memory grew with: what was there at the top, by the frames that were sent then', async (t) => {
  const column = (name: string, values: readonly (number | null)[]) =>
    ({ name, unit: 'bytes', kind: 'gauge', values }) as const;
  const tMs = Array.from({ length: 11 }, (_, i) => i * 10);
  const series = (rss: readonly number[]) => [
    { group: 'memory', tMs, columns: [column('rss', rss)] } as const,
    {
      group: 'traffic',
      tMs,
      columns: [
        column(
          'frames',
          tMs.map((ms) => ms * 10),
        ),
      ],
    } as const,
  ];
  const shareOf = ({ gains }: Growth, from: number, to: number) => {
    const sum = (some: readonly number[]) => some.reduce((total, each) => total + each, 0);
    return sum(gains.slice(from * growthPieces, to * growthPieces)) / sum(gains);
  };
  // A top that goes before the highest one has no part in it; a rise by 100 between 60 and 70 ms has all.
  const grown = growthOf(
    { series: series([50, 50, 90, 50, 50, 50, 50, 150, 60, 60, 60].map((mb) => mb * 1e6)) },
    'rss.max',
  )!;
  t.equal(grown.frames, 1_000);
  t.ok(shareOf(grown, 0.5, 0.7) > 0.99, 'between the beginning and the end of a piece');
  t.equal(growthOf({ series: series(tMs.map(() => 5e7)) }, 'rss.max'), undefined);
  t.equal(growthOf({ series: [] }, 'rss.max'), undefined);
  // Of two units that bring as many bytes, the one that was sent meanwhile has it.
  const shares = new GrowthShares(grown);
  for (let frame = 0; frame < 1_000; frame += 1) shares.add(frame < 500 ? 0 : frame < 700 ? 1 : 2, 100);
  const [before = 0, meanwhile = 0, after = 0] = shares.values();
  t.ok(meanwhile > 0.99e8 && before + after < 0.01e8, `${[before, meanwhile, after]}`);
});

t.test('what little traffic brings is not hidden by the peak of a start', async (t) => {
  const tMs = [0, 10, 20, 30];
  const column = (name: string, values: readonly number[]) => ({ name, unit: 'bytes', kind: 'gauge', values }) as const;
  // The start had 68 MB, and 28 were left when the first frame came.
  const series = [
    { group: 'memory', tMs, columns: [column('rss', [68e6, 28e6, 35e6, 40e6])] } as const,
    { group: 'traffic', tMs, columns: [column('frames', [0, 0, 10, 20])] } as const,
  ];
  const idle = { name: 'rss.idle', value: 28e6 } as RunReport['figures'][number];
  const brought = sinceTraffic({ series, figures: [idle] }, ['rss.rise', 'rss.max', 'pages.max']);
  t.same(brought, { 'rss.rise': 12e6, 'rss.max': 40e6 });
  t.same(sinceTraffic({ series: series.slice(0, 1), figures: [idle] }, ['rss.rise']), {}, 'no frame was counted');
  const rise = parseCondition('rss.rise > 80MB');
  const some = seen({ figures: { 'rss.rise': figure(40e6) }, sinceTraffic: brought });
  t.equal(scoreOf(rise, some), 0.5);
  t.equal(amountOf(rise, some), 0.15);
  const much = seen({ figures: { 'rss.rise': figure(100e6) }, sinceTraffic: { 'rss.rise': 75e6 } });
  t.equal(amountOf(rise, much), 1.25, 'the figure decides what holds');
});

t.test('connections that nothing had ended when memory was at its top', async (t) => {
  const file = path.join(t.testdir(), 'three.pcap');
  const says = Array.from({ length: 10 }, () => [1, 'x'.repeat(1_000)] as const);
  writeFileSync(file, conversationsCapture([{ says }, { says }, { says }]));
  const openAt = (share: number) => {
    const gains = new Array<number>(growthPieces).fill(0);
    gains[Math.round(share * growthPieces) - 1] = 1e6;
    let frames = 0;
    readCapture(file, { frame: () => void (frames += 1) });
    const weights = new ConnectionWeights({ frames, gains });
    readCapture(file, weights);
    return weights.weights.map(({ openAtTop }) => openAtTop);
  };
  const [none, first, second = 0, third] = openAt(0.5);
  t.same([none, first, third], [0, 0, 0], 'the first had ended, the third had not begun');
  t.ok(second > 1_000 && second < 10_000, `${second} bytes until then`);
  t.same(openAt(1), [0, 0, 0, 0], 'all have ended');
});

t.test('a guess that shows nothing waits for those that show something', async (t) => {
  const weights = Array.from({ length: 1_000 }, () => 100);
  const tried: string[] = [];
  const values = (from: number, count: number) => weights.map((_, unit) => Number(unit >= from && unit < from + count));
  // A hundred of 300 bring it; six guesses name others, and less of them.
  const wrong = Array.from({ length: 6 }, (_, i) => ({ name: `wrong ${i}`, values: values(i * 100, 80) }));
  const needed = 100;
  const brought = (units: readonly number[]) => units.filter((unit) => unit >= 700).length / needed;
  const kept = await reduce({
    ...{ weights, order: [...weights.keys()], scores: { whole: 3, idle: 0 }, jobs: 1, isOver: () => false },
    ...{ onKept: () => {}, grainBytes: 1, promises: [...wrong, { name: 'right', values: values(700, 300) }] },
    test: async (units) => {
      tried.push(`${units[0]}`);
      return { holds: brought(units) >= 1, score: brought(units) };
    },
  });
  t.ok(kept.length < needed * 1.15, `${kept.length} of ${needed} needed`);
  t.ok(tried.length < 40, `${tried.length} trials`);
});
