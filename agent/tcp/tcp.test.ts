import t from 'tap';
import { NetworkPolicy, OverlapPolicy } from './limits.ts';
import { emptyStreamDescription } from './tcp.ts';
import { Transcript, type TranscriptOptions } from './transcript.ts';

/** A transcript with the handshake done and forgotten. */
function established(options: TranscriptOptions = {}): Transcript {
  const transcript = new Transcript(options);
  transcript.handshake();
  return transcript;
}

t.test('a connection from SYN to FIN', (t) => {
  const transcript = new Transcript();
  t.equal(transcript.handshake(), 'open 0');
  t.equal(transcript.play('> P 1 ack 1 "GET /"\n< P 1 ack 6 "200 OK"\n> . 6 ack 7'), '0.0 "GET /", 0.1 "200 OK"');
  t.equal(
    transcript.play('> F 6 ack 7\n< F 7 ack 7\n> . 7 ack 8'),
    '0.0 end, 0.1 end, close 0 fin',
    'the last acknowledgement opens no ghost',
  );
  t.equal(transcript.layer.counters.segmentsAfterClose, 1);
  t.equal(transcript.layer.pagesInUse, 0);
  t.end();
});

t.test('out of order, duplicates, overlaps', (t) => {
  const transcript = established();
  t.equal(transcript.play('> . 4 "def"\n> . 10 "jkl"\n> . 7 "ghi"'), '', 'waits');
  t.equal(transcript.play('> . 4 "def"\n> . 8 "h" x5'), '', 'duplicates of what waits');
  t.equal(transcript.layer.counters.segmentsDuplicate, 6);
  t.equal(transcript.layer.pagesInUse, 2, 'neighbours share pages');
  t.equal(transcript.play('> . 1 "abc"'), '0.0 "abc", 0.0 "defghi", 0.0 "jkl"', 'runs come out whole');
  t.equal(transcript.layer.pagesInUse, 0);
  t.equal(transcript.play('> . 1 "abc"\n> . 1 "abcdefghijkl"'), '', 'old bytes');
  t.equal(transcript.play('> . 10 "jklmn"'), '0.0 "mn"', 'the new part of a retransmission');
  t.end();
});

t.test('payload comes with its sequence number and the lowest acknowledgement of its copies', (t) => {
  const transcript = established();
  const placesOf = (script: string) => {
    transcript.play(script);
    return transcript.places.map(({ sequence, acknowledgement }) => [sequence, acknowledgement]);
  };
  t.same(
    placesOf('< P 1 ack 1 "ab"\n> P 1 ack 3 "GET"'),
    [
      [1, 1],
      [1, 3],
    ],
    'in order',
  );
  t.same(placesOf('< P 6 ack 9 "fgh"\n< P 9 ack 12 "ijk"\n< P 6 ack 4 "fgh"\n< P 3 ack 4 "cde"'), [
    [3, 4],
    [6, 4],
    [9, 12],
  ]);
  const shared = '< P 15 ack 4 "op"\n< P 17 ack 4 "qr"\n< P 19 ack 8 "st"\n< P 15 ack 4 "op"\n< P 12 ack 4 "lmn"';
  t.same(
    placesOf(shared),
    [
      [12, 4],
      [15, 4],
      [19, 8],
    ],
    'a page has one acknowledgement',
  );
  t.end();
});

t.test('a direction that is captured later than the other is waited for by time, however many packets go by', (t) => {
  const transcript = established({ limits: { ackSlackPackets: 4 } });
  t.equal(transcript.play('< . 1 ack 10 x20'), '', 'nothing waits: no packets count');
  t.equal(transcript.play('> . 1 "abc"\n> . 4 "def"'), '0.0 "abc", 0.0 "def"');
  t.equal(transcript.play('< . 1 ack 10 x20'), '');
  t.equal(transcript.play('> . 8 "h"\n< . 1 ack 10 x2'), '');
  t.equal(
    transcript.play('< . 1 ack 10'),
    '0.0 gap 1 acknowledged, 0.0 "h"',
    'packets count while a hole holds bytes back',
  );
  t.equal(transcript.play('< . 1 ack 12\nwait 250'), '0.0 gap 3 acknowledged', 'and what is never seen by time');
  t.end();
});

