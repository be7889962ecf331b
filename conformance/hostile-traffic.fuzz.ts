/** Hostile traffic for the whole pipeline: conversations made from a seed, or recorded ones, with faults in frames, payloads and times. */
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { CaptureInterface, CaptureStats, FrameSink, FrameSource } from '../agent/capture/frame-source.ts';
import { mutate } from '../agent/http/http-layer.fuzz.ts';
import { decodeFrame } from '../agent/wire/decode.ts';
import { Decoded, Packet, TcpFlag } from '../agent/wire/packet.ts';
import { buildTcpFrame } from '../agent/wire/packet-builder.ts';

export type Next = () => number;
const upTo = (next: Next, max: number): number => Math.floor(next() * (max + 1));
const pick = <T>(next: Next, from: readonly T[]): T => from[upTo(next, from.length - 1)]!;

const names = ['id', 'name', 'password', 'a b', 'constructor', '__proto__', '\u202e', 'x'.repeat(300), ''];
const scalars = ['null', 'true', '-0', '1e999', '9007199254740993', '0.1', '"\\ud800"', '"\\u0000"', '"2026-11-23"'];

/** JSON, mostly whole; some of it nested deeper than anything is looked into. */
function json(next: Next, depth = 0): string {
  const kind = upTo(next, depth > 6 ? 1 : 5);
  if (kind < 2) return next() < 0.5 ? pick(next, scalars) : JSON.stringify(pick(next, names).repeat(upTo(next, 3)));
  if (kind === 2) return `${'['.repeat(upTo(next, 300))}`;
  const members = Array.from({ length: upTo(next, 5) }, () => json(next, depth + 1));
  if (kind === 3) return `[${members.join(',')}]`;
  return `{${members.map((member) => `${JSON.stringify(pick(next, names))}:${member}`).join(',')}}`;
}

/** A body and its media type. */
function content(next: Next): [string, Buffer] {
  const boundary = pick(next, ['b', '--', 'x'.repeat(70)]);
  const part = `--${boundary}\r\nContent-Disposition: form-data; name="${pick(next, names)}"\r\n\r\n${json(next)}\r\n`;
  return pick<() => [string, Buffer]>(next, [
    () => ['application/json', Buffer.from(json(next))],
    () => ['application/json; charset=utf-16', Buffer.from(json(next), 'utf16le')],
    () => ['application/x-www-form-urlencoded', Buffer.from(`a=${json(next)}&%zz=%00&=&a[]=1`)],
    () => [`multipart/form-data; boundary=${boundary}`, Buffer.from(`${part.repeat(upTo(next, 3))}--${boundary}--`)],
    () => ['text/plain; charset=nowhere', Buffer.alloc(upTo(next, 9000), pick(next, ['a', '\x1b]0;', '\0']))],
    () => ['application/octet-stream', Buffer.from(Array.from({ length: upTo(next, 500) }, () => upTo(next, 255)))],
  ])();
}

/** Fields and body of one message, its content coded and framed in some way. */
function framed(next: Next): Buffer {
  const [type, plain] = content(next);
  const [coding, encode] = pick<[string, (bytes: Buffer) => Buffer]>(next, [
    ['identity', (bytes) => bytes],
    ['gzip', (bytes) => gzipSync(bytes)],
    ['deflate', (bytes) => deflateSync(bytes)],
    ['br', (bytes) => brotliCompressSync(bytes, { params: { 1: 1 } })],
    ['zstd', (bytes) => zstdCompressSync(bytes)],
    ['gzip, gzip', (bytes) => gzipSync(gzipSync(bytes))],
  ]);
  const coded = encode(plain);
  // A fault inside coded bytes: the framing still holds.
  const body = next() < 0.2 ? mutate(next, coded) : coded;
  const fields = `Content-Type: ${type}\r\nContent-Encoding: ${coding}\r\nCookie: sid=${pick(next, names)}\r\n`;
  if (next() < 0.5) return Buffer.concat([Buffer.from(`${fields}Content-Length: ${body.length}\r\n\r\n`), body]);
  const size = body.length.toString(16);
  const chunk = body.length === 0 ? '' : Buffer.concat([Buffer.from(`${size}\r\n`), body, Buffer.from('\r\n')]);
  return Buffer.concat([
    Buffer.from(`${fields}Transfer-Encoding: chunked\r\n\r\n`),
    Buffer.from(chunk),
    Buffer.from('0\r\n\r\n'),
  ]);
}

