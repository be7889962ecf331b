/** Who is chosen, and what the chosen stand for: against the truth, by simulation with fixed seeds. */
import t from 'tap';
import type { HeaderFields, HttpMessage } from '../http/message-handler.ts';
import { createRandom } from '../seeded-random.ts';
import { estimateCount } from './estimate.ts';
import { ExchangeSampler, type WeighedBuilder } from './exchange-sampler.ts';
import { firstStepOf, OverloadLevel, overloadLadder } from './ladder.ts';

const streamsMax = 64;

/** Notes what it is given. */
class Notes implements WeighedBuilder {
  weight = 1;
  bodyWeight = 1;
  readonly waiting = new Set<number>();
  readonly begun: { kind: string; uri: string; weight: number; bodyWeight: number }[] = [];
  ended = 0;
  bodyBytes = 0;
  begin({ kind, uri, connection, exchange }: HttpMessage): void {
    this.begun.push({ kind, uri, weight: this.weight, bodyWeight: this.bodyWeight });
    if (kind === 'request') this.waiting.add(connection * 2 ** 20 + exchange);
  }
  body(_message: HttpMessage, _bytes: Uint8Array, start: number, end: number): void {
    this.bodyBytes += end - start;
  }
  bodyGap(): void {}
  end({ kind, connection, exchange }: HttpMessage): void {
    this.ended += 1;
    if (kind === 'response') this.waiting.delete(connection * 2 ** 20 + exchange);
  }
  isWaiting(key: number): boolean {
    return this.waiting.has(key);
  }
  giveUpBodies(): number {
    return 0;
  }
}

const headers = { get: (name: string) => (name === 'host' ? 'api.example' : undefined) } as HeaderFields;

function message(kind: 'request' | 'response', exchange: number, more: Partial<HttpMessage> = {}): HttpMessage {
  return {
    kind,
    exchange,
    headers,
    stream: 3,
    connection: 7,
    side: kind === 'request' ? 0 : 1,
    pairing: kind === 'request' ? 'open' : 'certain',
    method: 'GET',
    uri: '/a',
    status: kind === 'request' ? 0 : 200,
    tsUs: 1e12,
    complete: true,
    bodyBytes: 0,
    ...more,
  } as HttpMessage;
}

const stepOf = (level: OverloadLevel) => overloadLadder[firstStepOf(level)]!;

t.test('nothing is left out as long as nothing has to be', async (t) => {
  const notes = new Notes();
  const sampler = new ExchangeSampler(notes, [1, 2], streamsMax);
  for (let at = 0; at < 50; at += 1) {
    for (const kind of ['request', 'response'] as const) {
      sampler.begin(message(kind, at));
      sampler.body(message(kind, at), new Uint8Array(10), 2, 10);
      sampler.end(message(kind, at));
    }
  }
  t.equal(notes.begun.length, 100);
  t.equal(notes.bodyBytes, 800);
  t.ok(notes.begun.every(({ weight, bodyWeight }) => weight === 1 && bodyWeight === 1));
  t.ok(Object.values(sampler.counters).every((count) => count === 0));
});

t.test('an exchange is left out whole, and what was left out is counted to the last one', async (t) => {
  const notes = new Notes();
  const sampler = new ExchangeSampler(notes, [1, 2], streamsMax);
  sampler.setStep(stepOf(OverloadLevel.framing));
  const count = 4000;
  // Two in flight at a time; the fifth response of ten is cut.
  for (let at = 0; at < count; at += 2) {
    const tsUs = 1e12 + at * 10;
    for (const exchange of [at, at + 1]) {
      sampler.begin(message('request', exchange, { tsUs }));
      sampler.end(message('request', exchange, { tsUs }));
    }
    for (const exchange of [at, at + 1]) {
      // An interim response is no answer.
      sampler.begin(message('response', exchange, { tsUs, status: 103 }));
      sampler.end(message('response', exchange, { tsUs, status: 103 }));
      sampler.begin(message('response', exchange, { tsUs }));
      sampler.body(message('response', exchange, { tsUs }), new Uint8Array(10), 0, 10);
      sampler.end(message('response', exchange, { tsUs, complete: exchange % 10 !== 5 }));
    }
  }
  const { counters } = sampler;
  const requests = notes.begun.filter(({ kind }) => kind === 'request').length;
  t.equal(requests, notes.begun.length - requests, 'both halves, or none');
  t.equal(notes.bodyBytes, 10 * requests);
  t.equal(counters.exchangesFraming, count - requests);
  t.equal(counters.requestsWhole, count - requests);
  t.equal(counters.exchangesWhole, counters.responsesWhole);
  t.ok(counters.responsesWhole < counters.requestsWhole);
  t.ok(requests > 5 && requests < 100, `${requests} chosen`);
  t.equal(counters.exchangesSampled + counters.responsesAlone, 0);
});

