/**
 * Test support: seeded HTTP conversations over TCP as a tap sees them, with the truth. Two endpoints exchange segments over a
 * line that loses nothing; the tap loses some of what it sees (either direction, bare acknowledgements and the handshake
 * included), sees copies sent again with a later acknowledgement, and may see one direction late.
 */
import { createRandom, type Random } from '../seeded-random.ts';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';

export interface TrafficOptions {
  readonly seed: number;
  /**
   * `pipelining`: sends requests before the answers to earlier ones have come, in bursts or in a sliding window. `mixed`: takes
   * turns for some exchanges, then pipelines for as many; behind 100 (Continue) it sends the next request with the body.
   */
  readonly client: 'serial' | 'pipelining' | 'mixed';
  readonly exchanges: number;
  /** Share of segments that the tap loses. */
  readonly loss: number;
  /** By how much the client's direction is captured late; negative: the server's. */
  readonly skewUs: number;
  readonly clientPort: number;
  readonly startUs: number;
  /** Share of bodies that hold HTTP messages, as logs and archives do. @default 0 */
  readonly archives?: number;
  /** Archives hold requests and responses in either direction. @default false: those of their own */
  readonly isMotley?: boolean;
  /** Number of the first exchange, where a port is used again. @default 0 */
  readonly firstExchange?: number;
  /** Initial sequence numbers of client and server. @default drawn */
  readonly initial?: readonly [number, number];
  /** The tap sees no SYN, no FIN. @default false */
  readonly isBare?: boolean;
}

export interface TapFrame {
  readonly tsUs: number;
  readonly bytes: Uint8Array;
}

export interface Conversation {
  readonly frames: readonly TapFrame[];
  /** By exchange: whether the tap saw every byte of its request's head, and of its final response's. */
  readonly headsSeen: readonly boolean[];
  /** Sequence numbers behind what client and server have sent. */
  readonly ends: readonly [number, number];
}

const segmentBytes = 1400;
const rttUs = 4000;

interface Plan {
  readonly requestHead: Buffer;
  readonly requestBody: Buffer;
  readonly interim: Buffer;
  readonly responseHead: Buffer;
  readonly response: Buffer;
  /** Answered when its head is there, whatever of its body is. */
  readonly isEarly: boolean;
  readonly waitsForContinue: boolean;
  readonly expects: boolean;
  readonly thinkUs: number;
}

/** The target of a request, by which tests know it again; a response has the same in its field `X-Id`. */
export function targetOf(options: Pick<TrafficOptions, 'clientPort' | 'firstExchange'>, exchange: number): string {
  return `/${options.clientPort}/${(options.firstExchange ?? 0) + exchange}`;
}

