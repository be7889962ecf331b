/** What a report says of its measuring pass and nothing else: whoever has the measurement makes it again. Pure. */

import { counted } from '../../reports/counted.ts';
import { formatBytes, formatCount } from '../../reports/format.ts';
import type { Note, RunReport } from '../../reports/model.ts';
import { accountOf } from '../metrics/account.ts';
import { droppedByTarget, unansweredOf } from '../metrics/delivery.ts';
import { trafficPeakOf } from '../metrics/measured-run.ts';
import { describeOverload } from '../metrics/overload.ts';
import type { MeasuredPass } from '../pass/pass-result.ts';
import { countsOf } from '../watch/agent-counters.ts';
import { answerCounters } from '../watch/answers.ts';
import type { Measurement } from './measurement.ts';
import { gcEventsOf } from './series.ts';

export type Derived = Pick<RunReport, 'gc' | 'phases' | 'counters' | 'ledger' | 'messages' | 'exchanges'>;

export function derivedOf(measure: MeasuredPass): Derived {
  return {
    gc: gcEventsOf(measure),
    phases: measure.watch.phases.map((phase) => ({ ...phase })),
    counters: { ...measure.stats.final?.values, ...answerCounters(measure.answers) },
    ledger: ledgerOf(measure),
    messages: messagesOf(measure),
    exchanges: exchangesOf(measure),
  };
}

/** What was sent and delivered; null where no frames were. */
function ledgerOf({ sending, stats, lane }: MeasuredPass): RunReport['ledger'] {
  if (!sending) return null;
  const { framesSent, bytesSent, link, balanced } = sending.ledger;
  return {
    framesSent,
    bytesSent,
    framesDelivered: link.frames,
    bytesDelivered: link.bytes,
    framesDropped: droppedByTarget(countsOf(stats), lane),
    ok: balanced,
  };
}

/** What the agent found of what was there; null where either is unknown. */
function messagesOf({ sending, stats }: MeasuredPass): RunReport['messages'] {
  const truth = sending?.truth;
  const { requestsComplete: requests, responsesComplete: responses } = countsOf(stats);
  if (!truth || requests === null || responses === null) return null;
  return {
    found: { requests, responses },
    truth: { requests: truth.requestsIntact, responses: truth.responsesIntact },
    mayBeLost: {
      requests: truth.requests - truth.requestsIntact,
      responses: truth.responses - truth.responsesIntact,
    },
  };
}

function exchangesOf(measure: MeasuredPass): RunReport['exchanges'] {
  const account = accountOf(measure);
  return typeof account === 'string' ? null : account;
}

/** How the note of a pass begins, by whether it is judged. */
export const feedsBudgets = 'feeds the budgets';
export const feedsNone = 'feeds no budget';

/** CPU that the readings of the measuring pass took, as a share of the target's own; null where either is unknown. */
export function measuredOverhead({
  channel: { last },
  watch: { usage },
}: Pick<Measurement['pass'], 'channel' | 'watch'>): number | null {
  const cpuMs = last?.cpuMs ?? (usage ? usage.userMs + usage.systemMs : null);
  const { ownMs } = (last ?? {}) as { readonly ownMs?: number };
  return cpuMs === null || cpuMs === 0 || ownMs === undefined ? null : ownMs / cpuMs;
}

const refusedHint = 'A TAP device takes frames of 14 to 65,535 bytes: --lane exact delivers any';

/** What was left out, refused, or not answered, and what no figure is of. */
export function measuredNotes(measure: MeasuredPass): Note[] {
  const { sending, stats, answers, requests, unanswered } = measure;
  const notes: Note[] = startNotes(measure);
  const overload = describeOverload({ stats });
  if (overload !== undefined) notes.push({ severity: 'info', text: overload });
  const warn = (text: string) => notes.push({ severity: 'warning', text });
  if (sending && !sending.ledger.balanced) {
    const way = sending.ledger.framesRefused > 0 ? `. ${refusedHint}` : '';
    warn(sending.ledger.summary + way);
  }
  if (answers && answers.not2xx > 0 && !requests)
    warn(`${formatCount(answers.not2xx)} of ${formatCount(answers.total)} answers had another status than 2xx`);
  const { least, most } = requests ? { least: 0, most: 0 } : unansweredOf(answers, unanswered);
  if (least > 0) {
    const count = least === most ? formatCount(least) : `${formatCount(least)} to ${formatCount(most)}`;
    warn(`${count} requests of the load got no answer`);
  }
  const { inFlight = 0, leftEarly = 0 } = answers ?? {};
  if (inFlight > leftEarly && !requests)
    notes.push({
      severity: 'info',
      text: `${counted(inFlight - leftEarly, 'request')} had no whole answer when their client left, or when the load was over: not counted as failed`,
    });
  return notes;
}

/** More than the kernel's and floodgate's counts of the same pages differ by. */
const startBytesMin = 4_000_000;

/** Who sizes a container needs what the start took: figures are of the traffic. */
function startNotes(measure: MeasuredPass): Note[] {
  const { watch, sending } = measure;
  const bytes = trafficPeakOf(measure);
  if (bytes === undefined || watch.rssPeakBytes < bytes + startBytesMin) return [];
  const first = sending ? 'frame' : 'request';
  const text = `before the first ${first} it took ${formatBytes(watch.rssPeakBytes)}, from then on ${formatBytes(bytes)} at most: rss.max and rss.rise count from there`;
  return [{ severity: 'info', text }];
}
