/** Units of time as people write them, and how many seconds each is: the one list that every option, schema and file reads. Pure. */

export const secondsOf: Readonly<Record<string, number>> = {
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  min: 60,
  h: 3_600,
  d: 86_400,
};

/** One of them, as a piece of a regular expression. */
export const timeUnitPattern = Object.keys(secondsOf).join('|');

/** The same list in another unit: `factorsIn(1e6)` says how many microseconds each is. */
export function factorsIn(perSecond: number): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(secondsOf).map(([name, seconds]) => [name, Number((seconds * perSecond).toPrecision(12))]),
  );
}
