/**
 * Frames to TCP segments: layer after layer until a segment, a fragment, or a reason to ignore the frame. No recursion,
 * no objects; nesting is bounded. Hot path.
 */
import type { CaptureInterface } from '../capture/frame-source.ts';
import { FloodgateError } from '../errors.ts';
import { decodeIp, decodeIpv4, decodeIpv6, decodeTransport } from './ip.ts';
import {
  decodeBsdLoopback,
  decodeEthernet,
  decodeEtherType,
  decodeLinuxCooked,
  decodeLinuxCooked2,
  decodeMpls,
  decodeNflog,
  decodePpp,
} from './link.ts';
import { Decoded, Layer, type Packet } from './packet.ts';
import { decodeTcp } from './tcp-header.ts';
import { decodeGre, decodeUdp } from './tunnel.ts';

/** Link types that can be decoded, by their number in the registry of tcpdump.org. */
export const linkTypes: ReadonlyMap<number, { name: string; layer: number }> = new Map([
  [0, { name: 'BSD loopback', layer: Layer.bsdLoopback }],
  [1, { name: 'Ethernet', layer: Layer.ethernet }],
  [9, { name: 'PPP', layer: Layer.ppp }],
  [12, { name: 'raw IP', layer: Layer.ip }],
  [14, { name: 'raw IP', layer: Layer.ip }],
  [50, { name: 'PPP in HDLC framing', layer: Layer.ppp }],
  [101, { name: 'raw IP', layer: Layer.ip }],
  [108, { name: 'OpenBSD loopback', layer: Layer.bsdLoopback }],
  [113, { name: 'Linux cooked', layer: Layer.linuxCooked }],
  [228, { name: 'raw IPv4', layer: Layer.ip }],
  [229, { name: 'raw IPv6', layer: Layer.ip }],
  [239, { name: 'NFLOG', layer: Layer.nflog }],
  [276, { name: 'Linux cooked v2', layer: Layer.linuxCooked2 }],
]);

/** First layer by link type; 0 where it is unknown. */
const firstLayer = new Uint8Array(512);
for (const [linkType, { layer }] of linkTypes) firstLayer[linkType] = layer;

/** VLAN tags, labels, tunnels and the layers between them: three levels of tunnel fit, a frame made to keep us busy does not. */
const layersMax = 24;

/**
 * Decodes one frame into `packet`, whose offsets refer to `bytes` afterwards.
 * @param wireLength the frame's length on the wire, ≥ end − start.
 * @returns a `Decoded` value.
 */
export function decodeFrame(
  packet: Packet,
  bytes: Uint8Array,
  start: number,
  end: number,
  wireLength: number,
  linkType: number,
): number {
  const layer = firstLayer[linkType] ?? 0;
  if (layer === 0) return Decoded.unknownLinkType;
  packet.vlan = -1;
  packet.network = 0;
  packet.offset = start;
  packet.end = end;
  packet.wireEnd = start + wireLength;
  return decodeLayers(packet, bytes, layer);
}

/**
 * Decodes a datagram put together from fragments: `bytes[start, end)` is its payload, `packet` still has the addresses,
 * version and protocol of the fragment that completed it.
 */
export function decodeReassembled(packet: Packet, bytes: Uint8Array, start: number, end: number): number {
  packet.offset = start;
  packet.end = end;
  packet.wireEnd = end;
  return decodeLayers(packet, bytes, Layer.transport);
}

function decodeLayers(packet: Packet, bytes: Uint8Array, first: number): number {
  let layer = first;
  for (let count = 0; count < layersMax; count += 1) {
    switch (layer) {
      case Layer.ethernet:
        layer = decodeEthernet(packet, bytes);
        break;
      case Layer.ipv4:
        layer = decodeIpv4(packet, bytes);
        break;
      case Layer.tcp:
        return decodeTcp(packet, bytes);
      case Layer.ipv6:
        layer = decodeIpv6(packet, bytes);
        break;
      case Layer.etherType:
        layer = decodeEtherType(packet, bytes);
        break;
      case Layer.ip:
        layer = decodeIp(packet, bytes);
        break;
      case Layer.transport:
        layer = decodeTransport(packet, bytes);
        break;
      case Layer.udp:
        layer = decodeUdp(packet, bytes);
        break;
      case Layer.gre:
        layer = decodeGre(packet, bytes);
        break;
      case Layer.ppp:
        layer = decodePpp(packet, bytes);
        break;
      case Layer.mpls:
        layer = decodeMpls(packet, bytes);
        break;
      case Layer.linuxCooked:
        layer = decodeLinuxCooked(packet, bytes);
        break;
      case Layer.linuxCooked2:
        layer = decodeLinuxCooked2(packet, bytes);
        break;
      case Layer.bsdLoopback:
        layer = decodeBsdLoopback(packet, bytes);
        break;
      case Layer.nflog:
        layer = decodeNflog(packet, bytes);
        break;
      default:
        return layer;
    }
  }
  return Decoded.tooDeep;
}

/**
 * Refuses a capture that cannot be decoded: for the operator, before or at an interface's first frame.
 * @throws FloodgateError `unknown-link-type`
 */
export function requireLinkType(captureInterface: CaptureInterface): void {
  if (linkTypes.has(captureInterface.linkType)) return;
  const known = [...linkTypes].map(([number, { name }]) => `${name} (${number})`).join(', ');
  throw new FloodgateError(
    'unknown-link-type',
    `${captureInterface.name} has link type ${captureInterface.linkType}, which cannot be decoded.`,
    { hint: `Capture on a network interface with one of these: ${known}.` },
  );
}
