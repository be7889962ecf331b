/** What the agent makes of connections in which TCP is unusual, as a user runs it: captures made anew, and recorded ones. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { buildEthernetFrame, buildIpPacket, buildUdp } from '../wire/packet-builder.ts';
import {
  capturePackets,
  connection,
  exchangesAlone,
  type Line,
  type Mirror,
  request,
  response,
} from './tcp-capture-fixture.ts';

const root = path.join(import.meta.dirname, '..', '..');
const nodeArguments = ['--disable-warning=ExperimentalWarning', path.join(root, 'agent', 'main.ts')];
const shared = process.env.FLOODGATE_SHARED ?? path.join(root, '..', 'shared');
const folder = t.testdir();
let runs = 0;

interface Outcome {
  /** Path and body of each exchange in the HAR file. */
  readonly exchanges: string[];
  readonly printed: string;
  readonly log: string;
}

/** Both outputs that people read. */
function run(t: Test, capture: string, ...more: string[]): Outcome {
  const har = path.join(folder, `${(runs += 1)}.har`);
  const args = ['--read', capture, '--har', har, '--obfuscate', 'off', '--print', ...more];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...nodeArguments, ...args], { encoding: 'utf8' });
  t.equal(status, 0, `${path.basename(capture)}: exit code`);
  const { entries } = JSON.parse(readFileSync(har, 'utf8')).log;
  const exchanges = entries.map(
    ({ request: asked, response: answered }: { request: { url: string }; response: { content: { text?: string } } }) =>
      `${asked.url.replace(/^http:\/\/[^/]*/, '')} ${answered.content.text ?? '-'}`,
  );
  return { exchanges, printed: stdout, log: stderr };
}

function made(name: string, lines: readonly Line[], mirror?: Mirror): string {
  const file = path.join(folder, `${name.replace(/\W+/g, '-')}.pcap`);
  writeFileSync(file, capturePackets(lines, mirror));
  return file;
}

const exchange = ['/a', 'hello'] as const;
const [asked, answered] = [request('/a'), response('hello')];

/** With the answers of `connection([1000, server])` in two pieces: what comes before its third packet, and the rest. */
function opened(server: number, before: Line[]): Line[] {
  const [syn, ...rest] = connection([1000, server], [exchange]);
  return [syn!, ...before, ...rest];
}

t.setTimeout(120_000);

t.test('one exchange, whatever TCP does', (t) => {
  const whole = connection([1000, 97_000_000], [exchange]);
  const sentAgain = [100, 200, 1500, 3000, 6000, 12_000, 24_000, 60_000].map(
    (afterMs): Line => ({
      ...{ afterMs, flags: 'FPA', fromServer: true, sequence: 97_000_001, text: answered },
      acknowledgement: 1001 + asked.length + 1,
    }),
  );
  const second = (server: number): Line => ({ flags: 'SA', sequence: server, acknowledgement: 1001, fromServer: true });
  const reset = (sequence: number, acknowledgement: number, fromServer = true): Line => ({
    ...{ flags: 'RA', sequence, acknowledgement, fromServer },
  });
  const cases: [string, Line[]][] = [
    ['a second answer, lower', opened(97_000_000, [second(3_212_000_000)])],
    ['a second answer, a little lower', opened(97_000_000, [second(97_001_000)])],
    ['a second answer, higher', opened(3_212_000_000, [second(97_000_000)])],
    ['the same answer twice', opened(97_000_000, [second(97_000_000)])],
    ['an RST before the answer', opened(97_000_000, [reset(0, 1001)])],
    ['an RST of the server', [...whole.slice(0, 4), reset(97_000_001, 1001 + asked.length), ...whole.slice(4)]],
    ['an RST of the client', [...whole.slice(0, 4), reset(1001 + asked.length, 97_000_001, false), ...whole.slice(4)]],
    [
      'an RST somewhere in the window',
      [...whole.slice(0, 4), reset(97_005_000, 1001 + asked.length), ...whole.slice(4)],
    ],
    ['segments sent again after the close', [...whole, ...sentAgain]],
    ['a SYN with another number', [...whole.slice(0, 4), { flags: 'S', sequence: 5_000_000 }, ...whole.slice(4)]],
    [
      'a wild segment',
      [...whole.slice(0, 4), { flags: 'PA', sequence: -9e8, acknowledgement: 7, text: asked }, ...whole.slice(4)],
    ],
  ];
  for (const [name, lines] of cases) {
    const { exchanges, printed } = run(t, made(name, lines));
    t.same(exchanges, ['/a hello'], name);
    t.equal(printed.trim().split('\n').length, 1, `${name}: one line`);
  }
  t.end();
});

