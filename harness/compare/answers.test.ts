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

t.test('of a load by count a few are enough: neither a share nor chance hides them', async (t) => {
  const base = runs(served(1_200), served(1_200), served(1_200));
  const differ = (...totals: number[]) => answersDiffer({ base, head: runs(...totals.map((total) => served(total))) });
  t.match(
    differ(1_188, 1_188, 1_188),
    'head answered at most 1,188 requests of the load in a run, base at least 1,200',
  );
  t.match(differ(1_197, 1_197, 1_190), 'head answered at most 1,197 ');
  t.match(differ(1_198, 1_198, 1_198), 'head answered at most 1,198 ', '0.1 % are 1.2 of them');
  t.equal(differ(1_199, 1_199, 1_199), undefined, 'one is no difference');
  t.equal(differ(1_188, 1_188, 1_200), undefined, 'it takes every run');
  t.equal(differ(1_203, 1_203, 1_203), undefined, 'more than the base is no harm');
  t.match(
    differ(1_300, 1_250, 1_300),
    'head answered at least 1,250 requests of the load in a run, base 1,200',
    'but for so many that it is another load',
  );
  t.equal(differ(1_300, 1_249, 1_300), undefined);
  const large = runs(served(100_000), served(100_000));
  t.match(answersDiffer({ base: large, head: runs(served(99_997), served(99_997)) }), 'at most 99,997');
  t.equal(answersDiffer({ base: large, head: runs(served(99_998), served(99_998)) }), undefined);
  t.equal(answersDiffer({ base: runs(served(1_200)), head: runs(served(1_195)) }), undefined, 'one run is no proof');
  const mixed = (ok: number, redirected: number) => ({
    ...served(ok + redirected),
    statuses: { 200: ok, ...(redirected > 0 && { 302: redirected }) },
  });
  t.match(
    answersDiffer({ base, head: runs(mixed(1_195, 5), mixed(1_195, 5), mixed(1_196, 4)) }),
    'head answers 5 requests of a run with status 302, base 0',
  );
  t.equal(answersDiffer({ base, head: runs(mixed(1_199, 1), mixed(1_195, 5), mixed(1_195, 5)) }), undefined);
});

t.test('a load by time is answered as often as a service is quick', async (t) => {
  const base = runs(served(4_000), served(4_400), served(4_200));
  t.equal(answersDiffer({ base, head: runs(served(3_000), served(3_100), served(2_900)) }), undefined);
  t.equal(answersDiffer({ base, head: runs(served(8_000), served(8_000), served(8_000)) }), undefined);
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
