/** Readings of what a runtime (V8, or Go's) says of its heap and its collections. Pure. */
import { perMessage, type RunFigures } from './measured-run.ts';
import { largest } from './memory.ts';
import { notMeasured, type Reading, value, valueOr } from './reading.ts';
import { requestWindow } from './request-window.ts';

const noRuntime = 'its runtime is not looked into: it takes a Node.js program, or a Go program with --pprof';
/** Of a program that counts the HTTP requests it answers. */
export const nothingAnswered = 'no request was answered';
const noNode = 'only Node.js knows';
const noServer =
  'no server in its main thread answered requests: of worker threads and child processes nothing is known';

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

function perRequest({ measure: { channel, answers } }: RunFigures, which: 'allocated' | 'allocatedYoung'): Reading {
  if (!channel.last) return notMeasured(noRuntime);
  if (!channel.last.answers) return notMeasured(answers ? noServer : nothingAnswered);
  const window = requestWindow(channel.marks, which);
  return window ? value(window) : notMeasured('too few requests: it takes 400, for example autocannon -c 1 -a 400');
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
