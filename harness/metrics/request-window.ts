/** Allocation by the request over a window of request numbers, read where the target was at fixed numbers of them. Pure. */

/** Readings at ascending numbers of requests. */
export interface RequestMark {
  readonly requests: number;
  readonly allocated: number;
  readonly allocatedYoung: number;
  /** Off the heap; absent where it is not counted. */
  readonly offHeap?: number | undefined;
}

export type AllocationKind = 'allocated' | 'allocatedYoung' | 'offHeap';

/** Of all requests; until then code is compiled, caches fill, connections open. */
const warmUpShare = 0.25;
/** Fewer are no window. */
const requestsMin = 200;

/** Bytes a request; undefined where there were too few. */
export function requestWindow(marks: readonly RequestMark[], which: AllocationKind = 'allocated'): number | undefined {
  const last = marks.at(-1);
  if (!last) return undefined;
  const first = windowStart(marks);
  const requests = first ? last.requests - first.requests : 0;
  const [from, to] = [first?.[which], last[which]];
  return from !== undefined && to !== undefined && requests >= requestsMin ? (to - from) / requests : undefined;
}

/** The mark behind the warm-up. */
export function windowStart<T extends Pick<RequestMark, 'requests'>>(marks: readonly T[]): T | undefined {
  const last = marks.at(-1);
  return last && marks.find(({ requests }) => requests >= last.requests * warmUpShare);
}

/** The marks whose request numbers every run has: over these, all runs are measured at the same requests. */
export function commonMarks(runs: readonly (readonly RequestMark[])[]): RequestMark[][] {
  const sets = runs.map((marks) => new Set(marks.map(({ requests }) => requests)));
  return runs.map((marks) => marks.filter(({ requests }) => sets.every((set) => set.has(requests))));
}

/** Fewer requests in a window vary by what each happens to be. */
const windowRequestsMin = 100;
const windowsMax = 8;

/** Bytes a request in each of as many equal windows as there is room for, behind the warm-up; none where there are not two. */
export function equalWindows(marks: readonly RequestMark[]): {
  readonly requests: number;
  readonly values: readonly number[];
} {
  const last = marks.at(-1);
  const first = windowStart(marks);
  if (!last || !first) return { requests: 0, values: [] };
  const byNumber = new Map(marks.map(({ requests, allocated }) => [requests, allocated]));
  for (let count = windowsMax; count >= 2; count -= 1) {
    const length = (last.requests - first.requests) / count;
    const edges = Array.from({ length: count + 1 }, (_, at) => byNumber.get(first.requests + at * length));
    if (length < windowRequestsMin || !edges.every((each) => each !== undefined)) continue;
    return { requests: length, values: edges.slice(1).map((each, at) => (each - edges[at]!) / length) };
  }
  return { requests: 0, values: [] };
}
