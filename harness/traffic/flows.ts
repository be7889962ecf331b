/** The flows of a traffic: one direction of a connection each, numbered as they come. For fragments: a pair of hosts. */
import { formatIpv4, formatIpv6 } from '../../agent/wire/address.ts';
import { decodeFrame } from '../../agent/wire/decode.ts';
import { Decoded, Packet } from '../../agent/wire/packet.ts';

export interface Flow {
  /** `10.0.0.1:4000`, `[fe80::1]:80`, `10.0.0.1 (fragments)`. */
  readonly source: string;
  readonly destination: string;
}

/** Beyond it further flows have no number: a scan of every port is no stream that anybody would look at. */
const flowsMax = 1_000_000;
const fragmentsWord = ' (fragments)';

export class FlowTable {
  /** What the last frame was decoded to. */
  readonly packet = new Packet();
  readonly flows: Flow[] = [];
  readonly #linkType: number;
  /** IPv4: by source, then by destination; address and port in one number. */
  readonly #numbers = new Map<number, Map<number, number>>();
  readonly #others = new Map<string, number>();

  constructor(linkType: number) {
    this.#linkType = linkType;
  }

  /** @returns the number of the frame's flow; −1 for what is neither TCP nor a fragment. */
  flowOf(bytes: Uint8Array, start: number, end: number, wireLength: number): number {
    const { packet } = this;
    const decoded = decodeFrame(packet, bytes, start, end, wireLength, this.#linkType);
    if (decoded === Decoded.fragment) {
      packet.sourcePort = 0;
      packet.destinationPort = 0;
    } else if (decoded !== Decoded.tcp) return -1;
    if (packet.ipVersion === 4) return this.#ipv4Flow();
    const key = `${packet.addresses.join()} ${packet.sourcePort} ${packet.destinationPort}`;
    const known = this.#others.get(key);
    if (known !== undefined) return known;
    const number = this.#add();
    if (number >= 0) this.#others.set(key, number);
    return number;
  }

  /** Whether the last frame was a fragment. */
  get isFragment(): boolean {
    return this.packet.sourcePort === 0 && this.packet.destinationPort === 0;
  }

  #ipv4Flow(): number {
    const { addresses, sourcePort, destinationPort } = this.packet;
    const source = (addresses[0]! >>> 0) * 65_536 + sourcePort;
    const destination = (addresses[4]! >>> 0) * 65_536 + destinationPort;
    let bySource = this.#numbers.get(source);
    if (!bySource) this.#numbers.set(source, (bySource = new Map()));
    let number = bySource.get(destination);
    if (number === undefined) {
      number = this.#add();
      if (number >= 0) bySource.set(destination, number);
    }
    return number;
  }

  #add(): number {
    if (this.flows.length === flowsMax) return -1;
    const { sourcePort, destinationPort, ipVersion } = this.packet;
    const end = (at: 0 | 4, port: number) => {
      const host = hostOf(this.packet, at);
      if (this.isFragment) return host + fragmentsWord;
      return ipVersion === 4 ? `${host}:${port}` : `[${host}]:${port}`;
    };
    this.flows.push({ source: end(0, sourcePort), destination: end(4, destinationPort) });
    return this.flows.length - 1;
  }
}

/** The address of a packet's source (0) or destination (4), as text. */
export function hostOf({ addresses, ipVersion }: Packet, at: 0 | 4): string {
  return ipVersion === 4
    ? formatIpv4(addresses[at]!)
    : formatIpv6(addresses[at]!, addresses[at + 1]!, addresses[at + 2]!, addresses[at + 3]!);
}
