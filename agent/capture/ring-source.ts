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
import { RingFrames, vlanTagBytes } from './ring-frames.ts';
import { RingInterfaces } from './ring-interfaces.ts';
import { RingLoad } from './ring-load.ts';
import { compileFilter, frameFilter } from './sys/bpf.ts';
import { HardwareType, PacketSocket } from './sys/packet-socket.ts';
import { Tpacket3 } from './tpacket3.ts';

const blockTimeoutMsDefault = 20;
const snapLengthDefault = 262_144;
/** The counters of the kernel are 32 bits wide and start again when read: read them long before they can wrap. */
const blocksBetweenCounts = 4_096;
export class RingSource implements LiveSource {
  readonly interfaces: readonly CaptureInterface[];
  readonly load: RingLoad;
  readonly #socket: PacketSocket;
  readonly #devices: RingInterfaces;
  readonly #frames: RingFrames;
  readonly #words: Uint32Array;
  readonly #blockWords: number;
  readonly #blocks: number;
  readonly #blockTimeoutMs: number;
  readonly #snapLength: number;
  readonly #filter: FilterSink | null;
  readonly #pause = new AdaptivePause();
  #block = 0;
  #framesReceived = 0;
  #framesDropped = 0;
  #framesPassed = 0;
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
    let counting: PacketSocket | null = null;
    try {
      // Opened now, for later there may be no right to.
      if ((options.fanout ?? null) === null) counting = new PacketSocket(name);
      return new RingSource(socket, counting, options);
    } catch (error) {
      socket.close();
      counting?.close();
      throw error;
    }
  }

  private constructor(socket: PacketSocket, counting: PacketSocket | null, options: LiveOptions) {
    this.#socket = socket;
    const { blockBytes, blocks } = ringGeometry(options);
    this.#blocks = blocks;
    this.#blockWords = blockBytes / 4;
    this.#blockTimeoutMs = options.blockTimeoutMs ?? blockTimeoutMsDefault;
    this.#snapLength = options.snapLength ?? snapLengthDefault;
    const direction = options.direction ?? 'both';
    this.#devices = new RingInterfaces(this.#snapLength, (number) => socket.interfaceName(number));
    this.interfaces = this.#devices.list;
    const { inKernel, here } = this.#planFilter(options.filter ?? null);
    this.#filter = here;
    const ring = socket.mapRing({
      blockBytes,
      blocks,
      blockTimeoutMs: this.#blockTimeoutMs,
      reserveBytes: vlanTagBytes,
    });
    this.#words = new Uint32Array(ring);
    this.#frames = new RingFrames(ring, this.#devices, direction);
    this.load = new RingLoad({
      words: this.#words,
      blockWords: this.#blockWords,
      blocks,
      current: () => this.#block,
      framesPassed: () => {
        this.#countDropped();
        return this.#framesPassed;
      },
      socket,
      filter: inKernel,
      counting,
    });
    counting?.keepHardlyAny();
    // Loopback shows every frame twice, sent and received: one is enough.
    const isLoopback = direction === 'both' && socket.hardwareType() === HardwareType.loopback;
    if (direction === 'in' || isLoopback) {
      socket.ignoreOutgoing();
      counting?.ignoreOutgoing();
    }
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
    if (!isAny) this.#devices.indexOf(this.#socket.interfaceNumber, this.#socket.hardwareType());
    const everything = acceptAll(this.#snapLength);
    if (expression === null) return { inKernel: everything, here: null };
    const linkType = this.interfaces[0]?.linkType ?? LinkType.ethernet;
    const compiled = compileFilter(expression, linkType, this.#snapLength);
    if (!isAny && this.#devices.hasLinkHeader(0) && !/\bvlan\b/.test(expression))
      return { inKernel: compiled, here: null };
    return { inKernel: everything, here: new FilterSink(frameFilter(expression, this.#snapLength), this) };
  }

  isReady(): boolean {
    return this.#frames.left > 0 || this.#blockIsOurs() || this.#hasEnded() || this.#closed;
  }

  read(sink: FrameSink, framesMax: number): number {
    let target = sink;
    if (this.#filter !== null) {
      this.#filter.target = sink;
      target = this.#filter;
    }
    let delivered = 0;
    // A block at most: whoever watches the ring has to look in between.
    while (delivered === 0 && !this.#closed) {
      if (this.#frames.left === 0) {
        if (!this.#blockIsOurs()) break;
        this.#frames.begin(this.#block * this.#blockWords);
      }
      delivered += this.#frames.deliver(target, framesMax - delivered);
      if (this.#frames.left === 0 && !this.#closed) this.#handBack();
    }
    this.#framesReceived += delivered;
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
    const { framesShed } = this.load;
    const stats = { name: this.#socket.name, framesReceived, framesDropped: this.#framesDropped };
    return [framesShed > 0 ? { ...stats, framesShed } : stats];
  }

  stop(): void {
    if (this.#closed || this.#endMs !== null) return;
    this.#socket.attachFilter(acceptAll(0));
    this.load.stop();
    this.#endAfterLastBlock();
  }

  close(): void {
    if (this.#closed) return;
    this.#countDropped();
    this.load.stop();
    this.#closed = true;
    this.#frames.close();
    this.#socket.close();
  }

  #blockIsOurs(): boolean {
    if (this.#closed) return false;
    // Atomics: what the kernel wrote before the status must be seen after it.
    return (
      (Atomics.load(this.#words, this.#block * this.#blockWords + Tpacket3.blockStatus) & Tpacket3.statusUser) !== 0
    );
  }

  #handBack(): void {
    Atomics.store(this.#words, this.#block * this.#blockWords + Tpacket3.blockStatus, Tpacket3.statusKernel);
    this.#block = this.#block + 1 === this.#blocks ? 0 : this.#block + 1;
    this.#blocksToCount -= 1;
    if (this.#blocksToCount === 0) this.#countDropped();
  }

  #countDropped(): void {
    if (!this.#closed) {
      const { passed, dropped } = this.#socket.takeStatistics();
      this.#framesPassed += passed;
      this.#framesDropped += dropped;
    }
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
