/**
 * `node harness/hunt/defects.bench.ts [--minutes 10 | --trials 24] [--out FOLDER] [--whole] [DEFECT…]`: a hunt of the agent with each of the nine defects
 * of the article and beside it (`--every`: with each of scenarios/defects/defect-trial.ts). Found is a defect whose function is named: among the call
 * sites that allocate most for a byte sent, as the hunt would print them if it ended then, or in the end as the first suspect of a bound. A hunt ends with
 * the find (`--whole`: it does not). Prints the trial and the second in which it was. Hunts in FOLDER go on where they were.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tableLines } from '../../reports/text-table.ts';
import { type DefectTrial, defectTrials } from '../../scenarios/defects/defect-trial.ts';
import { parsed } from '../compare/kept-lines.ts';
import { Champions, type HuntTrial } from './champions.ts';
import type { Hunted } from './hunt.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '10' },
    trials: { type: 'string' },
    out: { type: 'string', default: path.join(root, 'runs', 'hunts') },
    whole: { type: 'boolean', default: false },
    every: { type: 'boolean', default: false },
  },
});
/** The six of the article and the three beside it stand first. */
const defectsTried = 9;
const lookMs = 1_000;
/** As many call sites as a person looks at. */
const sitesShown = 24;

interface Found {
  readonly words: string;
  readonly trial: number;
  readonly seconds: number;
  readonly score: string;
}

const rows = [['defect', 'named', 'in trial', 'after', 'by', 'for each byte sent']];
let missed = 0;
const wanted = values.every ? defectTrials : defectTrials.slice(0, defectsTried);
for (const trial of positionals.length > 0
  ? defectTrials.filter(({ defect }) => positionals.includes(defect))
  : wanted) {
  const row = await huntOf(trial);
  rows.push(row);
  if (row[1] === 'NO') missed += 1;
  console.error(row.join(' | '));
}
console.log(tableLines(rows).join('\n'));
process.exitCode = missed === 0 ? 0 : 1;

async function huntOf(trial: DefectTrial): Promise<string[]> {
  const folder = path.join(values.out, `h-${trial.defect}`);
  mkdirSync(values.out, { recursive: true });
  const amount = values.trials === undefined ? ['--minutes', values.minutes] : ['--trials', values.trials];
  const words = ['hunt', '--defect', trial.defect, ...amount, '--no-confirm', '--jobs', '2', '--out', folder];
  rmSync(path.join(folder, 'hunt.json'), { force: true });
  const hunting = spawn(process.execPath, [path.join(root, 'bin', 'floodgate'), ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  hunting.stderr.setEncoding('utf8').on('data', (piece: string) => {
    errors = (errors + piece).slice(-4_000);
  });
  const ended = new Promise<number | null>((resolve) => hunting.on('close', resolve));
  let found: Found | undefined;
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  while (!isOver && (values.whole || !found)) {
    await Promise.race([ended, setTimeout(lookMs)]);
    found ??= firstOf(trial, folder);
  }
  if (!isOver) hunting.kill('SIGTERM');
  const status = await ended;
  found ??= firstOf(trial, folder);
  const isStopped = found !== undefined && !values.whole && status === 3;
  if (status !== 0 && status !== 1 && !isStopped) throw new Error(`${trial.defect}: ${errors}`);
  const suspected = isStopped ? '' : suspectedIn(trial, folder);
  return [
    trial.defect,
    found || suspected !== '' ? 'yes' : 'NO',
    String(found?.trial ?? ''),
    found ? `${found.seconds} s` : '',
    found?.words ?? (suspected === '' ? '' : 'first suspect'),
    [found?.score, suspected].filter(Boolean).join(', '),
  ];
}

/** Whether a site, as a report names it, is the defect's. */
function isDefects({ suspect: { file, functionName } }: DefectTrial, site: string): boolean {
  return site.startsWith(`${file}#`) && site.endsWith(functionName);
}

/** The first trial after which the hunt would have named it among its call sites. */
function firstOf(trial: DefectTrial, folder: string): Found | undefined {
  const champions = new Champions();
  const file = path.join(folder, 'trials.jsonl');
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    // It is read while it is written: the last line may be a part of one.
    const done = parsed(line) as (HuntTrial & { ms: number }) | undefined;
    if (!done) continue;
    champions.take(done);
    const largest = [...champions.sites].sort(([, a], [, b]) => b.score - a.score).slice(0, sitesShown);
    const at = largest.findIndex(([site]) => isDefects(trial, site));
    if (at < 0) continue;
    const score = `allocated ${largest[at]![1].score.toPrecision(2)} B`;
    return { words: `call site ${at + 1}`, trial: done.trial, seconds: Math.round(done.ms / 1000), score };
  }
  return undefined;
}

/** The bounds of which it is a suspect in the end. */
function suspectedIn(trial: DefectTrial, folder: string): string {
  const { findings } = JSON.parse(readFileSync(path.join(folder, 'hunt.json'), 'utf8')) as Hunted;
  return findings
    .filter(({ suspects }) => suspects.some((site) => isDefects(trial, site)))
    .map(({ measure, champion }) => `${measure} ${champion.score.toPrecision(2)} B`)
    .join(', ');
}
