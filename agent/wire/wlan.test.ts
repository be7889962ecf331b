import t from 'tap';
import { formatIpv4 } from './address.ts';
import { decodeFrame, decodeRest } from './decode.ts';
import { decodedNames, Packet, TcpFlag } from './packet.ts';
import { buildIpPacket, buildSegment, buildUdp } from './packet-builder.ts';

const payload = Buffer.from('GET / HTTP/1.1\r\n\r\n');
const segment = {
  source: '10.0.0.1',
  destination: '192.168.255.2',
  sourcePort: 51_000,
  destinationPort: 80,
  sequence: 1,
  acknowledgement: 7,
  flags: TcpFlag.psh | TcpFlag.ack,
  payload,
};
const ip = (text = payload.toString()) =>
  buildIpPacket(segment.source, segment.destination, 6, buildSegment({ ...segment, payload: Buffer.from(text) }));

function bytes(...parts: (number[] | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const snap = (etherType: number[], ...body: (number[] | Uint8Array)[]) =>
  bytes([0xaa, 0xaa, 3, 0, 0, 0], etherType, ...body);
const ipv4 = [8, 0];

interface Wlan {
  readonly control?: number;
  readonly flags?: number;
  readonly fragment?: number;
  /** Of quality of service, and what else stands between the addresses and LLC. */
  readonly more?: number[];
  readonly body?: Uint8Array;
}

/** A frame from an access point (fromDS) unless said otherwise. */
function wlan({ control = 0x08, flags = 2, fragment = 0, more = [], body = snap(ipv4, ip()) }: Wlan = {}): Uint8Array {
  const addresses = Array(18).fill(2);
  return bytes([control, flags, 0, 0], addresses, [fragment, 0], more, body);
}

const radiotap = (fields: number[], ...present: number[]) => {
  const length = 4 + present.length * 4 + fields.length;
  const words = present.flatMap((word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255, word >>> 24]);
  return bytes([0, 0, length & 255, length >> 8], words, fields);
};

function decode(frame: Uint8Array, linkType: number) {
  const packet = new Packet();
  const around = bytes(Array(5).fill(0xee), frame, Array(9).fill(0xee));
  const names: string[] = [];
  const texts: string[] = [];
  let result = decodeFrame(packet, around, 5, 5 + frame.length, frame.length, linkType);
  for (;;) {
    names.push(decodedNames[result]!);
    if (result === 0) texts.push(Buffer.from(around.subarray(packet.payloadStart, packet.payloadEnd)).toString());
    if (packet.rest === 0) return { packet, names, texts };
    result = decodeRest(packet, around);
  }
}

t.test('data frames, whatever stands before them', (t) => {
  const quality = [0, 0];
  const ext = 0x8000_0000;
  const check = [1, 2, 3, 4];
  const cases: [string, number, Uint8Array][] = [
    ['802.11', 105, wlan()],
    ['from a station', 105, wlan({ flags: 1 })],
    ['between stations', 105, wlan({ flags: 0 })],
    ['between access points', 105, wlan({ flags: 3, more: [2, 2, 2, 2, 2, 2] })],
    ['sent again, more to come, sleepy', 105, wlan({ flags: 2 | 8 | 0x20 | 0x10 })],
    ['quality of service', 105, wlan({ control: 0x88, more: quality })],
    [
      'quality of service between access points',
      105,
      wlan({ control: 0x88, flags: 3, more: [...Array(6).fill(2), 0, 0] }),
    ],
    ['high throughput control', 105, wlan({ control: 0x88, flags: 0x82, more: [0, 0, 9, 9, 9, 9] })],
    ['data with an acknowledgement', 105, wlan({ control: 0x18 })],
    ['radiotap', 127, bytes(radiotap([], 0), wlan())],
    ['radiotap with fields', 127, bytes(radiotap([0, 0, 0, 0, 0, 0, 0, 0, 0x00, 2, 0x6c, 9, 0, 0], 0x0f), wlan())],
    ['a check sequence behind', 127, bytes(radiotap([0x10], 2), wlan(), check)],
    ['a check sequence, a timer before the flags', 127, bytes(radiotap([...Array(8).fill(0), 0x10], 3), wlan(), check)],
    ['several words of fields', 127, bytes(radiotap([0x10], ext | 2, ext, 1), wlan(), check)],
    ['several words, the timer aligned', 127, bytes(radiotap([...Array(12).fill(0), 0x10], ext | 3, 1), wlan(), check)],
    ['padded to four bytes', 127, bytes(radiotap([0x20], 2), wlan({ control: 0x88, more: [0, 0, 0, 0] }))],
    ['Prism', 119, bytes([0x44, 0, 0, 0, 144, 0, 0, 0], Array(136).fill(0), wlan())],
    ['AVS in the place of Prism', 119, bytes([0x80, 0x21, 0x10, 1, 0, 0, 0, 64], Array(56).fill(0), wlan())],
    ['AVS', 163, bytes([0x80, 0x21, 0x10, 2, 0, 0, 0, 80], Array(72).fill(0), wlan())],
    ['PPI', 192, bytes([0, 0, 12, 0, 105, 0, 0, 0], Array(4).fill(0), wlan())],
    ['a bridge tunnel', 105, wlan({ body: bytes([0xaa, 0xaa, 3, 0, 0, 0xf8, 8, 0], ip()) })],
    ['a VLAN within', 105, wlan({ body: snap([0x81, 0], [0, 5, 8, 0], ip()) })],
  ];
  for (const [name, linkType, frame] of cases) {
    const { packet, names, texts } = decode(frame, linkType);
    t.same(names, ['tcp'], name);
    t.same(texts, [payload.toString()], name);
    t.equal(formatIpv4(packet.addresses[0]!), '10.0.0.1', name);
    t.equal(packet.payloadWireBytes, payload.length, name);
  }
  t.end();
});

t.test('several frames in one (A-MSDU)', (t) => {
  const subframe = (body: Uint8Array, isLast = false) => {
    const padding = isLast ? 0 : -(14 + body.length) & 3;
    return bytes(Array(12).fill(2), [body.length >> 8, body.length & 255], body, Array(padding).fill(0));
  };
  const aggregate = (...parts: Uint8Array[]) => wlan({ control: 0x88, more: [0x80, 0], body: bytes(...parts) });
  const udp = snap(ipv4, buildIpPacket('1.1.1.1', '2.2.2.2', 17, buildUdp(1, 53, bytes([1]))));
  const three = aggregate(subframe(snap(ipv4, ip('a'))), subframe(udp), subframe(snap(ipv4, ip('bcd')), true));
  t.same(decode(three, 105).texts, ['a', 'bcd']);
  t.same(decode(three, 105).names, ['tcp', 'udp', 'tcp']);
  t.same(decode(bytes(radiotap([0x10], 2), three, [1, 2, 3, 4]), 127).texts, ['a', 'bcd'], 'a check sequence behind');
  t.same(decode(aggregate(subframe(snap(ipv4, ip('a')), true)), 105).texts, ['a'], 'one');
  t.same(decode(aggregate(subframe(snap(ipv4, ip('a')))).subarray(0, 60), 105).texts.length, 0, 'cut');
  t.same(
    decode(aggregate(bytes(Array(12).fill(2), [0xff, 0xff], snap(ipv4, ip('a')))), 105).texts,
    ['a'],
    'too long a length',
  );
  const empty = decode(aggregate(...Array(20).fill(bytes(Array(12).fill(2), [0, 0, 0, 0]))), 105);
  t.ok(empty.names.length <= 21 && empty.texts.length === 0, 'empty ones end');
  t.end();
});

t.test('what cannot be read has a name', (t) => {
  const cases: [string, string, number, Uint8Array][] = [
    ['encrypted', 'encrypted', 105, wlan({ flags: 0x42 })],
    ['encrypted, with radiotap', 'encrypted', 127, bytes(radiotap([], 0), wlan({ flags: 0x42 }))],
    ['a first fragment', 'wlanFragment', 105, wlan({ flags: 6 })],
    ['a later fragment', 'wlanFragment', 105, wlan({ fragment: 1 })],
    ['a beacon', 'notIp', 105, wlan({ control: 0x80 })],
    ['an acknowledgement', 'cutShort', 105, bytes([0xd4, 0, 0, 0], Array(6).fill(2))],
    ['a block acknowledgement', 'notIp', 105, wlan({ control: 0x94 })],
    ['no data', 'notIp', 105, wlan({ control: 0x48, body: bytes([]) })],
    ['no data, quality of service', 'notIp', 105, wlan({ control: 0xc8, more: [0, 0], body: bytes([]) })],
    ['spanning tree', 'notIp', 105, wlan({ body: bytes([0x42, 0x42, 3], Array(35).fill(0)) })],
    ['ARP', 'arp', 105, wlan({ body: snap([8, 6], Array(28).fill(0)) })],
    ['a keys’ handshake', 'notIp', 105, wlan({ body: snap([0x88, 0x8e], Array(28).fill(0)) })],
    ['a wrong check sequence', 'malformed', 127, bytes(radiotap([0x40], 2), wlan())],
    ['radiotap of another version', 'malformed', 127, bytes([1, 0, 8, 0, 0, 0, 0, 0], wlan())],
    ['radiotap longer than the frame', 'cutShort', 127, bytes([0, 0, 255, 255, 0, 0, 0, 0], wlan())],
    ['radiotap shorter than itself', 'malformed', 127, bytes([0, 0, 7, 0, 0, 0, 0, 0], wlan())],
    ['half a radiotap header', 'cutShort', 127, bytes([0, 0, 8])],
    ['fields without an end', 'tcp', 127, bytes([0, 0, 12, 0, 2, 0, 0, 0x80, 0, 0, 0, 0x80], wlan())],
    ['half a header', 'cutShort', 105, wlan().subarray(0, 20)],
    ['half of LLC', 'cutShort', 105, wlan().subarray(0, 28)],
    ['half of Prism', 'cutShort', 119, bytes([0x44, 0, 0, 0, 144, 0, 0, 0], Array(20).fill(0))],
    ['AVS that is none', 'malformed', 163, bytes([1, 2, 3, 4, 0, 0, 0, 64], Array(56).fill(0), wlan())],
    ['PPI of another link type', 'unknownLinkType', 192, bytes([0, 0, 8, 0, 9, 9, 0, 0], wlan())],
  ];
  for (const [name, expected, linkType, frame] of cases) t.same(decode(frame, linkType).names, [expected], name);
  for (let length = 0; length < 120; length += 1) {
    for (const linkType of [105, 119, 127, 163, 192]) {
      const frame = bytes(radiotap([0x10], 2), wlan({ control: 0x88, more: [0x80, 0] })).subarray(0, length);
      t.ok(decode(frame, linkType).names.length > 0);
    }
  }
  t.end();
});