t.test('overlap policies', (t) => {
  const script = '> . 4 "DEF"\n> . 10 "JKL"\n> . 2 "bcdefghijklm"\n> . 1 "a"';
  t.equal(established().play(script), '0.0 "a", 0.0 "bc", 0.0 "DEFghi", 0.0 "JKLm"', 'the first wins by default');
  const lastWins = established({ overlap: OverlapPolicy.lastWins });
  t.equal(lastWins.play(script), '0.0 "a", 0.0 "bc", 0.0 "defghi", 0.0 "jklm"', 'or the last');
  t.equal(lastWins.layer.counters.overwrittenBytes, 6);
  t.equal(lastWins.layer.pagesInUse, 0);
  const inOrder = '> . 4 "DEF"\n> . 1 "abcdefgh"';
  t.equal(established().play(inOrder), '0.0 "abc", 0.0 "DEF", 0.0 "gh"', 'in order, too');
  t.equal(established({ overlap: OverlapPolicy.lastWins }).play(inOrder), '0.0 "abcdefgh"');
  t.equal(established().play('> . 4 "DEF"\n> . 1 "abcde"'), '0.0 "abc", 0.0 "DEF"', 'and ending inside');
  t.equal(established({ overlap: OverlapPolicy.lastWins }).play('> . 4 "DEF"\n> . 1 "abcde"'), '0.0 "abcde", 0.0 "F"');
  t.end();
});

t.test('the octet of a keep-alive probe says nothing: what waits of one gives way', (t) => {
  // RFC 9293, 3.8.4: a probe has one byte of any value where the last one of the data is.
  const policies = [OverlapPolicy.firstWins, OverlapPolicy.lastWins];
  for (const overlap of policies) {
    const play = (script: string) => {
      const transcript = established({ overlap });
      const events = transcript.play(script);
      t.equal(transcript.layer.counters.conflictingBytes, 0, 'no conflict');
      t.equal(transcript.layer.pagesInUse, 0);
      return events.replaceAll('", 0.0 "', '');
    };
    t.equal(play('> . 6 "?"\n> . 1 "abcdef"'), '0.0 "abcdef"', 'a probe overtakes a segment');
    t.equal(play('> . 6 "?"\n> . 4 "def"\n> . 1 "abc"'), '0.0 "abcdef"', '… that waits, too');
    t.equal(play('> . 6 "?"\n> . 7 "gh"\n> . 4 "def"\n> . 1 "abc"'), '0.0 "abcdefgh"', '… with more behind it');
    t.equal(play('> . 4 "def"\n> . 6 "?"\n> . 1 "abc"'), '0.0 "abcdef"', 'a probe comes behind it');
    t.equal(play('> . 4 "d"\n> . 3 "c"\n> . 2 "b"\n> . 1 "a"'), '0.0 "abcd"', 'data of one byte');
  }
  t.end();
});

t.test('bytes that come with two contents while they wait are counted', (t) => {
  for (const overlap of [OverlapPolicy.firstWins, OverlapPolicy.lastWins]) {
    const count = (script: string) => {
      const transcript = established({ overlap });
      transcript.play(script);
      return transcript.layer.counters.conflictingBytes;
    };
    t.equal(count('> . 4 "DEF"\n> . 10 "JKL"\n> . 2 "bcdefghijklm"\n> . 1 "a"'), 6, 'behind a hole');
    t.equal(count('> . 4 "DEF"\n> . 1 "abcdE"'), 1, 'at the hole');
    t.equal(count('> . 4 "def"\n> . 4 "def"\n> . 1 "abcdefg"'), 0, 'the same once more');
    t.equal(count('> . 4 "d"\n> . 4 "D"\n> . 1 "abc"'), 1, 'one byte twice: which is the probe nobody knows');
  }
  t.end();
});

t.test('a gap is given up once the other side has acknowledged past it, with slack', (t) => {
  const transcript = established({ limits: { ackSlackPackets: 4 } });
  t.equal(transcript.play('> . 4 "def"\n> . 7 "ghi"\n< . 1 ack 10\n< . 1 ack 10 x3'), '', 'three packets on');
  t.equal(transcript.play('< . 1 ack 10'), '0.0 gap 3 acknowledged, 0.0 "defghi"');
  t.equal(transcript.layer.counters.gapsAcknowledged, 1);
  t.equal(transcript.layer.counters.gapBytesAcknowledged, 3);
  t.equal(transcript.play('> . 10 "jkl"'), '0.0 "jkl"', 'and goes on');

  t.equal(transcript.play('> . 16 "pqr"\n< . 1 ack 13 x20'), '', 'what is not acknowledged may still come');
  t.equal(transcript.play('> . 13 "mno"'), '0.0 "mno", 0.0 "pqr"');

  const skewed = established({ limits: { ackSlackPackets: 4 } });
  t.equal(
    skewed.play('< . 1 ack 4\n> . 1 "abc"\n< . 1 ack 7 x2\n> . 4 "def"\n< . 1 ack 10 x3\n> . 7 "ghi"\n> . 10 "jkl" x5'),
    '0.0 "abc", 0.0 "def", 0.0 "ghi", 0.0 "jkl"',
    'an acknowledgement shown before its data loses nothing',
  );
  t.equal(skewed.layer.counters.gapsAcknowledged, 0);

  const two = established({ limits: { ackSlackPackets: 4 } });
  t.equal(
    two.play('> . 4 "def"\n> . 10 "jkl"\n< . 1 ack 13 x5'),
    '0.0 gap 3 acknowledged, 0.0 "def", 0.0 gap 3 acknowledged, 0.0 "jkl"',
    'two holes at once',
  );
  const part = established({ limits: { ackSlackPackets: 4 } });
  t.equal(part.play('> . 9 "ijk"\n< . 1 ack 4 x5'), '0.0 gap 3 acknowledged', 'as far as acknowledged');
  t.equal(part.play('> . 4 "defgh"'), '0.0 "defgh", 0.0 "ijk"');
  t.end();
});

