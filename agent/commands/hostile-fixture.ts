/** Captures that drive the agent's bounds to their limits: segments of as many connections as wanted, as a pcap stream. */
import { buildIpPacket, buildTcpFrame, fragmentIpPacket } from '../wire/packet-builder.ts';

export const Flag = { fin: 1, syn: 2, ack: 16 } as const;
const payloadBytesMax = 1400;
const headerBytes = 54;
const chunkBytes = 1 << 20;
const startSeconds = 1_700_000_000;

/** Takes frames, gives a capture in chunks: `write` resolves when the reader has room for more. */
export class HostileCapture {
  readonly #write: (chunk: Uint8Array) => Promise<void>;
  #chunk = Buffer.allocUnsafe(chunkBytes);
  #at = 24;
  #tsUs = 0;
  readonly #header = Buffer.from(
    buildTcpFrame({
      source: '10.0.0.1',
      destination: '192.168.0.2',
      sourcePort: 40_000,
      destinationPort: 80,
      sequence: 0,
      acknowledgement: 1,
      flags: Flag.ack,
    }),
  );
  frames = 0;
  bytes = 0;

  constructor(write: (chunk: Uint8Array) => Promise<void>) {
    this.#write = write;
    // pcap, microseconds, Ethernet.
    const words = [0xa1b2c3d4, 0x0004_0002, 0, 0, 262_144, 1];
    for (const [index, word] of words.entries()) this.#chunk.writeUInt32LE(word, index * 4);
  }

  /** One whole frame, a microsecond after the last. */
  async frame(frame: Uint8Array): Promise<void> {
    if (this.#at + 16 + frame.length > chunkBytes) await this.flush();
    const chunk = this.#chunk;
    const at = this.#at;
    this.#tsUs += 1;
    chunk.writeUInt32LE(startSeconds + Math.floor(this.#tsUs / 1e6), at);
    chunk.writeUInt32LE(this.#tsUs % 1e6, at + 4);
    chunk.writeUInt32LE(frame.length, at + 8);
    chunk.writeUInt32LE(frame.length, at + 12);
    chunk.set(frame, at + 16);
    this.#at = at + 16 + frame.length;
    this.frames += 1;
    this.bytes += frame.length;
  }

  /** One segment of connection `connection`, from its client (0) or server (1). Checksums are wrong, as offload makes them. */
  segment(
    connection: number,
    from: 0 | 1,
    flags: number,
    sequence: number,
    payload?: Uint8Array,
    acknowledgement = 1,
  ): Promise<void> {
    const length = payload?.length ?? 0;
    const frame = Buffer.allocUnsafe(headerBytes + length);
    frame.set(this.#header);
    frame.writeUInt16BE(40 + length, 16);
    const port = 1024 + (connection % 60_000);
    frame.writeUInt32BE(0x0a00_0001 + Math.floor(connection / 60_000), from === 0 ? 26 : 30);
    frame.writeUInt32BE(0xc0a8_0002, from === 0 ? 30 : 26);
    frame.writeUInt16BE(port, from === 0 ? 34 : 36);
    frame.writeUInt16BE(80, from === 0 ? 36 : 34);
    frame.writeUInt32BE(sequence >>> 0, 38);
    frame.writeUInt32BE(acknowledgement >>> 0, 42);
    frame[47] = flags;
    if (payload !== undefined) frame.set(payload, headerBytes);
    return this.frame(frame);
  }

  /** The three-way handshake: both sides' first byte has the number 1. */
  async open(connection: number): Promise<void> {
    await this.segment(connection, 0, Flag.syn, 0);
    await this.segment(connection, 1, Flag.syn | Flag.ack, 0);
  }

  /** `bytes` in segments. @returns the number of the byte after them. */
  async send(
    connection: number,
    from: 0 | 1,
    sequence: number,
    bytes: Uint8Array,
    acknowledgement = 1,
  ): Promise<number> {
    for (let at = 0; at < bytes.length; at += payloadBytesMax) {
      const piece = bytes.subarray(at, at + payloadBytesMax);
      await this.segment(connection, from, Flag.ack, sequence + at, piece, acknowledgement);
    }
    return sequence + bytes.length;
  }

  /** All but the first fragment of a datagram: it never completes. */
  async fragments(identification: number, payloadBytes: number): Promise<void> {
    const packet = buildIpPacket('10.0.0.1', '192.168.0.2', 6, new Uint8Array(payloadBytes));
    for (const piece of fragmentIpPacket(packet, 1480, identification).slice(1)) {
      const frame = new Uint8Array(14 + piece.length);
      frame.set(this.#header.subarray(0, 14));
      frame.set(piece, 14);
      await this.frame(frame);
    }
  }

  /** Lets time pass on the packets' clock. */
  pause(us: number): void {
    this.#tsUs += us;
  }

  async flush(): Promise<void> {
    const chunk = this.#chunk.subarray(0, this.#at);
    this.#chunk = Buffer.allocUnsafe(chunkBytes);
    this.#at = 0;
    await this.#write(chunk);
  }
}
