/**
 * Random traffic three times: frame by frame, as the records of a pcap file and as the blocks of a ring, of both of which the
 * kernel takes most. Events, counters and gauges must be equal. `node agent/tcp/segment-taker.fuzz.ts ROUNDS SEED` for longer; the test plays some.
 */
import assert from 'node:assert';
import { LinkType } from '../pcap/link-type.ts';
import { createRandom, type Random } from '../seeded-random.ts';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame, type FrameFields } from '../wire/packet-builder.ts';
import { defaultTcpLimits, type NetworkPolicy, type Pressure, type TcpLimits, type UrgentPolicy } from './limits.ts';
import { RecordFeed } from './record-feed.ts';
import { RingFeed } from './ring-feed.ts';
import type { Side, StreamHandler } from './stream-handler.ts';
import { emptyStreamDescription, TcpLayer } from './tcp.ts';

/** Small, so that slots and keys come and go all the time. */
const strangeLimits: TcpLimits = { ...defaultTcpLimits, streamsMax: 6, pagesMax: 64, windowBytesMax: 1 << 20 };
/** Enough for conversations to come to their end, and for budgets to be spent now and then. */
const orderlyLimits: TcpLimits = {
  ...{ ...defaultTcpLimits, streamsMax: 20, pagesMax: 60, pagesPerConnectionMax: 9 },
  ...{
    holesPerConnectionMax: 3,
    ackSlackPackets: 8,
    ackSlackLeastUs: 20_000,
    ackSlackUs: 120_000,
    gapTimeoutUs: 150_000,
  },
  ...{ closedHoldUs: 100_000, embryonicTimeoutUs: 300_000, idleTimeoutUs: 400_000 },
};
const framesPerRound = 600;

/** Both sides of one connection, as far as its segments need it. */
interface Talk {
  readonly clientPort: number;
  next: [number, number];
  opened: number;
}

type Piece = Parameters<StreamHandler['data']> extends [number, Side, ...infer Rest] ? Rest : never;

interface Policies {
  readonly networks?: NetworkPolicy;
  readonly urgent?: UrgentPolicy;
}

class Lines implements StreamHandler {
  readonly lines: string[] = [];
  readonly layer: TcpLayer;
  readonly #description = emptyStreamDescription();

  constructor(limits: TcpLimits, hashSeed: readonly [number, number], policies: Policies = {}) {
    this.layer = new TcpLayer({ limits, handler: this, hashSeed, source: { interfaces }, ...policies });
  }

