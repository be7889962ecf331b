/** Readings of what reached the target, and what it made of it. Pure. */
import { counted } from '../../reports/counted.ts';
import { formatCount } from '../../reports/format.ts';
import type { Unanswered } from '../feed/load-reports.ts';
import type { Answers } from '../preload/options.ts';
import type { Lane } from '../scenario/scenario.ts';
import type { TruthDoubt } from '../traffic/traffic.ts';
import type { AgentCount } from '../watch/agent-counters.ts';
import { unseenWords } from './heap.ts';
import type { RunFigures } from './measured-run.ts';
import { framesShed, hiddenByFlows } from './overload.ts';
import { between, notMeasured, type Reading, uncountedMessages, value } from './reading.ts';
import { failedRequests } from './requests.ts';

const uncounted = 'drops of this target are not counted: only our agent reports them';

/** Frames that the target itself dropped; null where nobody counts them. A pipe drops none. */
export function droppedByTarget({ framesDropped }: Pick<AgentCount, 'framesDropped'>, lane: Lane): number | null {
  return framesDropped ?? (lane === 'exact' ? 0 : null);
}

/** Refused by the device is not delivered; what the target itself dropped comes on top, where it is known. */
export function dropped({ counts, measure }: RunFigures): Reading {
  const { sending, lane } = measure;
  if (!sending) return notMeasured('no frames were sent');
  const { framesSent, link } = sending.ledger;
  const lost = Math.max(0, framesSent - link.frames) + link.dropped;
  const byTarget = droppedByTarget(counts, lane);
  if (byTarget !== null) return value(lost + byTarget);
  return lost > 0 ? between(lost, Number.POSITIVE_INFINITY, uncounted) : notMeasured(uncounted);
}

const unpaced = 'frames were not paced: none were sent, or at top speed, or over a pipe';

export function lateP99({ measure }: RunFigures): Reading {
  const pacing = measure.sending?.pacing;
  return pacing ? value(pacing.p99Us / 1e3) : notMeasured(unpaced);
}

export function lateMax({ measure }: RunFigures): Reading {
  const pacing = measure.sending?.pacing;
  return pacing ? value(pacing.maxUs / 1e3) : notMeasured(unpaced);
}

interface Kept {
  readonly intact: number;
  readonly found: number;
  /** Of those found, so many may be others than those intact. */
  readonly possible: number;
  /** Of those possible, so many were found as what is counted apart. */
  readonly apart: number;
}

interface Counted {
  /** Requests and responses: those delivered whole, and those of them the agent found. */
  readonly kinds: readonly Kept[];
  readonly doubts: readonly TruthDoubt[];
}

/** A reason where it is not known. */
function messagesOf({ counts, measure }: RunFigures): Counted | string {
  const truth = measure.sending?.truth;
  if (!truth) return uncountedMessages;
  const { requestsComplete, responsesComplete, interims } = counts;
  if (requestsComplete === null || responsesComplete === null) return 'only our agent counts what it finds';
  const { requestsIntact, responsesIntact, requestsPossible = 0, responsesPossible = 0 } = truth;
  const sent = truth.interims ?? 0;
  // Who does not count interim responses apart may have them among the others.
  const possible = responsesPossible + (interims === null ? sent : 0);
  const kinds = [
    { intact: requestsIntact, found: requestsComplete, possible: requestsPossible, apart: 0 },
    { intact: responsesIntact, found: responsesComplete, possible, apart: Math.max(0, (interims ?? 0) - sent) },
  ];
  return { kinds, doubts: truth.doubts ?? [] };
}

/** Causes that are named; the report lists all of them. */
const causesShown = 3;

/** What the truth says of itself, the most frequent first. */
function causesOf(doubts: readonly TruthDoubt[]): string {
  const most = doubts.toSorted((a, b) => b.count - a.count).slice(0, causesShown);
  return most.map(({ count, what }) => `${formatCount(count)} ${what}`).join(', ');
}

function hiddenBy({ doubts }: Counted): string {
  const causes = causesOf(doubts);
  return `messages that may be found or not may stand for some that were missed${causes === '' ? ' (damaged on the way, in tunnels, or found without what they answer)' : `: ${causes}`}`;
}

/** The reason that holds, and the way out that there is. */
function beyondTruth({ doubts }: Counted): string {
  const causes = causesOf(doubts);
  return causes === ''
    ? 'the truth cannot judge what was found: the agent found more than it knows of'
    : `the truth cannot judge what was found: ${causes}; a recording of whole frames, from the start of its connections, can be judged`;
}

