/** The verdict for a person at a terminal: pass or fail first, then why, in as few lines as will do. Pure. */
import { counted } from './counted.ts';
import {
  excerptTitle,
  formatActual,
  formatBar,
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
  standsOut,
  stateMark,
  verdictMark,
  verdictWord,
} from './format.ts';
import {
  type BudgetResult,
  findColumn,
  type Report,
  type RetainedClass,
  type RunReport,
  runsOf,
  type Spike,
} from './model.ts';

export interface TerminalOptions {
  /** Escape sequences for colour; the entry file decides by TTY and NO_COLOR. @default false */
  readonly colour?: boolean;
  /** Columns to keep within. @default 100 */
  readonly columns?: number;
  /** Breaks longer lines between words: for a terminal, which breaks them anywhere, and not for who searches in them. @default false */
  readonly wraps?: boolean;
}

type Paint = (text: string) => string;

interface Palette {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
}

function paletteOf(colour: boolean): Palette {
  const paint =
    (code: string): Paint =>
    (text) =>
      colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  return { good: paint('1;32'), bad: paint('1;31'), warn: paint('33'), dim: paint('2'), bold: paint('1') };
}

/** A report as lines for a terminal, ending in a newline. */
export function renderTerminal(report: Report, options: TerminalOptions = {}): string {
  const palette = paletteOf(options.colour ?? false);
  const columns = Math.max(60, options.columns ?? 100);
  const lines = runsOf(report).flatMap((run) => [...runLines(run, palette, columns), '']);
  if (report.kind === 'gate') {
    for (const note of report.notes) lines.push(`  ${noteLine(note, palette)}`);
    lines.push(...gateLines(report.runs, palette));
    lines.push(
      verdictLine(
        report.verdict,
        'gate',
        palette,
        `${counted(report.runs.length, 'scenario')}, ${formatDuration(report.durationMs)}`,
      ),
    );
  }
  while (lines.at(-1) === '') lines.pop();
  const shown = options.wraps ? lines.flatMap((line) => wrapped(line, columns)) : lines;
  return `${shown.join('\n')}\n`;
}

const colourPattern = /\u001b\[[0-9;]*m/g;

/** A line in pieces of so many columns, the later ones indented below it. Colours take no room. */
function wrapped(line: string, columns: number): string[] {
  const width = (text: string) => text.replaceAll(colourPattern, '').length;
  const plain = line.replaceAll(colourPattern, '');
  // What is to be copied stays whole.
  if (plain.length <= columns || plain.startsWith('  again:')) return [line];
  const indent = ' '.repeat((/^ */.exec(plain)?.[0].length ?? 0) + 4);
  const pieces: string[] = [];
  let piece = '';
  for (const word of line.split(/(?<=\S)(?= )/)) {
    if (piece.trim() !== '' && width(piece) + width(word) > columns) {
      pieces.push(piece);
      piece = indent + word.trimStart();
    } else piece += word;
  }
  pieces.push(piece);
  return pieces;
}

function verdictLine(verdict: RunReport['verdict'], name: string, palette: Palette, detail: string): string {
  const text = verdictWord(verdict);
  const word = paintOf(verdict, palette)(` ${text} `);
  return `${word} ${palette.bold(printable(name, 80))}  ${printable(verdict.headline, 400)}  ${palette.dim(`(${detail})`)}`;
}

function paintOf({ ok, exitCode }: RunReport['verdict'], palette: Palette): Paint {
  return ok ? palette.good : exitCode === 4 ? palette.warn : palette.bad;
}

function statePaint(state: BudgetResult['state'], palette: Palette): Paint {
  return state === 'pass' ? palette.good : state === 'over' ? palette.bad : palette.warn;
}

function runLines(run: RunReport, palette: Palette, columns: number): string[] {
  const lines = [
    verdictLine(
      run.verdict,
      run.scenario.name,
      palette,
      `${run.lane === 'load' ? '' : `${run.lane} lane, `}${formatDuration(run.durationMs)}`,
    ),
  ];
  if (run.target.stages !== '') lines.push(`  ${palette.dim(printable(run.target.stages, 80))}`);
  else if (run.target.runtime !== '') lines.push(`  ${palette.dim(`on ${printable(run.target.runtime, 80)}`)}`);
  if (run.partial) lines.push(`  ${palette.warn('partial: the run was cut short')}`);
  const rss = findColumn(run, 'rss');
  if (rss) {
    const values = rss.column.values.filter((value) => value !== null);
    const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, 0]);
    const line = sparkLine(rss.table.tMs, rss.column.values, Math.min(60, columns - 40));
    if (line) lines.push(`  RSS ${line} ${palette.dim(`${formatBytes(low)} – ${formatBytes(high)}`)}`);
  }
  const nameWidth = Math.max(...run.budgets.map((budget) => printable(budget.name, 40).length), 0);
  const barCells = columns < wideColumns ? 12 : 20;
  for (const budget of run.budgets) lines.push(`  ${budgetLine(budget, nameWidth, barCells, palette)}`);
  const shown = new Set(run.spikes.toSorted((a, b) => b.heightBytes - a.heightBytes).slice(0, spikesShown));
  run.spikes.forEach((spike, i) => void (shown.has(spike) && lines.push(...spikeLines(spike, i + 1, palette))));
  const others = run.spikes.length - shown.size;
  if (others > 0) lines.push(`  ${palette.dim(`${formatCount(others)} lower spikes are in the report`)}`);
  lines.push(...familyLines(run, palette), ...deliveryLines(run, palette));
  const cost = costLine(run);
  if (cost !== '') lines.push(`  ${palette.dim(cost)}`);
  for (const note of run.notes) lines.push(`  ${noteLine(note, palette)}`);
  if (!run.verdict.ok) lines.push(`  ${palette.dim('again:')} ${printable(run.command)}`);
  return lines;
}

