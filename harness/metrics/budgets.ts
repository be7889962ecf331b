/** Judges readings against a budget. Pure. */
import { formatDuration } from '../../reports/format.ts';
import type { BudgetResult, Figure } from '../../reports/model.ts';
import { figuresOf, type MeasuredRun, type RunFigures } from './measured-run.ts';
import { notMeasured, type Reading } from './reading.ts';
import { findMetric, type Metric, metrics } from './table.ts';

/** Readings of a run, by name; each is taken once. */
export class Readings {
  readonly #run: RunFigures;
  readonly #taken = new Map<string, Reading>();

  constructor(run: RunFigures) {
    this.#run = run;
  }

  static of(run: MeasuredRun): Readings {
    return new Readings(figuresOf(run));
  }

  /** The same run, with what later passes brought. */
  with(brought: Pick<MeasuredRun, 'sites'> | Pick<MeasuredRun, 'settled' | 'looks'>): Readings {
    return new Readings({ ...this.#run, ...brought });
  }

  of(metric: Metric): Reading {
    let reading = this.#taken.get(metric.name);
    if (!reading) this.#taken.set(metric.name, (reading = metric.read(this.#run)));
    return reading;
  }
}

/** One result per limit, in the order of the budget. Only a value within its limit is ok. */
export function judge(budget: Readonly<Record<string, number>>, readings: Pick<Readings, 'of'>): BudgetResult[] {
  return Object.entries(budget).map(([name, limit]) => {
    const metric = findMetric(name);
    if (!metric) return judgeOne({ name, unit: 'count', bound: 'max' }, limit, notMeasured('no such budget'));
    return judgeOne(metric, limit, readings.of(metric));
  });
}

/** Every row of the table, limit or not, and why where there is no value. */
export function figures(readings: Readings): Figure[] {
  return metrics.map((metric) => {
    const { name, unit, bound } = metric;
    const reading = readings.of(metric);
    const { state } = reading;
    if (state === 'value') return { name, unit, bound, state, value: reading.value, low: null, high: null, note: '' };
    const note = reading.reason;
    if (state === 'notMeasured') return { name, unit, bound, state, value: null, low: null, high: null, note };
    return { name, unit, bound, state, value: null, low: finite(reading.low), high: finite(reading.high), note };
  });
}

/** The reading that a figure of a report was made from. */
export function readingOf({ state, value, low, high, note }: Figure): Reading {
  if (state === 'value' && value !== null) return { state, value };
  if (state !== 'undecided') return notMeasured(note);
  return { state, low: low ?? Number.NEGATIVE_INFINITY, high: high ?? Number.POSITIVE_INFINITY, reason: note };
}

/** JSON knows no infinity. */
const finite = (bound: number) => (Number.isFinite(bound) ? bound : null);

function judgeOne(
  { name, unit, bound }: Pick<Metric, 'name' | 'unit' | 'bound'>,
  limit: number,
  reading: Reading,
): BudgetResult {
  const row = { name, unit, bound, limit };
  const holds = (actual: number) => (bound === 'max' ? actual <= limit : actual >= limit);
  if (reading.state === 'value') {
    const ok = holds(reading.value);
    return { ...row, actual: reading.value, ok, state: ok ? 'pass' : 'over', note: '' };
  }
  if (reading.state === 'notMeasured') {
    return { ...row, actual: null, ok: false, state: 'notMeasured', note: reading.reason };
  }
  const { low, high, reason, line } = reading;
  // Wherever between the two it lies: then it is decided all the same.
  const [best, worst] = bound === 'max' ? [low, high] : [high, low];
  if (holds(worst))
    return { ...row, actual: worst, ok: true, state: 'pass', note: `at ${bound === 'max' ? 'most' : 'least'}` };
  if (!holds(best))
    return { ...row, actual: best, ok: false, state: 'over', note: `at ${bound === 'max' ? 'least' : 'most'}` };
  return {
    ...row,
    actual: null,
    ok: false,
    state: 'undecided',
    note: line ? `${reason}; ${runNeeded(reading, limit)}` : reason,
  };
}

/** A longer run would not help: nobody waits a day. */
const secondsMax = 86_400;

/** How long a run it takes: the interval of a slope narrows as the run gets longer, at least in proportion. */
function runNeeded({ low, high, line }: Extract<Reading, { state: 'undecided' }>, limit: number): string {
  const { slope, seconds } = line!;
  if (!Number.isFinite(high - low)) return 'too little traffic for an interval: about 20 s would give one';
  const away = Math.abs(limit - slope);
  const needed = away > 0 ? (seconds * (limit > slope ? high - slope : slope - low)) / away : Number.POSITIVE_INFINITY;
  return needed > secondsMax
    ? 'the limit is as large as the growth: no longer run would decide'
    : `a run of about ${formatDuration(Math.ceil(needed / 10) * 10_000)} would decide`;
}
