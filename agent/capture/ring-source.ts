/**
 * Frames from a device through AF_PACKET with a TPACKET_V3 ring (packet_mmap.rst of the kernel): mapped, read in place,
 * block by block. Hot path: no call, no copy and no object per frame.
 */
import assert from 'node:assert';
import { FloodgateError } from '../errors.ts';
import { LinkType } from '../pcap/link-type.ts';
import { acceptAll, type BpfProgram } from './bpf-program.ts';
import { FilterSink } from './filter-sink.ts';
import type { CaptureInterface, CaptureStats, FrameSink } from './frame-source.ts';
import { AdaptivePause, checkLiveOptions, type LiveOptions, type LiveSource, ringGeometry } from './live-source.ts';
import { compileFilter, frameFilter } from './sys/bpf.ts';
import { HardwareType, PacketSocket } from './sys/packet-socket.ts';

const blockTimeoutMsDefault = 20;
const snapLengthDefault = 262_144;
/** A VLAN tag is four bytes; the kernel takes it out of the frame, and it goes back in before the first byte moves. */
const vlanTagBytes = 4;
/** The counters of the kernel are 32 bits wide and start again when read: read them long before they can wrap. */
const blocksBetweenCounts = 4_096;
/** Devices that `any` can tell apart: far more than a machine has, unless they come and go. Later ones share the last. */
const anyInterfacesMax = 1_024;

// struct tpacket_block_desc, in 32-bit words.
const BLOCK_STATUS = 2;
const BLOCK_FRAMES = 3;
const BLOCK_FIRST = 4;
const TP_STATUS_KERNEL = 0;
const TP_STATUS_USER = 1;
// struct tpacket3_hdr and the struct sockaddr_ll after it, in 32-bit words.
const NEXT = 0;
const SECONDS = 1;
const NANOSECONDS = 2;
const CAPTURED = 3;
const WIRE = 4;
const STATUS = 5;
const OFFSETS = 6;
const VLAN_TCI = 8;
const VLAN_TPID = 9;
const SLL_IFINDEX = 13;
const SLL_TYPES = 14;
const TP_STATUS_VLAN_VALID = 0x10;
const TP_STATUS_VLAN_TPID_VALID = 0x40;
const PACKET_OUTGOING = 4;

export class RingSource implements LiveSource {
  readonly interfaces: CaptureInterface[] = [];
  readonly #socket: PacketSocket;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #blockWords: number;
  readonly #blocks: number;
  readonly #blockTimeoutMs: number;
  readonly #snapLength: number;
  readonly #direction: 'in' | 'out' | 'both';
  readonly #filter: FilterSink | null;
  readonly #pause = new AdaptivePause();
  /** By device number: its index among `interfaces`. One entry unless the device is `any`. */
  readonly #indexOf = new Map<number, number>();
  readonly #hasLinkHeader: boolean[] = [];
  #lastNumber = -1;
  #lastIndex = -1;
  #block = 0;
  #framesLeft = 0;
  /** Of the next frame's header in the ring, in words. */
  #frameWord = 0;
  #framesReceived = 0;
  #framesDropped = 0;
  #blocksToCount = blocksBetweenCounts;
  /** Set once nothing more can arrive: when the block being filled has been handed over too. */
  #endMs: number | null = null;
  #isDown = false;
  #closed = false;

