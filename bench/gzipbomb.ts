/** One run of the agent over a capture with compression bombs, to a witnesses file, and what it took. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measureProcess } from './measured-process.ts';

/** What is promised for 10 GiB behind 10 MB. */
export const MEMORY_MAX_MB = 120;

const root = path.resolve(import.meta.dirname, '..');

export interface BombFigures {
  readonly exitCode: number | null;
  readonly peakMb: number;
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** In the file. */
  readonly witnesses: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** @throws Error without GNU time. */
export async function gzipbombFigures(capture: string, options: readonly string[]): Promise<BombFigures> {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-bomb-'));
  try {
    const [stats, witnesses] = [path.join(folder, 'stats.json'), path.join(folder, 'witnesses')];
    const nodeArguments: string[] = JSON.parse(readFileSync(path.join(root, 'agent/node-arguments.json'), 'utf8'));
    const agent = [process.execPath, ...nodeArguments, path.join(root, 'agent/main.ts')];
    const { exitCode, peakRssBytes, cpuSeconds, wallSeconds } = await measureProcess(
      [...agent, '--read', capture, '--witnesses', witnesses, '--stats', stats, ...options],
      { NODE_COMPILE_CACHE: path.join(root, 'node_modules/.cache/floodgate') },
    );
    const counters = JSON.parse(readFileSync(stats, 'utf8')) as Record<string, number>;
    return {
      exitCode,
      peakMb: peakRssBytes / 1e6,
      cpuSeconds,
      wallSeconds,
      witnesses: countDelimited(readFileSync(witnesses)),
      counters,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Messages with their length before them as a varint. @throws Error where the file ends within one */
function countDelimited(bytes: Uint8Array): number {
  let count = 0;
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at]!;
      at += 1;
      length += (byte & 127) * factor;
      if (byte < 128) break;
    }
    at += length;
    count += 1;
  }
  if (at !== bytes.length) throw new Error('the witnesses file ends within a witness');
  return count;
}
