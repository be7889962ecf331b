/** Fragments by datagram in a map: without a timeout, without a limit. */
import type { FragmentCounters, FragmentLimits } from '../../../agent/wire/fragments.ts';
import type { Packet } from '../../../agent/wire/packet.ts';

interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

interface Datagram {
  readonly pieces: Piece[];
  received: number;
  total: number;
  protocol: number;
}

export class FragmentTable {
  readonly datagram = new Uint8Array(65_535);
  readonly #datagrams = new Map<string, Datagram>();
  readonly #counters: FragmentCounters;

  constructor(_limits: FragmentLimits, counters: FragmentCounters) {
    this.#counters = counters;
  }

  static bytesFor(_limits: FragmentLimits): number {
    return 0;
  }

  get waiting(): number {
    return this.#datagrams.size;
  }

  get pagesInUse(): number {
    return 0;
  }

  expire(_nowUs: number): void {}

  add(packet: Packet, bytes: Uint8Array, _tsUs: number): number {
    this.#counters.fragments += 1;
    const key = `${packet.fragmentId} ${packet.addresses.join('.')}`;
    const datagram = this.#datagrams.get(key) ?? { pieces: [], received: 0, total: -1, protocol: packet.protocol };
    this.#datagrams.set(key, datagram);
    this.#keepPiece(datagram, packet, bytes);
    if (datagram.received !== datagram.total) return -1;
    for (const piece of datagram.pieces) this.datagram.set(piece.bytes, piece.offset);
    this.#datagrams.delete(key);
    packet.protocol = datagram.protocol;
    this.#counters.datagramsReassembled += 1;
    return datagram.total;
  }

  #keepPiece(datagram: Datagram, packet: Packet, bytes: Uint8Array): void {
    const offset = packet.fragmentOffset;
    const copy = new Uint8Array(packet.payloadEnd - packet.payloadStart);
    copy.set(bytes.subarray(packet.payloadStart, packet.payloadEnd));
    datagram.pieces.push({ offset, bytes: copy });
    datagram.received += copy.length;
    if (!packet.fragmentMore) datagram.total = offset + copy.length;
    if (offset === 0) datagram.protocol = packet.protocol;
  }
}
