/** What is in a capture and not decoded is said: at the end on standard error, in `--print`, in the statistics. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { type Conversation, conversationsCapture, runAgent } from './conversation-fixture.ts';

const folder = t.testdir();
const u16 = (value: number) => [value >> 8, value & 0xff];

/** A record (RFC 8446, 5.1). */
const record = (type: number, body: Uint8Array, version = 0x303) =>
  Buffer.from([type, ...u16(version), ...u16(body.length), ...body]);

function clientHello(serverName: string | null): Buffer {
  const name = Buffer.from(serverName ?? '', 'latin1');
  const extension = [0, 0, ...u16(name.length + 5), ...u16(name.length + 3), 0, ...u16(name.length), ...name];
  const extensions = serverName === null ? [] : extension;
  const body = [3, 3, ...Array(32).fill(7), 0, 0, 2, 0x13, 1, 1, 0, ...u16(extensions.length), ...extensions];
  return record(22, Uint8Array.from([1, 0, ...u16(body.length), ...body]), 0x301);
}

const serverHello = record(
  22,
  Uint8Array.from([2, 0, 0, 46, 3, 3, ...Array(32).fill(7), 0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4]),
);
/** Bytes that look like nothing, the same at each call. */
const noise = (length: number, seed = 1) =>
  Buffer.from(Array.from({ length }, (_, i) => (i * i * 31 + i * 7 + seed * 13) & 0xff));
const tls = (serverName: string | null, port = 443): Conversation => ({
  port,
  says: [
    [0, clientHello(serverName)],
    [1, serverHello],
    [0, record(23, noise(300))],
    [1, record(23, noise(5000))],
  ],
});
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const settings = Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100]);
const http2: Conversation = {
  port: 8080,
  says: [
    [0, Buffer.concat([Buffer.from(preface), settings])],
    [1, settings],
  ],
};

function logged(conversations: readonly Conversation[], args: readonly string[] = []) {
  const statsFile = path.join(folder, 'stats.json');
  const run = runAgent(folder, conversationsCapture(conversations), ['--print', '--stats', statsFile, ...args]);
  t.equal(run.status, 0);
  const stats = JSON.parse(readFileSync(statsFile, 'utf8'));
  const sentence = run.stderr.split('\n').find((line) => line.includes('not decoded'));
  return { printed: run.stdout, sentence, stats };
}

t.test('TLS and HTTP/2, on any port', async (t) => {
  const names = ['api.example', 'api.example', 'www.example', 'api.example', null];
  const { printed, sentence, stats } = logged([...names.map((name, i) => tls(name, 443 + i * 1111)), http2, http2]);
  const wanted =
    '5 TLS streams (server names api.example 3, www.example 1, …) and 2 HTTP/2 streams were seen and not decoded';
  t.equal(sentence, wanted);
  t.equal(printed, `${wanted}\n`);
  t.match(stats, { 'http.tlsStreams': 5, 'http.tls13': 5, 'http.http2Streams': 2, 'http.unknownStreams': 0 });
  t.same(stats.notDecoded, {
    ...{ tlsStreams: 5, http2Streams: 2, websocketStreams: 0, upgradedStreams: 0, unknownStreams: 0 },
    serverNames: [
      { name: 'api.example', streams: 3 },
      { name: 'www.example', streams: 1 },
      { name: '', streams: 1 },
    ],
  });
});

