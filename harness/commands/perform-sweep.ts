/** A sweep as `floodgate sweep` asks for it: its grid, its cells, its table and page. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { FloodgateError } from '../../agent/errors.ts';
import { formatCount } from '../../reports/format.ts';
import type { SweepReport } from '../../reports/sweep.ts';
import { renderSweepHtml } from '../../reports/sweep-html.ts';
import { p99Words, recoveredWords, renderSweepText } from '../../reports/sweep-text.ts';
import { parseQuantity } from '../metrics/quantity.ts';
import { findScenario, isCaptureFile, isScenarioFile } from '../project/library.ts';
import { rateWords, type SweepGrid, sweep } from '../sweep/sweep.ts';
import { plainCommand } from '../target/plain-output.ts';
import { parseImpairments } from '../traffic/impairments/parse.ts';
import { probeRecording } from '../traffic/recorded-traffic.ts';
import { enterNamespace } from './enter-namespace.ts';
import { guard } from './report-folder.ts';
import { makeSearchFolder } from './search-flags.ts';
import { createSearchProgress } from './search-progress.ts';
import { openSession } from './session.ts';
import { commandLine } from './shown-words.ts';

export interface SweepFlags {
  readonly pages: string;
  readonly loss: string;
  readonly rate: string;
  readonly lane: 'tap' | 'exact';
  readonly impair?: string;
  readonly size?: string;
  readonly seed?: string;
  readonly sampleMs: string;
  readonly out?: string;
}

/** A night of runs, and a chart that can be read. */
const cellsMax = 256;

/** @returns the exit code. @throws FloodgateError */
export async function performSweep(what: string, more: readonly string[], flags: SweepFlags): Promise<number> {
  const grid = gridOf(flags);
  if (flags.impair !== undefined) parseImpairments(flags.impair);
  const scenarioText = await scenarioWith(what);
  refuseOwn(more);
  await enterNamespace(flags.lane);
  const session = await openSession();
  const { size, seed, lane, sampleMs } = flags;
  const words = [
    ...['--lane', lane, '--sample-ms', sampleMs],
    ...(size === undefined ? [] : ['--size', size]),
    ...(seed === undefined ? [] : ['--seed', seed]),
    ...more,
  ];
  const question = JSON.stringify({ what: scenarioText(1), words, impair: flags.impair ?? '' });
  const folder = makeSearchFolder('sweep', flags.out, question);
  const progress = createSearchProgress(process.stderr);
  const startMs = performance.now();
  const cells = await sweep({
    ...{ grid, scenarioText, words, folder },
    impair: flags.impair,
    signal: session.signal,
    onCell: (done, all, cell) => {
      const figures = `${recoveredWords(cell)} recovered, rss.p99 ${p99Words(cell)}`;
      progress.line(
        `${formatCount(done)} of ${formatCount(all)}: ${cell.pages} pages, loss ${cell.loss}, rate ${cell.rate}: ${figures}`,
        true,
      );
    },
  });
  progress.clear();
  const report: SweepReport = {
    ...{ kind: 'sweep', schemaVersion: 1, scenario: path.basename(what), lane, cells },
    command: await plainCommand(commandLine()),
    durationMs: performance.now() - startMs,
  };
  const text = renderSweepText(report);
  guard(folder, () => {
    writeFileSync(path.join(folder, 'sweep.json'), `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
    writeFileSync(path.join(folder, 'sweep.txt'), text, { mode: 0o600 });
    writeFileSync(path.join(folder, 'sweep.html'), renderSweepHtml(report), { mode: 0o600 });
  });
  process.stdout.write(`${text}page: ${path.relative('', path.join(folder, 'sweep.html'))}\n`);
  return cells.some(({ recovered, p99Bytes }) => recovered === null || p99Bytes === null) ? 1 : 0;
}

/** @throws FloodgateError `option-invalid` */
function gridOf({ pages, loss, rate, lane }: SweepFlags): SweepGrid {
  const list = (text: string) => [
    ...new Set(
      text
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== ''),
    ),
  ];
  const grid = {
    pages: [...new Set(list(pages).map((each) => parseQuantity(each, '--pages', 'count')))],
    losses: list(loss),
    rates: list(rate),
  };
  for (const each of grid.losses) parseQuantity(each, '--loss', 'share');
  for (const each of grid.rates) rateWords(each);
  const bad = grid.pages.find((each) => !Number.isInteger(each) || each < 1);
  if (bad !== undefined) throw invalid(`--pages: ${bad} is no number of pages`, 'Write for example --pages 500,2k,8k.');
  const cells = grid.pages.length * grid.losses.length * grid.rates.length;
  if (cells === 0) throw invalid('the grid is empty', 'Give each of --pages, --loss and --rate a value at least.');
  if (cells > cellsMax) throw invalid(`${cells} runs are more than ${cellsMax}`, 'Give shorter lists.');
  if (lane === 'exact' && grid.rates.length > 1)
    throw invalid('--rate: the exact lane has one', 'Give one rate, or --lane tap.');
  return grid;
}

function refuseOwn(more: readonly string[]): void {
  const own = more.find((word) =>
    /^--(lane|out|impair|impair-file|speed|pps|mbps|profile|topspeed|size|seed|sample-ms)(=|$)/.test(word),
  );
  if (own === undefined) return;
  throw invalid(`${own} cannot stand behind --: the sweep sets it`, 'See floodgate sweep --help for its own options.');
}

function invalid(message: string, hint: string): FloodgateError {
  return new FloodgateError('option-invalid', message, { hint });
}

/** The scenario as a file, with so many pages for the agent. @throws FloodgateError where there is none */
async function scenarioWith(what: string): Promise<(pages: number) => string> {
  const { scenario, order } = await findScenario(what);
  const first = order(scenario.seed, undefined);
  if (first.kind === 'recording') probeRecording(first.path);
  const base = isScenarioFile(what)
    ? (parse(readFileSync(what, 'utf8'), { logLevel: 'error' }) as Record<string, unknown>)
    : { name: scenario.name, ...(isCaptureFile(what) ? { capture: path.resolve(what) } : { builtin: what }) };
  const capture = typeof base.capture === 'string' ? { capture: path.resolve(path.dirname(what), base.capture) } : {};
  const agentArguments = scenario.agentArguments ?? [];
  return (pages) => stringify({ ...base, ...capture, agentArguments: [...agentArguments, '--pages', String(pages)] });
}
