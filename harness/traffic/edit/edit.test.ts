import t from 'tap';
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { type Frame, FrameList } from '../../../agent/pcap/frame-list.ts';
import { formatIpv4 } from '../../../agent/wire/address.ts';
import { foldChecksum, isTcpChecksumRight, sumWords } from '../../../agent/wire/checksum.ts';
import { decodeFrame } from '../../../agent/wire/decode.ts';
import { Decoded, Packet } from '../../../agent/wire/packet.ts';
import {
  buildEthernetFrame,
  buildIpPacket,
  buildTcpFrame,
  buildUdp,
  type FrameFields,
  fragmentIpPacket,
  type SegmentFields,
} from '../../../agent/wire/packet-builder.ts';
import { type EditFlags, editOrderOf } from '../../commands/edit-flags.ts';
import type { Traffic } from '../traffic.ts';
import { EditedTraffic } from './edited-traffic.ts';

/** Frames a millisecond apart, from 1,700,000,000 s on. */
function edit(frames: readonly Uint8Array[], flags: EditFlags, more: { deviceBytes?: number } = {}) {
  let at = 0;
  const source: Traffic = {
    ...{ linkType: 1, framesExpected: undefined, bytesExpected: undefined, durationUs: undefined, phases: [] },
    impairments: [],
    read: (sink: FrameSink) => {
      const frame = frames[at++];
      if (!frame) return -1;
      // Somewhere in a larger buffer, where nothing may be written.
      const buffer = new Uint8Array(frame.length + 10).fill(0xee);
      buffer.set(frame, 5);
      const before = buffer.slice();
      sink.frame(buffer, 5, 5 + frame.length, frame.length, 1.7e15 + (at - 1) * 1_000, 0);
      t.same(buffer, before, 'the source’s bytes are as they were');
      return 1;
    },
    truth: () => undefined,
    close: () => {},
  };
  const traffic = new EditedTraffic(source, { ...editOrderOf(flags), ...more });
  const list = new FrameList();
  while (traffic.read(list, 1) >= 0);
  return { frames: list.frames, records: traffic.impairments };
}

const fields: SegmentFields = {
  ...{ source: '10.1.2.3', destination: '10.9.9.9', sourcePort: 4000, destinationPort: 8080 },
  ...{
    sequence: 0xffff_ff00,
    acknowledgement: 9,
    flags: 0x19,
    payload: new Uint8Array(5_000).map((_, at) => at & 255),
  },
};
const v4 = buildTcpFrame(fields, { identification: 7 });
const v6 = buildTcpFrame({ ...fields, source: 'fd00::1', destination: 'fd00::2' });
const tagged = (frame: FrameFields) => buildTcpFrame(fields, frame);
const udp = buildEthernetFrame(buildIpPacket('10.1.2.3', '10.9.9.9', 17, buildUdp(53, 53, new Uint8Array(3_000))));

/** What a decoder reads. @returns undefined where a checksum is wrong */
function read({ bytes, wireLength }: Frame) {
  const packet = new Packet();
  if (decodeFrame(packet, bytes, 0, bytes.length, wireLength, 1) !== Decoded.tcp) return undefined;
  let ip = 12;
  while (bytes[ip] === 0x81 || bytes[ip] === 0x88) ip += 4;
  ip += 2;
  if (packet.ipVersion === 4 && foldChecksum(sumWords(0, bytes, ip, ip + 20)) !== 0) return undefined;
  if (!isTcpChecksumRight(packet, bytes)) return undefined;
  const address = (at: number) =>
    packet.ipVersion === 4 ? formatIpv4(packet.addresses[at]!) : packet.addresses.slice(at, at + 4).join();
  return {
    from: `${address(0)}:${packet.sourcePort}`,
    to: `${address(4)}:${packet.destinationPort}`,
    ...{ vlan: packet.vlan, flags: packet.flags, sequence: packet.sequence >>> 0 },
    payload: bytes.subarray(packet.payloadStart, packet.payloadEnd),
  };
}

