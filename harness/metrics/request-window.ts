/** Allocation by the request over a window of request numbers, read where the target was at fixed numbers of them. Pure. */
import { warmUpShare, windowStart } from '../watch/warm-up.ts';

/** Readings at ascending numbers of requests. */
export interface RequestMark {
  readonly requests: number;
  readonly allocated: number;
  readonly allocatedYoung: number;
  /** Off the heap; absent where it is not counted. */
  readonly offHeap?: number | undefined;
}

export type AllocationKind = 'allocated' | 'allocatedYoung' | 'offHeap';

/** Fewer are no window. */
const requestsMin = 200;
/** A program is looked at every so many requests, while they are few. */
const markEvery = 100;
/** As many as a load has to send: the fewest whose window is large enough, behind the warm-up. */
export const requestsNeeded = Math.ceil(requestsMin / (1 - warmUpShare) / markEvery) * markEvery;

/** Bytes a request; undefined where there were too few. */
export function requestWindow(marks: readonly RequestMark[], which: AllocationKind = 'allocated'): number | undefined {
  const last = marks.at(-1);
  if (!last) return undefined;
  const first = windowStart(marks);
  const requests = first ? last.requests - first.requests : 0;
  const [from, to] = [first?.[which], last[which]];
  return from !== undefined && to !== undefined && requests >= requestsMin ? (to - from) / requests : undefined;
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
