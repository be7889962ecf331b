/** A process that runs already: its memory is watched, and it is left running. */
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { FloodgateError } from '../../agent/errors.ts';
import { processLine } from '../watch/descendants.ts';
import { inspectorRefusal, openInspectorChannel } from './inspector-channel.ts';
import type { LaunchOptions, Target, TargetExit, TargetLauncher } from './target.ts';

/** How soon its end is noticed: there is no waiting for a process that is not ours. */
const lookEveryMs = 200;

export class ProcessLauncher implements TargetLauncher {
  readonly name: string;
  readonly isNode = false;
  readonly explains: boolean;
  readonly blind: string;
  readonly instruments = ['/proc (RSS, PSS, peaks, faults)'];
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.name = `process ${pid}`;
    this.blind = inspectorRefusal(pid);
    this.explains = this.blind === '';
  }

  /** Its inspector is opened in a pass that explains, and in no other. @throws FloodgateError `process-missing` */
  async start({ observe }: Pick<LaunchOptions, 'observe'>): Promise<Target> {
    const channel = observe.profile ? await openInspectorChannel(this.#pid, observe.profile) : undefined;
    return new ProcessTarget(this.name, this.#pid, channel);
  }
}

class ProcessTarget implements Target {
  readonly name: string;
  readonly pid: number;
  readonly commandLine: readonly string[];
  readonly ranBefore = true;
  readonly input = undefined;
  readonly channel: Duplex | undefined;
  readonly exited: Promise<TargetExit>;
  readonly #end: (expected: boolean) => void;

  constructor(name: string, pid: number, channel: Duplex | undefined) {
    this.name = name;
    this.pid = pid;
    this.channel = channel;
    this.commandLine = readCommandLine(pid);
    const watch = watchProcess(pid);
    this.exited = watch.exited;
    this.#end = watch.end;
  }

  async stop(): Promise<TargetExit> {
    this.#end(true);
    const { channel } = this;
    // Left as it was: the next pass, and whoever comes after us, find no inspector.
    if (channel && !channel.destroyed) await new Promise((resolve) => channel.destroy().once('close', resolve));
    return this.exited;
  }
}

/** Notices the end of a process that is not ours to wait for. `end` gives up looking. */
export function watchProcess(pid: number): { exited: Promise<TargetExit>; end: (expected: boolean) => void } {
  let settle!: (exit: TargetExit) => void;
  const exited = new Promise<TargetExit>((resolve) => {
    settle = resolve;
  });
  const end = (expected: boolean) => {
    clearInterval(timer);
    settle({ code: null, signal: null, killed: false, expected, lastLines: [] });
  };
  const startedAt = processLine(pid)?.startTicks;
  const timer = setInterval(() => {
    // The number may have been given to another process meanwhile.
    if (processLine(pid)?.startTicks !== startedAt) end(false);
  }, lookEveryMs);
  return { exited, end };
}

/** @throws FloodgateError `process-missing` */
export function readCommandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch (error) {
    throw new FloodgateError('process-missing', `there is no process ${pid}, or it is not ours to look at`, {
      hint: 'Check the number, or run as the process’s own user.',
      cause: error,
    });
  }
}
