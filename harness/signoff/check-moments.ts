/** When and how the runs of a bundle ended: each is a run of its own, of this sign-off, and none in a comparison was cut short. Pure. */
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

/** Runs of a sign-off follow one another: no two begin at once. */
export class Moments {
  readonly #span: Span;
  readonly #names = new Map<number, string>();

  constructor(span: Span) {
    this.#span = span;
  }

  /** @throws Refused */
  take(name: string, { pass: { startedAtEpochMs } }: Measurement): void {
    if (!isInTime(this.#span, startedAtEpochMs))
      throw refused('report-differs', `${name} was measured at another time than the summary says`);
    const other = this.#names.get(startedAtEpochMs);
    if (other !== undefined) throw refused('report-differs', `${name} and ${other} are of one run`);
    this.#names.set(startedAtEpochMs, name);
  }
}

/** By the rule that ends a comparison while it is measured. @throws Refused */
export function refuseCutShort(name: string, { interrupted, pass: { exit } }: Measurement): void {
  const why = interrupted ? 'was interrupted' : exit.expected && !exit.killed ? undefined : 'ended with a dead target';
  if (why !== undefined) throw refused('data-invalid', `${name} ${why}: such a run is compared with nothing`);
}
