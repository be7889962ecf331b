/** Amounts as people write them on a command line. Pure. */
import { FloodgateError } from '../../agent/errors.ts';
import type { Unit } from '../../reports/model.ts';
import { factorsIn, secondsOf } from '../../reports/time-units.ts';

type Factors = Readonly<Record<string, number>>;

const bytes: Factors = {
  b: 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** What may stand behind a number of each unit, and what it makes of it; a number alone is in the unit itself. */
const suffixes: Readonly<Record<Unit, Factors>> = {
  bytes,
  bytesPerSecond: Object.fromEntries(
    Object.entries(bytes).flatMap(([name, by]) => [
      [name, by],
      [`${name}/s`, by],
    ]),
  ),
  seconds: secondsOf,
  ms: factorsIn(1e3),
  share: { '%': 0.01 },
  count: { k: 1e3, m: 1e6 },
  perSecond: { '/s': 1, k: 1e3, m: 1e6 },
};

/** How an amount of each unit is called, and one as an example. */
const words: Readonly<Record<Unit, readonly [string, string]>> = {
  bytes: ['an amount of bytes', '200MB, 64KiB'],
  bytesPerSecond: ['bytes a second', '10kB/s'],
  seconds: ['an amount of time', '1.5s, 20ms, 40m, 2h'],
  ms: ['an amount of time', '20ms, 1.5s, 40m'],
  share: ['a share', '2%, 0.02'],
  count: ['a count', '12, 5k'],
  perSecond: ['a rate', '50/s'],
};

/**
 * `200MB`, `64KiB`, `1.5s`, `2%`, `12` as a number of the unit. A suffix of another unit is refused: `20ms` is no
 * number of bytes. A share is at most one.
 * @param option as it is named in the message
 * @throws FloodgateError `option-invalid` that says what is wanted
 */
export function parseQuantity(text: string, option: string, unit: Unit): number {
  const match = /^\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-zµ%/]*)\s*$/i.exec(text);
  const suffix = match ? match[2]!.toLowerCase() : '';
  const factor = suffix === '' ? 1 : Object.hasOwn(suffixes[unit], suffix) ? suffixes[unit][suffix] : undefined;
  const [what, example] = words[unit];
  if (!match || factor === undefined) {
    const other = match
      ? (Object.keys(suffixes) as Unit[]).find((each) => Object.hasOwn(suffixes[each], suffix))
      : undefined;
    const why = other ? `is ${words[other][0]}, and ${what} is wanted` : `is not ${what}`;
    throw new FloodgateError('option-invalid', `${option}: "${text}" ${why}`, {
      hint: `Write for example ${example}.`,
    });
  }
  const value = factor === 1 ? Number(match[1]) : Number((Number(match[1]) * factor).toPrecision(15));
  if (value > Number.MAX_SAFE_INTEGER) {
    throw new FloodgateError('option-invalid', `${option}: "${text.slice(0, 40)}" is more than can be counted`, {
      hint: `Write for example ${example}.`,
    });
  }
  if (unit === 'share' && value > 1) {
    throw new FloodgateError('option-invalid', `${option}: "${text}" is more than all of it`, {
      hint: `A share is at most 100%. Write for example ${example}.`,
    });
  }
  return value;
}

/**
 * The share by which a version may be worse: `1%`, `1 %`, `0.01`; `3x` for three times as much. A number alone from 1 on is refused: of all of it nobody thinks who writes 1.
 * @throws FloodgateError `option-invalid`
 */
export function parseThreshold(value: string | number, option: string): number {
  const text = String(value).trim();
  const bare = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0;
  if (bare >= 1) {
    const message = `${option}: "${text}" has no unit, and as a share it would be ${bare === 1 ? '' : 'more than '}all of it`;
    const share = Number((bare / 100).toPrecision(15));
    throw new FloodgateError('option-invalid', message, { hint: `Write "${bare} %" or ${share}.` });
  }
  if (typeof value === 'number') return value;
  const times = /^(?:[×x] *(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) *[×x])$/.exec(text);
  if (times) return timesAsShare(Number(times[1] ?? times[2]), option, text);
  const percent = /^(\d+(?:\.\d+)?) *%$/.exec(text)?.[1];
  if (Number(percent) > 100)
    throw new FloodgateError('option-invalid', `${option}: "${text}" is more than all of it`, {
      hint: `Write "${Number((1 + Number(percent) / 100).toPrecision(6))}x" for so many times as much.`,
    });
  return parseQuantity(text.replaceAll(' ', ''), option, 'share');
}

function timesAsShare(times: number, option: string, text: string): number {
  if (times >= 1 && times <= Number.MAX_SAFE_INTEGER) return Number((times - 1).toPrecision(15));
  throw new FloodgateError('option-invalid', `${option}: "${text}" is not more than it was`, {
    hint: 'Write for example 2x for twice as much.',
  });
}

/** A share as `parseThreshold` reads it: `2.5%`; above all of it `3.5x`, as comparisons say such changes. */
export function thresholdText(share: number): string {
  return share > 1 ? `${(1 + share).toFixed(4)}x` : `${(share * 100).toPrecision(6)}%`;
}

/** A whole number within bounds. @throws FloodgateError `option-invalid` */
export function parseWhole(
  text: string,
  option: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= bounds.min && value <= bounds.max)) {
    throw new FloodgateError(
      'option-invalid',
      `${option}: "${text}" is not a whole number from ${bounds.min} to ${bounds.max}`,
      {
        hint: `Example: ${option} ${bounds.min}.`,
      },
    );
  }
  return value;
}
