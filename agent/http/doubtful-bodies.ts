/**
 * Heads behind which a body is announced that may never come: that of a response to HEAD whose request was not seen, and that of a
 * request which waits for 100 (Continue; `expectations.ts`). Bytes are held as long as they may be the next message.
 */
import type { BodyFraming } from './body-framing.ts';
import type { Expectations } from './expectations.ts';
import type { HttpStreams } from './http-streams.ts';
import type { Pairing } from './pairing.ts';
import type { Reading } from './place.ts';
import type { ReadHeld, SideRecord } from './side.ts';

const LF = 10;
const CR = 13;

export interface DoubtfulBodiesOptions {
  readonly pairing: Pairing;
  readonly streams: HttpStreams;
  readonly framing: BodyFraming;
  readonly expectations: Expectations;
  readonly reading: Reading;
  readonly readHeld: ReadHeld;
}

export class DoubtfulBodies {
  readonly #pairing: Pairing;
  readonly #streams: HttpStreams;
  readonly #framing: BodyFraming;
  readonly #expectations: Expectations;
  readonly #reading: Reading;
  readonly #readHeld: ReadHeld;

  constructor(options: DoubtfulBodiesOptions) {
    this.#pairing = options.pairing;
    this.#streams = options.streams;
    this.#framing = options.framing;
    this.#expectations = options.expectations;
    this.#reading = options.reading;
    this.#readHeld = options.readHeld;
  }

  /** Takes bytes behind a head whose side is `doubtful`. @returns where to go on */
  consume(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    if (side.expecting) return this.#expectations.consume(side, bytes, from, end, tsUs);
    return this.#consumeStatus(side, bytes, from, end, tsUs);
  }

  /**
   * A response to a request never seen may answer HEAD: then what follows is the next status line, not a body. Bytes that
   * may be one are held, so that it does not matter how they were cut.
   * @returns where to go on
   */
  #consumeStatus(side: SideRecord, bytes: Uint8Array, from: number, end: number, tsUs: number): number {
    let at = from;
    while (at < end && isStatusByte(bytes[at]!, side.held)) {
      if (side.held === STATUS_BYTES) {
        // What is missing behind the head was no body, then: it may have been other responses.
        const { missingBytes, exchange } = side.message;
        this.#framing.finish(side, true);
        this.#framing.ended(side, side.heldSequence - missingBytes);
        if (!side.stray) this.#pairing.takenAsBodiless(side.stream, exchange);
        if (missingBytes > 0) this.#pairing.lost(side.stream, this.#streams.sends(side), true);
        break;
      }
      if (side.held === 0) {
        side.heldSequence = (this.#reading.origin + at) | 0;
        side.heldAck = this.#reading.ack;
      }
      if (isStatusDigit(side.held)) side.heldDigits = side.heldDigits * 10 + bytes[at]! - 48;
      side.held++;
      at++;
    }
    if (at < end) this.release(side, tsUs);
    return at;
  }

  /** Bytes are missing. */
  miss(side: SideRecord, length: number, tsUs: number): void {
    if (side.expecting) this.#expectations.miss(side, length, tsUs);
    else if (side.held > 0) this.release(side, tsUs);
  }

  /** Gives back the bytes held: to the body they are in, or to the next message if that one has ended. */
  release(side: SideRecord, tsUs: number): void {
    if (side.expecting) {
      this.#expectations.release(side, tsUs);
      return;
    }
    const text = statusBytes(side.held, side.heldDigits);
    side.doubtful = false;
    side.held = 0;
    side.heldDigits = 1;
    this.#readHeld(side, text, text.length, tsUs);
  }
}

/** `HTTP/1.d ddd`, and what may stand behind it. */
const STATUS_PATTERN = 'HTTP/1.0 000';
const STATUS_BYTES = STATUS_PATTERN.length;

function isStatusDigit(place: number): boolean {
  return place === 7 || place > 8;
}

/** Whether a byte may stand at this place of a status line, the byte behind the code included. */
function isStatusByte(byte: number, place: number): boolean {
  if (place === STATUS_BYTES) return byte === 32 || byte === CR || byte === LF;
  if (!isStatusDigit(place)) return byte === STATUS_PATTERN.charCodeAt(place);
  return byte >= (place === 9 ? 49 : 48) && byte <= 57;
}

/** The first `length` bytes of a status line with these digits, a 1 before them. */
function statusBytes(length: number, digits: number): Uint8Array {
  const text = String(digits);
  const line = `HTTP/1.${text.slice(1, 2)} ${text.slice(2)}`;
  return Buffer.from(line.slice(0, length), 'latin1');
}
