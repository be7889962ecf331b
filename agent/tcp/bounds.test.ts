/** Each bound driven to its limit, and nothing beyond it. */
import t from 'tap';
import { placePages } from '../capture/sys/page-memory.ts';
import { TcpFlag } from '../wire/packet.ts';
import { buildIpPacket, buildSegment, buildTcpFrame, fragmentIpPacket } from '../wire/packet-builder.ts';
import { defaultTcpLimits, type TcpLimits } from './limits.ts';
import { collectGarbage, soak } from './soak.ts';
import type { StreamHandler } from './stream-handler.ts';
import { TcpLayer } from './tcp.ts';

class Discard implements StreamHandler {
  bytes = 0;
  open(): void {}
  data(_stream: number, _side: number, _bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
  }
  gap(): void {}
  end(): void {}
  close(): void {}
}

function makeLayer(limits: TcpLimits, linkType = 1) {
  const handler = new Discard();
  const source = { interfaces: [{ name: 'test', linkType, snapLength: 0 }] };
  const layer = new TcpLayer({ limits, placePages, handler, source, hashSeed: [1, 2] });
  return { layer, handler };
}

const flow = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 4000, destinationPort: 80 };

/** Resident memory without V8's heap, which grows and shrinks by its own schedule. */
function outsideHeapBytes(): number {
  collectGarbage();
  const { rss, heapTotal } = process.memoryUsage();
  return rss - heapTotal;
}

t.test('every stream, page and fragment there may be: resident memory stays within the sum of bounds', (t) => {
  const limits: TcpLimits = { ...defaultTcpLimits, streamsMax: 32_768, pagesMax: 32_768 };
  const bound = TcpLayer.bytesFor(limits);
  const boundBytes = bound.tables + bound.pages + bound.fragments;
  const { layer } = makeLayer(limits);
  const before = outsideHeapBytes();
  const payload = Buffer.alloc(1400, 'x');
  const frame = buildTcpFrame({ ...flow, sequence: 1, flags: TcpFlag.ack, payload });
  let nowUs = 1e15;
  // 40,000 streams are more than the table holds; each leaves one segment waiting behind a hole.
  for (let round = 0; round < 2; round += 1) {
    for (let stream = 0; stream < 40_000; stream += 1) {
      frame[27] = stream >> 8;
      frame[28] = stream;
      frame[38] = round * 4;
      layer.frame(frame, 0, frame.length, frame.length, (nowUs += 10), 0);
      frame[38] = round * 4;
      frame[40] = 0x40;
      layer.frame(frame, 0, frame.length, frame.length, (nowUs += 10), 0);
      frame[40] = 0;
    }
  }
  const gauges = layer.gauges();
  t.equal(gauges['tcp.streamsOpen'], limits.streamsMax);
  t.ok(gauges['tcp.pagesInUsePeak']! > limits.pagesMax * 0.9, `${gauges['tcp.pagesInUsePeak']} pages at the peak`);
  t.ok(gauges['tcp.pagesInUsePeak']! <= limits.pagesMax);
  t.ok(layer.counters.streamsClosedEvicted > 0);
  const grown = outsideHeapBytes() - before;
  // 16 MiB for what V8 adds by itself outside its heap: code, and what its compilers work on.
  t.ok(grown <= boundBytes + (16 << 20), `${grown} bytes more resident, ${boundBytes} allowed`);
  t.ok(grown > bound.pages / 2, 'the pages were really used');

  layer.advance((nowUs += 1_000_000_000));
  for (let second = 0; second < 3; second += 1) layer.advance((nowUs += 1_000_000));
  t.equal(layer.pagesInUse, 0);
  t.ok(layer.gauges()['tcp.pagesResident']! <= 512, 'idle pages went back to the system');
  t.ok(outsideHeapBytes() < before + grown - bound.pages / 2, 'and resident memory fell');
  t.end();
});

