/** Streams in, what takes the place of their bytes out: a connection's two sides, each followed by a scrubber of its own. */

import { FloodgateError } from '../../agent/errors.ts';
import { HeadParser } from '../../agent/http/head-parser.ts';
import type { CloseReason, GapReason, Side, StreamHandler } from '../../agent/tcp/stream-handler.ts';
import type { BodyRoom } from './body-scrubber.ts';
import type { ByteStore, SidePages } from './byte-store.ts';
import { ConnectionTalk } from './connection-talk.ts';
import { ContentScrubber } from './content-scrubber.ts';
import { HeadScrubber } from './head-scrubber.ts';
import { emptyCounts, type ScrubCounts } from './scrub-counts.ts';
import { SideScrubber } from './side-scrubber.ts';
import { TextScrubber } from './text-scrubber.ts';
import { WordMap } from './word-map.ts';

/** One direction, as it is needed to put its bytes back. */
export interface ScrubbedSide {
  /** Number of the byte at offset 0; meaningless before the first one. */
  first: number;
  hasBegun: boolean;
  readonly pages: SidePages;
}

export interface ScrubbedConnection {
  /** Number of the frame with which it began. */
  readonly openedAt: number;
  /** `address:port` of the side that is 0, as `endpointName` has it. */
  readonly client: string;
  readonly sides: readonly [ScrubbedSide, ScrubbedSide];
}

/** Each is some hundred bytes. */
const connectionsMax = 4_000_000;

interface Open {
  readonly connection: ScrubbedConnection;
  readonly scrubbers: readonly [SideScrubber, SideScrubber];
  /** Offset of the next byte of each side. */
  readonly next: [number, number];
}

export class ScrubStreams implements StreamHandler {
  readonly counts: ScrubCounts = emptyCounts();
  /** By both endpoints, the first of them first. */
  readonly connections = new Map<string, ScrubbedConnection[]>();
  readonly words: WordMap;
  readonly #store: ByteStore;
  readonly #open: (Open | undefined)[] = [];
  readonly #parts;
  readonly #describe: (stream: number) => { readonly client: string; readonly key: string };
  readonly #frame: () => number;

  /** @param describe who an open stream is between @param frame number of the frame at hand */
  constructor(
    key: Uint8Array,
    store: ByteStore,
    describe: (stream: number) => { readonly client: string; readonly key: string },
    frame: () => number,
  ) {
    this.#store = store;
    this.#describe = describe;
    this.#frame = frame;
    this.words = new WordMap(key);
    const text = new TextScrubber(this.words);
    const heads = new HeadScrubber(text);
    const content = new ContentScrubber(this.words, text, heads);
    const room: BodyRoom = { words: this.words, content, counts: this.counts, heldBytes: 0 };
    this.#parts = { parser: new HeadParser(256), heads, text, room };
  }

  open(stream: number): void {
    const { client, key } = this.#describe(stream);
    const side = (): ScrubbedSide => ({ first: 0, hasBegun: false, pages: [] });
    const connection: ScrubbedConnection = { openedAt: this.#frame(), client, sides: [side(), side()] };
    this.counts.connections += 1;
    if (this.counts.connections > connectionsMax) {
      throw new FloodgateError(
        'scrub-too-large',
        `more than ${connectionsMax} connections cannot be scrubbed at once`,
        {
          hint: 'Cut the capture first: floodgate edit IN OUT --from 0s --to 10min.',
        },
      );
    }
    const known = this.connections.get(key);
    if (known) known.push(connection);
    else this.connections.set(key, [connection]);
    const talk = new ConnectionTalk(
      (kind) => {
        for (const each of scrubbers) each.leave(kind);
      },
      () => {
        for (const each of scrubbers) each.restart();
      },
    );
    const scrubber = (index: 0 | 1) =>
      new SideScrubber(this.#parts, talk, (offset, bytes, start, end) =>
        this.#store.put(connection.sides[index].pages, offset, bytes, start, end),
      );
    const scrubbers = [scrubber(0), scrubber(1)] as const;
    this.#open[stream] = { connection, scrubbers, next: [0, 0] };
  }

  data(stream: number, side: Side, bytes: Uint8Array, start: number, end: number, _tsUs: number, sequence = 0): void {
    const open = this.#open[stream]!;
    const place = open.connection.sides[side];
    const next = open.next[side];
    if (!place.hasBegun) {
      place.hasBegun = true;
      place.first = (sequence - next) | 0;
    }
    // Bytes that left the stream (urgent ones) have their numbers, too.
    const offset = next + ((sequence - ((place.first + next) | 0)) | 0);
    if (offset < next) return;
    if (next === 0 && side === 1) open.scrubbers[0].answered();
    open.scrubbers[side].push(offset, bytes, start, end);
    open.next[side] = offset + end - start;
  }

  gap(stream: number, side: Side, length: number, _reason: GapReason): void {
    const open = this.#open[stream]!;
    open.next[side] += length;
    open.scrubbers[side].gap(length);
  }

  end(stream: number, side: Side): void {
    this.#open[stream]!.scrubbers[side].end();
  }

  close(stream: number, _reason: CloseReason): void {
    for (const each of this.#open[stream]!.scrubbers) each.end();
    this.#open[stream] = undefined;
  }
}
