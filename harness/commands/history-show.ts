/** What a history holds of one run, gate or comparison, rendered again; and what a folder has to be stored. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { readComparison } from '../../reports/comparison-reader.ts';
import { comparisonReporters } from '../../reports/comparison-reporter.ts';
import { renderComparisonTerminal } from '../../reports/comparison-terminal.ts';
import { formatValue, printable, verdictMark } from '../../reports/format.ts';
import { type GateReport, type Report, type RunReport, SCHEMA_VERSION, type Unit } from '../../reports/model.ts';
import { readAnyReport } from '../../reports/report-reader.ts';
import { reporters } from '../../reports/reporter.ts';
import type { HistoryStore } from '../history/history-store.ts';
import type { BatchRow, RunRow } from '../history/tables.ts';
import { readOperatorFile } from './operator-file.ts';
import { takesColour, textForOutput } from './print-report.ts';
import { readReportFolder } from './report-command.ts';

/** By the names that reports of runs have. */
const comparisonFormats = Object.entries({
  html: 'comparison.html',
  json: 'comparison.json',
  junit: 'comparison.xml',
  markdown: 'comparison.md',
  tap: 'comparison.tap',
}).map(([name, file]) => ({ ...comparisonReporters.find(({ fileName }) => fileName === file)!, name }));

/** @throws FloodgateError `history-unknown` where no entry, or more than one, begins so */
export async function showEntry(store: HistoryStore, project: string, prefix: string, format: string): Promise<void> {
  const { batch, run } = await entryAt(store, project, prefix);
  if (batch?.kind === 'compare') {
    const report = await comparisonOf(store, batch);
    const text =
      format === 'terminal'
        ? renderComparisonTerminal(report, { colour: takesColour(), all: false })
        : rendererOf(comparisonFormats, format).render(report);
    process.stdout.write(text);
    return;
  }
  const runs = run ? [run] : await store.runsOfBatch(batch!.id);
  const report = await reportOf(store, batch, runs);
  if (report === undefined) process.stdout.write(await figuresText(store, runs));
  else
    process.stdout.write(format === 'terminal' ? textForOutput(report) : rendererOf(reporters, format).render(report));
}

/** The whole report; undefined where retention has taken a part of it. */
export async function reportOf(
  store: HistoryStore,
  batch: BatchRow | undefined,
  runs: readonly RunRow[],
): Promise<Report | undefined> {
  const reports: RunReport[] = [];
  for (const { id } of runs) {
    const text = await store.body(id);
    if (text === undefined) return undefined;
    reports.push(runOf(store, id, text));
  }
  return batch?.kind === 'gate' ? gateOf(batch, reports) : reports[0];
}

function runOf(store: HistoryStore, id: string, text: string): RunReport {
  try {
    const report = readAnyReport(text);
    if (report.kind === 'run') return report;
  } catch (error) {
    throw store.damaged(id, error);
  }
  throw store.damaged(id, new Error('it is no run'));
}

function gateOf(batch: BatchRow, runs: readonly RunReport[]): GateReport {
  const { tool, started_at, duration_ms, command, exit_code, headline } = batch;
  return {
    kind: 'gate',
    schemaVersion: SCHEMA_VERSION,
    tool: { name: 'floodgate', version: tool },
    startedAt: started_at,
    durationMs: duration_ms,
    command,
    runs,
    verdict: { ok: exit_code === 0, exitCode: exit_code, headline },
    notes: [],
  };
}

/** A run that is a batch of its own is both. @throws FloodgateError `history-unknown` */
async function entryAt(
  store: HistoryStore,
  project: string,
  prefix: string,
): Promise<{ readonly batch: BatchRow | undefined; readonly run: RunRow | undefined }> {
  const hint = 'floodgate history list shows what there is.';
  const isPrefix = /^[0-9a-f]{1,16}$/.test(prefix);
  const { batches, runs } = isPrefix ? await store.find(project, prefix) : { batches: [], runs: [] };
  const found = new Set([...batches, ...runs].map(({ id }) => id));
  const shown = printable(prefix, 60);
  if (found.size === 0)
    throw new FloodgateError('history-unknown', `nothing that begins with "${shown}" is stored`, { hint });
  if (found.size > 1) {
    throw new FloodgateError('history-unknown', `several entries begin with "${shown}": ${[...found].join(', ')}`, {
      hint: 'Give more digits.',
    });
  }
  return { batch: batches[0], run: runs[0] };
}

async function comparisonOf(store: HistoryStore, { id }: BatchRow): Promise<ComparisonReport> {
  const text = await store.body(id);
  if (text !== undefined) return checkedComparison(text, (error) => store.damaged(id, error));
  throw new FloodgateError('history-unknown', 'of this comparison only its verdict was kept', {
    hint: 'keepReports in the configuration says how many whole reports are kept.',
  });
}

function rendererOf<T extends { readonly name: string }>(all: readonly T[], format: string): T {
  const found = all.find(({ name }) => name === format);
  if (found) return found;
  throw new FloodgateError('option-invalid', `--format: there is no "${printable(format, 40)}" of it`, {
    hint: `Formats: ${[...new Set(['terminal', ...all.map(({ name }) => name)])].join(', ')}.`,
  });
}

/** Where the report itself is gone: what stays. */
async function figuresText(store: HistoryStore, runs: readonly RunRow[]): Promise<string> {
  const ids = runs.map(({ id }) => id);
  const [figures, limits] = [await store.figures(ids), await store.limits(ids)];
  const lines = runs.flatMap((run) => [
    `${verdictMark({ ok: run.exit_code === 0, exitCode: run.exit_code })} ${printable(run.scenario, 100)}, ${run.lane} lane, ${run.started_at}: ${printable(run.headline, 300)}`,
    '  The whole report was removed by the rule of retention; its figures:',
    ...figures
      .filter(({ run_id }) => run_id === run.id)
      .map(({ name, unit, value, note }) => {
        const limit = limits.find((each) => each.run_id === run.id && each.name === name);
        const shown = value === null ? `not measured: ${printable(note, 120)}` : formatValue(value, unit as Unit);
        return `  ${name.padEnd(28)} ${shown}${limit ? `  (limit ${formatValue(limit.limit_value, unit as Unit)})` : ''}`;
      }),
  ]);
  return `${lines.join('\n')}\n`;
}

/** A report from a folder: a comparison's where it has one. @throws FloodgateError `report-missing` */
export function readStorable(folder: string): Report | ComparisonReport {
  const file = path.join(folder, 'comparison.json');
  if (!existsSync(folder) || !statSync(folder).isDirectory() || !existsSync(file)) return readReportFolder(folder);
  return checkedComparison(readOperatorFile(file).toString('utf8'), (cause) => {
    const why = `${file} is no comparison of floodgate: ${(cause as Error).message}`;
    return new FloodgateError('report-missing', why, { hint: 'Give the folder of a comparison.', cause });
  });
}

function checkedComparison(json: string, fault: (cause: unknown) => FloodgateError): ComparisonReport {
  try {
    const report = readComparison(json);
    if (!Number.isNaN(Date.parse(report.startedAt))) return report;
    throw new Error(`"${printable(report.startedAt, 40)}" is no time`);
  } catch (error) {
    throw fault(error);
  }
}
