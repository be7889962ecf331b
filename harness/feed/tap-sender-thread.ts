/** The thread that sends into TAP devices: it sleeps and writes, and has no other work. Started by `tap-sender.ts` alone. */
import { parentPort, workerData } from 'node:worker_threads';
import { FloodgateError } from '../../agent/errors.ts';
import { type OpenTap, TapDevice } from '../link/tap-device.ts';
import { openTraffic } from '../traffic/open-traffic.ts';
import type { Clock } from '../traffic/pacer.ts';
import type { ImpairmentRecord, Truth } from '../traffic/traffic.ts';
import { balance } from './ledger.ts';
import { describeTraffic, type SendOrder, type SendResult, type TrafficDescription } from './sender.ts';
import { SenderControl } from './sender-control.ts';
import { Transmission } from './transmission.ts';

export interface TapSenderData {
  readonly taps: OpenTap | readonly OpenTap[];
  readonly order: SendOrder;
  /** Of `TapDeviceOptions`. */
  readonly kernelThread: boolean;
  readonly shared: SharedArrayBuffer;
}

export type TapSenderMessage =
  | { readonly kind: 'opened'; readonly description: TrafficDescription }
  | { readonly kind: 'holding' }
  | { readonly kind: 'done'; readonly result: SendResult }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly hint: string };

/** Frames asked for at a time: the traffic may hold no more than that ready. */
const framesPerRead = 256;

const port = parentPort!;
const report = (message: TapSenderMessage) => port.postMessage(message);

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const clock: Clock = {
  nowUs: () => performance.now() * 1_000,
  sleepUs: (durationUs) => {
    Atomics.wait(sleeper, 0, 0, durationUs / 1_000);
  },
};

async function send({ taps, order, kernelThread, shared }: TapSenderData): Promise<void> {
  const control = new SenderControl(shared);
  const link = new TapDevice(taps, { kernelThread });
  const traffic = await openTraffic(order.traffic);
  report({ kind: 'opened', description: describeTraffic(traffic) });
  const transmission = new Transmission({
    link,
    pace: order.pace,
    clock,
    control,
    onHold: () => report({ kind: 'holding' }),
  });
  transmission.begin();
  const before = link.counters();
  let truth: Truth | undefined;
  let impairments: readonly ImpairmentRecord[];
  try {
    while (!transmission.isStopped && traffic.read(transmission, framesPerRead) >= 0) {
      // What comes next may take long to make. The kernel's thread has full batches only.
      if (!kernelThread) link.flush();
    }
    truth = transmission.isStopped ? undefined : traffic.truth();
    impairments = traffic.impairments;
  } finally {
    traffic.close();
    link.endBatches();
  }
  transmission.publish();
  const ledger = balance(transmission.totals(link.bytesRefused), before, link.counters());
  const { pacing, isStopped: cutShort } = transmission;
  const result = { ledger, progress: control.progress(), pacing, truth, impairments, cutShort };
  report({ kind: 'done', result });
}

try {
  await send(workerData as TapSenderData);
} catch (error) {
  const { message } = error as Error;
  const { code, hint } =
    error instanceof FloodgateError
      ? error
      : { code: 'sender-failed', hint: 'this is a fault of floodgate: report it' };
  report({ kind: 'failed', code, message, hint });
}
