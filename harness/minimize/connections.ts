/** The connections of a capture, numbered as they come: both directions have one number. */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { FlowTable } from '../traffic/flows.ts';
import { framesAtTop, type Growth, GrowthShares } from './growth.ts';

/** The number of frames that belong to no connection: ARP, UDP, and flows beyond the table. */
export const otherFrames = 0;

export class ConnectionTable {
  readonly #table = new FlowTable(1);
  readonly #byFlow: number[] = [];
  readonly #byName = new Map<string, number>();
  /** `10.0.0.1:4000 10.0.0.2:80`, as the first frame went; of number 0 a word. */
  readonly names: string[] = ['no connection'];
  /** Whether the last frame goes as the first of its connection went. */
  isForward = true;

  /** What the last frame was decoded to. */
  get packet() {
    return this.#table.packet;
  }

  connectionOf(bytes: Uint8Array, start: number, end: number, wireLength: number): number {
    const flow = this.#table.flowOf(bytes, start, end, wireLength);
    if (flow < 0) return otherFrames;
    const known = this.#byFlow[flow];
    if (known !== undefined) {
      this.isForward = known > 0;
      return Math.abs(known);
    }
    const { source, destination } = this.#table.flows[flow]!;
    const reverse = this.#byName.get(`${destination} ${source}`);
    this.isForward = reverse === undefined;
    // The other direction is kept as a negative number.
    if (reverse !== undefined) {
      this.#byFlow[flow] = -reverse;
      return reverse;
    }
    const number = this.names.length;
    this.names.push(`${source} ${destination}`);
    this.#byName.set(`${source} ${destination}`, number);
    this.#byFlow[flow] = number;
    return number;
  }
}

export interface ConnectionWeight {
  readonly name: string;
  frames: number;
  /** As they stand in a capture file. */
  bytes: number;
  /** Payload that came, at most, while a segment before it had not. */
  behindGap: number;
  /** Payload that came before memory was at its top, of a connection that nothing had ended by then. */
  openAtTop: number;
}

/** What a record of a capture file takes beside its frame. */
export const recordBytes = 16;

/** One direction of a connection, as far as gaps go. */
interface Followed {
  isSeen: boolean;
  /** Sequence numbers: the next that is due, and the highest end. */
  next: number;
  highest: number;
  behind: number;
}

const unseen = (): Followed => ({ isSeen: false, next: 0, highest: 0, behind: 0 });

/** How much each connection brings: one pass, memory by the number of connections. */
export class ConnectionWeights implements FrameSink {
  readonly #table = new ConnectionTable();
  readonly weights: ConnectionWeight[] = [];
  readonly #followed: [Followed, Followed][] = [];
  readonly #growth: GrowthShares | undefined;
  /** Frames until memory was at its top; all, where that is not known. */
  readonly #topFrames: number;
  readonly #ended = new Set<number>();
  frames = 0;

  /** @param growth of a run of the same capture */
  constructor(growth?: Growth) {
    this.#growth = growth && new GrowthShares(growth);
    this.#topFrames = growth ? framesAtTop(growth) : Number.POSITIVE_INFINITY;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number): void {
    this.frames += 1;
    const number = this.#table.connectionOf(bytes, start, end, wireLength);
    const { names } = this.#table;
    while (this.weights.length < names.length)
      this.weights.push({ name: names[this.weights.length]!, frames: 0, bytes: 0, behindGap: 0, openAtTop: 0 });
    const weight = this.weights[number]!;
    weight.frames += 1;
    weight.bytes += end - start + recordBytes;
    this.#growth?.add(number, end - start + recordBytes);
    if (number === otherFrames) return;
    if (this.frames <= this.#topFrames) this.#lookAtEnd(number, weight);
    this.#follow(number, weight);
  }

  /** A port that is used again is another connection. */
  #lookAtEnd(number: number, weight: ConnectionWeight): void {
    const { flags, payloadWireBytes } = this.#table.packet;
    if ((flags & 2) !== 0) this.#ended.delete(number);
    if ((flags & 5) !== 0) {
      this.#ended.add(number);
      weight.openAtTop = 0;
    } else if (!this.#ended.has(number)) weight.openAtTop += payloadWireBytes;
  }

  /** By number; undefined where it is not known what memory grew with. */
  gained(): readonly number[] | undefined {
    return this.#growth?.values();
  }

  #follow(number: number, weight: ConnectionWeight): void {
    const { packet, isForward } = this.#table;
    // A fragment has no ports, and no numbers.
    if (packet.sourcePort === 0 && packet.destinationPort === 0) return;
    const length = packet.payloadWireBytes;
    const isSyn = (packet.flags & 2) !== 0;
    if (length === 0 && !isSyn) return;
    const sides = (this.#followed[number] ??= [unseen(), unseen()]);
    const side = sides[isForward ? 0 : 1];
    const end = (packet.sequence + length + Number(isSyn)) | 0;
    if (!side.isSeen) {
      side.isSeen = true;
      side.next = side.highest = end;
      return;
    }
    if (((end - side.highest) | 0) > 0) side.highest = end;
    if (((packet.sequence - side.next) | 0) > 0) {
      side.behind += length;
      if (side.behind > weight.behindGap) weight.behindGap = side.behind;
    } else if (((end - side.next) | 0) > 0) {
      // Several gaps of one side count as one.
      side.next = side.behind > 0 ? side.highest : end;
      side.behind = 0;
    }
  }
}

/** Frames of the connections that are kept. */
export function connectionFilter(kept: ReadonlySet<number>, out: FrameSink): FrameSink {
  const table = new ConnectionTable();
  return {
    frame(bytes, start, end, wireLength, tsUs, interfaceIndex) {
      if (!kept.has(table.connectionOf(bytes, start, end, wireLength))) return;
      out.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
    },
  };
}
