/** The thread that sends requests: it has its own event loop and heap, so that nothing of the harness makes a request late. Started by `requests-feed.ts` alone. */
import { readlinkSync } from 'node:fs';
import { createConnection } from 'node:net';
import os from 'node:os';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { RequestAccount } from '../feed/request-account.ts';
import { type HeaderRules, withPort } from './header-rules.ts';
import { HistogramLateness } from './histogram-lateness.ts';
import { Replay, type RequestPace } from './replay.ts';
import { SpoolReader } from './spool.ts';

export interface SenderData {
  /** Of the spool. */
  readonly folder: string;
  readonly port: number;
  readonly pace: RequestPace;
  readonly rules: HeaderRules;
  readonly loops: number;
  readonly durationUs: number;
  readonly recordedConnections: number;
  /** Requests and bytes sent, and the recorded time that was reached, µs: 64-bit floats, read by the owner. */
  readonly progress: SharedArrayBuffer;
}

export type SenderOrder = { readonly kind: 'start' | 'stop' };
export type SenderMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly account: Omit<RequestAccount, 'recorded' | 'loops'> };

const tickMs = 250;
const port = parentPort!;
const data = workerData as SenderData;
const progress = new Float64Array(data.progress);

const replay = new Replay({
  openSpool: () => new SpoolReader(data.folder),
  pace: data.pace,
  rules: withPort(data.rules, data.port),
  loops: data.loops,
  durationUs: data.durationUs,
  recordedConnections: data.recordedConnections,
  nowMs: () => performance.now(),
  sleep: (ms) => sleep(ms),
  turn: () => setImmediate(),
  connect: (host) => createConnection({ host, port: data.port }),
  lateness: () => new HistogramLateness(),
  onProgress: (sent, bytes, trafficUs) => {
    progress[0] = sent;
    progress[1] = bytes;
    progress[2] = trafficUs;
  },
});

/** Before others, where that is permitted: on a busy machine each turn that the thread waits for makes a request late. */
function hurry(): void {
  try {
    os.setPriority(Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))![0]), os.constants.priority.PRIORITY_HIGH);
  } catch {
    // As it is, then: the report says how late requests were.
  }
}

hurry();
port.on('message', async ({ kind }: SenderOrder) => {
  if (kind === 'stop') {
    replay.stop();
    return;
  }
  const ticker = setInterval(() => replay.tick(), tickMs);
  try {
    port.postMessage({ kind: 'done', account: await replay.run() } satisfies SenderMessage);
  } finally {
    clearInterval(ticker);
  }
});
port.postMessage({ kind: 'ready' } satisfies SenderMessage);
