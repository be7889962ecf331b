/**
 * Where the exchanges of each connection begin, in bytes of both directions: what is between two beginnings can be taken out,
 * and the connection closes up. A request that starts a segment begins one; requests that were pipelined are one with the first.
 */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { long } from '../traffic/frame-words.ts';
import { Segment } from '../traffic/segment.ts';
import { ConnectionTable, recordBytes } from './connections.ts';
import { type Growth, GrowthShares } from './growth.ts';

/** Beyond it the rest of a capture is one exchange a connection: 1 million take 60 MB. */
const exchangesMax = 1_000_000;
const startCharacters = 24;
const requestStart = /^[A-Z]{3,20} (?:\/|\*|https?:|[\w.-]+:\d)/;

export class ConnectionStreams {
  /** First sequence numbers seen of the direction of the first frame, and of the other; null: not seen. */
  readonly bases: [number | null, number | null] = [null, null];
  /** Where exchanges begin: two offsets each, of the first direction and of the other. */
  readonly starts: number[] = [];
  /** Number of the first exchange among all. */
  readonly exchanges: number[] = [];
  /** The direction that data came from last; −1 before any. */
  lastSide = -1;

  /** Offset of a sequence number of a side; the first one that is seen is 0. */
  offset(side: 0 | 1, sequence: number): number {
    const base = (this.bases[side] ??= sequence);
    return (sequence - base) | 0;
  }
}

/** One pass over a capture; memory by the number of connections and exchanges. */
export class ExchangeIndex implements FrameSink {
  readonly table = new ConnectionTable();
  readonly streams: ConnectionStreams[] = [];
  /** Of each exchange: its connection's number, and its bytes in the file. */
  readonly connections: number[] = [];
  readonly bytes: number[] = [];
  readonly #segment = new Segment();
  readonly #growth: GrowthShares | undefined;

  /** @param growth of a run of the same capture */
  constructor(growth?: Growth) {
    this.#growth = growth && new GrowthShares(growth);
  }

  /** By number; undefined where it is not known what memory grew with. */
  gained(): readonly number[] | undefined {
    // What belongs to no exchange cannot be left out.
    return this.#growth?.values().slice(1);
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number): void {
    this.#growth?.add(this.#take(bytes, start, end, wireLength) + 1, end - start + recordBytes);
  }

  /** @returns the exchange that the frame belongs to; −1: none */
  #take(bytes: Uint8Array, start: number, end: number, wireLength: number): number {
    const number = this.table.connectionOf(bytes, start, end, wireLength);
    const stream = (this.streams[number] ??= new ConnectionStreams());
    const segment = this.#segment;
    if (!segment.read(bytes, start, end)) return -1;
    const side = this.table.isForward ? 0 : 1;
    const offset = stream.offset(side, segment.sequence);
    const length = segment.payloadEnd - segment.payloadStart;
    if (length > 0) {
      if (stream.lastSide !== side && this.#begins(bytes))
        this.#begin(number, stream, side, offset, acknowledged(bytes, segment));
      stream.lastSide = side;
    }
    const exchange = stream.exchanges.at(-1);
    if (exchange !== undefined) this.bytes[exchange]! += end - start + recordBytes;
    return exchange ?? -1;
  }

  #begins(bytes: Uint8Array): boolean {
    const { payloadStart, payloadEnd } = this.#segment;
    const first = bytes[payloadStart]!;
    if (first < 65 || first > 90 || this.connections.length === exchangesMax) return false;
    const length = Math.min(startCharacters, payloadEnd - payloadStart);
    return requestStart.test(Buffer.from(bytes.buffer, bytes.byteOffset + payloadStart, length).toString('latin1'));
  }

  /** @param ack what the sender had received of the other side by then; null: the segment does not say */
  #begin(connection: number, stream: ConnectionStreams, side: 0 | 1, offset: number, ack: number | null): void {
    const other = side === 0 ? 1 : 0;
    const otherOffset = ack === null ? (stream.starts.at(-2 + other) ?? 0) : stream.offset(other, ack);
    stream.exchanges.push(this.connections.length);
    stream.starts.push(side === 0 ? offset : otherOffset, side === 0 ? otherOffset : offset);
    this.connections.push(connection);
    this.bytes.push(0);
  }
}

/** The acknowledgement of the last segment read; null where it has none. */
export function acknowledged(bytes: Uint8Array, { isAck, tcpStart }: Segment): number | null {
  return isAck ? long(bytes, tcpStart + 8) : null;
}
