import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import t from 'tap';
import { TcpFlag } from '../../../agent/wire/packet.ts';
import { buildTcpFrame, type FrameFields } from '../../../agent/wire/packet-builder.ts';
import { ImpairedTraffic } from '../impaired-traffic.ts';
import { parseImpairments } from '../impairments/parse.ts';
import { openSteady } from '../synthesis/steady.ts';
import type { Truth } from '../traffic.ts';
import { IntervalSet } from './interval-set.ts';
import { MessageTruth } from './message-truth.ts';

t.test('intervals agree with a list of bytes', async () => {
  const range = fc.tuple(fc.nat(60), fc.nat(12)).map(([start, length]) => [start, start + length] as const);
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), range, fc.nat(60), (added, [start, end], floor) => {
      const set = new IntervalSet();
      const bytes = new Set<number>();
      for (const [from, to] of added) {
        set.add(from, to);
        for (let at = from; at < to; at++) bytes.add(at);
      }
      if (start >= floor) set.forgetBelow(floor);
      let covered = true;
      for (let at = start; at < end; at++) covered &&= bytes.has(at);
      return set.covers(start, end) === covered;
    }),
    { seed: 4, numRuns: 2_000 },
  );
});

/** A conversation in frames: `>` from the client, `<` from the server, `S`, `F` and `R` its flags in front of the bytes. */
function frames(script: readonly string[], { vlans }: FrameFields = {}): Uint8Array[] {
  const next: [number, number] = [1_000, 0xffff_ff00];
  return script.map((line) => {
    const [, way, words, text] = /^([<>])([SFR-]*) ?([\s\S]*)$/.exec(line)!;
    const side = way === '>' ? 0 : 1;
    const payload = Buffer.from(text!, 'latin1');
    const flag = (word: string, bit: number) => (words!.includes(word) ? bit : 0);
    const sequence = next[side]!;
    const isSent = !words!.includes('-');
    if (isSent) next[side]! += payload.length + flag('S', 1) + flag('F', 1);
    else next[side]! += payload.length;
    return buildTcpFrame(
      {
        ...(side === 0
          ? { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 4000, destinationPort: 80 }
          : { source: '10.0.0.2', destination: '10.0.0.1', sourcePort: 80, destinationPort: 4000 }),
        ...{ sequence, acknowledgement: next[1 - side]!, payload },
        flags:
          flag('S', TcpFlag.syn) |
          flag('F', TcpFlag.fin) |
          flag('R', TcpFlag.rst) |
          (side === 0 && words!.includes('S') ? 0 : TcpFlag.ack),
      },
      vlans ? { vlans } : {},
    );
  });
}

/** Frames of the script that begin with `-` behind their direction are in no recording. */
function truthOf(
  script: readonly string[],
  { order, delivered }: { order?: number[]; delivered?: number[] } = {},
): Truth {
  const all = frames(script);
  const recorded = all.map((frame, at) => (/^[<>][SFR]*-/.test(script[at]!) ? undefined : frame));
  const truth = new MessageTruth(delivered !== undefined);
  for (const at of order ?? all.keys()) {
    const frame = recorded[at];
    if (frame) truth.sent(frame, 0, frame.length);
  }
  for (const at of delivered ?? []) truth.delivered(all[at]!, 0, all[at]!.length, 0, false);
  truth.finish();
  return truth.truth();
}

const get = '> GET /a HTTP/1.1\r\nHost: x\r\n\r\n';
const ok = '< HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const doubts = ({ doubts = [] }: Truth) => doubts.map(({ count, what }) => `${count} ${what}`).join('; ');

t.test('requests and responses of whole streams, however they are cut', async (t) => {
  const requests =
    'GET /a HTTP/1.1\r\nHost: x\r\n\r\n\r\nHEAD /b HTTP/1.1\r\n\r\nPOST /c HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc' +
    'PUT /d HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n0\r\nTrailer: x\r\n\r\n' +
    'PUT /e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /cut HTTP/1.1\r\nHo';
  const responses =
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n' +
    'HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\nto the end';
  for (const bytes of [1, 2, 3, 7, 50, 5_000]) {
    const cut = (way: string, text: string) =>
      text.match(new RegExp(`[\\s\\S]{1,${bytes}}`, 'g'))!.map((piece) => `${way} ${piece}`);
    const truth = truthOf(['>S', '<S', ...cut('>', requests), ...cut('<', responses), '>F', '<F']);
    t.match(truth, { requests: 5, requestsIntact: 5, responses: 5, responsesIntact: 5 }, `${bytes} bytes a segment`);
    t.equal(doubts(truth), '');
  }
});

