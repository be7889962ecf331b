import t from 'tap';
import { createRandom } from '../seeded-random.ts';
import { Transcript, type TranscriptOptions } from './transcript.ts';

function established(options: TranscriptOptions = {}): Transcript {
  const transcript = new Transcript(options);
  transcript.handshake();
  return transcript;
}

/** Plays with other initial sequence numbers, as another conversation of the same addresses and ports. */
function as(transcript: Transcript, sequences: [number, number], script: string): string {
  const before = transcript.sequences;
  transcript.sequences = sequences;
  const events = transcript.play(script);
  transcript.sequences = before;
  return events;
}

t.test('a second answer to a SYN counts when the client acknowledges it', (t) => {
  for (const second of [-2_000_000_000, -90_000, -7, 11, 90_000, 2_000_000_000]) {
    const transcript = new Transcript();
    transcript.play('> S 0\n< SA 0 ack 1\n> S 0');
    const others: [number, number] = [1000, 5000 + second];
    t.equal(as(transcript, others, '< SA 0 ack 1\n> . 1 ack 1'), '', `${second} off`);
    t.equal(
      as(transcript, others, '> P 1 ack 1 "GET /"\n< P 1 ack 6 "200"\n> F 6 ack 4\n< F 4 ack 7'),
      '0.0 "GET /", 0.1 "200", 0.0 end, 0.1 end, close 0 fin',
      `${second} off: the response`,
    );
    t.equal(transcript.layer.counters.answersReplaced, 1, `${second} off: counted`);
  }

  const request = new Transcript();
  request.play('> S 0\n< SA 0 ack 1');
  t.equal(as(request, [1000, 900_000], '< SA 0 ack 1\n> P 1 ack 1 "GET /"'), '0.0 "GET /"', 'its acknowledgement lost');
  t.equal(as(request, [1000, 900_000], '< P 1 ack 6 "200"'), '0.1 "200"');

  const early = new Transcript();
  early.play('> S 0\n< SA 0 ack 1');
  t.equal(as(early, [1000, 900_000], '< SA 0 ack 1\n< P 1 ack 1 "hello"'), '', 'data shown before the acknowledgement');
  t.equal(as(early, [1000, 900_000], '> . 1 ack 6'), '0.1 "hello"', 'are not lost');

  const first = established();
  as(first, [1000, 900_000], '< SA 0 ack 1');
  t.equal(first.play('> . 1 ack 1 "GET /"\n< . 1 ack 6 "200"'), '0.0 "GET /", 0.1 "200"', 'one that it does not: not');
  t.equal(first.layer.counters.synAcksIgnored, 1);
  as(first, [1000, 900_000], '< SA 0 ack 1\n> . 6 ack 1');
  t.equal(first.play('< . 4 ack 6 "more"'), '0.1 "more"', 'nor after bytes of the first');

  const repeated = new Transcript();
  t.equal(
    repeated.play(
      '> S 0\n< SA 0 ack 1\n> S 0\n< SA 0 ack 1\n> . 1 ack 1\n< SA 0 ack 1\n> . 1 ack 1 "a"\n< . 1 ack 2 "b"',
    ),
    'open 0, 0.0 "a", 0.1 "b"',
    'the same answer again',
  );
  t.equal(repeated.layer.counters.synRetransmissions, 3);
  t.end();
});

