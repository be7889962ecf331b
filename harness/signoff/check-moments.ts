/** When and how the runs of a bundle ended: each is a run of its own, of this sign-off, and none in a comparison was cut short. Pure. */
import type { SignoffReport } from '../../reports/signoff.ts';
import type { Measurement } from '../report/measurement.ts';
import { clockToleranceMs } from './check-project.ts';
import { refused } from './refusal.ts';

/** Runs of a sign-off follow one another: no two begin at once. */
export class Moments {
  readonly #earliestMs: number;
  readonly #latestMs: number;
  readonly #names = new Map<number, string>();

  constructor({ startedAt, signedAt }: Pick<SignoffReport, 'startedAt' | 'signedAt'>) {
    this.#earliestMs = Date.parse(startedAt) - clockToleranceMs;
    this.#latestMs = Date.parse(signedAt) + clockToleranceMs;
  }

  /** @throws Refused */
  take(name: string, { pass: { startedAtEpochMs } }: Measurement): void {
    if (startedAtEpochMs < this.#earliestMs || startedAtEpochMs > this.#latestMs)
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
