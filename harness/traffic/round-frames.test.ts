import t from 'tap';
import { RoundFrames } from './round-frames.ts';

const word = (bytes: Uint8Array, at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
const long = (bytes: Uint8Array, at: number) => ((word(bytes, at) << 16) | word(bytes, at + 2)) >>> 0;

/** RFC 1071, over parts one after the other. */
function checksum(...parts: Uint8Array[]): number {
  const all = Buffer.concat(parts);
  let sum = 0;
  for (let at = 0; at < all.length; at += 2) sum += (all[at]! << 8) | (all[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return 0xffff - sum;
}

const bytesOf = (...values: number[]) => Uint8Array.from(values);
const pair = (value: number) => bytesOf(value >> 8, value & 0xff);
const quad = (value: number) => Uint8Array.from([24, 16, 8, 0], (shift) => (value >>> shift) & 0xff);
const at = (bytes: Uint8Array, place: number, value: number) => {
  const copy = Uint8Array.from(bytes);
  copy.set(pair(value), place);
  return copy;
};

const from4 = bytesOf(10, 1, 0, 5);
const to4 = bytesOf(192, 168, 7, 9);
const from6 = bytesOf(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const to6 = bytesOf(0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1);

function tcp(sequence: number, acknowledged: number, flags: number, options = bytesOf(), text = 'GET / HTTP/1.1') {
  const header = Buffer.concat([
    pair(40_000),
    pair(80),
    quad(sequence),
    quad(acknowledged),
    bytesOf(((20 + options.length) / 4) << 4, flags, 1, 0, 0, 0, 0, 0),
    options,
  ]);
  return { protocol: 6, bytes: Buffer.concat([header, Buffer.from(text)]), checksumAt: 16 };
}
const udp = (text: string) => ({
  protocol: 17,
  bytes: Buffer.concat([pair(5_000), pair(53), pair(8 + text.length), pair(0), Buffer.from(text)]),
  checksumAt: 6,
});

interface Transport {
  readonly protocol: number;
  readonly bytes: Uint8Array;
  readonly checksumAt: number;
}

/** With its checksum, over the pseudo header. */
function summed({ protocol, bytes, checksumAt }: Transport, ...addresses: Uint8Array[]): Uint8Array {
  return at(bytes, checksumAt, checksum(...addresses, pair(protocol), pair(bytes.length), bytes));
}

function ipv4(transport: Transport, source = from4, target = to4, fragment = 0x4000): Uint8Array {
  const payload = transport.checksumAt < 0 ? transport.bytes : summed(transport, source, target);
  const { protocol } = transport;
  const rest = Buffer.concat([pair(20 + payload.length), pair(7), pair(fragment), bytesOf(64, protocol, 0, 0)]);
  const header = Buffer.concat([bytesOf(0x45, 0), rest, source, target]);
  return Buffer.concat([at(header, 10, checksum(header)), payload]);
}

function ipv6(transport: Transport, extension = bytesOf()): Uint8Array {
  const payload = Buffer.concat([extension, summed(transport, from6, to6)]);
  const next = extension.length > 0 ? 60 : transport.protocol;
  return Buffer.concat([bytesOf(0x60, 0, 0, 0), pair(payload.length), bytesOf(next, 64), from6, to6, payload]);
}

const ethernet = (type: number, payload: Uint8Array, tags = bytesOf()) =>
  Buffer.concat([bytesOf(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2), tags, pair(type), payload]);

function moved(frame: Uint8Array, round: number): Uint8Array {
  const rewriter = new RoundFrames();
  rewriter.round = round;
  // At an odd place, as in a pool of frames.
  const place = Buffer.concat([bytesOf(0xee, 0xee, 0xee), frame, bytesOf(0xee)]);
  rewriter.rewrite(place, 3, 3 + frame.length);
  t.same([place[0], place[1], place[2], place.at(-1)], [0xee, 0xee, 0xee, 0xee], 'nothing around it');
  return place.subarray(3, 3 + frame.length);
}

/** Whether a frame of ours has the checksums that it would have been made with. */
function isSummed4(frame: Uint8Array, ip: number, checksumAt: number): boolean {
  const header = frame.subarray(ip, ip + 20);
  const body = frame.subarray(ip + 20);
  const pseudo = [header.subarray(12, 20), pair(header[9]!), pair(body.length)];
  return checksum(header) === 0 && (checksumAt < 0 || checksum(...pseudo, body) === 0);
}

const rounds = [1, 2, 3, 77, 65_536, 999_999];

t.test('TCP over IPv4: other addresses and numbers, right checksums, everything else as it was', async (t) => {
  const sack = bytesOf(1, 1, 5, 10, ...quad(5_000), ...quad(0xffff_fff0));
  const frame = ethernet(0x0800, ipv4(tcp(1_000, 2_000, 0x18, sack)));
  for (const round of rounds) {
    const out = moved(frame, round);
    t.ok(isSummed4(out, 14, 16), `round ${round}`);
    t.not(long(out, 26), long(frame, 26));
    t.not(long(out, 30), long(frame, 30));
    t.same([out[26], out[30]], [10, 192]);
    const shift = (long(out, 38) - 1_000) >>> 0;
    t.not(shift, 0);
    t.equal(long(out, 42), (2_000 + shift) >>> 0, 'what is acknowledged moves with it');
    t.equal(long(out, 58), (5_000 + shift) >>> 0);
    t.equal(long(out, 62), (0xffff_fff0 + shift) >>> 0);
    t.same(out.subarray(66), frame.subarray(66));
    t.same(out.subarray(34, 38), frame.subarray(34, 38), 'ports');
  }
  t.same(moved(frame, 0), frame, 'the first round is as it was recorded');
  t.equal(new Set(rounds.map((round) => long(moved(frame, round), 26))).size, rounds.length);
});

t.test('both directions stay one connection, and a SYN acknowledges nothing', async (t) => {
  const there = moved(ethernet(0x0800, ipv4(tcp(100, 0, 2))), 5);
  const back = moved(ethernet(0x0800, ipv4(tcp(900, 101, 0x12), to4, from4)), 5);
  t.same(there.subarray(26, 30), back.subarray(30, 34));
  t.same(there.subarray(30, 34), back.subarray(26, 30));
  t.equal(long(there, 42), 0);
  t.equal(long(back, 42), (long(there, 38) + 1) >>> 0);
});

t.test('IPv6, tags, UDP, fragments, tunnels', async (t) => {
  const six = (frame: Uint8Array, ip: number) => {
    const skip = frame[ip + 6] === 60 ? 8 : 0;
    const body = frame.subarray(ip + 40 + skip);
    const protocol = frame[skip > 0 ? ip + 40 : ip + 6]!;
    return checksum(frame.subarray(ip + 8, ip + 40), pair(protocol), pair(body.length), body) === 0;
  };
  const tags = bytesOf(0x88, 0xa8, 0, 1, 0x81, 0, 0, 2);
  const options = bytesOf(6, 0, 1, 4, 0, 0, 0, 0);
  const icmp6 = { protocol: 58, bytes: bytesOf(128, 0, 0, 0, 1, 2, 3), checksumAt: 2 };
  const inner = ethernet(0x0800, ipv4(tcp(7, 8, 0x10)));
  const vxlanBytes = Buffer.concat([pair(9), pair(4_789), pair(16 + inner.length), pair(0), new Uint8Array(8), inner]);
  const vxlan = { protocol: 17, bytes: vxlanBytes, checksumAt: 6 };
  const inIp = { protocol: 4, bytes: ipv4(tcp(7, 8, 0x10)), checksumAt: -1 };
  const gre = { protocol: 47, bytes: Buffer.concat([bytesOf(0x20, 0, 8, 0, 1, 2, 3, 4), inIp.bytes]), checksumAt: -1 };
  const later = { protocol: 6, bytes: Buffer.alloc(64, 3), checksumAt: -1 };
  for (const round of rounds) {
    t.ok(six(moved(ethernet(0x86dd, ipv6(tcp(1, 2, 0x10))), round), 14));
    t.ok(six(moved(ethernet(0x86dd, ipv6(tcp(1, 2, 0x10), options)), round), 14));
    t.ok(six(moved(ethernet(0x86dd, ipv6(icmp6)), round), 14));
    t.ok(isSummed4(moved(ethernet(0x0800, ipv4(tcp(1, 2, 0x10)), tags), round), 22, 16));
    t.ok(isSummed4(moved(ethernet(0x0800, ipv4(udp('hello'))), round), 14, 6));
    const tunnel = moved(ethernet(0x0800, ipv4(vxlan)), round);
    t.ok(isSummed4(tunnel, 14, 6), 'the outer checksum covers what changed inside');
    t.ok(isSummed4(tunnel, 14 + 20 + 16 + 14, 16));
    const nested = moved(ethernet(0x0800, ipv4(inIp)), round);
    t.ok(isSummed4(nested, 14, -1) && isSummed4(nested, 34, 16));
    const routed = moved(ethernet(0x0800, ipv4(gre)), round);
    t.ok(isSummed4(routed, 14, -1) && isSummed4(routed, 42, 16));
    const fragment = moved(ethernet(0x0800, ipv4(later, from4, to4, 0x00b9)), round);
    t.ok(isSummed4(fragment, 14, -1));
    t.same(fragment.subarray(34), later.bytes, 'no header of TCP is in it');
  }
});

t.test('captures of loopback are of other hosts too, which are loopback’s', async (t) => {
  const moved4 = moved(ethernet(0x0800, ipv4(udp('x'), bytesOf(127, 0, 0, 1), bytesOf(127, 0, 0, 53))), 4);
  t.equal(moved4[26], 127);
  t.equal(moved4[30], 127);
  t.not(Buffer.from(moved4.subarray(26, 30)).toString('hex'), '7f000001');
  t.ok(isSummed4(moved4, 14, -1));
  const local = Buffer.alloc(16);
  local[15] = 1;
  const head = Buffer.concat([bytesOf(0x60, 0, 0, 0, 0, 8, 17, 64), local, local, Buffer.alloc(8)]);
  const moved6 = moved(ethernet(0x86dd, head), 4);
  t.not(Buffer.from(moved6.subarray(22, 38)).toString('hex'), local.toString('hex'));
  t.same(moved6.subarray(22, 38), moved6.subarray(38, 54), 'one host as before');
});

t.test(
  'no checksum stays none, a wrong one wrong by as much; odd addresses and cut frames stay as they are',
  async (t) => {
    const plain = ethernet(0x0800, ipv4(udp('hello')));
    t.equal(word(moved(at(plain, 40, 0), 3), 40), 0);
    const right = ethernet(0x0800, ipv4(tcp(1, 2, 0x10)));
    const wrong = at(right, 50, (word(right, 50) + 1) & 0xffff);
    t.equal((word(moved(wrong, 9), 50) - word(moved(right, 9), 50) + 0xffff) % 0xffff, 1);
    for (const address of [bytesOf(255, 255, 255, 255), bytesOf(224, 0, 0, 251), bytesOf(0, 0, 0, 0)])
      t.same(moved(ethernet(0x0800, ipv4(udp('x'), from4, address)), 4).subarray(30, 34), address);
    const arp = ethernet(0x0806, Buffer.alloc(28, 1));
    t.same(moved(arp, 4), arp);
    for (let length = 0; length < right.length; length += 1)
      t.equal(moved(right.subarray(0, length), 4).length, length);
    const hostile = Buffer.alloc(120, 0xff);
    for (const [type, first] of [
      [0x0800, 0x4f],
      [0x86dd, 0x60],
    ] as const)
      t.equal(moved(ethernet(type, Buffer.concat([bytesOf(first), hostile])), 4).length, 14 + 121);
  },
);
