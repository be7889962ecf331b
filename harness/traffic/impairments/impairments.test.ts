import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { isTcpChecksumRight } from '../../../agent/wire/checksum.ts';
import { decodeFrame } from '../../../agent/wire/decode.ts';
import { Packet } from '../../../agent/wire/packet.ts';
import { Segment } from '../segment.ts';
import { impairFrames, impairNumbered, numberedFrames, segments, type Tried } from './impair-trial.ts';
import { parseImpairments, syntaxOf } from './parse.ts';
import { impairmentTable } from './table.ts';

const anyStack = fc
  .shuffledSubarray(
    impairmentTable.filter((row) => !row.example.includes('clone')).map(({ example }) => example),
    { maxLength: 4 },
  )
  .map((examples) => examples.join(','));

t.test('the same seed makes the same bytes and times, whatever the stack', async (t) => {
  fc.assert(
    fc.property(anyStack, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (stack, seed) => {
      const [one, two] = [impairFrames(stack, seed, segments(300)), impairFrames(stack, seed, segments(300))];
      return one.hash === two.hash && one.choices.join() === two.choices.join();
    }),
    { seed: 1, numRuns: 40 },
  );
  t.not(impairNumbered('loss=50%', 1, 300).hash, impairNumbered('loss=50%', 2, 300).hash, 'another seed, other bytes');
});

t.test('a schedule makes what the models made, whatever the stack and the seed', async () => {
  fc.assert(
    fc.property(anyStack, fc.integer({ min: 0, max: 1_000 }), (stack, seed) => {
      const made = impairFrames(stack, seed, segments(300));
      const choices = new Map(made.choices.map(([stage, place, choice]) => [`${stage} ${place}`, choice]));
      const again = impairFrames(stack, seed + 1, segments(300), (stage, at) => choices.get(`${stage} ${at}`) ?? 0);
      return made.hash === again.hash;
    }),
    { seed: 3, numRuns: 40 },
  );
});

t.test('times never decrease, but where the clock is set', async () => {
  const isSteady = ({ frames }: Tried) => frames.every(({ tsUs }, at, all) => at === 0 || tsUs >= all[at - 1]!.tsUs);
  fc.assert(
    fc.property(anyStack, fc.integer({ min: 0, max: 1_000 }), (stack, seed) => {
      return stack.includes('clock-step') || isSteady(impairFrames(stack, seed, segments(300)));
    }),
    { seed: 2, numRuns: 40 },
  );
});

t.test('loss: those it says, and no others', async (t) => {
  const { numbers, records, choices } = impairNumbered('loss=10%', 5, 5_000);
  const lost = new Set(choices.map(([, place]) => place));
  t.same(
    numbers,
    [...numberedFrames(5_000)].map((_, number) => number).filter((number) => !lost.has(number)),
  );
  t.ok(lost.size > 400 && lost.size < 600, `${lost.size}`);
  t.match(records, [{ kind: 'loss', frames: lost.size, description: '10 % of frames never captured' }]);
});

t.test('loss by numbers: of frames, and of segments of each direction of each stream', async (t) => {
  t.same(impairNumbered('loss-list=3/1/5-7/200', 1, 10).numbers, [1, 3, 7, 8, 9]);
  const second = impairFrames('loss-segment=2', 1, segments(24));
  t.same(
    second.choices.map(([, place]) => place),
    [6, 7, 8, 9, 10, 11],
    'three clients, both directions',
  );
});

t.test('reorder: every frame once, late by no more than its places; with a gap only every so many', async (t) => {
  const { numbers, choices } = impairNumbered('reorder=2%/50', 9, 5_000);
  t.same(
    [...numbers].sort((a, b) => a - b),
    [...numberedFrames(5_000)].map((_, number) => number),
  );
  const touched = new Set(choices.map(([, place]) => place));
  t.ok(touched.size > 60 && touched.size < 140, `${touched.size}`);
  const inOrder = numbers.filter((number) => !touched.has(number));
  t.same(
    inOrder,
    [...inOrder].sort((a, b) => a - b),
    'the others keep their order',
  );
  const late = numbers.map((number, at) => at - number).filter((places) => places > 0);
  t.ok(Math.max(...late) <= 50 && Math.max(...late) > 30, `${Math.max(...late)} places`);
  const every = impairNumbered('reorder=100%/3/gap:5', 1, 100);
  t.same(
    every.choices.map(([, place]) => place),
    Array.from({ length: 20 }, (_, i) => i * 5 + 4),
  );
});

t.test('duplicate: a second copy, soon after', async (t) => {
  const { numbers, choices } = impairNumbered('duplicate=5%/5', 9, 2_000);
  t.equal(numbers.length, 2_000 + choices.length);
  for (const [, number] of choices) {
    const [first, second] = [numbers.indexOf(number), numbers.lastIndexOf(number)];
    t.ok(second > first && second - first <= 8, `${number}: ${first} and ${second}`);
  }
});

