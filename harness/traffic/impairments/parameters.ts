/** Parameters of impairments: what each may be, how it is written, how it is printed. Pure. */
import { FloodgateError } from '../../../agent/errors.ts';
import { factorsIn } from '../../../reports/time-units.ts';
import { listEntriesMax } from './limits.ts';

export type Unit = 'share' | 'count' | 'time' | 'signedTime' | 'bytes' | 'rate' | 'factor' | 'word' | 'list';

/** Pairs of numbers: first and last. */
export type Ranges = readonly (readonly [number, number])[];
/** A number in the unit's base (fractions, µs, bytes, Mbit/s), a word, or ranges of numbers. */
export type Value = number | string | Ranges;
export type Values = Readonly<Record<string, Value>>;

export interface Parameter {
  readonly name: string;
  readonly unit: Unit;
  /** @default it has to be given */
  readonly default?: Value;
  readonly min?: number;
  readonly max?: number;
  /** Of a `word`. */
  readonly words?: readonly string[];
}

/** The least and the most that a number may be. */
export function boundsOf({ unit, min = 0, max = Number.MAX_SAFE_INTEGER }: Parameter): readonly [number, number] {
  if (unit === 'share') return [min, 1];
  return [unit === 'signedTime' ? -max : min, max];
}

type Factors = Readonly<Record<string, number>>;
const times: Factors = factorsIn(1e6);

/** What may stand behind a number of each unit. A unit without an empty suffix wants one: 10 of what? */
const suffixes: Readonly<Record<Exclude<Unit, 'word' | 'list'>, Factors>> = {
  share: { '%': 0.01 },
  count: { '': 1, k: 1e3 },
  time: times,
  signedTime: times,
  bytes: { '': 1, b: 1, kb: 1e3, mb: 1e6, kib: 1024, mib: 1_048_576 },
  rate: { bit: 1e-6, kbit: 1e-3, mbit: 1, gbit: 1e3 },
  factor: { '': 1, x: 1 },
};

const wanted: Readonly<Record<Unit, readonly [string, string]>> = {
  share: ['a share of frames', '1%'],
  count: ['a whole number', '50'],
  time: ['a time', '20ms'],
  signedTime: ['a time, forward or back', '-2s'],
  bytes: ['a number of bytes', '96'],
  rate: ['a rate', '100mbit'],
  factor: ['a factor', '4x'],
  word: ['a word', ''],
  list: ['numbers and ranges, from 1', '3/7/10-20'],
};

/**
 * One amount. A fraction with a point (`0.01`) is accepted for a share.
 * @param where as it is named in the message: `loss=1x: probability`
 * @throws FloodgateError `option-invalid` that says which unit is wanted
 */
export function parseAmount(text: string, where: string, parameter: Parameter): number {
  const { unit } = parameter;
  const [what, example] = wanted[unit];
  const hint = `Write for example ${example}.`;
  const match = /^([+-]?)(\d+(?:\.\d+)?|\.\d+)([a-zµ%]*)$/i.exec(text);
  const factors = suffixes[unit as keyof typeof suffixes];
  const suffix = match ? match[3]!.toLowerCase() : '';
  // `1` may mean 1 % or all: it takes a sign, or a point.
  const isFraction = unit === 'share' && suffix === '' && /\./.test(text);
  const factor = isFraction ? 1 : Object.hasOwn(factors, suffix) ? factors[suffix]! : undefined;
  if (!match || factor === undefined || (match[1] !== '' && unit !== 'signedTime')) {
    const without = match && suffix === '' ? ', and has no unit' : '';
    throw new FloodgateError('option-invalid', `${where} is ${what}: "${text}" is none${without}`, { hint });
  }
  const number = Number(match[2]) * (match[1] === '-' ? -1 : 1);
  const value = factor === 1 ? number : Number((number * factor).toPrecision(15));
  const [least, most] = boundsOf(parameter);
  const isWhole = unit !== 'count' && unit !== 'bytes' ? true : Number.isInteger(value);
  if (value >= least && value <= most && isWhole) return value;
  const range = `from ${amountText(least, unit)}${most < 1e15 ? ` to ${amountText(most, unit)}` : ' on'}`;
  throw new FloodgateError('option-invalid', `${where}: "${text}" is not ${isWhole ? range : 'whole'}`, { hint });
}

/** As it would be written. */
function amountText(value: number, unit: Unit): string {
  if (unit === 'share') return `${value * 100}%`;
  if (unit === 'rate') return value < 1 ? `${value * 1e6}bit` : `${value}mbit`;
  if (unit === 'time' || unit === 'signedTime') return timeText(value);
  return unit === 'bytes' ? `${value}B` : `${value}${unit === 'factor' ? 'x' : ''}`;
}

/** In the largest unit that makes a whole number of it. */
function timeText(us: number): string {
  const unit = ['d', 'h', 'm', 's', 'ms'].find((name) => us !== 0 && us % times[name]! === 0) ?? 'us';
  return us === 0 ? '0s' : `${us / times[unit]!}${unit}`;
}

/** `3/7/10-20`: pairs of first and last. @throws FloodgateError `option-invalid` */
export function parseList(texts: readonly string[], where: string): Ranges {
  const hint = 'Write for example 3/7/10-20.';
  const ranges = texts.map((text) => {
    const match = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match && first >= 1 && last >= first) return [first, last] as const;
    throw new FloodgateError('option-invalid', `${where}: "${text}" is no number from 1, and no range`, { hint });
  });
  if (ranges.length <= listEntriesMax) return ranges.sort((a, b) => a[0] - b[0]);
  throw new FloodgateError('option-invalid', `${where}: a list has ${listEntriesMax} entries at most`, { hint });
}

/** "2 %", as a person reads it. */
export function percent(fraction: Value): string {
  return `${Number(((fraction as number) * 100).toPrecision(3))} %`;
}

/** "20 ms". */
export function time(us: Value): string {
  const value = us as number;
  const size = Math.abs(value);
  if (size >= 1e6) return `${value / 1e6} s`;
  return size >= 1e3 ? `${value / 1e3} ms` : `${value} µs`;
}

/** "3, 7, 10–20". */
export function list(ranges: Value): string {
  return (ranges as Ranges).map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(', ');
}

export function numberOf(values: Values, name: string): number {
  return values[name] as number;
}
