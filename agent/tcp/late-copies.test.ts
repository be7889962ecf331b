/** What is sent again, or seen twice, on a port that is used again: it is neither another answer, nor room taken from what waits. */
import t from 'tap';
import { Transcript } from './transcript.ts';

/** Plays lines of a conversation with these numbers. */
function as(transcript: Transcript, sequences: [number, number], script: string): string {
  transcript.sequences = sequences;
  return transcript.play(script);
}

t.test('a copy of an answer between the next SYN and its answer is of the conversation before', (t) => {
  for (const copy of ['< . 1 ack 4 "200"', '< F 4 ack 5', '< . 1 ack 4 "200"\n< F 4 ack 5']) {
    for (const next of [
      [900_000, 700_000],
      [2000, 9000],
      [-900_000, -700_000],
    ] as [number, number][]) {
      const transcript = new Transcript();
      const first: [number, number] = [1000, 5000];
      as(
        transcript,
        first,
        '> S 0\n< SA 0 ack 1\n> . 1 ack 1 "GET"\n< . 1 ack 4 "200"\n> F 4 ack 4\n< F 4 ack 5\n> . 5 ack 5',
      );
      as(transcript, next, 'wait 50\n> S 0');
      const events = [
        as(transcript, first, `wait 300\n${copy}`),
        as(transcript, next, 'wait 300\n< SA 0 ack 1\n> . 1 ack 1 "more"\n< . 1 ack 5 "yes"\nwait 3000'),
      ];
      t.match(events.join(' '), /^\S* ?0\.0 "more", 0\.1 "yes"$/, `${copy} ${next}`);
      t.equal(transcript.layer.counters.successions, 0);
    }
  }
  t.end();
});

t.test('what waits for a late direction is held once, however often it is sent', (t) => {
  const pieces = 24;
  for (const copies of [1, 3]) {
    const transcript = new Transcript();
    const numbers = (turn: number): [number, number] => [turn * 7_000_000, turn * 99_000_000];
    for (let turn = 0; turn < 4; turn += 1) {
      const lines = ['< SA 0 ack 1'];
      for (let piece = 0; piece < pieces; piece += 1) {
        for (let copy = 0; copy < copies; copy += 1) lines.push(`< . ${1 + piece * 4} ack 4 "${1000 + piece}"`);
      }
      as(transcript, numbers(turn), [...lines, `< F ${1 + pieces * 4} ack 5`].join('\n'));
    }
    let events = '';
    for (let turn = 0; turn < 4; turn += 1) {
      const end = 1 + pieces * 4;
      events += as(
        transcript,
        numbers(turn),
        `> S 0\n> . 1 ack 1 "GET"\n> F 4 ack ${end}\n> . 5 ack ${end + 1}\nwait 20`,
      );
    }
    events += transcript.play('wait 3000');
    const opened = events.split('open 0').slice(1);
    t.equal(events.match(/"GET"/g)?.length, 4, `${copies} copies`);
    for (const each of opened) t.match(each, /"GET"/, `${copies} copies: each stream has its request`);
    t.equal(transcript.layer.counters.heldBytesShed, 0);
  }
  t.end();
});

t.test('a copy of the SYN of a conversation before the last begins nothing', (t) => {
  const whole = (request: string, answer: string) => {
    const [asked, answered] = [1 + request.length, 1 + answer.length];
    const end = `> F ${asked} ack ${answered}\n< F ${answered} ack ${asked + 1}\n> . ${asked + 1} ack ${answered + 1}`;
    return [`> S 0\n< SA 0 ack 1\n> . 1 ack 1 "${request}"`, `< . 1 ack ${asked} "${answer}"`, end] as const;
  };
  const first: [number, number] = [1_000_000, 5_000_000];
  const second: [number, number] = [1_005_000, 5_030_000];
  const [before, last] = [whole('GET', '200').join('\n'), whole('more', 'yes')];
  // The copy comes behind the end of the last one, and with other copies; or within it.
  for (const at of [3, 2, 1]) {
    for (const copies of ['> S 0', '> S 0\n< SA 0 ack 1', '> S 0\n< . 1 ack 4 "200"\n> F 4 ack 4\n> . 5 ack 5']) {
      const transcript = new Transcript();
      as(transcript, first, before);
      const events = [as(transcript, second, `wait 100\n${last.slice(0, at).join('\n')}`)];
      events.push(as(transcript, first, `wait 100\n${copies}`));
      events.push(
        as(transcript, second, [...last.slice(at), '> . 1 ack 1 "more"', '< . 1 ack 5 "yes"', 'wait 3000'].join('\n')),
      );
      const text = events.join(' ');
      t.equal(text.match(/"more"/g)?.length, 1, `${at} ${copies}: the request once`);
      t.equal(text.match(/"yes"/g)?.length, 1, `${at} ${copies}: the answer once`);
      t.notMatch(text, /reused/, `${at} ${copies}: to its end`);
    }
  }
  const transcript = new Transcript();
  as(transcript, first, before);
  as(transcript, second, last.join('\n'));
  t.match(
    as(transcript, first, `wait 1600\n${before}`),
    /"GET".*"200"/s,
    'a recording that is played again begins anew',
  );
  t.end();
});
