import t from 'tap';
import { seededRandom } from '../../reports/sample-report.ts';
import { coefficientOfVariation, compareRepeats, minimumDetectableEffect, repeatsNeeded } from './statistics.ts';

t.test('the repeats needed follow 26 (CV / change)²', async (t) => {
  t.equal(repeatsNeeded(0.05, 0.05), 26);
  t.equal(repeatsNeeded(0.0002, 0.01), 1);
  t.equal(repeatsNeeded(0.02, 0.05), 5);
  t.ok(Math.abs(minimumDetectableEffect(0.05, 26) - 0.05) < 1e-12);
  t.equal(coefficientOfVariation([5]), 0);
  t.ok(Math.abs(coefficientOfVariation([9, 11]) - 0.1414) < 1e-3);
});

t.test('a real change is told, noise is not', async (t) => {
  const random = seededRandom(3);
  const repeats = (level: number, spread: number) =>
    Array.from({ length: 7 }, () => level * (1 + spread * (random() - 0.5)));
  t.equal(compareRepeats(repeats(100, 0.01), repeats(110, 0.01), 0.05, random).verdict, 'worse');
  t.equal(compareRepeats(repeats(100, 0.01), repeats(90, 0.01), 0.05, random).verdict, 'better');
  t.equal(compareRepeats(repeats(100, 0.01), repeats(101, 0.01), 0.05, random).verdict, 'same');
  t.equal(compareRepeats(repeats(100, 0.5), repeats(103, 0.5), 0.05, random).verdict, 'too-noisy');
  let falseAlarms = 0;
  for (let i = 0; i < 40; i += 1) {
    const { verdict } = compareRepeats(repeats(100, 0.2), repeats(100, 0.2), 0.01, random);
    if (verdict === 'worse' || verdict === 'better') falseAlarms += 1;
  }
  t.ok(falseAlarms <= 2, `${falseAlarms} of 40`);
});
