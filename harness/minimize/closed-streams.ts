/** Streams with parts taken out: what comes behind moves up, acknowledgements too, and checksums are right again. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { putLong, putWord } from '../traffic/frame-words.ts';
import { Segment } from '../traffic/segment.ts';
import { fixChecksums } from '../traffic/segment-pieces.ts';
import { ConnectionTable } from './connections.ts';
import { acknowledged, type ConnectionStreams } from './exchanges.ts';
import { RemovedRanges } from './removed-ranges.ts';

/** What is taken out of the two directions of a connection. */
export type SideRanges = readonly [RemovedRanges, RemovedRanges];

export const emptySides = (): SideRanges => [new RemovedRanges(), new RemovedRanges()];

/** @param streams of the same capture @param removed by number of the connection */
export class ClosedStreams implements FrameSink {
  readonly #table = new ConnectionTable();
  readonly #segment = new Segment();
  readonly #out: FrameSink;
  readonly #streams: readonly (ConnectionStreams | undefined)[];
  readonly #removed: ReadonlyMap<number, SideRanges>;
  #copy = new Uint8Array(65_536);

  constructor(
    streams: readonly (ConnectionStreams | undefined)[],
    removed: ReadonlyMap<number, SideRanges>,
    out: FrameSink,
  ) {
    this.#streams = streams;
    this.#removed = removed;
    this.#out = out;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number): void {
    const number = this.#table.connectionOf(bytes, start, end, wireLength);
    const sides = this.#removed.get(number);
    const segment = this.#segment;
    if (!sides || !segment.read(bytes, start, end)) {
      this.#out.frame(bytes, start, end, wireLength, tsUs, 0);
      return;
    }
    const side = this.#table.isForward ? 0 : 1;
    const other = side === 0 ? 1 : 0;
    const stream = this.#streams[number]!;
    const offset = stream.offset(side, segment.sequence);
    const ack = acknowledged(bytes, segment);
    const ackOffset = ack === null ? 0 : stream.offset(other, ack);
    const headers = segment.payloadStart - start;
    if (this.#copy.length < end - start) this.#copy = new Uint8Array((end - start) * 2);
    const copy = this.#copy;
    copy.set(bytes.subarray(start, segment.payloadStart), 0);
    let length = headers;
    const captured = segment.payloadEnd - segment.payloadStart;
    sides[side].keptWithin(offset, offset + captured, (from, to) => {
      copy.set(bytes.subarray(segment.payloadStart + from - offset, segment.payloadStart + to - offset), length);
      length += to - from;
    });
    const isBare = !segment.isSyn && !segment.isFin && !segment.isReset;
    const hadPayload = segment.payloadBytes > 0;
    if (isBare && hadPayload && length === headers) return;
    if (isBare && !hadPayload && ack !== null && isWithin(sides[other], ackOffset)) return;
    this.#write(
      copy,
      length,
      start,
      {
        sequence: segment.sequence - sides[side].removedBefore(offset),
        ack: ack === null ? null : ack - sides[other].removedBefore(ackOffset),
        missing: segment.payloadBytes - captured,
      },
      tsUs,
    );
  }

  /** @param missing bytes of the payload that the capture lacks: of such a frame no checksum can be made */
  #write(
    copy: Uint8Array,
    length: number,
    start: number,
    { sequence, ack, missing }: { sequence: number; ack: number | null; missing: number },
    tsUs: number,
  ): void {
    const { ipStart, ipVersion, tcpStart } = this.#segment;
    const [ip, tcp] = [ipStart - start, tcpStart - start];
    const wireLength = length + missing;
    putLong(copy, tcp + 4, sequence);
    if (ack !== null) putLong(copy, tcp + 8, ack);
    // A length of 65,536 and more is left to the card, as offloading hosts write it: 0.
    const ipBytes = wireLength - ip;
    if (ipVersion === 4) putWord(copy, ip + 2, ipBytes > 0xffff ? 0 : ipBytes);
    else putWord(copy, ip + 4, ipBytes - 40 > 0xffff ? 0 : ipBytes - 40);
    if (missing === 0) fixChecksums(copy, ip, ipVersion, tcp, length);
    this.#out.frame(copy, 0, length, wireLength, tsUs, 0);
  }
}

/** Whether an offset lies inside of what is taken out, not at an end of it. */
function isWithin(ranges: RemovedRanges, offset: number): boolean {
  return (
    ranges.removedBefore(offset) > ranges.removedBefore(offset - 1) &&
    ranges.removedBefore(offset + 1) > ranges.removedBefore(offset)
  );
}
