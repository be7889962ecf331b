/** floodgate as a process of its own: what a comparison, a gate and a program of one's own run is what a user can type. */
import { spawn } from 'node:child_process';
import { storeVariable } from '../history/store-address.ts';

/** The end of what it printed: enough for its last error, with what a target wrote last. */
const errorCharactersKept = 8_000;

export interface FloodgateProcess {
  /** Of Node.js: its options, the program, the words of the command line. */
  readonly words: readonly string[];
  /** Where files are named. @default the working folder */
  readonly folder: string | undefined;
  /** Ends it. */
  readonly signal: AbortSignal | undefined;
  /** @default this program's own */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Whether it stores what it measures: trials of something else are no part of a project's history. @default false */
  readonly stores?: boolean;
}

/** This program as Node.js was started with it: what a command runs again is what was typed. */
export const ownProgram = (): string[] => [...process.execArgv, process.argv[1]!];

/** @returns its exit code (null: ended by a signal), and the end of its standard error */
export function runFloodgate({ words, folder, signal, env = process.env, stores = false }: FloodgateProcess) {
  return new Promise<{ code: number | null; errors: string }>((resolve, reject) => {
    const child = spawn(process.execPath, words, {
      ...(folder !== undefined && { cwd: folder }),
      env: stores ? env : { ...env, [storeVariable]: 'none' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const stop = () => child.kill('SIGTERM');
    signal?.addEventListener('abort', stop);
    if (signal?.aborted) stop();
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      errors = (errors + piece).slice(-errorCharactersKept);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      resolve({ code, errors });
    });
  });
}

/** The sentence of its error, among what it printed; undefined where it printed none. */
export function errorSentence(errors: string): string | undefined {
  return /^floodgate: (.+)$/m.exec(errors)?.[1];
}
