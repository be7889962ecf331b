/**
 * Many writes with one way into the kernel: an io_uring (io_uring_setup(2)) whose rings are mapped and filled from here. A call
 * from JavaScript costs as much as the write itself; here a few hundred share one. Frames are copied once, into memory whose
 * place the kernel knows. They are written at once and in order, since a TAP device never waits: by the calling thread, or by
 * one of the kernel's (IORING_SETUP_SQPOLL) that writes a batch while the next is filled. Hot path: `add`.
 */
import { type NetworkCalls, networkCalls, type SharedMap } from './native.ts';

/** Frames of one call. More gain nothing: at 256 the call is 1 % of its writes. */
const alone = { batches: 1, entries: 256, stagingBytes: 512 << 10 };
/** The kernel's thread has up to three batches before it while the fourth is filled: neither waits for the other's last frame. */
const threaded = { batches: 4, entries: 512, stagingBytes: 512 << 10 };
/** Each frame begins a cache line. */
const alignBytes = 64;
/** Of a wait that signals interrupt, as a profiler's do every 100 µs. */
const attemptsMax = 10_000;
/** How long the kernel's thread looks for another batch before it sleeps; a sleeping one is woken by a call. */
const idleMs = 1;

// linux/io_uring.h
const IORING_OFF_SQ_RING = 0;
const IORING_OFF_SQES = 0x1000_0000;
const IORING_FEAT_SINGLE_MMAP = 1;
const IORING_SETUP_SQPOLL = 2;
const IORING_SETUP_SINGLE_ISSUER = 0x1000;
const IORING_SQ_NEED_WAKEUP = 1;
const IORING_ENTER_GETEVENTS = 1;
const IORING_ENTER_SQ_WAKEUP = 2;
const IORING_OP_WRITE = 23;
const parametersBytes = 120;
/** struct io_uring_sqe and io_uring_cqe, in words of 32 bits. */
const sqeWords = 16;
const cqeWords = 4;
const EINTR = 'EINTR';

/** Without an object for the part that is copied. */
const copyBytes = Buffer.prototype.copy;

/** Writes one frame the plain way. @returns whether it was taken whole */
export type WriteOne = (fd: number, bytes: Uint8Array, start: number, length: number) => boolean;

/** Where the kernel put what, in words; struct io_sqring_offsets and io_cqring_offsets. */
interface Layout {
  readonly ringBytes: number;
  readonly sqHead: number;
  readonly sqTail: number;
  readonly sqFlags: number;
  readonly sqArray: number;
  readonly cqHead: number;
  readonly cqTail: number;
  readonly cqes: number;
  readonly sqEntries: number;
  readonly cqEntries: number;
}

/** Frames that are handed over together: submissions of their own, in memory of their own. */
interface Batch {
  /** The first of its submissions. */
  readonly slot: number;
  /** Where its memory begins. */
  readonly begin: number;
  /** Of what is filled. */
  end: number;
  count: number;
  /** The kernel's count of submissions when it was handed over. */
  first: number;
  /** Frames of it that the kernel has, and has not answered for. */
  waiting: number;
}

export interface WriteRingOptions {
  /** A thread of the kernel's writes, on another core while there is something to write. @default false */
  readonly kernelThread?: boolean;
}

export class WriteRing {
  /** False once it failed where a plain write went well: whoever holds it closes it then. */
  isUsable = true;
  readonly #calls: NetworkCalls;
  readonly #fd: number;
  readonly #layout: Layout;
  readonly #maps: readonly [SharedMap, SharedMap];
  readonly #ring: Int32Array;
  readonly #sqes: Int32Array;
  readonly #staging: Uint8Array;
  /** Of the staging memory, as the kernel counts. */
  readonly #base: number;
  readonly #hasThread: boolean;
  readonly #entries: number;
  readonly #stagingBytes: number;
  readonly #batches: readonly Batch[];
  /** Of the batch that is filled; the one behind it is the oldest of those handed over. */
  #at = 0;

