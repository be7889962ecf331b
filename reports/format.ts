/** Units and hostile text, in one place: what a number looks like, and what a name may do to a terminal. Pure. */
import type {
  BudgetResult,
  BudgetState,
  Exchanges,
  Keeper,
  Ledger,
  LineBytes,
  SourceExcerpt,
  Spike,
  SpikeStream,
  Unit,
  Verdict,
} from './model.ts';

const SCALES = [
  { from: 1e12, name: 'T' },
  { from: 1e9, name: 'G' },
  { from: 1e6, name: 'M' },
  { from: 1e3, name: 'k' },
] as const;

/** Three significant digits, no trailing zeros behind the point that say nothing. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0);
  const text = value.toFixed(size >= 10 ? 1 : 2);
  return text.replace(/\.?0+$/, '');
}

/** Value with a decimal prefix; 999.6 goes up to the next one rather than being shown as 1000. */
function scaled(value: number, unit: string): string {
  if (!Number.isFinite(value)) return '∞';
  const size = Math.abs(value);
  for (const { from, name } of SCALES) if (size >= from * 0.9995) return `${digits(value / from)} ${name}${unit}`;
  return `${digits(value)} ${unit}`;
}

/** Bytes with decimal prefixes, as containers and the article (docs/story.md) count: 1 MB is a million bytes. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 'B');
}

/** A difference: with its sign, which is a real minus. */
export function formatDifference(value: number, unit: Unit): string {
  const text = formatValue(Math.abs(value), unit);
  return value < 0 ? `−${text}` : `+${text}`;
}

/** From microseconds to hours. */
export function formatDuration(ms: number): string {
  const size = Math.abs(ms);
  if (size >= 3_600_000) return `${Math.floor(ms / 3_600_000)} h ${Math.round((size % 3_600_000) / 60_000)} min`;
  if (size >= 120_000) return `${Math.floor(ms / 60_000)} min ${Math.round((size % 60_000) / 1000)} s`;
  if (size >= 1000) return `${digits(ms / 1000)} s`;
  if (size >= 1 || size === 0) return `${digits(ms)} ms`;
  return `${digits(ms * 1000)} µs`;
}

/** From here on nobody reads a share as one. */
const sharesAtMost = 1_000;

/** A share of one as per cent. */
export function formatShare(share: number): string {
  if (share >= sharesAtMost) return Number.isFinite(share) ? `×${formatCount(Math.round(share))}` : '∞';
  const percent = share * 100;
  return `${Math.abs(percent) > 0 && Math.abs(percent) < 0.1 ? percent.toPrecision(1) : digits(percent)} %`;
}

/** What was found of what had to be: what is beyond it counts for nothing. */
export function formatFound(found: number, wanted: number, kind: string): string {
  const of = `${formatCount(Math.min(found, wanted))} of ${formatCount(wanted)} ${kind}`;
  const more = found - wanted;
  if (more <= 0) return of;
  return `${of} (and ${formatCount(more)} more: ${kind === 'responses' ? 'interim answers, ' : ''}damaged ones, or others that may be found)`;
}

/** Whole numbers with thin groups of thousands. */
export function formatCount(count: number): string {
  if (!Number.isInteger(count)) return Math.abs(count) >= 1000 ? scaled(count, '').trimEnd() : digits(count);
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Any value of the model by its unit. */
export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'bytes':
      return formatBytes(value);
    case 'bytesPerSecond':
      return Number.isFinite(value) ? `${formatBytes(value)}/s` : '∞';
    case 'perSecond':
      return `${formatCount(value)}/s`;
    case 'ms':
      return formatDuration(value);
    case 'seconds':
      return formatDuration(value * 1000);
    case 'share':
      return formatShare(value);
    case 'count':
      return formatCount(value);
  }
}

/** More say nothing of what was measured. */
const significantMax = 12;

/** Figures beside each other, with so many digits that what they differ by is seen in what is printed: 14.236 kB, 14.262 kB. */
export function formatApart(values: readonly number[], unit: Unit): string[] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  const apart = sorted.slice(1).map((value, at) => value - sorted[at]!);
  const least = Math.min(...apart.filter((each) => each > 0));
  const largest = Math.max(...sorted.map(Math.abs));
  const significant = Math.min(significantMax, Math.ceil(Math.log10(largest / least)) + 2);
  if (!(significant > 3)) return values.map((value) => formatValue(value, unit));
  const { from, name } = unit.startsWith('bytes')
    ? (SCALES.find((scale) => largest >= scale.from) ?? { from: 1, name: '' })
    : unit === 'share'
      ? { from: 0.01, name: '%' }
      : { from: 1, name: '' };
  const suffixes = { bytes: 'B', bytesPerSecond: 'B/s', perSecond: '/s', ms: 'ms', seconds: 's', share: '', count: '' };
  return values.map((value) => {
    const text = Number((value / from).toPrecision(significant)).toLocaleString('en-US', {
      maximumFractionDigits: significantMax,
    });
    return `${text} ${name}${suffixes[unit]}`.trim();
  });
}