t.test('a port used again whose end and beginning were missed', (t) => {
  const many = Array.from({ length: 300 }, (_, index) => [`/${index}`, `r${index}`] as const);
  const first = connection([90_000_000, 80_000_000], [['/old', 'old']]).slice(0, -3);
  const later = exchangesAlone([89_000_000, 79_500_000], many).map((line, index) => ({
    ...line,
    afterMs: index % 3 === 0 ? 980 : 10,
  }));
  const { exchanges } = run(t, made('used again', [...first, ...later]));
  t.same(exchanges, ['/old old', ...many.map(([at, body]) => `${at} ${body}`)], 'all 301 exchanges, each with its own');
  t.end();
});

t.test('the same addresses in two networks', (t) => {
  const [five, six] = [
    connection([1000, 5000], [['/v5', 'five']], { vlans: [5] }),
    connection([99_000_000, 44_000_000], [['/v6', 'six']], { vlans: [6] }),
  ];
  const capture = made(
    'two networks',
    five.flatMap((line, index) => [line, six[index]!]),
  );
  const auto = run(t, capture);
  t.same(auto.exchanges, ['/v5 five', '/v6 six']);
  t.match(auto.log, /^1 conversation had the addresses and ports of one in another network/m, 'said at the end');
  const always = run(t, capture, '--separate-networks', 'always');
  t.same(always.exchanges, ['/v5 five', '/v6 six']);
  t.notMatch(always.log, /in another network/);
  const never = run(t, capture, '--separate-networks', 'never');
  t.match(never.log, /two conversations took turns on the same addresses and ports/, 'mixed, and said at the end');
  const asymmetric = connection([1000, 5000], [exchange]).map((line) => ({
    ...line,
    frame: { vlans: [line.fromServer === true ? 6 : 5] },
  }));
  t.same(
    run(t, made('asymmetric', asymmetric)).exchanges,
    ['/a hello'],
    'one connection with a tag for each direction',
  );
  t.end();
});

t.test('a range that comes twice with other bytes, behind a gap', (t) => {
  const lines = connection([1000, 97_000_000], [exchange]);
  const at = lines.findIndex(({ text }) => text === asked);
  const part = (from: number, text: string): Line => ({ ...lines[at]!, sequence: 1001 + from, text });
  const twice = [part(4, asked.slice(4)), part(4, asked.slice(4).replace('/a', '/b')), part(0, asked.slice(0, 4))];
  const capture = made('twice', [...lines.slice(0, at), ...twice, ...lines.slice(at + 1)]);
  t.same(run(t, capture).exchanges, ['/a hello']);
  t.same(run(t, capture, '--overlap', 'last').exchanges, ['/b hello']);
  t.end();
});

t.test('a segment with a wrong checksum', (t) => {
  const lines = connection([1000, 97_000_000], [exchange]);
  const capture = made('checksum', lines);
  t.same(run(t, capture, '--verify-checksums').exchanges, ['/a hello'], 'right ones are taken');
  const bytes = readFileSync(capture);
  const wrong = path.join(folder, 'wrong-checksum.pcap');
  bytes.write('/z', bytes.indexOf('/a HTTP'));
  writeFileSync(wrong, bytes);
  t.same(run(t, wrong).exchanges, ['/z hello'], 'a card may make them: they are not looked at');
  t.notOk(run(t, wrong, '--verify-checksums').exchanges.includes('/z hello'));
  t.end();
});

