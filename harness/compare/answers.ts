/**
 * Whether two versions answered the same load alike: a version that answers less, something else or nothing allocates less, and would look
 * better. Pure.
 */
import { formatBytes, formatCount, formatShare } from '../../reports/format.ts';
import type { RunReport } from '../../reports/model.ts';
import { type AnswerCounts, countedAnswers } from '../watch/answers.ts';
import { type Judgement, takenBack } from './judge.ts';

type Runs = Readonly<Record<'base' | 'head', readonly Partial<Pick<RunReport, 'counters'>>[]>>;

/** Runs of one load of so many requests differ by less; one by time is answered as often as the service is quick. */
const sameCountShare = 0.005;
/** A difference of every run from here on. */
const fewerShare = 0.01;
const statusShare = 0.01;
/** Where each run of the base answered the very same number: so many are no chance, or, of a short load, such a share of it. */
const exactCount = 3;
const exactShare = 0.001;
/** More are another load, which may have cost less: half of what lies between two marks of requests (`preload/requests.ts`). */
const moreCount = 50;
/** Half as many bytes, or twice as many: another answer. A field more or less is none. */
const sizeFactor = 2;

interface Sides {
  readonly base: readonly AnswerCounts[];
  readonly head: readonly AnswerCounts[];
}

/** How the answers of the head differ, in a sentence; undefined where they are alike, or neither version counts any. */
export function answersDiffer(runs: Runs): string | undefined {
  const counts = { base: countsOf(runs.base), head: countsOf(runs.head) };
  if (!counts.base) return undefined;
  if (!counts.head) return 'base answers the load, and no answer of head was counted';
  const sides = { base: counts.base, head: counts.head };
  return fewer(sides) ?? more(sides) ?? otherStatuses(sides) ?? otherSizes(sides);
}

/** Takes back what is within a limit: worse is worse, whatever was answered. */
export function withoutDifferent(judgement: Judgement, note: string | undefined): Judgement {
  if (note === undefined) return judgement;
  return takenBack(judgement, note, ({ decision }) => decision === 'within');
}

/** Undefined where not every run counts them. */
function countsOf(runs: Runs['base']): readonly AnswerCounts[] | undefined {
  const counts = runs.flatMap(({ counters }) => countedAnswers(counters) ?? []);
  return counts.length === runs.length && counts.length > 0 ? counts : undefined;
}

function fewer({ base, head }: Sides): string | undefined {
  const [before, after] = [base.map(({ total }) => total), head.map(({ total }) => total)];
  const least = Math.min(...before);
  const isCounted = Math.max(...before) - least <= sameCountShare * least;
  const most = Math.max(...after);
  const isFewer = isSame(before) ? isExactly(least - most, least) : most < least * (1 - fewerShare);
  if (!isCounted || !isFewer) return undefined;
  return `head answered at most ${formatCount(most)} requests of the load in a run, base at least ${formatCount(least)}`;
}

/** Of a load by count alone. */
function more({ base, head }: Sides): string | undefined {
  const before = base.map(({ total }) => total);
  const least = Math.min(...head.map(({ total }) => total));
  const isMore = isSame(before) && least - before[0]! >= Math.max(moreCount, exactShare * before[0]!);
  return isMore
    ? `head answered at least ${formatCount(least)} requests of the load in a run, base ${formatCount(before[0]!)}`
    : undefined;
}

/** A load by count, as it seems: by time, two runs are hardly ever answered equally often. */
function isSame(counts: readonly number[]): boolean {
  return counts.length > 1 && counts.every((each) => each === counts[0]);
}

function isExactly(difference: number, of: number): boolean {
  return difference >= Math.min(exactCount, Math.max(1, exactShare * of));
}

function otherStatuses(sides: Sides): string | undefined {
  return otherStatusCounts(sides) ?? otherStatusShares(sides);
}

/** Of a load by count, whose answers have the same statuses in each run of the base: by how many. */
function otherStatusCounts({ base, head }: Sides): string | undefined {
  const [first] = base;
  if (!first || !isSame(base.map(({ total }) => total))) return undefined;
  const of = (side: readonly AnswerCounts[], status: string) => side.map(({ statuses }) => statuses[status] ?? 0);
  const differing = statusesOf({ base, head }).flatMap((status) => {
    const [before, after] = [of(base, status), of(head, status)];
    if (!isSame(before)) return [];
    // More answers of the same kind are no other answers.
    const extra = before[0]! > 0 ? Math.max(0, ...head.map(({ total }) => total - first.total)) : 0;
    const more = Math.min(...after) - before[0]! - extra;
    const less = before[0]! - Math.max(...after);
    return isExactly(Math.max(more, less), first.total)
      ? [{ status, before: before[0]!, after: middle(after), more }]
      : [];
  });
  const [largest] = differing.sort((a, b) => b.more - a.more);
  if (!largest) return undefined;
  const { status, before, after } = largest;
  return `head answers ${formatCount(after)} requests of a run with status ${status}, base ${formatCount(before)}`;
}

function statusesOf({ base, head }: Sides): string[] {
  return [...new Set([...base, ...head].flatMap(({ statuses }) => Object.keys(statuses)))];
}

function otherStatusShares({ base, head }: Sides): string | undefined {
  const all = statusesOf({ base, head });
  const shares = (side: readonly AnswerCounts[], status: string) =>
    side.map(({ statuses, total }) => (statuses[status] ?? 0) / Math.max(1, total));
  const differing = all.flatMap((status) => {
    const [before, after] = [shares(base, status), shares(head, status)];
    const more = Math.min(...after) - Math.max(...before);
    const less = Math.min(...before) - Math.max(...after);
    return Math.max(more, less) > statusShare ? [{ status, before: middle(before), after: middle(after), more }] : [];
  });
  const [largest] = differing.sort((a, b) => b.more - a.more);
  if (!largest) return undefined;
  const { status, before, after } = largest;
  return `head answers ${formatShare(after)} of its requests with status ${status}, base ${formatShare(before)}`;
}

function otherSizes({ base, head }: Sides): string | undefined {
  const each = (side: readonly AnswerCounts[]) =>
    side.flatMap(({ bytes, total }) => (bytes === undefined || total === 0 ? [] : [bytes / total]));
  const [before, after] = [each(base), each(head)];
  if (before.length < base.length || after.length < head.length) return undefined;
  const isLess = Math.max(...after) * sizeFactor < Math.min(...before);
  const isMore = Math.min(...after) > Math.max(...before) * sizeFactor;
  if (!isLess && !isMore) return undefined;
  return `an answer of head has ${formatBytes(middle(after))}, one of base ${formatBytes(middle(before))}`;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
