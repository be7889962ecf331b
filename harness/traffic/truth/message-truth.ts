/**
 * Which messages of a recording must survive its impairments. The whole recording is reassembled first; a message
 * survives when each of its bytes is in a frame that was delivered undamaged.
 */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { FloodgateError } from '../../../agent/errors.ts';
import type { Truth } from '../traffic.ts';
import { type MessageRange, requestRanges, responseRanges } from './http-ranges.ts';
import { IntervalSet } from './interval-set.ts';
import { findSegment, type Segment } from './segment.ts';

/** Payload held while a recording is looked at. */
const payloadBytesMax = 1_000_000_000;

interface Message extends MessageRange {
  readonly isRequest: boolean;
}

/** One direction of one connection. */
class StreamTruth {
  /** Of the first payload byte. */
  readonly firstSequence: number;
  isClosed = false;
  messages: Message[] = [];
  readonly seen = new IntervalSet();
  /** Payload as first sent, by where it begins; dropped once the messages are known. */
  #segments: { offset: number; bytes: Uint8Array }[] = [];
  /** Checksums of undamaged segments, by offset and length. */
  readonly #sums = new Map<number, number>();
  /** Up to its first hole; known once assembled. */
  #length = 0;

  constructor(firstSequence: number) {
    this.firstSequence = firstSequence;
  }

  /** Bytes since the stream's first, negative for what comes before it; streams here are shorter than 2 GB. */
  offsetOf(sequence: number): number {
    return (sequence - this.firstSequence) | 0;
  }

  record(offset: number, payload: Uint8Array): void {
    this.#segments.push({ offset, bytes: payload });
    this.#sums.set(offset * 65_536 + payload.length, checksum(payload));
  }

  /** The stream from its start to its first hole. */
  assemble(): Buffer {
    const segments = this.#segments.sort((a, b) => a.offset - b.offset);
    let length = 0;
    for (const { offset, bytes } of segments) {
      if (offset > length) break;
      length = Math.max(length, offset + bytes.length);
    }
    const stream = Buffer.alloc(length);
    // Backwards, so that of two that overlap the one that begins first counts.
    for (const { offset, bytes } of segments.reverse()) {
      const skip = Math.max(-offset, 0);
      if (offset < length && skip < bytes.length) stream.set(bytes.subarray(skip, length - offset), offset + skip);
    }
    this.#segments = [];
    this.#length = length;
    return stream;
  }

  /** Whether a segment with this sequence number can be of this stream. */
  holds(sequence: number): boolean {
    const offset = this.offsetOf(sequence);
    return offset >= 0 && offset < this.#length;
  }

  deliver(offset: number, payload: Uint8Array, isWhole: boolean): void {
    const sum = this.#sums.get(offset * 65_536 + payload.length);
    if (isWhole && sum !== undefined && sum !== checksum(payload)) return;
    this.seen.add(offset, offset + payload.length);
  }
}

export class MessageTruth {
  /** The connections that used the same addresses and ports, one after the other, by direction. */
  readonly #flows = new Map<string, StreamTruth[]>();
  readonly #reverseOf = new Map<string, string>();
  #payloadBytes = 0;

  /** Takes the recording as it was made; then `findMessages`. */
  readonly recorded: FrameSink = {
    frame: (bytes, start, end) => {
      const segment = findSegment(bytes, start, end);
      if (segment === undefined) return;
      const stream = this.#recordedStream(segment);
      if (segment.isFin || segment.isReset) stream.isClosed = true;
      const payload = bytes.slice(segment.payloadStart, segment.payloadEnd);
      if (payload.length === 0) return;
      this.#payloadBytes += payload.length;
      if (this.#payloadBytes > payloadBytesMax) {
        throw new FloodgateError('recording-too-large', 'the recording is too large to count its messages', {
          hint: `cut it to ${payloadBytesMax / 1e6} MB of payload (editcap -c), or replay it without impairments`,
        });
      }
      stream.record(stream.offsetOf(payloadSequence(segment)), payload);
    },
  };

  /** Takes what is delivered. */
  readonly delivered: FrameSink = {
    frame: (bytes, start, end) => {
      const segment = findSegment(bytes, start, end);
      if (segment === undefined || segment.payloadBytes === 0) return;
      const sequence = payloadSequence(segment);
      const stream = this.#flows.get(segment.flow)?.find((candidate) => candidate.holds(sequence));
      if (stream === undefined) return;
      const payload = bytes.subarray(segment.payloadStart, segment.payloadEnd);
      stream.deliver(stream.offsetOf(sequence), payload, payload.length === segment.payloadBytes);
    },
  };

  /** Once the whole recording was taken. */
  findMessages(): void {
    for (const [flow, streams] of this.#flows) {
      const reverse = this.#reverseOf.get(flow)!;
      const peers = this.#flows.get(reverse);
      // Each pair once; a direction that was recorded alone by itself.
      if (peers !== undefined && flow > reverse) continue;
      streams.forEach((stream, index) => {
        frameMessages(stream, peers?.[index] ?? new StreamTruth(0));
      });
    }
  }

  truth(): Truth {
    const truth = { requests: 0, responses: 0, requestsIntact: 0, responsesIntact: 0 };
    for (const { messages, seen } of [...this.#flows.values()].flat()) {
      for (const { isRequest, start, end } of messages) {
        const intact = seen.covers(start, end) ? 1 : 0;
        truth[isRequest ? 'requests' : 'responses'] += 1;
        truth[isRequest ? 'requestsIntact' : 'responsesIntact'] += intact;
      }
    }
    return truth;
  }

  #recordedStream(segment: Segment): StreamTruth {
    const sequence = payloadSequence(segment);
    let streams = this.#flows.get(segment.flow);
    if (streams === undefined) {
      streams = [];
      this.#flows.set(segment.flow, streams);
      this.#reverseOf.set(segment.flow, segment.reverse);
    }
    const last = streams.at(-1);
    if (last !== undefined && !(segment.isSyn && last.isClosed && last.firstSequence !== sequence)) return last;
    const stream = new StreamTruth(sequence);
    streams.push(stream);
    return stream;
  }
}

/** Of the segment's first payload byte: a SYN takes one number itself. */
function payloadSequence(segment: Segment): number {
  return (segment.sequence + (segment.isSyn ? 1 : 0)) >>> 0;
}

function frameMessages(stream: StreamTruth, peer: StreamTruth): void {
  const [one, other] = [stream.assemble(), peer.assemble()];
  const isClient =
    requestStart.test(one.toString('latin1', 0, 20)) || responseStart.test(other.toString('latin1', 0, 20));
  const [client, clientBytes, server, serverBytes] = isClient ? [stream, one, peer, other] : [peer, other, stream, one];
  const { ranges, methods } = requestRanges(clientBytes);
  client.messages = ranges.map((range) => ({ ...range, isRequest: true }));
  const responses = responseRanges(serverBytes, methods, server.isClosed);
  server.messages = responses.map((range) => ({ ...range, isRequest: false }));
}

const requestStart = /^[A-Z]+ /;
const responseStart = /^HTTP\/1\./;

/** Adler-like: finds any flipped bit, and is cheap. */
function checksum(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) | 0;
    b = (b + a) | 0;
  }
  return a ^ Math.imul(b, 0x9e37_79b1);
}
