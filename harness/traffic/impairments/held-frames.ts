/** Copies of frames that wait until a place or a time has come: a heap by that key, equal keys in order of arrival. */
import { heldBytesMax, heldFramesMax } from './limits.ts';
import type { FrameReceiver, MovingFrame } from './moving-frame.ts';

interface HeldFrame {
  readonly key: number;
  /** Of arrival. */
  readonly order: number;
  readonly frame: MovingFrame;
}

export class HeldFrames {
  readonly #heap: HeldFrame[] = [];
  #orders = 0;
  #bytes = 0;
  /** Frames released before their time, since the store was full. */
  early = 0;

  /** Keeps a copy of `frame` until `key`. A full store releases the first one early, to `next`. */
  hold(frame: MovingFrame, key: number, next: FrameReceiver): void {
    const copy = frame.copy();
    while (this.#heap.length > 0 && (this.#heap.length >= heldFramesMax || this.#bytes + copy.end > heldBytesMax)) {
      this.early += 1;
      const first = this.#take();
      first.tsUs = Math.min(first.tsUs, frame.tsUs);
      next(first);
    }
    this.#bytes += copy.end;
    this.#push({ key, order: this.#orders++, frame: copy });
  }

  /** Passes on what waits for `key` or an earlier one. @param tsUs their time from now on */
  release(key: number, tsUs: number, next: FrameReceiver): void {
    while (this.#heap.length > 0 && this.#heap[0]!.key <= key) {
      const frame = this.#take();
      frame.tsUs = tsUs;
      next(frame);
    }
  }

  /** The same where keys are times. @param setBackUs by how much the clock is behind the keys */
  releaseUntil(key: number, setBackUs: number, next: FrameReceiver): void {
    while (this.#heap.length > 0 && this.#heap[0]!.key <= key) {
      const tsUs = this.#heap[0]!.key - setBackUs;
      const frame = this.#take();
      frame.tsUs = tsUs;
      next(frame);
    }
  }

  #push(held: HeldFrame): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(held, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = held;
  }

  #take(): MovingFrame {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
        if (!isBefore(heap[child]!, last)) break;
        heap[at] = heap[child]!;
        at = child;
      }
      heap[at] = last;
    }
    this.#bytes -= first.frame.end;
    return first.frame;
  }
}

function isBefore(one: HeldFrame, other: HeldFrame): boolean {
  return one.key < other.key || (one.key === other.key && one.order < other.order);
}
