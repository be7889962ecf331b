/**
 * Any program as a target: a Node.js one with the preload in it, a Go one with its pprof address, anything else as it
 * is (memory only).
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { preloadFolderName } from '../preload/options.ts';
import { readyTimeoutMs, startChild } from './child-target.ts';
import { fillIn, splitWords, withoutAssignments } from './command-words.ts';
import { findListener, type Listener } from './listening-sockets.ts';
import { findHeapProfiler, type HeapProfiler, MallocChannel } from './malloc-channel.ts';
import { portablePreload } from './portable-preload.ts';
import { openPprofChannel, pprofInstruments } from './pprof-channel.ts';
import type { LaunchOptions, Target, TargetLauncher } from './target.ts';
import { usableArguments } from './usable-arguments.ts';

export interface ProgramOptions {
  /** A line of its output that says it is ready. */
  readonly ready?: RegExp | undefined;
  /** Whether it must listen before it is ready (unless there is a ready line), as a server does. */
  readonly listens: boolean;
  /** Ending by itself with exit code 0 is what it is for. */
  readonly mayEnd?: boolean;
  /** Absolute; it is started there, and its command is found from there. @default the working folder */
  readonly folder?: string | undefined;
  /** Its `net/http/pprof` address, `{port}` replaced. */
  readonly pprof?: string | undefined;
  readonly readyTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
}

/** A server that listens elsewhere first (metrics, a child that helps) gets so long to listen on its PORT too. */
const portGraceMs = 2_000;
/** Left of the time in which it has to be ready when what it listens on by then is taken. */
const readyMarginMs = 500;

const nodeInstruments = ['/proc (RSS, PSS, peaks, faults)', 'V8 counters and collections'];
/** The first with `--import` and all that the preload needs. */
const nodeMajorMin = 20;

export class ProgramLauncher implements TargetLauncher {
  readonly name: string;
  readonly isNode: boolean;
  readonly explains: boolean;
  readonly blind: string;
  readonly instruments: readonly string[];
  readonly #program: Program;
  readonly #options: ProgramOptions;
  readonly #assigned: Readonly<Record<string, string>>;
  /** Under which a native program is started in the passes that explain. */
  readonly #profiler: HeapProfiler | undefined;