t.test('a second SYN with another number', (t) => {
  const before = new Transcript();
  before.play('> S 0');
  t.equal(
    as(before, [77_000, 5000], '> S 0\n< SA 0 ack 1\n> . 1 ack 1 "GET /"\n< . 1 ack 6 "200"'),
    'close 0 reused, open 0, 0.0 "GET /", 0.1 "200"',
    'before an answer: that which is answered',
  );
  const old = new Transcript();
  old.play('> S 0');
  as(old, [77_000, 5000], '> S 0');
  t.equal(old.play('< SA 0 ack 1\n> . 1 ack 1 "GET /"'), '0.0 "GET /"', 'or the first');

  const forged = established();
  forged.play('> . 1 ack 1 "abc"');
  as(forged, [77_000, 5000], '> S 0\n> S 0');
  t.equal(forged.play('< . 1 ack 4 "xyz"\n> . 4 ack 4 "def"'), '0.1 "xyz", 0.0 "def"', 'a forged one ends nothing');
  t.equal(forged.layer.streamId(0), 1);

  const restarted = established();
  restarted.play('> . 1 ack 1 "abc"\n< . 1 ack 4 "xyz"');
  as(restarted, [77_000, 5000], '> S 0');
  t.equal(restarted.play('< . 4 ack 4\n> R 4'), '', 'a client that began anew resets what the server still held');
  t.equal(
    as(restarted, [77_000, 40_000], '> S 0\n< SA 0 ack 1\n> . 1 ack 1 "new"\n< . 1 ack 4 "one"'),
    'close 0 reused, open 0, 0.0 "new", 0.1 "one"',
  );

  const oneSided = new Transcript();
  oneSided.play('> S 0\n> . 1 ack 1 "abc"');
  const next = '> S 0\n> . 1 ack 1\n> . 1 ack 1 "new"';
  t.equal(as(oneSided, [77_000, 40_000], next), '', 'the server of the first may come late');
  const events = 'close 0 reused, open 0, 0.0 "new"';
  t.equal(oneSided.play('wait 250'), events, 'where only the client is captured');
  t.equal(as(oneSided, [900_000, 40_000], 'wait 250'), '');
  t.equal(as(oneSided, [900_000, 40_000], next), events, 'at once where the first has been quiet for long');
  t.end();
});

t.test('an RST that the connection survives', (t) => {
  const server = established();
  t.equal(server.play('> . 1 ack 1 "GET /"\n< RA 1 ack 6\n< . 1 ack 6\n< . 1 ack 6 "200"'), '0.0 "GET /"', 'waits');
  t.equal(server.play('> . 6 ack 4'), '0.1 "200"', 'what its receiver acknowledges is data');
  t.equal(
    server.play('wait 3000\n> . 6 ack 4 "again"\n< . 4 ack 11 "200"'),
    '0.0 "again", 0.1 "200"',
    'and it goes on',
  );
  t.equal(server.play('> F 11 ack 7\n< F 7 ack 12'), '0.0 end, 0.1 end, close 0 fin');
  t.same([server.layer.counters.resetsSurvived, server.layer.counters.bytesAfterEnd], [1, 0]);

  const client = established();
  client.play('> . 1 ack 1 "GET /"\n> R 6');
  t.equal(client.play('< . 1 ack 6 "200"\n> . 6 ack 4'), '0.1 "200"', 'its sender acknowledges what came after it');
  t.equal(client.play('wait 3000\n> . 6 ack 4 "again"'), '0.0 "again"');
  t.equal(client.layer.counters.resetsSurvived, 1);

  const ahead = established();
  t.equal(
    ahead.play('> . 1 ack 1 "GET /"\n< R 500\n< . 1 ack 6 "200"\n> . 6 ack 4\n< . 4 ack 6 "more"\n> . 6 ack 8'),
    '0.0 "GET /", 0.1 "200", 0.1 "more"',
    'somewhere in the window (RFC 5961, 3.2)',
  );
  const both = established();
  t.equal(
    both.play('> . 1 ack 1 "GET /"\n< R 1\n> R 6\n< . 1 ack 6 "200"\n> . 6 ack 4\nwait 1000\n> . 6 ack 4 "on"'),
    '0.0 "GET /", 0.1 "200", 0.0 "on"',
    'one for either side, by a box in between',
  );
  const fin = established();
  t.equal(
    fin.play('> . 1 ack 1 "GET /"\n< R 1\n< F 1 ack 6 "200"\n> F 6 ack 5'),
    '0.0 "GET /", 0.1 "200", 0.1 end, 0.0 end, close 0 fin',
    'a FIN behind it',
  );
  const slow = established();
  slow.play('> . 1 ack 1 "GET /"\n< R 1\nwait 150\n< . 1 ack 6\nwait 150');
  t.equal(slow.play('< . 1 ack 6 "200"\n> . 6 ack 4'), '0.1 "200"', 'while its sender sends it is not over');

  const refused = new Transcript();
  refused.play('> S 0\n< RA -5000 ack 1');
  t.equal(
    refused.play('< SA 0 ack 1\n> . 1 ack 1\nwait 3000\n> . 1 ack 1 "GET /"\n< . 1 ack 6 "200"'),
    '0.0 "GET /", 0.1 "200"',
    'one before the answer to the SYN',
  );
  const real = established();
  t.equal(
    real.play('> . 1 ack 1 "GET /"\n< R 1\n< . 1 ack 6 "late"\nwait 500'),
    '0.0 "GET /", close 0 reset',
    'a real one',
  );
  t.equal(real.layer.counters.heldBytesShed, 4);
  t.equal(real.play('< . 1 ack 6 "late"\n> R 6\n< . 5 ack 6 "r"\n> R 6 x3\nwait 3000'), '', 'is the end');
  t.equal(real.layer.counters.resetsSurvived, 0);

  const later = established();
  later.play('> . 1 ack 1 "GET /"\n< R 1\nwait 1000');
  t.equal(
    later.play('< . 1 ack 6 "200"\n> . 6 ack 4\n> . 6 ack 4 "more"'),
    'open 0, 0.0 "200", 0.1 "more"'.replace('0.0 "200", 0.1 "more"', '0.1 "200", 0.0 "more"'),
    'after the stream was closed: another one',
  );
  t.end();
});

