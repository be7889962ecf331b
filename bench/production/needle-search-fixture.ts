/**
 * A search of its own for planted secrets, which shares no code with what it judges: frames as they lie there, streams put together, messages
 * undone, and in whatever is found there once more, in base64, hexadecimal, percent and JSON escapes, UTF-16, and every content coding.
 */
import { readFileSync } from 'node:fs';
import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib';

/** Of a secret, what is enough to know it by. */
const traceBytes = 8;
const deepMax = 4;
const decodedBytesMax = 64 << 20;
const gapBytesMax = 1 << 20;

/** Runs of eight characters of each secret, found in one pass over the bytes. */
class NeedleSearch {
  readonly #secretOf = new Map<string, string>();
  /** A bit for each first four bytes, hashed. */
  readonly #first = new Uint8Array(1 << 16);
  readonly found = new Set<string>();

  constructor(secrets: readonly string[]) {
    for (const secret of secrets) {
      for (let at = 0; at + traceBytes <= secret.length; at += 1) {
        const trace = secret.slice(at, at + traceBytes);
        this.#secretOf.set(trace, secret);
        this.#first[slotOf(Buffer.from(trace, 'latin1'), 0)] = 1;
      }
    }
  }

  /** Looks at the bytes, and at whatever they may stand for. */
  look(bytes: Buffer, deep = 0): void {
    this.#scan(bytes);
    if (deep >= deepMax) return;
    for (const other of [...undone(bytes), ...unescaped(bytes)]) this.look(other, deep + 1);
    // Runs are many: only what seems to be coded is gone into any further.
    for (const run of runsIn(bytes)) {
      this.#scan(run);
      if (isCoded(run)) this.look(run, deep + 1);
    }
  }

  #scan(bytes: Buffer): void {
    const end = bytes.length - traceBytes;
    for (let at = 0; at <= end; at += 1) {
      if (this.#first[slotOf(bytes, at)] === 0) continue;
      const secret = this.#secretOf.get(bytes.toString('latin1', at, at + traceBytes));
      if (secret !== undefined) this.found.add(secret);
    }
  }
}

function slotOf(bytes: Uint8Array, at: number): number {
  const word = (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  return Math.imul(word, 0x9e37_79b1) >>> 16;
}

/** Content codings that bytes may have. */
function undone(bytes: Buffer): Buffer[] {
  return [gunzip, inflate, inflateRaw, brotli, zstd]
    .flatMap((undo) => undo(bytes) ?? [])
    .filter(({ length }) => length > 0);
}

const character = (_all: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16));

/** UTF-16, percent signs and JSON escapes. */
function unescaped(bytes: Buffer): Buffer[] {
  const text = bytes.toString('latin1');
  return [
    ...(bytes.includes(0) ? [text.replaceAll('\0', '')] : []),
    ...(/%[0-9a-f]{2}/i.test(text) ? [text.replaceAll(/%([0-9a-f]{2})/gi, character)] : []),
    ...(text.includes('\\u') ? [text.replaceAll(/\\u00([0-9a-f]{2})/gi, character)] : []),
  ].map((each) => Buffer.from(each, 'latin1'));
}

/** Hexadecimal digits, and base64 wherever it may begin: a run may have other letters in front. Each once. */
function* runsIn(bytes: Buffer): Generator<Buffer> {
  const text = bytes.toString('latin1');
  const runs = (pattern: RegExp) => new Set([...text.matchAll(pattern)].map(([run]) => run));
  for (const run of runs(/(?:[0-9a-f]{2}){8,}/gi)) yield Buffer.from(run, 'hex');
  for (const run of runs(/[A-Za-z0-9+/_-]{12,}/g))
    for (let shift = 0; shift < 4; shift += 1) yield Buffer.from(run.slice(shift), 'base64');
}

const sync = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: decodedBytesMax };
const attempt = (undo: () => Buffer): Buffer | undefined => {
  try {
    return undo();
  } catch {
    return undefined;
  }
};
const startsWith = (bytes: Buffer, ...first: number[]) => first.every((byte, at) => bytes[at] === byte);
const gunzip = (bytes: Buffer) => (startsWith(bytes, 0x1f, 0x8b) ? attempt(() => gunzipSync(bytes, sync)) : undefined);
const inflate = (bytes: Buffer) => (startsWith(bytes, 0x78) ? attempt(() => inflateSync(bytes, sync)) : undefined);
const isText = (bytes: Buffer) => bytes.subarray(0, 64).every((byte) => byte >= 9 && byte < 127);
const inflateRaw = (bytes: Buffer) => (isText(bytes) ? undefined : attempt(() => inflateRawSync(bytes, sync)));
const brotli = (bytes: Buffer) =>
  isText(bytes)
    ? undefined
    : attempt(() =>
        brotliDecompressSync(bytes, {
          finishFlush: constants.BROTLI_OPERATION_FLUSH,
          maxOutputLength: decodedBytesMax,
        }),
      );