t.test('exchanges under way when it began, and those left out when it ended, stay in one piece', async (t) => {
  const notes = new Notes();
  const sampler = new ExchangeSampler(notes, [1, 2], streamsMax);
  const ask = (exchange: number) => {
    sampler.begin(message('request', exchange));
    sampler.end(message('request', exchange));
  };
  const answer = (exchange: number) => {
    sampler.begin(message('response', exchange));
    sampler.end(message('response', exchange));
  };
  ask(0);
  sampler.setStep(stepOf(OverloadLevel.framing));
  answer(0);
  t.equal(notes.ended, 2);
  for (let at = 1; at < 40; at += 1) {
    ask(at);
    answer(at);
  }
  ask(40);
  const { ended } = notes;
  sampler.setStep(overloadLadder[0]!);
  answer(40);
  t.equal(notes.ended, ended, 'the response of a request that was left out');
  ask(41);
  answer(41);
  t.equal(notes.ended, ended + 2);
});

t.test('a response before its request decides for both', async (t) => {
  const notes = new Notes();
  const sampler = new ExchangeSampler(notes, [5, 6], streamsMax);
  sampler.setStep(stepOf(OverloadLevel.witnesses));
  for (let at = 0; at < 400; at += 1) {
    const response = message('response', at, { pairing: 'open', tsUs: 1e12 + at });
    const before = notes.begun.length;
    sampler.begin(response);
    sampler.end(response);
    // A builder keeps it for its request.
    if (notes.begun.length > before) notes.waiting.add(7 * 2 ** 20 + at);
    sampler.begin(message('request', at, { tsUs: 1e12 + at }));
    sampler.end(message('request', at, { tsUs: 1e12 + at }));
  }
  const requests = notes.begun.filter(({ kind }) => kind === 'request').length;
  t.equal(notes.begun.length, 2 * requests);
  t.ok(requests > 120 && requests < 280, `${requests} of 400`);
  t.equal(sampler.counters.exchangesWhole, 400 - requests);
  t.equal(sampler.counters.exchangesSampled, 400 - requests);
});

/** A minute of 400 endpoints, the k-th of them as often as 1/k, and from its middle on a flood of one of them. */
function* minute(random: ReturnType<typeof createRandom>): Generator<{ endpoint: number; tsUs: number }> {
  const endpoints = 400;
  const harmonic = Math.log(endpoints) + 0.5772;
  for (let ms = 0; ms < 60_000; ms += 1) {
    const isFlood = ms > 30_000 && ms < 45_000;
    // The inverse of the harmonic sum, nearly.
    if (random.chance(0.8)) {
      const endpoint = Math.min(endpoints, Math.ceil(Math.exp(random.fraction() * harmonic) - 0.5));
      yield { endpoint: Math.max(1, endpoint), tsUs: 1e12 + ms * 1000 };
    }
    for (let i = 0; isFlood && i < 3; i += 1) yield { endpoint: 57, tsUs: 1e12 + ms * 1000 };
  }
}

const words = ['orders', 'customers', 'baskets', 'prices', 'news', 'photos', 'labels', 'routes', 'ships', 'fees'];
const uriOf = (endpoint: number) =>
  `/${words[endpoint % 10]}/${words[Math.floor(endpoint / 10) % 10]}/${words[Math.floor(endpoint / 100)]}/${endpoint}`;

interface Outcome {
  readonly endpoint: number;
  readonly count: number;
  readonly weights: readonly number[];
}

/** What a key makes of the minute. @param stepAt by time */
function simulate(key: number, stepAt: (ms: number) => number): Outcome[] {
  const random = createRandom(key, 'sampler');
  const notes = new Notes();
  const sampler = new ExchangeSampler(notes, [random.u32() | 0, random.u32() | 0], streamsMax);
  const truth = new Map<number, number>();
  let exchange = 0;
  for (const { endpoint, tsUs } of minute(createRandom(1, 'traffic'))) {
    sampler.setStep(overloadLadder[stepAt((tsUs - 1e12) / 1000)]!);
    truth.set(endpoint, (truth.get(endpoint) ?? 0) + 1);
    const uri = uriOf(endpoint);
    for (const kind of ['request', 'response'] as const) {
      sampler.begin(message(kind, exchange, { uri, tsUs }));
      sampler.end(message(kind, exchange, { uri, tsUs }));
    }
    exchange += 1;
  }
  const requests = notes.begun.filter(({ kind }) => kind === 'request');
  const chosen = Map.groupBy(requests, ({ uri }) => uri);
  return [...truth].map(([endpoint, count]) => {
    // As they are stored.
    const weights = (chosen.get(uriOf(endpoint)) ?? []).map(({ weight }) => Math.fround(weight));
    return { endpoint, count, weights };
  });
}