t.test('an urgent byte', (t) => {
  const lines = connection([1000, 5000], [['/malicXious', 'bad']]).map((line) =>
    line.text?.startsWith('GET') === true ? { ...line, flags: 'PUA', urgent: 11 } : line,
  );
  const capture = made('urgent', lines);
  t.same(run(t, capture).exchanges, ['/malicious bad'], 'as Linux delivers it');
  t.same(run(t, capture, '--urgent-data', 'inline').exchanges, ['/malicXious bad']);
  t.same(run(t, capture, '--urgent-data', 'out-of-band-rfc1122').exchanges, ['/malicXous bad']);
  t.end();
});

t.test('what mirrors bring', (t) => {
  const bytes = (...parts: (readonly number[] | Uint8Array)[]) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const gre = (body: Uint8Array) => buildEthernetFrame(buildIpPacket('9.9.9.1', '9.9.9.2', 47, body));
  const udp = (port: number, body: Uint8Array) =>
    buildEthernetFrame(buildIpPacket('9.9.9.1', '9.9.9.2', 17, buildUdp(5, port, body)));
  const wlan = (frame: Uint8Array) =>
    bytes([0x88, 2, 0, 0], Array(18).fill(2), [0, 0, 0, 0], [0xaa, 0xaa, 3, 0, 0, 0], frame.subarray(12));
  const mirrors: [string, number, Mirror['wrap']][] = [
    ['ERSPAN I', 1, (frame) => gre(bytes([0, 0, 0x88, 0xbe], frame))],
    ['ERSPAN II', 1, (frame) => gre(bytes([0x10, 0, 0x88, 0xbe, 0, 0, 0, 1], [0x10, 5, 0, 1, 0, 0, 0, 0], frame))],
    ['ERSPAN III', 1, (frame) => gre(bytes([0x10, 0, 0x22, 0xeb, 0, 0, 0, 1], [0x20, 5], Array(10).fill(0), frame))],
    ['VXLAN', 1, (frame) => udp(4789, bytes([8, 0, 0, 0, 0, 0, 5, 0], frame))],
    ['radiotap', 127, (frame) => bytes([0, 0, 9, 0, 2, 0, 0, 0, 0x10], wlan(frame), [1, 2, 3, 4])],
    ['802.11', 105, wlan],
  ];
  for (const [name, linkType, wrap] of mirrors) {
    const lines = connection([1000, 5000], [exchange]);
    t.same(run(t, made(name, lines, { linkType, wrap })).exchanges, ['/a hello'], name);
  }
  t.end();
});

const recorded: [file: string, exchanges: string[]][] = [
  ['two-synacks-lower-isn', ['/a hello']],
  ['rst-before-synack', ['/a hello']],
  ['server-rst-ignored', ['/a hello']],
  ['late-retransmissions', ['/a hello']],
  ['same-addresses-in-two-vlans', ['/v5 x5', '/v6 x6']],
  ['urgent-byte-out-of-band', ['/malicious one']],
];
for (const [name, expected] of recorded) {
  const file = path.join(shared, 'inputs', `${name}.pcap`);
  t.test(name, { skip: !existsSync(file) && `SKIPPED: no recorded captures; put them in ../shared: ${name}` }, (t) => {
    t.same(run(t, file).exchanges, expected);
    t.end();
  });
}

/** One conversation, written three times into different networks: with the same numbers, so that only tags separate them. */
const overlapping = [
  'testing/btest/Traces/vlan-collisions.pcap',
  'doc/advanced/devel/plugins/connkey-vxlan-fivetuple-plugin-src/Traces/vxlan-overlapping-http-get.pcap',
];
for (const name of overlapping) {
  const file = path.join(shared, 'corpora', 'zeek', name);
  t.test(name, { skip: !existsSync(file) && `SKIPPED: no recorded captures; put them in ../shared: ${name}` }, (t) => {
    t.equal(run(t, file, '--separate-networks', 'always').exchanges.length, 3);
    t.equal(run(t, file).exchanges.length, 1);
    t.end();
  });
}
