/** Allocation by the request over a window of request numbers, read where the target was at fixed numbers of them. Pure. */

/** Readings at ascending numbers of requests. */
export interface RequestMark {
  readonly requests: number;
  readonly allocated: number;
}

/** Of all requests; until then code is compiled, caches fill, connections open. */
const warmUpShare = 0.25;
/** Fewer are no window. */
const requestsMin = 200;

/** Bytes a request; undefined where there were too few. */
export function requestWindow(marks: readonly RequestMark[]): number | undefined {
  const last = marks.at(-1);
  if (!last) return undefined;
  const first = marks.find(({ requests }) => requests >= last.requests * warmUpShare);
  const requests = first ? last.requests - first.requests : 0;
  return first && requests >= requestsMin ? (last.allocated - first.allocated) / requests : undefined;
}

/** The marks whose request numbers every run has: over these, all runs are measured at the same requests. */
export function commonMarks(runs: readonly (readonly RequestMark[])[]): RequestMark[][] {
  const sets = runs.map((marks) => new Set(marks.map(({ requests }) => requests)));
  return runs.map((marks) => marks.filter(({ requests }) => sets.every((set) => set.has(requests))));
}
