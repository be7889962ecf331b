/**
 * Which of the conversations that may follow a stream a segment is of, and whether enough shows that it began: both sides
 * corroborate it, or one alone, where nothing of the other comes. Looks, and changes nothing.
 */
import { type Packet, TcpFlag } from '../wire/packet.ts';
import type { HalfStreams } from './half-streams.ts';
import { straysMax, type TcpLimits } from './limits.ts';
import { firstByte, type SequenceFit } from './sequence-fit.ts';
import type { SequenceRanges } from './sequence-ranges.ts';
import { StreamList, type StreamTable } from './stream-table.ts';
import { SuccessorKind, type Successors } from './successors.ts';

export interface SuccessorEvidenceOptions {
  readonly limits: TcpLimits;
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly fit: SequenceFit;
  readonly successors: Successors;
}

/** Old numbers are a new conversation's only where nothing of it came for so long: the copies of a second mirror come within the slack. */
const repeatedUs = 2_000_000;

export class SuccessorEvidence {
  readonly #table: StreamTable;
  readonly #halves: HalfStreams;
  readonly #fit: SequenceFit;
  readonly #successors: Successors;
  readonly #ranges: SequenceRanges;
  readonly #ackSlackUs: number;

  constructor(options: SuccessorEvidenceOptions) {
    this.#table = options.table;
    this.#halves = options.halves;
    this.#fit = options.fit;
    this.#successors = options.successors;
    this.#ranges = options.successors.ranges;
    this.#ackSlackUs = options.limits.ackSlackUs;
  }

  /** Of the conversations that may follow a slot's stream, the one that a segment is most likely of; −1 where there is none. */
  choose(slot: number, half: number, packet: Packet): number {
    const successors = this.#successors;
    const ranges = this.#ranges;
    const first = successors.of(slot);
    if (first < 0 || successors.after(first) < 0) return first;
    const sequence = firstByte(packet);
    let likely = -1;
    let possible = -1;
    for (let entry = first; entry >= 0; entry = successors.after(entry)) {
      if (!ranges.fits(entry, half & 1, packet, sequence)) continue;
      const own = entry * 2 + (half & 1);
      const isSpeaking = ranges.seen[own]! > 0;
      // A side speaks in the latest conversation that it began; of a side that is captured late the first comes first.
      if (!ranges.goesOn(entry, half & 1, packet, sequence, isSpeaking)) {
        if (possible < 0) possible = entry;
      } else if (likely < 0 || isSpeaking) likely = entry;
    }
    if (likely >= 0) return likely;
    return possible >= 0 ? possible : first;
  }

  /** Of two conversations that a segment fits, the new one: it goes on to the byte there, and does not here. */
  isPreferred(half: number, entry: number, packet: Packet, sequence: number): boolean {
    const kind = this.#successors.kind[entry]!;
    if (kind === SuccessorKind.repetition) return this.#fit.isRepetition(half, packet);
    if (kind === SuccessorKind.answer && !this.isUnanswered(half >> 1, entry)) return false;
    const isAlone = this.#isAlone(half, entry);
    if (isAlone && this.#fit.isBehindLast(half, packet, sequence)) return true;
    if (this.#fit.isBehindFin(half, packet, sequence)) return true;
    // What the other side sent may come later in the capture: until then nothing says how far it is acknowledged.
    const own = entry * 2 + (half & 1);
    const isFirst = isAlone || (this.#ranges.syn[own] === 1 && this.#ranges.seen[own ^ 1] === 0);
    return !this.#fit.goesOn(half, packet, sequence) && this.#ranges.goesOn(entry, half & 1, packet, sequence, isFirst);
  }

  /** Whether the numbers of a segment on a closed stream are just those of an entry: next of its only side, or the answer to its SYN. */
  isOf(half: number, entry: number, packet: Packet, sequence: number): boolean {
    const { syn, seen } = this.#ranges;
    const own = entry * 2 + (half & 1);
    const isAnswer = (packet.flags & TcpFlag.syn) !== 0 && syn[own ^ 1] === 1 && seen[own] === 0;
    const isAlone = syn[own] === 1 && seen[own ^ 1] === 0;
    return (isAnswer || isAlone) && this.#ranges.goesOn(entry, half & 1, packet, sequence, isAlone);
  }

  /** Whether a segment of an entry, with what was seen before it, shows that its conversation began. */
  isConfirmed(half: number, entry: number, packet: Packet, tsUs: number): boolean {
    const successors = this.#successors;
    const { syn, seen } = this.#ranges;
    const kind = successors.kind[entry]!;
    if (kind === SuccessorKind.repetition && tsUs - successors.sinceUs[entry]! < repeatedUs) return false;
    if (seen[entry * 2]! > 0 && seen[entry * 2 + 1]! > 0) return true;
    if (kind === SuccessorKind.answer) return false;
    if (!this.isLikely(half, entry)) return false;
    if (syn[entry * 2 + (half & 1)] === 0) return true;
    // The other direction may be late, and with it the rest of the stream.
    const isFirst = successors.of(half >> 1) === entry;
    return isFirst && (packet.flags & TcpFlag.syn) === 0 && this.#isOneSided(half >> 1, tsUs);
  }

  /**
   * Whether one side alone shows that a conversation began: it sent much, or the other direction is not captured, and nothing
   * can corroborate a SYN and what follows it.
   */
  isLikely(half: number, entry: number): boolean {
    return this.#ranges.seen[entry * 2 + (half & 1)]! >= straysMax || this.#isAlone(half, entry);
  }

  /** Whether the SYN of an entry was seen and the other direction never was, neither of the stream nor of the entry. */
  #isAlone(half: number, entry: number): boolean {
    const { syn, seen } = this.#ranges;
    const own = entry * 2 + (half & 1);
    return syn[own] === 1 && seen[own ^ 1] === 0 && !this.#fit.isKnown(half ^ 1);
  }

  /** Whether a stream is closed, or has waited for the other direction for as long as that may be late. */
  #isOneSided(slot: number, tsUs: number): boolean {
    if (this.#table.listOf(slot) === StreamList.closed) return true;
    return tsUs - this.#table.lastUs[slot]! >= this.#ackSlackUs;
  }

  /** Whether nothing came yet of the server's direction of a stream, as an entry has its sides. */
  isUnanswered(slot: number, entry: number): boolean {
    return this.isUnspoken(slot * 2 + (this.#ranges.client[entry]! ^ 1));
  }

  /** Whether nothing came yet of a stream's direction but its SYN. */
  isUnspoken(half: number): boolean {
    const halves = this.#halves;
    return halves.next[half] === halves.first[half] && halves.waiting[half] === 0;
  }
}