function planOf(random: Random, options: TrafficOptions, exchange: number): Plan {
  const kind = random.below(100);
  const target = targetOf(options, exchange);
  const isHead = kind < 8;
  const hasBody = kind >= 75;
  const isPatient = options.client !== 'pipelining';
  const isEarly = isPatient && hasBody && kind >= 94;
  const expects = isPatient && hasBody && kind >= 89 && kind < 93;
  // Answered finally, and the body never sent (RFC 9110, 10.1.1).
  const isRefused = expects && random.chance(0.5);
  const waitsForContinue = expects && !isRefused;
  const requestBody = Buffer.alloc(hasBody ? 1 + random.below(random.chance(0.3) ? 5000 : 300) : 0, 'q');
  const archived = [
    `GET ${target}/archived HTTP/1.1\r\nHost: a.test\r\n\r\n`,
    'HTTP/1.1 200 OK\r\nX-Id: archived\r\nContent-Length: 0\r\n\r\n',
  ] as const;
  if (isArchive(random, options)) requestBody.fill(options.isMotley ? archived.join('') : archived[0]);
  const isRequestChunked = hasBody && random.chance(0.3);
  const method = isHead ? 'HEAD' : hasBody ? 'POST' : 'GET';
  const fields = `Host: a.test\r\nUser-Agent: traffic/${'1'.repeat(random.below(40))}\r\n`;
  const framing = hasBody ? framingOf(isRequestChunked, requestBody.length) : '';
  const expect = expects ? 'Expect: 100-continue\r\n' : '';
  const status = isEarly || isRefused ? (random.chance(0.5) ? 401 : 413) : kind === 10 ? 204 : kind === 11 ? 304 : 200;
  const isBare = status === 204 || status === 304;
  const body = Buffer.alloc(isBare ? 0 : random.below(random.chance(0.3) ? 6000 : 400), 'r');
  if (isArchive(random, options)) body.fill(options.isMotley ? archived.toReversed().join('') : archived[1]);
  const isChunked = !isBare && random.chance(0.4);
  const head = `HTTP/1.1 ${status} X\r\nX-Id: ${target}\r\n${isBare ? '' : framingOf(isChunked, body.length)}\r\n`;
  const content = isHead || isBare ? Buffer.alloc(0) : isChunked ? chunked(random, body) : body;
  const interims = waitsForContinue
    ? 'HTTP/1.1 100 Continue\r\n\r\n'
    : random.chance(0.05)
      ? 'HTTP/1.1 103 Early\r\n\r\n'
      : '';
  return {
    requestHead: Buffer.from(`${method} ${target} HTTP/1.1\r\n${fields}${framing}${expect}\r\n`),
    requestBody: isRefused ? Buffer.alloc(0) : isRequestChunked ? chunked(random, requestBody) : requestBody,
    interim: Buffer.from(interims),
    responseHead: Buffer.from(head),
    response: Buffer.concat([Buffer.from(head), content]),
    isEarly,
    waitsForContinue,
    expects,
    thinkUs: random.chance(0.1) ? random.below(300_000) : random.below(3000),
  };
}

function isArchive(random: Random, { archives = 0 }: TrafficOptions): boolean {
  return archives > 0 && random.chance(archives);
}