t.test('a message is intact when each byte of it was delivered, in whatever order', async (t) => {
  const script = ['>S', '<S', get, '< HTTP/1.1 200 OK\r\nConte', '< nt-Length: 2\r\n\r\no', '< k', get, ok, '>F', '<F'];
  const all = [...script.keys()];
  const intact = (delivered: number[]) => {
    const { requestsIntact, responsesIntact } = truthOf(script, { delivered });
    return [requestsIntact, responsesIntact];
  };
  t.same(intact(all), [2, 2]);
  const [first, ...others] = all;
  t.same(intact([first!, 1, ...others.slice(1).reverse()]), [2, 2], 'the wrong way round');
  t.same(intact([...all, ...all]), [2, 2], 'twice');
  t.same(intact(all.filter((at) => at !== 4)), [2, 1], 'without a segment');
  t.same(intact(all.filter((at) => at !== 2 && at !== 7)), [1, 1]);
  t.same(intact([0, 1]), [0, 0]);
  t.same(truthOf(script, { order: [1, 0, 3, 5, 4, 2, 7, 6, 9, 8] }).requestsIntact, 2, 'recorded out of order');
});

/** Frames of one exchange on one connection, with the times at which they are delivered, in microseconds. */
function delivery(script: readonly string[], delivered: readonly (readonly [at: number, tsUs: number])[]): Truth {
  const all = frames(script);
  const truth = new MessageTruth(true);
  for (const frame of all) truth.sent(frame, 0, frame.length);
  for (const [at, tsUs] of delivered) truth.delivered(all[at]!, 0, all[at]!.length, tsUs, false);
  truth.finish();
  return truth.truth();
}

t.test(
  'a frame cut short leaves nothing to wait for, and a damaged one of no known stream may hold what it held',
  async (t) => {
    const script = ['>S', '<S', get, ok];
    const deliveredOf = (copies: readonly (readonly [at: number, change: (frame: Uint8Array) => Uint8Array])[]) => {
      const truth = new MessageTruth(true);
      const all = frames(script);
      for (const frame of all) truth.sent(frame, 0, frame.length);
      for (const [at, change] of copies) {
        const frame = change(all[at]!);
        truth.delivered(frame, 0, frame.length, 0, frame !== all[at] && frame.length === all[at]!.length);
      }
      truth.finish();
      const { requestsIntact, requestsPossible } = truth.truth();
      return [requestsIntact, requestsPossible];
    };
    const whole = (frame: Uint8Array) => frame;
    const cut = (frame: Uint8Array) => frame.slice(0, 60);
    const strayed = (frame: Uint8Array) => frame.map((byte, at) => (at === 29 ? byte ^ 64 : byte));
    const [syn, answer] = [[0, whole] as const, [1, whole] as const];
    t.same(deliveredOf([syn, answer, [2, whole]]), [1, 0]);
    t.same(deliveredOf([syn, answer, [2, cut], [2, whole]]), [0, 1], 'cut, then whole');
    t.same(deliveredOf([syn, answer, [2, whole], [2, cut]]), [1, 0], 'whole, then cut');
    t.same(deliveredOf([syn, answer, [2, cut]]), [0, 0], 'cut');
    t.same(deliveredOf([syn, answer, [2, strayed]]), [0, 2], 'from another address');
  },
);

t.test(
  "a message whose last byte was delivered as a keep-alive probe's first may differ, and the truth says so",
  async (t) => {
    const script = [
      '>S',
      '<S',
      get,
      '< HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n',
      '< abcdef',
      '>',
      '<',
      '>F',
      '<F',
    ];
    /** The last byte once more, as a probe brings it. */
    const probed = (octet: string) => {
      const all = frames(script);
      const [last, probe] = [all[4]!, all[4]!.slice(0, all[4]!.length - 5)];
      const sequenceAt = probe.length - 1 - 16;
      const view = new DataView(probe.buffer);
      view.setUint32(sequenceAt, (view.getUint32(sequenceAt) + last.length - probe.length) >>> 0);
      view.setUint16(16, view.getUint16(16) - 5);
      probe[probe.length - 1] = octet.charCodeAt(0);
      all[6] = probe;
      return all;
    };
    const truthOfFrames = (octet: string, sent: readonly number[], delivered?: readonly number[]) => {
      const all = probed(octet);
      const truth = new MessageTruth(delivered !== undefined);
      for (const at of sent) truth.sent(all[at]!, 0, all[at]!.length);
      for (const at of delivered ?? []) truth.delivered(all[at]!, 0, all[at]!.length, 0, false);
      truth.finish();
      return truth.truth();
    };
    const inOrder = [...script.keys()];
    const overtaken = [0, 1, 2, 3, 6, 4, 5, 7, 8];
    const intact = { responsesIntact: 1, responsesPossible: 0 };
    const differs = { responsesIntact: 0, responsesPossible: 1 };
    const words =
      '1 messages of which a byte was delivered with two contents, that of a keep-alive probe first: they may differ';
    t.match(truthOfFrames('?', inOrder), intact, 'as recorded, behind the byte');
    t.match(truthOfFrames('?', inOrder, inOrder), intact, 'delivered behind it');
    t.match(truthOfFrames('f', inOrder, overtaken), intact, 'the same octet');
    for (const [sent, delivered] of [[overtaken], [inOrder, overtaken], [overtaken, overtaken]] as const) {
      const truth = truthOfFrames('?', sent, delivered);
      t.match(truth, differs);
      t.equal(doubts(truth), words);
    }
    t.match(truthOfFrames('?', overtaken, inOrder), intact, 'recorded before the byte, delivered behind it');
  },
);

