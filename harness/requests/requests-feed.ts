/** Recorded requests as what drives a target: one pass sends all of them. "Frames" are requests. */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { FloodgateError } from '../../agent/errors.ts';
import type { Feed, Flow } from '../feed/feed.ts';
import type { RequestAccount } from '../feed/request-account.ts';
import type { Answers } from '../preload/options.ts';
import { findListener } from '../target/listening-sockets.ts';
import type { Target } from '../target/target.ts';
import type { ExtractedRequests } from './extraction.ts';
import type { HeaderRules } from './header-rules.ts';
import { threadHeapMb } from './limits.ts';
import type { RequestPace } from './replay.ts';
import type { SenderData, SenderMessage, SenderOrder } from './sender-thread.ts';

export interface RequestsOrder {
  readonly extracted: ExtractedRequests;
  readonly pace: RequestPace;
  readonly rules: HeaderRules;
  readonly loops: number;
}

export class RequestsFeed implements Feed {
  readonly interfaces: readonly string[] = [];
  readonly takesPort = true;
  readonly #order: RequestsOrder;
  #flow: RequestsFlow | undefined;

  constructor(order: RequestsOrder) {
    this.#order = order;
  }

  get requests(): RequestAccount | undefined {
    return this.#flow?.account;
  }

  get answers(): Answers | undefined {
    const { account } = this.#flow ?? {};
    return account && { total: account.answered, not2xx: account.not2xx };
  }

  /** @throws FloodgateError `option-invalid` where the target listens on no port */
  async open(target: Target): Promise<Flow> {
    const port = target.port ?? (target.pid > 0 ? findListener(target.pid, 0)?.port : undefined);
    if (port === undefined) {
      throw new FloodgateError(
        'option-invalid',
        `${target.name} listens on no TCP port: there is nowhere to send requests`,
        {
          hint: 'The target is a service: --target "node server.js", or pid:N of one that runs.',
        },
      );
    }
    this.#flow = new RequestsFlow(this.#order, port);
    await this.#flow.ready;
    return this.#flow;
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#flow?.stop();
    await this.#flow?.done.catch(() => {});
    await this.#flow?.end();
  }
}

class RequestsFlow implements Flow {
  readonly description: Flow['description'];
  readonly ready: Promise<void>;
  readonly done: Promise<undefined>;
  account: RequestAccount | undefined;
  readonly #progress = new Float64Array(new SharedArrayBuffer(24));
  readonly #worker: Worker;
  #startedMs = 0;
  #isStarted = false;
  readonly #settle: (result: undefined) => void;

  constructor({ extracted, pace, rules, loops }: RequestsOrder, port: number) {
    const { recorded, folder } = extracted;
    const { durationUs, requests, bytes, connectionsMax } = recorded;
    const data: SenderData = {
      ...{ folder, port, pace, rules, loops, durationUs },
      recordedConnections: connectionsMax,
      progress: this.#progress.buffer as SharedArrayBuffer,
    };
    this.description = {
      linkType: 0,
      framesExpected: requests * loops,
      bytesExpected: bytes * loops,
      durationUs: pace.kind === 'recorded' ? (durationUs * loops) / pace.speed : undefined,
      phases: [{ name: 'requests', startUs: 0 }],
    };
    const module = new URL(`./sender-thread${path.extname(import.meta.url)}`, import.meta.url);
    this.#worker = new Worker(module, { workerData: data, resourceLimits: { maxOldGenerationSizeMb: threadHeapMb } });
    const readied = Promise.withResolvers<void>();
    const done = Promise.withResolvers<undefined>();
    this.ready = readied.promise;
    this.done = done.promise;
    this.#settle = done.resolve;
    const fail = (error: unknown) => {
      readied.reject(error);
      done.reject(error);
    };
    this.#worker.on('message', (message: SenderMessage) => {
      if (message.kind === 'ready') readied.resolve();
      else {
        this.account = { ...message.account, recorded, loops };
        done.resolve(undefined);
      }
    });
    this.#worker.on('error', fail);
    this.#worker.on('exit', () => fail(new Error('the thread that sends requests ended early')));
    // Who awaits `ready` hears of a failure there; `done` must not bring the process down beside it.
    this.done.catch(() => {});
  }

  start(): void {
    this.#isStarted = true;
    this.#startedMs = performance.now();
    this.#say('start');
  }

  progress() {
    const [frames, bytes, trafficUs] = this.#progress;
    const elapsedUs = this.#isStarted ? (performance.now() - this.#startedMs) * 1000 : 0;
    return { frames: frames!, bytes: bytes!, elapsedUs, behindUs: 0, trafficUs: trafficUs! };
  }

  stop(): void {
    this.#say('stop');
    // Never started: nothing else settles it.
    if (!this.#isStarted) this.#settle(undefined);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #say(kind: SenderOrder['kind']): void {
    this.#worker.postMessage({ kind } satisfies SenderOrder);
  }
}
