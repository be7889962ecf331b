/**
 * The frames once more, each with other addresses and with what takes the place of its payload: copies of a byte are the same however
 * often and in whatever order they come. What is no TCP is left out, and counted.
 */
import type { FrameSink } from '../../agent/capture/frame-source.ts';
import { decodeFrame } from '../../agent/wire/decode.ts';
import { IpProtocol } from '../../agent/wire/ip.ts';
import { EtherType } from '../../agent/wire/link.ts';
import { Decoded, decodedNames, Packet, TcpFlag } from '../../agent/wire/packet.ts';
import { FrameCopy, Layers } from '../traffic/edit/edit-stage.ts';
import { hostOf } from '../traffic/flows.ts';
import { putWord, word } from '../traffic/frame-words.ts';
import { fixTcpChecksum } from '../traffic/segment-pieces.ts';
import type { AddressMap } from './address-map.ts';
import { type ByteStore, pageBytes } from './byte-store.ts';
import { FragmentPlaces } from './fragment-places.ts';
import { NetworkHeaders } from './network-headers.ts';
import { countOne, type ScrubCounts } from './scrub-counts.ts';
import type { ScrubbedConnection, ScrubbedSide } from './scrub-streams.ts';

export interface FrameScrubberOptions {
  readonly connections: ReadonlyMap<string, readonly ScrubbedConnection[]>;
  readonly store: ByteStore;
  readonly addresses: AddressMap;
  readonly counts: ScrubCounts;
}

const ethernet = 1;

/** A side of a connection, of either end. @returns both endpoints, the first of them first */
export function connectionKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

export class FrameScrubber implements FrameSink {
  readonly #options: FrameScrubberOptions;
  readonly #packet = new Packet();
  readonly #layers = new Layers();
  readonly #copy = new FrameCopy();
  readonly #fragments = new FragmentPlaces();
  readonly #headers: NetworkHeaders;
  #frame = 0;
  /** Takes what is not left out. */
  next: FrameSink | undefined;

  constructor(options: FrameScrubberOptions) {
    this.#options = options;
    this.#headers = new NetworkHeaders(options.addresses);
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    this.#frame += 1;
    const out = this.#copy.take(bytes, start, end);
    const length = end - start;
    const decoded = decodeFrame(this.#packet, out, 0, length, wireLength, ethernet);
    const reason = this.#scrub(decoded, out, length, wireLength);
    if (reason !== '') {
      countOne(this.#options.counts.framesLeftOut, reason);
      return;
    }
    this.next!.frame(out, 0, length, wireLength, tsUs, interfaceIndex);
  }

  /** @returns why the frame is left out; empty where it is not */
  #scrub(decoded: number, out: Uint8Array, length: number, wireLength: number): string {
    if (decoded === Decoded.arp) return this.#arp(out, length);
    if (decoded !== Decoded.tcp && decoded !== Decoded.fragment) return decodedNames[decoded] ?? 'unknown';
    const from = this.#endpoint(0, this.#packet.sourcePort);
    const to = this.#endpoint(4, this.#packet.destinationPort);
    if (decoded === Decoded.fragment) return this.#fragment(out, length, wireLength);
    const { tcpStart, payloadStart, payloadEnd, payloadWireBytes, sequence, flags } = this.#packet;
    const inner = this.#headers.before(out, length, wireLength, tcpStart);
    if (inner < 0) return 'IP headers that cannot be followed';
    const side = this.#sideOf(from, to, sequence, payloadEnd - payloadStart);
    const first = (flags & TcpFlag.syn) !== 0 ? (sequence + 1) | 0 : sequence;
    this.#payload(side, first, out, payloadStart, payloadEnd);
    out.fill(0, payloadEnd, length);
    scrubOptions(out, tcpStart, payloadStart);
    this.#headers.scrub(out, inner);
    if (payloadEnd - payloadStart < payloadWireBytes) {
      countOne(
        this.#options.counts.framesChanged,
        'captured in part: the TCP checksum, over bytes that are not there, is blank',
      );
      putWord(out, tcpStart + 16, 0);
    } else fixTcpChecksum(out, inner, out[inner]! >> 4, tcpStart, payloadEnd);
    return '';
  }

  /** In place of the payload. A byte that no stream had is blank. */
  #payload(side: ScrubbedSide | undefined, sequence: number, out: Uint8Array, start: number, end: number): void {
    if (start >= end) return;
    if (!side?.hasBegun) {
      out.fill(0, start, end);
      return;
    }
    const offset = (sequence - side.first) | 0;
    // Longer than 2 GiB: which round it is, is seen from the pages.
    const place = offset < 0 && side.pages.length * pageBytes > 2 ** 31 ? offset + 2 ** 32 : offset;
    const known = Math.max(0, -place);
    out.fill(0, start, Math.min(end, start + known));
    if (start + known < end) this.#options.store.take(side.pages, place + known, out, start + known, end);
  }

