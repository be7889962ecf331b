/** Addresses that protocols hold within their messages: none of a mapped host is left, checksums stay right, and what is left is counted. */
import t from 'tap';
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { FrameList } from '../../../agent/pcap/frame-list.ts';
import {
  buildEthernetFrame,
  buildIpPacket,
  buildTcpFrame,
  buildUdp,
  parseAddress,
} from '../../../agent/wire/packet-builder.ts';
import { type EditFlags, editOrderOf } from '../../commands/edit-flags.ts';
import type { Traffic } from '../traffic.ts';
import { EditedTraffic } from './edited-traffic.ts';

function edit(frames: readonly Uint8Array[], flags: EditFlags) {
  let at = 0;
  const source: Traffic = {
    ...{ linkType: 1, framesExpected: undefined, bytesExpected: undefined, durationUs: undefined, phases: [] },
    impairments: [],
    read: (sink: FrameSink) => {
      const frame = frames[at++];
      if (!frame) return -1;
      sink.frame(frame, 0, frame.length, frame.length, at, 0);
      return 1;
    },
    truth: () => undefined,
    close: () => {},
  };
  const traffic = new EditedTraffic(source, editOrderOf(flags)!);
  const list = new FrameList();
  while (traffic.read(list, 1) >= 0);
  return { frames: list.frames.map(({ bytes }) => Buffer.from(bytes)), records: traffic.impairments };
}

const hex = (...parts: readonly (string | Uint8Array)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part.replaceAll(' ', ''), 'hex') : part)));
const mac = '0250b6a1b2c3';
const other = '0a11d2e3f405';
const id = '0050b6fffea1b2c3';
const otherId = '0811d2fffee3f405';
const flags = { mac: [`${mac}=${other}`] };
const address = (text: string) => Buffer.from(parseAddress(text));
const own = 'fe80::50:b6ff:fea1:b2c3';
const ethernet = (type: string, payload: Buffer, tags = '') => hex(other.replace('0a', '0c'), mac, tags, type, payload);
const withSums = (frame: Uint8Array) => edit([frame], { fixChecksums: true }).frames[0]!;
const icmp6 = (message: Buffer, source = own, destination = 'ff02::1:ffa1:b2c3') =>
  withSums(buildEthernetFrame(buildIpPacket(source, destination, 58, message)));
/** With a checksum: one of 0 would say that there is none. */
function udp(source: string, destination: string, ports: readonly [number, number], message: Buffer): Buffer {
  const datagram = buildUdp(...ports, message);
  datagram[7] = 1;
  return withSums(buildEthernetFrame(buildIpPacket(source, destination, 17, datagram)));
}

const arp = (operation: string) =>
  hex('0001 0800 06 04', operation, mac, address('10.1.1.1'), mac, address('10.2.0.1'));
const linkOption = (type: string) => hex(type, '01', mac);
const prefix = hex('03 04 40 c0 00000e10 00000e10 00000000', address('2001:db8::'));
const neighbours: Record<string, Buffer> = {
  'router solicitation': hex('85 00 0000 00000000', linkOption('01')),
  'router advertisement': hex('86 00 0000 40000708 00000000 00000000', linkOption('01'), '0501 0000 000005dc', prefix),
  'neighbour solicitation': hex('87 00 0000 00000000', address(own), linkOption('01')),
  'neighbour advertisement': hex('88 00 0000 60000000', address(own), linkOption('02')),
  redirect: hex('89 00 0000 00000000', address(own), address('2001:db8::50:b6ff:fea1:b2c3'), linkOption('02')),
};
const duid = { ll: `0003 0001 ${mac}`, llt: `0001 0001 12345678 ${mac}` };
const dhcp = hex(
  ...['01 01 06 00 11223344 0000 0000', address('10.1.1.1'), '00'.repeat(12), mac, '00'.repeat(10 + 192)],
  ...[
    '63825363',
    '350101',
    '00',
    `3d0701${mac}`,
    `3d13ff00000001${duid.llt}`,
    `5214 0108 0006 ${mac} 0208 0006 ${mac}`,
  ],
  ...[hex('3204', address('10.1.1.1')), 'ff'],
);
const option6 = (code: string, body: Buffer) => hex(code, Buffer.from([body.length >> 8, body.length]), body);
const leased = option6('0005', hex(address('2001:db8::50:b6ff:fea1:b2c3'), '00000e10 00000e10'));
const solicit = hex(
  ...['01 aabbcc', option6('0001', hex(duid.llt)), option6('0002', hex(duid.ll)), '000800020000'],
  ...[option6('0003', hex('00000001 00000000 00000000', leased)), option6('004f', hex('0001', mac))],
);
const relayed = hex(
  '0c 00',
  address('2001:db8::1'),
  address(own),
  option6('0012', hex('616263')),
  option6('0009', solicit),
);
const bridge = `8000${mac}`;
const configuration = `0000 00 00 00 ${bridge} 00000004 ${bridge} 8001 0000 1400 0200 0f00`;
const trees = `0000 03 02 7c ${bridge} 00000000 ${bridge} 8001 0000 1400 0200 0f00 00 0050 ${'00'.repeat(51)} 00000000 ${bridge} 14 7c ${bridge} 00000000 80 80 14`;
const llc = (payload: Buffer) => hex('0180c2000000', mac, Buffer.from([0, payload.length]), payload, '00'.repeat(8));