t.test('a hole is waited for as long as a jitter lasts, however many packets pass in it', (t) => {
  const jittered = established({ limits: { ackSlackPackets: 4, ackSlackLeastUs: 50_000 } });
  t.equal(jittered.play('> . 4 "def"\n< . 1 ack 7 x40'), '', 'forty packets in as many milliseconds');
  t.equal(jittered.play('> . 1 "abc"'), '0.0 "abc", 0.0 "def"');
  t.equal(jittered.play('> . 10 "jkl"\n< . 1 ack 13 x50'), '');
  t.equal(jittered.play('< . 1 ack 13'), '0.0 gap 3 acknowledged, 0.0 "jkl"', 'and no longer');
  t.end();
});

t.test('a stream gone quiet is not kept waiting for its slack', (t) => {
  const transcript = established();
  t.equal(transcript.play('> . 4 "def"\n< . 1 ack 7\nwait 100'), '');
  t.equal(transcript.play('wait 150'), '0.0 gap 3 acknowledged, 0.0 "def"');
  t.equal(transcript.play('< . 1 ack 10\nwait 300'), '0.0 gap 3 acknowledged', 'the last bytes of a burst are lost');
  t.equal(transcript.play('< . 1 ack 11\nwait 300'), '', 'one byte may be a FIN that was not captured');
  t.equal(transcript.play('> . 11 "k"\n< . 1 ack 12\nwait 300'), '0.0 gap 1 acknowledged, 0.0 "k"', 'until more comes');
  t.end();
});

t.test('a gap without an acknowledgement goes by the timeout', (t) => {
  const transcript = new Transcript();
  t.equal(transcript.play('> S 0\n> . 4 "def"\nwait 5000\n> . 10 "jkl"\nwait 4900'), 'open 0', 'one side captured');
  t.equal(transcript.play('wait 200'), '0.0 gap 3 timeout, 0.0 "def"');
  t.equal(transcript.play('wait 4900'), '0.0 gap 3 timeout, 0.0 "jkl"', 'each hole by its own age');
  t.equal(transcript.layer.counters.gapsTimeout, 2);
  t.equal(transcript.play('> F 16\nwait 11000'), '0.0 gap 3 timeout, 0.0 end', 'a hole before the FIN as well');
  t.end();
});

t.test('page budgets', (t) => {
  const page = 'x'.repeat(2000);
  const transcript = established({ limits: { pagesPerConnectionMax: 5, pagesMax: 8 } });
  transcript.play(`> . 4001 "${page}"\n> . 8001 "${page}"\n> . 12001 "${page}"`);
  t.equal(transcript.layer.pagesInUse, 3);
  t.equal(transcript.play(`> . 16001 "${page}"`), '', 'within the budget of the connection');
  const events = transcript.play(`> . 20001 "${page}"`);
  t.equal(events.replaceAll(page, 'x'), '0.0 gap 4000 pages, 0.0 "x"', 'past it, its first gap goes');
  t.equal(transcript.layer.counters.gapsConnectionBudget, 1);

  transcript.clientPort += 1;
  transcript.handshake();
  const others = transcript.play(`> . 3001 "${page}"\n> . 7001 "${page}"\n> . 11001 "${page}"\n> . 15001 "${page}"`);
  t.equal(
    others.replaceAll(page, 'x'),
    '0.0 gap 2000 pages, 0.0 "x"',
    'past the budget of all, the oldest gap of any connection goes',
  );
  t.equal(transcript.layer.counters.gapsTotalBudget, 1);
  t.ok(transcript.layer.pagesInUse <= 8);

  const tiny = established({ limits: { pagesPerConnectionMax: 1 } });
  t.equal(tiny.play('> . 4 "def"'), '0.0 gap 3 pages, 0.0 "def"', 'what can never fit is not waited for');
  t.end();
});

t.test('holes are bounded in number', (t) => {
  const transcript = established({ limits: { holesPerConnectionMax: 3 } });
  t.equal(transcript.play('> . 3 "c"\n> . 5 "e"\n> . 7 "g"'), '');
  t.equal(transcript.play('> . 9 "i"'), '0.0 gap 2 pages, 0.0 "c"');
  t.equal(transcript.layer.counters.gapsHoleLimit, 1);
  t.end();
});

