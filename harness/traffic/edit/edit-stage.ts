/** A step of editing: frames come, and go on changed, in parts, or not at all. Hot path: no object a frame. */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { isVlanType, word } from '../frame-words.ts';

export interface EditStage extends FrameSink {
  /** What it does, in words. */
  readonly description: string;
  /** Frames that it changed or left out; where it may end before its source does, those that went on. */
  readonly frames: number;
  /** Nothing that comes will go on any more. @default false */
  readonly hasEnded?: boolean;
}

/** Where headers lie in a frame. Reused for all frames. */
export class Layers {
  /** Behind the last VLAN tag: the EtherType is `type`, and what it announces begins at `network`. */
  type = 0;
  network = 0;
  /** 4, 6, or 0 where it is no IP. */
  version = 0;
  protocol = 0;
  /** Where the transport header begins; −1 in fragments behind the first, and where the header is cut. */
  transport = -1;
  /** Where the IP packet ends on the wire. */
  wireEnd = 0;

  read(bytes: Uint8Array, start: number, end: number): void {
    this.version = 0;
    this.transport = -1;
    let at = start + 12;
    while (at + 6 <= end && isVlanType(word(bytes, at))) at += 4;
    this.type = at + 2 <= end ? word(bytes, at) : 0;
    this.network = at + 2;
    if (this.type === 0x0800) this.#ipv4(bytes, at + 2, end);
    else if (this.type === 0x86dd) this.#ipv6(bytes, at + 2, end);
  }

  /** A packet of IP by itself, as an error of ICMP quotes it. */
  readPacket(bytes: Uint8Array, ip: number, end: number): void {
    this.version = 0;
    this.transport = -1;
    this.network = ip;
    const version = ip < end ? bytes[ip]! >> 4 : 0;
    if (version === 4) this.#ipv4(bytes, ip, end);
    else if (version === 6) this.#ipv6(bytes, ip, end);
  }

  #ipv4(bytes: Uint8Array, ip: number, end: number): void {
    const headerBytes = (bytes[ip]! & 15) * 4;
    if (ip + 20 > end || bytes[ip]! >> 4 !== 4 || headerBytes < 20) return;
    this.version = 4;
    this.protocol = bytes[ip + 9]!;
    this.wireEnd = ip + (word(bytes, ip + 2) || end - ip);
    if ((word(bytes, ip + 6) & 0x1fff) === 0) this.transport = ip + headerBytes;
  }

  #ipv6(bytes: Uint8Array, ip: number, end: number): void {
    if (ip + 40 > end || bytes[ip]! >> 4 !== 6) return;
    this.version = 6;
    this.wireEnd = ip + 40 + (word(bytes, ip + 4) || end - ip - 40);
    let protocol = bytes[ip + 6]!;
    let at = ip + 40;
    // Options, routing, destination options, fragments (RFC 8200, section 4).
    while ((protocol === 0 || protocol === 43 || protocol === 60 || protocol === 44) && at + 8 <= end) {
      if (protocol === 44 && (word(bytes, at + 2) & 0xfff8) !== 0) {
        this.protocol = bytes[at]!;
        return;
      }
      const length = protocol === 44 ? 8 : (bytes[at + 1]! + 1) * 8;
      protocol = bytes[at]!;
      at += length;
    }
    this.protocol = protocol;
    this.transport = at;
  }
}

/** A place for the frames of one stage, which others may not write to. */
export class FrameCopy {
  bytes = new Uint8Array(65_536);

  /** Room for `length` bytes. */
  room(length: number): Uint8Array {
    if (this.bytes.length < length) this.bytes = new Uint8Array(length * 2);
    return this.bytes;
  }

  /** Copies `bytes[start, end)` to the start of the place. */
  take(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const room = this.room(end - start);
    room.set(bytes.subarray(start, end), 0);
    return room;
  }
}
