/**
 * Which messages an observer of the delivered frames must find, whatever the capture: it is framed as it was sent, frame by
 * frame, and a message survives when each of its bytes is in a frame that was delivered. It holds a bounded amount, and counts
 * what it cannot know.
 */
import { LruMap } from '../../../agent/bounded/lru-map.ts';
import { keyWords, Segment } from '../segment.ts';
import type { Truth } from '../traffic.ts';
import { Connection } from './connection.ts';
import { Datagrams } from './datagrams.ts';
import { DeliveryClock } from './delivery-clock.ts';
import { HeadScanner } from './head-scanner.ts';
import { HeldBytes } from './held-bytes.ts';
import { LateStarts } from './late-starts.ts';
import { aheadBytesMax, connectionsMax, conversationsMax, datagramMessagesMax, followersPatient } from './limits.ts';
import { TruthCounts } from './truth-counts.ts';

/** Not secret: the traffic is the operator's own. */
const seed = [0x1b87_3593, 0x0ecc_9e2d] as const;

/** A key without its VLAN. */
const addressWords = keyWords - 1;

/** Segments of one direction with the tag `tag` belong to the connection with the tag `as`. */
interface TagPair {
  readonly isForward: boolean;
  readonly tag: number;
  readonly as: number;
}

export class MessageTruth {
  readonly #counts = new TruthCounts();
  readonly #held = new HeldBytes();
  readonly #clock = new DeliveryClock();
  readonly #starts = new LateStarts(this.#clock);
  readonly #segment = new Segment();
  readonly #scanner = new HeadScanner();
  /** Of fragments, as they were sent and as they are delivered. */
  readonly #sentDatagrams = new Datagrams();
  readonly #deliveredDatagrams = new Datagrams();
  readonly #slots = new LruMap(connectionsMax, keyWords, 1, seed);
  /** By addresses and ports alone: the last connection of its own. */
  readonly #networks = new LruMap(connectionsMax, addressWords, 1, seed);
  readonly #firstOf: Connection[] = [];
  readonly #connections: (Connection | undefined)[] = [];
  /** The tag of each of these; −1: none. */
  readonly #tagOf: number[] = [];
  /** Connections whose directions have different tags, by the same places as `#firstOf`. */
  readonly #pairs: (TagPair | undefined)[] = [];
  #hasPairs = false;
  /** Connections that are kept although others with their addresses began behind them. */
  #followed = 0;
  readonly #compares: boolean;

  /** @param compares whether what is delivered may differ from what is sent; otherwise `delivered` is never called */
  constructor(compares: boolean) {
    this.#compares = compares;
  }

  /** A frame as the hosts sent it. */
  sent(bytes: Uint8Array, start: number, end: number): void {
    const segment = this.#segment;
    if (!segment.read(bytes, start, end)) {
      if (segment.fragmentStart >= 0) this.#sentFragment(bytes, start, end);
      else if (!segment.isTextDatagram) this.#otherFrame(bytes, start, end);
      return;
    }
    const connection = this.#connectionFor(segment);
    const half = segment.isForward ? connection.forward : connection.backward;
    const first = (segment.sequence + (segment.isSyn ? 1 : 0)) >>> 0;
    if (!half.hasBegun) {
      half.begin(first, segment.isSyn);
      this.#compareNetworks(segment, connection, first);
    } else if (half.isEmpty) half.reconsider(first, segment.isSyn);
    if (segment.isSyn && segment.isAck) {
      (segment.isForward ? connection.backward : connection.forward).announce(segment.acknowledgement);
    }
    const { payloadStart, payloadEnd, payloadBytes, isFin } = segment;
    if (payloadEnd - payloadStart < payloadBytes) this.#counts.doubt('snapped');
    if (payloadBytes > 0 || isFin) {
      half.sent(half.offsetOf(first), bytes, payloadStart, payloadEnd, payloadBytes, isFin);
    }
    // What was under way may come behind it, and hosts survive some.
    if (segment.isReset) connection.wasReset = true;
  }

