/** Other addresses, ports and MAC addresses in frames; checksums stay as right or wrong as they were (RFC 1624). */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { IpProtocol } from '../../../agent/wire/ip.ts';
import { EtherType } from '../../../agent/wire/link.ts';
import { mendedChecksum, putWord, word } from '../frame-words.ts';
import type { EditOrder, NetworkMap } from './edit-order.ts';
import { type EditStage, FrameCopy, Layers } from './edit-stage.ts';
import { HardwareAddresses } from './hardware-addresses.ts';
import {
  type AddressRewriter,
  rewriteArp,
  rewriteDatagram,
  rewriteLldp,
  rewriteNeighbours,
  rewriteSpanningTree,
} from './inner-addresses.ts';

const redirect = 5;
const rarp = 0x8035;
const lldp = 0x88cc;
/** Bits of an IPv6 address that name its network. */
const networkBits = 64;

export class AddressStage implements EditStage, AddressRewriter {
  readonly description: string;
  frames = 0;
  readonly #maps: readonly NetworkMap[];
  readonly #ports: ReadonlyMap<number, number>;
  readonly #macs: HardwareAddresses;
  readonly #next: FrameSink;
  readonly #layers = new Layers();
  /** Of the packet that an error of ICMP quotes. */
  readonly #quoted = new Layers();
  readonly #copy = new FrameCopy();
  #isChanged = false;