t.test('a storm of duplicates costs no pages, and no more for each than for the first', (t) => {
  const { layer } = makeLayer(defaultTcpLimits);
  let nowUs = 1e15;
  const send = (sequence: number, length: number) => {
    const frame = buildTcpFrame({ ...flow, sequence, flags: TcpFlag.ack, payload: Buffer.alloc(length, 'x') });
    layer.frame(frame, 0, frame.length, frame.length, (nowUs += 1), 0);
    return frame;
  };
  send(1, 1);
  // A queue of 2,000 pages behind one hole, then the same segments again and again.
  for (let at = 0; at < 2000; at += 1) send(1000 + at * 2048, 2048);
  const pages = layer.pagesInUse;
  t.ok(pages >= 2000);
  const duplicate = buildTcpFrame({
    ...flow,
    sequence: 1000 + 1999 * 2048,
    flags: TcpFlag.ack,
    payload: Buffer.alloc(1400, 'x'),
  });
  const cpu = process.cpuUsage();
  for (let count = 0; count < 200_000; count += 1)
    layer.frame(duplicate, 0, duplicate.length, duplicate.length, nowUs, 0);
  const { user } = process.cpuUsage(cpu);
  t.equal(layer.pagesInUse, pages);
  t.equal(layer.counters.segmentsDuplicate, 200_000);
  t.ok(user < 2_000_000, `${user} µs for 200,000 duplicates: 2,000 pages walked for each would take twenty times that`);
  t.end();
});

t.test('fragments of TCP segments become segments, within their bounds', (t) => {
  const { layer, handler } = makeLayer(defaultTcpLimits, 101);
  let nowUs = 1e15;
  const payload = Buffer.alloc(3000, 'x');
  const packet = (sequence: number) =>
    buildIpPacket(flow.source, flow.destination, 6, buildSegment({ ...flow, sequence, flags: TcpFlag.ack, payload }));
  for (const [index, at] of [1, 3001, 6001].entries()) {
    for (const piece of fragmentIpPacket(packet(at), 1480, index).reverse()) {
      layer.frame(piece, 0, piece.length, piece.length, (nowUs += 10), 0);
    }
  }
  layer.advance((nowUs += defaultTcpLimits.ackSlackUs));
  t.equal(handler.bytes, 9000);
  t.equal(layer.counters.datagramsReassembled, 3);
  for (let id = 0; id < 5000; id += 1) {
    const piece = fragmentIpPacket(packet(9001), 1480, id + 100)[0]!;
    layer.frame(piece, 0, piece.length, piece.length, (nowUs += 10), 0);
  }
  t.equal(layer.gauges()['tcp.datagramsWaiting'], 256);
  layer.advance(nowUs + 16_000_000);
  t.equal(layer.gauges()['tcp.datagramsWaiting'], 0);
  t.equal(layer.counters.datagramsTimedOut, 256);
  t.end();
});

t.test('fragments within fragments become segments; nesting without end is given up', (t) => {
  const { layer, handler } = makeLayer(defaultTcpLimits, 101);
  const payload = Buffer.alloc(3000, 'x');
  const segment = buildSegment({ ...flow, sequence: 1, flags: TcpFlag.ack, payload });
  let packets = [buildIpPacket(flow.source, flow.destination, 6, segment)];
  const nest = (levels: number) => {
    for (let level = 0; level < levels; level += 1) {
      packets = packets.flatMap((packet, index) =>
        fragmentIpPacket(packet, 1480, level * 100 + index).map((piece) =>
          buildIpPacket('10.1.1.1', '10.1.1.2', 4, piece),
        ),
      );
    }
    // The outermost are fragments themselves.
    return packets.flatMap((packet, index) => fragmentIpPacket(packet, 512, 9000 + index));
  };
  let nowUs = 1e15;
  const feed = (pieces: readonly Uint8Array[]) => {
    for (const piece of pieces) layer.frame(piece, 0, piece.length, piece.length, (nowUs += 10), 0);
  };
  feed(nest(1));
  layer.advance((nowUs += defaultTcpLimits.ackSlackUs));
  t.equal(handler.bytes, 3000);
  t.equal(layer.snapshot()['wire.tooDeep'], 0);
  // The long pieces last: each of them completes what is around it.
  feed(nest(4).reverse());
  t.equal(layer.counters.segments, 1, 'five levels deep: not followed');
  t.ok(layer.snapshot()['wire.tooDeep']! > 0, 'and counted');
  layer.advance(nowUs + 16_000_000);
  t.equal(layer.gauges()['tcp.fragmentPagesInUse'], 0);
  t.end();
});

t.test('100,000 connections leave memory where it was (soak.ts plays 10 million)', (t) => {
  const samples = soak(100_000, 10);
  const [, , , , early] = samples;
  const last = samples.at(-1)!;
  t.ok(last.heapUsedBytes < early!.heapUsedBytes + (8 << 20), 'the heap is flat');
  t.ok(last.rssBytes < early!.rssBytes + (24 << 20), 'resident memory is flat');
  t.ok(last.gauges['tcp.streamsClosedHeld']! < 21_000, 'closed keys go after two seconds');
  t.end();
});
