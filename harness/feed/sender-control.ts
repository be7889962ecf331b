/** What a sending thread and its owner share: orders one way, progress the other, without a message a frame. */
import type { SendProgress } from './sender.ts';

const order = { started: 0, pause: 1, stop: 2, holding: 3, resumes: 4, count: 6 } as const;
const figure = { pauseAt: 0, frames: 1, bytes: 2, elapsedUs: 3, behindUs: 4, trafficUs: 5, count: 6 };

/** 64-bit figures are written whole on the processors we run on; a reader may see one a frame older than the next. */
export class SenderControl {
  readonly shared: SharedArrayBuffer;
  readonly #orders: Int32Array<SharedArrayBuffer>;
  readonly #figures: Float64Array<SharedArrayBuffer>;

  /** @param shared another thread's, or none to begin. */
  constructor(shared?: SharedArrayBuffer) {
    this.shared = shared ?? new SharedArrayBuffer(figure.count * 8 + order.count * 4);
    this.#figures = new Float64Array(this.shared, 0, figure.count);
    this.#orders = new Int32Array(this.shared, figure.count * 8, order.count);
    if (shared === undefined) this.#figures[figure.pauseAt] = Number.POSITIVE_INFINITY;
  }

  // The owner's side.

  start(): void {
    Atomics.store(this.#orders, order.started, 1);
    Atomics.notify(this.#orders, order.started);
  }

  /** The thread holds before the frame after `frames`. */
  pauseAt(frames: number): void {
    this.#figures[figure.pauseAt] = frames;
    Atomics.store(this.#orders, order.pause, 1);
  }

  /** Ends a hold; a place given to `pauseAt` during it stays ahead. Where there is no hold, takes a coming one back. */
  resume(): void {
    if (Atomics.load(this.#orders, order.holding) === 0) Atomics.store(this.#orders, order.pause, 0);
    Atomics.add(this.#orders, order.resumes, 1);
    Atomics.notify(this.#orders, order.resumes);
  }

  stop(): void {
    Atomics.store(this.#orders, order.stop, 1);
    this.resume();
    this.start();
  }

  progress(): SendProgress {
    const figures = this.#figures;
    return {
      frames: figures[figure.frames]!,
      bytes: figures[figure.bytes]!,
      elapsedUs: figures[figure.elapsedUs]!,
      behindUs: figures[figure.behindUs]!,
      trafficUs: figures[figure.trafficUs]!,
    };
  }

  // The thread's side.

  get isStopped(): boolean {
    return Atomics.load(this.#orders, order.stop) === 1;
  }

  /** Whether to hold now, with `frames` sent. Hot path: a plain read, as long as no place is reached. */
  mustHold(frames: number): boolean {
    return frames >= this.#figures[figure.pauseAt]! && Atomics.load(this.#orders, order.pause) === 1;
  }

  /** Blocks until `start`; not for a thread that has other things to do. */
  waitForStart(): void {
    Atomics.wait(this.#orders, order.started, 0);
  }

  /**
   * Blocks until `resume`, with `frames` sent; `onHold` is called when it could come. Orders that came since `mustHold` was asked
   * are seen: a place that has moved on, or was taken back, holds nothing.
   */
  hold(frames: number, onHold: () => void): void {
    const orders = this.#orders;
    const seen = Atomics.load(orders, order.resumes);
    Atomics.store(orders, order.holding, 1);
    const heldAt = this.#figures[figure.pauseAt]!;
    const isHeld = Atomics.load(orders, order.pause) === 1 && frames >= heldAt;
    if (isHeld) {
      onHold();
      Atomics.wait(orders, order.resumes, seen);
    }
    Atomics.store(orders, order.holding, 0);
    if (isHeld && this.#figures[figure.pauseAt] === heldAt) Atomics.store(orders, order.pause, 0);
  }

  publish(frames: number, bytes: number, elapsedUs: number, behindUs: number, trafficUs: number): void {
    const figures = this.#figures;
    figures[figure.frames] = frames;
    figures[figure.bytes] = bytes;
    figures[figure.elapsedUs] = elapsedUs;
    figures[figure.behindUs] = behindUs;
    figures[figure.trafficUs] = trafficUs;
  }
}
