/** Frames as the blocks of a TPACKET_V3 ring, as a device's source reads them. For this layer's tests only. */
import assert from 'node:assert';
import { RingFrames } from '../capture/ring-frames.ts';
import { RingInterfaces } from '../capture/ring-interfaces.ts';
import { HardwareType } from '../capture/sys/packet-socket.ts';
import { Tpacket3 } from '../capture/tpacket3.ts';
import type { TcpLayer } from './tcp.ts';

const blockBytes = 1 << 18;
const firstAt = 48;
/** Room for the headers and a VLAN tag before the frame, as the kernel leaves it. */
const frameAt = 96;
/** ARPHRD_NONE */
const tunnel = 0xfffe;

export interface RingPacket {
  readonly frame: Uint8Array;
  readonly captured: number;
  readonly tsUs: number;
  /** Of a device without Ethernet headers, whose frames begin with their IP header. */
  readonly isRaw: boolean;
  readonly isOutgoing: boolean;
}

export class RingFeed {
  readonly #interfaces = new RingInterfaces(0, (number) => `ring ${number}`);
  readonly #ring = new ArrayBuffer(blockBytes);
  readonly #words = new Uint32Array(this.#ring);
  readonly #frames = new RingFrames(this.#ring, this.#interfaces, 'in');
  readonly #layer: TcpLayer;
  readonly #framesMax: number;
  #count = 0;
  #at = firstAt;
  #last = 0;

  /** @param framesMax of a block; 0: every frame is one */
  constructor(layer: TcpLayer, framesMax: number) {
    this.#layer = layer;
    this.#framesMax = framesMax;
    this.#interfaces.indexOf(1, HardwareType.ethernet);
    this.#interfaces.indexOf(2, tunnel);
  }

  feed({ frame, captured, tsUs, isRaw, isOutgoing }: RingPacket): void {
    const length = (frameAt + captured + 15) & ~15;
    if (this.#at + length > blockBytes || this.#count > this.#framesMax) this.flush();
    assert(this.#at + length <= blockBytes);
    const words = this.#words;
    const at = this.#at / 4;
    words.fill(0, at, at + length / 4);
    words[at + Tpacket3.next] = length;
    words[at + Tpacket3.seconds] = Math.floor(tsUs / 1e6);
    words[at + Tpacket3.nanoseconds] = (tsUs % 1e6) * 1000;
    words[at + Tpacket3.captured] = captured;
    words[at + Tpacket3.wire] = frame.length;
    words[at + Tpacket3.offsets] = frameAt | ((frameAt + 14) << 16);
    words[at + Tpacket3.interfaceNumber] = isRaw ? 2 : 1;
    words[at + Tpacket3.types] =
      (isRaw ? tunnel : HardwareType.ethernet) | ((isOutgoing ? Tpacket3.outgoing : 0) << 16);
    const bytes = new Uint8Array(this.#ring);
    const start = this.#at + frameAt;
    // As the kernel does it: the outermost tag is out of the frame.
    if (captured >= 18 && frame[12] === 0x81 && frame[13] === 0) {
      words[at + Tpacket3.status] = Tpacket3.vlanValid | Tpacket3.vlanTypeValid;
      words[at + Tpacket3.vlanTag] = frame[14]! * 256 + frame[15]!;
      words[at + Tpacket3.vlanType] = 0x8100;
      words[at + Tpacket3.captured]! -= 4;
      words[at + Tpacket3.wire]! -= 4;
      bytes.set(frame.subarray(0, 12), start);
      bytes.set(frame.subarray(16, captured), start + 12);
    } else {
      bytes.set(frame.subarray(0, captured), start);
    }
    this.#last = at;
    this.#at += length;
    this.#count += 1;
  }

  flush(): void {
    if (this.#count === 0) return;
    this.#words[Tpacket3.blockFrames] = this.#count;
    this.#words[Tpacket3.blockFirst] = firstAt;
    this.#words[Tpacket3.blockBytes] = this.#at;
    // As the kernel leaves the last one.
    this.#words[this.#last + Tpacket3.next] = 0;
    this.#frames.begin(0);
    while (this.#frames.left > 0) this.#frames.deliver(this.#layer, 50);
    this.#count = 0;
    this.#at = firstAt;
  }
}
