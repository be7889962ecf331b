/** A comparison as a pull request's comment: verdict, table with errors, what to type. A hidden mark finds it again. Pure. */
import {
  type ComparedMetric,
  type ComparedVersion,
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
import { excerptTitle, formatDuration, formatShare, formatSite, printable } from './format.ts';
import { codeBlock, escaped, fenced, fencedBlock, mark } from './markdown.ts';

/** In the first line of the comment; whoever updates it looks for this. */
const commentMark = '<!-- floodgate-compare -->';

const signs = { worse: '❌', within: '✅', undecided: '❔', notMeasured: '❔', shown: '' } as const;
const words = {
  worse: 'worse',
  within: 'within',
  undecided: 'undecided',
  notMeasured: 'not measured',
  shown: 'shown, not judged',
} as const;

export function renderComparisonMarkdown(report: ComparisonReport): string {
  const lines = [commentMark, `### ${mark(report.verdict)} ${escaped(report.verdict.headline)}`, ''];
  for (const { message, details } of report.failures ?? []) {
    if ((report.failures?.length ?? 0) > 1) lines.push(`**${escaped(message)}**`, '');
    if (details !== '') lines.push(...fencedBlock('text', details.split('\n')), '');
  }
  for (const scenario of report.scenarios) {
    lines.push(
      `**${escaped(scenario.name)}**, ${scenario.lane} lane, ${counted(scenario.pairs, 'interleaved pair')}`,
      '',
    );
    lines.push(...tableOf(judgedMetrics(scenario)), '');
    for (const site of scenario.sites) {
      lines.push(
        `- ${escaped(formatSite(site))} **${escaped(formatSiteChange(site))}** a request${escaped(formatOrigin(site))}`,
      );
    }
    if (scenario.sites.length > 0) lines.push('');
    const first = shownSource(scenario);
    if (first) lines.push(`${escaped(excerptTitle(first))}`, '', ...fenced(first), '');
    const others = shownMetrics(scenario);
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
    // A blank line ends the list: what follows it would be part of its last item.
    if (scenario.notes.length > 0)
      lines.push(...scenario.notes.map(({ severity, text }) => `- ${severity}: ${escaped(text)}`), '');
  }
  lines.push(
    `Base ${versionOf(report.base)}, head ${versionOf(report.head)}; ` +
      `${formatDuration(report.durationMs)} on one machine${howItEnded(report)}. Again:`,
    '',
    ...codeBlock(report.command),
  );
  return `${lines.join('\n').replaceAll(/\n{3,}/g, '\n\n')}\n`;
}

function howItEnded(report: ComparisonReport): string {
  if (pairsOf(report) === 0) return '; no scenario was compared to its end';
  if (report.verdict.exitCode === 3) return ', in pairs, until it was interrupted';
  return `, in pairs; a verdict is wrong in at most ${formatShare(report.errorRate)} of cases`;
}

/** Of all scenarios. */
const pairsOf = ({ scenarios }: ComparisonReport) => scenarios.reduce((sum, { pairs }) => sum + pairs, 0);

function versionOf({ label, commit, dirty, package: named }: ComparedVersion): string {
  return `${code(commit ?? named ?? label)}${dirty ? ' with changes' : ''}`;
}

function tableOf(metrics: readonly ComparedMetric[]): string[] {
  const lines = [
    '| | Metric | Base | Head | Change | Between | Limit | Would have been seen |',
    '|---|---|--:|--:|--:|---|--:|--:|',
  ];
  for (const metric of metrics) {
    const seen = formatDetectable(metric);
    const cells = [
      `${signs[metric.decision]} ${words[metric.decision]}`.trim(),
      code(metric.name),
      formatMedian(metric.baseMedian, metric.unit),
      formatMedian(metric.headMedian, metric.unit),
      formatMetricChange(metric),
      formatInterval(metric),
      formatLimit(metric),
      seen === '' ? '' : `≥ ${seen}`,
    ];
    lines.push(`| ${cells.join(' | ')} |`);
    if (metric.note !== '') lines.push(`| | ${escaped(metric.note)} | | | | | | |`);
  }
  return lines;
}

/** Text as code, in which nothing can be escaped: what could end it, or its cell of a table, is left out. */
function code(text: string): string {
  return `\`${printable(text).replaceAll(/[`|\\]/g, '')}\``;
}