  constructor({ map = [], ports = [], macs = [] }: EditOrder, next: FrameSink) {
    this.#maps = map;
    this.#ports = new Map(ports);
    this.#macs = new HardwareAddresses(macs);
    this.#next = next;
    const what = [map.length > 0 && 'addresses', ports.length > 0 && 'ports', macs.length > 0 && 'MAC addresses'];
    this.description = `${what.filter(Boolean).join(', ')} mapped`;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    const out = this.#copy.take(bytes, start, end);
    const length = end - start;
    const macs = this.#macs;
    this.#isChanged = false;
    this.#layers.read(out, 0, length);
    if (!macs.isEmpty) macs.begin(out, length);
    if (!macs.isEmpty && length >= 12) for (const at of [0, 6]) this.mac(out, at);
    if (this.#layers.version !== 0) this.#packet(out, this.#layers, length, false);
    else this.#otherFrame(out, length);
    if (!macs.isEmpty) macs.end(out, this.#layers);
    if (this.#isChanged) this.frames += 1;
    this.#next.frame(out, 0, length, wireLength, tsUs, interfaceIndex);
  }

  /** MAC addresses that were to be mapped and are still there: by the kind of frame. */
  get left(): Iterable<readonly [kind: string, frames: number]> {
    return this.#macs.left;
  }

  mac(out: Uint8Array, at: number): number {
    const change = this.#macs.replace(out, at);
    this.#isChanged ||= change !== undefined;
    return change ?? 0;
  }

  #otherFrame(out: Uint8Array, length: number): void {
    const { type, network } = this.#layers;
    if (type === EtherType.arp || type === rarp) rewriteArp(out, network, length, this);
    else if (type === lldp) rewriteLldp(out, network, length, this);
    else if (type > 0 && type <= length - network) rewriteSpanningTree(out, network, network + type, this);
  }

  /** @returns what it adds to the sum of the packet's 16-bit words */
  #packet(out: Uint8Array, layers: Layers, length: number, isQuoted: boolean): number {
    const { version, network, protocol, transport } = layers;
    const bytes = version === 4 ? 4 : 16;
    const first = version === 4 ? network + 12 : network + 8;
    if (first + 2 * bytes > length) return 0;
    const addresses = this.address(out, first, bytes) + this.address(out, first + bytes, bytes);
    let sum = addresses;
    if (version === 4) sum += mend(out, network + 10, addresses, length);
    if (transport < 0) return sum;
    const hasPorts = protocol === IpProtocol.tcp || protocol === IpProtocol.udp;
    let ports = 0;
    const isUdp = protocol === IpProtocol.udp && transport + 8 <= length;
    const names = isUdp ? [word(out, transport), word(out, transport + 2)] : [];
    if (hasPorts && this.#ports.size > 0 && transport + 4 <= length) {
      ports = this.#port(out, transport) + this.#port(out, transport + 2);
    }
    const inner = isUdp ? rewriteDatagram(out, transport + 8, Math.min(length, layers.wireEnd), names, this) : 0;
    sum += ports + inner;
    const change = addresses + ports + inner;
    if (protocol === IpProtocol.tcp) sum += mend(out, transport + 16, change, length);
    // RFC 768: a sum of 0 says that there is none.
    else if (isUdp && word(out, transport + 6) !== 0) sum += mend(out, transport + 6, change, length, 0xffff);
    else if (protocol === (version === 4 ? IpProtocol.icmp : IpProtocol.icmpv6)) {
      const quoted = isQuoted ? 0 : this.#quotedPacket(out, layers, length);
      // The sum of ICMPv6 covers the addresses, too (RFC 4443, section 2.3).
      sum += quoted + mend(out, transport + 2, quoted + (version === 4 ? 0 : addresses), length);
    }
    return sum;
  }

  /** Within an error (RFC 792; RFC 4443, section 3): the packet that it is about; what neighbours say. @returns as `#packet` */
  #quotedPacket(out: Uint8Array, { version, transport, wireEnd }: Layers, length: number): number {
    const end = Math.min(length, wireEnd);
    if (transport + 8 > end) return 0;
    if (!isError(version, out[transport]!)) return version === 6 ? rewriteNeighbours(out, transport, end, this) : 0;
    const isRedirect = version === 4 && out[transport] === redirect;
    const gateway = isRedirect ? this.address(out, transport + 4, 4) : 0;
    this.#quoted.readPacket(out, transport + 8, end);
    return gateway + (this.#quoted.version === 0 ? 0 : this.#packet(out, this.#quoted, end, true));
  }

  /** The network by the maps; the host, where a MAC address is in it and no map names it, by that of the MAC address. */
  address(out: Uint8Array, at: number, bytes: 4 | 16): number {
    let change = 0;
    let bits = 0;
    for (const { from, to, prefixBits } of this.#maps) {
      if (from.length !== bytes || !isIn(out, at, from, prefixBits)) continue;
      for (let i = 0; i < bytes; i += 1) {
        const mask = prefixMask(prefixBits, i);
        const value = (to[i]! & mask) | (out[at + i]! & ~mask & 255);
        change += (value - out[at + i]!) * ((at + i) % 2 === 0 ? 256 : 1);
        out[at + i] = value;
      }
      this.#isChanged = true;
      bits = prefixBits;
      break;
    }
    if (bytes === 4 || bits > networkBits || this.#macs.isEmpty) return change;
    const host = this.#macs.replaceId(out, at);
    this.#isChanged ||= host !== undefined;
    return change + (host ?? 0);
  }

  #port(out: Uint8Array, at: number): number {
    const port = word(out, at);
    const to = this.#ports.get(port);
    if (to === undefined) return 0;
    putWord(out, at, to);
    this.#isChanged = true;
    return to - port;
  }
}

/** Unreachable, source quench, redirect, time exceeded, parameter problem; of ICMPv6 all below 128. */
function isError(version: number, type: number): boolean {
  return version === 6 ? type < 128 : (type >= 3 && type <= redirect) || type === 11 || type === 12;
}

/** The bits of byte `index` that belong to a prefix. */
export function prefixMask(prefixBits: number, index: number): number {
  return (0xff00 >> Math.min(8, Math.max(0, prefixBits - index * 8))) & 255;
}

function isIn(bytes: Uint8Array, at: number, network: readonly number[], prefixBits: number): boolean {
  for (let i = 0; i * 8 < prefixBits; i += 1) {
    if (((bytes[at + i]! ^ network[i]!) & prefixMask(prefixBits, i)) !== 0) return false;
  }
  return true;
}

/** A checksum after `change` in what it covers. @param zero what stands for a sum of 0 @returns by how much it changed */
function mend(bytes: Uint8Array, at: number, change: number, end: number, zero = 0): number {
  if (change === 0 || at + 2 > end) return 0;
  const before = word(bytes, at);
  putWord(bytes, at, mendedChecksum(before, change, zero));
  return word(bytes, at) - before;
}
