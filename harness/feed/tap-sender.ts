/** The TAP lane's sender: a thread of its own paces and writes, so that the harness's observers stay on time. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { FloodgateError } from '../../agent/errors.ts';
import type { OpenTap } from '../link/tap-device.ts';
import type { Sender, SendOrder, SendProgress, SendResult, TrafficDescription } from './sender.ts';
import { SenderControl } from './sender-control.ts';
import type { TapSenderData, TapSenderMessage } from './tap-sender-thread.ts';

/** One for the sender, one for the kernel's thread, and as many again for whoever reads the device. */
const coresForKernelThread = 4;

export interface TapSenderOptions {
  /** A thread of the kernel's writes (`TapDeviceOptions`). @default at top speed, where there are four cores */
  readonly kernelThread?: boolean;
}

/** Opens the traffic in a thread of its own; nothing is sent before `start`. @throws FloodgateError as `Sender.done`. */
export async function openTapSender(
  taps: OpenTap | readonly OpenTap[],
  order: SendOrder,
  options: TapSenderOptions = {},
): Promise<Sender> {
  const { kernelThread = order.pace.kind === 'topspeed' && availableParallelism() >= coresForKernelThread } = options;
  const sender = new TapSender(taps, order, kernelThread);
  await sender.opened;
  return sender;
}

class TapSender implements Sender {
  description!: TrafficDescription;
  readonly opened: Promise<void>;
  readonly done: Promise<SendResult>;
  readonly #control = new SenderControl();
  #waiting: ((progress: SendProgress) => void)[] = [];
  #over = false;

  constructor(taps: OpenTap | readonly OpenTap[], order: SendOrder, kernelThread: boolean) {
    const data: TapSenderData = { taps, order, kernelThread, shared: this.#control.shared };
    const module = new URL(`./tap-sender-thread${path.extname(import.meta.url)}`, import.meta.url);
    const worker = new Worker(module, { workerData: data });
    const opened = Promise.withResolvers<void>();
    const done = Promise.withResolvers<SendResult>();
    const fail = (error: unknown) => {
      this.#end();
      opened.reject(error);
      done.reject(error);
    };
    worker.on('message', (message: TapSenderMessage) => {
      if (message.kind === 'opened') {
        this.description = message.description;
        opened.resolve();
      } else if (message.kind === 'holding') this.#held();
      else if (message.kind === 'done') {
        this.#end();
        done.resolve(message.result);
      } else fail(new FloodgateError(message.code, message.message, { hint: message.hint }));
    });
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('the sending thread ended early')));
    this.opened = opened.promise;
    this.done = done.promise;
    // Who awaits `opened` hears of a failure there; `done` must not bring the process down beside it.
    this.done.catch(() => {});
  }

  start(): void {
    this.#control.start();
  }

  progress(): SendProgress {
    return this.#control.progress();
  }

  pauseAt(frames: number): Promise<SendProgress> {
    if (this.#over) return Promise.resolve(this.progress());
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#control.pauseAt(frames);
    });
  }

  resume(): void {
    this.#control.resume();
  }

  stop(): void {
    this.#control.stop();
  }

  #held(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const progress = this.progress();
    for (const resolve of waiting) resolve(progress);
  }

  #end(): void {
    this.#over = true;
    this.#held();
  }
}