t.test('snap length', (t) => {
  const transcript = established();
  t.equal(transcript.play('> . 1 "abcdef" cut 2'), '0.0 "ab", 0.0 gap 4 truncated');
  t.equal(transcript.play('> . 7 "ghi" cut 0'), '0.0 gap 3 truncated');
  t.equal(transcript.play('> . 13 "mnopqr" cut 2\n> . 19 "stu" cut 0'), '');
  t.equal(transcript.play('> . 10 "jkl"'), '0.0 "jkl", 0.0 "mn", 0.0 gap 4 truncated');
  t.equal(transcript.layer.counters.gapBytesTruncated, 11);
  t.equal(
    transcript.play('< . 1 ack 22\nwait 300'),
    '0.0 gap 3 acknowledged',
    'nothing captured of a segment ahead: a hole like any other',
  );
  const overlap = established();
  t.equal(
    overlap.play('> . 5 "ef"\n> . 1 "abcdefgh" cut 2'),
    '0.0 "ab", 0.0 gap 2 truncated, 0.0 "ef"',
    'cut-off bytes do not hide those that wait',
  );
  t.equal(
    established().play('> . 3 "cdef"\n> . 1 "abcdefgh" cut 3'),
    '0.0 "ab", 0.0 "cdef", 0.0 gap 2 truncated',
    'nor count twice what waited',
  );
  t.end();
});

t.test('keep-alives, zero windows and their probes', (t) => {
  const transcript = established();
  t.equal(transcript.play('> . 1 "abc"\n< . 1 ack 4 win 0\n> . 3 ack 1\n> . 3 ack 1 "c"'), '0.0 "abc"');
  t.equal(transcript.layer.counters.keepAlives, 2);
  t.equal(transcript.layer.counters.zeroWindows, 1);
  t.equal(transcript.play('> . 4 "d"\n> . 4 "d" x3\n< . 1 ack 5\n> . 4 "def"'), '0.0 "d", 0.0 "ef"');
  t.equal(transcript.layer.counters.zeroWindowProbes, 1);
  t.end();
});

t.test('RST', (t) => {
  const transcript = established();
  transcript.play('> . 1 "abc"');
  t.equal(transcript.play('> R 100000000\nwait 300'), '', 'far outside the window: ignored');
  t.equal(transcript.play('> R -5000\nwait 300'), '', 'before it: ignored');
  t.equal(transcript.layer.counters.resetsIgnored, 2);
  t.equal(transcript.play('> R 4'), '', 'lingers for the slack');
  t.equal(transcript.play('< . 1 "xyz"'), '0.1 "xyz"', 'what was sent before and is shown after still counts');
  t.equal(transcript.play('wait 250'), 'close 0 reset');
  t.equal(transcript.play('< . 4 "more"'), '', 'stragglers open no ghost');
  t.equal(transcript.layer.counters.streamsClosedReset, 1);

  const waiting = established();
  t.equal(
    waiting.play('> . 4 "def"\n> . 9 "i"\n< R 1\nwait 300'),
    '0.0 gap 3 closed, 0.0 "def", 0.0 gap 2 closed, 0.0 "i", close 0 reset',
    'what waits is delivered',
  );
  const late = established();
  t.equal(late.play('> R 4\n> . 1 "abc"\n> . 4 "more"\nwait 300'), '0.0 "abc", close 0 reset', 'nothing after the RST');
  const refused = new Transcript();
  t.equal(refused.play('> S 0\n< RA -5000 ack 1\nwait 300'), 'open 0, close 0 reset', 'a refused connection');
  t.end();
});

t.test('a SYN repeated after its client reset what the server still held opens the connection', (t) => {
  const transcript = new Transcript();
  transcript.play('> S 0\n< . 1 ack 28259\n> R 28259');
  // On a quiet line no other packet runs the timers in between.
  transcript.nowUs += 900_000;
  t.equal(transcript.play('> S 0\n< SA 0 ack 1\n> . 1 ack 1 "abc"'), 'close 0 reset, open 0, 0.0 "abc"');
  t.equal(transcript.layer.counters.segmentsAfterClose, 0);
  transcript.play('> F 4\n< F 1\n> S 0');
  t.equal(transcript.layer.counters.segmentsAfterClose, 1, 'at once it is a straggler');
  t.end();
});

t.test('a reset stream is forgotten in time even if the whole capture pauses', (t) => {
  const transcript = established();
  transcript.play('> . 1 "abc"\n> R 4');
  transcript.nowUs += 16_000_000;
  t.equal(transcript.play('> . 1 ack 1 "again"'), 'close 0 reset, open 0, 0.0 "again"');
  t.end();
});

