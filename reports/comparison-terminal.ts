/** A comparison as text for a terminal: the verdict in three lines, then a table a scenario. Pure. */
import {
  type ComparedMetric,
  type ComparedScenario,
  type ComparisonReport,
  judgedMetrics,
  shownMetrics,
} from './comparison.ts';
import {
  formatDetectable,
  formatInterval,
  formatLimit,
  formatMedian,
  formatMetricChange,
  formatOrigin,
  formatSiteChange,
  shownSource,
} from './comparison-sentence.ts';
import { counted } from './counted.ts';
import { formatDuration, formatExcerpt, formatShare, formatSite, printable } from './format.ts';

export interface ComparisonTerminalOptions {
  readonly colour: boolean;
  /** Shows the metrics without a threshold too. */
  readonly all: boolean;
}

const words = {
  worse: 'WORSE',
  within: 'within',
  undecided: 'undecided',
  notMeasured: 'not measured',
  shown: '',
} as const;
const colours = { worse: 31, within: 32, undecided: 33, notMeasured: 33, shown: 0 } as const;

export function renderComparisonTerminal(report: ComparisonReport, options: ComparisonTerminalOptions): string {
  const paint = (text: string, colour: number) =>
    options.colour && colour > 0 ? `\u001b[${colour}m${text}\u001b[0m` : text;
  const pairs = report.scenarios.reduce((sum, each) => sum + each.pairs, 0);
  const lines = [
    paint(printable(report.verdict.headline), report.verdict.ok ? 32 : report.verdict.exitCode === 1 ? 31 : 33),
    `base ${describe(report.base)}   head ${describe(report.head)}`,
    pairs > 0 && report.verdict.exitCode === 3
      ? `${counted(pairs, 'interleaved pair')} in ${formatDuration(report.durationMs)}, until it was interrupted`
      : pairs > 0
        ? `${counted(pairs, 'interleaved pair')} in ${formatDuration(report.durationMs)}; a verdict is wrong in at most ${formatShare(report.errorRate)} of cases`
        : `no scenario was compared to its end, in ${formatDuration(report.durationMs)}`,
  ];
  for (const { details } of report.failures ?? [])
    if (details !== '') lines.push('', ...details.split('\n').map((line) => `  ${printable(line)}`));
  for (const scenario of report.scenarios) lines.push('', ...scenarioLines(scenario, options, paint));
  return `${lines.join('\n')}\n`;
}

function describe({ label, commit, dirty, package: named }: ComparisonReport['base']): string {
  if (named !== null && !label.endsWith(named)) return `${printable(label)} (${printable(named)})`;
  const id = commit === null ? '' : ` (${commit.slice(0, 10)}${dirty ? ', with changes' : ''})`;
  return printable(label) + id;
}

function scenarioLines(
  scenario: ComparedScenario,
  options: ComparisonTerminalOptions,
  paint: (text: string, colour: number) => string,
): string[] {
  const method =
    scenario.method === 'numbers'
      ? 'repeats agree, numbers compared'
      : `${counted(scenario.pairs, 'pair')}, change and interval of their ratios`;
  const lines = [`${printable(scenario.name)} (${scenario.lane} lane, ${method})`];
  const metrics = options.all ? [...judgedMetrics(scenario), ...shownMetrics(scenario)] : judgedMetrics(scenario);
  const rows = metrics.map((metric) => ({ metric, cells: cellsOf(metric) }));
  const widths = headings.map((heading, at) => Math.max(heading.length, ...rows.map(({ cells }) => cells[at]!.length)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ')}`.trimEnd();
  lines.push(line(headings));
  for (const { metric, cells } of rows) {
    lines.push(`${line(cells)}  ${paint(words[metric.decision], colours[metric.decision])}`.trimEnd());
    const hint = hintOf(metric);
    if (hint !== '') lines.push(`    ${hint}`);
  }
  if (scenario.sites.length > 0) lines.push('  by call site, a request:');
  for (const site of scenario.sites)
    lines.push(`    ${formatSite(site)} ${formatSiteChange(site)}${formatOrigin(site)}`);
  const first = shownSource(scenario);
  if (first) lines.push(...formatExcerpt(first).map((line) => `      ${line}`.trimEnd()));
  for (const note of scenario.notes) lines.push(`  ${note.severity}: ${printable(note.text)}`);
  return lines;
}

const headings = ['metric', 'base', 'head', 'change', 'limit'] as const;

function cellsOf(metric: ComparedMetric): string[] {
  return [
    printable(metric.name),
    formatMedian(metric.baseMedian, metric.unit),
    formatMedian(metric.headMedian, metric.unit),
    formatMetricChange(metric),
    formatLimit(metric),
  ];
}

function hintOf(metric: ComparedMetric): string {
  if (metric.decision === 'shown') return '';
  const parts: string[] = [];
  const interval = formatInterval(metric);
  if (interval !== '') parts.push(`between ${interval.replace(' … ', ' and ')}`);
  const seen = formatDetectable(metric);
  if (seen !== '') parts.push(`a change of ${seen} would have been seen`);
  if (metric.note !== '') parts.push(printable(metric.note));
  return parts.join('; ');
}