  /**
   * @param commandLine words separated by spaces, quotes as in a shell, nothing expanded, variables first: `NODE_ENV=production node server.js`
   * @throws FloodgateError `option-invalid`; `target-not-started` for a Node.js that is too old
   */
  constructor(commandLine: string, options: ProgramOptions) {
    const { assigned, words } = withoutAssignments(splitWords(commandLine));
    if (words.length === 0) {
      throw new FloodgateError('option-invalid', 'the target is empty', {
        hint: 'Example: --target "node server.js".',
      });
    }
    this.name = commandLine;
    this.#options = options;
    this.#assigned = assigned;
    this.#program = findProgram(words, options.folder ?? process.cwd());
    this.isNode = this.#program.isNode;
    const isNative = !this.isNode && options.pprof === undefined;
    this.blind = isNative ? whyBlind(this.#program.command) : '';
    this.explains = this.blind === '';
    this.#profiler = isNative && this.explains ? findHeapProfiler() : undefined;
    this.instruments = this.isNode
      ? nodeInstruments
      : [nodeInstruments[0]!, ...(options.pprof === undefined ? [] : pprofInstruments)];
  }

  async start(options: LaunchOptions): Promise<Target> {
    const port = await freePort();
    const folder = path.dirname(options.statsFile);
    const { command, before, after, isNode } = this.#program;
    const values = { port: String(port), ...interfaceValues(options.interfaces, after) };
    const ported = portablePreload(folder);
    const malloc = this.#mallocOf(options);
    const givenPort = this.#givenPort(port);
    const isListening = this.#portWait(givenPort);
    let listener: Listener | undefined;
    const target = await startChild({
      name: this.name,
      command,
      arguments: [
        ...before,
        ...(isNode ? usableArguments(command, options.nodeArguments.map(ported)) : []),
        ...after.map((word) => fillIn(word, values)),
      ],
      // PORT is what servers on trial commonly heed; ours says where the port is free. The cache of compiled modules is ours.
      env: {
        ...mapped(options.env, ported),
        ...malloc?.environment,
        PORT: process.env.PORT ?? values.port,
        NODE_COMPILE_CACHE: undefined,
        ...mapped(this.#assigned, (text) => fillIn(text, values)),
      },
      ...(this.#options.folder !== undefined && { cwd: this.#options.folder }),
      wrapper: options.wrapper,
      withChannel: isNode,
      guarded: true,
      mayEnd: this.#options.mayEnd ?? false,
      ...(this.#options.ready && { ready: this.#options.ready }),
      ...(this.#options.listens && {
        probe: {
          isReady: (pid) => isListening((listener = findListener(pid, givenPort))),
          what: 'listens on no TCP port',
          hint: 'If it is no server, say when it is ready: --ready REGEX.',
        },
      }),
      ...(this.#options.readyTimeoutMs !== undefined && { readyTimeoutMs: this.#options.readyTimeoutMs }),
      ...(this.#options.stopTimeoutMs !== undefined && { stopTimeoutMs: this.#options.stopTimeoutMs }),
    });
    target.exited.then(() => rmSync(path.join(folder, preloadFolderName), { recursive: true, force: true }));
    listener ??= findListener(target.pid, givenPort);
    if (malloc) {
      malloc.pid = listener?.pid ?? target.pid;
      target.exited.then(() => malloc.destroy());
    }
    return this.#withSight(target, listener, options, { malloc, givenPort });
  }

  /** The free port where the command has it; else what PORT says, which the command or the operator may have set. */
  #givenPort(free: number): number {
    if (this.#program.after.some((word) => word.includes('{port}'))) return free;
    const set = fillIn(this.#assigned.PORT ?? process.env.PORT ?? '{port}', { port: String(free) });
    return /^\d+$/.test(set) ? Number(set) : free;
  }

  /** Whether the command line names this port itself: then it is meant. */
  #namesPort(port: number): boolean {
    return new RegExp(`\\b${port}\\b`).test(this.name);
  }

  /** Asked again and again: ready where it listens on its port, or for a while on another one alone. */
  #portWait(givenPort: number): (listener: Listener | undefined) => boolean {
    const lastMs = performance.now() + (this.#options.readyTimeoutMs ?? readyTimeoutMs) - readyMarginMs;
    let untilMs: number | undefined;
    return (listener) => {
      if (!listener) return false;
      if (listener.port === givenPort || this.#namesPort(listener.port)) return true;
      untilMs ??= Math.min(performance.now() + portGraceMs, lastMs);
      return performance.now() >= untilMs;
    };
  }

  /** In a pass that explains, the heap profiler that the program is started under. */
  #mallocOf({ observe }: LaunchOptions): MallocChannel | undefined {
    const profiler = this.#profiler;
    return profiler && observe.profile
      ? new MallocChannel(profiler, observe.profile, this.#options.folder ?? process.cwd())
      : undefined;
  }

  /** The target as it is watched: the process that listens, which a launcher (npm, a shell) may have started. */
  async #withSight(
    target: Target,
    listener: Listener | undefined,
    options: LaunchOptions,
    { malloc, givenPort }: { readonly malloc: MallocChannel | undefined; readonly givenPort: number },
  ): Promise<Target> {
    const isElsewhere = listener && listener.port !== givenPort && !this.#namesPort(listener.port);
    const watched: Target = {
      name: target.name,
      pid: listener?.pid ?? target.pid,
      rootPid: target.pid,
      port: listener?.port,
      ...(isElsewhere && { givenPort }),
      commandLine: target.commandLine,
      input: target.input,
      channel: malloc ?? target.channel,
      exited: target.exited,
      stop: () => target.stop(),
    };
    const { pprof } = this.#options;
    if (pprof === undefined) return watched;
    try {
      const channel = await openPprofChannel(fillIn(pprof, { port: listener?.port.toString() }), options);
      target.exited.then(() => channel.destroy());
      return { ...watched, channel };
    } catch (error) {
      await target.stop();
      throw error;
    }
  }
}

/** `{interface}` where there is one, `{interface0}` and on in any case. @throws FloodgateError where most frames would reach nobody */
function interfaceValues(names: readonly string[], words: readonly string[]): Record<string, string | undefined> {
  const numbered = names.map((name, at) => [`interface${at}`, name] as const);
  if (names.length <= 1) return { ...Object.fromEntries(numbered), interface: names[0] };
  const missing = names.findIndex((_name, at) => !words.some((word) => word.includes(`{interface${at}}`)));
  if (missing < 0 || !words.some((word) => /\{interface\d*\}/.test(word))) return Object.fromEntries(numbered);
  throw new FloodgateError('option-invalid', `the target does not name interface ${missing} of ${names.length}`, {
    hint: 'Name each of them: {interface0}, {interface1} and on; or one that means all, as "any" does to tcpdump.',
  });
}

function mapped(env: Readonly<Record<string, string>>, of: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, of(value)]));
}

/** Interpreters and shells: their own C functions say nothing of the program that they run. */
const interpreters = /^(python|pypy|ruby|perl|php|java|lua|Rscript|sh|bash|dash|zsh|busybox)[\d.]*$/;

/** Why a program that is no Node.js has no call sites; empty where it has. */
function whyBlind(command: string): string {
  const name = path.basename(command);
  if (interpreters.test(name)) return `what ${name} runs is not looked into: memory only`;
  return findHeapProfiler() ? '' : 'it takes jemalloc or gperftools: apt install libjemalloc2';
}

interface Program {
  readonly command: string;
  /** Between the command and Node.js's own arguments: nothing, or a launcher. */
  readonly before: readonly string[];
  readonly after: readonly string[];
  readonly isNode: boolean;
}

/** A script that says `#!… node` is started by its Node.js, so that the preload comes along. */
function findProgram(words: readonly string[], from: string): Program {
  const [command = '', ...rest] = words;
  if (/^node(js)?$/.test(path.basename(command))) {
    const node = command.includes('/') ? path.resolve(from, command) : command;
    checkVersion(node);
    return { command: node, before: [], after: rest, isNode: true };
  }
  const file = findOnPath(command, from);
  if (file !== undefined && isNodeScript(file)) {
    checkVersion('node');
    return { command: 'node', before: [], after: [file, ...rest], isNode: true };
  }
  return { command: file ?? command, before: [], after: rest, isNode: false };
}

/** Where a shell would find it, the project's own packages first. */
function findOnPath(command: string, from: string): string | undefined {
  const folders = command.includes('/')
    ? [from]
    : [path.join(from, 'node_modules', '.bin'), ...(process.env.PATH ?? '').split(path.delimiter)];
  for (const folder of folders) {
    const file = path.resolve(folder, command);
    try {
      if (statSync(file).isFile()) return realpathSync(file);
    } catch {
      // Not here.
    }
  }
  return undefined;
}

function isNodeScript(file: string): boolean {
  const head = Buffer.alloc(128);
  try {
    const fd = openSync(file, 'r');
    const length = readSync(fd, head);
    closeSync(fd);
    return /^#!.*\bnode\b/.test(head.toString('latin1', 0, length));
  } catch {
    return false;
  }
}

function checkVersion(node: string): void {
  const { stdout, error } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  if (error) {
    throw new FloodgateError('target-not-started', `${node} cannot be started: ${error.message}`, {
      hint: 'Install Node.js, or give its path: --target "/path/to/node server.js".',
      cause: error,
    });
  }
  const major = Number(/^v(\d+)/.exec(stdout)?.[1]);
  if (major >= nodeMajorMin) return;
  throw new FloodgateError('target-not-started', `${node} is ${stdout.trim()}: too old to be looked into`, {
    hint: `Use Node.js ${nodeMajorMin} or later, or give its path: --target "/path/to/node server.js".`,
  });
}

/** Free at this moment: another program may take it before the target does, which then says so. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
