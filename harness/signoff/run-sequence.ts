/** How the runs of a bundle stand to one another and to the sign-off: each is of its time, begins behind the one before, had the same load, and is no other's copy. Pure. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { counted } from '../../reports/counted.ts';
import { formatCount } from '../../reports/format.ts';
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
  /** Of a process that counted all of them itself: answers by status. */
  readonly statuses: Readonly<Record<string, number>> | undefined;
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
    statuses: statusesOf(measurement),
  };
}

/** Where children answered as well, one that ended may have said nothing. */
function statusesOf({ pass: { answers, channel } }: Measurement): TakenRun['statuses'] {
  const { last } = channel;
  const isWhole = answers && !answers.lost && !answers.unseen && last?.answers?.total === answers.total;
  return isWhole ? answers.statuses : undefined;
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

/** Three pairs; of a load by time so many runs are not answered equally often. */
const runsMin = 6;
/** Half of what lies between two marks; a request that is sent again is no other load. */
const moreMin = 50;
const moreShare = 0.005;

/** @param place scenario and lane, as their folder is named: each pair answered the same, so the run before them answered as much of it */
export function loadFault(place: string, known: RunSequence): string | undefined {
  const run = known.taken.find(({ name }) => name === `runs/${place}/measurement.json`);
  const pairs = known.taken.filter(({ name }) => name.startsWith(`pairs/${place}/`));
  const [first] = pairs;
  if (!run?.statuses || !first?.statuses || pairs.length < runsMin) return undefined;
  if (!pairs.every(({ statuses }) => isDeepStrictEqual(statuses, first.statuses))) return undefined;
  // With other statuses it met something else: what an earlier run left in a database.
  const isAlike = isDeepStrictEqual(Object.keys(run.statuses).sort(), Object.keys(first.statuses).sort());
  const [ofRun, ofEach] = [countOf(run.statuses), countOf(first.statuses)];
  const isOther = Math.abs(ofRun - ofEach) >= Math.max(moreMin, moreShare * ofEach);
  return isAlike && isOther
    ? `answered ${counted(ofRun, 'request')} of the load, and each run that was compared ${formatCount(ofEach)}`
    : undefined;
}

const countOf = (statuses: Readonly<Record<string, number>>): number =>
  Object.values(statuses).reduce((all, count) => all + count, 0);

/** Runs in the order in which they were measured. */
export class RunSequence {
  readonly span: Span;
  /** The version of floodgate that looks at them is the one that measured them. */
  readonly isOwnVersion: boolean;
  readonly taken: TakenRun[] = [];
  readonly #names = new Map<number | string, string>();

  constructor(span: Span, isOwnVersion: boolean) {
    this.span = span;
    this.isOwnVersion = isOwnVersion;
  }

  get last(): TakenRun | undefined {
    return this.taken.at(-1);
  }

  add(run: TakenRun): void {
    this.taken.push(run);
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
