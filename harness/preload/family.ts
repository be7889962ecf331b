/**
 * Takes the preload along into what a target starts: Node.js children, by their environment, and worker threads, those with arguments
 * and an environment of their own too. It loads nothing that the target does not load itself, and says of each thread and child that it
 * was started: one that says nothing of itself afterwards was not reached, and is listed so.
 */
import { subscribe } from 'node:diagnostics_channel';
import module, { syncBuiltinESMExports } from 'node:module';
import type { Worker } from 'node:worker_threads';
import { type FamilyOrder, familyVariable, type PreloadLine } from './options.ts';

const own = import.meta.url.replace(/family(\.\w+)$/, 'preload$1');
const argument = `--import=${own}`;

/** @param order for threads and children; `send` reports them */
export function takeAlong(order: FamilyOrder, send: (line: PreloadLine) => void): void {
  process.env[familyVariable] = JSON.stringify(order);
  // Threads without arguments of their own have ours; those with some, and children, read this.
  process.env.NODE_OPTIONS = withArgument(process.env.NODE_OPTIONS);
  subscribe('worker_threads', (message) => {
    const { worker } = message as { worker: Worker };
    // Of Node.js itself, for hooks of modules: no preload runs in it.
    if (worker.constructor.name === 'InternalWorker') return;
    const id = worker.threadId;
    send({ type: 'threadStart', tMs: Date.now(), id });
    // One that is terminated says no last word itself.
    worker.once('exit', () => send({ type: 'threadEnd', tMs: Date.now(), id }));
  });
  let isPatched = false;
  subscribe('child_process', (message) => {
    // Published before the child is there.
    if (!isPatched) patchSpawn(Object.getPrototypeOf((message as { process: object }).process), send);
    isPatched = true;
  });
  patchWorkersOnLoad();
}

function withArgument(options: string | undefined): string {
  if (options?.includes(argument)) return options;
  return options ? `${options} ${argument}` : argument;
}

interface SpawnOptions {
  readonly file: string;
  readonly args?: readonly string[];
  readonly envPairs?: string[];
}

const argumentsMax = 8;
/** A longer one is left out: a part of it may be half a secret. */
const argumentCharactersMax = 500;

function patchSpawn(prototype: { spawn?: unknown }, send: (line: PreloadLine) => void): void {
  const original = prototype.spawn as (this: { pid?: number }, options: SpawnOptions) => unknown;
  prototype.spawn = function (this: { pid?: number }, options: SpawnOptions): unknown {
    if (Array.isArray(options?.envPairs)) completeEnvironment(options.envPairs);
    const result = original.call(this, options);
    const words = (options.args ?? []).slice(0, argumentsMax).map((each) => {
      const word = String(each);
      return word.length > argumentCharactersMax ? '…' : word;
    });
    if (this.pid !== undefined) send({ type: 'spawn', tMs: Date.now(), pid: this.pid, words });
    return result;
  };
}

/** A child with an environment of its own has none of ours. */
function completeEnvironment(pairs: string[]): void {
  const at = pairs.findIndex((pair) => pair.startsWith('NODE_OPTIONS='));
  const options = `NODE_OPTIONS=${withArgument(at < 0 ? undefined : pairs[at]!.slice('NODE_OPTIONS='.length))}`;
  if (at < 0) pairs.push(options);
  else pairs[at] = options;
  if (!pairs.some((pair) => pair.startsWith(`${familyVariable}=`)))
    pairs.push(`${familyVariable}=${process.env[familyVariable]}`);
}

type WorkerOptions = {
  readonly env?: object | symbol;
  readonly execArgv?: readonly string[];
  readonly eval?: boolean;
};
type Hooks = { resolve(specifier: string, context: object, next: (...args: unknown[]) => unknown): unknown };

/** Once a module asks for worker threads; before Node.js 22.15 threads with an environment of their own, or of a text, are not reached. */
function patchWorkersOnLoad(): void {
  const { registerHooks } = module as unknown as { registerHooks?: (hooks: Hooks) => { deregister(): void } };
  const hooks = registerHooks?.({
    resolve(specifier, context, next) {
      if (specifier === 'worker_threads' || specifier === 'node:worker_threads') {
        hooks?.deregister();
        patchWorkers();
      }
      return next(specifier, context);
    },
  });
}

function patchWorkers(): void {
  const threads = process.getBuiltinModule('node:worker_threads') as {
    Worker: typeof import('node:worker_threads').Worker;
  };
  const original = threads.Worker;
  threads.Worker = new Proxy(original, {
    construct(target, [file, options, ...rest]: [unknown, WorkerOptions | undefined], newTarget) {
      const given = completeWorker(file, options ?? {});
      return Reflect.construct(
        target,
        [given.file, given.options, ...rest],
        newTarget === threads.Worker ? target : newTarget,
      );
    },
  });
  syncBuiltinESMExports();
}

function completeWorker(file: unknown, options: WorkerOptions): { file: unknown; options: WorkerOptions } {
  const { env, execArgv } = options;
  const completed = {
    ...options,
    ...(env !== null && typeof env === 'object' && { env: { [familyVariable]: process.env[familyVariable], ...env } }),
    ...(execArgv && !execArgv.includes(own) && !execArgv.includes(argument) && { execArgv: [...execArgv, argument] }),
  };
  if (!options.eval) return { file, options: completed };
  // `--import` does not reach a thread whose code is a text. A directive must stay the first of it.
  const code = String(file);
  const directive = /^\s*(?:'use strict'|"use strict");?/.exec(code)?.[0] ?? '';
  return { file: `${directive ? "'use strict';" : ''}import(${JSON.stringify(own)});${code}`, options: completed };
}
