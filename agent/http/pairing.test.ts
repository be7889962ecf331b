/** Pairs against the truth (the short form of `pairing.fuzz.ts`), and single proofs as transcripts. */
import t from 'tap';
import { createHttpCounters } from './http-counters.ts';
import { defaultHttpLimits } from './http-limits.ts';
import { fuzzPairing, presets, tallyLine } from './pairing.fuzz.ts';
import { Pairing } from './pairing.ts';
import { Known, type Place } from './place.ts';

t.test('a client that takes turns: pairs are certain, and right', (t) => {
  for (const byKernel of [true, false]) {
    const tally = fuzzPairing({ seed: 3, exchanges: 12_000, client: 'serial', byKernel });
    t.comment(tallyLine(tally));
    t.equal(tally.certainWrong, 0);
    t.ok(tally.certain >= tally.bothHeads * 0.98, 'certain');
    t.ok(tally.certain + tally.probable >= tally.bothHeads * 0.99, 'certain or probable');
    t.ok(tally.probableWrong <= tally.probableRight * 0.01);
  }
  const whole = fuzzPairing({ seed: 4, exchanges: 4_000, client: 'serial', byKernel: true, fixed: { loss: 0 } });
  t.equal(whole.certain, whole.exchanges, 'all, where nothing is lost, however far the directions are apart');
  t.end();
});

t.test('bodies that hold messages: no certain pair is wrong, and few of the probable', (t) => {
  for (const [client, seed, share] of [
    ['serial', 8, 0.75],
    ['serial', 9, 0.75],
    ['pipelining', 8, 0.3],
  ] as const) {
    const tally = fuzzPairing({ seed, exchanges: 12_000, client, byKernel: true, fixed: { archives: 0.3 } });
    t.comment(tallyLine(tally));
    t.equal(tally.certainWrong, 0);
    t.ok(tally.certain > tally.bothHeads * share);
    t.ok(tally.probableWrong <= tally.probableRight * 0.01, `${tally.probableWrong} of the probable are wrong`);
  }
  t.end();
});

t.test('a client that pipelines: no certain pair is wrong', (t) => {
  for (const byKernel of [true, false]) {
    const tally = fuzzPairing({ seed: 5, exchanges: 12_000, client: 'pipelining', byKernel });
    t.comment(tallyLine(tally));
    t.equal(tally.certainWrong, 0);
    t.ok(tally.certain > tally.bothHeads * 0.4);
  }
  const whole = fuzzPairing({ seed: 6, exchanges: 4_000, client: 'pipelining', byKernel: true, fixed: { loss: 0 } });
  t.equal(whole.certain, whole.exchanges, 'all, where nothing is lost');
  t.end();
});

t.test('clients that change their manner, ports used again, archives of requests and responses', (t) => {
  for (const [name, seed] of [
    ['mixed', 5],
    ['ports used again', 77],
    ['mixed, ports used again', 9],
    ['motley archives', 8],
  ] as const) {
    const tally = fuzzPairing({ ...presets[name]!, seed, exchanges: 5000, byKernel: true });
    t.comment(name, tallyLine(tally));
    t.equal(tally.certainWrong, 0, name);
    t.ok(tally.certain > tally.bothHeads * (name === 'ports used again' ? 0.85 : 0.2), name);
    t.ok(tally.probableWrong <= tally.probableRight * 0.01, `${tally.probableWrong} of the probable are wrong`);
  }
  t.end();
});

/**
 * A script of one stream: `> NAME seq=N ack=N end=N` is a request, `< NAME …` the response that answers it, `lost SIDE`.
 * `seen=N` is behind what was seen of the client. Returns `NAME verdict` of each pair, and what stays unpaired.
 */
