/** Finds the first bad one of many commits in a row, where some cannot be decided: the answer is then a range, never a guess. Pure. */

/** `skipped`: it could not be built or run; `undecided`: it ran, and could not be decided. */
export type Finding = 'good' | 'bad' | 'skipped' | 'undecided';

export interface BisectRange {
  /** The last one known to be good, and the first one known to be bad: what changed lies behind the one and up to the other. */
  readonly good: number;
  readonly bad: number;
}

/** How often one that cannot be decided is looked at: a second time with twice the pairs. */
const looksMax = 2;

/**
 * Asks about as few as possible of `0 … count − 1`; 0 is good and the last one is bad.
 * @param look a finding for one of them; `again` is 0 at the first look
 * @returns neighbours where every one could be decided
 */
export async function bisect(
  count: number,
  look: (index: number, again: number) => Promise<Finding>,
): Promise<BisectRange> {
  let good = 0;
  let bad = count - 1;
  const open = new Set<number>();
  for (;;) {
    const next = nearestTo((good + bad) / 2, good, bad, open);
    if (next === undefined) return { good, bad };
    let finding: Finding = 'undecided';
    for (let again = 0; again < looksMax && finding === 'undecided'; again++) finding = await look(next, again);
    if (finding === 'good') good = next;
    else if (finding === 'bad') bad = next;
    else open.add(next);
  }
}

/** How many more looks there are at most, if every one can be decided. */
export function looksLeft({ good, bad }: BisectRange): number {
  return Math.ceil(Math.log2(Math.max(1, bad - good)));
}

/** Strictly between the two, and not one that could not be decided. */
function nearestTo(middle: number, good: number, bad: number, open: ReadonlySet<number>): number | undefined {
  let best: number | undefined;
  for (let index = good + 1; index < bad; index++) {
    if (open.has(index)) continue;
    if (best === undefined || Math.abs(index - middle) < Math.abs(best - middle)) best = index;
  }
  return best;
}
