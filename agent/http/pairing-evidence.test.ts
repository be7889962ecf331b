/**
 * Pairs that looked sure and were wrong, as frames: numbers of another conversation, heads in bodies, answers that nobody asked
 * for, requests sent upon an interim response. Where the evidence is not unique, a pair is probable or absent.
 */
import t from 'tap';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';
import { play } from './pairing.fuzz.ts';
import { converse, type TapFrame } from './pairing-traffic-fixture.ts';

const get = (name: string) => `GET /${name} HTTP/1.1\r\nHost: a.test\r\n\r\n`;
const post = (name: string, length: number, field = '') =>
  `POST /${name} HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${length}\r\n${field}\r\n`;
const expectant = 'Expect: 100-continue\r\n';
const answer = (name: string, body = 'r'.repeat(20), status = 200) =>
  `HTTP/1.1 ${status} X\r\nX-Id: /${name}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const goesOn = 'HTTP/1.1 100 Continue\r\n\r\n';

interface Piece {
  /** The tap missed it. */
  readonly isLost?: boolean;
  /** The acknowledgement, counted from the first byte of the other side. */
  readonly ack?: number;
  /** The first byte, counted from the first of this side. */
  readonly sequence?: number;
}

/** One connection as the tap sees it; what a side has received is what the other has sent so far. */
class Tap {
  readonly frames: TapFrame[] = [];
  readonly #sent: [number, number] = [0, 0];
  readonly #first: readonly [number, number];
  #tsUs = 1_700_000_000_000_000;

  constructor(first: readonly [number, number] = [1_000_000, 500_000_000]) {
    this.#first = first;
  }

  handshake(): this {
    this.#frame(0, TcpFlag.syn, -1, 0, '');
    this.#frame(1, TcpFlag.syn | TcpFlag.ack, -1, 0, '');
    this.#frame(0, TcpFlag.ack, 0, 0, '');
    return this;
  }

  client(text: string, piece: Piece = {}): this {
    return this.#send(0, text, piece);
  }

  server(text: string, piece: Piece = {}): this {
    return this.#send(1, text, piece);
  }

  /** Exchanges of a client that takes turns. */
  turns(...names: string[]): this {
    for (const name of names) this.client(get(name)).server(answer(name));
    return this;
  }

  get sent(): readonly [number, number] {
    return this.#sent;
  }

  #send(side: 0 | 1, text: string, { isLost = false, ack, sequence }: Piece): this {
    const from = sequence ?? this.#sent[side];
    if (!isLost) this.#frame(side, TcpFlag.ack | TcpFlag.psh, from, ack ?? this.#sent[1 - side]!, text);
    if (sequence === undefined) this.#sent[side] += text.length;
    return this;
  }

  #frame(side: 0 | 1, flags: number, offset: number, ack: number, text: string): void {
    this.#tsUs += 1000;
    const [client, server] = ['10.0.0.1', '10.0.0.2'];
    const bytes = buildTcpFrame({
      source: side === 0 ? client : server,
      destination: side === 0 ? server : client,
      sourcePort: side === 0 ? 20_000 : 80,
      destinationPort: side === 0 ? 80 : 20_000,
      sequence: this.#first[side]! + offset,
      acknowledgement: (flags & TcpFlag.ack) === 0 ? 0 : this.#first[1 - side]! + ack,
      flags,
      payload: Buffer.from(text),
    });
    this.frames.push({ tsUs: this.#tsUs, bytes });
  }

  /** The same segments with one side captured behind the other, as where a tap shows the directions apart. */
  late(side: 0 | 1): this {
    const isOf = ({ bytes }: TapFrame) => (bytes[14 + 15] === 1 ? 0 : 1) === side;
    const sorted = [...this.frames.filter((frame) => !isOf(frame)), ...this.frames.filter(isOf)];
    const startUs = this.frames[0]!.tsUs;
    this.frames.splice(0, this.frames.length, ...sorted.map(({ bytes }, at) => ({ bytes, tsUs: startUs + at * 1000 })));
    return this;
  }
}

/** `request-response verdict` of each pair, by the kernel and in JavaScript. */
function pairsOf(tap: Tap): string[] {
  const [inKernel, inJavaScript] = [true, false].map((byKernel) =>
    [...play(tap.frames, byKernel).exchanges.values()]
      .filter(({ request, response }) => request !== null && response !== null)
      .map(({ request, response, verdict }) => `${request!.slice(1)}-${response!.slice(1)} ${verdict}`),
  );
  t.same(inKernel, inJavaScript, 'the kernel and JavaScript agree');
  return inKernel!;
}

const certain = (...names: string[]) => names.map((name) => `${name}-${name} certain`);

t.test('a side sends requests or responses: a head of the other kind stands in a body', (t) => {
  const body = `${get('inner')}${answer('inner')}`;
  for (const first of [
    [1_000_000, 500_000_000],
    [500_000_000, 1_000_000],
  ] as const) {
    const alone = new Tap(first).client(get('a'), { ack: 0 });
    alone.client(post('b', body.length, expectant), { ack: 50 }).client(body, { ack: 75 });
    const [syn] = new Tap(first).handshake().frames;
    alone.frames.unshift(syn!);
    t.same(pairsOf(alone), [], 'the body of an upload, of which the client alone is seen, answers nothing');

    // Captured before its request, an answer may be one to HEAD: then what looks like its body are messages.
    const log = new Tap(first).handshake().turns('a', 'b');
    const missing = { isLost: true };
    log.client(get('c'), missing).server(answer('c', `${answer('inner')}${get('x')}${answer('y')}`));
    log.client(get('d'), missing).server(answer('d'));
    t.same(pairsOf(log), certain('a', 'b'), 'a request in a response is answered by none of its side');
  }
  t.end();
});

t.test('a pair has numbers that a pair can have', (t) => {
  for (const behind of [1, 10, 75_000]) {
    const tap = new Tap().handshake().client(get('new'), { ack: behind }).server(answer('old'));
    t.notOk(pairsOf(tap).includes('new-old certain'), `the client had received ${behind} bytes of it before it asked`);
  }
  const lower = new Tap().handshake();
  lower.frames.splice(0, 1);
  lower.server(answer('old'), { ack: 77_000 }).client(get('new'), { ack: -11_000 });
  t.same(pairsOf(lower), [], 'the request acknowledges less than where the server begins');
  const higher = new Tap().handshake().turns('a');
  const [asked, answered] = higher.sent;
  higher.client(get('new'), { sequence: asked, ack: answered }).server(answer('old'), { ack: asked });
  t.same(pairsOf(higher), certain('a'), 'the server had received nothing of the request');
  t.end();
});

t.test('408 is meant for a request where it came in its middle, and may be unasked elsewhere', (t) => {
  const timeout = answer('a', '', 408);
  const whole = new Tap().handshake().client(get('a')).server(timeout);
  t.same(pairsOf(whole), ['a-a probable']);
  const half = new Tap()
    .handshake()
    .client(`${post('a', 500)}${'q'.repeat(40)}`)
    .server(timeout);
  t.same(pairsOf(half), certain('a'));
  const early = new Tap().handshake().client(get('a')).server(timeout).late(0);
  t.same(pairsOf(early), ['a-a probable'], 'captured before its request');
  const unasked = new Tap().handshake().server(timeout, { ack: 0 }).client(get('a'), { ack: 0 });
  t.same(pairsOf(unasked), []);
  t.end();
});

t.test('a request that was sent upon an interim response was pipelined', (t) => {
  const turns = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  for (const before of [[], turns]) {
    for (const isLost of [false, true]) {
      for (const cut of [0, 5]) {
        const tap = new Tap().handshake().turns(...before);
        tap.client(post('up', 5, expectant)).server(goesOn, { isLost });
        const [body, next] = ['12345', get('next')];
        if (cut === 0) tap.client(body + next);
        else tap.client(body).client(next);
        tap.server(answer('up')).server(answer('next'));
        const pairs = pairsOf(tap);
        t.same(
          pairs.filter((pair) => pair.startsWith('next-up')),
          [],
          `${before.length} turns before, 100 ${isLost ? 'missing' : 'seen'}, ${pairs.join()}`,
        );
        for (const name of before) t.ok(pairs.includes(`${name}-${name} certain`));
      }
    }
  }
  t.end();
});

t.test('the same where the other direction is captured late, and something is missing', (t) => {
  for (const side of [0, 1] as const) {
    const tap = new Tap().handshake().turns('a').client(get('x'), { isLost: true }).server(answer('x')).turns('b');
    tap
      .client(post('up', 5, expectant))
      .server(goesOn)
      .client(`12345${get('next')}`)
      .server(answer('up'));
    // The answer to `next` comes when the server has this one as well.
    const [, answered] = tap.sent;
    tap.client(get('last'), { ack: answered }).server(answer('next')).server(answer('last'));
    const pairs = pairsOf(tap.late(side));
    t.notOk(
      pairs.some((pair) => /^(next-up|last-next|up-next|next-last) /.test(pair)),
      pairs.join(),
    );
  }
  t.end();
});

t.test('a request that was sent in the middle of the answer to the one before was pipelined', (t) => {
  const tap = new Tap().handshake().turns('a').client(get('x'), { isLost: true }).server(answer('x')).turns('b');
  const [, before] = tap.sent;
  tap.client(get('c')).server(answer('c').slice(0, 40));
  tap.client(get('d'), { ack: before + 40 }).server(answer('c').slice(40));
  tap.client(get('e')).server(answer('d')).server(answer('e'));
  const pairs = pairsOf(tap.late(1));
  t.notOk(
    pairs.some((pair) => /^(d-c|e-d) /.test(pair)),
    pairs.join(),
  );
  t.end();
});

t.test('a lost 100 (Continue), and a response that a search finds: the pairs behind are doubtful', (t) => {
  const tap = new Tap().handshake().turns('a', 'b', 'c', 'd', 'e', 'f', 'g');
  tap
    .client(post('up', 5, expectant))
    .server(goesOn, { isLost: true })
    .client(`12345${get('next')}`);
  tap.server(answer('up')).client(get('last')).server(answer('next')).server(answer('last'));
  const pairs = pairsOf(tap);
  t.notOk(
    pairs.some((pair) => /^(next-up|last-next) certain/.test(pair)),
    pairs.join(),
  );
  t.end();
});

t.test('what is missing behind an answer to HEAD that was captured before its request is no body', (t) => {
  const { frames } = converse({
    ...{ seed: 1375282816, client: 'serial', clientPort: 20_014, skewUs: -513_036, loss: 0.05, exchanges: 109 },
    startUs: 1_700_000_000_216_285,
  });
  for (const byKernel of [true, false]) {
    for (const { request, response } of play(frames, byKernel).exchanges.values())
      if (request !== null && response !== null) t.equal(response, request);
  }
  t.end();
});

t.test(
  'an answer that is captured before the end of its chunked request is that one’s, also where no SYN was seen',
  (t) => {
    const head = 'POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n';
    const swapped = (tap: Tap, one: number, other: number) => {
      const [first, second] = [tap.frames[one]!, tap.frames[other]!];
      tap.frames[one] = { ...second, tsUs: first.tsUs };
      tap.frames[other] = { ...first, tsUs: second.tsUs };
      return tap;
    };
    const up = () => new Tap().client(`${head}5\r\n12345\r\n`).client('0\r\n\r\n').server(answer('up'));
    t.same(pairsOf(swapped(up(), 1, 2)), ['up-up probable']);
    const behind = pairsOf(up().turns('b')).slice(1);
    t.same(pairsOf(swapped(up().turns('b'), 1, 2)), ['up-up probable', ...behind]);
    const later = new Tap().turns('a').client(head).client('0\r\n\r\n').server(answer('up'));
    t.equal(pairsOf(swapped(later, 3, 4)).at(-1), 'up-up probable');
    t.end();
  },
);

t.test('what is seen first where the start was missed may be the rest of a head', (t) => {
  for (const rest of ['ET /a HTTP/1.1\r\nHost: a.test\r\n\r\n', '/a HTTP/1.1\r\n\r\n']) {
    const { exchanges } = play(new Tap().client(rest).turns('b', 'c').frames, true);
    t.same(
      [...exchanges.values()].map(({ request }) => request).filter((uri) => uri !== null),
      ['/b', '/c'],
    );
  }
  t.same(pairsOf(new Tap().turns('a', 'b')), ['a-a probable', 'b-b probable'], 'or a request');
  t.end();
});
