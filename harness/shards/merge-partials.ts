/** Partial reports put together: the same runs make the same whole, however they were divided and in whichever order they come. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import type { RunReport } from '../../reports/model.ts';
import type { CellResult, Manifest, Partial } from './partial.ts';

export interface Merged {
  readonly common: Manifest['common'];
  /** In the order of the cells. */
  readonly runs: readonly RunReport[];
  /** Runs of cells that were run again later. */
  readonly replaced: readonly { readonly by: RunReport; readonly run: RunReport }[];
  readonly missing: readonly string[];
}

/** What two shards may differ in, in words. */
const differences: Readonly<Record<keyof Manifest['common'], string>> = {
  floodgate: 'version of floodgate',
  commit: 'commit of the project',
  dirty: 'working tree (uncommitted changes)',
  configuration: 'configuration, limits, seeds or ledger',
  command: 'command line',
  cells: 'list of cells',
  unlimited: 'list of cells without a limit',
};

/** @throws FloodgateError `shards-differ` for shards that are not of one whole */
export function mergePartials(partials: readonly Partial[]): Merged {
  const [first, ...others] = partials;
  for (const other of others) refuseOther(first!, other);
  const { common } = first!.manifest;
  const results = Map.groupBy(
    partials.flatMap((partial) => partial.results),
    ({ cell }) => cell,
  );
  const runs: RunReport[] = [];
  const replaced: { by: RunReport; run: RunReport }[] = [];
  for (const cell of common.cells) {
    const [latest, ...earlier] = laterFirst(results.get(cell) ?? []);
    if (latest === undefined) continue;
    runs.push(latest.report);
    for (const { report } of earlier) {
      refuseOtherSeed(cell, latest.report, report);
      replaced.push({ by: latest.report, run: report });
    }
  }
  return { common, runs, replaced, missing: common.cells.filter((cell) => !results.has(cell)) };
}

/** Of two that began at once, the content decides. */
function laterFirst(results: readonly CellResult[]): CellResult[] {
  const unique = [...new Map(results.map((result) => [result.sha256, result])).values()];
  const keyOf = ({ report, sha256 }: CellResult) => `${new Date(report.startedAt).toISOString()} ${sha256}`;
  return unique.sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
}

function refuseOther(a: Partial, b: Partial): void {
  const difference = differenceOf(a.manifest.common, b.manifest.common);
  if (difference === undefined) return;
  throw new FloodgateError('shards-differ', `${a.folder} and ${b.folder} are of another ${difference}`, {
    hint: 'Nothing was merged. Shards of one whole run the same version of everything, with the same options.',
  });
}

/** The first thing that two are not the same in, in words; undefined where they are of one whole. */
export function differenceOf(
  a: Manifest['common'],
  b: Manifest['common'],
  ignored?: keyof Manifest['common'],
): string | undefined {
  for (const [name, words] of Object.entries(differences) as [keyof Manifest['common'], string][]) {
    const [left, right] = [a, b].map((common) => JSON.stringify(common[name]));
    if (left === right || name === ignored) continue;
    const shown = name === 'configuration' || name === 'cells' || name === 'unlimited' ? '' : `: ${left} and ${right}`;
    return `${words}${shown}`;
  }
  return undefined;
}

function refuseOtherSeed(cell: string, { scenario: a }: RunReport, { scenario: b }: RunReport): void {
  if (a.seed === b.seed) return;
  throw new FloodgateError('shards-differ', `"${cell}" was run with two seeds: ${a.seed} and ${b.seed}`, {
    hint: 'Nothing was merged. Leave out the shard that is not meant.',
  });
}
