/**
 * `npm run bench:defects [-- --lane exact|tap --out FILE --clean --docs NAME…]`: every defect in both lanes, and whether first suspect and
 * cause are right. An hour for all; what is in FILE already is not run again. `--clean`: without the defects, which keeps within the
 * budgets. `--docs`: runs nothing, and writes the tables of docs/explain.md.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { RunReport } from '../../reports/model.ts';
import { type DefectTrial, defectTrials } from './defect-trial.ts';
import { isSuspectRight, mainSpike, partShares, trialArguments } from './run-trial.ts';
import { type DefectRow, defectTables } from './tables-trial.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lane: { type: 'string' },
    out: { type: 'string', default: path.join(root, 'runs', 'defects.jsonl') },
    clean: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
  },
});

/** The longest takes two minutes with nothing else on the machine. */
const timeoutMs = 900_000;

function tryAll(tryIt: (trial: DefectTrial, lane: 'exact' | 'tap') => void): void {
  for (const lane of ['exact', 'tap'] as const) {
    if (values.lane !== undefined && values.lane !== lane) continue;
    for (const trial of defectTrials) {
      if (positionals.length > 0 && !positionals.includes(trial.defect)) continue;
      if ((trial.lanes ?? [lane]).includes(lane)) tryIt(trial, lane);
    }
  }
}

function floodgate(words: readonly string[]): { status: number | null; stderr: string; seconds: number } {
  const startedMs = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [path.join(root, 'bin', 'floodgate'), ...words], {
    encoding: 'utf8',
    timeout: timeoutMs,
    env: { ...process.env, CI: '1' },
  });
  return { status, stderr, seconds: Math.round((performance.now() - startedMs) / 1000) };
}

function tryOnce(trial: DefectTrial, lane: 'exact' | 'tap'): void {
  if (rows().some((row) => row.defect === trial.defect && row.lane === lane)) return;
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-defects-'));
  try {
    const { status, stderr, seconds } = floodgate(trialArguments(trial, lane, folder));
    const base = { defect: trial.defect, lane, seconds, day: new Date().toISOString().slice(0, 10) };
    if (status === 1) record({ ...base, ...judge(trial, reportIn(folder)) });
    else record({ ...base, ...nothingFound, suspect: `exit ${status}: ${stderr.trim().slice(-200)}` });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const nothingFound = {
  isSuspectRight: false,
  isCauseRight: false,
  ...{ suspect: 'no spike', share: 0, heightBytes: 0, cause: 'none', namedShare: null, linesShare: null },
  ...{ keeper: '', parts: [] },
};

function judge(trial: DefectTrial, report: RunReport): Omit<DefectRow, 'defect' | 'lane' | 'seconds' | 'day'> {
  const spike = mainSpike(report);
  if (spike === undefined) return nothingFound;
  const [first] = spike.suspects;
  return {
    isSuspectRight: isSuspectRight(trial, spike),
    isCauseRight: trial.causes.includes(spike.cause),
    suspect: first === undefined ? 'no suspect' : `${first.file}:${first.line} ${first.functionName}`,
    share: first?.share ?? 0,
    heightBytes: spike.heightBytes,
    cause: spike.cause,
    namedShare: spike.namedShare,
    linesShare: spike.linesShare,
    keeper: spike.keeper === null ? '' : spike.keeper.name,
    parts: report.spikes.filter(({ parts }) => parts.length > 0).map(partShares),
  };
}

function reportIn(folder: string): RunReport {
  return JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8'));
}

function tryClean(trial: DefectTrial, lane: 'exact' | 'tap'): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-defects-'));
  try {
    const { status, stderr } = floodgate([...trialArguments(trial, lane, folder, false), '--no-explain']);
    const budgets = existsSync(path.join(folder, 'report.json')) ? reportIn(folder).budgets : [];
    const broken = budgets.filter(({ ok }) => !ok).map(({ name, actual, note }) => `${name} is ${actual ?? note}`);
    const what = budgets.length === 0 ? stderr.slice(-200) : broken.join(', ') || 'within its budgets';
    console.log(`${trial.defect} ${lane} without it: exit ${status}, ${what}`);
    if (status !== 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rows(): DefectRow[] {
  if (!existsSync(values.out)) return [];
  const lines = readFileSync(values.out, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

function record(row: DefectRow): void {
  mkdirSync(path.dirname(values.out), { recursive: true });
  appendFileSync(values.out, `${JSON.stringify(row)}\n`);
  const said = `${row.isSuspectRight ? 'right' : 'WRONG'}, ${row.suspect}; ${row.isCauseRight ? 'right' : 'WRONG'}, ${row.cause}`;
  console.log(`${row.defect} ${row.lane}: ${said}; kept by ${row.keeper} (${row.seconds} s)`);
  if (!row.isSuspectRight || !row.isCauseRight) process.exitCode = 1;
}

/** Between two marks in docs/explain.md. */
function writeDocs(): void {
  const file = path.join(root, 'docs', 'explain.md');
  const marks = /(<!-- defects: [^\n]*-->\n)[\s\S]*(<!-- \/defects -->)/;
  const text = readFileSync(file, 'utf8');
  if (!marks.test(text)) throw new Error(`${file} has no marks for the tables`);
  writeFileSync(
    file,
    text.replace(marks, (_, before, after) => `${before}${defectTables(rows())}${after}`),
  );
}

if (values.docs) writeDocs();
else if (values.clean) tryAll((trial, lane) => tryClean(trial, lane));
else tryAll((trial, lane) => tryOnce(trial, lane));
