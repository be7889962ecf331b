/** One run of the checkout's own floodgate in a folder, as the benches of comparisons take it. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { RunReport } from '../../reports/model.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** `server.mjs` and `load.mjs` of the folder, with little rest around the load. */
export const servedWords = [
  ...['--target', 'node server.mjs'],
  ...['--load', 'node load.mjs {port}'],
  ...['--idle', '200ms'],
  ...['--recover', '200ms'],
];

/** @param words after `floodgate run`. @throws Error with what the run printed where it left no report */
export function measure(folder: string, words: readonly string[], env = process.env): RunReport {
  const out = path.join(folder, 'run');
  rmSync(out, { recursive: true, force: true });
  const all = [path.join(root, 'bin', 'floodgate'), 'run', ...words, '--no-explain', '--out', out];
  const { status, stderr } = spawnSync(process.execPath, all, { cwd: folder, encoding: 'utf8', env });
  if (!existsSync(path.join(out, 'report.json'))) throw new Error(`a run ended with ${status}: ${stderr}`);
  const report: RunReport = JSON.parse(readFileSync(path.join(out, 'report.json'), 'utf8'));
  rmSync(out, { recursive: true, force: true });
  return report;
}