/** What stands first of all: a run that could not be decided has neither passed nor failed. */
export function verdictWord({
  ok,
  exitCode,
}: Pick<Verdict, 'ok' | 'exitCode'>): 'PASS' | 'FAIL' | 'STOPPED' | 'UNDECIDED' {
  if (ok) return 'PASS';
  return exitCode === 3 ? 'STOPPED' : exitCode === 4 ? 'UNDECIDED' : 'FAIL';
}

/** One character for a verdict. */
export function verdictMark({ ok, exitCode }: Pick<Verdict, 'ok' | 'exitCode'>): '✓' | '✗' | '?' {
  return ok ? '✓' : exitCode === 4 ? '?' : '✗';
}

const STATE_MARKS: Readonly<Record<BudgetState, string>> = {
  pass: '✓',
  over: '✗',
  waived: '~',
  undecided: '?',
  notMeasured: '?',
};

/** One character: held, broken, or not known. */
export function stateMark(state: BudgetState): string {
  return STATE_MARKS[state];
}

/** What a limit was held against, or that it was not. */
export function formatActual({ actual, state, unit }: Pick<BudgetResult, 'actual' | 'state' | 'unit'>): string {
  if (actual !== null) return formatValue(actual, unit);
  return state === 'undecided' ? 'undecided' : 'not measured';
}

/** `3 dropped by the capture`, where it was counted. */
export function formatDropped({ framesDropped }: Pick<Ledger, 'framesDropped'>): string {
  return framesDropped === null
    ? 'what the capture dropped was not counted'
    : `${formatCount(framesDropped)} dropped by the capture`;
}

/** `4,663 exchanges sent = 4,623 stored + 0 shed + 40 damaged + 0 missing; 4,663 witnesses in the collector`; `+ 9 unanswered` where there are such. */
export function formatExchanges({
  sent,
  stored,
  storedWhole,
  shed,
  missing,
  unanswered = 0,
  unpaired = 0,
}: Exchanges): string {
  const shedCount = Object.values(shed).reduce((sum, count) => sum + count, 0);
  const policies = Object.entries(shed).map(([name, count]) => `${printable(name, 40)} ${formatCount(count)}`);
  const named = policies.length > 0 ? ` (${policies.join(', ')})` : '';
  // What is neither stored, nor shed, nor missing was never answered, or damaged on its way.
  const rest = Math.max(0, sent - storedWhole - shedCount - missing);
  const alone = Math.min(rest, unanswered);
  const terms = [
    `${formatCount(storedWhole)} stored`,
    `${formatCount(shedCount)} shed${named}`,
    ...(alone > 0 ? [`${formatCount(alone)} unanswered`] : []),
    `${formatCount(rest - alone)} damaged${unpaired > 0 ? ` (${formatCount(unpaired)} in no pair behind what is missing)` : ''}`,
    `${formatCount(missing)} missing`,
  ];
  return `${formatCount(sent)} exchanges sent = ${terms.join(' + ')}; ${formatCount(stored)} witnesses in the collector`;
}

/**
 * A name from traffic or a target as one line that is safe to print: control characters (escape sequences begin with
 * one), line separators and bidirectional overrides become `�`.
 */
export function printable(text: string, charsMax = 2_000): string {
  const line = text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '�');
  return line.length > charsMax ? `${line.slice(0, charsMax - 1)}…` : line;
}

/** `file:line function`, the way an editor opens it; the runtime's own sites have no file. */
export function formatSite(site: { functionName: string; file: string; line: number; thread?: string }): string {
  const where = site.thread ? ` in ${printable(site.thread, 100)}` : '';
  const name = printable(site.functionName || '(anonymous)', 200) + where;
  if (site.file === '') return name;
  return `${printable(site.file, 300)}${site.line > 0 ? `:${site.line}` : ''} ${name}`;
}

const BARS = '▁▂▃▄▅▆▇█';

/** A line of block characters, one per cell, each the highest value of its stretch of time. */
export function sparkLine(tMs: readonly number[], values: readonly (number | null)[], cells: number): string {
  const from = tMs[0] ?? 0;
  const span = (tMs.at(-1) ?? 0) - from;
  const highest = new Array<number | null>(cells).fill(null);
  values.forEach((value, i) => {
    if (value === null) return;
    const cell = span > 0 ? Math.min(cells - 1, Math.floor(((tMs[i]! - from) / span) * cells)) : 0;
    highest[cell] = Math.max(highest[cell] ?? Number.NEGATIVE_INFINITY, value);
  });
  const known = highest.filter((value) => value !== null);
  if (known.length === 0) return '';
  const [low, high] = [Math.min(...known), Math.max(...known)];
  let last = known[0]!;
  return highest
    .map((value) => {
      last = value ?? last;
      return BARS[high > low ? Math.round(((last - low) / (high - low)) * (BARS.length - 1)) : 0];
    })
    .join('');
}

/** How full a limit is, as a bar; over the limit it is full and says by how much. */
export function formatBar(share: number, cells: number): string {
  const full = Math.max(0, Math.min(cells, Math.round(share * cells)));
  return '█'.repeat(full) + '░'.repeat(cells - full);
}

