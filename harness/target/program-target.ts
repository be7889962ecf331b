/** Any program as a target: a Node.js one with the preload in it, anything else as it is (memory only). */
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import { startChild } from './child-target.ts';
import type { LaunchOptions, Target, TargetLauncher } from './target.ts';

export interface ProgramOptions {
  /** A line of its output that says it is ready; without one it is ready as soon as it runs. */
  readonly ready?: RegExp;
  readonly readyTimeoutMs?: number;
  readonly stopTimeoutMs?: number;
}

export class ProgramLauncher implements TargetLauncher {
  readonly name: string;
  readonly isNode: boolean;
  readonly #command: string;
  readonly #arguments: readonly string[];
  readonly #options: ProgramOptions;

  /**
   * @param commandLine words separated by spaces, quotes as in a shell, nothing expanded: `node server.js --port 8080`
   * @throws FloodgateError `BAD_OPTION`
   */
  constructor(commandLine: string, options: ProgramOptions = {}) {
    const [command, ...rest] = splitWords(commandLine);
    if (command === undefined) {
      throw new FloodgateError('BAD_OPTION', 'the target is empty', { hint: 'Example: --target "node server.js".' });
    }
    this.name = commandLine;
    this.#command = command;
    this.#arguments = rest;
    this.#options = options;
    this.isNode = /^node(js)?(\.exe)?$/.test(path.basename(command));
  }

  start(options: LaunchOptions): Promise<Target> {
    return startChild({
      name: this.name,
      // The user's own `node` may be one without the profiler that the preload needs: the pinned one takes its place.
      command: this.isNode ? process.execPath : this.#command,
      arguments: this.isNode ? [...options.nodeArguments, ...this.#arguments] : this.#arguments,
      env: options.env,
      withChannel: this.isNode,
      ...this.#options,
    });
  }
}

/** Words of a command line; single and double quotes hold words together, a backslash takes the next character as it is. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/(?:[^\s"'\\]+|"(?:[^"\\]|\\.)*"|'[^']*'|\\.)+/gs)) {
    words.push(
      match[0].replaceAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs, (_all, double, single, escaped) =>
        double === undefined ? (single ?? escaped) : double.replaceAll(/\\(.)/gs, '$1'),
      ),
    );
  }
  return words;
}
