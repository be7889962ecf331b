/** What loses nothing changes nothing: captures reordered, duplicated and cut anew give the same messages, byte for byte. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { FrameSink } from '../agent/capture/frame-source.ts';
import { random } from '../agent/http/http-layer.fuzz.ts';
import { type CapturedMessage, readCapture } from './correctness-capture.ts';
import { findShared } from './correctness-oracles.ts';

const shared = findShared(fileURLToPath(new URL('..', import.meta.url)));

/** Captures whose streams are whole: no loss, no reset, every message complete. */
const CAPTURES = [
  'pcap2har/tests/fhs.pcap',
  'pcap2har/tests/github.pcap',
  'akita-cli/pcap/testdata/simple_http_two_with_noise.pcap',
  'zeek/testing/btest/Traces/http/pipelined-requests.pcap',
  'zeek/testing/btest/Traces/http/multipart.pcap',
  'zeek/testing/btest/Traces/http/no_crlf.pcap',
  'zeek/testing/btest/Traces/wikipedia.pcap',
];

/** Far below the time after which an acknowledged gap is given up (`ackSlackUs`, 200 ms). */
const PAUSE_US = 10_000;

interface Held {
  bytes: Uint8Array;
  wireLength: number;
  tsUs: number;
  interfaceIndex: number;
  place: number;
}

/** An Ethernet frame with a TCP SYN in IPv4: data that overtakes it begins the stream in the middle, and what came before is lost. */
function isSyn(bytes: Uint8Array, start: number): boolean {
  if (bytes[start + 12] !== 8 || bytes[start + 13] !== 0 || bytes[start + 23] !== 6) return false;
  return (bytes[start + 14 + (bytes[start + 14]! & 15) * 4 + 13]! & 2) !== 0;
}

/** Delays frames by up to `places` places and repeats some; times stay in order, as a capture's do. */
class Shuffler implements FrameSink {
  readonly #sink: FrameSink;
  readonly #next: () => number;
  readonly #places: number;
  readonly #held: Held[] = [];
  #count = 0;
  #lastUs = 0;

  constructor(sink: FrameSink, seed: number, places: number) {
    this.#sink = sink;
    this.#next = random(seed);
    this.#places = places;
  }

  frame(bytes: Uint8Array, start: number, end: number, wireLength: number, tsUs: number, interfaceIndex: number): void {
    // A capture is reordered by queues, not by pauses: what waits has come before the line goes quiet.
    if (tsUs - this.#lastUs > PAUSE_US) this.#release(Number.POSITIVE_INFINITY, this.#lastUs);
    this.#lastUs = tsUs;
    const copies = this.#next() < 0.05 ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delay = !isSyn(bytes, start) && this.#next() < 0.2 ? Math.floor(this.#next() * this.#places) : 0;
      const held = { bytes: bytes.slice(start, end), wireLength, tsUs, interfaceIndex };
      this.#held.push({ ...held, place: this.#count + delay });
    }
    this.#count++;
    this.#release(this.#count, tsUs);
  }

  flush(): void {
    this.#release(Number.POSITIVE_INFINITY, this.#lastUs);
  }

  #release(before: number, tsUs: number): void {
    this.#held.sort((a, b) => a.place - b.place);
    while (this.#held.length > 0 && this.#held[0]!.place < before) {
      const { bytes, wireLength, interfaceIndex } = this.#held.shift()!;
      this.#sink.frame(bytes, 0, bytes.length, wireLength, tsUs, interfaceIndex);
    }
  }
}

/**
 * What must not change, in an order of its own: neither times nor the numbers of streams are part of it, nor, of a response,
 * its request's method and target: where it was captured first, nobody knows them yet; the number of the exchange must be right.
 */
function essence(messages: readonly CapturedMessage[]): string[] {
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

t.test(
  'reordering and duplication',
  { skip: shared === null && 'SKIPPED: no recorded captures; put the corpora in ../shared or name FLOODGATE_SHARED' },
  (t) => {
    for (const file of CAPTURES) {
      const path = join(shared!, 'corpora', file);
      const plain = essence(readCapture(path).messages);
      t.ok(plain.length > 0, `${file}: ${plain.length} messages`);
      for (const seed of [1, 2, 3]) {
        const shuffled = readCapture(path, { wrap: (sink) => new Shuffler(sink, seed, 20) });
        t.same(essence(shuffled.messages), plain, `${file}, seed ${seed}`);
      }
    }
    t.end();
  },
);
