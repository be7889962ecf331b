import t from 'tap';
import { addedAnswers, answerCounters } from '../watch/answers.ts';
import { answersDiffer, withoutDifferent } from './answers.ts';

/** Runs of one version, each by what it answered. */
const runs = (
  ...answers: { readonly total: number; readonly bytes: number; readonly statuses: Record<string, number> }[]
) => answers.map((each) => ({ counters: answerCounters({ not2xx: 0, ...each }) }));
const served = (total: number, bytes = 1_000, status = '200') => ({
  total,
  bytes: bytes * total,
  statuses: { [status]: total },
});

t.test('a head that answers less, something else or nothing is said, in every run of it', async (t) => {
  const base = runs(served(4_000), served(4_000), served(4_000));
  const differ = (...head: Parameters<typeof runs>) => answersDiffer({ base, head: runs(...head) });
  t.equal(differ(served(4_000), served(4_000), served(4_000, 1_100)), undefined);
  t.equal(differ(served(4_000), served(3_000), served(3_000)), undefined, 'one run of three is the noise of a load');
  t.match(
    differ(served(3_000), served(3_001), served(3_000)),
    'head answered at most 3,001 requests of the load in a run, base at least 4,000',
  );
  t.match(
    differ(served(4_000, 1_000, '204'), served(4_000, 1_000, '204'), served(4_000, 1_000, '204')),
    /head answers .* with status/,
  );
  t.match(
    differ(served(4_000, 100), served(4_000, 100), served(4_000, 110)),
    'an answer of head has 100 B, one of base 1 kB',
  );
  t.match(differ(served(4_000, 9_000), served(4_000, 9_000), served(4_000, 9_000)), 'an answer of head has 9 kB');
  t.match(answersDiffer({ base, head: [{}, {}, {}] }), /no answer of head was counted/);
  t.equal(answersDiffer({ base: [{}, {}], head: base }), undefined, 'of a base that counts none nothing is known');
});

t.test('a load by time is answered as often as a service is quick', async (t) => {
  const base = runs(served(4_000), served(4_400), served(4_200));
  t.equal(answersDiffer({ base, head: runs(served(3_000), served(3_100), served(2_900)) }), undefined);
});

t.test('what is within a limit is taken back, and worse stays', async (t) => {
  const metric = (decision: 'worse' | 'within') => ({ name: decision, decision }) as never;
  const judgement = { method: 'pairs', decision: 'within', metrics: [metric('within')], mayChange: true } as const;
  t.equal(withoutDifferent(judgement, undefined), judgement);
  t.match(withoutDifferent(judgement, 'why'), {
    decision: 'undecided',
    fault: 'why',
    mayChange: false,
    metrics: [{ decision: 'undecided', note: 'why' }],
  });
  const worse = { ...judgement, decision: 'worse', metrics: [metric('worse'), metric('within')] } as const;
  t.match(withoutDifferent(worse, 'why'), {
    decision: 'worse',
    metrics: [{ decision: 'worse' }, { decision: 'undecided' }],
  });
});

t.test('answers of several threads and processes', async (t) => {
  t.equal(addedAnswers([undefined]), undefined);
  const one = { total: 3, not2xx: 1, statuses: { 200: 2, 404: 1 }, bytes: 30 };
  t.strictSame(addedAnswers([one, undefined, one]), { total: 6, not2xx: 2, statuses: { 200: 4, 404: 2 }, bytes: 60 });
  t.strictSame(addedAnswers([one, { total: 1, not2xx: 0 }]), { total: 4, not2xx: 1 }, 'a sum of some of them is none');
});
