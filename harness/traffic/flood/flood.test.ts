/** Floods against two judges that share no code with them: the truth of any capture, and what the bytes say. */
import { createHash } from 'node:crypto';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import * as v from 'valibot';
import { createRandom } from '../../../agent/seeded-random.ts';
import { Segment } from '../segment.ts';
import { MessageTruth } from '../truth/message-truth.ts';
import { arrivalTimes } from './arrivals.ts';
import { BodyPool } from './body-pool.ts';
import { traffic } from './builders.ts';
import { EventQueue } from './event-queue.ts';
import { openFlood } from './flood-traffic.ts';
import type { SentMessage } from './flood-truth.ts';
import { floodSchema } from './plan.ts';
import type { Arrivals, Body, FloodPlan } from './plan-types.ts';

const { flood, http, exchange, json, text, form, binary, multipart, constant } = traffic;

interface Seen {
  readonly frames: number;
  readonly bytes: number;
  readonly hash: string;
  readonly messages: readonly SentMessage[];
}

/** Reads a flood to its end, and holds it to the truth of any capture. */
function readAll(t: Test, plan: FloodPlan, seed = 1, sizeBytes?: number): Seen {
  t.ok(v.is(floodSchema, plan), 'builders make what the schema allows');
  const messages: SentMessage[] = [];
  const made = openFlood(plan, { seed, sizeBytes }, (message) => messages.push(message));
  const judge = new MessageTruth(false);
  const hash = createHash('sha256');
  let [frames, bytes, lastUs, wrong] = [0, 0, 0, 0];
  const sink = {
    frame(data: Uint8Array, start: number, end: number, wireLength: number, tsUs: number): void {
      if (tsUs < lastUs || wireLength !== end - start || !isChecked(data, start, end)) wrong += 1;
      lastUs = tsUs;
      frames += 1;
      bytes += end - start;
      hash.update(data.subarray(start, end));
      judge.sent(data, start, end);
    },
  };
  while (made.read(sink, 256) >= 0);
  judge.finish();
  t.equal(wrong, 0, 'times never go back, lengths and checksums are right');
  const { requests, responses, requestsIntact, responsesIntact, interims, exchangesIntact } = judge.truth();
  const judged = { requests, responses, requestsIntact, responsesIntact, interims, exchangesIntact };
  t.same(made.truth(), judged, 'both know of the same messages');
  return { frames, bytes, hash: hash.digest('hex'), messages };
}

/** The sums of RFC 1071 over an IPv4 header and a TCP segment. */
function isChecked(bytes: Uint8Array, start: number, end: number): boolean {
  const sum = (from: number, to: number, initial: number) => {
    let total = initial;
    for (let at = from; at < to; at += 2) total += (bytes[at]! << 8) | (at + 1 < to ? bytes[at + 1]! : 0);
    while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x1_0000);
    return total;
  };
  const tcp = start + 34;
  return sum(start + 14, tcp, 0) === 0xffff && sum(tcp, end, sum(start + 26, tcp, 0) + 6 + (end - tcp)) === 0xffff;
}

const brief = { arrivals: constant(40), duration: '500ms' } as const;
const answer = exchange({ response: json('200B..20kB') });
const again = http({ ...brief, exchanges: [answer] });

/** One of every kind: what hosts do, and what goes wrong. */
const floods: Readonly<Record<string, FloodPlan>> = {
  'keep-alive': flood(http({ ...brief, keepAlive: '1..6', think: '1ms..5ms', exchanges: [answer] })),
  pipelining: flood(
    http({
      ...brief,
      keepAlive: 8,
      pipelining: 4,
      exchanges: [
        answer,
        exchange({ method: 'HEAD', response: json(3_000) }),
        exchange({ status: 304 }),
        exchange({ method: 'DELETE', status: 204 }),
      ],
    }),
  ),
  bodies: flood(
    http({
      ...brief,
      keepAlive: 3,
      exchanges: [
        exchange({ request: form(300), response: text('100B..4kB', { framing: 'chunked', coding: ['gzip'] }) }),
        exchange({ request: multipart(5_000), response: binary(2_000, { coding: ['deflate', 'br'] }) }),
        exchange({ response: json(9_000, { shape: 'deep', coding: ['zstd'] }) }),
        exchange({ response: json(9_000, { shape: 'colliding' }) }),
        exchange({ response: text(3_000, { framing: 'close' }) }),
      ],
    }),
  ),
  uploads: flood(
    http({
      ...brief,
      exchanges: [traffic.upload(binary('20kB..90kB')), traffic.upload(multipart(900, { framing: 'chunked' }))],
    }),
  ),
  'never answered': flood(
    http({ ...brief, keepAlive: 4, pipelining: 2, patience: '50ms', exchanges: [traffic.unanswered(), answer] }),
  ),
  'duplicate storm': flood(traffic.duplicateStorm(20, { ...brief, exchanges: [answer] })),
  'far ahead': flood(http({ ...brief, keepAlive: 3, fault: traffic.farAhead('100kB..1MB'), exchanges: [answer] })),
  'lost segment': flood(http({ ...brief, keepAlive: 3, fault: traffic.lostSegment(2), exchanges: [answer] })),
  'late segment': flood(
    http({
      ...brief,
      keepAlive: 2,
      fault: traffic.lateSegment(2, '20ms..40ms'),
      exchanges: [exchange({ request: json('5kB..9kB'), response: json('1kB..9kB') })],
    }),
  ),
  'queued at close': flood(
    http({
      ...brief,
      end: 'reset',
      fault: traffic.queuedAtClose(),
      exchanges: [exchange({ response: json('5kB..20kB') })],
    }),
  ),
  'slow drip': flood(traffic.slowDrip({ ...brief, exchanges: [exchange({ response: json(200) })] })),
  'one part twice': flood(again, again),
  'left open': flood(http({ ...brief, end: 'open', exchanges: [answer] })),
  'headers and bombs': flood(
    http({
      ...brief,
      exchanges: [
        exchange({ fields: { count: '10..60', bytes: '20B..90B' }, response: traffic.bomb('2MB', ['gzip', 'gzip']) }),
      ],
    }),
  ),
  churn: flood(traffic.churn(400, '300ms')),
  others: flood(
    traffic.webSocket({ ...brief }),
    traffic.tls({ ...brief, serverName: 'a-{hex}.example.com' }),
    traffic.halfOpen({ arrivals: traffic.poisson(2_000), duration: '500ms' }),
  ),
};

