/**
 * IP datagrams put together from their fragments, independently of the agent: whole, each byte once, with a right TCP checksum where
 * they hold a segment. What is otherwise (an overlap, a second copy with other bytes, too many at a time) is odd, and never certain.
 */
import { foldChecksum, sumWords } from '../../../agent/wire/checksum.ts';
import { putWord, word } from '../frame-words.ts';
import { Segment } from '../segment.ts';
import { pseudoSum } from '../segment-pieces.ts';
import { fragmentDatagramsMax, fragmentPagesMax, fragmentPatienceUs, fragmentsMax, startPageBytes } from './limits.ts';

const ipv6HeaderBytes = 40;
const datagramBytesMax = 65_535;

interface Piece {
  readonly offset: number;
  readonly bytes: Buffer;
}

interface Waiting {
  readonly pieces: Piece[];
  readonly sinceUs: number;
  /** The frame up to the payload of the first fragment. */
  head: Buffer | undefined;
  bytes: number;
  pages: number;
  /** −1: the last fragment has not come. */
  total: number;
}

/** `waiting`: more is to come; `odd`: nobody can say what becomes of it; or the datagram as one frame. */
export type Put = 'waiting' | 'odd' | Buffer;

export class Datagrams {
  readonly #waiting = new Map<string, Waiting>();
  readonly #segment = new Segment();
  #pages = 0;

  /** @returns how many are not complete; all are forgotten */
  finish(): number {
    const { size } = this.#waiting;
    this.#waiting.clear();
    this.#pages = 0;
    return size;
  }

  /** @param segment that read the frame `bytes[start, end)`, and says that it is a fragment @param nowUs 0 where it is not known */
  put(segment: Segment, bytes: Uint8Array, start: number, end: number, nowUs = 0): Put {
    const { ipStart: ip, ipVersion, fragmentStart: payload } = segment;
    const isV4 = ipVersion === 4;
    const field = word(bytes, isV4 ? ip + 6 : payload - 6);
    const offset = isV4 ? (field & 0x1fff) * 8 : field & 0xfff8;
    const hasMore = (field & (isV4 ? 0x2000 : 1)) !== 0;
    const wireEnd = ip + (isV4 ? 0 : ipv6HeaderBytes) + word(bytes, isV4 ? ip + 2 : ip + 4);
    const length = wireEnd - payload;
    if (wireEnd > end || length <= 0 || (hasMore && length % 8 !== 0) || offset + length > datagramBytesMax)
      return 'odd';
    const key = this.#keyOf(segment, bytes);
    const known = this.#waiting.get(key);
    const waiting: Waiting = known ?? { pieces: [], sinceUs: nowUs, head: undefined, bytes: 0, pages: 0, total: -1 };
    const piece = { offset, bytes: Buffer.from(bytes.subarray(payload, wireEnd)) };
    if (waiting.pieces.some((other) => isCopy(other, piece))) return 'waiting';
    const pages = 1 + Math.floor(length / startPageBytes);
    const isOdd =
      waiting.pieces.some((other) => offset < other.offset + other.bytes.length && other.offset < offset + length) ||
      (!hasMore && waiting.total >= 0) ||
      waiting.pieces.length === fragmentsMax ||
      (!known && this.#waiting.size === fragmentDatagramsMax) ||
      this.#pages + pages > fragmentPagesMax ||
      Math.abs(nowUs - waiting.sinceUs) > fragmentPatienceUs;
    if (isOdd) return this.#drop(key, waiting);
    this.#waiting.set(key, waiting);
    waiting.pieces.push(piece);
    waiting.bytes += length;
    waiting.pages += pages;
    this.#pages += pages;
    if (!hasMore) waiting.total = offset + length;
    if (offset === 0) waiting.head = Buffer.from(bytes.subarray(start, payload));
    if (waiting.total < 0 || waiting.bytes < waiting.total) return 'waiting';
    this.#drop(key, waiting);
    return waiting.bytes === waiting.total ? this.#whole(waiting, ip - start, isV4) : 'odd';
  }

  #drop(key: string, waiting: Waiting): 'odd' {
    if (this.#waiting.delete(key)) this.#pages -= waiting.pages;
    return 'odd';
  }

  /** IPv6 leaves the protocol out: only the first fragment's counts (RFC 8200, 4.5). */
  #keyOf({ ipStart: ip, ipVersion, fragmentStart, key }: Segment, bytes: Uint8Array): string {
    const [from, to] = ipVersion === 4 ? [ip + 12, ip + 20] : [ip + 8, ip + ipv6HeaderBytes];
    const id = ipVersion === 4 ? word(bytes, ip + 4) * 256 + bytes[ip + 9]! : 0;
    const id6 = ipVersion === 6 ? Buffer.from(bytes.subarray(fragmentStart - 4, fragmentStart)).toString('hex') : '';
    return `${key[9]} ${id} ${id6} ${Buffer.from(bytes.subarray(from, to)).toString('hex')}`;
  }

  /** As one frame: of IPv6 with a fragment header that says it is whole. */
  #whole({ head, pieces, total }: Waiting, ip: number, isV4: boolean): Buffer | 'odd' {
    if (!head) return 'odd';
    const frame = Buffer.alloc(head.length + total);
    frame.set(head);
    for (const { offset, bytes } of pieces) frame.set(bytes, head.length + offset);
    const ipBytes = frame.length - ip - (isV4 ? 0 : ipv6HeaderBytes);
    if (ipBytes > datagramBytesMax) return 'odd';
    putWord(frame, isV4 ? ip + 2 : ip + 4, ipBytes);
    putWord(frame, isV4 ? ip + 6 : head.length - 6, 0);
    const segment = this.#segment;
    if (!segment.read(frame, 0, frame.length)) return frame;
    const { ipVersion, tcpStart, isRouted } = segment;
    const pseudo = pseudoSum(frame, ip, ipVersion, 6, frame.length - tcpStart);
    // A wrong one is of pieces that do not belong together, or of an address that a route replaces.
    return isRouted || foldChecksum(sumWords(pseudo, frame, tcpStart, frame.length)) !== 0 ? 'odd' : frame;
  }
}

function isCopy(one: Piece, other: Piece): boolean {
  return one.offset === other.offset && one.bytes.equals(other.bytes);
}
