import t from 'tap';
import type { PassResult } from '../pass/pass-result.ts';
import { dropped, extra, failed, found, missed } from './delivery.ts';
import type { RunFigures } from './measured-run.ts';
import { value } from './reading.ts';

interface Parts {
  readonly lane?: PassResult['lane'];
  readonly sent?: number;
  readonly delivered?: number;
  readonly dropped?: number | null;
  readonly found?: readonly [number, number] | null;
  readonly intact?: readonly [number, number] | null;
  readonly possible?: number;
  /** Sent and found; null: the target counts them among its responses. */
  readonly interims?: readonly [number, number | null];
  readonly framesShed?: number;
  readonly doubts?: readonly { readonly count: number; readonly what: string }[];
}

/** A pass of which only what these rows read is there. */
function runOf({
  lane = 'tap',
  sent = 10,
  delivered = 10,
  dropped = 0,
  found = [5, 5],
  intact = [5, 5],
  possible,
  interims = [0, 0],
  framesShed = 0,
  doubts,
}: Parts) {
  const truth = intact && {
    requests: 9,
    responses: 9,
    requestsIntact: intact[0],
    responsesIntact: intact[1],
    doubts,
    interims: interims[0],
    ...(possible !== undefined && { requestsPossible: possible, responsesPossible: 0 }),
  };
  const link = { frames: delivered, bytes: 0, dropped: 0 };
  const sending = { ledger: { framesSent: sent, link }, truth: truth ?? undefined };
  const counts = {
    framesDropped: dropped,
    requestsComplete: found?.[0] ?? null,
    responsesComplete: found?.[1] ?? null,
    interims: interims[1],
  };
  const stats = { samples: [], final: { tsMs: 0, values: { 'capture.framesShed': framesShed } } };
  return { counts, measure: { lane, sending, stats } } as unknown as RunFigures;
}

t.test('requests that failed: nothing is zero that nobody knows', async (t) => {
  const failedOf = (answers: object) => failed({ measure: { answers } } as unknown as RunFigures);
  t.same(failedOf({ total: 9, not2xx: 2, unanswered: 1, inFlight: 4 }), value(3));
  t.match(failedOf({ total: 9, not2xx: 2, inFlight: 1, leftEarly: 1 }), {
    low: 2,
    high: 3,
    reason: /^1 request was left/,
  });
  t.match(failedOf({ total: 9, not2xx: 2, leftEarly: 2, lost: 1 }), { low: 2, high: Number.POSITIVE_INFINITY });
});

t.test('frames that did not reach the target', async (t) => {
  t.same(dropped(runOf({})), value(0));
  t.same(dropped(runOf({ dropped: 3 })), value(3), 'dropped by the capture');
  t.same(dropped(runOf({ delivered: 8, dropped: 1 })), value(3), 'and refused by the device');
  t.same(dropped(runOf({ lane: 'exact', dropped: null })), value(0), 'a pipe drops nothing');
  t.match(dropped(runOf({ dropped: null })), { state: 'notMeasured' }, 'of a target that counts nothing');
  t.match(dropped(runOf({ delivered: 8, dropped: null })), { state: 'undecided', low: 2 }, 'at least those refused');
  t.match(dropped({ measure: { lane: 'load' } } as RunFigures), { state: 'notMeasured' });
});

t.test('messages missed and found', async (t) => {
  t.same(missed(runOf({})), value(0));
  t.same(found(runOf({})), value(1));
  const fewer = runOf({ found: [4, 9] });
  t.match(missed(fewer), { state: 'undecided', low: 1 }, 'responses that are found twice make up for no request');
  t.same(missed(runOf({ found: [4, 5] })), value(1));
  t.same(found(runOf({ found: [4, 5] })), value(0.9));
  t.match(found(fewer), { state: 'notMeasured' }, 'more responses than were there');
  for (const unknown of [runOf({ intact: null }), runOf({ found: null })]) {
    t.match(missed(unknown), { state: 'notMeasured' });
    t.match(found(unknown), { state: 'notMeasured' });
  }
  t.match(found(runOf({ intact: [0, 0] })), { state: 'notMeasured' }, 'of no messages there is no share');
  const none = missed(runOf({ intact: [0, 0], found: [0, 0] }));
  t.match(none, { state: 'notMeasured', reason: /no message was delivered whole/ }, 'and of none none is found');
  t.match(missed(runOf({ intact: [5, 0], found: [5, 0] })), value(0), 'requests alone are enough');
});

