/** The report of a comparison as the operator names its folder. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { readComparison } from '../../reports/comparison-reader.ts';
import { readOperatorFile } from './operator-file.ts';

const reportName = 'comparison.json';
/** As many of its runs as a hint names. */
const runsNamed = 2;

/** Whether it is a comparison's: it has no report of a run, and runs below it. */
export function isComparisonFolder(folder: string): boolean {
  return existsSync(path.join(folder, reportName)) && !existsSync(path.join(folder, 'report.json'));
}

/** @returns undefined for what is no comparison's folder, or JSON. @throws FloodgateError `report-missing` for one that is damaged */
export function readComparisonAt(place: string): ComparisonReport | undefined {
  const file = isComparisonFolder(place) ? path.join(place, reportName) : place;
  if (path.basename(file) !== reportName || !existsSync(file)) return undefined;
  try {
    return readComparison(readOperatorFile(file).toString());
  } catch (cause) {
    throw new FloodgateError('report-missing', `${file} is no comparison of floodgate: ${(cause as Error).message}`, {
      hint: 'Compare again, or name the folder of another run.',
      cause,
    });
  }
}

/** For who asks for one run: which there are in a comparison. @throws FloodgateError `report-missing` */
export function refuseComparison(folder: string): void {
  if (!isComparisonFolder(folder)) return;
  const runs = runsIn(folder).slice(0, runsNamed);
  const hint = runs.length > 0 ? `Name one of its runs: ${runs.join(', ')}.` : 'It has no run.';
  throw new FloodgateError('report-missing', `${folder} is a comparison of two versions, and no run`, {
    hint: `${hint} "floodgate report ${folder}" prints the comparison; a run or a gate makes runs/latest a run again.`,
  });
}

/** Those that sampled call sites first: they have a profile. */
function runsIn(folder: string): string[] {
  const isFolder = (place: string) => statSync(place).isDirectory();
  const runs = readdirSync(folder)
    .filter((name) => isFolder(path.join(folder, name)))
    .flatMap((scenario) => readdirSync(path.join(folder, scenario)).map((run) => path.join(folder, scenario, run)))
    .filter((place) => existsSync(path.join(place, 'report.json')));
  const isSampled = (place: string) => path.basename(place).startsWith('sites-');
  return [...runs.filter(isSampled), ...runs.filter((place) => !isSampled(place) && !/warm-up/.test(place))];
}
