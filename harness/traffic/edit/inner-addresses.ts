/**
 * Where protocols below and beside TCP hold addresses of their own: ARP, neighbour discovery, DHCP, LLDP and spanning trees. Each
 * function walks one message, `bytes[at, end)`, as far as it is captured, and hands each place to a rewriter. Pure but for that.
 */
import { EtherType } from '../../../agent/wire/link.ts';
import { word } from '../frame-words.ts';

/** Each of its calls says by how much the sum of the frame's 16-bit words grew. */
export interface AddressRewriter {
  mac(out: Uint8Array, at: number): number;
  address(out: Uint8Array, at: number, bytes: 4 | 16): number;
}

const ethernet = 1;
const macBytes = 6;

/** ARP and RARP (RFC 826, RFC 903), of Ethernet and IPv4 where they say so. */
export function rewriteArp(out: Uint8Array, at: number, end: number, rewriter: AddressRewriter): void {
  if (at + 8 > end) return;
  const [hardwareBytes, protocolBytes] = [out[at + 4]!, out[at + 5]!];
  const each = hardwareBytes + protocolBytes;
  if (at + 8 + 2 * each > end) return;
  for (const host of [at + 8, at + 8 + each]) {
    if (hardwareBytes === macBytes) rewriter.mac(out, host);
    if (word(out, at + 2) === EtherType.ipv4 && protocolBytes === 4) rewriter.address(out, host + hardwareBytes, 4);
  }
}

/** By type of ICMPv6 (RFC 4861, section 4): where options begin. */
const neighbourMessages: ReadonlyMap<number, number> = new Map([
  [133, 8],
  [134, 16],
  [135, 24],
  [136, 24],
  [137, 40],
]);

/** Solicitations and advertisements of neighbours and routers, redirects; their checksum is the caller's. @returns by how much the sum grew */
export function rewriteNeighbours(out: Uint8Array, at: number, end: number, rewriter: AddressRewriter): number {
  const options = neighbourMessages.get(out[at]!);
  if (options === undefined || at + options > end) return 0;
  let change = 0;
  // The addresses that a message is about stand before its options, behind eight bytes.
  if (options !== 16) for (let of = at + 8; of < at + options; of += 16) change += rewriter.address(out, of, 16);
  for (let option = at + options; option + 8 <= end; ) {
    const [type, bytes] = [out[option], out[option + 1]! * 8];
    if (bytes === 0 || option + bytes > end) break;
    // The source's and the target's link-layer address.
    if ((type === 1 || type === 2) && bytes === 8) change += rewriter.mac(out, option + 2);
    // A prefix; servers of names (RFC 8106).
    if (type === 3 && bytes === 32) change += rewriter.address(out, option + 16, 16);
    if (type === 25)
      for (let of = option + 8; of + 16 <= option + bytes; of += 16) change += rewriter.address(out, of, 16);
    option += bytes;
  }
  return change;
}

/** What a datagram of UDP holds. @returns by how much the sum grew */
export function rewriteDatagram(
  out: Uint8Array,
  at: number,
  end: number,
  ports: readonly number[],
  rewriter: AddressRewriter,
): number {
  if (ports.includes(67) || ports.includes(68)) return dhcp(out, at, end, rewriter);
  return ports.includes(546) || ports.includes(547) ? dhcp6(out, at, end, rewriter, 0) : 0;
}

const cookie = [0x63, 0x82, 0x53, 0x63];
/** Routers, name servers, the address asked for, the server (RFC 2132). */
const addressOptions: readonly number[] = [3, 6, 50, 54];

/** RFC 2131, section 2; options of RFC 2132, RFC 3046 and RFC 4361. */
function dhcp(out: Uint8Array, at: number, end: number, rewriter: AddressRewriter): number {
  if (at + 236 > end || out[at]! > 2) return 0;
  let change = 0;
  for (let address = at + 12; address < at + 28; address += 4) change += rewriter.address(out, address, 4);
  if (out[at + 1] === ethernet && out[at + 2] === macBytes) change += rewriter.mac(out, at + 28);
  if (!cookie.every((byte, index) => out[at + 236 + index] === byte)) return change;
  for (let option = at + 240; option + 2 <= end && out[option] !== 255; ) {
    if (out[option] === 0) {
      option += 1;
      continue;
    }
    const [code, from, to] = [out[option]!, option + 2, option + 2 + out[option + 1]!];
    if (to > end) break;
    if (code === 61 && out[from] === ethernet && to - from === 7) change += rewriter.mac(out, from + 1);
    // An identity of four bytes, and what DHCPv6 has.
    if (code === 61 && out[from] === 255) change += unique(out, from + 5, to, rewriter);
    if (code === 82) change += relayed(out, from, to, rewriter);
    if (addressOptions.includes(code))
      for (let of = from; of + 4 <= to; of += 4) change += rewriter.address(out, of, 4);
    option = to;
  }
  return change;
}

