/** When and how the runs of a bundle ended: each is a run of its own, of this sign-off, and none in a comparison was cut short. Pure. */
import { createHash } from 'node:crypto';
import type { SignoffReport } from '../../reports/signoff.ts';
import type { Measurement } from '../report/measurement.ts';
import { refused } from './refusal.ts';

/** Clocks are set; data of another day are another sign-off's. */
const clockToleranceMs = 3_600_000;

type Span = Pick<SignoffReport, 'startedAt' | 'signedAt'>;

/** Whether a run may be of this sign-off. */
export function isInTime({ startedAt, signedAt }: Span, atMs: number): boolean {
  return atMs >= Date.parse(startedAt) - clockToleranceMs && atMs <= Date.parse(signedAt) + clockToleranceMs;
}

/** Fewer may be the same by chance. */
const momentsMin = 4;
/** Of a millisecond: what is read back and moved differs by less, and no two runs are so alike. */
const parts = 100_000;

/** When a run was looked at, and how long its collections took, each to the microsecond and below: no other run has the same. */
function fingerprintsOf({ pass: { watch, channel, sent } }: Measurement): string[] {
  const moments = [watch.rss, watch.rollup, watch.map, sent].map(({ tMs }) =>
    tMs.slice(1).map((ms, at) => Math.round((ms - tMs[at]!) * parts)),
  );
  const pauses = channel.gc.map(({ pauseMs }) => Math.round(pauseMs * parts));
  // Whole milliseconds are no fingerprint.
  const fine = (each: number) => each % parts !== 0;
  return [...moments, pauses].flatMap((list, at) =>
    list.filter(fine).length < momentsMin
      ? []
      : [`${at} ${createHash('sha256').update(list.join(' ')).digest('base64')}`],
  );
}

/** Runs of a sign-off follow one another: no two begin at once, and none was measured twice. */
export class Moments {
  readonly #span: Span;
  readonly #names = new Map<number | string, string>();

  constructor(span: Span) {
    this.#span = span;
  }

  /** @throws Refused */
  take(name: string, measurement: Measurement): void {
    const { startedAtEpochMs } = measurement.pass;
    if (!isInTime(this.#span, startedAtEpochMs))
      throw refused('report-differs', `${name} was measured at another time than the summary says`);
    for (const key of [startedAtEpochMs, ...fingerprintsOf(measurement)]) {
      const other = this.#names.get(key);
      if (other !== undefined) throw refused('report-differs', `${name} and ${other} are of one run`);
      this.#names.set(key, name);
    }
  }
}

/** By the rule that ends a comparison while it is measured. @throws Refused */
export function refuseCutShort(name: string, { interrupted, pass: { exit } }: Measurement): void {
  const why = interrupted ? 'was interrupted' : exit.expected && !exit.killed ? undefined : 'ended with a dead target';
  if (why !== undefined) throw refused('data-invalid', `${name} ${why}: such a run is compared with nothing`);
}