t.test('a segment sent again long after the close is no new conversation', (t) => {
  const end = '> . 1 ack 1 "GET /"\n< . 1 ack 6 "200"\n> F 6 ack 4\n< F 4 ack 7\n> . 7 ack 5';
  const transcript = established();
  transcript.play(end);
  let waits = 0;
  for (const ms of [100, 1000, 1900, 3000, 6000, 60_000, 300_000, 500_000]) {
    t.equal(transcript.play(`wait ${ms}\n< F 1 ack 7 "200"\n> . 1 ack 1 "GET /"\n< F 4 ack 7`), '', `${ms} ms later`);
    waits += ms;
  }
  t.ok(waits < 1_000_000);
  t.equal(transcript.layer.counters.retransmissionsAfterClose, 12, 'two with payload, six times after the hold');
  t.equal(transcript.play('wait 1000\n> . 1 ack 1 "GE"'), '', 'a part');
  t.equal(transcript.play('> . 7 ack 5 "GET /new"'), 'open 0, 0.0 "GET /new"', 'what lies behind is new');

  const reset = established();
  reset.play('> . 1 ack 1 "GET /"\n< . 1 ack 6 "200"\n> R 6\nwait 5000');
  t.equal(reset.play('< . 1 ack 6 "200"'), '', 'after a reset');
  const idle = established();
  idle.play('> . 1 ack 1 "GET /"\n< . 1 ack 6 "200"\nwait 190000');
  t.equal(idle.play('> . 5 ack 4 "/"'), '', 'a keep-alive with a byte, long after the stream was given up');
  t.equal(idle.play('> . 6 ack 4 "GET /"'), 'open 0, 0.0 "GET /"', 'which may go on');

  const another = established();
  another.play(end);
  another.play('wait 5000');
  t.equal(
    as(another, [-4_000_000, 9_000_000], '> . 1 ack 1 "GET /"'),
    'open 0, 0.0 "GET /"',
    'other numbers: another one',
  );

  const many = new Transcript({ limits: { streamsMax: 64 } });
  for (let port = 1; port <= 500; port += 1) {
    many.clientPort = port;
    many.handshake();
    many.play(end);
  }
  many.play('wait 5000');
  let known = 0;
  for (let port = 500; port > 480; port -= 1) {
    many.clientPort = port;
    if (many.play('< F 1 ack 7 "200"') === '') known += 1;
  }
  t.ok(known >= 15, `${known} of the last 20: there is room for as many as there are streams, in sets of four`);
  t.end();
});

