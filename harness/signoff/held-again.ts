/** Which figures of a scenario are held against a run of today, within which range, and which are not. Pure. */
import type { Unit } from '../../reports/model.ts';
import type { SignedComparison, SignedScenario } from '../../reports/signoff.ts';
import { isMovedByNeighbours } from '../compare/fitness.ts';
import { loadRange, repeatRange, runsRange, type StatedRange, shareRange } from './repeat-range.ts';

interface Stated {
  readonly metric: string;
  readonly unit: Unit;
  readonly stated: number;
  readonly range: StatedRange;
}

/** One run of a scenario. */
export interface HeldPart {
  readonly lane: 'exact' | 'load';
  /** V8 as the signed runs had it. */
  readonly isRepeatable: boolean;
  readonly figures: readonly Stated[];
}

/** What cannot be held against a bundle. */
export interface NotHeld {
  /** `cart/load/rss.max`. */
  readonly place: string;
  readonly why: string;
  /** It would be, had it been measured: nobody knows. Otherwise it is another machine’s. */
  readonly isOpen: boolean;
}

const otherMachine = 'time and resident memory are another machine’s: rerun holds what is allocated and counted';

/** What is judged of the candidate and of no machine: its exact lane, and what its versions were compared by. */
export function heldAgain({ name, runs, comparisons }: SignedScenario): {
  readonly parts: readonly HeldPart[];
  readonly notHeld: readonly NotHeld[];
} {
  const exact = runs
    .filter(({ lane, folder }) => lane === 'exact' && folder !== null)
    .flatMap(({ budgets }) =>
      budgets.flatMap(({ name: metric, unit, actual }): Stated[] => {
        const share = repeatRange('exact', metric);
        return share === null || actual === null
          ? []
          : [{ metric, unit, stated: actual, range: shareRange(actual, share) }];
      }),
    );
  const notHeld: NotHeld[] = [];
  const compared = comparisons.flatMap((comparison): HeldPart[] => {
    const { lane, metrics } = comparison.result;
    if (lane === 'tap') {
      notHeld.push({
        place: `${name}/tap`,
        why: 'the TAP lane goes by the clock: no figure of it repeats',
        isOpen: false,
      });
      return [];
    }
    const figures = metrics.flatMap((metric): Stated[] => {
      if (metric.threshold === null) return [];
      const place = `${name}/${lane}/${metric.name}`;
      const stated = statedOf(metric, comparison);
      if (stated !== undefined) return [stated];
      const isOpen = metric.headMedian === null;
      const why = isOpen
        ? `it was not measured when it was signed off${metric.note === '' ? '' : `: ${metric.note}`}`
        : otherMachine;
      notHeld.push({ place, why, isOpen });
      return [];
    });
    return [{ lane, isRepeatable: lane === 'load' && comparison.repeats, figures }];
  });
  if (comparisons.length === 0 && exact.length === 0) {
    const why =
      'no limit of its runs repeats, and it was compared with no release before it: sign off with --previous and a threshold';
    notHeld.push({ place: name, why, isOpen: true });
  }
  const all = [{ lane: 'exact' as const, isRepeatable: false, figures: exact }, ...compared];
  const ofExact = all.filter(({ lane }) => lane === 'exact').flatMap(({ figures }) => figures);
  const parts = [
    { lane: 'exact' as const, isRepeatable: false, figures: ofExact },
    ...compared.filter(({ lane }) => lane === 'load'),
  ];
  return { parts: parts.filter(({ figures }) => figures.length > 0), notHeld };
}

type Metric = SignedComparison['result']['metrics'][number];

/** Undefined where it was not measured, or is the machine's. */
function statedOf(
  { name, unit, head, headMedian }: Metric,
  { result: { lane, method } }: SignedComparison,
): Stated | undefined {
  if (headMedian === null) return undefined;
  if (method === 'numbers') {
    const share = lane === 'load' ? loadRange : repeatRange(lane, name);
    if (share !== null) return { metric: name, unit, stated: headMedian, range: shareRange(headMedian, share) };
  }
  const measured = head.filter((each) => each !== null);
  if (isMovedByNeighbours(name) || measured.length === 0) return undefined;
  return { metric: name, unit, stated: headMedian, range: runsRange(measured, headMedian) };
}
