/**
 * Whose a segment is that does not fit its stream: stray, or of another conversation on the same addresses and ports, whose
 * SYN, or whose forerunner's end, was not captured. Both sides have to corroborate it: what one side sends is
 * acknowledged by the other. Until then its payload waits (`successors.ts`), so that neither a wild nor a forged segment
 * ends a stream, and nothing of a new conversation is lost. The same for a second SYN, for a second answer to a SYN, and for
 * what comes after an RST (RFC 5961: not each ends its connection).
 */
import { Packet, TcpFlag } from '../wire/packet.ts';
import type { TcpCounters } from './counters.ts';
import { HalfState, type HalfStreams } from './half-streams.ts';
import { straysMax, type TcpLimits } from './limits.ts';
import type { PastConversations } from './past-conversations.ts';
import type { Resets } from './resets.ts';
import { firstByte, type SequenceFit } from './sequence-fit.ts';
import { StreamList, type StreamTable } from './stream-table.ts';
import { SuccessorKind, Successors } from './successors.ts';

export interface SuccessionOptions {
  readonly limits: TcpLimits;
  readonly table: StreamTable;
  readonly halves: HalfStreams;
  readonly past: PastConversations;
  readonly counters: TcpCounters;
  readonly fit: SequenceFit;
  readonly resets: Resets;
  /** Ends a slot's stream, if it is open, and opens another. @returns whether it did */
  readonly reopen: (slot: number, packet: Packet, fromClient: boolean, midStream: boolean, tsUs: number) => boolean;
  /** Takes a segment of a slot's stream, its SYN and RST aside. */
  readonly take: (slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number) => void;
  /** Forgets what waits in a direction that has delivered nothing. */
  readonly restart: (half: number) => void;
}

/** A conversation that nothing comes for is forgotten: longer than a client waits to send its request again twice. */
const forgottenUs = 10_000_000;
/** Old numbers are a new conversation's only where the stream was quiet for so long, … */
const quietUs = 500_000;
/** … and nothing of it came for so long: the copies of a second mirror come within the slack. */
const repeatedUs = 2_000_000;
/** So many conversations of a port may have begun in one direction before the other one shows the first: 100 ms of short ones. */
const queuedMax = 16;

export class Succession {
  /** How long the stream of the segment at hand had been quiet. */
  idleUs = 0;

  readonly #options: SuccessionOptions;
  readonly #table: StreamTable;
  readonly #halves: HalfStreams;
  readonly #counters: TcpCounters;
  readonly #fit: SequenceFit;
  readonly #resets: Resets;
  readonly #successors: Successors;
  /** Stands for a segment where none is at hand. */
  readonly #packet = new Packet();
  /** Before then no conversation is given up because its other side does not come. */
  #dueUs = Number.POSITIVE_INFINITY;

  constructor(options: SuccessionOptions) {
    this.#options = options;
    this.#table = options.table;
    this.#halves = options.halves;
    this.#counters = options.counters;
    this.#fit = options.fit;
    this.#resets = options.resets;
    this.#successors = new Successors(options.limits);
  }

  /** Bytes for these limits, for the sum of bounds. */
  static bytesFor(limits: TcpLimits): number {
    return Successors.bytesFor(limits);
  }

  /** Whether segments of a slot are to pass by `look`. */
  concerns(slot: number): boolean {
    return this.#successors.of(slot) >= 0 || this.#resets.lingers(slot);
  }

