/**
 * Seeded fuzzing of reassembly against naive models: `node agent/tcp/assembler.fuzz.ts [ROUNDS] [SEED]`; the test runs a
 * few rounds. Whatever fails prints its seed.
 */
import assert from 'node:assert';
import { createRandom, type Random } from '../seeded-random.ts';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';
import { defaultTcpLimits, OverlapPolicy, type TcpLimits } from './limits.ts';
import type { StreamHandler } from './stream-handler.ts';
import { TcpLayer } from './tcp.ts';

const tcpFlagsAck = TcpFlag.ack;

interface Sent {
  readonly side: 0 | 1;
  /** Relative to the initial sequence number: the SYN is 0. */
  readonly sequence: number;
  readonly ack: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  /** Where it stands in the order of arrival. */
  place: number;
}

/** Collects what each side of the first stream delivered, −1 for the bytes of gaps. */
class Collector implements StreamHandler {
  readonly bytes: [number[], number[]] = [[], []];
  gapCount = 0;
  readonly ended = [false, false];
  opened = 0;
  closed = 0;

  open(): void {
    this.opened += 1;
  }

  data(_stream: number, side: 0 | 1, bytes: Uint8Array, start: number, end: number): void {
    assert(end > start, 'no empty data');
    if (this.opened > 1) return;
    assert(!this.ended[side], 'no data after the end');
    for (let index = start; index < end; index += 1) this.bytes[side].push(bytes[index]!);
  }

  gap(_stream: number, side: 0 | 1, length: number): void {
    assert(length > 0, 'no empty gap');
    if (this.opened > 1) return;
    assert(!this.ended[side], 'no gap after the end');
    this.gapCount += 1;
    for (let index = 0; index < length; index += 1) this.bytes[side].push(-1);
  }

  end(_stream: number, side: 0 | 1): void {
    if (this.opened > 1) return;
    assert(!this.ended[side], 'one end a side');
    this.ended[side] = true;
  }

  close(): void {
    this.closed += 1;
  }
}

function makeLayer(handler: StreamHandler, overlap: OverlapPolicy, limits: Partial<TcpLimits>): TcpLayer {
  const all = { ...defaultTcpLimits, streamsMax: 16, pagesMax: 256, ...limits };
  return new TcpLayer({
    limits: all,
    handler,
    source: { interfaces: [{ name: 'fuzz', linkType: 101, snapLength: 0 }] },
    hashSeed: [1, 2],
    overlap,
  });
}

function frameOf(sent: Sent, initial: readonly [number, number]): Uint8Array {
  return buildTcpFrame({
    source: sent.side === 0 ? '10.0.0.1' : '10.0.0.2',
    destination: sent.side === 0 ? '10.0.0.2' : '10.0.0.1',
    sourcePort: sent.side === 0 ? 4000 : 80,
    destinationPort: sent.side === 0 ? 80 : 4000,
    sequence: initial[sent.side] + sent.sequence,
    acknowledgement: initial[sent.side ^ 1]! + sent.ack,
    flags: sent.flags,
    payload: sent.payload,
  }).subarray(14);
}

/**
 * A conversation cut into segments at random, some of them cut again and sent again, each shown up to `reach` places
 * from where it was sent: all bytes must come out, once, in order, and no gap.
 */
export function fuzzLossless(seed: number): void {
  const random = createRandom(seed, 'fuzz');
  const reach = 1 + random.below(30);
  const initial = [random.u32(), random.u32()] as const;
  const contents = [randomBytes(random, random.below(20_000)), randomBytes(random, random.below(20_000))] as const;
  const conversation = converse(random, contents);
  const shown = [...conversation];
  // The handshake comes first: without it the start of the bytes is unknown.
  for (const [index, sent] of shown.entries()) sent.place = index < 3 ? index - 100 : index + random.below(reach);
  shown.sort((a, b) => a.place - b.place);
  for (let index = 3; index < shown.length; index += 1) {
    if (random.chance(0.05))
      shown.splice(index + random.below(Math.min(reach, shown.length - index)), 0, shown[index]!);
  }
  const handler = new Collector();
  const layer = makeLayer(handler, random.chance(0.5) ? OverlapPolicy.firstWins : OverlapPolicy.lastWins, {});
  let nowUs = 1e15;
  for (const sent of shown) {
    const frame = frameOf(sent, initial);
    nowUs += random.below(500);
    layer.frame(frame, 0, frame.length, frame.length, nowUs, 0);
  }
  layer.finish();
  assert.equal(handler.gapCount, 0, `seed ${seed}: no gap`);
  for (const side of [0, 1] as const) {
    assert(Buffer.from(handler.bytes[side]).equals(contents[side]), `seed ${seed}: the bytes of side ${side}`);
    assert(handler.ended[side], `seed ${seed}: the end of side ${side}`);
  }
  assert.equal(handler.opened, 1, `seed ${seed}: one stream`);
  assert.equal(handler.closed, 1);
  assert.equal(layer.pagesInUse, 0);
}

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** What two hosts send each other: handshake, bytes both ways with acknowledgements, retransmissions, FINs. */
function converse(random: Random, contents: readonly [Uint8Array, Uint8Array]): Sent[] {
  const out: Sent[] = [];
  const next: [number, number] = [0, 0];
  const empty = new Uint8Array(0);
  const send = (side: 0 | 1, flags: number, sequence: number, payload: Uint8Array) =>
    out.push({ side, flags, sequence, payload, ack: next[side ^ 1]!, place: 0 });
  send(0, TcpFlag.syn, 0, empty);
  next[0] = 1;
  send(1, TcpFlag.syn | tcpFlagsAck, 0, empty);
  next[1] = 1;
  send(0, tcpFlagsAck, 1, empty);
  while (next[0] <= contents[0].length || next[1] <= contents[1].length) {
    const side = random.below(2) as 0 | 1;
    const content = contents[side];
    const from = next[side] - 1;
    const length = Math.min(content.length - from, 1 + random.below(random.chance(0.2) ? 3000 : 300));
    if (length <= 0) {
      if (random.chance(0.3)) send(side, tcpFlagsAck, next[side], empty);
      if (next[side] === content.length + 1 && next[side ^ 1]! > contents[side ^ 1]!.length) break;
      continue;
    }
    next[side] += length;
    send(side, tcpFlagsAck, from + 1, content.subarray(from, from + length));
    if (random.chance(0.1)) {
      // Sent again in other pieces: they may start before and end within.
      const again = Math.max(0, from - random.below(500));
      send(
        side,
        tcpFlagsAck,
        again + 1,
        content.subarray(again, Math.min(next[side] - 1, again + 1 + random.below(2000))),
      );
    }
    if (random.chance(0.5)) send((side ^ 1) as 0 | 1, tcpFlagsAck, next[side ^ 1]!, empty);
  }
  for (const side of [0, 1] as const) {
    send(side, TcpFlag.fin | tcpFlagsAck, next[side], empty);
    next[side] += 1;
  }
  return out;
}

