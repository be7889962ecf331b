/**
 * How a conversation takes the place of the stream whose addresses and ports it has, or another answer that of the first one: its
 * directions start where they were seen to, and what was held of it is taken before anything else.
 */
import type { Packet } from '../wire/packet.ts';
import type { TcpCounters } from './counters.ts';
import { HalfState, type HalfStreams } from './half-streams.ts';
import type { PastConversations } from './past-conversations.ts';
import type { StreamTable } from './stream-table.ts';
import type { Successors } from './successors.ts';

export interface TakeoverOptions {
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly past: PastConversations;
  readonly counters: TcpCounters;
  readonly successors: Successors;
  /** Ends a slot's stream, if it is open, and opens another. @returns whether it did */
  readonly reopen: (slot: number, packet: Packet, fromClient: boolean, midStream: boolean, tsUs: number) => boolean;
  /** The same, for one that waits for its beginning: those above do not know of it yet. */
  readonly reopenWaiting: TakeoverOptions['reopen'];
  /** Whether a stream may wait for its beginning. */
  readonly mayWait: () => boolean;
  /** An entry's conversation waits from here on, with what was held of it. @param isOpen those above know of it */
  readonly adopt: (slot: number, successors: Successors, entry: number, isOpen: boolean, tsUs: number) => void;
  /** Takes a segment of a slot's stream, its SYN and RST aside. */
  readonly take: (slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number) => void;
  /** Forgets what waits in a direction that has delivered nothing. */
  readonly restart: (half: number) => void;
}

export class Takeover {
  readonly #options: TakeoverOptions;
  readonly #table: StreamTable;
  readonly #halves: HalfStreams;
  readonly #counters: TcpCounters;
  readonly #successors: Successors;

  constructor(options: TakeoverOptions) {
    this.#options = options;
    this.#table = options.table;
    this.#halves = options.halves;
    this.#counters = options.counters;
    this.#successors = options.successors;
  }

  /** An entry's conversation takes the stream's place. `table.fromFirst` says who sent `packet`. */
  replace(slot: number, entry: number, packet: Packet, tsUs: number): void {
    const successors = this.#successors;
    const { start, known, seen, syn } = successors.ranges;
    const table = this.#table;
    const half = table.halfOf(slot);
    const client = successors.ranges.client[entry]!;
    const midStream = !successors.ranges.hasSyn(entry);
    // One that begins is none that was there before: hosts may number the next on from the last.
    const isMixed = midStream && this.#wasBefore(slot, entry);
    successors.detach(entry);
    if (!this.#options.reopen(slot, packet, (half & 1) === client, midStream, tsUs)) {
      this.#counters.heldBytesShed += successors.release(entry, null);
      return;
    }
    this.#counters.successions += 1;
    if (isMixed) this.#counters.conversationsMixed += 1;
    if (client === 1) successors.turn(slot);
    if (successors.of(slot) >= 0) this.#halves.watch(slot * 2);
    for (let at = entry * 2; at <= entry * 2 + 1; at += 1) {
      const placed = slot * 2 + ((at & 1) ^ client);
      if (known[at] === 0) continue;
      // Of a direction that never came, acknowledgements alone say where it is.
      if (seen[at]! > 0) this.#halves.place(placed, start[at]!, syn[at] === 1 ? HalfState.syn : 0);
      else this.#placeAcked(placed, start[at]!);
    }
    const { fromFirst } = table;
    successors.release(entry, (side, piece, bytes, pieceUs) => {
      table.fromFirst = fromFirst === (side === (half & 1));
      this.#options.take(slot, slot * 2 + (side ^ client), piece, bytes, pieceUs);
    });
    table.fromFirst = fromFirst;
  }

  /**
   * An entry's conversation takes the stream's place, and waits there for what says where its server starts, as one on fresh ports does.
   * `table.fromFirst` says who sent `packet`, which is to be looked at as one of a stream that waits.
   * @returns whether it does: its SYN-ACK was not seen, and there is room
   */
  await(slot: number, entry: number, packet: Packet, tsUs: number): boolean {
    const successors = this.#successors;
    const { start, seen, syn } = successors.ranges;
    const options = this.#options;
    const client = successors.ranges.client[entry]!;
    const isOpen = successors.ranges.hasSyn(entry);
    const server = entry * 2 + (client ^ 1);
    const isAlone = successors.of(slot) === entry && successors.after(entry) < 0;
    if (!isAlone || syn[server] === 1 || seen[server] === 0 || !options.mayWait()) return false;
    // One that was there before has begun, and waits for no SYN.
    if (!isOpen && this.#wasBefore(slot, entry)) return false;
    const fromClient = (this.#table.halfOf(slot) & 1) === client;
    successors.detach(entry);
    const reopen = isOpen ? options.reopen : options.reopenWaiting;
    if (!reopen(slot, packet, fromClient, !isOpen, tsUs)) {
      this.#counters.heldBytesShed += successors.release(entry, null);
      return true;
    }
    this.#counters.successions += 1;
    if (isOpen) this.#halves.place(slot * 2, start[entry * 2 + client]!, HalfState.syn);
    options.adopt(slot, successors, entry, isOpen, tsUs);
    return true;
  }

  /** A second answer was acknowledged, and nothing came after the first: the server counts from there. */
  answerAgain(slot: number, entry: number): void {
    const successors = this.#successors;
    const side = successors.ranges.client[entry]! ^ 1;
    const half = slot * 2 + side;
    successors.detach(entry);
    this.#options.restart(half);
    this.#halves.place(half, successors.ranges.start[entry * 2 + side]!, HalfState.syn);
    this.#counters.answersReplaced += 1;
    successors.release(entry, (from, piece, bytes, pieceUs) =>
      this.#options.take(slot, slot * 2 + from, piece, bytes, pieceUs),
    );
  }

  #placeAcked(half: number, acked: number): void {
    this.#halves.acked[half] = acked;
    this.#halves.state[half]! |= HalfState.acked;
  }

  /** The conversation goes on where one before the stream's ended: two take turns. */
  #wasBefore(slot: number, entry: number): boolean {
    const first = this.#table.clientFirst[slot] === 1 ? 0 : 1;
    const { start } = this.#successors.ranges;
    const one = start[entry * 2 + first]!;
    const other = start[entry * 2 + (first ^ 1)]!;
    return this.#options.past.goesOn(this.#table.hashOf(slot), this.#successors.sinceUs[entry]!, one, other);
  }
}
