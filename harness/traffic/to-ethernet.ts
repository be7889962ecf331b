/**
 * Frames of other link types as Ethernet frames: their link header gives way to one of 14 bytes. What a link header knows of
 * addresses is kept; the rest are addresses of the range for local use.
 */
import { putWord, word } from './frame-words.ts';

/** Longer than any header that takes the place of a shorter one: the frame itself moves. */
const ethernetHeaderBytes = 14;
const ethernet = 1;

/** What it takes to make an Ethernet header. */
interface Found {
  /** Where the network packet begins; −1 where the frame holds none. */
  payload: number;
  etherType: number;
  /** Where six bytes of a sender's or receiver's address stand; −1 where the header has none. */
  source: number;
  destination: number;
}

/** Finds the packet in `bytes[start, end)`. */
type Finder = (bytes: Uint8Array, start: number, end: number, found: Found) => void;

/** IP says itself which version it is. */
function ip(bytes: Uint8Array, at: number, end: number, found: Found): void {
  const version = at < end ? bytes[at]! >> 4 : 0;
  if (version !== 4 && version !== 6) return;
  found.payload = at;
  found.etherType = version === 4 ? 0x0800 : 0x86dd;
}

/** Values up to 1,500 are no EtherType: other framing follows. */
function typed(etherType: number, at: number, end: number, found: Found): void {
  if (etherType <= 1_500 || at >= end) return;
  found.payload = at;
  found.etherType = etherType;
}

const raw: Finder = (bytes, start, end, found) => ip(bytes, start, end, found);
/** A protocol family of four bytes stands in front. */
const loopback: Finder = (bytes, start, end, found) => ip(bytes, start + 4, end, found);

const cooked: Finder = (bytes, start, end, found) => {
  if (start + 16 > end) return;
  typed(word(bytes, start + 14), start + 16, end, found);
  if (word(bytes, start + 4) === 6) found.source = start + 6;
};

const cooked2: Finder = (bytes, start, end, found) => {
  if (start + 20 > end) return;
  typed(word(bytes, start), start + 20, end, found);
  if (bytes[start + 11] === 6) found.source = start + 12;
};

/** RFC 1661 and 1662, with or without address and control. */
const ppp: Finder = (bytes, start, end, found) => {
  let at = start;
  if (at + 2 <= end && bytes[at] === 0xff && bytes[at + 1] === 0x03) at += 2;
  if (at + 1 > end) return;
  const isShort = (bytes[at]! & 1) === 1;
  const protocol = isShort ? bytes[at]! : word(bytes, at);
  if (protocol === 0x21 || protocol === 0x57) ip(bytes, at + (isShort ? 1 : 2), end, found);
};

/** NFLOG: entries of a length and a type, in the byte order of the capturing host; number 9 is the packet. */
const nflog: Finder = (bytes, start, end, found) => {
  for (let at = start + 4; at + 4 <= end; ) {
    const isLittle = bytes[at + 3] === 0;
    const length = isLittle ? bytes[at]! | (bytes[at + 1]! << 8) : word(bytes, at);
    const type = isLittle ? bytes[at + 2]! : bytes[at + 3]!;
    if (length < 4) return;
    if (type === 9) {
      ip(bytes, at + 4, end, found);
      return;
    }
    at += (length + 3) & ~3;
  }
};

/** IEEE 802.11 data frames that are not encrypted, with LLC and SNAP inside. */
const wireless: Finder = (bytes, start, end, found) => {
  if (start + 24 > end) return;
  const [control, flags] = [bytes[start]!, bytes[start + 1]!];
  const isData = (control & 0x0c) === 0x08 && (control & 0x40) === 0;
  const isEncrypted = (flags & 0x40) !== 0;
  if (!isData || isEncrypted) return;
  const [toSystem, fromSystem] = [(flags & 1) !== 0, (flags & 2) !== 0];
  let at = start + 24;
  if (toSystem && fromSystem) at += 6;
  if ((control & 0x80) !== 0) at += 2 + ((flags & 0x80) !== 0 ? 4 : 0);
  if (at + 8 > end || bytes[at] !== 0xaa || bytes[at + 1] !== 0xaa || bytes[at + 2] !== 3) return;
  typed(word(bytes, at + 6), at + 8, end, found);
  found.destination = start + (toSystem ? 16 : 4);
  found.source = start + (fromSystem ? (toSystem ? 24 : 16) : 10);
};

const radiotap: Finder = (bytes, start, end, found) => {
  if (start + 4 <= end) wireless(bytes, start + (bytes[start + 2]! | (bytes[start + 3]! << 8)), end, found);
};

/** By LINKTYPE_ value (www.tcpdump.org/linktypes.html). */
const finders: ReadonlyMap<number, { readonly name: string; readonly find: Finder }> = new Map([
  [0, { name: 'BSD loopback', find: loopback }],
  [9, { name: 'PPP', find: ppp }],
  [12, { name: 'raw IP', find: raw }],
  [14, { name: 'raw IP', find: raw }],
  [50, { name: 'PPP in HDLC framing', find: ppp }],
  [101, { name: 'raw IP', find: raw }],
  [105, { name: 'IEEE 802.11', find: wireless }],
  [108, { name: 'OpenBSD loopback', find: loopback }],
  [113, { name: 'Linux cooked', find: cooked }],
  [127, { name: 'radiotap', find: radiotap }],
  [228, { name: 'raw IPv4', find: raw }],
  [229, { name: 'raw IPv6', find: raw }],
  [239, { name: 'NFLOG', find: nflog }],
  [276, { name: 'Linux cooked v2', find: cooked2 }],
]);

export function isEthernet(linkType: number): boolean {
  return linkType === ethernet;
}

/** Name of a link type whose frames can be converted. */
export function convertibleName(linkType: number): string | undefined {
  return finders.get(linkType)?.name;
}

export function convertibleNames(): string {
  return [...finders].map(([number, { name }]) => `${name} (${number})`).join(', ');
}

/** Sender and receiver where the header has none: locally administered. */
const localSource = Uint8Array.of(2, 0, 0, 0, 0, 1);
const localDestination = Uint8Array.of(2, 0, 0, 0, 0, 2);

export class EthernetConverter {
  /** Holds the converted frame, `bytes[0, end)`. */
  bytes = new Uint8Array(4_096);
  end = 0;
  /** Bytes that the frame lost on the way, less those it won. */
  shorter = 0;
  readonly #found: Found = { payload: -1, etherType: 0, source: -1, destination: -1 };

  /** @returns false where the frame holds no packet of a network: management, control, encrypted */
  convert(linkType: number, bytes: Uint8Array, start: number, end: number): boolean {
    const found = this.#found;
    found.payload = found.source = found.destination = -1;
    finders.get(linkType)!.find(bytes, start, end, found);
    const { payload, etherType, source, destination } = found;
    if (payload < 0) return false;
    this.end = ethernetHeaderBytes + end - payload;
    if (this.bytes.length < this.end) this.bytes = new Uint8Array(this.end * 2);
    const out = this.bytes;
    out.set(destination < 0 ? localDestination : bytes.subarray(destination, destination + 6), 0);
    out.set(source < 0 ? localSource : bytes.subarray(source, source + 6), 6);
    putWord(out, 12, etherType);
    out.set(bytes.subarray(payload, end), ethernetHeaderBytes);
    this.shorter = end - start - this.end;
    return true;
  }
}