t.test('corrupt flips one bit and says so; truncate keeps the length on the wire', async (t) => {
  const clean = impairNumbered('', 3, 200);
  impairNumbered('corrupt=100%', 3, 200).frames.forEach(({ bytes, isDamaged }, at) => {
    let bits = 0;
    bytes.forEach((byte, index) => {
      for (let rest = byte ^ clean.frames[at]!.bytes[index]!; rest > 0; rest &= rest - 1) bits += 1;
    });
    if (bits !== 1 || !isDamaged) t.fail(`${bits} bits of frame ${at}`);
  });
  const cut = impairNumbered('truncate=100%/20', 3, 10);
  t.ok(cut.frames.every(({ bytes, wireLength }) => bytes.length === 20 && wireLength === 64));
});

const times = ({ frames }: Tried) => frames.map(({ tsUs }) => tsUs);

t.test('rate: no faster than the link', async (t) => {
  times(impairNumbered('rate=1mbit', 3, 100)).forEach((tsUs, at) => {
    if (Math.abs(tsUs - 1e9 - at * 512) > 0.001) t.fail(`frame ${at} at ${tsUs}`);
  });
});

t.test('delay: by its time and distribution, one frame may overtake another; jitter keeps the order', async (t) => {
  t.same(
    times(impairNumbered('delay=10ms', 1, 50)),
    times(impairNumbered('', 1, 50)).map((tsUs) => tsUs + 10_000),
  );
  for (const distribution of ['uniform', 'normal', 'pareto']) {
    const { frames, numbers, choices } = impairNumbered(`delay=10ms/1ms/${distribution}`, 1, 20_000);
    t.equal(frames.length, 20_000, distribution);
    t.not(numbers.join(), [...numbers].sort((a, b) => a - b).join(), 'overtaken');
    const mean = choices.reduce((sum, [, , lateUs]) => sum + lateUs, 0) / choices.length;
    const variance = choices.reduce((sum, [, , lateUs]) => sum + (lateUs - mean) ** 2, 0) / choices.length;
    t.ok(Math.abs(mean - 10_000) < 30, `${distribution}: mean ${mean}`);
    const wanted = distribution === 'uniform' ? 1_000 / Math.sqrt(3) : 1_000;
    t.ok(Math.abs(Math.sqrt(variance) / wanted - 1) < 0.1, `${distribution}: deviation ${Math.sqrt(variance)}`);
    const jittered = impairNumbered(`jitter=1ms/${distribution}`, 1, 1_000);
    t.same(
      jittered.numbers,
      [...numberedFrames(1_000)].map((_, number) => number),
      'in order',
    );
  }
});

t.test(
  'skew: one side is late, so that what acknowledges it comes first; half-duplex: one side is there',
  async (t) => {
    const isServer = ({ bytes }: { bytes: Uint8Array }) => (bytes[34]! << 8) + bytes[35]! === 80;
    const plain = impairFrames('', 1, segments(60));
    const late = impairFrames('skew=server/5ms', 1, segments(60));
    t.equal(late.frames.length, 60);
    const sides = (tried: Tried, server: boolean) => tried.frames.filter((frame) => isServer(frame) === server);
    t.same(sides(late, false), sides(plain, false), 'the other side is as it was');
    t.same(
      sides(late, true).map(({ tsUs }) => tsUs),
      sides(plain, true).map(({ tsUs }) => tsUs + 5_000),
    );
    t.ok(isServer(plain.frames[3]!) && !isServer(late.frames[3]!), 'and overtakes');
    const half = impairFrames('half-duplex=client', 1, segments(60));
    t.same(half.frames, sides(plain, false));
  },
);

t.test('overlap and resegment: the same bytes of the stream, checksums right', async (t) => {
  const streamOf = (tried: Tried) => {
    const streams = new Map<string, Uint8Array>();
    const [segment, packet] = [new Segment(), new Packet()];
    for (const { bytes, start, end, wireLength } of tried.frames) {
      t.ok(segment.read(bytes, start, end) && end - start === wireLength);
      decodeFrame(packet, bytes, start, end, wireLength, 1);
      if (!isTcpChecksumRight(packet, bytes)) t.fail('a checksum is wrong');
      const key = `${segment.key.join()} ${segment.isForward}`;
      if (!streams.has(key)) streams.set(key, new Uint8Array(10_000));
      streams.get(key)!.set(bytes.subarray(segment.payloadStart, segment.payloadEnd), segment.sequence);
    }
    return streams;
  };
  const plain = streamOf(impairFrames('', 1, segments(60)));
  for (const text of ['overlap=100%/300', 'resegment=100%/7']) {
    const tried = impairFrames(text, 1, segments(60));
    t.ok(tried.frames.length >= 120, `${text}: ${tried.frames.length} frames`);
    t.same(streamOf(tried), plain, text);
  }
  const overlapping = impairFrames('overlap=100%/300', 1, segments(60)).frames.reduce(
    (sum, { end }) => sum + end - 54,
    0,
  );
  t.ok(overlapping > 61_000, `${overlapping} bytes of payload for 60,000`);
});

