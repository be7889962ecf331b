/** A target we start ourselves: ready line, last words, graceful stop with escalation, and no child that outlives us. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex, Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { FloodgateError } from '../../agent/errors.ts';
import { lastWords } from './last-words.ts';
import type { Target, TargetExit, Wrapper } from './target.ts';

export interface ChildTargetOptions {
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** Added to our own environment; undefined takes a name away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** A line of its output that says it is ready; without one it is ready as soon as it runs. */
  readonly ready?: RegExp;
  /** Asked again and again once it runs, until it says yes; `what` it waits for, for the error. */
  readonly probe?: { readonly isReady: (pid: number) => boolean; readonly what: string; readonly hint: string };
  /** @default `readyTimeoutMs` */
  readonly readyTimeoutMs?: number;
  /** Where all of its output goes as well. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** Ending by itself with exit code 0 is no mishap. @default false */
  readonly mayEnd?: boolean;
  /** Ends its whole group even where this process is killed (SIGKILL): costs a waiting shell. @default false */
  readonly guarded?: boolean;
  /** Starts the command in its turn, and has its own way to be ended. */
  readonly wrapper?: Wrapper | undefined;
  /** Between SIGTERM and SIGKILL. @default 10000 */
  readonly stopTimeoutMs?: number;
  /** Gives it a pipe as standard input. @default false */
  readonly withInput?: boolean;
  /** Gives it a socket pair as descriptor 3, for the preload. @default false */
  readonly withChannel?: boolean;
}

/** In which a target is ready, where nothing says how long it may take. */
export const readyTimeoutMs = 15_000;
/** In which the last words of a program that has ended are read. */
const outputGraceMs = 2_000;
/** Between two questions whether it is ready. */
const probeMs = 25;
const linesKept = 20;
const lineCharactersMax = 2_000;

// A harness that ends for whatever reason takes its children along; only SIGKILL on the harness itself gets past this.
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/**
 * Starts a program and resolves when it is ready.
 * @throws FloodgateError `target-not-started` (cannot be executed, or not ready in time), `target-died` (before ready);
 * nothing is left running then.
 */
export async function startChild(options: ChildTargetOptions): Promise<Target> {
  const { wrapper } = options;
  const command = wrapper ? wrapper.command : options.command;
  const child = spawn(
    command,
    wrapper ? [...wrapper.arguments, options.command, ...options.arguments] : options.arguments,
    {
      cwd: options.cwd,
      env: { ...process.env, ...wrapper?.env, ...options.env },
      stdio: [options.withInput ? 'pipe' : 'ignore', 'pipe', 'pipe', options.withChannel ? 'pipe' : 'ignore'],
      // A group of its own: Ctrl-C in the terminal reaches the harness alone, which then stops the target in good order.
      detached: true,
    },
  );
  const target = new ChildTarget(child, options);
  if (options.guarded && child.pid !== undefined) guard(child, child.pid);
  try {
    await target.ready();
  } catch (error) {
    await target.kill();
    throw error;
  }
  return target;
}

/**
 * A shell that waits for a line of ours and, should the pipe end without one, ends the child's group. It has the pipe's
 * only other end, so this process cannot end, in whatever way, without its noticing.
 */
