import t from 'tap';
import { pageBytes } from '../bounded/page-pool.ts';
import { decodeFrame, decodeReassembled } from './decode.ts';
import { type FragmentCounters, FragmentTable } from './fragments.ts';
import { Decoded, Packet } from './packet.ts';
import { buildIpPacket, fragmentIpPacket } from './packet-builder.ts';

const limits = { fragmentDatagramsMax: 4, fragmentBytesMax: 64 * 1024, fragmentTimeoutUs: 15_000_000 };
const payload = Uint8Array.from({ length: 5000 }, (_, index) => index % 251);
const pieces = (identification: number, bytes = payload, size = 1480) =>
  fragmentIpPacket(buildIpPacket('10.0.0.1', '10.0.0.2', 6, bytes), size, identification);
const pieces6 = (identification: number) =>
  fragmentIpPacket(buildIpPacket('2001:db8::1', '2001:db8::2', 6, payload), 1232, identification);

function makeTable(overrides: Partial<typeof limits> = {}) {
  const counters: FragmentCounters = {
    fragments: 0,
    datagramsReassembled: 0,
    fragmentsOverlapping: 0,
    fragmentsShed: 0,
    datagramsTimedOut: 0,
    datagramsEvicted: 0,
  };
  const table = new FragmentTable({ ...limits, ...overrides }, counters, [1, 2]);
  const packet = new Packet();
  /** Adds IP packets. @returns what the last one made whole, or null. */
  const add = (frames: readonly Uint8Array[], tsUs = 0, wireBytes?: number): Uint8Array | null => {
    let length = -1;
    for (const frame of frames) {
      const decoded = decodeFrame(packet, frame, 0, frame.length, wireBytes ?? frame.length, 101);
      if (decoded !== Decoded.fragment) throw new Error('not a fragment');
      length = table.add(packet, frame, tsUs);
    }
    return length < 0 ? null : table.datagram.slice(0, length);
  };
  return { table, counters, add, packet };
}

t.test('datagrams are put together in any order', (t) => {
  for (const make of [pieces, pieces6]) {
    const { table, counters, add, packet } = makeTable();
    t.same(add(make(1)), payload);
    t.equal(packet.protocol, 6);
    t.same(add(make(2).reverse()), payload);
    const [first, ...rest] = make(3);
    t.equal(add(rest), null);
    t.same(add([first!]), payload);
    t.equal(table.waiting, 0);
    t.equal(table.pagesInUse, 0);
    t.equal(counters.datagramsReassembled, 3);
  }
  t.end();
});

t.test('datagrams differ by identification', (t) => {
  const { add } = makeTable();
  const [a, b] = [pieces(1), pieces(2)];
  t.equal(add([a[0]!, b[0]!, a[1]!, b[1]!, a[2]!, b[2]!]), null);
  t.same(add([a[3]!]), payload);
  t.same(add([b[3]!]), payload);
  t.end();
});

t.test('overlaps: the first bytes stay', (t) => {
  const { add, counters } = makeTable();
  const other = pieces(
    1,
    payload.map((byte) => byte ^ 255),
    2960,
  );
  const [first, second, third, fourth] = pieces(1);
  t.equal(add([second!, other[0]!, third!, third!]), null);
  t.same(add([fourth!])!.subarray(1480), payload.subarray(1480), 'what came first');
  t.ok(counters.fragmentsOverlapping >= 2);
  t.equal(add([first!]), null);
  t.end();
});

t.test('a fragment within a datagram made of fragments', (t) => {
  const { table, counters, packet } = makeTable();
  const inner = fragmentIpPacket(buildIpPacket('10.9.9.1', '10.9.9.2', 6, payload), 2960, 7);
  const outer = inner.map((piece, index) =>
    fragmentIpPacket(buildIpPacket('10.0.0.1', '10.0.0.2', 4, piece), 1480, 20 + index),
  );
  let whole = -1;
  for (const piece of outer.flat().reverse()) {
    t.equal(decodeFrame(packet, piece, 0, piece.length, piece.length, 101), Decoded.fragment);
    const length = table.add(packet, piece, 0);
    if (length < 0) continue;
    t.equal(decodeReassembled(packet, table.datagram, 0, length), Decoded.fragment, 'the inner one');
    whole = table.add(packet, table.datagram, 0);
  }
  t.same(table.datagram.slice(0, whole), payload);
  t.equal(packet.protocol, 6);
  t.equal(counters.datagramsReassembled, 3);
  t.equal(table.pagesInUse, 0);
  t.end();
});

