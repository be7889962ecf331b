/** Everything odd has a counter of its own: each is driven once, by what it is named after, and no other of its kind moves. */
import t from 'tap';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';
import type { TcpCounters } from './counters.ts';
import { Transcript, type TranscriptOptions } from './transcript.ts';

/** Counters that a script moves, of those whose names begin so. */
function moved(prefixes: readonly string[], script: string, options: TranscriptOptions = {}): Record<string, number> {
  const transcript = new Transcript(options);
  transcript.handshake();
  transcript.play(script);
  const found: Record<string, number> = {};
  for (const [name, count] of Object.entries(transcript.layer.counters as TcpCounters)) {
    if (count > 0 && prefixes.some((prefix) => name.startsWith(prefix))) found[name] = count;
  }
  return found;
}

t.test('each reason to give a gap up', (t) => {
  const gaps = (script: string, options?: TranscriptOptions) => moved(['gap'], script, options);
  const page = 'x'.repeat(2000);
  const cases: [string, Record<string, number>, TranscriptOptions?][] = [
    ['> . 4 "def"\n< . 1 ack 7\nwait 300', { gapsAcknowledged: 1, gapBytesAcknowledged: 3 }],
    ['> . 4 "def"\nwait 11000', { gapsTimeout: 1, gapBytesTimeout: 3 }],
    ['> . 4 "def"\n> R 7\nwait 300', { gapsClosed: 1, gapBytesClosed: 3 }],
    ['> . 4 "def"\nfinish', { gapsClosed: 1, gapBytesClosed: 3 }],
    ['> . 1 "abcdef" cut 2', { gapsTruncated: 1, gapBytesTruncated: 4 }],
    ['> . 4 "def" cut 2\n> . 1 "abc"', { gapsTruncated: 1, gapBytesTruncated: 1 }],
    [
      '> . 4 "def"',
      { gapsPages: 1, gapBytesPages: 3, gapsConnectionBudget: 1 },
      { limits: { pagesPerConnectionMax: 1 } },
    ],
    [
      `> . 4001 "${page}"\n> . 8001 "${page}"`,
      { gapsPages: 1, gapBytesPages: 4000, gapsConnectionBudget: 1 },
      { limits: { pagesPerConnectionMax: 2 } },
    ],
    [
      '> . 3 "c"\n> . 5 "e"',
      { gapsPages: 1, gapBytesPages: 2, gapsHoleLimit: 1 },
      { limits: { holesPerConnectionMax: 1 } },
    ],
    [
      `> . 4001 "${page}"\n< . 4001 "${page}"`,
      { gapsPages: 1, gapBytesPages: 4000, gapsTotalBudget: 1 },
      { limits: { pagesMax: 2 } },
    ],
    ['pressure 2\n> . 4 "def"', { gapsPages: 1, gapBytesPages: 3, gapsPressure: 1 }],
    ['> . 50000001 "xyz" x16', { gapsFarAhead: 1, gapsTimeout: 1, gapBytesTimeout: 50_000_000 }],
  ];
  for (const [script, expected, options] of cases)
    t.same(gaps(script, options), expected, script.replaceAll(page, '…'));
  t.end();
});

t.test('each reason to close a stream', (t) => {
  const closes = (script: string, options?: TranscriptOptions) => moved(['streamsClosed'], script, options);
  t.same(closes('> F 1\n< F 1 ack 2'), { streamsClosedFin: 1 });
  t.same(closes('> R 1\nwait 300'), { streamsClosedReset: 1 });
  t.same(closes('wait 31000'), { streamsClosedIdle: 1 });
  t.same(closes('> . 1 "abc"\n> S 900000000\n< SA 70000 ack 900000001'), { streamsClosedReused: 1 });
  t.same(closes('finish'), { streamsClosedEndOfInput: 1 });
  const full = new Transcript({ limits: { streamsMax: 1 } });
  full.play('> S 0');
  full.clientPort += 1;
  t.equal(full.play('> S 0'), 'close 0 evicted, open 0');
  t.equal(full.layer.counters.streamsClosedEvicted, 1);
  t.end();
});

