/** What drives a target that takes no frames: a command of the user's, or nothing but time. */
import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { formatDuration } from '../../reports/format.ts';
import type { Answers } from '../preload/options.ts';
import { describeExit, startChild } from '../target/child-target.ts';
import { fillIn } from '../target/command-words.ts';
import { lastWords } from '../target/last-words.ts';
import { findListener } from '../target/listening-sockets.ts';
import { withoutOwnNode } from '../target/path-of-node.ts';
import type { Target, TargetExit } from '../target/target.ts';
import type { Feed, Flow } from './feed.ts';
import { idleLoadMsMax, spinningMsMax, whenIdle } from './idle-load.ts';
import { readAnswers, readUnanswered, type Unanswered } from './load-reports.ts';
import type { SendResult } from './sender.ts';

export interface LoadOptions {
  /** For a shell; `{port}` and `{pid}` are the target's. Undefined: nothing is started, time passes. */
  readonly command: string | undefined;
  /** The load is ended after this long; undefined: it ends by itself. */
  readonly durationMs: number | undefined;
  /** Everything the load writes, where there is one. */
  readonly logFile: string;
  /** One without a duration is ended with an error after it has done nothing for so long. @default ten minutes */
  readonly idleMsMax?: number;
  /** The same where the target works all the while, and reads and writes next to nothing. @default an hour */
  readonly spinningMsMax?: number;
}

/** A load that writes more than this is cut off in its log, not in its work. */
const logBytesMax = 4 * 1024 * 1024;
/** Reports of load generators end within some kilobytes. */
const tailCharactersMax = 65_536;
/** How often a program that nothing drives is asked whether it is a server. */
const listenerEveryMs = 500;
/** A load that breaks off because its server died is reported as that. */
const blameMs = 500;

/** One pass's load. "Frames" are its milliseconds; how passes of other speeds are aligned, `explain/pass-windows.ts` says. */
export class LoadFeed implements Feed {
  readonly interfaces: readonly string[] = [];
  readonly #options: LoadOptions;
  #flow: LoadFlow | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  get answers(): Answers | undefined {
    return this.#flow?.answers;
  }

  get unanswered(): Unanswered | undefined {
    return this.#flow?.unanswered;
  }

  get isWatchOnly(): boolean {
    return this.#options.command === undefined;
  }

  get takesPort(): boolean {
    return this.#options.command?.includes('{port}') === true;
  }

  /** @throws FloodgateError `option-invalid` where the load needs a port and the target has none */
  async open(target: Target): Promise<Flow> {
    if (this.takesPort && target.port === undefined) {
      throw new FloodgateError('option-invalid', `the load wants a {port}, but ${target.name} listens on none`, {
        hint: 'Write the port into the load.',
      });
    }
    this.#flow = new LoadFlow(this.#options, target);
    return this.#flow;
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#flow?.stop();
    await this.#flow?.done.catch(() => {});
  }
}

class LoadFlow implements Flow {
  readonly description: Flow['description'];
  readonly done: Promise<SendResult | undefined>;
  readonly #options: LoadOptions;
  readonly #target: Target;
  readonly #stopped = new AbortController();
  #settle!: (result: undefined | Promise<undefined>) => void;
  #startMs: number | undefined;
  #endMs: number | undefined;
  answers: Answers | undefined;
  unanswered: Unanswered | undefined;
  #bytesBefore = 0;
  #bytes = 0;

