/** Runs one command to its end and returns what the operating system says it took. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';

export interface Usage {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakRssBytes: number;
  readonly exitCode: number | null;
  /** Standard output, its first 64 KiB. */
  readonly output: string;
  /** Standard error, likewise. */
  readonly errors: string;
}

const outputBytesMax = 64 << 10;

/**
 * CPU time and peak memory come from GNU time (`wait4` of the finished process): Node.js reaps its children
 * and does not report what they used.
 * @param feed writes to the standard input of GNU time, whose one child is the command, and ends it; without one there is none
 * @throws Error when GNU time is missing or the command cannot be started.
 */
export async function measureProcess(
  command: readonly string[],
  env: NodeJS.ProcessEnv = {},
  feed?: (time: ChildProcess) => Promise<void>,
): Promise<Usage> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-bench-'));
  try {
    const figures = path.join(folder, 'time');
    const child = spawn('/usr/bin/time', ['-o', figures, '-f', '%U %S %e %M', ...command], {
      env: { ...process.env, ...env },
      stdio: [feed ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    const [output, errors] = [child.stdout!, child.stderr!].map(headOf);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', (cause) => reject(new Error('GNU time (/usr/bin/time) is needed for figures', { cause })));
      child.on('close', resolve);
    });
    const [exitCode] = await Promise.all([ended, feed?.(child)]);
    // A non-zero exit puts a sentence of its own before the figures.
    const line = readFileSync(figures, 'utf8').trim().split('\n').at(-1) ?? '';
    const [user = 0, system = 0, wall = 0, peakKib = 0] = line.split(' ').map(Number);
    return {
      cpuSeconds: user + system,
      wallSeconds: wall,
      peakRssBytes: peakKib * 1024,
      exitCode,
      output: output!(),
      errors: errors!(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads a stream to its end and keeps its beginning. */
function headOf(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (piece: string) => {
    if (text.length < outputBytesMax) text += piece;
  });
  return () => text.slice(0, outputBytesMax);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
