/**
 * `node harness/hunt/defects.bench.ts [--minutes 10 | --trials 24] [--out FOLDER] [DEFECT…]`: a hunt of the agent with each defect of scenarios/defects/defect-trial.ts.
 * Found is a defect whose function is named: as the first suspect of a bound, or among the call sites that allocate most for a byte sent. Prints the
 * trial and the second in which it was. An hour and a half for all; hunts in FOLDER go on where they were.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tableLines } from '../../reports/text-table.ts';
import { type DefectTrial, defectTrials } from '../../scenarios/defects/defect-trial.ts';
import { keptLines } from '../compare/kept-lines.ts';
import type { HuntTrial } from './champions.ts';
import type { Hunted } from './hunt.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    trials: { type: 'string' },
    out: { type: 'string', default: path.join(root, 'runs', 'hunts') },
  },
});
/** As many call sites as a person looks at. */
const sitesShown = 24;

interface Found {
  readonly words: string;
  readonly trial: number;
  readonly seconds: number;
}

const rows = [['defect', 'named', 'in trial', 'after', 'by', 'for each byte sent']];
let missed = 0;
for (const trial of defectTrials) {
  if (positionals.length > 0 && !positionals.includes(trial.defect)) continue;
  const folder = path.join(values.out, `h-${trial.defect}`);
  mkdirSync(values.out, { recursive: true });
  const amount = values.trials === undefined ? ['--minutes', values.minutes] : ['--trials', values.trials];
  const words = ['hunt', '--defect', trial.defect, ...amount, '--no-confirm', '--jobs', '2', '--out', folder];
  const { status, stderr } = spawnSync(process.execPath, [path.join(root, 'bin', 'floodgate'), ...words], {
    encoding: 'utf8',
  });
  if (status !== 0 && status !== 1) throw new Error(`${trial.defect}: ${stderr}`);
  const hunted = JSON.parse(readFileSync(path.join(folder, 'hunt.json'), 'utf8')) as Hunted;
  const [first, score] = [firstOf(trial, folder), scoreOf(trial, hunted)];
  if (!first || score === '') missed += 1;
  rows.push([
    trial.defect,
    score === '' ? 'NO' : 'yes',
    String(first?.trial ?? ''),
    first ? `${first.seconds} s` : '',
    first?.words ?? '',
    score,
  ]);
}
console.log(tableLines(rows).join('\n'));
process.exitCode = missed === 0 ? 0 : 1;

/** Whether a site, as a report names it, is the defect's. */
function isDefects({ suspect: { file, functionName } }: DefectTrial, site: string): boolean {
  return site.startsWith(`${file}#`) && site.endsWith(functionName);
}

/** The first trial among whose largest call sites it was. */
function firstOf(trial: DefectTrial, folder: string): Found | undefined {
  for (const line of keptLines(path.join(folder, 'trials.jsonl'))) {
    const { sites = {}, trial: number, ms } = line as HuntTrial & { ms: number };
    const largest = Object.entries(sites).sort(([, a], [, b]) => b - a);
    const at = largest.findIndex(([site]) => isDefects(trial, site));
    if (at < 0 || at >= sitesShown) continue;
    return { words: `call site ${at + 1}`, trial: number, seconds: Math.round(ms / 1000) };
  }
  return undefined;
}

/** What the hunt prints of it in the end: its first suspects, then its call sites. */
function scoreOf(trial: DefectTrial, { findings, sites }: Hunted): string {
  const suspected = findings.filter(({ suspects }) => suspects.some((site) => isDefects(trial, site)));
  if (suspected.length > 0) {
    return suspected.map(({ measure, champion }) => `${measure} ${champion.score.toPrecision(2)} B`).join(', ');
  }
  const site = sites.slice(0, sitesShown).find((each) => isDefects(trial, each.site));
  return site ? `allocated ${site.champion.score.toPrecision(2)} B` : '';
}
