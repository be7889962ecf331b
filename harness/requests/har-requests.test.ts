import { truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { isHar } from './har-requests.ts';
import { harBytesMax } from './limits.ts';
import { extract, spooledConnections } from './replay-trial.ts';

// On a busy machine whatever starts threads takes its time.
t.setTimeout(300_000);
const at = (ms: number) => new Date(1_700_000_000_000 + ms).toISOString();
const entry = (ms: number, request: object, more: object = {}) => ({
  startedDateTime: at(ms),
  time: 20,
  request: { method: 'GET', url: 'http://shop.example/a?b=1', headers: [], bodySize: 0, ...request },
  response: { status: 200, content: { size: 3 }, bodySize: 3 },
  ...more,
});

t.test('a HAR file as requests: HTTP/2 names left out, bodies as they were sent or not at all', async (t) => {
  const folder = t.testdir();
  const file = path.join(folder, 'x.har.gz');
  const entries = [
    entry(30, {
      method: 'POST',
      bodySize: 2,
      postData: { text: 'é' },
      headers: [
        { name: 'Content-Length', value: '2' },
        { name: 'Host', value: 'h' },
      ],
    }),
    entry(0, {
      headers: [
        { name: ':authority', value: 'x' },
        { name: 'accept', value: '*/*' },
      ],
    }),
    entry(10, { method: 'POST', bodySize: -1, postData: { text: 'AAH/', encoding: 'base64' } }),
    entry(40, { method: 'POST', bodySize: -1, postData: { params: [{ name: 'a b', value: '&' }] } }),
    entry(50, { method: 'POST', bodySize: 7 }),
    entry(60, { method: 'POST', bodySize: 9, postData: { text: 'cut' } }),
    entry(70, { url: 'chrome-extension://x' }),
    entry(80, { headers: [{ name: 'a', value: 'x\r\ny' }] }),
    { nonsense: true },
    entry(
      90,
      {
        headers: [
          { name: 'Connection', value: 'keep-alive, Upgrade' },
          { name: 'Upgrade', value: 'websocket' },
        ],
      },
      { response: { status: 101 } },
    ),
    entry(200, {
      headers: [
        { name: 'Upgrade', value: 'h2c' },
        { name: 'HTTP2-Settings', value: 'AAMAAABk' },
      ],
    }),
  ];
  writeFileSync(file, gzipSync(JSON.stringify({ log: { entries } })));
  t.ok(isHar(file));
  const { recorded } = await extract(file, path.join(folder, 'spool'));
  t.match(recorded, {
    requests: 6,
    connections: 2,
    upgraded: 1,
    isAssembled: true,
    unsent: { bodyNotAsItWas: 2, malformed: 3 },
  });
  const texts = [...spooledConnections(path.join(folder, 'spool')).values()].map((each) =>
    each.map((bytes) => bytes.toString('latin1')),
  );
  t.same(texts, [
    [
      'GET /a?b=1 HTTP/1.1\r\nHost: shop.example\r\naccept: */*\r\n\r\n',
      'POST /a?b=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nÃ©',
      'GET /a?b=1 HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    ],
    [
      'POST /a?b=1 HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 3\r\n\r\n\x00\x01\xff',
      'POST /a?b=1 HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 7\r\n\r\na+b=%26',
      'GET /a?b=1 HTTP/1.1\r\nHost: shop.example\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    ],
  ]);
});

t.test(
  'an address is sent as it is written; one that would be another on the wire is not sent, and named',
  async (t) => {
    const folder = t.testdir();
    const file = path.join(folder, 'x.har');
    const urls = [
      'http://h/a/../b/%2e%2e/c?x=%7e&y=[1]#part',
      'http://h?q',
      'http://h',
      'http://h/ü b',
      'http://h/a\r\nX-Injected: 1',
      'http://h/a\tb',
      'http://h/\u0000',
      'http://[h/',
      'ftp://h/a',
    ];
    writeFileSync(file, JSON.stringify({ log: { entries: urls.map((url, at) => entry(at, { url })) } }));
    const { recorded, notes } = await extract(file, path.join(folder, 'spool'));
    t.match(recorded, { requests: 4, unsent: { malformed: 5 } });
    const sent = [...spooledConnections(path.join(folder, 'spool')).values()].flat();
    t.same(sent.map((bytes) => bytes.toString('latin1').split(' HTTP/1.1')[0]).sort(), [
      'GET /',
      'GET /%C3%BC%20b',
      'GET /?q',
      'GET /a/../b/%2e%2e/c?x=%7e&y=[1]',
    ]);
    t.same(notes, [
      'not sent: entry 5 has a control character in its URL',
      'not sent: entry 6 has a control character in its URL',
      'not sent: entry 7 has a control character in its URL',
      'not sent: entry 8 has no URL that can be read',
      'not sent: entry 9 is no HTTP: ftp:',
    ]);
  },
);

t.test(
  'the handshake of a WebSocket is sent, whatever the name of its address; without its headers it is named',
  async (t) => {
    const folder = t.testdir();
    const file = path.join(folder, 'x.har');
    const upgrade = { headers: [{ name: 'Upgrade', value: 'websocket' }] };
    const entries = [
      entry(0, { url: 'ws://h/chat/../a?x#y', ...upgrade }, { response: { status: 101 } }),
      entry(10, { url: 'wss://h/chat', ...upgrade }, { response: { status: 101 } }),
      entry(20, { url: 'wss://h/chat', headers: [] }, { response: { status: 101 } }),
    ];
    writeFileSync(file, JSON.stringify({ log: { entries } }));
    const { recorded, notes } = await extract(file, path.join(folder, 'spool'));
    t.match(recorded, { requests: 2, connections: 2, upgraded: 2, unsent: { malformed: 1 } });
    const sent = [...spooledConnections(path.join(folder, 'spool')).values()].flat();
    t.same(
      sent.map((bytes) => bytes.toString('latin1')),
      ['/chat/../a?x', '/chat'].map(
        (at) => `GET ${at} HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      ),
    );
    t.same(notes, ['not sent: entry 3 is a WebSocket without the headers of its handshake']);
  },
);

t.test('what is no HAR is refused with what to do', async (t) => {
  const folder = t.testdir({ 'a.har': '{', 'b.har': '{"log":{}}', 'c.har': '{"log":{"entries":[]}}' });
  for (const [name, code] of [
    ['a', 'har-unreadable'],
    ['b', 'har-unreadable'],
    ['c', 'requests-missing'],
    ['d', 'har-unreadable'],
  ] as const) {
    await t.rejects(extract(path.join(folder, `${name}.har`), path.join(folder, 'spool')), { code }, name);
  }
  // No room is taken on the disk.
  const large = path.join(folder, 'large.har');
  writeFileSync(large, '{');
  truncateSync(large, harBytesMax + 1);
  const wayOut = { code: 'har-unreadable', message: /larger than 256 MiB/, hint: /jq/ };
  await t.rejects(extract(large, path.join(folder, 'spool')), wayOut);
  const packed = path.join(folder, 'packed.har');
  writeFileSync(packed, gzipSync(Buffer.alloc(harBytesMax + 1), { level: 1 }));
  await t.rejects(extract(packed, path.join(folder, 'spool')), wayOut, 'in gzip');
});