  /**
   * Looks at a segment of a slot that `concerns` it. It may have opened another stream in the slot afterwards.
   * @returns whether the segment waits, or was of no stream: it is not the stream's
   */
  look(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    if ((packet.flags & TcpFlag.rst) !== 0) return false;
    const entry = this.#choose(slot, half, packet);
    if (entry >= 0 && this.#successors.kind[entry] !== SuccessorKind.survival) {
      if (this.#follow(slot, half, entry, packet, bytes, tsUs)) return true;
    }
    if (this.#resets.lingers(slot)) this.#linger(slot, half, packet, bytes, tsUs);
    return false;
  }

  /** Of the conversations that may follow a slot's stream, the one that a segment is most likely of; −1 where there is none. */
  #choose(slot: number, half: number, packet: Packet): number {
    const successors = this.#successors;
    const first = successors.of(slot);
    if (first < 0 || successors.after(first) < 0) return first;
    const sequence = firstByte(packet);
    let likely = -1;
    let possible = -1;
    for (let entry = first; entry >= 0; entry = successors.after(entry)) {
      if (!successors.fits(entry, half & 1, packet, sequence)) continue;
      const own = entry * 2 + (half & 1);
      const isSpeaking = successors.seen[own]! > 0;
      // A side speaks in the latest conversation that it began; of a side that is captured late the first comes first.
      if (!successors.goesOn(entry, half & 1, packet, sequence, isSpeaking)) {
        if (possible < 0) possible = entry;
      } else if (likely < 0 || isSpeaking) likely = entry;
    }
    if (likely >= 0) return likely;
    return possible >= 0 ? possible : first;
  }

  #follow(slot: number, half: number, entry: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    const successors = this.#successors;
    const sequence = firstByte(packet);
    const kind = successors.kind[entry]!;
    const fitsStream = this.#fit.fits(half, packet);
    if (fitsStream && kind === SuccessorKind.repetition && this.#fit.advances(half, packet)) {
      this.drop(slot);
      return false;
    }
    if (!successors.fits(entry, half & 1, packet, sequence)) return false;
    if (fitsStream && !this.#isPreferred(half, entry, packet, sequence)) return false;
    successors.note(entry, half & 1, packet, sequence, tsUs);
    if (this.#isConfirmed(half, entry, packet, tsUs) || !this.#hold(entry, half, packet, sequence, bytes, tsUs)) {
      this.#succeed(slot, entry, packet, tsUs);
      return false;
    }
    return true;
  }

  /** Of two conversations that a segment fits, the new one: it goes on to the byte there, and does not here. */
  #isPreferred(half: number, entry: number, packet: Packet, sequence: number): boolean {
    const kind = this.#successors.kind[entry]!;
    if (kind === SuccessorKind.repetition) return this.#fit.isRepetition(half, packet);
    if (kind === SuccessorKind.answer && !this.#isUnanswered(half >> 1, entry)) return false;
    const isAlone = this.#isAlone(half, entry);
    if (isAlone && this.#fit.isBehindLast(half, packet, sequence)) return true;
    if (this.#fit.isBehindFin(half, packet, sequence)) return true;
    // What the other side sent may come later in the capture: until then nothing says how far it is acknowledged.
    const own = entry * 2 + (half & 1);
    const isFirst = isAlone || (this.#successors.syn[own] === 1 && this.#successors.seen[own ^ 1] === 0);
    return (
      !this.#fit.goesOn(half, packet, sequence) && this.#successors.goesOn(entry, half & 1, packet, sequence, isFirst)
    );
  }

  /** Whether nothing came yet of the server's direction. */
  #isUnanswered(slot: number, entry: number): boolean {
    return this.#isUnspoken(slot * 2 + (this.#successors.client[entry]! ^ 1));
  }

  #isUnspoken(half: number): boolean {
    const halves = this.#halves;
    return halves.next[half] === halves.first[half] && halves.waiting[half] === 0;
  }

  #isConfirmed(half: number, entry: number, packet: Packet, tsUs: number): boolean {
    const successors = this.#successors;
    const kind = successors.kind[entry]!;
    if (kind === SuccessorKind.repetition && tsUs - successors.sinceUs[entry]! < repeatedUs) return false;
    if (successors.seen[entry * 2]! > 0 && successors.seen[entry * 2 + 1]! > 0) return true;
    if (kind === SuccessorKind.answer) return false;
    if (!this.#isLikely(half, entry)) return false;
    if (this.#successors.syn[entry * 2 + (half & 1)] === 0) return true;
    // The other direction may be late, and with it the rest of the stream.
    const isFirst = this.#successors.of(half >> 1) === entry;
    return isFirst && (packet.flags & TcpFlag.syn) === 0 && this.#isOneSided(half >> 1, tsUs);
  }

  /**
   * Whether one side alone shows that a conversation began: it sent much, or the other direction is not captured, and nothing
   * can corroborate a SYN and what follows it.
   */
  #isLikely(half: number, entry: number): boolean {
    return this.#successors.seen[entry * 2 + (half & 1)]! >= straysMax || this.#isAlone(half, entry);
  }

  /** Whether a stream is closed, or has waited for the other direction for as long as that may be late. */
  #isOneSided(slot: number, tsUs: number): boolean {
    if (this.#table.listOf(slot) === StreamList.closed) return true;
    return tsUs - this.#table.lastUs[slot]! >= this.#options.limits.ackSlackUs;
  }

  /** Whether the SYN of an entry was seen and the other direction never was, neither of the stream nor of the entry. */
  #isAlone(half: number, entry: number): boolean {
    const { syn, seen } = this.#successors;
    const own = entry * 2 + (half & 1);
    return syn[own] === 1 && seen[own ^ 1] === 0 && !this.#fit.isKnown(half ^ 1);
  }

  /** @returns false where there was no room, and the conversation is likely one: it is not to wait */
  #hold(entry: number, half: number, packet: Packet, sequence: number, bytes: Uint8Array, tsUs: number): boolean {
    const length = packet.payloadWireBytes;
    if (length === 0 && (packet.flags & TcpFlag.fin) === 0) return true;
    if (this.#successors.hold(entry, half & 1, packet, sequence, bytes, tsUs)) return true;
    if (this.#successors.kind[entry] === SuccessorKind.conversation && this.#isLikely(half, entry)) return false;
    this.#counters.heldBytesShed += length;
    return true;
  }

  /**
   * The conversation that the segment at hand is of takes the stream's place, and those that began before it come first; what it
   * sent before comes first, too.
   */
  #succeed(slot: number, entry: number, packet: Packet, tsUs: number): void {
    if (this.#successors.kind[entry] === SuccessorKind.answer) {
      this.#answerAgain(slot, entry);
      return;
    }
    const isQueued = this.#isQueued(entry);
    for (let first = this.#successors.of(slot); first !== entry; first = this.#successors.of(slot)) {
      // With what was taken of another one it was dropped.
      if (first < 0) return;
      if (isQueued) this.#giveUp(slot, first, tsUs);
      else this.#dropEntry(first);
    }
    this.#replace(slot, entry, packet, tsUs);
  }

  /** An entry's conversation takes the stream's place. `table.fromFirst` says who sent `packet`. */
  #replace(slot: number, entry: number, packet: Packet, tsUs: number): void {
    const { start, known, seen, syn } = this.#successors;
    const table = this.#table;
    const half = slot * 2 + (table.fromFirst === (table.clientFirst[slot] === 1) ? 0 : 1);
    const client = this.#successors.client[entry]!;
    const isMixed = this.#wasBefore(slot, entry);
    this.#successors.detach(entry);
    const midStream = !this.#successors.hasSyn(entry);
    if (!this.#options.reopen(slot, packet, (half & 1) === client, midStream, tsUs)) {
      this.#counters.heldBytesShed += this.#successors.release(entry, null);
      return;
    }
    this.#counters.successions += 1;
    if (isMixed) this.#counters.conversationsMixed += 1;
    if (client === 1) this.#successors.turn(slot);
    if (this.#successors.of(slot) >= 0) this.#halves.watch(slot * 2);
    for (let at = entry * 2; at <= entry * 2 + 1; at += 1) {
      const placed = slot * 2 + ((at & 1) ^ client);
      if (known[at] === 0) continue;
      // Of a direction that never came, acknowledgements alone say where it is.
      if (seen[at]! > 0) this.#halves.place(placed, start[at]!, syn[at] === 1 ? HalfState.syn : 0);
      else this.#placeAcked(placed, start[at]!);
    }
    const { fromFirst } = table;
    this.#successors.release(entry, (side, piece, bytes, pieceUs) => {
      table.fromFirst = fromFirst === (side === (half & 1));
      this.#options.take(slot, slot * 2 + (side ^ client), piece, bytes, pieceUs);
    });
    table.fromFirst = fromFirst;
  }

  /** A second answer was acknowledged, and nothing came after the first: the server counts from there. */
  #answerAgain(slot: number, entry: number): void {
    if (!this.#isUnanswered(slot, entry)) {
      this.drop(slot);
      return;
    }
    const side = this.#successors.client[entry]! ^ 1;
    const half = slot * 2 + side;
    this.#successors.detach(entry);
    this.#options.restart(half);
    this.#halves.place(half, this.#successors.start[entry * 2 + side]!, HalfState.syn);
    this.#counters.answersReplaced += 1;
    this.#successors.release(entry, (from, piece, bytes, pieceUs) =>
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
    const { start, sinceUs } = this.#successors;
    const one = start[entry * 2 + first]!;
    const other = start[entry * 2 + (first ^ 1)]!;
    return this.#options.past.goesOn(this.#table.hashOf(slot), sinceUs[entry]!, one, other);
  }

  /**
   * Whether a segment that does not fit its stream was known when a conversation before it was over: sent again or copied, it
   * begins nothing, though its peer's copies would corroborate it (RFC 9293, 3.10.7.4: it is not acceptable).
   * @param end the number behind its SYN or payload
   */
  isCopy(slot: number, packet: Packet, end: number, tsUs: number): boolean {
    if ((packet.flags & TcpFlag.ack) === 0) return false;
    const own = this.#table.fromFirst ? 0 : 1;
    const hash = this.#table.hashOf(slot);
    // Of a conversation of which one direction came, numbers a little lower may be another's.
    return this.#options.past.covers(hash, tsUs, own, end, packet.acknowledgement, 3);
  }

  /** A SYN that is not the stream's: of another conversation, or another answer to the stream's. */
  beginSyn(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    if (this.isCopy(slot, packet, firstByte(packet), tsUs)) {
      this.#counters.segmentsAfterClose += 1;
      return;
    }
    // Where nothing of the client comes, no acknowledgement chooses between two answers: the later one goes on, or does not.
    const mayBeAnswer = (packet.flags & TcpFlag.ack) !== 0 && this.#fit.isKnown(half ^ 1);
    // Once payload came after the first answer, there is none but that.
    const isAnswer = mayBeAnswer && this.#isUnspoken(half) && this.#fit.isSent(half ^ 1, packet.acknowledgement);
    this.#begin(slot, half, isAnswer ? SuccessorKind.answer : SuccessorKind.conversation, packet, bytes, tsUs);
  }

  /** Payload outside of the window: perhaps of another conversation. Bytes far ahead alone are more likely a gap. */
  beginStray(slot: number, half: number, packet: Packet, bytes: Uint8Array, ahead: number, tsUs: number): void {
    const hasAck = (packet.flags & TcpFlag.ack) !== 0;
    const isGap = ahead > 0 && (!hasAck || this.#fit.isNear(half ^ 1, packet.acknowledgement, 0));
    // Behind its FIN a direction has none.
    if (isGap && !this.#fit.isBehindFin(half, packet, firstByte(packet))) return;
    this.#begin(slot, half, SuccessorKind.conversation, packet, bytes, tsUs);
  }

  /** Payload that is known, with an acknowledgement lower than its sender's last, after a pause. */
  beginRepetition(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    if (this.idleUs < quietUs || !this.#fit.isRepetition(half, packet)) return;
    this.#begin(slot, half, SuccessorKind.repetition, packet, bytes, tsUs);
  }

  #begin(slot: number, half: number, kind: SuccessorKind, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    this.#makeRoom(slot, kind, tsUs);
    const entry = this.#successors.begin(slot, kind, tsUs);
    this.#dueUs = Math.min(this.#dueUs, tsUs + this.#options.limits.ackSlackUs);
    const sequence = firstByte(packet);
    this.#successors.note(entry, half & 1, packet, sequence, tsUs);
    this.#hold(entry, half, packet, sequence, bytes, tsUs);
    this.#halves.watch(half);
  }

  /** What is to be there when another entry begins: conversations whose SYN was seen, and no more than a few of them. */
  #makeRoom(slot: number, kind: SuccessorKind, tsUs: number): void {
    const successors = this.#successors;
    const first = successors.of(slot);
    if (first >= 0) {
      if (kind !== SuccessorKind.conversation || !this.#isQueued(first)) this.drop(slot);
      else if (!successors.hasSyn(successors.last(slot))) this.#dropEntry(successors.last(slot));
      else if (successors.count(slot) >= queuedMax) this.#dropEntry(first);
    }
    const victim = successors.victim();
    if (victim < 0) return;
    const other = successors.slotOf(victim);
    if (other === slot) this.#dropEntry(victim);
    else this.#giveUpTo(other, victim, tsUs);
  }

  /** Whether an entry is a conversation whose SYN was seen: others may follow it before its answer comes. */
  #isQueued(entry: number): boolean {
    return this.#successors.kind[entry] === SuccessorKind.conversation && this.#successors.hasSyn(entry);
  }

  /**
   * Whether a SYN on a closed stream is not to open one at once: it was answered before it came, and what its server sent since
   * then is held; or others before it wait for their answer.
   */
  awaits(slot: number, half: number, packet: Packet): boolean {
    const { syn, known, start, seen } = this.#successors;
    for (let entry = this.#successors.of(slot); entry >= 0; entry = this.#successors.after(entry)) {
      if (!this.#isQueued(entry)) continue;
      const own = entry * 2 + (half & 1);
      if (syn[own ^ 1] === 1 && known[own] === 1 && start[own] === firstByte(packet)) return true;
      if (syn[own] === 1 && seen[own ^ 1] === 0 && this.#successors.holds(entry)) return true;
    }
    return false;
  }

  /**
   * Looks at a segment of a slot whose stream is closed: late, or of another conversation whose SYN was missed.
   * @returns whether that is open now
   */
  lookClosed(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    if ((packet.flags & TcpFlag.rst) !== 0) return false;
    const entry = this.#choose(slot, half, packet);
    const sequence = firstByte(packet);
    const isOfEntry = entry >= 0 && this.#isOf(half, entry, packet, sequence);
    const end = (sequence + packet.payloadWireBytes) | 0;
    if (!isOfEntry && (this.#fit.isPast(half, packet) || this.isCopy(slot, packet, end, tsUs))) return false;
    if (entry >= 0 && this.#successors.fits(entry, half & 1, packet, sequence)) {
      this.#successors.note(entry, half & 1, packet, sequence, tsUs);
      if (this.#isConfirmed(half, entry, packet, tsUs) || !this.#hold(entry, half, packet, sequence, bytes, tsUs)) {
        this.#succeed(slot, entry, packet, tsUs);
        return this.#table.listOf(slot) !== StreamList.closed;
      }
    } else if (packet.payloadWireBytes > 0 || (packet.flags & TcpFlag.syn) !== 0) {
      this.#begin(slot, half, SuccessorKind.conversation, packet, bytes, tsUs);
    }
    return false;
  }

  /** Whether the numbers of a segment on a closed stream are just those of an entry: next of its only side, or the answer to its SYN. */
  #isOf(half: number, entry: number, packet: Packet, sequence: number): boolean {
    const { syn, seen } = this.#successors;
    const own = entry * 2 + (half & 1);
    const isAnswer = (packet.flags & TcpFlag.syn) !== 0 && syn[own ^ 1] === 1 && seen[own] === 0;
    const isAlone = syn[own] === 1 && seen[own ^ 1] === 0;
    return (isAnswer || isAlone) && this.#successors.goesOn(entry, half & 1, packet, sequence, isAlone);
  }

  /** A segment of a stream that was reset, which may go on. What lies behind the RST waits meanwhile. */
  #linger(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const resets = this.#resets;
    if (resets.isSurvived(slot, half, packet)) {
      this.#survive(slot);
      return;
    }
    if (resets.isSender(slot, half)) resets.prolong(slot, tsUs);
    const state = this.#halves.state[half]!;
    if ((state & (HalfState.last | HalfState.fin)) !== HalfState.last) return;
    const isBeyond = ((packet.sequence + packet.payloadWireBytes - this.#halves.last[half]!) | 0) > 0;
    if (isBeyond || (packet.flags & TcpFlag.fin) !== 0) this.#holdBeyond(slot, half, packet, bytes, tsUs);
  }

  #holdBeyond(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    const entry = this.#successors.of(slot);
    if (entry < 0) this.#begin(slot, half, SuccessorKind.survival, packet, bytes, tsUs);
    else if (this.#successors.kind[entry] === SuccessorKind.survival) {
      this.#hold(entry, half, packet, packet.sequence, bytes, tsUs);
    }
  }

  #survive(slot: number): void {
    const state = this.#halves.state;
    this.#resets.forget(slot);
    for (let half = slot * 2; half <= slot * 2 + 1; half += 1) {
      if ((state[half]! & HalfState.fin) === 0) state[half]! &= ~HalfState.last;
    }
    this.#counters.resetsSurvived += 1;
    const entry = this.#successors.of(slot);
    if (entry < 0 || this.#successors.kind[entry] !== SuccessorKind.survival) return;
    this.#successors.detach(entry);
    this.#successors.release(entry, (side, piece, bytes, pieceUs) =>
      this.#options.take(slot, slot * 2 + side, piece, bytes, pieceUs),
    );
  }

  /** A slot's stream is closed: only conversations whose SYN was seen may still follow it. */
  closed(slot: number): void {
    const successors = this.#successors;
    for (let entry = successors.of(slot); entry >= 0; ) {
      const after = successors.after(entry);
      if (!this.#isQueued(entry)) this.#dropEntry(entry);
      entry = after;
    }
  }

  /** Forgets what may follow a slot's stream. */
  drop(slot: number): void {
    for (let entry = this.#successors.of(slot); entry >= 0; entry = this.#successors.of(slot)) this.#dropEntry(entry);
  }

  #dropEntry(entry: number): void {
    this.#successors.detach(entry);
    this.#counters.heldBytesShed += this.#successors.release(entry, null);
  }

  /** Nothing corroborates the conversations of a slot up to this one. */
  #giveUpTo(slot: number, last: number, tsUs: number): void {
    for (let entry = this.#successors.of(slot); entry >= 0; entry = this.#successors.of(slot)) {
      this.#giveUp(slot, entry, tsUs);
      if (entry === last) return;
    }
  }

  /** What one side shows of a conversation is all that there is: it is taken as one where nothing contradicts it. */
  #giveUp(slot: number, entry: number, tsUs: number): void {
    const table = this.#table;
    const half = slot * 2 + (this.#successors.syn[entry * 2] === 1 ? 0 : 1);
    const isLikely = this.#isLikely(half, entry) || table.listOf(slot) === StreamList.closed;
    if (!this.#isQueued(entry) || !this.#successors.holds(entry) || !isLikely) {
      this.#dropEntry(entry);
      return;
    }
    const { fromFirst } = table;
    table.fromFirst = (table.clientFirst[slot] === 1) === ((half & 1) === 0);
    this.#packet.tag = this.#halves.tag[half]!;
    this.#packet.vlan = table.vlanOf(slot);
    this.#replace(slot, entry, this.#packet, tsUs);
    table.fromFirst = fromFirst;
  }

  /** Forgets what nothing came for in long, and waits no more for a direction that does not come. */
  expire(nowUs: number): void {
    const successors = this.#successors;
    for (let entry = successors.oldest; entry >= 0; entry = successors.oldest) {
      if (successors.overdue(nowUs, forgottenUs) < 0) break;
      this.#giveUpTo(successors.slotOf(entry), entry, nowUs);
    }
    if (nowUs < this.#dueUs) return;
    this.#dueUs = Number.POSITIVE_INFINITY;
    for (let entry = successors.oldest; entry >= 0; ) {
      const dueUs = this.#dueOf(entry);
      if (nowUs >= dueUs) this.#giveUpTo(successors.slotOf(entry), entry, nowUs);
      else this.#dueUs = Math.min(this.#dueUs, dueUs);
      entry = nowUs >= dueUs ? successors.oldest : successors.younger(entry);
    }
  }

  /** When what one side shows of a conversation is all that is waited for. */
  #dueOf(entry: number): number {
    const slot = this.#successors.slotOf(entry);
    const half = slot * 2 + (this.#successors.syn[entry * 2] === 1 ? 0 : 1);
    const isLikely = this.#isLikely(half, entry) || this.#table.listOf(slot) === StreamList.closed;
    if (!this.#isQueued(entry) || !this.#successors.holds(entry) || !isLikely) return Number.POSITIVE_INFINITY;
    return Math.max(this.#table.lastUs[slot]!, this.#successors.sinceUs[entry]!) + this.#options.limits.ackSlackUs;
  }

  /** Nothing more comes. */
  finish(tsUs: number): void {
    const successors = this.#successors;
    for (let entry = successors.oldest; entry >= 0; entry = successors.oldest) {
      this.#giveUpTo(successors.slotOf(entry), entry, tsUs);
    }
  }
}
