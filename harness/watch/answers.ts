/** HTTP answers that a target has counted, of several threads and processes together, and as counters of a report. Pure. */
import type { Answers } from '../preload/options.ts';

/** Undefined where none gave any. */
export function addedAnswers(all: readonly (Answers | undefined)[]): Answers | undefined {
  const known = all.filter((each) => each !== undefined);
  if (known.length === 0) return undefined;
  const statuses = addedCounts(known.map((each) => each.statuses));
  const ports = addedCounts(known.map((each) => each.ports));
  const sum = (of: (answers: Answers) => number) => known.reduce((total, each) => total + of(each), 0);
  const some = (name: 'unanswered' | 'inFlight' | 'open' | 'leftEarly' | 'lost' | 'unseen') => {
    const count = sum((each) => each[name] ?? 0);
    return count > 0 ? { [name]: count } : {};
  };
  return {
    ...{ ...some('unanswered'), ...some('inFlight'), ...some('open'), ...some('leftEarly') },
    ...{ ...some('lost'), ...some('unseen') },
    total: sum(({ total }) => total),
    not2xx: sum(({ not2xx }) => not2xx),
    // A sum of some of them is none.
    ...(known.every(({ statuses }) => statuses) && { statuses }),
    ...(Object.keys(ports).length > 0 && { ports }),
    ...(known.every(({ bytes }) => bytes !== undefined) && { bytes: sum(({ bytes }) => bytes!) }),
  };
}

function addedCounts(all: readonly (Readonly<Record<string, number>> | undefined)[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const counts of all)
    for (const [name, count] of Object.entries(counts ?? {})) sums[name] = (sums[name] ?? 0) + count;
  return sums;
}

/**
 * The same, with how many of them the load may have had: all but those that are known to have come to another port. Answers of other
 * processes and of HTTP/2 are not known by port.
 * @param port that the load was sent to; undefined where that is not known
 */
export function answersOfLoad(answers: Answers | undefined, port: number | undefined): Answers | undefined {
  if (!answers?.ports || port === undefined) return answers;
  const elsewhere = Object.entries(answers.ports).reduce(
    (sum, [name, count]) => (name === String(port) || name === 'unknown' ? sum : sum + count),
    0,
  );
  const atPort = answers.ports[port] ?? 0;
  return atPort > 0 && elsewhere > 0 ? { ...answers, ofLoad: answers.total - elsewhere } : answers;
}

/**
 * What a process or a thread had counted that ended by itself: it has cut what it had open.
 * @param isWhole its last reading was taken as it ended, or nothing began after it; what came after another is not known
 */
export function endedAnswers(answers: Answers | undefined, isWhole: boolean): Answers | undefined {
  if (!answers) return undefined;
  const { open = 0, inFlight = 0, unanswered = 0, lost = 0 } = answers;
  const ended = { ...answers, open: 0, inFlight: inFlight - open, unanswered: unanswered + open };
  return addedAnswers([{ ...ended, lost: lost + (isWhole ? 0 : 1) }]);
}

const prefix = 'answers.';

/** By which two versions are compared: what they answered to the same load, where their own servers counted it. */
export function answerCounters(answers: Answers | undefined): Record<string, number> {
  if (!answers?.statuses) return {};
  const statuses = Object.entries(answers.statuses).map(([status, count]) => [`${prefix}${status}`, count]);
  return {
    [`${prefix}total`]: answers.total,
    ...(answers.bytes !== undefined && { [`${prefix}bytes`]: answers.bytes }),
    ...Object.fromEntries(statuses),
  };
}

export interface AnswerCounts {
  readonly total: number;
  /** Headers and bodies; undefined where they were not counted. */
  readonly bytes: number | undefined;
  /** By status; empty where they were not counted. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** The same again; undefined where no answers were counted. */
export function countedAnswers(counters: Readonly<Record<string, number>> = {}): AnswerCounts | undefined {
  const total = counters[`${prefix}total`];
  if (total === undefined) return undefined;
  const statuses = Object.entries(counters).flatMap(([name, count]) => {
    const status = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    return /^\d{3}$/.test(status) ? [[status, count] as const] : [];
  });
  return { total, bytes: counters[`${prefix}bytes`], statuses: Object.fromEntries(statuses) };
}
