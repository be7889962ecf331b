/**
 * Builds Ethernet frames of TCP segments over IPv4, checksums right, one after the other in one buffer. Hot path: a
 * gigabyte of them has to be made while it is sent.
 */
import assert from 'node:assert';
import type { FrameSink } from '../../../agent/capture/frame-source.ts';

export const TcpFlag = { fin: 1, syn: 2, reset: 4, push: 8, ack: 16 } as const;

/** 0: from the client; 1: from the server. */
export type Direction = 0 | 1;

/** What a segment carries at most, with timestamps in its header: an MTU of 1,500. */
export const segmentBytesMax = 1_448;

/** Ethernet, IPv4, and TCP with timestamps. */
export const headerBytes = 14 + 20 + 32;
/** … with the options of a SYN. */
export const synHeaderBytes = 14 + 20 + 40;

/** Two ends of a connection; sequence numbers go on as frames are built. */
export interface Conversation {
  readonly clientAddress: number;
  readonly serverAddress: number;
  readonly clientPort: number;
  readonly serverPort: number;
  /** Next sequence number of each direction. */
  readonly sequence: [number, number];
  /** Of each direction, what its receiver acknowledges while a segment is missing. @default all that was sent */
  readonly received?: [number | undefined, number | undefined];
}

/** The frame begins here, so that its payload is aligned to 4 bytes for the checksum. */
const frameStart = 2;
const ipStart = frameStart + 14;
const tcpStart = ipStart + 20;

export class TcpFrameBuilder {
  readonly #bytes = new Uint8Array(2_048);
  readonly #words = new Uint16Array(this.#bytes.buffer);
  readonly #view = new DataView(this.#bytes.buffer);
  #identification = 1;
  #length = 0;

  constructor() {
    // Locally administered addresses 02:00:00:00:00:01 and …:02; the rest of these headers never changes.
    const bytes = this.#bytes;
    bytes[frameStart] = bytes[frameStart + 6] = 2;
    bytes[frameStart + 12] = 0x08;
    bytes[ipStart] = 0x45;
    bytes[ipStart + 6] = 0x40;
    bytes[ipStart + 8] = 64;
    bytes[ipStart + 9] = 6;
  }

  /** Where the payload of the next `build` goes: fill `payload[payloadStart, payloadStart + length)` before it. */
  get payload(): Uint8Array {
    return this.#bytes;
  }

  readonly payloadStart = frameStart + headerBytes;

  /** Builds the next segment of a conversation. @param tick the timestamp option's clock, in milliseconds. */
  build(conversation: Conversation, direction: Direction, flags: number, payloadBytes: number, tick: number): void {
    assert(payloadBytes <= segmentBytesMax);
    const isSyn = (flags & TcpFlag.syn) !== 0;
    const tcpBytes = (isSyn ? 40 : 32) + payloadBytes;
    this.#length = 34 + tcpBytes;
    this.#addresses(conversation, direction, 20 + tcpBytes);
    this.#tcpHeader(conversation, direction, flags, tick);
    this.#bytes[frameStart + this.#length] = 0;
    // RFC 1071, section 2 (B): the sum may be taken, and stored, in the machine's own byte order.
    const words = this.#words;
    words[(ipStart + 10) >> 1] = 0;
    words[(ipStart + 10) >> 1] = fold(this.#sum(ipStart, tcpStart));
    words[(tcpStart + 16) >> 1] = 0;
    const pseudo = this.#sum(ipStart + 12, tcpStart) + (6 << 8) + (((tcpBytes & 0xff) << 8) | (tcpBytes >> 8));
    words[(tcpStart + 16) >> 1] = fold(pseudo + this.#sum(tcpStart, tcpStart + ((tcpBytes + 1) & ~1)));
    const advance = payloadBytes + (isSyn || (flags & TcpFlag.fin) !== 0 ? 1 : 0);
    conversation.sequence[direction] = (conversation.sequence[direction] + advance) >>> 0;
  }

  /** Hands the built frame on; its length is returned. */
  deliver(sink: FrameSink, tsUs: number, interfaceIndex = 0): number {
    sink.frame(this.#bytes, frameStart, frameStart + this.#length, this.#length, tsUs, interfaceIndex);
    return this.#length;
  }

  #addresses(conversation: Conversation, direction: Direction, ipBytes: number): void {
    const view = this.#view;
    const bytes = this.#bytes;
    const { clientAddress, serverAddress } = conversation;
    bytes[frameStart + 5] = direction === 0 ? 2 : 1;
    bytes[frameStart + 11] = direction === 0 ? 1 : 2;
    view.setUint16(ipStart + 2, ipBytes);
    view.setUint16(ipStart + 4, this.#identification);
    this.#identification = (this.#identification + 1) & 0xffff;
    view.setUint32(ipStart + 12, direction === 0 ? clientAddress : serverAddress);
    view.setUint32(ipStart + 16, direction === 0 ? serverAddress : clientAddress);
  }

  #tcpHeader(conversation: Conversation, direction: Direction, flags: number, tick: number): void {
    const view = this.#view;
    const { clientPort, serverPort, sequence, received } = conversation;
    const peer = direction === 0 ? 1 : 0;
    const acknowledges = (flags & TcpFlag.ack) !== 0;
    view.setUint16(tcpStart, direction === 0 ? clientPort : serverPort);
    view.setUint16(tcpStart + 2, direction === 0 ? serverPort : clientPort);
    view.setUint32(tcpStart + 4, sequence[direction]);
    view.setUint32(tcpStart + 8, acknowledges ? (received?.[peer] ?? sequence[peer]) : 0);
    view.setUint8(tcpStart + 12, (flags & TcpFlag.syn) !== 0 ? 0xa0 : 0x80);
    view.setUint8(tcpStart + 13, flags);
    view.setUint16(tcpStart + 14, 64_240);
    view.setUint16(tcpStart + 18, 0);
    let at = tcpStart + 20;
    if ((flags & TcpFlag.syn) !== 0) {
      // Maximum segment size, selective acknowledgements allowed: RFC 9293 section 3.2, RFC 2018.
      view.setUint32(at, 0x0204_0000 | (segmentBytesMax + 12));
      view.setUint16(at + 4, 0x0402);
      view.setUint16(at + 6, 0x080a);
      this.#timestamps(at + 8, acknowledges, tick);
      // Window scale 7 after a padding byte: RFC 7323.
      view.setUint32(at + 16, 0x0103_0307);
      return;
    }
    view.setUint32(at, 0x0101_080a);
    at += 4;
    this.#timestamps(at, acknowledges, tick);
  }

  #timestamps(at: number, acknowledges: boolean, tick: number): void {
    this.#view.setUint32(at, tick);
    this.#view.setUint32(at + 4, acknowledges ? tick - 1 : 0);
  }

  /** Sum of the 16-bit words in `[start, end)`, both even: at most 1,024 of them, so it fits 32 bits. */
  #sum(start: number, end: number): number {
    const words = this.#words;
    let sum = 0;
    for (let at = start >> 1; at < end >> 1; at++) sum += words[at]!;
    return sum;
  }
}

/** The ones' complement of the sum's ones' complement fold. */
function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return ~folded & 0xffff;
}
