import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { FrameList } from '../../agent/pcap/frame-list.ts';
import type { RunReport } from '../../reports/model.ts';
import { run, workplace } from '../commands/cli-trial.ts';
import { openTraffic } from './open-traffic.ts';

// On a busy machine thirty thousand frames take their time.
t.setTimeout(300_000);
const moduleUrl = new URL('../../scenarios/recorded-burst/scenario.ts', import.meta.url).href;
const order = { kind: 'scenario', moduleUrl, options: { seed: 1, sizeBytes: undefined } } as const;

async function framesOf(loops: number) {
  const traffic = await openTraffic({ ...order, loops });
  const list = new FrameList();
  while (traffic.read(list, 1_000) >= 0);
  const truth = traffic.truth();
  traffic.close();
  return { traffic, frames: list.frames, truth: truth! };
}

t.test('rounds follow each other in time, add up, and only the first is as it was recorded', async (t) => {
  const once = await framesOf(1);
  const twice = await framesOf(2);
  const { length } = once.frames;
  t.equal(twice.frames.length, 2 * length);
  t.equal(twice.traffic.framesExpected, 2 * length);
  t.equal(twice.truth.requestsIntact, 2 * once.truth.requestsIntact);
  t.ok(twice.frames.every(({ tsUs }, at, all) => at === 0 || tsUs >= all[at - 1]!.tsUs));
  t.same(twice.frames.slice(0, length), once.frames);
  t.ok(twice.frames.slice(length).every(({ bytes }, at) => bytes.length === once.frames[at]!.bytes.length));
  const hosts = (frames: typeof once.frames) =>
    new Set(
      frames
        .map(({ bytes }) => Buffer.from(bytes))
        .filter((bytes) => bytes.readUInt16BE(12) === 0x0800)
        .flatMap((bytes) => [bytes.readUInt32BE(26), bytes.readUInt32BE(30)]),
    );
  const first = hosts(once.frames);
  const second = hosts(twice.frames.slice(length));
  t.equal(second.size, first.size);
  t.equal(first.intersection(second).size, 0, 'no host of the first round is in the second');
});

t.test(
  'the agent finds every message of every round, and no round is taken for stragglers of the one before',
  async (t) => {
    const place = workplace(t);
    const words = [
      'run',
      'recorded-burst',
      '--lane',
      'exact',
      '--loop',
      '3',
      '--budget',
      'rss.p99=1GB',
      '--out',
      place.out,
    ];
    const { code, err } = await run(words, place.temporary);
    t.equal(code, 0, err);
    const { messages, counters, scenario }: RunReport = JSON.parse(
      readFileSync(path.join(place.out, 'report.json'), 'utf8'),
    );
    t.same(messages!.found, messages!.truth);
    t.equal(messages!.found.requests, 3 * 6_734);
    // The recording has stragglers of its own in each round.
    t.equal(counters['tcp.segmentsAfterClose'], 3 * 71);
    t.equal(scenario.options.loop, '3');
    const slice = path.join(place.folder, 'slice.pcapng');
    const cut = await run(['slice', place.out, '--frames', '37531-37540', '-o', slice]);
    t.match(cut.out, /^10 frames/, 'of the second round');
  },
);