t.test('what comes later than an observer waits may be found, and the truth says so', async (t) => {
  const halves = ['> GET /a HTTP/1.1\r\nHo', '> st: x\r\n\r\n'];
  const acks = (count: number) => Array<string>(count).fill('<');
  const late = { requestsIntact: 0, requestsPossible: 1 };
  const inTime = { requestsIntact: 1, requestsPossible: 0 };
  // The second half is acknowledged, more follows it, and so many frames pass before the first half.
  const behindAck = (count: number, apartUs = 1_000) => {
    const script = ['>S', '<S', ...halves, ...acks(count), ok];
    return delivery(
      script,
      [0, 1, 3, ...acks(count).map((_, i) => i + 4), 2].map((at, place) => [at, place * apartUs]),
    );
  };
  t.match(behindAck(50), inTime, 'fifty frames');
  t.match(behindAck(52), late, 'more');
  t.match(behindAck(300, 120), inTime, 'as many as come within a jitter');
  t.match(behindAck(300, 150), late, 'and those of a longer time');
  t.equal(doubts(behindAck(52)), '1 messages of which parts were delivered later than an observer waits');
  const script = ['>S', '<S', ...halves, ok];
  const at = (tsUs: number) =>
    delivery(script, [
      [0, 0],
      [1, 0],
      [3, 0],
      [4, 0],
      [2, tsUs],
    ]);
  t.match(at(900_000), inTime, 'less than a second behind its acknowledgement');
  t.match(at(1_100_000), late);
  const hole = (tsUs: number) =>
    delivery(script, [
      [0, 0],
      [1, 0],
      [3, 0],
      [2, tsUs],
    ]);
  t.match(hole(4_900_000), inTime, 'not acknowledged');
  t.match(hole(5_100_000), late);
  const back = (tsUs: number) =>
    delivery(script, [
      [0, 1e6],
      [1, 1e6],
      [3, 1e6],
      [2, tsUs],
    ]);
  t.match(back(600_000), inTime, 'frames a little out of order');
  t.match(back(400_000), late, 'the clock was set back');
  const pieces = Array.from(
    'GET /a HTTP/1.1\r\nHost: x\r\nAccept-Language: de, en, fr, es, it\r\nX: 0123456789012345678901234567890123456789\r\n\r\n',
  );
  const holes = (step: number) => {
    const many = ['>S', '<S', ...pieces.map((piece) => `> ${piece}`)];
    const places = [...many.keys()].slice(2);
    const [odd, even] = [1, 0].map((bit) => places.filter((place) => place % step === bit));
    const rest = places.filter((place) => place % step > 1);
    return delivery(
      many,
      [0, 1, ...rest, ...odd!, ...even!].map((place) => [place, place]),
    );
  };
  t.match(holes(3), inTime, 'so many holes that an observer keeps them');
  t.match(holes(2), late, 'more holes');
});

t.test(
  'an observer knows where a connection begins by its SYN, and that it is over by its end, or by its silence',
  async (t) => {
    const halves = ['> GET /a HTTP/1.1\r\nHo', '> st: x\r\n\r\n'];
    const script = ['>S', '<S', ...halves, ok];
    const inOrder = (places: readonly number[]) =>
      delivery(
        script,
        places.map((at) => [at, at]),
      );
    t.match(inOrder([2, 0, 1, 3, 4]), { requestsIntact: 1 }, 'a late SYN alone');
    t.match(inOrder([3, 0, 1, 2, 4]), { requestsIntact: 1 }, 'and data that come behind later ones');
    const synAt = (tsUs: number, more = 0) =>
      delivery(script, [
        [3, 0],
        ...Array.from({ length: more }, () => [1, 1] as const),
        ...[0, 1, 2, 4].map((at) => [at, tsUs] as const),
      ]);
    t.match(synAt(900_000, 60), { requestsIntact: 1, responsesIntact: 1 }, 'nearly a second later');
    t.match(synAt(1_100_000), { requestsIntact: 0, requestsPossible: 1 }, 'more than a second later');
    t.match(
      synAt(900_000, 70),
      { requestsIntact: 0, requestsPossible: 1 },
      'behind more frames than an observer holds',
    );
    const silent = (tsUs: number) =>
      delivery(script, [
        [0, 0],
        [1, 0],
        [2, 0],
        [3, tsUs],
        [4, tsUs],
      ]);
    t.match(silent(100e6), { requestsIntact: 1, responsesIntact: 1 });
    t.match(silent(130e6), { requestsPossible: 1, responsesPossible: 1 });
    const closed = [...script, '>F', '<F'];
    const again = (tsUs: number) =>
      delivery(closed, [
        ...closed.map((_, at) => [at, at] as const),
        ...closed.map((_, at) => [at, tsUs + at] as const),
      ]);
    t.match(again(1_000), { requestsIntact: 1, requestsPossible: 0, responsesPossible: 0 }, 'twice');
    t.match(again(3e6), { requestsIntact: 1, requestsPossible: 1, responsesPossible: 1 }, 'twice, and long afterwards');
    t.equal(doubts(again(3e6)), '1 streams that were delivered once more, after a pause or their end');
    const open = [...script, get, ok, get, ok];
    const copied = (...copies: readonly (readonly [number, number])[]) =>
      delivery(open, [...open.map((_, at) => [at, at] as const), ...copies]);
    const pause = 600_000;
    t.equal(doubts(copied([2, pause], [3, pause], [4, pause + 900_000])), '', 'copies after a pause, for a second');
    t.match(copied([2, pause], [3, pause]), { requestsIntact: 3, requestsPossible: 0 });
    t.equal(
      doubts(copied([2, pause], [3, pause], [2, pause + 1_100_000])),
      '1 streams that were delivered once more, after a pause or their end',
      'for longer',
    );
  },
);