t.test('a port used again whose FIN and SYN were missed', (t) => {
  const conversation = (count: number, pause: number) =>
    Array.from({ length: count }, (_, index) => {
      const [ask, answer] = [1 + index * 3, 1 + index * 4];
      return `> . ${ask} ack ${answer} "GET"\n< . ${answer} ack ${ask + 3} "200${index % 10}"\n> . ${ask + 3} ack ${answer + 4}\nwait ${pause}`;
    }).join('\n');
  const count = (events: string, what: string) => events.split(what).length - 1;

  const jumps: [string, [number, number]][] = [
    ['a little lower', [-1000, -3000]],
    ['lower, in the window', [-900_000, -5_000_000]],
    ['far lower', [-1_500_000_000, -300_000_000]],
    ['one lower, one far higher', [-800_000, 1_000_000_000]],
    ['one lower, one higher in the window', [-800_000, 5_000_000]],
    ['one higher in the window, one lower', [5_000_000, -800_000]],
    ['far higher', [1_000_000_000, 500_000_000]],
  ];
  for (const [name, [client, server]] of jumps) {
    for (const pause of [1, 1000]) {
      for (const isMidStream of [false, true]) {
        const transcript = new Transcript();
        if (!isMidStream) transcript.handshake();
        transcript.sequences = [200_000, 300_000];
        if (!isMidStream) {
          transcript.sequences = [1000, 5000];
        }
        transcript.play(conversation(30, 1));
        const sequences: [number, number] = [transcript.sequences[0] + client, transcript.sequences[1] + server];
        const events = as(transcript, sequences, `wait ${pause}\n${conversation(300, pause)}`);
        const what = `${name}, ${pause} ms apart${isMidStream ? ', the first one met in the middle' : ''}`;
        const isFar = Math.abs(client) > 70_000;
        // Numbers so near the start of one met in the middle could be its own: known by the pause after it.
        if (isMidStream && !isFar && pause === 1) continue;
        t.equal(count(events, '"GET"'), 300, `${what}: requests`);
        t.equal(count(events, '"200'), 300, `${what}: responses`);
        t.match(events, /^close 0 reused, open 0, 0\.0 "GET", 0\.1 "2000"/, `${what}: in their order`);
        t.equal(transcript.layer.counters.successions, 1, `${what}: counted`);
      }
    }
  }

  const inside = established();
  inside.play(conversation(100, 1));
  const events = as(inside, [1000 + 40, 5000 + 70], `wait 1000\n${conversation(300, 1000)}`);
  t.equal(count(events, '"GET"'), 300, 'numbers that the first one had already, after a pause');
  t.equal(count(events, '"200'), 300);

  const wraps = new Transcript();
  wraps.sequences = [-20, -30];
  wraps.handshake();
  t.equal(count(wraps.play(conversation(300, 1)), '"GET"'), 300, 'numbers that wrap around are no jump');
  t.equal(wraps.layer.counters.successions, 0);
  t.end();
});

t.test('neither wild nor forged segments, nor copies, end a stream', (t) => {
  const transcript = established();
  transcript.play('> . 1 ack 1 "abc"\n< . 1 ack 4 "xyz"');
  for (const [client, server] of [
    [-900_000, -900_000],
    [1_000_000_000, 7],
    [-2_000_000_000, 99_999_999],
  ] as const) {
    as(transcript, [1000 + client, 5000 + server], '> . 1 ack 1 "forged" x3');
  }
  t.equal(transcript.play('< . 4 ack 4 "xyz"\n> . 4 ack 7 "def"'), '0.1 "xyz", 0.0 "def"');
  as(transcript, [-900_000, -900_000], '> . 1 ack 1 "forged"\n< . 50000 ack 900000 "other"\n> R 7');
  t.equal(transcript.play('> . 6 ack 7\n> . 7 ack 7 "ghi"'), '0.0 "ghi"', 'not even one for each side');
  t.equal(transcript.layer.counters.successions, 0);
  t.equal(transcript.play('wait 20000'), '');
  t.ok(transcript.layer.counters.heldBytesShed > 0, 'what they held goes');

  for (const [client, server] of [
    [10_500_000, 11_500_000],
    [-12_000_000, 9_000_000],
    [1_000_000_000, 700_000],
  ] as const) {
    const again = established();
    const last = '> . 1 ack 1 "GET /"\n< . 1 ack 6';
    again.play(`${last}\n< . 1 ack 6 "200"\n> F 6 ack 4\n< F 4 ack 7\nwait 100`);
    const handshake = '> S 0\n< SA 0 ack 1\n> . 1 ack 1';
    const next: [number, number] = [1000 + client, 5000 + server];
    t.equal(as(again, next, handshake), 'open 0');
    t.equal(
      again.play(`${last}\n${last}\n< SA 0 ack 1`),
      '',
      'copies of a conversation that is over, and of their answers',
    );
    t.equal(
      as(again, next, '> . 1 ack 1 "PUT /"\n< . 1 ack 6 "404"'),
      '0.0 "PUT /", 0.1 "404"',
      'the next one goes on',
    );
    t.equal(again.layer.counters.successions, 0);
    as(again, next, '> F 6 ack 4\n< F 4 ack 7');
    const [later, events]: [[number, number], string] = [[1000 + 3 * client, 5000 + 3 * server], '0.0 "x", 0.1 "y"'];
    again.play(`${last}\n${last}`);
    t.equal(
      as(again, later, `${handshake}\n> . 1 ack 1 "x"\n< . 1 ack 2 "y"`),
      `open 0, ${events}`,
      'nor after its end',
    );
  }

  const mirrored = established();
  let late = '';
  for (let round = 0; round < 40; round += 1) {
    const [ask, answer] = [1 + round * 3, 1 + round * 4];
    const now = `> . ${ask} ack ${answer} "GET"\n< . ${answer} ack ${ask + 3} "200 "`;
    mirrored.play(`${now}\nwait 900\n${late}`);
    late = now;
  }
  mirrored.play(`wait 900\n${late}`);
  t.equal(mirrored.layer.counters.successions, 0, 'copies of a second mirror, 900 ms late');
  t.equal(mirrored.layer.counters.streamsOpened, 1);

  const keptAlive = established();
  keptAlive.play('> . 1 ack 1 "abc"\n< . 1 ack 4 "xyz"');
  keptAlive.play(
    'wait 45000\n> . 3 ack 4\n< . 4 ack 4\nwait 45000\n> . 3 ack 4 "c"\n< . 4 ack 4\n< . 3 ack 4 "z"\n> . 4 ack 4',
  );
  t.equal(keptAlive.play('> . 4 ack 4 "def"'), '0.0 "def"', 'keep-alives with and without a byte');
  t.equal(keptAlive.layer.counters.successions, 0);

  const resent = established();
  resent.play(
    '> . 1 ack 1 "abc"\n< . 1 ack 4 "xyz"\nwait 3000\n< . 1 ack 4 "xyz"\n> . 4 ack 4\nwait 3000\n< . 1 ack 4 "xyz"\n> . 4 ack 4',
  );
  t.equal(resent.play('> . 4 ack 4 "def"'), '0.0 "def"', 'retransmissions after pauses');
  t.equal(resent.layer.counters.successions, 0);
  t.end();
});