  /** A frame as it is delivered; it was sent before. */
  delivered(bytes: Uint8Array, start: number, end: number, tsUs: number, isDamaged: boolean): void {
    this.#clock.advance(tsUs);
    const segment = this.#segment;
    const isSegment = segment.read(bytes, start, end);
    if (segment.fragmentStart >= 0) {
      const put = isDamaged ? 'odd' : this.#deliveredDatagrams.put(segment, bytes, start, end, tsUs);
      if (put === 'odd') this.#oddDatagram();
      else if (put !== 'waiting') this.delivered(put, 0, put.length, tsUs, false);
      return;
    }
    const connection = isSegment ? this.#find(segment) : undefined;
    if (!connection) {
      if (isDamaged && (!isSegment || segment.payloadBytes > 0)) this.#strayed(bytes, start, end);
      return;
    }
    if (isDamaged) {
      connection.isUncertain = true;
      connection.onLost();
    }
    const { payloadStart, payloadEnd, payloadBytes, sequence, isSyn, isFin } = segment;
    const length = payloadEnd - payloadStart + (isFin && payloadEnd - payloadStart === payloadBytes ? 1 : 0);
    const first = (sequence + (isSyn ? 1 : 0)) >>> 0;
    let isOld = false;
    let newer = 0;
    for (let at: Connection | undefined = connection; at; at = at.previous, newer += 1) {
      if (at.holds(segment, first, length)) {
        at.delivered(segment, first, length, isOld);
        return;
      }
      isOld ||= at.hasSucceeded || newer >= followersPatient;
    }
    if (isDamaged && payloadBytes > 0) this.#strayed(bytes, start, end);
  }

