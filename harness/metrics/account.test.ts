import t from 'tap';
import { formatExchanges } from '../../reports/format.ts';
import type { Exchanges } from '../../reports/model.ts';
import type { PassResult } from '../pass/pass-result.ts';
import { accountOf, hiddenIn, intactOf } from './account.ts';

interface Counted {
  readonly truth?: Partial<
    Record<
      'requests' | 'responses' | 'requestsIntact' | 'responsesIntact' | 'exchangesIntact' | 'exchangesTouched',
      number
    >
  >;
  readonly counters?: Readonly<Record<string, number>>;
  readonly stored?: number;
}

/** Ten exchanges, the response of one of them damaged, all found, all stored. */
function pass({ truth, counters, stored = 10 }: Counted = {}): PassResult {
  const known = { requests: 10, responses: 10, requestsIntact: 10, responsesIntact: 9, exchangesIntact: 9, ...truth };
  const values = {
    'witness.witnesses': 10,
    'witness.requestsWhole': 10,
    'witness.responsesWhole': 9,
    'witness.exchangesWhole': 9,
    ...counters,
  };
  return {
    sending: { truth: known },
    stats: { samples: [], final: { tsMs: 0, values } },
    companion: { name: 'collector', batches: 1, witnesses: stored, endedWell: true, watch: undefined },
  } as unknown as PassResult;
}

t.test('what was damaged is no loss, and what was sent adds up', async (t) => {
  t.same(accountOf(pass()), { sent: 10, intact: 9, stored: 10, storedWhole: 9, shed: {}, missing: 0, unanswered: 0 });
});

t.test('what is nowhere is missing, wherever it went', async (t) => {
  t.match(accountOf(pass({ stored: 8 })), { missing: 2, storedWhole: 8 }, 'between the agent and the store');
  t.match(accountOf(pass({ stored: 12 })), { missing: 2 }, 'stored twice is no account either');
  const notFound = { 'witness.requestsWhole': 9, 'witness.responsesWhole': 8, 'witness.exchangesWhole': 8 };
  t.match(accountOf(pass({ counters: { ...notFound, 'witness.witnesses': 9 }, stored: 9 })), { missing: 1 });
  // A damaged exchange that was found makes up for none that was not.
  t.match(accountOf(pass({ counters: { 'witness.responsesWhole': 8, 'witness.exchangesWhole': 8 } })), { missing: 1 });
  // Both halves were found, each by itself: one exchange. One of each may be alone where its other half was damaged.
  const apart = { 'witness.requestsAlone': 3, 'witness.responsesAlone': 2, 'witness.witnesses': 12 };
  t.match(accountOf(pass({ counters: apart, stored: 12 })), { missing: 2 });
});

t.test(
  'halves in no pair are damage where the truth knows of bytes that were not delivered, and nowhere else',
  async (t) => {
    // Four of nine whole exchanges: eight halves, and one of the damaged one.
    const counters = {
      'witness.witnesses': 14,
      'witness.exchangesWhole': 5,
      'witness.requestsAlone': 4,
      'witness.responsesAlone': 4,
      'http.requestsUnanswered': 4,
      'http.responsesUnasked': 4,
    };
    const account = (touched: number, more: Readonly<Record<string, number>> = {}) =>
      accountOf(
        pass({ truth: { exchangesTouched: touched }, counters: { ...counters, ...more }, stored: 14 }),
      ) as Exchanges;
    t.match(account(9), { storedWhole: 5, missing: 0, unpaired: 4 });
    t.equal(
      formatExchanges(account(9)),
      '10 exchanges sent = 5 stored + 0 shed + 5 damaged (4 in no pair behind what is missing) + 0 missing; 14 witnesses in the collector',
    );
    t.match(account(0), { missing: 4, unpaired: undefined }, 'nothing was taken from their connections');
    t.match(account(3), { missing: 1, unpaired: 3 }, 'no more than are in connections that were touched');
    t.match(account(9, { 'http.responsesUnasked': 1 }), { missing: 3, unpaired: 1 }, 'the agent must have said so');
    t.match(account(9, { 'witness.requestsWhole': 8 }), { missing: 2 }, 'what was not found is missing');
    t.match(account(9, { 'witness.requestsAlone': 0 }), { missing: 4 }, 'a half that is nowhere is in no pair');
    // Two of the four were left out under overload, half by half, and one that was whole.
    const sampled = {
      'witness.witnesses': 9,
      'witness.exchangesWhole': 4,
      ...{ 'witness.requestsWhole': 7, 'witness.responsesWhole': 6, 'overload.exchangesSampled': 5 },
      ...{ 'overload.requestsWhole': 3, 'overload.responsesWhole': 3, 'overload.exchangesWhole': 1 },
      ...{ 'witness.requestsAlone': 3, 'witness.responsesAlone': 2 },
    };
    const left = accountOf(
      pass({ truth: { exchangesTouched: 9 }, counters: { ...counters, ...sampled }, stored: 9 }),
    ) as Exchanges;
    t.match(left, { storedWhole: 4, missing: 0, unpaired: 4, shed: { 'overload.exchangesSampled': 2 } });
    for (const touched of [0, 3, 9]) {
      for (const stored of [10, 14, 18]) {
        const {
          sent,
          storedWhole,
          shed,
          missing,
          unpaired = 0,
        } = accountOf(pass({ truth: { exchangesTouched: touched }, counters, stored })) as Exchanges;
        t.ok(storedWhole + missing + unpaired <= sent, `${touched} touched, ${stored} rows`);
        t.same(shed, {});
      }
    }
  },
);