t.test('a port used again where the first conversation is not seen to its end, or not yet', (t) => {
  const hole = '> . 1 ack 1 "GET /"\n< . 4 ack 6 "200"\n> F 6 ack 7';
  const next = '> . 1 ack 1 "PUT /"\n< . 1 ack 6 "404"\n> . 6 ack 4';
  const events = 'open 0, 0.0 "PUT /", 0.1 "404"';
  const cases: [string, string, string][] = [
    ['the SYN lost', hole, `< SA 0 ack 1\n> . 1 ack 1\n${next}`],
    ['the handshake lost', hole, next],
    [
      'the server late: the SYN, and what follows, before its answer',
      hole.replace('1 ack 1 "GET', '4 ack 1 "'),
      '> S 0\n> . 1 ack 1 "x"\n> . 2 ack 4 "PUT /"\n< SA 0 ack 1\n< . 1 ack 2 "yyy"\n< . 4 ack 7 "404"',
    ],
    [
      'the client late: the answers before the SYN',
      '> . 1 ack 1 "GET /"\n< . 1 ack 6 "200"\n> F 6 ack 4\n< F 4 ack 7',
      '< SA 0 ack 1\n< . 1 ack 6 "404"\n> S 0\n> . 1 ack 1\n> . 1 ack 1 "PUT /"',
    ],
    [
      'the client late, the first reset without an exchange',
      '> R 1 ack 1',
      '< SA 0 ack 1\n< . 1 ack 6 "404"\n> S 0\n> . 1 ack 1\n> . 1 ack 1 "PUT /"',
    ],
  ];
  for (const [name, first, second] of cases) {
    for (const [client, server] of [
      [500_000, 900_000],
      [500_000, 800_000_000],
      [268_000_000, 2_500_000],
    ] as const) {
      const transcript = established();
      transcript.play(`${first}\nwait 30`);
      const played = as(transcript, [1000 + client, 5000 + server], `${second}\nfinish`);
      const own = played.split(', ').filter((event) => /^open|PUT|404/.test(event));
      t.same(own.sort(), events.split(', ').sort(), `${name}, ${client} and ${server} off`);
    }
  }
  t.end();
});

