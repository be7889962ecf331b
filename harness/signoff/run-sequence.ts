/** How the runs of a bundle stand to one another and to the sign-off: each is of its time, begins behind the one before, and is no other's copy. Pure. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { SignoffReport } from '../../reports/signoff.ts';
import type { Measurement } from '../report/measurement.ts';
import { isCrash } from '../report/verdict.ts';
import { memoryPrints } from './memory-prints.ts';
import { endOf } from './raw-times.ts';
import { refused } from './refusal.ts';

/** One clock says all times of a sign-off; it may be set back by so much meanwhile, and no further. */
export const clockStepMs = 1_000;

type Span = Pick<SignoffReport, 'startedAt' | 'signedAt'>;

/** Whether something from one time to another may be of this sign-off. */
export function isInTime({ startedAt, signedAt }: Span, fromMs: number, toMs: number): boolean {
  return fromMs >= Date.parse(startedAt) - clockStepMs && toMs <= Date.parse(signedAt) + clockStepMs;
}

/** What is kept of a run while the others are looked at. */
export interface TakenRun {
  readonly name: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Digests of the moments in which it was looked at. */
  readonly moments: readonly string[];
  readonly prints: readonly number[];
}

/** Fewer may be the same by chance. */
const momentsMin = 4;
/** Of a millisecond: what is read back and moved differs by less, and no two runs are so alike. */
const parts = 100_000;
/** Stretches of memory that two runs may not have in common; of 55,000 pairs of honest runs, none had one. */
const printsShared = 3;

export function takenRun(name: string, measurement: Measurement): TakenRun {
  const { startedAtEpochMs, watch } = measurement.pass;
  return {
    name,
    startMs: startedAtEpochMs,
    endMs: startedAtEpochMs + endOf(measurement),
    moments: momentsOf(measurement),
    prints: memoryPrints(watch.levels.bytes),
  };
}

/** When a run was looked at, and how long its collections took, each to the microsecond and below: no other run has the same. */
function momentsOf({ pass: { watch, channel, sent } }: Measurement): string[] {
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

export function spanFault({ startMs, endMs }: TakenRun, { span }: RunSequence): string | undefined {
  return isInTime(span, startMs, endMs) ? undefined : 'was measured at another time than the summary says';
}

export function orderFault({ name, startMs }: TakenRun, { last, isOwnVersion }: RunSequence): string | undefined {
  if (last === undefined || startMs >= last.endMs - clockStepMs) return undefined;
  // Another version may take its scenarios in another order.
  if (!isOwnVersion && path.posix.dirname(name) !== path.posix.dirname(last.name)) return undefined;
  return `was measured in another order than the command and the seed say: it began before ${last.name} had ended`;
}

export function copyFault({ startMs, moments, prints }: TakenRun, known: RunSequence): string | undefined {
  const other = known.sharing([startMs, ...moments], 1) ?? known.sharing(prints.map(printKey), printsShared);
  return other && `and ${other} are of one run`;
}

/** Times are numbers too. */
const printKey = (print: number) => `print ${print}`;

/** Runs in the order in which they were measured. */
export class RunSequence {
  readonly span: Span;
  /** The version of floodgate that looks at them is the one that measured them. */
  readonly isOwnVersion: boolean;
  last: TakenRun | undefined;
  readonly #names = new Map<number | string, string>();

  constructor(span: Span, isOwnVersion: boolean) {
    this.span = span;
    this.isOwnVersion = isOwnVersion;
  }

  add(run: TakenRun): void {
    this.last = run;
    for (const key of [run.startMs, ...run.moments, ...run.prints.map(printKey)]) this.#names.set(key, run.name);
  }

  /** @returns the run that has so many of these as well */
  sharing(keys: readonly (number | string)[], countMin: number): string | undefined {
    const counts = new Map<string, number>();
    for (const key of keys) {
      const name = this.#names.get(key);
      if (name === undefined) continue;
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (counts.get(name)! >= countMin) return name;
    }
    return undefined;
  }
}

/** By the rule that ends a comparison while it is measured. @throws Refused */
export function refuseCutShort(name: string, { interrupted, pass: { exit } }: Measurement): void {
  const isDead = !exit.expected || exit.killed || isCrash(exit);
  const why = interrupted ? 'was interrupted' : isDead ? 'ended with a dead target' : undefined;
  if (why !== undefined) throw refused('data-invalid', `${name} ${why}: such a run is compared with nothing`);
}
