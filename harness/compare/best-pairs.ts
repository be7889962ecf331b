/** Which of two sides belong together, where several may. Pure. */

export interface Candidate<T> {
  readonly before: T;
  readonly after: T;
  readonly score: number;
}

/** Each of either side once, the best first. */
export function bestPairs<C extends Candidate<unknown>>(candidates: readonly C[]): C[] {
  const taken = { before: new Set<unknown>(), after: new Set<unknown>() };
  return candidates
    .toSorted((a, b) => b.score - a.score)
    .filter(({ before, after }) => {
      if (taken.before.has(before) || taken.after.has(after)) return false;
      taken.before.add(before);
      taken.after.add(after);
      return true;
    });
}