/** One conversation, whole: its request and its response, or none, and its end. */
function whole(text: string, end: string): string[] {
  const [request, response] = [text.length, text.length * 2];
  const exchange = text === '' ? [] : [`> . 1 ack 1 "${text}"`, `< . 1 ack ${1 + request} "${text}"`];
  // More segments than would be believed of one side alone.
  for (let at = 0; at < request; at += 1) exchange.push(`< . ${1 + request + at} ack ${1 + request} "x"`);
  const fins = [`> F ${1 + request} ack ${1 + response}`, `< F ${1 + response} ack ${2 + request}`];
  const over = end === 'F' ? fins : [`${end} R ${1 + (end === '>' ? request : response)} ack 1`];
  return ['> S 0', '< SA 0 ack 1', '> . 1 ack 1', ...exchange, ...over];
}

/** What both directions of each stream with payload delivered. */
function deliveredOf(events: readonly string[]): string[] {
  const streams: [string, string][] = [];
  for (const event of events) {
    if (event === 'open 0') streams.push(['', '']);
    const [, side, payload] = /^0\.([01]) "(.*)"$/.exec(event) ?? [];
    if (payload !== undefined) streams.at(-1)![Number(side)]! += payload;
  }
  return streams.map(([request, response]) => `${request}/${response}`).filter((payload) => payload !== '/');
}

t.test('a port used again, and again, before the late direction shows the first conversation', (t) => {
  const numbers = createRandom(16, 'late direction');
  for (const late of ['>', '<']) {
    for (const end of ['F', '>', '<']) {
      for (const step of [0, 900, 300_000]) {
        const transcript = new Transcript();
        const sequences: [number, number] = [1000, 5000];
        const behind: [[number, number], string][] = [];
        const events: string[] = [];
        const wanted: string[] = [];
        for (let each = 0; each < 8; each += 1) {
          const text = each % 4 === 2 ? '' : `${each}`.repeat(20);
          if (text !== '') wanted.push(`${text}/${text}${'x'.repeat(20)}`);
          const lines = whole(text, end);
          const isLate = (line: string) => line.startsWith(late);
          behind.push([[...sequences], lines.filter(isLate).join('\n')]);
          events.push(...as(transcript, sequences, lines.filter((line) => !isLate(line)).join('\n')).split(', '));
          for (const side of [0, 1] as const)
            sequences[side] = step === 0 ? numbers.u32() | 0 : sequences[side] + step + numbers.below(step);
        }
        for (const [of, script] of behind) events.push(...as(transcript, of, script).split(', '));
        events.push(...transcript.play('finish').split(', '));
        t.same(deliveredOf(events), wanted, `${late} is late, end by ${end}, ${step} off`);
      }
    }
  }
  t.end();
});

t.test('two conversations that take turns are counted', (t) => {
  const transcript = established({ limits: {} });
  transcript.play('> . 1 ack 1 "abc"\n< . 1 ack 4 "xyz"');
  for (let turn = 0; turn < 4; turn += 1) {
    const at = 1 + turn * 3;
    as(
      transcript,
      [900_000_000, 800_000_000],
      `> . ${at} ack ${at} "GET"\n< . ${at} ack ${at + 3} "200"\n> . ${at + 3} ack ${at + 3}`,
    );
    transcript.play(
      `> . ${at + 3} ack ${at + 3} "abc"\n< . ${at + 3} ack ${at + 6} "xyz"\n> . ${at + 6} ack ${at + 6}`,
    );
  }
  t.ok(transcript.layer.counters.conversationsMixed >= 3, `${transcript.layer.counters.conversationsMixed} times`);
  t.end();
});

/** What one side alone shows of a conversation: requests from the client, or answers from the server. */
function oneSide(side: 0 | 1, requests: number, end: 'F' | 'R' | '', isBare: boolean): string {
  const [mark, syn] = side === 0 ? ['>', '> S 0'] : ['<', '< SA 0 ack 1'];
  const lines = [syn];
  if (isBare) lines.push(`${mark} . 1 ack ${side === 0 ? 1 : 6}`);
  for (let at = 0; at < requests; at += 1) {
    lines.push(`${mark} . ${1 + at * 5} ack ${1 + (at + side) * 7} "GET ${at}"`);
  }
  if (end !== '') lines.push(`${mark} ${end} ${1 + requests * 5} ack ${1 + requests * 7}`);
  return lines.join('\n');
}

