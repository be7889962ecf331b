/**
 * Whose a segment is that does not fit its stream: stray, or of another conversation on the same addresses and ports, whose
 * SYN, or whose forerunner's end, was not captured. Both sides have to corroborate it (`successor-evidence.ts`): what one side
 * sends is acknowledged by the other. Until then its payload waits (`successor-queue.ts`), so that neither a wild nor a forged
 * segment ends a stream, and nothing of a new conversation is lost; then it takes the stream's place (`takeover.ts`). The same for
 * a second SYN, for a second answer to a SYN, and for what comes after an RST (`reset-survival.ts`).
 */
import { type Packet, TcpFlag } from '../wire/packet.ts';
import type { TcpCounters } from './counters.ts';
import type { TcpLimits } from './limits.ts';
import type { PastConversations } from './past-conversations.ts';
import { ResetSurvival } from './reset-survival.ts';
import type { Resets } from './resets.ts';
import { firstByte, type SequenceFit } from './sequence-fit.ts';
import { StreamList, type StreamTable } from './stream-table.ts';
import { SuccessorEvidence } from './successor-evidence.ts';
import { SuccessorQueue } from './successor-queue.ts';
import { SuccessorKind, Successors } from './successors.ts';
import { Takeover, type TakeoverOptions } from './takeover.ts';

export interface SuccessionOptions extends Omit<TakeoverOptions, 'successors'> {
  readonly limits: TcpLimits;
  readonly fit: SequenceFit;
  readonly resets: Resets;
}

/** Old numbers are a new conversation's only where the stream was quiet for so long. */
const quietUs = 500_000;

export class Succession {
  /** How long the stream of the segment at hand had been quiet. */
  idleUs = 0;
  /** What waits to follow the streams. */
  readonly queue: SuccessorQueue;

  readonly #table: StreamTable;
  readonly #past: PastConversations;
  readonly #counters: TcpCounters;
  readonly #fit: SequenceFit;
  readonly #resets: Resets;
  readonly #successors: Successors;
  readonly #evidence: SuccessorEvidence;
  readonly #takeover: Takeover;
  readonly #survival: ResetSurvival;

