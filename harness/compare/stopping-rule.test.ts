import t from 'tap';
import { createRandom } from '../../agent/seeded-random.ts';
import {
  decide,
  detectableEffect,
  errorRate,
  type Look,
  looksFor,
  type MetricSeries,
  overall,
} from './stopping-rule.ts';

// Ten thousand sequences: seconds of a free core, minutes of a busy one.
t.setTimeout(600_000);

t.test('the looks spend the error once', async (t) => {
  for (const metrics of [1, 2, 3, 5, 12]) {
    const looks = looksFor(metrics);
    t.ok(looks.reduce((sum, look) => sum + look.level, 0) <= errorRate + 1e-12);
    t.ok(looks[0]!.pairs >= 5);
    t.ok(looks.at(-1)!.pairs <= 40);
    t.ok(2 ** -looks[0]!.pairs <= looks[0]!.level / metrics, 'the first look can decide');
  }
  t.equal(looksFor(1)[0]!.pairs, 5);
});

t.test('never fewer pairs are asked for than the first look has', async (t) => {
  for (const metrics of [1, 2, 4, 12]) {
    const series = Array.from({ length: metrics }, (_, at) => ({ name: `m${at}`, logRatios: [0.3], threshold: 0.02 }));
    const first = looksFor(metrics)[0]!;
    for (const look of [
      { ...first, pairs: 1 },
      { pairs: 1, level: first.level },
    ])
      for (const { pairsNeeded } of decide(series, look)) t.equal(pairsNeeded, first.pairs);
  }
  t.equal(looksFor(12, 5)[0]!.fewest, looksFor(12)[0]!.pairs, 'not even where fewer are allowed');
});

/** Runs the rule over a series of pairs drawn on demand; noise with heavy tails and a drift that pairs share. */
function sequence(effects: readonly number[], thresholds: readonly number[], random: () => number): string {
  const series = effects.map((): number[] => []);
  const looks = looksFor(effects.length);
  for (const look of looks) {
    for (const [at, values] of series.entries())
      while (values.length < look.pairs) values.push(effects[at]! + heavyTailed(random));
    const decision = overall(decide(seriesOf(series, thresholds), look));
    if (decision !== 'undecided') return decision;
  }
  return 'undecided';
}

const seriesOf = (series: readonly number[][], thresholds: readonly number[]): MetricSeries[] =>
  series.map((logRatios, at) => ({ name: `m${at}`, logRatios, threshold: thresholds[at]! }));

/** The difference of two runs: symmetric, one pair in ten disturbed by a neighbour. */
function heavyTailed(random: () => number): number {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return 0.01 * normal() * (random() < 0.1 ? 8 : 1);
}

t.test('the error over 10,000 sequences is within the stated rate', async (t) => {
  const sequences = 10_000;
  // Three standard errors of a share of 5 % over so many sequences.
  const allowed = errorRate + 3 * Math.sqrt((errorRate * (1 - errorRate)) / sequences);
  const count = (effects: number[], thresholds: number[], wrong: string, seed: number) => {
    const random = createRandom(seed, 'compare').fraction;
    let errors = 0;
    for (let each = 0; each < sequences; each += 1) if (sequence(effects, thresholds, random) === wrong) errors += 1;
    return errors / sequences;
  };
  const atThreshold = count([0.02], [0.02], 'worse', 1);
  t.ok(atThreshold <= allowed, `exactly at the threshold, called worse: ${atThreshold}`);
  const passed = count([0.02], [0.02], 'within', 2);
  t.ok(passed <= allowed, `exactly at the threshold, called within: ${passed}`);
  const family = count([0.02, 0.02, 0.02, 0.02], [0.02, 0.02, 0.02, 0.02], 'worse', 3);
  t.ok(family <= allowed, `four metrics at their thresholds, any called worse: ${family}`);
  const oneBad = count([0.02, 0, 0, 0], [0.02, 0.02, 0.02, 0.02], 'within', 4);
  t.ok(oneBad <= allowed, `one of four at its threshold, called within: ${oneBad}`);
  const same = count([0], [0.02], 'worse', 5);
  t.ok(same <= 0.002, `identical versions called worse: ${same}`);
  t.comment(`worse ${atThreshold}, within ${passed}, family ${family}, one bad ${oneBad}, identical ${same}`);
});

t.test('it decides where it can', async (t) => {
  const random = createRandom(11, 'compare').fraction;
  let worse = 0;
  let within = 0;
  for (let each = 0; each < 500; each += 1) {
    if (sequence([0.05], [0.02], random) === 'worse') worse += 1;
    if (sequence([0], [0.02], random) === 'within') within += 1;
  }
  t.ok(worse >= 490, `+5 % over 2 %: ${worse} of 500`);
  t.ok(within >= 480, `no effect under 2 %: ${within} of 500`);
});

t.test('undecided says how many pairs it would take', async (t) => {
  const look: Look = { pairs: 5, level: 0.03125 };
  const [near] = decide([{ name: 'a', logRatios: [0.01, 0.03, 0.012, 0.028, 0.008], threshold: 0.02 }], look);
  t.equal(near!.decision, 'undecided');
  t.equal(near!.pairsNeeded, undefined, 'so near its threshold no number of pairs would do');
  const [far] = decide([{ name: 'a', logRatios: [0.001, 0.021, 0.002, 0.004, -0.004], threshold: 0.02 }], look);
  t.equal(far!.decision, 'undecided');
  t.ok(far!.pairsNeeded! > 5 && far!.pairsNeeded! <= 40);
});

t.test('the detectable effect is one that is detected', async (t) => {
  const random = createRandom(5, 'compare').fraction;
  const logRatios = Array.from({ length: 14 }, () => 0.01 * (random() + random() - 1));
  const level = 0.01;
  const effect = detectableEffect(
    { name: 'a', logRatios, threshold: 0.02 },
    1,
    level,
    createRandom(9, 'compare').fraction,
  );
  t.ok(effect > 0.02 && effect < 0.04, `${effect}`);
  t.equal(
    detectableEffect(
      { name: 'a', logRatios: logRatios.slice(0, 5), threshold: 0.02 },
      1,
      level,
      createRandom(9, 'compare').fraction,
    ),
    Infinity,
    'five pairs cannot show anything at 1 %',
  );
});