function pairsOf(script: string, limits: Partial<typeof defaultHttpLimits> = {}) {
  const counters = createHttpCounters();
  const pairing = new Pairing({ ...defaultHttpLimits, streamsMax: 1, ...limits }, counters);
  pairing.open(0);
  const halves = new Map<number, string[]>();
  const alone: string[] = [];
  const pairs: string[] = [];
  let tsUs = 0;
  for (const line of script.split('\n').map((text) => text.trim())) {
    const [direction, name = ''] = line.split(' ');
    const value = (key: string) => Number(new RegExp(` ${key}=(-?\\d+)`).exec(line)?.[1] ?? Number.NaN);
    if (direction === 'lost') pairing.lost(0, name as 'request', true);
    if (direction === 'wait') tsUs += Number(name) * 1000;
    if (direction !== '>' && direction !== '<') continue;
    tsUs += 1000;
    const message = { exchange: -1, pairing: 'open' as const, method: 'GET', uri: name, status: 0, tsUs };
    const [sequence, ack, end, reached] = [value('seq'), value('ack'), value('end'), value('seen')];
    const hasEnd = Number.isNaN(end) ? 0 : Known.end;
    const known = Known.placed | hasEnd | (Number.isNaN(reached) ? 0 : Known.reached);
    const place: Place = { known, sequence, ack, end, reached, acked: sequence, lookAcross() {} };
    if (direction === '>') pairing.request(0, message, place, 40);
    else {
      message.status = Number(/ status=(\d+)/.exec(line)?.[1] ?? 200);
      pairing.response(0, false, message, place);
      if (!line.includes('unended')) pairing.responseEnded(0, end);
    }
    const { exchange, pairing: verdict } = message as { exchange: number; pairing: string };
    if (verdict === 'absent') alone.push(direction + name);
    if (verdict === 'certain' || verdict === 'probable') pairs.push(`${halves.get(exchange)?.[0]}-${name} ${verdict}`);
    else if (exchange >= 0) halves.set(exchange, [...(halves.get(exchange) ?? []), name]);
  }
  pairing.close(0);
  t.equal(pairing.waiting, 0, 'nothing waits');
  return { pairs: pairs.join(', '), alone: alone.join(' '), counters };
}

t.test('a lost request: its response answers none that was seen, and the next pair is certain', (t) => {
  const { pairs, alone } = pairsOf(`
    > a seq=1 ack=1 end=41
    < a seq=1 ack=41 end=101 seen=41
    < b seq=101 ack=81 end=201 seen=41
    lost request
    > c seq=81 ack=201 end=121
    < c seq=201 ack=121 end=301 seen=121`);
  t.equal(pairs, 'a-a certain, c-c certain');
  t.equal(alone, '', 'b came early, as far as anyone knew then');
  t.end();
});

t.test('a lost response: the next one is not taken for it', (t) => {
  const { pairs } = pairsOf(`
    > a seq=1 ack=1 end=41
    lost response
    > b seq=41 ack=101 end=81
    < b seq=101 ack=81 end=201 seen=81
    > c seq=81 ack=201 end=121
    < c seq=201 ack=121 end=301 seen=121`);
  t.equal(pairs, 'b-b certain, c-c certain');
  t.end();
});

t.test('an early answer acknowledges the head alone; 408 answers nothing', (t) => {
  const early = pairsOf(`
    > a seq=1 ack=1 end=41
    lost response
    > upload seq=41 ack=101 end=9041
    < upload seq=101 ack=141 end=201 seen=2000 status=413
    > c seq=9041 ack=201 end=9081`);
  t.equal(early.pairs, 'upload-upload certain');
  const unasked = pairsOf(`
    > a seq=1 ack=1 end=41
    < a seq=1 ack=41 end=101 seen=41
    < x seq=101 ack=41 end=161 seen=41 status=408
    > b seq=41 ack=101 end=81
    lost response
    < x seq=301 ack=81 end=361 seen=81 status=408`);
  t.equal(unasked.pairs, 'a-a certain');
  t.equal(unasked.alone, '<x <x', 'also where it may follow the answer that was lost');
  t.end();
});

t.test('any number of responses come before their requests, up to a limit', (t) => {
  const [before, requests]: [string[], string[]] = [[], []];
  for (let n = 0; n < 500; n += 1) {
    before.push(`< ${n} seq=${n * 100} ack=${(n + 1) * 40} end=${(n + 1) * 100}`);
    requests.push(`> ${n} seq=${n * 40} ack=${n * 100} end=${(n + 1) * 40}`);
  }
  const whole = pairsOf([...before, ...requests].join('\n'));
  t.equal(whole.counters.responsesEarly, 500);
  t.equal(whole.pairs.match(/(\d+)-\1 certain/g)!.length, 500);
  const limited = pairsOf([...before, ...requests].join('\n'), { pipelinedMax: 100 });
  t.equal(limited.pairs.match(/(\d+)-\1 certain/g)!.length, 100, 'beyond it they stay unpaired');
  t.match(limited.counters, { responsesEarly: 100, responsesEarlyShed: 400, responsesUnasked: 400 });
  const few = pairsOf([...before, ...requests].join('\n'), { waitingRequestsMax: 50 });
  t.match(few.counters, { responsesEarly: 50, responsesEarlyShed: 450 }, 'those of all streams together, too');
  t.end();
});