  constructor(options: LoadOptions, target: Target) {
    this.#options = options;
    this.#target = target;
    const { durationMs } = options;
    this.description = {
      linkType: 0,
      framesExpected: durationMs,
      bytesExpected: undefined,
      durationUs: durationMs === undefined ? undefined : durationMs * 1000,
      phases: [{ name: 'load', startUs: 0 }],
    };
    this.done = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  start(): void {
    this.#startMs = performance.now();
    this.#bytesBefore = transferredBytes(this.#target.pid);
    this.#settle(this.#run());
  }

  progress() {
    const nowMs = this.#endMs ?? performance.now();
    const elapsedMs = this.#startMs === undefined ? 0 : Math.round(nowMs - this.#startMs);
    if (this.#startMs !== undefined) {
      // A counter never falls, not even when its process has ended.
      this.#bytes = Math.max(this.#bytes, transferredBytes(this.#target.pid) - this.#bytesBefore);
    }
    return {
      frames: elapsedMs,
      bytes: this.#bytes,
      elapsedUs: elapsedMs * 1000,
      behindUs: 0,
      trafficUs: elapsedMs * 1000,
    };
  }

  stop(): void {
    this.#stopped.abort();
    // Never started: nothing else settles it.
    if (this.#startMs === undefined) this.#settle(undefined);
  }

  async #run(): Promise<undefined> {
    const { command, durationMs, logFile } = this.#options;
    const stopped = ended(this.#stopped.signal, durationMs);
    try {
      if (command !== undefined) await this.#drive(command, logFile, stopped.promise);
      else if (durationMs !== undefined || process.stdin.isTTY) await stopped.promise;
      else await this.#watch(stopped.promise);
    } finally {
      stopped.cancel();
      this.#endMs = performance.now();
    }
    return undefined;
  }

  /** A program that nothing drives ends by itself; a server never does, and nobody is there to end it. */
  async #watch(stopped: Promise<void>): Promise<void> {
    const { name, pid, rootPid = pid, port: wanted = 0 } = this.#target;
    let timer: NodeJS.Timeout | undefined;
    const listens = new Promise<number>((resolve) => {
      timer = setInterval(() => {
        const listener = findListener(rootPid, wanted);
        if (listener) resolve(listener.port);
      }, listenerEveryMs);
    });
    const port = await Promise.race([stopped, listens]);
    clearInterval(timer);
    if (port === undefined) return;
    throw new FloodgateError(
      'load-missing',
      `nothing drives ${name}, which listens on port ${port} and would never end`,
      {
        hint: 'Say what drives it (load, requests, traffic), or how long it is watched: duration (--duration 30s).',
      },
    );
  }

  async #drive(command: string, logFile: string, stopped: Promise<void>): Promise<void> {
    const log = new BoundedLog(logFile);
    const port = this.#target.port?.toString();
    const load = await startChild({
      name: 'the load',
      command: '/bin/sh',
      arguments: ['-c', fillIn(command, { port, pid: String(this.#target.pid) })],
      env: { ...withLocalPrograms(), NODE_COMPILE_CACHE: undefined },
      onOutput: (chunk) => log.write(chunk),
      stopTimeoutMs: 2_000,
      guarded: true,
    });
    const { durationMs, idleMsMax: idleMs = idleLoadMsMax, spinningMsMax: spinningMs = spinningMsMax } = this.#options;
    const targetPid = this.#target.rootPid ?? this.#target.pid;
    const idle = durationMs === undefined ? whenIdle(load.pid, targetPid, { idleMs, spinningMs }) : undefined;
    const end = await Promise.race([load.exited, stopped.then(() => undefined), ...(idle ? [idle.promise] : [])]);
    idle?.cancel();
    const exit = typeof end === 'string' ? undefined : end;
    if (exit === undefined) await load.stop();
    await log.end();
    if (end === 'idle') throw this.#idle(command, idleMs);
    if (end === 'spinning') throw this.#spinning(command, spinningMs);
    this.answers = readAnswers(log.tail);
    this.unanswered = readUnanswered(log.tail);
    if (exit && exit.code !== 0) await this.#explain(exit);
  }

  /** Nobody knows for what it waits: of a service that answers nothing it is the answer. */
  #idle(command: string, idleMs: number): FloodgateError {
    const { name } = this.#target;
    return new FloodgateError(
      'load-idle',
      `the load did nothing for ${formatDuration(idleMs)}, and ${name} next to nothing: ${command}`,
      {
        hint: `It may wait for an answer of ${name}: does it answer? Of a load that is meant to wait, say how long it takes: duration (--duration 2h).`,
      },
    );
  }

  /** It answers no more: what else it computes for so long, nobody waits for. */
  #spinning(command: string, spinningMs: number): FloodgateError {
    const { name } = this.#target;
    return new FloodgateError(
      'load-idle',
      `the load did nothing for ${formatDuration(spinningMs)}, and ${name} read and wrote next to nothing: ${command}`,
      {
        hint: `${name} may be caught in a loop that never ends: see where its processor time goes (--cpu, with a duration). Of one that computes for so long, say how long the load takes: duration (--duration 2h).`,
      },
    );
  }

  /** A load that failed has measured nothing, unless it was the target that failed. */
  async #explain(exit: TargetExit): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const targetGone = await Promise.race([
      this.#target.exited.then(() => true),
      new Promise<false>((resolve) => {
        timer = setTimeout(resolve, blameMs, false);
      }),
    ]);
    clearTimeout(timer);
    if (targetGone || this.#stopped.signal.aborted) return;
    throw new FloodgateError('load-failed', `the load failed (${describeExit(exit)}): ${this.#options.command}`, {
      hint: await lastWords(exit.lastLines),
    });
  }
}

/** Programs of the project's own packages are found as npm finds them. */
function withLocalPrograms(): { PATH: string } {
  return { PATH: withoutOwnNode([path.resolve('node_modules', '.bin'), process.env.PATH ?? ''].join(path.delimiter)) };
}

/** Resolves at the signal, or after the time. */
function ended(signal: AbortSignal, durationMs: number | undefined): { promise: Promise<void>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (durationMs !== undefined) timer = setTimeout(resolve, durationMs);
  });
  return { promise, cancel: () => clearTimeout(timer) };
}

/** What a process has read and written, sockets and files alike (proc_pid_io(5)); 0 where that is not to be had. */
function transferredBytes(pid: number): number {
  if (pid === 0) return 0;
  try {
    const text = readFileSync(`/proc/${pid}/io`, 'latin1');
    return Number(/^rchar: (\d+)/m.exec(text)?.[1] ?? 0) + Number(/^wchar: (\d+)/m.exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

class BoundedLog {
  readonly #stream: WriteStream;
  #left = logBytesMax;
  /** The last of it, for what loads sum up at their end. */
  tail = '';

  constructor(file: string) {
    this.#stream = createWriteStream(file, { mode: 0o600 });
    // A full disk is reported when the report is written.
    this.#stream.on('error', () => {});
  }

  write(chunk: Buffer): void {
    this.tail = (this.tail + chunk.toString('latin1')).slice(-tailCharactersMax);
    if (this.#left <= 0) return;
    this.#left -= chunk.length;
    this.#stream.write(chunk);
  }

  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#stream.end(() => resolve());
      this.#stream.once('error', () => resolve());
    });
  }
}