function guard(child: ChildProcess, pid: number): void {
  const shell = spawn('/bin/sh', ['-c', 'read -r line || kill -s KILL -- "-$1"', 'floodgate-guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => {});
  shell.stdin?.on('error', () => {});
  shell.unref();
  // Before the number can be another's: a group's number is free only once its leader was waited for, which is now.
  child.once('exit', () => shell.stdin?.end('done\n'));
}

class ChildTarget implements Target {
  readonly name: string;
  readonly commandLine: readonly string[];
  readonly input: Writable | undefined;
  readonly channel: Duplex | undefined;
  readonly exited: Promise<TargetExit>;
  readonly #child: ChildProcess;
  readonly #options: ChildTargetOptions;
  readonly #lines: string[] = [];
  #stopping = false;
  #killed = false;
  #spawnError: Error | undefined;
  #onLine: ((line: string) => void) | undefined;

  constructor(child: ChildProcess, options: ChildTargetOptions) {
    this.#child = child;
    this.#options = options;
    this.name = options.name;
    this.commandLine = [options.command, ...options.arguments];
    this.input = child.stdin ?? undefined;
    this.channel = (child.stdio[3] as Duplex | null | undefined) ?? undefined;
    alive.add(child);
    // A target that ends while we write to it resolves `exited`; the broken pipe adds nothing.
    this.input?.on('error', () => {});
    this.channel?.on('error', () => {});
    this.exited = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#spawnError = error;
        if (child.pid === undefined) resolve(this.#exit(null, null));
      });
      child.on('close', (code, signal) => resolve(this.#exit(code, signal)));
      child.once('exit', () => this.#closeSoon());
    });
    // What it started and left behind goes with it.
    child.on('exit', () => this.#signal('SIGKILL'));
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      this.#readLines(stream);
      if (options.onOutput) stream.on('data', options.onOutput);
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves at the ready line. */
  async ready(): Promise<void> {
    const { ready: pattern, probe } = this.#options;
    const timeoutMs = this.#options.readyTimeoutMs ?? readyTimeoutMs;
    let timer: NodeJS.Timeout | undefined;
    let prober: NodeJS.Timeout | undefined;
    const seen = new Promise<'ready'>((resolve) => {
      if (pattern) this.#onLine = (line) => pattern.test(line) && resolve('ready');
      else if (!probe) this.#child.once('spawn', () => resolve('ready'));
      else prober = setInterval(() => probe.isReady(this.pid) && resolve('ready'), probeMs);
    });
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, 'late');
    });
    const outcome = await Promise.race([seen, late, this.exited]);
    clearTimeout(timer);
    clearInterval(prober);
    this.#onLine = undefined;
    if (outcome === 'ready') return;
    if (outcome === 'late') {
      throw new FloodgateError('target-not-started', `${this.name} was not ready after ${timeoutMs / 1000} s`, {
        hint: await lastWords(
          this.#lines,
          pattern ? `It runs, but never said ${pattern}.` : `It runs, but ${probe?.what}. ${probe?.hint}`,
        ),
      });
    }
    if (this.#spawnError) {
      throw new FloodgateError('target-not-started', `${this.name} cannot be started: ${this.#spawnError.message}`, {
        hint: `Check that "${this.#options.command}" exists and can be executed.`,
        cause: this.#spawnError,
      });
    }
    throw await diedAtStart(this.name, outcome);
  }

  async stop(): Promise<TargetExit> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.exited;
    this.#stopping = true;
    // One that waits for its input and for nothing else hears no signal.
    this.#child.stdin?.destroy();
    const { wrapper } = this.#options;
    this.#signal(wrapper?.stopSignal ?? 'SIGTERM');
    const timer = setTimeout(
      () => {
        this.#killed = true;
        this.#signal('SIGKILL');
      },
      wrapper?.stopTimeoutMs ?? this.#options.stopTimeoutMs ?? 10_000,
    );
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it without asking. */
  async kill(): Promise<TargetExit> {
    this.#stopping = true;
    this.#signal('SIGKILL');
    return this.exited;
  }

  // The whole group: a target that is a launcher (a shell, npm) has children of its own.
  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      this.#child.kill(signal);
    }
  }

  #exit(code: number | null, signal: NodeJS.Signals | null): TargetExit {
    alive.delete(this.#child);
    // One that reads until the end of its input is done when that has come.
    const isDone = code === 0 && (this.#child.stdin?.writableEnded === true || this.#options.mayEnd === true);
    return { code, signal, killed: this.#killed, expected: this.#stopping || isDone, lastLines: [...this.#lines] };
  }

  /** What it started in a session of its own (`setsid`, a daemon) may hold its output open for ever. */
  #closeSoon(): void {
    const timer = setTimeout(() => {
      for (const stream of this.#child.stdio) stream?.destroy();
    }, outputGraceMs);
    this.#child.once('close', () => clearTimeout(timer));
  }

  #readLines(stream: Readable): void {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const parts = (rest + decoder.write(chunk)).split('\n');
      rest = (parts.pop() ?? '').slice(-lineCharactersMax);
      for (const line of parts) this.#line(line);
    });
    stream.on('end', () => rest !== '' && this.#line(rest));
  }

  #line(line: string): void {
    this.#lines.push(line.slice(0, lineCharactersMax));
    if (this.#lines.length > linesKept) this.#lines.shift();
    this.#onLine?.(line);
  }
}

/** A target that could not be started has not been tried: no verdict, but what it said. */
export async function diedAtStart(name: string, exit: TargetExit, cause?: unknown): Promise<FloodgateError> {
  return new FloodgateError('target-died', `${name} ended before it was ready (${describeExit(exit)})`, {
    hint: await lastWords(exit.lastLines, 'It ended by itself.'),
    cause,
  });
}

/** Neither a good end nor a signal in the words of a shell. */
export function isFaultCode(code: number | null): boolean {
  return code !== null && code !== 0 && !(code > signalCodes && code <= signalCodes + signalsMax);
}

const signalCodes = 128;
const signalsMax = 64;

/** "exit code 3", "signal SIGSEGV", "killed after ignoring SIGTERM". */
export function describeExit(exit: TargetExit): string {
  if (exit.killed) return 'killed after ignoring SIGTERM';
  return exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
}
