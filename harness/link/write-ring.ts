/**
 * Many writes with one way into the kernel: an io_uring (io_uring_setup(2)) whose rings are mapped and filled from here. A call
 * from JavaScript costs as much as the write itself; here a few hundred share one. Frames are copied once, into memory whose
 * place the kernel knows. Submission writes them at once and in order, since a TAP device never waits. Hot path: `add`.
 */
import { type NetworkCalls, networkCalls, type SharedMap } from './native.ts';

/** Frames of one call. More gain nothing: at 256 the call is 1 % of its writes. */
const entriesMax = 256;
/** As much as stays in a core's cache; the longest frame fits many times over. */
const stagingBytes = 512 << 10;
/** Each frame begins a cache line. */
const alignBytes = 64;
/** Of a submission that a signal interrupts. */
const attemptsMax = 100;

// linux/io_uring.h
const IORING_OFF_SQ_RING = 0;
const IORING_OFF_SQES = 0x1000_0000;
const IORING_FEAT_SINGLE_MMAP = 1;
const IORING_SETUP_SINGLE_ISSUER = 0x1000;
const IORING_ENTER_GETEVENTS = 1;
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
  readonly sqArray: number;
  readonly cqHead: number;
  readonly cqTail: number;
  readonly cqes: number;
  readonly sqEntries: number;
  readonly cqEntries: number;
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
  readonly #staging = new Uint8Array(stagingBytes);
  /** Of the staging memory, as the kernel counts. */
  readonly #base: number;
  /** Of the first that is kept, as the kernel counts them. */
  #first: number;
  #count = 0;
  #end = 0;

  /** One for the calling thread; undefined where the kernel has none, or does not allow it. */
  static open(): WriteRing | undefined {
    const calls = networkCalls();
    for (const flags of [IORING_SETUP_SINGLE_ISSUER, 0]) {
      const parameters = new Uint8Array(parametersBytes);
      new DataView(parameters.buffer).setUint32(8, flags, true);
      const fd = calls.ringSetup(entriesMax, parameters);
      if (fd < 0) continue;
      const ring = WriteRing.#map(calls, fd, new DataView(parameters.buffer));
      if (ring) return ring;
      calls.close(fd);
    }
    return undefined;
  }

  static #map(calls: NetworkCalls, fd: number, parameters: DataView): WriteRing | undefined {
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
      sqArray: word(64) / 4,
      cqHead: word(80) / 4,
      cqTail: word(84) / 4,
      cqes: word(100) / 4,
    };
    return new WriteRing(calls, fd, layout, [ring, sqes]);
  }

  private constructor(calls: NetworkCalls, fd: number, layout: Layout, maps: readonly [SharedMap, SharedMap]) {
    this.#calls = calls;
    this.#fd = fd;
    this.#layout = layout;
    this.#maps = maps;
    this.#ring = new Int32Array(maps[0].buffer, 0, layout.ringBytes >> 2);
    this.#sqes = new Int32Array(maps[1].buffer);
    this.#base = Number(calls.address(this.#staging));
    this.#first = this.#ring[layout.sqTail]!;
    // What is the same in every submission is written once; entry n of the queue is always submission n.
    for (let at = 0; at < layout.sqEntries; at += 1) {
      this.#ring[layout.sqArray + at] = at;
      this.#sqes[at * sqeWords] = IORING_OP_WRITE;
      this.#sqes[at * sqeWords + 8] = at;
    }
  }

  /** Keeps a frame for `flush`. @returns false where there is no room: flush first */
  add(fd: number, bytes: Uint8Array, start: number, length: number): boolean {
    const at = this.#count;
    const begin = this.#end;
    if (at === entriesMax || begin + length > stagingBytes) return false;
    copyBytes.call(bytes, this.#staging, begin, start, start + length);
    const slot = this.#slotOf(at);
    const sqes = this.#sqes;
    const address = this.#base + begin;
    sqes[slot + 1] = fd;
    sqes[slot + 4] = address;
    sqes[slot + 5] = address / 2 ** 32;
    sqes[slot + 6] = length;
    this.#count = at + 1;
    this.#end = (begin + length + alignBytes - 1) & -alignBytes;
    return true;
  }

  /** Writes what was kept, in order. @param writeOne for a frame alone, and for what the ring did not take */
  flush(writeOne: WriteOne): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    this.#end = 0;
    const taken = count === 1 ? 0 : this.#submit(count, writeOne);
    for (let at = taken; at < count; at += 1) {
      if (this.#again(this.#slotOf(at), writeOne) && count > 1) this.isUsable = false;
    }
    this.#first = (this.#first + taken) | 0;
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#maps[0].buffer.byteLength === 0) return;
    this.isUsable = false;
    for (const map of this.#maps) this.#calls.unmap(map);
    this.#calls.close(this.#fd);
  }

  /** @returns how many of the first were submitted; each of them is written, or was given to `writeOne` */
  #submit(count: number, writeOne: WriteOne): number {
    const { sqTail, sqHead, cqHead, cqTail } = this.#layout;
    const ring = this.#ring;
    const first = this.#first;
    Atomics.store(ring, sqTail, (first + count) | 0);
    let submitted = 0;
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const done = (Atomics.load(ring, cqTail) - ring[cqHead]!) | 0;
      if (submitted === count && done === count) break;
      const result = this.#calls.ringEnter(this.#fd, count - submitted, count - done, IORING_ENTER_GETEVENTS);
      if (result < 0 && this.#calls.errno() !== EINTR) break;
      submitted = (Atomics.load(ring, sqHead) - first) | 0;
    }
    // What the kernel has not looked at is taken back.
    if (submitted < count) Atomics.store(ring, sqTail, (first + submitted) | 0);
    this.#reap(submitted, writeOne);
    return submitted;
  }

  /** Where the submission of a frame that is kept begins. */
  #slotOf(at: number): number {
    return ((this.#first + at) & (this.#layout.sqEntries - 1)) * sqeWords;
  }

  /** Writes a frame the plain way, by its submission. */
  #again(slot: number, writeOne: WriteOne): boolean {
    const sqes = this.#sqes;
    const start = (sqes[slot + 4]! >>> 0) + sqes[slot + 5]! * 2 ** 32 - this.#base;
    return writeOne(sqes[slot + 1]!, this.#staging, start, sqes[slot + 6]!);
  }

  #reap(submitted: number, writeOne: WriteOne): void {
    const { cqHead, cqTail, cqes, cqEntries } = this.#layout;
    const ring = this.#ring;
    const end = Atomics.load(ring, cqTail);
    let reaped = 0;
    for (let head = ring[cqHead]!; head !== end; head = (head + 1) | 0) {
      const slot = cqes + (head & (cqEntries - 1)) * cqeWords;
      const submission = ring[slot]! * sqeWords;
      reaped += 1;
      if (ring[slot + 2] === this.#sqes[submission + 6]) continue;
      if (this.#again(submission, writeOne)) this.isUsable = false;
    }
    Atomics.store(ring, cqHead, end);
    // Whatever has no result may still be under way, from memory that is about to be written again.
    if (reaped < submitted) this.isUsable = false;
  }
}
