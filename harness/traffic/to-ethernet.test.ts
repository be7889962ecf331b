import t from 'tap';
import { buildIpPacket, buildSegment, type SegmentFields } from '../../agent/wire/packet-builder.ts';
import { Segment } from './segment.ts';
import { convertibleName, EthernetConverter } from './to-ethernet.ts';

const fields: SegmentFields = {
  ...{ source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 4000, destinationPort: 80, sequence: 7, flags: 0x18 },
  payload: Buffer.from('GET / HTTP/1.1\r\n\r\n'),
};
const v4 = buildIpPacket(fields.source, fields.destination, 6, buildSegment(fields));
const six = { ...fields, source: 'fd00::1', destination: 'fd00::2' };
const v6 = buildIpPacket(six.source, six.destination, 6, buildSegment(six));
const sender = [0xaa, 1, 2, 3, 4, 5];
const receiver = [0xbb, 1, 2, 3, 4, 5];
const snap = [0xaa, 0xaa, 3, 0, 0, 0];
const type = (packet: Uint8Array) => (packet === v4 ? [8, 0] : [0x86, 0xdd]);

/** Link headers by link type. */
const headers: readonly (readonly [number, string, (packet: Uint8Array) => number[]])[] = [
  [0, 'loopback, little endian', (packet) => [packet === v4 ? 2 : 30, 0, 0, 0]],
  [108, 'loopback, big endian', (packet) => [0, 0, 0, packet === v4 ? 2 : 24]],
  [12, 'raw', () => []],
  [101, 'raw', () => []],
  [113, 'cooked', (packet) => [0, 0, 0, 1, 0, 6, ...sender, 0, 0, ...type(packet)]],
  [276, 'cooked v2', (packet) => [...type(packet), 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, ...sender, 0, 0]],
  [9, 'PPP', (packet) => [0xff, 3, 0, packet === v4 ? 0x21 : 0x57]],
  [50, 'PPP with a short protocol', (packet) => [packet === v4 ? 0x21 : 0x57]],
  [
    239,
    'NFLOG',
    (packet) => [2, 0, 0, 0, 5, 0, 1, 0, 9, 0, 0, 0, (packet.length + 4) & 255, (packet.length + 4) >> 8, 9, 0],
  ],
  [
    105,
    '802.11 from the system',
    (packet) => [0x08, 2, 0, 0, ...receiver, 9, 9, 9, 9, 9, 9, ...sender, 0, 0, ...snap, ...type(packet)],
  ],
  [
    127,
    'radiotap, QoS, to the system',
    (packet) => [
      ...[0, 0, 9, 0, 0, 0, 0, 0, 7],
      ...[0x88, 1, 0, 0, 9, 9, 9, 9, 9, 9, ...sender, ...receiver, 0, 0, 0, 0],
      ...[...snap, ...type(packet)],
    ],
  ],
];

for (const [linkType, name, header] of headers) {
  t.test(`${name} (${linkType})`, async (t) => {
    t.ok(convertibleName(linkType));
    const [converter, segment] = [new EthernetConverter(), new Segment()];
    for (const packet of [v4, v6]) {
      const frame = Uint8Array.from([1, 2, 3, ...header(packet), ...packet]);
      t.ok(converter.convert(linkType, frame, 3, frame.length));
      t.same(converter.bytes.subarray(14, converter.end), packet);
      t.equal(frame.length - 3 - converter.shorter, converter.end);
      t.ok(segment.read(converter.bytes, 0, converter.end), 'a segment in Ethernet');
      const source = [...converter.bytes.subarray(6, 12)];
      const knows = header(packet).join().includes(sender.join());
      t.same(source, knows ? sender : [2, 0, 0, 0, 0, 1]);
    }
  });
}

t.test('what holds no packet, and every cut of a header, is left out without a throw', async (t) => {
  const converter = new EthernetConverter();
  for (const [linkType, name, header] of headers) {
    const frame = Uint8Array.from([...header(v4), ...v4]);
    for (let end = 0; end < header(v4).length; end += 1) converter.convert(linkType, frame, 0, end);
    for (let byte = 0; byte < 256; byte += 1) converter.convert(linkType, new Uint8Array(64).fill(byte), 0, 64);
    t.notOk(converter.convert(linkType, new Uint8Array(0), 0, 0), name);
  }
  t.notOk(converter.convert(105, Uint8Array.of(0x80, 0, ...new Uint8Array(60)), 0, 62), 'a beacon');
  t.notOk(converter.convert(105, Uint8Array.of(0x08, 0x42, ...new Uint8Array(60)), 0, 62), 'encrypted');
});