t.test('without a SYN nobody knows that something belongs before what came first', async (t) => {
  const script = [get, get, get, ok, ok];
  const late = (delivered: number[], more: readonly string[] = []) =>
    truthOf([...more, ...script], { delivered: [...more.keys(), ...delivered.map((at) => at + more.length)] });
  t.match(late([0, 1, 2, 3, 4]), { requestsIntact: 3, requestsPossible: 0, responsesIntact: 2 });
  t.match(late([2, 0, 1, 3, 4]), { requestsIntact: 1, requestsPossible: 2, responsesIntact: 2 });
  t.match(late([0, 2, 1, 4, 3]), { requestsIntact: 3, responsesIntact: 1, responsesPossible: 1 });
  t.match(late([2, 1, 0, 4, 3], ['>S', '<S']), { requestsIntact: 3, responsesIntact: 2 });
});

t.test('until the connection closes: the end is a FIN that is delivered', async (t) => {
  const script = ['>S', '<S', get, '< HTTP/1.1 200 OK\r\n\r\nto the end', '<F', '>F'];
  t.match(truthOf(script, { delivered: [0, 1, 2, 3, 4, 5] }), { responses: 1, responsesIntact: 1 });
  t.match(truthOf(script, { delivered: [0, 1, 2, 3, 5] }), { responses: 1, responsesIntact: 0 });
  t.match(
    truthOf([...script.slice(0, 4), '<R']),
    { responsesIntact: 0, responsesPossible: 1 },
    'a reset may end it, or not',
  );
  t.match(doubts(truthOf([...script.slice(0, 4), '<R'])), /1 responses without a length whose connection ended/);
});

t.test('a response to HEAD is not certain without its request', async (t) => {
  const script = ['>S', '<S', '> HEAD /a HTTP/1.1\r\n\r\n', '< HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n', get, ok];
  const truth = new MessageTruth(true);
  for (const [at, frame] of frames(script).entries()) {
    truth.sent(frame, 0, frame.length);
    if (at !== 2) truth.delivered(frame, 0, frame.length, 0, false);
  }
  truth.finish();
  t.match(truth.truth(), {
    requests: 2,
    requestsIntact: 1,
    requestsPossible: 0,
    responses: 2,
    responsesIntact: 0,
    responsesPossible: 2,
  });
});

t.test('what cannot be known is counted, and said', async (t) => {
  const middle = truthOf(['> b HTTP/1.1\r\n\r\n', get, ok]);
  t.match(middle, { requestsIntact: 0, requests: 1, requestsPossible: 2 }, 'what begins in the middle');
  t.match(doubts(middle), /2 directions of streams without their start/);
  const tls = truthOf(['>S', '<S', '> \x16\x03\x01\x02', '< \x16\x03\x03']);
  t.match(tls, { requests: 0, requestsPossible: 0, responsesPossible: 0 });
  t.match(doubts(tls), /2 directions of streams that are no HTTP\/1/);
  const old = truthOf(['>S', '<S', '> GET /\r\n', '< <html>', '<F']);
  t.match(old, { requests: 0, requestsPossible: 1, responsesPossible: 1 }, 'a request without a version');
  const hole = truthOf([
    '>S',
    '<S',
    get,
    '< HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123',
    '<- 456',
    '< 789',
    get,
    ok,
  ]);
  t.match(
    hole,
    { responses: 2, responsesIntact: 1, responsesPossible: 0 },
    'a hole inside a body: the next one stands',
  );
  t.match(doubts(hole), /1 directions of streams with bytes that the recording does not hold/);
  const lost = truthOf(['>S', '<S', get, '<- HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', '< 123', get, ok]);
  t.match(
    lost,
    { responses: 1, responsesIntact: 0, responsesPossible: 1 },
    'a hole in a head: what is found again is not certain',
  );
  t.match(doubts(lost), /the place of messages was lost/);
  const odd = truthOf([
    '>S',
    '<S',
    '> POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\n\r\n',
  ]);
  t.match(odd, { requests: 0, requestsPossible: 2 }, 'what observers read in different ways');
});