/**
 * Anything at all, in a small range of sequence numbers: what is delivered must be what arrived first (or last) for its
 * place, budgets hold, nothing is left.
 */
export function fuzzHostile(seed: number): void {
  const random = createRandom(seed, 'fuzz');
  const overlap = random.chance(0.5) ? OverlapPolicy.firstWins : OverlapPolicy.lastWins;
  const initial = [random.chance(0.5) ? 0xffffff00 : random.u32(), random.u32()] as const;
  const roomy = random.chance(0.5);
  const limits: Partial<TcpLimits> = roomy
    ? { holesPerConnectionMax: 1000 }
    : {
        pagesMax: 2 + random.below(20),
        pagesPerConnectionMax: 1 + random.below(10),
        holesPerConnectionMax: 1 + random.below(6),
      };
  const handler = new Collector();
  const layer = makeLayer(handler, overlap, { ...limits, ackSlackPackets: random.below(20) });
  const range = 1 + random.below(6000);
  /** First byte that arrived for a place, of a segment that is no probe where one did, and all that did. */
  const first = new Map<number, number>();
  const probed = new Set<number>();
  const any: [Map<number, Set<number>>, Map<number, Set<number>>] = [new Map(), new Map()];
  let nowUs = 1e15;
  const feed = (sent: Sent, captured: number) => {
    nowUs += random.chance(0.01) ? random.below(12_000_000) : random.below(5000);
    const frame = frameOf(sent, initial);
    const cut = frame.length - sent.payload.length + captured;
    layer.frame(frame, 0, cut, frame.length, nowUs, 0);
    assert(layer.pagesInUse <= (limits.pagesMax ?? 256), `seed ${seed}: the page budget`);
  };
  const empty = new Uint8Array(0);
  feed({ side: 0, sequence: 0, ack: 0, flags: TcpFlag.syn, payload: empty, place: 0 }, 0);
  feed({ side: 1, sequence: 0, ack: 1, flags: TcpFlag.syn | tcpFlagsAck, payload: empty, place: 0 }, 0);
  for (let count = random.below(400); count > 0; count -= 1) {
    const side = random.chance(0.8) ? 0 : 1;
    const payload = randomBytes(random, random.chance(0.2) ? 0 : random.below(random.chance(0.1) ? 5000 : 200));
    const sequence = 1 + random.below(range);
    const captured = random.chance(0.05) ? random.below(payload.length + 1) : payload.length;
    const place = handler.bytes[side].length;
    for (let index = 0; index < captured; index += 1) {
      const at = sequence - 1 + index;
      if (!any[side].has(at)) any[side].set(at, new Set());
      any[side].get(at)!.add(payload[index]!);
      if (side !== 0 || at < place || (first.has(at) && (payload.length === 1 || !probed.has(at)))) continue;
      first.set(at, payload[index]!);
      if (payload.length === 1) probed.add(at);
      else probed.delete(at);
    }
    const fin = random.chance(0.01) ? TcpFlag.fin : 0;
    // Acknowledgements far ahead end every wait: few of them, so that there is something to wait for.
    const ack = random.chance(0.05) ? random.below(range) : 1;
    feed({ side, sequence, ack, flags: tcpFlagsAck | fin, payload, place: 0 }, captured);
  }
  layer.finish();
  assert.equal(layer.pagesInUse, 0, `seed ${seed}: nothing is left`);
  assert.equal(handler.opened, handler.closed);
  if (handler.opened > 1) return;
  const exact = roomy && overlap === OverlapPolicy.firstWins && layer.counters.shedBytes === 0;
  for (const side of [0, 1] as const) {
    for (const [at, byte] of handler.bytes[side].entries()) {
      if (byte < 0) continue;
      assert(any[side].get(at)?.has(byte), `seed ${seed}: a byte that was not sent, side ${side} at ${at}`);
      if (exact && side === 0) assert.equal(byte, first.get(at), `seed ${seed}: the first byte wins at ${at}`);
    }
  }
}

if (import.meta.main) {
  const rounds = Number(process.argv[2] ?? 2000);
  const seed = Number(process.argv[3] ?? 1);
  for (let round = 0; round < rounds; round += 1) {
    fuzzLossless(seed + round);
    fuzzHostile(seed + round);
  }
  process.stdout.write(`${rounds} rounds of each from seed ${seed}: no difference\n`);
}