const messages: Record<string, Buffer> = {
  ARP: ethernet('0806', arp('0001')),
  'ARP behind two tags': ethernet('0806', arp('0002'), '88a8000581000006'),
  RARP: ethernet('8035', arp('0003')),
  ...Object.fromEntries(Object.entries(neighbours).map(([name, message]) => [name, icmp6(message)])),
  DHCP: udp('10.1.1.1', '10.2.0.1', [68, 67], dhcp),
  DHCPv6: udp(own, 'ff02::1:2', [546, 547], solicit),
  'DHCPv6 by way of a relay': udp('2001:db8::1', '2001:db8::50:b6ff:fea1:b2c3', [547, 547], relayed),
  LLDP: ethernet('88cc', hex(`0207 04${mac} 0407 03${mac} 0602 0078 100e 07 06${mac} 01 00000000 00`, '0000')),
  'spanning tree': llc(hex('424203', configuration)),
  'spanning trees of VLANs': llc(hex('aaaa03 00000c 010b', configuration)),
  'multiple spanning trees': llc(hex('424203', trees)),
};

for (const [name, frame] of Object.entries(messages)) {
  t.test(`${name}: MAC addresses, and addresses made of them`, async (t) => {
    const { frames, records } = edit([frame], flags);
    const mapped = frames[0]!;
    t.notOk(mapped.includes(hex(mac)) || mapped.includes(hex(id)), 'none is left');
    const back = edit([mapped], { mac: [`${other}=${mac}`] }).frames[0]!;
    t.same(back, frame, 'and nothing else is another');
    t.same(withSums(mapped), mapped, 'checksums are right');
    t.match(records, [{ description: 'MAC addresses mapped', frames: 1 }]);
    t.equal(records.length, 1, 'and nothing is said to be left');
    for (let end = 12; end < frame.length; end += 1) edit([frame.subarray(0, end)], flags);
  });
}

t.test('a checksum that was wrong stays wrong, one that was not there is not there', async (t) => {
  const frame = Buffer.from(messages.DHCPv6!);
  frame[61]! ^= 0x40;
  const mapped = edit([frame], flags).frames[0]!;
  t.notSame(withSums(mapped), mapped);
  const none = Buffer.from(messages.DHCP!);
  none.fill(0, 40, 42);
  t.same([...edit([none], flags).frames[0]!.subarray(40, 42)], [0, 0]);
});

t.test(
  'addresses of IPv6 that a MAC address is in: the host’s half by --mac, the network by --map, a host by --map alone',
  async (t) => {
    const source = '2001:db8:0:1:50:b6ff:fea1:b2c3';
    const segment = { source, destination: 'fd00::2', sourcePort: 4000, destinationPort: 80, sequence: 1 };
    const frame = buildTcpFrame({ ...segment, acknowledgement: 1, flags: 16, payload: hex('4142') });
    const sourceOf = (more: EditFlags) => {
      const mapped = edit([frame], { ...flags, ...more }).frames[0]!;
      t.same(withSums(mapped), mapped, 'the checksum is right');
      return mapped.subarray(22, 38).toString('hex');
    };
    t.equal(sourceOf({}), `20010db800000001${otherId}`);
    t.equal(sourceOf({ map: ['2001:db8::/32=fd77::'] }), `fd77000000000001${otherId}`);
    t.equal(sourceOf({ map: [`${source}=fd77::9`] }), 'fd770000000000000000000000000009');
  },
);

t.test('addresses that neighbours and DHCP name go by --map, too', async (t) => {
  const map = { map: ['fe80::/16=fd80::', '2001:db8::/32=fd77::', '10.1.0.0/16=172.20.0.0'] };
  for (const [name, frame] of Object.entries(messages)) {
    const mapped = edit([frame], map).frames[0]!;
    t.same(withSums(mapped), mapped, `${name}: checksums are right`);
    for (const network of ['0a0101', 'fe8000000000', '20010db8'])
      t.notOk(mapped.includes(hex(network)), `${name}: ${network}`);
  }
});

t.test('what is left inside is counted, by what it is in', async (t) => {
  const cdp = llc(hex('aaaa03 00000c 2000', '02b4 0000 0001 000a', mac));
  const vendor = ethernet('88cc', hex(`0207 04${mac} fe0a 0080c2 01${mac} 0000`));
  const text = udp('10.1.1.1', '10.2.0.1', [5000, 5001], hex(mac, id));
  const { frames, records } = edit([cdp, vendor, text, vendor, messages.ARP!], flags);
  t.ok([0, 1, 2].every((at) => frames[at]!.includes(hex(mac))));
  t.strictSame(
    records.map(({ description, frames }) => [description, frames]),
    [
      ['MAC addresses mapped', 4],
      ['CDP: MAC addresses of --mac are still inside', 1],
      ['LLDP: MAC addresses of --mac are still inside', 2],
      ['UDP: MAC addresses of --mac are still inside', 1],
    ],
  );
  const swapped = edit([messages.ARP!], { mac: [`${mac}=${other}`, `${other}=${mac}`] });
  t.equal(swapped.records.length, 1, 'an address that another one becomes is not left');
  const zeros = edit([messages.DHCP!], { mac: [`000000000000=${other}`] });
  t.equal(zeros.records.length, 0, 'padding is no address');
});
