/**
 * The segments of one connection of a flood. Each `yield` is a time to wait, in microseconds; the frame behind it is
 * delivered when it is resumed. What is lost, sent twice or far ahead happens here.
 */
import type { FrameSink } from '../../../agent/capture/frame-source.ts';
import { copyWrite, type SocketWrite } from '../synthesis/exchange.ts';
import { type Conversation, type Direction, TcpFlag, type TcpFrameBuilder } from '../synthesis/tcp-frame.ts';

/** What all connections of a flood share. */
export interface Wire {
  readonly builder: TcpFrameBuilder;
  /** Of the reading under way. */
  readonly sink: FrameSink;
  readonly nowUs: number;
  delivered(bytes: number): void;
}

export interface TalkPacing {
  readonly segmentBytes: number;
  readonly segmentGapUs: number;
  /** Each frame is captured so many times more. */
  readonly duplicates: number;
  /** From one host to the other. */
  readonly halfTripUs: number;
  /** Where its frames are captured. */
  readonly interfaceIndex: number;
}

/** A segment that is lost on its way: the receiver acknowledges nothing behind it until it has been sent again. */
export interface LateSegment {
  /** From 0. */
  readonly segment: number;
  readonly byUs: number;
}

export type Waits = Generator<number, void>;

export class TcpTalk {
  readonly #wire: Wire;
  readonly #conversation: Conversation;
  readonly #pacing: TalkPacing;

  constructor(wire: Wire, conversation: Conversation, pacing: TalkPacing) {
    this.#wire = wire;
    this.#conversation = conversation;
    this.#pacing = pacing;
  }

  *open(): Waits {
    const { halfTripUs } = this.#pacing;
    this.#send(0, TcpFlag.syn);
    yield halfTripUs;
    this.#send(1, TcpFlag.syn | TcpFlag.ack);
    yield halfTripUs;
    this.#send(0, TcpFlag.ack);
  }

  syn(): void {
    this.#send(0, TcpFlag.syn);
  }

  /** Both sides end what they send. */
  *close(): Waits {
    const { halfTripUs } = this.#pacing;
    yield halfTripUs;
    this.#send(0, TcpFlag.fin | TcpFlag.ack);
    yield halfTripUs;
    this.#send(1, TcpFlag.fin | TcpFlag.ack);
    yield halfTripUs;
    this.#send(0, TcpFlag.ack);
  }

  *reset(): Waits {
    yield this.#pacing.halfTripUs;
    this.#send(0, TcpFlag.reset | TcpFlag.ack);
  }

  /** One byte, `ahead` of what the client sends next. */
  *farAhead(ahead: number): Waits {
    yield this.#pacing.segmentGapUs;
    const { sequence } = this.#conversation;
    const next = sequence[0];
    sequence[0] = (next + ahead) >>> 0;
    const { builder } = this.#wire;
    builder.payload[builder.payloadStart] = 0x41;
    this.#send(0, TcpFlag.ack, 1);
    sequence[0] = next;
  }

  /**
   * One side's socket writes, each cut into segments, with an acknowledgement for two of them.
   * @param isLost segments, from 0, that are never captured; asked once for each
   * @param acknowledges whether acknowledgements are sent at all
   */
  *write(
    direction: Direction,
    writes: readonly SocketWrite[],
    isLost: (segment: number) => boolean = captured,
    acknowledges = true,
  ): Waits {
    const { segmentBytes, segmentGapUs } = this.#pacing;
    const { builder } = this.#wire;
    const peer = direction === 0 ? 1 : 0;
    let segment = 0;
    for (const write of writes) {
      for (let offset = 0; offset < write.bytes; offset += segmentBytes) {
        yield segmentGapUs;
        const length = Math.min(segmentBytes, write.bytes - offset);
        const push = offset + length === write.bytes ? TcpFlag.push : 0;
        copyWrite(write, offset, length, builder.payload, builder.payloadStart);
        this.#send(direction, TcpFlag.ack | push, length, isLost(segment));
        if (++segment % 2 === 0 && acknowledges) yield* this.#acknowledge(peer);
      }
    }
    if (segment % 2 === 1 && acknowledges) yield* this.#acknowledge(peer);
  }

  /** The same with one segment that comes late, behind what follows it in the message. */
  *writeLate(direction: Direction, write: SocketWrite, late: LateSegment): Waits {
    const { segmentBytes } = this.#pacing;
    const { sequence, received } = this.#conversation;
    const offset = late.segment * segmentBytes;
    const length = Math.min(segmentBytes, write.bytes - offset);
    if (length <= 0 || !received) return yield* this.write(direction, [write]);
    const lostAt = (sequence[direction] + offset) >>> 0;
    let sentUs = 0;
    const isLost = (segment: number) => {
      if (segment !== late.segment) return false;
      received[direction] = lostAt;
      sentUs = this.#wire.nowUs;
      return true;
    };
    yield* this.write(direction, [write], isLost);
    yield Math.max(0, sentUs + late.byUs - this.#wire.nowUs);
    const next = sequence[direction];
    sequence[direction] = lostAt;
    const { builder } = this.#wire;
    copyWrite(write, offset, length, builder.payload, builder.payloadStart);
    this.#send(direction, TcpFlag.ack | TcpFlag.push, length);
    sequence[direction] = next;
    received[direction] = undefined;
    yield* this.#acknowledge(direction === 0 ? 1 : 0);
  }

  *#acknowledge(direction: Direction): Waits {
    yield this.#pacing.segmentGapUs / 2;
    this.#send(direction, TcpFlag.ack);
  }

  #send(direction: Direction, flags: number, payloadBytes = 0, isLost = false): void {
    const wire = this.#wire;
    // The timestamp option counts milliseconds; 32 bits of it.
    wire.builder.build(this.#conversation, direction, flags, payloadBytes, (wire.nowUs / 1_000) >>> 0);
    if (isLost) return;
    for (let copies = 0; copies <= this.#pacing.duplicates; copies++) {
      wire.delivered(wire.builder.deliver(wire.sink, Math.floor(wire.nowUs), this.#pacing.interfaceIndex));
    }
  }
}

function captured(): boolean {
  return false;
}
