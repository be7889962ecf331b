/** `floodgate report`: renders a run again from its JSON. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Command, Option } from 'commander';
import { FloodgateError } from '../../agent/errors.ts';
import type { ComparisonReport } from '../../reports/comparison.ts';
import { comparisonReporters } from '../../reports/comparison-reporter.ts';
import { renderComparisonTerminal } from '../../reports/comparison-terminal.ts';
import type { Report } from '../../reports/model.ts';
import { readAnyReport } from '../../reports/report-reader.ts';
import { reporters } from '../../reports/reporter.ts';
import { exitCodesLine } from '../metrics/exit-codes.ts';
import { limitsOf } from '../metrics/limits.ts';
import { judgeAgain } from '../report/judge-again.ts';
import { readComparisonAt, refuseComparison } from './comparison-folder.ts';
import { readOperatorFile } from './operator-file.ts';
import { takesColour, textForOutput } from './print-report.ts';
import { repeated } from './repeated-option.ts';

const examples = `
Examples:
  floodgate report                                the latest run, for the terminal
  floodgate report runs/latest --format markdown  for a pull request
  floodgate report runs/latest --format html > report.html
  floodgate report compared --format sarif        of a comparison also: sarif, bencher, annotations
  floodgate report runs/latest --budget rss.p99=100MB   judged again, by another limit

With --budget it ends as a run does.
${exitCodesLine}`;

export function addReportCommand(command: Command): void {
  command
    .description(
      'Renders the report of a run, a gate or a comparison again from its JSON, on standard output; with --budget, judges a run again.',
    )
    .argument('[dir]', 'folder of a run, a gate or a comparison', 'runs/latest')
    .addOption(new Option('--format <format>', 'what to render').choices(formats).default('terminal'))
    .option('--budget <name=value>', 'replaces or adds a limit; may be repeated', repeated)
    .addHelpText('after', examples)
    .action((folder: string, flags: { readonly format: string; readonly budget?: readonly string[] }) => {
      const comparison = readComparisonAt(folder);
      if (comparison) {
        renderComparison(comparison, folder, flags);
        return;
      }
      const limits = flags.budget && limitsOf(flags.budget);
      const found = readReportFolder(folder);
      const report = limits ? judgeAgain(found, limits) : found;
      process.stdout.write(
        flags.format === 'terminal' ? textForOutput(report) : reporterOf(flags.format, folder).render(report),
      );
      if (limits) process.exitCode = report.verdict.exitCode;
    });
}

const formats = [...new Set([...reporters, ...comparisonReporters].map(({ name }) => name))];

/** @throws FloodgateError `option-invalid` for a format that comparisons alone have */
function reporterOf(format: string, folder: string) {
  const found = reporters.find(({ name }) => name === format);
  if (found) return found;
  throw new FloodgateError('option-invalid', `--format ${format} is for comparisons, and ${folder} is none`, {
    hint: `Of a run: ${reporters.map(({ name }) => name).join(', ')}.`,
  });
}

function renderComparison(
  report: ComparisonReport,
  folder: string,
  { format, budget }: { readonly format: string; readonly budget?: readonly string[] },
): void {
  if (budget !== undefined) {
    throw new FloodgateError('option-invalid', `--budget is for runs, and ${folder} is a comparison`, {
      hint: 'A comparison is judged by thresholds: floodgate compare --threshold METRIC=SHARE.',
    });
  }
  process.stdout.write(
    format === 'terminal'
      ? renderComparisonTerminal(report, { colour: takesColour(), all: false })
      : comparisonReporters.find(({ name }) => name === format)!.render(report),
  );
}

/** The report in a run's folder (or a report's JSON itself). @throws FloodgateError `report-missing` */
export function readReportFolder(folder: string): Report {
  refuseComparison(folder);
  const isFolder = existsSync(folder) && statSync(folder).isDirectory();
  const file = isFolder ? path.join(folder, 'report.json') : folder;
  let text: string;
  try {
    text = readOperatorFile(file).toString('utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? `there is no ${file}` : `cannot read ${file}: ${message}`;
    throw new FloodgateError('report-missing', why, {
      hint: isFolder
        ? 'A run that was killed leaves no report: run it again, or give the folder of another.'
        : 'Give the folder of a run, e.g. runs/latest.',
      cause: error,
    });
  }
  try {
    return readAnyReport(text);
  } catch (error) {
    const why = text === '' ? 'it is empty' : (error as Error).message;
    throw new FloodgateError('report-missing', `${file} is no report of floodgate: ${why}`, {
      hint: why.includes('newer version')
        ? 'Update floodgate, or render it with the version that wrote it.'
        : 'Give the folder of a run, e.g. runs/latest; a capture file is replayed by floodgate run FILE.',
      cause: error,
    });
  }
}