t.test('one direction captured, a port used again and again', (t) => {
  const numbers = createRandom(16, 'one direction');
  const nearby = [-70_000, -20_000, -9, 5, 16, 17, 300, 64_000, 900_000, 12_000_000, -12_000_000];
  for (const side of [0, 1] as const) {
    for (const end of ['F', 'R', ''] as const) {
      for (const pause of [0, 190, 9000]) {
        for (let round = 0; round < 4; round += 1) {
          const requests = 1 + numbers.below(3);
          const isBare = numbers.below(2) === 1;
          const transcript = new Transcript();
          const sequences: [number, number] = [0, 0];
          const script = `${oneSide(side, requests, end, isBare)}\nwait ${pause}`;
          let events = '';
          const jumps: number[] = [];
          for (let each = 0; each < 8; each += 1) {
            const near = nearby[numbers.below(nearby.length)]!;
            // What begins right where the one before it stopped, without an end, may be that.
            const jump = round < 2 ? numbers.below(2 ** 32) : end === '' && near === 5 * requests ? near + 1 : near;
            jumps.push(jump);
            sequences[side] = (sequences[side] + jump) | 0;
            const other = round % 2 === 0 ? numbers.below(2 ** 32) : nearby[numbers.below(nearby.length)]!;
            jumps.push(other);
            sequences[side ^ 1] = (sequences[side ^ 1]! + other) | 0;
            events += `${as(transcript, sequences, script)}, `;
          }
          // What one side alone shows waits until the other one cannot be late.
          events += transcript.play('finish');
          const what = `side ${side}, end "${end}", ${pause} ms, ${requests} requests, bare ${isBare}, by ${jumps}`;
          t.equal(events.split(`0.${side} "GET `).length - 1, 8 * requests, what);
          t.equal(events.split('open 0').length - 1, 8, `${what}: streams`);
        }
      }
    }
  }
  t.end();
});

t.test('one direction captured: what is another conversation, and what is none', (t) => {
  for (const end of ['F', 'R'] as const) {
    const again = new Transcript();
    again.play(`${oneSide(0, 2, end, true)}\nwait 1000`);
    const events = again.play(oneSide(0, 2, end, true));
    t.match(events, /open 0, 0\.0 "GET 0", 0\.0 "GET 1"/, `"${end}", then the same numbers: another one`);
  }
  const copies = new Transcript();
  copies.play(oneSide(0, 2, 'F', true));
  t.equal(copies.play(`wait 100\n${oneSide(0, 2, 'F', true)}`), '', 'copies of a second mirror: none');
  const blind = new Transcript();
  blind.play(oneSide(0, 2, '', true));
  as(blind, [77_000, 0], '> S 0\n> S 0 x5');
  t.equal(blind.play('> . 11 ack 15 "on"'), '0.0 "on"', 'a SYN sent again says no more than the first');
  as(blind, [900, 0], '> S 0');
  t.equal(blind.play('> . 13 ack 15\n> . 13 ack 15 "on"'), '0.0 "on"', 'a SYN in the window that nothing follows');
  t.equal(blind.layer.counters.successions, 0);
  const first = new Transcript();
  first.play('> S 0');
  as(first, [77_000, 0], '> S 0');
  t.equal(first.play('> . 1 ack 1\n> . 1 ack 1 "GET"'), '0.0 "GET"', 'of two SYNs the first was answered');
  for (const [mark, syn, near] of [
    ['>', '> S 0', [400, 9000]],
    ['<', '< SA 0 ack 1', [90_000, 4000]],
  ] as const) {
    const late = new Transcript();
    late.play(`${syn}\n${mark} . 1 ack 1 "one"\n${mark} R 4\nwait 190`);
    const sequences: [number, number] = [...near];
    as(late, sequences, syn);
    late.play('wait 250');
    t.match(
      as(late, sequences, `${mark} . 1 ack 9 "two"`),
      /open 0, 0\.[01] "two"$/,
      `${mark}: a SYN before the close of a reset`,
    );
    const after = new Transcript();
    after.play(`${syn}\n${mark} . 1 ack 1 "one"\n${mark} R 4\nwait 500`);
    t.match(
      as(after, sequences, `${syn}\n${mark} . 1 ack 9 "two"`),
      /open 0, 0\.[01] "two"$/,
      `${mark}: and behind it`,
    );
    t.equal(after.midStream.at(-1), false, `${mark}: from its start`);
  }
  t.end();
});

