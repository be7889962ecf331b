/**
 * Pairs against the truth: seeded conversations through decoding, TCP and HTTP, as the records of a capture file, most of which
 * the kernel takes, and frame by frame. `node agent/http/pairing.fuzz.ts EXCHANGES SEED` for longer; the test plays some.
 */
import assert from 'node:assert';
import { fileURLToPath } from 'node:url';
import { deriveLimits } from '../limits.ts';
import { createRandom, type Random } from '../seeded-random.ts';
import { RecordFeed } from '../tcp/record-feed.ts';
import { TcpLayer } from '../tcp/tcp.ts';
import { createHttpCounters } from './http-counters.ts';
import { HttpLayer } from './http-layer.ts';
import type { HttpMessage, MessageHandler } from './message-handler.ts';
import {
  type Conversation,
  converse,
  type TapFrame,
  type TrafficOptions,
  targetOf,
} from './pairing-traffic-fixture.ts';

/** Pairs of one kind of client, counted. */
export interface Tally {
  exchanges: number;
  /** Of which the tap saw both heads. */
  bothHeads: number;
  /** Of these, by verdict, and right. */
  certain: number;
  probable: number;
  certainWrong: number;
  probableWrong: number;
  probableRight: number;
}

/** Connections that are played at once. */
const togetherMax = 20;
const interfaces = [{ name: 'tap', linkType: 1, snapLength: 0 }];
const losses = [0.0005, 0.002, 0.01, 0.05];

function emptyTally(): Tally {
  const counts = { certain: 0, probable: 0, certainWrong: 0, probableWrong: 0, probableRight: 0 };
  return { exchanges: 0, bothHeads: 0, ...counts };
}

interface Halves {
  request: string | null;
  response: string | null;
  verdict: string;
}

/** Notes which request and which response have one exchange. */
class Pairs implements MessageHandler {
  readonly exchanges = new Map<string, Halves>();
  /** What responses without an exchange were to. */
  readonly orphans: string[] = [];
  readonly counters = createHttpCounters();

  begin(message: HttpMessage): void {
    const { kind, status, exchange, pairing } = message;
    if (exchange < 0) {
      assert.equal(pairing, 'absent');
      if (status >= 200) this.orphans.push(message.headers.get('x-id') ?? '');
      return;
    }
    const key = `${message.connection}/${exchange}`;
    let halves = this.exchanges.get(key);
    if (halves === undefined) this.exchanges.set(key, (halves = { request: null, response: null, verdict: 'open' }));
    if (status >= 100 && status < 200) return;
    if (kind === 'request') {
      assert.equal(halves.request, null, 'one request an exchange');
      halves.request = message.uri;
    } else {
      assert.equal(halves.response, null, 'one response an exchange');
      halves.response = message.headers.get('x-id') ?? '';
    }
    if (pairing === 'certain' || pairing === 'probable') {
      assert(halves.request !== null && halves.response !== null, 'a verdict with both halves there');
      halves.verdict = pairing;
    } else assert(halves.request === null || halves.response === null, 'no pair without a verdict');
  }

  body(): void {}
  bodyGap(): void {}

  /** Only then the verdict is final; a request that had none when it began has none of its own. */
  end(message: HttpMessage): void {
    const halves = this.exchanges.get(`${message.connection}/${message.exchange}`);
    if (halves?.verdict === 'probable' && message.pairing !== 'open') halves.verdict = message.pairing;
  }
}

/** A pipeline of its own: by the kernel, or frame by frame in JavaScript. */
export function play(frames: readonly TapFrame[], byKernel: boolean): Pairs {
  const pairs = new Pairs();
  const limits = deriveLimits({});
  const http = new HttpLayer({ limits: limits.http, handler: pairs, counters: pairs.counters });
  const tcp = new TcpLayer({ limits: limits.tcp, handler: http, source: { interfaces }, hashSeed: [1, 2] });
  if (byKernel) {
    http.readInPlace(tcp.memory, tcp.records!.bytes);
    const feed = new RecordFeed(tcp, 100_000);
    for (const { bytes, tsUs } of frames) feed.feed(bytes, bytes.length, bytes.length, tsUs);
    feed.flush();
  } else for (const { bytes, tsUs } of frames) tcp.frame(bytes, 0, bytes.length, bytes.length, tsUs, 0);
  tcp.finish();
  assert.equal(http.waitingRequests, 0, 'nothing waits when all streams are closed');
  return pairs;
}

function judge(
  tally: Tally,
  pairs: Pairs,
  talks: readonly { options: TrafficOptions; talk: Conversation }[],
): string[] {
  const verdicts = new Map<string, string>();
  const wrong: string[] = [];
  for (const { request, response, verdict } of pairs.exchanges.values()) {
    if (request === null || response === null) continue;
    if (request === response) {
      verdicts.set(request, verdict);
      if (verdict === 'probable') tally.probableRight += 1;
      continue;
    }
    wrong.push(`${verdict}: ${request} has ${response}`);
    if (verdict === 'certain') tally.certainWrong += 1;
    else tally.probableWrong += 1;
  }
  for (const { options, talk } of talks) {
    for (const [exchange, isSeen] of talk.headsSeen.entries()) {
      tally.exchanges += 1;
      if (!isSeen) continue;
      tally.bothHeads += 1;
      const verdict = verdicts.get(targetOf(options, exchange));
      if (verdict === 'certain') tally.certain += 1;
      else if (verdict === 'probable') tally.probable += 1;
    }
  }
  return wrong;
}