  open(stream: number, tsUs: number, midStream: boolean): void {
    const description = JSON.stringify(this.layer.describe(stream, this.#description));
    this.lines.push(`open ${stream} ${tsUs} ${midStream} ${description}`);
  }
  data(stream: number, side: Side, ...piece: Piece): void {
    const [bytes, start, end, tsUs, sequence, ack] = piece;
    this.#note(stream, `${side} ${tsUs} ${sequence} ${ack} ${Buffer.from(bytes.subarray(start, end)).toString('hex')}`);
  }
  gap(stream: number, side: number, length: number, reason: number, tsUs: number): void {
    this.#note(stream, `${side} ${tsUs} gap ${length} ${reason}`);
  }
  end(stream: number, side: number, tsUs: number): void {
    this.#note(stream, `${side} ${tsUs} end`);
  }
  close(stream: number, reason: number, tsUs: number): void {
    this.#note(stream, `close ${reason} ${tsUs}`);
  }

  /** With the number of the stream: handlers describe streams at any event. */
  #note(stream: number, text: string): void {
    this.lines.push(`${stream} #${this.layer.streamId(stream)} ${text}`);
  }
}

/** The second's frames begin with their IP header. */
const interfaces = [LinkType.ethernet, LinkType.raw].map((linkType) => ({ name: 'fuzz', linkType, snapLength: 0 }));
const ethernetBytes = 14;

/** The next segment of a conversation, now and then one that is out of place. */
function segmentOf(random: Random, talk: Talk): Uint8Array {
  const side = random.below(2) as 0 | 1;
  const [own, peer] = [talk.next[side], talk.next[side ^ 1]!];
  const payload = new Uint8Array(random.chance(0.6) ? random.below(random.chance(0.1) ? 1400 : 40) : 0);
  for (let at = 0; at < payload.length; at += 1) payload[at] = random.below(256);
  let flags: number = TcpFlag.ack | (random.chance(0.3) ? TcpFlag.psh : 0);
  let sequence = own;
  let acknowledgement = peer;
  if (talk.opened < 3) {
    flags = [TcpFlag.syn, TcpFlag.syn | TcpFlag.ack, TcpFlag.ack][talk.opened]!;
    talk.opened += 1;
  } else if (random.chance(0.03)) {
    const odd = random.below(12);
    if (odd === 0) sequence = (sequence + random.below(3000) - 1500) | 0;
    else if (odd === 1) acknowledgement = (acknowledgement + random.below(6000) - 3000) | 0;
    else if (odd === 2) flags |= TcpFlag.fin;
    else if (odd === 3) flags |= TcpFlag.rst;
    else if (odd === 4) flags = TcpFlag.syn | (random.chance(0.5) ? TcpFlag.ack : 0);
    else if (odd === 5) sequence = (sequence - 1) | 0;
    else if (odd === 6) flags &= ~TcpFlag.ack;
    else if (odd === 7) flags |= TcpFlag.urg;
    else if (odd === 8) {
      // Another conversation, whose SYN is missed.
      const jump = random.chance(0.5) ? 3_000_000 : 2 ** 31;
      talk.next = [(own - random.below(jump)) | 0, (peer - random.below(jump)) | 0];
      sequence = talk.next[side];
      acknowledgement = talk.next[side ^ 1]!;
      return frameOf(random, talk.clientPort, side, { sequence, acknowledgement, flags, payload });
    } else if (odd === 9 && side === 1) {
      // A second answer, which the client may take for the first.
      flags = TcpFlag.syn | TcpFlag.ack;
      sequence = random.u32();
      if (random.chance(0.7)) talk.next[1] = (sequence + 1) | 0;
    } else sequence = random.u32();
  }
  if (sequence === own) {
    talk.next[side] = (own + payload.length + ((flags & (TcpFlag.syn | TcpFlag.fin)) === 0 ? 0 : 1)) | 0;
  }
  return frameOf(random, talk.clientPort, side, { sequence, acknowledgement, flags, payload });
}

interface Segment {
  readonly urgent?: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

function frameOf(random: Random, clientPort: number, side: number, segment: Segment): Uint8Array {
  const toServer = side === 0;
  const [client, server] = ['10.0.0.9', clientPort % 3 === 0 ? '200.1.1.1' : '10.0.0.9'];
  return buildTcpFrame(
    {
      ...{ source: toServer ? client : server, destination: toServer ? server : client },
      ...{ sourcePort: toServer ? clientPort : 80, destinationPort: toServer ? 80 : clientPort },
      ...{ urgent: (segment.flags & TcpFlag.urg) === 0 ? 0 : random.below(30) },
      ...{ ...segment, window: random.chance(0.02) ? 0 : 1 + random.below(65_535) },
    },
    tagsOf(random, clientPort),
  );
}

/** Some hosts are in a network, some packets in another one. */
function tagsOf(random: Random, clientPort: number): FrameFields {
  if (random.chance(0.01)) return { vlans: random.chance(0.5) ? [7] : [7, 9] };
  return clientPort % 7 === 0 ? { vlans: [random.chance(0.97) ? 5 : 6] } : {};
}

/** Segments of conversations that are nearly always out of place in some way. */
function strangeTraffic(random: Random): () => Uint8Array {
  const talks: Talk[] = [];
  let at = 0;
  return () => {
    if (talks.length === 0 || random.chance(0.02)) {
      talks.push({ clientPort: 70 + random.below(20), next: [random.u32(), random.u32()], opened: random.below(4) });
    }
    // Packets come in trains.
    if (random.chance(0.5)) at = random.below(Math.min(talks.length, 8)) + Math.max(0, talks.length - 8);
    return segmentOf(random, talks[at]!);
  };
}

/** One conversation from SYN to the last acknowledgement of a FIN, each side acknowledging all that the other sent. */
function* conversation(random: Random, clientPort: number): Generator<Uint8Array> {
  const next: [number, number] = [random.u32(), random.u32()];
  const segment = (side: 0 | 1, flags: number, length = 0): Uint8Array => {
    const payload = Uint8Array.from({ length }, () => random.below(256));
    const acknowledgement = (flags & TcpFlag.ack) === 0 ? 0 : next[side ^ 1]!;
    const frame = frameOf(random, clientPort, side, { sequence: next[side], acknowledgement, flags, payload });
    next[side] = (next[side] + length + ((flags & (TcpFlag.syn | TcpFlag.fin)) === 0 ? 0 : 1)) | 0;
    return frame;
  };
  const opening = segment(0, TcpFlag.syn);
  /** Of a conversation on ports used before the ends may be missed. */
  const isWhole = random.chance(0.9);
  const answers = random.chance(0.1) ? 2 : 1;
  for (let count = 0; count < answers; count += 1) {
    if (count > 0) next[1] = random.u32();
    if (isWhole) yield opening;
    const answer = segment(1, TcpFlag.syn | TcpFlag.ack);
    if (isWhole) yield answer;
  }
  if (isWhole) yield segment(0, TcpFlag.ack);
  for (let turn = random.below(8); turn >= 0; turn -= 1) {
    const side = (turn & 1) as 0 | 1;
    for (let count = random.below(12); count >= 0; count -= 1) {
      const isUrgent = random.chance(0.01);
      yield segment(
        side,
        isUrgent ? TcpFlag.ack | TcpFlag.urg : TcpFlag.ack,
        1 + random.below(random.chance(0.1) ? 5000 : 900),
      );
      if (random.chance(0.3)) yield segment((side ^ 1) as 0 | 1, TcpFlag.ack);
    }
  }
  if (!isWhole) return;
  // By a box in between: it goes on.
  if (random.chance(0.05)) yield segment(random.below(2) as 0 | 1, TcpFlag.rst | TcpFlag.ack);
  const first = random.below(2) as 0 | 1;
  yield segment(first, TcpFlag.fin | TcpFlag.ack, random.chance(0.3) ? 20 : 0);
  if (random.chance(0.5)) yield segment((first ^ 1) as 0 | 1, TcpFlag.ack);
  const last = segment((first ^ 1) as 0 | 1, TcpFlag.fin | TcpFlag.ack, random.chance(0.3) ? 20 : 0);
  yield last;
  yield segment(first, TcpFlag.ack);
  // Shown late, by a mirror port.
  if (random.chance(0.2)) yield random.chance(0.5) ? opening : last;
}

/** Conversations as they should be, some of whose packets are lost, late or come twice. */
function orderlyTraffic(random: Random): () => Uint8Array {
  const talks: Generator<Uint8Array>[] = [];
  const late: { frame: Uint8Array; after: number }[] = [];
  const lateShare = random.chance(0.5) ? 0.04 : 0.15;
  /** Packets are lost one after another. */
  let losing = 0;
  return () => {
    for (;;) {
      const due = late.findIndex((each) => --each.after < 0);
      if (due >= 0) return late.splice(due, 1)[0]!.frame;
      if (talks.length < 6) talks.push(conversation(random, 1000 + random.below(500)));
      const at = random.below(random.chance(0.7) ? 1 : talks.length);
      const { value: frame, done } = talks[at]!.next();
      if (done) talks.splice(at, 1);
      else if (losing > 0) losing -= 1;
      else if (random.chance(lateShare)) late.push({ frame, after: random.below(random.chance(0.5) ? 4 : 30) });
      else if (random.chance(0.02)) losing = random.below(4);
      else {
        if (random.chance(0.02)) late.push({ frame, after: random.below(random.chance(0.8) ? 20 : 120) });
        return frame;
      }
    }
  };
}

/** A byte of the headers changed now and then. */
function damage(random: Random, frame: Uint8Array): void {
  if (random.chance(0.01)) frame[random.below(60) % frame.length] = random.below(256);
}

function nextTimeUs(random: Random, nowUs: number): number {
  if (random.chance(0.002)) return nowUs + random.below(200_000_000);
  if (random.chance(0.002)) return Math.max(1e6, nowUs - random.below(3_000_000));
  return nowUs + random.below(random.chance(0.1) ? 60_000 : 900) - 20;
}

/** Counts what a layer's kernel takes. */
function countTaken(layer: TcpLayer): { count: number } {
  const records = layer.records!;
  const taken = { count: 0 };
  const takePcap = records.takePcap.bind(records);
  const takeRing = records.takeRing.bind(records);
  records.takePcap = (...place) => {
    const at = takePcap(...place);
    taken.count += records.taken;
    return at;
  };
  records.takeRing = (...place) => {
    const at = takeRing(...place);
    taken.count += records.taken;
    return at;
  };
  return taken;
}

/** @returns how many of the frames the kernel took from records and from blocks, of how many. */
export function fuzzRecords(seed: number): { taken: number; takenFromRing: number; frames: number } {
  const random = createRandom(seed, 'fuzz');
  const hashSeed = [random.u32(), random.u32()] as const;
  const isOrderly = seed % 2 === 0;
  const limits = isOrderly ? orderlyLimits : strangeLimits;
  const policies = { networks: random.below(3), urgent: random.below(3) } as Policies;
  const [byFrame, byRecord, byRing] = [0, 1, 2].map(() => new Lines(limits, hashSeed, policies)) as [
    Lines,
    Lines,
    Lines,
  ];
  const [layer, recordLayer, ringLayer] = [byFrame.layer, byRecord.layer, byRing.layer];
  const feed = new RecordFeed(recordLayer, random.chance(0.5) ? 0 : random.below(60_000));
  const ring = new RingFeed(ringLayer, random.below(200));
  const [taken, takenFromRing] = [countTaken(recordLayer), countTaken(ringLayer)];
  const layers = [layer, recordLayer, ringLayer];
  const traffic = isOrderly ? orderlyTraffic(random) : strangeTraffic(random);
  /** Of what is odd beside the traffic itself. */
  const oddity = isOrderly ? 0.1 : 1;
  let nowUs = 1.7e15;
  for (let count = 0; count < framesPerRound; count += 1) {
    const frame = traffic();
    if (random.chance(oddity)) damage(random, frame);
    nowUs = nextTimeUs(random, nowUs);
    const captured = random.chance(0.02 * oddity) ? random.below(frame.length + 1) : frame.length;
    const isRaw = random.chance(0.05 * oddity) && frame[12] === 8 && captured > ethernetBytes;
    if (isRaw) {
      feed.flush();
      const rest = [ethernetBytes, captured, frame.length - ethernetBytes, nowUs, 1] as const;
      for (const each of [layer, recordLayer]) each.frame(frame, ...rest);
    } else {
      layer.frame(frame, 0, captured, frame.length, nowUs, 0);
      feed.feed(frame, captured, frame.length, nowUs);
    }
    // What the host sent is not wanted: as if it had not been.
    if (random.chance(0.1)) ring.feed({ frame, captured, tsUs: nowUs, isRaw, isOutgoing: true });
    ring.feed({ frame, captured, tsUs: nowUs, isRaw, isOutgoing: false });
    if (random.chance(0.005)) {
      feed.flush();
      ring.flush();
      const level = (random.chance(0.7) ? 0 : random.below(4)) as Pressure;
      for (const each of layers) each.setPressure(level);
    }
  }
  feed.flush();
  ring.flush();
  for (const each of layers) each.finish();
  assert.deepEqual(byRecord.lines, byFrame.lines, `seed ${seed}: the same events from records`);
  assert.deepEqual(recordLayer.snapshot(), layer.snapshot(), `seed ${seed}: the same counters from records`);
  assert.deepEqual(byRing.lines, byFrame.lines, `seed ${seed}: the same events from blocks`);
  assert.deepEqual(ringLayer.snapshot(), layer.snapshot(), `seed ${seed}: the same counters from blocks`);
  return { taken: taken.count, takenFromRing: takenFromRing.count, frames: framesPerRound };
}

/** Three streams wait: the first for a little, the second for more than 2,048 pages, the third after the first has all it waited for. */
export function floodPages(withKernel: boolean): Record<string, number> {
  const limits: TcpLimits = { ...defaultTcpLimits, streamsMax: 8, pagesMax: 2500 };
  const random = createRandom(1, 'fuzz');
  const { layer } = new Lines(limits, [1, 2]);
  const feed = new RecordFeed(layer);
  const send = (clientPort: number, sequence: number, length: number, flags: number = TcpFlag.ack, side = 0) => {
    const payload = new Uint8Array(length);
    const frame = frameOf(random, clientPort, side, { sequence, acknowledgement: 1, flags, payload });
    if (withKernel) feed.feed(frame, frame.length, frame.length, 1e15);
    else layer.frame(frame, 0, frame.length, frame.length, 1e15, 0);
  };
  const ports = [3000, 3001, 3002] as const;
  for (const port of ports) {
    send(port, 0, 0, TcpFlag.syn);
    send(port, 0, 0, TcpFlag.syn | TcpFlag.ack, 1);
    send(port, 1, 10);
  }
  for (let count = 0; count < 20; count += 1) send(ports[0], 2011 + count * 2000, 2000);
  for (let count = 0; count < 2200; count += 1) send(ports[1], 2011 + count * 2048, 2048);
  send(ports[0], 11, 2000);
  for (let count = 0; count < 10; count += 1) send(ports[2], 2011 + count * 2000, 2000);
  return layer.snapshot();
}

if (import.meta.main) {
  const [rounds = '20000', first = '1'] = process.argv.slice(2);
  let [taken, takenFromRing] = [0, 0];
  for (let seed = Number(first); seed < Number(first) + Number(rounds); seed += 1) {
    const round = fuzzRecords(seed);
    taken += round.taken;
    takenFromRing += round.takenFromRing;
  }
  process.stdout.write(
    `${rounds} rounds of ${framesPerRound} frames, ${taken} of records and ${takenFromRing} of blocks taken: no difference\n`,
  );
}