t.test('a response recorded before its request is as certain as its method', async (t) => {
  const script = [
    '>S',
    '<S',
    get,
    ok,
    '> HEAD /a HTTP/1.1\r\n\r\n',
    '< HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    get,
    ok,
  ];
  const early = truthOf(script, { order: [0, 1, 3, 2, 5, 4, 7, 6] });
  t.match(early, { requests: 3, requestsIntact: 3, responses: 3, responsesIntact: 3, responsesPossible: 0 });
  const alone = truthOf(script.map((line) => line.replace(/^> /, '>- ')));
  t.match(alone, { requests: 0, responses: 3, responsesIntact: 1, responsesPossible: 2 }, 'the methods are not known');
});

t.test('an answer to HEAD is framed by a request that is delivered before it, however late both are', async (t) => {
  const script = ['>S', '<S', '> HEAD /a HTTP/1.1\r\n\r\n', '< HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n', get, ok];
  const behind = truthOf(script, { delivered: [0, 1, 2, 3, 4, 5] });
  t.match(
    behind,
    { requestsIntact: 2, responsesIntact: 2, responsesPossible: 0 },
    'all are delivered behind the last one',
  );
});

t.test(
  'an answer to HEAD whose request is delivered later is certain once that has come, for as long as any byte may be late',
  async (t) => {
    const headed = (method: string) => {
      const answer = '< HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n';
      return ['>S', '<S', `> ${method} a:1 HTTP/1.1\r\n`, '> \r\n', answer, get, ok];
    };
    const after = (tsUs: number, [first, ...others]: readonly number[] = [3, 2], method = 'HEAD') =>
      delivery(headed(method), [
        [0, 0],
        [1, 0],
        [4, 0],
        [first!, tsUs],
        ...others.map((at) => [at, tsUs] as const),
        [5, tsUs],
        [6, tsUs],
      ]);
    const inTime = { requestsIntact: 2, responsesIntact: 2, responsesPossible: 0 };
    t.match(after(20_000), inTime, 'later');
    t.equal(doubts(after(20_000)), '');
    t.match(after(900_000), inTime, 'much later');
    const late = { responsesIntact: 0, responsesPossible: 2 };
    t.match(after(1_100_000), late, 'too late');
    t.match(doubts(after(1_100_000)), /1 directions of streams framed by requests \(HEAD/);
    t.match(after(20_000, [3]), { requestsIntact: 1, ...late }, 'not whole');
    t.match(after(20_000, [3, 2], 'CONNECT'), { responsesIntact: 0 }, 'a tunnel');
  },
);

t.test('interim answers are counted apart, and HTTP/2 holds no message', async (t) => {
  const interim = ['< HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n', '< HTTP/1.1 100 Continue\r\n\r\n'];
  const script = ['>S', '<S', get, ...interim, ok];
  t.match(truthOf(script), { responses: 1, responsesIntact: 1, responsesPossible: 0, interims: 2 });
  t.match(truthOf(script, { delivered: [0, 1, 2, 4, 5] }), { responsesIntact: 1, responsesPossible: 0, interims: 1 });
  const http2 = ['>S', '<S', '> PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04', '< \0\0\0\x04', '< HTTP/1.1 200 OK\r\n'];
  const whole = truthOf(http2);
  t.match(whole, { requests: 0, responses: 0, requestsPossible: 0, responsesPossible: 0 });
  t.equal(doubts(whole), '1 connections in HTTP/2, which hold no HTTP/1 message');
  t.match(truthOf(http2, { delivered: [0, 1, 3, 4] }), { responsesPossible: 1 }, 'nobody saw its beginning');
});

t.test('a request that was refused before its body is whole, when its refusal and what follows show it', async (t) => {
  const put = '> PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 30\r\n\r\n';
  const no = '< HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n';
  const script = ['>S', '<S', put, no, get, ok, get, ok];
  t.match(truthOf(script), { requestsIntact: 3, requestsPossible: 0, responsesIntact: 3, doubts: [] });
  t.match(truthOf(['>S', '<S', put, no, '>F', '<F']), { requestsIntact: 1, requestsPossible: 0, responsesIntact: 1 });
  const body = `> ${'b'.repeat(30)}`;
  for (const answer of [no, '< HTTP/1.1 100 Continue\r\n\r\n']) {
    const sent = truthOf(['>S', '<S', put, answer, body, get]);
    t.match(sent, { requestsIntact: 2, requestsPossible: 0, doubts: [] }, 'the body came all the same');
  }
  const each = [...script.keys()];
  const without = (at: number) => truthOf(script, { delivered: each.filter((other) => other !== at) });
  t.match(truthOf(script, { delivered: each }), { requestsIntact: 3, requestsPossible: 0 });
  t.match(without(2), { requestsIntact: 2, requestsPossible: 0, responsesIntact: 3 }, 'it is lost itself');
  t.match(without(3), { requestsIntact: 0, requestsPossible: 3 }, 'the refusal is lost');
  t.match(without(4), { requestsIntact: 0, requestsPossible: 2 }, 'the next request is lost');
  const unanswered = truthOf(['>S', '<S', put, get, ok]);
  t.match(unanswered, { requestsIntact: 0, requestsPossible: 2 }, 'a body that begins like a request, or one');
});

t.test('a reset ends nothing that comes all the same', async (t) => {
  const truth = truthOf(['>S', '<S', get, '< HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no', '>R', '< k', get, ok]);
  t.match(truth, { requestsIntact: 2, responsesIntact: 2 });
});

t.test('a tunnel holds no messages, though it may look like it', async (t) => {
  const upgrade = ['> GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n', '< HTTP/1.1 101 Switching Protocols\r\n\r\n'];
  const truth = truthOf(['>S', '<S', ...upgrade, '> \x81\x05hello', '< GET / HTTP/1.1\r\n\r\n']);
  t.match(truth, {
    requestsIntact: 1,
    responsesIntact: 1,
    requests: 1,
    responses: 1,
    requestsPossible: 0,
    responsesPossible: 1,
  });
  t.equal(doubts(truth), '', 'and it is no doubt');
  const [ask, grant] = upgrade as [string, string];
  // In order; in a segment with what comes before and behind it; and the answers recorded first.
  const script = ['>S', '<S', get, ok, ask, grant, '> \x81\x05hello', `> ${get.slice(2)}`, '>F', '<F'];
  const whole = { requests: 2, requestsIntact: 2, responses: 2, responsesIntact: 2 };
  t.match(truthOf(script), whole);
  for (const order of [
    [0, 1, 3, 5, 2, 4, 6, 7, 8, 9],
    [0, 1, 3, 5, 4, 2, 6, 7, 8, 9],
    [0, 1, 2, 3, 5, 4, 6, 7, 8, 9],
  ]) {
    t.match(truthOf(script, { order }), whole, `${order}`);
    t.match(truthOf(script, { order, delivered: order.filter((at) => at !== 2) }), {
      requestsIntact: 1,
      responsesIntact: 2,
    });
  }
});

t.test('addresses used again, and the same addresses in two networks', async (t) => {
  const truth = new MessageTruth(false);
  const conversation = ['>S', '<S', get, ok, '>F', '<F'];
  const one = frames(conversation, { vlans: [7] });
  const other = frames(['>S', '<S', '> other numbers', '< other numbers', ...conversation], { vlans: [8] }).slice(4);
  const again = frames(['>S', '<S', '> yet others', '< yet others', ...conversation], { vlans: [7] }).slice(4);
  for (const [at, frame] of one.entries()) for (const each of [frame, other[at]!]) truth.sent(each, 0, each.length);
  for (const frame of [...again, one[3]!]) truth.sent(frame, 0, frame.length);
  truth.finish();
  t.match(truth.truth(), { requests: 3, requestsIntact: 3, responses: 3, responsesIntact: 3 });
  const mirror = new MessageTruth(false);
  for (const vlans of [[7], [8]])
    for (const frame of frames(conversation, { vlans })) mirror.sent(frame, 0, frame.length);
  mirror.finish();
  t.match(mirror.truth(), { requestsIntact: 1, requestsPossible: 1, responsesIntact: 1, responsesPossible: 1 });
  t.match(doubts(mirror.truth()), /2 directions of streams that are seen in another network too/);
});

t.test('each direction with a tag of its own, as a mirror port records them', async (t) => {
  const conversation = ['>S', '<S', get, ok, '>F', '<F'];
  for (const [client, server] of [
    [[10], [20]],
    [[10], undefined],
    [undefined, [20]],
  ] as const) {
    const sides = [
      frames(conversation, client && { vlans: client }),
      frames(conversation, server && { vlans: server }),
    ];
    const again = ['>S', '<S', '> other numbers', '< other numbers', ...conversation];
    const later = [frames(again, client && { vlans: client }), frames(again, server && { vlans: server })];
    for (const first of [0, 1]) {
      const truth = new MessageTruth(true);
      const each = (all: readonly Uint8Array[][], words: readonly string[], from: number) => {
        for (let at = from; at < words.length; at += 1) {
          const frame = all[words[at]!.startsWith('>') ? 0 : 1]![at]!;
          truth.sent(frame, 0, frame.length);
          truth.delivered(frame, 0, frame.length, 0, false);
        }
      };
      each(sides, conversation, first);
      each(later, again, 4);
      truth.finish();
      t.match(truth.truth(), { requestsIntact: 2, responsesIntact: 2, requestsPossible: 0, responsesPossible: 0 });
    }
  }
  // Other numbers in another network are another connection, of one direction.
  const truth = new MessageTruth(false);
  const alone = frames(['>S', '<S', get, '<- far away', ok], { vlans: [7] });
  const other = frames(['>S', '<S', `> ${'x'.repeat(60_000)}`, get, ok], { vlans: [8] }).at(-1)!;
  new DataView(other.buffer).setUint32(46, 0x7000_0000);
  for (const frame of [alone[0]!, alone[2]!, other, alone[1]!, alone[4]!]) truth.sent(frame, 0, frame.length);
  truth.finish();
  t.match(truth.truth(), { requestsIntact: 1 });
  t.match(doubts(truth.truth()), /without their start/, 'it is not taken for the other direction');
});

/** Frames of conversations on the same addresses; those of one side come `lag` frames of the other side later. */
function oneSideLate(scripts: readonly (readonly string[])[], late: '<' | '>', vlans: readonly number[][] = []) {
  const [client = [], server = []] = vlans;
  const words = scripts.flatMap((script, at) => [
    `> ${'x'.repeat(40_000 * (at + 1))}`,
    `< ${'y'.repeat(70_000)}`,
    ...script,
  ]);
  const sides = [client, server].map((tags) => frames(words, tags.length > 0 ? { vlans: [...tags] } : {}));
  const all = words.map((line, at) => ({ isClient: line.startsWith('>'), line, at }));
  const shown = all.filter(({ line }) => !/^. [xy]{9}/.test(line));
  const isLate = ({ isClient }: { isClient: boolean }) => isClient === (late === '>');
  return [...shown.filter((each) => !isLate(each)), ...shown.filter(isLate)].map(
    ({ isClient, at }) => sides[isClient ? 0 : 1]![at]!,
  );
}

t.test('a SYN-ACK that is lost on a port used before is no delay, and the words say so', async (t) => {
  const talk = ['>S', '<S', get, ok, '>F', '<F'];
  const words = [...talk, `> ${'x'.repeat(40_000)}`, `< ${'y'.repeat(70_000)}`, ...talk];
  const sent = [...words.keys()].filter((at) => at !== 6 && at !== 7);
  const all = frames(words);
  const doubtsWithout = (lost: number) => {
    const truth = new MessageTruth(true);
    for (const at of sent) truth.sent(all[at]!, 0, all[at]!.length);
    for (const at of sent) if (at !== lost) truth.delivered(all[at]!, 0, all[at]!.length, at * 1_000, false);
    truth.finish();
    return doubts(truth.truth());
  };
  t.equal(doubtsWithout(-1), '');
  t.equal(
    doubtsWithout(9),
    '1 messages on a port that was used before, without their SYN before them: an observer may take them for those of the connection before',
  );
});

t.test('a port used again before a late direction shows the conversation before', async (t) => {
  const head = '> HEAD /h HTTP/1.1\r\n\r\n';
  const long = '< HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n';
  const bare = '< HTTP/1.1 200 OK\r\n\r\n';
  const talks = [
    ['>S', '<S', get, ok, '>F', '<F'],
    ['>S', '<S', head, long, get, ok, '>F', '<F'],
    ['>S', '<S', head, bare, get, ok, head, bare, '>R'],
    ['>S', '<S', get, '< HTTP/1.1 204 No\r\n\r\n', '<F', '>F'],
  ];
  for (const late of ['<', '>'] as const) {
    for (const vlans of [[], [[10], [20]], [[10], []]]) {
      const truth = new MessageTruth(false);
      for (const frame of oneSideLate(talks, late, vlans)) truth.sent(frame, 0, frame.length);
      truth.finish();
      const whole = { requests: 7, requestsIntact: 7, responses: 7, responsesIntact: 7, responsesPossible: 0 };
      t.match(truth.truth(), whole, `${late} late, networks ${JSON.stringify(vlans)}`);
      t.equal(doubts(truth.truth()), '');
    }
  }
  const large = (count: number) => {
    const piece = 'p'.repeat(1_000);
    const post = `> POST /p HTTP/1.1\r\nContent-Length: ${count * 1_000}\r\n\r\n`;
    const pieces = Array.from({ length: count }, () => `> ${piece}`);
    const truth = new MessageTruth(true);
    const shown = oneSideLate([talks[0]!, ['>S', '<S', post, ...pieces, ok, '>F', '<F']], '<');
    for (const frame of shown) truth.sent(frame, 0, frame.length);
    for (const [at, frame] of shown.entries()) truth.delivered(frame, 0, frame.length, at, false);
    truth.finish();
    return truth.truth();
  };
  t.match(large(40), { responsesIntact: 2, responsesPossible: 0 }, 'forty segments behind it are held');
  t.match(large(60), { responsesIntact: 1, responsesPossible: 1 }, 'sixty may not be');
});

t.test(
  'more conversations than are kept: what stands in a body that may be none is counted, and excuses no other',
  async (t) => {
    const head = '> HEAD /h HTTP/1.1\r\n\r\n';
    const bare = '< HTTP/1.1 200 OK\r\n\r\n';
    const truth = new MessageTruth(false);
    const all = frames(['>S', '<S', head, bare, get, ok, get, ok, '>F', '<F']);
    for (const at of [1, 3, 5, 7, 9]) truth.sent(all[at]!, 0, all[at]!.length);
    truth.finish();
    // Nobody knows whether the first has a body: two heads are in it, or follow it.
    t.match(truth.truth(), { requests: 0, responses: 1, responsesIntact: 0, responsesPossible: 3 });
  },
);

t.test('hostile frames neither throw nor grow', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = () => {
    collect();
    // What the first frees of buffers another thread may still be at; the second waits for it.
    collect();
    return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  };
  const truth = new MessageTruth(true);
  const before = held();
  const payload = new Uint8Array(60_000).fill(65);
  for (let i = 0; i < 60_000; i += 1) {
    const frame = buildTcpFrame({
      ...{
        source: `10.${i >> 14}.${(i >> 7) & 127}.${i & 127}`,
        destination: '10.0.0.2',
        sourcePort: 5,
        destinationPort: 80,
      },
      // Heads that never end; and behind a hole that is never filled, more than may wait.
      ...{ sequence: 7, flags: 0x18, payload: i % 50 === 0 ? payload : payload.subarray(0, 40) },
    });
    truth.sent(frame, 0, frame.length);
    truth.delivered(frame, 0, frame.length - (i % 30), 0, i % 7 === 0);
    new DataView(frame.buffer).setUint32(38, 9_000_000 + i);
    truth.sent(frame, 0, frame.length);
    if (i % 100 === 0) for (let end = 0; end < 70; end += 1) truth.sent(frame, 0, end);
  }
  const most = held() - before;
  t.ok(most > 50_000_000 && most < 64_000_000 + 32_768 * 3_000, `${most} bytes held`);
  truth.finish();
  t.match(doubts(truth.truth()), /forgotten while open/);
});