/** Both directions of a connection, as bytes. */
function conversation(next: Next): [Buffer, Buffer] {
  const [requests, responses]: [Buffer[], Buffer[]] = [[], []];
  for (let i = upTo(next, 5); i >= 0; i--) {
    const method = pick(next, ['GET', 'POST', 'PUT', 'HEAD', 'CONNECT', 'OPTIONS']);
    const target = pick(next, ['/a', '*', 'http://h\xff/\x1b', `/${'u'.repeat(9000)}`, '//', '/?token=%%&a', 'h:443']);
    const host = pick(next, ['Host: h\r\n', 'Host: \r\n', 'Host: [::1%eth0]:x\r\n', 'Host: \x1b[31m\u202e\r\n', '']);
    const rest = method === 'POST' || method === 'PUT' ? framed(next) : Buffer.from('\r\n');
    requests.push(Buffer.from(`${method} ${target} HTTP/1.1\r\n${host}`, 'latin1'), rest);
    if (next() < 0.1) responses.push(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'));
    const status = pick(next, [200, 200, 200, 204, 304, 101, 404, 999, 0]);
    const body = status === 204 || status === 304 || method === 'HEAD' ? Buffer.from('\r\n') : framed(next);
    responses.push(Buffer.from(`HTTP/1.1 ${status} \x07\xff\r\nLocation: ${target}\r\n`, 'latin1'), body);
  }
  const both = [Buffer.concat(requests), Buffer.concat(responses)] as [Buffer, Buffer];
  return next() < 0.3 ? [mutate(next, both[0]), mutate(next, both[1])] : both;
}

export interface Frame {
  readonly bytes: Uint8Array;
  readonly tsUs: number;
}

/** Segments of one connection, in an order in which they may have been captured. */
function* connectionFrames(next: Next, number: number): Generator<Uint8Array> {
  const left = conversation(next);
  const sequence = [1, 1];
  const ends = [`10.0.${number >> 8}.${number & 255}`, '192.168.0.1'] as const;
  const ports = [1024 + upTo(next, 3), 80] as const;
  const segment = (side: 0 | 1, flags: number, payload: Uint8Array = Buffer.alloc(0), behind = 0) =>
    buildTcpFrame({
      ...{
        source: ends[side],
        destination: ends[1 - side]!,
        sourcePort: ports[side],
        destinationPort: ports[1 - side]!,
      },
      ...{ sequence: sequence[side]! - behind, acknowledgement: sequence[1 - side]!, flags, payload },
    });
  if (next() < 0.9) {
    yield segment(0, TcpFlag.syn, undefined, 1);
    yield segment(1, TcpFlag.syn | TcpFlag.ack, undefined, 1);
  }
  while (left[0].length + left[1].length > 0) {
    const side = left[0].length > 0 && (left[1].length === 0 || next() < 0.7) ? 0 : 1;
    const payload = left[side].subarray(0, 1 + upTo(next, 1400));
    left[side] = left[side].subarray(payload.length);
    yield segment(side, TcpFlag.ack | TcpFlag.psh, payload);
    sequence[side] = sequence[side]! + payload.length;
  }
  if (next() < 0.2) yield segment(1, TcpFlag.rst | TcpFlag.ack);
  else if (next() < 0.9) {
    yield segment(0, TcpFlag.fin | TcpFlag.ack);
    yield segment(1, TcpFlag.fin | TcpFlag.ack);
  }
}

/** Frames of so many connections, taking turns. */
export function* generatedFrames(next: Next, connections: number): Generator<Frame> {
  const open: Generator<Uint8Array>[] = [];
  let tsUs = 1_700_000_000_000_000;
  for (let number = 0; number < connections || open.length > 0; ) {
    if (number < connections && (open.length === 0 || next() < 0.1)) open.push(connectionFrames(next, number++));
    const at = upTo(next, open.length - 1);
    const { value } = open[at]!.next();
    tsUs += next() < 0.01 ? upTo(next, 400_000_000) : upTo(next, 1000);
    if (value === undefined) open.splice(at, 1);
    else yield { bytes: value, tsUs };
  }
}

/** How often each fault comes, of frames. */
export interface Faults {
  readonly headers: number;
  readonly payloads: number;
  readonly lost: number;
  readonly repeated: number;
  readonly late: number;
  readonly times: number;
}

/** Some faults of a kind, and none of most: one that hits everything hides the others. */
export function chooseFaults(next: Next): Faults {
  const share = () => (next() < 0.5 ? 0 : next() ** 3 * 0.5);
  return { headers: share(), payloads: share(), lost: share(), repeated: share(), late: share(), times: share() ** 2 };
}

/** A time that a capture file may claim. */
function claimedUs(next: Next, tsUs: number): number {
  return pick(next, [
    0,
    tsUs + 1e9,
    tsUs - 1e9,
    -62_135_596_800e6,
    253_402_300_800e6,
    8.64e18,
    8.65e18,
    2 ** 64,
    -1e24,
    1e24,
  ]);
}

/** Puts faults into the frames on their way. Frames that are late come after the next one that is not. */
export class FaultySink implements FrameSink {
  frames = 0;
  readonly #sink: FrameSink;
  readonly #next: Next;
  readonly #faults: Faults;
  readonly #linkTypeOf: (interfaceIndex: number) => number;
  readonly #packet = new Packet();
  #late: (() => void) | null = null;

  constructor(sink: FrameSink, next: Next, faults: Faults, linkTypeOf: (interfaceIndex: number) => number) {
    this.#sink = sink;
    this.#next = next;
    this.#faults = faults;
    this.#linkTypeOf = linkTypeOf;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, index: number): void {
    const { headers, payloads, lost, repeated, late, times } = this.#faults;
    const next = this.#next;
    this.frames += 1;
    if (next() < lost) return;
    const copy = Uint8Array.prototype.slice.call(bytes, start, end);
    if (next() < headers) spoil(next, copy, 0, next() < 0.7 ? Math.min(80, copy.length) : copy.length);
    if (next() < payloads) this.#spoilPayload(copy, wireLength, index);
    const length = next() < headers * 0.1 ? upTo(next, copy.length) : copy.length;
    const at = next() < times ? claimedUs(next, tsUs) : tsUs;
    const deliver = () => this.#sink.frame(copy, 0, length, Math.max(wireLength, length), at, index);
    if (this.#late === null && next() < late) {
      this.#late = deliver;
      return;
    }
    deliver();
    if (next() < repeated) deliver();
    this.#late?.();
    this.#late = null;
  }

  #spoilPayload(copy: Uint8Array, wireLength: number, index: number): void {
    const packet = this.#packet;
    if (decodeFrame(packet, copy, 0, copy.length, wireLength, this.#linkTypeOf(index)) !== Decoded.tcp) return;
    spoil(this.#next, copy, packet.payloadStart, Math.min(packet.payloadEnd, copy.length));
  }
}

function spoil(next: Next, bytes: Uint8Array, start: number, end: number): void {
  if (end <= start) return;
  for (let i = upTo(next, 3); i >= 0; i--) bytes[start + upTo(next, end - start - 1)] = upTo(next, 255);
}

/** Frames that are made as they are read. */
export class GeneratedSource implements FrameSource {
  readonly interfaces: readonly CaptureInterface[] = [{ name: 'generated', linkType: 1, snapLength: 0 }];
  readonly #frames: Iterator<Frame>;

  constructor(frames: Iterator<Frame>) {
    this.#frames = frames;
  }

  read(sink: FrameSink, framesMax: number): number {
    for (let count = 0; count < framesMax; count += 1) {
      const { done, value } = this.#frames.next();
      if (done) return count === 0 ? -1 : count;
      sink.frame(value.bytes, 0, value.bytes.length, value.bytes.length, value.tsUs, 0);
    }
    return framesMax;
  }

  async wait(): Promise<void> {}
  stats(): CaptureStats[] {
    return [{ name: 'generated', framesReceived: 0, framesDropped: null }];
  }
  stop(): void {}
  close(): void {}
}

/** A source with faults in its frames. */
export class FaultySource implements FrameSource {
  frames = 0;
  readonly #source: FrameSource;
  readonly #next: Next;
  readonly #faults: Faults;
  #faulty: FaultySink | null = null;

  constructor(source: FrameSource, next: Next, faults: Faults) {
    this.#source = source;
    this.#next = next;
    this.#faults = faults;
  }

  get interfaces(): readonly CaptureInterface[] {
    return this.#source.interfaces;
  }

  read(sink: FrameSink, framesMax: number): number {
    const linkTypeOf = (index: number) => this.#source.interfaces[index]!.linkType;
    this.#faulty ??= new FaultySink(sink, this.#next, this.#faults, linkTypeOf);
    const count = this.#source.read(this.#faulty, framesMax);
    this.frames = this.#faulty.frames;
    return count;
  }

  wait(timeoutMs: number): Promise<void> {
    return this.#source.wait(timeoutMs);
  }
  stats(): CaptureStats[] {
    return this.#source.stats();
  }
  stop(): void {
    this.#source.stop();
  }
  close(): void {
    this.#source.close();
  }
}
