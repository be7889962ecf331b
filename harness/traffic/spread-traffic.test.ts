/** Frames over several interfaces: which goes where, and that impairments keep to theirs. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { PcapngWriter } from '../../agent/pcap/pcapng-writer.ts';
import { buildTcpFrame } from '../../agent/wire/packet-builder.ts';
import { traffic as build } from './flood/builders.ts';
import { parseImpairments } from './impairments/parse.ts';
import { openTraffic } from './open-traffic.ts';
import { Segment } from './segment.ts';
import type { TrafficOrder } from './traffic-order.ts';

const answer = build.exchange({ response: build.json('1kB..9kB') });
const part = (seconds: string) =>
  build.http({ arrivals: build.poisson(200), duration: seconds, keepAlive: 3, exchanges: [answer] });
const flood = (...parts: ReturnType<typeof part>[]): TrafficOrder => ({
  kind: 'flood',
  plan: build.flood(...parts),
  options: { seed: 4, sizeBytes: undefined },
});

interface Sent {
  readonly at: number;
  readonly flow: string;
  readonly tsUs: number;
  readonly bytes: string;
}

async function readAll(order: TrafficOrder) {
  const traffic = await openTraffic({ ...order, countsMessages: true });
  const segment = new Segment();
  const sent: Sent[] = [];
  const sink = {
    frame(bytes: Uint8Array, start: number, end: number, _wire: number, tsUs: number, at: number): void {
      segment.read(bytes, start, end);
      sent.push({ at, flow: segment.key.join(), tsUs, bytes: Buffer.from(bytes.slice(start, end)).toString('latin1') });
    },
  };
  while (traffic.read(sink, 500) >= 0);
  const { impairments } = traffic;
  const truth = traffic.truth()!;
  traffic.close();
  return { sent, impairments, truth };
}

t.test('by flow: a connection to one interface, both ways; all interfaces have some', async (t) => {
  const { sent, impairments } = await readAll({ ...flood(part('1s')), spread: { interfaces: 8, by: 'flow' } });
  const places = new Map<string, Set<number>>();
  for (const { flow, at } of sent) places.set(flow, (places.get(flow) ?? new Set()).add(at));
  t.ok([...places.values()].every(({ size }) => size === 1));
  const counts = Array.from({ length: 8 }, (_, at) => [...places.values()].filter((each) => each.has(at)).length);
  t.ok(
    counts.every((count) => count > places.size / 8 / 3),
    counts.join(),
  );
  t.match(impairments.at(-1), {
    kind: 'spread',
    frames: sent.length,
    description: /^8 interfaces, by flow: [\d,]+ \+/,
  });
});

t.test('by interface: of a flood the part, beyond the last from the beginning', async (t) => {
  const order = flood(part('200ms'), { ...part('200ms'), interface: 5 }, part('200ms'));
  const { sent } = await readAll({ ...order, spread: { interfaces: 4, by: 'interface' } });
  // Each part has clients of a network of its own.
  const parts = new Map(sent.map(({ at, flow }) => [(Number(flow.split(',')[4]) - 0x0a40_0000) >> 19, at]));
  t.same([...parts].sort(), [
    [0, 0],
    [1, 1],
    [2, 2],
  ]);
});

t.test('by interface: of captures their own numbers, of merged ones the file', async (t) => {
  const folder = t.testdir();
  const capture = (name: string, interfaces: readonly number[]) => {
    const pieces: Uint8Array[] = [];
    const writer = new PcapngWriter((bytes, start, end) => pieces.push(bytes.slice(start, end)));
    for (let at = 0; at < 3; at += 1) writer.addInterface({ name: `eth${at}`, linkType: 1, snapLength: 0 });
    for (const [number, at] of interfaces.entries()) {
      const hosts = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 4000 + number, destinationPort: 80 };
      const frame = buildTcpFrame({ ...hosts, sequence: 1, acknowledgement: 1, flags: 0x18 });
      writer.frame(frame, 0, frame.length, frame.length, 1_000 * number, at);
    }
    writer.flush();
    const file = path.join(folder, name);
    writeFileSync(file, Buffer.concat(pieces));
    return file;
  };
  const one = capture('one.pcapng', [0, 2, 1, 2]);
  const other = capture('other.pcapng', [1]);
  const spread = { interfaces: 3, by: 'interface' } as const;
  const places = async (order: TrafficOrder) => (await readAll({ ...order, spread })).sent.map(({ at }) => at);
  t.same(await places({ kind: 'recording', path: one }), [0, 2, 1, 2]);
  t.same((await places({ kind: 'recording', path: one, merge: [other] })).sort(), [0, 0, 0, 0, 1]);
});

t.test('impairments of one interface leave the others as they are, in the order of their times', async (t) => {
  const order = { ...flood(part('500ms')), spread: { interfaces: 4, by: 'flow' } } as const;
  const whole = await readAll(order);
  const only = (list: string, interfaceIndex: number | undefined) =>
    readAll({ ...order, impair: { impairments: parseImpairments(list), seed: 1, interfaceIndex } });
  const of = ({ sent }: { sent: Sent[] }, isThere: boolean) =>
    sent.filter(({ at }) => (at === 2) === isThere).map(({ bytes }) => bytes);
  const lossy = await only('loss=50%', 2);
  t.same(of(lossy, false), of(whole, false));
  const share = of(lossy, true).length / of(whole, true).length;
  t.ok(share > 0.4 && share < 0.6, `${share}`);
  t.ok(lossy.truth.responsesIntact < lossy.truth.responses);
  const moved = await only('delay=30ms,duplicate=20%', 2);
  t.same(of(moved, false), of(whole, false));
  t.ok(of(moved, true).length > of(whole, true).length);
  t.ok(moved.sent.every(({ tsUs }, at) => at === 0 || tsUs >= moved.sent[at - 1]!.tsUs));
  t.ok(of(await only('loss=50%', undefined), false).length < of(whole, false).length * 0.6, 'all, where none is named');
});
