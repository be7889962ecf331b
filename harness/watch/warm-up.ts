/** Of all requests; until then code is compiled, caches fill, connections open. */
export const warmUpShare = 0.25;

/** The first mark behind the warm-up; marks are readings at ascending numbers of requests. */
export function windowStart<T extends { readonly requests: number }>(marks: readonly T[]): T | undefined {
  const last = marks.at(-1);
  return last && marks.find(({ requests }) => requests >= last.requests * warmUpShare);
}