t.test('overlaps, one by one: the byte that came first stays', (t) => {
  // Offsets in units of eight bytes; what is sent, and what is to come out.
  const cases: [string, [offset: number, text: string, more: boolean][], string | null][] = [
    [
      'twice the same',
      [
        [0, 'aaaaaaaa', true],
        [0, 'aaaaaaaa', true],
        [1, 'bb', false],
      ],
      'aaaaaaaabb',
    ],
    [
      'another in its place',
      [
        [0, 'aaaaaaaa', true],
        [0, 'xxxxxxxx', true],
        [1, 'bb', false],
      ],
      'aaaaaaaabb',
    ],
    [
      'over its end',
      [
        [0, 'aaaaaaaabbbbbbbb', true],
        [1, 'xxxxxxxxcccccccc', true],
        [3, 'd', false],
      ],
      'aaaaaaaabbbbbbbbccccccccd',
    ],
    [
      'over its start',
      [
        [1, 'bbbbbbbbcccccccc', true],
        [0, 'aaaaaaaaxxxxxxxx', true],
        [3, 'd', false],
      ],
      'aaaaaaaabbbbbbbbccccccccd',
    ],
    [
      'around it',
      [
        [1, 'bbbbbbbb', true],
        [0, 'aaaaaaaaxxxxxxxxcccccccc', true],
        [3, 'd', false],
      ],
      'aaaaaaaabbbbbbbbccccccccd',
    ],
    [
      'over two and the hole between',
      [
        [0, 'aaaaaaaa', true],
        [2, 'cccccccc', true],
        [0, 'xxxxxxxxbbbbbbbbxxxxxxxx', true],
        [3, 'd', false],
      ],
      'aaaaaaaabbbbbbbbccccccccd',
    ],
    [
      'two ends: bytes beyond the first make it none',
      [
        [0, 'aaaaaaaa', true],
        [2, 'cc', false],
        [1, 'b', false],
      ],
      null,
    ],
  ];
  for (const [name, sent, expected] of cases) {
    const { table, packet } = makeTable();
    let length = -1;
    for (const [offset, text, more] of sent) {
      const piece = buildIpPacket('10.0.0.1', '10.0.0.2', 6, Buffer.from(text), 5);
      piece[6] = more ? 0x20 : 0;
      piece[7] = offset;
      decodeFrame(packet, piece, 0, piece.length, piece.length, 101);
      if (packet.fragmentOffset !== offset * 8) throw new Error('not the fragment that was meant');
      length = Math.max(length, table.add(packet, piece, 0));
    }
    t.equal(length < 0 ? null : Buffer.from(table.datagram.subarray(0, length)).toString(), expected, name);
  }
  t.end();
});

t.test('bounds: time, datagrams, bytes, sizes', (t) => {
  const { table, counters, add } = makeTable();
  add(pieces(1).slice(1), 0);
  table.expire(14_999_999);
  t.equal(table.waiting, 1);
  table.expire(15_000_000);
  t.equal(table.waiting, 0);
  t.equal(counters.datagramsTimedOut, 1);

  for (let id = 1; id <= 6; id += 1) add(pieces(id).slice(0, 1), id);
  t.equal(table.waiting, 4);
  t.equal(counters.datagramsEvicted, 2, 'the oldest go');
  t.equal(add(pieces(2).slice(1)), null);

  const small = makeTable({ fragmentBytesMax: 4 * pageBytes });
  small.add(pieces(1).slice(0, 3));
  small.add(pieces(2).slice(0, 3));
  t.ok(small.table.pagesInUse <= 4);
  t.equal(small.counters.datagramsEvicted, 1);
  t.same(small.add(pieces(2).slice(3)), payload, 'the younger one completes');

  const cut = makeTable();
  cut.add([pieces(1)[0]!.subarray(0, 500)], 0, 1500);
  t.equal(cut.counters.fragmentsShed, 1, 'cut by the snap length');
  t.equal(cut.table.waiting, 0);
  const last = pieces(1)[3]!;
  last[6] = 0x1f;
  last[7] = 0xff;
  cut.add([last]);
  t.equal(cut.counters.fragmentsShed, 2, 'past the largest datagram');

  const many = makeTable({ fragmentBytesMax: 1024 * 1024 });
  many.add(pieces(1, payload, 8));
  t.ok(many.table.pagesInUse <= 128, 'a datagram in tiny pieces');
  t.ok(many.counters.fragmentsShed > 0);
  t.end();
});
