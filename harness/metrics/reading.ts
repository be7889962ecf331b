/** What became of measuring one figure. Only a value says how large it was. Pure. */

export type Reading =
  | { readonly state: 'value'; readonly value: number }
  /** It lies between the two, both included; where is not known, and `reason` says what it would take to know. */
  | {
      readonly state: 'undecided';
      readonly low: number;
      readonly high: number;
      readonly reason: string;
      /** Of a slope: the likeliest, and how long it was looked at: the interval narrows with time. */
      readonly line?: { readonly slope: number; readonly seconds: number };
    }
  | { readonly state: 'notMeasured'; readonly reason: string };

export function value(measured: number): Reading {
  return { state: 'value', value: measured };
}

/** Why nothing is known of what was there to be found. */
export const uncountedMessages = 'the messages of this traffic are not counted, or it was not sent to its end';

/** A value where both ends are the same. */
export function between(low: number, high: number, reason: string): Reading {
  return low === high ? value(low) : { state: 'undecided', low, high, reason };
}

export function notMeasured(reason: string): Reading {
  return { state: 'notMeasured', reason };
}

/** A value, or the reason why there is none. */
export function valueOr(measured: number | null | undefined, reason: string): Reading {
  return measured === null || measured === undefined ? notMeasured(reason) : value(measured);
}

/** The same in another unit, or of several: `measured` divided by `count`. Counts of zero have no quotient. */
export function per(reading: Reading, count: number | null, reason: string): Reading {
  if (count === null || count <= 0) return notMeasured(reason);
  if (reading.state === 'value') return value(reading.value / count);
  if (reading.state === 'undecided') return { ...reading, low: reading.low / count, high: reading.high / count };
  return reading;
}
