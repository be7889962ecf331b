/** Finds the TCP segment in an Ethernet frame: a plain reading of its own, so that it can judge the agent's. */

export interface Segment {
  /** Addresses and ports of one direction, as a key. */
  readonly flow: string;
  /** The same of the other direction. */
  readonly reverse: string;
  readonly sequence: number;
  readonly isSyn: boolean;
  readonly isFin: boolean;
  readonly isReset: boolean;
  /** Captured payload, `bytes[payloadStart, payloadEnd)`. */
  readonly payloadStart: number;
  readonly payloadEnd: number;
  /** On the wire. */
  readonly payloadBytes: number;
}

const vlanTypes = new Set([0x8100, 0x88a8, 0x9100]);

/** Undefined where `bytes[start, end)` is no whole TCP header over IPv4 or IPv6 (without extension headers). */
export function findSegment(bytes: Uint8Array, start: number, end: number): Segment | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start);
  let at = 12;
  while (view.byteLength >= at + 6 && vlanTypes.has(view.getUint16(at))) at += 4;
  if (view.byteLength < at + 22) return undefined;
  const type = view.getUint16(at);
  at += 2;
  if (type === 0x0800) {
    const headerBytes = (view.getUint8(at) & 15) * 4;
    const isFragment = (view.getUint16(at + 6) & 0x3fff) !== 0;
    if (view.getUint8(at) >> 4 !== 4 || headerBytes < 20 || isFragment || view.getUint8(at + 9) !== 6) return undefined;
    return segmentAt(bytes, start, view, at + 12, 4, at + headerBytes, at + view.getUint16(at + 2));
  }
  if (type === 0x86dd && view.byteLength >= at + 40 && view.getUint8(at + 6) === 6) {
    return segmentAt(bytes, start, view, at + 8, 16, at + 40, at + 40 + view.getUint16(at + 4));
  }
  return undefined;
}

function segmentAt(
  bytes: Uint8Array,
  start: number,
  view: DataView,
  addresses: number,
  addressBytes: number,
  tcp: number,
  wireEnd: number,
): Segment | undefined {
  if (view.byteLength < tcp + 20) return undefined;
  const payload = tcp + (view.getUint8(tcp + 12) >> 4) * 4;
  if (payload < tcp + 20 || payload > wireEnd) return undefined;
  const text = (at: number, length: number) =>
    Buffer.from(bytes.subarray(start + at, start + at + length)).toString('hex');
  const source = text(addresses, addressBytes) + text(tcp, 2);
  const destination = text(addresses + addressBytes, addressBytes) + text(tcp + 2, 2);
  const flags = view.getUint8(tcp + 13);
  return {
    flow: source + destination,
    reverse: destination + source,
    sequence: view.getUint32(tcp + 4),
    isSyn: (flags & 2) !== 0,
    isFin: (flags & 1) !== 0,
    isReset: (flags & 4) !== 0,
    payloadStart: start + payload,
    payloadEnd: start + Math.max(payload, Math.min(view.byteLength, wireEnd)),
    payloadBytes: wireEnd - payload,
  };
}