t.test('a thousand resets with several pages waiting leave none in use', (t) => {
  const transcript = new Transcript({ limits: { pagesMax: 8192, streamsMax: 4096 } });
  for (let connection = 0; connection < 1000; connection += 1) {
    transcript.clientPort = 1024 + connection;
    transcript.play(`> S 0\n< SA 0 ack 1\n> . 1 ack 1\n< . 3001 "${'x'.repeat(1448)}"\n< . 7001 "${'y'.repeat(1448)}"`);
    transcript.play(connection % 2 === 0 ? '< R 8449' : '> R 1');
  }
  t.ok(transcript.layer.gauges()['tcp.pagesInUsePeak']! > 50);
  transcript.play('wait 300');
  t.equal(transcript.layer.pagesInUse, 0);
  t.equal(transcript.layer.counters.streamsClosedReset, 1000);
  t.end();
});

t.test('a beginning out of order waits for the answer to its SYN', (t) => {
  const rest = '> S 0\n< SA 0 ack 1\n> . 1 ack 1';
  const xs = (first: number) => `> . ${first} ack 1 "${'x'.repeat(40_000)}"`;
  const cases: [name: string, script: string, events: string, midStream?: boolean][] = [
    ['request first', `> . 1 ack 1 "abc"\n${rest}\n< . 1 ack 4 "def"`, 'open 0, 0.0 "abc", 0.1 "def"'],
    [
      'in two pieces, the second first',
      `> . 4 ack 1 "def"\n> . 1 ack 1 "abc"\n${rest}`,
      'open 0, 0.0 "abc", 0.0 "def"',
    ],
    ['answer first: sides stay right', `< . 1 ack 4 "def"\n${rest}`, 'open 0, 0.1 "def"'],
    ['answer to the SYN before it', '> . 1 ack 1 "abc"\n< SA 0 ack 1\n> S 0', 'open 0, 0.0 "abc"'],
    [
      'data of the server before its SYN',
      '> S 0\n< . 4 ack 1 "ghi"\n< . 1 ack 1 "def"\n< SA 0 ack 1',
      'open 0, 0.1 "def", 0.1 "ghi"',
    ],
    [
      'data of the server before any SYN, and before what it sent first',
      '< . 4 ack 7 "ghi"\n> S 0\n< SA 0 ack 1\n< . 1 ack 4 "def"\n> . 1 ack 1 "abc"',
      'open 0, 0.1 "def", 0.1 "ghi", 0.0 "abc"',
    ],
    ['its end before them', '> S 0\n< F 4 ack 1\n< . 1 ack 1 "def"\n< SA 0 ack 1', 'open 0, 0.1 "def", 0.1 end'],
    [
      'an end before all else',
      `< F 4 ack 4\n> . 1 ack 1 "abc"\n${rest}\n< . 1 ack 4 "def"\n> F 4 ack 5`,
      'open 0, 0.0 "abc", 0.1 "def", 0.1 end, 0.0 end, close 0 fin',
    ],
    ['no answer', '> S 0\n< . 1 ack 1 "def"\nwait 1000', 'open 0, 0.1 "def"'],
    [
      'no answer, and what it acknowledges',
      '> S 0\n< . 1 ack 4 "def"\n> . 1 ack 1 "abc"\nwait 1000',
      'open 0, 0.1 "def", 0.0 "abc"',
    ],
    ['no SYN', '> . 1 ack 1 "abc"\n< . 1 ack 4 "def"\nwait 1000', 'open 0, 0.0 "abc", 0.1 "def"', true],
    ['a reset', '> . 1 ack 1 "abc"\n> R 4\nwait 1000', 'open 0, 0.0 "abc", close 0 reset', true],
    ['shed', '> . 1 ack 1 "abc"\npressure 2', 'open 0, 0.0 "abc"', true],
    [
      'the first round trips of a large answer before both SYNs, the wrong way round',
      `${[80_001, 40_001, 1].map((first) => xs(first).replace('>', '<')).join('\n')}\n> S 0\n< SA 0 ack 1`,
      'open 0, 0.1 "x"',
    ],
    [
      'more than may wait',
      `${[0, 1, 2, 3, 4, 5, 6].map((piece) => xs(piece * 40_000 + 1)).join('\n')}\n> . 280001 "y"`,
      'open 0, 0.0 "x", 0.0 "y"',
      true,
    ],
  ];
  for (const [name, script, events, midStream = false] of cases) {
    const transcript = new Transcript({ limits: { beginningsMax: 4 } });
    t.equal(
      transcript
        .play(script)
        .replace(/(?:0\.(\d) "x+"(?:, )?)+/, '0.$1 "x", ')
        .replace(/, $/, ''),
      events,
      name,
    );
    t.same(transcript.midStream, [midStream], name);
  }
  const another = new Transcript({ limits: { beginningsMax: 4 } });
  another.play('> . 1 ack 1 "abc"\n> S 0\n> S 99\n< SA 0 ack 100');
  t.same(another.events, ['open 0', '0.0 "abc"', 'close 0 reused', 'open 0'], 'the SYN of another');
  const alone = new Transcript({ limits: { beginningsMax: 4 } });
  t.equal(alone.play('> F 1 ack 1\n< . 1 ack 2\nwait 1000'), '', 'an end of nothing opens nothing');
  t.equal(alone.layer.counters.segmentsWithoutStream, 2);
  t.equal(alone.layer.streamsOpen, 0);
  const few = new Transcript({ limits: { beginningsMax: 1 } });
  t.equal(few.play('> . 1 ack 1 "abc"'), '');
  few.clientPort += 1;
  t.equal(few.play('> . 1 ack 1 "def"'), 'open 0, 0.0 "abc"', 'the oldest goes on as it came');
  t.equal(few.play('finish'), 'open 1, 1.0 "def", close 0 endOfInput, close 1 endOfInput');
  t.end();
});

