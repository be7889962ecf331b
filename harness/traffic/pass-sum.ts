/** Adds up what several passes over the same traffic report. */
import type { ImpairmentRecord, Truth } from '../scenario.ts';

/** Undefined as soon as one pass is. */
export function addTruth(sum: Truth | undefined, more: Truth | undefined): Truth | undefined {
  if (sum === undefined || more === undefined) return undefined;
  return {
    requests: sum.requests + more.requests,
    responses: sum.responses + more.responses,
    requestsIntact: sum.requestsIntact + more.requestsIntact,
    responsesIntact: sum.responsesIntact + more.responsesIntact,
  };
}

export const noTruth: Truth = { requests: 0, responses: 0, requestsIntact: 0, responsesIntact: 0 };

export function addRecords(
  sum: readonly ImpairmentRecord[],
  more: readonly ImpairmentRecord[],
): readonly ImpairmentRecord[] {
  return more.map((record, index) => ({ ...record, frames: record.frames + (sum[index]?.frames ?? 0) }));
}
