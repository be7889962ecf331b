/** Readings of recorded requests that were sent at a service. Pure. */
import { type RequestAccount, unsentInAll } from '../feed/request-account.ts';
import type { RunFigures } from './measured-run.ts';
import { between, notMeasured, type Reading, value } from './reading.ts';

const noRequests = 'no recorded requests were sent: it takes --requests';

/** Without an answer, with an error where none was recorded, or with more than an answer. */
export function failedRequests({ unanswered, errors, unasked = 0, incomparableErrors = 0 }: RequestAccount): Reading {
  const known = unanswered + errors + unasked;
  return between(
    known,
    known + incomparableErrors,
    'some answers are errors, and which recorded answers stand beside them is not known: bytes are missing there',
  );
}

/** Answers with another status or length than the recorded one, and requests that got none. */
export function different({ measure: { requests } }: RunFigures): Reading {
  if (!requests) return notMeasured(noRequests);
  const { differentStatus, differentLength, unanswered, uncompared, statusOnly, revalidated = 0 } = requests;
  const known = differentStatus + differentLength + unanswered;
  return between(
    known,
    known + uncompared + statusOnly + revalidated,
    'the recording lacks some answers, or parts of them: these were not compared',
  );
}

/** How late the latest hundredth of the requests was at least, in ms. */
export function late({ measure: { requests } }: RunFigures): Reading {
  if (!requests) return notMeasured(noRequests);
  const { lateP99Us, mode, sent, recorded, loops } = requests;
  if (mode !== 'recorded') return notMeasured('there is no schedule: it takes the recorded times, at any --speed');
  if (lateP99Us === null) return notMeasured('no request was sent');
  const due = recorded.requests * loops;
  const high = sent < due ? Number.POSITIVE_INFINITY : lateP99Us / 1000;
  return between(lateP99Us / 1000, high, 'some requests were never sent: the service took no connection');
}

export function unsent({ measure: { requests } }: RunFigures): Reading {
  return requests ? value(unsentInAll(requests)) : notMeasured(noRequests);
}