function framingOf(isChunked: boolean, bytes: number): string {
  return isChunked ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${bytes}\r\n`;
}

function chunked(random: Random, body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const length = Math.min(body.length - at, 1 + random.below(2000));
    pieces.push(Buffer.from(`${length.toString(16)}\r\n`), body.subarray(at, at + length), Buffer.from('\r\n'));
    at += length;
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

interface Endpoint {
  readonly initial: number;
  /** Payload bytes sent and received. */
  sent: number;
  received: number;
  finished: boolean;
}

/** What happens at one endpoint at a time. */
interface Happening {
  readonly tsUs: number;
  readonly order: number;
  readonly run: (tsUs: number) => void;
}

/** Both endpoints and the tap between them. */
class Line {
  readonly frames: TapFrame[] = [];
  /** By side: the stretches of payload that the tap saw. */
  readonly seen: [number, number][][] = [[], []];
  readonly ends: readonly [Endpoint, Endpoint];
  readonly random: Random;
  onReceived: (side: number, tsUs: number) => void = () => {};
  readonly #options: TrafficOptions;
  #happenings: Happening[] = [];
  #order = 0;

  constructor(options: TrafficOptions, random: Random) {
    this.#options = options;
    this.random = random;
    const { initial } = options;
    const end = (side: 0 | 1) => ({
      ...{ initial: (initial?.[side] ?? random.u32()) | 0, sent: 0, received: 0, finished: false },
    });
    this.ends = [end(0), end(1)];
  }

  at(tsUs: number, run: (tsUs: number) => void): void {
    this.#happenings.push({ tsUs, order: this.#order++, run });
  }

  run(): void {
    for (;;) {
      const { length } = this.#happenings;
      if (length === 0) return;
      let first = 0;
      for (let at = 1; at < length; at += 1) {
        const [one, other] = [this.#happenings[at]!, this.#happenings[first]!];
        if (one.tsUs < other.tsUs || (one.tsUs === other.tsUs && one.order < other.order)) first = at;
      }
      const [happening] = this.#happenings.splice(first, 1);
      happening!.run(happening!.tsUs);
    }
  }

  /** Sends payload in segments; `cuts` are places where one must end. */
  send(side: number, payload: Buffer, tsUs: number, cuts: readonly number[] = []): void {
    let sentUs = tsUs;
    for (let at = 0; at < payload.length; ) {
      const cut = cuts.find((place) => place > at) ?? payload.length;
      const end = Math.min(at + segmentBytes, cut, payload.length);
      this.#segment(side, payload.subarray(at, end), sentUs);
      at = end;
      sentUs += 10;
    }
  }

  handshake(tsUs: number): void {
    this.#tap(0, { flags: TcpFlag.syn, offset: -1, ack: 0, payload: null }, tsUs);
    this.#tap(1, { flags: TcpFlag.syn | TcpFlag.ack, offset: -1, ack: 0, payload: null }, tsUs + rttUs / 2);
    this.acknowledge(0, tsUs + rttUs);
  }

  acknowledge(side: number, tsUs: number): void {
    const { sent, received } = this.ends[side]!;
    this.#tap(side, { flags: TcpFlag.ack, offset: sent, ack: received, payload: null }, tsUs);
  }

  finish(side: number, tsUs: number): void {
    const { sent, received } = this.ends[side]!;
    this.#tap(side, { flags: TcpFlag.ack | TcpFlag.fin, offset: sent, ack: received, payload: null }, tsUs);
  }

  #segment(side: number, payload: Buffer, tsUs: number): void {
    const end = this.ends[side]!;
    const offset = end.sent;
    end.sent += payload.length;
    const flags = TcpFlag.ack | TcpFlag.psh;
    const { random } = this;
    this.#tap(side, { flags, offset, ack: end.received, payload }, tsUs);
    if (random.chance(0.01)) {
      // Sent again, too early: with what had been received by then.
      this.at(tsUs + 200 + random.below(200_000), (againUs) => {
        this.#tap(side, { flags, offset, ack: end.received, payload }, againUs);
      });
    }
    this.at(tsUs + rttUs / 2, (receivedUs) => {
      this.ends[side ^ 1]!.received += payload.length;
      if (random.chance(0.6)) this.acknowledge(side ^ 1, receivedUs);
      this.onReceived(side ^ 1, receivedUs);
    });
  }

  #tap(
    side: number,
    segment: { flags: number; offset: number; ack: number; payload: Buffer | null },
    tsUs: number,
  ): void {
    const { random } = this;
    if (random.chance(this.#options.loss)) return;
    const { flags, offset, ack, payload } = segment;
    if (this.#options.isBare && (flags & (TcpFlag.syn | TcpFlag.fin)) !== 0) return;
    if (payload !== null) this.seen[side]!.push([offset, offset + payload.length]);
    const { skewUs, clientPort } = this.#options;
    const lateUs = side === 0 ? Math.max(0, skewUs) : Math.max(0, -skewUs);
    const isToServer = side === 0;
    const isFirst = (flags & TcpFlag.ack) === 0;
    this.frames.push({
      tsUs: Math.round(tsUs + rttUs / 4 + lateUs),
      bytes: buildTcpFrame({
        source: isToServer ? '10.0.0.1' : '10.0.0.2',
        destination: isToServer ? '10.0.0.2' : '10.0.0.1',
        sourcePort: isToServer ? clientPort : 80,
        destinationPort: isToServer ? 80 : clientPort,
        sequence: (this.ends[side]!.initial + offset + 1) >>> 0,
        acknowledgement: isFirst ? 0 : (this.ends[side ^ 1]!.initial + ack + 1) >>> 0,
        flags,
        ...(payload === null ? {} : { payload }),
      }),
    });
  }

  /** Whether the tap saw all of a stretch of payload. */
  hasSeen(side: number, from: number, to: number): boolean {
    let reached = from;
    for (const [start, end] of this.seen[side]!.sort((one, other) => one[0] - other[0])) {
      if (start > reached) break;
      reached = Math.max(reached, end);
    }
    return reached >= to;
  }
}

/** One connection from handshake to FIN. */
export function converse(options: TrafficOptions): Conversation {
  const random = createRandom(options.seed, 'conversation');
  const line = new Line(options, random);
  const plans = Array.from({ length: options.exchanges }, (_, exchange) => planOf(random, options, exchange));
  const talk = new Talk(line, plans, options);
  line.handshake(options.startUs);
  line.at(options.startUs + rttUs + 100, (tsUs) => talk.ask(tsUs));
  line.run();
  const headsSeen = plans.map(
    ({ requestHead, responseHead }, exchange) =>
      talk.requestStarts[exchange] !== undefined &&
      talk.responseStarts[exchange] !== undefined &&
      line.hasSeen(0, talk.requestStarts[exchange]!, talk.requestStarts[exchange]! + requestHead.length) &&
      line.hasSeen(1, talk.responseStarts[exchange]!, talk.responseStarts[exchange]! + responseHead.length),
  );
  const [client, server] = line.ends;
  return {
    frames: line.frames.sort((one, other) => one.tsUs - other.tsUs),
    headsSeen,
    ends: [client.initial + client.sent + 2, server.initial + server.sent + 2],
  };
}

/** What client and server say, and when. */
class Talk {
  /** Offsets of first bytes, of final responses for the second. */
  readonly requestStarts: number[] = [];
  readonly responseStarts: number[] = [];
  readonly #requestHeadEnds: number[] = [];
  readonly #requestEnds: number[] = [];
  readonly #responseEnds: number[] = [];
  readonly #continueEnds: number[] = [];
  readonly #line: Line;
  readonly #plans: readonly Plan[];
  readonly #client: TrafficOptions['client'];
  /** Exchanges that a mixed client does in one manner. */
  readonly #run: number;
  /** Of a pipelining client: always so many requests under way, or bursts that are waited for. */
  readonly #isSliding: boolean;
  readonly #depth: number;
  #answering = 0;
  /** The server is at a request, or has given up. */
  #isBusy = false;
  #bodiesHeld = -1;
  #isOver = false;
  #burstEnd = 0;

  constructor(line: Line, plans: readonly Plan[], options: TrafficOptions) {
    this.#line = line;
    this.#plans = plans;
    this.#client = options.client;
    this.#run = [3, 7, 15][options.seed % 3]!;
    this.#isSliding = this.#client === 'pipelining' && line.random.chance(0.3);
    this.#depth = this.#client === 'serial' ? 1 : 2 + line.random.below(6);
    line.onReceived = (side, tsUs) => (side === 0 ? this.#clientReceived(tsUs) : this.#serverReceived(tsUs));
  }

  /** Requests of which the client has the whole response. */
  get #received(): number {
    const { received } = this.#line.ends[0];
    let count = 0;
    while (count < this.#responseEnds.length && this.#responseEnds[count]! <= received) count += 1;
    return count;
  }

  /** Behind the exchanges that begin together with this one. */
  #burstBehind(next: number): number {
    if (this.#client === 'serial') return next + 1;
    if (this.#client === 'pipelining') return next + 1 + this.#line.random.below(this.#depth);
    const run = Math.floor(next / this.#run);
    if (run % 2 === 0) return next + 1;
    const until = Math.min((run + 1) * this.#run, next + 1 + this.#line.random.below(this.#depth));
    const waiting = this.#plans.slice(next, until).findIndex(({ expects }) => expects);
    return waiting < 0 ? until : next + Math.max(1, waiting);
  }

  /** Sends what may be sent now. */
  ask(tsUs: number): void {
    const { random } = this.#line;
    const next = this.requestStarts.length;
    let until = next;
    if (this.#isSliding) until = Math.min(this.#plans.length, this.#received + this.#depth);
    else if (this.#received === next) until = Math.min(this.#plans.length, this.#burstBehind(next));
    const isJoined = until - next > 1 && random.chance(0.3);
    const joined: Buffer[] = [];
    for (let exchange = next; exchange < until; exchange += 1) {
      const { requestHead, requestBody, waitsForContinue } = this.#plans[exchange]!;
      const held = joined.reduce((bytes, piece) => bytes + piece.length, 0);
      this.#note(exchange, this.#line.ends[0].sent + held);
      if (waitsForContinue) {
        this.#line.send(0, requestHead, tsUs);
        this.#bodiesHeld = exchange;
      } else {
        const whole = Buffer.concat([requestHead, requestBody]);
        if (isJoined) joined.push(whole);
        else this.#line.send(0, whole, tsUs, random.chance(0.3) ? [requestHead.length] : []);
      }
    }
    if (joined.length > 0) this.#line.send(0, Buffer.concat(joined), tsUs);
    this.#burstEnd = until;
  }

  #note(exchange: number, start: number): void {
    const { requestHead, requestBody } = this.#plans[exchange]!;
    this.requestStarts.push(start);
    this.#requestHeadEnds.push(start + requestHead.length);
    this.#requestEnds.push(start + requestHead.length + requestBody.length);
  }

  /** A mixed client sends the next request with the body, where it pipelines. */
  #sendBody(held: number, tsUs: number): void {
    const next = held + 1;
    const { requestBody } = this.#plans[held]!;
    const following = this.#plans[next];
    const isPipelined = this.#client === 'mixed' && Math.floor(next / this.#run) % 2 === 1;
    if (!isPipelined || following === undefined || following.expects) {
      this.#line.send(0, requestBody, tsUs);
      return;
    }
    this.#note(next, this.#line.ends[0].sent + requestBody.length);
    this.#line.send(0, Buffer.concat([requestBody, following.requestHead, following.requestBody]), tsUs);
    this.#burstEnd = next + 1;
  }

  #clientReceived(tsUs: number): void {
    const held = this.#bodiesHeld;
    if (held >= 0 && this.#continueEnds[held]! <= this.#line.ends[0].received) {
      this.#bodiesHeld = -1;
      this.#sendBody(held, tsUs + 50);
    }
    if (this.#isOver) return;
    const received = this.#received;
    if (received === this.#plans.length) {
      this.#isOver = true;
      this.#close(tsUs);
    } else if (this.#isSliding ? this.requestStarts.length < this.#plans.length : received === this.#burstEnd) {
      const { random } = this.#line;
      const pauseUs = random.chance(0.02) ? 1_200_000 + random.below(2_000_000) : 50 + random.below(2000);
      this.#line.at(tsUs + pauseUs, (nowUs) => {
        if (this.#isSliding || (this.#received === this.requestStarts.length && this.#burstEnd === received))
          this.ask(nowUs);
      });
    }
  }

  #serverReceived(tsUs: number): void {
    const exchange = this.#answering;
    if (this.#isBusy || exchange >= this.requestStarts.length) return;
    const plan = this.#plans[exchange]!;
    const { received } = this.#line.ends[1];
    if (received < this.#requestHeadEnds[exchange]!) return;
    if (plan.waitsForContinue && this.#continueEnds[exchange] === undefined) {
      this.#line.send(1, plan.interim, tsUs + 20);
      this.#continueEnds[exchange] = this.#line.ends[1].sent;
      return;
    }
    if (!plan.isEarly && received < this.#requestEnds[exchange]!) return;
    this.#isBusy = true;
    this.#line.at(tsUs + 20 + plan.thinkUs, (nowUs) => this.#answer(exchange, nowUs));
  }

  #answer(exchange: number, tsUs: number): void {
    const { interim, response, responseHead, waitsForContinue } = this.#plans[exchange]!;
    const { random } = this.#line;
    if (!waitsForContinue && interim.length > 0) this.#line.send(1, interim, tsUs);
    this.responseStarts[exchange] = this.#line.ends[1].sent;
    this.#line.send(1, response, tsUs + 5, random.chance(0.4) ? [responseHead.length] : []);
    this.#responseEnds[exchange] = this.#line.ends[1].sent;
    this.#answering += 1;
    this.#isBusy = false;
    this.#serverReceived(tsUs + 10);
  }

  /** In order, or by a server that waited in vain and says so. */
  #close(tsUs: number): void {
    const line = this.#line;
    if (line.random.chance(0.2)) {
      line.at(tsUs + 2_500_000, (nowUs) => {
        line.send(1, Buffer.from('HTTP/1.1 408 Request Timeout\r\nX-Id: none\r\nContent-Length: 0\r\n\r\n'), nowUs);
        line.finish(1, nowUs + 20);
        line.finish(0, nowUs + rttUs);
      });
      return;
    }
    line.finish(0, tsUs + 1000);
    line.finish(1, tsUs + 1000 + rttUs);
  }
}