t.test('unusual openings', (t) => {
  const counters = (script: string) => {
    const transcript = new Transcript();
    transcript.play(script);
    const { simultaneousOpens, fastOpens, streamsOpenedMidStream, streamsOpened } = transcript.layer.counters;
    return { simultaneousOpens, fastOpens, streamsOpenedMidStream, streamsOpened };
  };
  const usual = { simultaneousOpens: 0, fastOpens: 0, streamsOpenedMidStream: 0, streamsOpened: 1 };
  t.same(counters('> S 0\n< SA 0 ack 1\n> . 1 ack 1 "abc"'), usual);
  t.same(counters('< SA 0 ack 1\n> S 0\n> . 1 ack 1 "abc"'), usual, 'a late SYN is no simultaneous open');
  t.same(counters('> S 0\n< S 0\n> SA 0 ack 1\n< SA 0 ack 1'), { ...usual, simultaneousOpens: 1 });
  t.same(counters('> S 0 "GET /"\n< SA 0 ack 6'), { ...usual, fastOpens: 1 });
  t.same(counters('> . 500 ack 700 "abc"'), { ...usual, streamsOpenedMidStream: 1 });
  t.end();
});

t.test('the handler knows whether the start of a stream was seen', (t) => {
  const found = new Transcript();
  found.play('> S 0\n> . 1 "abc"\n> F 4\n< F 1');
  found.clientPort += 1;
  found.play('> . 500 ack 700 "abc"');
  t.same(found.midStream, [false, true]);
  t.end();
});

t.test('a hole across 2³¹, where signed numbers turn negative, is given up when it is acknowledged', (t) => {
  for (const start of [2 ** 31 - 9, 2 ** 32 - 9]) {
    const transcript = new Transcript({ limits: { ackSlackPackets: 2 } });
    transcript.sequences = [start, start];
    transcript.handshake();
    t.equal(
      transcript.play('> . 1 "abc"\n> . 14 "nop"\n< . 1 ack 17 x3'),
      '0.0 "abc", 0.0 gap 10 acknowledged, 0.0 "nop"',
    );
    t.equal(transcript.play('> . 17 "qrs"\n> . 50000000 "z"'), '0.0 "qrs"', 'and far ahead stays far ahead');
  }
  t.end();
});

t.test('a window that opens again ends the probes', (t) => {
  const probes = (script: string) => moved(['zeroWindow'], script);
  t.same(probes('< . 1 ack 1 win 0\n> . 1 "a"'), { zeroWindows: 1, zeroWindowProbes: 1 });
  t.same(probes('< . 1 ack 1 win 0\n< . 1 ack 1 win 500\n> . 1 "a"'), { zeroWindows: 1 });
  t.end();
});

t.test('a RST acknowledges nothing, and one of another connection closes nothing', (t) => {
  const transcript = new Transcript({ limits: { ackSlackPackets: 2 } });
  transcript.handshake();
  t.equal(
    transcript.play('> . 4 "def"\n< RA 900000000 ack 7\n> . 7 "gh" x3\nwait 300'),
    '',
    'far outside: no word of it counts',
  );
  t.equal(transcript.layer.counters.resetsIgnored, 1);
  t.equal(transcript.play('> . 1 "abc"'), '0.0 "abc", 0.0 "defgh"');
  const refused = new Transcript();
  t.equal(refused.play('> S 0\n< RA -5000 ack 900000000\nwait 300'), 'open 0', 'no answer to this SYN');
  t.equal(refused.layer.counters.resetsIgnored, 1);
  t.end();
});

t.test('a segment in the window forgives those outside it, also one that has to wait', (t) => {
  const transcript = new Transcript();
  transcript.handshake();
  transcript.play('> . 1 "abc"\n> . 50000000 "xyz" x15\n> . 7 "ghi"');
  t.equal(transcript.play('> . 50000000 "xyz" x15'), '');
  t.equal(transcript.play('> . 50000000 "xyz"').split(', ').at(-1), '0.0 "xyz"');
  t.equal(transcript.layer.counters.farAheadSegments, 31);
  t.end();
});

t.test('segments with a wrong checksum are dropped and counted where that is asked for', (t) => {
  const frame = buildTcpFrame({
    ...{ source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 40_000, destinationPort: 80 },
    ...{ sequence: 1, flags: TcpFlag.ack, payload: Buffer.from('abc') },
  });
  for (const verifyChecksums of [true, false]) {
    const transcript = new Transcript({ verifyChecksums });
    for (const last of ['d', 'c']) {
      frame[frame.length - 1] = last.charCodeAt(0);
      transcript.layer.frame(frame, 0, frame.length, frame.length, transcript.nowUs, 0);
    }
    t.equal(transcript.layer.counters.checksumErrors, verifyChecksums ? 1 : 0);
    t.equal(transcript.layer.counters.segments, 2);
    t.same(transcript.events, ['open 0', verifyChecksums ? '0.0 "abc"' : '0.0 "abd"']);
  }
  t.end();
});
