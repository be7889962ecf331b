import { createHash } from 'node:crypto';
import { existsSync, globSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import type { ExtractedRequests } from './extraction.ts';
import { recordingServer } from './recording-server-fixture.ts';
import { extract, extractHere, replay, spooledConnections } from './replay-trial.ts';
import { EventFlag, EventKind } from './request-event.ts';
import { SpoolReader } from './spool.ts';

// On a busy machine whatever starts threads takes its time.
t.setTimeout(300_000);
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function capture(
  t: { testdir(): string },
  conversations: Parameters<typeof conversationsCapture>[0],
): { file: string; folder: string } {
  const folder = t.testdir();
  const file = path.join(folder, 'capture.pcap');
  writeFileSync(file, conversationsCapture(conversations));
  return { file, folder: path.join(folder, 'spool') };
}

t.test('requests keep every byte they had: chunk sizes, odd line ends, bodies, whatever the cut', async (t) => {
  const chunked =
    'PUT /b HTTP/1.1\r\nhost:x\r\nTransfer-Encoding:  chunked\r\n\r\n0005;x=y\r\nhello\r\n00\r\nTrailer: 1\r\n\r\n';
  const bare = 'GET /c HTTP/1.1\nHOST : y\nX-Odd:\t v \n\n';
  const long = `POST /d HTTP/1.1\r\nContent-Length: 600000\r\nX: ${'h'.repeat(5000)}\r\n\r\n${'0123456789'.repeat(60_000)}`;
  const text = chunked + bare + long;
  const { file, folder } = capture(t, [
    {
      says: [
        [0, chunked.slice(0, 30)],
        [0, chunked.slice(30)],
        [1, ok],
        [0, bare.slice(0, 17)],
        [0, bare.slice(17)],
        [1, ok],
        [0, long],
        [1, ok],
      ],
    },
  ]);
  const found = await extract(file, folder);
  t.match(found.recorded, { requests: 3, connections: 1, bytes: text.length, unsent: {} });
  const [connection] = [...spooledConnections(folder).values()];
  t.same(
    connection!.map((bytes) => bytes.toString('latin1').slice(0, 60)),
    [chunked, bare, long].map((each) => each.slice(0, 60)),
  );
  const digest = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
  t.equal(digest(Buffer.concat(connection!)), digest(text), 'all of them, the long one in pieces');
  const server = await recordingServer();
  const account = await replay(found, server.port);
  t.equal(digest(server.connections[0]!.bytes()), digest(text), 'and they arrive so');
  t.match(account, {
    sent: 3,
    answered: 3,
    unanswered: 0,
    differentLength: 3,
    differentStatus: 0,
    bytesSent: text.length,
  });
  await server.close();
});

t.test('what is not whole is not sent, and is counted by its reason', async (t) => {
  const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const { file, folder } = capture(t, [
    {
      says: [
        [0, get('/1')],
        [1, ok],
        [0, 'POST /2 HTTP/1.1\r\nContent-Length: 300\r\n\r\n'],
        [0, 100],
        [0, 'x'.repeat(200)],
        [1, ok],
        [0, get('/3')],
        [1, ok],
      ],
    },
    {
      says: [
        [0, get('/4')],
        [1, ok],
        [0, 50],
        [1, ok],
        [0, get('/6')],
        [1, ok],
      ],
    },
    {
      midStream: true,
      says: [
        [0, `"and": "the rest" }${get('/7')}`],
        [1, ok],
      ],
    },
    {
      says: [
        [0, 'POST /8 HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n'],
        [1, 'HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n'],
        [0, get('/9')],
        [1, ok],
      ],
    },
    {
      says: [
        [0, 'CONNECT a:1 HTTP/1.1\r\n\r\n'],
        [1, 'HTTP/1.1 200 OK\r\n\r\n'],
        [0, 'anything'],
      ],
    },
    {
      says: [
        [0, Buffer.from(`1703030020${'ab'.repeat(32)}`.repeat(8), 'hex')],
        [1, Buffer.from(`1703030020${'cd'.repeat(32)}`.repeat(8), 'hex')],
      ],
    },
    {
      says: [
        [0, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
        [1, 'x'],
      ],
    },
  ]);
  const { recorded } = await extract(file, folder);
  const targets = [...spooledConnections(folder).values()]
    .flat()
    .map((bytes) => bytes.toString('latin1').split(' ')[1]);
  t.same(targets, ['/1', '/3', '/4', '/6', '/7', '/9']);
  t.match(recorded, {
    requests: 6,
    unsent: { damaged: 1, hidden: 2, bodyUnsent: 1, tunnel: 1, encrypted: 1, http2: 1 },
  });
});

t.test('pipelined as recorded; recorded answers stand beside their requests', async (t) => {
  const get = (target: string) => `GET ${target} HTTP/1.1\r\n\r\n`;
  const not = 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
  const { file, folder } = capture(t, [
    {
      says: [
        [0, get('/1') + get('/2')],
        [0, get('/3')],
        [1, ok + not],
        [1, ok],
        [0, get('/4')],
        [1, 'HTTP/1.1 100 Continue\r\n\r\n'],
        [1, not],
        [0, get('/5')],
      ],
    },
  ]);
  await extract(file, folder);
  const reader = new SpoolReader(folder);
  const rows: [boolean, number, number][] = [];
  for (let event = reader.next(); event; event = reader.next()) {
    const { kind, flags, status, answerBytes } = event;
    if (kind === EventKind.request) rows.push([(flags & EventFlag.pipelined) !== 0, status, answerBytes]);
  }
  reader.close();
  t.same(rows, [
    [false, 200, 2],
    [true, 404, 3],
    [true, 200, 2],
    [false, 404, 3],
    [false, 0, 0],
  ]);
});

const corpora = path.join(process.env.FLOODGATE_SHARED ?? path.join(import.meta.dirname, '../../../shared'), 'corpora');
t.test(
  'every request of twenty captures of other projects arrives as it was',
  { skip: existsSync(corpora) ? false : 'no corpora here: set FLOODGATE_SHARED' },
  async (t) => {
    const files = globSync(`${corpora}/{wireshark,zeek,tcpflow,pcap2har,akita-cli}/**/*.{pcap,pcapng}`).sort();
    let [captures, requests] = [0, 0];
    // Every sixth, so that all of the folders are among them.
    for (const file of files.filter((_, at) => at % 7 === 0)) {
      const folder = t.testdir();
      let found: ExtractedRequests;
      try {
        found = extractHere(file, folder);
      } catch {
        // Damaged, or of a link type that is not read.
        continue;
      }
      if (found.recorded.requests === 0) continue;
      captures += 1;
      const server = await recordingServer();
      const account = await replay(found, server.port);
      const sorted = (texts: Buffer[]) => texts.map((bytes) => bytes.toString('latin1')).sort();
      t.same(
        sorted(server.connections.map(({ bytes }) => bytes())),
        sorted([...spooledConnections(folder).values()].map((each) => Buffer.concat(each))),
        path.relative(corpora, file),
      );
      t.equal(account.sent, found.recorded.requests);
      requests += account.sent;
      await server.close();
    }
    t.ok(captures >= 20 && requests >= 100, `${captures} captures, ${requests} requests`);
  },
);

t.test('every request of recorded-burst arrives as it was', async (t) => {
  const found = await extract(
    path.join(import.meta.dirname, '../../scenarios/recorded-burst/recording.pcapng.zst'),
    t.testdir(),
  );
  t.match(found.recorded, { requests: 6734, connections: 120, unsent: {} });
  const server = await recordingServer();
  const account = await replay(found, server.port);
  t.match(account, { sent: 6734, answered: 6734, unanswered: 0, reconnects: 0 });
  const digest = (texts: Buffer[]) => texts.map((bytes) => createHash('sha1').update(bytes).digest('hex')).sort();
  const spooled = [...spooledConnections(found.folder).values()].map((each) => Buffer.concat(each));
  t.same(digest(server.connections.map(({ bytes }) => bytes())), digest(spooled));
  await server.close();
});