t.test('one of a kind; nothing of the kind', async (t) => {
  t.equal(logged([tls('a.example')]).sentence, '1 TLS stream (server names a.example 1) was seen and not decoded');
  const get: Conversation = {
    says: [
      [0, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
      [1, 'HTTP/1.1 204 No Content\r\n\r\n'],
    ],
  };
  const { sentence, printed } = logged([get]);
  t.equal(sentence, undefined);
  t.notMatch(printed, /decoded/);
  t.equal(logged([get, tls('a')], ['--until', 'tcp']).sentence, undefined, 'not looked at');
});

t.test('met in the middle: at a record, within one, behind a gap; by one direction alone', async (t) => {
  const data = (length: number, seed: number) => record(23, noise(length, seed));
  const inTheMiddle: Conversation[] = [
    {
      midStream: true,
      port: 9000,
      says: [
        [1, data(5000, 1)],
        [1, data(40, 2)],
      ],
    },
    { midStream: true, says: [[0, record(21, Uint8Array.of(1, 0))]] },
    { midStream: true, says: [[1, Buffer.concat([noise(900, 3), data(16_000, 4), data(16_000, 5), data(9, 6)])]] },
    {
      says: [
        [0, 517],
        [1, 100],
        [1, Buffer.concat([noise(50), data(700, 7), data(800, 8), data(10, 9)])],
      ],
    },
    {
      says: [
        [1, serverHello],
        [1, data(100, 2)],
      ],
    },
  ];
  const { stats, sentence } = logged(inTheMiddle);
  t.equal(sentence, '5 TLS streams were seen and not decoded');
  t.match(stats, { 'http.tlsStreams': 5, 'http.tlsMidStream': 4, 'http.unknownStreams': 0 });
  const { stats: h2 } = logged([
    { says: [[1, settings]] },
    {
      says: [
        [1, settings],
        [0, `${preface}\0`],
      ],
    },
  ]);
  t.match(h2, { 'http.http2Streams': 2, 'http.unknownStreams': 0 });
});

t.test('what began as HTTP/1: a tunnel with TLS in it, upgrades', async (t) => {
  const upgrade = (to: string, after: string | Buffer): Conversation => ({
    says: [
      [0, `GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n\r\n`],
      [1, `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n\r\n`],
      [0, after],
      [1, after],
    ],
  });
  const tunnel = (inside: Conversation['says']): Conversation => ({
    port: 3128,
    says: [
      [0, 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n'],
      [1, 'HTTP/1.1 200 OK\r\n\r\n'],
      ...inside,
    ],
  });
  const { sentence, stats } = logged([
    tunnel(tls('inside.example').says),
    tunnel(http2.says),
    tunnel([
      [0, 'SSH-2.0-OpenSSH_9\r\n'],
      [1, 'SSH-2.0-x\r\n'],
    ]),
    upgrade('h2c', Buffer.concat([Buffer.from(preface), settings])),
    upgrade('websocket', Buffer.of(0x81, 1, 65)),
    upgrade('tcp', 'hello'),
  ]);
  t.equal(
    sentence,
    '1 TLS stream (server names inside.example 1), 2 HTTP/2 streams, 1 WebSocket stream, 1 stream upgraded to other protocols and 1 stream of other protocols were seen and not decoded',
  );
  t.match(stats, { 'http.http2Upgrades': 1, 'http.tunnelStreams': 3 });
});

t.test('names come from anyone: escaped, bounded, the most frequent first', async (t) => {
  const wild = logged([tls('\x1b[31mred\x07.example'), tls('zwölf.example')]);
  t.equal(
    wild.sentence,
    '2 TLS streams (server names \\x1b[31mred\\x07.example 1, zw\\xf6lf.example 1) were seen and not decoded',
  );
  const many = Array.from({ length: 400 }, (_, i) => tls(`host-${i % 350}.example`));
  const { sentence, stats } = logged(many);
  t.match(sentence, /^400 TLS streams \(server names host-0\.example 2, .*host-12\.example 2, …\) were/);
  t.equal(stats.notDecoded.serverNames.length, 21);
  const sum = stats.notDecoded.serverNames.reduce((all: number, { streams }: { streams: number }) => all + streams, 0);
  t.equal(sum, 400, 'none is lost');
});

t.test('what only begins like it is HTTP, or neither', async (t) => {
  const { stats } = logged([
    {
      says: [
        [0, Buffer.of(22, 3)],
        [1, 'x'],
      ],
    },
    {
      says: [
        [0, Buffer.of(23, 3, 3, 0, 0, 1, 2, 3)],
        [1, Buffer.of(0, 0, 7, 4, 0, 0)],
      ],
    },
    {
      says: [
        [0, noise(3000)],
        [1, noise(3000, 4)],
      ],
    },
  ]);
  t.match(stats, { 'http.tlsStreams': 0, 'http.http2Streams': 0, 'http.unknownStreams': 3 });
});