t.test('addresses, ports and MAC addresses; checksums stay right', async (t) => {
  const { frames, records } = edit([v4, v6, tagged({ vlans: [5, 6] })], {
    map: ['10.1.0.0/16=172.20.0.0', 'fd00::/64=fd77::', '10.0.0.0/8=11.0.0.0/8'],
    port: ['8080=80', '4000=4001'],
    mac: ['02:00:00:00:00:02=aa-bb-cc-dd-ee-ff'],
  });
  t.match(read(frames[0]!), { from: '172.20.2.3:4001', to: '11.9.9.9:80', payload: fields.payload });
  t.match(read(frames[1]!), { from: /:4001$/, to: /:80$/, payload: fields.payload });
  t.equal(frames[1]!.bytes[23], 0x77, 'of IPv6 too');
  t.match(read(frames[2]!), { from: '172.20.2.3:4001', vlan: 6 });
  t.same([...frames[0]!.bytes.subarray(0, 6)], [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]);
  t.match(records, [{ kind: 'edit', description: 'addresses, ports, MAC addresses mapped', frames: 3 }]);
  const wrong = v4.slice();
  wrong[50]! ^= 0x55;
  t.equal(read(edit([wrong], { map: ['10.0.0.0/8=11.0.0.0'] }).frames[0]!), undefined, 'a wrong checksum stays wrong');
});

t.test('the packet that an error of ICMP quotes is mapped with it', async (t) => {
  const flags = { map: ['10.1.0.0/16=172.20.0.0', 'fd00::/64=fd77::'], port: ['8080=80'] };
  const error = (source: string, quoted: Uint8Array, type: number, gateway: number[]) => {
    const isV6 = source.includes(':');
    const message = Uint8Array.from([type, 0, 0, 0, ...gateway, ...quoted.subarray(14, 14 + 120)]);
    const packet = buildIpPacket(source, isV6 ? 'fd00::1' : '10.1.2.3', isV6 ? 58 : 1, message);
    const frame = buildEthernetFrame(packet);
    return edit([frame], { fixChecksums: true }).frames[0]!.bytes;
  };
  for (const [source, quoted, type, gateway] of [
    ['10.1.7.7', v4, 3, [0, 0, 0, 0]],
    ['10.1.7.7', v4, 5, [10, 1, 8, 8]],
    ['fd00::9', v6, 1, [0, 0, 0, 0]],
    ['fd00::9', v6, 3, [0, 0, 0, 0]],
  ] as const) {
    const frame = error(source, quoted, type, [...gateway]);
    const mapped = edit([frame], flags).frames[0]!.bytes;
    const inner = mapped.subarray(frame.length - 120);
    t.same(inner, edit([quoted], flags).frames[0]!.bytes.subarray(14, 14 + 120), 'as the packet itself is');
    t.same(edit([mapped], { fixChecksums: true }).frames[0]!.bytes, mapped, 'and the sum of the error is right');
    t.notSame(inner, frame.subarray(frame.length - 120));
    if (type === 5) t.same([...mapped.subarray(38, 42)], [172, 20, 8, 8]);
  }
  const echo = error('10.1.7.7', v4, 8, [0, 0, 0, 0]);
  t.same(edit([echo], flags).frames[0]!.bytes.subarray(42), echo.subarray(42), 'what an echo holds is no packet');
  for (let end = 14; end < 150; end += 1) edit([error('10.1.7.7', v4, 3, [0, 0, 0, 0]).subarray(0, end)], flags);
});

t.test('tags: one of this number, or none', async (t) => {
  const all = [v4, tagged({ vlans: [5] }), tagged({ vlans: [5, 6] })];
  t.same(
    edit(all, { vlan: '9' }).frames.map((frame) => [read(frame)!.vlan, frame.wireLength - frame.bytes.length]),
    [
      [9, 0],
      [9, 0],
      [6, 0],
    ],
  );
  const bare = edit(all, { vlan: 'none' }).frames;
  t.ok(
    bare.every(({ bytes }) => bytes.length === v4.length && Buffer.compare(bytes.subarray(26), v4.subarray(26)) === 0),
  );
  t.same(
    bare.map((frame) => read(frame)!.vlan),
    [-1, -1, -1],
  );
});