t.test('opening in unusual ways', (t) => {
  t.equal(
    new Transcript().play('> S 0\n< S 0\n> SA 0 ack 1\n< SA 0 ack 1\n> . 1 ack 1 "abc"\n< . 1 ack 4 "def"'),
    'open 0, 0.0 "abc", 0.1 "def"',
    'simultaneous',
  );
  t.equal(
    new Transcript().play('> S 0 "GET /"\n< SA 0 ack 6 "200"\n> . 6 ack 4 "!"'),
    'open 0, 0.0 "GET /", 0.1 "200", 0.0 "!"',
    'fast open',
  );
  t.equal(
    new Transcript().play('> S 0 "GET /"\n< SA 0 ack 1\n> . 1 ack 1 "GET /"'),
    'open 0, 0.0 "GET /"',
    'fast open whose data were refused',
  );
  t.equal(
    new Transcript().play('> . 500 ack 700 "abc"\n< . 700 ack 503 "def"'),
    'open 0, 0.0 "abc", 0.1 "def"',
    'no SYN',
  );
  t.equal(
    new Transcript().play('> . 500 ack 700 "abc"\n< . 706 ack 503 "jkl"\n< . 700 ack 503 "defghi"'),
    'open 0, 0.0 "abc", 0.1 "defghi", 0.1 "jkl"',
    'no SYN: an acknowledgement shows where the other side is',
  );
  t.equal(new Transcript().play('> . 500 ack 700\n< R 700\n> F 500 ack 700'), '', 'nothing worth a stream');
  t.equal(
    new Transcript().play('< SA 0 ack 1\n> S 0\n> . 1 ack 1 "abc"\n< . 1 ack 4 "def"'),
    'open 0, 0.0 "abc", 0.1 "def"',
    'SYN-ACK shown before the SYN: sides stay right',
  );
  t.equal(
    new Transcript().play('> S 0\n> . 1 ack 1\n> . 1 ack 1 "abc"\n< . 4 ack 4 "ghi"\n< . 1 ack 4 "def"\n< SA 0 ack 1'),
    'open 0, 0.0 "abc", 0.1 "def", 0.1 "ghi"',
    'SYN-ACK late',
  );
  t.equal(new Transcript().play('> . 1 "abc"\n> S 0\n> . 4 "def"'), 'open 0, 0.0 "abc", 0.0 "def"', 'SYN late');
  const between = new Transcript();
  between.play('> S 0\n< . 4 ack 1 "ghi"\n< SA 0 ack 1\nwait 600\n> . 1 ack 4 "abc"\nwait 600');
  t.equal(
    between.play('< . 1 ack 1 "def"\n< . 7 ack 4 "jkl"\n> . 4 ack 7 "d"'),
    '0.1 "jkl", 0.0 "d"',
    'what lies behind a late SYN',
  );
  t.equal(between.layer.counters.farBehindSegments, 0);
  const challenged = new Transcript();
  t.equal(
    challenged.play('> S 0\n< . 1 ack 28259\n> R 28259\nwait 300'),
    'open 0, close 0 reset',
    'an acknowledgement of an older connection is no gap',
  );
  const stale = new Transcript();
  t.equal(stale.play('> S 0\n< SA -700 ack -900\n< SA 0 ack 1\n< . 1 "abc"'), 'open 0, 0.1 "abc"', 'a stale SYN-ACK');
  t.equal(stale.layer.counters.synAcksIgnored, 1);
  t.end();
});

t.test('a new connection on the same addresses and ports', (t) => {
  const transcript = established();
  t.equal(transcript.play('> S 0\n> S 0'), '', 'a SYN again');
  t.equal(transcript.layer.counters.synRetransmissions, 2);
  transcript.play('> . 1 "abc"\n> . 7 "ghi"');
  transcript.sequences = [900_000, 70_000];
  t.equal(transcript.play('> S 0\n> S 0'), '', 'a SYN alone ends nothing');
  t.equal(transcript.play('< SA 0 ack 1'), '0.0 gap 3 closed, 0.0 "ghi", close 0 reused, open 0', 'its answer does');
  t.equal(transcript.layer.streamId(0), 2);
  t.equal(transcript.play('> . 1 ack 1 "new"\n< . 1 ack 4 "one"'), '0.0 "new", 0.1 "one"');
  t.equal(transcript.play('> F 4 ack 4\n< F 4 ack 5'), '0.0 end, 0.1 end, close 0 fin');
  transcript.sequences = [5, 6];
  t.equal(transcript.play('> S 0\n< SA 0 ack 1\n> . 1 "abc"'), 'open 0, 0.0 "abc"', 'after a FIN, at once');
  t.equal(transcript.layer.streamsOpen, 1);
  t.end();
});

