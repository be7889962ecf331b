/** What the wrappers of off-heap memory share: whom they report to, and the stack of a call. */
import type { OffHeapSite } from './options.ts';

const stackDepthMax = 48;

/** What wrappers report to. */
export interface SiteRecorder {
  /** Counts an allocation; `above` is the wrapper, which the stack leaves out; `memory` is what must die to free it. */
  record(bytes: number, operation: string, above: (...args: never[]) => unknown, memory: object): void;
  /** The same, with a stack taken earlier. */
  recordAt(bytes: number, operation: string, frames: () => OffHeapSite['frames'], memory: object): void;
}

/** The stack of a call, without `above` and what it called. */
export function callStack(above: (...args: never[]) => unknown): OffHeapSite['frames'] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = stackDepthMax;
  Error.prepareStackTrace = (_error, sites) => sites;
  const holder: { stack?: NodeJS.CallSite[] } = {};
  Error.captureStackTrace(holder, above);
  const sites = holder.stack ?? [];
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  return sites.map((site) => ({
    functionName: site.getFunctionName() ?? '',
    url: site.getFileName() ?? '',
    line: site.getLineNumber() ?? 0,
    column: site.getColumnNumber() ?? 0,
  }));
}
