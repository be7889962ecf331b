/** The report as Markdown, for a pull request's comment or a job's summary. Pure. */
import {
  escapeHtml,
  excerptTitle,
  formatActual,
  formatBytes,
  formatCount,
  formatDifference,
  formatDropped,
  formatDuration,
  formatExcerpt,
  formatExchanges,
  formatFound,
  formatHeight,
  formatKeeper,
  formatKnown,
  formatLines,
  formatRecovery,
  formatShare,
  formatSite,
  formatStream,
  formatValue,
  printable,
  sparkLine,
} from './format.ts';
import {
  type BudgetState,
  findColumn,
  type Report,
  type RunReport,
  runsOf,
  type SourceExcerpt,
  type Spike,
  type Verdict,
} from './model.ts';

/** A report as GitHub-flavoured Markdown. */
export function renderMarkdown(report: Report): string {
  const lines: string[] = [];
  if (report.kind === 'gate') {
    lines.push(`# ${mark(report.verdict)} ${escaped(report.verdict.headline)}`, '');
    lines.push(
      ...table(
        ['Scenario', 'Verdict', 'Time'],
        report.runs.map((run) => [
          escaped(run.scenario.name),
          `${mark(run.verdict)} ${escaped(run.verdict.headline)}`,
          formatDuration(run.durationMs),
        ]),
      ),
    );
    lines.push(...report.notes.map((note) => `- ${note.severity}: ${escaped(note.text)}`), '');
  }
  for (const run of runsOf(report)) lines.push(...runLines(run, report.kind === 'gate' ? '##' : '#'));
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;
}

export const mark = ({ ok, exitCode }: Verdict) => (ok ? '✅' : exitCode === 4 ? '❔' : '❌');
const budgetMarks: Readonly<Record<BudgetState, string>> = {
  pass: '✅',
  over: '❌',
  waived: '⚠️',
  undecided: '❔',
  notMeasured: '❔',
};
const budgetMark = (state: BudgetState) => budgetMarks[state];

function runLines(run: RunReport, level: string): string[] {
  const lines = [`${level} ${mark(run.verdict)} ${escaped(run.scenario.name)}: ${escaped(run.verdict.headline)}`, ''];
  if (run.target.stages !== '') lines.push(escaped(run.target.stages), '');
  if (run.partial) lines.push('**Partial: the run was cut short.**', '');
  const rss = findColumn(run, 'rss');
  if (rss) lines.push(`RSS ${sparkLine(rss.table.tMs, rss.column.values, 60)}`, '');
  if (run.budgets.length > 0) {
    lines.push(
      ...table(
        ['', 'Budget', 'Actual', 'Limit', 'Note'],
        run.budgets.map((budget) => [
          budgetMark(budget.state),
          escaped(budget.name),
          formatActual(budget),
          `${budget.bound === 'max' ? '≤' : '≥'} ${formatValue(budget.limit, budget.unit)}`,
          escaped(budget.note),
        ]),
      ),
    );
  }
  run.spikes.forEach((spike, i) => void lines.push(...spikeLines(spike, i + 1, `${level}#`)));
  lines.push(...deliveryLines(run));
  lines.push(...run.notes.map((note) => `- ${note.severity}: ${escaped(note.text)}`), '');
  const { environment } = run;
  lines.push(
    `${targetWords(run.target)}, ${escaped(environment.platform)} ${escaped(environment.kernel)}, ${escaped(environment.cpu)}, ${environment.cores} cores. Again:`,
    '',
    ...codeBlock(run.command),
    '',
  );
  return lines;
}

/** With what it runs on, as far as it said so. */
function targetWords({ name, version, runtime }: RunReport['target']): string {
  return `${escaped(name)}${version ? ` ${escaped(version)}` : ''}${runtime ? ` on ${escaped(runtime)}` : ''}`;
}