t.test('sequence numbers wrap around', (t) => {
  for (const start of [-1, -2, -5, -9, 2 ** 31 - 5]) {
    const transcript = new Transcript({ limits: { ackSlackPackets: 2 } });
    transcript.sequences = [start, start];
    transcript.handshake();
    t.equal(
      transcript.play(
        '> . 1 "abc"\n> . 7 "ghi"\n> . 4 "def"\n> . 4 "def"\n> . 13 "mno"\n< . 1 ack 16 x3\n> F 16\n< F 1',
      ),
      '0.0 "abc", 0.0 "def", 0.0 "ghi", 0.0 gap 3 acknowledged, 0.0 "mno", 0.0 end, 0.1 end, close 0 fin',
    );
  }
  t.end();
});

t.test('bytes far ahead are shed, until the stream insists', (t) => {
  const transcript = established();
  t.equal(transcript.play('> . 1 "abc"\n> . 50000000 "xyz" x15'), '0.0 "abc"');
  t.equal(transcript.layer.counters.farAheadSegments, 15);
  t.equal(transcript.layer.pagesInUse, 0);
  t.equal(transcript.play('> . 4 "def"\n> . 50000000 "xyz" x15'), '0.0 "def"', 'a segment in place forgives');
  t.equal(transcript.play('> . 50000000 "xyz"'), '0.0 gap 49999993 timeout, 0.0 "xyz"');
  t.equal(transcript.layer.counters.gapsFarAhead, 1);
  t.equal(
    transcript.play('> . 2000 "old" x16'),
    'close 0 reused, open 0, 0.0 "old"',
    'far behind: another connection, its SYN not seen',
  );
  t.equal(
    transcript.play('< . 1 ack 900000000 x200\n> . 2003 "er"'),
    '0.0 "er"',
    'acknowledgements far ahead mean nothing',
  );
  t.equal(transcript.layer.counters.farAheadAcks, 200);
  t.end();
});

t.test('FIN', (t) => {
  const transcript = established();
  t.equal(transcript.play('> F 7'), '', 'before its data');
  t.equal(transcript.play('> . 4 "def"\n> F 7 x3\n> . 1 "abc"'), '0.0 "abc", 0.0 "def", 0.0 end');
  t.equal(transcript.play('> . 7 "ghi"\n> . 4 "def"\n> F 7'), '', 'nothing after it');
  t.equal(transcript.layer.counters.bytesAfterEnd, 3);
  t.equal(transcript.play('< . 1 "half-closed"\n< F 12 ack 8'), '0.1 "half-closed", 0.1 end, close 0 fin');
  const withData = established({ limits: { ackSlackPackets: 2 } });
  t.equal(
    withData.play('> F 1 "abc"\n< . 1 ack 5\n< F 1 "defg"'),
    '0.0 "abc", 0.0 end, 0.1 "defg", 0.1 end, close 0 fin',
  );
  const bogus = established();
  t.equal(
    bogus.play('> . 7 "ghi"\n> F 4\n> . 1 "abcdef"'),
    '0.0 "abcdef", 0.0 "ghi"',
    'a FIN among bytes already seen',
  );
  t.equal(bogus.layer.counters.finsIgnored, 1);
  const acknowledged = established({ limits: { ackSlackPackets: 2 } });
  t.equal(
    acknowledged.play('> F 4\n< . 1 ack 5 x3'),
    '0.0 gap 3 acknowledged, 0.0 end',
    'the acknowledgement of a FIN does not count as data',
  );
  t.end();
});

t.test('idle streams close, each kind in its time', (t) => {
  const transcript = established();
  t.equal(transcript.play('wait 31000'), 'close 0 idle', 'without payload');
  t.equal(
    transcript.play('> . 1 ack 1 "abc"\n< . 4 "gap"'),
    'open 0, 0.0 "abc", 0.1 gap 3 closed, 0.1 "gap"'.slice(0, 17),
  );
  t.equal(transcript.play('wait 179000'), '0.1 gap 3 timeout, 0.1 "gap"');
  t.equal(transcript.play('wait 2000'), 'close 0 idle');
  t.equal(transcript.layer.counters.streamsClosedIdle, 2);
  t.equal(transcript.layer.gauges()['tcp.streamsClosedHeld'], 0);
  t.end();
});

