/**
 * What is known of each stream and of its two sides: what it speaks, whether its start was seen, the record of each side. Records and
 * messages are used again for others: most of the streams that are open have no message that flows.
 */
import type { Side } from '../tcp/stream-handler.ts';
import type { HeadParser } from './head-parser.ts';
import { Message } from './message.ts';
import { SideRecord, SideState } from './side.ts';
import { distance } from './turn-taking.ts';

/** What a stream speaks, as far as known. */
export const Protocol = {
  unknown: 0,
  http: 1,
  tls: 2,
  http2: 3,
  left: 4,
  /** What answers has left; of what asks, requests are still to come, up to the one that led to it (`SideRecord.leavesAt`). */
  leaving: 5,
} as const;

export class HttpStreams {
  /** By 2 × stream + side. */
  readonly sides: (SideRecord | null)[];
  /** By slot, of `Protocol`. */
  readonly protocols: Uint8Array;
  /** By slot: its start was missed. */
  readonly isMidStream: Uint8Array;
  readonly #parser: HeadParser;
  readonly #spare: SideRecord[] = [];
  readonly #spareMessages: Message[] = [];
  /** What sides have between two messages. */
  readonly #noMessage: Message;
  /** By slot: the number of the stream that has it, in order of opening. */
  readonly #connections: Float64Array;
  #opened = 0;

  constructor(streamsMax: number, parser: HeadParser) {
    this.#parser = parser;
    this.#noMessage = new Message(parser);
    this.sides = new Array<SideRecord | null>(streamsMax * 2).fill(null);
    this.protocols = new Uint8Array(streamsMax);
    this.#connections = new Float64Array(streamsMax);
    this.isMidStream = new Uint8Array(streamsMax);
  }

  open(stream: number, midStream: boolean): void {
    this.protocols[stream] = Protocol.unknown;
    this.#opened += 1;
    this.#connections[stream] = this.#opened;
    this.isMidStream[stream] = midStream ? 1 : 0;
  }

  /** Gives a side that has none its record. */
  enter(stream: number, sideIndex: Side): SideRecord {
    const side = this.#spare.pop() ?? new SideRecord(this.#noMessage);
    side.reset(stream, sideIndex);
    this.sides[stream * 2 + sideIndex] = side;
    const protocol = this.protocols[stream];
    if (protocol === Protocol.http2 || protocol === Protocol.left) side.state = SideState.ignored;
    return side;
  }

  /** Takes its record from a side that is over. */
  exit(side: SideRecord): void {
    this.sides[side.stream * 2 + side.side] = null;
    this.rest(side);
    this.#spare.push(side);
  }

  /** The other side of a stream; null before anything came of it. */
  other(side: SideRecord): SideRecord | null {
    return this.sides[side.stream * 2 + 1 - side.side]!;
  }

  /** The message that a side begins. */
  messageOf(side: SideRecord): Message {
    if (side.message === this.#noMessage) {
      side.message = this.#spareMessages.pop() ?? new Message(this.#parser);
      side.message.reset(side.stream, this.#connections[side.stream]!, side.side);
    }
    return side.message;
  }

  /** Nothing flows: the next side that begins a message may have its object. Never within what works on the side. */
  rest(side: SideRecord): void {
    const { message } = side;
    if (message === this.#noMessage) return;
    side.message = this.#noMessage;
    this.#spareMessages.push(message);
  }

  /** Whether a side of a stream that has left HTTP, or is about to, speaks something else from the byte with this number on. */
  hasLeft(side: SideRecord, sequence: number): boolean {
    if (this.protocols[side.stream] !== Protocol.leaving) return true;
    const isOver = side.leavesPlaced ? distance(side.leavesAt, sequence) >= 0 : side.asked >= 0;
    if (isOver) this.protocols[side.stream] = Protocol.left;
    return isOver;
  }

  /** How many bytes from the one with this number on may be HTTP's, of a side that is to leave it and that `leavesPlaced`. */
  bytesToLeave(side: SideRecord, sequence: number): number {
    return Math.max(0, distance(sequence, side.leavesAt));
  }

  /** What a side sends, if not by its own messages then by the other side's, or by which one opened the connection. */
  sends(side: SideRecord): SideRecord['sends'] {
    if (side.sends !== 'unknown') return side.sends;
    const other = this.other(side)?.sends ?? 'unknown';
    if (other !== 'unknown') return other === 'request' ? 'response' : 'request';
    if (this.isMidStream[side.stream] === 1) return 'unknown';
    return side.side === 0 ? 'request' : 'response';
  }

  /** Whether what a side sends answers an HTTP/0.9 request: it has no head. */
  isAnswerToSimple(side: SideRecord): boolean {
    return this.other(side)?.simple === true;
  }
}
