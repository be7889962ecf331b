/** What lies between the network and its segments: the truth knows as much as it does without. */
import t from 'tap';
import { TcpFlag } from '../../../agent/wire/packet.ts';
import {
  buildEthernetFrame,
  buildIpPacket,
  buildSegment,
  fragmentIpPacket,
} from '../../../agent/wire/packet-builder.ts';
import type { Truth } from '../traffic.ts';
import { MessageTruth } from './message-truth.ts';

const request = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const response = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc';
const { syn, ack, fin } = TcpFlag;
const conversation: readonly (readonly [side: 0 | 1, flags: number, text: string])[] = [
  [0, syn, ''],
  [1, syn | ack, ''],
  [0, ack, request],
  [1, ack, response],
  [0, fin | ack, ''],
  [1, fin | ack, ''],
];

/** The conversation in packets of IP. @param ends its two hosts */
function packets(
  ends: readonly [string, string],
  wrap = (_: string, __: string, segment: Uint8Array, ___: number) => buildIpPacket(_, __, 6, segment, ___),
) {
  const next: [number, number] = [1_000, 0xffff_fff0];
  return conversation.map(([side, flags, text], at) => {
    const [source, destination] = [ends[side], ends[side === 0 ? 1 : 0]];
    const ports = side === 0 ? { sourcePort: 4000, destinationPort: 80 } : { sourcePort: 80, destinationPort: 4000 };
    const payload = Buffer.from(text);
    const acknowledgement = flags & ack ? next[1 - side]! : 0;
    const segment = buildSegment({
      source,
      destination,
      ...ports,
      sequence: next[side]!,
      acknowledgement,
      flags,
      payload,
    });
    next[side]! += payload.length + (flags & (syn | fin) ? 1 : 0);
    return wrap(source, destination, segment, at + 1);
  });
}

function truthOf(frames: readonly Uint8Array[], delivered?: readonly number[]): Truth {
  const truth = new MessageTruth(delivered !== undefined);
  frames.forEach((frame, at) => {
    truth.sent(frame, 0, frame.length);
    for (const each of delivered ?? []) if (each === at) truth.delivered(frame, 0, frame.length, at * 1_000, false);
  });
  truth.finish();
  return truth.truth();
}

const v6 = ['fd00::1', 'fd00::2'] as const;
const whole = {
  requestsIntact: 1,
  responsesIntact: 1,
  exchangesIntact: 1,
  requestsPossible: 0,
  responsesPossible: 0,
  doubts: [],
};

t.test('extension headers of IPv6, in front of a segment', async (t) => {
  const header = (next: number, bytes: number, more = 0) =>
    Uint8Array.from([next, bytes / 8 - 1, 4, more, ...new Uint8Array(bytes - 4)]);
  const chains: Record<string, readonly (readonly [number, (next: number) => Uint8Array])[]> = {
    none: [],
    'hop by hop': [[0, (next) => header(next, 8)]],
    'hop by hop, routing, destination': [
      [0, (next) => header(next, 16)],
      [43, (next) => header(next, 24, 1)],
      [60, (next) => header(next, 8)],
    ],
    'a fragment header of a whole packet': [[44, (next) => Uint8Array.from([next, 0, 0, 0, 0, 0, 0, 7])]],
    authentication: [[51, (next) => Uint8Array.from([next, 4, ...new Uint8Array(22)])]],
    mobility: [[135, (next) => header(next, 8)]],
  };
  for (const [name, chain] of Object.entries(chains)) {
    const frames = packets(v6, (source, destination, segment) => {
      const headers = chain.map(([, make], at) => make(chain[at + 1]?.[0] ?? 6));
      return buildIpPacket(source, destination, chain[0]?.[0] ?? 6, Buffer.concat([...headers, segment]));
    }).map((packet) => buildEthernetFrame(packet));
    t.match(truthOf(frames), whole, name);
    t.match(truthOf(frames, [0, 1, 2, 3, 4, 5]), whole, name);
    t.match(truthOf(frames, [0, 1, 2, 4, 5]), { requestsIntact: 1, responsesIntact: 0 }, `${name}, a frame of it lost`);
    for (let end = 14; end < frames[2]!.length; end += 1) truthOf([frames[2]!.subarray(0, end)]);
  }
  const endless = packets(v6, (source, destination, segment) =>
    buildIpPacket(source, destination, 60, Buffer.concat([...Array<Uint8Array>(40).fill(header(60, 8)), segment])),
  );
  t.equal(truthOf(endless.map((packet) => buildEthernetFrame(packet))).requestsIntact, 0, 'a chain is bounded');
});

t.test('fragments of datagrams, whole and in any order', async (t) => {
  for (const ends of [['10.0.0.1', '10.0.0.2'], v6] as const) {
    const frames = packets(ends).flatMap((packet, at) =>
      fragmentIpPacket(packet, 16, at + 1).map((fragment) => buildEthernetFrame(fragment)),
    );
    const all = [...frames.keys()];
    t.match(truthOf(frames), whole, 'as they were recorded');
    t.match(truthOf(frames, all), whole, 'all delivered');
    const turned = packets(ends).flatMap((packet, at) =>
      fragmentIpPacket(packet, 16, at + 1)
        .map((fragment) => buildEthernetFrame(fragment))
        .toReversed(),
    );
    t.match(truthOf(turned, all), whole, 'the last fragment first');
    const copies = frames.flatMap((frame) => [frame, frame]);
    t.match(truthOf(copies, [...copies.keys()]), { requests: 1, responses: 1 }, 'twice');
    for (const lost of all) {
      const { requestsIntact, responsesIntact } = truthOf(frames, all.toSpliced(lost, 1));
      t.ok(requestsIntact + responsesIntact <= 2, `without ${lost}`);
    }
    const cut = truthOf(frames.toSpliced(5, 1));
    t.ok((cut.requestsPossible ?? 0) > 0 && cut.doubts!.length > 0, 'what the recording lacks is in doubt');
    const inRequest = frames.findIndex((frame) => Buffer.from(frame).includes('GET /a'));
    t.match(truthOf(frames, all.toSpliced(inRequest, 1)), { requestsIntact: 0, responsesIntact: 1 });
    const other = frames.map((frame) => frame.slice());
    other[inRequest]![other[inRequest]!.length - 1]! ^= 1;
    const mixed = truthOf([...frames.slice(0, inRequest + 1), other[inRequest]!, ...frames.slice(inRequest + 1)]);
    t.ok((mixed.requestsPossible ?? 0) > 0 && mixed.doubts!.length > 0, 'two contents of one place are in doubt');
    for (let end = 14; end < frames[0]!.length; end += 1) truthOf([frames[0]!.subarray(0, end)]);
  }
});