const size = { seed: 21, sizeBytes: 3_000_000 };

/** What survives of generated traffic. */
function survivors(impair: string, seed: number): Truth {
  const impairments = impair === '' ? [] : parseImpairments(impair);
  const traffic = new ImpairedTraffic({
    source: openSteady(size),
    impair: { impairments, seed },
    countsMessages: true,
  });
  while (traffic.read({ frame() {} }, 256) >= 0);
  return traffic.truth()!;
}

t.test('the count is what the generator made', async (t) => {
  const traffic = openSteady(size);
  while (traffic.read({ frame() {} }, 256) >= 0);
  const made = traffic.truth()!;
  t.ok(made.exchangesIntact! > 0);
  t.match(survivors('', 1), { ...made, requestsPossible: 0, responsesPossible: 0, exchangesTouched: 0, doubts: [] });
});

t.test('what loses no byte loses no message', async (t) => {
  const whole = survivors('', 1);
  const harmless =
    'reorder=5%/5,duplicate=20%/5,jitter=10ms,delay=5ms,skew=server/1ms,resegment=30%,overlap=20%,rate=50mbit';
  t.same(survivors(harmless, 7), whole);
  // More than an observer waits for, and a clock that is set back while messages are under way.
  const late = survivors(`reorder=50%/500,${harmless},clock-step=2s/-1s`, 7);
  const possible = late.requestsPossible! + late.responsesPossible!;
  t.ok(possible > 0, `${possible} messages late`);
  t.ok(late.requestsIntact + late.responsesIntact + possible >= whole.requests + whole.responses, 'none of them lost');
});

