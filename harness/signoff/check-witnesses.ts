/**
 * What two witnesses of one run say of the same thing: the kernel's peak and the samples, readings a millisecond and what lies between the
 * samples, answers by the process and of the pass, requests by their marks. Whoever changes one of them has to change all. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Answers } from '../preload/options.ts';
import { statusesMax } from '../preload/requests.ts';
import type { Measurement, StoredTable } from '../report/measurement.ts';
import { betweenSamples } from '../watch/between-samples.ts';
import { refused } from './refusal.ts';

/** The kernel counts pages by processor, and adds them up later: what it says at one moment differs by some. */
const slackBytes = 4 << 20;
const slackShare = 0.02;
const isAbove = (bytes: number, peakBytes: number) => bytes > peakBytes * (1 + slackShare) + slackBytes;

/** Halves of times are rounded. */
const clockStepMs = 0.001;

/** @throws Refused */
export function checkWitnesses(name: string, measurement: Measurement): void {
  const what =
    negativeIn(measurement) ??
    exitFault(measurement) ??
    memoryFault(measurement) ??
    levelsFault(measurement) ??
    answersFault(measurement);
  if (what !== undefined) throw refused('data-invalid', `${name} contradicts itself: ${what}`);
}

/** Times may be before the beginning; what lies in no file is a difference; a program of another system may end with any code; a recording may go back in time. */
const maybeNegative = new Set(['tMs', 'tsMs', 'startMs', 'endMs', 'own', 'ownBytes', 'code', 'trafficMs']);

/** @returns the place of an amount that is less than none */
function negativeIn({ budget, pass, settled, sites }: Measurement): string | undefined {
  const { watch, channel, answers, unanswered, stats, family, sending, sent } = pass;
  const counted = { sent, ledger: sending?.ledger, settled, sites };
  const early = [sent, watch.rss, watch.rollup, watch.map].some(({ tMs }) => tMs.some((ms) => ms < 0));
  if (early) return 'a sample is of a time before the run';
  return placeOf({ budget, watch, channel, answers, unanswered, stats, family, ...counted }, '');
}

