/** A folder of a bench's own, in which floodgate is run as a user runs it. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunReport } from '../reports/model.ts';

/** Where this bench is. */
export const checkout = fileURLToPath(new URL('../', import.meta.url));

const outputBytesMax = 64 << 20;

export interface BenchRun {
  readonly exitCode: number | null;
  /** Undefined where none was written. */
  readonly report: RunReport | undefined;
  readonly output: string;
}

export class BenchFolder {
  readonly place = mkdtempSync(path.join(tmpdir(), 'floodgate-bench-'));
  readonly #floodgate: string;
  #runs = 0;

  /** @param installedIn a folder with floodgate in its node_modules; without one the checkout is run */
  constructor(installedIn: string | undefined) {
    const installed = installedIn === undefined ? checkout : path.resolve(installedIn, 'node_modules/floodgate');
    this.#floodgate = path.join(installed, 'bin/floodgate');
  }

  /** @returns its name in this folder */
  copy(file: URL): string {
    const name = path.basename(file.pathname);
    copyFileSync(file, path.join(this.place, name));
    return name;
  }

  /** What a folder holds. @param to below this one */
  copyFolder(folder: URL, to = ''): void {
    cpSync(folder, path.join(this.place, to), { recursive: true });
  }

  /** `floodgate run` with these words, in this folder; its report is read, and removed. */
  run(words: readonly string[]): BenchRun {
    this.#runs += 1;
    const out = path.join(this.place, `run-${this.#runs}`);
    const { NODE_OPTIONS: _, ...env } = process.env;
    const programs = [path.dirname(process.execPath), env.PATH].join(path.delimiter);
    const { status, stdout, stderr } = spawnSync(process.execPath, [this.#floodgate, 'run', ...words, '--out', out], {
      cwd: this.place,
      encoding: 'utf8',
      maxBuffer: outputBytesMax,
      env: { ...env, CI: '1', PATH: programs },
    });
    const report = reportIn(out);
    rmSync(out, { recursive: true, force: true });
    return { exitCode: status, report, output: stdout + stderr };
  }

  remove(): void {
    rmSync(this.place, { recursive: true, force: true });
  }
}

function reportIn(folder: string): RunReport | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
