/** The models of loss beside their mathematics: rates and lengths of bursts, over ten million frames each. */
import t from 'tap';
import { createRandom } from '../../../agent/seeded-random.ts';
import { MovingFrame } from './moving-frame.ts';
import { parseImpairments } from './parse.ts';
import { findImpairment } from './table.ts';

const frames = 10_000_000;
const batches = 1_000;
/** So many standard errors away, and one run in sixteen thousand would fail by chance: the seed is fixed. */
const errorsMax = 4;

interface Chain {
  /** Chances of the next state, by state. */
  readonly moves: readonly (readonly number[])[];
  /** Chance of loss in each state. */
  readonly losses: readonly number[];
}

const independent = (fraction: number): Chain => ({ moves: [[1]], losses: [fraction] });
const correlated = (p: number, rho: number): Chain => ({
  moves: [
    [1 - p * (1 - rho), p * (1 - rho)],
    [1 - p - rho * (1 - p), p + rho * (1 - p)],
  ],
  losses: [0, 1],
});
const gilbertElliott = (p: number, r: number, bad: number, good: number): Chain => ({
  moves: [
    [1 - p, p],
    [r, 1 - r],
  ],
  losses: [good, bad],
});
const fourStates = (p13: number, p31: number, p32: number, p23: number, p14: number): Chain => ({
  moves: [
    [1 - p13 - p14, 0, p13, p14],
    [0, 1 - p23, p23, 0],
    [p31, p32, 1 - p31 - p32, 0],
    [1, 0, 0, 0],
  ],
  losses: [0, 0, 1, 1],
});

/** Share of frames lost, and the mean number of frames lost in a row. */
function expected({ moves, losses }: Chain): { rate: number; burst: number } {
  let shares = losses.map(() => 1 / losses.length);
  for (let step = 0; step < 200_000; step += 1) {
    shares = losses.map((_, to) => shares.reduce((sum, share, from) => sum + share * moves[from]![to]!, 0));
  }
  const rate = shares.reduce((sum, share, at) => sum + share * losses[at]!, 0);
  const begins = shares.reduce((sum, share, from) => {
    const next = losses.reduce((all, loss, to) => all + moves[from]![to]! * loss, 0);
    return sum + share * (1 - losses[from]!) * next;
  }, 0);
  return { rate, burst: rate / begins };
}

/** Means with their standard errors, by batches: frames that follow each other are not independent. */
function measured(text: string): { rate: number; rateError: number; burst: number; burstError: number } {
  const [{ kind, values }] = parseImpairments(text) as [{ kind: string; values: never }];
  const choose = findImpairment(kind)!.choose(values, createRandom(16, `0 ${kind}`));
  const frame = new MovingFrame();
  const rates = new Float64Array(batches);
  const bursts = new Float64Array(batches);
  const perBatch = frames / batches;
  let [place, run] = [0, 0];
  for (let batch = 0; batch < batches; batch += 1) {
    let [lost, ended, length] = [0, 0, 0];
    for (let i = 0; i < perBatch; i += 1) {
      if (choose(frame, place++) !== 0) {
        lost += 1;
        run += 1;
      } else if (run > 0) {
        ended += 1;
        length += run;
        run = 0;
      }
    }
    rates[batch] = lost / perBatch;
    bursts[batch] = ended > 0 ? length / ended : Number.NaN;
  }
  const [rate, rateError] = meanOf(rates);
  const [burst, burstError] = meanOf(bursts.filter((length) => !Number.isNaN(length)));
  return { rate, rateError, burst, burstError };
}

function meanOf(values: Float64Array): [mean: number, error: number] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return [mean, Math.sqrt(variance / values.length)];
}

for (const [text, chain] of [
  ['loss=1%', independent(0.01)],
  ['loss=30%', independent(0.3)],
  ['loss=2%/60%', correlated(0.02, 0.6)],
  ['gemodel=1%/20%', gilbertElliott(0.01, 0.2, 1, 0)],
  ['gemodel=0.5%/10%/70%/0.1%', gilbertElliott(0.005, 0.1, 0.7, 0.001)],
  ['state=1%/30%', fourStates(0.01, 0.3, 0, 1, 0)],
  ['state=1%/30%/20%/50%/0.5%', fourStates(0.01, 0.3, 0.2, 0.5, 0.005)],
] as const) {
  t.test(text, async (t) => {
    const wanted = expected(chain);
    const { rate, rateError, burst, burstError } = measured(text);
    const off = (rate - wanted.rate) / rateError;
    t.ok(Math.abs(off) < errorsMax, `${rate} lost of ${wanted.rate}: ${off.toFixed(2)} standard errors`);
    // A batch has few bursts, and a mean of means weighs them alike: what that adds is far below an error here.
    const burstOff = (burst - wanted.burst) / burstError;
    t.ok(
      Math.abs(burstOff) < errorsMax,
      `${burst} in a row of ${wanted.burst}: ${burstOff.toFixed(2)} standard errors`,
    );
  });
}