t.test('what loses bytes loses messages: lost, cut and damaged alike', async (t) => {
  const whole = survivors('', 1);
  for (const impair of ['loss=2%', 'truncate=2%/80', 'corrupt=2%', 'gemodel=1%/50%', 'loss-segment=3']) {
    const some = survivors(impair, 7);
    t.equal(some.responses, whole.responses, impair);
    t.equal(some.requests, whole.requests, impair);
    t.ok(
      some.responsesIntact < whole.responses && some.responsesIntact > whole.responses / 3,
      `${impair}: ${some.responsesIntact}`,
    );
    const { exchangesIntact = 0, exchangesTouched = 0, requestsIntact, responsesIntact } = some;
    t.ok(exchangesIntact <= Math.min(requestsIntact, responsesIntact), impair);
    t.ok(exchangesIntact >= requestsIntact + responsesIntact - whole.requests, impair);
    t.ok(exchangesTouched > 0 && exchangesTouched <= exchangesIntact, impair);
  }
  t.match(survivors('loss=100%', 7), { requestsIntact: 0, responsesIntact: 0, requests: whole.requests });
  t.match(survivors('half-duplex=client', 7), { requestsIntact: whole.requests, responsesIntact: 0 });
});

t.test('clones are traffic of their own', async (t) => {
  const whole = survivors('', 1);
  const cloned = survivors('burst=0s/1h/3x/clone', 1);
  t.equal(cloned.requestsIntact, whole.requests * 3);
  t.equal(cloned.responsesIntact, whole.responses * 3);
});