t.test('weights estimate the true counts without bias', async (t) => {
  const rounds = 16;
  const sums = new Map<number, { error: number; variance: number; chosen: number }>();
  for (let key = 0; key < rounds; key += 1) {
    for (const { endpoint, count, weights } of simulate(key, () => 7)) {
      const sum = sums.get(endpoint) ?? { error: 0, variance: 0, chosen: 0 };
      sum.error += weights.reduce((total, weight) => total + weight, 0) - count;
      sum.variance += weights.reduce((total, weight) => total + weight * (weight - 1), 0);
      sum.chosen += weights.filter((weight) => weight > 1).length;
      sums.set(endpoint, sum);
    }
  }
  // Where there are enough chosen to know by how much an estimate may be off: as far off as chance has it, both ways.
  const known = [...sums.values()].filter(({ chosen }) => chosen >= 200);
  const deviations = known.map(({ error, variance }) => error / Math.sqrt(variance));
  t.ok(deviations.length > 100, `${deviations.length} endpoints`);
  const mean = deviations.reduce((sum, each) => sum + each, 0) / deviations.length;
  const square = deviations.reduce((sum, each) => sum + each * each, 0) / deviations.length;
  t.ok(Math.abs(mean) < 4 / Math.sqrt(deviations.length), `mean deviation ${mean}`);
  t.ok(square > 0.6 && square < 1.5, `mean square ${square}`);
  const all = [...sums.values()];
  const error = all.reduce((sum, each) => sum + each.error, 0);
  const deviation = Math.sqrt(all.reduce((sum, each) => sum + each.variance, 0));
  t.ok(Math.abs(error) < 3 * deviation, `all together: ${error} ± ${deviation}`);
});

t.test('intervals of 99 % hold the true counts, and every endpoint is there, while levels come and go', async (t) => {
  const steps = [3, 5, 7, 9, 10, 6];
  let [held, all, present, chosen, exchanges] = [0, 0, 0, 0, 0];
  for (let key = 0; key < 12; key += 1) {
    for (const { count, weights } of simulate(key, (ms) => steps[Math.floor(ms / 10_000)]!)) {
      const random = weights.filter((weight) => weight > 1);
      const { least, most } = estimateCount(
        {
          certain: weights.length - random.length,
          weight: weights.reduce((sum, weight) => sum + weight, 0),
          weightSquares: random.reduce((sum, weight) => sum + weight * weight, 0),
          weightMax: Math.max(1, ...weights),
        },
        256,
      );
      all += 1;
      chosen += weights.length;
      exchanges += count;
      if (weights.length > 0) present += 1;
      if (least <= count && count <= most) held += 1;
    }
  }
  t.equal(present, all);
  t.ok(held / all >= 0.99, `${held} of ${all} true counts within their interval`);
  t.ok(chosen < 0.4 * exchanges, `${chosen} of ${exchanges}`);
});

t.test('a flood of one endpoint gives way, and one of made-up endpoints gets no more than its allowance', async (t) => {
  const random = createRandom(3, 'made up');
  const notes = new Notes();
  const sampler = new ExchangeSampler(notes, [11, 12], streamsMax);
  sampler.setStep(stepOf(OverloadLevel.framing));
  const seconds = 10;
  let exchange = 0;
  for (let at = 0; at < seconds * 20_000; at += 1) {
    const tsUs = 1e12 + at * 50;
    const letters = String.fromCharCode(...Array.from({ length: 12 }, () => random.integer(97, 122)));
    const uri = at % 100 === 0 ? '/rare' : at % 2 === 0 ? '/flood' : `/${letters}`;
    sampler.begin(message('request', exchange, { uri, tsUs }));
    sampler.end(message('request', exchange, { uri, tsUs }));
    exchange += 1;
  }
  const chosen = (uri: string) => notes.begun.filter((each) => each.uri === uri).length;
  t.ok(notes.begun.length < seconds * 700, `${notes.begun.length} of ${exchange}`);
  t.ok(chosen('/rare') >= 5);
  const share = (uri: string, of: number) => chosen(uri) / of;
  t.ok(
    share('/rare', exchange / 100) > 2 * share('/flood', (exchange * 49) / 100),
    'the rare one is chosen more often',
  );
  t.ok(sampler.endpointsEvicted > 0, 'the table is bounded');
});