/** A stream of a spike in one line, not yet safe to print. */
export function formatStream(stream: SpikeStream): string {
  // Reports of older versions hold nothing but words.
  if (stream.destination === '') return stream.source;
  const gap =
    stream.gapFrame === null
      ? ''
      : `, ${formatBytes(stream.bytesBehindGap)} behind a segment missing before frame ${formatCount(stream.gapFrame)}`;
  const message =
    stream.largestMessage === ''
      ? ''
      : `; largest message ${formatBytes(stream.largestMessageBytes)}: ${stream.largestMessage}`;
  return `${stream.source} → ${stream.destination}: ${formatBytes(stream.bytes)} in ${formatCount(stream.frames)} frames, ${formatCount(stream.messages)} messages${gap}${message}`;
}

/** Below this share of a spike no suspect stands out from the others. */
const SHARE_STANDS_OUT = 0.05;

/** Whether a spike has a first suspect worth the name: where most of it belongs to no call site, it has none. */
export function standsOut({ suspects }: Pick<Spike, 'suspects'>): boolean {
  return (suspects[0]?.share ?? 0) >= SHARE_STANDS_OUT;
}

/** `PageCache.#pages (a Map that grew by 20,711, 1.0 a request)`, the way a person says it. */
export function formatKeeper(keeper: Keeper): string {
  const { name, kind, countAdded, perRequest, file, line } = keeper;
  const each = perRequest === null ? '' : `, ${formatEach(perRequest)} a request`;
  const article = /^[AEIOU]/i.test(kind) ? 'an' : 'a';
  const grew =
    countAdded > 0
      ? ` (${kind === '' ? '' : `${article} ${printable(kind, 60)} that `}grew by ${formatCount(countAdded)}${each})`
      : '';
  const place = file === '' ? '' : ` at ${printable(file, 300)}${line > 0 ? `:${line}` : ''}`;
  return `${printable(name, 120)}${grew}${place}`;
}

/** A number of things for each of others: small ones have digits. */
function formatEach(count: number): string {
  const rounded = Math.round(count);
  if (rounded >= 10 || (rounded > 0 && Math.abs(count - rounded) < 0.1 * rounded)) return formatCount(rounded);
  return count.toPrecision(2);
}

/** `caches.mjs:7, kept by PageCache.#pages`. */
export function excerptTitle({ file, line, note }: SourceExcerpt): string {
  return `${printable(file, 300)}:${line}, ${printable(note, 200)}`;
}

/** `line 19 12.4 MB ±2 %, line 21 3 MB ±4 %`, heaviest first. */
export function formatLines({ rows, counts }: LineBytes): string {
  const shown = rows.slice(0, 5).map(({ line, bytes, errorShare }) => {
    const error = errorShare > 0 ? ` ±${formatShare(errorShare)}` : '';
    return `line ${line} ${formatBytes(bytes)}${error}`;
  });
  const more = rows.length > shown.length ? `, ${rows.length - shown.length} more` : '';
  return `${shown.join(', ')}${more} (${counts})`;
}

/** Lines of a source with their numbers, those that are meant marked. */
export function formatExcerpt({ lines, firstLine, line, alsoMeant = [] }: SourceExcerpt): string[] {
  const lastLine = firstLine + lines.length - 1;
  const width = String(lastLine).length;
  const outside = alsoMeant.filter((each) => each < firstLine || each > lastLine);
  const shown = lines.map((text, i) => {
    const number = firstLine + i;
    return `${number === line || alsoMeant.includes(number) ? '>' : ' '} ${String(number).padStart(width)} | ${printable(text.replaceAll('\t', '  '), 160)}`;
  });
  return outside.length > 0 ? [...shown, `and line ${outside.join(', ')}`] : shown;
}

/** What rose, and by how much: `+368 MB`, `allocated 3.2 GB`. */
export function formatHeight(spike: Pick<Spike, 'line' | 'heightBytes'>): string {
  return spike.line === 'rss'
    ? formatDifference(spike.heightBytes, 'bytes')
    : `allocated ${formatBytes(spike.heightBytes)}`;
}

/** How it ended; for what was merely allocated there is nothing to come back from. */
export function formatRecovery(spike: Pick<Spike, 'line' | 'recoveryMs'>): string {
  if (spike.line === 'allocated') return 'collected again';
  return spike.recoveryMs === null ? 'never came back' : `back after ${formatDuration(spike.recoveryMs)}`;
}

/** Text as HTML or SVG shows it, and nothing else of it. */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '�')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** How much of a spike is known, and by what; empty where nobody looked. */
export function formatKnown({
  linesShare,
  namedShare,
}: {
  linesShare: number | null;
  namedShare: number | null;
}): string {
  if (namedShare === null) return '';
  if (linesShare === null) return `${formatShare(namedShare)} of it has a name`;
  return `${formatShare(linesShare)} of it is known by function and line, ${formatShare(namedShare)} with kinds of pages`;
}
