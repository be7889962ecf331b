/**
 * MAC addresses that become others, wherever a frame holds them: as they are, as the lower half of an IPv6 address (modified EUI-64,
 * RFC 4291, appendix A), and as the last 24 bits of a solicited-node address (section 2.7.1). What nobody found is counted.
 */
import { EtherType } from '../../../agent/wire/link.ts';
import { word } from '../frame-words.ts';
import type { Layers } from './edit-stage.ts';

const macBytes = 6;
/** Both addresses of an Ethernet header, which is always read. */
const headerBytes = 2 * macBytes;
/** The names of that many kinds of frames are kept. */
const kindsMax = 16;
const solicitedNode = Buffer.from('ff0200000000000000000001ff', 'hex');
const solicitedMac = Buffer.from('3333ff', 'hex');

interface Pair {
  readonly from: Buffer;
  readonly to: Buffer;
  readonly fromId: Buffer;
  readonly toId: Buffer;
  /** It can be counted: six equal bytes are padding more often than an address. */
  readonly isRare: boolean;
}

export class HardwareAddresses {
  readonly #pairs: readonly Pair[];
  readonly #leftBy = new Map<string, number>();
  #found = 0;
  #replaced = 0;

  /** @param macs twelve digits each */
  constructor(macs: readonly (readonly [from: string, to: string])[]) {
    this.#pairs = macs.map((pair) => {
      const [from, to] = [Buffer.from(pair[0], 'hex'), Buffer.from(pair[1], 'hex')];
      return {
        from,
        to,
        fromId: interfaceId(from),
        toId: interfaceId(to),
        isRare: !from.every((b) => b === from[0]),
      };
    });
  }

  get isEmpty(): boolean {
    return this.#pairs.length === 0;
  }

  /** Frames that still hold an address which was to go, by what they are: in words, and how many. */
  get left(): Iterable<readonly [kind: string, frames: number]> {
    return this.#leftBy;
  }

  /** To be called with each frame before anything of it is replaced. */
  begin(frame: Uint8Array, length: number): void {
    const bytes = Buffer.from(frame.buffer, frame.byteOffset, length);
    this.#replaced = 0;
    this.#found = 0;
    for (const { from, fromId, isRare } of this.#pairs) {
      if (isRare) this.#found += countOf(bytes, from) + countOf(bytes, fromId);
    }
  }

  /** To be called with each frame afterwards. @param layers of that frame */
  end(frame: Uint8Array, layers: Layers): void {
    if (this.#found <= this.#replaced) return;
    const kind = kindOf(frame, layers);
    const known = this.#leftBy.has(kind) || this.#leftBy.size < kindsMax ? kind : 'other frames';
    this.#leftBy.set(known, (this.#leftBy.get(known) ?? 0) + 1);
  }

  /** Of an Ethernet header, or its place in a payload. @returns by how much the sum of the frame's 16-bit words grew; undefined: not replaced */
  replace(out: Uint8Array, at: number): number | undefined {
    for (const { from, to, isRare } of this.#pairs) {
      if (!isAt(out, at, from)) continue;
      if (isRare && at >= headerBytes) this.#replaced += 1;
      return put(out, at, to);
    }
    return isAt(out, at, solicitedMac) ? this.#replaceLast(out, at + 3) : undefined;
  }

  /** The host's half of an IPv6 address at `at`. @returns as `replace` */
  replaceId(out: Uint8Array, at: number): number | undefined {
    if (isAt(out, at, solicitedNode)) return this.#replaceLast(out, at + 13);
    for (const { fromId, toId, isRare } of this.#pairs) {
      if (!isAt(out, at + 8, fromId)) continue;
      if (isRare) this.#replaced += 1;
      return put(out, at + 8, toId);
    }
    return undefined;
  }

  /** The last three bytes, of which groups are made. */
  #replaceLast(out: Uint8Array, at: number): number | undefined {
    for (const { from, to } of this.#pairs) {
      if (isAt(out, at, from.subarray(3))) return put(out, at, to.subarray(3));
    }
    return undefined;
  }
}

/** The universal bit is turned over, and two bytes stand in the middle. */
function interfaceId(mac: Buffer): Buffer {
  return Buffer.from([mac[0]! ^ 2, mac[1]!, mac[2]!, 0xff, 0xfe, mac[3]!, mac[4]!, mac[5]!]);
}

function countOf(bytes: Buffer, wanted: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(wanted, headerBytes); at >= 0; at = bytes.indexOf(wanted, at + wanted.length)) count += 1;
  return count;
}

function isAt(out: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i += 1) if (out[at + i] !== wanted[i]) return false;
  return true;
}

/** @returns by how much the sum of 16-bit words grew, of which frames begin with one */
function put(out: Uint8Array, at: number, value: Uint8Array): number {
  let change = 0;
  for (let i = 0; i < value.length; i += 1) {
    change += (value[i]! - out[at + i]!) * ((at + i) % 2 === 0 ? 256 : 1);
    out[at + i] = value[i]!;
  }
  return change;
}

/** Below it, what stands in the place of an EtherType is a length (IEEE 802.3). */
const etherTypesFrom = 0x600;

function kindOf(frame: Uint8Array, { type, network, version, protocol }: Layers): string {
  if (version !== 0)
    return protocol === 6 ? 'TCP' : protocol === 17 ? 'UDP' : protocol === 1 || protocol === 58 ? 'ICMP' : 'IP';
  if (type === EtherType.arp) return 'ARP';
  if (type === 0x88cc) return 'LLDP';
  if (type >= etherTypesFrom) return `EtherType 0x${type.toString(16).padStart(4, '0')}`;
  if (frame[network] === 0x42) return 'spanning tree';
  return frame[network] === 0xaa && word(frame, network + 6) === 0x2000 ? 'CDP' : '802.3';
}
