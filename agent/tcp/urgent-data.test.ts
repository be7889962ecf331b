import t from 'tap';
import { UrgentPolicy } from './limits.ts';
import { Transcript, type TranscriptOptions } from './transcript.ts';

function established(options: TranscriptOptions = {}): Transcript {
  const transcript = new Transcript(options);
  transcript.handshake();
  return transcript;
}

t.test('an urgent byte leaves the stream, as Linux delivers it', (t) => {
  const transcript = established();
  t.equal(transcript.play('> PU 1 ack 1 "malicXious" urg 6'), '0.0 "malic", 0.0 "ious"', 'the byte before the pointer');
  t.equal(transcript.layer.counters.urgentBytes, 1);
  t.same(
    transcript.places.map(({ sequence }) => sequence),
    [1, 7],
    'what follows has its place',
  );
  t.equal(transcript.play('> . 11 ack 1 "abc"'), '0.0 "abc"', 'and it goes on');
  t.equal(transcript.play('< . 1 ack 14 "xyz"'), '0.1 "xyz"');

  const cases: [name: string, script: string, events: string][] = [
    ['the last byte, as send() with MSG_OOB does it', '> U 1 ack 1 "abcX" urg 4', '0.0 "abc"'],
    ['the first byte', '> U 1 ack 1 "Xabc" urg 1', '0.0 "abc"'],
    ['a pointer of nothing means the first byte, too', '> U 1 ack 1 "Xabc" urg 0', '0.0 "abc"'],
    ['the only byte', '> U 1 ack 1 "X" urg 1\n> . 2 ack 1 "a"', '0.0 "a"'],
    ['in the next segment', '> U 1 ack 1 "ab" urg 4\n> U 3 ack 1 "cXd" urg 2', '0.0 "ab", 0.0 "c", 0.0 "d"'],
    ['in one without the flag', '> U 1 ack 1 "ab" urg 4\n> . 3 ack 1 "cXd"', '0.0 "ab", 0.0 "c", 0.0 "d"'],
    ['announced by a segment without payload', '> U 1 ack 1 urg 3\n> . 1 ack 1 "abXc"', '0.0 "ab", 0.0 "c"'],
    ['several', '> U 1 ack 1 "aX" urg 2\n> U 3 ack 1 "bY" urg 2\n> . 5 ack 1 "c"', '0.0 "a", 0.0 "b", 0.0 "c"'],
    [
      'a later one takes an awaited one’s place',
      '> U 1 ack 1 urg 2\n> U 1 ack 1 urg 4\n> . 1 ack 1 "aXbYc"',
      '0.0 "aXb", 0.0 "c"',
    ],
    ['an earlier one does not', '> U 1 ack 1 urg 4\n> U 1 ack 1 urg 2\n> . 1 ack 1 "aXbYc"', '0.0 "aXb", 0.0 "c"'],
    ['sent again', '> U 1 ack 1 "aXb" urg 2\n> U 1 ack 1 "aXb" urg 2\n> . 4 ack 1 "c"', '0.0 "a", 0.0 "b", 0.0 "c"'],
    ['sent again with more', '> U 1 ack 1 "aXb" urg 2\n> U 1 ack 1 "aXbc" urg 2', '0.0 "a", 0.0 "b", 0.0 "c"'],
    ['announced too late', '> . 1 ack 1 "aXb"\n> U 1 ack 1 "aXb" urg 2\n> . 4 ack 1 "c"', '0.0 "aXb", 0.0 "c"'],
    ['out of order', '> U 3 ack 1 "bXc" urg 2\n> . 1 ack 1 "aa"', '0.0 "aa", 0.0 "b", 0.0 "c"'],
    ['out of order, over several pieces', '> . 5 ack 1 "Xd"\n> U 1 ack 1 "abcc" urg 5', '0.0 "abcc", 0.0 "d"'],
    ['with a FIN', '> FU 1 ack 1 "abX" urg 3', '0.0 "ab", 0.0 end'],
    ['beyond a FIN', '> FU 1 ack 1 "ab" urg 9', '0.0 "ab", 0.0 end'],
    ['cut off', '> U 1 ack 1 "abXcd" urg 3 cut 2\n> . 6 ack 1 "e"', '0.0 "ab", 0.0 gap 3 truncated, 0.0 "e"'],
    ['a pointer without the flag', '> . 1 ack 1 "abc" urg 2', '0.0 "abc"'],
    ['far away', '> U 900000000 ack 1 "abc" urg 2\n> . 1 ack 1 "abc"', '0.0 "abc"'],
    ['of the server', '< U 1 ack 1 "aXb" urg 2', '0.1 "a", 0.1 "b"'],
  ];
  for (const [name, script, events] of cases) t.equal(established().play(script), events, name);
  const middle = new Transcript();
  t.equal(middle.play('> U 500 ack 700 "aXb" urg 2'), 'open 0, 0.0 "a", 0.0 "b"', 'met in the middle');
  const lost = established({ limits: { ackSlackPackets: 2 } });
  t.equal(
    lost.play('> U 1 ack 1 "ab" urg 4\n> . 6 ack 1 "de"\n< . 1 ack 8 x4\n> . 8 ack 1 "f"'),
    '0.0 "ab", 0.0 gap 3 acknowledged, 0.0 "de", 0.0 "f"',
    'lost',
  );
  t.equal(lost.layer.counters.urgentBytes, 0);
  t.end();
});

t.test('by another policy it stays, or is the byte that the pointer names', (t) => {
  const script = '> U 1 ack 1 "malicXious" urg 6\n> U 11 ack 1 "Xab" urg 0';
  t.equal(established({ urgent: UrgentPolicy.inline }).play(script), '0.0 "malicXious", 0.0 "Xab"', 'SO_OOBINLINE');
  t.equal(
    established({ urgent: UrgentPolicy.outOfBandRfc1122 }).play(script),
    '0.0 "malicX", 0.0 "ous", 0.0 "ab"',
    'tcp_stdurg',
  );
  t.end();
});

t.test('so many are awaited at one time, others stay', (t) => {
  const transcript = new Transcript({ limits: { streamsMax: 2048 } });
  for (let port = 1; port <= 1100; port += 1) {
    transcript.clientPort = port;
    transcript.play('> S 0\n< SA 0 ack 1\n> U 1 ack 1 "a" urg 3');
  }
  t.equal(transcript.layer.counters.urgentShed, 1100 - 1024);
  t.match(transcript.play('> . 2 ack 1 "bXc"'), /"bXc"/);
  transcript.clientPort = 1;
  t.match(transcript.play('> . 2 ack 1 "bXc"'), /"b", 0\.0 "c"/);
  transcript.clientPort = 1100;
  t.match(transcript.play('> U 5 ack 1 "dXe" urg 2'), /"d", 1099\.0 "e"/, 'there is room again');
  t.end();
});
