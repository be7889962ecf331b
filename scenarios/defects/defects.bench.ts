/**
 * `npm run bench:defects`: every defect in both lanes, and whether the report's first suspect is the right one. Minutes.
 * Arguments: names of defects, or `tap` or `exact`, to run these alone.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunReport, Spike } from '../../reports/model.ts';
import { type DefectTrial, defectTrials, trialArguments } from './trials.ts';

const program = fileURLToPath(new URL('../../bin/floodgate', import.meta.url));
const wanted = process.argv.slice(2);
const isWanted = (name: string, all: readonly string[]) => {
  const chosen = wanted.filter((each) => all.includes(each));
  return chosen.length === 0 || chosen.includes(name);
};
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function rowOf(trial: DefectTrial, lane: 'tap' | 'exact'): { right: boolean; cells: string[] } {
  const folder = mkdtempSync(path.join(tmpdir(), 'floodgate-defects-'));
  try {
    const startedMs = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [program, ...trialArguments(trial, lane, folder)], {
      encoding: 'utf8',
      env: { ...process.env, CI: '1' },
    });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
    if (status !== 1) return { right: false, cells: [trial.defect, lane, `exit ${status}`, stderr.slice(-200)] };
    const report: RunReport = JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8'));
    const spike = [...report.spikes].sort((a, b) => b.heightBytes - a.heightBytes)[0];
    const first = spike?.suspects[0];
    if (!spike || !first) return { right: false, cells: [trial.defect, lane, 'no spike, or no suspect'] };
    const right =
      first.file === `scenarios/defects/${trial.folder ?? trial.defect}/${trial.file}` &&
      first.functionName === trial.functionName;
    return {
      right,
      cells: [
        trial.defect,
        lane,
        right ? 'right' : 'WRONG',
        `${path.basename(first.file)}:${first.line} ${first.functionName}`,
        percent(first.share),
        `+${megabytes(spike.heightBytes)} MB`,
        spike.cause,
        spike.namedShare === null ? '' : percent(spike.namedShare),
        percent(bySites(spike)),
        `${seconds} s`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The share of a spike that has a call site, and not only a kind of page. */
function bySites({ parts, heightBytes }: Spike): number {
  const sites = parts.filter(({ name }) => /^(heap|off-heap): |smaller sites$/.test(name));
  return Math.min(1, sites.reduce((sum, { bytes }) => sum + bytes, 0) / heightBytes);
}

const names = defectTrials.map(({ defect }) => defect);
console.log('| defect | lane | first suspect is | who | of the spike | spike | cause | named | by call site | took |');
console.log('| --- | --- | --- | --- | ---: | ---: | --- | ---: | ---: | ---: |');
let right = 0;
let all = 0;
for (const lane of ['exact', 'tap'] as const) {
  if (!isWanted(lane, ['exact', 'tap'])) continue;
  for (const trial of defectTrials) {
    if (!isWanted(trial.defect, names)) continue;
    const row = rowOf(trial, lane);
    all += 1;
    if (row.right) right += 1;
    console.log(`| ${row.cells.join(' | ')} |`);
  }
}
console.log(`\n${right} of ${all} right`);
process.exitCode = right === all ? 0 : 1;