function placeOf(value: unknown, place: string): string | undefined {
  if (typeof value === 'number') return value < 0 ? `${place} is less than nothing` : undefined;
  if (Array.isArray(value)) {
    // Columns are long.
    if (value.every((each) => each === null || (typeof each === 'number' && each >= 0))) return undefined;
    return first(value, (each) => placeOf(each, place));
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { name } = value as { name?: unknown };
  if (typeof name === 'string' && maybeNegative.has(name)) return undefined;
  return first(Object.entries(value), ([key, each]) =>
    maybeNegative.has(key) ? undefined : placeOf(each, key === 'values' ? `${place} ${name}` : key),
  );
}

function first<T>(list: readonly T[], find: (each: T) => string | undefined): string | undefined {
  for (const each of list) {
    const found = find(each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A process ends by a code or by a signal; one that was given up was not asked to end as a service is. */
function exitFault({ pass: { exit } }: Measurement): string | undefined {
  if (exit.code !== null && exit.signal !== null) return 'the target ended by a code and by a signal';
  return exit.expected && exit.givenUp ? 'the target was given up, and ended as expected' : undefined;
}

const column = ({ columns }: StoredTable, name: string): readonly (number | null)[] =>
  columns.find((each) => each.name === name)?.values ?? [];

function largest(...lists: readonly (readonly (number | null)[])[]): number {
  let most = 0;
  for (const list of lists) for (const each of list) if (each !== null && each > most) most = each;
  return most;
}

/** Nothing is more than the kernel's peak, and what shares were read of was among the samples. */
function memoryFault({ pass: { watch, channel } }: Measurement): string | undefined {
  const { rss, rollup, levels, tops, rssPeakBytes, peakIsWhole, rollupRssBytes, phases } = watch;
  const [samples, peaks] = [column(rss, 'rss'), column(rss, 'rssPeak')];
  const lower = samples.findIndex((bytes, at) => bytes !== null && bytes > (peaks[at] ?? bytes));
  if (lower >= 0) return 'a sample of resident memory is above the peak beside it';
  const highest = largest(samples, levels.bytes, tops.rss);
  const peak = Math.max(rssPeakBytes, channel.last?.rssPeak ?? 0);
  const ofPhases = largest(phases.map(({ rssMaxBytes }) => rssMaxBytes));
  const isOver = isAbove(largest(peaks), rssPeakBytes) || (peakIsWhole && isAbove(Math.max(highest, ofPhases), peak));
  if (isOver) return 'resident memory is above the kernel’s peak';
  if (samples.length > 0 && isAbove(rollupRssBytes, largest(samples)))
    return 'shares were read of more memory than any sample has';
  if (isAbove(largest(column(rollup, 'pss'), column(rollup, 'uss')), Math.max(rollupRssBytes, highest)))
    return 'a share of resident memory is more than all of it';
  return undefined;
}

/** Readings of a thread are more than the samples; without one they are the samples. */
function levelsFault({ pass: { watch } }: Measurement): string | undefined {
  const { rss, levels, tops } = watch;
  if (levels.tMs.length !== levels.bytes.length) return 'its readings of memory are not as many as their times';
  if (levels.tMs.some((ms, at) => at > 0 && ms < levels.tMs[at - 1]!)) return 'its readings of memory go back in time';
  const [samples, own, peak] = [column(rss, 'rss'), column(rss, 'own'), column(rss, 'rssPeak')];
  if (levels.tMs.length > samples.length) {
    const again = betweenSamples({ tMs: rss.tMs, rss: samples, own, peak }, { ...levels, ownBytes: levels.bytes });
    const isSame =
      isDeepStrictEqual(again.rss, tops.rss) &&
      tops.tMs.length === tops.rss.length &&
      tops.tMs.every((ms, at) => Math.abs(ms - again.tMs[at]!) < clockStepMs);
    return isSame ? undefined : 'what lies between its samples is not what its readings of memory say';
  }
  const known = new Map(rss.tMs.map((ms, at) => [ms, samples[at]]));
  const isSampled = levels.tMs.every((ms, at) => known.get(ms) === levels.bytes[at]);
  return isSampled && (levels.tMs.length > 0 || samples.length === 0)
    ? undefined
    : 'its readings of memory are fewer than its samples, and others';
}

/** The process counts its answers, and marks requests by their number; its last reading may be one behind the last mark. */
function answersFault({ pass: { lane, answers, channel, unanswered } }: Measurement): string | undefined {
  if (answers && answers.not2xx > answers.total) return 'more answers failed than there were';
  if (unanswered && unanswered.least > unanswered.most)
    return 'the fewest requests without an answer are more than the most';
  const other = statusesFault(answers) ?? statusesFault(channel.last?.answers);
  if (other !== undefined || lane !== 'load' || !channel.last) return other;
  const counted: Answers = channel.last.answers ?? { total: 0, not2xx: 0 };
  if (counted.not2xx > counted.total) return 'more answers failed than the process gave';
  if (counted.total > 0 && (!answers || answers.total < counted.total || answers.not2xx < counted.not2xx))
    return 'the process gave more answers, or more that failed, than the pass has';
  const behind = channel.marks.slice(0, -1).some(({ requests }) => requests > counted.total);
  return behind ? 'requests were marked that the process has not answered' : undefined;
}

const isFailure = (status: number) => status < 200 || status > 299;

/** Each answer is counted by its status as well, until there are as many. */
function statusesFault(answers: Answers | undefined): string | undefined {
  if (!answers?.statuses) return undefined;
  const statuses = Object.entries(answers.statuses);
  const sum = (all: typeof statuses) => all.reduce((total, [, count]) => total + count, 0);
  const counts = [sum(statuses), sum(statuses.filter(([status]) => isFailure(Number(status))))] as const;
  const wanted = [answers.total, answers.not2xx] as const;
  const isWhole = statuses.length < statusesMax;
  const isSame = counts.every((count, at) => (isWhole ? count === wanted[at] : count <= wanted[at]!));
  return isSame ? undefined : 'its answers by status are not its answers';
}
