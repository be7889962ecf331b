/** Frames with other tags, other lengths, right checksums. */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { foldChecksum, sumWords } from '../../../agent/wire/checksum.ts';
import { isVlanType, putWord, word } from '../frame-words.ts';
import { Segment } from '../segment.ts';
import { fixIpv4Checksum, isCuttable, pseudoSum, writePiece } from '../segment-pieces.ts';
import { type EditStage, FrameCopy, Layers } from './edit-stage.ts';

/** One tag of this number, or no tags at all. */
export class VlanStage implements EditStage {
  readonly description: string;
  frames = 0;
  readonly #vlan: number | 'none';
  readonly #next: FrameSink;
  readonly #copy = new FrameCopy();

  constructor(vlan: number | 'none', next: FrameSink) {
    this.#vlan = vlan;
    this.#next = next;
    this.description = vlan === 'none' ? 'VLAN tags taken away' : `in VLAN ${vlan}`;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    let tags = start + 12;
    while (tags + 6 <= end && isVlanType(word(bytes, tags))) tags += 4;
    const isTagged = tags > start + 12;
    const isAsWanted = this.#vlan === 'none' ? !isTagged : isTagged && (word(bytes, start + 14) & 0xfff) === this.#vlan;
    if (end - start < 14 || isAsWanted) {
      this.#next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
      return;
    }
    this.frames += 1;
    if (this.#vlan !== 'none' && isTagged) {
      const out = this.#copy.take(bytes, start, end);
      putWord(out, 14, (word(out, 14) & 0xf000) | this.#vlan);
      this.#next.frame(out, 0, end - start, wireLength, tsUs, interfaceIndex);
      return;
    }
    // Its addresses, the tag that it shall have, and all behind the tags that it had.
    const tagBytes = this.#vlan === 'none' ? 0 : 4;
    const length = 12 + tagBytes + end - tags;
    const out = this.#copy.room(length);
    out.set(bytes.subarray(start, start + 12), 0);
    if (this.#vlan !== 'none') {
      putWord(out, 12, 0x8100);
      putWord(out, 14, this.#vlan);
    }
    out.set(bytes.subarray(tags, end), 12 + tagBytes);
    this.#next.frame(out, 0, length, wireLength + length - (end - start), tsUs, interfaceIndex);
  }
}

/** TCP segments that are too long are cut, as an offloading card cuts what its host hands it. Other frames stay. */
export class MtuStage implements EditStage {
  frames = 0;
  /** Too long, and no segment that could be cut. */
  left = 0;
  readonly #ipBytesMax: number;
  readonly #frameBytesMax: number;
  readonly #next: FrameSink;
  readonly #copy = new FrameCopy();
  readonly #segment = new Segment();
  readonly #layers = new Layers();

  /** @param ipBytesMax of an IP packet @param frameBytesMax of a frame: what is not longer stays as it is */
  constructor(ipBytesMax: number, frameBytesMax: number, next: FrameSink) {
    this.#ipBytesMax = ipBytesMax;
    this.#frameBytesMax = frameBytesMax;
    this.#next = next;
  }

  get description(): string {
    const left = this.left > 0 ? `; ${this.left} longer ones are no whole TCP segments and stay` : '';
    return this.#frameBytesMax > 0
      ? `frames over ${this.#frameBytesMax} bytes cut, since the device takes no longer ones${left}`
      : `TCP segments cut to an MTU of ${this.#ipBytesMax}${left}`;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    if (!this.#isTooLong(bytes, start, end)) {
      this.#next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
      return;
    }
    const segment = this.#segment;
    const canCut = segment.read(bytes, start, end) && isCuttable(bytes, segment);
    const pieceBytes = canCut ? this.#ipBytesMax - (segment.payloadStart - segment.ipStart) : 0;
    if (pieceBytes < 1) {
      this.left += 1;
      this.#next.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
      return;
    }
    this.frames += 1;
    const out = this.#copy.room(end - start);
    const { payloadBytes } = segment;
    for (let from = 0, index = 0; from < payloadBytes; from += pieceBytes, index += 1) {
      const to = Math.min(from + pieceBytes, payloadBytes);
      const length = writePiece(out, bytes, start, segment, from, to, index);
      this.#next.frame(out, 0, length, length, tsUs, interfaceIndex);
    }
  }

  #isTooLong(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#frameBytesMax > 0) return end - start > this.#frameBytesMax;
    if (end - start <= this.#ipBytesMax) return false;
    const layers = this.#layers;
    layers.read(bytes, start, end);
    return layers.version !== 0 && layers.wireEnd - layers.network > this.#ipBytesMax;
  }
}

/** Checksums of whole packets, as hosts with offload leave them for their cards to write. */
export class ChecksumStage implements EditStage {
  readonly description = 'checksums made right';
  frames = 0;
  readonly #next: FrameSink;
  readonly #copy = new FrameCopy();
  readonly #layers = new Layers();

  constructor(next: FrameSink) {
    this.#next = next;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    const out = this.#copy.take(bytes, start, end);
    const length = end - start;
    this.#layers.read(out, 0, length);
    if (this.#fix(out, length)) this.frames += 1;
    this.#next.frame(out, 0, length, wireLength, tsUs, interfaceIndex);
  }

  /** @returns whether any was wrong */
  #fix(out: Uint8Array, length: number): boolean {
    const { version, network, protocol, transport, wireEnd } = this.#layers;
    if (version === 0) return false;
    let isChanged = false;
    if (version === 4 && network + (out[network]! & 15) * 4 <= length) {
      const before = word(out, network + 10);
      fixIpv4Checksum(out, network);
      isChanged = word(out, network + 10) !== before;
    }
    const isFragment = version === 4 && (word(out, network + 6) & 0x3fff) !== 0;
    if (transport < 0 || isFragment || wireEnd > length || wireEnd < transport + 8) return isChanged;
    const at = transport + (protocol === 6 ? 16 : protocol === 17 ? 6 : 2);
    const isKnown = protocol === 6 || protocol === 17 || protocol === 58 || (protocol === 1 && version === 4);
    if (!isKnown || at + 2 > wireEnd || (protocol === 17 && word(out, at) === 0)) return isChanged;
    const before = word(out, at);
    putWord(out, at, 0);
    const pseudo = protocol === 1 ? 0 : pseudoSum(out, network, version, protocol, wireEnd - transport);
    putWord(out, at, foldChecksum(sumWords(pseudo, out, transport, wireEnd)) || (protocol === 17 ? 0xffff : 0));
    return isChanged || word(out, at) !== before;
  }
}

export class SnapStage implements EditStage {
  readonly description: string;
  frames = 0;
  readonly #most: number;
  readonly #next: FrameSink;

  constructor(most: number, next: FrameSink) {
    this.#most = most;
    this.#next = next;
    this.description = `frames cut to ${most} bytes`;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    const cutEnd = Math.min(end, start + this.#most);
    if (cutEnd < end) this.frames += 1;
    this.#next.frame(bytes, start, cutEnd, wireLength, tsUs, interfaceIndex);
  }
}