for (const [name, plan] of Object.entries(floods)) {
  t.test(name, async (t) => {
    const one = readAll(t, plan);
    t.ok(one.frames > 30, `${one.frames} frames`);
    t.equal(readAll(t, plan).hash, one.hash, 'one seed, the same bytes');
    t.not(readAll(t, plan, 2).hash, one.hash, 'another, others');
  });
}

t.test('what is lost is known: by message, and by exchange', async (t) => {
  const lost = readAll(t, floods['queued at close']!).messages.filter(({ isIntact }) => !isIntact);
  t.equal(lost.length, 20, 'the one answer of each connection');
  t.ok(lost.every(({ kind }) => kind === 'response'));
  const unanswered = readAll(t, floods['never answered']!).messages;
  const count = (wanted: string) => unanswered.filter(({ kind }) => kind === wanted).length;
  t.ok(count('request') > count('response'), `${count('request')} requests, ${count('response')} responses`);
});

t.test('a hole, copies and bytes far ahead are in the frames', async (t) => {
  const segment = new Segment();
  const farthest = (plan: FloodPlan) => {
    const next = new Map<string, number>();
    let [ahead, again] = [0, 0];
    const made = openFlood(plan, { seed: 1, sizeBytes: undefined });
    const sink = {
      frame(bytes: Uint8Array, start: number, end: number): void {
        segment.read(bytes, start, end);
        const flow = `${segment.key.join()} ${segment.isForward}`;
        const due = next.get(flow);
        const by = due === undefined ? 0 : (segment.sequence - due) | 0;
        if (by > 0) ahead = Math.max(ahead, by);
        if (by < 0) again += 1;
        if (by <= 0 || by < 2_000)
          next.set(
            flow,
            (Math.max(segment.sequence + segment.payloadBytes, by < 0 ? due! : 0) +
              (segment.isSyn || segment.isFin ? 1 : 0)) |
              0,
          );
      },
    };
    while (made.read(sink, 256) >= 0);
    return { ahead, again };
  };
  t.ok(farthest(floods['far ahead']!).ahead >= 100_000);
  t.equal(farthest(floods['lost segment']!).ahead, 1_448);
  t.ok(farthest(floods['duplicate storm']!).again > 1_000);
  t.equal(farthest(floods['keep-alive']!).ahead, 0);
});

t.test('a flood of nothing is none', async (t) => {
  const none = openFlood(flood(http({ arrivals: traffic.poisson(0.001), duration: '1s', exchanges: [answer] })), {
    seed: 1,
    sizeBytes: undefined,
  });
  t.throws(() => none.read({ frame: () => {} }, 10), { code: 'flood-empty' });
  const sizes = ['129MiB', '1kB..1000000000MB'].map((bytes) =>
    v.safeParse(floodSchema, flood(http({ ...brief, exchanges: [exchange({ response: json(bytes) })] }))),
  );
  for (const { success } of sizes) t.notOk(success, 'nor is one that takes all memory');
});

t.test('--size ends it early', async (t) => {
  const plan = flood(http({ arrivals: constant(1_000), duration: '10s', exchanges: [answer] }));
  const { bytes } = readAll(t, plan, 1, 1_000_000);
  t.ok(bytes >= 1_000_000 && bytes < 1_200_000, `${bytes}`);
});

