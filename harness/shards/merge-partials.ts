/** Partial reports put together: the same runs make the same whole, however they were divided and in whichever order they come. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { printable } from '../../reports/format.ts';
import type { RunReport } from '../../reports/model.ts';
import type { CellFailure, Manifest } from './manifest.ts';
import type { CellReport, CellResult, Partial } from './partial.ts';

export interface Merged<Report extends CellReport = CellReport> {
  readonly common: Manifest['common'];
  /** In the order of the cells. */
  readonly runs: readonly Report[];
  /** Runs of cells that were run again later. */
  readonly replaced: readonly { readonly cell: string; readonly by: Report; readonly run: Report }[];
  /** Cells that have no run which counts. */
  readonly missing: readonly string[];
  /** Why those of them, where a shard says it. */
  readonly failed: readonly FailedCell<Report>[];
  /** Runs that came to no verdict, of cells that were run again later. */
  readonly recovered: readonly { readonly by: Report; readonly failure: CellFailure }[];
}

export interface FailedCell<Report extends CellReport = CellReport> {
  readonly cell: string;
  /** The last one. */
  readonly failure: CellFailure;
  /** Earlier runs, which do not count: the later one could not run. */
  readonly over: readonly Report[];
}

/** What two shards may differ in, in words. */
const differences = {
  floodgate: 'version of floodgate',
  commit: 'commit of the project',
  changes: 'working tree (uncommitted changes)',
  comparison: 'base, head or seed',
  configuration: 'configuration, limits, seeds or ledger',
  command: 'command line',
  cells: 'list of cells',
  unlimited: 'list of cells without a limit',
} as const satisfies { readonly [Name in keyof Manifest['common']]?: string };

type Compared = keyof typeof differences;

/** In a message. */
const namedMax = 5;

/** @throws FloodgateError `shards-differ` for shards that are not of one whole */
export function mergePartials<Report extends CellReport>(partials: readonly Partial<Report>[]): Merged<Report> {
  const [first, ...others] = partials;
  for (const other of others) refuseOther(first!, other);
  // One checkout with files that git does not know is enough for a warning.
  const { common } = (partials.find(({ manifest }) => manifest.common.dirty) ?? first!).manifest;
  const results = Map.groupBy(
    partials.flatMap((partial) => partial.results),
    ({ cell }) => cell,
  );
  const failures = Map.groupBy(
    partials.flatMap(({ manifest }) => manifest.failures),
    ({ cell }) => cell,
  );
  const merged: Mutable<Omit<Merged<Report>, 'common'>> = {
    ...{ runs: [], replaced: [], missing: [], failed: [], recovered: [] },
  };
  for (const cell of common.cells) {
    addCell(merged, cell, laterFirst(results.get(cell) ?? []), lastFirst(failures.get(cell) ?? []));
  }
  return { common, ...merged };
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] extends readonly (infer Item)[] ? Item[] : T[Name] };

/** The later counts, whether it came to a verdict or not. */
function addCell<Report extends CellReport>(
  { runs, replaced, missing, failed, recovered }: Mutable<Omit<Merged<Report>, 'common'>>,
  cell: string,
  [latest, ...earlier]: readonly CellResult<Report>[],
  failures: readonly CellFailure[],
): void {
  const [failure] = failures;
  for (const { report } of earlier) refuseOtherSeed(cell, latest!.report, report);
  if (latest === undefined || (failure !== undefined && !isBefore(failure, latest.report))) {
    const over = [latest, ...earlier].flatMap((each) => each?.report ?? []);
    missing.push(cell);
    if (failure !== undefined) failed.push({ cell, failure, over });
    return;
  }
  runs.push(latest.report);
  for (const { report } of earlier) replaced.push({ cell, by: latest.report, run: report });
  for (const each of failures) if (each.how !== 'unfinished') recovered.push({ by: latest.report, failure: each });
}

/** One without a time may be the later one. */
function isBefore({ how, at }: CellFailure, { startedAt }: CellReport): boolean {
  return how === 'unfinished' || (at !== undefined && Date.parse(at) < Date.parse(startedAt));
}

/** Those without a time are as late as can be, and one that never began says least. */
function lastFirst(failures: readonly CellFailure[]): CellFailure[] {
  const unique = [...new Map(failures.map((each) => [JSON.stringify(each), each])).values()];
  const keyOf = ({ how, at, why }: CellFailure) => {
    if (how === 'unfinished') return ` ${why}`;
    return `${at === undefined ? '~' : new Date(at).toISOString()} ${how} ${why}`;
  };
  return unique.sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
}

export function areComparisons(merged: Merged): merged is Merged<ComparisonReport> {
  return merged.common.comparison !== undefined && [...merged.runs].every(({ kind }) => kind === 'comparison');
}

export function areRuns(merged: Merged): merged is Merged<RunReport> {
  return merged.common.comparison === undefined && [...merged.runs].every(({ kind }) => kind === 'run');
}

/** Of two that began at once, the content decides. */
function laterFirst<Report extends CellReport>(results: readonly CellResult<Report>[]): CellResult<Report>[] {
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
export function differenceOf(a: Manifest['common'], b: Manifest['common'], ignored?: Compared): string | undefined {
  for (const [name, words] of Object.entries(differences) as [Compared, string][]) {
    const [left, right] = [a, b].map((common) => JSON.stringify(comparable(common, name)));
    if (left === right || name === ignored) continue;
    if (name === 'changes') return `${words}${namedDifferences(a, b)}`;
    return isShort(name) ? `${words}: ${left} and ${right}` : words;
  }
  return undefined;
}

const isShort = (name: Compared): boolean => name === 'floodgate' || name === 'commit' || name === 'command';

/** Files that one has changed, and the other not, or otherwise. */
function namedDifferences({ changed: left = [] }: Manifest['common'], { changed: right = [] }: Manifest['common']) {
  const contents = (files: typeof left) => new Map(files.map(({ name, content }) => [name, content]));
  const [ofLeft, ofRight] = [contents(left), contents(right)];
  const names = [...new Set([...left, ...right].map(({ name }) => name))].sort();
  const other = names.filter((name) => ofLeft.get(name) !== ofRight.get(name));
  if (other.length === 0) return '';
  const shown = other.slice(0, namedMax).map((name) => printable(name, 200));
  return `: ${shown.join(', ')}${other.length > namedMax ? ` and ${other.length - namedMax} more` : ''}`;
}

/**
 * One version may be called differently on two machines. Of the working folder `changes` says whether it is the same: its key is by the
 * times of its files, and files that git does not know are no difference.
 */
function comparable({ comparison, ...common }: Manifest['common'], name: Compared): unknown {
  if (name !== 'comparison') return common[name];
  const versionOf = ({ label: _, key, dirty, ...rest }: NonNullable<typeof comparison>['base']) => ({
    ...rest,
    dirty: dirty && common.changes !== undefined,
    key: rest.commit === null ? key : '',
  });
  return comparison && { ...comparison, base: versionOf(comparison.base), head: versionOf(comparison.head) };
}

function refuseOtherSeed(cell: string, a: CellReport, b: CellReport): void {
  // Of comparisons the seed is in what all shards have in common.
  if (a.kind === 'comparison' || b.kind === 'comparison' || a.scenario.seed === b.scenario.seed) return;
  throw new FloodgateError(
    'shards-differ',
    `"${cell}" was run with two seeds: ${a.scenario.seed} and ${b.scenario.seed}`,
    { hint: 'Nothing was merged. Leave out the shard that is not meant.' },
  );
}
