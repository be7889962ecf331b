/** What the tests of the command line share: real runs, and a look at what they leave behind. For tests only. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { RunReport } from '../../reports/model.ts';
import { readAnyReport } from '../../reports/report-reader.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const program = path.join(root, 'bin', 'floodgate');
export const isRoot = process.getuid?.() === 0;
const hasNamespaces = spawnSync('unshare', [...(isRoot ? [] : ['-Ur']), '-mn', 'true']).status === 0;
export const tapOnly = hasNamespaces
  ? {}
  : { skip: 'the kernel refuses namespaces here: the TAP lane cannot be tested' };

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder of its own per test: for output, and as TMPDIR, so that what is left there is seen. */
export function workplace(t: Test): { folder: string; out: string; temporary: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-cli-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const temporary = path.join(folder, 'tmp');
  mkdirSync(temporary);
  return { folder, out: path.join(folder, 'out'), temporary };
}

export function start(args: readonly string[], temporary: string, wrapper: readonly string[] = []): ChildProcess {
  const [command, ...rest] = [...wrapper, process.execPath, program, ...args];
  return spawn(command!, rest, {
    env: { ...process.env, TMPDIR: temporary, CI: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The same, in a folder of its own: where `runs/` is made. */
export function startIn(cwd: string, args: readonly string[], temporary: string): ChildProcess {
  return spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...process.env, TMPDIR: temporary, CI: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let out = '';
  let err = '';
  child.stdout!.on('data', (chunk) => (out += chunk));
  child.stderr!.on('data', (chunk) => (err += chunk));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

export function run(args: readonly string[], temporary = tmpdir(), wrapper: readonly string[] = []): Promise<Outcome> {
  return outcomeOf(start(args, temporary, wrapper));
}

/** Processes that were started for a folder: the agent and its threads carry its name in their arguments. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });
}

export async function nothingLeft(t: Test, place: { folder: string; temporary: string }): Promise<void> {
  for (let i = 0; i < 400 && processesOf(place.folder).length > 0; i++) await pause(50);
  t.same(processesOf(place.folder), [], 'no process is left');
  t.same(readdirSync(place.temporary), [], 'no temporary file is left');
  t.notMatch(readFileSync('/proc/net/dev', 'latin1'), /floodgate/, 'no device is left');
}

/** The report of a run in `folder`, read as people's tools read it. */
export function reportIn(folder: string): RunReport {
  const report = readAnyReport(readFileSync(path.join(folder, 'report.json'), 'utf8'));
  assert(report.kind === 'run');
  return report;
}