/** The highest ones; all of them are in report.html. */
const spikesShown = 5;

/** What looking cost, where there was more than one pass. */
function costLine({ passes }: RunReport): string {
  if (passes.length < 2) return '';
  const costs = passes
    .filter(({ overheadShare }) => overheadShare !== null)
    .map(({ kind, overheadShare }) => `${kind} ${formatDifference(overheadShare!, 'share')} CPU`);
  return costs.length === 0 ? '' : `cost of looking: ${costs.join(', ')}`;
}

function noteLine(note: RunReport['notes'][number], palette: Palette): string {
  return note.severity === 'warning'
    ? palette.warn(`warning: ${printable(note.text)}`)
    : palette.dim(`note: ${printable(note.text)}`);
}

/** Narrower terminals have shorter bars, so that a row stays one line. */
const wideColumns = 90;

function budgetLine(budget: BudgetResult, nameWidth: number, barCells: number, palette: Palette): string {
  const name = printable(budget.name, 40).padEnd(nameWidth);
  const paint = statePaint(budget.state, palette);
  const mark = paint(stateMark(budget.state));
  const actual = formatActual(budget).padStart(12);
  const limit = `${budget.bound === 'max' ? '≤' : '≥'} ${formatValue(budget.limit, budget.unit)}`.padEnd(12);
  const used = usedShare(budget);
  const bar = used === null ? '' : `${paint(formatBar(used, barCells))} ${formatShare(used)}`;
  const note = budget.note === '' ? '' : palette.dim(`  ${printable(budget.note, 200)}`);
  return `${mark} ${name} ${actual} ${limit} ${bar}${note}`.trimEnd();
}

/** How much of a limit is used; null where that has no meaning (a limit of zero, a minimum, nothing measured). */
export function usedShare(budget: BudgetResult): number | null {
  return budget.actual === null || budget.limit <= 0 || budget.bound === 'min' ? null : budget.actual / budget.limit;
}

function spikeLines(spike: Spike, number: number, palette: Palette): string[] {
  const back = formatRecovery(spike);
  const span = `${formatDuration(spike.startMs)} – ${formatDuration(spike.topMs)}`;
  const height = palette.bold(formatHeight(spike));
  const frames = spike.frames ? `, frames ${formatCount(spike.frames.first)}–${formatCount(spike.frames.last)}` : '';
  const lines = [`  spike ${number}: ${height} in ${span}, ${spike.cause}, ${back}${frames}`];
  if (spike.causeDetail) lines.push(`    ${palette.dim(printable(spike.causeDetail, 300))}`);
  const [part] = spike.parts;
  if (part && spike.suspects.length > 0 && !standsOut(spike)) {
    lines.push(
      `    suspect: none stands out; ${formatShare(part.bytes / spike.heightBytes)} is ${printable(part.name, 160)}`,
    );
  }
  spike.suspects.slice(0, 3).forEach((suspect, i) => {
    const error = suspect.errorShare > 0 ? ` ±${formatShare(suspect.errorShare)}` : '';
    const figures = `${formatDifference(suspect.selfBytes, 'bytes')}${error} ${suspect.where}, ${formatShare(suspect.share)}`;
    const site = formatSite(suspect);
    const first = standsOut(spike) ? `suspect: ${palette.bold(site)}` : `largest: ${site}`;
    lines.push(`    ${i === 0 ? first : `then:    ${site}`}  ${palette.dim(figures)}`);
  });
  const known = formatKnown(spike);
  if (known !== '') lines.push(`    ${palette.dim(known)}`);
  if (spike.commonCaller) {
    lines.push(
      `    under:   ${formatSite(spike.commonCaller)}  ${palette.dim(`made ${formatShare(spike.commonCaller.share)} of it with what it called`)}`,
    );
  }
  const [stream] = spike.streams;
  if (stream) lines.push(`    packets: ${printable(formatStream(stream), 240)}${moreOf(spike.streams.length)}`);
  if (spike.lines) lines.push(`    lines:   ${printable(spike.lines.functionName, 80)}: ${formatLines(spike.lines)}`);
  if (spike.keeper) lines.push(`    keeper:  ${formatKeeper(spike.keeper)}`);
  for (const excerpt of spike.sources) {
    lines.push(
      `    ${palette.dim(excerptTitle(excerpt))}`,
      ...formatExcerpt(excerpt).map((line) => `      ${palette.dim(line)}`),
    );
  }
  const retained = spike.keeper ? undefined : heaviestNew(spike);
  if (retained) {
    const figures = `${formatDifference(retained.retainedBytesAdded, 'bytes')} retained, ${formatDifference(retained.countAdded, 'count')} objects`;
    const path = retained.retainingPath
      .slice(-pathSteps)
      .map((step) => printable(step, 60))
      .join(' → ');
    lines.push(`    kept:    ${printable(retained.className, 80)}  ${palette.dim(`${figures}; ${path}`)}`);
  }
  return lines;
}

