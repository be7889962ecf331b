/** Amounts of a flood's plan: a value, or a range that each draw takes one of. Pure. */
import assert from 'node:assert';
import type { Random } from '../../../agent/seeded-random.ts';
import { factorsIn, timeUnitPattern } from '../../../reports/time-units.ts';

/** Both ends included. */
export type Range = readonly [low: number, high: number];

const number = String.raw`\d+(\.\d+)?`;
const ranged = (one: string) => new RegExp(`^${one}( *\\.\\. *${one})?$`);

/** `20ms`, `1s..5s`. */
export const timePattern = ranged(`${number} *(${timeUnitPattern})`);
/** `2kB`, `200B..20kB`. */
export const bytesPattern = ranged(`${number} *(B|kB|MB|KiB|MiB)`);
/** `3`, `1..20`. */
export const countPattern = ranged(String.raw`\d+`);

const times = factorsIn(1e6);
const sizes: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, KiB: 1024, MiB: 1024 ** 2 };

/** Microseconds. */
export function timeRange(text: string): Range {
  return range(text, times);
}

/** Bytes; a number is one already. */
export function bytesRange(amount: string | number): Range {
  return typeof amount === 'number' ? [amount, amount] : range(amount, sizes);
}

export function countRange(amount: string | number): Range {
  return typeof amount === 'number' ? [amount, amount] : range(amount, { '': 1 });
}

function range(text: string, units: Readonly<Record<string, number>>): Range {
  const [low, high = low] = text.split('..').map((part) => {
    const [, digits, unit] = /^\s*([\d.]+)\s*([\wµ]*)\s*$/.exec(part) ?? [];
    const factor = units[unit ?? ''];
    assert(digits !== undefined && factor !== undefined, `${text} was checked before`);
    return Number((Number(digits) * factor).toPrecision(15));
  });
  return [low!, high!];
}

/** Each value as likely as another. */
export function draw(random: Random, [low, high]: Range): number {
  return low === high ? low : low + random.fraction() * (high - low);
}

export function drawWhole(random: Random, [low, high]: Range): number {
  return low === high ? low : random.integer(low, high);
}

/** Each order of magnitude as likely as another: small bodies are the many. */
export function drawSize(random: Random, [low, high]: Range): number {
  return low === high ? low : Math.round(Math.max(low, 1) * (high / Math.max(low, 1)) ** random.fraction());
}
