/** A comparison as a pull request's comment: verdict, table with errors, what to type. A hidden mark finds it again. Pure. */
import { type ComparedMetric, type ComparisonReport, judgedMetrics } from './comparison.ts';
import { formatChange, formatSiteChange } from './comparison-sentence.ts';
import { formatDuration, formatShare, formatSite, formatValue, printable } from './format.ts';

/** In the first line of the comment; whoever updates it looks for this. */
export const commentMark = '<!-- floodgate-compare -->';

const signs = { worse: '❌', within: '✅', undecided: '❔', notMeasured: '❔', shown: '' } as const;
const words = {
  worse: 'worse',
  within: 'within',
  undecided: 'undecided',
  notMeasured: 'not measured',
  shown: 'shown, not judged',
} as const;

export function renderComparisonMarkdown(report: ComparisonReport): string {
  const sign = report.verdict.ok ? '✅' : report.verdict.exitCode === 1 ? '❌' : '❔';
  const lines = [commentMark, `### ${sign} ${escaped(report.verdict.headline)}`, ''];
  for (const scenario of report.scenarios) {
    lines.push(`**${escaped(scenario.name)}**, ${scenario.lane} lane, ${scenario.pairs} interleaved pairs`, '');
    lines.push(...tableOf(judgedMetrics(scenario)), '');
    for (const site of scenario.sites) {
      lines.push(`- ${escaped(formatSite(site))} **${escaped(formatSiteChange(site))}** a request`);
    }
    if (scenario.sites.length > 0) lines.push('');
    const others = scenario.metrics.filter(({ decision }) => decision === 'shown');
    if (others.length > 0) {
      lines.push(
        `<details><summary>${others.length} more figures, not judged</summary>`,
        '',
        ...tableOf(others),
        '',
        '</details>',
        '',
      );
    }
    for (const note of scenario.notes) lines.push(`- ${note.severity}: ${escaped(note.text)}`);
  }
  lines.push(
    `Base \`${printable(report.base.commit ?? report.base.label).replaceAll('`', '')}\`, head \`${printable(report.head.commit ?? report.head.label).replaceAll('`', '')}\`; ` +
      `${formatDuration(report.durationMs)} on one machine, in pairs; a verdict is wrong in at most ${formatShare(report.errorRate)} of cases. Again:`,
    '',
    '```sh',
    printable(report.command).replaceAll('```', ''),
    '```',
  );
  return `${lines.join('\n').replaceAll(/\n{3,}/g, '\n\n')}\n`;
}

function tableOf(metrics: readonly ComparedMetric[]): string[] {
  const lines = [
    '| | Metric | Base | Head | Change | Between | Limit | Would have been seen |',
    '|---|---|--:|--:|--:|---|--:|--:|',
  ];
  for (const metric of metrics) {
    const value = (each: number | null) => (each === null ? '–' : formatValue(each, metric.unit));
    const between =
      metric.changeLow === null || metric.changeHigh === null
        ? ''
        : `${formatChange(metric.changeLow)} … ${formatChange(metric.changeHigh)}`;
    const cells = [
      `${signs[metric.decision]} ${words[metric.decision]}`.trim(),
      `\`${escaped(metric.name)}\``,
      value(metric.baseMedian),
      value(metric.headMedian),
      formatChange(metric.change),
      between,
      metric.threshold === null ? '' : `+${formatShare(metric.threshold)}`,
      metric.detectable === null ? '' : `≥ ${formatChange(metric.detectable)}`,
    ];
    lines.push(`| ${cells.join(' | ')} |`);
    if (metric.note !== '') lines.push(`| | ${escaped(metric.note)} | | | | | | |`);
  }
  return lines;
}

/** Text from a project or a target is data, never markup. */
function escaped(text: string): string {
  return printable(text).replaceAll(/[\\`*_{}[\]<>()#+!|~@&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
