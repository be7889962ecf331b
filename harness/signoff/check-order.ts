/**
 * Whether a sign-off is what its command orders: release, versions, packages, scope, and of each comparison its seed, how many pairs it may take, and
 * that nothing but the time limit cut it short. The raw data were measured in the order that the seed draws. Pure.
 */
import path from 'node:path';
import type { PreviousVersion, SignedComparison, SignoffReport } from '../../reports/signoff.ts';
import { parseQuantity } from '../metrics/quantity.ts';
import { isPackageFile } from './package-file.ts';
import { refused, shown } from './refusal.ts';
import { typedCommand, type ValuesOf } from './typed-options.ts';
import { candidateUsual, pairsUsual, timeUsual } from './usual-order.ts';

const differs = (what: string) => refused('summary-invalid', `signoff.json: ${what} is not what its command orders`);

/** @throws Refused */
export function checkOrder(report: SignoffReport): void {
  const { release, candidate, previous, scope, scenarios } = report;
  const { valuesOf, fault } = typedCommand(report.command);
  if (fault !== undefined) throw refused('summary-invalid', `signoff.json: no sign-off has such a command: ${fault}`);
  const checkOne = (
    option: string,
    usual: string | undefined,
    what: string,
    isSame: (value: string | undefined) => boolean,
  ) => {
    if (!isSame(valuesOf(option).at(-1) ?? usual)) throw differs(what);
  };
  const isVersion = (label: string | undefined) => (value: string | undefined) =>
    value === label || (value !== undefined && label !== undefined && path.basename(value) === label);
  checkOne('--release', undefined, 'the release', (value) => value === release);
  checkOne('--candidate', candidateUsual, 'the candidate', isVersion(candidate.label));
  checkOne('--previous', undefined, 'the release before it', isVersion(previous?.label));
  for (const version of [candidate, previous]) {
    if (version !== null && !isPackedAsNamed(version)) throw differs(`the package of ${shown(version.label)}`);
  }
  checkOne('--set', scope.set ?? undefined, 'the set', (value) => value === (scope.set ?? undefined));
  if (!isLeftOut(report, valuesOf('--only'))) throw differs('what was left out');
  const lanes = valuesOf('--lane');
  if (lanes.length > 0 && scope.lanes.some((lane) => lane !== 'load' && !lanes.includes(lane))) throw differs('a lane');
  for (const { name, comparisons } of scenarios) {
    for (const comparison of comparisons) checkComparison(report, name, comparison, valuesOf);
  }
}

/** Where scenarios are named, others are left out: a sign-off that leaves out none takes no such option. */
function isLeftOut({ scope: { leftOut }, scenarios }: SignoffReport, only: readonly string[]): boolean {
  if (only.length === 0) return leftOut.length === 0;
  const names = scenarios.map(({ name }) => name);
  const isNamed = names.every((name) => only.includes(name)) && only.every((name) => names.includes(name));
  return isNamed && leftOut.length > 0 && !leftOut.some((name) => only.includes(name));
}

/** A package is one where the command names a file, and is that file. */
function isPackedAsNamed({ label, package: packed = null }: Pick<PreviousVersion, 'label' | 'package'>): boolean {
  return isPackageFile(label) ? packed?.name === label : packed === null;
}

function checkComparison(
  { startedAt, signedAt }: SignoffReport,
  name: string,
  { seed, pairsMax, isCutShort, result }: SignedComparison,
  valuesOf: ValuesOf,
): void {
  const place = `${name} (${result.lane} lane)`;
  const last = (option: string, usual: string) => valuesOf(option).at(-1) ?? usual;
  if (String(seed) !== last('--seed', String(Date.parse(startedAt) >>> 0))) throw differs(`the seed of ${place}`);
  if (String(pairsMax) !== last('--max-pairs', pairsUsual)) throw differs(`the number of pairs of ${place}`);
  const timeMaxMs = parseQuantity(last('--max-time', timeUsual), '--max-time', 'seconds') * 1000;
  if (isCutShort && Date.parse(signedAt) - Date.parse(startedAt) < timeMaxMs)
    throw differs(`that time was up for ${place}`);
}
