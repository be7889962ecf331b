import t from 'tap';
import { formatIpv4, formatIpv6 } from './address.ts';
import { isTcpChecksumRight } from './checksum.ts';
import { decodeFrame } from './decode.ts';
import { Decoded, decodedNames, Packet, TcpFlag } from './packet.ts';
import {
  buildEthernetFrame,
  buildIpPacket,
  buildSegment,
  buildTcpFrame,
  buildUdp,
  fragmentIpPacket,
  parseAddress,
} from './packet-builder.ts';

const payload = Buffer.from('GET / HTTP/1.1\r\n\r\n');
const segment = {
  source: '10.0.0.1',
  destination: '192.168.255.2',
  sourcePort: 51_000,
  destinationPort: 80,
  sequence: 0xfffffff0,
  acknowledgement: 7,
  flags: TcpFlag.psh | TcpFlag.ack,
  window: 513,
  payload,
};
const segment6 = { ...segment, source: '2001:db8::1', destination: 'fe80::ff:2' };
const ipv4 = () => buildIpPacket(segment.source, segment.destination, 6, buildSegment(segment));
const ipv6 = () => buildIpPacket(segment6.source, segment6.destination, 6, buildSegment(segment6));

function bytes(...parts: (number[] | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Decodes with bytes before and after the frame, so that a wrong offset shows. */
function decode(
  frame: Uint8Array,
  linkType = 1,
  wireLength = frame.length,
): { packet: Packet; result: string; text: string } {
  const packet = new Packet();
  const around = bytes(Array(5).fill(0xee), frame, Array(9).fill(0xee));
  const result = decodedNames[decodeFrame(packet, around, 5, 5 + frame.length, wireLength, linkType)]!;
  return { packet, result, text: Buffer.from(around.subarray(packet.payloadStart, packet.payloadEnd)).toString() };
}

t.test('a TCP segment in every link layer', (t) => {
  const ethernet = buildTcpFrame(segment);
  const mac = [...ethernet.subarray(0, 12)];
  const frames: [string, number, Uint8Array][] = [
    ['Ethernet', 1, ethernet],
    ['Ethernet with padding', 1, bytes(ethernet, [0, 0, 0, 0, 0, 0])],
    ['802.1Q', 1, buildTcpFrame(segment, { vlans: [5] })],
    ['QinQ', 1, buildTcpFrame(segment, { vlans: [7, 5] })],
    ['SNAP', 1, bytes(mac, [0, 80, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], ipv4())],
    ['MPLS', 1, bytes(mac, [0x88, 0x47, 0, 1, 0, 64, 0, 1, 1, 64], ipv4())],
    ['MPLS pseudowire', 1, bytes(mac, [0x88, 0x47, 0, 1, 1, 64, 0, 0, 0, 0], ethernet)],
    ['PPPoE', 1, bytes(mac, [0x88, 0x64, 0x11, 0, 0, 1, 0, 0, 0, 0x21], ipv4())],
    ['PPP', 9, bytes([0xff, 3, 0, 0x21], ipv4())],
    ['PPP compressed', 9, bytes([0x21], ipv4())],
    ['Linux cooked', 113, bytes(Array(14).fill(0), [8, 0], ipv4())],
    ['Linux cooked v2', 276, bytes([8, 0], Array(18).fill(0), ipv4())],
    ['BSD loopback, little-endian', 0, bytes([2, 0, 0, 0], ipv4())],
    ['OpenBSD loopback', 108, bytes([0, 0, 0, 2], ipv4())],
    ['raw IP', 101, ipv4()],
    ['raw IP, BSD', 12, ipv4()],
    ['raw IP, OpenBSD', 14, ipv4()],
    ['raw IPv4', 228, ipv4()],
    ['NFLOG', 239, bytes([2, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, 0, 255, 0, 9, 0], ipv4())],
  ];
  for (const [name, linkType, frame] of frames) {
    const { packet, result, text } = decode(frame, linkType);
    t.equal(result, 'tcp', name);
    t.equal(text, payload.toString(), name);
    t.same(
      [packet.ipVersion, formatIpv4(packet.addresses[0]!), formatIpv4(packet.addresses[4]!)],
      [4, '10.0.0.1', '192.168.255.2'],
      name,
    );
    t.same(
      [packet.sourcePort, packet.destinationPort, packet.sequence >>> 0, packet.acknowledgement, packet.flags],
      [51_000, 80, 0xfffffff0, 7, 24],
      name,
    );
    t.equal(packet.payloadWireBytes, payload.length, name);
    t.equal(packet.vlan, name === '802.1Q' || name === 'QinQ' ? 5 : -1, name);
  }
  t.equal(decode(ethernet).packet.window, 513);
  t.end();
});

t.test('IPv6, its extension headers, and every link layer that names the version', (t) => {
  const packet6 = ipv6();
  const tcp = buildSegment(segment6);
  const frames: [string, number, Uint8Array][] = [
    ['Ethernet', 1, buildEthernetFrame(packet6)],
    ['raw IP', 101, packet6],
    ['raw IPv6', 229, packet6],
    ['BSD loopback 24', 0, bytes([24, 0, 0, 0], packet6)],
    ['BSD loopback 30', 0, bytes([0, 0, 0, 30], packet6)],
    ['PPP', 9, bytes([0, 0x57], packet6)],
  ];
  for (const [name, linkType, frame] of frames) {
    const { packet, result, text } = decode(frame, linkType);
    t.equal(result, 'tcp', name);
    t.equal(text, payload.toString(), name);
    const words = [...packet.addresses];
    t.equal(formatIpv6(words[0]!, words[1]!, words[2]!, words[3]!), '2001:db8::1', name);
    t.equal(formatIpv6(words[4]!, words[5]!, words[6]!, words[7]!), 'fe80::ff:2', name);
  }
  const chain = bytes(
    [60, 0, 0, 0, 0, 0, 0, 0],
    [51, 0, 0, 0, 0, 0, 0, 0],
    [44, 1, ...Array(10).fill(0)],
    [6, 0, 0, 0, 0, 0, 0, 9],
    tcp,
  );
  const { result, text } = decode(buildIpPacket(segment6.source, segment6.destination, 43, chain), 229);
  t.equal(result, 'tcp', 'routing, destination options, authentication, atomic fragment');
  t.equal(text, payload.toString());
  const endless = bytes(...Array(40).fill([60, 0, 0, 0, 0, 0, 0, 0]), tcp);
  t.equal(decode(buildIpPacket(segment6.source, segment6.destination, 60, endless), 229).result, 'tooDeep');
  t.end();
});

t.test('tunnels', (t) => {
  const inner = buildTcpFrame(segment, { vlans: [9] });
  const outer = (protocol: number, body: Uint8Array) =>
    buildEthernetFrame(buildIpPacket('1.1.1.1', '2.2.2.2', protocol, body));
  const cases: [string, number, Uint8Array][] = [
    ['VXLAN', 42, outer(17, buildUdp(5, 4789, bytes([8, 0, 0, 0, 0, 0, 42, 0], inner)))],
    [
      'Geneve with options',
      42,
      outer(17, buildUdp(5, 6081, bytes([1, 0, 0x65, 0x58, 0, 0, 42, 0], [0, 0, 0, 0], inner))),
    ],
    ['GTP-U', 0, outer(17, buildUdp(5, 2152, bytes([0x30, 255, 0, 0, 0, 0, 0, 1], ipv4())))],
    [
      'GTP-U with extension',
      0,
      outer(17, buildUdp(5, 2152, bytes([0x34, 255, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0x85], [1, 0, 0, 0], ipv4()))),
    ],
    ['GRE with IPv4', 0, outer(47, bytes([0, 0, 8, 0], ipv4()))],
    [
      'GRE with checksum, key and sequence',
      3,
      outer(47, bytes([0xb0, 0, 8, 0], [0, 0, 0, 0], [0, 0, 0, 3], [0, 0, 0, 0], ipv4())),
    ],
    ['GRE with Ethernet', 0, outer(47, bytes([0, 0, 0x65, 0x58], inner))],
    ['ERSPAN II', 0, outer(47, bytes([0x10, 0, 0x88, 0xbe], [0, 0, 0, 1], Array(8).fill(0), inner))],
    ['ERSPAN III', 0, outer(47, bytes([0x10, 0, 0x22, 0xeb], [0, 0, 0, 1], Array(12).fill(0), inner))],
    ['IP in IP', 0, outer(4, ipv4())],
    ['IPv4 in IPv6', 0, buildEthernetFrame(buildIpPacket('::1', '::2', 4, ipv4()))],
    ['EtherIP', 0, outer(97, bytes([0x30, 0], inner))],
  ];
  for (const [name, network, frame] of cases) {
    const { packet, result, text } = decode(frame);
    t.equal(result, 'tcp', name);
    t.equal(text, payload.toString(), name);
    t.equal(formatIpv4(packet.addresses[0]!), '10.0.0.1', name);
    t.equal(packet.network, network, name);
  }
  t.equal(decode(outer(41, ipv6())).packet.ipVersion, 6, '6in4');
  let nested = ipv4();
  for (let depth = 0; depth < 40; depth += 1) nested = buildIpPacket('1.1.1.1', '2.2.2.2', 4, nested);
  t.equal(decode(buildEthernetFrame(nested)).result, 'tooDeep');
  t.end();
});

t.test('Teredo between relays is recognised by its content, and nothing else for it', (t) => {
  const teredo = { ...segment, source: '2001:0:4137:9e50:8000:f12a:b9c8:2815', destination: '2001:db8::1' };
  const inner = buildIpPacket(teredo.source, teredo.destination, 6, buildSegment(teredo));
  const sent = (ports: [number, number], body: Uint8Array) =>
    decode(buildEthernetFrame(buildIpPacket('1.1.1.1', '2.2.2.2', 17, buildUdp(...ports, body)))).result;
  t.equal(sent([3797, 32_900], inner), 'tcp');
  t.equal(sent([3797, 3544], inner), 'tcp', 'on its own port anyway');
  t.equal(sent([3797, 32_900], bytes(inner, [0])), 'udp', 'a byte more');
  t.equal(sent([3797, 32_900], inner.subarray(0, 30)), 'udp', 'less than a header');
  const others = buildIpPacket('2001:db8::2', '2001:db8::1', 6, buildSegment({ ...teredo, source: '2001:db8::2' }));
  t.equal(sent([3797, 32_900], others), 'udp', 'no such address');
  t.end();
});

t.test('link layers, byte by byte: tags, families, cooked headers', (t) => {
  const mac = Array(12).fill(2);
  const [v4, v6] = [ipv4(), ipv6()];
  const cases: [name: string, linkType: number, frame: Uint8Array, result: string, vlan?: number][] = [
    ['QinQ as 802.1ad has it', 1, bytes(mac, [0x88, 0xa8, 0x20, 7, 0x81, 0, 0xe0, 5, 8, 0], v4), 'tcp', 5],
    ['QinQ under the old number', 1, bytes(mac, [0x91, 0, 0, 7, 0x81, 0, 0, 9, 0x86, 0xdd], v6), 'tcp', 9],
    ['three tags', 1, bytes(mac, [0x88, 0xa8, 0, 1, 0x88, 0xa8, 0, 2, 0x81, 0, 0x0f, 0xff, 8, 0], v4), 'tcp', 4095],
    ['a priority tag is no network', 1, bytes(mac, [0x81, 0, 0xe0, 0, 8, 0], v4), 'tcp', 0],
    ['half a tag', 1, bytes(mac, [0x81, 0, 0, 5, 8]), 'cutShort'],
    ['a tag around ARP', 1, bytes(mac, [0x81, 0, 0, 5, 8, 6], Array(28).fill(0)), 'arp'],
    ['tags without end', 1, bytes(mac, ...Array(40).fill([0x81, 0, 0, 5]), [8, 0], v4), 'tooDeep'],
    ['cooked, IPv6', 113, bytes([0, 4, 0, 1, 0, 6], Array(8).fill(2), [0x86, 0xdd], v6), 'tcp'],
    ['cooked, tagged', 113, bytes(Array(14).fill(0), [0x81, 0], [0, 8, 8, 0], v4), 'tcp', 8],
    ['cooked, ARP', 113, bytes(Array(14).fill(0), [8, 6], Array(28).fill(0)), 'arp'],
    ['cooked, netlink', 113, bytes(Array(14).fill(0), [0, 4], v4), 'notIp'],
    ['cooked, cut', 113, bytes(Array(15).fill(0)), 'cutShort'],
    ['cooked v2, IPv6', 276, bytes([0x86, 0xdd], Array(18).fill(0), v6), 'tcp'],
    ['cooked v2, tagged', 276, bytes([0x81, 0], Array(18).fill(0), [0, 3, 8, 0], v4), 'tcp', 3],
    ['cooked v2, cut', 276, bytes([8, 0], Array(17).fill(0)), 'cutShort'],
    ['BSD loopback, big-endian', 0, bytes([0, 0, 0, 2], v4), 'tcp'],
    ['BSD loopback, IPv6 of FreeBSD', 0, bytes([28, 0, 0, 0], v6), 'tcp'],
    ['BSD loopback, IPv6 of Linux', 0, bytes([10, 0, 0, 0], v6), 'tcp'],
    ['OpenBSD loopback, IPv6', 108, bytes([0, 0, 0, 24], v6), 'tcp'],
    ['BSD loopback, AppleTalk', 0, bytes([16, 0, 0, 0], v4), 'notIp'],
    ['BSD loopback, cut', 0, bytes([2, 0, 0]), 'cutShort'],
    ['BSD loopback that says IPv4 and is not', 0, bytes([2, 0, 0, 0], v6), 'malformed'],
  ];
  for (const [name, linkType, frame, expected, vlan] of cases) {
    const { packet, result, text } = decode(frame, linkType);
    t.equal(result, expected, name);
    if (expected !== 'tcp') continue;
    t.equal(text, payload.toString(), name);
    t.equal(packet.vlan, vlan ?? -1, `${name}: tag`);
  }
  t.end();
});

t.test('IPv6 extension headers, one by one and cut anywhere', (t) => {
  const tcp = buildSegment(segment6);
  const carry = (first: number, ...headers: (number[] | Uint8Array)[]) =>
    buildIpPacket(segment6.source, segment6.destination, first, bytes(...headers));
  const cases: [name: string, packet: Uint8Array, result: string][] = [
    ['hop by hop', carry(0, [6, 0, 1, 4, 0, 0, 0, 0], tcp), 'tcp'],
    ['hop by hop of 24 bytes', carry(0, [6, 2], Array(22).fill(0), tcp), 'tcp'],
    ['routing', carry(43, [6, 2, 0, 1], Array(20).fill(0), tcp), 'tcp'],
    ['segment routing with two segments', carry(43, [6, 4, 4, 1], Array(36).fill(0), tcp), 'tcp'],
    ['destination options, twice', carry(60, [60, 0, 1, 4, 0, 0, 0, 0], [6, 0, 1, 4, 0, 0, 0, 0], tcp), 'tcp'],
    ['authentication of 24 bytes', carry(51, [6, 4], Array(22).fill(0), tcp), 'tcp'],
    ['mobility', carry(135, [6, 0, 0, 0, 0, 0, 0, 0], tcp), 'tcp'],
    ['host identity', carry(139, [6, 0, 0, 0, 0, 0, 0, 0], tcp), 'tcp'],
    ['shim6', carry(140, [6, 0, 0, 0, 0, 0, 0, 0], tcp), 'tcp'],
    ['an atomic fragment', carry(44, [6, 0, 0, 0, 0, 0, 0, 9], tcp), 'tcp'],
    ['a first fragment', carry(44, [6, 0, 0, 1, 0, 0, 0, 9], tcp), 'fragment'],
    ['encrypted', carry(50, Array(40).fill(0)), 'otherTransport'],
    ['nothing follows', carry(59), 'otherTransport'],
    ['UDP behind options', carry(60, [17, 0, 0, 0, 0, 0, 0, 0], buildUdp(1, 53, bytes([1]))), 'udp'],
    ['ICMPv6', carry(58, [128, 0, 0, 0]), 'icmp'],
    ['a header longer than the packet', carry(0, [6, 200, 0, 0, 0, 0, 0, 0], tcp), 'cutShort'],
    ['half a header', carry(0, [6, 0, 0, 0]), 'cutShort'],
    ['half a fragment header', carry(44, [6, 0, 0, 1]), 'cutShort'],
  ];
  for (const [name, packet, expected] of cases) {
    const { result, text } = decode(packet, 229);
    t.equal(result, expected, name);
    if (expected === 'tcp') t.equal(text, payload.toString(), name);
  }
  t.end();
});

t.test('ERSPAN of every type, as its senders write it', (t) => {
  const inner = buildTcpFrame(segment);
  const tagged = buildTcpFrame(segment, { vlans: [9] });
  const outer = (...body: (number[] | Uint8Array)[]) =>
    buildEthernetFrame(buildIpPacket('1.1.1.1', '2.2.2.2', 47, bytes(...body)));
  const [two, three] = [
    [0x88, 0xbe],
    [0x22, 0xeb],
  ] as const;
  const sequence = [0, 0, 0, 1];
  const headerTwo = [0x10, 42, 0x08, 7, 0, 0, 0, 1];
  const headerThree = (type: number, platform: number) => [
    0x20,
    42,
    0,
    7,
    1,
    2,
    3,
    4,
    0,
    0,
    0x80 | (type << 2),
    platform,
  ];
  const cases: [name: string, frame: Uint8Array, vlan: number][] = [
    ['I', outer([0, 0], [...two], inner), -1],
    ['I, a tag in the frame', outer([0, 0], [...two], tagged), 9],
    ['I with a sequence number', outer([0x10, 0], [...two], sequence, inner), -1],
    ['II', outer([0x10, 0], [...two], sequence, headerTwo, inner), 42],
    ['II, a tag in the frame', outer([0x10, 0], [...two], sequence, headerTwo, tagged), 9],
    ['II without a sequence number', outer([0, 0], [...two], headerTwo, inner), 42],
    ['II with a key', outer([0x30, 0], [...two], [0, 0, 0, 5], sequence, headerTwo, inner), 42],
    ['II with a checksum', outer([0x90, 0], [...two], [0, 0, 0, 0], sequence, headerTwo, inner), 42],
    ['III', outer([0x10, 0], [...three], sequence, headerThree(0, 0), inner), 42],
    [
      'III, platform information',
      outer([0x10, 0], [...three], sequence, headerThree(0, 1), Array(8).fill(7), inner),
      42,
    ],
    ['III, an IP packet', outer([0x10, 0], [...three], sequence, headerThree(2, 0), ipv4()), 42],
    ['III without a sequence number', outer([0, 0], [...three], headerThree(0, 0), inner), 42],
    ['III under the number of II', outer([0x10, 0], [...two], sequence, headerThree(0, 0), inner), 42],
    [
      'II in IPv6',
      buildEthernetFrame(buildIpPacket('::1', '::2', 47, bytes([0x10, 0], [...two], sequence, headerTwo, inner))),
      42,
    ],
  ];
  for (const [name, frame, vlan] of cases) {
    const { packet, result, text } = decode(frame);
    t.equal(result, 'tcp', name);
    t.equal(text, payload.toString(), name);
    t.equal(packet.vlan, vlan, `${name}: VLAN`);
    t.equal(packet.tag === 0, vlan === -1, `${name}: tag`);
    for (let length = 0; length < frame.length; length += 1) decode(frame.subarray(0, length));
  }
  t.equal(decode(outer([0x10, 0], [...three], sequence, [0x20, 0])).result, 'cutShort');
  t.equal(decode(outer([0x10, 0], [...two], sequence, headerTwo)).result, 'cutShort');
  const tags = [1, 2].map(
    (vlan) => decode(outer([0x10, 0], [...two], sequence, [0x10, vlan, 0, 0, 0, 0, 0, 0], inner)).packet.tag,
  );
  t.not(tags[0], tags[1], 'the mirrored port’s VLAN separates networks');
  t.end();
});

t.test('the tag of a network', (t) => {
  const tagOf = (frame: Uint8Array) => decode(frame).packet.tag;
  const plain = buildTcpFrame(segment);
  const vxlan = (network: number, inner: Uint8Array, vlans: number[] = []) =>
    buildEthernetFrame(
      buildIpPacket('1.1.1.1', '2.2.2.2', 17, buildUdp(5, 4789, bytes([8, 0, 0, 0, 0, 0, network, 0], inner))),
      vlans,
    );
  const gre = (key: number[], type: number[], inner: Uint8Array) =>
    buildEthernetFrame(buildIpPacket('1.1.1.1', '2.2.2.2', 47, bytes([0x20, 0], type, key, inner)));
  t.equal(tagOf(plain), 0);
  t.equal(tagOf(buildTcpFrame(segment, { vlans: [0] })), 0, 'a priority');
  t.equal(tagOf(buildTcpFrame(segment, { vlans: [5] })), tagOf(buildTcpFrame(segment, { vlans: [0, 5] })));
  const different = [
    plain,
    buildTcpFrame(segment, { vlans: [5] }),
    buildTcpFrame(segment, { vlans: [6] }),
    buildTcpFrame(segment, { vlans: [5, 6] }),
    buildTcpFrame(segment, { vlans: [6, 5] }),
    vxlan(5, plain),
    vxlan(6, plain),
    vxlan(5, buildTcpFrame(segment, { vlans: [6] })),
    gre([0, 0, 0, 5], [8, 0], ipv4()),
    gre([1, 0, 0, 5], [8, 0], ipv4()),
    gre([0, 0, 5, 0], [0x65, 0x58], plain),
    gre([0, 0, 6, 0], [0x65, 0x58], plain),
  ];
  t.equal(new Set(different.map(tagOf)).size, different.length, 'each network has its own');
  t.equal(tagOf(vxlan(5, plain, [100])), tagOf(vxlan(5, plain, [200])), 'but for the one that carries it');
  t.equal(
    tagOf(gre([0, 0, 5, 1], [0x65, 0x58], plain)),
    tagOf(gre([0, 0, 5, 9], [0x65, 0x58], plain)),
    'and for the number of a flow (RFC 7637)',
  );
  t.end();
});

t.test('tunnels, at their edges', (t) => {
  const outer = (protocol: number, ...body: (number[] | Uint8Array)[]) =>
    buildEthernetFrame(buildIpPacket('1.1.1.1', '2.2.2.2', protocol, bytes(...body)));
  const udp = (port: number, ...body: (number[] | Uint8Array)[]) => outer(17, buildUdp(5, port, bytes(...body)));
  const frame = buildTcpFrame(segment);
  const inFrame6 = buildEthernetFrame(ipv6());
  const gre6 = buildEthernetFrame(buildIpPacket('::1', '::2', 47, bytes([0, 0, 0x86, 0xdd], ipv6())));
  const twice = buildIpPacket('3.3.3.3', '4.4.4.4', 4, ipv4());
  const fragmented = fragmentIpPacket(ipv4(), 8, 3)[0]!;
  const cases: [name: string, frame: Uint8Array, result: string, network?: number][] = [
    ['VXLAN, IPv6 inside', udp(4789, [8, 0, 0, 0, 1, 2, 3, 0], inFrame6), 'tcp', 0x010203],
    ['VXLAN without the flag of its identifier', udp(4789, [0, 0, 0, 0, 1, 2, 3, 0], frame), 'udp'],
    ['VXLAN, cut', udp(4789, [8, 0, 0]), 'cutShort'],
    ['VXLAN, nothing inside', udp(4789, [8, 0, 0, 0, 0, 0, 1, 0]), 'cutShort'],
    ['VXLAN in VXLAN', udp(4789, [8, 0, 0, 0, 0, 0, 1, 0], udp(4789, [8, 0, 0, 0, 0, 0, 2, 0], frame)), 'tcp', 2],
    ['VXLAN around a fragment', udp(4789, [8, 0, 0, 0, 0, 0, 1, 0], buildEthernetFrame(fragmented)), 'fragment'],
    ['VXLAN around ARP', udp(4789, [8, 0, 0, 0, 0, 0, 1, 0], Array(12).fill(2), [8, 6], Array(28).fill(0)), 'arp'],
    ['GRE, IPv6 inside', outer(47, [0, 0, 0x86, 0xdd], ipv6()), 'tcp'],
    ['GRE over IPv6', gre6, 'tcp'],
    ['GRE with a checksum', outer(47, [0x80, 0, 8, 0], [1, 2, 0, 0], ipv4()), 'tcp'],
    ['GRE with a key', outer(47, [0x20, 0, 8, 0], [9, 1, 2, 3], ipv4()), 'tcp', 0x010203],
    ['GRE with a sequence number', outer(47, [0x10, 0, 8, 0], [0, 0, 0, 1], ipv4()), 'tcp'],
    ['GRE with source routing', outer(47, [0x40, 0, 8, 0], Array(8).fill(0), ipv4()), 'otherTransport'],
    ['GRE of version 2', outer(47, [0, 2, 8, 0], ipv4()), 'otherTransport'],
    [
      'GRE of version 1: PPTP',
      outer(47, [0x30, 0x81, 0x88, 0x0b], Array(4).fill(0), Array(8).fill(0), [0xff, 3, 0, 0x21], ipv4()),
      'tcp',
    ],
    ['GRE with CDP', outer(47, [0, 0, 0x20, 0], Array(20).fill(0)), 'notIp'],
    ['GRE, cut', outer(47, [0, 0, 8]), 'cutShort'],
    ['GRE, its key cut', outer(47, [0x20, 0, 8, 0, 1]), 'cutShort'],
    ['IP in IP, twice', outer(4, twice), 'tcp'],
    ['IP in IP, cut', outer(4, ipv4().subarray(0, 12)), 'cutShort'],
    ['IP in IP that is IPv6', outer(4, ipv6()), 'malformed'],
    ['6in4 that is IPv4', outer(41, ipv4()), 'malformed'],
    ['a fragment in IP in IP', outer(4, fragmented), 'fragment'],
    ['IPv6 in IPv6', buildEthernetFrame(buildIpPacket('::1', '::2', 41, ipv6())), 'tcp'],
  ];
  for (const [name, bytesOf, expected, network] of cases) {
    const { packet, result, text } = decode(bytesOf);
    t.equal(result, expected, name);
    if (expected !== 'tcp') continue;
    t.equal(text, payload.toString(), name);
    t.equal(packet.network, network ?? 0, `${name}: network`);
  }
  t.end();
});

t.test('what is ignored has a name', (t) => {
  const ethernet = buildTcpFrame(segment);
  const mac = [...ethernet.subarray(0, 12)];
  const edited = (offset: number, value: number) => {
    const frame = buildTcpFrame(segment);
    frame[offset] = value;
    return frame;
  };
  const cases: [string, string, Uint8Array, number?][] = [
    ['ARP', 'arp', bytes(mac, [8, 6], Array(28).fill(0))],
    ['LLDP', 'notIp', bytes(mac, [0x88, 0xcc], Array(28).fill(0))],
    ['spanning tree', 'notIp', bytes(mac, [0, 38, 0x42, 0x42, 3], Array(35).fill(0))],
    ['DNS', 'udp', buildEthernetFrame(buildIpPacket('1.1.1.1', '2.2.2.2', 17, buildUdp(1, 53, bytes([1]))))],
    ['ping', 'icmp', buildEthernetFrame(buildIpPacket('1.1.1.1', '2.2.2.2', 1, bytes([8])))],
    ['SCTP', 'otherTransport', buildEthernetFrame(buildIpPacket('1.1.1.1', '2.2.2.2', 132, bytes([8])))],
    ['nothing', 'cutShort', bytes([])],
    ['half an Ethernet header', 'cutShort', ethernet.subarray(0, 13)],
    ['half an IP header', 'cutShort', ethernet.subarray(0, 20)],
    ['half a TCP header', 'cutShort', ethernet.subarray(0, 50)],
    ['IP version 5', 'malformed', edited(14, 0x55)],
    ['IP header of 16 bytes', 'malformed', edited(14, 0x44)],
    ['IP length below its header', 'malformed', edited(17, 12)],
    ['TCP header of 16 bytes', 'malformed', edited(46, 0x40)],
    ['TCP header longer than the packet', 'malformed', edited(46, 0xf0)],
    ['unknown link type', 'unknownLinkType', ethernet, 147],
    ['link type out of range', 'unknownLinkType', ethernet, 65_535],
    ['IP fragment', 'fragment', buildEthernetFrame(fragmentIpPacket(ipv4(), 8, 1)[0]!)],
    ['IPv6 fragment', 'fragment', buildEthernetFrame(fragmentIpPacket(ipv6(), 8, 1)[1]!)],
  ];
  for (const [name, expected, frame, linkType] of cases) t.equal(decode(frame, linkType).result, expected, name);
  t.end();
});

t.test('lengths: padding, snap length, TSO', (t) => {
  const frame = buildTcpFrame(segment);
  const cut = decode(frame.subarray(0, 60), 1, frame.length);
  t.equal(cut.result, 'tcp');
  t.equal(cut.packet.payloadEnd - cut.packet.payloadStart, 6);
  t.equal(cut.packet.payloadWireBytes, payload.length, 'the wire length comes from the IP header');
  const headersOnly = decode(frame.subarray(0, 54), 1, frame.length);
  t.equal(headersOnly.packet.payloadStart, headersOnly.packet.payloadEnd);
  t.equal(headersOnly.packet.payloadWireBytes, payload.length);
  const tso = buildTcpFrame(segment);
  tso[16] = 0;
  tso[17] = 0;
  t.equal(decode(tso).text, payload.toString(), 'an IP length of zero means all that was captured');
  const withOptions = { ...segment, options: bytes([1, 1, 8, 10], Array(8).fill(0)) };
  t.equal(decode(buildTcpFrame(withOptions)).text, payload.toString());
  t.equal(decode(buildTcpFrame(withOptions).subarray(0, 60), 1, 84).packet.payloadWireBytes, payload.length);
  t.end();
});

t.test('checksums', (t) => {
  for (const frame of [
    buildTcpFrame(segment),
    buildTcpFrame(segment6),
    buildTcpFrame({ ...segment, payload: bytes([1]) }),
  ]) {
    const packet = new Packet();
    decodeFrame(packet, frame, 0, frame.length, frame.length, 1);
    t.ok(isTcpChecksumRight(packet, frame));
    frame[frame.length - 1]! ^= 1;
    t.notOk(isTcpChecksumRight(packet, frame));
    decodeFrame(packet, frame, 0, frame.length - 1, frame.length, 1);
    t.ok(isTcpChecksumRight(packet, frame), 'a cut segment cannot be checked');
  }
  t.end();
});

t.test('addresses as text (RFC 5952)', (t) => {
  const text = (address: string) => {
    const words = new DataView(parseAddress(address).buffer);
    return formatIpv6(words.getInt32(0), words.getInt32(4), words.getInt32(8), words.getInt32(12));
  };
  for (const address of [
    '::',
    '::1',
    '2001:db8::1',
    '2001:db8:0:1:1:1:1:1',
    'fe80::',
    '1:2:3:4:5:6:7:8',
    '2001:0:0:1::1',
  ]) {
    t.equal(text(address), address);
  }
  t.equal(text('::ffff:a01:2ff'), '::ffff:10.1.2.255');
  t.end();
});

t.test('the names of what a frame came to are in the order of the values', (t) => {
  t.equal(decodedNames[Decoded.unknownLinkType], 'unknownLinkType');
  t.end();
});

/** What a segment's packet says, but for the decoder's own place. */
function found(packet: Packet): number[] {
  const { ipVersion, sourcePort, destinationPort, sequence, acknowledgement, flags, window, vlan, network } = packet;
  const { tcpStart, payloadStart, payloadEnd, payloadWireBytes, addresses } = packet;
  const numbers = [ipVersion, sourcePort, destinationPort, sequence, acknowledgement, flags, window, vlan, network];
  return [...numbers, tcpStart, payloadStart, payloadEnd, payloadWireBytes, addresses[0]!, addresses[4]!];
}

t.test('the plain frame read in one go is what layer by layer it is, whatever is wrong with it', (t) => {
  const around = 5;
  const plain = new Packet();
  const layered = new Packet();
  const frames = [
    buildTcpFrame(segment),
    bytes(buildTcpFrame(segment), Array(6).fill(0)),
    buildTcpFrame({ ...segment, options: new Uint8Array(12), payload: Buffer.alloc(0) }),
  ];
  let state = 20_261_123;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  let segments = 0;
  const differences: string[] = [];
  for (let round = 0; round < 60_000; round += 1) {
    const frame = Uint8Array.from(frames[random(frames.length)]!);
    for (let change = random(3); change > 0; change -= 1)
      frame[14 + random(40)] = random(2) === 0 ? random(256) : random(8);
    const captured = random(4) === 0 ? 14 + random(frame.length - 13) : frame.length;
    const padded = bytes(Array(around).fill(0xee), frame.subarray(0, captured), Array(9).fill(0xee));
    const end = around + captured;
    // Raw IP has no way but layer by layer. The other fields start from what the frame before left in them.
    const one = decodeFrame(plain, padded, around, end, frame.length, 1);
    const other = decodeFrame(layered, padded, around + 14, end, frame.length - 14, 12);
    if (one === Decoded.tcp) segments += 1;
    // Raw IP has its version in itself where Ethernet names it: then both refuse, with another reason.
    const same = one === other || (padded[around + 14]! >> 4 !== 4 && one !== Decoded.tcp && other !== Decoded.tcp);
    if (
      !same ||
      (one === Decoded.tcp && padded[around + 14]! >> 4 === 4 && String(found(plain)) !== String(found(layered)))
    ) {
      differences.push(
        `round ${round}: ${decodedNames[one]} ${found(plain)} / ${decodedNames[other]} ${found(layered)}`,
      );
    }
  }
  t.same(differences.slice(0, 3), []);
  t.ok(segments > 20_000, `${segments} of 60,000 are segments`);
  t.end();
});