  /** A damaged frame is of no stream that is known by its numbers: it may complete a message all the same, or begin others elsewhere. */
  #strayed(bytes: Uint8Array, start: number, end: number): void {
    this.#scanner.cut();
    this.#counts.unframed(1 + this.#scanner.count(bytes, start, end), undefined);
    this.#counts.doubt('strayed');
  }

  #sentFragment(bytes: Uint8Array, start: number, end: number): void {
    const put = this.#sentDatagrams.put(this.#segment, bytes, start, end);
    if (put === 'waiting') return;
    if (put === 'odd') this.#oddDatagram();
    else this.sent(put, 0, put.length);
  }

  /** Whatever it holds, an observer may have put it together otherwise. */
  #oddDatagram(): void {
    this.#scanner.cut();
    this.#counts.unframed(datagramMessagesMax, undefined);
    this.#counts.doubt('fragments');
  }

  /** After the last frame. */
  finish(): void {
    for (let left = this.#sentDatagrams.finish(); left > 0; left -= 1) {
      this.#counts.unframed(1, undefined);
      this.#counts.doubt('fragments');
    }
    for (const connection of this.#connections) connection?.settle(false);
    this.#connections.length = 0;
    this.#firstOf.length = 0;
  }

  truth(): Truth {
    return this.#counts.truth;
  }

  #otherFrame(bytes: Uint8Array, start: number, end: number): void {
    this.#scanner.cut();
    const heads = this.#scanner.count(bytes, start, end);
    if (heads === 0) return;
    this.#counts.unframed(heads, undefined);
    this.#counts.doubt('otherFrames');
  }

  #find(segment: Segment): Connection | undefined {
    if (this.#hasPairs) this.#unifyTags(segment);
    this.#slots.key.set(segment.key);
    const slot = this.#slots.find(keyWords);
    return slot < 0 ? undefined : this.#connections[slot];
  }

  /** The connection of a segment; a SYN with another number begins a new one. */
  #connectionFor(segment: Segment): Connection {
    const slots = this.#slots;
    if (this.#hasPairs) this.#unifyTags(segment);
    slots.key.set(segment.key);
    let slot = slots.find(keyWords);
    if (slot < 0 && this.#pairTags(segment)) {
      slots.key.set(segment.key);
      slot = slots.find(keyWords);
    }
    if (slot < 0) {
      if (slots.size === slots.capacity) this.#forget(slots.lists.first(0));
      slots.find(keyWords);
      slot = slots.insert(keyWords, 0);
      return (this.#connections[slot] = this.#newConnection(false));
    }
    slots.lists.append(0, slot);
    const connection = this.#connections[slot]!;
    const found = connection.previous && this.#among(connection, segment);
    if (found) return found;
    const half = segment.isForward ? connection.forward : connection.backward;
    if (!segment.isSyn || !half.hasBegun || half.firstSequence === (segment.sequence + 1) >>> 0) return connection;
    // A second answer is none to a connection that is at work; of a recording of the server alone, each answer begins one.
    const other = segment.isForward ? connection.backward : connection.forward;
    if (segment.isAck && other.hasBegun && (half.isEmpty || !(half.isClosed || connection.wasReset))) return connection;
    const next = this.#newConnection(true);
    this.#follow(connection, next);
    return (this.#connections[slot] = next);
  }

  /**
   * Where a direction is recorded later than the other one goes on to the next connection, each segment names its connection by its
   * numbers. @returns undefined where none fits
   */
  #among(newest: Connection, segment: Segment): Connection | undefined {
    const first = (segment.sequence + (segment.isSyn ? 1 : 0)) >>> 0;
    if (segment.isSyn) {
      for (let at: Connection | undefined = newest; at; at = at.previous) {
        if (at.begins(segment, first) && (at === newest || at.mayBegin(segment))) return at;
      }
      return undefined;
    }
    for (const aheadBytes of [0, aheadBytesMax]) {
      for (let at: Connection | undefined = newest; at; at = at.previous) {
        if (at.concerns(segment, first, aheadBytes)) return at;
      }
    }
    return undefined;
  }

  /** A connection begins behind one with the same addresses, of which more may come; of so many the oldest is settled. */
  #follow(before: Connection, next: Connection): void {
    if (this.#followed >= connectionsMax) {
      this.#followed -= before.followed;
      before.settle(false);
      return;
    }
    next.previous = before;
    this.#followed += 1;
    if (next.followed <= conversationsMax) return;
    let last = next;
    while (last.previous?.previous) last = last.previous;
    last.previous?.settle(false);
    last.previous = undefined;
    this.#followed -= 1;
  }

  #newConnection(isSuccessor: boolean): Connection {
    return new Connection(this.#counts, this.#held, this.#compares, this.#clock, this.#starts, isSuccessor);
  }

  /**
   * The same numbers in another network are a copy, as a mirror of two VLANs makes it: observers may take both for one. A
   * connection of other numbers is one of its own.
   */
  #compareNetworks(segment: Segment, connection: Connection, first: number): void {
    const networks = this.#networks;
    let slot = this.#networkOf(segment);
    if (slot < 0) {
      if (networks.size === networks.capacity) networks.remove(networks.lists.first(0));
      networks.find(addressWords);
      slot = networks.insert(addressWords, 0);
      this.#firstOf[slot] = connection;
      this.#tagOf[slot] = segment.key[addressWords]!;
      this.#pairs[slot] = undefined;
      return;
    }
    networks.lists.append(0, slot);
    const other = this.#firstOf[slot]!;
    if (other === connection) return;
    if ((segment.isForward ? other.forward : other.backward).firstSequence === first) {
      connection.isUncertain = true;
      this.#counts.doubt('copies');
    } else {
      this.#firstOf[slot] = connection;
      this.#tagOf[slot] = segment.key[addressWords]!;
    }
  }

  #networkOf({ key }: Segment): number {
    this.#networks.key.set(key.subarray(0, addressWords));
    return this.#networks.find(addressWords);
  }

  /**
   * The first segment of a direction in a VLAN of its own, as a mirror port tags what it receives and what it sends: it
   * acknowledges what the other direction sent in another VLAN. @returns whether the segment's key is that of the other now
   */
  #pairTags(segment: Segment): boolean {
    const slot = this.#networkOf(segment);
    let other = slot < 0 ? undefined : this.#firstOf[slot];
    while (other && !other.mayHaveOther(segment)) other = other.previous;
    if (!other) return false;
    this.#pairs[slot] = { isForward: segment.isForward, tag: segment.key[addressWords]!, as: this.#tagOf[slot]! };
    this.#hasPairs = true;
    this.#unifyTags(segment);
    return true;
  }

  /** Where a direction has another tag than its connection, its segments go by that of the connection. */
  #unifyTags(segment: Segment): void {
    const slot = this.#networkOf(segment);
    const pair = slot < 0 ? undefined : this.#pairs[slot];
    if (!pair) return;
    this.#networks.lists.append(0, slot);
    if (pair.isForward === segment.isForward && pair.tag === segment.key[addressWords]) {
      segment.key[addressWords] = pair.as;
    }
  }

  #forget(slot: number): void {
    const connection = this.#connections[slot]!;
    if (!connection.isClosed) this.#counts.doubt('forgotten');
    this.#followed -= connection.followed;
    connection.settle(false);
    this.#connections[slot] = undefined;
    this.#slots.remove(slot);
  }
}