function spikeLines(spike: Spike, number: number, level: string): string[] {
  const back = formatRecovery(spike);
  const lines = [
    `${level} Spike ${number}: ${formatHeight(spike)}, ${spike.cause}`,
    '',
    `${formatDuration(spike.startMs)} – ${formatDuration(spike.topMs)}, ${back}. ${escaped(spike.causeDetail)}`,
    '',
  ];
  if (spike.frames) lines.push(`Frames ${formatCount(spike.frames.first)}–${formatCount(spike.frames.last)}.`, '');
  if (spike.streams.length > 0) {
    lines.push(...spike.streams.slice(0, 5).map((stream) => `- ${escaped(formatStream(stream))}`), '');
  }
  if (spike.keeper) lines.push(`Kept by ${escaped(formatKeeper(spike.keeper))}.`, '');
  if (spike.commonCaller) lines.push(`Made under ${escaped(formatSite(spike.commonCaller))}.`, '');
  if (spike.lines) lines.push(`Lines of ${escaped(spike.lines.functionName)}: ${formatLines(spike.lines)}.`, '');
  for (const excerpt of spike.sources) lines.push(`${escaped(excerptTitle(excerpt))}`, '', ...fenced(excerpt), '');
  if (spike.parts.length > 0) {
    const known = formatKnown(spike);
    const named = known === '' ? '' : ` (${known})`;
    lines.push(
      ...table(
        [`What it is made of${named}`, 'Bytes', 'Share'],
        spike.parts
          .slice(0, 10)
          .map((part) => [
            escaped(part.name),
            formatBytes(part.bytes),
            formatShare(part.bytes / Math.max(1, spike.heightBytes)),
          ]),
      ),
    );
  }
  if (spike.suspects.length > 0) {
    lines.push(
      ...table(
        ['Suspect', 'Added', 'With callees', 'Share', 'Where'],
        spike.suspects
          .slice(0, 10)
          .map((suspect) => [
            escaped(formatSite(suspect)),
            `${formatDifference(suspect.selfBytes, 'bytes')}${suspect.errorShare > 0 ? ` ±${formatShare(suspect.errorShare)}` : ''}`,
            formatBytes(suspect.totalBytes),
            formatShare(suspect.share),
            suspect.where,
          ]),
      ),
    );
  }
  if (spike.retained.length > 0) {
    lines.push(
      ...table(
        ['Class', 'Objects added', 'Retained', 'Kept by'],
        spike.retained
          .slice(0, 10)
          .map((each) => [
            escaped(each.className),
            formatCount(each.countAdded),
            formatDifference(each.retainedBytesAdded, 'bytes'),
            each.retainingPath.map(escaped).join(' → '),
          ]),
      ),
    );
  }
  return lines;
}

/** As HTML, in which everything can be escaped: a fence of Markdown ends where a source says so. */
export function fenced(excerpt: SourceExcerpt): string[] {
  return [`<pre>${formatExcerpt(excerpt).map(escapeHtml).join('\n')}</pre>`];
}

function deliveryLines({ ledger, messages, exchanges }: RunReport): string[] {
  const lines: string[] = [];
  if (ledger)
    lines.push(
      `- delivered ${formatCount(ledger.framesDelivered)} of ${formatCount(ledger.framesSent)} frames (${formatBytes(ledger.bytesDelivered)}), ${formatDropped(ledger)}`,
    );
  if (messages)
    lines.push(
      `- found ${formatFound(messages.found.requests, messages.truth.requests, 'requests')} and ${formatFound(messages.found.responses, messages.truth.responses, 'responses')}`,
    );
  if (exchanges) lines.push(`- ${escaped(formatExchanges(exchanges))}`);
  return lines;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map(() => '---')), ...rows.map(row), ''];
}

/** Every character that Markdown or HTML could act on is written as itself. */
export function escaped(text: string): string {
  return (
    printable(text, 500)
      .replaceAll(/[\\`*_{}[\]()#+!|~$]/g, '\\$&')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      // No notification to whoever has that name, no link to wherever it points.
      .replaceAll('@', '@\u200b')
      .replaceAll('://', ':\u200b//')
  );
}

/** A command, as a shell takes it. */
export function codeBlock(text: string): string[] {
  return fencedBlock('sh', [text]);
}

/** A fence longer than any run of backticks inside. */
export function fencedBlock(language: string, lines: readonly string[]): string[] {
  const runs = lines.flatMap((line) => [...line.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = '`'.repeat(Math.max(2, ...runs) + 1);
  return [`${fence}${language}`, ...lines.map((line) => printable(line)), fence];
}