const zstd = (bytes: Buffer) =>
  startsWith(bytes, 0x28, 0xb5, 0x2f, 0xfd) || (bytes[0]! >= 0x50 && startsWith(bytes.subarray(1), 0x2a, 0x4d, 0x18))
    ? attempt(() =>
        zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush, maxOutputLength: decodedBytesMax }),
      )
    : undefined;

const isCoded = (bytes: Buffer) => startsWith(bytes, 0x1f, 0x8b) || startsWith(bytes, 0x28, 0xb5, 0x2f, 0xfd);

/** Frames of a pcap or pcapng file of this machine's byte order. */
export function* framesIn(file: string): Generator<Buffer> {
  const bytes = readFileSync(file);
  const isNext = bytes.readUInt32LE(0) === 0x0a0d_0d0a;
  for (let at = isNext ? 0 : 24; at + 16 <= bytes.length; ) {
    if (!isNext) {
      const length = bytes.readUInt32LE(at + 8);
      yield bytes.subarray(at + 16, at + 16 + length);
      at += 16 + length;
      continue;
    }
    const [type, length] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    if (type === 6) yield bytes.subarray(at + 28, at + 28 + bytes.readUInt32LE(at + 20));
    at += length;
  }
}

/** The directions of TCP connections over Ethernet, each put together by its numbers; what is missing is zeros. */
export function streamsOf(frames: Iterable<Buffer>): Buffer[] {
  const streams = new Map<string, { first: number; parts: [at: number, bytes: Buffer][] }>();
  for (const frame of frames) {
    const type = frame.length < 54 ? 0 : frame.readUInt16BE(12);
    const isSix = type === 0x86dd;
    if ((type !== 0x0800 && !isSix) || frame[isSix ? 20 : 23] !== 6) continue;
    const tcp = isSix ? 54 : 14 + (frame[14]! & 15) * 4;
    const end = isSix ? tcp + frame.readUInt16BE(18) : 14 + frame.readUInt16BE(16);
    const payload = frame.subarray(tcp + (frame[tcp + 12]! >> 4) * 4, end);
    if (payload.length === 0) continue;
    const name = frame.toString('latin1', isSix ? 22 : 26, isSix ? 54 : 34) + frame.toString('latin1', tcp, tcp + 4);
    const sequence = frame.readUInt32BE(tcp + 4);
    const stream = streams.get(name) ?? { first: sequence, parts: [] };
    streams.set(name, stream);
    stream.parts.push([(sequence - stream.first) | 0, payload]);
  }
  return [...streams.values()].map(({ parts }) => {
    parts.sort(([a], [b]) => a - b);
    let next = Number.NEGATIVE_INFINITY;
    const pieces: Buffer[] = [];
    for (const [at, bytes] of parts) {
      if (at + bytes.length <= next) continue;
      // What was not captured is zeros, so that what follows stays in its place.
      if (at > next && at - next <= gapBytesMax) pieces.push(Buffer.alloc(at - next));
      pieces.push(at < next ? bytes.subarray(next - at) : bytes);
      next = at + bytes.length;
    }
    return Buffer.concat(pieces);
  });
}

/** Heads and bodies of HTTP/1 one after the other, chunks put together; where it is no HTTP, what is left as a whole. */
export function* messagesIn(stream: Buffer): Generator<Buffer> {
  for (let at = 0; at < stream.length; ) {
    const end = stream.indexOf('\r\n\r\n', at);
    if (end < 0) {
      yield stream.subarray(at);
      return;
    }
    const head = stream.subarray(at, end + 4);
    yield head;
    const text = head.toString('latin1');
    at = end + 4;
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? 0);
    if (/\r\ntransfer-encoding:[^\r]*chunked/i.test(text)) {
      const pieces: Buffer[] = [];
      for (;;) {
        const line = stream.indexOf('\r\n', at);
        const size = line < 0 ? Number.NaN : Number.parseInt(stream.toString('latin1', at, line), 16);
        if (!(size > 0)) {
          at = line < 0 ? stream.length : line + 2;
          break;
        }
        pieces.push(stream.subarray(line + 2, line + 2 + size));
        at = line + 2 + size + 2;
      }
      yield Buffer.concat(pieces);
      const trailers = stream.indexOf('\r\n', at);
      if (trailers > at) yield stream.subarray(at, trailers);
      at = trailers < 0 ? stream.length : trailers + 2;
    } else if (length > 0) {
      yield stream.subarray(at, at + length);
      at += length;
    }
  }
}

/** Secrets of which anything is in a capture, however it is written. */
export function secretsIn(file: string, secrets: readonly string[]): string[] {
  const search = new NeedleSearch(secrets);
  const frames = [...framesIn(file)];
  for (const frame of frames) search.look(frame, deepMax);
  for (const stream of streamsOf(frames)) {
    search.look(stream, deepMax);
    for (const message of messagesIn(stream)) search.look(message);
  }
  return [...search.found];
}