t.test('a request that was never answered is no exchange that is missing', async (t) => {
  // Ten requests, six answers: four witnesses of a request alone.
  const truth = { responses: 6, responsesIntact: 6, exchangesIntact: 6 };
  const counters = { 'witness.responsesWhole': 6, 'witness.exchangesWhole': 6, 'witness.requestsAlone': 4 };
  t.match(accountOf(pass({ truth, counters })), { sent: 10, intact: 6, missing: 0 });
  t.match(accountOf(pass({ truth, counters: { ...counters, 'witness.requestsAlone': 5 } })), { missing: 1 });
  // Given out early to make room: alone they are as whole as they can be.
  const evicted = accountOf(pass({ truth, counters: { ...counters, 'witness.pendingEvicted': 4 } })) as Exchanges;
  t.same(evicted, { sent: 10, intact: 6, stored: 10, storedWhole: 6, shed: {}, missing: 0, unanswered: 4 });
  t.equal(
    formatExchanges(evicted),
    '10 exchanges sent = 6 stored + 0 shed + 4 unanswered + 0 damaged + 0 missing; 10 witnesses in the collector',
  );
  const halves = { ...counters, 'witness.requestsAlone': 6, 'witness.pendingEvicted': 6 };
  t.match(
    accountOf(pass({ truth, counters: halves })),
    { shed: { 'witness.pendingEvicted': 2 }, missing: 0 },
    'what lost its answer by it',
  );
});

t.test('what is lost at two places is counted once', async (t) => {
  // Three were not made whole, two of them as halves; of eight witnesses five were stored.
  const counters = {
    'witness.witnesses': 8,
    'witness.requestsWhole': 8,
    'witness.responsesWhole': 6,
    'witness.exchangesWhole': 6,
  };
  t.match(accountOf(pass({ counters, stored: 5 })), { intact: 9, storedWhole: 5, missing: 4 });
});

t.test('what a named policy left out is shed, under its name', async (t) => {
  const dedup = { 'witnessFile.duplicates': 4, 'filter.sampledOut': 0 };
  t.match(accountOf(pass({ counters: dedup, stored: 6 })), { shed: { 'witnessFile.duplicates': 4 }, missing: 0 });
  const sampled = {
    'witness.witnesses': 6,
    'witness.requestsWhole': 6,
    'witness.responsesWhole': 5,
    'witness.exchangesWhole': 5,
    'filter.sampledOut': 4,
  };
  t.match(accountOf(pass({ counters: sampled, stored: 6 })), { shed: { 'filter.sampledOut': 4 }, missing: 0 });
  // The spool shed some, and the collector has even fewer.
  t.match(accountOf(pass({ counters: { 'upload.witnessesShed': 3 }, stored: 5 })), { missing: 2 });
});

t.test('what was left out under overload is shed, and nothing hides behind it', async (t) => {
  // Four left out, the damaged one among them; six in witnesses.
  const overload = {
    'witness.witnesses': 6,
    'witness.requestsWhole': 6,
    'witness.responsesWhole': 6,
    'witness.exchangesWhole': 6,
    'overload.exchangesSampled': 3,
    'overload.exchangesFraming': 1,
    'overload.requestsWhole': 4,
    'overload.responsesWhole': 3,
    'overload.exchangesWhole': 3,
  };
  const shed = { 'overload.exchangesSampled': 3, 'overload.exchangesFraming': 1 };
  t.match(accountOf(pass({ counters: overload, stored: 6 })), { shed, storedWhole: 6, missing: 0 });
  const lost = { ...overload, 'overload.responsesWhole': 2, 'overload.exchangesWhole': 2 };
  t.match(accountOf(pass({ counters: lost, stored: 6 })), { missing: 1 }, 'as many left out, but one not seen whole');
  t.match(accountOf(pass({ counters: overload, stored: 5 })), { missing: 1 }, 'and one lost on its way');
});

t.test('what was in connections that were left out may be missing: both are said', async (t) => {
  const counters = {
    'witness.witnesses': 6,
    'witness.requestsWhole': 6,
    'witness.responsesWhole': 6,
    'witness.exchangesWhole': 6,
    'capture.framesShed': 2,
  };
  const account = accountOf(pass({ counters, stored: 6 })) as Exchanges;
  t.match(account, { shed: { 'overload.connections': 2 }, missing: 2 });
  t.equal(hiddenIn(account), 2);
});

t.test('where nothing counted there is no account, and a reason', async (t) => {
  t.match(accountOf({ ...pass(), sending: undefined }), /are not counted/);
  t.match(accountOf({ ...pass(), stats: { samples: [], final: undefined } }), /no counters/);
  t.match(accountOf({ ...pass(), companion: undefined }), /nothing was uploaded/);
  t.match(accountOf({ ...pass(), stats: { samples: [], final: { tsMs: 0, values: {} } } }), /made no witnesses/);
});

t.test('where only messages were counted, as many exchanges as must be whole', async (t) => {
  const counted = { requests: 10, responses: 9, requestsIntact: 8, responsesIntact: 7 };
  t.equal(intactOf(counted), 5);
  t.equal(intactOf({ ...counted, exchangesIntact: 6 }), 6);
  t.equal(intactOf({ requests: 2, responses: 2, requestsIntact: 0, responsesIntact: 1 }), 0);
});
