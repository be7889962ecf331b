/**
 * Nothing grows with time: `node agent/tcp/soak.ts [CONNECTIONS]` plays that many short connections through one layer
 * (10 million by default) and prints the resident memory along the way. The test plays a short form.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { placePages } from '../capture/sys/page-memory.ts';
import { TcpFlag } from '../wire/packet.ts';
import { buildTcpFrame } from '../wire/packet-builder.ts';
import { defaultTcpLimits } from './limits.ts';
import type { StreamHandler } from './stream-handler.ts';
import { TcpLayer } from './tcp.ts';

setFlagsFromString('--expose-gc');
/** Collects all garbage now, so that a reading of memory does not depend on when V8 last did. */
export const collectGarbage: () => void = runInNewContext('gc');

/** What is read every so often. */
export interface SoakSample {
  readonly connections: number;
  readonly rssBytes: number;
  /** After a forced collection: what is in use, not when V8 last collected. */
  readonly heapUsedBytes: number;
  readonly gauges: Record<string, number>;
}

const client = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 1, destinationPort: 80 };
const server = { source: '10.0.0.2', destination: '10.0.0.1', sourcePort: 80, destinationPort: 1 };
const syn = TcpFlag.syn;
const ack = TcpFlag.ack;
const payload = Buffer.alloc(200, 'x');

/** A short connection as frames: most end well, some are left open, some lose a segment, some are reset. */
const connections = [
  [
    buildTcpFrame({ ...client, sequence: 0, flags: syn }),
    buildTcpFrame({ ...server, sequence: 0, acknowledgement: 1, flags: syn | ack }),
    buildTcpFrame({ ...client, sequence: 1, acknowledgement: 1, flags: ack, payload }),
    buildTcpFrame({ ...server, sequence: 401, acknowledgement: 201, flags: ack, payload }),
    buildTcpFrame({ ...server, sequence: 201, acknowledgement: 201, flags: ack, payload }),
    buildTcpFrame({ ...server, sequence: 1, acknowledgement: 201, flags: ack, payload }),
    buildTcpFrame({ ...client, sequence: 201, acknowledgement: 601, flags: ack | TcpFlag.fin }),
    buildTcpFrame({ ...server, sequence: 601, acknowledgement: 202, flags: ack | TcpFlag.fin }),
  ],
  [
    buildTcpFrame({ ...client, sequence: 0, flags: syn }),
    buildTcpFrame({ ...client, sequence: 1, acknowledgement: 1, flags: ack, payload }),
    buildTcpFrame({ ...client, sequence: 401, acknowledgement: 1, flags: ack, payload }),
  ],
  [
    buildTcpFrame({ ...client, sequence: 0, flags: syn }),
    buildTcpFrame({ ...server, sequence: 201, acknowledgement: 1, flags: ack, payload }),
    buildTcpFrame({ ...server, sequence: 401, acknowledgement: 1, flags: TcpFlag.rst | ack }),
  ],
  [buildTcpFrame({ ...client, sequence: 0, flags: syn })],
];

/** Makes a frame another connection's: the client's address and port are the connection's number. */
function renumber(frame: Uint8Array, connection: number): void {
  const fromClient = frame[29] === 1 && frame[33] === 2 ? true : frame[36] === 0 && frame[37] === 80;
  const address = fromClient ? 26 : 30;
  const port = fromClient ? 34 : 36;
  frame[address] = 11 + ((connection >> 24) & 63);
  frame[address + 1] = connection >> 16;
  frame[address + 2] = connection >> 8;
  frame[address + 3] = connection;
  frame[port] = 128 | (connection >> 7);
  frame[port + 1] = connection;
}

/** Plays `count` connections, 10,000 a second on the packets' clock. @returns `samples` readings, evenly spread. */
export function soak(count: number, samples: number): SoakSample[] {
  const limits = defaultTcpLimits;
  let bytes = 0;
  const handler: StreamHandler = {
    open() {},
    data(_stream, _side, _bytes, start, end) {
      bytes += end - start;
    },
    gap() {},
    end() {},
    close() {},
  };
  const source = { interfaces: [{ name: 'soak', linkType: 1, snapLength: 0 }] };
  const layer = new TcpLayer({ limits, placePages, handler, source, hashSeed: [1, 2] });
  const out: SoakSample[] = [];
  let nowUs = 1e15;
  for (let connection = 0; connection < count; connection += 1) {
    const frames = connections[connection % 16 < 13 ? 0 : (connection % 16) - 12]!;
    for (const frame of frames) {
      renumber(frame, connection);
      layer.frame(frame, 0, frame.length, frame.length, nowUs, 0);
    }
    nowUs += 100;
    if ((connection + 1) % Math.ceil(count / samples) === 0) {
      collectGarbage();
      const { rss, heapUsed } = process.memoryUsage();
      out.push({ connections: connection + 1, rssBytes: rss, heapUsedBytes: heapUsed, gauges: layer.gauges() });
    }
  }
  layer.finish();
  if (bytes === 0) throw new Error('nothing was delivered');
  return out;
}

if (import.meta.main) {
  for (const sample of soak(Number(process.argv[2] ?? 10_000_000), 20)) {
    const mebibytes = (value: number) => (value / 1024 / 1024).toFixed(1);
    process.stdout.write(
      `${sample.connections} connections: RSS ${mebibytes(sample.rssBytes)} MiB, heap ${mebibytes(sample.heapUsedBytes)} MiB, ` +
        `open ${sample.gauges['tcp.streamsOpen']}, closed keys ${sample.gauges['tcp.streamsClosedHeld']}, pages ${sample.gauges['tcp.pagesInUse']}\n`,
    );
  }
}
