/** The verdict that `floodgate compare` would come to over measured pairs, in an order of chance. Pure. */
import { judgePairs } from '../../harness/compare/judge.ts';
import { exactPairs } from '../../harness/compare/pairs.ts';
import { type Decision, looksFor } from '../../harness/compare/stopping-rule.ts';

/** Base and head. */
export type Pair = readonly [number, number];

export interface DrawnVerdictOptions {
  /** Versions were run so that repeats could agree. */
  readonly repeats: boolean;
  readonly threshold: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export function drawnVerdict(pairs: readonly Pair[], { repeats, threshold, random }: DrawnVerdictOptions): Decision {
  const shuffled = pairs
    .map((pair) => ({ pair, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ pair }) => pair);
  const judge = (count: number, level: number) => {
    const part = shuffled.slice(0, count);
    const figures = {
      ...({ name: 'figure', unit: 'bytes', bound: 'max', threshold } as const),
      base: part.map(([value]) => value),
      head: part.map(([, value]) => value),
    };
    return judgePairs([figures], repeats, { pairs: count, level }, random);
  };
  const looks = looksFor(1, pairs.length);
  if (repeats) {
    const { method, decision } = judge(exactPairs, looks[0]!.level);
    if (method === 'numbers') return decision;
  }
  for (const { pairs: count, level } of looks) {
    const { decision } = judge(count, level);
    if (decision !== 'undecided') return decision;
  }
  return 'undecided';
}
