/** Amounts as people write them on a command line. Pure. */
import { FloodgateError } from '../../agent/errors.ts';

const factors: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  ms: 1e-3,
  s: 1,
  min: 60,
  '%': 0.01,
  k: 1e3,
  m: 1e6,
};

/** `200MB`, `64KiB`, `1.5s`, `2%`, `12` in base units: bytes, seconds, shares. @throws FloodgateError `BAD_OPTION` */
export function parseQuantity(text: string, option: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z%]*)\s*$/i.exec(text);
  const factor = match ? factors[match[2]!.toLowerCase()] : undefined;
  if (!match || factor === undefined) {
    throw new FloodgateError('BAD_OPTION', `${option}: "${text}" is not an amount`, {
      hint: 'Write a number with a unit, e.g. 200MB, 64KiB, 1.5s, 2%.',
    });
  }
  return Number(match[1]) * factor;
}

/** A whole number within bounds. @throws FloodgateError `BAD_OPTION` */
export function parseWhole(
  text: string,
  option: string,
  bounds: { readonly min: number; readonly max: number },
): number {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= bounds.min && value <= bounds.max)) {
    throw new FloodgateError(
      'BAD_OPTION',
      `${option}: "${text}" is not a whole number from ${bounds.min} to ${bounds.max}`,
      {
        hint: `Example: ${option} ${bounds.min}.`,
      },
    );
  }
  return value;
}
