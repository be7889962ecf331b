import type { Side } from '../tcp/stream-handler.ts';
import type { Message } from './message.ts';
import type { TlsRecords } from './tls-records.ts';

/** Where one direction of a stream stands. Those from `length` to `trailers` are inside a message. */
export const SideState = {
  /** Before a message: its first byte, or line ends before it. */
  start: 0,
  /** In a head that no segment held whole. */
  head: 1,
  /** Bytes whose place is unknown: searching for the next head. */
  search: 2,
  /** At the beginning of what looks like a TLS hello. */
  hello: 3,
  /** Not, or no longer, HTTP/1. */
  ignored: 4,
  /** In a body of known length; `remaining` bytes to come. */
  length: 5,
  /** In a body that ends with the stream. */
  untilClose: 6,
  chunkSize: 7,
  chunkExtension: 8,
  chunkData: 9,
  chunkEnd: 10,
  trailers: 11,
  /** Behind a request to upgrade, in bytes that are no request: the answer decides what they are. */
  upgrading: 12,
} as const;
export type SideState = (typeof SideState)[keyof typeof SideState];

/** One direction of a stream: parser state and the message that flows. Pooled: `reset` before use. */
export class SideRecord {
  // What every segment of a body asks for comes first, then what every message does, of the other side as well: in a flood of
  // streams each line of the cache is one more miss.
  state: SideState = SideState.start;
  /** Bytes left of a counted body or chunk. */
  remaining = 0;
  /** No request is known for the response that flows: it may answer a HEAD, and its body be the next response. */
  doubtful = false;
  /** The head of the message that flows, and its target, came with the segment at hand: nothing of them was kept yet. */
  passing = false;
  /** The message that flows; between two one that all sides share, and that nothing is read from. */
  message: Message;
  /** `begin` was called for `message`, `end` not yet. */
  active = false;
  /** Nothing but line ends was seen yet. */
  fresh = true;
  /** Whether TCP numbers what comes: then what follows up to `ack` holds, and what else is a number of TCP's, 32 bits with a sign. */
  placed = false;
  /** Behind what was seen of this direction, when it was last looked at, and `remaining` then. */
  next = 0;
  remainingAtNext = 0;
  /** The latest acknowledgement that came with bytes that were looked at. */
  ack = 0;
  /**
   * Nothing came yet of a body that was announced with `Expect: 100-continue`, as long as it is `doubtful`: what comes may be
   * the next request. `held` bytes that look so wait in `expected`, from `bufferedUs` on.
   */
  expecting = false;
  /** Bytes are missing where that body was to begin, and may have been the next requests: where it ends is a guess. */
  unsure = false;
  stream = 0;
  side: Side = 0;
  /** What this direction was last seen to send. */
  sends: 'request' | 'response' | 'unknown' = 'unknown';
  /** The message that flows is of a kind that the other side sends: it stands in a body, and is in no pair. */
  stray = false;
  /** The next start line is a guess: check it strictly. */
  strict = false;
  /** Its side lost its place since the last message. */
  searching = false;
  /** The last request here was HTTP/0.9: its answer has no head. */
  simple = false;
  /** Exchange of the last request here where it asked for an upgrade and it is not known yet whether that was granted, or −1. */
  asked = -1;
  /**
   * Whether `leavesAt` holds: of a side that is to leave HTTP, the number of the byte that the peer had read up to when it agreed.
   * What begins there or behind is the other protocol.
   */
  leavesPlaced = false;
  leavesAt = 0;
  /** Bytes are missing since it was last in its place, or a head was not kept. */
  gapped = false;
  /** A pooled buffer with `bufferLength` bytes of a head or hello. */
  buffer: Uint8Array | null = null;
  bufferLength = 0;
  /** Bytes of the message's request target that the pool has counted. */
  uriBytes = 0;
  /** Bytes of the present chunk-size line or trailer section; hexadecimal digits seen of a chunk size. */
  lineBytes = 0;
  digits = 0;
  /** Line-end progress: 0 in a line, 1 after LF, 2 after LF CR. */
  blank = 0;
  /** So many bytes at the beginning of a doubtful body may begin a status line; its digits as a number, a 1 before them. */
  held = 0;
  heldDigits = 1;
  /** A final status has answered meanwhile. */
  answered = false;
  expected: Uint8Array | null = null;
  startLineChecked = false;
  /** Time of the first buffered byte, µs. */
  bufferedUs = 0;
  /** Bytes missing before the first one seen. */
  lead = 0;
  /** Of the first buffered byte, and of the first byte held. */
  bufferedSequence = 0;
  bufferedAck = 0;
  heldSequence = 0;
  heldAck = 0;
  /** The exchange of a 100 (Continue) that was captured before its request, or −1; its place, as TCP numbers it. */
  continues = -1;
  continuesAt = 0;
  continuesAck = 0;
  /** The acknowledgement that came with the head of a request that expects 100. */
  askedAck = 0;
  /** Bytes that belong to no message. */
  garbageBytes = 0;
  /** What of these may be TLS; made for the first of them. */
  records: TlsRecords | null = null;

  /** Behind what was seen of this direction, as TCP numbers it, where `placed`. */
  get reached(): number {
    // Segments that lie within a body only count `remaining` down.
    const isCounted = this.state === SideState.length || this.state === SideState.chunkData;
    return isCounted ? (this.next + this.remainingAtNext - this.remaining) | 0 : this.next;
  }

  constructor(nothing: Message) {
    this.message = nothing;
  }

  reset(stream: number, side: Side): void {
    this.stream = stream;
    this.side = side;
    this.state = SideState.start;
    this.active = false;
    this.sends = 'unknown';
    this.fresh = true;
    this.stray = false;
    this.strict = false;
    this.searching = false;
    this.doubtful = false;
    this.passing = false;
    this.held = 0;
    this.heldDigits = 1;
    this.simple = false;
    this.asked = -1;
    this.expecting = false;
    this.unsure = false;
    this.continues = -1;
    this.answered = false;
    this.expected = null;
    this.buffer = null;
    this.bufferLength = 0;
    this.garbageBytes = 0;
    this.records?.reset();
    this.placed = false;
    this.leavesPlaced = false;
    this.lead = 0;
    this.gapped = false;
  }
}

/** Reads bytes of a side that lie where the layer's `Reading` says. */
export type Consume = (side: SideRecord, bytes: Uint8Array, start: number, end: number, tsUs: number) => void;

/** Reads so many bytes that a side held, in their own place (`heldSequence`, `heldAck`), as if they came now. */
export type ReadHeld = (side: SideRecord, bytes: Uint8Array, length: number, tsUs: number) => void;