  constructor(options: SuccessionOptions) {
    this.#table = options.table;
    this.#past = options.past;
    this.#counters = options.counters;
    this.#fit = options.fit;
    this.#resets = options.resets;
    this.#successors = new Successors(options.limits);
    const parts = { ...options, successors: this.#successors };
    this.#evidence = new SuccessorEvidence(parts);
    this.#takeover = new Takeover(parts);
    this.queue = new SuccessorQueue({ ...parts, evidence: this.#evidence, takeover: this.#takeover });
    this.#survival = new ResetSurvival({ ...parts, queue: this.queue });
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
    const entry = this.#evidence.choose(slot, half, packet);
    if (entry >= 0 && this.#successors.kind[entry] !== SuccessorKind.survival) {
      if (this.#follow(slot, half, entry, packet, bytes, tsUs)) return true;
    }
    if (this.#resets.lingers(slot)) this.#survival.look(slot, half, packet, bytes, tsUs);
    return false;
  }

  #follow(slot: number, half: number, entry: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    const successors = this.#successors;
    const evidence = this.#evidence;
    const sequence = firstByte(packet);
    const kind = successors.kind[entry]!;
    const fitsStream = this.#fit.fits(half, packet);
    if (fitsStream && kind === SuccessorKind.repetition && this.#fit.advances(half, packet)) {
      this.queue.drop(slot);
      return false;
    }
    if (!successors.ranges.fits(entry, half & 1, packet, sequence)) return false;
    if (fitsStream && !evidence.isPreferred(half, entry, packet, sequence)) return false;
    successors.note(entry, half & 1, packet, sequence, tsUs);
    const isConfirmed = evidence.isConfirmed(half, entry, packet, tsUs);
    if (isConfirmed || !this.queue.hold(entry, half, packet, sequence, bytes, tsUs)) {
      this.#succeed(slot, entry, packet, tsUs);
      return false;
    }
    return true;
  }

  /**
   * The conversation that the segment at hand is of takes the stream's place, and those that began before it come first; what it
   * sent before comes first, too.
   */
  #succeed(slot: number, entry: number, packet: Packet, tsUs: number): void {
    if (this.#successors.kind[entry] === SuccessorKind.answer) {
      if (this.#evidence.isUnanswered(slot, entry)) this.#takeover.answerAgain(slot, entry);
      else this.queue.drop(slot);
    } else if (this.queue.advanceTo(slot, entry, tsUs)) {
      const isConversation = this.#successors.kind[entry] === SuccessorKind.conversation;
      if (isConversation && this.#takeover.await(slot, entry, packet, tsUs)) return;
      this.#takeover.replace(slot, entry, packet, tsUs);
    }
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
    return this.#past.covers(hash, tsUs, own, end, packet.acknowledgement, 3);
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
    const isAnswer =
      mayBeAnswer && this.#evidence.isUnspoken(half) && this.#fit.isSent(half ^ 1, packet.acknowledgement);
    this.queue.begin(slot, isAnswer ? SuccessorKind.answer : SuccessorKind.conversation, packet, bytes, tsUs);
  }

  /** Payload outside of the window: perhaps of another conversation. Bytes far ahead alone are more likely a gap. */
  beginStray(slot: number, half: number, packet: Packet, bytes: Uint8Array, ahead: number, tsUs: number): void {
    const hasAck = (packet.flags & TcpFlag.ack) !== 0;
    const isGap = ahead > 0 && (!hasAck || this.#fit.isNear(half ^ 1, packet.acknowledgement, 0));
    // Behind its FIN a direction has none.
    if (isGap && !this.#fit.isBehindFin(half, packet, firstByte(packet))) return;
    this.queue.begin(slot, SuccessorKind.conversation, packet, bytes, tsUs);
  }

  /** Payload that is known, with an acknowledgement lower than its sender's last, after a pause. */
  beginRepetition(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): void {
    if (this.idleUs < quietUs || !this.#fit.isRepetition(half, packet)) return;
    this.queue.begin(slot, SuccessorKind.repetition, packet, bytes, tsUs);
  }

  /**
   * Whether a SYN on a closed stream is not to open one at once: it was answered before it came, or overtaken by what is sent behind
   * it, and that is held; or others before it wait for their answer.
   */
  awaits(slot: number, half: number, packet: Packet): boolean {
    const successors = this.#successors;
    const { syn, known, start, seen } = successors.ranges;
    for (let entry = successors.of(slot); entry >= 0; entry = successors.after(entry)) {
      if (successors.ranges.mayBegin(entry, half & 1, firstByte(packet))) return true;
      if (!successors.isQueued(entry)) continue;
      const own = entry * 2 + (half & 1);
      if (syn[own ^ 1] === 1 && known[own] === 1 && start[own] === firstByte(packet)) return true;
      if (syn[own] === 1 && seen[own ^ 1] === 0 && successors.held.has(entry)) return true;
    }
    return false;
  }

  /**
   * Looks at a segment of a slot whose stream is closed: late, or of another conversation whose SYN was missed.
   * @returns whether that is open now
   */
  lookClosed(slot: number, half: number, packet: Packet, bytes: Uint8Array, tsUs: number): boolean {
    if ((packet.flags & TcpFlag.rst) !== 0) return false;
    const entry = this.#evidence.choose(slot, half, packet);
    const sequence = firstByte(packet);
    const isOfEntry = entry >= 0 && this.#evidence.isOf(half, entry, packet, sequence);
    const end = (sequence + packet.payloadWireBytes) | 0;
    if (!isOfEntry && (this.#fit.isPast(half, packet) || this.isCopy(slot, packet, end, tsUs))) return false;
    if (entry >= 0 && this.#successors.ranges.fits(entry, half & 1, packet, sequence)) {
      this.#successors.note(entry, half & 1, packet, sequence, tsUs);
      const isConfirmed = this.#evidence.isConfirmed(half, entry, packet, tsUs);
      if (isConfirmed || !this.queue.hold(entry, half, packet, sequence, bytes, tsUs)) {
        this.#succeed(slot, entry, packet, tsUs);
        return this.#table.listOf(slot) !== StreamList.closed;
      }
    } else if (packet.payloadWireBytes > 0 || (packet.flags & TcpFlag.syn) !== 0) {
      this.queue.begin(slot, SuccessorKind.conversation, packet, bytes, tsUs);
    }
    return false;
  }
}
