/** The report of a comparison as the operator names its folder. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import * as v from 'valibot';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { comparisonSchema } from '../../reports/comparison-schema.ts';
import { readOperatorFile } from './operator-file.ts';

const reportName = 'comparison.json';
/** As many of its runs as a hint names. */
const runsNamed = 2;

/** Whether it is a comparison's: it has no report of a run, and runs below it. */
export function isComparisonFolder(folder: string): boolean {
  return existsSync(path.join(folder, reportName)) && !existsSync(path.join(folder, 'report.json'));
}

/** @returns undefined for what is no comparison's folder, or JSON. @throws FloodgateError `report-missing` for one that is damaged */
export function readComparison(place: string): ComparisonReport | undefined {
  const file = isComparisonFolder(place) ? path.join(place, reportName) : place;
  if (path.basename(file) !== reportName || !existsSync(file)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(readOperatorFile(file).toString());
  } catch (cause) {
    throw damaged(file, (cause as Error).message);
  }
  const checked = v.safeParse(comparisonSchema, value);
  if (checked.success) return checked.output as unknown as ComparisonReport;
  const [{ message, path: where = [] }] = checked.issues;
  throw damaged(file, `${where.map(({ key }) => String(key)).join('.')}: ${message}`);
}

function damaged(file: string, why: string): FloodgateError {
  return new FloodgateError('report-missing', `${file} is no comparison of floodgate: ${why}`, {
    hint: 'Compare again, or name the folder of another run.',
  });
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