t.test('a client that took turns begins to pipeline where its requests are missing', (t) => {
  const lines: string[] = [];
  for (let n = 0; n < 8; n += 1) {
    const [seq, ack] = [n * 40, n * 100];
    lines.push(`> ${n} seq=${seq} ack=${ack} end=${seq + 40}`);
    lines.push(`< ${n} seq=${ack} ack=${seq + 40} end=${ack + 100} seen=${seq + 40}`);
  }
  const pairsAfter = (acks: [number, number]) => {
    const early = acks.map((ack, at) => `< x${at} seq=${800 + at * 100} ack=${ack} end=${900 + at * 100} seen=320`);
    const next = '> y seq=440 ack=1000 end=480\n< y seq=1000 ack=480 end=1100 seen=480';
    return pairsOf([...lines, 'lost request', ...early, next].join('\n'))
      .pairs.split(', ')
      .at(-1);
  };
  t.equal(pairsAfter([400, 440]), 'y-y certain', 'each response acknowledged one more request');
  t.equal(pairsAfter([440, 440]), 'y-y probable', 'the server had both when it answered the first');
  t.end();
});

t.test('a client that pipelines is unpaired after a loss until all was quiet, and only probable then', (t) => {
  const script = `
    > a seq=1 ack=1 end=41
    > b seq=41 ack=1 end=81
    < a seq=1 ack=81 end=101 seen=81
    < b seq=101 ack=81 end=201 seen=81
    lost request
    > d seq=121 ack=201 end=161
    < c seq=201 ack=161 end=301 seen=161
    < d seq=301 ack=161 end=401 seen=161
    wait 1100
    > e seq=161 ack=ACK end=201 seen=401
    < e seq=401 ack=201 end=501 seen=201`;
  const { pairs, counters } = pairsOf(script.replace('ACK', '401'));
  t.equal(pairs, 'a-a certain, b-b certain, e-e probable');
  t.match(counters, { pairs: 3, pairsProbable: 1, pairingLost: 1 });
  t.equal(pairsOf(script.replace('ACK', '301')).pairs, 'a-a certain, b-b certain', 'all must be acknowledged');
  t.end();
});

t.test(
  'behind a pair with nothing outstanding order holds again: a client that pipelines from there on stays paired',
  (t) => {
    const turn = `
    > a seq=1 ack=1 end=41
    lost response
    > b seq=41 ack=101 end=81
    < b seq=101 ack=81 end=201 seen=81`;
    const pipelined = `
    > c seq=81 ack=201 end=121
    > d seq=121 ack=201 end=161
    < c seq=201 ack=161 end=301 seen=161
    < d seq=301 ack=161 end=401 seen=161`;
    const sure = pairsOf(turn + pipelined);
    t.equal(sure.pairs, 'b-b certain, c-c certain, d-d certain');
    t.equal(sure.counters.pairingLost, 0);
    const midStream = pairsOf(
      `lost unknown\n${turn.replace('lost response', '< a seq=1 ack=41 end=101 seen=41')}${pipelined}`,
    );
    t.equal(midStream.pairs, 'a-a probable, b-b probable, c-c probable, d-d probable', 'as sure as the pair was');
    for (const side of ['request', 'response']) {
      const lost = pairsOf(`${turn}\nlost ${side}${pipelined}`);
      t.equal(lost.pairs, 'b-b certain', `a ${side} may be missing since`);
      t.equal(lost.counters.pairingLost, 1);
    }
    t.end();
  },
);

t.test('what is hidden before a request is doubted, unless its answer shows that it was answered', (t) => {
  const script = (ack: number) => `
    > a seq=1 ack=1 end=41
    < a seq=1 ack=41 end=101 seen=41
    lost request
    < b seq=101 ack=${ack} end=201 seen=41
    > c seq=SEQ ack=201 end=END
    < c seq=201 ack=END end=301 seen=END`;
  const one = (text: string) => text.replace('SEQ', '81').replaceAll('END', '121');
  const more = (text: string) => text.replace('SEQ', '181').replaceAll('END', '221');
  t.equal(pairsOf(one(script(81))).pairs, 'a-a certain, c-c certain', 'the server had it when it answered');
  t.equal(pairsOf(more(script(181))).pairs, 'a-a certain, c-c probable', 'there is room for two');
  t.equal(pairsOf(more(script(81))).pairs, 'a-a certain, c-c probable', 'more was sent after that answer');
  const pipelined = `
    > a seq=1 ack=1 end=41
    < a seq=1 ack=41 end=101 seen=41
    lost request
    > c seq=81 ack=101 end=121
    < b seq=101 ack=121 end=201 seen=121`;
  t.equal(pairsOf(pipelined).pairs, 'a-a certain', 'it was sent before the lost one was answered');
  t.end();
});

t.test('a request seen as a later copy, its end not known: it is given no response of a later one', (t) => {
  const { pairs } = pairsOf(`
    > a seq=1 ack=1 end=41
    < a seq=1 ack=41 end=101 seen=41
    lost request
    < b seq=101 ack=141 end=201 seen=41
    < c seq=201 ack=181 end=301 seen=41
    > b seq=41 ack=201
    > c seq=141 ack=201 end=181`);
  t.equal(pairs, 'a-a certain, c-c certain', 'b acknowledges its own response, and the server had it before');
  t.end();
});
