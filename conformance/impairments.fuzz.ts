/**
 * Rewrites a capture without losing anything: its segments cut anew, overlapping, joined, repeated and out of order.
 * `node conformance/impairments.fuzz.ts SEED ROUNDS` plays every fitting capture so many times.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileSource } from '../agent/capture/file-source.ts';
import { PcapWriter } from '../agent/pcap/pcap-writer.ts';
import { createRandom } from '../agent/seeded-random.ts';
import { formatIpv4, formatIpv6 } from '../agent/wire/address.ts';
import { decodeFrame } from '../agent/wire/decode.ts';
import { Decoded, Packet, TcpFlag } from '../agent/wire/packet.ts';
import { buildTcpFrame, type SegmentFields } from '../agent/wire/packet-builder.ts';
import { type CapturedMessage, readCapture } from './capture.ts';
import { findShared, readIndex } from './oracles.ts';

interface Segment extends SegmentFields {
  readonly payload: Uint8Array;
  readonly tsUs: number;
}

export interface Impairments {
  /** Places by which a segment may be late: below `ackSlackPackets`, 64, after which an acknowledged gap is given up. @default 20 */
  readonly places?: number;
}

/** A capture is reordered by queues, not by pauses: what waits comes before the line goes quiet. Far below `ackSlackUs`, 1 s. */
const PAUSE_US = 10_000;
/** What an offloading network card joins at most. */
const JOINED_BYTES_MAX = 60_000;

/** Writes `path` anew as Ethernet, IP and TCP, with everything that a seed has in store for it. */
export function impairCapture(path: string, out: string, seed: number, { places = 20 }: Impairments = {}): void {
  const next = createRandom(seed, 'fuzz').fraction;
  const fd = openSync(out, 'w');
  try {
    const writer = new PcapWriter((bytes, start, end) => writeSync(fd, bytes, start, end - start));
    const pieces = readSegments(path).flatMap((segment) => cut(segment, next));
    const doubled = joinSome(pieces, next).flatMap((segment) => (next() < 0.05 ? [segment, segment] : [segment]));
    let tsUs = 0;
    for (const segment of reorder(doubled, next, places)) {
      const frame = buildTcpFrame(segment);
      // Times are in order, as a capture's are.
      tsUs = Math.max(tsUs, segment.tsUs);
      writer.frame(frame, 0, frame.length, frame.length, tsUs);
    }
    writer.flush();
  } finally {
    closeSync(fd);
  }
}

function readSegments(path: string): Segment[] {
  const segments: Segment[] = [];
  const packet = new Packet();
  const source = FileSource.open(path);
  const address = (at: number) => {
    const [a, b, c, d] = packet.addresses.subarray(at, at + 4) as unknown as [number, number, number, number];
    return packet.ipVersion === 4 ? formatIpv4(a) : formatIpv6(a, b, c, d);
  };
  const sink = {
    frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, index: number): void {
      const { linkType } = source.interfaces[index]!;
      if (decodeFrame(packet, bytes, start, end, wireLength, linkType) !== Decoded.tcp) return;
      const { sourcePort, destinationPort, sequence, acknowledgement, flags, window } = packet;
      segments.push({
        ...{ source: address(0), destination: address(4), sourcePort, destinationPort },
        ...{ sequence, acknowledgement, flags, window, tsUs },
        payload: bytes.slice(packet.payloadStart, packet.payloadEnd),
      });
    },
  };
  try {
    while (source.read(sink, 10_000) >= 0);
  } finally {
    source.close();
  }
  return segments;
}

/** Cuts half of the segments in up to six, of which some begin with bytes of the one before. */
function cut(segment: Segment, next: () => number): Segment[] {
  const { payload, flags, sequence } = segment;
  if (payload.length < 2 || (flags & TcpFlag.syn) !== 0 || next() < 0.5) return [segment];
  const pieces: Segment[] = [];
  for (let at = 0; at < payload.length; ) {
    const rest = payload.length - at;
    const end = pieces.length === 5 ? payload.length : at + 1 + Math.floor(next() * rest);
    const start = next() < 0.1 ? Math.floor(next() * at) : at;
    const isLast = end === payload.length;
    pieces.push({
      ...segment,
      sequence: sequence + start,
      payload: payload.subarray(start, end),
      flags: isLast ? flags : flags & ~(TcpFlag.fin | TcpFlag.psh | TcpFlag.rst),
    });
    at = end;
  }
  return pieces;
}

/** Joins some segments with the next one of the capture where that goes on behind them, as offloading network cards do. */
function joinSome(segments: readonly Segment[], next: () => number): Segment[] {
  const joined: Segment[] = [];
  for (const segment of segments) {
    const last = joined.at(-1);
    if (last !== undefined && next() < 0.3 && goesOn(last, segment)) {
      const { sequence, tsUs } = last;
      joined[joined.length - 1] = {
        ...segment,
        sequence,
        tsUs,
        payload: Buffer.concat([last.payload, segment.payload]),
      };
    } else joined.push(segment);
  }
  return joined;
}