/** Of the way from the roots, the last steps: the first ones are the same for everything. */
const pathSteps = 6;

/** Among the classes of which there are more now, the one whose objects themselves weigh most. */
function heaviestNew({ retained }: Spike): RetainedClass | undefined {
  return retained.filter((each) => each.countAdded > 0).sort((a, b) => b.selfBytesAdded - a.selfBytesAdded)[0];
}

function moreOf(count: number): string {
  return count > 1 ? ` (and ${formatCount(count - 1)} more streams)` : '';
}

const familyShown = 4;

/** Threads and processes that the target started, the largest first. */
function familyLines({ family }: RunReport, palette: Palette): string[] {
  if (!family || family.threads.length + family.processes.length === 0) return [];
  const threads = family.threads.toSorted((a, b) => (b.heapMaxBytes ?? 0) - (a.heapMaxBytes ?? 0));
  const processes = family.processes.toSorted((a, b) => (b.rssMaxBytes ?? 0) - (a.rssMaxBytes ?? 0));
  const rows = [
    ...processes.slice(0, familyShown).map(({ pid, command, rssMaxBytes, note }) => {
      const figure = rssMaxBytes === null ? note : `RSS ${formatBytes(rssMaxBytes)} at most`;
      return `process ${pid} ${printable(command, 120)}: ${printable(figure, 120)}`;
    }),
    ...threads.slice(0, familyShown).map(({ id, name, heapMaxBytes, note }) => {
      const figure = heapMaxBytes === null ? note : `heap ${formatBytes(heapMaxBytes)} at most`;
      return `thread ${id} ${printable(name, 80)}: ${printable(figure, 120)}`;
    }),
  ];
  const counts = [
    ...(processes.length > 0 ? [`${formatCount(processes.length)} processes`] : []),
    ...(threads.length > 0 ? [`${formatCount(threads.length)} worker threads`] : []),
  ].join(' and ');
  const tree =
    family.treeMaxBytes === null ? '' : `, with it ${formatBytes(family.treeMaxBytes)} at most (shared pages once)`;
  return [`  started ${counts}${tree}`, ...rows.map((row) => `    ${palette.dim(row)}`)];
}

function deliveryLines(run: RunReport, palette: Palette): string[] {
  const lines: string[] = [];
  const { ledger, messages } = run;
  if (ledger) {
    const text = `delivered ${formatCount(ledger.framesDelivered)} of ${formatCount(ledger.framesSent)} frames (${formatBytes(ledger.bytesDelivered)}), ${formatDropped(ledger)}`;
    lines.push(`  ${ledger.ok ? palette.dim(text) : palette.bad(text)}`);
  }
  if (messages) {
    const { found, truth } = messages;
    const text = `found ${formatFound(found.requests, truth.requests, 'requests')}, ${formatFound(found.responses, truth.responses, 'responses')}`;
    const ok = found.requests >= truth.requests && found.responses >= truth.responses;
    lines.push(`  ${ok ? palette.dim(text) : palette.warn(text)}`);
  }
  if (run.exchanges) {
    const text = formatExchanges(run.exchanges);
    lines.push(`  ${run.exchanges.missing === 0 ? palette.dim(text) : palette.bad(text)}`);
  }
  return lines;
}

function gateLines(runs: readonly RunReport[], palette: Palette): string[] {
  return runs.map((run) => {
    const named = (...states: BudgetResult['state'][]) =>
      run.budgets.filter(({ state }) => states.includes(state)).map(({ name }) => printable(name, 40));
    const lists = { over: named('over'), waived: named('waived'), 'not known': named('undecided', 'notMeasured') };
    const words = Object.entries(lists).map(([word, names]) =>
      names.length > 0 ? `  ${word}: ${names.join(', ')}` : '',
    );
    const mark = paintOf(run.verdict, palette)(verdictMark(run.verdict));
    return `  ${mark} ${printable(run.scenario.name, 60)}${words.join('')}`;
  });
}
