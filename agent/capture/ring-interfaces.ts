/** The devices whose frames one ring brings: one, or as many as `any` meets. */
import { LinkType } from '../pcap/link-type.ts';
import type { CaptureInterface } from './frame-source.ts';
import { HardwareType } from './sys/packet-socket.ts';

/** Devices that `any` can distinguish: far more than a machine has, unless they come and go. Later ones share the last. */
const anyInterfacesMax = 1_024;

export class RingInterfaces {
  readonly list: CaptureInterface[] = [];
  readonly #snapLength: number;
  readonly #nameOf: (interfaceNumber: number) => string | null;
  /** By device number: its index in the list. One entry unless the device is `any`. */
  readonly #indexOf = new Map<number, number>();
  readonly #hasLinkHeader: boolean[] = [];
  #lastNumber = -1;
  #lastIndex = -1;

  constructor(snapLength: number, nameOf: (interfaceNumber: number) => string | null) {
    this.#snapLength = snapLength;
    this.#nameOf = nameOf;
  }

  /** The device of the last frame. */
  get lastNumber(): number {
    return this.#lastNumber;
  }

  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** The index of the device with this number, described when it is new. */
  indexOf(interfaceNumber: number, hardwareType: number): number {
    // One device, or a burst from one: no look-up.
    if (interfaceNumber === this.#lastNumber) return this.#lastIndex;
    const index = this.#indexOf.get(interfaceNumber) ?? this.#describe(interfaceNumber, hardwareType);
    this.#lastNumber = interfaceNumber;
    this.#lastIndex = index;
    return index;
  }

  /** Of devices with other headers (tunnels, PPP) frames are taken from the network header on, which the kernel marks. */
  hasLinkHeader(index: number): boolean {
    return this.#hasLinkHeader[index]!;
  }

  #describe(interfaceNumber: number, hardwareType: number): number {
    const index = Math.min(this.list.length, anyInterfacesMax - 1);
    if (this.#indexOf.size < anyInterfacesMax * 4) this.#indexOf.set(interfaceNumber, index);
    if (index < this.list.length) return index;
    const isEthernet = hardwareType === HardwareType.ethernet || hardwareType === HardwareType.loopback;
    this.#hasLinkHeader[index] = isEthernet;
    this.list.push({
      name: this.#nameOf(interfaceNumber) ?? `interface ${interfaceNumber}`,
      linkType: isEthernet ? LinkType.ethernet : LinkType.raw,
      snapLength: this.#snapLength,
    });
    return index;
  }
}