function goesOn(last: Segment, segment: Segment): boolean {
  const plain = TcpFlag.ack | TcpFlag.psh;
  return (
    last.payload.length > 0 &&
    segment.payload.length > 0 &&
    (last.flags & ~plain) === 0 &&
    (segment.flags & (TcpFlag.syn | TcpFlag.rst)) === 0 &&
    last.source === segment.source &&
    last.destination === segment.destination &&
    last.sourcePort === segment.sourcePort &&
    last.destinationPort === segment.destinationPort &&
    ((last.sequence + last.payload.length - segment.sequence) | 0) === 0 &&
    last.payload.length + segment.payload.length <= JOINED_BYTES_MAX
  );
}

/** Delays a fifth of the segments by up to so many places. A SYN is not overtaken: data that come before it begin in the middle. */
function reorder(segments: readonly Segment[], next: () => number, places: number): Segment[] {
  const out: Segment[] = [];
  let held: { segment: Segment; place: number }[] = [];
  let lastUs = 0;
  const release = (before: number) => {
    held.sort((a, b) => a.place - b.place);
    const kept = held.findIndex(({ place }) => place >= before);
    for (const { segment } of held.splice(0, kept < 0 ? held.length : kept)) out.push(segment);
  };
  for (const [index, segment] of segments.entries()) {
    if (segment.tsUs - lastUs > PAUSE_US || (segment.flags & TcpFlag.syn) !== 0) release(Number.POSITIVE_INFINITY);
    lastUs = segment.tsUs;
    held.push({ segment, place: index + (next() < 0.2 ? Math.floor(next() * places) : 0) });
    if ((segment.flags & TcpFlag.syn) !== 0) release(Number.POSITIVE_INFINITY);
    release(index + 1);
  }
  release(Number.POSITIVE_INFINITY);
  held = [];
  return out;
}

/**
 * What must not change, in an order of its own: neither times nor the numbers of streams are part of it, nor, of a response,
 * its request's method and target: a response captured first does not know them yet; the number of the exchange must be right.
 */
export function essence(messages: readonly CapturedMessage[]): string[] {
  return messages
    .map((message) => {
      const { kind, exchange, status, complete, flags, fields, body } = message;
      const [method, uri] = kind === 'request' ? [message.method, message.uri] : ['', ''];
      const ends = [message.client, message.server].sort().join(' ');
      const digest = createHash('sha256').update(fields.join('\n')).update(body).digest('hex').slice(0, 16);
      return [ends, kind, exchange, method, uri, status, body.length, complete, flags, digest].join(' ');
    })
    .sort();
}

/**
 * Captures of whole conversations: nothing cut, lost, ambiguous or begun in the middle, every message complete, every response
 * after its request. Left out is what depends on the order of both directions: which request an unasked response is for, and
 * what an HTTP/0.9 answer is.
 */
export function wholeCaptures(shared: string, bytesMax: number, step = 1): { file: string; messages: string[] }[] {
  const whole: { file: string; messages: string[] }[] = [];
  for (const [index, row] of readIndex(shared).entries()) {
    if (index % step !== 0) continue;
    const number = (column: string) => Number(row.get(column));
    const file = row.get('file')!;
    if (number('ip_frag') + number('snaplen_truncated') + number('overlap_conflict') > 0) continue;
    if (number('bytes') > bytesMax || file.endsWith('.gz')) continue;
    const { messages, http, tcp, error } = readCapture(join(shared, 'corpora', file));
    const lost = Object.entries(tcp).some(([name, count]) => name.startsWith('tcp.gap') && count > 0);
    if (error !== '' || messages.length === 0 || lost || tcp['tcp.streamsOpenedMidStream']! > 0) continue;
    if (http.responsesUnasked + http.responsesEarly + http.syncLost > 0) continue;
    const isCertain = ({ complete, minorVersion, flags }: CapturedMessage) =>
      complete && minorVersion >= 0 && !flags.includes('resynchronised');
    if (messages.every(isCertain)) whole.push({ file, messages: essence(messages) });
  }
  return whole;
}

/** Impairs a capture and reads it; `use` gets what came out and the file it was written to. */
export function withImpaired<T>(path: string, seed: number, use: (messages: string[], impaired: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'floodgate-impaired-'));
  try {
    const impaired = join(folder, 'impaired.pcap');
    impairCapture(path, impaired, seed);
    return use(essence(readCapture(impaired).messages), impaired);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));
  assert(shared !== null, 'no corpora');
  const [seed, rounds] = [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 10)];
  const captures = wholeCaptures(shared, Number.POSITIVE_INFINITY);
  let bad = 0;
  for (const { file, messages } of captures) {
    for (let round = 0; round < rounds; round++) {
      withImpaired(join(shared, 'corpora', file), seed + round, (found) => {
        const missing = messages.filter((message) => !found.includes(message));
        const extra = found.filter((message) => !messages.includes(message));
        if (missing.length + extra.length === 0 && found.length === messages.length) return;
        bad++;
        process.stdout.write(
          `${file}, seed ${seed + round}:\n${[...missing.map((m) => `- ${m}`), ...extra.map((m) => `+ ${m}`)].join('\n')}\n`,
        );
      });
    }
  }
  process.stdout.write(`${bad} of ${captures.length * rounds} differ, ${captures.length} captures\n`);
  process.exitCode = bad === 0 ? 0 : 1;
}
