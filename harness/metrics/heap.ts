/** Readings of what a runtime (V8, or Go's) says of its heap and its collections. Pure. */
import { counted } from '../../reports/counted.ts';
import { formatBytes, formatCount } from '../../reports/format.ts';
import { isBeside } from '../watch/thread-figures.ts';
import { windowStart } from '../watch/warm-up.ts';
import { perMessage, type RunFigures } from './measured-run.ts';
import { largest } from './memory.ts';
import { between, notMeasured, type Reading, value, valueOr } from './reading.ts';
import { type AllocationKind, requestsNeeded, requestWindow } from './request-window.ts';

const noRuntime = 'its runtime is not looked into: it takes a Node.js program, or a Go program with --pprof';
/** Of a program that counts the HTTP requests it answers. */
export const nothingAnswered = 'no request was answered';
const uncountedAnswers = 'only a Node.js program counts the requests that it answers';
const noNode = 'only Node.js knows';
const noServer =
  'no server in its main thread answered requests: of worker threads and child processes nothing is known';

/** Of the target's Node.js: it counts HTTP/1 alone. */
export const unseenWords = (count: number) =>
  `${counted(count, 'request')} of HTTP/2 came as well, and Node.js before 24.2 does not say what became of them`;

export function peakBeforeGc({ measure }: RunFigures): Reading {
  return valueOr(measure.channel.last?.peakBeforeGc, noRuntime);
}

export function afterGc({ measure }: RunFigures): Reading {
  const { last } = measure.channel;
  if (!last) return notMeasured(noRuntime);
  return last.afterGc > 0 ? value(last.afterGc) : notMeasured('no major collection came: run it longer');
}

export function external({ measure: { channel } }: RunFigures): Reading {
  const atCollections = channel.gc.map(({ externalBefore }) => externalBefore ?? null);
  return valueOr(largest([...channel.v8.column('external'), ...atCollections]), noRuntime);
}

export function arrayBuffers({ measure: { channel } }: RunFigures): Reading {
  return valueOr(largest(channel.v8.column('arrayBuffers')), channel.last ? noNode : noRuntime);
}

export function handles({ measure: { channel } }: RunFigures): Reading {
  return valueOr(largest(channel.v8.column('handles')), channel.last ? noNode : noRuntime);
}

/** Of a program that ran before, what came since the first look at it. */
export function allocated({ measure: { channel, ranBefore } }: RunFigures): Reading {
  const { last } = channel;
  if (!last) return notMeasured(noRuntime);
  const before = ranBefore ? (channel.v8.column('allocated').find((each) => each !== null) ?? 0) : 0;
  return value(last.allocated - before);
}

export function allocatedPerMessage(run: RunFigures): Reading {
  return perMessage(allocated(run), run);
}

/** Over all but the first quarter of the requests: while code is new, it allocates more. */
export function allocatedPerRequest(run: RunFigures): Reading {
  return perRequest(run, 'allocated');
}

export function allocatedYoungPerRequest(run: RunFigures): Reading {
  return perRequest(run, 'allocatedYoung');
}

const lateSweep =
  'collections free it in a thread of their own: counted where they free it at once (compare, run --repeatable)';
const offHeapUnseen = 'worker threads that could not be looked into may allocate it';

/** Buffers and what else lies off V8's heap, of worker threads and Node.js children too. */
export function allocatedOffHeapPerRequest(run: RunFigures): Reading {
  const { last, marks } = run.measure.channel;
  if (last?.answers && marks.length > 0 && marks[0]!.offHeap === undefined)
    return notMeasured(run.measure.elsewhere?.unseen ? offHeapUnseen : lateSweep);
  return perRequest(run, 'offHeap');
}

/** Where the readings of the main thread do not hold what threads and children allocate for it, they say the least. */
function withElsewhere(bytes: number, { channel: { marks }, elsewhere }: RunFigures['measure']): Reading {
  const requests = elsewhere ? marks.at(-1)!.requests - windowStart(marks)!.requests : 0;
  const { threads = 0, processes = 0, unseen = 0 } = elsewhere ?? {};
  if (!elsewhere || elsewhere.isCounted || !isBeside(elsewhere.bytes, bytes * requests)) {
    if (unseen === 0) return value(bytes);
    const reason = `${formatCount(unseen)} of its worker threads could not be looked into: see docs/family.md`;
    return between(bytes, Number.POSITIVE_INFINITY, reason);
  }
  const who = [threads > 0 ? 'worker threads' : '', processes > 0 ? 'Node.js children' : ''].filter((each) => each);
  const also = processes > 0 ? '' : '; allocated.perMessage counts threads';
  const reason =
    `${who.join(' and ')} allocated ${formatBytes(elsewhere.bytes / requests)} a request, ` +
    `which are not in the ${formatBytes(bytes)} of the main thread${also}`;
  return between(bytes, Number.POSITIVE_INFINITY, reason);
}

function perRequest({ measure }: RunFigures, which: AllocationKind): Reading {
  const { channel, answers } = measure;
  if (!channel.last) return notMeasured(noRuntime);
  if (!channel.last.answers)
    return notMeasured(isNode(channel) ? (answers ? noServer : nothingAnswered) : uncountedAnswers);
  // What they allocate would be in the figure of the others.
  if (channel.last.answers.unseen) return notMeasured(unseenWords(channel.last.answers.unseen));
  const window = requestWindow(channel.marks, which);
  if (window === undefined) return notMeasured(tooFew(channel.last.answers.total));
  return which === 'offHeap' ? value(window) : withElsewhere(window, measure);
}

/** Of a runtime that is looked into: Go's says nothing of handles. */
function isNode({ v8 }: RunFigures['measure']['channel']): boolean {
  const handles = v8.column('handles');
  return handles.length === 0 || handles.some((each) => each !== null);
}

function tooFew(answered: number): string {
  const counted = answered < requestsNeeded ? `${formatCount(answered)} were answered, and ` : '';
  return `too few requests: ${counted}it takes ${requestsNeeded}, for example autocannon -c 1 -a ${requestsNeeded}`;
}

/** Of all collections, none left out: by nearest rank. */
export function pauseP99({ measure: { channel } }: RunFigures): Reading {
  if (!channel.last) return notMeasured(noRuntime);
  const pauses = channel.gc.map(({ pauseMs }) => pauseMs).sort((a, b) => a - b);
  if (pauses.length === 0) return notMeasured('no collection came');
  return value(pauses[Math.ceil(0.99 * pauses.length) - 1]!);
}

export function gcShare({ measure }: RunFigures): Reading {
  const { channel, sendStartMs, sendEndMs } = measure;
  if (!channel.last) return notMeasured(noRuntime);
  if (sendEndMs <= sendStartMs) return notMeasured('nothing was sent');
  const pausesMs = channel.gc
    .filter(({ tMs }) => tMs >= sendStartMs && tMs <= sendEndMs)
    .reduce((sum, { pauseMs }) => sum + pauseMs, 0);
  return value(Math.min(1, pausesMs / (sendEndMs - sendStartMs)));
}