function extraOf({ intact, found, possible, apart }: Kept): number {
  return Math.max(0, apart + Math.max(0, found - intact) - possible);
}

/** What was found, or may be there, shows that the truth is not whole: then nobody knows how much there was to find. */
function isBeyondTruth(messages: readonly Kept[]): boolean {
  return messages.some(
    (each) => extraOf(each) > 0 || (each.intact === 0 && each.found + each.possible + each.apart > 0),
  );
}

/** The fewest and the most that can have been missed. Per kind: requests that are found twice make up for no response. */
function missedOf(messages: readonly Kept[]): { least: number; most: number } {
  let [least, most] = [0, 0];
  for (const { intact, found, possible } of messages) {
    least += Math.max(0, intact - found);
    most += Math.max(0, intact - Math.max(0, found - possible));
  }
  return { least, most };
}

/** The way out: whoever names limits of memory alone is judged by those. */
const noneIntact =
  'no message was delivered whole, so what was found of them was not judged; name the limits that are meant (--budget rss.max=150MB), or bring whole requests or responses of HTTP/1';

export function missed(run: RunFigures): Reading {
  const messages = messagesOf(run);
  if (typeof messages === 'string') return notMeasured(messages);
  const { least, most } = missedOf(messages.kinds);
  const shed = framesShed(run.measure);
  const low = Math.max(0, least - shed);
  if (isBeyondTruth(messages.kinds)) return between(low, Number.POSITIVE_INFINITY, beyondTruth(messages));
  if (messages.kinds.every(({ intact }) => intact === 0)) return notMeasured(noneIntact);
  return between(low, most, shed > 0 ? hiddenByFlows : hiddenBy(messages));
}

export function found(run: RunFigures): Reading {
  const messages = messagesOf(run);
  if (typeof messages === 'string') return notMeasured(messages);
  const intact = messages.kinds.reduce((sum, each) => sum + each.intact, 0);
  if (isBeyondTruth(messages.kinds)) return notMeasured(beyondTruth(messages));
  if (intact === 0) return notMeasured('the traffic holds no message that was delivered whole');
  const { least, most } = missedOf(messages.kinds);
  // What was in connections that were left out was not found either.
  return between((intact - most) / intact, (intact - least) / intact, hiddenBy(messages));
}

/** Found, and not among those that can have been there: the other half of `missed`. */
export function extra(run: RunFigures): Reading {
  const messages = messagesOf(run);
  if (typeof messages === 'string') return notMeasured(messages);
  return value(messages.kinds.reduce((sum, each) => sum + extraOf(each), 0));
}

const noAnswers =
  'no answer was counted: it takes an HTTP server under a load, of Node.js (HTTP/2 from Node.js 24.2 on), or a load that reports them';

const lostWords = (lost: number) =>
  `${counted(lost, 'process or thread', 'processes or threads')} of the target ended under the load without a last word, or could not be asked: what was not answered there is not known`;

const leftWords = (count: number) =>
  `${counted(count, 'request')} ${count === 1 ? 'was' : 'were'} left by ${count === 1 ? 'its client' : 'their clients'} before the answer was whole, while others went on: gave up or had enough, nobody knows`;

/** By the load's own count and by the server's: both saw the same requests. */
export function unansweredOf(answers: Answers | undefined, byLoad: Unanswered | undefined): Unanswered {
  const { unanswered: counted = 0 } = answers ?? {};
  const { least, most } = byLoad ?? { least: 0, most: 0 };
  return { least: Math.max(least, counted), most: Math.max(most, counted) };
}

/** Requests without an answer are failed ones, whoever counted the answers to the others. */
export function failed({ measure: { answers, requests, unanswered } }: RunFigures): Reading {
  if (requests) return failedRequests(requests);
  const { least, most } = unansweredOf(answers, unanswered);
  const { not2xx = 0, lost = 0, leftEarly = 0, unseen = 0 } = answers ?? {};
  if (lost > 0) return between(not2xx + least, Number.POSITIVE_INFINITY, lostWords(lost));
  if (unseen > 0)
    return between(not2xx + least, not2xx + Math.max(most, least + leftEarly) + unseen, unseenWords(unseen));
  const why = leftEarly > 0 ? leftWords(leftEarly) : 'the load generator rounds its errors';
  if (answers) return between(not2xx + least, not2xx + Math.max(most, least + leftEarly), why);
  return least > 0 ? between(least, Number.POSITIVE_INFINITY, noAnswers) : notMeasured(noAnswers);
}
