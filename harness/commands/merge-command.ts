/** `floodgate merge`: one report out of what several machines measured: a gate's, or a comparison's. */
import assert from 'node:assert';
import { cpSync, existsSync, lstatSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { printable } from '../../reports/format.ts';
import type { GateReport } from '../../reports/model.ts';
import { exitCodesLine } from '../metrics/exit-codes.ts';
import { areComparisons, areRuns, type Merged, mergePartials } from '../shards/merge-partials.ts';
import { type Partial, readPartials } from '../shards/partial.ts';
import { printComparison, writeComparison } from './comparison-report.ts';
import { record } from './history-record.ts';
import { mergedComparison } from './merged-comparison.ts';
import { failedWords, mergedReport } from './merged-report.ts';
import { printReport } from './print-report.ts';
import { makeReportFolder, pointLatest, writeReports } from './report-folder.ts';
import { openSession } from './session.ts';

const examples = `
Examples:
  floodgate gate --shard 1/3 --out shard-1      on one machine
  floodgate gate --shard auto --out shard       in CI: by its own variables
  floodgate merge shard-1 shard-2 shard-3       one report, one verdict
  floodgate merge artifacts                     every shard in a folder

  floodgate compare --base main --shard auto --out shard   a comparison's: both versions of a scenario on one machine

Shards of another version, commit, base, head, configuration or seed are refused. A cell that no shard measured is named, and nothing is rendered. Of
a cell that was run again the later run counts, and the report says so.

${exitCodesLine}`;

interface MergeFlags {
  readonly out?: string;
  readonly config?: string;
  readonly partial?: boolean;
}

export function addMergeCommand(command: Command): void {
  command
    .description('Puts the partial reports of shards together, judges the whole, and stores it in the history.')
    .argument('<dirs...>', 'folders of shards, or folders that hold such')
    .option('--out <dir>', 'folder for the report (default: runs/<time>-gate, or -compare)')
    .option('--config <file>', 'configuration (default: floodgate.config.* in this folder or above)')
    .option('--partial', 'render what there is; what is missing is no pass')
    .addHelpText('after', examples)
    .action(async (folders: string[], flags: MergeFlags) => {
      process.exitCode = await merge(folders, flags);
    });
}

/** @returns the exit code. @throws FloodgateError where shards differ, or cells are missing */
export async function merge(folders: readonly string[], { out, config, partial }: MergeFlags): Promise<number> {
  const partials = readPartials(folders);
  const merged = mergePartials(partials);
  const { common, missing } = merged;
  const measured = common.cells.filter((cell) => !missing.includes(cell));
  if (missing.length > 0 && measured.length === 0) throw unmeasured(merged, partials, partial === true);
  if (missing.length > 0 && partial !== true) throw incomplete(merged, partials);
  const session = await openSession(config);
  const folder = makeReportFolder(common.comparison ? 'compare' : 'gate', out);
  for (const cell of measured) copyCell(cell, merged, partials, folder);
  const report = rendered(merged, folder, out === undefined);
  await record(report, folder, { config, hasOut: out !== undefined }, session.store);
  return report.verdict.exitCode;
}

/** Written and printed. */
function rendered(merged: Merged, folder: string, isLatest: boolean): GateReport | ComparisonReport {
  if (areComparisons(merged)) {
    const report = mergedComparison(merged);
    writeComparison(folder, report);
    if (isLatest) pointLatest(folder);
    printComparison(folder, report);
    return report;
  }
  assert(areRuns(merged), 'what is read is of one kind');
  const report = mergedReport(merged);
  writeReports(folder, report);
  if (isLatest) pointLatest(folder);
  printReport(folder, report);
  return report;
}

function incomplete(merged: Merged, partials: readonly Partial[]): FloodgateError {
  const leave = merged.failed.some(({ over }) => over.length > 0)
    ? ' Where the later run is not meant, leave out its folder.'
    : '';
  return new FloodgateError('cells-missing', `no shard measured: ${missingWords(merged, partials)}`, {
    hint: `Nothing was rendered. Run those shards again and bring their folders, or say --partial: the verdict is then no pass.${leave}`,
  });
}

/** A report of nothing would say nothing: there is none, and what --partial asks for is no pass. */
function unmeasured(merged: Merged, partials: readonly Partial[], isPartial: boolean): FloodgateError {
  return new FloodgateError('cells-missing', `nothing was measured: ${missingWords(merged, partials)}`, {
    hint: 'Nothing was rendered. Run the shards again and bring their folders.',
    ...(isPartial && { exitCode: 4 }),
  });
}

function missingWords({ missing, failed }: Merged, partials: readonly Partial[]): string {
  const { count } = partials[0]!.manifest.shard;
  const here = new Set(
    partials.filter(({ manifest }) => manifest.shard.count === count).map((each) => each.manifest.shard.index),
  );
  const absent = Array.from({ length: count }, (_, at) => at + 1).filter((index) => !here.has(index));
  const shards =
    absent.length === 0 ? '' : ` (there is no shard ${absent.map((index) => `${index}/${count}`).join(', ')})`;
  const named = missing.map((cell) => {
    const found = failed.find((each) => each.cell === cell);
    if (found === undefined) return cell;
    return found.over.length > 0 ? failedWords(found) : `${cell} (${printable(found.failure.why, 200)})`;
  });
  return `${named.join(', ')}${shards}`;
}

/** A link would lead elsewhere, and a pipe would be waited for. */
const isPlain = (place: string): boolean => {
  const stat = lstatSync(place);
  return stat.isFile() || stat.isDirectory();
};

/** Profiles and the run's own reports come along: of the run that counts. */
function copyCell(cell: string, { runs }: Merged, partials: readonly Partial[], folder: string): void {
  const from = partials.find(({ results }) => results.some((each) => each.cell === cell && runs.includes(each.report)));
  const own = from && path.join(from.folder, cell);
  if (own !== undefined && existsSync(own)) cpSync(own, path.join(folder, cell), { recursive: true, filter: isPlain });
}