/** Options of one connection, drawn from a seed. */
function draw(random: Random, client: TrafficOptions['client'], clientPort: number): TrafficOptions {
  const isSkewed = random.chance(0.5);
  const skewUs = isSkewed ? random.below(2_000_001) - 1_000_000 : 0;
  return {
    ...{ seed: random.u32(), client, clientPort, skewUs },
    loss: losses[random.below(losses.length)]!,
    exchanges: random.chance(0.2) ? 1 + random.below(8) : 20 + random.below(160),
    startUs: 1_700_000_000_000_000 + random.below(500_000),
  };
}

/** Another conversation on the port of one before: with numbers anywhere, or not far below or above its last. */
function follow(random: Random, before: TrafficOptions, talk: Conversation): TrafficOptions {
  const pausesUs = [10_000, 300_000, 600_000, 2_000_000, 30_000_000];
  const kind = random.below(3);
  const [client, server] = talk.ends;
  const by = () => (kind === 1 ? -1 : 1) * (100 + random.below(100_000));
  return {
    ...before,
    ...{ seed: random.u32(), exchanges: 2 + random.below(20) },
    firstExchange: (before.firstExchange ?? 0) + 1000,
    startUs: talk.frames.at(-1)!.tsUs + pausesUs[random.below(pausesUs.length)]!,
    initial: kind === 0 ? [random.u32(), random.u32()] : [client + by(), server + by()],
    isBare: random.chance(0.5),
  };
}

export interface FuzzOptions {
  readonly seed: number;
  readonly exchanges: number;
  readonly client: TrafficOptions['client'];
  /** @default both: of each loss and each skew, drawn */
  readonly fixed?: Partial<TrafficOptions>;
  readonly byKernel: boolean;
  /** So many conversations follow on each port, with numbers anywhere, SYN and FIN missing or not. @default 0 */
  readonly followers?: number;
  readonly onWrong?: (text: string, options: readonly TrafficOptions[]) => void;
}

/** Plays conversations until there were so many exchanges. */
export function fuzzPairing(options: FuzzOptions): Tally {
  const random = createRandom(options.seed, 'connections');
  const tally = emptyTally();
  while (tally.exchanges < options.exchanges) {
    const talks = Array.from({ length: togetherMax }, (_, index) => {
      const drawn = { ...draw(random, options.client, 20_000 + index), ...options.fixed };
      return { options: drawn, talk: converse(drawn) };
    });
    for (let follower = 0; follower < (options.followers ?? 0); follower += 1) {
      for (const before of talks.slice(-togetherMax)) {
        const drawn = follow(random, before.options, before.talk);
        talks.push({ options: drawn, talk: converse(drawn) });
      }
    }
    const frames = talks.flatMap(({ talk }) => talk.frames).sort((one, other) => one.tsUs - other.tsUs);
    const wrong = judge(tally, play(frames, options.byKernel), talks);
    for (const text of wrong)
      options.onWrong?.(
        text,
        talks.map((each) => each.options),
      );
  }
  return tally;
}

/** What is tried: kinds of clients, and of traffic. */
export const presets: Readonly<Record<string, Pick<FuzzOptions, 'client' | 'fixed' | 'followers'>>> = {
  serial: { client: 'serial' },
  pipelining: { client: 'pipelining' },
  mixed: { client: 'mixed' },
  'ports used again': { client: 'serial', followers: 2 },
  'mixed, ports used again': { client: 'mixed', followers: 2 },
  'motley archives': { client: 'mixed', fixed: { archives: 0.3, isMotley: true } },
};

/** Shares as people read them. */
export function tallyLine(tally: Tally): string {
  const share = (count: number) => `${((100 * count) / Math.max(1, tally.bothHeads)).toFixed(3)} %`;
  const right = tally.probableRight / Math.max(1, tally.probableRight + tally.probableWrong);
  return (
    `${tally.exchanges} exchanges, both heads of ${tally.bothHeads}: certain ${share(tally.certain)}, ` +
    `certain or probable ${share(tally.certain + tally.probable)}; wrong: ${tally.certainWrong} certain, ` +
    `${tally.probableWrong} probable (${(100 * right).toFixed(2)} % of those right)`
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const exchanges = Number(process.argv[2] ?? 1_000_000);
  const seed = Number(process.argv[3] ?? 1);
  for (const [name, preset] of Object.entries(presets)) {
    for (const byKernel of [true, false]) {
      const tally = fuzzPairing({
        ...{ ...preset, seed, exchanges: byKernel ? exchanges : exchanges / 10, byKernel },
        onWrong: (text, options) => {
          const [, port] = /(?:\/)(\d+)\//.exec(text) ?? [];
          const one = options.find(({ clientPort }) => clientPort === Number(port));
          console.log(text, JSON.stringify(one));
        },
      });
      console.log(`${name}, ${byKernel ? 'by the kernel' : 'in JavaScript'}: ${tallyLine(tally)}`);
    }
  }
}
