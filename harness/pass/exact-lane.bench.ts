/**
 * `node harness/pass/exact-lane.bench.ts [REPEATS [SCENARIO [ARGUMENTS…]]]`: how far the exact lane repeats. Minutes. Targets:
 * allocated bytes within 0.1 %, the peak heap within 0.5 %, and the same suspects in the same order.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findColumn, type RunReport } from '../../reports/model.ts';

const program = fileURLToPath(new URL('../../bin/floodgate', import.meta.url));
const [repeatsText = '20', scenario = 'incident', ...more] = process.argv.slice(2);
const repeats = Number(repeatsText);
const options = more.length > 0 ? more : ['--size', '40MB', '--defect', 'reassembly-unbounded'];
/** Suspects below this share of a spike are within each other's sampling error. */
const shareMin = 0.05;

interface Repeat {
  readonly allocatedBytes: number;
  readonly peakBytes: number;
  readonly rssMaxBytes: number;
  readonly suspects: string;
}

function repeatOnce(): Repeat {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-repeats-'));
  try {
    const words = ['run', scenario, '--lane', 'exact', '--explain', '--out', folder, ...options];
    const { status, stderr } = spawnSync(process.execPath, [program, ...words], {
      encoding: 'utf8',
      env: { ...process.env, CI: '1' },
    });
    if (status !== 0 && status !== 1) throw new Error(`exit ${status}: ${stderr.slice(-500)}`);
    const report: RunReport = JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8'));
    return {
      allocatedBytes: lastOf(report, 'allocated'),
      peakBytes: figureOf(report, 'heap.peakBeforeGc'),
      rssMaxBytes: figureOf(report, 'rss.max'),
      suspects: suspectsOf(report),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function suspectsOf({ spikes }: RunReport): string {
  const [highest] = spikes.toSorted((a, b) => b.heightBytes - a.heightBytes);
  const named = highest?.suspects.filter(({ share }) => share >= shareMin) ?? [];
  return named.map(({ file, line, functionName }) => `${path.basename(file)}:${line} ${functionName}`).join(', ');
}

function lastOf(report: RunReport, name: string): number {
  return findColumn(report, name)?.column.values.at(-1) ?? Number.NaN;
}

function figureOf({ figures, budgets }: RunReport, name: string): number {
  return (
    figures.find((each) => each.name === name)?.value ??
    budgets.find((each) => each.name === name)?.actual ??
    Number.NaN
  );
}

const all: Repeat[] = [];
for (let i = 0; i < repeats; i += 1) {
  const repeat = repeatOnce();
  all.push(repeat);
  console.log(
    `${i + 1}: allocated ${repeat.allocatedBytes}, peak ${repeat.peakBytes}, RSS ${repeat.rssMaxBytes}: ${repeat.suspects}`,
  );
}
let missed = 0;
for (const [name, of, limit] of [
  ['allocated bytes', (each: Repeat) => each.allocatedBytes, 0.001],
  ['peak heap', (each: Repeat) => each.peakBytes, 0.005],
  ['peak RSS', (each: Repeat) => each.rssMaxBytes, Number.POSITIVE_INFINITY],
] as const) {
  const values = all.map(of).sort((a, b) => a - b);
  const range = (values.at(-1)! - values[0]!) / values[values.length >> 1]!;
  const result = Number.isFinite(limit)
    ? `target ${100 * limit} %: ${range <= limit ? 'held' : 'MISSED'}`
    : 'no target';
  if (!(range <= limit)) missed += 1;
  console.log(`${name}: ${values[0]} to ${values.at(-1)}, range ${(100 * range).toFixed(3)} % (${result})`);
}
const orders = new Map<string, number>();
for (const { suspects } of all) orders.set(suspects, (orders.get(suspects) ?? 0) + 1);
if (orders.size !== 1) missed += 1;
console.log(`suspects of 5 % and more: ${orders.size === 1 ? 'the same in the same order' : 'MISSED'}`);
for (const [order, times] of orders) console.log(`  ${times} times ${order}`);
process.exitCode = missed === 0 ? 0 : 1;
