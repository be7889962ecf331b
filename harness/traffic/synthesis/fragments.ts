/** Datagrams in fragments, of most of which the last one is never captured: what waits for it must not wait for ever. */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { createRandom, type Random } from '../../../agent/seeded-random.ts';
import type { Phase, Traffic, Truth } from '../traffic.ts';

export interface FragmentsOptions {
  readonly seed: number;
  /** @default fragmentsBytesDefault */
  readonly sizeBytes?: number | undefined;
}

export const fragmentsBytesDefault = 200_000_000;
const bytesPerSecond = 20_000_000;
/** What a link of 1,500 bytes leaves for a fragment's payload, in eights. */
const fragmentBytes = 1_480;
const datagramBytesMin = 4_000;
const datagramBytesMax = 32_000;
const lostShare = 0.9;
const headerBytes = 14 + 20;
const firstFrameTsUs = 1_709_632_800_000_000;
const udp = 17;

export function openFragments(options: FragmentsOptions): Traffic {
  return new FragmentsTraffic(options.seed, options.sizeBytes ?? fragmentsBytesDefault);
}

class FragmentsTraffic implements Traffic {
  readonly linkType = 1;
  readonly framesExpected = undefined;
  readonly bytesExpected: number;
  readonly durationUs: number;
  readonly phases: readonly Phase[] = [{ name: 'fragments', startUs: 0 }];
  readonly impairments = [];
  readonly #random: Random;
  readonly #frame = Buffer.alloc(headerBytes + fragmentBytes);
  #sent = 0;
  #identification = 0;
  /** Hosts that have used up their identifications. */
  #hosts = 0;
  /** Of the datagram under way. */
  #offset = 0;
  #length = 0;
  #isLost = false;

  constructor(seed: number, sizeBytes: number) {
    this.#random = createRandom(seed, 'fragments');
    this.bytesExpected = sizeBytes;
    this.durationUs = (sizeBytes / bytesPerSecond) * 1e6;
    const frame = this.#frame;
    frame[0] = frame[6] = 2;
    frame[5] = 1;
    frame[11] = 2;
    frame.writeUInt16BE(0x0800, 12);
    frame[14] = 0x45;
    frame[22] = 64;
    frame[23] = udp;
    frame.writeUInt32BE(0x0a02_0001, 30);
    for (let at = headerBytes; at < frame.length; at++) frame[at] = this.#random.integer(0, 255);
  }

  read(sink: FrameSink, framesMax: number): number {
    for (let frames = 0; frames < framesMax; frames++) {
      if (this.#sent >= this.bytesExpected) return frames > 0 ? frames : -1;
      this.#next(sink);
    }
    return framesMax;
  }

  /** No TCP, so no message. */
  truth(): Truth {
    return { requests: 0, responses: 0, requestsIntact: 0, responsesIntact: 0, exchangesIntact: 0 };
  }

  close(): void {}

  #next(sink: FrameSink): void {
    const random = this.#random;
    if (this.#offset >= this.#length) {
      this.#length = random.integer(datagramBytesMin, datagramBytesMax);
      this.#offset = 0;
      this.#isLost = random.chance(lostShare);
      this.#identification = (this.#identification + 1) & 0xffff;
      // Identifications come again after 65,536 datagrams: from another host.
      if (this.#identification === 0) this.#hosts += 64;
    }
    const length = Math.min(fragmentBytes, this.#length - this.#offset);
    const isLast = this.#offset + length === this.#length;
    const frame = this.#frame;
    frame.writeUInt16BE(20 + length, 16);
    frame.writeUInt16BE(this.#identification, 18);
    frame.writeUInt16BE((isLast ? 0 : 0x2000) | (this.#offset >> 3), 20);
    frame.writeUInt32BE(0x0a01_0001 + this.#hosts + (this.#identification % 64), 26);
    frame.writeUInt16BE(0, 24);
    frame.writeUInt16BE(headerChecksum(frame), 24);
    this.#offset += length;
    if (isLast && this.#isLost) return;
    const tsUs = Math.floor(firstFrameTsUs + (this.#sent / bytesPerSecond) * 1e6);
    sink.frame(frame, 0, headerBytes + length, headerBytes + length, tsUs, 0);
    this.#sent += headerBytes + length;
  }
}

/** RFC 1071 over the IPv4 header. */
function headerChecksum(frame: Buffer): number {
  let sum = 0;
  for (let at = 14; at < headerBytes; at += 2) sum += frame.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
