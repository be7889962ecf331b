/** What stays because it says how traffic is made has no room for what it says: numbers, settings, headers of frames, lists of suites. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { conversationsCapture } from '../../agent/commands/conversation-fixture.ts';
import { checkScrubbed } from './check.ts';
import { framesOf, scrubbed } from './scrub-fixture.ts';

type Says = Parameters<typeof conversationsCapture>[0][number]['says'];

async function after(place: string, ...says: Says) {
  const file = path.join(place, 'capture.pcap');
  writeFileSync(file, conversationsCapture([{ says }]));
  const { file: output } = await scrubbed(file);
  return { file, output, text: Buffer.concat(framesOf(output)).toString('latin1') };
}

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const frame = (type: number, stream: number, payload: string) => {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, Buffer.from(payload, 'latin1')]);
};

t.test('numbers of framing stay, as long as they can be some; the check finds those that cannot', async (t) => {
  const place = t.testdir();
  const head = (numbers: string) => `GET /a HTTP/1.1\r\nHost: h\r\n${numbers}\r\n`;
  const plain = 'Keep-Alive: timeout=5, max=100\r\nMIME-Version: 1.0\r\nRange: bytes=12345678901-23456789012\r\n';
  t.ok((await after(place, [0, head(plain)])).text.includes(plain));
  const other = 'Keep-Alive: 4111111111111112\r\nMIME-Version: 98765432123\r\nSec-WebSocket-Version: 87654321987\r\n';
  const { text, file } = await after(place, [0, head(other)]);
  t.notMatch(text, /41111111|98765432|87654321/);
  t.match(text, /Keep-Alive: \d{16}\r\nMIME-Version: \d{11}\r\nSec-WebSocket-Version: \d{11}\r\n/);
  const { leaks } = checkScrubbed({ file, original: file, hashSeed: [1, 2] });
  t.match(leaks.join('\n'), /field MIME-Version: as in the original/);
});

t.test('settings of HTTP/2 in a head stay where they are settings', async (t) => {
  const place = t.testdir();
  const ask = (settings: string) =>
    `GET /a HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: ${settings}\r\n\r\n`;
  const settings = 'AAMAAABkAAQAoAAAAAIAAAAA';
  t.ok((await after(place, [0, ask(settings)])).text.includes(settings));
  const secret = Buffer.from('hunter2-and-hunter3').toString('base64url');
  const { text, file } = await after(place, [0, ask(secret)]);
  t.notOk(text.includes(secret.slice(0, 11)));
  t.match(checkScrubbed({ file, original: file, hashSeed: [1, 2] }).leaks.join('\n'), /HTTP2-Settings: as in the/i);
});

t.test('headers of HTTP/2 stay, also behind an upgrade; what comes in their place is blank', async (t) => {
  const place = t.testdir();
  const lost = await after(place, [0, `${preface}topsecretword and more`], [1, 'othersecretword and more']);
  t.notMatch(lost.text, /topsec|otherse/);
  t.ok(lost.text.includes(preface));
  const says: Says = [
    [0, 'GET /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
    [1, 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
    [1, Buffer.concat([frame(4, 0, ''), frame(0, 1, 'answersecret')])],
    [0, preface.slice(0, 9)],
    [0, Buffer.concat([Buffer.from(preface.slice(9)), frame(4, 0, ''), frame(0, 3, 'askedsecret')])],
  ];
  const { text } = await after(place, ...says);
  t.notMatch(text, /answersec|askedsec/);
  const headers = (stream: number, length: number) =>
    Buffer.concat([frame(4, 0, ''), frame(0, stream, '\0'.repeat(length))]).toString('latin1');
  t.ok(text.includes(headers(1, 12)), 'the server');
  t.ok(text.includes(preface.slice(9) + headers(3, 11)), 'the client, whose first bytes say that it speaks HTTP/2');
});

t.test('of the suites of a hello those stay that are some', async (t) => {
  const hello = (suites: Buffer) => {
    const body = Buffer.concat([Buffer.from([3, 3]), Buffer.alloc(33), Buffer.from([0, suites.length]), suites]);
    const rest = Buffer.from([1, 0, 0, 0]);
    const length = body.length + rest.length;
    return Buffer.concat([Buffer.from([22, 3, 1, 0, length + 4, 1, 0, 0, length]), body, rest]);
  };
  const known = Buffer.from('1301130256000a0ac02bcca900ff', 'hex');
  const place = t.testdir();
  const { text } = await after(place, [0, hello(Buffer.concat([known, Buffer.from('sixteenlettersis')]))]);
  t.ok(text.includes(known.toString('latin1')));
  t.notMatch(text, /six|teen|letters/);
});