  /** The direction of the connection that was open by then; the one after it where the bytes are not in its reach. */
  #sideOf(from: string, to: string, sequence: number, length: number): ScrubbedSide | undefined {
    const all = this.#options.connections.get(connectionKey(from, to));
    if (!all) return undefined;
    let index = all.length - 1;
    while (index > 0 && all[index]!.openedAt > this.#frame) index -= 1;
    const sideIn = (connection: ScrubbedConnection) => connection.sides[connection.client === from ? 0 : 1];
    const own = sideIn(all[index]!);
    if (length === 0 || reaches(own, sequence)) return own;
    for (const near of [index + 1, index - 1]) {
      const side = all[near] && sideIn(all[near]);
      if (side && reaches(side, sequence)) return side;
    }
    return own;
  }

  #endpoint(at: 0 | 4, port: number): string {
    return `${hostOf(this.#packet, at)}:${port}`;
  }

  /** Ethernet and IPv4 (RFC 826). */
  #arp(out: Uint8Array, length: number): string {
    this.#layers.read(out, 0, length);
    const at = this.#layers.network;
    if (
      this.#layers.type !== EtherType.arp ||
      at + 28 > length ||
      word(out, at + 2) !== EtherType.ipv4 ||
      out[at + 5] !== 4
    )
      return 'arp';
    for (const mac of [0, 6, at + 8, at + 18]) this.#options.addresses.mac(out, mac);
    for (const address of [at + 14, at + 24]) this.#options.addresses.ipv4(out, address);
    out.fill(0, at + 28, length);
    return '';
  }

  /** Of TCP alone. The sum of its segment is over other frames, too: it is left blank. */
  #fragment(out: Uint8Array, length: number, wireLength: number): string {
    const packet = this.#packet;
    if (packet.protocol !== IpProtocol.tcp) return 'fragments of other protocols than TCP';
    const { payloadStart, payloadEnd } = packet;
    const place = this.#fragments.of(`${this.#endpoint(0, 0)} ${this.#endpoint(4, 0)}`, packet, out);
    const inner = this.#headers.before(out, length, wireLength, payloadStart);
    if (inner < 0) return 'IP headers that cannot be followed';
    let start = payloadStart;
    if (place && packet.fragmentOffset === 0) {
      start = Math.min(payloadEnd, payloadStart + place.headerBytes);
      putWord(out, payloadStart + 16, 0);
      scrubOptions(out, payloadStart, start);
    }
    const [from, to] = [this.#endpoint(0, place?.sourcePort ?? 0), this.#endpoint(4, place?.destinationPort ?? 0)];
    const side = place && this.#sideOf(from, to, place.sequence, 1);
    const sequence = place ? (place.sequence + Math.max(0, packet.fragmentOffset - place.headerBytes)) | 0 : 0;
    this.#payload(side, sequence, out, start, payloadEnd);
    out.fill(0, payloadEnd, length);
    this.#headers.scrub(out, inner);
    const why = place
      ? 'fragments: the TCP checksum of their datagram is blank'
      : 'fragments whose first one did not come before them: blank';
    countOne(this.#options.counts.framesChanged, why);
    return '';
  }
}

/** Whether a byte may be of a side, as far as its pages go. */
function reaches(side: ScrubbedSide, sequence: number): boolean {
  if (!side.hasBegun) return false;
  const offset = (sequence - side.first) | 0;
  return offset >= -1 && offset <= side.pages.length * pageBytes;
}

/** Keeps what segments need: no more, maximum size, scale, what was received, times (RFC 9293, 7323, 2018). */
function scrubOptions(out: Uint8Array, tcpStart: number, end: number): void {
  for (let at = tcpStart + 20; at < end; ) {
    const kind = out[at]!;
    if (kind === 0) {
      out.fill(0, at, end);
      return;
    }
    if (kind === 1) {
      at += 1;
      continue;
    }
    const length = Math.max(2, out[at + 1] ?? 2);
    if (kind > 5 && kind !== 8) out.fill(0, at + 2, Math.min(end, at + length));
    at += length;
  }
}