t.test('bodies are what their digests say, whatever they were coded with', async (t) => {
  const decoders = { gzip: gunzipSync, deflate: inflateSync, br: brotliDecompressSync, zstd: zstdDecompressSync };
  const random = createRandom(1, 'bodies');
  const bodies: Body[] = [
    json('1kB..20kB', { coding: ['gzip', 'br'] }),
    json(5_000, { shape: 'wide', coding: ['zstd'] }),
    form(700, { coding: ['deflate'] }),
    multipart(20_000, { coding: ['gzip', 'gzip'] }),
    text('300B..9kB', { coding: ['br', 'zstd'] }),
    traffic.bomb('1MB'),
  ];
  for (const body of bodies) {
    const pool = new BodyPool(body, random);
    for (let i = 0; i < 8; i++) {
      const made = pool.draw(random);
      const plain = made.coding.reduceRight<Uint8Array>((bytes, name) => decoders[name as 'br'](bytes), made.bytes);
      t.equal(plain.length, made.plainBytes);
      t.equal(createHash('sha256').update(plain).digest('hex'), made.sha256);
      if (body.type === 'json') t.doesNotThrow(() => JSON.parse(Buffer.from(plain).toString()));
    }
  }
});

t.test('member names that collide do', async (t) => {
  const made = new BodyPool(json(3_000, { shape: 'colliding' }), createRandom(1, 'keys')).draw(createRandom(1, 'draw'));
  const names = Object.keys(JSON.parse(Buffer.from(made.bytes).toString())).filter((name) => !/^\d/.test(name));
  const hash = (name: string) => [...name].reduce((sum, c) => (Math.imul(sum, 31) + c.charCodeAt(0)) | 0, 0);
  t.ok(names.length > 20 && new Set(names).size === names.length);
  t.equal(new Set(names.map(hash)).size, 1);
});

/** Arrivals in each stretch of so many microseconds. */
function counts(arrivals: Arrivals, durationUs: number, stretchUs: number): number[] {
  const found = new Array<number>(Math.ceil(durationUs / stretchUs)).fill(0);
  let last = 0;
  for (const atUs of arrivalTimes(arrivals, durationUs, createRandom(7, 'arrivals'))) {
    if (atUs < last || atUs >= durationUs) throw new Error(`${atUs}`);
    last = atUs;
    found[Math.floor(atUs / stretchUs)]! += 1;
  }
  return found;
}

t.test('arrivals come as their processes say', async (t) => {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = (values: readonly number[]) => mean(values.map((value) => (value - mean(values)) ** 2)) / mean(values);
  const near = (actual: number, expected: number, by: number, what: string) =>
    t.ok(Math.abs(actual - expected) <= by, `${what}: ${actual}, expected ${expected} ± ${by}`);
  t.same(counts(constant(50), 2e6, 1e6), [50, 50]);
  t.same(counts(traffic.atOnce(7), 2e6, 1e6), [7, 0]);
  const poisson = counts(traffic.poisson(100), 1_000e6, 1e6);
  // The sum of a thousand seconds has a standard error of √100,000 = 316; a Poisson count has its mean for its variance.
  near(mean(poisson), 100, 4 * 0.316, 'mean');
  near(spread(poisson), 1, 4 * Math.sqrt(2 / 1_000), 'variance by mean');
  const trains = counts(traffic.onOff({ perSecond: 100, on: '500ms', off: '1500ms' }), 2_000e6, 1e6);
  near(mean(trains), 25, 4, 'a quarter of the time');
  t.ok(spread(trains) > 5, `far from Poisson: ${spread(trains)}`);
  const crowd = counts(
    traffic.flashCrowd({ perSecond: 50, times: 10, at: '10s', rise: '2s', hold: '10s', fall: '2s' }),
    40e6,
    2e6,
  );
  near(mean(crowd.slice(0, 5)), 100, 20, 'before');
  near(mean(crowd.slice(6, 11)), 1_000, 60, 'in the crowd');
  near(mean(crowd.slice(12)), 100, 20, 'after');
  const days = counts(traffic.diurnal({ perSecond: 100, day: '100s', swing: 0.8 }), 1_000e6, 10e6);
  near(mean(days), 1_000, 40, 'mean of ten days');
  const night = mean(days.filter((_, index) => index % 10 === 0));
  const noon = mean(days.filter((_, index) => index % 10 === 5));
  t.ok(noon / night > 4, `${night} at night, ${noon} at noon`);
});

t.test('events come in order of their times, and of one time in order of their coming', async (t) => {
  const random = createRandom(3, 'events');
  const queue = new EventQueue<readonly [number, number]>(1_000);
  for (let i = 0; i < 1_000; i++) {
    const time = random.integer(0, 50);
    queue.add(time, [time, i]);
  }
  t.ok(queue.isFull);
  let [last, moved] = [[-1, -1] as readonly [number, number], 0];
  while (queue.size > 0) {
    const item = queue.first;
    const time = queue.firstTime;
    t.ok(time > last[0] || (time === last[0] && (item[1] > last[1] || time !== item[0] || moved > 0)), 'in order');
    last = [time, item[1]];
    if (random.chance(0.3) && moved < 300) {
      moved += 1;
      queue.moveFirst(time + random.integer(1, 9));
    } else queue.removeFirst();
  }
});
