/**
 * The frames of a TPACKET_V3 ring's blocks, in place, or by a sink's `RecordTaker` from a copy of the block in its memory:
 * copying a block costs less than looking at its frames one by one here. Hot path: no call and no object per frame.
 */
import { chunkBytes, type FrameSink, PacketChoice, type RecordTaker } from './frame-source.ts';
import type { RingInterfaces } from './ring-interfaces.ts';
import { HardwareType } from './sys/packet-socket.ts';
import { Tpacket3 } from './tpacket3.ts';

/** A VLAN tag is four bytes; the kernel takes it out of the frame, and it goes back in before the first byte moves. */
export const vlanTagBytes = 4;

export class RingFrames {
  /** Not yet delivered of the current block. */
  left = 0;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #interfaces: RingInterfaces;
  readonly #direction: 'in' | 'out' | 'both';
  /** Of the next frame's header in the ring, in words. */
  #frameWord = 0;
  /** Where the current block's bytes end. */
  #blockEnd = 0;
  #closed = false;

  /** @param ring is mapped until `close` */
  constructor(ring: ArrayBuffer, interfaces: RingInterfaces, direction: 'in' | 'out' | 'both') {
    this.#bytes = new Uint8Array(ring);
    this.#words = new Uint32Array(ring);
    this.#interfaces = interfaces;
    this.#direction = direction;
  }

  /** Goes to the block that begins at `block`, in words. */
  begin(block: number): void {
    this.left = this.#words[block + Tpacket3.blockFrames]!;
    this.#frameWord = block + this.#words[block + Tpacket3.blockFirst]! / 4;
    this.#blockEnd = block * 4 + this.#words[block + Tpacket3.blockBytes]!;
  }

  /** Delivers from the current block; returns how many frames. */
  deliver(sink: FrameSink, framesMax: number): number {
    const records = this.#copy(sink.records ?? null);
    let delivered = 0;
    while (this.left > 0 && delivered < framesMax) {
      if (records !== null) {
        delivered += this.#take(records);
        if (this.#closed || this.left === 0 || delivered >= framesMax) break;
      }
      if (this.#deliverOne(sink)) delivered += 1;
      // A sink may close its source: the mapping is gone then.
      if (this.#closed) break;
    }
    return delivered;
  }

  /** The mapping is gone. */
  close(): void {
    this.#closed = true;
    this.left = 0;
  }

  #copiedAt = 0;

  /** Copies what is left of the block to where records are taken; null where they cannot be. */
  #copy(records: RecordTaker | null): RecordTaker | null {
    const start = this.#frameWord * 4;
    if (records === null || this.left === 0 || this.#blockEnd - start > chunkBytes) return null;
    this.#copiedAt = start;
    records.bytes.set(this.#bytes.subarray(start, this.#blockEnd), records.inputStart);
    return records;
  }

  #take(records: RecordTaker): number {
    const { lastNumber, lastIndex } = this.#interfaces;
    if (lastIndex < 0 || !this.#interfaces.hasLinkHeader(lastIndex)) return 0;
    const shift = records.inputStart - this.#copiedAt;
    const start = this.#frameWord * 4;
    const hardwareType = this.#words[this.#frameWord + Tpacket3.types]! & 0xffff;
    const packets = this.#wanted(hardwareType);
    const at = records.takeRing(start + shift, this.#blockEnd + shift, this.left, lastNumber, lastIndex, packets);
    if (this.#closed) return records.taken;
    this.left -= records.passed;
    this.#frameWord = (at - shift) / 4;
    return records.taken;
  }

  /** Whether the next frame was one to be delivered. */
  #deliverOne(sink: FrameSink): boolean {
    const words = this.#words;
    const at = this.#frameWord;
    this.left -= 1;
    this.#frameWord = at + (words[at + Tpacket3.next]! >>> 2);
    const types = words[at + Tpacket3.types]!;
    const hardwareType = types & 0xffff;
    const wanted = this.#wanted(hardwareType);
    const isOutgoing = ((types >>> 16) & 0xff) === Tpacket3.outgoing;
    if (wanted !== PacketChoice.all && isOutgoing !== (wanted === PacketChoice.outgoing)) return false;
    const interfaceIndex = this.#interfaces.indexOf(words[at + Tpacket3.interfaceNumber]!, hardwareType);
    const offsets = words[at + Tpacket3.offsets]!;
    const linkStart = at * 4 + (offsets & 0xffff);
    const linkBytes = this.#interfaces.hasLinkHeader(interfaceIndex) ? 0 : (offsets >>> 16) - (offsets & 0xffff);
    const end = linkStart + words[at + Tpacket3.captured]!;
    let start = Math.min(linkStart + linkBytes, end);
    let wireLength = words[at + Tpacket3.wire]! - linkBytes;
    if ((words[at + Tpacket3.status]! & Tpacket3.vlanValid) !== 0 && linkBytes === 0 && end - start >= 12) {
      start = this.#restoreVlanTag(start, at);
      wireLength += vlanTagBytes;
    }
    const tsUs = words[at + Tpacket3.seconds]! * 1e6 + words[at + Tpacket3.nanoseconds]! / 1000;
    sink.frame(this.#bytes, start, end, wireLength, tsUs, interfaceIndex);
    return true;
  }

  /** Loopback shows every frame twice, sent and received: one is enough. */
  #wanted(hardwareType: number): PacketChoice {
    if (this.#direction === 'both') {
      return hardwareType === HardwareType.loopback ? PacketChoice.incoming : PacketChoice.all;
    }
    return this.#direction === 'in' ? PacketChoice.incoming : PacketChoice.outgoing;
  }

  /** Puts the tag back between the addresses and the type, in the room kept for it; returns the frame's new start. */
  #restoreVlanTag(start: number, header: number): number {
    const bytes = this.#bytes;
    const hasType = (this.#words[header + Tpacket3.status]! & Tpacket3.vlanTypeValid) !== 0;
    const type = hasType ? this.#words[header + Tpacket3.vlanType]! & 0xffff : 0x8100;
    const tag = this.#words[header + Tpacket3.vlanTag]!;
    const tagged = start - vlanTagBytes;
    bytes.copyWithin(tagged, start, start + 12);
    bytes[start + 8] = type >>> 8;
    bytes[start + 9] = type & 0xff;
    bytes[start + 10] = (tag >>> 8) & 0xff;
    bytes[start + 11] = tag & 0xff;
    return tagged;
  }
}
