/** Where in its stream a fragment of a TCP segment lies, by the first fragment of its datagram. */
import type { Packet } from '../../agent/wire/packet.ts';

export interface FragmentPlace {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of the segment's first byte. */
  readonly sequence: number;
  /** Of TCP. */
  readonly headerBytes: number;
}

/** Datagrams under way at one time; the oldest is forgotten. */
const placesMax = 4_096;

export class FragmentPlaces {
  readonly #places = new Map<string, FragmentPlace>();

  /** @param hosts both addresses @returns undefined where the first fragment has not been seen, or is too short for its header */
  of(hosts: string, packet: Packet, bytes: Uint8Array): FragmentPlace | undefined {
    const key = `${hosts} ${packet.fragmentId}`;
    if (packet.fragmentOffset === 0) this.#note(key, packet, bytes);
    return this.#places.get(key);
  }

  #note(key: string, { payloadStart: at, payloadEnd: end }: Packet, bytes: Uint8Array): void {
    this.#places.delete(key);
    if (at + 20 > end) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (this.#places.size >= placesMax) this.#places.delete(this.#places.keys().next().value!);
    this.#places.set(key, {
      sourcePort: view.getUint16(at),
      destinationPort: view.getUint16(at + 2),
      sequence: view.getInt32(at + 4),
      headerBytes: (bytes[at + 12]! >> 4) * 4,
    });
  }
}