  /**
   * Captures from the device `name`, or from all with `any`: one socket for all of them, so that devices that come
   * later are seen too; each appears among `interfaces` with its first frame.
   * @throws FloodgateError when it cannot.
   */
  static open(name: string, options: LiveOptions = {}): RingSource {
    checkLiveOptions(options);
    const socket = new PacketSocket(name);
    try {
      return new RingSource(socket, options);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  private constructor(socket: PacketSocket, options: LiveOptions) {
    this.#socket = socket;
    const { blockBytes, blocks } = ringGeometry(options);
    this.#blocks = blocks;
    this.#blockWords = blockBytes / 4;
    this.#blockTimeoutMs = options.blockTimeoutMs ?? blockTimeoutMsDefault;
    this.#snapLength = options.snapLength ?? snapLengthDefault;
    this.#direction = options.direction ?? 'both';
    const { inKernel, here } = this.#planFilter(options.filter ?? null);
    this.#filter = here;
    const ring = socket.mapRing({
      blockBytes,
      blocks,
      blockTimeoutMs: this.#blockTimeoutMs,
      reserveBytes: vlanTagBytes,
    });
    this.#bytes = new Uint8Array(ring);
    this.#words = new Uint32Array(ring);
    if (this.#direction === 'in') socket.ignoreOutgoing();
    if ((options.promiscuous ?? true) && socket.interfaceNumber !== 0) socket.becomePromiscuous();
    const fanout = options.fanout ?? null;
    // Nothing arrives before bind, so no frame can slip past the filter; a group can only be joined after it, and until
    // then every frame is refused, or members would see some twice.
    socket.attachFilter(fanout === null ? inKernel : acceptAll(0));
    socket.bind();
    if (fanout === null) return;
    socket.joinFanout(fanout.group);
    socket.attachFilter(inKernel);
  }

  /**
   * The kernel filters where it sees the frames as they are. It does not when devices of several link types share one
   * socket, nor for VLAN tags, which it has taken out of the frame by then: those filters run here.
   */
  #planFilter(expression: string | null): { inKernel: BpfProgram; here: FilterSink | null } {
    const isAny = this.#socket.interfaceNumber === 0;
    if (!isAny) this.#describe(this.#socket.interfaceNumber, this.#socket.hardwareType());
    const everything = acceptAll(this.#snapLength);
    if (expression === null) return { inKernel: everything, here: null };
    const linkType = this.interfaces[0]?.linkType ?? LinkType.ethernet;
    const compiled = compileFilter(expression, linkType, this.#snapLength);
    if (!isAny && this.#hasLinkHeader[0] && !/\bvlan\b/.test(expression)) return { inKernel: compiled, here: null };
    return { inKernel: everything, here: new FilterSink(frameFilter(expression, this.#snapLength), this) };
  }

  isReady(): boolean {
    return this.#framesLeft > 0 || this.#blockIsOurs() || this.#hasEnded() || this.#closed;
  }

  read(sink: FrameSink, framesMax: number): number {
    let target = sink;
    if (this.#filter !== null) {
      this.#filter.target = sink;
      target = this.#filter;
    }
    let delivered = 0;
    while (delivered < framesMax && !this.#closed) {
      if (this.#framesLeft === 0) {
        if (!this.#blockIsOurs()) break;
        const block = this.#block * this.#blockWords;
        this.#framesLeft = this.#words[block + BLOCK_FRAMES]!;
        this.#frameWord = block + this.#words[block + BLOCK_FIRST]! / 4;
      }
      delivered += this.#readBlock(target, framesMax - delivered);
      if (this.#framesLeft === 0 && !this.#closed) this.#handBack();
    }
    if (delivered > 0) return delivered;
    if (!this.#hasEnded()) return this.#closed ? -1 : 0;
    if (this.#isDown) throw this.#wentDown();
    return -1;
  }

  wait(timeoutMs: number): Promise<void> {
    return this.#pause.until(() => this.isReady(), timeoutMs);
  }

  stats(): CaptureStats[] {
    this.#countDropped();
    const refused = this.interfaces.reduce((sum, _, index) => sum + (this.#filter?.refusedOf(index) ?? 0), 0);
    const framesReceived = this.#framesReceived - refused;
    return [{ name: this.#socket.name, framesReceived, framesDropped: this.#framesDropped }];
  }

  stop(): void {
    if (this.#closed || this.#endMs !== null) return;
    this.#socket.attachFilter(acceptAll(0));
    this.#endAfterLastBlock();
  }

  close(): void {
    if (this.#closed) return;
    this.#countDropped();
    this.#closed = true;
    this.#socket.close();
  }

  /** Delivers from the current block; returns how many frames. */
  #readBlock(sink: FrameSink, framesMax: number): number {
    const words = this.#words;
    const bytes = this.#bytes;
    let delivered = 0;
    while (this.#framesLeft > 0 && delivered < framesMax) {
      const at = this.#frameWord;
      this.#framesLeft -= 1;
      this.#frameWord = at + (words[at + NEXT]! >>> 2);
      const types = words[at + SLL_TYPES]!;
      const hardwareType = types & 0xffff;
      if (this.#isUnwanted((types >>> 16) & 0xff, hardwareType)) continue;
      const interfaceIndex = this.#describe(words[at + SLL_IFINDEX]!, hardwareType);
      const offsets = words[at + OFFSETS]!;
      const linkStart = at * 4 + (offsets & 0xffff);
      const linkBytes = this.#hasLinkHeader[interfaceIndex] ? 0 : (offsets >>> 16) - (offsets & 0xffff);
      const end = linkStart + words[at + CAPTURED]!;
      let start = Math.min(linkStart + linkBytes, end);
      let wireLength = words[at + WIRE]! - linkBytes;
      if ((words[at + STATUS]! & TP_STATUS_VLAN_VALID) !== 0 && linkBytes === 0 && end - start >= 12) {
        start = this.#restoreVlanTag(start, at);
        wireLength += vlanTagBytes;
      }
      delivered += 1;
      const tsUs = words[at + SECONDS]! * 1e6 + words[at + NANOSECONDS]! / 1000;
      sink.frame(bytes, start, end, wireLength, tsUs, interfaceIndex);
      // A sink may close its source: the mapping is gone then.
      if (this.#closed) break;
    }
    this.#framesReceived += delivered;
    return delivered;
  }

  /** Loopback shows every frame twice, sent and received: one is enough. */
  #isUnwanted(packetType: number, hardwareType: number): boolean {
    const isOutgoing = packetType === PACKET_OUTGOING;
    if (this.#direction === 'both') return isOutgoing && hardwareType === HardwareType.loopback;
    return isOutgoing === (this.#direction === 'in');
  }

  /** Puts the tag back between the addresses and the type, in the room kept for it; returns the frame's new start. */
  #restoreVlanTag(start: number, header: number): number {
    const bytes = this.#bytes;
    const hasType = (this.#words[header + STATUS]! & TP_STATUS_VLAN_TPID_VALID) !== 0;
    const type = hasType ? this.#words[header + VLAN_TPID]! & 0xffff : 0x8100;
    const tag = this.#words[header + VLAN_TCI]!;
    const tagged = start - vlanTagBytes;
    bytes.copyWithin(tagged, start, start + 12);
    bytes[start + 8] = type >>> 8;
    bytes[start + 9] = type & 0xff;
    bytes[start + 10] = (tag >>> 8) & 0xff;
    bytes[start + 11] = tag & 0xff;
    return tagged;
  }

  /** The index of the device with this number, described when it is new. */
  #describe(interfaceNumber: number, hardwareType: number): number {
    // One device, or a burst from one: no look-up.
    if (interfaceNumber === this.#lastNumber) return this.#lastIndex;
    const index = this.#indexOf.get(interfaceNumber) ?? this.#describeNew(interfaceNumber, hardwareType);
    this.#lastNumber = interfaceNumber;
    this.#lastIndex = index;
    return index;
  }

  #describeNew(interfaceNumber: number, hardwareType: number): number {
    const index = Math.min(this.interfaces.length, anyInterfacesMax - 1);
    if (this.#indexOf.size < anyInterfacesMax * 4) this.#indexOf.set(interfaceNumber, index);
    if (index < this.interfaces.length) return index;
    const isEthernet = hardwareType === HardwareType.ethernet || hardwareType === HardwareType.loopback;
    const name = this.#socket.interfaceName(interfaceNumber) ?? `interface ${interfaceNumber}`;
    // Of devices with other headers (tunnels, PPP) frames are taken from the network header on, which the kernel marks.
    this.#hasLinkHeader[index] = isEthernet;
    this.interfaces.push({
      name,
      linkType: isEthernet ? LinkType.ethernet : LinkType.raw,
      snapLength: this.#snapLength,
    });
    return index;
  }

  #blockIsOurs(): boolean {
    if (this.#closed) return false;
    // Atomics: what the kernel wrote before the status must be seen after it.
    return (Atomics.load(this.#words, this.#block * this.#blockWords + BLOCK_STATUS) & TP_STATUS_USER) !== 0;
  }

  #handBack(): void {
    Atomics.store(this.#words, this.#block * this.#blockWords + BLOCK_STATUS, TP_STATUS_KERNEL);
    this.#block = this.#block + 1 === this.#blocks ? 0 : this.#block + 1;
    this.#blocksToCount -= 1;
    if (this.#blocksToCount === 0) this.#countDropped();
  }

  #countDropped(): void {
    if (!this.#closed) this.#framesDropped += this.#socket.takeDropped();
    this.#blocksToCount = blocksBetweenCounts;
  }

  /** Whether the device is gone or the source stopped, and what was still on its way has had its time. */
  #hasEnded(): boolean {
    if (this.#closed) return false;
    if (this.#endMs === null && this.#socket.pendingError() !== 0) {
      this.#isDown = true;
      this.#endAfterLastBlock();
    }
    return this.#endMs !== null && performance.now() >= this.#endMs;
  }

  #wentDown(): FloodgateError {
    const { name } = this.#socket;
    const message = `the interface ${name} went down or away after ${this.#framesReceived} frames`;
    return new FloodgateError('interface-down', message, {
      hint: `bring it up (ip link set ${name} up) and start again; what came before was used`,
    });
  }

  /** The kernel hands over the block it fills when its time is up, at the latest one timeout from now. */
  #endAfterLastBlock(): void {
    assert(this.#endMs === null);
    this.#endMs = performance.now() + 2 * this.#blockTimeoutMs + 10;
  }
}