t.test('MTU: the same bytes in pieces that fit, flags where they belong', async (t) => {
  for (const [frame, headers] of [
    [v4, 40],
    [v6, 60],
    [tagged({ vlans: [5] }), 40],
  ] as const) {
    const { frames, records } = edit([frame, udp], { mtu: '1500' });
    const pieces = frames.slice(0, -1).map((piece) => read(piece)!);
    t.equal(pieces.length, Math.ceil(5_000 / (1_500 - headers)));
    t.same(Buffer.concat(pieces.map(({ payload }) => payload)), Buffer.from(fields.payload!));
    let sequence = fields.sequence;
    for (const [at, piece] of pieces.entries()) {
      t.equal(piece.sequence, sequence);
      t.equal(piece.flags, at === pieces.length - 1 ? 0x19 : 0x10, 'FIN and PSH with the last');
      sequence = (sequence + piece.payload.length) >>> 0;
    }
    t.match(records, [{ description: /MTU of 1500; 1 longer ones are no whole TCP segments and stay/, frames: 1 }]);
    t.equal(frames.at(-1)!.bytes.length, udp.length, 'a datagram stays');
  }
  // As a host with offload leaves it: no length, no checksum.
  const offload = v4.slice();
  offload.fill(0, 16, 18);
  offload.fill(0, 24, 26);
  offload.fill(0, 50, 52);
  t.same(
    Buffer.concat(edit([offload], { mtu: '1500' }).frames.map((piece) => read(piece)!.payload)),
    Buffer.from(fields.payload!),
  );
});

t.test('what a device does not take is cut, and nothing else', async (t) => {
  const long = new Uint8Array(14 + 40 + 80_000);
  long.set(buildTcpFrame({ ...fields, payload: new Uint8Array(0) }), 0);
  long.fill(0, 16, 18);
  for (let at = 54; at < long.length; at += 1) long[at] = at & 255;
  const { frames, records } = edit([v4, long], {}, { deviceBytes: 65_535 });
  t.same(frames[0]!.bytes, v4);
  t.ok(frames.length === 3 && frames.every(({ bytes }) => bytes.length <= 65_535));
  t.same(Buffer.concat(frames.slice(1).map((piece) => read(piece)!.payload)), Buffer.from(long.subarray(54)));
  t.match(records, [{ description: /the device takes no longer ones/, frames: 1 }]);
});

t.test('checksums are made right, of whole packets alone', async (t) => {
  const spoil = (frame: Uint8Array, ...places: number[]) => {
    const spoilt = frame.slice();
    for (const at of places) spoilt[at]! ^= 0x3c;
    return spoilt;
  };
  const packet = buildIpPacket('10.1.2.3', '10.9.9.9', 6, new Uint8Array(2_000).fill(3));
  const fragment = buildEthernetFrame(fragmentIpPacket(packet, 800, 1)[0]!);
  const cut = spoil(v4, 50).subarray(0, 900);
  const frames = [spoil(v4, 24, 50), spoil(v6, 70), udp, fragment, cut, Uint8Array.of(1, 2, 3)];
  const fixed = edit(frames, { fixChecksums: true });
  t.match(read(fixed.frames[0]!), { payload: fields.payload });
  t.match(read(fixed.frames[1]!), { payload: fields.payload });
  for (const at of [2, 3, 4, 5]) t.same(fixed.frames[at]!.bytes, frames[at], 'no sum, a fragment, cut, no packet');
  t.match(fixed.records, [{ description: 'checksums made right', frames: 2 }]);
});

t.test('time, filter, limit, snap', async (t) => {
  const many = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? v4 : udp));
  const numbers = (flags: EditFlags) => edit(many, flags).frames.map(({ tsUs }) => (tsUs - 1.7e15) / 1_000);
  t.same(numbers({ from: '5ms', to: '8ms' }), [5, 6, 7]);
  t.same(numbers({ from: '2023-11-14T22:13:20.018Z' }), [18, 19]);
  t.same(numbers({ limit: '3' }), [0, 1, 2]);
  t.same(numbers({ filter: 'udp', from: '4ms', limit: '2' }), [5, 7]);
  // How many are left out is not known: nothing behind them is read.
  const selected = (flags: EditFlags) =>
    edit(many, flags).records.map(({ description, frames }) => `${description}: ${frames}`);
  t.same(selected({ limit: '3' }), ['the first 3 frames alone: 3']);
  t.same(selected({ limit: '30', from: '0s', to: '1s' }), [], 'nothing is left out');
  t.same(selected({ from: '5ms', to: '8ms' }), ['frames from 0.005 s to 0.008 s alone: 3']);
  const { frames } = edit([v4], { snap: '96' });
  t.same([frames[0]!.bytes.length, frames[0]!.wireLength], [96, v4.length]);
  t.throws(() => edit(many, { filter: 'tcp port' }), { code: 'filter-invalid', hint: /pcap-filter/ });
});

