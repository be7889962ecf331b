/** The real decoder, beside a table of who sent. */
import { decodeFrame as decode } from '../../../agent/wire/decode.ts';
import { Decoded, type Packet } from '../../../agent/wire/packet.ts';

export * from '../../../agent/wire/decode.ts';

interface Host {
  readonly address: string;
  readonly framesBySecond: number[];
  frames: number;
}

const secondsMax = 40;
const hosts = new Map<string, Host>();

export function decodeFrame(
  packet: Packet,
  bytes: Uint8Array,
  start: number,
  end: number,
  wireLength: number,
  linkType: number,
): number {
  const decoded = decode(packet, bytes, start, end, wireLength, linkType);
  if (decoded === Decoded.tcp && packet.ipVersion === 4) noteHost(packet);
  return decoded;
}

function noteHost(packet: Packet): void {
  const word = packet.addresses[0]!;
  const address = `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}:${packet.sourcePort}`;
  let host = hosts.get(address);
  if (host === undefined) {
    host = { address, framesBySecond: new Array<number>(secondsMax).fill(-0.5), frames: 0 };
    hosts.set(address, host);
  }
  host.framesBySecond[host.frames++ % secondsMax]! += 1;
}
