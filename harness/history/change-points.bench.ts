/**
 * Change points of 200 synthetic series (50 with steps, 50 drifts, 50 with outliers, 50 without a change): how many are found, and how many
 * are found that are none.
 *
 * `node change-points.bench.ts` judges ours. `--dump FILE` writes the series as JSON, a list of lists; `--points FILE` judges what another
 * program found in them: a list of lists of indexes, the first figure of each new level.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandom, type Random } from '../../agent/seeded-random.ts';
import { changePoints } from './change-points.ts';

interface Case {
  readonly kind: 'steps' | 'drift' | 'outliers' | 'none';
  readonly values: readonly number[];
  /** First figures of new levels. */
  readonly truth: readonly number[];
}

/** A point that is as near as this to a change is that change: figures overlap around it. */
const near = 5;
const each = 50;

/** The sum of twelve uniform figures is nearly normal. */
const normal = (random: Random) => Array.from({ length: 12 }, () => random.fraction()).reduce((a, b) => a + b, -6);

function make(kind: Case['kind'], index: number): Case {
  const random = createRandom(index + 1, kind);
  const count = random.integer(30, 300);
  const noise = 1 + 4 * random.fraction();
  // Skewed as resident figures are: now and then a run is larger, never smaller.
  const skewed = random.chance(0.5);
  const values = Array.from({ length: count }, () => {
    const deviation = normal(random) * noise;
    return 1_000 + (skewed ? Math.abs(deviation) * 1.5 : deviation);
  });
  const truth: number[] = [];
  if (kind === 'steps') {
    const steps = count >= 90 ? random.integer(1, 3) : 1;
    for (let i = 1; i <= steps; i++) {
      const at = Math.round((count * i) / (steps + 1) + random.integer(-4, 4));
      const height = noise * (0.75 + 2.75 * random.fraction()) * (random.chance(0.5) ? 1 : -1);
      truth.push(at);
      for (let j = at; j < count; j++) values[j]! += height;
    }
  }
  if (kind === 'drift') {
    const rise = noise * (3 + 5 * random.fraction());
    for (let j = 0; j < count; j++) values[j]! += (rise * j) / count;
  }
  if (kind === 'outliers') {
    for (let i = random.integer(1, 3); i > 0; i--) values[random.below(count)]! += noise * (8 + 20 * random.fraction());
  }
  return { kind, values, truth };
}

const cases = (['steps', 'drift', 'outliers', 'none'] as const).flatMap((kind) =>
  Array.from({ length: each }, (_, index) => make(kind, index)),
);
const { values: flags } = parseArgs({ options: { dump: { type: 'string' }, points: { type: 'string' } } });
if (flags.dump) writeFileSync(flags.dump, JSON.stringify(cases.map(({ values }) => values)));
const started = process.cpuUsage();
const found: number[][] = flags.points
  ? JSON.parse(readFileSync(flags.points, 'utf8'))
  : cases.map(({ values }) => changePoints(values).map(({ index }) => index));
const { user } = process.cpuUsage(started);

const rows = (['steps', 'drift', 'outliers', 'none'] as const).map((kind) => {
  let [changes, hit, points, wrong, divided] = [0, 0, 0, 0, 0];
  for (const [i, { truth, ...own }] of cases.entries()) {
    if (own.kind !== kind) continue;
    const mine = found[i]!;
    changes += truth.length;
    hit += truth.filter((at) => mine.some((index) => Math.abs(index - at) <= near)).length;
    points += mine.length;
    wrong += mine.filter((index) => !truth.some((at) => Math.abs(index - at) <= near)).length;
    divided += mine.length > 0 ? 1 : 0;
  }
  return {
    series: kind,
    'changes found': kind === 'steps' ? `${hit} of ${changes}` : '–',
    'points that are none': kind === 'drift' ? '–' : wrong,
    'series with a point': `${divided} of ${each}`,
    points,
  };
});
console.table(rows);
if (!flags.points) console.log(`${(user / 1e6).toFixed(1)} s of CPU for ${cases.length} series`);