t.test('frames of any bytes pass through every stage', async (t) => {
  const flags = {
    map: ['0.0.0.0/1=128.0.0.0', '::/1=8000::'],
    port: ['80=81'],
    vlan: '3',
    mtu: '100',
    fixChecksums: true,
  };
  const hostile: Uint8Array[] = [];
  for (const frame of [v4, v6, udp]) {
    for (let end = 0; end < 80; end += 1) hostile.push(frame.subarray(0, end));
    for (let at = 12; at < 60; at += 1)
      for (const byte of [0, 255]) hostile.push(frame.slice(0, 300).fill(byte, at, at + 1));
  }
  t.ok(edit(hostile, flags).frames.length >= hostile.length);
});

t.test('edits as people write them', async (t) => {
  t.equal(editOrderOf({}), undefined);
  t.same(editOrderOf({ map: '10.1.1.1=1.1.1.1, 10.0.0.0/8=2.0.0.0' })?.map?.length, 2, 'as a report keeps them');
  for (const [flags, message] of [
    [{ map: ['10.0.0.0/8'] }, /does not say what becomes of what/],
    [{ map: ['10.0.0.0/33=1.1.1.1'] }, /is no network/],
    [{ map: ['10.0.0.0/8=172.16.0.0'] }, /bits behind the 8 of its network/],
    [{ map: ['10.1.2.3/8=11.0.0.0'] }, /bits behind the 8/],
    [{ map: ['fd00::1/64=fd77::'] }, /bits behind the 64/],
    [{ map: ['0.0.0.0/0=1.2.3.4'] }, /bits behind the 0/],
    [{ map: ['10.0.0.0/8=172.16.0.0/16'] }, /not of one size/],
    [{ map: ['10.0.0.0/8=fd00::'] }, /not of one size/],
    [{ map: ['10.0.0.0/8=11.0.0.0/9'] }, /not of one size/],
    [{ map: ['10.0.0.0/8=1.0.0.0', '10.1.1.1=2.1.1.1'] }, /the second would never apply/],
    [{ map: ['10.1.0.0/16=1.0.0.0', '10.1.0.0/16=2.0.0.0'] }, /about the same addresses/],
    [{ map: ['10.1.0.0/16=1.0.0.0', '10.2.0.0/16=1.0.0.0'] }, /one host of two/],
    [{ port: ['80=81', '80=82'] }, /two things about one/],
    [{ mac: ['02:00:00:00:00:01=02:00:00:00:00:02', '02-00-00-00-00-01=02:00:00:00:00:03'] }, /two things about one/],
    [{ port: ['80=99999'] }, /--port/],
    [{ mac: ['02:00=02:01'] }, /no MAC address/],
    [{ vlan: '5000' }, /--vlan/],
    [{ mtu: '10' }, /--mtu/],
    [{ from: '5 bananas' }, /--from/],
    [{ to: '2026-99-01' }, /no date/],
    [{ from: '5s', to: '1s' }, /--from 5s --to 1s: the window ends before it begins/],
    [{ from: '1000ms', to: '1s' }, /--from 1000ms --to 1s: the window ends where it begins/],
    [{ from: '2026-02-01', to: '2026-01-01' }, /ends before it begins/],
    [{ from: '2026-02-01', to: '0s' }, /--to 0s: no frame/],
    [{ limit: '0' }, /--limit/],
    [{ snap: '3' }, /--snap/],
  ] as const) {
    t.throws(() => editOrderOf(flags), { code: 'option-invalid', message, hint: /\w/ });
  }
  for (const [map, hint] of [
    ['fd00::1/64=fd77::', /Write --map fd00::\/64=fd77::\/64,/],
    ['10.0.0.0/8=172.16.0.0', /Write --map 10.0.0.0\/12=172.16.0.0\/12,/],
    ['10.1.2.3/8=11.0.0.0', /Write --map 10.0.0.0\/8=11.0.0.0\/8,/],
  ] as const) {
    t.throws(() => editOrderOf({ map: [map] }), { code: 'option-invalid', hint });
  }
});
