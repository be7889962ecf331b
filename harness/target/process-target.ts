/** A process that runs already: its memory is watched, and it is left running. */
import { readFileSync } from 'node:fs';
import { FloodgateError } from '../../agent/errors.ts';
import type { Target, TargetExit, TargetLauncher } from './target.ts';

/** How soon its end is noticed: there is no waiting for a process that is not ours. */
const lookEveryMs = 200;

export class ProcessLauncher implements TargetLauncher {
  readonly name: string;
  readonly isNode = false;
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.name = `process ${pid}`;
  }

  /** @throws FloodgateError `NO_PROCESS` */
  async start(): Promise<Target> {
    return new ProcessTarget(this.name, this.#pid);
  }
}

class ProcessTarget implements Target {
  readonly name: string;
  readonly pid: number;
  readonly commandLine: readonly string[];
  readonly input = undefined;
  readonly channel = undefined;
  readonly exited: Promise<TargetExit>;
  readonly #timer: NodeJS.Timeout;
  #settle!: (exit: TargetExit) => void;

  constructor(name: string, pid: number) {
    this.name = name;
    this.pid = pid;
    this.commandLine = readCommandLine(pid);
    const startedAt = startTicks(pid);
    this.exited = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#timer = setInterval(() => {
      // The number may have been given to another process meanwhile.
      if (startTicks(pid) !== startedAt) this.#end(false);
    }, lookEveryMs);
  }

  stop(): Promise<TargetExit> {
    this.#end(true);
    return this.exited;
  }

  #end(expected: boolean): void {
    clearInterval(this.#timer);
    this.#settle({ code: null, signal: null, killed: false, expected, lastLines: [] });
  }
}

function readCommandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch (error) {
    throw new FloodgateError('NO_PROCESS', `there is no process ${pid}, or it is not ours to look at`, {
      hint: 'Check the number, or run as the process’s own user.',
      cause: error,
    });
  }
}

/** When the process was started, in ticks since boot (field 22 of proc_pid_stat(5)); empty when it is gone. */
function startTicks(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