t.test('messages in connections that the agent left out cannot be distinguished from missed ones', async (t) => {
  t.match(missed(runOf({ found: [4, 3], framesShed: 10 })), { state: 'undecided', low: 0, high: 3 });
  t.match(missed(runOf({ found: [4, 3], framesShed: 1 })), { state: 'undecided', low: 2, high: 3 });
  t.same(missed(runOf({ found: [5, 5], framesShed: 10 })), value(0));
});

t.test('messages that may be found or not never stand for those that must be', async (t) => {
  t.match(missed(runOf({ possible: 2 })), { state: 'undecided', low: 0, high: 2, reason: /may stand for some/ });
  t.match(found(runOf({ possible: 2 })), { state: 'undecided', low: 0.8, high: 1 });
  t.same(missed(runOf({ found: [7, 5], possible: 2 })), value(0), 'all of both were found');
  t.match(missed(runOf({ found: [3, 5], possible: 9 })), { state: 'undecided', low: 2, high: 5 });
});

t.test('a truth that knows less than the agent found decides nothing', async (t) => {
  for (const unknown of [
    runOf({ found: [5, 6], intact: [5, 0] }),
    runOf({ found: [9, 0], intact: [5, 0] }),
    runOf({ found: [5, 0], intact: [0, 0], possible: 7 }),
    runOf({ found: [0, 0], intact: [0, 0], possible: 7 }),
  ]) {
    t.match(missed(unknown), { state: 'undecided', low: 0, reason: /the truth cannot judge/ });
    t.match(found(unknown), { state: 'notMeasured', reason: /the truth cannot judge/ });
  }
  const doubts = [
    { count: 2, what: 'directions of streams with holes' },
    { count: 30, what: 'frames cut by a snap length' },
  ];
  const why = /: 30 frames cut by a snap length, 2 directions of streams with holes/;
  t.match(missed(runOf({ found: [9, 0], intact: [5, 0], doubts })), { reason: why });
  t.match(missed(runOf({ possible: 2, doubts })), { state: 'undecided', reason: why });
  t.same(missed(runOf({ found: [5, 0], intact: [5, 0] })), value(0), 'requests alone, and nothing else');
  t.match(missed(runOf({ found: [8, 3] })), { state: 'undecided', low: 2 }, 'at least those of the other kind');
});

t.test('interim answers stand for no final one', async (t) => {
  t.same(missed(runOf({ interims: [3, 3] })), value(0));
  t.same(missed(runOf({ interims: [3, 0] })), value(0), 'nobody has to count them');
  t.same(missed(runOf({ found: [5, 4], interims: [3, 3] })), value(1));
  t.match(
    missed(runOf({ found: [5, 6], interims: [3, null] })),
    { state: 'undecided', high: 2 },
    'counted among the others',
  );
  t.same(extra(runOf({ interims: [3, 4] })), value(1), 'more than were sent');
});

t.test('messages beyond those that can have been there', async (t) => {
  t.same(extra(runOf({ found: [7, 5], possible: 2 })), value(0));
  t.same(extra(runOf({ found: [8, 6], possible: 2 })), value(2));
  t.match(extra(runOf({ intact: null })), { state: 'notMeasured' });
});

t.test('answers that failed, and requests without one', async (t) => {
  const of = (answers: PassResult['answers'], least?: number, most = least) =>
    ({ measure: { answers, unanswered: least === undefined ? undefined : { least, most } } }) as RunFigures;
  t.same(failed(of({ total: 9, not2xx: 2 })), value(2));
  t.same(failed(of({ total: 9, not2xx: 2 }, 5)), value(7));
  t.match(failed(of({ total: 9, not2xx: 2 }, 500, 1500)), { state: 'undecided', low: 502, high: 1502 });
  t.match(failed(of(undefined)), { state: 'notMeasured', reason: /of Node\.js \(HTTP\/2 from Node\.js 24\.2 on\)/ });
  t.match(failed(of(undefined, 0)), { state: 'notMeasured' }, 'no errors are not known to be answers of 2xx');
  t.match(failed(of(undefined, 3)), { state: 'undecided', low: 3, high: Number.POSITIVE_INFINITY });
});
