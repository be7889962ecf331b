/** Readings of what reached the target, and what it made of it. Pure. */
import type { RunFigures } from './measured-run.ts';
import { between, notMeasured, type Reading, value } from './reading.ts';

const uncounted = 'drops of this target are not counted: only our agent reports them';

/** Refused by the device is not delivered; what the target itself dropped comes on top, where it is known. */
export function dropped({ counts, measure }: RunFigures): Reading {
  const { sending, lane } = measure;
  if (!sending) return notMeasured('no frames were sent');
  const { framesSent, link } = sending.ledger;
  const lost = Math.max(0, framesSent - link.frames) + link.dropped;
  const byTarget = counts.framesDropped ?? (lane === 'exact' ? 0 : null);
  if (byTarget !== null) return value(lost + byTarget);
  return lost > 0 ? between(lost, Number.POSITIVE_INFINITY, uncounted) : notMeasured(uncounted);
}

interface Kept {
  readonly intact: number;
  readonly found: number;
}

/** Requests and responses: those delivered whole, and those of them the agent found; a reason where it is not known. */
function messagesOf({ counts, measure }: RunFigures): readonly Kept[] | string {
  const truth = measure.sending?.truth;
  if (!truth)
    return 'the messages of this traffic are not counted: it takes a scenario that counts them, sent to its end';
  const { requestsComplete, responsesComplete } = counts;
  if (requestsComplete === null || responsesComplete === null) return 'only our agent counts what it finds';
  return [
    { intact: truth.requestsIntact, found: requestsComplete },
    { intact: truth.responsesIntact, found: responsesComplete },
  ];
}

/** Per kind: requests that are found twice make up for no response. */
export function missed(run: RunFigures): Reading {
  const messages = messagesOf(run);
  if (typeof messages === 'string') return notMeasured(messages);
  return value(messages.reduce((sum, { intact, found }) => sum + Math.max(0, intact - found), 0));
}

export function found(run: RunFigures): Reading {
  const messages = messagesOf(run);
  if (typeof messages === 'string') return notMeasured(messages);
  const intact = messages.reduce((sum, each) => sum + each.intact, 0);
  if (intact === 0) return notMeasured('the traffic holds no message that was delivered whole');
  return value(messages.reduce((sum, each) => sum + Math.min(each.intact, each.found), 0) / intact);
}

const noAnswers =
  'answers were not counted: it takes an HTTP server under a load, of Node.js, or a load that reports them';

/** Requests without an answer are failed ones, whoever counted the answers to the others. */
export function failed({ measure: { answers, unanswered = { least: 0, most: 0 } } }: RunFigures): Reading {
  const { least, most } = unanswered;
  if (answers) return between(answers.not2xx + least, answers.not2xx + most, 'the load generator rounds its errors');
  return least > 0 ? between(least, Number.POSITIVE_INFINITY, noAnswers) : notMeasured(noAnswers);
}