  /** One for the calling thread; undefined where the kernel has none, or does not allow it. */
  static open({ kernelThread = false }: WriteRingOptions = {}): WriteRing | undefined {
    const calls = networkCalls();
    const wanted = kernelThread ? [IORING_SETUP_SQPOLL | IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_SQPOLL] : [];
    for (const flags of [...wanted, IORING_SETUP_SINGLE_ISSUER, 0]) {
      const hasThread = (flags & IORING_SETUP_SQPOLL) !== 0;
      const parameters = new Uint8Array(parametersBytes);
      const words = new DataView(parameters.buffer);
      words.setUint32(8, flags, true);
      words.setUint32(16, hasThread ? idleMs : 0, true);
      const { batches, entries } = hasThread ? threaded : alone;
      const fd = calls.ringSetup(batches * entries, parameters);
      if (fd < 0) continue;
      const ring = WriteRing.#map(calls, fd, words, hasThread);
      if (ring) return ring;
      calls.close(fd);
    }
    return undefined;
  }

  static #map(calls: NetworkCalls, fd: number, parameters: DataView, hasThread: boolean): WriteRing | undefined {
    const word = (at: number) => parameters.getUint32(at, true);
    if ((word(20) & IORING_FEAT_SINGLE_MMAP) === 0) return undefined;
    const [sqEntries, cqEntries] = [word(0), word(4)];
    const ringBytes = Math.max(word(64) + sqEntries * 4, word(100) + cqEntries * cqeWords * 4);
    const ring = calls.map(ringBytes, fd, IORING_OFF_SQ_RING);
    const sqes = calls.map(sqEntries * sqeWords * 4, fd, IORING_OFF_SQES);
    if (!ring || !sqes) {
      for (const map of [ring, sqes]) if (map) calls.unmap(map);
      return undefined;
    }
    const layout = {
      ...{ ringBytes, sqEntries, cqEntries },
      sqHead: word(40) / 4,
      sqTail: word(44) / 4,
      sqFlags: word(56) / 4,
      sqArray: word(64) / 4,
      cqHead: word(80) / 4,
      cqTail: word(84) / 4,
      cqes: word(100) / 4,
    };
    return new WriteRing(calls, fd, layout, [ring, sqes], hasThread);
  }

  private constructor(
    calls: NetworkCalls,
    fd: number,
    layout: Layout,
    maps: readonly [SharedMap, SharedMap],
    hasThread: boolean,
  ) {
    this.#calls = calls;
    this.#fd = fd;
    this.#layout = layout;
    this.#maps = maps;
    this.#ring = new Int32Array(maps[0].buffer, 0, layout.ringBytes >> 2);
    this.#sqes = new Int32Array(maps[1].buffer);
    this.#hasThread = hasThread;
    const { batches, entries, stagingBytes } = hasThread ? threaded : alone;
    this.#entries = entries;
    this.#staging = new Uint8Array(batches * stagingBytes);
    this.#base = Number(calls.address(this.#staging));
    this.#batches = Array.from({ length: batches }, (_, at) => {
      const begin = at * stagingBytes;
      return { slot: at * entries, begin, end: begin, count: 0, first: 0, waiting: 0 };
    });
    this.#stagingBytes = stagingBytes;
    // What is the same in every submission is written once.
    for (let slot = 0; slot < batches * entries; slot += 1) {
      this.#sqes[slot * sqeWords] = IORING_OP_WRITE;
      this.#sqes[slot * sqeWords + 8] = slot;
    }
  }

  /** Keeps a frame. @returns false where there is no room: `pass` or `flush` first */
  add(fd: number, bytes: Uint8Array, start: number, length: number): boolean {
    const batch = this.#batches[this.#at]!;
    const begin = batch.end;
    if (batch.count === this.#entries || begin + length > batch.begin + this.#stagingBytes) return false;
    copyBytes.call(bytes, this.#staging, begin, start, start + length);
    const word = (batch.slot + batch.count) * sqeWords;
    const sqes = this.#sqes;
    const address = this.#base + begin;
    sqes[word + 1] = fd;
    sqes[word + 4] = address;
    sqes[word + 5] = address / 2 ** 32;
    sqes[word + 6] = length;
    batch.count += 1;
    batch.end = (begin + length + alignBytes - 1) & -alignBytes;
    return true;
  }

  /**
   * Makes room: hands over what was kept. The kernel's thread may write it after this returns; where there is none, as `flush`.
   * @param writeOne for what the ring did not take
   */
  pass(writeOne: WriteOne): void {
    if (!this.#hasThread) {
      this.flush(writeOne);
      return;
    }
    this.#hand(this.#batches[this.#at]!);
    this.#at = (this.#at + 1) % this.#batches.length;
    this.#settle(this.#batches[this.#at]!, writeOne);
    if (!this.isUsable) this.flush(writeOne);
  }

  /** Writes what was kept, in order. @param writeOne for a frame alone, and for what the ring did not take */
  flush(writeOne: WriteOne): void {
    const batches = this.#batches;
    for (let next = 1; next < batches.length; next += 1) {
      this.#settle(batches[(this.#at + next) % batches.length]!, writeOne);
    }
    const batch = batches[this.#at]!;
    if (batch.count > 1) this.#hand(batch);
    else if (batch.count === 1) this.#again(batch.slot, writeOne);
    this.#settle(batch, writeOne);
  }

  /** Safe to call twice. Whoever passed frames on flushes first. */
  close(): void {
    if (this.#maps[0].buffer.byteLength === 0) return;
    this.isUsable = false;
    for (const map of this.#maps) this.#calls.unmap(map);
    this.#calls.close(this.#fd);
  }

  #hand(batch: Batch): void {
    const { sqTail, sqArray, sqEntries } = this.#layout;
    const ring = this.#ring;
    batch.first = ring[sqTail]!;
    batch.waiting = batch.count;
    for (let at = 0; at < batch.count; at += 1) {
      ring[sqArray + ((batch.first + at) & (sqEntries - 1))] = batch.slot + at;
    }
    Atomics.store(ring, sqTail, (batch.first + batch.count) | 0);
    if (this.#threadSleeps) this.#calls.ringEnter(this.#fd, 0, 0, IORING_ENTER_SQ_WAKEUP);
  }

  /** Waits until each frame that was handed over is written, or was given to `writeOne`; the batch is empty then. */
  #settle(batch: Batch, writeOne: WriteOne): void {
    for (let attempt = 0; ; attempt += 1) {
      this.#reap(writeOne);
      if (batch.waiting === 0) break;
      const submit = this.#hasThread ? 0 : batch.count - this.#takenOf(batch);
      const flags = IORING_ENTER_GETEVENTS | (this.#threadSleeps ? IORING_ENTER_SQ_WAKEUP : 0);
      const result = this.#calls.ringEnter(this.#fd, submit, batch.waiting, flags);
      if (result >= 0 || (this.#calls.errno() === EINTR && attempt < attemptsMax)) continue;
      this.#takeBack(batch, writeOne);
      break;
    }
    batch.count = 0;
    batch.end = batch.begin;
  }

  /**
   * What the kernel has not looked at is written the plain way. What it has, and did not answer for, may be under way, and so may
   * be all that its thread was given: the counts of the device then show what is missing.
   */
  #takeBack(batch: Batch, writeOne: WriteOne): void {
    this.isUsable = false;
    const taken = this.#hasThread ? batch.count : this.#takenOf(batch);
    if (taken < batch.count) Atomics.store(this.#ring, this.#layout.sqTail, (batch.first + taken) | 0);
    for (let at = taken; at < batch.count; at += 1) this.#again(batch.slot + at, writeOne);
    batch.waiting = 0;
  }

  /** How many of a batch the kernel has looked at. */
  #takenOf(batch: Batch): number {
    const taken = (Atomics.load(this.#ring, this.#layout.sqHead) - batch.first) | 0;
    return Math.min(Math.max(taken, 0), batch.count);
  }

  get #threadSleeps(): boolean {
    return this.#hasThread && (Atomics.load(this.#ring, this.#layout.sqFlags) & IORING_SQ_NEED_WAKEUP) !== 0;
  }

  /** Writes a frame the plain way, by its submission. */
  #again(slot: number, writeOne: WriteOne): boolean {
    const sqes = this.#sqes;
    const word = slot * sqeWords;
    const start = (sqes[word + 4]! >>> 0) + sqes[word + 5]! * 2 ** 32 - this.#base;
    return writeOne(sqes[word + 1]!, this.#staging, start, sqes[word + 6]!);
  }

  /** Reads the results that there are. */
  #reap(writeOne: WriteOne): void {
    const { cqHead, cqTail, cqes, cqEntries } = this.#layout;
    const ring = this.#ring;
    const end = Atomics.load(ring, cqTail);
    for (let head = ring[cqHead]!; head !== end; head = (head + 1) | 0) {
      const result = cqes + (head & (cqEntries - 1)) * cqeWords;
      const slot = ring[result]!;
      this.#batches[Math.trunc(slot / this.#entries)]!.waiting -= 1;
      if (ring[result + 2] === this.#sqes[slot * sqeWords + 6]) continue;
      if (this.#again(slot, writeOne)) this.isUsable = false;
    }
    Atomics.store(ring, cqHead, end);
  }
}