t.test('what may follow is bounded', (t) => {
  const transcript = new Transcript({ limits: { successorsMax: 4, successorPagesMax: 6 } });
  for (let port = 1; port <= 20; port += 1) {
    transcript.clientPort = port;
    transcript.handshake();
    transcript.play('> . 1 ack 1 "abc"\n< . 1 ack 4 "xyz"');
    as(transcript, [-900_000_000, 1_800_000_000], `> . 1 ack 1 "${'x'.repeat(5000)}" x3`);
  }
  t.ok(transcript.layer.counters.heldBytesShed > 5000 * 16);
  t.equal(
    as(transcript, [-900_000_000, 1_800_000_000], '< . 1 ack 5001 "200"').slice(0, 24),
    'close 19 reused, open 19',
    'the latest has its place',
  );
  t.end();
});

t.test('a conversation on ports used before waits for its SYNs, whatever of it is captured first', (t) => {
  const segments: Record<string, string> = {
    S: '> S 0',
    A: '< SA 0 ack 1',
    q: '> P 1 ack 1 "GET /"',
    p: '< P 1 ack 6 "20"',
    P: '< P 3 ack 6 "0!"',
    b: '> . 6 ack 5',
    x: '> P 6 ack 5 "GET 2"',
    y: '< P 5 ack 11 "two"',
  };
  const of = (events: string, side: number) =>
    [...events.matchAll(/0\.(\d) "(.*?)"/g)].map(([, from, text]) => (from === `${side}` ? text : '')).join('');
  for (const order of ['pPbSqA', 'pPSAqb', 'PpSqAb', 'bPSpAq', 'qSpAPb', 'qpPSbA', 'bpqPAS', 'pqPbAS', 'SpPqbA']) {
    const transcript = established({ limits: { beginningsMax: 8 } });
    transcript.play('> . 1 ack 1 "old"\n< . 1 ack 4 "older"\n> F 4 ack 6\n< F 6 ack 5\n> . 5 ack 7');
    const script = [...`${order}xy`].map((letter) => segments[letter]).join('\n');
    const events = as(transcript, [770_000, 90_000_000], script);
    t.equal(of(events, 0), 'GET /GET 2', order);
    t.equal(of(events, 1), '200!two', order);
    t.equal(events.match(/open/g)?.length, 1, `${order}: one stream`);
    t.notMatch(events, /gap/, order);
    t.notOk(transcript.midStream.at(-1), `${order}: from its start`);
  }

  const unstarted = established({ limits: { beginningsMax: 8 } });
  unstarted.play('> F 1 ack 1\n< F 1 ack 2\n> . 2 ack 2');
  t.equal(as(unstarted, [770_000, 90_000_000], '> P 1 ack 1 "GET /"\n< P 1 ack 6 "200"'), '');
  t.equal(as(unstarted, [770_000, 90_000_000], 'wait 250'), 'open 0, 0.0 "GET /", 0.1 "200"', 'no longer than others');
  t.end();
});

t.test('a port used again at once, with a large request, waits for what its server answered before', (t) => {
  const transcript = new Transcript();
  transcript.play('> S 0\n> . 1 ack 1\n> P 1 ack 1 "GET /"\n> . 6 ack 4\n> F 6 ack 4\n> . 7 ack 5');
  const sent = 44 * 1400;
  const next: [number, number] = [770_000, 3_000_000];
  const request = Array.from({ length: 44 }, (_, at) => `> . ${at * 1400 + 1} ack 1 "${'x'.repeat(1400)}"`);
  as(transcript, next, ['> S 0', '> . 1 ack 1', ...request].join('\n'));
  const before = transcript.play('< SA 0 ack 1\n< P 1 ack 6 "200"\n< F 4 ack 6\n< . 5 ack 7');
  t.match(before, /^0\.1 "200", 0\.1 end, close 0 fin/, 'the answer before is found');
  t.match(as(transcript, next, `< SA 0 ack 1\n< P 1 ack ${sent + 1} "201"`), /0\.1 "201"$/, 'and the next');
  t.equal(transcript.layer.counters.heldBytesShed, 0);
  t.end();
});