/** What a relay says of where a request came from: an address by itself, or behind its type and length. */
function relayed(out: Uint8Array, from: number, to: number, rewriter: AddressRewriter): number {
  let change = 0;
  for (let at = from; at + 2 <= to; ) {
    const [start, next] = [at + 2, at + 2 + out[at + 1]!];
    if (next > to) break;
    if (next - start === macBytes) change += rewriter.mac(out, start);
    if (next - start === macBytes + 2 && word(out, start) === macBytes) change += rewriter.mac(out, start + 2);
    at = next;
  }
  return change;
}

/** Relays and options that hold others. */
const depthMax = 16;
const option6 = {
  client: 1,
  server: 2,
  addresses: 3,
  temporary: 4,
  address: 5,
  relay: 9,
  prefixes: 25,
  linkLayer: 79,
} as const;

/** RFC 8415, sections 8 and 9. */
function dhcp6(out: Uint8Array, at: number, end: number, rewriter: AddressRewriter, depth: number): number {
  if (at + 4 > end || depth > depthMax) return 0;
  if (out[at] !== 12 && out[at] !== 13) return options6(out, at + 4, end, rewriter, depth);
  if (at + 34 > end) return 0;
  const addresses = rewriter.address(out, at + 2, 16) + rewriter.address(out, at + 18, 16);
  return addresses + options6(out, at + 34, end, rewriter, depth);
}

function options6(out: Uint8Array, at: number, end: number, rewriter: AddressRewriter, depth: number): number {
  let change = 0;
  for (let option = at; option + 4 <= end && depth <= depthMax; ) {
    const [code, from, to] = [word(out, option), option + 4, option + 4 + word(out, option + 2)];
    if (to > end) break;
    const within = (bytes: number) => options6(out, from + bytes, to, rewriter, depth + 1);
    if (code === option6.client || code === option6.server) change += unique(out, from, to, rewriter);
    else if (code === option6.addresses || code === option6.prefixes) change += within(12);
    else if (code === option6.temporary) change += within(4);
    else if (code === option6.address && to - from >= 24) change += rewriter.address(out, from, 16) + within(24);
    else if (code === option6.relay) change += dhcp6(out, from, to, rewriter, depth + 1);
    // RFC 6939.
    else if (code === option6.linkLayer && to - from === 8 && word(out, from) === ethernet)
      change += rewriter.mac(out, from + 2);
    option = to;
  }
  return change;
}

/** A DUID (RFC 8415, section 11): of a link-layer address, and of one with a time. */
function unique(out: Uint8Array, at: number, end: number, rewriter: AddressRewriter): number {
  if (at + 4 > end || word(out, at + 2) !== ethernet) return 0;
  const mac = at + (word(out, at) === 1 ? 8 : 4);
  return (word(out, at) === 1 || word(out, at) === 3) && mac + macBytes === end ? rewriter.mac(out, mac) : 0;
}

/** Of IEEE 802.1AB: chassis, port and management address. */
export function rewriteLldp(out: Uint8Array, at: number, end: number, rewriter: AddressRewriter): void {
  for (let part = at; part + 2 <= end; ) {
    const [type, from, to] = [out[part]! >> 1, part + 2, part + 2 + (word(out, part) & 0x1ff)];
    if (type === 0 || to > end) return;
    const isMac = (type === 1 && out[from] === 4) || (type === 2 && out[from] === 3);
    if (isMac && to - from === 1 + macBytes) rewriter.mac(out, from + 1);
    if (type === 8 && from + 1 + out[from]! <= to) managementAddress(out, from, rewriter);
    part = to;
  }
}

/** Its length with its family; by the numbers of IANA's address families. */
function managementAddress(out: Uint8Array, at: number, rewriter: AddressRewriter): void {
  const [bytes, family] = [out[at]! - 1, out[at + 1]];
  if (family === 6 && bytes === macBytes) rewriter.mac(out, at + 2);
  if (family === 1 && bytes === 4) rewriter.address(out, at + 2, 4);
  if (family === 2 && bytes === 16) rewriter.address(out, at + 2, 16);
}

/** A frame of IEEE 802.3 whose LLC announces a spanning tree: the root's and the bridge's identifier (IEEE 802.1Q, clause 14). */
export function rewriteSpanningTree(out: Uint8Array, llc: number, end: number, rewriter: AddressRewriter): void {
  const isPlain = out[llc] === 0x42 && out[llc + 1] === 0x42;
  // One tree a VLAN, as Cisco has it, behind SNAP.
  const isOfVlan = out[llc] === 0xaa && word(out, llc + 5) === 0x0c01 && out[llc + 7] === 0x0b;
  if (!isPlain && !isOfVlan) return;
  const bpdu = llc + (isPlain ? 3 : 8);
  if (bpdu + 35 > end || word(out, bpdu) !== 0 || (out[bpdu + 3]! !== 0 && out[bpdu + 3] !== 2)) return;
  for (const id of [bpdu + 5, bpdu + 17]) rewriter.mac(out, id + 2);
  const isMultiple = out[bpdu + 2]! >= 3 && bpdu + 102 <= end;
  if (!isMultiple) return;
  // Behind the name of the configuration and a cost: the bridge's; then a regional root for each tree.
  rewriter.mac(out, bpdu + 93 + 2);
  for (let tree = bpdu + 102; tree + 16 <= end; tree += 16) rewriter.mac(out, tree + 3);
}