t.test('clock steps and bursts', async (t) => {
  const first = 1e9;
  const stepped = times(impairNumbered('clock-step=1ms/-500us', 1, 20));
  t.same([stepped[9], stepped[10]], [first + 900, first + 500]);
  const packed = times(impairNumbered('burst=1ms/1ms/2x', 1, 40));
  t.same([packed[10], packed[20], packed[30]], [first + 1_000, first + 1_500, first + 2_500]);
  const cloned = impairFrames('burst=0s/10ms/3x/clone', 1, segments(30));
  t.equal(cloned.frames.length, 10 * 3 + 20);
  const hosts = new Set(cloned.frames.map(({ bytes }) => bytes.subarray(26, 34).join()));
  t.equal(hosts.size, 3 * 6, 'of other hosts');
});

t.test('what is held has a limit', async (t) => {
  const { frames, records } = impairNumbered('delay=1h', 1, 70_000);
  t.equal(frames.length, 70_000);
  t.match(records, [{ description: /4464 released early/ }]);
});

t.test('impairments as people write them', async (t) => {
  for (const row of impairmentTable) {
    const [parsed] = parseImpairments(row.example);
    t.equal(parsed!.kind, row.name);
    t.same(Object.keys(parsed!.values).sort(), row.parameters.map(({ name }) => name).sort(), row.name);
    t.match(row.describe(parsed!.values), /\w/);
  }
  t.same(parseImpairments('loss=0.5%/correlation:25%, gemodel=1%/20%/1-k:0.1%'), [
    { kind: 'loss', values: { probability: 0.005, correlation: 0.25 } },
    { kind: 'gemodel', values: { p: 0.01, r: 0.2, '1-h': 1, '1-k': 0.001 } },
  ]);
  for (const [text, message, hint] of [
    ['los=1%', /"los=1%" names no impairment/, /Did you mean loss\?/],
    ['loss', /probability is missing/, /loss=PROBABILITY\[\/CORRELATION\]/],
    ['loss=1', /"1" is none, and has no unit/, /1%/],
    ['loss=1.5', /from 0% to 100%/, /1%/],
    ['loss=5', /"5" is none, and has no unit/, /1%/],
    ['loss=10ms', /"10ms" is none/, /1%/],
    ['loss=120%', /from 0% to 100%/, /1%/],
    ['state=70%/30%/20%/50%/40%', /p13 and p14 are 110 % together/, /state=P13/],
    ['state=1%/70%/40%', /p31 and p32 are 110 % together/, /state=P13/],
    ['delay=2h', /"2h" is not from 0s to 1h/, /20ms/],
    ['delay=1d', /"1d" is not from 0s to 1h/, /20ms/],
    ['skew=server/2m', /"2m" is not from 0s to 1m/, /20ms/],
    ['clock-step=1s/-40000d', /"-40000d" is not from -10000d to 10000d/, /-2s/],
    ['truncate=1%/5', /"5" is not from 14B to 262144B/, /96/],
    ['burst=1s/1s/2000x', /"2000x" is not from 1x to 1000x/, /4x/],
    ['burst=1s/0s/4x', /"0s" is not from 1us to 10000d/, /20ms/],
    ['loss=1%/2%/3%', /"3%" is one value too many/, /loss=/],
    ['loss=1%/corelation:2%', /no parameter "corelation"/, /Did you mean correlation\?/],
    ['loss=1%/probability:2%', /given twice/, /loss=/],
    ['delay=10', /is a time: "10" is none, and has no unit/, /20ms/],
    ['delay=10ms/1ms/norml', /no "norml"/, /Did you mean normal\?/],
    ['reorder=1%/0', /not from 1/, /50/],
    ['reorder=1%/1.5', /not whole/, /50/],
    ['rate=100', /is a rate/, /100mbit/],
    ['rate=0mbit', /from/, /100mbit/],
    ['skew=host/1ms', /no "host"/, /client, server/],
    ['loss-list=0', /no number from 1/, /10-20/],
    ['loss-list=5-3', /no range/, /10-20/],
    ['', /names 0 impairments/, /loss=1%/],
    [Array(17).fill('loss=1%').join(), /names 17/, /1 to 16/],
    ['loss=1%,burst=1s/1s/2x/clone', /stands behind loss/, /Put burst first/],
  ] as const) {
    t.throws(() => parseImpairments(text), { code: 'option-invalid', message, hint }, text);
  }
});

t.test('the page lists every kind, as it is', async (t) => {
  const page = readFileSync(new URL('../../../docs/traffic.md', import.meta.url), 'utf8');
  for (const row of impairmentTable) {
    t.ok(page.includes(`| \`${syntaxOf(row)}\` | ${row.help} | \`${row.example}\` |`), row.name);
  }
});