t.test('a full table evicts what is least worth keeping', (t) => {
  const transcript = new Transcript({ limits: { streamsMax: 4 } });
  const connect = (port: number, script: string) => {
    transcript.clientPort = port;
    return transcript.play(script);
  };
  connect(1, '> S 0\n> . 1 "a"');
  connect(2, '> S 0\n> . 1 "b"');
  connect(3, '> S 0');
  connect(4, '> S 0\n> F 1\n< F 1');
  t.equal(connect(5, '> S 0'), 'open 3', 'the key of a closed stream');
  t.equal(transcript.layer.counters.closedKeysEvicted, 1);
  t.equal(connect(6, '> S 0'), 'close 2 evicted, open 2', 'the oldest without payload');
  connect(1, '> . 2 "a"');
  for (let port = 100; port < 200; port += 1) connect(port, '> S 0');
  t.equal(connect(1, '> . 3 "a"') + connect(2, '> . 2 "b"'), '0.0 "a"1.0 "b"', 'a flood of SYNs evicts its own kind');
  connect(7, '> S 0\n> . 1 "c"');
  connect(8, '> S 0\n> . 1 "d"');
  t.equal(connect(9, '> S 0').slice(0, 15), 'close 0 evicted', 'then whichever was idle for longest');
  t.equal(transcript.layer.streamsOpen, 4);
  t.equal(transcript.play('finish').split(', ').length, 4);
  t.equal(transcript.layer.streamsOpen, 0);
  t.end();
});

t.test('pressure', (t) => {
  const transcript = established();
  transcript.play('> . 4 "def"');
  t.equal(transcript.play('pressure 1\n> . 7 "ghi"'), '');
  transcript.clientPort += 1;
  t.equal(transcript.play('> S 0\n> . 1 "abc"'), '', 'no new streams');
  t.equal(transcript.layer.counters.streamsRefused, 2);
  transcript.clientPort -= 1;
  t.equal(transcript.play('pressure 2'), '0.0 gap 3 pages, 0.0 "defghi"', 'what waits goes');
  t.equal(transcript.play('> . 13 "mno"'), '0.0 gap 3 pages, 0.0 "mno"', 'nothing waits any more');
  t.equal(transcript.layer.counters.gapsPressure, 2);
  t.equal(transcript.layer.pagesInUse, 0);
  t.equal(transcript.play('pressure 0\n> . 19 "stu"\n> . 16 "pqr"'), '0.0 "pqr", 0.0 "stu"');
  t.end();
});

t.test('everything is flushed at the end of the input', (t) => {
  const transcript = established();
  t.equal(
    transcript.play('> . 4 "def"\n> F 9\n< . 1 ack 4 "x"\n> . 1 ack 8\nfinish'),
    '0.1 "x", 0.0 gap 3 closed, 0.0 "def", 0.0 gap 2 closed, 0.0 end, 0.1 gap 6 closed, close 0 endOfInput',
  );
  t.equal(transcript.layer.pagesInUse, 0);
  t.end();
});

t.test('who a stream is between', (t) => {
  const transcript = new Transcript();
  transcript.tag({ vlans: [7, 12] });
  transcript.handshake();
  const expected = {
    id: 1,
    clientAddress: '10.0.0.1',
    clientPort: 40_000,
    serverAddress: '10.0.0.2',
    serverPort: 80,
    vlan: 12,
    interfaceIndex: 0,
    midStream: false,
    openedUs: 1_700_000_000_001_000,
  };
  t.same(transcript.layer.describe(0, emptyStreamDescription()), expected);
  const answered = new Transcript();
  answered.play('< SA 0 ack 1');
  t.same(answered.layer.describe(0, emptyStreamDescription()), { ...expected, vlan: -1 }, 'a SYN-ACK is the server’s');
  const picked = new Transcript();
  picked.play('< . 1 "abc"');
  const description = picked.layer.describe(0, emptyStreamDescription());
  t.same([description.clientAddress, description.midStream], ['10.0.0.2', true], 'else the first to send');
  t.end();
});

t.test('networks are separated only when asked', (t) => {
  const together = established();
  together.tag({ vlans: [5] });
  t.equal(together.play('> . 1 "abc"'), '0.0 "abc"');
  const apart = established({ networks: NetworkPolicy.apart });
  apart.tag({ vlans: [5] });
  t.equal(apart.play('> . 1 "abc"'), 'open 1, 1.0 "abc"');
  t.end();
});

t.test('the packets’ clock may step back', (t) => {
  const transcript = established();
  transcript.play('> . 1 "abc"');
  transcript.nowUs -= 3_600_000_000;
  t.equal(
    transcript.play('> . 4 "def"\nwait 1000\n> . 10 "jkl"\nwait 5000\n> . 7 "ghi"'),
    '0.0 "def", 0.0 "ghi", 0.0 "jkl"',
  );
  t.equal(transcript.layer.counters.clockSteps, 1);
  t.equal(transcript.play('wait 200000'), 'close 0 idle', 'timers go on');
  t.end();
});
